"""The covariates that ship with the project, and the functions that build them."""

import importlib.util

import numpy as np
import pytest
import xarray as xr

from soilresp.covariates import embedded
from soilresp.errors import DataError
from soilresp.grid.cells import area_mean, coordinates
from soilresp.io.paths import data_dir

MONTHLY = ("tas", "pr", "vap", "rsds")


@pytest.fixture(scope="module")
def fields():
    """The file as it ships."""
    return embedded.load_embedded()


@pytest.fixture(scope="module")
def land(fields):
    """Area of land in each cell, m2."""
    return fields.cell_area * fields.land_fraction


@pytest.fixture(scope="module")
def vegetated(fields):
    """Vegetated area of each cell, m2."""
    return fields.cell_area * fields.vegetated_fraction


@pytest.fixture(scope="module")
def build():
    """The build script as a module."""
    spec = importlib.util.spec_from_file_location(
        "build_embedded", data_dir() / "build_embedded.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_grid(fields):
    """Coordinates are exactly those of the study's grid, months run 1 to 12."""
    grid = coordinates()
    np.testing.assert_array_equal(fields.lat, grid["lat"])
    np.testing.assert_array_equal(fields.lon, grid["lon"])
    np.testing.assert_array_equal(fields.month, np.arange(1, 13))
    np.testing.assert_array_equal(fields.igbp, np.arange(17))


def test_counts(fields):
    """The 100 pixels of a cell are all counted, and the fractions follow from them."""
    assert (fields.igbp_count.sum("igbp") == 100).all()
    np.testing.assert_allclose(fields.igbp_fraction.sum("igbp"), 1, rtol=1e-6)
    bare = fields.igbp_fraction.sel(igbp=[13, 15, 16]).sum("igbp")
    np.testing.assert_allclose(
        fields.land_fraction, fields.vegetated_fraction + bare, atol=1e-6
    )


def test_areas(land, vegetated):
    """Land covers 145 and vegetation 109.4 million km2."""
    assert float(vegetated.sum()) / 1e12 == pytest.approx(109.4, abs=0.5)
    assert float(land.sum()) / 1e12 == pytest.approx(145, abs=1)


def test_mean_climate(fields, land, vegetated):
    """Area means are near what is known of land, with and without its ice.

    Vegetated land gets more than all land, for deserts and ice are left out;
    CRU CL 1.0 has 918 mm on the same cells, and 478 mm north of 50 N.
    """
    mat, rain = fields.tas.mean("month"), fields.pr.sum("month")
    ice_free = land * (fields.igbp_fraction.sel(igbp=15) < 0.5)
    assert 8 < float(area_mean(mat, land)) < 16
    assert 12 < float(area_mean(mat, ice_free)) < 15
    assert 700 < float(area_mean(rain, ice_free)) < 850
    assert 850 < float(area_mean(rain, vegetated)) < 950
    assert 450 < float(area_mean(rain, vegetated.where(fields.lat > 50, 0))) < 520
    assert float(rain.max()) < 10_000
    assert 180 < float(area_mean(fields.rsds.mean("month"), vegetated)) < 205


def test_complete_on_vegetation(fields, vegetated):
    """Hardly any vegetated area lacks a field; over open water there is none."""
    for name in (*MONTHLY, "fapar_max", "ndvi_min", "ndvi_max"):
        present = np.isfinite(fields[name])
        present = present.all("month") if "month" in present.dims else present
        assert float(area_mean(present, vegetated)) >= 0.98, name
    water = fields.land_fraction == 0
    for name in MONTHLY:
        assert fields[name].where(water).isnull().all(), name


def test_class_counts(build):
    """A cell of one class, and one with a pixel of another."""
    igbp = np.zeros((3600, 7200), "uint8")
    igbp[:10, :10] = 2
    igbp[0, 10] = 16
    counts = build.class_counts(igbp)
    assert counts[2, 0, 0] == 100 and counts[0, 0, 0] == 0
    assert counts[16, 0, 1] == 1 and counts[0, 0, 1] == 99
    assert (counts.sum(axis=0) == 100).all()


@pytest.mark.slow
def test_rainfall_by_hand(build, tmp_path, monkeypatch):
    """The four squares of a cell count by their land; the margin and the order of rows too."""
    lat, lon = np.mgrid[-90.125:90.2:0.25, -180.125:180.2:0.25]
    values = np.full(lat.shape, 7.0)
    values[[0, -1]] = values[:, [0, -1]] = 1e6
    values[-2, 1:3] = 1.0, 2.0  # northernmost row, from 180 W
    values[-3, 1:3] = 3.0, 4.0
    for name, array in (("v7_lat_mt", lat), ("v7_lon_mt", lon), ("v7_mt_month", values)):
        np.savez_compressed(tmp_path / f"{name}.npz", array)
    monkeypatch.setattr(
        build,
        "package_file",
        lambda _, name: tmp_path / ("v7_mt_month.npz" if "month" in name else name),
    )
    land = np.zeros((3600, 7200), "float32")
    land[5:10, :10] = 1  # the southern squares of the first cell
    land[-10:, -10:] = 1
    pr = build.rainfall(land)
    assert pr.shape == (12, 360, 720)
    np.testing.assert_allclose(pr[:, 0, 0], 3.5)
    np.testing.assert_allclose(pr[:, -1, -1], 7.0)
    assert np.isfinite(pr[0]).sum() == 2


@pytest.mark.slow
def test_era5_by_hand(build, tmp_path, monkeypatch):
    """A quarter-degree point counts by land; equal months of precipitation get their days."""
    lat, lon = np.arange(90, -90.1, -0.25), np.arange(0, 360, 0.25)
    t2m = np.zeros((12, lat.size, lon.size), "float32")
    # The first cell, 90 to 89.5 N from 180 W, holds half, whole and half a square along each side.
    t2m[:, 1, lon == 180.25] = 8.0
    tp = np.full(t2m.shape, 60.875, "float32")
    dims = ("month", "latitude", "longitude")
    file = tmp_path / "era5.nc"
    xr.Dataset(
        {"t2m": (dims, t2m), "tp": (dims, tp)}, {"latitude": lat, "longitude": lon}
    ).to_netcdf(file)
    monkeypatch.setattr(build, "package_file", lambda *_: file)
    land = np.zeros((3600, 7200), "float32")
    land[:10, :5] = 1  # the western half: as much of the point's square as of the one to its west
    tas, total = build.era5(land)
    area = build.cell_area(resolution=0.125).values[:4]
    expected = 8 * area[1:3].sum() / (2 * area.sum())
    np.testing.assert_allclose(tas[:, 0, 0], expected, rtol=1e-6)
    days = [31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    np.testing.assert_allclose(total[:, 0, 0], np.multiply(2, days), rtol=1e-6)
    assert np.isfinite(tas[0]).sum() == 1


def test_snow_by_hand(build):
    """Rain alone from 10 degC up, ERA5 alone from -20 degC down, a straight line between."""
    tas = np.array([25.0, 10.0, 4.0, -5.0, -14.0, -20.0, -40.0, np.nan])
    pr = build.with_snow(np.full(8, 40.0), np.full(8, 100.0), tas)
    np.testing.assert_allclose(pr, [40, 40, 52, 70, 88, 100, 100, np.nan])


def test_wetness_rank(build):
    """Ranks by temperature anomaly / 5 K plus relative precipitation anomaly, by hand."""
    tas = np.zeros((12, 1))
    tas[5] = 12.0  # 11 K above the mean: 2.2, the others -0.2
    pr = np.ones((12, 1))
    pr[0] = 13.0  # mean 2: 5.5, the others -0.5
    rank = build.wetness_rank(tas, pr)[:, 0]
    assert rank[0] == 0 and rank[5] == 1
    assert sorted(rank) == list(range(12))


def test_bilinear_by_hand(build):
    """Mid-way between four corners, across the date line, and with a corner missing."""
    lat, lon = np.array([0.0, 90.0]), np.array([-180.0, -90.0, 0.0, 90.0])
    values = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    at_lat, at_lon = np.array([45.0, 0.0]), np.array([-135.0, 135.0])
    got, corners = build.bilinear(lat, lon, values, at_lat, at_lon)
    np.testing.assert_allclose(got, [3.5, 2.5])
    np.testing.assert_array_equal(corners, 4)
    values[1, 1] = np.nan
    got, corners = build.bilinear(lat, lon, values, np.array([45.0]), np.array([-135.0]))
    np.testing.assert_allclose(got, [8 / 3])
    assert corners[0] == 3
    got, corners = build.bilinear(lat, lon, values * np.nan, np.array([45.0]), np.array([-135.0]))
    assert np.isnan(got[0]) and corners[0] == 0


@pytest.mark.real
@pytest.mark.slow
def test_against_cru_cl(fields, build):
    """Monthly climate and growing-season humidity agree with CRU CL 1.0."""
    from soilresp.io.fetch import is_available

    if not is_available([f"cru_cl_{v}" for v in build.CRU_VARIABLES]):
        pytest.skip("CRU CL 1.0 is not at hand")
    found = {name: values for name, *values in build.checks_against_cru(fields)}
    r = {name: values[0] for name, values in found.items()}
    assert r["Air temperature, monthly (degC)"] > 0.99
    assert r["Vapour pressure, monthly (hPa)"] > 0.95
    assert r["Radiation, monthly (W m-2)"] > 0.94
    assert r["Precipitation, monthly (mm)"] > 0.95
    assert r["Precipitation, annual (mm)"] > 0.95
    assert r["RH of the growing season (%)"] > 0.75
    _, here, there, _ = found["Precipitation, months above 10 degC (mm)"]
    assert here == pytest.approx(there, rel=0.03)
    _, here, there, _ = found["Precipitation, months below 0 degC (mm)"]
    assert here == pytest.approx(there, rel=0.1)
    r, here, there, rmsd = found["Precipitation north of 50 N, annual (mm)"]
    assert r > 0.9 and here == pytest.approx(there, rel=0.05) and rmsd < 115


def test_faulty_files(tmp_path):
    """A missing file, one that was cut short, and one that lacks a field are named."""
    whole = embedded.path().read_bytes()
    (tmp_path / "cut.nc").write_bytes(whole[: len(whole) // 2])
    xr.Dataset({"tas": ("x", [1.0])}).to_netcdf(tmp_path / "other.nc")
    for name in ("none.nc", "cut.nc", "other.nc"):
        with pytest.raises(DataError, match=f"{name}.*git checkout"):
            embedded.load_embedded(tmp_path / name)
