"""Draw the importance of the predictors and the response to them."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from soilresp.covariates.recipes import PREDICTORS
from soilresp.plot._parts import legend_below, name_rows, need, write_cells
from soilresp.plot.style import COLOURS, FLUX_UNITS, figure, pretty_units, styled

__all__ = ["dependence_curves", "importance_dots", "rank_shares"]

_SCHEMES = {
    "random_cv": ("o", "white", "random folds"), "study_cv": ("D", None, "left-out studies"),
}


@styled
def importance_dots(table):
    """Draw the permutation importance of single predictors (top) and of groups (bottom).

    Parameters
    ----------
    table : pandas.DataFrame
        As from `soilresp.evaluation.importance.held_out_importance`, with ``target``.
        Dots are means, bars SDs over folds and repeats.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("target", "scheme", "kind", "feature", "fold", "increase"), "importance_dots")
    targets = [t for t in ("SR", "HR") if t in set(table["target"])]
    most = {k: table[table["kind"] == k].groupby("target")["feature"].nunique().max()
            for k in ("single", "group")}
    fig = figure(8, 1.9 + 0.25 * sum(most.values()))
    axes = fig.subplots(
        2, len(targets), squeeze=False, sharex="col", height_ratios=list(most.values())
    )
    titles = (("single", "one by one"), ("group", "correlated ones together"))
    for row, (kind, title) in zip(axes, titles):
        for ax, target in zip(row, targets):
            own = table[(table["target"] == target) & (table["kind"] == kind)]
            _importance_panel(ax, own, COLOURS[target])
            ax.set_title(f"{target}, {title}")
    for ax in axes[-1]:
        ax.set_xlabel(f"Increase of RMSE when permuted ({FLUX_UNITS})", fontsize=8.5)
    legend_below(fig, axes[0, 0], ncols=2)
    return fig


def _importance_panel(ax, own, colour):
    by = own.groupby(["feature", "scheme"])["increase"].agg(["mean", "std"])
    order = by.xs("study_cv", level="scheme")["mean"].sort_values(ascending=False).index
    for scheme, (marker, face, words) in _SCHEMES.items():
        known = by.xs(scheme, level="scheme").reindex(order)
        at = np.arange(len(order)) + (-0.14 if scheme == "random_cv" else 0.14)
        ax.errorbar(
            known["mean"], at, xerr=known["std"], fmt=marker, ms=5, color=colour,
            markerfacecolor=face or colour, elinewidth=0.9, label=words,
        )
    ax.axvline(0, color=COLOURS["paper"], lw=0.7)
    name_rows(ax, [_wrapped(name) for name in order])
    ax.grid(axis="x")


def _wrapped(name):
    parts = name.split(" + ")
    return " +\n".join(" + ".join(parts[i : i + 2]) for i in range(0, len(parts), 2))


@styled
def rank_shares(table):
    """Draw the shares of repetitions in which each predictor takes each rank.

    Parameters
    ----------
    table : pandas.DataFrame
        As from `soilresp.evaluation.importance.rank_spread`, with ``target`` and ``case`` (words;
        a column of panels each).

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("target", "case", "feature", "rank"), "rank_shares")
    targets = [t for t in ("SR", "HR") if t in set(table["target"])]
    cases = list(dict.fromkeys(table["case"]))
    sizes = [table[table["target"] == t]["feature"].nunique() for t in targets]
    fig = figure(8, 1.6 + 0.3 * sum(sizes))
    axes = fig.subplots(len(targets), len(cases), squeeze=False, height_ratios=sizes)
    for row, target in zip(axes, targets):
        own = table[table["target"] == target]
        order = own.groupby("feature")["rank"].mean().sort_values().index
        for ax, case in zip(row, cases):
            here = own[own["case"] == case]
            share = pd.crosstab(here["feature"], here["rank"], normalize="index")
            share = share.reindex(index=order, columns=range(1, len(order) + 1), fill_value=0)
            image = ax.imshow(share, vmin=0, vmax=1, cmap="Blues", aspect="auto")
            ax.set_xticks(np.arange(len(order)), np.arange(1, len(order) + 1))
            ax.set_yticks(np.arange(len(order)), order if ax is row[0] else [])
            write_cells(ax, share.to_numpy(), lambda v: f"{100 * v:.0f}" if v else "", dark=0.6)
            ax.set_title(f"{target}: {case}", fontsize=8.5)
    for ax in axes[-1]:
        ax.set_xlabel("Rank (1: most important)")
    fig.colorbar(
        image, ax=axes, label="Share of repetitions", shrink=0.5,
        format=lambda value, _: f"{100 * value:.0f} %",
    )
    return fig


@styled
def dependence_curves(curves, single, values, target):
    """Draw partial dependence, curves of single records, and the density of the data.

    Parameters
    ----------
    curves, single : pandas.DataFrame
        From `soilresp.evaluation.importance.dependence`.
    values : pandas.DataFrame
        Predictor values of the records, a column each.
    target : {"SR", "HR"}

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(curves, ("feature", "value", "flux", "q10", "q90"), "dependence_curves")
    names = list(dict.fromkeys(curves["feature"]))
    columns = 4
    n_rows = -(-len(names) // columns)
    fig = figure(8, 0.7 + 2.1 * n_rows)
    axes = fig.subplots(n_rows, columns, squeeze=False, sharey=True)
    low, high = np.quantile(single["flux"], [0.01, 0.99])
    floor, room = low - 0.22 * (high - low), 0.18 * (high - low)
    for ax in axes.flat[len(names):]:
        ax.set_visible(False)
    for ax, name in zip(axes.flat, names):
        for _, line in single[single["feature"] == name].groupby("curve"):
            ax.plot(line["value"], line["flux"], color=COLOURS["muted"], lw=0.4, alpha=0.5)
        own = curves[curves["feature"] == name]
        ax.fill_between(
            own["value"], own["q10"], own["q90"], color=COLOURS[target], alpha=0.18, lw=0
        )
        ax.plot(own["value"], own["flux"], color=COLOURS[target], lw=2)
        known = values[name].to_numpy(float)
        count, edges = np.histogram(known, 24, (own["value"].min(), own["value"].max()))
        ax.stairs(floor + room * count / count.max(), edges, baseline=floor, fill=True,
                  color="#BBBBBB")
        ax.set_ylim(floor, high)
        ax.set_xlabel(f"{name} ({pretty_units(PREDICTORS[name][1])})" if name in PREDICTORS
                      else name)
        ax.xaxis.set_major_locator(MaxNLocator(4, prune="both"))
    for ax in axes[:, 0]:
        ax.set_ylabel(f"{target} ({FLUX_UNITS})")
    return fig
