"""Scores at their limits: few cells worked by hand, and each side of every condition."""

import math
import re

import numpy as np
import pytest
import xarray as xr
from made_benchmark import as_model, made_benchmark

from soilresp.errors import DataError
from soilresp.grid.cells import EARTH_RADIUS, coordinates
from soilresp.scoring import score
from soilresp.scoring.score import (
    benchmark_on_land,
    bias_score,
    field_scores,
    misplacement,
    score_model,
    taylor_score,
    z_scores,
)

LANES = {"lat": [45.0, -45.0], "lon": [-90.0, 90.0]}
"""Four cells of 90 by 180 degrees."""


def on(values, place=LANES):
    """A field of some cells."""
    return xr.DataArray(np.array(values, float), place, ("lat", "lon"))


# ---------------------------------------------------------------- bias score


def test_bias_score_needs_a_flux_in_the_benchmark():
    """Cells where the benchmark is 0 or below are left out, whatever the model has there."""
    # (2 e^-(1/2) + 0.5 e^-1) / 2.5: the errors are 1 of 2 and 0.5 of 0.5
    expected = (2 * math.exp(-0.5) + 0.5 * math.exp(-1)) / 2.5
    with np.errstate(all="raise"):
        got = bias_score([3.0, 1.0, 0.0, 7.0, 1.0], [2.0, 0.5, 0.0, 0.0, -1.0], [1.0] * 5)
    assert got == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("benchmark", [[0.0, 0.0], [-1.0, 0.0], [np.nan, -2.0]])
def test_bias_score_without_any_flux_is_missing(benchmark):
    """A benchmark without a single flux above 0 gives no score."""
    assert math.isnan(bias_score([1.0, 2.0], benchmark, [1.0, 1.0]))


def test_bias_score_weighs_by_area():
    """An error of a half on 3 of 4 parts of the area: (3 e^-0.5 + 1) / 4, from either side."""
    expected = (3 * math.exp(-0.5) + 1) / 4
    for model in (1.0, 3.0):
        assert bias_score([model, 2.0], [2.0, 2.0], [0.3, 0.1]) == pytest.approx(expected)


# ---------------------------------------------------------------- Taylor score


@pytest.mark.parametrize(("r", "sigma", "r0", "expected"), [
    (1.0, 0.5, 1.0, 0.64),  # 8 / (2.5^2 x 2)
    (0.0, 1.0, 1.0, 0.5),  # 4 / (4 x 2)
    (-1.0, 1.0, 1.0, 0.0),
    (0.5, 1.0, 0.5, 1.0),  # 4 x 1.5 / (4 x 1.5)
    (1.0, 1.0, 0.6, 1.25),  # 8 / (4 x 1.6)
    (0.2, 4.0, 1.0, 4 * 1.2 / (4.25**2 * 2)),
    (0.9, 0.0, 1.0, 0.0),
])
def test_taylor_score_by_hand(r, sigma, r0, expected):
    """4 (1 + r) / ((s + 1/s)^2 (1 + r0)), and 0 where the model does not vary."""
    assert taylor_score(r, sigma, r0) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("sigma", [np.nan, -0.5, -2.0])
def test_taylor_score_without_a_ratio_is_missing(sigma):
    """A missing or impossible ratio of spreads has no score."""
    assert math.isnan(taylor_score(0.5, sigma))


# ---------------------------------------------------------------- scores of a field


def test_every_score_of_two_cells_by_hand():
    """3 and 1 against 1.5 and 0.5 on 0.2 and 0.6 m2: every key."""
    s = field_scores([3.0, 1.0], [1.5, 0.5], [0.2, 0.6])
    # weights 1/4 and 3/4: means 1.5 and 0.75; deviations 1.5, -0.5 and 0.75, -0.25
    sd_m = math.sqrt(1.5**2 / 4 + 0.5**2 * 3 / 4)
    assert s == pytest.approx({
        "bias": 0.75,
        "rmse": math.sqrt(1.5**2 / 4 + 0.5**2 * 3 / 4),
        "crmse": math.sqrt(0.75**2 / 4 + 0.25**2 * 3 / 4),
        "r": 1.0,
        "sigma_ratio": 2.0,
        "taylor_score": 0.64,
        "bias_score": math.exp(-1),
        "rmse_score": math.exp(-1),  # crmse is half of sd_m, as is the benchmark's SD
        "benchmark_mean": 0.75,
        "n_cells": 2,
        "area": 0.8,
    }, rel=1e-12)
    assert s["rmse"] == pytest.approx(sd_m)
    assert isinstance(s["n_cells"], int)


def test_a_model_that_runs_against_the_benchmark():
    """2, 1 against 1, 2: no bias, r -1, and the errors without bias are all of the error."""
    s = field_scores([2.0, 1.0], [1.0, 2.0], [1.0, 1.0])
    assert s["bias"] == 0 and s["rmse"] == s["crmse"] == 1
    assert s["r"] == pytest.approx(-1) and s["taylor_score"] == pytest.approx(0, abs=1e-12)
    assert s["rmse_score"] == pytest.approx(math.exp(-2))


@pytest.mark.parametrize("area", [[0.0, 0.0], [np.nan, 0.0], [-1.0, -1.0], [0.0, -2.0]])
def test_without_area_nothing_is_compared(area):
    """No area, or a missing or negative one, leaves no cell in common."""
    with pytest.raises(DataError, match=r"^The map and the benchmark have no cell in common\.$"):
        field_scores([1.0, 2.0], [1.0, 2.0], area)


def test_cells_without_a_positive_area_do_not_count():
    """A negative, missing or endless value takes only its own cell out."""
    whole = field_scores([1.0, 3.0], [2.0, 5.0], [0.5, 0.25])
    more = field_scores(
        [1.0, 3.0, 9.0, 9.0, np.inf, 9.0], [2.0, 5.0, 1.0, 1.0, 1.0, -np.inf],
        [0.5, 0.25, -1.0, np.nan, 1.0, 1.0],
    )
    assert more == whole and whole["n_cells"] == 2


def test_one_area_for_all_cells():
    """A single number for the area stands for every cell."""
    assert field_scores([1.0, 3.0], [2.0, 5.0], 2.0) == field_scores(
        [1.0, 3.0], [2.0, 5.0], [2.0, 2.0]
    )


@pytest.mark.parametrize(("spread", "flat"), [(2e-9, False), (2e-11, True)])
@pytest.mark.parametrize("which", ["model", "benchmark"])
def test_a_spread_of_rounding_errors_is_none(spread, flat, which):
    """A relative SD of 10^-9 still has a correlation, one of 10^-11 has none, on either side."""
    nearly, wide = [1.0, 1.0 + spread], [1.0, 2.0]
    pair = (nearly, wide) if which == "model" else (wide, nearly)
    r = field_scores(*pair, [1.0, 1.0])["r"]
    assert math.isnan(r) if flat else r == pytest.approx(1, abs=1e-6)


def test_what_is_flat_goes_by_the_mean():
    """10^-11 about a thousandth is a spread, a thousandth about 10^9 is none; signs are free."""
    assert field_scores([1e-3, 1e-3 + 2e-11], [1.0, 2.0], [1, 1])["r"] == pytest.approx(1, abs=1e-6)
    assert field_scores([1.0, 2.0], [1e-3, 1e-3 + 2e-11], [1, 1])["r"] == pytest.approx(1, abs=1e-6)
    assert math.isnan(field_scores([1e9, 1e9 + 2e-3], [1.0, 2.0], [1, 1])["r"])
    assert math.isnan(field_scores([1.0, 2.0], [1e9, 1e9 + 2e-3], [1, 1])["r"])
    assert field_scores([-1.0, 1.0], [-4.0, -3.0], [1, 1])["r"] == pytest.approx(1)


def test_a_flat_benchmark_has_no_spread_to_compare_with():
    """Ratio of spreads, Taylor score and RMSE score are missing, the others are not."""
    with np.errstate(all="raise"):
        s = field_scores([1.0, 3.0], [2.0, 2.0], [1.0, 1.0])
    for key in ("r", "sigma_ratio", "taylor_score", "rmse_score"):
        assert math.isnan(s[key])
    assert s["bias"] == 0 and s["rmse"] == s["crmse"] == 1
    assert s["bias_score"] == pytest.approx(math.exp(-0.5))


def test_a_model_that_is_zero_throughout():
    """Nothing against 1 and 3: no spread and no r, a bias of the mean, and no division by 0."""
    with np.errstate(all="raise"):
        s = field_scores([0.0, 0.0], [1.0, 3.0], [1.0, 1.0])
    assert math.isnan(s["r"]) and s["sigma_ratio"] == s["taylor_score"] == 0
    assert s["bias"] == -2 and s["crmse"] == 1
    assert s["bias_score"] == s["rmse_score"] == pytest.approx(math.exp(-1))


def test_a_benchmark_that_is_zero_throughout():
    """1 and 3 against nothing: only the errors themselves can be told."""
    with np.errstate(all="raise"):
        s = field_scores([1.0, 3.0], [0.0, 0.0], [1.0, 1.0])
    for key in ("r", "sigma_ratio", "taylor_score", "bias_score", "rmse_score"):
        assert math.isnan(s[key])
    assert s["bias"] == 2 and s["rmse"] == pytest.approx(math.sqrt(5)) and s["crmse"] == 1


# ---------------------------------------------------------------- z scores


@pytest.mark.parametrize(("z", "one", "two"), [
    (1.0, 1, 1), (-1.0, 1, 1), (1.001, 0, 1), (-1.001, 0, 1), (2.0, 0, 1), (-2.0, 0, 1),
    (2.001, 0, 0), (-2.001, 0, 0), (0.0, 1, 1),
])
def test_limits_of_one_and_two_sd(z, one, two):
    """One and two SDs belong to what lies within."""
    # SD 0.5 and benchmark 1: the model is at 1 + z / 2
    got = z_scores([1 + z / 2, 1 + z / 2], [1.0, 1.0], [0.5, 0.5], [0.1, 0.3])
    assert got == pytest.approx(
        {"mean": z, "mean_abs": abs(z), "within_1": one, "within_2": two}, abs=1e-12
    )


def test_z_scores_weigh_by_area():
    """-1, 3 and 1.5 SDs on 1, 2 and 5 of 8 parts of the area."""
    got = z_scores([0.0, 13.0, 5.0], [2.0, 4.0, 2.0], [2.0, 3.0, 2.0], [0.1, 0.2, 0.5])
    # (-1 + 6 + 7.5) / 8 and (1 + 6 + 7.5) / 8
    assert got == pytest.approx(
        {"mean": 12.5 / 8, "mean_abs": 14.5 / 8, "within_1": 1 / 8, "within_2": 6 / 8}
    )


@pytest.mark.parametrize("sd", [0.0, -1.0, np.nan])
def test_cells_without_a_positive_sd_do_not_count(sd):
    """No SD, a negative or a missing one takes the cell out; if all are so, nothing is left."""
    one = z_scores([3.0, 9.0], [2.0, 1.0], [2.0, sd], [1.0, 4.0])
    assert one == {"mean": 0.5, "mean_abs": 0.5, "within_1": 1.0, "within_2": 1.0}
    none = z_scores([3.0, 9.0], [2.0, 1.0], [sd, sd], [1.0, 4.0])
    assert list(none) == ["mean", "mean_abs", "within_1", "within_2"]
    assert all(math.isnan(value) for value in none.values())


# ---------------------------------------------------------------- correlation


def test_correlation_of_three_weighted_points():
    """1, 2, 4 against 2, 1, 3 with weights 1, 1, 2."""
    # means 11/4 and 9/4; deviations -1.75, -0.75, 1.25 and -0.25, -1.25, 0.75
    cov = (1.75 * 0.25 + 0.75 * 1.25 + 2 * 1.25 * 0.75) / 4
    var_m = (1.75**2 + 0.75**2 + 2 * 1.25**2) / 4
    var_b = (0.25**2 + 1.25**2 + 2 * 0.75**2) / 4
    expected = cov / math.sqrt(var_m * var_b)
    assert expected == pytest.approx(0.754, abs=1e-3)
    m, b, w = np.array([1.0, 2, 4]), np.array([2.0, 1, 3]), np.array([1.0, 1, 2])
    assert score._correlation(m, b, w) == pytest.approx(expected, rel=1e-12)
    # neither units nor signs nor the size of the weights matter
    assert score._correlation(m, b / 1000, w / 1000) == pytest.approx(expected, rel=1e-9)
    assert score._correlation(-m, b, w) == pytest.approx(-expected, rel=1e-12)


@pytest.mark.parametrize(("m", "b"), [([1, 1], [1, 2]), ([1, 2], [3, 3]), ([0, 0], [0, 0])])
def test_a_flat_map_correlates_with_nothing(m, b):
    """Without spread on either side the correlation is taken for 0."""
    assert score._correlation(np.array(m, float), np.array(b, float), np.ones(2)) == 0


# ---------------------------------------------------------------- misplacement

AROUND = {"lat": [0.0], "lon": [-135.0, -45.0, 45.0, 135.0]}


def test_the_limit_of_misplacement_is_a_tenth():
    """r that is better by 0.0993 when shifted passes, by 0.1097 it does not."""
    assert score.MISPLACED == 0.1
    b, area = on([[1, 0, 0, 0]], AROUND), on([[1, 1, 1, 1]], AROUND)
    # For 1, 0, y, 0: r is (3 - y) / 4 and shifted (3 y - 1) / 4, both over
    # sqrt(3/4) sqrt(1 + y^2 - (1 + y)^2 / 4); they differ by 0.0993 for y = 1.09.
    assert misplacement(on([[1, 0, 1.09, 0]], AROUND), b, area) is None
    # y = 1.10: sqrt(3/4) sqrt(1.1075) = 0.9114; 0.575 and 0.475 over it
    assert misplacement(on([[1, 0, 1.10, 0]], AROUND), b, area) == (
        "shifted by 180 degrees of longitude: r 0.63 instead of 0.52"
    )


@pytest.mark.parametrize("y", [0.0, 0.5, 0.95, 1.0])
def test_a_map_that_fits_best_as_it_is_passes(y):
    """As good or a little worse when shifted: it lies right."""
    b, area = on([[1, 0, 0, 0]], AROUND), on([[1, 1, 1, 1]], AROUND)
    assert misplacement(on([[1, 0, y, 0]], AROUND), b, area) is None


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
    told = misplacement(on(m, CORNERS), on(b, CORNERS), on(np.ones((3, 4)), CORNERS))
    assert told == (words and f"{words}: r 1.00 instead of -0.09")


def test_missing_is_none_and_the_order_of_dimensions_is_free():
    """Gaps in either map are cells without carbon, and columns may come first."""
    b, m, area = np.full((3, 4), np.nan), np.full((3, 4), np.nan), on(np.ones((3, 4)), CORNERS)
    b[0, 0] = m[0, 2] = 1
    expected = "shifted by 180 degrees of longitude: r 1.00 instead of -0.09"
    b, m = on(b, CORNERS), on(m, CORNERS)
    assert misplacement(m, b, area) == expected
    assert misplacement(m.transpose("lon", "lat"), b, area) == expected
    assert misplacement(m, b.transpose("lon", "lat"), area) == expected


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


# ---------------------------------------------------------------- benchmark on land


def made_cells():
    """Four cells: half vegetated, barren, ocean, and all vegetated."""
    return xr.Dataset({
        "SR": on([[600, 600], [600, 100]]), "SR_sd": on([[60, 60], [60, 10]]),
        "vegetated_fraction": on([[0.4, 0], [0, 0.5]]), "land_fraction": on([[0.8, 0.5], [0, 0.5]]),
        "cell_area": on([[1e12, 1e12], [1e12, 1e12]]),
    })


def test_fluxes_and_their_sd_per_land():
    """Half vegetated land has half of the flux and of its SD; barren land and sea have none."""
    got = benchmark_on_land(made_cells())
    assert list(got) == ["SR", "SR_sd"]
    np.testing.assert_allclose(got["SR"], [[300, np.nan], [np.nan, 100]])
    np.testing.assert_allclose(got["SR_sd"], [[30, np.nan], [np.nan, 10]])


def test_whole_numbers_and_all_three_fluxes():
    """HR and AR come along in their order, and whole numbers become fractions."""
    cells = made_cells()
    cells = cells.assign(AR=cells["SR"].astype(int), HR=cells["SR"].astype(int) + 1)
    got = benchmark_on_land(cells)
    assert list(got) == ["SR", "SR_sd", "HR", "AR"]
    assert float(got["HR"][0, 0]) == 300.5 and got["AR"].dtype == float


@pytest.mark.parametrize(("dropped", "told"), [
    (["vegetated_fraction"], "vegetated_fraction"), (["land_fraction"], "land_fraction"),
    (["cell_area"], "cell_area"),
    (["vegetated_fraction", "cell_area"], "vegetated_fraction, cell_area"),
    (["SR"], "SR, HR and AR"), (["SR", "SR_sd"], "SR, HR and AR"),
    (["SR", "land_fraction"], "land_fraction"),
])
def test_what_the_benchmark_lacks_is_named(dropped, told):
    """A missing fraction, area or flux; an SD alone is no flux."""
    words = (
        f"The benchmark lacks {told}; expected fluxes per m2 of vegetated area with "
        "vegetated_fraction, land_fraction and cell_area."
    )
    with pytest.raises(DataError, match=f"^{re.escape(words)}$"):
        benchmark_on_land(made_cells().drop_vars(dropped))


@pytest.mark.parametrize("name", ["SR", "SR_sd"])
def test_years_in_the_benchmark_are_refused(name):
    """A flux or an SD by year is no climatology."""
    cells = made_cells()
    cells[name] = cells[name].expand_dims(year=[2000])
    words = (
        f"{name} of the benchmark has dimensions ('year', 'lat', 'lon'); expected a climatology "
        "along lat and lon."
    )
    with pytest.raises(DataError, match=f"^{re.escape(words)}$"):
        benchmark_on_land(cells)


# ---------------------------------------------------------------- parts of a scorecard


def test_grid_of_the_model():
    """The study's own coordinates pass; other values, or a missing dimension, are named."""
    axes = coordinates()
    good = xr.Dataset(coords=axes)
    assert score._check_grid(good, "m") is None
    for dim in ("lat", "lon"):
        words = f"m is not on the half-degree grid along {dim}; regrid it first."
        other = [k for k in axes if k != dim]
        for bad in (
            good.assign_coords({dim: axes[dim].values + 0.25}), good.isel({dim: slice(1, None)}),
            good.isel({dim: slice(None, None, -1)}), xr.Dataset(coords={k: axes[k] for k in other}),
        ):
            with pytest.raises(DataError, match=f"^{re.escape(words)}$"):
                score._check_grid(bad, "m")


def test_maps_by_hand():
    """Field, benchmark, bias and z, which is missing where there is no SD."""
    field, ours = on([[5, 2], [3, np.nan]]), on([[3, 4], [3, 1]])
    sd = on([[4, 0], [0.5, 1]])
    got = score._maps("HR", field.assign_coords(extra=1), ours, sd)
    assert list(got) == ["HR", "HR_benchmark", "HR_bias", "HR_z"]
    assert list(got.coords) == ["lat", "lon"]
    np.testing.assert_array_equal(got["HR"], field)
    np.testing.assert_array_equal(got["HR_benchmark"], ours)
    np.testing.assert_array_equal(got["HR_bias"], [[2, -2], [0, np.nan]])
    np.testing.assert_array_equal(got["HR_z"], [[0.5, np.nan], [0, np.nan]])
    for name in ("HR", "HR_benchmark", "HR_bias"):
        assert got[name].attrs == {"units": "g m-2 yr-1", "area_basis": "land"}
    assert got["HR_z"].attrs["units"] == "1"
    assert list(score._maps("HR", field, ours, None)) == ["HR", "HR_benchmark", "HR_bias"]


def test_reach_by_hand():
    """In cells of 10^15 m2: what both have, and what only the benchmark or the model has."""
    field, ours = on([[100, 200], [np.nan, 400]]), on([[10, np.nan], [30, 50]])
    area, own = on([[1e15, 1e15], [1e15, 2e15]]), on([[4e15, 3e15], [9e15, 9e15]])
    assert score._reach(field, ours, own, area) == pytest.approx({
        "benchmark_covered": (10 + 100) / (10 + 30 + 100),
        "model_total_compared": 100 + 800,
        "model_total_elsewhere": 600,
    })


def test_whole_cells_by_hand():
    """Each cell counts by its own area, its land aside: bias (3 x 1 + 1 x -1) / 4."""
    area = xr.DataArray([3.0, 1.0], {"lat": LANES["lat"]}, ("lat",))
    got = score._with_whole_cells(on([[2, np.nan], [1, 5]]), on([[1, 1], [2, np.nan]]), area)
    # relative errors 1 and 1/2 with weights 3 x 1 and 1 x 2
    assert got == pytest.approx(
        {"bias": 0.5, "bias_score": (3 * math.exp(-1) + 2 * math.exp(-0.5)) / 5}
    )


def by_year(totals, first=2001):
    """A model of four cells, a quarter of the Earth each, whose totals are given in Pg."""
    per_m2 = np.array(totals, float) * 1e15 / (4 * np.pi * EARTH_RADIUS**2)
    flux = xr.DataArray(per_m2, {"year": np.arange(first, first + len(totals))}, ("year",))
    return xr.Dataset({"HR": flux * on([[1, 1], [1, 1]]), "land_fraction": on([[1, 1], [1, 1]])})


def test_range_and_trend_of_ten_years():
    """Totals of 10, 10.5, ... 14.5 Pg: 5 Pg more a decade."""
    got = score._annual(by_year(10 + 0.5 * np.arange(10)), "HR")
    assert got == pytest.approx(
        {"first": 2001, "last": 2010, "min": 10, "max": 14.5, "trend_per_decade": 5}
    )
    assert isinstance(got["first"], int) and isinstance(got["last"], int)


def test_a_trend_takes_ten_years():
    """Nine years have a range and no trend, eleven have one; it may fall."""
    nine = score._annual(by_year([5, 4, 7, 5, 5, 5, 5, 5, 6]), "HR")
    assert math.isnan(nine["trend_per_decade"])
    assert (nine["first"], nine["last"]) == (2001, 2009)
    assert (nine["min"], nine["max"]) == pytest.approx((4, 7))
    eleven = score._annual(by_year(30 - np.arange(11), 1990), "HR")
    assert eleven == pytest.approx(
        {"first": 1990, "last": 2000, "min": 20, "max": 30, "trend_per_decade": -10}
    )


def test_a_trend_is_that_of_least_squares():
    """Ten years of which the last alone is 1 higher: slope 4.5 / 82.5 a year."""
    got = score._annual(by_year([3] * 9 + [4]), "HR")
    assert got["trend_per_decade"] == pytest.approx(10 * 4.5 / 82.5)


def test_without_years_there_is_no_range():
    """A climatology has nothing to say of years."""
    assert score._annual(by_year([3]).isel(year=0, drop=True), "HR") is None


def ten_degrees():
    """A grid of 10 degrees, and a field of zeros on it."""
    axes = coordinates(10)
    return xr.DataArray(np.zeros((18, 36)), axes, ("lat", "lon"))


def test_bands_of_ten_degrees_by_hand():
    """Carbon of the model over the benchmark's land, band by band, where there is any."""
    zero = ten_degrees()
    field, ours, own, area = (zero.copy() for _ in range(4))
    north, south = {"lat": 85, "lon": [5, 15]}, {"lat": -5, "lon": [5, 15]}
    field.loc[north], field.loc[south] = [100, 200], [50, 50]
    ours.loc[north], ours.loc[south] = [10, 20], [70, 70]
    own.loc[north], own.loc[south] = [1, 2], [4, 0]
    area.loc[north], area.loc[south] = [3, 1], [2, 3]
    # The model has land at 45 N, and the benchmark none.
    own.loc[{"lat": 45, "lon": 5}] = field.loc[{"lat": 45, "lon": 5}] = 7
    table = score._zonal_table("HR", field, own, ours, area)
    assert table.to_dict("list") == {
        "flux": ["HR", "HR"], "south": [80.0, -10.0], "north": [90.0, 0.0],
        # (100 + 400) / 4 and 200 / 5; (30 + 20) / 4 and 350 / 5
        "model": [125.0, 40.0], "benchmark": [12.5, 70.0], "bias": [112.5, -30.0],
    }
    assert table.index.tolist() == [0, 1]


def test_profiles_have_bands_of_two_and_a_half_degrees():
    """72 bands from north to south, of the model, the benchmark and, if there is one, its SD."""
    axes = coordinates(2.5)
    one = xr.DataArray(np.ones((72, 144)), axes, ("lat", "lon"))
    got = score._profiles("HR", 2 * one, 3 * one, 5 * one, 7 * one, one)
    assert list(got) == ["HR", "HR_benchmark", "HR_benchmark_sd"]
    np.testing.assert_array_equal(got["lat"], axes["lat"])
    # The model's 2 on three times the land, on the benchmark's land.
    assert (got["HR"] == 6).all() and (got["HR_benchmark"] == 5).all()
    assert (got["HR_benchmark_sd"] == 7).all()
    assert list(score._profiles("HR", one, one, one, None, one)) == ["HR", "HR_benchmark"]


def test_biomes_by_hand():
    """Two cells of bin 1, one of bin 4, one of none; bins without cells have their area alone."""
    stratum = xr.DataArray([[1, 1], [4, 0]], LANES, ("lat", "lon")).transpose("lon", "lat")
    field, ours = on([[300, 100], [80, 9]]), on([[100, 100], [60, 9]])
    area = on([[0.25e12, 0.5e12], [0.5e12, 9e12]])
    table = score._biome_table("SR", field, ours, area, stratum).set_index("biome")
    assert table.index.tolist() == [
        "evergreen broadleaf forest", "deciduous broadleaf forest", "needleleaf and mixed forest",
        "shrubland", "savanna, grassland, wetland, cropland",
    ]
    assert (table["flux"] == "SR").all()
    assert table["area_mkm2"].tolist() == [0.75, 0, 0, 0.5, 0]
    # (300 + 2 x 100) / 3 on 0.75e12 m2, that is 0.125 Pg
    first = table.iloc[0]
    assert first["model"] == pytest.approx(500 / 3) and first["benchmark"] == pytest.approx(100)
    assert first["model_pg"] == pytest.approx(0.125)
    assert first["benchmark_pg"] == pytest.approx(0.075)
    assert first["bias"] == pytest.approx(200 / 3)
    assert first["rmse"] == pytest.approx(math.sqrt(200**2 / 3)) and math.isnan(first["r"])
    fourth = table.iloc[3]
    assert fourth[["model", "benchmark", "bias", "rmse"]].tolist() == [80, 60, 20, 20]
    assert fourth["model_pg"] == pytest.approx(0.04)
    assert fourth["benchmark_pg"] == pytest.approx(0.03)
    assert table.iloc[[1, 2, 4]][["model", "benchmark", "model_pg", "r"]].isna().all(axis=None)


def test_biomes_count_cells_that_both_have():
    """A gap on either side takes the cell out of its bin."""
    stratum = xr.DataArray([[2, 2], [2, 2]], LANES, ("lat", "lon"))
    field, ours = on([[4, 8], [np.nan, 7]]), on([[3, 5], [1, np.nan]])
    row = score._biome_table("HR", field, ours, on(np.full((2, 2), 1e12)), stratum).iloc[1]
    assert row["area_mkm2"] == 2
    assert (row["model"], row["benchmark"]) == pytest.approx((6, 4))
    assert row["r"] == pytest.approx(1)


# ---------------------------------------------------------------- a whole scorecard


@pytest.fixture(scope="module")
def benchmark():
    """The synthetic benchmark."""
    return made_benchmark()


@pytest.fixture(scope="module")
def anywhere(benchmark):
    """All land in bin 5."""
    return xr.where(benchmark["vegetated_fraction"] > 0, 5, 0)


@pytest.fixture(scope="module")
def found(benchmark, anywhere):
    """The scores of a model with SR and AR half as large again, and no HR."""
    model = as_model(
        benchmark, ("AR", "SR"), choices="one\n\ntwo", reference="a paper", source_file="x.nc"
    )
    model = model.assign(SR=1.5 * model["SR"], AR=1.5 * model["AR"])
    return score_model(model, benchmark, anywhere)


def test_a_card_has_the_fluxes_of_both(found):
    """SR and AR, in the order of the study; AR has no SD and so no z."""
    assert list(found.facts["scores"]) == list(found.facts["totals"])[:2] == ["SR", "AR"]
    assert list(found.facts["z"]) == list(found.facts["benchmark_sd_sum"]) == ["SR"]
    assert found.facts["annual"] == {"SR": None, "AR": None}
    assert list(found.maps) == [
        "SR", "SR_benchmark", "SR_bias", "SR_z", "AR", "AR_benchmark", "AR_bias",
    ]
    assert found.zonal["flux"].unique().tolist() == ["SR", "AR"]
    assert len(found.biomes) == 10


def test_what_is_known_of_the_model_comes_along(found):
    """Name, period, reference and file; choices line by line; what is not stated is empty."""
    facts = found.facts
    assert found.name == "made"
    assert (facts["period"], facts["how_ar"]) == ("mean", "SR - HR")
    assert (facts["reference"], facts["source_file"]) == ("a paper", "x.nc")
    assert facts["choices"] == ["one", "two"]


def test_totals_of_a_card(found, benchmark):
    """The benchmark's carbon and SD from its vegetated area; the model's is half as much more."""
    area = (benchmark["cell_area"] * benchmark["vegetated_fraction"]).transpose("lat", "lon")
    sr = float((benchmark["SR"] * area).sum()) / 1e15
    facts = found.facts
    assert facts["benchmark_totals"]["SR"] == pytest.approx(sr)
    assert facts["benchmark_totals"]["AR"] == pytest.approx(0.4 * sr)
    assert facts["benchmark_totals"]["AR_SR"] == pytest.approx(0.4)
    assert facts["benchmark_sd_sum"]["SR"] == pytest.approx(sr / 3)
    assert facts["totals"]["SR"] == pytest.approx(1.5 * sr)
    assert facts["totals"]["AR_SR"] == pytest.approx(0.4)


def test_scores_of_a_card(found):
    """Half of the flux more is 1.5 SDs everywhere, and a bias of half the mean."""
    s = found.facts["scores"]["SR"]
    assert found.facts["z"]["SR"] == pytest.approx(
        {"mean": 1.5, "mean_abs": 1.5, "within_1": 0, "within_2": 1}
    )
    assert s["bias"] == pytest.approx(s["benchmark_mean"] / 2)
    assert s["bias_score"] == pytest.approx(math.exp(-0.5))
    assert s["benchmark_covered"] == pytest.approx(1) and s["model_total_elsewhere"] == 0
    assert s["model_total_compared"] == pytest.approx(found.facts["totals"]["SR"])
    assert found.facts["whole_cells"]["SR"]["bias_score"] == pytest.approx(math.exp(-0.5))
    np.testing.assert_allclose(found.zonal["model"], 1.5 * found.zonal["benchmark"])


def test_a_ratio_takes_both_fluxes(benchmark, anywhere):
    """A model with SR alone has no AR / SR, nor has the benchmark beside it."""
    facts = score_model(as_model(benchmark, ("SR",)), benchmark, anywhere).facts
    assert list(facts["totals"]) == list(facts["benchmark_totals"]) == ["SR"]
    assert facts["choices"] == [] and facts["reference"] == facts["source_file"] == ""


def test_names_and_refusals(benchmark, anywhere):
    """A given name goes first, then the model's own, then none; what cannot be scored is named."""
    none = as_model(benchmark, ("HR",)).drop_vars("HR")
    words = " has none of SR, HR and AR, so there is nothing to score."
    with pytest.raises(DataError, match=f"^given{words}$"):
        score_model(none, benchmark, anywhere, "given")
    with pytest.raises(DataError, match=f"^made{words}$"):
        score_model(none, benchmark, anywhere)
    with pytest.raises(DataError, match=f"^model{words}$"):
        score_model(none.drop_attrs(), benchmark, anywhere)
    only = benchmark.drop_vars(["SR", "SR_sd", "AR"])
    with pytest.raises(DataError, match=f"^made{words}$"):
        score_model(as_model(benchmark, ("SR",)), only, anywhere)


def test_a_misplaced_map_is_refused_in_full(benchmark, anywhere):
    """The message has the flux, the move, both correlations and where to look."""
    model = as_model(benchmark, ("HR",))
    turned = model.assign({
        name: model[name].copy(data=np.roll(model[name].values, 360, axis=1))
        for name in ("HR", "land_fraction")
    })
    with pytest.raises(DataError) as refusal:
        score_model(turned, benchmark, anywhere)
    assert re.fullmatch(
        r"made: the map of HR fits the benchmark far better when shifted by 180 degrees of "
        r"longitude: r 1\.00 instead of -?0\.\d\d\. Check the latitudes and longitudes in the "
        r"file\.", str(refusal.value),
    )
