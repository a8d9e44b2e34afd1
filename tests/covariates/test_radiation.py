"""Shortwave radiation from cloud cover, against the worked examples of FAO-56."""

import math

import numpy as np
import pytest
import xarray as xr

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


def test_monthly_table_of_fao_56():
    """Annex 2, table 2.6, equator: mean of the month by its middle day, MJ m-2 per day."""
    table = [36.2, 37.5, 37.9, 36.8, 34.8, 33.4, 33.9, 35.7, 37.2, 37.4, 36.3, 35.6]
    monthly = extraterrestrial_radiation([0.0])[:, 0] * MJ_PER_DAY
    np.testing.assert_allclose(monthly, table, atol=0.15)


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


@pytest.mark.real
@pytest.mark.slow
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


@pytest.mark.parametrize("day", [1, 81, 172, 246, 355, 365])
@pytest.mark.parametrize("lat", [-60, -20, 0, 20, 60])
def test_radiation_of_a_day(lat, day):
    """Equations 21 to 25 of FAO-56, one after the other."""
    distance = 1 + 0.033 * math.cos(2 * math.pi / 365 * day)
    declination = 0.409 * math.sin(2 * math.pi / 365 * day - 1.39)
    phi = math.pi / 180 * lat
    sunset = math.acos(-math.tan(phi) * math.tan(declination))
    expected = 24 * 60 / math.pi * 0.0820 * distance * (
        sunset * math.sin(phi) * math.sin(declination)
        + math.cos(phi) * math.cos(declination) * math.sin(sunset)
    )
    # From MJ m-2 per day to W m-2.
    assert float(daily_extraterrestrial(lat, day)) == pytest.approx(expected / 0.0864, rel=1e-9)


SOLAR = 0.0820e6 / 60


@pytest.mark.parametrize(("lat", "day", "sun"), [(90, 172, 1), (-90, 355, 1), (80, 172, 1),
                                                 (90, 355, 0), (-90, 172, 0), (80, 355, 0)])
def test_sun_that_does_not_set(lat, day, sun):
    """All day long its height is that of the latitude times declination; by night there is none."""
    angle = 2 * math.pi * day / 365
    height = math.sin(math.radians(lat)) * math.sin(0.409 * math.sin(angle - 1.39))
    expected = sun * SOLAR * (1 + 0.033 * math.cos(angle)) * height
    found = float(daily_extraterrestrial(lat, day))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_months_of_radiation():
    """Each month is the mean over its days, in a year of 365; both poles are latitudes."""
    lat = [90.0, 50.0, -10.0, -90.0]
    daily = daily_extraterrestrial(lat, np.arange(1, 366)[:, np.newaxis])
    ends = np.cumsum([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    expected = [part.mean(axis=0) for part in np.split(daily, ends[:-1])]
    np.testing.assert_allclose(extraterrestrial_radiation(lat), expected, rtol=1e-12)
    for wrong in (90.001, -90.001, np.nan):
        with pytest.raises(DataError, match="Latitudes"):
            extraterrestrial_radiation([0.0, wrong])


def cloud(*values):
    """Cloud cover by turns, for twelve months of one cell."""
    return np.resize(np.array(values, float), (12, 1))


@pytest.mark.parametrize("values", [(0, 100), (0, 0), (0, 1.01), (100, 100), (50, np.nan)])
def test_cloud_that_is_taken(values):
    """None and all of the sky are a cover, so is a field without any cloud."""
    share = 0.25 + 0.5 * (1 - cloud(*values) / 100)
    np.testing.assert_allclose(
        shortwave_from_cloud(cloud(*values), [30.0]), share * extraterrestrial_radiation([30.0])
    )


@pytest.mark.parametrize(("values", "words"), [
    ((-0.5, 50), "-0.5 and 50"), ((0, 100.5), "0 and 100.5"), ((0, 1), "0 and 1"),
    ((0.2, 0.5), "0.2 and 0.5"), ((np.nan, 101), "101 and 101"),
])
def test_cloud_that_is_refused(values, words):
    """Less than none, more than all, and fractions; the range is told."""
    with pytest.raises(DataError, match=words):
        shortwave_from_cloud(cloud(*values), [30.0])


def test_shares_of_angstrom():
    """Another share under cloud, and of full sunshine, with single precision kept."""
    found = shortwave_from_cloud(cloud(20).astype(np.float32), [30.0], overcast=0.2, sunshine=0.55)
    np.testing.assert_allclose(found, 0.64 * extraterrestrial_radiation([30.0]), rtol=1e-6)
    assert found.dtype == np.float32

