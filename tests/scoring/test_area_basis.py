"""Fluxes per m2 of vegetated area as fluxes per m2 of land."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from soilresp.errors import DataError
from soilresp.scoring.area_basis import to_land


def row(*values):
    """A field of one row of cells."""
    return xr.DataArray([list(map(float, values))], dims=("lat", "lon"))


def test_land_bare_land_sea_and_gaps():
    """800 on half of the land are 400; bare land has 0, sea no value, a gap stays a gap."""
    got = to_land(row(800, 800, 800, np.nan), row(0.25, 0, 0, 0.5), row(0.5, 1, 0, 1))
    np.testing.assert_array_equal(got, [[400, 0, np.nan, np.nan]])
    assert got.attrs["area_basis"] == "land"


def test_vegetation_outside_of_land_is_refused():
    """More vegetation than land is an error beyond rounding."""
    assert float(to_land(row(100), row(0.5 + 5e-7), row(0.5))[0, 0]) == 100
    with pytest.raises(DataError, match="vegetated_fraction.*land_fraction"):
        to_land(row(1), row(0.6), row(0.5))


@given(vegetated=st.floats(0.001, 1), bare=st.floats(0, 1), flux=st.floats(0, 3000))
def test_the_carbon_is_kept(vegetated, bare, flux):
    """Flux x area of a cell is the same on either ground."""
    land = vegetated + bare * (1 - vegetated)
    per_land = to_land(row(flux), row(vegetated), row(land))
    assert float(per_land[0, 0]) * land == pytest.approx(flux * vegetated)
