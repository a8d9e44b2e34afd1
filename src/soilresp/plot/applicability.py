"""Draw the area of applicability of the maps, and errors outside it."""

import numpy as np
import pandas as pd

from soilresp.plot import maps
from soilresp.plot._parts import flux_panels, need
from soilresp.plot.style import COLOURS, FLUX_UNITS, figure, styled

__all__ = ["DISTANCE_LEVELS", "RATIO_LEVELS", "applicability_maps", "error_by_dissimilarity"]

RATIO_LEVELS = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4)
"""Colour steps of the dissimilarity over its threshold."""

DISTANCE_LEVELS = (0, 100, 250, 500, 1000, 2000, 3000)
"""Colour steps of the distance to the nearest site, km."""

_RATIO = {"levels": RATIO_LEVELS, "cmap": "RdYlBu_r", "extend": "max",
          "label": "index / threshold (–); above 1: outside"}
_DISTANCE = {"levels": DISTANCE_LEVELS, "cmap": "cividis_r", "extend": "max",
             "label": "distance (km)"}
_N_GROUPS = 6


@styled
def applicability_maps(fields, thresholds):
    """Map the dissimilarity of each cell over its threshold, and the distance to the nearest site.

    Parameters
    ----------
    fields : xarray.Dataset, dims (lat, lon)
        ``SR_di``, ``HR_di``, ``SR_site_distance``, ``HR_site_distance`` (km).
    thresholds : dict
        Threshold of the index, by flux.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(8, 5.4)
    panels = []
    for target in ("SR", "HR"):
        ratio = fields[f"{target}_di"] / thresholds[target]
        panels += [
            (ratio, f"{target}: dissimilarity to the records", _RATIO),
            (fields[f"{target}_site_distance"], f"{target}: nearest site", _DISTANCE),
        ]
    maps.map_grid(fig, panels)
    return fig


@styled
def error_by_dissimilarity(records, thresholds):
    """Draw the error of held-out records against their dissimilarity to the other records.

    Parameters
    ----------
    records : pandas.DataFrame
        Columns ``target``, ``flux``, ``predicted`` (g C m-2 yr-1), ``di``.
    thresholds : dict
        Threshold of the index, by flux.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(records, ("target", "flux", "predicted", "di"), "error_by_dissimilarity")
    fig = figure(8, 3.1)
    for ax, target in flux_panels(fig):
        own = records[records["target"] == target]
        ratio = own["di"] / thresholds[target]
        # Groups of equal size, so that every point is an average of as many records.
        groups = pd.qcut(ratio.rank(method="first"), _N_GROUPS, labels=False)
        error = (own["predicted"] - own["flux"]) ** 2
        rmse = np.sqrt(error.groupby(groups).mean())
        ax.plot(ratio.groupby(groups).median(), rmse, "o-", color=COLOURS[target], ms=4)
        ax.axvline(1, color="#757575", lw=0.9, ls="--")
        ax.annotate(
            "threshold", (1, 1), xycoords=("data", "axes fraction"), xytext=(-3, -2),
            textcoords="offset points", ha="right", va="top", fontsize=7.5, color="#757575",
        )
        ax.set(
            xlabel="Dissimilarity / threshold (–)", ylabel=f"RMSE ({FLUX_UNITS})",
            title=f"{ax.get_title('left')}, studies left out", ylim=(0, None),
        )
        ax.grid(axis="y")
    return fig
