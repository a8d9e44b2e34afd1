"""Stage 3: which predictors."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from soilresp.covariates.recipes import PREDICTORS
from soilresp.errors import ParameterError
from soilresp.evaluation.jobs import Scores
from soilresp.evaluation.search import (
    Job,
    described,
    distinct_columns,
    neighbours,
    predictor_shares,
    score,
    search,
)
from soilresp.evaluation.search_all import STAGES, Plan, run_stage, summarise
from soilresp.evaluation.validation import site_groups
from soilresp.io import tables as committed
from soilresp.io.files import read_json
from soilresp.records.matching import training_table
from soilresp.records.selection import TARGETS
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.common import Ticker, records_of
from soilresp.study.stage import Stage
from soilresp.upscaling.runs import PAPER_PREDICTORS

__all__ = [
    "predictor_search",
    "search_recheck",
    "search_all_subsets",
    "search_extent",
    "search_errors",
    "search_finalists",
    "search_frequency",
    "search_numbers",
]

_TABLE = "search"
_AGAIN = ["target", "rank", "predictors", "is_paper", "committed", "again", "difference"]


def _search(study, needs, *, search_trees=None, search_depth=None, search_anew=False,
            sr_predictors=None, hr_predictors=None):
    """Rank predictor subsets, and settle on one.

    Where the search through all subsets was done before with this recipe and these
    observations, its table is taken; else, or with ``search_anew``, the neighbourhood of the
    paper's choice is searched.

    Results: ``whole`` (the table of `soilresp.evaluation.search_all.summarise`, empty if there is
    none), ``made`` (how it was made), ``ranking`` (the leaders, or the neighbourhood),
    ``extent`` (predictors and subsets of each flux) and ``chosen``. Settings: trees of each
    forest, the largest number of predictors added or removed, and the predictors to go on with
    (the paper's by default, whatever the ranking says).
    """
    assembled = needs["02_covariate_assembly"]
    available = [p for p in PREDICTORS if p in assembled.cube]
    given = {"SR": sr_predictors, "HR": hr_predictors}
    chosen = {t: list(given[t] or PAPER_PREDICTORS[t]) for t in TARGETS}
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
    """Grow the first forests of the search's leaders again, to see that they are the same.

    Results: ``rechecked`` (the leaders and the paper's choice, then and now; empty where the
    search was not one through all subsets). Setting: how many leaders of each flux.
    """
    found = needs["03_predictor_search"]
    if not len(found.whole):
        return {"rechecked": pd.DataFrame(columns=_AGAIN)}
    tables = _tables(needs["02_covariate_assembly"])
    return {"rechecked": _again(tables, found.whole, found.made, recheck_leaders)}


search_recheck = Stage(
    "03_search_recheck", _recheck, [assembly, predictor_search], data=("study/search.*",)
)


def _tables(assembled):
    """Predictors and records of each flux, as `soilresp.evaluation.search.score` takes them."""
    cube = assembled.cube
    available = [p for p in PREDICTORS if p in cube]
    tables = {}
    for target in TARGETS:
        records = records_of(assembled.matched, target)
        records = records.assign(cell=site_groups(records))
        tables[target] = (training_table(records, cube, available), records)
    return tables


def _extent(tables):
    """What there is to choose from: predictors, those missing, those alike, and subsets."""
    extent = {}
    for target, (x, _) in tables.items():
        kept, same_as = distinct_columns(x)
        extent[target] = {
            "predictors": kept,
            "missing": [p for p in PREDICTORS if p not in x],
            "same_as": same_as,
            "subsets": 2 ** len(kept) - 1,
        }
    return extent


def _known(study):
    """The table of the whole search of such a study, if there is one, and how it was made."""
    if committed.is_there(_TABLE):
        whole, made = committed.load_table(_TABLE)
        if (made["recipe"], made["observations"]) == (study.recipe, study.observations):
            return whole, made
    return pd.DataFrame(), {}


def _leaders(whole):
    """Subsets with the most forests, in the form of `soilresp.evaluation.search.ties`."""
    columns = ["rmse", "rmse_sd", "repeats", "delta", "noise", "tied"]
    leaders = whole.dropna(subset=["oob_rmse"])
    leaders = leaders.rename(columns={f"oob_{c}": c for c in columns})
    leaders = leaders.astype({"tied": bool})
    ranked = []
    for target, part in leaders.groupby("target", sort=False):
        part = part.sort_values("rmse", kind="stable", ignore_index=True)
        table = described(part[["predictors", *columns]], target)
        # The paper's choice takes part whatever its rank: behind the leaders it keeps its own.
        behind = table["is_paper"] & (table["rank"] == len(table))
        ranked.append(table.assign(rank=table["rank"].where(~behind, part["rank"])))
    return pd.concat(ranked, ignore_index=True)


def _again(tables, whole, made, n_leaders):
    """The first forests of the leaders and of the paper's choice, grown again."""
    rows = []
    for target, (x, records) in tables.items():
        of_target = whole[(whole["target"] == target)]
        leaders = of_target[(of_target["rank"] <= n_leaders) | of_target["is_paper"]]
        bar = Ticker(len(leaders), f"{target} leaders again")
        for line in leaders.itertuples():
            subset = tuple(line.predictors.split())
            job = Job(target, subset, "oob", 0, made["plan"]["n_trees"])
            found, _ = score(job, x, records, made["seed"], n_jobs=-1)
            rows.append({
                "target": target, "rank": line.rank, "predictors": line.predictors,
                "is_paper": line.is_paper, "committed": line.oob_first, "again": found["rmse"],
            })
            bar.tick()
        bar.close()
    table = pd.DataFrame(rows)
    return table.assign(difference=table["again"] - table["committed"])


def _around_the_paper(tables, n_trees, depth, seed):
    rankings = []
    for target, (x, records) in tables.items():
        n = len(neighbours(PAPER_PREDICTORS[target], distinct_columns(x)[0], depth))
        bar = Ticker(n, f"{target} subsets")
        rankings.append(search(x, records, target, n_trees, depth, seed, progress=bar.tick))
        bar.close()
    return pd.concat(rankings, ignore_index=True)


def search_all_subsets(study, stages=STAGES, n_jobs=None, plan=Plan(), into=None):
    """Search through all subsets, or go on with it, and keep the result as a table.

    Parameters
    ----------
    study : soilresp.study.settings.Study
        Scores are kept in its run folder as they come, below ``search``.
    stages : sequence of {1, 2, 3}
        In order. After the second and the third the table is written.
    n_jobs : int, optional
        Processes; default all. The scores do not depend on it.
    plan : soilresp.evaluation.search_all.Plan
    into : path-like, optional
        Folder for the table; default ``data/study``.

    Returns
    -------
    dict
        Times by stage, as from `soilresp.evaluation.search_all.run_stage`.
    """
    unknown = [s for s in stages if s not in STAGES]
    if unknown:
        raise ParameterError(f"stage must be one of {STAGES}, got {unknown[0]}.")
    assembled = assembly(study)
    tables = _tables(assembled)
    scores = Scores(
        Path(study.run) / "search", tables, study.seed, recipe=study.recipe,
        observations=study.observations,
    )
    times = {str(s): run_stage(s, scores, plan, n_jobs or -1) for s in stages}
    if max(stages) > STAGES[0]:
        table = summarise(scores, plan)
        committed.save_table(
            _TABLE, table.assign(**{c: _flags(table[c]) for c in table if c.endswith(_FLAGS)}),
            f"soilresp study search --recipe {study.recipe} --observations {study.observations} "
            f"--seed {study.seed}",
            into=into, **scores.facts, inputs=assembled.inputs, plan=asdict(plan),
            extent=_extent(tables), stages=read_json(scores.folder / "times.json"),
        )
    return times


_FLAGS = ("_tied", "_open")


def _flags(column):
    """True and False as 1 and 0, so that a missing one stays missing."""
    return column.map({True: 1, False: 0}).astype("Int8")


def search_extent(found):
    """What there was to choose from, flux by flux (`pandas.DataFrame`)."""
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
    """Scores of all subsets that were tried, as `soilresp.plot.subset_errors` takes them."""
    if len(found.whole):
        return found.whole
    names = {"rmse": "oob_first", "noise": "oob_noise", "tied": "oob_tied"}
    return found.ranking.rename(columns=names).assign(oob_repeats=1)


def search_finalists(found, n=6):
    """The finalists with all their scores, the best in study folds first.

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
    """How often each predictor is in the subsets that may be the best.

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
                shares = predictor_shares(among, found.extent[target]["predictors"])
                rows.append(pd.DataFrame({
                    "target": target, "among": f"{words} ({len(among):,})", "subsets": len(among),
                    "predictor": shares.index, "share": shares.to_numpy(),
                }))
    return pd.concat(rows, ignore_index=True)


def search_numbers(found):
    """Numbers and sentences of the search for the text (dict)."""
    numbers = {}
    for target in TARGETS:
        ranking = found.ranking[found.ranking["target"] == target]
        paper = ranking[ranking["is_paper"]]
        n_tied = int(ranking["tied"].sum())
        if len(found.whole):
            whole = found.whole[found.whole["target"] == target]
            own = whole[whole["is_paper"]]
            n_open = int(whole["oob_first_open"].sum())
            tail = f"; with other studies {n_open:,} might be"
        else:
            whole, own, tail = ranking, paper, ""
        sentence = f"{len(whole):,} subsets were tried; {_subsets(n_tied)} tied with the best{tail}"
        if len(paper):
            delta, tied = float(paper["delta"].iloc[0]), bool(paper["tied"].iloc[0])
            sentence += (
                f". The paper's choice is number {own['rank'].iloc[0]:,}, {delta:.1f} g C m⁻² yr⁻¹ "
                f"behind, and {'in' if tied else 'not in'} the tie set"
            )
        if len(own) and "study_rmse" in own and own["study_rmse"].notna().all():
            place = int(whole["study_rmse"].rank().loc[own.index[0]])
            tied = bool(own["study_tied"].iloc[0])
            n = whole["study_rmse"].count()
            sentence += (
                f"; in study folds it is number {place} of {n} finalists, "
                f"{own['study_delta'].iloc[0]:.1f} behind, and {'tied' if tied else 'not tied'} "
                "with the best"
            )
        numbers[f"search_{target.lower()}_sentence"] = sentence
    return numbers


def _subsets(n):
    return "one is" if n == 1 else f"{n:,} are"
