"""Draw the comparison of alternatives to the paper's model."""

import numpy as np

from soilresp.evaluation.alternatives import CHOICES, PAPER, Alternative
from soilresp.plot._parts import flux_panels, need
from soilresp.plot.style import COLOURS, figure, styled

__all__ = ["alternative_gains"]


@styled
def alternative_gains(table):
    """Draw the gain of each change of the paper's model on held-out studies and blocks.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.study.chapters.compare_alternatives`: those that differ from the paper's
        model in one choice are hollow, those on the way to the best filled, and these once more on
        other folds (black).

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("target", "phase", "alternative", "step", "gain", "gain_se"), "alternative_gains")
    fig = figure(8, 5.6)
    panels = flux_panels(fig, sharey=True, sharex=True)
    labels = _single_changes(table)
    for ax, target in panels:
        own = table[table["target"] == target]
        search = own[own["phase"] == "search"].set_index("alternative")
        at = -1
        for at, name in enumerate(labels):
            if name in search.index:
                _gain_dot(ax, search.loc[name], at, COLOURS[target], "white")
        path = own[own["step"].notna() & (own["alternative"] != PAPER.name)].sort_values("step")
        confirmed = path[path["phase"] == "confirm"]
        for k, (_, row) in enumerate(confirmed.iterrows()):
            place = at + 1.6 + k
            _gain_dot(ax, search.loc[row["alternative"]], place - 0.14, COLOURS[target], None)
            _gain_dot(ax, row, place + 0.14, COLOURS["paper"], None)
        ax.axvline(0, color=COLOURS["paper"], lw=0.7)
        ax.grid(axis="x")
        ax.set_xlabel("Gain over the paper's model\n(% of RMSE)")
        ax.tick_params(axis="y", length=0)
    steps = int(np.nanmax([table["step"].max(), 0]))
    places = [*range(len(labels)), *(len(labels) + 0.6 + k for k in range(steps))]
    words = [Alternative.from_name(name).description for name in labels]
    words = [_short(w) for w in words] + [f"way to the best, choice {k + 1}" for k in range(steps)]
    panels[0][0].set_yticks(places, words, fontsize=7.5)
    panels[0][0].set_ylim(len(labels) + steps + 0.1, -0.7)
    return fig


def _single_changes(table):
    """Return the alternatives with one choice changed, in the order of `CHOICES`."""
    known = [n for n in dict.fromkeys(table["alternative"]) if n != PAPER.name]
    place = {f"{c}={v}": (i, k) for i, (c, vs) in enumerate(CHOICES.items())
             for k, v in enumerate(vs)}

    def changes(name):
        parts = [p for p in name.split() if p != "weights=record"]
        return parts or name.split()

    return sorted((n for n in known if len(changes(n)) == 1), key=lambda n: place[changes(n)[0]])


def _short(words):
    every = CHOICES["weights"]["record"]
    parts = [w for w in words.split("; ") if w != every] or [every]
    return "; ".join(parts)


def _gain_dot(ax, row, at, colour, face):
    ax.errorbar(
        row["gain"], at, xerr=row["gain_se"], fmt="o", ms=5, color=colour,
        markerfacecolor=face or colour, elinewidth=0.9,
    )
