"""Figures of the study; every one is made by a function that takes tables or fields.

Say ``use_style(study.label)`` once, then call a function and let the notebook
show the figure that it returns.
"""

from soilresp.plot.budget import budget_bars, literature_forest
from soilresp.plot.calibration import (
    error_by_distance,
    interval_coverage,
    leak_dots,
    pit_histogram,
)
from soilresp.plot.covariates import correlation_matrix, covariate_maps, two_sources
from soilresp.plot.draws import draw_maps, drawn_shares
from soilresp.plot.drivers import (
    alternative_gains,
    dependence_curves,
    importance_dots,
    rank_shares,
)
from soilresp.plot.globe import annual_series, six_maps
from soilresp.plot.models import flux_bars, site_scores, zonal_profiles
from soilresp.plot.records import (
    funnel_bars,
    reported_against_matched,
    site_map,
    strata_shares,
    suspicious_sites,
)
from soilresp.plot.search import predictor_frequency, search_ranking, subset_errors
from soilresp.plot.style import use_style
from soilresp.plot.twins import twin_bands, twin_errors
from soilresp.plot.validation import observed_predicted, validation_ladder

__all__ = [
    "alternative_gains",
    "annual_series",
    "budget_bars",
    "correlation_matrix",
    "covariate_maps",
    "dependence_curves",
    "draw_maps",
    "drawn_shares",
    "error_by_distance",
    "flux_bars",
    "funnel_bars",
    "importance_dots",
    "interval_coverage",
    "leak_dots",
    "literature_forest",
    "observed_predicted",
    "pit_histogram",
    "predictor_frequency",
    "rank_shares",
    "reported_against_matched",
    "search_ranking",
    "site_map",
    "site_scores",
    "six_maps",
    "strata_shares",
    "subset_errors",
    "suspicious_sites",
    "twin_bands",
    "twin_errors",
    "two_sources",
    "use_style",
    "validation_ladder",
    "zonal_profiles",
]
