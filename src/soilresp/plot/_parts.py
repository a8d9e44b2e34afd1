"""Panels, axes, legends and words that several figures share."""

import numpy as np

from soilresp.errors import DataError

_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


def need(table, columns, figure):
    """Raise DataError if a table lacks a column of the figure, or has no row."""
    missing = [c for c in columns if c not in table]
    if missing:
        raise DataError(
            f"The table for {figure} has no column {missing[0]!r}; it needs {', '.join(columns)}."
        )
    if len(table) == 0:
        raise DataError(f"The table for {figure} is empty; it needs at least one row.")


def flux_panels(fig, fluxes=("SR", "HR"), **options):
    """Add a panel for each flux, side by side, titled (a), (b), ...; return (axes, flux) pairs."""
    axes = fig.subplots(1, len(fluxes), squeeze=False, **options)[0]
    for ax, flux, letter in zip(axes, fluxes, "abcd"):
        name = flux.replace("_", "/")
        ax.set_title(f"({letter}) {name}" if len(fluxes) > 1 else name)
    return list(zip(axes, fluxes))


def name_rows(ax, names, **options):
    """Name the rows 0, 1, ... of a panel, from the top."""
    ax.set_yticks(np.arange(len(names)), names, **options)
    ax.set_ylim(len(names) - 0.5, -0.5)
    for one in ax.get_shared_y_axes().get_siblings(ax):
        one.tick_params(axis="y", length=0)


def write_cells(ax, values, text, dark):
    """Write `text` of each value into a matrix of cells, white on those above `dark` in size."""
    for (row, column), value in np.ndenumerate(values):
        if words := text(value):
            colour = "white" if abs(value) > dark else "black"
            ax.text(column, row, words, ha="center", va="center", fontsize=7, color=colour)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def legend_below(fig, ax, ncols):
    """Put the legend of one panel below the figure."""
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=ncols)


def latitude_axis(ax):
    """Show all vegetated latitudes on the y axis."""
    ax.set(ylim=(-56, 82), yticks=range(-40, 81, 20), ylabel="Latitude (°N)")


def write_value(ax, at, end, text, gap=4):
    """Write a value behind the end of a horizontal bar at height `at`, clear of any line there."""
    ax.annotate(
        text.replace("-", "−"), (end, at), xytext=(gap, 0), textcoords="offset points",
        va="center", fontsize=7.5, bbox=_WHITE, zorder=5,
    )


def say_missing(ax, at):
    """Write "not given" on the row at height `at`."""
    ax.text(
        0.02, at, "not given", transform=ax.get_yaxis_transform(), va="center", fontsize=7.5,
        color="#757575", style="italic", bbox=_WHITE, zorder=4,
    )


def empty_panel(ax, text):
    """Write into an empty panel why it is empty."""
    ax.axis("off")
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize=9)


def square_limits(ax, pairs):
    """Give both axes one scale that holds all `pairs`, an array of shape (n, 2)."""
    low, high = pairs.min(), pairs.max()
    edge = 0.03 * (high - low) or 1.0
    ax.set(xlim=(low - edge, high + edge), ylim=(low - edge, high + edge))
    ax.set_aspect("equal")


def box(ax, text):
    """Write lines into the upper left corner of a panel, in a box."""
    ax.text(
        0.03, 0.97, text, transform=ax.transAxes, va="top", fontsize=8, linespacing=1.35, zorder=6,
        bbox={"facecolor": "white", "edgecolor": "#BBBBBB", "linewidth": 0.6,
              "boxstyle": "round,pad=0.35", "alpha": 0.88},
    )
