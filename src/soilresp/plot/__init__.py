"""Draw the figures of the study; each is made by a function that takes tables or fields.

Call ``use_style(study.label)`` once, then a function of this package, and let the notebook
show the figure that it returns. Modules are loaded when one of their figures is drawn.
"""

from importlib import import_module

_MODULES = {
    "alternatives": ("alternative_gains",),
    "applicability": ("applicability_maps", "error_by_dissimilarity"),
    "budget": ("budget_bars", "literature_totals"),
    "calibration": ("error_by_distance", "interval_coverage", "leakage_dots", "pit_histogram"),
    "convergence": ("convergence_curves",),
    "covariates": ("correlation_matrix", "covariate_maps", "covariate_profiles"),
    "fluxes": ("annual_series", "climatology_maps", "flux_map", "flux_maps"),
    "importance": ("dependence_curves", "importance_dots", "rank_shares"),
    "models": ("flux_bars", "model_spread", "pool_bars", "respiration_against", "site_scores",
               "zonal_profiles"),
    "records": ("funnel_bars", "reported_against_matched", "site_map", "strata_shares",
                "suspicious_sites"),
    "sampling": ("sampling_maps", "sampling_shares"),
    "scorecard": ("model_totals", "score_maps", "score_profiles", "scorecard_figures",
                  "taylor_diagram"),
    "search": ("predictor_frequency", "search_ranking", "subset_errors"),
    "style": ("use_style",),
    "twins": ("twin_bands", "twin_errors"),
    "uncertainty": ("cell_distributions", "joint_maps", "latitude_profiles", "total_uncertainty",
                    "trend_bands"),
    "validation": ("observed_predicted", "validation_ladder"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name):
    """Import the module of a figure when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__():
    """Return the names of the figures as well."""
    return sorted({*globals(), *__all__})
