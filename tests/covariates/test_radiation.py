"""Shortwave radiation from cloud cover, against the worked examples of FAO-56."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.radiation import (
    daily_extraterrestrial,
    extraterrestrial_radiation,
    shortwave_from_cloud,
)
from soilresp.errors import DataError
from soilresp.io import fetch as access
from soilresp.readers.cru_cl import DAYS_IN_MONTH, read_cru_cl

MJ_PER_DAY = 86_400 / 1e6


def test_daily_example_of_fao_56():
    """Example 8: 20 S on 3 September (day 246) has 32.2 MJ m-2 per day."""
    assert daily_extraterrestrial(-20, 246) * MJ_PER_DAY == pytest.approx(32.2, abs=0.05)


def test_monthly_table_of_fao_56():
    """Annex 2, table 2.6, equator: mean of the month by its middle day, MJ m-2 per day."""
    table = [36.2, 37.5, 37.9, 36.8, 34.8, 33.4, 33.9, 35.7, 37.2, 37.4, 36.3, 35.6]
    monthly = extraterrestrial_radiation([0.0])[:, 0] * MJ_PER_DAY
    np.testing.assert_allclose(monthly, table, atol=0.15)


def test_example_of_rio_de_janeiro():
    """Example 10: 22.9 S in May, 7.1 of 10.9 hours of sunshine give 14.5 MJ m-2 per day."""
    cloud = np.full((12, 1), 100 * (1 - 7.1 / 10.9))
    may = shortwave_from_cloud(cloud, lat=[-22.9])[4, 0] * MJ_PER_DAY
    assert may == pytest.approx(14.5, abs=0.1)


def test_polar_night_and_day():
    """The pole has none in December, and 24 hours of sun in June."""
    pole = extraterrestrial_radiation([90.0])[:, 0]
    assert pole[11] == 0
    # sin(23.4 degrees) x 1367 W m-2 x 0.968 at the solstice; less in the mean of June.
    assert 505 < pole[5] < 526


def test_clear_and_overcast_sky():
    """Three quarters of the radiation arrive under a clear sky, one quarter under cloud."""
    above = extraterrestrial_radiation([40.0])
    for cloud, share in ((0.0, 0.75), (100.0, 0.25)):
        found = shortwave_from_cloud(np.full((12, 1), cloud), lat=[40.0])
        np.testing.assert_allclose(found, share * above)


def test_gridded_cloud_keeps_its_dimensions():
    """A DataArray in any order of dimensions, years included, gets units; NaN stays NaN."""
    cld = xr.DataArray(
        np.full((2, 12, 3, 4), 40, np.float32),
        dims=("year", "month", "lat", "lon"),
        coords={"month": np.arange(1, 13), "lat": [60.0, 0.0, -60.0]},
        attrs={"source": "CRU TS4.07 Cloud Cover"},
    )
    cld[0, 0, 0, 0] = np.nan
    rsds = shortwave_from_cloud(cld)
    assert rsds.dims == cld.dims
    assert rsds.dtype == np.float32
    assert rsds.attrs["units"] == "W m-2"
    assert rsds.attrs["source"].startswith("CRU TS4.07 Cloud Cover")
    assert int(rsds.isnull().sum()) == 1
    cells = shortwave_from_cloud(cld.values[..., 0], lat=cld["lat"].values)
    np.testing.assert_allclose(rsds.values[..., 0], cells)
    turned = shortwave_from_cloud(cld.transpose("lat", "lon", "month", "year"))
    xr.testing.assert_allclose(turned.transpose(*cld.dims), rsds)


@given(st.floats(-90, 90))
def test_bounds_and_mirror(lat):
    """Never negative, never beyond the pole's midsummer, nearly the same in either hemisphere."""
    monthly = extraterrestrial_radiation([lat, -lat])
    assert monthly.min() >= 0
    assert monthly.max() < 570
    mean = np.average(monthly, axis=0, weights=DAYS_IN_MONTH)
    # The equations have summers of the same length, hence too much in the nearer, southern one.
    assert mean[0] == pytest.approx(mean[1], rel=0.06)


@pytest.mark.parametrize("cloud", [-1.0, 101.0, 0.6])
def test_no_percentage(cloud):
    """Negative cover, more than all of the sky, and fractions are refused."""
    with pytest.raises(DataError, match="expected percent, 0 to 100"):
        shortwave_from_cloud(np.full((12, 1), cloud), lat=[0.0])


def test_latitude_beyond_the_pole():
    """A longitude in the place of a latitude is refused."""
    with pytest.raises(DataError, match="swapped coordinates"):
        extraterrestrial_radiation([0.0, 120.0])


@pytest.mark.real
def test_real_cloud_against_radiation():
    """CRU CL 1.0 on vegetated land: r 0.995, bias 11 W m-2 to its own field, -37 to MERRA-2."""
    if not access.is_available(["cru_cl_cld", "cru_cl_rad"]):
        pytest.skip("CRU CL 1.0 is not at hand")
    cld, rad = (read_cru_cl(access.locate(f"cru_cl_{v}").path, v) for v in ("cld", "rad"))
    found = shortwave_from_cloud(cld)
    embedded = load_embedded()
    days = xr.DataArray(DAYS_IN_MONTH, dims="month", coords={"month": cld["month"]})
    weight = embedded["cell_area"] * embedded["vegetated_fraction"] * days

    def against(other):
        both = found.notnull() & other.notnull()
        used = weight.where(both, 0)
        bias = (found - other).weighted(used).mean()
        r = xr.corr(found.where(both), other.where(both), weights=used)
        return float(r), float(bias)

    r, bias = against(rad)
    assert r == pytest.approx(0.995, abs=0.002)
    assert bias == pytest.approx(11.2, abs=0.5)
    r, bias = against(embedded["rsds"].assign_coords(month=cld["month"]))
    assert r == pytest.approx(0.956, abs=0.005)
    assert bias == pytest.approx(-37.5, abs=1)
