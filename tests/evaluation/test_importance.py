"""Permutation importance, ranks and partial dependence."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor

from soilresp.evaluation.importance import (
    correlated_groups,
    dependence,
    held_out_importance,
    importance,
    rank_spread,
)


@pytest.fixture(scope="module")
def records():
    """Two hundred records of forty studies; the flux is 100 a, b copies a, c is noise."""
    rng = np.random.default_rng(0)
    a = rng.uniform(0, 10, 200)
    x = pd.DataFrame({"a": a, "b": a, "c": rng.uniform(0, 10, 200)})
    table = pd.DataFrame({"flux": 100 * a, "study": np.repeat(np.arange(40), 5)})
    return x, table


def test_copies_form_a_group(records):
    """A copy joins its original at any level; noise and a constant column stay alone."""
    assert correlated_groups(records[0].assign(d=1.0), 0.99) == [["a", "b"], ["c"], ["d"]]
    assert correlated_groups(records[0][["c"]]) == [["c"]]


def test_a_group_is_permuted_as_one(records):
    """Permuting one of two copies hurts less than permuting both; noise hurts nothing."""
    x, table = records
    forest = RandomForestRegressor(20, max_features=1, random_state=0).fit(
        x.to_numpy(np.float32), table["flux"]
    )
    single = importance(forest, x, table["flux"], [["a"], ["b"], ["c"]], 5).mean(axis=1)
    both, noise = importance(forest, x, table["flux"], [["a", "b"], ["c"]], 5).mean(axis=1)
    assert both > 1.3 * single[:2].max()
    assert abs(noise) < 0.1 * both
    # Permuted wholly, a uniform flux of SD 289 misses by about sqrt(2) of that.
    assert both == pytest.approx(np.sqrt(2) * table["flux"].std(), rel=0.2)


def test_held_out_importance_is_complete_and_repeatable(records):
    """Every scheme, feature, fold and repeat once, and the same bytes again."""
    x, table = records
    found = held_out_importance(x, table, "SR", n_trees=5, n_folds=3, n_repeats=2)
    # Three single predictors and two groups.
    assert len(found) == 2 * (3 + 2) * 3 * 2
    assert set(found["feature"]) == {"a", "b", "c", "a + b"}
    again = held_out_importance(x, table, "SR", n_trees=5, n_folds=3, n_repeats=2)
    pd.testing.assert_frame_equal(found, again)


def test_ranks_are_permutations(records):
    """In each draw the ranks are 1 to 3; with the same studies only trees differ."""
    x, table = records
    found = rank_spread(x, table, "HR", n_draws=3, n_trees=5, n_repeats=2)
    for _, draw in found.groupby(["kind", "draw"]):
        assert sorted(draw["rank"]) == [1, 2, 3]
    assert (found[found["feature"] == "c"]["rank"] == 3).all()


def test_dependence_follows_the_flux(records):
    """With a alone the curve rises from near 0 to near 1000 and the band holds it."""
    x, table = records
    curves, single = dependence(x[["a"]], table, "SR", n_trees=30, n_records=50, n_grid=10)
    assert len(curves) == 10 and single["curve"].nunique() == 40
    assert curves["flux"].is_monotonic_increasing
    np.testing.assert_allclose(curves["flux"], 100 * curves["value"], atol=40)
    assert (curves["q10"] <= curves["flux"] + 1e-9).all()
    assert (curves["q90"] >= curves["flux"] - 1e-9).all()
