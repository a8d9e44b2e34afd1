"""The recipe `merra2` from end to end, on files in the publishers' layouts.

A simple climate is put under two places whose predictors are worked out by hand: one in Poland
with a winter, one in Australia without. Nothing of these products is real here.
"""

import netCDF4
import numpy as np
import pytest
from made_inputs import write_gsde, write_merra2
from made_rasters import GLASS_SEA as SEA
from made_rasters import write_geotiff, write_glass
from synthetic_climate import climate

from soilresp.covariates.build import build_cube
from soilresp.covariates.embedded import load_embedded
from soilresp.grid.cells import coordinates
from soilresp.readers import merra2

pytestmark = pytest.mark.slow

POLAND, AUSTRALIA = {"lat": 50.25, "lon": 20.25}, {"lat": -20.25, "lon": 130.25}
CONGO = {"lat": 0.25, "lon": 20.25}

DAYS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
DAYS_2001 = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
SUMMER = np.isin(np.arange(1, 13), range(4, 11))
"""April to October, the growing season in Poland."""

TAS = np.array([-5, -5, -5, 5, 10, 15, 15, 15, 10, 5, -5, -5.0])
RAIN = np.where(SUMMER, 60.0, 20.0)
QUARTER = 0.25
"""Leaf area comes in files of a quarter degree: the layout, only fewer cells."""


def around(place, lat, lon, reach=1.25):
    """Rows and columns of the cells near a place, as an index."""
    return np.ix_(abs(lat - place["lat"]) < reach, abs(lon - place["lon"]) < reach)


def put(field, place, months, lat, lon):
    """Give the months of a field (month, lat, lon) near a place other values."""
    rows, columns = around(place, lat, lon)
    field[:, rows, columns] = np.broadcast_to(months, 12)[:, None, None]


def expected(tas, pr, vap, par, lai):
    """The predictors of a cell from its twelve months, one after the other."""
    tas, pr, vap, par, lai = (np.broadcast_to(v, 12) for v in (tas, pr, vap, par, lai))
    # Bolton's saturation vapour pressure, hPa.
    rh = 100 * vap / (6.112 * np.exp(17.67 * tas / (tas + 243.5)))
    out = {}
    for ending, months in (("", np.full(12, True)), ("_GS", tas > 0)):
        days = DAYS[months]
        out |= {
            f"Prec{ending}": pr[months].sum(),
            f"RH{ending}": (rh[months] * days).sum() / days.sum(),
            f"LAI{ending}": (lai[months] * days).sum() / days.sum(),
            f"PAR{ending}": par[months].sum(),
        }
    return {"MAT": (tas * DAYS).sum() / 365.25, **out}


def assert_predictors(cell, values):
    """The predictors of a cell, to single precision."""
    found = {name: float(cell[name]) for name in values}
    assert found == pytest.approx(values, rel=2e-4)


# CRU TS with GIMMS LAI4g, HWSD and MODIS


# MERRA-2 with GLASS LAI, GSDE and GLC2000


@pytest.fixture(scope="module")
def merra2_inputs(tmp_path_factory):
    """2001, with two places of their own climate."""
    pytest.importorskip("pyhdf")
    pytest.importorskip("rasterio")
    top = tmp_path_factory.mktemp("merra2")
    lat, lon = merra2.LAT, merra2.LON
    made = climate(lat, lon)
    seconds = (DAYS_2001 * 86_400.0)[:, None, None]
    pressure = np.full_like(made["tas"], 95_000)
    fields = {
        "T2M": made["tas"] + 273.15, "PS": pressure,
        "QV2M": 0.622 * made["vap"] / (950 - 0.378 * made["vap"]),
        "PRECTOTCORR": made["pr"] / seconds, "SWGDN": made["rsds"].copy(),
    }
    places = {
        "T2M": (TAS + 273.15, 298.15), "PS": (95_000, 100_000), "QV2M": (0.002, 0.008),
        "PRECTOTCORR": (RAIN / seconds[:, 0, 0], 40 / seconds[:, 0, 0]),
        "SWGDN": (np.where(SUMMER, 200, 50), 250),
    }
    for name, (poland, australia) in places.items():
        put(fields[name], POLAND, poland, lat, lon)
        put(fields[name], AUSTRALIA, australia, lat, lon)
    folder = top / "merra2"
    folder.mkdir()
    files = {name: field[:, ::-1].astype(np.float32) for name, field in fields.items()}
    for collection in ("slv", "flx", "rad"):
        for month in range(1, 13):
            write_merra2(folder, collection, files, month, year=2001, stream=300)
    return {
        "merra2": folder,
        "glass_lai": glass_files(top / "glass"),
        "gsde": gsde_files(top / "gsde"),
        "glc2000": glc2000_file(top / "glc2000_v1_1.tif"),
    }


def glass_files(folder):
    """1.0 to day 176, which is 25 June, 3.0 from then on; none over sea."""
    folder.mkdir()
    lat, lon = (axis.values for axis in coordinates(QUARTER).values())
    there = load_embedded()["land_fraction"].sel(lat=lat, lon=lon, method="nearest").values > 0
    for day in range(1, 362, 8):
        stored = np.where(there, 100 if day < 177 else 300, SEA).astype(np.int16)
        write_glass(folder, 2001, day, stored, resolution=QUARTER)
    return folder


def gsde_files(folder):
    """2 % of carbon in the north and 1 % in the south, 1.3 g cm-3, at five arc-minutes."""
    folder.mkdir()
    for name, north, south in (("OC", 200, 100), ("BD", 130, 130)):
        path = write_gsde(folder / f"{name}5min.nc", name, {}, resolution=1 / 12)
        with netCDF4.Dataset(path, "a") as data:
            data[name].set_auto_maskandscale(False)
            data[name][:, : 84 * 12] = north
            data[name][:, 84 * 12 :] = south
    return folder


def glc2000_file(path):
    """Belts of forest, grass, desert, rain forest and shrubs, in cells of an eighth of a degree."""
    cell = 1 / 8
    lat = 90 - cell * (np.arange(round(146 / cell)) + 0.5)
    lon = -180 + cell * np.arange(round(360 / cell))
    ashore = load_embedded()["land_fraction"].sel(lat=lat, lon=lon, method="nearest").values > 0.5
    belts = [lat > 45, lat > 30, lat > 15, lat > 5, lat > -15]
    classes = np.select(belts, [4, 13, 19, 13, 1], 12)
    values = np.where(ashore, classes[:, None], 20).astype(np.uint8)
    return write_geotiff(path, values[np.newaxis], cell, left=-180 - cell / 2)


@pytest.fixture(scope="module")
def from_merra2(merra2_inputs):
    """The cube of 2001."""
    return build_cube("merra2", merra2_inputs, years=(2001, 2001))


def test_merra2_by_hand(from_merra2):
    """Both places: kelvin, specific humidity, a flux and watts become the study's units."""
    # June has 25 days of 1 and 5 of 3.
    lai = np.where(np.arange(12) > 5, 3.0, 1.0)
    lai[5] = (25 * 1 + 5 * 3) / 30
    # e = q p / (0.622 + 0.378 q): 0.002 at 950 hPa, 0.008 at 1000 hPa.
    vap = 0.002 * 950 / 0.622756, 0.008 * 1000 / 0.625024
    assert vap == pytest.approx((3.051, 12.800), abs=1e-3)
    sun = 0.45 * 0.0864 * DAYS
    poland = expected(TAS, RAIN, vap[0], sun * np.where(SUMMER, 200, 50), lai)
    australia = expected(25, 40, vap[1], sun * 250, lai)
    assert australia["RH"] == pytest.approx(100 * 12.8 / 31.67, rel=1e-3)
    assert_predictors(from_merra2.sel(POLAND).sel(year=2001), poland)
    assert_predictors(from_merra2.sel(AUSTRALIA).sel(year=2001), australia)
    # 2 % x 1.3 g cm-3 x 0.3 m.
    assert float(from_merra2["SOC"].sel(POLAND)) == pytest.approx(7.8)
    assert float(from_merra2["SOC"].sel(AUSTRALIA)) == pytest.approx(3.9)


def test_merra2_vegetation_is_glc2000(from_merra2):
    """Forests and shrubs by bin; deserts have none, Antarctica has the embedded map."""
    strata = [int(from_merra2["stratum"].sel(p)) for p in (POLAND, AUSTRALIA, CONGO)]
    assert strata == [3, 4, 1]
    assert int(from_merra2["stratum"].sel(lat=40.25, lon=-100.25)) == 5
    assert int(from_merra2["stratum"].sel(lat=25.25, lon=20.25)) == 0
    assert float(from_merra2["igbp_fraction"].sel(igbp=1).sel(POLAND)) == 1
    assert float(from_merra2["vegetated_fraction"].sel(lat=25.25, lon=20.25)) == 0
    south = {"lat": slice(-57, None)}
    np.testing.assert_array_equal(
        from_merra2["igbp_fraction"].sel(south), load_embedded()["igbp_fraction"].sel(south)
    )
