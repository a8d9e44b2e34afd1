"""The search through all subsets of the predictors, in three stages.

One forest out of bag for every subset; more of them for the leaders, in rounds that fewer and
fewer take part in; cross-validation for the finalists. Since the leaders out of bag need not be
those on unseen studies, every subset is scored once in study folds as well.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from soilresp.covariates.recipes import PREDICTORS
from soilresp.evaluation import search
from soilresp.evaluation.store import ResultStore
from soilresp.upscaling.runs import PAPER_PREDICTORS

__all__ = ["Plan", "STAGES", "Scores", "run_stage", "stage_totals", "finalists", "summarise"]

STAGES = (1, 2, 3)


class Scores:
    """Scores of predictor subsets in a folder that an interrupted search continues from.

    Parameters
    ----------
    folder : path-like
        Created if needed.
    tables : dict of (pandas.DataFrame, pandas.DataFrame)
        Predictors and records of each flux, for `soilresp.evaluation.search.score_subset`.
    seed : int
    **facts
        What the scores depend on besides, such as the recipe.

    Raises
    ------
    DataError
        If the folder contains scores of other records, predictors or another seed.
    """

    def __init__(self, folder, tables, seed=0, **facts):
        self.tables, self.seed = tables, seed
        checksums = {target: _digest(*of_target) for target, of_target in tables.items()}
        self.store = ResultStore(folder, **facts, seed=seed, tables=checksums)

    def table(self):
        """Return all scores so far, sorted by job (pandas.DataFrame)."""
        columns = ["target", "predictors", "scheme", "repeat", "n_trees"]
        rows = [
            {name: value.item() for name, value in result.items() if name != "square"}
            for result in self.store.results.values()
        ]
        table = pd.DataFrame(rows, columns=[*columns, "rmse", "cpu"])
        return table.sort_values(columns, ignore_index=True)

    def squares(self, job):
        """Return the squared error of each record in a job that is done, g2 m-4 yr-2."""
        return self.store.results[_name(job)]["square"]

    def complete(self, jobs, n_jobs=1, label="subsets"):
        """Do the jobs that are not done yet.

        Parameters
        ----------
        jobs : iterable of soilresp.evaluation.search.Job
        n_jobs : int
            Processes; the scores do not depend on it.
        label : str
            Name of the progress display.
        """
        named = {_name(job): (job, *self.tables[job.target], self.seed) for job in jobs}
        self.store.complete(named, _score, label, n_jobs)


def _name(job):
    bits = "".join("1" if name in job.predictors else "0" for name in PREDICTORS)
    return f"{job.target}_{job.scheme}_{job.repeat}_{job.n_trees}_{bits}"


def _score(job, x, records, seed):
    row, square = search.score_subset(job, x, records, seed)
    return {**row, "square": square}


def _digest(x, records):
    """Compute the checksum of all that a score depends on."""
    sha = hashlib.sha256(",".join(x.columns).encode())
    sha.update(np.ascontiguousarray(x, np.float32).tobytes())
    for column in ("flux", "stratum", "cell", "study"):
        sha.update(np.ascontiguousarray(records[column], float).tobytes())
    return sha.hexdigest()


@dataclass(frozen=True)
class Plan:
    """Amount of work of each stage.

    Attributes
    ----------
    n_trees : int
        Trees of each forest out of bag.
    rounds : tuple of (int, int)
        Of stage two: number of leaders that go on, and number of forests of each.
    scan_trees : int
        Trees of each forest when every subset is scored in study folds.
    finalists : int
        Leaders out of bag, and leaders of that scan, that are cross-validated.
    cv_trees, cv_repeats : int
    """

    n_trees: int = 500
    rounds: tuple = ((40, 3), (15, 8))
    scan_trees: int = 10
    finalists: int = 10
    cv_trees: int = 100
    cv_repeats: int = 3


def run_stage(stage, scores, plan=Plan(), n_jobs=1):
    """Do what is left of a stage.

    Parameters
    ----------
    stage : {1, 2, 3}
        Needs those before it.
    scores : Scores
    plan : Plan
    n_jobs : int
        Processes.

    Returns
    -------
    dict
        Number of ``scores`` of this stage, and their ``cpu`` seconds.
    """
    for jobs, label in _WORK[stage](scores, plan):
        scores.complete(jobs, n_jobs, label)
    return stage_totals(stage, scores)


def stage_totals(stage, scores):
    """Return the number of ``scores`` of a stage so far, and their ``cpu`` seconds (dict)."""
    table = scores.table()
    first = (table["scheme"] == "oob") & (table["repeat"] == 0)
    of_stage = table[{1: first, 2: (table["scheme"] == "oob") & ~first,
                      3: table["scheme"] != "oob"}[stage]]
    return {"scores": len(of_stage), "cpu": round(float(of_stage["cpu"].sum()), 1)}


def _stage_one(scores, plan):
    for target in scores.tables:
        jobs = [search.Job(target, s, "oob", 0, plan.n_trees) for s in _all(scores, target)]
        yield jobs, f"{target}, every subset out of bag"


def _stage_two(scores, plan):
    had = 1
    for number, (n_leaders, n_forests) in enumerate(plan.rounds, start=1):
        for target in scores.tables:
            before = _first(had, scores, target, "oob", plan.n_trees)
            leaders = _leaders(before, target, n_leaders)
            jobs = [
                search.Job(target, s, "oob", k, plan.n_trees)
                for k in range(n_forests) for s in leaders
            ]
            yield jobs, f"{target}, {len(leaders)} leaders, round {number}"
        had = n_forests


def _stage_three(scores, plan):
    for target in scores.tables:
        jobs = [search.Job(target, s, "study", 0, plan.scan_trees) for s in _all(scores, target)]
        yield jobs, f"{target}, every subset in study folds"
    for target in scores.tables:
        chosen = finalists(scores, target, plan)
        jobs = [
            search.Job(target, s, scheme, k, plan.cv_trees)
            for k in range(plan.cv_repeats) for scheme in list(search.SCHEMES)[1:] for s in chosen
        ]
        yield jobs, f"{target}, {len(chosen)} finalists cross-validated"


_WORK = {1: _stage_one, 2: _stage_two, 3: _stage_three}


def finalists(scores, target, plan=Plan()):
    """Return the subsets of a flux that are cross-validated (list of tuple of str)."""
    oob = _first(plan.rounds[-1][1], scores, target, "oob", plan.n_trees)
    scan = _first(1, scores, target, "study", plan.scan_trees)
    oob, scan = (_leaders(table, target, plan.finalists) for table in (oob, scan))
    return list(dict.fromkeys(oob + scan))


def _all(scores, target):
    return search.subsets(search.distinct_columns(scores.tables[target][0])[0])


def _picked(scores, target, scheme, n_trees):
    table = scores.table()
    return table[
        (table["target"] == target) & (table["scheme"] == scheme) & (table["n_trees"] == n_trees)
    ]


def _first(n_repeats, scores, target, scheme, n_trees):
    """Return the first `n_repeats` scores of the subsets that have so many."""
    table = _picked(scores, target, scheme, n_trees)
    table = table[table["repeat"] < n_repeats]
    return table[table.groupby("predictors")["repeat"].transform("size") == n_repeats]


def _leaders(table, target, n):
    """Return the n subsets of the lowest mean RMSE, and the paper's choice."""
    mean = table.groupby("predictors")["rmse"].mean().sort_values(kind="stable")
    ordered = [tuple(s.split()) for s in mean.index]
    paper = set(PAPER_PREDICTORS[target])
    return ordered[:n] + [s for s in ordered[n:] if set(s) == paper]


def summarise(scores, plan=Plan()):
    """Summarise all scores in one table with a row for each subset and flux.

    Parameters
    ----------
    scores : Scores
        With the first stage done; columns of later stages are missing until these are done.
    plan : Plan

    Returns
    -------
    pandas.DataFrame
        ``target``, ``predictors``, ``n_predictors``, ``is_paper``; ``oob_first`` and ``rank``
        (stage one: one forest); ``study_scan`` (study folds, few trees); ``_open`` of both:
        no further from the best than twice the standard error of the difference over other
        studies. Then for each scheme ``SCHEME_rmse`` (mean over repeats), ``_rmse_sd``,
        ``_repeats``, ``_delta``, ``_noise`` and ``_tied`` as from
        `soilresp.evaluation.search.ties`, ``_sampling`` (that standard error) and ``_open``;
        missing for subsets that were not scored so often.
    """
    return pd.concat([_summary(scores, t, plan) for t in scores.tables], ignore_index=True)


def _summary(scores, target, plan):
    first = _first(1, scores, target, "oob", plan.n_trees)
    first = _compared(scores, target, first, "oob_first")
    table = search.describe_subsets(first, target)
    scan = _first(1, scores, target, "study", plan.scan_trees)
    if len(scan) == len(first):
        scan = _compared(scores, target, scan, "study_scan")
        table = table.merge(scan, "left", "predictors")
    for scheme in search.SCHEMES:
        n_trees = plan.n_trees if scheme == "oob" else plan.cv_trees
        picked = _picked(scores, target, scheme, n_trees)
        if picked["repeat"].nunique() > 1:
            table = table.merge(_judged(scores, target, picked, scheme), "left", "predictors")
    return table


def _compared(scores, target, table, name):
    """Rank single scores of all subsets; mark those that may be the best with other studies."""
    table = table.sort_values("rmse", kind="stable", ignore_index=True)
    error = _sampling(scores, target, [[row] for row in table.itertuples()])
    open_ = table["rmse"] - table["rmse"].iloc[0] <= 2 * error
    return pd.DataFrame(
        {"predictors": table["predictors"], name: table["rmse"], f"{name}_open": open_}
    )


def _judged(scores, target, picked, scheme):
    """Find ties of the subsets with all repeats of a scheme, with and without other studies."""
    table = search.ties(picked)
    rows = picked.groupby("predictors")
    repeats = [list(rows.get_group(s).itertuples()) for s in table["predictors"]]
    table["sampling"] = _sampling(scores, target, repeats)
    table["open"] = table["delta"] <= 2 * table["sampling"]
    return table.rename(columns={c: f"{scheme}_{c}" for c in table if c != "predictors"})


def _sampling(scores, target, repeats):
    """Compute the sampling error of the difference from the first subset."""
    squares = []
    for rows in repeats:
        jobs = [search.Job(target, tuple(r.predictors.split()), r.scheme, r.repeat, r.n_trees)
                for r in rows]
        squares.append(np.mean([scores.squares(job) for job in jobs], axis=0))
    return search.sampling_error(squares, scores.tables[target][1]["study"], scores.seed)
