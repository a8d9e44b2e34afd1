"""Regridding of models that keeps totals."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates, rectilinear_area
from soilresp.models import conservative
from soilresp.scoring.totals import model_total


def model_output(seed, n_lat=7, n_lon=9):
    """A random model output on a grid with points at the poles, 0-360 E."""
    rng = np.random.default_rng(seed)
    lat, lon = np.linspace(-90, 90, n_lat), np.arange(n_lon) * 360 / n_lon
    fraction = np.clip(rng.uniform(-0.5, 1.2, (n_lat, n_lon)), 0, 1)
    fraction[n_lat // 2, 0] = 0.5
    flux = np.where(fraction > 0, rng.gamma(2, 300, (2, n_lat, n_lon)), np.nan)
    return xr.Dataset(
        {"HR": (("year", "lat", "lon"), flux, {"units": "g m-2 yr-1"}),
         "land_fraction": (("lat", "lon"), fraction)},
        {"lat": lat, "lon": lon},
    )


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), n_lat=st.integers(3, 12), n_lon=st.integers(2, 15))
def test_conservative_keeps_totals(seed, n_lat, n_lon):
    """Land and flux of the globe are the same before and after, to rounding."""
    output = model_output(seed, n_lat, n_lon)
    new = conservative(output, resolution=2.5)
    land = (output["land_fraction"] * rectilinear_area(output["lat"], output["lon"])).sum()
    assert float((new["land_fraction"] * new["cell_area"]).sum()) == pytest.approx(float(land))
    assert new["HR"].dims == ("year", "lat", "lon") and new["HR"].attrs == output["HR"].attrs
    np.testing.assert_allclose(model_total(new, "HR"), model_total(output, "HR"))


def test_conservative_weighs_by_land():
    """Two cells of 100 and 400 with land 0.75 and 0.25 merge to 175 on land of one half."""
    fine = coordinates(45)
    fraction = np.zeros((4, 8))
    flux = np.full((4, 8), np.nan)
    fraction[0, :2], flux[0, :2] = [0.75, 0.25], [100, 400]
    # Cells beside each other have the same area; those south of them have no land.
    output = xr.Dataset({"HR": (("lat", "lon"), flux), "land_fraction": (("lat", "lon"), fraction)},
                        fine)
    new = conservative(output, resolution=90)
    assert float(new["HR"][0, 0]) == pytest.approx((0.75 * 100 + 0.25 * 400) / 1.0)
    share = (1 - np.sin(np.pi / 4)) / 2
    assert float(new["land_fraction"][0, 0]) == pytest.approx(share)
    assert int(new["HR"].notnull().sum()) == 1


def test_conservative_refuses():
    """No land fraction, and masks that differ between variables, are errors."""
    output = model_output(4)
    with pytest.raises(DataError, match="land_fraction"):
        conservative(output.drop_vars("land_fraction"))
    output["NPP"] = output["HR"].where(output["lat"] != 0)
    with pytest.raises(DataError, match="NPP"):
        conservative(output)
