"""Exported maps: described by the CF conventions, the same in every format, whole or not there."""

import dataclasses
import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr
from made_benchmark import made_run

from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import EARTH_RADIUS
from soilresp.io.files import sha256
from soilresp.scoring import benchmark, cf, export


@pytest.fixture(scope="module")
def static():
    """Maps of a climatology."""
    return made_run(label="Twin experiment")


@pytest.fixture(scope="module")
def yearly():
    """Maps of two years."""
    return made_run((2000, 2001))


@pytest.fixture(scope="module")
def netcdf(yearly, tmp_path_factory):
    """Folder of a NetCDF export."""
    out = tmp_path_factory.mktemp("netcdf")
    assert len(export.export(yearly, out, "netcdf")) == 4
    return out


def test_climatology_is_described(netcdf):
    """Names, units, methods, fill value, time with its bounds, and what belongs to SR."""
    with xr.open_dataset(netcdf / "soilresp_climatology_0p5deg.nc", decode_cf=False) as made:
        sr = made["SR"]
        assert sr.attrs["units"] == "g m-2 yr-1" and sr.dtype == np.float32
        assert sr.attrs["_FillValue"] == cf.FILL
        assert sr.attrs["cell_methods"] == (
            "time: mean within years time: mean over years area: mean where vegetation"
        )
        assert set(sr.attrs["ancillary_variables"].split()) == {
            "SR_sd", "SR_mad", "SR_mad_scaled", "SR_cv", "SR_di", "SR_inside"
        }
        assert "cell_methods" not in made["SR_di"].attrs
        assert made["SR_inside"].dtype == np.int8 and made["SR_inside"].min() == -1
        # From 1850-01-01: 150 years with 36 leap days; 2000 itself is one.
        begin = 150 * 365 + 36
        assert made["climatology_bnds"].values.tolist() == [begin, begin + 366 + 365]
        assert made["lat_bnds"].values[0].tolist() == [90, 89.5]
        assert made.attrs["history"].startswith("2020-01-01T00:00:00Z")
        earth = 4 * np.pi * EARTH_RADIUS**2
        assert float(made["cell_area"].sum()) == pytest.approx(earth, rel=1e-9)


def test_years_have_bounds(yearly, netcdf):
    """Each year runs from its first of January to the next, with the values of the run."""
    with xr.open_dataset(netcdf / "soilresp_annual_0p5deg.nc") as made:
        assert made["time"].dt.year.values.tolist() == [2000, 2001]
        assert made["SR"].attrs["cell_methods"] == "time: mean area: mean where vegetation"
        days = pd.DatetimeIndex(made["time_bnds"].values.ravel()).strftime("%Y-%m-%d").tolist()
        assert days == ["2000-01-01", "2001-01-01", "2001-01-01", "2002-01-01"]
        np.testing.assert_array_equal(made["SR"], yearly.annual["SR"])
    with xr.open_dataset(netcdf / "soilresp_climatology_0p5deg.nc") as made:
        np.testing.assert_array_equal(made["HR_sd"], yearly.climatology["HR_sd"])


@pytest.mark.slow
@pytest.mark.parametrize("part", ["annual", "climatology", "compact"])
def test_cf_checker_is_content(netcdf, compact, part):
    """A checker of the CF conventions accepts names and units."""
    path = netcdf / f"soilresp_{part}_0p5deg.nc"
    path = compact / benchmark.ANNUAL_FILE_NAME if part == "compact" else path
    checker = shutil.which("compliance-checker")
    if checker is None:
        pytest.skip("compliance-checker is not installed")
    done = subprocess.run(
        [checker, "-t", "cf:1.8", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "All tests passed!" in done.stdout, done.stdout


def test_zarr_is_the_same(yearly, netcdf, tmp_path):
    """Variables and attributes of the Zarr store are those of the NetCDF file."""
    export.export(yearly, tmp_path, "zarr", "annual")
    path = tmp_path / "soilresp_annual_0p5deg.zarr"
    with xr.open_zarr(path, chunks=None) as store, xr.open_dataset(
        netcdf / "soilresp_annual_0p5deg.nc"
    ) as made:
        xr.testing.assert_equal(store.load(), made.load())
        assert store["SR"].attrs == made["SR"].attrs


def test_geotiff_is_the_same(yearly, netcdf, tmp_path):
    """A band a year, tiled, with overviews, place, unit and what it was made from."""
    export.export(yearly, tmp_path, "cog", "annual")
    with (
        rasterio.open(tmp_path / "soilresp_annual_0p5deg_cog" / "AR.tif") as file,
        xr.open_dataset(netcdf / "soilresp_annual_0p5deg.nc") as made,
    ):
        np.testing.assert_array_equal(file.read(), made["AR"].values)
        assert file.descriptions == ("2000", "2001") and file.units == ("g m-2 yr-1",) * 2
        assert file.crs.to_epsg() == 4326 and file.transform[:6] == (0.5, 0, -180, 0, -0.5, 90)
        assert json.loads(file.tags()["dataset_provenance"])["recipe"] == "made recipe"


def test_broken_export_leaves_nothing(yearly, static, tmp_path, monkeypatch):
    """When the second file fails, the first is not there either; an earlier export stays."""
    with pytest.raises(DataError, match="made recipe"):
        export.export(static, tmp_path / "new", what="annual")
    for name, value in (("format", "csv"), ("what", "monthly")):
        with pytest.raises(ParameterError, match=value):
            export.export(static, tmp_path / "new", **{name: value})
    assert not (tmp_path / "new").exists()
    old = tmp_path / "old"
    export.export(static, old)
    before = {p.name: p.read_bytes() for p in old.iterdir()}
    assert set(before) == {"soilresp_climatology_0p5deg.nc", "provenance.json", "SHA256SUMS"}

    def fail(*_):
        raise DataError("no years today")

    monkeypatch.setattr(export, "annual", fail)
    for out in (old, tmp_path / "new"):
        with pytest.raises(DataError, match="no years today"):
            export.export(yearly, out)
    assert {p.name: p.read_bytes() for p in old.iterdir()} == before
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_one_run_exports_to_the_same_bytes(static, tmp_path):
    """At any time, and with checksums of all files of all formats that are there."""
    for out in (tmp_path / "a", tmp_path / "b"):
        for kind in ("netcdf", "cog", "zarr"):
            export.export(static, out, kind)
    files = [f.relative_to(tmp_path / "a") for f in (tmp_path / "a").rglob("*") if f.is_file()]
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    lines = (tmp_path / "a" / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(sums) == {f.as_posix() for f in files} - {"SHA256SUMS"}
    assert all(sha256(tmp_path / "a" / name) == digest for name, digest in sums.items())


@pytest.fixture(scope="module")
def compact(yearly, tmp_path_factory):
    """Folder of a compact export of two years."""
    out = tmp_path_factory.mktemp("compact")
    files = export.export_compact(yearly, out)
    assert [f.name for f in files] == [benchmark.FILE_NAME, benchmark.ANNUAL_FILE_NAME]
    return out


def test_compact_is_rounded_and_whole(yearly, compact):
    """Fluxes are sixteenths, parts make up SR exactly, and no value moves by more than half."""
    made = benchmark.load_benchmark(compact / benchmark.FILE_NAME)
    known = np.isfinite(made["SR"].values)
    np.testing.assert_array_equal(made["AR"], made["SR"] - made["HR"])
    np.testing.assert_array_equal(made["AR_joint"], made["SR"] - made["HR_joint"])
    for name, step in (("SR", 16), ("HR_sd", 16), ("SR_cv", 16), ("AR_SR", 4096), ("SR_di", 4096)):
        values = made[name].values[known]
        np.testing.assert_array_equal(values * step, np.round(values * step))
        given = (yearly.climatology if name in yearly.climatology else yearly.applicability)[name]
        assert float(np.abs(made[name] - given).max()) <= 0.5 / step + 1e-6
    assert made["SR"].attrs["rounded_to"] == "1/16 g m-2 yr-1"


def test_compact_years_keep_the_maps(yearly, compact):
    """SR and HR of every year to half a gram in 16 bits, the dissimilarity to 1/8192, flags."""
    path = compact / benchmark.ANNUAL_FILE_NAME
    made = benchmark.load_annual(path)
    assert made["year"].values.tolist() == [2000, 2001] and "AR" not in made
    for name in ("SR", "HR"):
        known = np.isfinite(yearly.annual[name].values)
        np.testing.assert_array_equal(np.isfinite(made[name].values), known)
        away = np.abs(made[name].values - yearly.annual[name].values)[known]
        assert away.max() <= 0.5 and made[name].attrs["rounded_to"] == "1 g m-2 yr-1"
        index = np.abs(made[f"{name}_di"] - yearly.applicability[f"{name}_di"])
        assert float(index.max()) <= 1 / 8192 + 1e-7
    with xr.open_dataset(path, decode_cf=False) as packed:
        assert packed["SR"].dtype == packed["SR_di"].dtype == np.int16
        assert packed["SR"].attrs["_FillValue"] == -32768
        assert packed["SR_di"].attrs["scale_factor"] == 1 / 4096


def test_years_of_another_run_are_removed(compact, static, yearly, tmp_path):
    """A run without years leaves none behind; annual maps need an area of applicability."""
    shutil.copytree(compact, tmp_path, dirs_exist_ok=True)
    assert export.export_compact(static, tmp_path) == [tmp_path / benchmark.FILE_NAME]
    assert not (tmp_path / benchmark.ANNUAL_FILE_NAME).exists()
    with pytest.raises(DataError, match="made recipe"):
        export.compact_annual(static)
    with pytest.raises(DataError, match="area of applicability"):
        export.compact_annual(dataclasses.replace(yearly, applicability=None))


@pytest.mark.parametrize(("most", "step"), [(1.0, 1.0), (32767, 1.0), (32768, 2.0), (2e5, 8.0)])
def test_packing_takes_a_coarser_step_when_it_must(most, step):
    """The step doubles until 16 bits hold the largest value, and no further."""
    assert export._packing_step(np.array([0.0, -most, np.nan]), 1.0) == step
