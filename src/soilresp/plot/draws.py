"""Figures on the ways to draw training records."""

import numpy as np

from soilresp.covariates.strata import DRAWS, STRATA
from soilresp.plot import maps
from soilresp.plot._parts import need
from soilresp.plot.style import COLOURS, FLUX_UNITS, figure, styled

__all__ = ["draw_maps", "drawn_shares"]

DIFFERENCE_LEVELS = (-300, -200, -100, -50, -20, 20, 50, 100, 200, 300)
"""Colour steps of differences, g C m-2 yr-1; the middle one is nothing to speak of."""

_MARKERS = {"area": "o", "area_without": "D", "record": "s", "bin": "^"}


@styled
def drawn_shares(table):
    """Share of each bin in the draws, beside its shares of records and area.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``target``, ``draw``, ``stratum``, ``records``, ``area``, ``drawn`` and
        ``drawn_sd`` (between runs), as from `soilresp.evaluation.sampling_effect.draw_effect`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("target", "draw", "stratum", "records", "area", "drawn"), "drawn_shares")
    fig = figure(8, 4)
    axes = fig.subplots(1, 2, sharey=True)
    for ax, target, letter in zip(axes, ("SR", "HR"), "ab"):
        own = table[table["target"] == target]
        bins = own.drop_duplicates("stratum").set_index("stratum")
        rows = np.arange(len(bins))
        for column, height, face, words in (
            ("area", 0.8, "#D9D9D9", "vegetated area"), ("records", 0.34, "#8C8C8C", "records"),
        ):
            ax.barh(rows, 100 * bins[column], height=height, color=face, label=f"Share of {words}")
        for number, (draw, part) in enumerate(own.groupby("draw", sort=False)):
            part = part.set_index("stratum").reindex(bins.index)
            ax.errorbar(
                100 * part["drawn"], rows + 0.17 * (number - 1.5), xerr=100 * part["drawn_sd"],
                fmt=_MARKERS[draw], ms=4.5, lw=0.9, color=COLOURS[target], mec=COLOURS[target],
                mfc=COLOURS[target] if draw == "area" else "white", label=DRAWS[draw].capitalize(),
            )
        ax.set_title(f"({letter}) {target}")
        ax.set_xlabel("Share of the total (%)")
        ax.tick_params(axis="y", length=0)
        ax.set_xlim(left=0)
    names = [STRATA[s][0].capitalize().replace(", ", ",\n", 1) for s in bins.index]
    axes[0].set_yticks(rows, names)
    axes[0].invert_yaxis()
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3)
    return fig


@styled
def draw_maps(fields):
    """How SR and HR change when records, or bins, are drawn alike instead of by area.

    Parameters
    ----------
    fields : xarray.Dataset, dims (draw, lat, lon)
        ``SR`` and ``HR``, g C m-2 yr-1 of vegetated area, for "area", "record" and "bin".

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(8, 5.4)
    axes = maps.map_axes(fig, 2, 2)
    panels = [(draw, flux) for draw in ("record", "bin") for flux in ("SR", "HR")]
    for ax, (draw, flux), letter in zip(axes.flat, panels, "abcd"):
        change = fields[flux].sel(draw=draw) - fields[flux].sel(draw="area")
        maps.map_panel(
            ax, change, levels=DIFFERENCE_LEVELS, cmap="RdBu_r", extend="both",
            title=f"({letter}) {flux}, {DRAWS[draw]}", no_data=letter == "a",
            label=f"minus {flux} drawn by area ({FLUX_UNITS})",
        )
    return fig
