"""Monte-Carlo errors by runs and trees: against plain predictions, and how they fall."""

import numpy as np
import pandas as pd
import pytest

from soilresp.evaluation.convergence import QUANTITIES, convergence, first_trees
from soilresp.grid.cells import GRAMS_PER_PG
from soilresp.upscaling.runs import Runs, new_forest

N_RUNS = 8


@pytest.fixture(scope="module")
def ensemble():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 3)).astype(np.float32)
    y = np.round(np.exp(6 + x[:, 0] / 2 + rng.normal(0, 0.3, 150)), 1)
    shares = pd.Series({1: 0.2, 2: 0.1, 3: 0.2, 4: 0.1, 5: 0.4})
    return Runs(x, y, np.arange(150) % 5 + 1, shares, "SR", N_RUNS, 20)


def test_first_trees_are_a_smaller_forest():
    """The first trees of a forest are those of a forest grown with so many."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    small, large = (new_forest(n, 3, seed=4).fit(x, y) for n in (3, 9))
    part = first_trees(large, 3)
    np.testing.assert_allclose(part.predict(x), small.predict(x), rtol=1e-12)
    for ours, theirs in zip(part.estimators_samples_, small.estimators_samples_, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert len(large.estimators_) == large.n_estimators == 9


def test_errors_against_plain_predictions(ensemble):
    """Means and totals: the spread between scikit-learn's own predictions, over root n."""
    rng = np.random.default_rng(2)
    cells, area = rng.normal(size=(300, 3)).astype(np.float32), rng.uniform(1e9, 2e9, 300)
    seen = []
    table = convergence(
        ensemble, cells, area, (5, 20), (1, 4), n_sample=300, progress=lambda: seen.append(1)
    )
    assert len(seen) == N_RUNS
    assert len(table) == 2 * 2 * len(QUANTITIES) and set(table["quantity"]) == set(QUANTITIES)
    by = table.set_index(["quantity", "n_trees", "n_runs"])
    predicted = np.array([run.forest.predict(cells) for run in ensemble.grow()])
    totals = predicted @ area / GRAMS_PER_PG
    got = by.loc[("total", 20, 4)]
    assert got["error"] == pytest.approx(totals.std(ddof=1) / 2, rel=1e-4)
    assert got["relative"] == pytest.approx(got["error"] / totals.mean(), rel=1e-6)
    # All cells are in the sample, in another order.
    expected = np.sqrt(predicted.var(axis=0, ddof=1).mean())
    assert by.loc[("mean", 20, 1), "error"] == pytest.approx(expected, rel=1e-4)
    assert by.loc[("mean", 5, 1), "error"] > expected
    assert by.loc[("sd", 20, 4), "n_pairs"] == 1 and by.loc[("sd", 20, 1), "n_pairs"] == 4
    for quantity in ("sd", "mad"):
        assert 0 < by.loc[(quantity, 20, 4), "error"] < by.loc[(quantity, 20, 1), "error"]
