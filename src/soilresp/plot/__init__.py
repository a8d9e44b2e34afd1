"""Figures of the study; every one is made by a function that takes tables or fields.

Say ``use_style(study.label)`` once, then call a function and let the notebook
show the figure that it returns.
"""

from soilresp.plot.applicability import applicability_maps, error_by_dissimilarity
from soilresp.plot.budget import budget_bars, literature_forest
from soilresp.plot.calibration import error_by_distance, interval_coverage, leak_dots, pit_histogram
from soilresp.plot.convergence import convergence
from soilresp.plot.covariates import correlation_matrix, covariate_maps, two_sources
from soilresp.plot.draws import draw_maps, drawn_shares
from soilresp.plot.drivers import alternative_gains, dependence_curves, importance_dots, rank_shares
from soilresp.plot.globe import annual_series, six_maps, three_maps
from soilresp.plot.models import (
    flux_bars,
    model_spread,
    pool_bars,
    respiration_against,
    site_scores,
    zonal_profiles,
)
from soilresp.plot.records import (
    funnel_bars,
    reported_against_matched,
    site_map,
    strata_shares,
    suspicious_sites,
)
from soilresp.plot.score import (
    known_totals,
    score_maps,
    score_profiles,
    scorecard_figures,
    taylor_diagram,
)
from soilresp.plot.search import predictor_frequency, search_ranking, subset_errors
from soilresp.plot.style import use_style
from soilresp.plot.twins import twin_bands, twin_errors
from soilresp.plot.uncertainty import (
    cell_distributions,
    joint_maps,
    latitude_profiles,
    total_uncertainty,
    trend_bands,
)
from soilresp.plot.validation import observed_predicted, validation_ladder

__all__ = [
    "alternative_gains",
    "annual_series",
    "applicability_maps",
    "budget_bars",
    "cell_distributions",
    "convergence",
    "correlation_matrix",
    "covariate_maps",
    "dependence_curves",
    "draw_maps",
    "drawn_shares",
    "error_by_dissimilarity",
    "error_by_distance",
    "flux_bars",
    "funnel_bars",
    "importance_dots",
    "interval_coverage",
    "joint_maps",
    "known_totals",
    "latitude_profiles",
    "leak_dots",
    "literature_forest",
    "model_spread",
    "observed_predicted",
    "pit_histogram",
    "pool_bars",
    "predictor_frequency",
    "rank_shares",
    "reported_against_matched",
    "respiration_against",
    "score_maps",
    "score_profiles",
    "scorecard_figures",
    "search_ranking",
    "site_map",
    "site_scores",
    "six_maps",
    "three_maps",
    "strata_shares",
    "subset_errors",
    "suspicious_sites",
    "taylor_diagram",
    "total_uncertainty",
    "trend_bands",
    "twin_bands",
    "twin_errors",
    "two_sources",
    "use_style",
    "validation_ladder",
    "zonal_profiles",
]
