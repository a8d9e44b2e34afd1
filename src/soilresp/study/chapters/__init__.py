"""The stages of the study, one for each notebook.

Each stage is called with a `soilresp.study.settings.Study` and its settings, returns a
`soilresp.study.stage.Results`, and keeps them in the run folder:

>>> selection(study).funnel                      # doctest: +SKIP
>>> mapping(study, n_runs=80).climatology["SR"]  # doctest: +SKIP
"""

from importlib import import_module

from soilresp.study.stage import Stage

_MODULES = {
    "c01_selection": ("selection",),
    "c02_covariates": ("assembly",),
    "c03_search": (
        "predictor_search", "search_all_subsets", "search_errors", "search_extent",
        "search_finalists", "search_frequency", "search_numbers", "search_recheck",
    ),
    "c04_training": (
        "bin_table", "sampling_numbers", "sampling_table", "sampling_variants",
        "ecosystem_table", "training",
    ),
    "c04_quality_effect": ("quality_effect",),
    "c05_maps": ("annual_totals", "mapping", "totals_beside_paper"),
    "c06_budget": ("budget",),
    "c07_models": ("BENCHMARK_NAME", "biomes_of", "intercomparison"),
    "c08_score": ("model_score",),
    "c09_validation": ("EVALUATIONS", "share_of_gain", "validation"),
    "c10_drivers": ("alternatives", "compare_alternatives", "drivers", "with_descriptions"),
    "c11_twins": ("TWIN_VARIANTS", "run_twins", "twin_experiments"),
    "c12_applicability": ("applicability",),
    "c12_uncertainty": ("caveats", "run_uncertainty", "trends", "uncertainty"),
    "common": ("embedded_cube", "records_of"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}
_STAGES = (
    "selection", "assembly", "predictor_search", "training", "validation", "mapping", "budget",
    "intercomparison", "drivers", "twin_experiments",
)

__all__ = ["STAGES", "known_stages", *_HOME]


def __getattr__(name):
    # Imported when used: chapters import each other, and this package with them.
    if name == "STAGES":
        return tuple(map(__getattr__, _STAGES))
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def known_stages():
    """Return all stages of the study by name (dict of str to `soilresp.study.stage.Stage`).

    `STAGES` are those that make the study, each after those it needs. `search_recheck`,
    `quality_effect`, `applicability` and `model_score` only look at it; the budget takes
    `uncertainty` as well.
    """
    for module in _MODULES:
        import_module(f"{__name__}.{module}")
    return Stage.known
