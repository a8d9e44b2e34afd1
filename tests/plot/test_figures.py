"""All figures: their panels, units and labels, and the values that they show."""

import warnings

import made_figures as made
import matplotlib
import numpy as np
import pandas as pd
import pytest

from soilresp import plot
from soilresp.errors import DataError
from soilresp.plot import style

LABEL = "Twin experiment: synthetic observations, known truth"


@pytest.fixture(autouse=True)
def own_look():
    """Leave the session's settings and label as they were."""
    with matplotlib.rc_context():
        yield
        style.use_style()


def panels(fig):
    """Return the visible axes that are no colour bar."""
    return [ax for ax in fig.axes if ax.get_label() != "<colorbar>"]


def words(fig):
    """Return all text of a figure, drawn with every warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fig.canvas.draw()
    return [t.get_text() for t in fig.findobj(matplotlib.text.Text) if t.get_text()]


def rows(ax):
    """Return the names of a panel's rows."""
    return [t.get_text() for t in ax.get_yticklabels()]


def values(ax, markers):
    """Return the first x of each line of points with one of the markers."""
    return [line.get_xdata()[0] for line in ax.lines if line.get_marker() in markers]


def test_every_figure_is_drawn():
    """No public function escapes the test below."""
    assert set(plot.__all__) - {"use_style", "scorecard_figures"} == set(made.FIGURES)
    assert set(plot.__all__) <= set(dir(plot))
    with pytest.raises(AttributeError, match="no_such_figure"):
        plot.no_such_figure  # noqa: B018


# Axes that only name predictors or models have no units to give.
WITHOUT_UNITS = {"search_ranking": 2, "correlation_matrix": 1}


@pytest.mark.parametrize("name", made.FIGURES)
def test_figure(name):
    """Each figure has its panels, units on its axes, and the label in sight and in its words."""
    style.use_style(LABEL)
    make, n_panels = made.FIGURES[name]
    fig = make()
    assert LABEL in words(fig) and LABEL in repr(fig)
    assert len(panels(fig)) == n_panels
    bars = [ax for ax in fig.axes if ax.get_label() == "<colorbar>" and ax.get_xlabel().strip()]
    plain = [ax for ax in panels(fig)
             if ax.name == "rectilinear" and ax.axison and ax.get_visible()]
    inner = [ax for ax in plain if ax.get_subplotspec().is_last_row() or ax.get_xlabel()]
    with_units = [ax for ax in (*bars, *inner) if "(" in ax.get_xlabel() + ax.get_ylabel()]
    assert len(with_units) == len(bars) + len(inner) - WITHOUT_UNITS.get(name, 0)


@pytest.mark.parametrize("draw", [
    plot.importance_dots, plot.rank_shares, plot.alternative_gains, plot.twin_errors,
    plot.twin_bands, plot.strata_shares, plot.funnel_bars, plot.convergence_curves,
])
@pytest.mark.parametrize("table", [pd.DataFrame({"x": [1]}), pd.DataFrame()])
def test_other_tables_are_refused(draw, table):
    """The message names the figure."""
    with pytest.raises(DataError, match=draw.__name__):
        draw(table)


def test_empty_tables_become_words():
    """Where a recipe has no years there is nothing to compare, and no trend."""
    empty = pd.DataFrame(columns=["predictors", "scheme", "rmse"])
    assert any("No predictor" in text for text in words(plot.leakage_dots(empty)))
    assert any("climatology" in text for text in words(plot.trend_bands(pd.DataFrame())))


# ---------------------------------------------------------------- values


def test_flux_maps_name_their_totals():
    """Each panel has its flux and total as title, side by side or one above the other."""
    titles = ["SR: 80.0 Pg C yr⁻¹", "HR: 50.0 Pg C yr⁻¹", "AR: 30.0 Pg C yr⁻¹"]
    for stacked in (False, True):
        fig = plot.flux_maps(made.fluxes(), made.TOTALS, stacked)
        words(fig)
        assert [ax.get_title("left") for ax in panels(fig)] == titles
        boxes = [ax.get_position() for ax in panels(fig)]
        assert (boxes[0].y0 > boxes[1].y0 > boxes[2].y0) == stacked


def test_observed_predicted_scores():
    """Predictions that are all 10 too high have r2 = 1 and R2 = 1 - 400 / 500."""
    observed = np.array([100.0, 110, 120, 130])
    one = pd.DataFrame({"observed": observed, "predicted": observed + 10})
    table = pd.concat([one.assign(target="SR"), one.assign(target="HR")])
    text = "\n".join(words(plot.observed_predicted(table)))
    for part in ("R² = 0.20", "r² = 1.00", "RMSE = 10 g", "y = 1.00 x + 10"):
        assert part in text


def test_funnel_leaves_out_the_whole_data_base():
    """The first row, the same for both targets, becomes part of the label; alone it is drawn."""
    fig = plot.funnel_bars(made.FUNNEL)
    assert [len(ax.patches) for ax in fig.axes] == [2, 2] and "of 100" in fig.axes[1].get_xlabel()
    fig = plot.funnel_bars(pd.DataFrame({"rule": ["Synthetic"], "SR": [50], "HR": [50]}))
    assert len(fig.axes[0].patches) == 1


def test_search_figures_keep_the_papers_choice():
    """It is shown with its rank though others are better; sets are counted in the legend."""
    fig = plot.search_ranking(made.ranking(), n=2)
    assert rows(fig.axes[0]) == ["1", "2", "paper, 3"]
    fig = plot.subset_errors(made.subsets())
    legend = [t.get_text() for t in fig.axes[0].get_legend().get_texts()]
    numbers = [text.rsplit("(", 1)[1] for text in legend[1:]]
    assert numbers == ["63)", "19)", "2)", "7)"]
    # Four forests halve the noise of one: the band is twice 2 x 1 wide.
    assert fig.axes[0].patches[0].get_height() == 4


def test_missing_values_are_named():
    """An absent predictor, and models with bounds only or without any output."""
    texts = words(plot.covariate_maps(made.cube()))
    assert texts.count("not in this recipe") == 1
    texts = words(plot.flux_bars(made.totals()))
    assert "66.7–75.2" in texts and "54.0" in texts and texts.count("not given") == 2 * 4 - 2
    fig = plot.pool_bars(made.pools().iloc[:0])
    assert all(any("no available model" in t.get_text() for t in ax.texts) for ax in fig.axes)


def test_absent_models_are_grey():
    """Names of models without output are grey, others black."""
    table = pd.DataFrame({"model": ["A", "B"], "quantity": "SR", "value": [80.0, np.nan],
                          "provenance": "stated", "available": [True, False]})
    colours = [t.get_color() for t in plot.flux_bars(table).axes[0].get_yticklabels()]
    assert colours[0] == "black" and colours[1] != "black"


def test_flux_bars_refuse_two_values():
    """The same model from two sources needs two groups."""
    table = made.totals()
    twice = pd.concat([table, table[table["model"] == "B"]])
    with pytest.raises(DataError, match="SR for 'B'"):
        plot.flux_bars(twice)
    grouped = pd.concat([table.assign(group="one"), table.assign(group="two")])
    assert "One" in rows(plot.flux_bars(grouped).axes[0])


def test_importance_and_ranks():
    """Dots are means over folds, 3 and 13 being 8; two draws of three with MAT first are 67 %."""
    fig = plot.importance_dots(made.importance())
    assert rows(fig.axes[0]) == ["Prec", "MAT"]
    dots = [list(line.get_xdata()) for line in fig.axes[0].lines if line.get_marker() in "oD"]
    assert dots == [[9, 8], [9, 8]]
    fig = plot.rank_shares(made.ranks())
    assert [text.get_text() for text in fig.axes[0].texts] == ["67", "33", "33", "67"]


def test_twin_errors():
    """The mean of errors 0, 1 and 2 for each variant; a band with 2 mapped and 3 true is at -1."""
    for ax in made.FIGURES["twin_errors"][0]().axes:
        assert set(values(ax, "D")) == {1.0}
    assert values(made.FIGURES["twin_bands"][0]().axes[0], "so^") == [-1.0] * 3


def test_cell_distributions():
    """400 and 4000 by 0.75 and 0.25 are 1300 ± 1559."""
    text = words(plot.cell_distributions(made.weights(), made.CELLS))
    assert "SR: 1,300 ± 1,559, CV 120 %" in text
    assert any("40.00° S" in t for t in text)


def test_figures_of_a_scorecard():
    """The band of 400 ± 600 stops at 0; r = 0.5 is 60 degrees; totals fall from the top."""
    (ax,) = plot.score_profiles(made.score_profiles(), "Model A").axes
    band = ax.collections[0].get_paths()[0].vertices[:, 0]
    assert (band.min(), band.max()) == (0, 1000)
    fig = plot.taylor_diagram(made.SCORES, "A")
    (point,) = (line for line in fig.axes[0].lines if line.get_marker() == "s")
    np.testing.assert_allclose(np.column_stack(point.get_data()), [[np.pi / 3, 1.5]])
    assert "1  A" in words(fig) and "B" not in words(fig)
    (ax,) = plot.model_totals(made.KNOWN, {"HR": 52.0}, "A").axes
    assert rows(ax) == ["A", "B"]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"] == [52.0]
    with_z = made.fluxes().assign(HR_z=made.world())
    for fields, n in ((made.fluxes(), 3), (with_z, 4)):
        fig = plot.score_maps(fields, "HR")
        assert sum(ax.get_visible() for ax in panels(fig)) == n
