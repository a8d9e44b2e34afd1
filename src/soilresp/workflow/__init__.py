"""The stages of the study, one for each notebook.

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
from soilresp.workflow.driving import alternatives, drivers, explore, with_words
from soilresp.workflow.effect import quality_effect
from soilresp.workflow.learning import (
    bin_table,
    draw_numbers,
    draw_table,
    draw_variants,
    ecosystem_table,
    training,
)
from soilresp.workflow.scoring import model_score
from soilresp.workflow.searching import (
    predictor_search,
    search_errors,
    search_everything,
    search_extent,
    search_finalists,
    search_frequency,
    search_numbers,
    search_recheck,
)
from soilresp.workflow.selecting import selection
from soilresp.workflow.twinning import TWIN_WORDS, many_twins, twin_experiments
from soilresp.workflow.upscaling import annual_totals, mapping, totals_beside_paper
from soilresp.workflow.validating import EVALUATIONS, share_of_gain, validation

__all__ = [
    "STAGES",
    "selection",
    "assembly",
    "predictor_search",
    "search_errors",
    "search_everything",
    "search_extent",
    "search_finalists",
    "search_frequency",
    "search_numbers",
    "search_recheck",
    "training",
    "draw_variants",
    "bin_table",
    "ecosystem_table",
    "draw_table",
    "draw_numbers",
    "validation",
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
    "drivers",
    "alternatives",
    "explore",
    "with_words",
    "twin_experiments",
    "many_twins",
    "TWIN_WORDS",
    "records_of",
    "embedded_cube",
    "annual_totals",
    "EVALUATIONS",
    "share_of_gain",
    "totals_beside_paper",
    "BENCHMARK_NAME",
    "biomes_of",
]

STAGES = (
    selection, assembly, predictor_search, training, validation, mapping, budget, intercomparison,
    drivers, twin_experiments,
)
"""The stages that make the study, each after those it needs.

`search_recheck`, `quality_effect`, `applicability` and `model_score` only look at it; the budget
takes `uncertainty` as well.
"""
