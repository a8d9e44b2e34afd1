"""Influence of studies: linear changes against their definition, and refits against new fits."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilresp.evaluation.influence import (
    carriers,
    effective_number,
    linear_changes,
    refitted_changes,
)
from soilresp.forest import Rows
from soilresp.upscaling.runs import Runs, fit, new_forest

SHARES = pd.Series({1: 0.6, 2: 0.4})


def made_runs(sampling="area", n_runs=6):
    """Runs on records of ten studies, the first of which has ten times the flux."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 2)).astype(np.float32)
    study = np.arange(100) // 10
    y = np.exp(6 + 0.3 * x[:, 0]) * np.where(study == 0, 10, 1)
    return Runs(x, y, np.arange(100) % 2 + 1, SHARES, "SR", n_runs, 10, sampling=sampling), study


@given(st.lists(st.tuples(st.floats(0.1, 9), st.floats(0.1, 9), st.integers(0, 4)), min_size=2,
                max_size=20))
def test_linear_changes_are_means_of_the_others(rows):
    """The weighted mean flux of the other records times the whole weight, less the total."""
    weight, flux, group = map(np.array, zip(*rows))
    table = linear_changes(weight, weight * flux, group)
    assert table["records"].sum() == len(rows)
    assert table["share"].sum() == pytest.approx(1)
    assert (table["change"].abs().diff().dropna() <= 0).all()
    for name, row in table.iterrows():
        others = group != name
        if not others.any():
            assert np.isnan(row["change"])
            continue
        mean = np.average(flux[others], weights=weight[others])
        expected = mean * weight.sum() - (weight * flux).sum()
        assert row["change"] == pytest.approx(expected, abs=1e-9)
        assert row["weight"] == pytest.approx(weight[~others].sum())


def test_concentration():
    """Equal weights count in full; the largest contributions come first."""
    assert effective_number(np.full(7, 3.0)) == pytest.approx(7)
    assert effective_number([9.0, 1.0]) == pytest.approx(1 / 0.82)
    assert carriers(np.full(10, 0.1)) == [1, 3, 5]
    assert carriers([1.0, 9.0, 90.0]) == [1, 1, 1]


@pytest.mark.parametrize("sampling", ["area", "record"])
def test_refits_leave_the_study_out(sampling):
    """The total falls by the study's excess, in every run, and alike for kept runs or new ones."""
    runs, study = made_runs(sampling)
    cells, area = np.random.default_rng(1).normal(size=(200, 2)), np.full(200, 5e12)
    rows = Rows(cells)
    changes = refitted_changes(runs, study == 0, rows, area, 4)
    assert changes.shape == (4,) and (changes < 0).all()
    again = refitted_changes(runs, study == 0, rows, area, 4, n_threads=1)
    assert again.tobytes() == changes.tobytes()
    # Forests on the other records alone have no flux of the study.
    others = study != 0
    without = fit(new_forest(50, 2, 0), runs.x[others], runs.y[others]).predict(cells).mean()
    before = np.mean([r.forest.predict(cells.astype(np.float32)).mean() for r in runs.grow()])
    assert changes.mean() == pytest.approx(without - before, rel=0.25)


def test_records_that_are_never_drawn_change_nothing():
    """The run itself is grown again; a class that loses all records is drawn from the others."""
    runs, _ = made_runs()
    rows, area = Rows(np.random.default_rng(1).normal(size=(50, 2))), np.full(50, 1e12)
    held_out = np.isin(np.arange(100), next(runs.grow([0])).held_out)
    assert refitted_changes(runs, held_out, rows, area, 1).tolist() == [0.0]
    assert (refitted_changes(runs, np.zeros(100, bool), rows, area) == 0).all()
    changes = refitted_changes(runs, runs.strata == 2, rows, area, 2)
    assert np.isfinite(changes).all() and (changes != 0).all()
