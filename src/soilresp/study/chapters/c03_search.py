"""Chapter 3: search for predictors."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from soilresp.covariates.recipes import PREDICTORS
from soilresp.errors import ParameterError
from soilresp.evaluation import search, search_all
from soilresp.evaluation.folds import site_groups
from soilresp.io import tables as committed
from soilresp.io.progress import track
from soilresp.records.matching import training_table
from soilresp.records.selection import TARGETS
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.common import Ticker, clocks, records_of
from soilresp.study.chapters.long_table import save_long_table
from soilresp.study.stage import Stage
from soilresp.upscaling.runs import PAPER_PREDICTORS

__all__ = [
    "predictor_search", "search_recheck", "search_all_subsets", "search_extent", "search_errors",
    "search_finalists", "search_frequency", "search_numbers",
]

_AGAIN = ["target", "rank", "predictors", "is_paper", "committed", "again", "difference"]


def _search(study, needs, *, search_trees=None, search_depth=None, search_anew=False,
            sr_predictors=None, hr_predictors=None):
    """Rank predictor subsets, and choose one.

    Where the search through all subsets was done before with this recipe and these
    observations, its table is read; else, or with ``search_anew``, the neighbourhood of the
    paper's choice is searched.

    Results: ``whole`` (the table of `soilresp.evaluation.search_all.summarise`, empty if there is
    none), ``made`` (how it was made), ``ranking`` (the leaders, or the neighbourhood),
    ``extent`` (predictors and subsets of each flux) and ``chosen``. Settings: trees of each
    forest, the largest number of predictors added or removed, and the predictors to go on with
    (the paper's by default, whatever the ranking says).
    """
    assembled = needs["02_covariate_assembly"]
    available = [p for p in PREDICTORS if p in assembled.cube]
    chosen = {"SR": list(sr_predictors or PAPER_PREDICTORS["SR"]),
              "HR": list(hr_predictors or PAPER_PREDICTORS["HR"])}
    for target, names in chosen.items():
        unknown = [n for n in names if n not in available]
        if unknown:
            raise ParameterError(
                f"{target} predictor {unknown[0]!r} is not in recipe '{study.recipe}', "
                f"which has {', '.join(available)}."
            )
    tables = _tables(assembled)
    whole, made = (pd.DataFrame(), {}) if search_anew else _known(study)
    if len(whole):
        ranking = _leaders(whole)
    else:
        ranking = _around_the_paper(tables, search_trees, search_depth, study.seed)
    return {
        "whole": whole, "made": made, "ranking": ranking, "extent": _extent(tables),
        "chosen": chosen,
    }


predictor_search = Stage("03_predictor_search", _search, [assembly], data=("study/search.*",))


def _recheck(study, needs, *, recheck_leaders=None):
    """Grow the first forests of the leaders again, and compare their errors with the table.

    Results: ``rechecked`` (the leaders and the paper's choice, then and now; empty where not
    all subsets were searched). Setting: number of leaders of each flux.
    """
    found = needs["03_predictor_search"]
    if not len(found.whole):
        return {"rechecked": pd.DataFrame(columns=_AGAIN)}
    rows = []
    for target, (x, records) in _tables(needs["02_covariate_assembly"]).items():
        whole = found.whole[found.whole["target"] == target]
        leaders = whole[(whole["rank"] <= recheck_leaders) | whole["is_paper"]]
        for line in track(leaders.itertuples(), f"{target} leaders again", len(leaders)):
            subset = tuple(line.predictors.split())
            job = search.Job(target, subset, "oob", 0, found.made["plan"]["n_trees"])
            row, _ = search.score_subset(job, x, records, found.made["seed"], n_jobs=-1)
            now = row["rmse"]
            rows.append((target, line.rank, line.predictors, line.is_paper, line.oob_first, now,
                         now - line.oob_first))
    return {"rechecked": pd.DataFrame(rows, columns=_AGAIN)}


search_recheck = Stage(
    "03_search_recheck", _recheck, [assembly, predictor_search], data=("study/search.*",)
)


def _tables(assembled):
    """Return predictors and records of each flux, for `soilresp.evaluation.search` (dict)."""
    cube = assembled.cube
    available = [p for p in PREDICTORS if p in cube]
    tables = {}
    for target in TARGETS:
        records = records_of(assembled.matched, target)
        records = records.assign(cell=site_groups(records))
        tables[target] = (training_table(records, cube, available), records)
    return tables


def _extent(tables):
    """Count the subsets of each flux; list its predictors, missing and identical ones (dict)."""
    extent = {}
    for target, (x, _) in tables.items():
        kept, same_as = search.distinct_columns(x)
        extent[target] = {
            "predictors": kept,
            "missing": [p for p in PREDICTORS if p not in x],
            "same_as": same_as,
            "subsets": 2 ** len(kept) - 1,
        }
    return extent


def _known(study):
    """Return the table of the search through all subsets of this study, or an empty one."""
    if committed.is_there("search"):
        whole, made = committed.load_table("search")
        if (made["recipe"], made["observations"]) == (study.recipe, study.observations):
            return whole, made
    return pd.DataFrame(), {}


def _leaders(whole):
    """Return the subsets with most forests, in the form of `soilresp.evaluation.search.ties`."""
    columns = ["rmse", "rmse_sd", "repeats", "delta", "noise", "tied"]
    leaders = whole.dropna(subset=["oob_rmse"]).rename(columns={f"oob_{c}": c for c in columns})
    leaders = leaders.astype({"tied": bool})
    ranked = []
    for target, part in leaders.groupby("target", sort=False):
        part = part.sort_values("rmse", kind="stable", ignore_index=True)
        table = search.describe_subsets(part[["predictors", *columns]], target)
        # The paper's choice is always included; behind the leaders it keeps its rank.
        behind = table["is_paper"] & (table["rank"] == len(table))
        ranked.append(table.assign(rank=table["rank"].where(~behind, part["rank"])))
    return pd.concat(ranked, ignore_index=True)


def _around_the_paper(tables, n_trees, depth, seed):
    rankings = []
    for target, (x, records) in tables.items():
        kept, _ = search.distinct_columns(x)
        n = len(search.neighbours(PAPER_PREDICTORS[target], kept, depth))
        bar = Ticker(n, f"{target} subsets")
        rankings.append(
            search.search_neighbours(x, records, target, n_trees, depth, seed, progress=bar.tick)
        )
        bar.close()
    return pd.concat(rankings, ignore_index=True)


def search_all_subsets(study, stages=search_all.STAGES, n_jobs=None, plan=search_all.Plan(),
                       into=None):
    """Search through all subsets, or continue the search, and save the table ``search``.

    Parameters
    ----------
    study : soilresp.study.settings.Study
        Each score is kept in its run folder, below ``search``, as soon as it is computed.
    stages : sequence of {1, 2, 3}
        In order. The table is written after the second and the third.
    n_jobs : int, optional
        Processes; default all. The scores do not depend on it.
    plan : soilresp.evaluation.search_all.Plan
    into : path-like, optional
        Folder for the table; default ``data/study``.

    Returns
    -------
    dict
        Number of scores and CPU seconds by stage, as from
        `soilresp.evaluation.search_all.run_stage`.
    """
    unknown = [s for s in stages if s not in search_all.STAGES]
    if unknown:
        raise ParameterError(f"stage must be one of {search_all.STAGES}, got {unknown[0]}.")
    start, tables = clocks(), _tables(assembly(study))
    scores = search_all.Scores(
        Path(study.run) / "search", tables, study.seed, recipe=study.recipe,
        observations=study.observations,
    )
    done = {str(s): search_all.run_stage(s, scores, plan, n_jobs or -1) for s in stages}
    if max(stages) > search_all.STAGES[0]:
        table = search_all.summarise(scores, plan)
        # True and False as 1 and 0, so that a missing one stays missing.
        flags = [c for c in table if c.endswith(("_tied", "_open"))]
        table[flags] = table[flags].apply(lambda c: c.map({True: 1, False: 0}).astype("Int8"))
        save_long_table(
            "search", table, study, (f"--seed {study.seed}",), into, start, plan=asdict(plan),
            extent=_extent(tables), tables=scores.store.facts["tables"],
            stages={str(s): search_all.stage_totals(s, scores) for s in search_all.STAGES},
        )
    return done


def search_extent(found):
    """Return the available predictors and the number of subsets by flux (`pandas.DataFrame`)."""
    return pd.DataFrame(
        {
            "flux": target,
            "predictors": ", ".join(extent["predictors"]),
            "not in the recipe": ", ".join(extent["missing"]) or "none",
            "identical": ", ".join(f"{a} = {b}" for a, b in extent["same_as"].items()) or "none",
            "subsets": extent["subsets"],
        }
        for target, extent in found.extent.items()
    )


def search_errors(found):
    """Return the scores of all subsets for `soilresp.plot.subset_errors` (`pandas.DataFrame`)."""
    if len(found.whole):
        return found.whole
    names = {"rmse": "oob_first", "noise": "oob_noise", "tied": "oob_tied"}
    return found.ranking.rename(columns=names).assign(oob_repeats=1)


def search_finalists(found, n=6):
    """Return the finalists with all their scores, the best in study folds first.

    Parameters
    ----------
    found : soilresp.study.stage.Results
        Of `predictor_search`.
    n : int
        So many of each flux, and the paper's choice.

    Returns
    -------
    pandas.DataFrame
        Empty where not all subsets were searched.
    """
    columns = {
        "target": "flux", "predictors": "predictors", "rank": "rank", "oob_first": "out of bag",
        "stratified_rmse": "random", "site_rmse": "site", "study_rmse": "study",
        "study_open": "open", "is_paper": "paper's",
    }
    if "study_rmse" not in found.whole:
        return pd.DataFrame(columns=list(columns.values()))
    scored = found.whole.dropna(subset=["study_rmse"]).sort_values("study_rmse", kind="stable")
    scored = scored.astype({"study_open": bool})
    place = scored.groupby("target").cumcount()
    shown = scored[(place < n) | scored["is_paper"]].sort_values(
        "target", kind="stable", key=lambda t: t.map(TARGETS)
    )
    return shown[list(columns)].rename(columns=columns)


_AMONG = {
    "oob_tied": "tied with the best out of bag",
    "oob_first_open": "may be best out of bag with other studies",
    "study_scan_open": "may be best in study folds with other studies",
    "study_scan_best": "the best twentieth in study folds",
}


def search_frequency(found):
    """Compute the share of the subsets that may be the best with each predictor.

    Returns
    -------
    pandas.DataFrame
        ``target``, ``among``, ``subsets`` (their number), ``predictor`` and ``share``.
    """
    rows = []
    for target, part in search_errors(found).groupby("target", sort=False):
        if "study_scan" in part:
            part = part.assign(study_scan_best=part["study_scan"].rank() <= len(part) / 20)
        for flag, words in _AMONG.items():
            if flag in part and part[flag].any():
                among = part.loc[part[flag].fillna(0).astype(bool), "predictors"]
                shares = search.predictor_shares(among, found.extent[target]["predictors"])
                rows.append(pd.DataFrame({
                    "target": target, "among": f"{words} ({len(among):,})", "subsets": len(among),
                    "predictor": shares.index, "share": shares.to_numpy(),
                }))
    return pd.concat(rows, ignore_index=True)


def search_numbers(found):
    """Return the sentences of the search for the text (dict)."""
    numbers = {}
    for target in TARGETS:
        ranking = found.ranking[found.ranking["target"] == target]
        paper, n_tied = ranking[ranking["is_paper"]], int(ranking["tied"].sum())
        whole, tail = ranking, ""
        if len(found.whole):
            whole = found.whole[found.whole["target"] == target]
            tail = f"; with other studies {int(whole['oob_first_open'].sum()):,} might be"
        own = whole[whole["is_paper"]]
        n_subsets = "one is" if n_tied == 1 else f"{n_tied:,} are"
        sentence = f"{len(whole):,} subsets were tried; {n_subsets} tied with the best{tail}"
        if len(paper):
            sentence += (
                f". The paper's choice is number {own['rank'].iloc[0]:,}, "
                f"{paper['delta'].iloc[0]:.1f} g C m⁻² yr⁻¹ behind, and "
                f"{'in' if paper['tied'].iloc[0] else 'not in'} the tie set"
            )
        if len(own) and "study_rmse" in own and own["study_rmse"].notna().all():
            sentence += (
                f"; in study folds it is number {int(whole['study_rmse'].rank()[own.index[0]])} of "
                f"{whole['study_rmse'].count()} finalists, {own['study_delta'].iloc[0]:.1f} "
                f"behind, and {'tied' if own['study_tied'].iloc[0] else 'not tied'} with the best"
            )
        numbers[f"search_{target.lower()}_sentence"] = sentence
    return numbers
