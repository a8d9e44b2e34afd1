"""Draw the carbon budget and published global totals."""

import numpy as np

from soilresp.plot._parts import legend_below, name_rows, need
from soilresp.plot.style import COLOURS, TOTAL_UNITS, figure, styled

__all__ = ["budget_bars", "literature_totals"]


@styled
def budget_bars(table):
    """Draw the recomputed carbon budget beside the printed one (Table 1 of Lu et al. 2021).

    Parameters
    ----------
    table : pandas.DataFrame
        Index: the line ("GPP", ...). Columns ``how``, ``value``, ``sd``,
        ``paper`` (Pg C yr-1; NaN where there is none), ``note``; optionally
        ``paper_sd``. As `soilresp.scoring.budget.carbon_budget` returns it; its
        AR_TAR, a ratio, is left out.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("how", "value", "sd", "paper", "note"), "budget_bars")
    table = table.drop(index="AR_TAR", errors="ignore")
    table = table.assign(paper_sd=table.get("paper_sd", np.nan))
    notes = [f"{line}: {note}" for line, note in table["note"].items() if note]
    fig = figure(8, 1.5 + 0.34 * len(table) + 0.16 * len(notes))
    ax, words = fig.subplots(1, 2, sharey=True, width_ratios=[1.9, 1])
    rows = np.arange(len(table))
    for column, shift, look, label in (
        ("value", -0.14, {"fmt": "o", "color": COLOURS["SR"]}, "this study ± SD"),
        ("paper", 0.14, {"fmt": "D", "color": COLOURS["paper"], "mfc": "white"}, "printed"),
    ):
        spread = table["sd" if column == "value" else "paper_sd"]
        ax.errorbar(
            table[column], rows + shift, xerr=spread, ms=5, elinewidth=1.1, capsize=2.5,
            label=label, **look,
        )
    ax.axvline(0, color=COLOURS["muted"], lw=0.8)
    name_rows(ax, [_line_words(line, how) for line, how in table["how"].items()])
    ax.grid(axis="x")
    ax.set_xlabel(f"Flux ({TOTAL_UNITS})")
    ax.legend(loc="lower right")
    _budget_words(words, table, rows)
    if notes:
        text = "\n".join(notes).replace("+-", "±").replace(" -", " −")
        fig.supxlabel(text, x=0.01, ha="left", fontsize=7.5, color=COLOURS["label"])
    return fig


def _line_words(line, how):
    return f"{line} = {how}".replace("-", "−") if " - " in how else line


def _budget_words(ax, table, rows):
    ax.axis("off")
    columns = (("value", "sd", 0.5, f"This study\n({TOTAL_UNITS})"),
               ("paper", "paper_sd", 1.0, f"Printed\n({TOTAL_UNITS})"))
    for values, spread, x, head in columns:
        ax.text(x, 1.0, head, transform=ax.transAxes, ha="right", va="bottom", fontsize=8,
                fontweight="bold")
        for at, value, sd in zip(rows, table[values], table[spread]):
            ax.text(x, at, _with_sd(value, sd), transform=ax.get_yaxis_transform(), ha="right",
                    va="center", fontsize=8)


def _with_sd(value, sd):
    if not np.isfinite(value):
        return "–"
    return f"{value:.1f} ± {sd:.1f}" if sd >= 0.05 else f"{value:.1f}"


@styled
def literature_totals(table, ours):
    """Draw published global totals with those of this study (a forest plot).

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``flux`` ("SR", "HR", "AR"), ``reference``, ``value`` and
        ``spread`` (Pg C yr-1; NaN: none given); optionally ``method``, which
        tells estimates of one reference apart. Drawn in their order, from the top.
    ours : dict
        Value and half-width of its interval by flux, Pg C yr-1, such as
        ``{"SR": (85.1, 0.5)}``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("flux", "reference", "value", "spread"), "literature_totals")
    counts = {f: int((table["flux"] == f).sum()) + 1 for f in ("SR", "HR", "AR")}
    height = max(counts["SR"], counts["HR"] + counts["AR"] + 4)
    fig = figure(8, 1.6 + 0.235 * height)
    axes = fig.subplot_mosaic(
        [["SR", "HR"], ["SR", "AR"]], height_ratios=[counts["HR"] + 1, counts["AR"] + 1]
    )
    for letter, (flux, ax) in zip("abc", axes.items()):
        _forest(ax, table[table["flux"] == flux], ours.get(flux), COLOURS[flux])
        ax.set(title=f"({letter}) {flux}", xlabel=f"Global {flux} ({TOTAL_UNITS})")
    legend_below(fig, axes["SR"], ncols=2)
    return fig


def _forest(ax, published, ours, colour):
    rows = np.arange(len(published)) + 1
    ax.errorbar(
        published["value"], rows, xerr=published["spread"], fmt="o", ms=4, color="#555555",
        ecolor="#AAAAAA", elinewidth=1.2, label="published; line: the spread it gives",
    )
    names = ["", *_references(published)]
    if ours is not None:
        value, half = ours
        names[0] = "This study"
        ax.axvspan(
            value - half, value + half, color=colour, alpha=0.18, lw=0,
            label="interval of this study",
        )
        ax.axvline(value, color=colour, lw=0.9, ls="--")
        ax.errorbar(value, 0, xerr=half, fmt="D", ms=6, color=colour, elinewidth=1.8)
    name_rows(ax, names, fontsize=7.5)
    if ours is not None:
        ax.get_yticklabels()[0].set(fontweight="bold", color=colour)
    ax.grid(axis="x")


def _references(published):
    names = published["reference"]
    several = names.duplicated(keep=False)
    return names.where(~several, names + ", " + published["method"])
