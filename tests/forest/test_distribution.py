"""The weights of a forest, and the statistics taken from them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantile_forest import RandomForestQuantileRegressor

from soilresp.forest.distribution import (
    Weights,
    distribution,
    median_absolute_deviation,
    moments,
    quantiles,
)
from soilresp.upscaling.runs import new_forest

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


def test_weights_of_several_forests_are_their_mean():
    """Forests grown from different records count alike, whatever values each has seen."""
    first, x1, y1, rows = grown(40, 3, 5, seed=1)
    second, x2, y2, _ = grown(70, 3, 9, seed=2)
    both = Weights(np.concatenate([y1, y2]), len(rows), n_forests=2)
    both.add(first, x1, y1, rows)
    both.add(second, x2, y2, rows)
    mean, _ = moments(both.values, both.mean())
    expected = (first.predict(rows) + second.predict(rows)) / 2
    np.testing.assert_allclose(mean, expected, rtol=1e-6)


def test_weights_refuse_what_does_not_fit():
    """A training value or a number of rows that was not announced is an error, no wrong weight."""
    forest, x, y, rows = grown(40, 3, 2)
    with pytest.raises(ValueError, match="not given to Weights"):
        Weights(y[1:], len(rows)).add(forest, x, y, rows)
    with pytest.raises(ValueError, match="expected 3 rows, got 35"):
        Weights(y, 3).add(forest, x, y, rows)
    with pytest.raises(ValueError, match="at least one value, row, forest and bin"):
        Weights(y, 3, n_forests=0)
    weights = Weights(y, len(rows), n_forests=2)
    weights.add(forest, x, y, rows)
    with pytest.raises(ValueError, match="expected the same rows"):
        weights.add(forest, x, y, rows[::-1])
    with pytest.raises(ValueError, match="must be finite: row 2 has nan for predictor 1"):
        holed = rows.copy()
        holed[2, 1] = np.nan
        weights.add(forest, x, y, holed)
    weights.add(forest, x, y, rows)
    with pytest.raises(ValueError, match="told of 2 forests, this is one more"):
        weights.add(forest, x, y, rows)
    with pytest.raises(ValueError, match="are too many"):
        Weights(y, len(rows), n_forests=2**31).add(forest, x, y, rows)


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
    with pytest.raises(ValueError, match="told of 4 forests"):
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


def test_summary_is_that_of_the_weights():
    """Statistics taken from whole units are those of the weights as fractions."""
    forest, x, y, rows = grown(90, 3, 8)
    weights = Weights(y, len(rows))
    weights.add(forest, x, y, rows)
    whole = weights.summary(LEVELS)
    assert whole["quantiles"].shape == (5, len(rows))
    mean, sd = moments(weights.values, weights.mean())
    np.testing.assert_allclose(whole["mean"], mean, rtol=1e-9)
    np.testing.assert_allclose(whole["sd"], sd, rtol=1e-9)
    assert (np.diff(whole["quantiles"], axis=0) >= 0).all()
    np.testing.assert_array_equal(
        whole["quantiles"], quantiles(weights.values, weights.mean(), LEVELS)
    )
    np.testing.assert_array_equal(
        whole["mad"], median_absolute_deviation(weights.values, weights.mean())
    )


def test_one_leaf_gives_the_distribution_of_the_draw():
    """A tree without a split spreads its weight over the records by how often they were drawn."""
    forest, x, y, rows = grown(40, 3, 1, min_samples_leaf=40)
    weights = Weights(y, len(rows))
    weights.add(forest, x, y, rows)
    drawn = y[forest.estimators_samples_[0]]
    out = weights.summary([0.5])
    np.testing.assert_allclose(out["mean"], drawn.mean(), rtol=1e-6)
    np.testing.assert_allclose(out["sd"], drawn.std(), rtol=1e-5)
    middle = np.sort(drawn)[19]
    np.testing.assert_array_equal(out["quantiles"][0], middle)
    np.testing.assert_allclose(out["mad"], np.sort(np.abs(drawn - middle))[19])


def test_hand_worked_distribution():
    """Mean, SD, quantiles and MAD of four values, worked by hand."""
    values = np.array([100.0, 200.0, 400.0, 1000.0])
    weights = np.array([[0.1, 0.4, 0.4, 0.1]], np.float32)
    mean, sd = moments(values, weights)
    assert mean[0] == pytest.approx(350)
    # 0.1 x 250^2 + 0.4 x 150^2 + 0.4 x 50^2 + 0.1 x 650^2 = 58,500
    assert sd[0] == pytest.approx(58_500**0.5)
    # F is 0.1, 0.5, 0.9, 1: a level that is just reached takes that value.
    got = quantiles(values, weights, [0.05, 0.1, 0.11, 0.5, 0.51, 0.9, 0.95, 1.0])[:, 0]
    assert got.tolist() == [100, 100, 200, 200, 400, 400, 1000, 1000]
    # Distances from the median 200: 0 (0.4), 100 (0.1), 200 (0.4), 800 (0.1).
    assert median_absolute_deviation(values, weights).tolist() == [100]


COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any)


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


@settings(max_examples=50, deadline=None)
@given(counts=COUNTS, scale=st.sampled_from([0.1, 1.0, 1234.5]), shift=st.sampled_from([0.0, 1e4]))
def test_statistics_follow_scale_and_shift(counts, scale, shift):
    """Fluxes in other units give the same statistics in those units."""
    values = np.arange(len(counts), dtype=float) ** 2
    weights = np.array([counts], np.float32) / np.float32(sum(counts))
    mean, sd = moments(values, weights)
    other_mean, other_sd = moments(values * scale + shift, weights)
    assert other_mean[0] == pytest.approx(mean[0] * scale + shift, rel=1e-6, abs=1e-6)
    # Single-precision weights leave a part in a thousand of the range.
    assert other_sd[0] == pytest.approx(sd[0] * scale, abs=1e-3 * scale * max(1, np.ptp(values)))
    np.testing.assert_allclose(
        median_absolute_deviation(values * scale + shift, weights),
        median_absolute_deviation(values, weights) * scale, atol=1e-6,
    )


def test_mad_sees_equal_distances_through_rounding():
    """Two values equally far from the median count together, whatever their last digits."""
    values = np.array([0.1, 0.2, 0.3])  # 0.2 - 0.1 and 0.3 - 0.2 differ in the last digit
    weights = np.array([[0.3, 0.4, 0.3]])
    assert median_absolute_deviation(values, weights)[0] == pytest.approx(0.1)


@pytest.mark.parametrize("seed", range(3))
def test_agreement_with_quantile_forest(seed):
    """An independent implementation has the same means and, at the same weight, the same values.

    It places a level q at the weight q (n - 1) + 1 of n, where n counts the records in
    the row's leaves, and we at q n; its "higher" then is the first value to exceed that
    weight. No weight sums up to these levels exactly, so that exceeding is reaching.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(90, 3)).astype(np.float32)
    y = np.round(rng.lognormal(6, 0.6, 90), 1)
    rows = rng.normal(size=(15, 3)).astype(np.float32)
    forest = RandomForestQuantileRegressor(
        n_estimators=15, max_samples_leaf=None, min_samples_split=4, random_state=seed
    ).fit(x, y)
    weights = Weights(y, len(rows))
    weights.add(forest, x, y, rows)
    levels = np.array([0.0513, 0.2511, 0.5017, 0.7509, 0.9487])
    ours = weights.summary(levels)
    theirs = forest.predict(rows, quantiles="mean", weighted_leaves=True)
    np.testing.assert_allclose(ours["mean"], theirs, rtol=1e-6)
    for i, row in enumerate(rows):
        n = sum(
            (tree.apply(x[in_bag]) == tree.apply(row[None])).sum()
            for tree, in_bag in zip(forest.estimators_, forest.estimators_samples_, strict=True)
        )
        theirs = forest.predict(
            row[None], quantiles=((levels * n - 1) / (n - 1)).tolist(),
            weighted_leaves=True, interpolation="higher",
        )[0]
        # It never returns the lowest value of all as the higher of two.
        compared = ours["quantiles"][:, i] > y.min()
        np.testing.assert_allclose(ours["quantiles"][compared, i], theirs[compared])


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
    n = 1500
    expected = one_member_by_hand(forest, x, y, rows)
    found = drawn_weights(forest, x, y, rows, 0, n)
    # The mean of n draws of each of four trees; five standard errors of its largest chance.
    assert np.abs(found - expected).max() < 5 * np.sqrt(0.25 / (4 * n)) * 2
    assert (found[expected == 0] == 0).all()
    levels = distribution(forest, x, y, rows, LEVELS, one_member=np.random.default_rng(0))
    assert np.isin(levels["quantiles"], y).all()


def test_one_member_as_in_quantile_forest():
    """Without bootstrap its ``max_samples_leaf=1`` is the same rule: the same chances."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(60, 2)).astype(np.float32)
    y = np.round(rng.lognormal(6, 0.6, 60), 1)
    rows = x[:8]
    options = {"n_estimators": 1, "bootstrap": False, "max_features": None, "min_samples_leaf": 12}
    theirs = np.array([
        RandomForestQuantileRegressor(max_samples_leaf=1, random_state=i, **options)
        .fit(x, y).predict(rows, quantiles=0.5) for i in range(300)
    ])
    forest = RandomForestQuantileRegressor(max_samples_leaf=None, random_state=0, **options)
    forest.fit(x, y)
    chance = one_member_by_hand(forest, x, y, rows)
    ours = drawn_weights(forest, x, y, rows, 1, 300)
    values = np.unique(y)
    mean, spread = moments(values, chance)
    error = spread / np.sqrt(300)
    assert (np.abs(theirs.mean(axis=0) - mean) < 5 * error).all()
    assert (np.abs(ours @ values - mean) < 5 * error).all()
    assert all(np.isin(t, values[c > 0]).all() for t, c in zip(theirs.T, chance, strict=True))
