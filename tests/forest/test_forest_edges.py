"""Forests at their limits: units, bins, levels, blocks, groups of trees, and what is refused."""

import importlib
import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor

from soilresp.forest import rows as rows_module
from soilresp.forest import trees as trees_module
from soilresp.forest.distribution import (
    Weights,
    distribution,
    median_absolute_deviation,
    moments,
    quantiles,
)
from soilresp.forest.evaluate import checked_rows, evaluate, over_blocks
from soilresp.forest.kernel import BLOCK, REACH
from soilresp.forest.rows import Rows
from soilresp.forest.trees import flatten

# The package gives its functions the names of these modules.
module = importlib.import_module("soilresp.forest.distribution")
evaluation = importlib.import_module("soilresp.forest.evaluate")

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


def exactly(words):
    """The whole of an error text as a pattern."""
    return f"^{re.escape(words)}$"


# ---------------------------------------------------------------- threads


@pytest.mark.parametrize(("n_threads", "cpus", "calls"), [
    (1, 8, [(0, 600)]), (-1, 1, [(0, 600)]), (-1, None, [(0, 600)]),
    (2, 8, [(0, 256), (256, 512), (512, 600)]), (-1, 3, [(0, 256), (256, 512), (512, 600)]),
    (5, None, [(0, 256), (256, 512), (512, 600)]),
])
def test_stretches_of_blocks(monkeypatch, n_threads, cpus, calls):
    """One thread takes all at once, several take 256 blocks each; -1 is as many as processors."""
    monkeypatch.setattr(evaluation.os, "cpu_count", lambda: cpus)
    got = []
    over_blocks(lambda first, last: got.append((first, last)), 600, n_threads)
    assert sorted(got) == calls


@pytest.mark.parametrize(("n_blocks", "calls"), [
    (255, [(0, 255)]), (256, [(0, 256)]), (257, [(0, 256), (256, 257)]),
])
def test_stretches_end_with_the_blocks(n_blocks, calls):
    """A full stretch leaves no empty one behind."""
    got = []
    over_blocks(lambda first, last: got.append((first, last)), n_blocks, 2)
    assert sorted(got) == calls


def test_errors_of_threads_come_out():
    """What goes wrong in a thread is an error of the call."""
    def work(first, last):
        raise ValueError(f"blocks {first} to {last}")

    with pytest.raises(ValueError, match="^blocks 0 to 256$"):
        over_blocks(work, 300, 2)


def test_rows_must_fit_the_trees(stump):
    """Rows are made if need be; other predictors are refused with both numbers."""
    trees = flatten(stump)
    rows = Rows(X)
    assert checked_rows(trees, rows) is rows
    assert isinstance(checked_rows(trees, X), Rows)
    words = "the forest has 1 predictors, the rows have 2"
    for bad in (np.zeros((3, 2)), Rows(np.zeros((3, 2)))):
        with pytest.raises(ValueError, match=exactly(words)):
            checked_rows(trees, bad)


def test_moments_on_both_sides_of_a_threshold(stump):
    """Up to 2.5 the mean is 7/3 and the mean square 7; above it 9 and 81."""
    at = [[2.4999], [2.5], [2.5001], [-1e30], [1e30]]
    mean, square = evaluate(stump, at)
    np.testing.assert_allclose(mean, [7 / 3, 7 / 3, 9, 7 / 3, 9], rtol=1e-6)
    np.testing.assert_allclose(square, [7, 7, 81, 7, 81], rtol=1e-6)


# ---------------------------------------------------------------- units


@pytest.mark.parametrize(("n_trees", "n_forests", "units"), [
    (1, 1, 2**32 - 1), (255, 1, 16_843_009), (5, 51, 16_843_009),
    # 16,777,215 is one below 2^24 and 6,657 x 2,520 + 1,575.
    (256, 1, 16_775_640), (1, 256, 16_775_640), (16, 16, 16_775_640),
    # 4,294,967 is 1,704 x 2,520 + 887.
    (1000, 1, 4_294_080), (10, 100, 4_294_080),
    (852_176, 1, 5_040), (852_177, 1, 2_520), (1_704_352, 1, 2_520), (1_703_676, 1, 2_520),
    (1_704_353, 1, 2_519), (2**31, 1, 1), (2**31 - 1, 1, 2), (2**32 - 1, 1, 1), (1, 2**32 - 1, 1),
    (429_496_729, 1, 10),
])
def test_units_to_a_tree_by_hand(n_trees, n_forests, units):
    """2^32 - 1 shared out; below 2^24 a multiple of 2,520 unless there are fewer than that."""
    assert module._units_to_a_tree(n_trees, n_forests) == units


@pytest.mark.parametrize(("n_trees", "n_forests"), [(1, 2**32), (2**32, 1), (2**16, 2**16)])
def test_more_trees_than_units(n_trees, n_forests):
    """A tree without a single unit is refused, with both numbers."""
    words = f"{n_forests} forests of {n_trees} trees are too many"
    with pytest.raises(ValueError, match=exactly(words)):
        module._units_to_a_tree(n_trees, n_forests)


def test_units_that_are_just_so_many(monkeypatch):
    """As many units as need no divisor are left alone, one fewer is not."""
    assert module._FINE == 16_777_216
    monkeypatch.setattr(module, "_FINE", 16_843_009)
    assert module._units_to_a_tree(255, 1) == 16_843_009
    monkeypatch.setattr(module, "_FINE", 16_843_010)
    # 16,843,009 is 6,683 x 2,520 + 1,849.
    assert module._units_to_a_tree(255, 1) == 16_841_160


@settings(max_examples=40)
@given(st.integers(1, 10**5), st.integers(1, 10**4))
def test_units_never_overflow(n_trees, n_forests):
    """All trees of all forests together have at most 2^32 - 1 units, and most of them."""
    units = module._units_to_a_tree(n_trees, n_forests)
    assert 1 <= units * n_trees * n_forests <= 2**32 - 1
    if units >= 2520:
        assert units % 2520 == 0 or units >= 2**24


@pytest.mark.parametrize(("levels", "total", "needed"), [
    ((), 1000, [250, 500, 750]),
    ((0, 0.1, 0.25, 1), 1000, [250, 500, 750, 0, 100, 250, 1000]),
    ((), 1003, [250, 502, 752]),
    # A millionth of 2,500,000 is 2.5: 1,249,997.5 is reached by 1,249,998.
    ((0.0, 0.25, 1.0), 2_500_000, [625_000, 1_249_998, 1_874_998, 0, 624_998, 2_499_998]),
    ((0.5,), 1, [0, 1, 1, 1]),
])
def test_units_that_a_level_needs(levels, total, needed):
    """A quarter, the half, three quarters and each level, less a millionth, rounded up."""
    got = module._needed(levels, total)
    assert got.tolist() == needed and got.dtype == np.uint32


# ---------------------------------------------------------------- bins


@pytest.mark.parametrize(("known", "n_bins", "bins"), [
    ([0, 1, 2, 10], None, [0, 1, 2, 3]),
    ([0, 1, 2, 10], 5, [0, 1, 2, 3]),
    ([0, 1, 2, 10], 4, [0, 1, 2, 3]),
    # place 0, 0.35, 0.70, 1.75; times 3 / 1.75: 0, 0.6, 1.2, 3
    ([0, 1, 2, 10], 3, [0, 0, 1, 2]),
    ([0, 1, 2, 10], 2, [0, 0, 0, 1]),
    ([0, 1, 2, 10], 1, [0, 0, 0, 0]),
    # place 0, 0.21, 0.42, 0.63, 1.8; times 4 / 1.8: 0, 0.47, 0.93, 1.4, 4: bin 2 is empty
    ([0, 1, 2, 3, 100], 4, [0, 0, 0, 1, 2]),
    # The same from 1000 on and with steps of 5.
    ([1000, 1005, 1010, 1050], 3, [0, 0, 1, 2]),
    ([7], 1, [0]), ([7], None, [0]),
])
def test_bins_by_hand(known, n_bins, bins):
    """Place among the values plus place in the range, cut into equal parts; no bin is empty."""
    assert module._bins(np.array(known, float), n_bins).tolist() == bins


def test_middles_of_bins_by_hand():
    """0 and 1 share a bin, 2 and 10 have their own; repeats and order do not matter."""
    weights = Weights([10, 0, 2, 1, 1, 0], 1, n_bins=3)
    assert weights.values.tolist() == [0.5, 2, 10] and weights.within == 0.5
    wide = Weights([0, 1, 2, 10], 1, n_bins=2)
    assert wide.values.tolist() == [1, 10] and wide.within == 1
    one = Weights([0, 1, 2, 10], 1, n_bins=1)
    assert one.values.tolist() == [5] and one.within == 5
    exact = Weights([3, 1, 1], 1)
    assert exact.values.tolist() == [1, 3] and exact.within == 0


def test_weights_keep_whole_units_by_block():
    """65 rows have two blocks of 64, four bytes for each value; 64 rows have one."""
    assert Weights([1, 2, 3], 65).units.shape == (2, 3, 64)
    assert Weights([1, 2, 3], 64).units.shape == (1, 3, 64)
    assert Weights([1, 2, 3], 1).units.shape == (1, 3, 64)
    assert Weights([1, 2, 3], 65).units.dtype == np.uint32
    assert not Weights([1, 2, 3], 65).units.any()


@pytest.mark.parametrize("bad", [
    {"values": []}, {"n_rows": 0}, {"n_forests": 0}, {"n_bins": 0}, {"n_rows": -1}, {"n_bins": -3},
])
def test_nothing_to_weigh_is_refused(bad):
    """No value, row, forest or bin is an error; one of each is enough."""
    enough = {"values": [1.0], "n_rows": 1, "n_forests": 1, "n_bins": 1}
    assert Weights(**enough).values.tolist() == [1]
    with pytest.raises(
        ValueError, match=exactly("Weights needs at least one value, row, forest and bin")
    ):
        Weights(**{**enough, **bad})


# ---------------------------------------------------------------- adding, taking, merging


def test_weights_of_a_stump_by_hand(stump):
    """A third each for 1, 2 and 4 on one side, all for 9 on the other."""
    weights = Weights(Y, 2)
    weights.add(stump, X, Y, [[3.0], [0.5]])
    # 2^32 - 1 is a multiple of 3, so that nothing is rounded.
    np.testing.assert_array_equal(weights.mean(), [[0, 0, 0, 1], [1 / 3, 1 / 3, 1 / 3, 0]])
    out = weights.summary([1 / 3, 0.34, 2 / 3, 0.67, 1.0, 0.0])
    assert list(out) == ["mean", "sd", "mad", "quantiles"]
    np.testing.assert_allclose(out["mean"], [9, 7 / 3])
    np.testing.assert_allclose(out["sd"], [0, np.sqrt(14 / 9)], atol=1e-6)
    assert out["mad"].tolist() == [0, 1]
    assert out["quantiles"][:, 1].tolist() == [1, 2, 2, 4, 4, 1]
    assert out["quantiles"][:5, 0].tolist() == [9] * 5


def test_binned_weights_of_a_stump_by_hand(stump):
    """1 and 2 share a bin with the middle 1.5."""
    weights = Weights(Y, 2, n_bins=3)
    # place 0, 0.25 + 1/8, 0.5 + 3/8, 1.75; times 3 / 1.75: 0, 0.64, 1.5, 3
    assert weights.values.tolist() == [1.5, 4, 9]
    weights.add(stump, X, Y, [[3.0], [0.5]])
    np.testing.assert_array_equal(weights.mean(), [[0, 0, 1], [2 / 3, 1 / 3, 0]])


def test_some_rows_of_many(five):
    """Weights of chosen rows are those rows of all weights, in any order, beyond one block too."""
    forest, x, y = five
    rows = np.random.default_rng(1).normal(size=(200, 2))
    weights = Weights(y, 200)
    weights.add(forest, x, y, rows)
    whole = weights.mean()
    assert whole.shape == (200, np.unique(y).size)
    for chosen in ([0], [199, 3, 64, 63, 65], slice(60, 70)):
        np.testing.assert_array_equal(weights.mean(chosen), whole[chosen])
    np.testing.assert_allclose(whole @ weights.values, forest.predict(rows), rtol=1e-6)


def test_forests_beyond_those_announced(stump):
    """As many forests as were told of fit in, one more does not; nothing is changed by it."""
    weights = Weights(Y, 1, n_forests=2)
    for _ in range(2):
        weights.add(stump, X, Y, [[0.0]])
    before = weights.units.copy()
    with pytest.raises(
        ValueError, match=exactly("Weights was told of 2 forests, this is one more")
    ):
        weights.add(stump, X, Y, [[0.0]])
    np.testing.assert_array_equal(weights.units, before)
    # Half of 2^32 - 1 units is no multiple of 3.
    np.testing.assert_allclose(weights.mean(), [[1 / 3, 1 / 3, 1 / 3, 0]], atol=1e-9)


def test_fewer_forests_than_announced_are_whole(stump):
    """One forest of three announced still gives weights that sum to one."""
    weights = Weights(Y, 1, n_forests=3)
    weights.add(stump, X, Y, [[0.0]])
    np.testing.assert_allclose(weights.mean(), [[1 / 3, 1 / 3, 1 / 3, 0]], atol=1e-9)
    np.testing.assert_allclose(weights.summary()["mean"], [7 / 3])


def test_values_that_were_not_given(stump):
    """A training value that is unknown is refused; unused values are none of its business."""
    with pytest.raises(
        ValueError, match=exactly("train_y has a value that was not given to Weights")
    ):
        Weights([1, 2, 4, 8], 1).add(stump, X, Y, [[0.0]])
    more = Weights([0, 1, 2, 3, 4, 9, 10], 1)
    more.add(stump, X, Y, [[3.0]])
    assert more.mean().tolist() == [[0, 0, 0, 0, 0, 1, 0]]


def test_the_same_rows_every_time(stump):
    """Equal rows will do; another number, other values or another order are refused."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 3, size=(200, 1))
    weights = Weights(Y, 200, n_forests=3)
    weights.add(stump, X, Y, Rows(x))
    weights.add(stump, X, Y, Rows(x.copy()))
    words = "expected the same rows, in the same order, for every forest"
    other = x.copy()
    other[7] += 0.001
    # Likened to a single value all rows are alike, and stay in the order given.
    turned = Rows(x, like=np.full((3, 1), 9.0))
    assert not np.array_equal(turned.order, Rows(x).order)
    changed = Rows(x)
    changed.x = other.astype(np.float32)
    for bad in (turned, changed):
        with pytest.raises(ValueError, match=exactly(words)):
            weights.add(stump, X, Y, bad)
    with pytest.raises(ValueError, match=exactly("expected 200 rows, got 199")):
        weights.add(stump, X, Y, x[:199])
    with pytest.raises(ValueError, match=exactly("expected 200 rows, got 201")):
        weights.add(stump, X, Y, np.concatenate([x, x[:1]]))


def added(stump, n, n_forests=3, at=0.0):
    """Weights of some forests at one row."""
    weights = Weights(Y, 1, n_forests)
    for _ in range(n):
        weights.add(stump, X, Y, [[at]])
    return weights


def test_merging_adds_and_leaves_the_other_alone(stump):
    """One and two forests are three; the other's units stay its own."""
    first, second = added(stump, 1), added(stump, 2)
    before = second.units.copy()
    first.merge(second)
    np.testing.assert_array_equal(first.units, added(stump, 3).units)
    np.testing.assert_array_equal(second.units, before)
    np.testing.assert_allclose(first.mean().sum(), 1, rtol=1e-12)
    empty = added(stump, 0)
    empty.merge(second)
    np.testing.assert_array_equal(empty.units, before)
    assert not np.shares_memory(empty.units, second.units)
    np.testing.assert_array_equal(empty.mean(), second.mean())
    empty.add(stump, X, Y, [[0.0]])
    np.testing.assert_array_equal(second.units, before)


def test_merging_nothing_changes_nothing(stump):
    """Weights without a forest add nothing, even to full ones, and bring no rows."""
    full = added(stump, 3)
    before = full.units.copy()
    full.merge(added(stump, 0))
    np.testing.assert_array_equal(full.units, before)
    empty = added(stump, 0)
    empty.merge(added(stump, 0))
    empty.add(stump, X, Y, [[3.0]])
    assert empty.mean().tolist() == [[0, 0, 0, 1]]


def test_what_cannot_be_merged(stump):
    """Other values, another number of forests, too many forests, other rows."""
    words = "Weights to be merged differ in values or number of forests"
    other_values = Weights([1, 2, 4, 9.5], 1, 3)
    fewer_values = Weights([1, 2, 4], 1, 3)
    for other in (other_values, fewer_values, added(stump, 1, n_forests=2)):
        with pytest.raises(ValueError, match=exactly(words)):
            added(stump, 1).merge(other)
    with pytest.raises(
        ValueError, match=exactly("Weights was told of 3 forests, these are more")
    ):
        added(stump, 2).merge(added(stump, 2))
    with pytest.raises(ValueError, match="^expected the same rows"):
        added(stump, 1).merge(added(stump, 1, at=3.0))
    with pytest.raises(ValueError, match=exactly("the units are those of other values or rows")):
        added(stump, 1).merge(Weights(Y, 65, 3))


def test_taken_units_become_its_own(stump):
    """The first units that are taken are kept as they are, further ones are added to them."""
    units, rows = added(stump, 1).units.copy(), Rows([[0.0]])
    weights = Weights(Y, 1, 3)
    weights.take(units, 1, rows)
    assert weights.units is units
    one = units.copy()
    weights.take(2 * one, 2, rows)
    np.testing.assert_array_equal(weights.units, 3 * one)
    np.testing.assert_allclose(weights.mean().sum(), 1, rtol=1e-12)
    with pytest.raises(
        ValueError, match=exactly("Weights was told of 3 forests, these are more")
    ):
        weights.take(one, 1, rows)


@pytest.mark.parametrize("shape", [(2, 4, 64), (1, 3, 64), (1, 4, 32)])
def test_units_of_another_shape(shape):
    """Blocks, values and lanes must be those of the weights."""
    with pytest.raises(ValueError, match=exactly("the units are those of other values or rows")):
        Weights(Y, 1).take(np.zeros(shape, np.uint32), 1, Rows([[0.0]]))


# ---------------------------------------------------------------- one forest in parts


def test_a_distribution_in_several_stretches(stump):
    """Rows of more than one stretch of blocks: each has its own statistics and no one else's."""
    n = REACH * BLOCK + 100
    at = np.where(np.arange(n) % 3 == 0, 3.0, 0.5)[:, None]
    for n_threads in (1, 2):
        out = distribution(stump, X, Y, at, [0.5, 0.9], n_threads=n_threads)
        high = at[:, 0] == 3
        np.testing.assert_allclose(out["mean"], np.where(high, 9, 7 / 3))
        np.testing.assert_allclose(out["sd"], np.where(high, 0, np.sqrt(14 / 9)), atol=1e-6)
        np.testing.assert_array_equal(out["mad"], np.where(high, 0, 1))
        np.testing.assert_array_equal(out["quantiles"][0], np.where(high, 9, 2))
        np.testing.assert_array_equal(out["quantiles"][1], np.where(high, 9, 4))


def test_repeats_in_the_bag_count(five):
    """A tree without a split weighs each value by how often its bag holds it."""
    _, x, y = five
    forest = RandomForestRegressor(2, min_samples_leaf=60, random_state=1).fit(x, y)
    weights = Weights(y, 1)
    weights.add(forest, x, y, x[:1])
    drawn = np.concatenate([y[bag] for bag in forest.estimators_samples_])
    expected = [(drawn == value).mean() for value in weights.values]
    np.testing.assert_allclose(weights.mean()[0], expected, atol=1e-8)


def test_one_member_has_all_units_of_its_leaf(stump):
    """With one member to a leaf a single value has the whole weight, and the levels are it."""
    seen = set()
    for seed in range(30):
        out = distribution(
            stump, X, Y, [[0.5], [3.0]], [0.01, 1.0], one_member=np.random.default_rng(seed)
        )
        assert out["quantiles"][0].tolist() == out["quantiles"][1].tolist() == out["mean"].tolist()
        assert out["sd"].tolist() == out["mad"].tolist() == [0, 0] and out["mean"][1] == 9
        seen.add(out["mean"][0])
    assert seen == {1, 2, 4}


class Told:
    """A generator whose numbers are told beforehand."""

    def __init__(self, *numbers):
        self.numbers = numbers

    def integers(self, high, size, dtype):
        """The numbers, of which there must be as many as asked for, below the limit."""
        assert size == len(self.numbers) and max(self.numbers) < high
        return np.array(self.numbers, dtype)


@pytest.mark.parametrize(("numbers", "positions"), [
    ((0, 0), (5, 3)), ((3, 9), (5, 3)), ((4, 5), (7, 3)), ((9, 0), (7, 3)),
])
def test_a_member_is_drawn_by_its_share(numbers, positions):
    """Shares of 4 and 6 of 10 units: 0 to 3 take the first, 4 to 9 the second."""
    members = np.array([(5 << 32) | 4, (7 << 32) | 6, (3 << 32) | 10], np.uint64)
    # The first and the fourth node are no leaves.
    start = np.array([0, 0, 2, 3, 3], np.uint64)
    first, drawn = module._drawn(start, members, 10, Told(*numbers))
    assert first.tolist() == [0, 0, 1, 2, 2] and first.dtype == np.uint64
    assert (drawn >> np.uint64(32)).tolist() == list(positions)
    assert (drawn & np.uint64(2**32 - 1)).tolist() == [10, 10]


# ---------------------------------------------------------------- statistics of weights


@pytest.mark.parametrize(("below", "median"), [
    (0.5, 1), (0.4999995, 1), (0.499998, 2), (0.51, 1), (0.49, 2),
])
def test_rounding_of_a_millionth(below, median):
    """A weight that falls short of a level by less than a millionth has reached it."""
    values, weights = np.array([1.0, 2.0]), np.array([[below, 1 - below]])
    assert quantiles(values, weights, [0.5]).item() == median
    assert module._ROUNDING == 1e-6


@pytest.mark.parametrize(("level", "value"), [
    (0.0, 1), (0.2, 1), (0.21, 2), (0.5, 2), (0.51, 4), (1.0, 4), (1.5, 4),
])
def test_levels_that_are_just_reached(level, value):
    """F is 0.2, 0.5 and 1; a level beyond all weight takes the last value."""
    got = quantiles(np.array([1.0, 2.0, 4.0]), np.array([[0.2, 0.3, 0.5]]), [level])
    assert got.shape == (1, 1) and got.item() == value


def test_quantiles_have_a_row_to_each_level():
    """Two levels of three rows are two by three; without weight at first it is passed over."""
    weights = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0.5, 0.5]])
    got = quantiles(np.array([1.0, 2, 3]), weights, [0.5, 0.9])
    assert got.tolist() == [[1, 2, 2], [1, 2, 3]]
    assert quantiles(np.array([1.0, 2, 3]), weights, []).size == 0


@pytest.mark.parametrize(("values", "weights", "mad"), [
    ([5.0], [1.0], 0),
    ([1.0, 2.0], [0.5, 0.5], 0),
    ([1.0, 2.0], [0.4, 0.6], 0),
    ([1.0, 2.0, 9.0], [0.3, 0.3, 0.4], 1),  # median 2: distance 0 (0.3), 1 (0.3)
    ([0.0, 7.0, 9.0], [0.3, 0.3, 0.4], 2),  # median 7: 0 (0.3), 2 (0.4)
    ([0.0, 5.0, 6.0, 7.0], [0.3, 0.0, 0.4, 0.3], 1),  # median 6: 0 (0.4), 1 (0.3)
    ([0.0, 4.0, 6.0, 20.0], [0.45, 0.1, 0.0, 0.45], 4),  # median 4: 0 (0.1), 4 (0.45)
    ([-20.0, 4.0, 6.0, 8.0], [0.4, 0.0, 0.2, 0.4], 2),  # median 6: 0 (0.2), 2 (0.4)
])
def test_median_deviation_by_hand(values, weights, mad):
    """The smallest distance from the median within which half of the weight lies."""
    got = median_absolute_deviation(np.array(values), np.array([weights]))
    assert got.tolist() == [mad]


def test_moments_by_hand():
    """1 and 3 with a quarter and three quarters: mean 2.5, variance 0.25 x 2.25 + 0.75 x 0.25."""
    weights = np.array([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]])
    mean, sd = moments(np.array([1.0, 3.0]), weights)
    np.testing.assert_allclose(mean, [2.5, 1, 2])
    np.testing.assert_allclose(sd, [np.sqrt(0.75), 0, 1], atol=1e-12)
    far_mean, far_sd = moments(np.array([1.0, 3.0]) + 1e9, weights)
    np.testing.assert_allclose(far_mean - 1e9, mean, rtol=1e-6)
    np.testing.assert_allclose(far_sd, sd, rtol=1e-12, atol=1e-12)


def test_a_spread_is_never_imaginary():
    """Weights that sum to a little more than one leave an SD of 0, not a missing one."""
    # mean 1 + 1e-9 about the centre, square the same: their difference is below zero
    _, sd = moments(np.array([0.0, 2.0]), np.array([[0.0, 1 + 1e-9]]))
    assert sd.tolist() == [0]


# ---------------------------------------------------------------- rows


@pytest.mark.parametrize("bad", [
    [1.0, 2.0], np.zeros((0, 2)), np.zeros((2, 0)), np.zeros((2, 2, 2)), 3.0,
])
def test_what_is_no_table(bad):
    """One dimension or three, no row or no predictor; it is told which of the two it is."""
    words = "must be a table with at least one row and one predictor"
    with pytest.raises(ValueError, match=f"^rows {words}$"):
        Rows(bad)
    with pytest.raises(ValueError, match=f"^like {words}$"):
        Rows([[1.0]], like=bad)


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


@pytest.mark.parametrize("p", [1, 3])
def test_likeness_needs_the_same_predictors(p):
    """Fewer or more predictors than the rows have are refused with both numbers."""
    words = f"rows have 2 predictors, those they are likened to {p}"
    with pytest.raises(ValueError, match=exactly(words)):
        Rows(np.zeros((3, 2)), like=np.zeros((4, p)))


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


@pytest.mark.parametrize("n", [1, 64, 100])
def test_restoring_puts_each_value_back(n):
    """Whatever dimensions lead: row `order[i]` has what stood at i, and what fills up is gone."""
    rows = Rows(np.random.default_rng(5).normal(size=(n, 2)))
    ordered = np.arange(3.0 * rows.n_blocks * 64).reshape(3, rows.n_blocks, 64)
    out = rows.restore(ordered)
    assert out.shape == (3, n)
    flat = ordered.reshape(3, -1)
    for at in range(0, n, 9):
        np.testing.assert_array_equal(out[:, rows.order[at]], flat[:, at])
    np.testing.assert_array_equal(rows.restore(ordered[1]), out[1])


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


def test_predictors_are_ranked_one_by_one(monkeypatch):
    """How many predictors are ranked at a time makes no difference."""
    x = np.random.default_rng(2).normal(size=(300, 5))
    one = Rows(x)
    monkeypatch.setattr(rows_module, "_AT_ONCE", 1)
    other = Rows(x)
    np.testing.assert_array_equal(one.order, other.order)
    np.testing.assert_array_equal(one.index, other.index)


# ---------------------------------------------------------------- trees


def made_forest(**changes):
    """Something like a forest whose trees have only a number of nodes."""
    made = {"n_outputs_": 1, "criterion": "squared_error", "estimators_": []}
    return SimpleNamespace(**{**made, **changes})


@pytest.mark.parametrize("n", [0, 2, 3])
def test_other_numbers_of_outputs(n):
    """A forest has one output; the number is told."""
    with pytest.raises(ValueError, match=exactly(f"expected a forest with one output, got {n}")):
        flatten(made_forest(n_outputs_=n))


@pytest.mark.parametrize("criterion", ["absolute_error", "poisson", "gini"])
def test_other_criteria(criterion):
    """A forest grown by anything but squared error is refused by name."""
    words = f"expected a forest grown by squared error, got {criterion!r}"
    with pytest.raises(ValueError, match=exactly(words)):
        flatten(made_forest(criterion=criterion))


def counted(*counts):
    """Trees with so many nodes each, and nothing else."""
    return [SimpleNamespace(tree_=SimpleNamespace(node_count=n)) for n in counts]


def test_more_nodes_than_can_be_counted():
    """2^31 nodes of all trees together are too many; one less is only short of thresholds here."""
    words = "the forest has more nodes than 32 bits can count"
    for counts in ([2**31], [2**30, 2**30], [1, 2**31 - 1]):
        with pytest.raises(ValueError, match=exactly(words)):
            flatten(made_forest(estimators_=counted(*counts)))
    for counts in ([2**31 - 1], [2**30, 2**30 - 1]):
        with pytest.raises(AttributeError, match="threshold"):
            flatten(made_forest(estimators_=counted(*counts)))


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


def test_friedmans_criterion_is_taken():
    """A forest that says so and has variances for impurities is flattened like any other."""
    forest = RandomForestRegressor(2, random_state=0).fit(X, Y)
    expected = flatten(forest)
    forest.criterion = "friedman_mse"
    np.testing.assert_array_equal(flatten(forest).value, expected.value)


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


def test_parts_of_a_forest(five):
    """Trees 1 to 3 of five, counted from their own first node."""
    trees = flatten(five[0])
    part = trees.part(1, 4)
    a, b = trees.starts[1], trees.starts[4]
    assert len(part) == 3 and part.n_features == 2
    assert part.starts.tolist() == (trees.starts[1:5] - a).tolist()
    np.testing.assert_array_equal(part.value, trees.value[a:b])
    np.testing.assert_array_equal(part.variance, trees.variance[a:b])
    np.testing.assert_array_equal(part.threshold, trees.threshold[a:b])
    np.testing.assert_array_equal(part.feature, trees.feature[a:b])
    inner = part.feature >= 0
    np.testing.assert_array_equal(part.left[inner], trees.left[a:b][inner] - a)


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


@settings(max_examples=15)
@given(st.integers(1, 200), st.integers(0, 99))
def test_weights_and_moments_agree(five, n, seed):
    """Mean and SD of the weights are those of the evaluator, row by row."""
    forest, x, y = five
    at = np.random.default_rng(seed).normal(size=(n, 2))
    mean, square = evaluate(forest, at)
    out = distribution(forest, x, y, at)
    np.testing.assert_allclose(out["mean"], mean, rtol=1e-5)
    np.testing.assert_allclose(out["sd"], np.sqrt(square - mean**2), rtol=1e-3)
