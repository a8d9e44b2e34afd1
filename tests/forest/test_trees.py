"""Trees of a forest as flat arrays."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from soilresp.forest import trees as trees_module
from soilresp.forest.distribution import Weights
from soilresp.forest.evaluate import evaluate
from soilresp.forest.rows import Rows
from soilresp.forest.trees import Trees, flatten

X, Y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 4.0, 9.0])


@pytest.fixture(scope="module")
def stump():
    """One tree with one split: 1, 2 and 4 below 2.5, 9 above."""
    return RandomForestRegressor(1, bootstrap=False, max_depth=1, random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def five():
    """Five trees on 60 records of two predictors, with those records and their values."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 2)).astype(np.float32)
    y = np.round(rng.lognormal(6, 0.5, 60), 1)
    return RandomForestRegressor(5, min_samples_leaf=3, random_state=0).fit(x, y), x, y


def test_more_nodes_than_can_be_counted():
    """2^31 nodes of all trees together are too many; one less is only short of thresholds here."""
    def made(*counts):
        trees = [SimpleNamespace(tree_=SimpleNamespace(node_count=n)) for n in counts]
        return SimpleNamespace(n_outputs_=1, criterion="squared_error", estimators_=trees)

    with pytest.raises(ValueError, match="32 bits"):
        flatten(made(2**30, 2**30))
    with pytest.raises(AttributeError, match="threshold"):
        flatten(made(2**30, 2**30 - 1))


def test_a_stump_as_arrays(stump):
    """Root and two leaves: threshold 2.5, means 4, 7/3 and 9, variances 9.5, 14/9 and 0."""
    trees = flatten(stump)
    assert len(trees) == 1 and trees.starts.tolist() == [0, 3]
    assert trees.feature.tolist() == [0, -1, -1] and trees.feature.dtype == np.int16
    assert trees.threshold[0] == 2.5 and trees.threshold.dtype == np.float32
    assert trees.left.tolist() == [1, 0, 0]
    np.testing.assert_allclose(trees.value, [4, 7 / 3, 9])
    # 1 + 4 + 16 + 81 over 4 less 16; 21 over 3 less 49/9
    np.testing.assert_allclose(trees.variance, [9.5, 14 / 9, 0], atol=1e-12)
    assert trees.n_features == 1


def test_thresholds_are_rounded_down(five):
    """No single-precision threshold exceeds the double one, and the next one up does."""
    forest, x, y = five
    halves = RandomForestRegressor(5, random_state=0).fit(x, y)
    for one in (forest, halves):
        trees = flatten(one)
        got, own = [], []
        for t, estimator in enumerate(one.estimators_):
            tree, part = estimator.tree_, trees.part(t, t + 1)
            own.append(np.sort(tree.threshold[tree.children_left >= 0]))
            got.append(np.sort(part.threshold[part.feature >= 0]))
        got, own = np.concatenate(got), np.concatenate(own)
        assert (got <= own).all() and (np.nextafter(got, np.float32(np.inf)) > own).all()
        # Some have been rounded in each direction, or there were nothing to see.
        assert (own.astype(np.float32) > own).any() and (own.astype(np.float32) < own).any()


def test_children_stand_side_by_side(five):
    """Left and right children of each tree, next to one another, hold what their parent holds."""
    forest, x, _ = five
    trees = flatten(forest)
    assert len(trees) == 5 and trees.starts.size == 6
    for t in range(5):
        part = trees.part(t, t + 1)
        assert len(part) == 1 and part.starts.tolist() == [0, part.feature.size]
        node = np.zeros(len(x), int)
        while (part.feature[node] >= 0).any():
            inner = part.feature[node] >= 0
            right = x[np.arange(len(x)), part.feature[node]] > part.threshold[node]
            node = np.where(inner, part.left[node] + right, node)
        np.testing.assert_array_equal(part.value[node], forest.estimators_[t].predict(x))


def most(trees):
    """Largest number of distinct thresholds of a predictor."""
    return max(np.unique(trees.threshold[trees.feature == k]).size for k in range(2))


def test_groups_keep_to_the_limit(monkeypatch, five):
    """Exactly as many thresholds as allowed are one group; one more is cut in 2 and 3 trees."""
    assert np.iinfo(np.uint16).max == trees_module._MOST_THRESHOLDS
    trees = flatten(five[0])
    monkeypatch.setattr(trees_module, "_MOST_THRESHOLDS", most(trees))
    (whole, thresholds), = trees.groups()
    assert whole is trees
    for k in (0, 1):
        np.testing.assert_array_equal(
            thresholds[k], np.unique(trees.threshold[trees.feature == k])
        )
    monkeypatch.setattr(trees_module, "_MOST_THRESHOLDS", most(trees) - 1)
    groups = [part for part, _ in trees.groups()]
    assert [len(part) for part in groups] == [2, 3]
    np.testing.assert_array_equal(np.concatenate([p.value for p in groups]), trees.value)


def test_a_single_tree_is_never_cut(monkeypatch, five):
    """With no threshold allowed there is a group to each tree, and the moments are the same."""
    forest, x, y = five
    expected = evaluate(forest, x)
    weights = Weights(y, len(x))
    weights.add(forest, x, y, x)
    monkeypatch.setattr(trees_module, "_MOST_THRESHOLDS", 0)
    assert [len(part) for part, _ in flatten(forest).groups()] == [1] * 5
    for got, wanted in zip(evaluate(forest, x), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
    cut = Weights(y, len(x))
    cut.add(forest, x, y, x)
    np.testing.assert_array_equal(cut.units, weights.units)


def test_ranks_of_a_stump(stump):
    """Values up to 2.5 have no threshold below them; leaves carry their own place."""
    trees = flatten(stump)
    (_, thresholds), = trees.groups()
    assert [t.tolist() for t in thresholds] == [[2.5]]
    rows = Rows([[2.0], [2.5], [2.6], [9.0]])
    table, nodes = trees.ranked(thresholds, rows)
    assert table.tolist() == [0, 0, 1, 1] and table.dtype == np.uint16
    feature, rank, child = nodes & 0xFFFF, (nodes >> 16) & 0xFFFF, nodes >> 32
    # A leaf has the number of predictors for its feature.
    assert feature.tolist() == [0, 1, 1]
    assert rank.tolist() == [0, 0, 0] and child.tolist() == [1, 1, 2]


def test_ranks_with_members(stump):
    """With members a leaf carries where they begin, and how many they are."""
    trees = flatten(stump)
    (_, thresholds), = trees.groups()
    start = np.array([10, 10, 13, 14], np.uint64)
    _, nodes = trees.ranked(thresholds, Rows(X), start)
    feature, rank, child = nodes & 0xFFFF, (nodes >> 16) & 0xFFFF, nodes >> 32
    assert feature.tolist() == [0, 1, 1]
    assert rank.tolist() == [0, 3, 1] and child.tolist() == [1, 10, 13]


def test_arrays_restore_the_trees(five):
    """All that evaluation takes comes back, and the moments and weights are the same bytes."""
    forest, x, y = five
    trees = flatten(forest, len(x))
    again = Trees.from_arrays(trees.to_arrays(), 2)
    for name in ("starts", "feature", "left", "in_bag"):
        np.testing.assert_array_equal(getattr(again, name), getattr(trees, name))
    assert again.left.dtype == trees.left.dtype
    inner = trees.feature >= 0
    np.testing.assert_array_equal(again.threshold[inner], trees.threshold[inner])
    np.testing.assert_array_equal(again.value[~inner], trees.value[~inner])
    assert trees.in_bag.sum() == 5 * len(x)
    weights, expected = Weights(y, len(x)), Weights(y, len(x))
    weights.add(again, x, y, x)
    expected.add(forest, x, y, x)
    np.testing.assert_array_equal(weights.units, expected.units)
    for got, wanted in zip(evaluate(again, x), evaluate(forest, x), strict=True):
        assert got.tobytes() == wanted.tobytes()
    assert len(again.part(1, 3).in_bag) == 2
