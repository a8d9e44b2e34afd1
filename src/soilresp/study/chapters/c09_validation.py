"""Chapter 9: validation of the forests on records that they have not seen."""

import pandas as pd

from soilresp.covariates.strata import area_shares
from soilresp.evaluation import validation as scoring
from soilresp.evaluation.calibration import COMBINATIONS, calibration
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
"""Evaluations that are compared with the paper's figures."""

_SIDE_TREES = 5
"""Ratio of the trees of the evaluations to those of the other comparisons."""


def _validation(study, needs, *, cv_folds=None, cv_trees=None):
    """Score one unweighted forest by every scheme, and test the coverage of its intervals.

    Results: ``ladder`` (scores by target and scheme), ``by_bin`` (and vegetation bin),
    ``predictions`` (of each record, by scheme), ``buffered`` (error by distance to the
    nearest training record), ``leak`` (SR for predictors with and without their years),
    ``evaluations`` (scores of `EVALUATIONS`), ``coverage`` and ``pit`` (of intervals).
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    ensemble = needs["04_stratified_training"].predictions
    chosen, shares = needs["03_predictor_search"].chosen, area_shares(cube)
    few = max(10, cv_trees // _SIDE_TREES)
    made = {}
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, chosen[target])
        of_runs = records_of(ensemble, target)
        sets = scoring.covariate_sets(records, x, cube, study.seed) if target == "SR" else {}
        steps = len(scoring.SCHEMES) - 3 + len(scoring.BUFFERS) + len(sets) + len(COMBINATIONS) + 1
        bar = Ticker(steps, f"{target} validation")
        given = {"seed": study.seed, "progress": bar.tick}
        ladder, predictions = scoring.cross_validate(
            records, x, target, None, cv_trees, cv_folds, study.seed,
            of_runs["ensemble_held_out"], bar.tick,
        )
        buffered = scoring.buffered_curve(
            records, x, target, max(5, cv_trees // 20), max(15, cv_trees // 4), **given
        )
        leak = scoring.compare_sets(records, sets, target, few, cv_folds, **given)
        coverage, pit = calibration(records, x, target, few, cv_folds, **given)
        # With fewer trees some record is in every bag.
        drawn = scoring.drawn_scores(records, x, target, shares, 2, max(40, few), study.seed)
        bar.close()
        kept = records[["record", "study", "lat", "lon", "year", "flux", "target", "stratum"]]
        found = {
            "ladder": ladder.reset_index(),
            "by_bin": scoring.scores_by_bin(records["flux"], predictions, records["stratum"]),
            "predictions": kept.join(predictions),
            "buffered": buffered, "leak": leak, "coverage": coverage, "pit": pit,
            "evaluations": _evaluations(ladder, drawn, records["flux"], of_runs["ensemble_all"]),
        }
        for name, part in found.items():
            made.setdefault(name, []).append(part.assign(target=target))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in made.items()}


def _evaluations(ladder, drawn, observed, ensemble):
    """Return the scores of all `EVALUATIONS`, with the SD of the records by R2 and RMSE."""
    found = pd.concat([
        drawn.set_index("evaluation"), ladder,
        pd.DataFrame({"ensemble_all": scores(observed, ensemble)}).T,
    ])
    found = found.reindex(EVALUATIONS).dropna(subset="r2")
    found["sd"] = found["rmse"] / (1 - found["r2"]) ** 0.5
    found.index.name = "evaluation"
    return found.drop(columns="distance").reset_index()


def share_of_gain(leak, scheme="random_cv"):
    """Compute the share of the gain by yearly predictors that a random number gains as well.

    Parameters
    ----------
    leak : pandas.DataFrame
        From the stage `validation`.
    scheme : str

    Returns
    -------
    float or None
        1: a random number reduces the RMSE of static predictors as much as the predictors by
        year do. None if there are no years.
    """
    rmse = leak[leak["scheme"] == scheme].set_index("predictors")["rmse"]
    if rmse.empty:
        return None
    gain = rmse["all static"] - rmse["MAT by year"]
    return float((rmse["all static"] - rmse["all static + random number"]) / gain)


validation = Stage("09_validation", _validation, [assembly, predictor_search, training])
