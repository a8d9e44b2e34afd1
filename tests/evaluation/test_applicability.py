"""Dissimilarity, area of applicability, and distance to the nearest site."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from soilresp import plot
from soilresp.errors import DataError
from soilresp.evaluation import applicability
from soilresp.grid.cells import coordinates
from soilresp.plot import style


def test_hand_computed_index():
    """Records at 0, 2 and 6 are 4 apart on average; the second predictor has no weight."""
    x = [[0.0, 5.0], [2.0, -1.0], [6.0, 3.0]]
    found = applicability.dissimilarity(
        x, [[3.0, 99.0], [10.0, 0.0], [2.0, 0.0]], [2.0, -1.0], [0, 1, 0]
    )
    assert found.cells == pytest.approx([1 / 4, 4 / 4, 0])
    # 0 and 6 may only look at 2, and 2 at either of them.
    assert found.records == pytest.approx([2 / 4, 2 / 4, 4 / 4])
    # Quartiles 0.5 and 0.75: an outlier would lie above 1.125.
    assert found.threshold == pytest.approx(1.0)
    assert found.inside.tolist() == [True, True, True]


def test_weights_stretch_the_space():
    """With a third of the weight, a step in a predictor counts a third."""
    x = np.array([[0.0, 0.0], [1.0, 1.0]])
    found = applicability.dissimilarity(x, [[-1.0, 0.0], [0.0, -1.0]], [3.0, 1.0], [0, 1])
    assert found.cells[0] == pytest.approx(3 * found.cells[1])


@given(
    arrays.arrays(float, (12, 3), elements=st.floats(-1e3, 1e3)),
    st.floats(0.1, 10), st.floats(-100, 100),
)
def test_units_do_not_matter(x, factor, shift):
    """Another unit or origin of a predictor leaves the index as it is."""
    x = np.round(x)
    if np.ptp(x, axis=0).min() == 0:
        return
    fold, weights, cells = np.arange(12) % 3, [1.0, 0.5, 0.2], x[:4] + 1.0
    first = applicability.dissimilarity(x, cells, weights, fold)
    again = applicability.dissimilarity(x * factor + shift, cells * factor + shift, weights, fold)
    np.testing.assert_allclose(first.cells, again.cells, rtol=1e-6, atol=1e-9)
    assert (first.cells >= 0).all() and first.threshold <= first.records.max()


def test_cell_like_a_record_has_no_distance():
    """A record's own covariates are inside."""
    x = np.random.default_rng(0).normal(size=(30, 2))
    found = applicability.dissimilarity(x, x, [1.0, 1.0], np.arange(30) % 5)
    assert (found.cells == 0).all() and found.inside.all()


def test_nothing_to_tell_apart_by():
    """Predictors without weight, or records all alike, give no distance."""
    for x, weights in (([[0.0], [1.0]], [-1.0]), ([[1.0], [1.0]], [1.0])):
        with pytest.raises(DataError, match="No predictor has both a weight and a spread"):
            applicability.dissimilarity(x, [[0.0]], weights, [0, 1])


def test_studies_stay_together():
    """A study is in one fold; every fold has some; too few studies are refused."""
    study = np.repeat(np.arange(7), 3)
    fold = applicability.folds_of(study, 3, 0, "SR")
    assert pd.Series(fold).groupby(study).nunique().eq(1).all()
    assert set(fold) == {0, 1, 2}
    np.testing.assert_array_equal(fold, applicability.folds_of(study, 3, 0, "SR"))
    with pytest.raises(DataError, match="7 studies cannot be dealt out to 8 folds"):
        applicability.folds_of(study, 8, 0, "SR")


def test_importance_finds_what_matters():
    """Only the first predictor makes the flux; the forest predicts from it, seeded."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(120, 2))
    y = 500 + 100 * np.sign(x[:, 0])
    growth, predicted = applicability.importance(x, y, np.arange(120) % 4, "SR", 20)
    # Shuffled signs are wrong half of the time, by 200.
    assert growth[0] == pytest.approx(0.5 * 200**2, rel=0.3)
    assert abs(growth[1]) < 0.05 * growth[0]
    assert np.corrcoef(y, predicted)[0, 1] > 0.9
    again, _ = applicability.importance(x, y, np.arange(120) % 4, "SR", 20)
    np.testing.assert_array_equal(growth, again)


def test_distance_over_the_date_line():
    """A degree of the equator is 111.2 km, across 180 degrees as well."""
    km = applicability.site_distance([0.0, 0.0], [179.5, 10.0], [0.0, 0.0], [-179.5, 11.0])
    assert km == pytest.approx([111.2, 111.2], abs=0.1)


@pytest.fixture
def fields():
    """Indices and distances on a coarse globe."""
    axes, rng = coordinates(10), np.random.default_rng(1)
    names = [f"{t}_{end}" for t in ("SR", "HR") for end in ("di", "site_distance")]
    return xr.Dataset({
        n: xr.DataArray(rng.uniform(0, 2, (18, 36)), axes, ("lat", "lon")) for n in names
    })


def test_figures_have_units_and_the_threshold(fields):
    """Four maps with their bars; the error against the index with its threshold."""
    rng = np.random.default_rng(2)
    records = pd.DataFrame({
        "target": ["SR", "HR"] * 40, "flux": rng.uniform(1, 9, 80),
        "predicted": rng.uniform(1, 9, 80), "di": rng.uniform(0, 1, 80),
    })
    with matplotlib.rc_context():
        maps = plot.applicability_maps(fields, {"SR": 0.5, "HR": 0.7})
        lines = plot.error_by_dissimilarity(records, {"SR": 0.5, "HR": 0.7})
        style.use_style()
    labels = [ax.get_xlabel() for ax in maps.axes if ax.get_label() == "<colorbar>"]
    assert labels == ["index / threshold (–); above 1: outside", "distance (km)"] * 2
    for ax in lines.axes:
        assert "g C m⁻² yr⁻¹" in ax.get_ylabel() and "(–)" in ax.get_xlabel()
        assert len(ax.lines[0].get_xdata()) == 6
