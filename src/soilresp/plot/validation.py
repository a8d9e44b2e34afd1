"""Draw the skill of the forests: predictions against observations."""

import numpy as np

from soilresp.evaluation.validation import SCHEMES
from soilresp.plot._parts import box, flux_panels, legend_below, name_rows, need, square_limits
from soilresp.plot.style import COLOURS, FLUX_UNITS, figure, styled
from soilresp.upscaling.metrics import scores

__all__ = ["observed_predicted", "validation_ladder"]


@styled
def observed_predicted(table, evaluation=""):
    """Draw predictions against observations (Figure 2 of Lu et al. 2021).

    The box gives R2 = 1 - SSE/SST beside r2, the squared correlation (that of
    the fitted line): the second ignores bias and slope, and is never lower.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``target`` ("SR", "HR"), ``observed``, ``predicted`` (g C m-2 yr-1).
    evaluation : str
        Origin of the predictions, such as "study-grouped cross-validation".

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("target", "observed", "predicted"), "observed_predicted")
    fig = figure(8, 4.2)
    for ax, target in flux_panels(fig):
        pairs = table.loc[table["target"] == target, ["observed", "predicted"]].dropna()
        pairs = pairs.to_numpy(float)
        square_limits(ax, pairs)
        ax.scatter(*pairs.T, s=9, color=COLOURS[target], alpha=0.28, linewidth=0, rasterized=True)
        score = scores(*pairs.T)
        ends = np.array([pairs[:, 0].min(), pairs[:, 0].max()])
        ax.axline((0, 0), slope=1, color=COLOURS["paper"], ls="--", lw=0.9, label="1:1")
        line = score["slope"] * ends + score["intercept"]
        ax.plot(ends, line, color=COLOURS["paper"], lw=1.3, label="fitted line")
        words = f"{target} ({FLUX_UNITS})"
        ax.set(xlabel=f"Observed {words}", ylabel=f"Predicted {words}")
        if evaluation:
            ax.set_title(f"{ax.get_title('left')}: {evaluation}")
        box(ax, _score_lines(score))
        ax.legend(loc="lower right")
    return fig


def _score_lines(score):
    sign = "+" if score["intercept"] >= 0 else "−"
    return "\n".join((
        f"n = {score['n']:,}",
        f"R² = {score['r2']:.2f}  (1 − SSE/SST)".replace("-", "−"),
        f"r² = {score['r2_fit']:.2f}  (fitted line)",
        f"RMSE = {score['rmse']:.0f} {FLUX_UNITS}",
        f"y = {score['slope']:.2f} x {sign} {abs(score['intercept']):.0f}",
    ))


@styled
def validation_ladder(table, paper=None):
    """Draw scores under each evaluation, from the easiest to the hardest.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``scheme`` (a key of `soilresp.evaluation.validation.SCHEMES`, or words),
        ``target`` ("SR", "HR"), ``r2`` (1 - SSE/SST) and ``rmse`` (g C m-2
        yr-1). Schemes are drawn in their order of appearance.
    paper : dict of dict, optional
        The paper's own ``r2`` and ``rmse`` by target; drawn as dotted lines.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("scheme", "target", "r2", "rmse"), "validation_ladder")
    schemes = list(dict.fromkeys(table["scheme"]))
    fig = figure(8, 1.7 + 0.36 * len(schemes))
    axes = fig.subplots(1, 2, sharey=True)
    panels = (("r2", "R² = 1 − SSE/SST (–)"), ("rmse", f"RMSE ({FLUX_UNITS})"))
    for ax, (score, label) in zip(axes, panels):
        for target, marker, shift in (("SR", "o", -0.11), ("HR", "^", 0.11)):
            rows = table[table["target"] == target].set_index("scheme")[score].reindex(schemes)
            at = np.arange(len(schemes)) + shift
            ax.plot(rows, at, color=COLOURS[target], lw=0.8, alpha=0.5)
            ax.plot(rows, at, marker, ms=6.5, color=COLOURS[target], label=target)
            if paper and score in paper.get(target, {}):
                ax.axvline(
                    paper[target][score], color=COLOURS[target], ls=":", lw=1.3,
                    label=f"{target}, stated in the paper",
                )
        ax.set_xlabel(label)
        ax.grid(axis="both")
        ax.margins(x=0.08)
    if table["r2"].min() < 0:
        axes[0].axvline(0, color=COLOURS["paper"], lw=0.7)
    name_rows(axes[0], [_scheme_words(s) for s in schemes])
    legend_below(fig, axes[0], ncols=4)
    return fig


def _scheme_words(scheme):
    return SCHEMES.get(scheme, scheme).split(":")[0].capitalize()
