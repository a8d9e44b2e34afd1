"""Figures on where the records speak for a cell, and where they do not."""

import numpy as np
import pandas as pd

from soilresp.plot import maps
from soilresp.plot._parts import need
from soilresp.plot.style import COLOURS, FLUX_UNITS, figure, styled

__all__ = ["DISTANCE_LEVELS", "RATIO_LEVELS", "applicability_maps", "error_by_dissimilarity"]

RATIO_LEVELS = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4)
"""Colour steps of the dissimilarity over its threshold."""

DISTANCE_LEVELS = (0, 100, 250, 500, 1000, 2000, 3000)
"""Colour steps of the distance to the nearest site, km."""

_N_GROUPS = 6


@styled
def applicability_maps(fields, thresholds):
    """Dissimilarity of each cell over its threshold, and distance to the nearest site.

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
    axes = maps.map_axes(fig, 2, 2)
    for row, target, letters in zip(axes, ("SR", "HR"), ("ab", "cd"), strict=True):
        maps.map_panel(
            row[0], fields[f"{target}_di"] / thresholds[target], levels=RATIO_LEVELS,
            cmap="RdYlBu_r", extend="max", no_data=target == "SR",
            title=f"({letters[0]}) {target}: dissimilarity to the records",
            label="index / threshold (–); above 1: outside",
        )
        maps.map_panel(
            row[1], fields[f"{target}_site_distance"], levels=DISTANCE_LEVELS, cmap="cividis_r",
            extend="max", title=f"({letters[1]}) {target}: nearest site", label="distance (km)",
        )
    return fig


@styled
def error_by_dissimilarity(records, thresholds):
    """Error of held-out records against how unlike the other records they are.

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
    axes = fig.subplots(1, 2)
    for ax, target, letter in zip(axes, ("SR", "HR"), "ab", strict=True):
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
            title=f"({letter}) {target}, studies left out", ylim=(0, None),
        )
        ax.grid(axis="y")
    return fig
