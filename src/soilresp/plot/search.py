"""Draw the results of the predictor search."""

import numpy as np

from soilresp.covariates.recipes import PREDICTORS
from soilresp.plot._parts import flux_panels, name_rows, need
from soilresp.plot.style import COLOURS, FLUX_UNITS, figure, styled

__all__ = ["predictor_frequency", "search_ranking", "subset_errors"]


@styled
def search_ranking(table, n=12):
    """Draw the best subsets of predictors and the paper's choice.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``target`` ("SR", "HR"), ``predictors`` (names joined by blanks), ``rank``,
        ``rmse`` and ``rmse_sd`` (g C m-2 yr-1), ``is_paper`` and ``tied`` (bool: not to be
        told apart from the best), as from `soilresp.evaluation.search.describe_subsets`.
    n : int
        Subsets shown for each target; the paper's choice is added when it is
        not among them.

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = ("target", "predictors", "rank", "rmse", "rmse_sd", "is_paper", "tied")
    need(table, columns, "search_ranking")
    targets = [t for t in ("SR", "HR") if t in set(table["target"])]
    shown = {t: _best(table[table["target"] == t], n) for t in targets}
    fig = figure(8, 1.6 + 0.24 * max(map(len, shown.values())))
    widths = [1.35, 1] * len(targets)
    axes = fig.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
    for target, dots, errors in zip(targets, axes[::2], axes[1::2]):
        rows = np.arange(len(shown[target]))
        _subset_dots(dots, shown[target], rows, COLOURS[target])
        dots.set_title(target)
        _rmse_dots(errors, shown[target], rows, COLOURS[target])
        errors.sharey(dots)
    return fig


def _best(table, n):
    ranked = table.sort_values("rmse", kind="stable").reset_index(drop=True)
    return ranked[(ranked.index < n) | ranked["is_paper"].astype(bool)]


def _mark_paper(ax, subsets):
    for row in np.flatnonzero(subsets["is_paper"]):
        ax.axhspan(row - 0.5, row + 0.5, color="#F0E442", alpha=0.45, lw=0, zorder=0)


def _subset_dots(ax, subsets, rows, colour):
    _mark_paper(ax, subsets)
    for row, predictors in zip(rows, subsets["predictors"]):
        used = np.array([name in predictors.split() for name in PREDICTORS])
        at = np.arange(len(PREDICTORS))
        ax.plot(at[~used], np.full((~used).sum(), row), "o", ms=4, color="#DDDDDD")
        ax.plot(at[used], np.full(used.sum(), row), "o", ms=5, color=colour)
    ax.set_xticks(np.arange(len(PREDICTORS)), PREDICTORS, rotation=90)
    ranks = zip(subsets["rank"], subsets["is_paper"])
    name_rows(ax, [f"paper, {rank}" if is_paper else f"{rank}" for rank, is_paper in ranks])
    ax.set_ylabel("Rank")
    ax.tick_params(length=0)
    ax.spines[["left", "bottom"]].set_visible(False)


def _rmse_dots(ax, subsets, rows, colour):
    _mark_paper(ax, subsets)
    ax.errorbar(
        subsets["rmse"], rows, xerr=subsets["rmse_sd"], fmt="none", color=colour, elinewidth=0.9,
        zorder=3,
    )
    faces = [colour if tied else "white" for tied in subsets["tied"]]
    ax.scatter(subsets["rmse"], rows, s=24, facecolor=faces, edgecolor=colour, zorder=4)
    ax.set_title("filled: tied with the best", fontsize=8)
    ax.grid(axis="x")
    ax.margins(x=0.12)
    ax.locator_params(axis="x", nbins=4)
    ax.set_xlabel(f"RMSE ({FLUX_UNITS})")
    ax.tick_params(axis="y", length=0, labelleft=False)
    ax.spines["left"].set_visible(False)


@styled
def subset_errors(table):
    """Draw the error of every subset by rank, those tied with the best, and the paper's choice.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.evaluation.search_all.summarise`; ``oob_first_open`` may be missing.

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = ("target", "predictors", "rank", "oob_first", "oob_noise", "oob_repeats", "is_paper")
    need(table, (*columns, "oob_tied"), "subset_errors")
    fig = figure(8, 4.2)
    for ax, target in flux_panels(fig):
        own = table[table["target"] == target].sort_values("rank")
        colour, best = COLOURS[target], own["oob_first"].iloc[0]
        band = 2 * (own["oob_noise"] * np.sqrt(own["oob_repeats"])).max()
        ax.axhspan(
            best, best + band, color=colour, alpha=0.18, lw=0,
            label="within the chance of one forest",
        )
        ax.plot(
            own["rank"], own["oob_first"], ".", ms=3, color=COLOURS["muted"],
            label=f"all subsets ({len(own):,})",
        )
        for flag, size, face, label in (
            ("oob_first_open", 4, "white", "may be best with other studies"),
            ("oob_tied", 5, colour, "tied with the best"),
        ):
            if flag not in own:
                continue
            some = own[own[flag].fillna(0).astype(bool)]
            ax.plot(
                some["rank"], some["oob_first"], "o", ms=size, mfc=face, color=colour, mew=0.7,
                label=f"{label} ({len(some):,})",
            )
        paper = own[own["is_paper"]]
        ax.plot(
            paper["rank"], paper["oob_first"], "*", ms=13, color="#F0E442", mec="black", mew=0.8,
            label="the paper's choice" + "".join(f" ({r:,})" for r in paper["rank"]), zorder=5,
        )
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set(xlabel="Rank", ylabel=f"Out-of-bag RMSE ({FLUX_UNITS})")
        ax.set_ylim(top=best + 2.5 * (own["oob_first"].median() - best))
        ax.legend(loc="upper left", fontsize=7)
        ax.grid(axis="y")
    return fig


_SETS = (("o", True), ("s", False), ("^", False), ("D", True))


@styled
def predictor_frequency(shares):
    """Draw the share of the best subsets that each predictor is in.

    Parameters
    ----------
    shares : pandas.DataFrame
        Columns ``target``, ``among`` (words; at most four), ``predictor`` and ``share``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(shares, ("target", "among", "predictor", "share"), "predictor_frequency")
    names = [p for p in PREDICTORS if p in set(shares["predictor"])]
    fig = figure(8, 1.6 + 0.3 * len(names))
    panels = flux_panels(fig, sharey=True)
    for ax, target in panels:
        own = shares[shares["target"] == target]
        ax.axvline(50, color=COLOURS["paper"], ls=":", lw=1)
        for number, (among, part) in enumerate(own.groupby("among", sort=False)):
            marker, filled = _SETS[number]
            ax.plot(
                100 * part.set_index("predictor")["share"].reindex(names),
                np.arange(len(names)) + 0.17 * (number - 1.5), marker, ms=5, label=among,
                color=COLOURS[target], mfc=COLOURS[target] if filled else "white",
                alpha=0.85,
            )
        ax.set(xlim=(-4, 104), xlabel="Share of the subsets with it (%)")
        ax.grid(axis="y")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), fontsize=7.5)
    name_rows(panels[0][0], names)
    return fig
