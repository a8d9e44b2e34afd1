"""The Monte-Carlo runs: settings of the forests, draws that repeat, records held out."""

import hashlib
import sys

import numpy as np
import pytest
from made_maps import SHARES, records

from soilresp.errors import ParameterError
from soilresp.upscaling.runs import (
    evaluate_runs,
    monte_carlo,
    new_forest,
    oob_prediction,
    predict,
)


def runs_of(n_runs=3, n_trees=5, **options):
    """Runs on the made-up records, as a list."""
    options = {"target": "SR", **options}
    return list(monte_carlo(*records(150, 4), SHARES, n_runs=n_runs, n_trees=n_trees, **options))


def fingerprint(run, rows):
    """Bytes of all that a run decides."""
    parts = (run.drawn, run.held_out, predict(run.forest, rows))
    return hashlib.sha256(b"".join(p.tobytes() for p in parts)).hexdigest()


ROWS = np.random.default_rng(9).normal(size=(200, 4))


def test_forest_has_the_settings_of_r():
    """A third of the predictors at a split, small nodes left alone, bootstrap."""
    forest = new_forest(7, 9, seed=3)
    assert (forest.n_estimators, forest.max_features, forest.min_samples_split) == (7, 3, 4)
    assert forest.bootstrap and forest.random_state == 3
    assert [new_forest(1, p, 0).max_features for p in (1, 2, 3, 5, 6, 7)] == [1, 1, 1, 1, 2, 2]


@pytest.mark.parametrize("n_trees", [1, 30])
def test_prediction_has_the_same_bytes_on_any_number_of_threads(n_trees):
    """Neither the threads nor the blocks of rows show in the last digit."""
    x, y, _ = records(150, 4)
    rows = np.random.default_rng(1).normal(size=(40_000, 4)).astype(np.float32)
    forest = new_forest(n_trees, 4, seed=0, n_jobs=1).fit(x, y)
    alone = predict(forest, rows)
    np.testing.assert_allclose(alone, forest.predict(rows), rtol=1e-12)
    for n_jobs in (2, -1, 2, 2):
        forest.n_jobs = n_jobs
        assert predict(forest, rows).tobytes() == alone.tobytes()
    assert predict(forest, rows[16_000:17_000]).tobytes() == alone[16_000:17_000].tobytes()


def test_same_seed_same_bytes():
    """Runs repeat to the byte; another seed, flux or way of drawing gives others."""
    first = [fingerprint(r, ROWS) for r in runs_of(seed=4)]
    assert first == [fingerprint(r, ROWS) for r in runs_of(seed=4)]
    assert len(set(first)) == 3
    for other in ({"seed": 5}, {"seed": 4, "target": "HR"}, {"seed": 4, "sampling": "record"}):
        assert not set(first) & {fingerprint(r, ROWS) for r in runs_of(**other)}


def test_run_is_the_same_whatever_the_number_of_runs():
    """The first runs of a long ensemble are those of a short one."""
    short, long = runs_of(2), runs_of(4)
    assert [r.index for r in long] == [0, 1, 2, 3]
    assert [fingerprint(r, ROWS) for r in short] == [fingerprint(r, ROWS) for r in long[:2]]


def test_forest_is_fitted_on_the_drawn_records_alone():
    """Fluxes of held-out records could be anything: the forest stays the same."""
    x, y, strata = records(150, 4)
    for run in runs_of(2):
        changed = y.copy()
        changed[run.held_out] = 1e6
        again = list(monte_carlo(x, changed, strata, SHARES, "SR", run.index + 1, 5))[-1]
        assert fingerprint(again, ROWS) == fingerprint(run, ROWS)


def test_evaluation_by_hand():
    """Means over all runs and over those that held a record out, against plain loops."""
    x = records(150, 4)[0]
    runs = runs_of(3)
    got = evaluate_runs(runs, x)
    predicted = np.array([r.forest.predict(x.astype(np.float32)) for r in runs])
    np.testing.assert_allclose(got["all_runs"], predicted.mean(axis=0))
    for i in range(len(x)):
        outside = [predicted[k, i] for k, r in enumerate(runs) if i in r.held_out]
        assert got["n_held_out"][i] == len(outside)
        if outside:
            assert got["held_out"][i] == pytest.approx(np.mean(outside))
        else:
            assert np.isnan(got["held_out"][i])
    assert 0 < (got["n_held_out"] == 0).sum() < len(x)


@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
def test_out_of_bag_prediction_is_missing_where_every_tree_saw_the_record():
    """With two trees some records are in both bags; scikit-learn would say 0."""
    x, y, _ = records(60, 4)
    forest = new_forest(2, 4, 1, oob_score=True).fit(x, y)
    got = oob_prediction(forest)
    for i in range(60):
        outside = [
            tree.predict(x[i : i + 1].astype(np.float32))[0]
            for tree, in_bag in zip(forest.estimators_, forest.estimators_samples_, strict=True)
            if i not in in_bag
        ]
        if outside:
            assert got[i] == pytest.approx(np.mean(outside))
        else:
            assert np.isnan(got[i]) and forest.oob_prediction_[i] == 0
    assert 0 < np.isnan(got).sum() < 60


def test_a_package_that_is_not_there_is_named(monkeypatch):
    """An extra that is not installed is an error with its name."""
    monkeypatch.setitem(sys.modules, "quantile_forest", None)
    with pytest.raises(ParameterError, match="quantile-forest"):
        new_forest(2, 3, 0, engine="quantile-forest")


def test_impossible_numbers_are_refused():
    """No run, no tree, and a draw that does not exist are named."""
    for options, word in (((0, 1, "area"), "n_runs"), ((1, 0, "area"), "n_trees"),
                          ((1, 1, "even"), "'even'")):
        with pytest.raises(ParameterError, match=word):
            runs_of(*options[:2], sampling=options[2])
