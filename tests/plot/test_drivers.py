"""Figures on drivers, other models and twins."""

import numpy as np
import pandas as pd
import pytest

from soilresp import plot
from soilresp.errors import DataError
from soilresp.evaluation.twins import VARIANTS


def importance_table():
    """Two predictors alone and together, two folds, both schemes, both fluxes."""
    rows = [
        {"target": t, "scheme": s, "kind": kind, "feature": f, "fold": fold, "repeat": 0,
         "increase": 10.0 * fold + len(f)}
        for t in ("SR", "HR") for s in ("random_cv", "study_cv") for fold in (0, 1)
        for kind, f in (("single", "MAT"), ("single", "Prec"), ("group", "MAT + Prec + LAI"))
    ]
    return pd.DataFrame(rows)


def test_importance_has_a_dot_for_each_mean():
    """MAT: 3 and 13 over the folds, so 8, in either flux and scheme."""
    fig = plot.importance_dots(importance_table())
    assert len(fig.axes) == 4
    ax = fig.axes[0]
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels == ["MAT", "Prec"]
    dots = [list(line.get_xdata()) for line in ax.lines if line.get_marker() in "oD"]
    assert dots == [[8, 9], [8, 9]]
    assert fig.axes[2].get_yticklabels()[0].get_text() == "MAT + Prec +\nLAI"


def test_ranks_are_shares_of_repetitions():
    """Two draws of three have MAT first: 67 and 33."""
    rows = [
        {"target": "SR", "case": "other studies", "draw": d, "feature": f, "rank": r}
        for d, order in enumerate((("MAT", "Prec"), ("MAT", "Prec"), ("Prec", "MAT")))
        for r, f in enumerate(order, 1)
    ]
    fig = plot.rank_shares(pd.DataFrame(rows))
    words = [text.get_text() for text in fig.axes[0].texts]
    assert words == ["67", "33", "33", "67"]


def test_dependence_has_a_panel_for_each_predictor():
    """One visible panel with its unit, the curves of single records and the mean."""
    grid = np.linspace(0, 20, 5)
    curves = pd.DataFrame(
        {"feature": "MAT", "value": grid, "flux": grid, "q10": grid - 1, "q90": grid + 1}
    )
    single = pd.DataFrame({"feature": "MAT", "value": np.tile(grid, 2),
                           "curve": np.repeat([0, 1], 5), "flux": np.tile(grid, 2)})
    values = pd.DataFrame({"MAT": [1.0, 5.0, 12.0]})
    fig = plot.dependence_curves(curves, single, values, "SR")
    shown = [ax for ax in fig.axes if ax.get_visible()]
    assert [ax.get_xlabel() for ax in shown] == ["MAT (°C)"]
    assert len(shown[0].lines) == 3


def test_gains_show_single_changes_and_the_way():
    """Single changes in the order of the choices, and one line for the chosen step."""
    rows = [
        {"target": t, "phase": phase, "alternative": name, "step": step, "gain": 1.0,
         "gain_se": 0.1}
        for t in ("SR", "HR")
        for phase, name, step in (
            ("search", "paper", 0), ("search", "records=site_year", np.nan),
            ("search", "weights=record", 1), ("search", "scale=log weights=record", np.nan),
            ("confirm", "paper", 0), ("confirm", "weights=record", 1),
        )
    ]
    fig = plot.alternative_gains(pd.DataFrame(rows))
    words = [text.get_text() for text in fig.axes[0].get_yticklabels()]
    assert words == ["logarithm of the flux", "every record alike",
                     "records of one study, cell and year averaged", "way to the best, choice 1"]


def test_twin_errors_show_every_experiment():
    """All dots and one diamond, the mean, for each variant and flux."""
    rows = [
        {"variant": v, "target": t, "seed": s, "error": float(s)}
        for v in VARIANTS for t in ("SR", "HR") for s in range(3)
    ]
    fig = plot.twin_errors(pd.DataFrame(rows))
    for ax in fig.axes:
        assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"] == (
            [1.0] * len(VARIANTS)
        )


def test_bands_show_map_minus_truth():
    """A band with 2 mapped and 3 true is at -1."""
    rows = [
        {"variant": v, "target": t, "band": 0, "truth": 3.0, "mean": 2.0, "sd": 0.1}
        for v in ("exact", "scatter", "even") for t in ("SR", "HR")
    ]
    fig = plot.twin_bands(pd.DataFrame(rows))
    dots = [line for line in fig.axes[0].lines if line.get_marker() in "so^"]
    assert [line.get_xdata()[0] for line in dots] == [-1.0] * 3


@pytest.mark.parametrize(
    "draw", [plot.importance_dots, plot.rank_shares, plot.alternative_gains, plot.twin_errors,
             plot.twin_bands], ids=lambda f: f.__name__,
)
def test_a_table_without_its_columns_is_refused(draw):
    """The message names the figure and what it needs."""
    with pytest.raises(DataError, match=f"The table for {draw.__name__} has no column"):
        draw(pd.DataFrame({"x": [1]}))
