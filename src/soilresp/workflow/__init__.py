"""The seven stages of the study, one for each notebook.

Each stage is called with a `soilresp.study.Study` and its settings, returns a
`soilresp.stages.Results`, and keeps them in the run folder:

>>> selection(study).funnel                      # doctest: +SKIP
>>> mapping(study, n_runs=80).climatology["SR"]  # doctest: +SKIP
"""

from soilresp.workflow.applying import applicability
from soilresp.workflow.assembling import assembly
from soilresp.workflow.budgeting import budget
from soilresp.workflow.common import embedded_cube, records_of
from soilresp.workflow.comparing import BENCHMARK_NAME, biomes_of, intercomparison
from soilresp.workflow.doubting import (
    caveats,
    save_uncertainty,
    trends,
    uncertainty,
    uncertainty_table,
)
from soilresp.workflow.effect import quality_effect
from soilresp.workflow.learning import training
from soilresp.workflow.scoring import model_score
from soilresp.workflow.searching import predictor_search
from soilresp.workflow.selecting import selection
from soilresp.workflow.upscaling import annual_totals, mapping, totals_beside_paper

__all__ = [
    "STAGES",
    "selection",
    "assembly",
    "predictor_search",
    "training",
    "mapping",
    "quality_effect",
    "applicability",
    "budget",
    "intercomparison",
    "uncertainty",
    "uncertainty_table",
    "save_uncertainty",
    "trends",
    "caveats",
    "model_score",
    "records_of",
    "embedded_cube",
    "annual_totals",
    "totals_beside_paper",
    "BENCHMARK_NAME",
    "biomes_of",
]

STAGES = (selection, assembly, predictor_search, training, mapping, budget, intercomparison)
"""The stages that make the study, in order.

`quality_effect`, `applicability` and `model_score` only look at it; the budget takes `uncertainty` as well.
"""
