"""Area-weighted scores: cases worked by hand, limits, and what never counts."""

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import DataError
from soilresp.scoring import metrics
from soilresp.scoring.metrics import bias_score, field_scores, misplacement, z_scores


def on(values, place):
    """A field of some cells."""
    return xr.DataArray(np.array(values, float), place, ("lat", "lon"))


def test_bias_score_needs_a_flux_in_the_benchmark():
    """Cells where the benchmark is 0 or below are left out, whatever the model has there."""
    # (2 e^-(1/2) + 0.5 e^-1) / 2.5: the errors are 1 of 2 and 0.5 of 0.5
    expected = (2 * math.exp(-0.5) + 0.5 * math.exp(-1)) / 2.5
    with np.errstate(all="raise"):
        got = bias_score([3.0, 1.0, 0.0, 7.0, 1.0], [2.0, 0.5, 0.0, 0.0, -1.0], [1.0] * 5)
    assert got == pytest.approx(expected, rel=1e-12)


def test_bias_score_weighs_by_area():
    """An error of a half on 3 of 4 parts of the area: (3 e^-0.5 + 1) / 4, from either side."""
    expected = (3 * math.exp(-0.5) + 1) / 4
    assert bias_score([1.0, 2.0], [2.0, 2.0], [0.3, 0.1]) == pytest.approx(expected)
    assert bias_score([3.0, 2.0], [2.0, 2.0], [0.3, 0.1]) == pytest.approx(expected)


@pytest.mark.parametrize(("r", "sigma", "r0", "expected"), [
    (1.0, 0.5, 1.0, 0.64),  # 8 / (2.5^2 x 2)
    (0.0, 1.0, 1.0, 0.5),  # 4 / (4 x 2)
    (-1.0, 1.0, 1.0, 0.0),
    (0.5, 1.0, 0.5, 1.0),  # 4 x 1.5 / (4 x 1.5)
    (1.0, 1.0, 0.6, 1.25),  # 8 / (4 x 1.6)
    (0.2, 4.0, 1.0, 4 * 1.2 / (4.25**2 * 2)),
    (0.9, 0.0, 1.0, 0.0), (0.5, -0.5, 1.0, math.nan), (0.5, math.nan, 1.0, math.nan),
])
def test_taylor_score_by_hand(r, sigma, r0, expected):
    """4 (1 + r) / ((s + 1/s)^2 (1 + r0)), and 0 where the model does not vary."""
    assert metrics.taylor_score(r, sigma, r0) == pytest.approx(expected, abs=1e-15, nan_ok=True)


def test_every_score_of_two_cells_by_hand():
    """3 and 1 against 1.5 and 0.5 on 0.2 and 0.6 m2: every key."""
    s = field_scores([3.0, 1.0], [1.5, 0.5], [0.2, 0.6])
    # weights 1/4 and 3/4: means 1.5 and 0.75; deviations 1.5, -0.5 and 0.75, -0.25
    assert s == pytest.approx({
        "bias": 0.75,
        "rmse": math.sqrt(1.5**2 / 4 + 0.5**2 * 3 / 4),
        "crmse": math.sqrt(0.75**2 / 4 + 0.25**2 * 3 / 4),
        "r": 1.0,
        "sigma_ratio": 2.0,
        "taylor_score": 0.64,
        "bias_score": math.exp(-1),
        "rmse_score": math.exp(-1),
        "benchmark_mean": 0.75,
        "n_cells": 2,
        "area": 0.8,
    }, rel=1e-12)


def test_cells_without_a_positive_area_do_not_count():
    """A negative, missing or endless value takes its own cell out; without area none is left."""
    for area in ([0.0, 0.0], [np.nan, 0.0], [-1.0, -1.0]):
        with pytest.raises(DataError, match="cell"):
            field_scores([1.0, 2.0], [1.0, 2.0], area)
    whole = field_scores([1.0, 3.0], [2.0, 5.0], [0.5, 0.25])
    more = field_scores(
        [1.0, 3.0, 9.0, 9.0, np.inf, 9.0], [2.0, 5.0, 1.0, 1.0, 1.0, -np.inf],
        [0.5, 0.25, -1.0, np.nan, 1.0, 1.0],
    )
    assert more == whole and whole["n_cells"] == 2


@given(st.lists(st.floats(1, 1e4), min_size=3, max_size=30), st.integers(0, 99))
@settings(max_examples=40)
def test_a_map_against_itself_is_perfect(values, seed):
    """Any map that varies scores 1 against itself, with any areas."""
    values = np.array([*values, max(values) + 50])
    area = np.random.default_rng(seed).uniform(0.1, 1, values.size)
    s = field_scores(values, values, area)
    for key in ("r", "sigma_ratio", "taylor_score", "bias_score", "rmse_score"):
        assert s[key] == pytest.approx(1)
    assert s["bias"] == s["rmse"] == 0


@pytest.mark.parametrize(("model", "benchmark", "missing", "known"), [
    ([2, 1], [1, 2], (), {"bias": 0, "rmse": 1, "crmse": 1, "r": -1, "taylor_score": 0,
                          "rmse_score": math.exp(-2)}),
    ([1, 3], [2, 2], ("r", "sigma_ratio", "taylor_score", "rmse_score"),
     {"bias": 0, "rmse": 1, "crmse": 1, "bias_score": math.exp(-0.5)}),
    ([0, 0], [1, 3], ("r",), {"bias": -2, "crmse": 1, "sigma_ratio": 0, "taylor_score": 0,
                              "bias_score": math.exp(-1), "rmse_score": math.exp(-1)}),
    ([1, 3], [0, 0], ("r", "sigma_ratio", "taylor_score", "bias_score", "rmse_score"),
     {"bias": 2, "rmse": math.sqrt(5), "crmse": 1}),
])
def test_maps_without_spread_or_against_each_other(model, benchmark, missing, known):
    """What cannot be scored is missing without a division by 0, the rest is known."""
    with np.errstate(all="raise"):
        s = field_scores(model, benchmark, [1.0, 1.0])
    assert all(math.isnan(s[key]) for key in missing)
    assert {key: s[key] for key in known} == pytest.approx(known, abs=1e-12)


@pytest.mark.parametrize(("spread", "flat"), [(2e-9, False), (2e-11, True)])
@pytest.mark.parametrize("which", ["model", "benchmark"])
def test_a_spread_of_rounding_errors_is_none(spread, flat, which):
    """A relative SD of 10^-9 still has a correlation, one of 10^-11 has none, on either side."""
    nearly, wide = [1.0, 1.0 + spread], [1.0, 2.0]
    pair = (nearly, wide) if which == "model" else (wide, nearly)
    r = field_scores(*pair, [1.0, 1.0])["r"]
    assert math.isnan(r) if flat else r == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("z", "one", "two"), [
    (1.0, 1, 1), (-1.0, 1, 1), (1.001, 0, 1), (-2.0, 0, 1), (2.001, 0, 0), (-2.001, 0, 0),
])
def test_limits_of_one_and_two_sd(z, one, two):
    """One and two SDs belong to what lies within."""
    # SD 0.5 and benchmark 1: the model is at 1 + z / 2
    got = z_scores([1 + z / 2, 1 + z / 2], [1.0, 1.0], [0.5, 0.5], [0.1, 0.3])
    assert got == pytest.approx(
        {"mean": z, "mean_abs": abs(z), "within_1": one, "within_2": two}, abs=1e-12
    )


@pytest.mark.parametrize("sd", [0.0, -1.0, np.nan])
def test_cells_without_a_positive_sd_do_not_count(sd):
    """No SD, a negative or a missing one takes the cell out; if all are so, nothing is left."""
    # -1, 3 and 1.5 SDs on 1, 2 and 5 of 8 parts of the area
    model, ours, area = [0.0, 13.0, 5.0, 9.0], [2.0, 4.0, 2.0, 1.0], [0.1, 0.2, 0.5, 4.0]
    assert z_scores(model, ours, [2.0, 3.0, 2.0, sd], area) == pytest.approx(
        {"mean": 12.5 / 8, "mean_abs": 14.5 / 8, "within_1": 1 / 8, "within_2": 6 / 8}
    )
    assert all(math.isnan(value) for value in z_scores(model, ours, [sd] * 4, area).values())


AROUND = {"lat": [0.0], "lon": [-135.0, -45.0, 45.0, 135.0]}


def test_the_limit_of_misplacement_is_a_tenth():
    """r that is better by 0.0993 when shifted passes, by 0.1097 it does not."""
    b, area = on([[1, 0, 0, 0]], AROUND), on([[1, 1, 1, 1]], AROUND)
    # For 1, 0, y, 0: r is (3 - y) / 4 and shifted (3 y - 1) / 4, both over
    # sqrt(3/4) sqrt(1 + y^2 - (1 + y)^2 / 4); they differ by 0.0993 for y = 1.09.
    assert misplacement(on([[1, 0, 1.09, 0]], AROUND), b, area) is None
    # y = 1.10: sqrt(3/4) sqrt(1.1075) = 0.9114; 0.575 and 0.475 over it
    assert misplacement(on([[1, 0, 1.10, 0]], AROUND), b, area) == (
        "shifted by 180 degrees of longitude: r 0.63 instead of 0.52"
    )


CORNERS = {"lat": [60.0, 0.0, -60.0], "lon": [-135.0, -45.0, 45.0, 135.0]}


@pytest.mark.parametrize(("row", "col", "words"), [
    (0, 0, None),
    (0, 2, "shifted by 180 degrees of longitude"),
    (2, 0, "flipped from north to south"),
    (2, 2, "flipped from north to south and shifted by 180 degrees"),
    (1, 0, None), (0, 1, None), (2, 1, None), (2, 3, None), (0, 3, None),
])
def test_each_move_is_told(row, col, words):
    """One cell with carbon in the north-west: where the model has it says what was moved."""
    b, m = np.zeros((3, 4)), np.zeros((3, 4))
    b[0, 0], m[row, col] = 2, 5
    # Elsewhere there is nothing, so that r is 1 in its place and -1/11 in any other.
    told = misplacement(on(m, CORNERS).transpose(), on(b, CORNERS), on(np.ones((3, 4)), CORNERS))
    assert told == (words and f"{words}: r 1.00 instead of -0.09")


def test_cells_are_weighed_by_their_area():
    """A misplaced row of little area does not count, one of much does."""
    b = on([[1, 0, 0, 0], [1, 0, 0, 0]], {"lat": [60.0, 0.0], "lon": CORNERS["lon"]})
    m = on([[1, 0, 0, 0], [0, 0, 1, 0]], {"lat": [60.0, 0.0], "lon": CORNERS["lon"]})
    # Cells that agree have the weight a, others c: with 4 (a + c) = 1 the means are 1/4, and
    # r is (a - 1/16) / (3/16), shifted (c - 1/16) / (3/16).
    for north, south, told in (
        (9.0, 1.0, None),
        (1.0, 9.0, "shifted by 180 degrees of longitude: r 0.87 instead of -0.20"),
    ):
        area = xr.DataArray([north, south], {"lat": [60.0, 0.0]}, ("lat",))
        assert misplacement(m, b, area) == told
