"""The search through all subsets of the predictors, in three stages.

One forest out of bag for every subset; more of them for the leaders, in rounds that fewer and
fewer take part in; cross-validation for the finalists. Since the leaders out of bag need not be
those on unseen studies, every subset is scored once in study folds as well.
"""

import os
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from soilresp.evaluation.search import (
    SCHEMES,
    Job,
    described,
    distinct_columns,
    sampling_error,
    subsets,
    ties,
)
from soilresp.io.files import read_json, write_json
from soilresp.upscaling.runs import PAPER_PREDICTORS

__all__ = ["Plan", "STAGES", "run_stage", "finalists", "summarise"]

STAGES = (1, 2, 3)


@dataclass(frozen=True)
class Plan:
    """How much work each stage is.

    Attributes
    ----------
    n_trees : int
        Trees of each forest out of bag.
    rounds : tuple of (int, int)
        Of stage two: how many leaders go on, and to how many forests each in all.
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
    scores : soilresp.evaluation.jobs.Scores
    plan : Plan
    n_jobs : int
        Processes.

    Returns
    -------
    dict
        Of all calls for this stage together: ``wall`` and ``cpu`` seconds, and ``scores`` made;
        and ``load`` of the machine before the last call that made any.
    """
    before, start, load = scores.table(), time.perf_counter(), os.getloadavg()[0]
    for jobs, label in _WORK[stage](scores, plan):
        scores.do(jobs, n_jobs, label)
    after = scores.table()
    made = {
        "wall": round(time.perf_counter() - start, 1),
        "cpu": round(float(after["cpu"].sum() - before["cpu"].sum()), 1),
        "scores": len(after) - len(before),
    }
    return _booked(scores.folder / "times.json", str(stage), made, round(load, 2))


def _booked(file, stage, made, load):
    """Add to the times of a stage, and return their sum."""
    times = read_json(file) if file.exists() else {}
    had = times.get(stage, {"wall": 0, "cpu": 0, "scores": 0, "load": load})
    if made["scores"]:
        had = {**{k: round(had[k] + made[k], 1) for k in made}, "load": load}
        write_json(file, {**times, stage: had})
    return had


def _stage_one(scores, plan):
    for target in scores.tables:
        jobs = [Job(target, s, "oob", 0, plan.n_trees) for s in _all(scores, target)]
        yield jobs, f"{target}, every subset out of bag"


def _stage_two(scores, plan):
    had = 1
    for number, (n_leaders, n_forests) in enumerate(plan.rounds, start=1):
        for target in scores.tables:
            leaders = _leaders(_oob(scores, target, plan, had), target, n_leaders)
            jobs = [
                Job(target, s, "oob", k, plan.n_trees) for k in range(n_forests) for s in leaders
            ]
            yield jobs, f"{target}, {len(leaders)} leaders, round {number}"
        had = n_forests


def _stage_three(scores, plan):
    for target in scores.tables:
        jobs = [Job(target, s, "study", 0, plan.scan_trees) for s in _all(scores, target)]
        yield jobs, f"{target}, every subset in study folds"
    for target in scores.tables:
        chosen = finalists(scores, target, plan)
        jobs = [
            Job(target, s, scheme, k, plan.cv_trees)
            for k in range(plan.cv_repeats) for scheme in list(SCHEMES)[1:] for s in chosen
        ]
        yield jobs, f"{target}, {len(chosen)} finalists cross-validated"


_WORK = {1: _stage_one, 2: _stage_two, 3: _stage_three}


def finalists(scores, target, plan=Plan()):
    """Subsets of a flux that are cross-validated (list of tuple of str)."""
    last = plan.rounds[-1][1]
    oob = _leaders(_oob(scores, target, plan, last), target, plan.finalists)
    scan = _leaders(_scan(scores, target, plan), target, plan.finalists)
    return list(dict.fromkeys(oob + scan))


def _all(scores, target):
    return subsets(distinct_columns(scores.tables[target][0])[0])


def _picked(scores, target, scheme, n_trees):
    table = scores.table()
    return table[
        (table["target"] == target) & (table["scheme"] == scheme) & (table["n_trees"] == n_trees)
    ]


def _oob(scores, target, plan, n_forests):
    """Scores of the first forests of the subsets that have so many: the same when resumed."""
    table = _picked(scores, target, "oob", plan.n_trees)
    table = table[table["repeat"] < n_forests]
    return table[table.groupby("predictors")["repeat"].transform("size") == n_forests]


def _scan(scores, target, plan):
    table = _picked(scores, target, "study", plan.scan_trees)
    return table[table["repeat"] == 0]


def _leaders(table, target, n):
    """The n subsets of the lowest mean RMSE, and the paper's choice."""
    mean = table.groupby("predictors")["rmse"].mean().sort_values(kind="stable")
    ordered = [tuple(s.split()) for s in mean.index]
    paper = set(PAPER_PREDICTORS[target])
    return ordered[:n] + [s for s in ordered[n:] if set(s) == paper]


def summarise(scores, plan=Plan()):
    """All scores as one table, a row for each subset and flux.

    Parameters
    ----------
    scores : soilresp.evaluation.jobs.Scores
        With the first stage done; what later ones would give is left out until they are.
    plan : Plan

    Returns
    -------
    pandas.DataFrame
        ``target``, ``predictors``, ``n_predictors``, ``is_paper``; ``oob_first`` and ``rank``
        (stage one: one forest); ``study_scan`` (study folds, few trees); ``_open`` of both:
        no further from the best than twice the standard error of the difference over other
        studies. Then for each scheme ``SCHEME_rmse`` (mean over repeats), ``_rmse_sd``,
        ``_repeats``, ``_delta``, ``_noise`` and ``_tied`` as from `soilresp.evaluation.search.ties`,
        ``_sampling`` (that standard error) and ``_open``; missing for subsets that did not
        come so far.
    """
    return pd.concat([_summary(scores, t, plan) for t in scores.tables], ignore_index=True)


def _summary(scores, target, plan):
    first = _compared(scores, target, _oob(scores, target, plan, 1), "oob_first")
    table = described(first, target)
    scan = _scan(scores, target, plan)
    if len(scan) == len(first):
        scan = _compared(scores, target, scan, "study_scan")
        table = table.merge(scan, "left", "predictors")
    for scheme in SCHEMES:
        n_trees = plan.n_trees if scheme == "oob" else plan.cv_trees
        picked = _picked(scores, target, scheme, n_trees)
        if picked["repeat"].nunique() > 1:
            table = table.merge(_judged(scores, target, picked, scheme), "left", "predictors")
    return table


def _compared(scores, target, table, name):
    """Single scores of all subsets, best first, and which may be the best with other studies."""
    table = table.sort_values("rmse", kind="stable", ignore_index=True)
    error = _sampling(scores, target, [[row] for row in table.itertuples()])
    open_ = table["rmse"] - table["rmse"].iloc[0] <= 2 * error
    return pd.DataFrame(
        {"predictors": table["predictors"], name: table["rmse"], f"{name}_open": open_}
    )


def _judged(scores, target, picked, scheme):
    """Ties of the subsets with all repeats of a scheme, with and without other studies."""
    table = ties(picked)
    rows = picked.groupby("predictors")
    repeats = [list(rows.get_group(s).itertuples()) for s in table["predictors"]]
    table["sampling"] = _sampling(scores, target, repeats)
    table["open"] = table["delta"] <= 2 * table["sampling"]
    return table.rename(columns={c: f"{scheme}_{c}" for c in table if c != "predictors"})


def _sampling(scores, target, repeats):
    """Sampling error of the difference from the first, of mean squared errors over repeats."""
    squares = [
        np.mean([
            scores.squares(Job(target, tuple(r.predictors.split()), r.scheme, r.repeat, r.n_trees))
            for r in rows
        ], axis=0)
        for rows in repeats
    ]
    return sampling_error(squares, scores.tables[target][1]["study"], scores.seed)
