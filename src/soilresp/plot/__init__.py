"""Figures of the study; every one is made by a function that takes tables or fields.

Say ``use_style(study.label)`` once, then call a function and let the notebook
show the figure that it returns. Modules are imported when one of their functions is used.
"""

import importlib

_FUNCTIONS = {
    "applicability": ("applicability_maps", "error_by_dissimilarity"),
    "budget": ("budget_bars", "literature_forest"),
    "calibration": ("error_by_distance", "interval_coverage", "leak_dots", "pit_histogram"),
    "convergence": ("convergence_curves",),
    "covariates": ("correlation_matrix", "covariate_maps", "two_sources"),
    "draws": ("draw_maps", "drawn_shares"),
    "drivers": ("alternative_gains", "dependence_curves", "importance_dots", "rank_shares"),
    "globe": ("annual_series", "flux_map", "six_maps", "three_maps"),
    "models": (
        "flux_bars", "model_spread", "pool_bars", "respiration_against", "site_scores",
        "zonal_profiles",
    ),
    "records": (
        "funnel_bars", "reported_against_matched", "site_map", "strata_shares",
        "suspicious_sites",
    ),
    "score": (
        "known_totals", "score_maps", "score_profiles", "scorecard_figures", "taylor_diagram",
    ),
    "search": ("predictor_frequency", "search_ranking", "subset_errors"),
    "style": ("use_style",),
    "twins": ("twin_bands", "twin_errors"),
    "uncertainty": (
        "cell_distributions", "joint_maps", "latitude_profiles", "total_uncertainty",
        "trend_bands",
    ),
    "validation": ("observed_predicted", "validation_ladder"),
}
_MODULES = {name: module for module, names in _FUNCTIONS.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__():
    return __all__
