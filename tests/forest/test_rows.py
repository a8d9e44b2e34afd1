"""Rows in an order in which neighbours are alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.forest import kernel
from soilresp.forest.rows import Rows


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 700), p=st.integers(1, 4), seed=st.integers(0, 99), ties=st.booleans())
def test_order_of_rows(n, p, seed, ties):
    """The order is a permutation, repeats, and does not tell on what is put back."""
    x = np.random.default_rng(seed).normal(size=(n, p))
    x = np.round(x) if ties else x
    rows = Rows(x)
    assert sorted(rows.order) == list(range(n))
    np.testing.assert_array_equal(rows.order, Rows(x).order)
    ordered = np.empty(rows.n_blocks * kernel.BLOCK)
    ordered[:n] = rows.x[rows.order, 0]
    np.testing.assert_array_equal(rows.restore(ordered.reshape(-1, kernel.BLOCK)), rows.x[:, 0])


def test_neighbours_are_alike():
    """A block of ordered rows spans a small part of the range, where a random one spans all."""
    x = np.random.default_rng(0).uniform(size=(64 * 256, 2)).astype(np.float32)
    rows = Rows(x)
    blocks = rows.x[rows.order].reshape(256, 64, 2)
    # 256 blocks in two dimensions: 16 along each.
    assert np.ptp(blocks, axis=1).max() < 1 / 8


@pytest.mark.parametrize(("value", "told"), [
    (np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf"), (1e39, "inf"), (-1e39, "-inf"),
])
@pytest.mark.filterwarnings("ignore:overflow")
def test_the_first_value_that_is_not_finite(value, told):
    """The row and the predictor are named, of values beyond single precision as well."""
    table = np.zeros((4, 3))
    table[2, 1] = table[3, 0] = value
    words = f"must be finite: row 2 has {told} for predictor 1"
    with pytest.raises(ValueError, match=f"^rows {words}$"):
        Rows(table)
    with pytest.raises(ValueError, match=f"^like {words}$"):
        Rows(np.zeros((2, 3)), like=table)
    Rows(np.full((2, 2), 3e38))


@pytest.mark.parametrize(("n", "blocks"), [(1, 1), (63, 1), (64, 1), (65, 2), (128, 2), (129, 3)])
def test_blocks_of_64(n, blocks):
    """A row more than full blocks begins another one, filled up with the last row."""
    x = np.random.default_rng(n).permutation(3 * n).reshape(n, 3) / 7
    rows = Rows(x)
    assert len(rows) == n and rows.n_blocks == blocks == len(rows.bounds)
    assert rows.x.dtype == np.float32 and rows.index.shape == (blocks, 3, 64)
    # Places lead to the distinct values of each predictor, one predictor after the other.
    values = np.concatenate(rows.distinct)[rows.index]
    flat = values.transpose(0, 2, 1).reshape(-1, 3)
    np.testing.assert_array_equal(flat[:n], rows.x[rows.order])
    np.testing.assert_array_equal(flat[n:], np.tile(rows.x[rows.order[-1]], (64 * blocks - n, 1)))
    np.testing.assert_array_equal(rows.bounds[:, :, 0], rows.index.min(axis=2))
    np.testing.assert_array_equal(rows.bounds[:, :, 1], rows.index.max(axis=2))


def test_distinct_values_and_their_places():
    """Predictor 0 has 1 and 2 at 0 and 1, predictor 1 has 5 at 2, predictor 2 has 3 to 7 on."""
    rows = Rows([[2, 5, 7], [1, 5, 3], [2, 5, 4]])
    assert [v.tolist() for v in rows.distinct] == [[1, 2], [5], [3, 4, 7]]
    assert rows.order.tolist() == [0, 1, 2]
    assert rows.index[0, :, :3].tolist() == [[1, 0, 1], [2, 2, 2], [5, 3, 4]]
    assert rows.index[0, :, 3:].tolist() == [[1] * 61, [2] * 61, [4] * 61]
    assert rows.bounds[0].tolist() == [[0, 1], [2, 2], [3, 5]]


@pytest.mark.parametrize("along", [0, 1])
def test_likeness_goes_by_the_records(along):
    """Where records do not vary along a predictor near the rows, it does not order them."""
    rng = np.random.default_rng(0)
    x = np.stack([rng.permutation(128), rng.permutation(128)], axis=1).astype(float)
    like = np.stack([np.arange(128.0), np.arange(128.0)], axis=1)
    like[:, 1 - along] += 1000
    rows = Rows(x, like=like)
    first = np.sort(x[rows.order[:64], along])
    np.testing.assert_array_equal(first, np.arange(64))


def test_rank_scales_go_by_the_middle_of_ties():
    """A predictor with a wide gap of ranks is split before one with a narrow gap."""
    # Along the first predictor the rows' values lie at ranks 1/4 and 3/4 of the records,
    # along the second at 1/8 and 7/8: the second is the wider one.
    side = np.arange(128) % 2
    x = np.stack([side[::-1], np.arange(128) // 64], axis=1).astype(float)
    like = np.array([[0, 0], [0, 0.5], [1, 0.5], [1, 1]], float)
    rows = Rows(x, like=like)
    np.testing.assert_array_equal(np.sort(x[rows.order[:64], 1]), np.zeros(64))
    rows = Rows(x[:, ::-1], like=like)
    np.testing.assert_array_equal(np.sort(x[rows.order[:64], 0]), np.zeros(64))
