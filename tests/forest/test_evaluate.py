"""The evaluator of forests against scikit-learn, and its compiled parts against plain ones."""

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from soilresp.forest.evaluate import evaluate, over_blocks
from soilresp.forest.rows import Rows
from soilresp.forest.trees import flatten

# The package gives its function the name of the module.
module = importlib.import_module("soilresp.forest.evaluate")


def moments_by_hand(forest, rows):
    """Mean and mean square from scikit-learn's own leaves."""
    rows = np.asarray(rows, np.float32)
    mean, square = np.zeros(len(rows)), np.zeros(len(rows))
    for estimator in forest.estimators_:
        leaf = estimator.apply(rows)
        value = estimator.tree_.value[leaf, 0, 0]
        mean += value
        square += value**2 + estimator.tree_.impurity[leaf]
    return mean / len(forest.estimators_), square / len(forest.estimators_)


def agree(forest, rows, **options):
    """Check the moments of a forest at some rows."""
    mean, square = evaluate(forest, rows, **options)
    np.testing.assert_allclose(mean, forest.predict(np.asarray(rows)), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(square, moments_by_hand(forest, rows)[1], rtol=1e-6, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6), n=st.integers(1, 80), p=st.integers(1, 12),
    n_trees=st.integers(1, 40), leaf=st.integers(1, 30), n_rows=st.integers(1, 300),
    ties=st.booleans(), constant=st.booleans(),
)
def test_moments_are_scikit_learns(seed, n, p, n_trees, leaf, n_rows, ties, constant):
    """Whatever the forest and the rows: ties at thresholds, constant and repeated columns."""
    rng = np.random.default_rng(seed)
    x, rows = rng.normal(size=(n, p)), rng.normal(size=(n_rows, p))
    if ties:
        # Thresholds lie at the halves between whole numbers: rows meet them exactly.
        x, rows = np.round(2 * x), np.round(4 * rows) / 2
    if constant:
        x[:, 0] = 3
    y = rng.lognormal(6, 0.7, n)
    forest = RandomForestRegressor(n_trees, min_samples_leaf=leaf, random_state=seed).fit(x, y)
    agree(forest, np.concatenate([rows, x]))


@pytest.mark.parametrize("n_rows", [1, 63, 64, 65, 513, 20_000])
def test_number_of_rows(n_rows):
    """Blocks that are not full, one block, and more than one reach of blocks."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    forest = RandomForestRegressor(35, random_state=0).fit(x, np.exp(x[:, 0]))
    agree(forest, rng.normal(size=(n_rows, 4)))


def test_every_way_to_compute_gives_the_same_bytes():
    """Threads and a flattened forest."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 5))
    forest = RandomForestRegressor(40, random_state=1).fit(x, rng.lognormal(6, 1, 400))
    rows = Rows(rng.normal(size=(40_000, 5)), like=x)
    expected = evaluate(forest, rows)
    for found, wanted in (
        (evaluate(forest, rows, n_threads=3), expected),
        (evaluate(flatten(forest), rows), expected),
    ):
        assert [f.tobytes() for f in found] == [w.tobytes() for w in wanted]


@pytest.mark.parametrize("offset", [0.0, 1e4, -1e4])
def test_far_from_zero(offset):
    """Values far from zero lose no digits of their spread."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 3))
    y = x[:, 0] + rng.normal(0, 0.3, 200)
    forest = RandomForestRegressor(30, min_samples_leaf=5, random_state=0).fit(x, y + offset)
    mean, square = evaluate(forest, x)
    wanted, wanted_square = moments_by_hand(forest, x)
    np.testing.assert_allclose(mean, forest.predict(x), rtol=0, atol=2e-6)
    # Single precision holds the distances from one of the leaves: seven digits of their
    # square, which may be a hundred times the variance.
    spread = np.sqrt(wanted_square - wanted**2)
    np.testing.assert_allclose(np.sqrt(square - mean**2), spread, rtol=1e-4)


def test_thresholds_between_single_precision_numbers():
    """A row at the float32 number next to a threshold goes the way it goes in scikit-learn."""
    low = np.float32(1.0)
    high = np.nextafter(low, np.float32(2))
    x = np.array([[low], [high]], np.float32)
    forest = RandomForestRegressor(3, bootstrap=False, random_state=0).fit(x, [1.0, 2.0])
    around = [np.nextafter(low, np.float32(0)), low, high, np.nextafter(high, np.float32(2))]
    mean, _ = evaluate(forest, np.array(around, np.float32)[:, None])
    np.testing.assert_array_equal(mean, forest.predict(np.array(around, np.float32)[:, None]))


def test_other_ensembles():
    """Any scikit-learn ensemble of regression trees will do, without bootstrap as well."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(100, 3))
    agree(ExtraTreesRegressor(9, random_state=0).fit(x, np.exp(x[:, 1])), x)
    agree(RandomForestRegressor(5, max_leaf_nodes=7, random_state=0).fit(x, np.exp(x[:, 1])), x)


def test_what_cannot_be_evaluated_is_refused():
    """Missing values, other predictors, several outputs and other criteria are errors."""
    x = np.arange(20.0).reshape(10, 2)
    forest = RandomForestRegressor(2, random_state=0).fit(x, x[:, 0])
    absolute = RandomForestRegressor(2, criterion="absolute_error").fit(x, x[:, 0])
    for call, word in (
        (lambda: evaluate(forest, [[0, 0], [np.nan, 0]]), "row 1"),
        (lambda: evaluate(forest, np.zeros((4, 3))), "2 predictors.* 3"),
        (lambda: Rows(np.zeros((0, 2))), "one row"),
        (lambda: Rows(x, like=x[:, :1]), "2 predictors.* 1"),
        (lambda: evaluate(RandomForestRegressor(2).fit(x, x), x), "got 2"),
        (lambda: evaluate(absolute, x), "'absolute_error'"),
    ):
        with pytest.raises(ValueError, match=word):
            call()


@pytest.mark.parametrize(("n_threads", "cpus", "calls"), [
    (1, 8, [(0, 600)]), (-1, 1, [(0, 600)]), (-1, None, [(0, 600)]),
    (2, 8, [(0, 256), (256, 512), (512, 600)]), (-1, 3, [(0, 256), (256, 512), (512, 600)]),
])
def test_stretches_of_blocks(monkeypatch, n_threads, cpus, calls):
    """One thread takes all at once, several take 256 blocks each; -1 is as many as processors."""
    monkeypatch.setattr(module.os, "cpu_count", lambda: cpus)
    got = []
    over_blocks(lambda first, last: got.append((first, last)), 600, n_threads)
    assert sorted(got) == calls


def test_moments_on_both_sides_of_a_threshold():
    """Up to 2.5 the mean is 7/3 and the mean square 7; above it 9 and 81."""
    x, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 2.0, 4.0, 9.0]
    stump = RandomForestRegressor(1, bootstrap=False, max_depth=1, random_state=0).fit(x, y)
    at = [[2.4999], [2.5], [2.5001], [-1e30], [1e30]]
    mean, square = evaluate(stump, at)
    np.testing.assert_allclose(mean, [7 / 3, 7 / 3, 9, 7 / 3, 9], rtol=1e-6)
    np.testing.assert_allclose(square, [7, 7, 81, 7, 81], rtol=1e-6)
