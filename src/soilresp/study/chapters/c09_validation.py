"""What the forests are worth on records that they have not seen."""

import pandas as pd

from soilresp.covariates.strata import area_shares
from soilresp.evaluation.calibration import COMBINATIONS, calibration
from soilresp.evaluation.validation import (
    BUFFERS,
    SCHEMES,
    buffered_curve,
    compare_sets,
    covariate_sets,
    drawn_scores,
    ladder,
    scores_by_bin,
)
from soilresp.records.matching import training_table
from soilresp.records.selection import TARGETS
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c03_search import predictor_search
from soilresp.study.chapters.c04_training import training
from soilresp.study.chapters.common import Ticker, records_of
from soilresp.study.stage import Stage
from soilresp.upscaling.metrics import scores

__all__ = ["EVALUATIONS", "validation", "share_of_gain"]

EVALUATIONS = {
    "drawn_fit": "in-sample: the drawn records that a forest was trained on, with their copies",
    "grown": "in-sample: one forest of all records, trees grown to single records",
    "in_sample": "in-sample: one forest of all records",
    "ensemble_all": "in-sample: mean of all runs, most of which were trained on the record",
    "drawn_split": "a fifth split off after the draw: copies of it are in the training set",
    "drawn_oob": "out of bag of a drawn set: copies of the record are in the bag",
    "held_out": "mean of the runs that held the record out before the draw",
    "oob": "out of bag of one forest of all records",
    "random_cv": "random folds",
    "site_cv": "site folds",
    "study_cv": "study folds",
}
"""Evaluations that are held against the paper's figures."""

_SIDE_TREES = 5
"""Forests of the ladder have so many times the trees of the comparisons beside it."""


def _validation(study, needs, *, cv_folds=None, cv_trees=None):
    """Score one unweighted forest by every scheme, and see what its intervals hold.

    Results: ``ladder`` (scores by target and scheme), ``by_bin`` (and vegetation bin),
    ``predictions`` (of each record, by scheme), ``buffered`` (error by distance to the
    nearest training record), ``leak`` (SR for predictors with and without their years),
    ``evaluations`` (scores of `EVALUATIONS`), ``coverage`` and ``pit`` (of intervals).
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    ensemble = needs["04_stratified_training"].predictions
    chosen, shares = needs["03_predictor_search"].chosen, area_shares(cube)
    few = max(10, cv_trees // _SIDE_TREES)
    made = {
        name: [] for name in (
            "ladder", "by_bin", "predictions", "buffered", "leak", "evaluations", "coverage",
            "pit",
        )
    }
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, chosen[target])
        of_runs = ensemble[ensemble["target"] == target].reset_index(drop=True)
        sets = covariate_sets(records, x, cube, study.seed) if target == "SR" else {}
        steps = len(SCHEMES) - 3 + len(BUFFERS) + len(sets) + len(COMBINATIONS) + 1
        bar = Ticker(steps, f"{target} validation")

        def tick(_, bar=bar):
            bar.tick()

        table, by_scheme = ladder(
            records, x, target, cv_trees, cv_folds, study.seed, of_runs["ensemble_held_out"], tick
        )
        curve = buffered_curve(
            records, x, target, max(5, cv_trees // 20), max(15, cv_trees // 4), study.seed,
            progress=tick,
        )
        leak = compare_sets(records, sets, target, few, cv_folds, study.seed, tick)
        coverage, pit = calibration(records, x, target, few, cv_folds, study.seed, tick)
        # With fewer trees some record is in every bag.
        drawn = drawn_scores(records, x, target, shares, 2, max(40, few), study.seed)
        bar.close()
        kept = records[["record", "study", "lat", "lon", "year", "flux", "target", "stratum"]]
        found = {
            "ladder": table.reset_index(),
            "by_bin": scores_by_bin(records["flux"], by_scheme, records["stratum"]),
            "predictions": kept.join(by_scheme),
            "buffered": curve,
            "leak": leak,
            "evaluations": _evaluations(table, drawn, records["flux"], of_runs["ensemble_all"]),
            "coverage": coverage,
            "pit": pit,
        }
        for name, part in found.items():
            made[name].append(part.assign(target=target))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in made.items()}


def _evaluations(ladder, drawn, observed, ensemble):
    """Scores of all `EVALUATIONS`, with the SD of the records that R2 and RMSE come from."""
    found = pd.concat([
        drawn.set_index("evaluation"), ladder,
        pd.DataFrame({"ensemble_all": scores(observed, ensemble)}).T,
    ])
    found = found.reindex(EVALUATIONS).dropna(subset="r2")
    found["sd"] = found["rmse"] / (1 - found["r2"]) ** 0.5
    found.index.name = "evaluation"
    return found.drop(columns="distance").reset_index()


def share_of_gain(leak, scheme="random_cv"):
    """How much of what the year's predictors gain a random number gains as well.

    Parameters
    ----------
    leak : pandas.DataFrame
        From the stage `validation`.
    scheme : str

    Returns
    -------
    float or None
        1: all of the fall in RMSE from static predictors to those by year comes from a
        number without any meaning, too. None if there are no years.
    """
    rmse = leak[leak["scheme"] == scheme].set_index("predictors")["rmse"]
    if rmse.empty:
        return None
    gain = rmse["all static"] - rmse["MAT by year"]
    return float((rmse["all static"] - rmse["all static + random number"]) / gain)


validation = Stage("09_validation", _validation, [assembly, predictor_search, training])
