"""Trends of the totals."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from made_maps import small_maps

from soilresp.errors import ParameterError
from soilresp.upscaling import trends


def test_trend_of_a_line_is_certain():
    """A straight line has its slope and no interval; noise has one around it."""
    year = np.arange(1982, 2013)
    assert trends.theil_sen(year, 3.0 + 0.5 * year) == pytest.approx((0.5, 0.5, 0.5))
    noisy = 0.5 * year + np.random.default_rng(0).normal(size=31)
    slope, low, high = trends.theil_sen(year, noisy, seed=1)
    assert low < slope < high and low < 0.5 < high
    with pytest.raises(ParameterError, match="two blocks"):
        trends.theil_sen(year[:8], noisy[:8])


@given(st.floats(-5, 5), st.floats(-100, 100))
def test_trend_follows_what_is_added(slope, level):
    """A line added to a series adds its slope to the trend and to both ends of the interval."""
    year = np.arange(1982, 2013)
    values = np.sin(year * 1.7)
    base = trends.theil_sen(year, values, n_draws=50)
    moved = trends.theil_sen(year, values + slope * (year - 1982) + level, n_draws=50)
    np.testing.assert_allclose(np.array(moved) - base, slope, atol=1e-9)


def test_a_band_of_totals():
    """Totals of the globe are those of the bands, for each year and flux."""
    maps = small_maps()
    annual = xr.concat([maps[["SR", "HR"]], 2 * maps[["SR", "HR"]]], "year")
    annual = annual.assign_coords(year=[1990, 1991])
    table = trends.band_totals(annual, maps["cell_area"] * maps["vegetated_fraction"])
    np.testing.assert_allclose(table["globe", "SR"], [1.65, 3.3])
    np.testing.assert_allclose(table["0° to 30°N", "AR"], [0.15, 0.3])
    np.testing.assert_allclose(table["30°S to 0°", "HR"], [0.7, 1.4])
