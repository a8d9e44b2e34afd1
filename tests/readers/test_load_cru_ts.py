"""CRU TS 4: files made in the published layout, and each way to get them wrong."""

import gzip
import resource
import shutil
from datetime import date

import netCDF4
import numpy as np
import pytest
from synthetic_climate import climate, land

from soilresp.errors import DataError, ParameterError
from soilresp.io import fetch as access
from soilresp.readers.cru_cl import read_cru_cl
from soilresp.readers.cru_ts import read_cru_ts

LAT = np.arange(-89.75, 90, 0.5)
LON = np.arange(-179.75, 180, 0.5)
FILL = np.float32(9.96921e36)
UNITS = {"tmp": "degrees Celsius", "pre": "mm/month", "vap": "hPa", "cld": "percentage"}
LONG_NAMES = {"tmp": "near-surface temperature", "pre": "precipitation",
              "vap": "vapour pressure", "cld": "cloud cover"}


@pytest.fixture(scope="module")
def fields():
    """Twelve months of each variable from south to north, NaN over sea."""
    found = climate(LAT, LON)
    names = {"tmp": "tas", "pre": "pr", "vap": "vap", "cld": "cld"}
    mask = land(LAT, LON)
    return {name: np.where(mask, found[key], np.nan) for name, key in names.items()}


def write(path, name, field, dates, lat=LAT, lon=LON, **attrs):
    """A file with the dimensions, attributes, fill values and format of the release 4.07."""
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as data:
        data.createDimension("lon", lon.size)
        data.createDimension("lat", lat.size)
        data.createDimension("time", None)
        for axis, values, units in (("lon", lon, "degrees_east"), ("lat", lat, "degrees_north")):
            made = data.createVariable(axis, "f4", (axis,))
            made.setncatts({"long_name": {"lon": "longitude", "lat": "latitude"}[axis],
                            "units": units})
            made[:] = values
        time = data.createVariable("time", "f4", ("time",))
        time.setncatts({"long_name": "time", "units": "days since 1900-1-1",
                        "calendar": "gregorian"})
        time[:] = [(day - date(1900, 1, 1)).days for day in dates]
        main = data.createVariable(name, "f4", ("time", "lat", "lon"), fill_value=FILL)
        main.setncatts({"long_name": LONG_NAMES[name], "units": UNITS[name],
                        "correlation_decay_distance": np.float32(1200), "missing_value": FILL,
                        **attrs})
        main[:] = np.where(np.isnan(field), FILL, field)
        count = data.createVariable("stn", "i4", ("time", "lat", "lon"), fill_value=-999)
        count.setncatts({"description": "number of stations contributing to each datum",
                         "missing_value": np.int32(-999)})
        count[:] = np.where(np.isnan(field), -999, 8)
        data.setncatts({"Conventions": "CF-1.4", "title": "CRU TS4.07 Mean Temperature"})
    return path


def middle(year):
    """Dates of the months of a year, as the publisher gives them."""
    return [date(year, month, 15 if month == 2 else 16) for month in range(1, 13)]


def packed(path):
    """The same file as ``.gz``."""
    out = path.with_name(path.name + ".gz")
    with path.open("rb") as plain, gzip.open(out, "wb", compresslevel=1) as zipped:
        shutil.copyfileobj(plain, zipped)
    path.unlink()
    return out


def test_published_layout(tmp_path, fields):
    """Rows come from north to south, sea as NaN, only the years asked for, in the unit declared."""
    both = np.concatenate([fields["tmp"] - 5, fields["tmp"]])
    path = packed(write(tmp_path / "cru_ts4.07.1981.1982.tmp.dat.nc", "tmp", both,
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


@pytest.mark.parametrize("name", ["pre", "vap", "cld"])
def test_other_variables(tmp_path, fields, name):
    """Precipitation, vapour pressure and cloud cover are read as they are."""
    path = write(tmp_path / f"cru_ts4.07.1982.1982.{name}.dat.nc", name, fields[name],
                 middle(1982))
    out = read_cru_ts(path, name, (1982, 1982))
    np.testing.assert_allclose(out.values[0], fields[name][:, ::-1], rtol=1e-6)
    assert out.attrs["units"] == {"pre": "mm month-1", "vap": "hPa", "cld": "%"}[name]


def test_folder_of_decades(tmp_path, fields):
    """A folder stands for its files of the variable; the years of two files are joined."""
    write(tmp_path / "cru_ts4.07.1981.1990.vap.dat.nc", "vap", fields["vap"], middle(1990))
    write(tmp_path / "cru_ts4.07.1991.2000.vap.dat.nc", "vap", fields["vap"] + 1, middle(1991))
    (tmp_path / "cru_ts4.07.1991.2000.tmp.dat.nc").write_text("another variable")
    vap = read_cru_ts(tmp_path, "vap", (1990, 1991))
    assert vap["year"].values.tolist() == [1990, 1991]
    np.testing.assert_allclose((vap[1] - vap[0]).mean(), 1, rtol=1e-5)


def test_station_counts(tmp_path, fields):
    """The number of stations comes from the same file, NaN over sea."""
    path = write(tmp_path / "a.nc", "tmp", fields["tmp"], middle(1982))
    stations = read_cru_ts(path, "tmp", (1982, 1982), stations=True)
    assert stations.name == "stn"
    assert stations.attrs["units"] == "1"
    assert stations.max() == stations.min() == 8
    assert np.isnan(stations.sel(lat=0.25, lon=-150.25)).all()


def test_order_of_rows_and_columns(tmp_path, fields):
    """Rows from the north and columns from 0 to 360 give the same field."""
    straight = write(tmp_path / "a.nc", "tmp", fields["tmp"], middle(1982))
    turned = write(tmp_path / "b.nc", "tmp", np.roll(fields["tmp"][:, ::-1], 360, axis=-1),
                   middle(1982), lat=LAT[::-1], lon=LON + 180)
    first, second = (read_cru_ts(p, "tmp", (1982, 1982)) for p in (straight, turned))
    assert first.identical(second)


def test_months_in_any_order(tmp_path, fields):
    """Months are placed by their date."""
    path = write(tmp_path / "a.nc", "tmp", fields["tmp"][::-1], middle(1982)[::-1])
    tmp = read_cru_ts(path, "tmp", (1982, 1982))
    np.testing.assert_allclose(tmp.values[0], fields["tmp"][:, ::-1], rtol=1e-6)


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
    path = write(tmp_path / "a.nc", name, change(fields[name]), middle(1982), units=units)
    with pytest.raises(DataError, match=message):
        read_cru_ts(path, name, (1982, 1982))


def test_missing_months_are_named(tmp_path, fields):
    """Gaps within a file and years beyond it are listed."""
    path = write(tmp_path / "a.nc", "tmp", fields["tmp"][2:], middle(1982)[2:])
    with pytest.raises(DataError, match=r"1982-1982 once; missing: 1982-01, 1982-02\. "):
        read_cru_ts(path, "tmp", (1982, 1982))
    with pytest.raises(DataError, match="1982-02, 1983-01, .*1983-04 and 8 more"):
        read_cru_ts(path, "tmp", (1982, 1983))


def test_repeated_months(tmp_path, fields):
    """A month given twice, in one file or in two, is refused."""
    dates = middle(1982)
    path = write(tmp_path / "a.nc", "tmp", fields["tmp"], dates[:11] + dates[10:11])
    with pytest.raises(DataError, match="1982-11 is repeated"):
        read_cru_ts(path, "tmp", (1982, 1982))
    whole = write(tmp_path / "b.nc", "tmp", fields["tmp"], dates)
    with pytest.raises(DataError, match="1982-01 is repeated.*b.nc"):
        read_cru_ts([whole, whole], "tmp", (1982, 1982))


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.5, 0.999])
def test_truncated_file(tmp_path, fields, share):
    """A classic file cut anywhere is refused, not filled up with zeros."""
    path = write(tmp_path / "a.nc", "tmp", fields["tmp"], middle(1982))
    whole = path.read_bytes()
    path.write_bytes(whole[:int(share * len(whole))])
    with pytest.raises(DataError, match="a.nc is not a readable NetCDF file"):
        read_cru_ts(path, "tmp", (1982, 1982))


def test_truncated_or_damaged_gzip(tmp_path, fields):
    """A packed file cut off, damaged, or not packed at all is refused by its name."""
    path = packed(write(tmp_path / "a.nc", "tmp", fields["tmp"], middle(1982)))
    whole = path.read_bytes()
    middle_byte = len(whole) // 2
    damaged = whole[:middle_byte] + b"damage" + whole[middle_byte + 6:]
    for content in (whole[:middle_byte], damaged, b"CDF\x01"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a.nc.gz is not a readable NetCDF file.*Fetch"):
            read_cru_ts(path, "tmp", (1982, 1982))


def test_no_room_to_unpack(tmp_path, fields):
    """A packed file that does not fit on the disk is told from a damaged one."""
    path = packed(write(tmp_path / "a.nc", "tmp", fields["tmp"], middle(1982)))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(DataError, match="a.nc.gz cannot be unpacked to .* TMPDIR"):
            read_cru_ts(path, "tmp", (1982, 1982))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("step", [1.0, 0.25])
def test_wrong_grid(tmp_path, step):
    """Only the half-degree grid of the whole Earth is taken."""
    lat, lon = np.arange(-90 + step / 2, 90, step), np.arange(-180 + step / 2, 180, step)
    path = write(tmp_path / "a.nc", "tmp", np.ones((1, lat.size, lon.size)), [date(1982, 1, 16)],
                 lat=lat, lon=lon)
    with pytest.raises(DataError, match="expected 360 cells along lat from 89.75 to -89.75"):
        read_cru_ts(path, "tmp", (1982, 1982))


def test_swapped_latitude(tmp_path, fields):
    """Rows against their coordinate are found by the land, the seasons and the Antarctic."""
    for name in ("tmp", "cld"):
        path = write(tmp_path / "a.nc", name, fields[name][:, ::-1], middle(1982))
        with pytest.raises(DataError, match="do not fit the values|hemisphere"):
            read_cru_ts(path, name, (1982, 1982))


def test_antarctica_is_empty(tmp_path, fields):
    """Values where the product has none are refused."""
    field = fields["cld"].copy()
    field[:, :20] = 50
    path = write(tmp_path / "a.nc", "cld", field, middle(1982))
    with pytest.raises(DataError, match="has values south of 65 S"):
        read_cru_ts(path, "cld", (1982, 1982))


def test_shifted_longitude(tmp_path, fields):
    """A 0-360 field labelled -180..180 is found by the land."""
    path = write(tmp_path / "a.nc", "pre", np.roll(fields["pre"], 360, axis=-1), middle(1982))
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
    path = write(tmp_path / "a.nc", "pre", fields["pre"], middle(1982))
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
    path = write(tmp_path / "a.nc", name, real.values[:, ::-1], middle(1982))
    out = read_cru_ts(path, name, (1982, 1982))
    np.testing.assert_allclose(out.values[0], real.values, rtol=1e-6)
