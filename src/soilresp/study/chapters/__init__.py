"""The stages of the study, one for each notebook.

Each stage is called with a `soilresp.study.settings.Study` and its settings, returns a
`soilresp.study.stage.Results`, and keeps them in the run folder:

>>> selection(study).funnel                      # doctest: +SKIP
>>> mapping(study, n_runs=80).climatology["SR"]  # doctest: +SKIP
"""

from soilresp.study.chapters.applicability import applicability
from soilresp.study.chapters.c01_selection import selection
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c03_search import (
    predictor_search,
    search_all_subsets,
    search_errors,
    search_extent,
    search_finalists,
    search_frequency,
    search_numbers,
    search_recheck,
)
from soilresp.study.chapters.c04_training import (
    bin_table,
    draw_numbers,
    draw_table,
    draw_variants,
    ecosystem_table,
    training,
)
from soilresp.study.chapters.c05_maps import annual_totals, mapping, totals_beside_paper
from soilresp.study.chapters.c06_budget import budget
from soilresp.study.chapters.c07_models import BENCHMARK_NAME, biomes_of, intercomparison
from soilresp.study.chapters.c08_score import model_score
from soilresp.study.chapters.c09_validation import EVALUATIONS, share_of_gain, validation
from soilresp.study.chapters.c10_drivers import (
    alternatives,
    compare_alternatives,
    drivers,
    with_descriptions,
)
from soilresp.study.chapters.c11_twins import TWIN_VARIANTS, run_twins, twin_experiments
from soilresp.study.chapters.c12_uncertainty import (
    caveats,
    run_uncertainty,
    trends,
    uncertainty,
)
from soilresp.study.chapters.common import embedded_cube, records_of
from soilresp.study.chapters.quality_effect import quality_effect

__all__ = [
    "STAGES",
    "selection",
    "assembly",
    "predictor_search",
    "search_errors",
    "search_all_subsets",
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
    "run_uncertainty",
    "trends",
    "caveats",
    "model_score",
    "drivers",
    "alternatives",
    "compare_alternatives",
    "with_descriptions",
    "twin_experiments",
    "run_twins",
    "TWIN_VARIANTS",
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
