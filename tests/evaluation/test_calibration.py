"""Intervals and their correction, where the right coverage is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilresp.evaluation import calibration as calibrate
from soilresp.evaluation.calibration import COMBINATIONS, LEVELS, calibration, conformal_interval


def test_correction_by_hand():
    """Nine records at 10 to 180 from the middle of intervals 200 wide; nine tenths: the farthest.

    Half of each interval is 100, the typical half too: distances count in 200s, the last
    is 0.9, and a new interval with half 50 reaches 0.9 x 150 = 135 from its middle.
    """
    observed = 300 + np.array([10, 20, 40, 60, 80, 100, 120, 140, 180])
    low, high = conformal_interval([200] * 9, [400] * 9, observed, [650, 0], [750, 100], 0.9)
    assert low.tolist() == pytest.approx([565, 0]) and high.tolist() == pytest.approx([835, 185])


def test_too_few_records_give_no_upper_end():
    """Eighteen records cannot vouch for 95 %, nineteen can."""
    for n, finite in ((18, False), (19, True)):
        low, high = conformal_interval([1] * n, [3] * n, np.linspace(1, 5, n), [2], [4], 0.95)
        assert np.isfinite(high[0]) == finite and low[0] >= 0


@given(st.integers(20, 60), st.sampled_from(LEVELS), st.integers(0, 1000))
def test_corrected_intervals_hold_their_share_of_the_calibration(n, level, seed):
    """At least the level of the calibration records themselves lies inside, wherever they lie."""
    rng = np.random.default_rng(seed)
    middle, half = rng.uniform(500, 900, n), rng.uniform(0, 100, n)
    observed = middle + rng.standard_t(3, n) * 100
    low, high = conformal_interval(
        middle - half, middle + half, observed, middle - half, middle + half, level
    )
    inside = (observed >= low) & (observed <= high)
    # Ends below zero are cut off, as no flux is.
    assert inside[observed >= 0].mean() >= level - 1 / n - 1e-9 or (observed < 0).any()


@pytest.fixture(scope="module")
def made():
    """Six hundred records of sixty studies, each with an effect of its own, and a calibration."""
    rng = np.random.default_rng(3)
    study = rng.integers(0, 60, 600)
    x = pd.DataFrame({"MAT": rng.normal(size=60)[study], "Prec": rng.normal(size=60)[study]})
    records = pd.DataFrame({
        "study": study, "row": 100 + 4 * (study % 30), "col": 200 + 4 * (study // 30),
        "flux": 1500 + 100 * x["MAT"] + 150 * rng.normal(size=60)[study] + rng.normal(0, 60, 600),
    })
    told = []
    coverage, pit = calibration(records, x, "SR", 25, 6, progress=told.append)
    return coverage, pit, told


def test_calibration_has_every_combination(made):
    """A row a combination and level; every record is tested once; wider levels are wider."""
    coverage, pit, told = made
    assert told == list(COMBINATIONS)
    assert len(coverage) == len(COMBINATIONS) * len(LEVELS) and (coverage["n"] == 600).all()
    for _, rows in coverage.groupby(["test", "calibrated"]):
        assert rows["raw"].is_monotonic_increasing and rows["raw_width"].is_monotonic_increasing
        assert rows["conformal"].is_monotonic_increasing
    assert pit.groupby("test")["share"].sum().tolist() == pytest.approx([1, 1, 1])
    assert pit.groupby("test").size().tolist() == [20, 20, 20]


def test_calibration_alike_is_right_and_calibration_at_random_is_not(made):
    """New studies need studies that calibrate: records of known ones promise too much."""
    held = made[0].set_index(["test", "calibrated", "level"])["conformal"]
    assert held["random", "random", 0.9] == pytest.approx(0.9, abs=0.05)
    assert held["study", "study", 0.9] == pytest.approx(0.9, abs=0.08)
    assert held["study", "random", 0.9] < held["study", "study", 0.9] - 0.05


def test_calibrating_records_are_no_training_records(made):
    """They are set apart by whole groups, and none is lost."""
    groups = np.repeat(np.arange(12), 5)
    train, apart = calibrate._set_apart(np.arange(10, 60), groups, 5, 0)
    assert sorted([*train, *apart]) == list(range(10, 60))
    assert not set(groups[train]) & set(groups[apart])


def test_place_counts_ties_half():
    """A flux on one of three equal values lies in the middle of that value's weight."""
    at, weights = np.array([1.0, 2.0, 3.0]), np.full((4, 3), 1 / 3)
    got = calibrate._place(at, weights, np.array([0.0, 2.0, 2.5, 4.0]))
    assert got == pytest.approx([0, 0.5, 2 / 3, 1])
    shares = calibrate._histogram(got)["share"].to_numpy()
    assert shares[[0, 10, 13, 19]] == pytest.approx([0.25] * 4)
