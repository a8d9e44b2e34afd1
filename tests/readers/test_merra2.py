"""MERRA-2: monthly files made in the published layout, and each way to get them wrong."""

import netCDF4
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_inputs import MERRA_COLLECTIONS, MERRA_UNITS, write_merra2
from synthetic_climate import climate, land

from soilresp.errors import DataError
from soilresp.readers.merra2 import LAT, LON, read_merra2, vapour_pressure

# February of the leap year 1984 has 29 days.
DAYS_1984 = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@pytest.fixture(scope="module")
def study():
    """Twelve months in the units of the study, rows from the north, land fields NaN over sea."""
    found = climate(LAT, LON)
    mask = land(LAT, LON)
    found["pr_land"] = np.where(mask, found["pr"], np.nan)
    found["par"] = np.where(mask, 0.45 * found["rsds"], np.nan)
    return found


@pytest.fixture(scope="module")
def raw(study):
    """The same for 1984 in the units of the files, rows from the south."""
    seconds = (DAYS_1984 * 86_400)[:, None, None]
    fields = {
        "T2M": study["tas"] + 273.15,
        "PS": np.full_like(study["tas"], 95_000),
        "QV2M": 0.622 * study["vap"] / (950 - 0.378 * study["vap"]),
        "PRECTOTCORR": study["pr"] / seconds,
        "PRECTOTLAND": study["pr_land"] / seconds,
        "SWGDN": study["rsds"],
        "PARDRLAND": 0.6 * study["par"],
        "PARDFLAND": 0.4 * study["par"],
    }
    return {name: field[:, ::-1].astype(np.float32) for name, field in fields.items()}


def write_year(folder, collection, fields, **options):
    """The twelve files of 1984."""
    return [write_merra2(folder, collection, fields, month, **options) for month in range(1, 13)]


@pytest.fixture(scope="module")
def archive(tmp_path_factory, raw):
    """A folder as the publisher's server has it: one below it for each collection and year."""
    top = tmp_path_factory.mktemp("merra2")
    for collection in MERRA_COLLECTIONS:
        folder = top / f"M2TMNX{collection.upper()}.5.12.4" / "1984"
        folder.mkdir(parents=True)
        write_year(folder, collection, raw)
        (folder / f"MERRA2_100.tavgM_2d_{collection}_Nx.198401.nc4.xml").write_text("<xml/>")
    return top


@pytest.mark.parametrize(("name", "units"), [
    ("tas", "degC"), ("vap", "hPa"), ("pr", "mm month-1"), ("pr_land", "mm month-1"),
    ("rsds", "W m-2"), ("par", "W m-2"),
])
def test_published_layout(archive, study, name, units):
    """Every variable comes back in the unit of the study, rows from the North Pole."""
    field = read_merra2(archive, name, (1984, 1984))
    assert field.dims == ("year", "month", "lat", "lon")
    assert field.shape == (1, 12, 361, 576)
    assert field.dtype == np.float32
    assert (field["lat"][0], field["lat"][-1]) == (90, -90)
    assert (field["lon"][0], field["lon"][-1]) == (-180, 179.375)
    assert field.attrs["units"] == units
    assert field.attrs["source"].startswith("MERRA-2 tavgM_2d_")
    np.testing.assert_allclose(field.values[0], study[name], rtol=2e-4, atol=1e-3)


def test_leap_february(tmp_path, raw):
    """1 kg m-2 per day is 29 mm in February 1984 and 31 mm in January."""
    fields = {"PRECTOTCORR": raw["PRECTOTCORR"].copy()}
    fields["PRECTOTCORR"][:2, 180, 300] = 1 / 86_400
    pr = read_merra2(write_year(tmp_path, "flx", fields), "pr", (1984, 1984))
    cell = pr.isel(year=0, lat=180, lon=300)
    np.testing.assert_allclose(cell[:2], [31, 29], rtol=1e-5)


def test_vapour_pressure_by_hand():
    """q = 0.01 at 1000 hPa: 0.01 x 1000 / (0.622 + 0.00378) = 15.98 hPa."""
    assert vapour_pressure(0.01, 1e5) == pytest.approx(15.98, abs=0.005)


@given(st.floats(0, 60), st.floats(4e4, 1.1e5))
def test_vapour_pressure_inverts(vapour, pressure):
    """The specific humidity of a vapour pressure gives it back."""
    partial = 100 * vapour
    humidity = 0.622 * partial / (pressure - 0.378 * partial)
    assert vapour_pressure(humidity, pressure) == pytest.approx(vapour, abs=1e-9)


@pytest.mark.parametrize(("variable", "name", "change", "units", "message"), [
    ("tas", "T2M", lambda v: v - 273.15, "K", "'T2M'.* K "),
    ("tas", "T2M", lambda v: v - 273.15, "degC", "'degC'"),
    ("vap", "QV2M", lambda v: v * 1000, "kg kg-1", "'QV2M'.*kg kg-1"),
    ("pr", "PRECTOTCORR", lambda v: v * 86_400, "kg m-2 s-1", "'PRECTOTCORR'.*kg m-2"),
    ("pr", "PRECTOTCORR", lambda v: v / 30, "kg m-2 s-1", "'pr'.*mm month-1"),
    ("rsds", "SWGDN", lambda v: v * 0.0864, "W m-2", "'rsds'.*W m-2"),
])
def test_wrong_units(tmp_path, raw, variable, name, change, units, message):
    """A unit is refused by its attribute, and by the values where the attribute is wrong."""
    collection = next(c for c, names in MERRA_COLLECTIONS.items() if name in names)
    fields = {**raw, name: change(raw[name])}
    write_year(tmp_path, collection, fields, units={**MERRA_UNITS, name: units})
    with pytest.raises(DataError, match=message):
        read_merra2(tmp_path, variable, (1984, 1984))


def test_missing_months_are_named(tmp_path, raw):
    """A month without a file or in two streams is named, and the files that are looked for."""
    for path in write_year(tmp_path, "rad", raw)[4:6]:
        path.unlink()
    write_merra2(tmp_path, "rad", raw, 9, stream=401)
    for name, year, word in (("rsds", 1984, "1984-09.*MERRA2_100"), ("tas", 1984, "2d_slv_Nx"),
                             ("rsds", 1990, "'rad'.*1990")):
        with pytest.raises(DataError, match=word):
            read_merra2(tmp_path, name, (year, year))
    (tmp_path / "MERRA2_401.tavgM_2d_rad_Nx.198409.nc4").unlink()
    with pytest.raises(DataError, match="1984-05, 1984-06"):
        read_merra2(tmp_path, "rsds", (1984, 1984))


def test_name_and_time_disagree(tmp_path, raw):
    """A file that holds another month than its name says is refused."""
    path = write_merra2(tmp_path, "rad", raw, 3, stamp="1984-04-01")
    with pytest.raises(DataError, match="1984-03.*1984-04"):
        read_merra2(path, "rsds", (1984, 1984))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_truncated_file(tmp_path, raw, share):
    """A file cut anywhere is refused by its name."""
    path = write_merra2(tmp_path, "rad", raw, 1)
    whole = path.read_bytes()
    path.write_bytes(whole[:int(share * len(whole))])
    with pytest.raises(DataError, match="198401.nc4"):
        read_merra2(path, "rsds", (1984, 1984))


def test_wrong_grid_and_missing_variable(tmp_path, raw):
    """Half-degree cells beside the poles, and a file without the variable, are refused."""
    lat = np.arange(-89.75, 90, 0.5)
    cut = {"SWGDN": raw["SWGDN"][:, :360]}
    path = write_merra2(tmp_path, "rad", cut, 1, lat=lat)
    with pytest.raises(DataError, match="expected 361 cells along lat from 90.0 to -90.0"):
        read_merra2(path, "rsds", (1984, 1984))
    with netCDF4.Dataset(path, "a") as data:
        data.renameVariable("SWGDN", "SWGNT")
    with pytest.raises(DataError, match=r"no variable 'SWGDN', found \['SWGNT'\]"):
        read_merra2(path, "rsds", (1984, 1984))


@pytest.mark.parametrize(("variable", "collection"), [
    ("tas", "slv"), ("vap", "slv"), ("pr", "flx"), ("rsds", "rad"), ("pr_land", "lnd"),
])
@pytest.mark.parametrize(("turn", "word"), [
    (lambda f: f[:, ::-1], "hemisphere|latitudes"),
    (lambda f: np.roll(f, 288, axis=-1), "Pacific|longitudes"),
])
def test_turned_fields(tmp_path, raw, variable, collection, turn, word):
    """Rows or columns against their coordinate are found by seasons, desert or land."""
    write_year(tmp_path, collection, {name: turn(field) for name, field in raw.items()})
    with pytest.raises(DataError, match=word):
        read_merra2(tmp_path, variable, (1984, 1984))
