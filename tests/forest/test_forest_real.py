"""The engine on real records and cells, against counting leaf by leaf."""

import numpy as np
import pytest

from soilresp.covariates.recipes import recipe_of
from soilresp.forest import Rows, Weights
from soilresp.forest.distribution import median_absolute_deviation, moments, quantiles
from soilresp.io import fetch as access
from soilresp.study.chapters.convergence import paper_ensemble
from soilresp.study.settings import resolve_settings

pytestmark = [pytest.mark.real, pytest.mark.slow]

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
N_RUNS, N_TREES, N_CELLS = 2, 25, 400


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study on real data, where it is at hand."""
    if not access.is_available(["srdb", *recipe_of("delta").needs]):
        pytest.skip("the inputs of recipe 'delta' are neither in the cache nor in a mirror")
    return resolve_settings(tmp_path_factory.mktemp("real"), recipe="delta", observations="srdb")


def counted(forest, x, y, values, rows):
    """Meinshausen's weights on the values, from scikit-learn's own leaves."""
    out = np.zeros((len(rows), values.size))
    position = np.searchsorted(values, y)
    for tree, in_bag in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        leaf_of_record, leaf_of_row = tree.apply(x[in_bag]), tree.apply(rows)
        for leaf in np.unique(leaf_of_row):
            members = position[in_bag[leaf_of_record == leaf]]
            share = np.bincount(members, minlength=values.size) / members.size
            out[leaf_of_row == leaf] += share
    return out / len(forest.estimators_)


@pytest.mark.parametrize("target", ["SR", "HR"])
def test_statistics_of_real_cells(study, target):
    """Means to 1e-6, moments to 1e-5, quantiles and MAD identical to brute force."""
    ensemble, by_year, area = paper_ensemble(study, target, N_RUNS, N_TREES)
    rng = np.random.default_rng(0)
    years, cells = rng.integers(0, len(by_year), N_CELLS), rng.integers(0, area.size, N_CELLS)
    sample = np.ascontiguousarray(by_year[years, cells])
    rows = Rows(sample, like=ensemble.x)
    weights = Weights(ensemble.y, N_CELLS, N_RUNS)
    values, expected = np.unique(ensemble.y), 0
    for run in ensemble.grow():
        x, y = ensemble.x[run.drawn], ensemble.y[run.drawn]
        weights.add(run.forest, x, y, rows)
        expected = expected + counted(run.forest, x, y, values, sample) / N_RUNS
    found = weights.summary(LEVELS)
    mean, sd = moments(values, expected)
    np.testing.assert_allclose(found["mean"], mean, rtol=1e-6)
    np.testing.assert_allclose(found["sd"], sd, rtol=1e-5)
    np.testing.assert_array_equal(found["quantiles"], quantiles(values, expected, LEVELS))
    np.testing.assert_array_equal(found["mad"], median_absolute_deviation(values, expected))
