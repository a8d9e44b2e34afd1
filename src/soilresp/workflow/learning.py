"""Stage 4: the ensemble of the Monte-Carlo runs."""

import pandas as pd

from soilresp.fit.ensemble import evaluate_runs, monte_carlo
from soilresp.fit.validate import scores
from soilresp.prepare.observations import TARGETS
from soilresp.prepare.sites import training_table
from soilresp.prepare.strata import area_shares
from soilresp.progress import track
from soilresp.stages import Stage
from soilresp.workflow.assembling import assembly
from soilresp.workflow.common import records_of
from soilresp.workflow.searching import predictor_search

__all__ = ["training"]


def _training(study, needs, *, n_runs=None, n_trees=None, draw="area"):
    """Train the ensemble, and predict the records by it.

    Results: ``shares`` (records and area by bin), ``predictions`` (of each
    record, by all runs and by those that held it out), ``ensemble_scores``.
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    chosen = needs["03_predictor_search"].chosen
    shares = area_shares(cube)
    table = pd.DataFrame({"stratum": shares.index, "area": shares.to_numpy()})
    predictions, ensemble = [], {}
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, chosen[target])
        strata = records["stratum"].to_numpy()
        table[target] = [float((strata == s).mean()) for s in shares.index]
        runs = monte_carlo(
            x, records["flux"], strata, shares, target, n_runs, n_trees, study.seed, draw
        )
        by_run = evaluate_runs(track(runs, f"{target} runs", n_runs), x)
        kept = records[["record", "study", "lat", "lon", "year", "flux", "target", "stratum"]]
        predictions.append(
            kept.assign(ensemble_all=by_run["all_runs"], ensemble_held_out=by_run["held_out"])
        )
        ensemble[target] = {
            name: scores(records["flux"], by_run[name]) for name in ("all_runs", "held_out")
        }
    return {
        "shares": table,
        "predictions": pd.concat(predictions, ignore_index=True),
        "ensemble_scores": ensemble,
    }


training = Stage("04_stratified_training", _training, [assembly, predictor_search])
