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
    ("tmp", lambda v: v + 273.15, "K", "degC.*'K'"),
    ("tmp", lambda v: v + 273.15, "degrees Celsius", "degC"),
    ("pre", lambda v: v / 30, "mm/month", "'pre'.*mm month-1"),
    ("vap", lambda v: v / 10, "hPa", "'vap'.*hPa"),
    ("cld", lambda v: v / 100, "percentage", "'cld'.*%"),
    ("cld", lambda v: v * np.nan, "percentage", "'cld'.*nan"),
])
def test_wrong_units(tmp_path, fields, name, change, units, message):
    """A unit is refused by its attribute, and by the values where the attribute is wrong."""
    path = write_cru_ts(tmp_path / "a.nc", name, change(fields[name]), middle(1982), units=units)
    with pytest.raises(DataError, match=message):
        read_cru_ts(path, name, (1982, 1982))


def test_missing_and_repeated_months(tmp_path, fields):
    """Gaps within a file, years beyond it, and a month in two files are named."""
    path = write_cru_ts(tmp_path / "a.nc", "tmp", fields["tmp"][2:], middle(1982)[2:])
    for given, years, word in ((path, (1982, 1982), "1982-01, 1982-02"),
                               (path, (1982, 1983), "1982-02, 1983-01, .*1983-04 and 8"),
                               ([path, path], (1982, 1982), "1982-03.*a.nc")):
        with pytest.raises(DataError, match=word):
            read_cru_ts(given, "tmp", years)


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.5, 0.999])
def test_truncated_file(tmp_path, fields, share):
    """A classic file cut anywhere is refused, not filled up with zeros."""
    path = write_cru_ts(tmp_path / "a.nc", "tmp", fields["tmp"], middle(1982))
    whole = path.read_bytes()
    path.write_bytes(whole[:int(share * len(whole))])
    with pytest.raises(DataError, match="a.nc"):
        read_cru_ts(path, "tmp", (1982, 1982))


@pytest.mark.parametrize(("name", "turn", "word"), [
    ("tmp", lambda v: v[:, ::-1], "values|hemisphere"),
    ("cld", lambda v: v[:, ::-1], "values|hemisphere"),
    ("pre", lambda v: np.roll(v, 360, axis=-1), "longitudes 0-360"),
])
def test_turned_fields(tmp_path, fields, name, turn, word):
    """Rows or columns against their coordinate are found by the land and the seasons."""
    path = write_cru_ts(tmp_path / "a.nc", name, turn(fields[name]), middle(1982))
    with pytest.raises(DataError, match=word):
        read_cru_ts(path, name, (1982, 1982))


def test_wrong_requests(tmp_path, fields):
    """An unknown variable, years, grid or path, an empty folder and another variable's file."""
    path = write_cru_ts(tmp_path / "a.nc", "pre", fields["pre"], middle(1982))
    small = write_cru_ts(tmp_path / "b.nc", "pre", np.ones((1, 180, 360)), [date(1982, 1, 16)],
                         lat=np.arange(-89.5, 90), lon=np.arange(-179.5, 180))
    for given, name, years, error, word in (
        (tmp_path, "wet", (1982, 1982), ParameterError, "'wet'"),
        (path, "pre", (1983, 1982), ParameterError, "1983-1982"),
        (tmp_path / "none.nc", "tmp", (1982, 1982), DataError, "none.nc"),
        (tmp_path, "tmp", (1982, 1982), DataError, "tmp.dat.nc"),
        (path, "tmp", (1982, 1982), DataError, "'tmp'.*'pre'"),
        (small, "pre", (1982, 1982), DataError, "360 cells along lat"),
    ):
        with pytest.raises(error, match=word):
            read_cru_ts(given, name, years)


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
