"""Chapter 4: effect of removing or repairing suspicious records."""

import pandas as pd

from soilresp.evaluation.quality_effect import quality_effect as effect_of_quality
from soilresp.io import fetch as access
from soilresp.records.srdb import load_srdb
from soilresp.study.chapters.c01_selection import rules_of, selection
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c03_search import predictor_search
from soilresp.study.stage import Stage

__all__ = ["quality_effect"]


def _quality_effect(study, needs, *, effect_runs=None, effect_trees=None, cv_folds=None,
                    cv_trees=None):
    """Compare scores and totals without suspicious records and with repaired ones.

    Results: ``effect``, by what is done and target; empty for a twin experiment.
    """
    if study.is_twin:
        return {"effect": pd.DataFrame()}
    selected = needs["01_data_selection"]
    cube = needs["02_covariate_assembly"].cube
    table = effect_of_quality(
        load_srdb(access.locate("srdb").path), selected.flags,
        rules_of(study, selected.settings["rules"]), cube,
        needs["03_predictor_search"].chosen, effect_runs, effect_trees, cv_folds, cv_trees,
        study.seed,
    )
    return {"effect": table}


quality_effect = Stage(
    "04_quality_effect", _quality_effect, [selection, assembly, predictor_search],
    data=("corrections.csv", "natural_earth/**/ne_50m_admin_0_countries.*",),
)
