"""Draw the errors of repeated twin experiments."""

import numpy as np

from soilresp.evaluation.twins import VARIANTS
from soilresp.plot._parts import flux_panels, legend_below, name_rows, need
from soilresp.plot.style import COLOURS, TOTAL_UNITS, figure, styled

__all__ = ["twin_errors", "twin_bands"]

LIMITS = {True: 5.0, False: 3.0}
"""Percent that the mean error should stay within, with and without scatter."""


@styled
def twin_errors(totals):
    """Draw the error of the global total in every experiment, by variant.

    Parameters
    ----------
    totals : pandas.DataFrame
        As from `soilresp.evaluation.twins.run_experiment`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(totals, ("variant", "target", "seed", "error"), "twin_errors")
    names = [v for v in VARIANTS if v in set(totals["variant"])]
    fig = figure(8, 1.2 + 0.55 * len(names))
    panels = flux_panels(fig, sharey=True)
    for ax, target in panels:
        for at, name in enumerate(names):
            error = totals[(totals["variant"] == name) & (totals["target"] == target)]["error"]
            limit = LIMITS[VARIANTS[name].noise]
            ax.fill_betweenx([at - 0.4, at + 0.4], -limit, limit, color="#EBEBEB", lw=0, zorder=0)
            shift = np.random.default_rng(0).uniform(-0.24, 0.24, len(error))
            ax.plot(error, at + shift, "o", ms=3, color=COLOURS[target], alpha=0.45, mew=0)
            ax.plot(error.mean(), at, "D", ms=6, color=COLOURS["paper"], zorder=5)
        ax.axvline(0, color=COLOURS["paper"], lw=0.8)
        ax.set_xlabel("Error of the global total (% of the truth)")
        ax.grid(axis="x")
    words = [VARIANTS[name].description.replace(", ", ",\n", 1) for name in names]
    name_rows(panels[0][0], words, fontsize=8)
    return fig


@styled
def twin_bands(bands):
    """Draw the error of each latitude band, mean and SD over the experiments.

    Parameters
    ----------
    bands : pandas.DataFrame
        ``variant``, ``target``, ``band`` (southern edge), ``truth``, ``mean``, ``sd``
        (Pg C yr-1).

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(bands, ("variant", "target", "band", "truth", "mean", "sd"), "twin_bands")
    fig = figure(8, 4.4)
    panels = flux_panels(fig, sharey=True)
    first = panels[0][0]
    marks = {"exact": ("s", "white"), "scatter": ("o", None), "even": ("^", "#BBBBBB")}
    for ax, target in panels:
        for k, (name, (marker, face)) in enumerate(marks.items()):
            own = bands[(bands["variant"] == name) & (bands["target"] == target)]
            ax.errorbar(
                own["mean"] - own["truth"], own["band"] + 3 + 2 * k, xerr=own["sd"], fmt=marker,
                ms=4.5, color=COLOURS[target], markerfacecolor=face or COLOURS[target],
                elinewidth=0.9, label=VARIANTS[name].description,
            )
        ax.axvline(0, color=COLOURS["paper"], lw=0.8)
        ax.set_xlabel(f"Map − truth of the 10° band ({TOTAL_UNITS})")
        ax.grid(axis="both")
        ax.locator_params(axis="x", nbins=6)
    low, high = bands["band"].min(), bands["band"].max() + 10
    ticks = np.arange(low, high + 1, 20)
    first.set_yticks(ticks, [f"{abs(t)}°{'N' if t > 0 else 'S' if t < 0 else ''}" for t in ticks])
    first.set_ylabel("Latitude")
    legend_below(fig, first, ncols=1)
    return fig
