"""Stage 3: which predictors."""

import pandas as pd

from soilresp.errors import ParameterError
from soilresp.fit.ensemble import PAPER_PREDICTORS
from soilresp.fit.search import neighbours, search
from soilresp.prepare.observations import TARGETS
from soilresp.prepare.recipes import PREDICTORS
from soilresp.prepare.sites import training_table
from soilresp.stages import Stage
from soilresp.workflow.assembling import assembly
from soilresp.workflow.common import Ticker, records_of

__all__ = ["predictor_search"]


def _search(study, needs, *, search_trees=None, search_depth=None, sr_predictors=None,
            hr_predictors=None):
    """Rank predictor subsets near the paper's choice, and settle on one.

    Results: ``ranking`` and ``chosen``. Settings: trees of each forest, the
    largest number of predictors added or removed, and the predictors to go on
    with (the paper's by default, whatever the ranking says).
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    available = [p for p in PREDICTORS if p in cube]
    given = {"SR": sr_predictors, "HR": hr_predictors}
    chosen = {t: list(given[t] or PAPER_PREDICTORS[t]) for t in TARGETS}
    for target, names in chosen.items():
        unknown = [n for n in names if n not in available]
        if unknown:
            raise ParameterError(
                f"{target} predictor {unknown[0]!r} is not in recipe '{study.recipe}', "
                f"which has {', '.join(available)}."
            )
    rankings = []
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, available)
        n = len(neighbours(PAPER_PREDICTORS[target], available, search_depth))
        bar = Ticker(n, f"{target} subsets")
        table = search(
            x, records["flux"], target, search_trees, search_depth, study.seed, progress=bar.tick
        )
        bar.close()
        rankings.append(table.assign(target=target))
    return {"ranking": pd.concat(rankings, ignore_index=True), "chosen": chosen}


predictor_search = Stage("03_predictor_search", _search, [assembly])
