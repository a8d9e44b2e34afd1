"""Small parts that several figures share."""

from soilresp.errors import DataError

_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


def need(table, columns, figure):
    """Refuse a table that lacks a column of the figure, or holds no row."""
    missing = [c for c in columns if c not in table]
    if missing:
        raise DataError(
            f"The table for {figure} has no column {missing[0]!r}; it needs {', '.join(columns)}."
        )
    if len(table) == 0:
        raise DataError(f"The table for {figure} is empty; it needs at least one row.")


def write_value(ax, at, end, text, gap=4):
    """Write a value behind the end of a horizontal bar at height `at`, clear of any line there."""
    ax.annotate(
        text.replace("-", "−"), (end, at), xytext=(gap, 0), textcoords="offset points",
        va="center", fontsize=7.5, bbox=_WHITE, zorder=5,
    )


def say_missing(ax, at):
    """Write on the row at height `at` that its value is not given."""
    ax.text(
        0.02, at, "not given", transform=ax.get_yaxis_transform(), va="center", fontsize=7.5,
        color="#757575", style="italic", bbox=_WHITE, zorder=4,
    )


def no_pairs(ax, text):
    """Leave a panel empty but for words that say why."""
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
