"""Sums over runs: against plain means, in any order, in parts, and after an interruption."""

import numpy as np
import pytest
from made_maps import SHARES, content, records

from soilresp.forest import Weights
from soilresp.grid.cells import GRAMS_PER_PG
from soilresp.upscaling.maps import QUANTILES
from soilresp.upscaling.metrics import scores
from soilresp.upscaling.runs import monte_carlo
from soilresp.upscaling.sums import Sums

N_RUNS, N_TREES = 4, 6


@pytest.fixture(scope="module")
def runs():
    x, y, strata = records()
    return list(monte_carlo(x, y, strata, SHARES, "SR", N_RUNS, N_TREES))


@pytest.fixture(scope="module")
def cells():
    """Predictors of 150 cells in 3 years, and the cells' areas."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(3, 150, 3)).astype(np.float32), rng.uniform(1e9, 3e9, 150)


def empty(cells, **options):
    return Sums(*cells, *records()[:2], N_RUNS, n_threads=1, **options)


def added(cells, runs, **options):
    sums = empty(cells, **options)
    for run in runs:
        sums.add(run)
    return sums


def test_sums_are_means_and_totals(cells, runs):
    """Against scikit-learn's predictions, year by year and run by run."""
    sums = added(cells, runs)
    by_run = np.array([
        run.forest.predict(cells[0].reshape(-1, 3)).reshape(3, 150) for run in runs
    ])
    np.testing.assert_allclose(sums.flux(), by_run.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(sums.run_totals, by_run @ cells[1] / GRAMS_PER_PG, rtol=1e-6)
    at_mean = np.mean([run.forest.predict(cells[0].mean(axis=0)) for run in runs], axis=0)
    np.testing.assert_allclose(sums.spread(())["mean"], at_mean, rtol=1e-6)


def test_sd_is_that_of_each_years_weights(cells, runs):
    """Against the weights of all runs together, a year at a time."""
    x, y, _ = records()
    found = added(cells, runs).sd()
    for year, rows in enumerate(cells[0]):
        weights = Weights(y, len(rows), n_forests=N_RUNS)
        for run in runs:
            weights.add(run.forest, x[run.drawn], y[run.drawn], rows)
        np.testing.assert_allclose(found[year], weights.summary(())["sd"], rtol=1e-5)


def test_weights_of_every_year(cells, runs):
    """Kept in more bins than values they are exact, in a few they are within a bin."""
    x, y, _ = records()
    exact, binned = added(cells, runs, n_bins=10**6), added(cells, runs, n_bins=30)
    by_year = exact.annual_spread(QUANTILES)
    assert by_year["mad"].shape == (3, 150) and by_year["quantiles"].shape == (5, 3, 150)
    np.testing.assert_allclose(by_year["sd"], exact.sd(), rtol=1e-5)
    weights = Weights(y, 150, n_forests=N_RUNS)
    for run in runs:
        weights.add(run.forest, x[run.drawn], y[run.drawn], cells[0][1])
    expected = weights.summary(QUANTILES)
    np.testing.assert_array_equal(by_year["mad"][1], expected["mad"])
    np.testing.assert_array_equal(by_year["quantiles"][:, 1], expected["quantiles"])
    mean = exact.spread(QUANTILES)
    np.testing.assert_allclose(mean["quantiles"], by_year["quantiles"].mean(axis=1))
    within = binned.weights.within
    assert 0 < within < np.ptp(y) / 10
    off = np.abs(binned.annual_spread(QUANTILES)["quantiles"] - by_year["quantiles"])
    assert off.max() <= within * (1 + 1e-9)
    with pytest.raises(ValueError, match="with n_bins alone"):
        added(cells, runs).annual_spread(QUANTILES)


def test_scores_of_the_runs(cells, runs):
    """Each run on the records it held out, against the validation's own scores."""
    x, y, _ = records()
    found = added(cells, runs[::-1]).scores()
    for run, row in zip(runs, found.itertuples(), strict=True):
        expected = scores(y[run.held_out], run.forest.predict(x[run.held_out]))
        assert row.n_held_out == expected["n"] == 20
        assert row.r2 == pytest.approx(expected["r2"], rel=1e-5)
        assert row.rmse == pytest.approx(expected["rmse"], rel=1e-5)


def test_same_bytes_in_any_order_and_in_parts(cells, runs):
    """Neither the order of the runs, nor threads, nor who added them shows."""
    expected = content(added(cells, runs))
    assert content(added(cells, runs[::-1])) == expected
    threaded = Sums(*cells, *records()[:2], N_RUNS, n_threads=2)
    for run in runs:
        threaded.add(run)
    assert content(threaded) == expected
    one, two = added(cells, runs[1:3]), added(cells, [runs[3], runs[0]])
    two.take(one.content())
    assert content(two) == expected
    with pytest.raises(ValueError, match="in common"):
        two.take(one.content())
    with pytest.raises(ValueError, match="run 1 is in the sums already"):
        two.add(runs[1])
    with pytest.raises(ValueError, match="3 of 4 runs are not in the sums yet"):
        added(cells, runs[:1]).flux()


@pytest.mark.parametrize("stop", [1, 3, 4])
def test_interrupted_sums_end_with_the_same_bytes(cells, runs, stop, tmp_path):
    """Saved after some runs, taken up by others, finished: the bytes of an unbroken run."""
    options = {"file": tmp_path / "sums.npz", "key": "seed 0", "every": 0}
    added(cells, runs[:stop], **options)
    resumed = empty(cells, **options)
    done = resumed.resume()
    assert done == set(range(stop))
    x, y, strata = records()
    for run in monte_carlo(x, y, strata, SHARES, "SR", N_RUNS, N_TREES, skip=done):
        resumed.add(run)
    assert content(resumed) == content(added(cells, runs))


def test_sums_of_other_runs_are_not_taken_up(cells, runs, tmp_path, capsys):
    """Another key or other cells start anew; so does a damaged file, which is told."""
    file = tmp_path / "sums.npz"
    added(cells, runs[:2], file=file, key="seed 0", every=0)
    assert empty(cells, file=file, key="seed 0").resume() == {0, 1}
    assert empty(cells, file=file, key="seed 1").resume() == set()
    other = cells[0] + 1, cells[1]
    assert empty(other, file=file, key="seed 0").resume() == set()
    assert empty(cells, file=tmp_path / "none.npz").resume() == set()
    file.write_bytes(file.read_bytes()[:1000])
    assert empty(cells, file=file, key="seed 0").resume() == set()
    assert "sums.npz is damaged" in capsys.readouterr().out
