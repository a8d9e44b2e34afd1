"""The weights of a forest, and the statistics taken from them."""

import importlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor

from soilresp.forest.distribution import (
    Weights,
    distribution,
    median_absolute_deviation,
    moments,
    quantiles,
)
from soilresp.forest.evaluate import total_weights
from soilresp.forest.kernel import BLOCK, REACH
from soilresp.forest.rows import Rows
from soilresp.upscaling.runs import new_forest

# The package gives its function the name of the module.
module = importlib.import_module("soilresp.forest.distribution")

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)

FORESTS = {
    "ordinary": {"n": 120, "p": 4, "n_trees": 15},
    "one tree": {"n": 60, "p": 3, "n_trees": 1},
    "one leaf": {"n": 40, "p": 3, "n_trees": 4, "min_samples_leaf": 40},
    "one predictor": {"n": 50, "p": 1, "n_trees": 7},
    "full depth": {"n": 50, "p": 5, "n_trees": 6, "min_samples_leaf": 1},
    "two records": {"n": 2, "p": 2, "n_trees": 5},
    "one record": {"n": 1, "p": 2, "n_trees": 3},
}

COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any)

X, Y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 4.0, 9.0])


def grown(n, p, n_trees, seed=0, n_rows=30, ties=False, **options):
    """A fitted forest, its training table, and rows to evaluate."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    y = np.round(rng.lognormal(6, 0.7, n), 1)
    if ties:
        # A few distinct climates and fluxes, and whole records that stand twice, as drawn ones do.
        x, y = np.round(x), np.round(y, -2)
        again = rng.integers(0, n, n)
        x, y = x[again], y[again]
    x = x.astype(np.float32)
    rows = np.concatenate([rng.normal(size=(n_rows, p)), x[:5]]).astype(np.float32)
    return new_forest(n_trees, p, seed, n_jobs=1, **options).fit(x, y), x, y, rows


def brute_force_weights(forest, x, rows, n):
    """Weights on the training records, tree by tree and row by row."""
    out = np.zeros((len(rows), n))
    for tree, in_bag in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        leaf_of_train, leaf_of_row = tree.apply(x), tree.apply(rows)
        for i, leaf in enumerate(leaf_of_row):
            members = [j for j in in_bag if leaf_of_train[j] == leaf]
            for j in members:
                out[i, j] += 1 / len(members) / len(forest.estimators_)
    return out


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
@pytest.mark.parametrize("shape", FORESTS.values(), ids=FORESTS)
def test_weights_give_the_forests_own_prediction(shape, ties):
    """Rows sum to one, are never negative, and their mean is scikit-learn's prediction."""
    forest, x, y, rows = grown(ties=ties, **shape)
    weights = Weights(y, len(rows))
    weights.add(forest, x, y, rows)
    given = weights.mean()
    assert given.shape == (len(rows), np.unique(y).size)
    assert (given >= 0).all()
    np.testing.assert_allclose(given.sum(axis=1), 1, rtol=1e-6)
    mean, _ = moments(weights.values, given)
    np.testing.assert_allclose(mean, forest.predict(rows), rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6), n=st.integers(1, 60), p=st.integers(1, 4),
    n_trees=st.integers(1, 6), leaf=st.integers(1, 10), ties=st.booleans(),
)
def test_weights_are_meinshausens(seed, n, p, n_trees, leaf, ties):
    """Whatever the forest, the weights are those that counting leaf by leaf gives."""
    forest, x, y, rows = grown(
        n, p, n_trees, seed, n_rows=5, ties=ties, min_samples_leaf=leaf
    )
    weights = Weights(y, len(rows))
    weights.add(forest, x, y, rows)
    by_record = brute_force_weights(forest, x, rows, len(y))
    expected = np.stack([by_record[:, y == v].sum(axis=1) for v in weights.values], axis=1)
    np.testing.assert_allclose(weights.mean(), expected, atol=1e-6)
    np.testing.assert_allclose(expected @ weights.values, forest.predict(rows), rtol=1e-9)


def test_weights_refuse_what_does_not_fit():
    """A training value, rows or forests that were not announced are errors, no wrong weights."""
    forest, x, y, rows = grown(40, 3, 2)
    holed = rows.copy()
    holed[2, 1] = np.nan
    for weights, at, words in (
        (Weights(y[1:], len(rows)), rows, "train_y"), (Weights(y, 3), rows, "3 rows, got 35"),
        (Weights(y, len(rows)), holed, "row 2 has nan for predictor 1"),
        (Weights(y, len(rows), n_forests=2**31), rows, "too many"),
    ):
        with pytest.raises(ValueError, match=words):
            weights.add(forest, x, y, at)
    full = Weights(y, len(rows))
    full.add(forest, x, y, rows)
    with pytest.raises(ValueError, match="1 forests"):
        full.add(forest, x, y, rows)


def test_weights_have_the_same_bits_in_any_order():
    """Forests added in another order, in threads or in parts give the same bits."""
    forests = [grown(60, 3, 6, seed=s, n_rows=700) for s in range(4)]
    rows, values = forests[0][3], np.concatenate([y for _, _, y, _ in forests])

    def added(chosen, **options):
        weights = Weights(values, len(rows), n_forests=4)
        for forest, x, y, _ in chosen:
            weights.add(forest, x, y, rows, **options)
        return weights

    expected = added(forests)
    reversed_ = added(forests[::-1], n_threads=2)
    merged, rest = added(forests[:1]), added(forests[1:])
    merged.merge(rest)
    for other in (reversed_, merged):
        assert other.mean().tobytes() == expected.mean().tobytes()
    for name, field in expected.summary(LEVELS).items():
        assert merged.summary(LEVELS, n_threads=2)[name].tobytes() == field.tobytes()
    with pytest.raises(ValueError, match="4 forests"):
        merged.merge(rest)


@pytest.mark.parametrize("shape", FORESTS.values(), ids=FORESTS)
def test_distribution_is_that_of_the_weights(shape):
    """In parts and without keeping the weights, a forest's statistics are the same."""
    forest, x, y, rows = grown(ties=True, **shape)
    weights = Weights(y, len(rows))
    weights.add(forest, x, y, rows)
    expected, found = weights.summary(LEVELS), distribution(forest, x, y, rows, LEVELS, n_threads=2)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_bins", [1, 7, 40, 1000])
def test_bins_keep_to_their_error(n_bins):
    """Binned values move every statistic by no more than is stated."""
    forest, x, y, rows = grown(150, 3, 20)
    exact, binned = Weights(y, len(rows)), Weights(y, len(rows), n_bins=n_bins)
    exact.add(forest, x, y, rows)
    binned.add(forest, x, y, rows)
    assert binned.values.size <= n_bins
    assert (np.diff(binned.values) > 0).all()
    expected, found = exact.summary(LEVELS), binned.summary(LEVELS)
    within = binned.within * (1 + 1e-9) + 1e-9
    assert binned.within == 0 if n_bins == 1000 else 0 < binned.within <= np.ptp(y) / n_bins
    for name, room in (("mean", 1), ("sd", 1), ("mad", 2), ("quantiles", 1)):
        assert np.abs(found[name] - expected[name]).max() <= room * within


@settings(max_examples=150, deadline=None)
@given(counts=COUNTS, data=st.data())
def test_quantiles_and_mad_against_brute_force(counts, data):
    """The smallest value whose distribution function reaches the level, in exact fractions."""
    k = len(counts)
    values = sorted(data.draw(st.sets(st.integers(-50, 50), min_size=k, max_size=k)))
    weights = np.array([counts], np.float32) / np.float32(sum(counts))
    share = [Fraction(c, sum(counts)) for c in counts]

    def smallest(pairs, level):
        for candidate in sorted({v for v, _ in pairs}):
            if sum(w for v, w in pairs if v <= candidate) >= level:
                return candidate

    levels = [Fraction(i, 20) for i in range(1, 21)]
    pairs = list(zip(values, share, strict=True))
    got = quantiles(np.array(values, float), weights, [float(q) for q in levels])[:, 0]
    assert got.tolist() == [smallest(pairs, q) for q in levels]
    half = Fraction(1, 2)
    median = smallest(pairs, half)
    expected = smallest([(abs(v - median), w) for v, w in pairs], half)
    assert median_absolute_deviation(np.array(values, float), weights).tolist() == [expected]


def test_mad_sees_equal_distances_through_rounding():
    """Two values equally far from the median count together, whatever their last digits."""
    values = np.array([0.1, 0.2, 0.3])  # 0.2 - 0.1 and 0.3 - 0.2 differ in the last digit
    weights = np.array([[0.3, 0.4, 0.3]])
    assert median_absolute_deviation(values, weights)[0] == pytest.approx(0.1)


def one_member_by_hand(forest, x, y, rows):
    """Chance of each value by R's rule: each record of a leaf alike, in its tree's bag or not."""
    values = np.unique(y)
    out = np.zeros((len(rows), values.size))
    for tree in forest.estimators_:
        leaf_of_train = tree.apply(x)
        for i, leaf in enumerate(tree.apply(rows)):
            members = y[leaf_of_train == leaf]
            np.add.at(out[i], np.searchsorted(values, members), 1 / members.size)
    return out / len(forest.estimators_)


def drawn_weights(forest, x, y, rows, seed, n_forests=1):
    """Weights by R's rule."""
    weights = Weights(y, len(rows), n_forests)
    rng = np.random.default_rng(seed)
    for _ in range(n_forests):
        weights.add(forest, x, y, rows, one_member=rng)
    return weights.mean()


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
def test_one_member_stands_for_a_leaf(ties):
    """By R's rule a tree's weight is on one value of the row's leaf, the same for all its rows."""
    forest, x, y, rows = grown(80, 3, 1, ties=ties, min_samples_leaf=5)
    given, possible = drawn_weights(forest, x, y, rows, 3), one_member_by_hand(forest, x, y, rows)
    assert ((given == 0) | (given == 1)).all() and (given.sum(axis=1) == 1).all()
    assert (possible[given == 1] > 0).all()
    leaf = forest.estimators_[0].apply(rows)
    for one in np.unique(leaf):
        assert len(np.unique(given[leaf == one], axis=0)) == 1
    np.testing.assert_array_equal(given, drawn_weights(forest, x, y, rows, 3))
    assert (given != drawn_weights(forest, x, y, rows, 4)).any()


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
def test_one_member_is_any_with_the_same_chance(ties):
    """Over many draws every record of a leaf has its share, whether or not it is in the bag."""
    forest, x, y, rows = grown(60, 3, 4, ties=ties, n_rows=10, min_samples_leaf=3)
    n = 500
    expected = one_member_by_hand(forest, x, y, rows)
    found = drawn_weights(forest, x, y, rows, 0, n)
    # The mean of n draws of each of four trees; five standard errors of its largest chance.
    assert np.abs(found - expected).max() < 5 * np.sqrt(0.25 / (4 * n)) * 2
    assert (found[expected == 0] == 0).all()
    levels = distribution(forest, x, y, rows, LEVELS, one_member=np.random.default_rng(0))
    assert np.isin(levels["quantiles"], y).all()


@pytest.fixture(scope="module")
def stump():
    """One tree with one split: 1, 2 and 4 below 2.5, 9 above."""
    return RandomForestRegressor(1, bootstrap=False, max_depth=1, random_state=0).fit(X, Y)


@pytest.mark.parametrize(("n_trees", "n_forests", "units"), [
    (1, 1, 2**32 - 1), (255, 1, 16_843_009), (5, 51, 16_843_009),
    # 16,777,215 is one below 2^24 and 6,657 x 2,520 + 1,575.
    (256, 1, 16_775_640), (1, 256, 16_775_640), (16, 16, 16_775_640),
    # 4,294,967 is 1,704 x 2,520 + 887.
    (1000, 1, 4_294_080), (10, 100, 4_294_080),
    (852_176, 1, 5_040), (852_177, 1, 2_520), (1_704_352, 1, 2_520), (1_704_353, 1, 2_519),
    (2**31, 1, 1), (2**31 - 1, 1, 2), (1, 2**32 - 1, 1),
])
def test_units_to_a_tree_by_hand(n_trees, n_forests, units):
    """2^32 - 1 shared out; below 2^24 a multiple of 2,520 unless there are fewer than that."""
    assert module._units_to_a_tree(n_trees, n_forests) == units


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


@pytest.mark.parametrize("bad", [{"values": []}, {"n_rows": 0}, {"n_forests": 0}, {"n_bins": 0}])
def test_nothing_to_weigh_is_refused(bad):
    """No value, row, forest or bin is an error; one of each is enough."""
    enough = {"values": [1.0], "n_rows": 1, "n_forests": 1, "n_bins": 1}
    assert Weights(**enough).values.tolist() == [1]
    with pytest.raises(ValueError, match="at least one"):
        Weights(**{**enough, **bad})


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


def test_fewer_forests_than_announced_are_whole(stump):
    """One forest of three announced still gives weights that sum to one."""
    weights = Weights(Y, 1, n_forests=3)
    weights.add(stump, X, Y, [[0.0]])
    np.testing.assert_allclose(weights.mean(), [[1 / 3, 1 / 3, 1 / 3, 0]], atol=1e-9)
    np.testing.assert_allclose(weights.summary()["mean"], [7 / 3])


def test_the_same_rows_every_time(stump):
    """Equal rows will do; other values or another order are refused."""
    x = np.random.default_rng(0).uniform(0, 3, size=(200, 1))
    weights = Weights(Y, 200, n_forests=3)
    weights.add(stump, X, Y, Rows(x))
    weights.add(stump, X, Y, Rows(x.copy()))
    # Likened to a single value all rows are alike, and stay in the order given.
    turned = Rows(x, like=np.full((3, 1), 9.0))
    assert not np.array_equal(turned.order, Rows(x).order)
    changed = Rows(x)
    changed.x = x.astype(np.float32) + np.float32(0.001)
    for bad in (turned, changed):
        with pytest.raises(ValueError, match="same rows"):
            weights.add(stump, X, Y, bad)


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
    for other in (Weights([1, 2, 4, 9.5], 1, 3), added(stump, 1, n_forests=2)):
        with pytest.raises(ValueError, match="differ"):
            added(stump, 1).merge(other)
    with pytest.raises(ValueError, match="3 forests"):
        added(stump, 2).merge(added(stump, 2))
    with pytest.raises(ValueError, match="same rows"):
        added(stump, 1).merge(added(stump, 1, at=3.0))
    with pytest.raises(ValueError, match="other values or rows"):
        added(stump, 1).merge(Weights(Y, 65, 3))


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


@pytest.mark.parametrize(("below", "median"), [
    (0.5, 1), (0.4999995, 1), (0.499998, 2), (0.51, 1), (0.49, 2),
])
def test_rounding_of_a_millionth(below, median):
    """A weight that falls short of a level by less than a millionth has reached it."""
    values, weights = np.array([1.0, 2.0]), np.array([[below, 1 - below]])
    assert quantiles(values, weights, [0.5]).item() == median


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


@pytest.mark.parametrize("name", FORESTS)
def test_total_weights_are_sums_over_rows(name):
    """Weights row by row times the amounts, by group; their sum is that of the predictions."""
    forest, x, y, rows = grown(**FORESTS[name], ties=True)
    rng = np.random.default_rng(1)
    amount, group = rng.uniform(0, 3e9, len(rows)), rng.integers(0, 3, len(rows))
    alone = brute_force_weights(forest, x, rows, len(x))
    found = total_weights(forest, x, rows, amount, group, 4)
    expected = [(alone * np.where(group == k, amount, 0)[:, np.newaxis]).sum(0) for k in range(4)]
    np.testing.assert_allclose(found, np.array(expected).T, rtol=1e-12, atol=1e-3)
    np.testing.assert_allclose(found.sum(), amount.sum(), rtol=1e-14)
    np.testing.assert_allclose(found.sum(axis=1) @ y, amount @ forest.predict(rows), rtol=1e-13)


def test_total_weights_by_threads_and_groups_of_trees(monkeypatch):
    """The same bytes on any number of threads; trees in groups, more than one reach of blocks."""
    forest, x, y, _ = grown(300, 4, 70)
    rows = Rows(np.random.default_rng(2).normal(size=(20_000, 4)), like=x)
    amount = np.linspace(0, 1, len(rows))
    once = total_weights(forest, x, rows, amount)
    for n_threads in (2, 7, -1):
        again = total_weights(forest, x, rows, amount, n_threads=n_threads)
        assert again.tobytes() == once.tobytes()
    np.testing.assert_allclose(once[:, 0] @ y, amount @ forest.predict(rows.x), rtol=1e-12)
    monkeypatch.setattr("soilresp.forest.trees._MOST_THRESHOLDS", 2000)
    assert total_weights(forest, x, rows, amount).tobytes() == once.tobytes()
