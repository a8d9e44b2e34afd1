"""Stage 4: the ensemble, and what it is worth on records it has not seen."""

import pandas as pd

from soilresp.fit.ensemble import evaluate_runs, monte_carlo
from soilresp.fit.validate import SCHEMES, ladder, scores
from soilresp.prepare.observations import TARGETS
from soilresp.prepare.sites import training_table
from soilresp.prepare.strata import area_shares
from soilresp.progress import track
from soilresp.stages import Stage
from soilresp.workflow.assembling import assembly
from soilresp.workflow.common import Ticker, records_of
from soilresp.workflow.searching import predictor_search

__all__ = ["training"]


def _training(study, needs, *, n_runs=None, n_trees=None, cv_folds=None, cv_trees=None,
              draw="area"):
    """Train the ensemble and score it by every scheme.

    Results: ``shares`` (records and area by bin), ``predictions`` (of each
    record, by scheme and by the ensemble), ``ladder`` (scores of one forest by
    scheme), ``ensemble_scores``.
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    chosen = needs["03_predictor_search"].chosen
    shares = area_shares(cube)
    table = pd.DataFrame({"stratum": shares.index, "area": shares.to_numpy()})
    predictions, ladders, ensemble = [], [], {}
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, chosen[target])
        strata = records["stratum"].to_numpy()
        table[target] = [float((strata == s).mean()) for s in shares.index]
        runs = monte_carlo(
            x, records["flux"], strata, shares, target, n_runs, n_trees, study.seed, draw
        )
        by_run = evaluate_runs(track(runs, f"{target} runs", n_runs), x)
        bar = Ticker(len(SCHEMES) - 2, f"{target} validation")
        steps, by_scheme = ladder(
            records, x, target, cv_trees, cv_folds, study.seed, progress=lambda _, b=bar: b.tick()
        )
        bar.close()
        ladders.append(steps.reset_index().assign(target=target))
        kept = records[["record", "study", "lat", "lon", "year", "flux", "target", "stratum"]]
        predictions.append(
            kept.assign(ensemble_all=by_run["all_runs"], ensemble_held_out=by_run["held_out"])
            .join(by_scheme)
        )
        ensemble[target] = {
            name: scores(records["flux"], by_run[name]) for name in ("all_runs", "held_out")
        }
    return {
        "shares": table,
        "predictions": pd.concat(predictions, ignore_index=True),
        "ladder": pd.concat(ladders, ignore_index=True),
        "ensemble_scores": ensemble,
    }


training = Stage("04_stratified_training", _training, [assembly, predictor_search])
