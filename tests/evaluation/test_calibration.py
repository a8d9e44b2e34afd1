"""Intervals and their correction, where the right coverage is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilresp.evaluation.calibration import COMBINATIONS, LEVELS, calibration, conformal_interval


def test_correction_by_hand():
    """Nine records at 10 to 180 from the middle of intervals 200 wide; nine tenths: the farthest.

    Half of each interval is 100, the typical half too: distances count in 200s, the last
    is 0.9, and a new interval with half 50 reaches 0.9 x 150 = 135 from its middle.
    """
    observed = 300 + np.array([10, 20, 40, 60, 80, 100, 120, 140, 180])
    low, high = conformal_interval([200] * 9, [400] * 9, observed, [650, 0], [750, 100], 0.9)
    assert low.tolist() == pytest.approx([565, 0]) and high.tolist() == pytest.approx([835, 185])


@pytest.mark.parametrize(("n", "finite"), [(18, False), (19, True)])
def test_too_few_records_give_no_upper_end(n, finite):
    """95 % need nineteen calibration records."""
    low, high = conformal_interval([1] * n, [3] * n, np.linspace(1, 5, n), [2], [4], 0.95)
    assert np.isfinite(high[0]) == finite and low[0] >= 0


@given(st.integers(20, 60), st.sampled_from(LEVELS), st.integers(0, 1000))
def test_corrected_intervals_cover_the_calibration_records(n, level, seed):
    """At least the level of the calibration records themselves lies inside."""
    rng = np.random.default_rng(seed)
    middle, half = rng.uniform(5000, 9000, n), rng.uniform(0, 100, n)
    observed = middle + np.clip(rng.standard_t(3, n), -9, 9) * 100
    low, high = conformal_interval(
        middle - half, middle + half, observed, middle - half, middle + half, level
    )
    assert ((observed >= low) & (observed <= high)).mean() >= level - 1 / n - 1e-9


@pytest.fixture(scope="module")
def made():
    """Calibration of six hundred records of sixty studies, each with an effect of its own."""
    rng = np.random.default_rng(3)
    study = rng.integers(0, 60, 600)
    x = pd.DataFrame({"MAT": rng.normal(size=60)[study], "Prec": rng.normal(size=60)[study]})
    records = pd.DataFrame({
        "study": study, "row": 100 + 4 * (study % 30), "col": 200 + 4 * (study // 30),
        "flux": 1500 + 100 * x["MAT"] + 150 * rng.normal(size=60)[study] + rng.normal(0, 60, 600),
    })
    return calibration(records, x, "SR", 25, 6)


def test_calibration_has_every_combination(made):
    """A row per combination and level; every record is tested once; wider levels are wider."""
    coverage, pit = made
    assert len(coverage) == len(COMBINATIONS) * len(LEVELS) and (coverage["n"] == 600).all()
    for _, rows in coverage.groupby(["test", "calibrated"]):
        for column in ("raw", "raw_width", "conformal"):
            assert rows[column].is_monotonic_increasing
    assert pit.groupby("test")["share"].sum().tolist() == pytest.approx([1, 1, 1])
    assert pit.groupby("test").size().tolist() == [20, 20, 20]


def test_new_studies_need_calibration_by_study(made):
    """Random calibration covers too few records of new studies."""
    held = made[0].set_index(["test", "calibrated", "level"])["conformal"]
    assert held["random", "random", 0.9] == pytest.approx(0.9, abs=0.05)
    assert held["study", "study", 0.9] == pytest.approx(0.9, abs=0.08)
    assert held["study", "random", 0.9] < held["study", "study", 0.9] - 0.05
