"""The covariates that ship with the project."""

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
