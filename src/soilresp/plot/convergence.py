"""Draw the convergence of maps and totals with the size of the ensemble."""

from matplotlib.ticker import LogLocator

from soilresp.plot._parts import need
from soilresp.plot.style import FLUX_UNITS, TOTAL_UNITS, figure, styled

__all__ = ["convergence_curves"]

_PANELS = {
    "mean": ("mean map", FLUX_UNITS), "sd": ("map of the SD", FLUX_UNITS),
    "mad": ("map of the MAD", FLUX_UNITS), "total": ("global total", TOTAL_UNITS),
}
# From few trees to many: dark to light, with markers for those who see no colours.
_LOOKS = (("#E69F00", "o"), ("#56B4E9", "s"), ("#009E73", "D"), ("#0072B2", "^"),
          ("#CC79A7", "v"), ("#000000", "P"))


@styled
def convergence_curves(table):
    """Draw the Monte-Carlo error of the maps and totals by number of runs and trees.

    Parameters
    ----------
    table : pandas.DataFrame
        As from `soilresp.study.chapters.convergence.run_convergence`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("target", "n_trees", "n_runs", "quantity", "error"), "convergence_curves")
    targets, trees = list(dict.fromkeys(table["target"])), sorted(table["n_trees"].unique())
    fig = figure(8, 2.3 * len(targets) + 0.5)
    grid = fig.subplots(len(targets), len(_PANELS), sharex=True, squeeze=False)
    for axes, target in zip(grid, targets, strict=True):
        for ax, (quantity, (words, units)) in zip(axes, _PANELS.items(), strict=True):
            here = table[(table["target"] == target) & (table["quantity"] == quantity)]
            for k, (colour, marker) in zip(trees, _LOOKS, strict=False):
                line = here[here["n_trees"] == k].sort_values("n_runs")
                ax.plot(
                    line["n_runs"], line["error"], color=colour, marker=marker, ms=4, lw=1.1,
                    label=f"{k}",
                )
            ax.set(xscale="log", yscale="log", title=f"{target}: {words}")
            ax.set_ylabel(f"Error ({units})")
            ax.grid(which="major")
            sizes = sorted(here["n_runs"].unique())
            ax.set_xticks(sizes, [f"{n}" for n in sizes])
            ax.minorticks_off()
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_major_formatter("{x:g}")
    for ax in grid[-1]:
        ax.set_xlabel("Runs of the ensemble")
    fig.legend(*grid[0, 0].get_legend_handles_labels(), title="Trees of each run",
               ncols=len(trees), loc="outside upper center")
    return fig
