"""What the forests are worth on records that they have not seen."""

import pandas as pd

from soilresp.fit.validate import SCHEMES, ladder
from soilresp.prepare.observations import TARGETS
from soilresp.prepare.sites import training_table
from soilresp.stages import Stage
from soilresp.workflow.assembling import assembly
from soilresp.workflow.common import Ticker, records_of
from soilresp.workflow.learning import training
from soilresp.workflow.searching import predictor_search

__all__ = ["validation"]


def _validation(study, needs, *, cv_folds=None, cv_trees=None):
    """Score one unweighted forest by every scheme.

    Results: ``ladder`` (scores by target and scheme) and ``predictions`` (of each
    record, by scheme).
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    chosen = needs["03_predictor_search"].chosen
    predictions, ladders = [], []
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, chosen[target])
        bar = Ticker(len(SCHEMES) - 2, f"{target} validation")
        steps, by_scheme = ladder(
            records, x, target, cv_trees, cv_folds, study.seed, progress=lambda _, b=bar: b.tick()
        )
        bar.close()
        ladders.append(steps.reset_index().assign(target=target))
        kept = records[["record", "study", "lat", "lon", "year", "flux", "target", "stratum"]]
        predictions.append(kept.join(by_scheme))
    return {
        "ladder": pd.concat(ladders, ignore_index=True),
        "predictions": pd.concat(predictions, ignore_index=True),
    }


validation = Stage("09_validation", _validation, [assembly, predictor_search, training])
