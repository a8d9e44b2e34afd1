"""CRU TS 4: files made in the published layout, and each way to get them wrong."""

from datetime import date

import numpy as np
import pytest
from made_inputs import CRU_LAT, CRU_LON, gzipped, middle, write_cru_ts
from synthetic_climate import climate, land

from soilresp.errors import DataError, ParameterError
from soilresp.io import fetch as access
from soilresp.readers.cru_cl import read_cru_cl
from soilresp.readers.cru_ts import read_cru_ts


@pytest.fixture(scope="module")
def fields():
    """Twelve months of each variable from south to north, NaN over sea."""
    found = climate(CRU_LAT, CRU_LON)
    names = {"tmp": "tas", "pre": "pr", "vap": "vap", "cld": "cld"}
    mask = land(CRU_LAT, CRU_LON)
    return {name: np.where(mask, found[key], np.nan) for name, key in names.items()}


def test_published_layout(tmp_path, fields):
    """Rows come from north to south, sea as NaN, only the years asked for, in the unit declared."""
    both = np.concatenate([fields["tmp"] - 5, fields["tmp"]])
    path = gzipped(write_cru_ts(tmp_path / "cru_ts4.07.1981.1982.tmp.dat.nc", "tmp", both,
                        middle(1981) + middle(1982)))
    tmp = read_cru_ts(path, "tmp", (1982, 1982))
    assert tmp.dims == ("year", "month", "lat", "lon")
    assert tmp.shape == (1, 12, 360, 720)
    assert tmp.dtype == np.float32
    assert (tmp["lat"][0], tmp["lat"][-1], tmp["lon"][0]) == (89.75, -89.75, -179.75)
    np.testing.assert_allclose(tmp.values[0], fields["tmp"][:, ::-1], rtol=1e-6)
    assert np.isnan(tmp.sel(lat=0.25, lon=-150.25)).all()
    assert tmp.attrs == {"units": "degC", "long_name": "near-surface air temperature",
                         "source": "CRU TS4.07 Mean Temperature"}
    assert tmp["lat"].attrs["units"] == "degrees_north"


@pytest.mark.parametrize(("name", "units"), [("pre", "mm month-1"), ("cld", "%")])
def test_other_variables(tmp_path, fields, name, units):
    """Precipitation and cloud cover are read as they are."""
    path = write_cru_ts(tmp_path / "a.nc", name, fields[name], middle(1982))
    out = read_cru_ts(path, name, (1982, 1982))
    np.testing.assert_allclose(out.values[0], fields[name][:, ::-1], rtol=1e-6)
    assert out.attrs["units"] == units


def test_folder_of_decades(tmp_path, fields):
    """A folder stands for its files of the variable; the years of two files are joined."""
    for decade, year, more in (("1981.1990", 1990, 0), ("1991.2000", 1991, 1)):
        path = tmp_path / f"cru_ts4.07.{decade}.vap.dat.nc"
        write_cru_ts(path, "vap", fields["vap"] + more, middle(year))
    (tmp_path / "cru_ts4.07.1991.2000.tmp.dat.nc").write_text("another variable")
    vap = read_cru_ts(tmp_path, "vap", (1990, 1991))
    assert vap["year"].values.tolist() == [1990, 1991]
    np.testing.assert_allclose((vap[1] - vap[0]).mean(), 1, rtol=1e-5)


def test_order_of_rows_and_columns(tmp_path, fields):
    """Rows from the north and columns from 0 to 360 give the same field."""
    straight = write_cru_ts(tmp_path / "a.nc", "tmp", fields["tmp"], middle(1982))
    turned = write_cru_ts(tmp_path / "b.nc", "tmp", np.roll(fields["tmp"][:, ::-1], 360, axis=-1),
                   middle(1982), lat=CRU_LAT[::-1], lon=CRU_LON + 180)
    first, second = (read_cru_ts(p, "tmp", (1982, 1982)) for p in (straight, turned))
    assert first.identical(second)


@pytest.mark.parametrize(("name", "change", "units", "message"), [
    ("tmp", lambda v: v + 273.15, "K", "should be in degC, its units attribute says 'K'"),
    ("tmp", lambda v: v + 273.15, "degrees Celsius", "in degC it lies between -90 and 60"),
    ("pre", lambda v: v / 30, "mm/day", "its units attribute says 'mm/day'"),
    ("pre", lambda v: v / 30, "mm/month", "mean of 'pre'.* in mm month-1 it lies between"),
    ("pre", lambda v: v - 10, "mm/month", "'pre' is -"),
    ("vap", lambda v: v / 10, "hPa", "mean of 'vap'.* in hPa"),
    ("cld", lambda v: v / 100, "percentage", "mean of 'cld'.* in %"),
    ("cld", lambda v: v * np.nan, "percentage", "mean of 'cld'.* is nan"),
])
def test_wrong_units(tmp_path, fields, name, change, units, message):
    """A unit is refused by its attribute, and by the values where the attribute is wrong."""
    path = write_cru_ts(tmp_path / "a.nc", name, change(fields[name]), middle(1982), units=units)
    with pytest.raises(DataError, match=message):
        read_cru_ts(path, name, (1982, 1982))


def test_missing_months_are_named(tmp_path, fields):
    """Gaps within a file and years beyond it are listed."""
    path = write_cru_ts(tmp_path / "a.nc", "tmp", fields["tmp"][2:], middle(1982)[2:])
    with pytest.raises(DataError, match=r"1982-1982 once; missing: 1982-01, 1982-02\. "):
        read_cru_ts(path, "tmp", (1982, 1982))
    with pytest.raises(DataError, match="1982-02, 1983-01, .*1983-04 and 8 more"):
        read_cru_ts(path, "tmp", (1982, 1983))


def test_repeated_months(tmp_path, fields):
    """A month given twice, in one file or in two, is refused."""
    dates = middle(1982)
    path = write_cru_ts(tmp_path / "a.nc", "tmp", fields["tmp"], dates[:11] + dates[10:11])
    with pytest.raises(DataError, match="1982-11 is repeated"):
        read_cru_ts(path, "tmp", (1982, 1982))
    whole = write_cru_ts(tmp_path / "b.nc", "tmp", fields["tmp"], dates)
    with pytest.raises(DataError, match="1982-01 is repeated.*b.nc"):
        read_cru_ts([whole, whole], "tmp", (1982, 1982))


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.5, 0.999])
def test_truncated_file(tmp_path, fields, share):
    """A classic file cut anywhere is refused, not filled up with zeros."""
    path = write_cru_ts(tmp_path / "a.nc", "tmp", fields["tmp"], middle(1982))
    whole = path.read_bytes()
    path.write_bytes(whole[:int(share * len(whole))])
    with pytest.raises(DataError, match="a.nc is not a readable NetCDF file"):
        read_cru_ts(path, "tmp", (1982, 1982))


@pytest.mark.parametrize("step", [1.0, 0.25])
def test_wrong_grid(tmp_path, step):
    """Only the half-degree grid of the whole Earth is taken."""
    lat, lon = np.arange(-90 + step / 2, 90, step), np.arange(-180 + step / 2, 180, step)
    field = np.ones((1, lat.size, lon.size))
    path = write_cru_ts(tmp_path / "a.nc", "tmp", field, [date(1982, 1, 16)], lat=lat, lon=lon)
    with pytest.raises(DataError, match="expected 360 cells along lat from 89.75 to -89.75"):
        read_cru_ts(path, "tmp", (1982, 1982))


def test_swapped_latitude(tmp_path, fields):
    """Rows against their coordinate are found by the land, the seasons and the Antarctic."""
    for name in ("tmp", "cld"):
        path = write_cru_ts(tmp_path / "a.nc", name, fields[name][:, ::-1], middle(1982))
        with pytest.raises(DataError, match="do not fit the values|hemisphere"):
            read_cru_ts(path, name, (1982, 1982))


def test_shifted_longitude(tmp_path, fields):
    """A 0-360 field labelled -180..180 is found by the land."""
    field = np.roll(fields["pre"], 360, axis=-1)
    path = write_cru_ts(tmp_path / "a.nc", "pre", field, middle(1982))
    with pytest.raises(DataError, match="longitudes 0-360 labelled -180..180"):
        read_cru_ts(path, "pre", (1982, 1982))


def test_wrong_requests(tmp_path, fields):
    """An unknown variable, a missing path, an empty folder and another variable's file."""
    with pytest.raises(ParameterError, match="'wet' is unknown; use one of tmp, pre, vap, cld"):
        read_cru_ts(tmp_path, "wet", (1982, 1982))
    with pytest.raises(DataError, match="does not exist"):
        read_cru_ts(tmp_path / "none.nc", "tmp", (1982, 1982))
    with pytest.raises(DataError, match=r"no file named like cru_ts4\*.tmp.dat.nc"):
        read_cru_ts(tmp_path, "tmp", (1982, 1982))
    path = write_cru_ts(tmp_path / "a.nc", "pre", fields["pre"], middle(1982))
    with pytest.raises(DataError, match=r"no variable 'tmp', found \['pre', 'stn'\]"):
        read_cru_ts(path, "tmp", (1982, 1982))
    with pytest.raises(ParameterError, match="got 1983-1982"):
        read_cru_ts(path, "pre", (1983, 1982))


@pytest.mark.real
@pytest.mark.parametrize("name", ["tmp", "pre", "vap", "cld"])
def test_real_climate_passes_the_checks(tmp_path, name):
    """The real climatology of 1961-1990 in this layout is read back unchanged."""
    if not access.is_available([f"cru_cl_{name}"]):
        pytest.skip(f"cru_cl_{name} is not at hand")
    real = read_cru_cl(access.locate(f"cru_cl_{name}").path, name)
    path = write_cru_ts(tmp_path / "a.nc", name, real.values[:, ::-1], middle(1982))
    out = read_cru_ts(path, name, (1982, 1982))
    np.testing.assert_allclose(out.values[0], real.values, rtol=1e-6)

