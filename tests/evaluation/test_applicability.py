"""Dissimilarity and area of applicability."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from soilresp.errors import DataError
from soilresp.evaluation.applicability import (
    area_of_applicability,
    dissimilarity,
    permutation_growth,
)


def test_index_by_hand():
    """Records at 0, 2 and 6 are 4 apart on average; the second predictor has no weight."""
    x = [[0.0, 5.0], [2.0, -1.0], [6.0, 3.0]]
    found = dissimilarity(x, [[3.0, 99.0], [10.0, 0.0], [2.0, 0.0]], [2.0, -1.0], [0, 1, 0])
    assert found.cells == pytest.approx([1 / 4, 4 / 4, 0])
    # 0 and 6 are compared with 2 only, and 2 with both.
    assert found.records == pytest.approx([2 / 4, 2 / 4, 4 / 4])
    # Quartiles 0.5 and 0.75: an outlier would lie above 1.125.
    assert found.threshold == pytest.approx(1.0) and found.inside.tolist() == [True] * 3


def test_weights_scale_the_distance():
    """With a third of the weight, a step in a predictor counts a third."""
    x = np.array([[0.0, 0.0], [1.0, 1.0]])
    found = dissimilarity(x, [[-1.0, 0.0], [0.0, -1.0]], [3.0, 1.0], [0, 1])
    assert found.cells[0] == pytest.approx(3 * found.cells[1])


@given(
    arrays.arrays(float, (12, 3), elements=st.integers(-1000, 1000))
    .filter(lambda x: np.ptp(x, axis=0).min() > 0), st.floats(0.1, 10), st.floats(-100, 100),
)
def test_units_do_not_matter(x, factor, shift):
    """Another unit or origin leaves the index as it is; a cell like a record has no distance."""
    fold, weights, cells = np.arange(12) % 3, [1.0, 0.5, 0.2], np.vstack([x[:1], x[:4] + 1.0])
    first = dissimilarity(x, cells, weights, fold)
    again = dissimilarity(x * factor + shift, cells * factor + shift, weights, fold)
    np.testing.assert_allclose(first.cells, again.cells, rtol=1e-6, atol=1e-9)
    assert first.cells[0] == 0 and (first.cells >= 0).all()
    assert first.threshold <= first.records.max()


@pytest.mark.parametrize(("x", "weights"), [([[0.0], [1.0]], [-1.0]), ([[1.0], [1.0]], [1.0])])
def test_no_distance_is_refused(x, weights):
    """Predictors without weight, or records all alike, give no distance."""
    with pytest.raises(DataError, match="weight"):
        dissimilarity(x, [[0.0]], weights, [0, 1])


@pytest.fixture
def world():
    """120 records of 24 studies; only the first predictor decides the flux."""
    x = pd.DataFrame(np.random.default_rng(3).normal(size=(120, 2)), columns=["MAT", "Prec"])
    return x, pd.DataFrame({"flux": 500 + 100 * np.sign(x["MAT"]), "study": np.arange(120) // 5})


def test_growth_by_permutation(world):
    """Permuted signs are wrong half of the time, by 200; the other predictor does not matter."""
    x, records = world
    growth, predicted = permutation_growth(x, records["flux"], np.arange(120) % 4, "SR", 20)
    assert growth[0] == pytest.approx(0.5 * 200**2, rel=0.3)
    assert abs(growth[1]) < 0.05 * growth[0]
    assert np.corrcoef(records["flux"], predicted)[0, 1] > 0.9


def test_area_of_applicability(world):
    """Studies stay in one fold; a far cell is outside; all count alike where nothing helps."""
    x, records = world
    cells = np.array([[0.0, 0.0], [50.0, 0.0]])
    found = area_of_applicability(records, x, cells, n_trees=10, n_folds=4)
    assert pd.Series(found.fold).groupby(records["study"]).nunique().max() == 1
    assert set(found.fold) == {0, 1, 2, 3} and found.inside.tolist() == [True, False]
    assert found.weights[0] > 0 and found.predicted.shape == (120,)
    level = area_of_applicability(records.assign(flux=500.0), x, cells, n_trees=5, n_folds=4)
    alike = dissimilarity(x, cells, [1.0, 1.0], level.fold)
    np.testing.assert_array_equal(level.cells, alike.cells)


def test_bad_input_is_refused(world):
    """The message names the column, or the number of studies."""
    x, records = world
    for wrong in (x.assign(MAT=np.nan), x.iloc[1:]):
        with pytest.raises(DataError, match="MAT|119"):
            area_of_applicability(records, wrong, x)
    with pytest.raises(DataError, match="study"):
        area_of_applicability(records[["flux"]], x, x)
    with pytest.raises(DataError, match="24"):
        area_of_applicability(records, x, x, n_folds=25)
