"""Draw the effect of ways to sample the training records."""

import numpy as np

from soilresp.covariates.strata import STRATA
from soilresp.plot import maps
from soilresp.plot._parts import flux_panels, legend_below, name_rows, need
from soilresp.plot.style import COLOURS, FLUX_UNITS, figure, styled
from soilresp.upscaling.sampling import SAMPLINGS

__all__ = ["sampling_maps", "sampling_shares"]

DIFFERENCE_LEVELS = (-300, -200, -100, -50, -20, 20, 50, 100, 200, 300)
"""Colour steps of differences, g C m-2 yr-1."""
_CHANGE = {"levels": DIFFERENCE_LEVELS, "cmap": "RdBu_r", "extend": "both"}

_MARKERS = {"area": "o", "area_without": "D", "record": "s", "bin": "^"}


@styled
def sampling_shares(table):
    """Draw the share of each bin in the samples, beside its shares of records and area.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``target``, ``sampling``, ``stratum``, ``records``, ``area``, ``drawn`` and
        ``drawn_sd`` (between runs), as from `soilresp.evaluation.sampling_effect.sampling_effect`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("target", "sampling", "stratum", "records", "area", "drawn"), "sampling_shares")
    fig = figure(8, 4)
    panels = flux_panels(fig, sharey=True)
    for ax, target in panels:
        own = table[table["target"] == target]
        bins = own.drop_duplicates("stratum").set_index("stratum")
        rows = np.arange(len(bins))
        for column, height, face, words in (
            ("area", 0.8, "#D9D9D9", "vegetated area"), ("records", 0.34, "#8C8C8C", "records"),
        ):
            ax.barh(rows, 100 * bins[column], height=height, color=face, label=f"Share of {words}")
        for number, (sampling, part) in enumerate(own.groupby("sampling", sort=False)):
            part = part.set_index("stratum").reindex(bins.index)
            ax.errorbar(
                100 * part["drawn"], rows + 0.17 * (number - 1.5), xerr=100 * part["drawn_sd"],
                fmt=_MARKERS[sampling], ms=4.5, lw=0.9, color=COLOURS[target], mec=COLOURS[target],
                mfc=COLOURS[target] if sampling == "area" else "white",
                label=SAMPLINGS[sampling].capitalize(),
            )
        ax.set(xlabel="Share of the total (%)", xlim=(0, None))
    names = [STRATA[s][0].capitalize().replace(", ", ",\n", 1) for s in bins.index]
    name_rows(panels[0][0], names)
    legend_below(fig, panels[0][0], ncols=3)
    return fig


@styled
def sampling_maps(fields):
    """Map the change of SR and HR when records, or bins, are drawn alike instead of by area.

    Parameters
    ----------
    fields : xarray.Dataset, dims (sampling, lat, lon)
        ``SR`` and ``HR``, g C m-2 yr-1 of vegetated area, for "area", "record" and "bin".

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(8, 5.4)
    panels = []
    for sampling in ("record", "bin"):
        for flux in ("SR", "HR"):
            change = fields[flux].sel(sampling=sampling) - fields[flux].sel(sampling="area")
            label = f"minus {flux} drawn by area ({FLUX_UNITS})"
            panels.append((change, f"{flux}, {SAMPLINGS[sampling]}", _CHANGE | {"label": label}))
    maps.map_grid(fig, panels)
    return fig
