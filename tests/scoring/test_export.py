"""Exported maps: described by the CF conventions, the same in every format, whole or not there."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr

from soilresp.covariates.cube import save_cube
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import EARTH_RADIUS, global_total
from soilresp.io.files import sha256
from soilresp.records import twin
from soilresp.scoring import benchmark, export
from soilresp.study import chapters as workflow
from soilresp.study import settings as studies

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores"),
]

TINY = studies.Profile(
    "quick", n_runs=2, n_trees=5, cv_folds=2, cv_trees=5, search_trees=5, search_depth=0
)


@pytest.fixture(scope="module", autouse=True)
def away(tmp_path_factory):
    """Tiny forests, away from any cache or mirror."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SOILRESP_MIRROR", "SOILRESP_RUN", "SOILRESP_PROFILE", "SOILRESP_PROGRESS"):
            patch.delenv(name, raising=False)
        patch.setenv("SOILRESP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setitem(studies.PROFILES, "quick", TINY)
        yield


@pytest.fixture(scope="module")
def static(tmp_path_factory):
    """A twin on the embedded climatology, with its area of applicability."""
    folder = tmp_path_factory.mktemp("static")
    study = studies.resolve_settings(folder, "quick", "embedded", "twin", seed=1)
    workflow.mapping(study)
    workflow.applicability(study)
    return study


@pytest.fixture(scope="module")
def yearly(tmp_path_factory):
    """A twin whose covariates have two years, the second one warmer."""
    folder = tmp_path_factory.mktemp("yearly")
    cube = workflow.embedded_cube()
    years = xr.DataArray([2000, 2001], dims="year")
    mat = cube["MAT"] + xr.DataArray([0.0, 0.8], {"year": years}, "year")
    cube = cube.assign(MAT=mat.transpose("year", "lat", "lon").assign_attrs(cube["MAT"].attrs))
    save_cube(cube, folder / "cube.nc")
    study = studies.resolve_settings(folder / "run", "quick", "embedded", "twin", seed=2)
    workflow.assembly(study, cube=str(folder / "cube.nc"))
    workflow.mapping(study)
    return study


@pytest.fixture(scope="module")
def netcdf(yearly, tmp_path_factory):
    """Folder of a NetCDF export."""
    out = tmp_path_factory.mktemp("netcdf")
    written = export.export(yearly.run, out, "netcdf", command="soilresp export --run test")
    assert [p.name for p in written] == [
        "SHA256SUMS", "provenance.json", "soilresp_annual_0p5deg.nc",
        "soilresp_climatology_0p5deg.nc",
    ]
    return out


def test_climatology_is_described(netcdf):
    """Names, units, methods, fill value, time with its bounds, and what belongs to SR."""
    with xr.open_dataset(netcdf / "soilresp_climatology_0p5deg.nc", decode_cf=False) as made:
        sr, time = made["SR"], made["time"]
        assert made.attrs["Conventions"] == "CF-1.8"
        assert sr.attrs["units"] == "g m-2 yr-1" and sr.dtype == np.float32
        assert sr.attrs["_FillValue"] == export.FILL
        assert sr.attrs["standard_name"].endswith("due_to_respiration_in_soil")
        assert sr.attrs["cell_methods"] == (
            "time: mean within years time: mean over years area: mean where vegetation"
        )
        assert {"SR_sd", "SR_mad", "SR_q95"} <= set(sr.attrs["ancillary_variables"].split())
        assert set(sr.attrs["ancillary_variables"].split()) <= set(made.data_vars)
        assert sr.attrs["cell_measures"] == "area: cell_area"
        assert time.attrs["climatology"] == "climatology_bnds"
        # From 1850-01-01: 150 years with 36 leap days; 2000 itself is one.
        begin = 150 * 365 + 36
        assert made["climatology_bnds"].values.tolist() == [begin, begin + 366 + 365]
        assert "_FillValue" not in made["lat"].attrs and "_FillValue" not in made["lat_bnds"].attrs
        assert made["lat_bnds"].values[0].tolist() == [90, 89.5]
        assert made["lon_bnds"].values[-1].tolist() == [179.5, 180]
        assert "Twin experiment" in made.attrs["title"]
        assert made.attrs["history"].endswith("soilresp export --run test")


def test_years_have_bounds(netcdf):
    """Each year runs from its first of January to the next."""
    with xr.open_dataset(netcdf / "soilresp_annual_0p5deg.nc") as made:
        assert made["SR"].dims == ("time", "lat", "lon")
        assert made["time"].dt.year.values.tolist() == [2000, 2001]
        assert made["SR"].attrs["cell_methods"] == "time: mean area: mean where vegetation"
        days = pd.DatetimeIndex(made["time_bnds"].values.ravel()).strftime("%Y-%m-%d").tolist()
        assert days == ["2000-01-01", "2001-01-01", "2001-01-01", "2002-01-01"]


def test_cf_checker_is_content(netcdf):
    """A checker of the CF conventions finds nothing to complain of, names and units included."""
    checker = shutil.which("compliance-checker")
    if checker is None:
        pytest.skip("compliance-checker is not installed")
    for path in sorted(netcdf.glob("*.nc")):
        done = subprocess.run(
            [checker, "-t", "cf:1.8", path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 and "All tests passed!" in done.stdout, done.stdout


def test_values_are_those_of_the_run(yearly, netcdf):
    """Nothing is lost on the way; annual and climatological totals agree to 1e-6."""
    mapping = workflow.mapping.stored(yearly)
    with (
        xr.open_dataset(netcdf / "soilresp_climatology_0p5deg.nc") as mean,
        xr.open_dataset(netcdf / "soilresp_annual_0p5deg.nc") as by_year,
    ):
        for name in ("SR", "HR", "AR", "SR_sd", "HR_q05"):
            np.testing.assert_array_equal(mean[name], mapping.climatology[name])
        np.testing.assert_array_equal(by_year["SR"], mapping.annual["SR"])
        area = mean["cell_area"] * mean["vegetated_fraction"]
        earth = 4 * np.pi * EARTH_RADIUS**2
        assert float(mean["cell_area"].sum()) == pytest.approx(earth, rel=1e-9)
        for name in ("SR", "HR", "AR"):
            whole = float(global_total(mean[name].astype(float), area))
            years = global_total(by_year[name].astype(float), area).mean()
            assert float(years) == pytest.approx(whole, rel=1e-6)
            assert whole == pytest.approx(mapping.flux[name]["total"], rel=1e-6)


def test_second_reader_sees_the_same(netcdf):
    """GDAL reads the grid and the values of the NetCDF file as xarray does."""
    path = netcdf / "soilresp_annual_0p5deg.nc"
    with rasterio.open(f"netcdf:{path}:HR") as other, xr.open_dataset(path) as made:
        assert other.transform[:6] == (0.5, 0, -180, 0, -0.5, 90)
        np.testing.assert_array_equal(other.read(masked=True).filled(np.nan), made["HR"].values)


def test_ncdump_sees_the_same(netcdf):
    """The NetCDF library's own tool prints the numbers that xarray reads."""
    if shutil.which("ncdump") is None:
        pytest.skip("ncdump is not installed")
    path = netcdf / "soilresp_climatology_0p5deg.nc"
    said = subprocess.run(
        ["ncdump", "-p", "9,17", "-v", "SR", path], capture_output=True, text=True, check=True
    ).stdout
    numbers = said.rpartition("SR =")[2].replace(";", " ").replace("}", " ").split(",")
    values = np.array([np.nan if n.strip() == "_" else float(n) for n in numbers], np.float32)
    with xr.open_dataset(path) as made:
        np.testing.assert_array_equal(values, made["SR"].values.ravel())


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
        assert file.overviews(1) and file.profile["tiled"] and np.isnan(file.nodata)
        assert json.loads(file.tags()["dataset_provenance"])["recipe"] == "embedded"


def test_provenance_holds_what_it_takes(static, tmp_path):
    """Settings, predictors, seed and versions; a twin has no input but what ships."""
    export.export(static, tmp_path, what="climatology")
    made = json.loads((tmp_path / "provenance.json").read_text())
    assert (made["recipe"], made["observations"], made["seed"]) == ("embedded", "twin", 1)
    assert made["settings"]["05_global_mapping"]["n_runs"] == 2
    assert list(made["inputs"]) == ["embedded.nc"]
    assert len(made["inputs"]["embedded.nc"]["sha256"]) == 64
    assert set(made["predictors"]) == {"SR", "HR"} and "numpy" in made["versions"]


def test_broken_export_leaves_nothing(yearly, static, tmp_path, monkeypatch):
    """When the second file fails, the first is not there either; an earlier export stays."""
    with pytest.raises(DataError, match="are a climatology: there are no maps by year"):
        export.export(static, tmp_path / "new", what="annual")
    assert not (tmp_path / "new").exists()
    old = tmp_path / "old"
    export.export(static, old, what="climatology")
    before = {p.name: p.read_bytes() for p in old.iterdir()}

    def fail(*_):
        raise DataError("no years today")

    monkeypatch.setattr(export, "annual", fail)
    for out in (old, tmp_path / "new"):
        with pytest.raises(DataError, match="no years today"):
            export.export(yearly, out)
    assert {p.name: p.read_bytes() for p in old.iterdir()} == before
    assert not (tmp_path / "new").exists()


def test_one_run_exports_to_the_same_bytes(static, tmp_path):
    """At any time, and with checksums of all files of all formats that are there."""
    for out in (tmp_path / "a", tmp_path / "b"):
        for kind in ("netcdf", "cog", "zarr"):
            export.export(static, out, kind)
    files = [f.relative_to(tmp_path / "a") for f in (tmp_path / "a").rglob("*") if f.is_file()]
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    lines = (tmp_path / "a" / "SHA256SUMS").read_text().splitlines()
    told = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(told) == {f.as_posix() for f in files} - {"SHA256SUMS"}
    assert all(sha256(tmp_path / "a" / name) == digest for name, digest in told.items())


def test_wrong_words_are_refused(static, tmp_path):
    """Formats and parts are named; a folder that is no run, and one without maps, too."""
    with pytest.raises(ParameterError, match="Unknown format 'csv': choose one of netcdf, zarr"):
        export.export(static, tmp_path, "csv")
    with pytest.raises(ParameterError, match="Unknown part 'monthly'"):
        export.export(static, tmp_path, what="monthly")
    with pytest.raises(DataError, match="There is no run in"):
        export.open_run(tmp_path / "nowhere")
    empty = studies.resolve_settings(tmp_path / "empty", "quick", "embedded", "twin")
    with pytest.raises(DataError, match="has no maps that hold"):
        export.export(empty.run, tmp_path / "out")


def test_applicability_of_a_run(static):
    """Shares by bin add up to the whole; AR is outside where either of its two is; files say it."""
    found = workflow.applicability.stored(static)
    cube = workflow.assembly.stored(static).cube
    area = (cube["cell_area"] * cube["vegetated_fraction"]).values
    shares = found.shares.set_index(["target", "where"])["area_outside"]
    inside = {t: found.fields[f"{t}_inside"].values for t in ("SR", "HR")}
    known = np.isfinite(inside["SR"])
    for target, outside in {
        "SR": inside["SR"] == 0, "HR": inside["HR"] == 0,
        "AR": (inside["SR"] == 0) | (inside["HR"] == 0),
    }.items():
        by_hand = area[known & outside].sum() / area[known].sum()
        assert shares[target, "all"] == pytest.approx(by_hand)
    for target, limit in found.thresholds.items():
        index = found.fields[f"{target}_di"]
        assert index.attrs["threshold"] == pytest.approx(limit)
        np.testing.assert_array_equal(inside[target][known] == 1, index.values[known] <= limit)
    assert set(found.sensitivity["weights"]) == {"importance", "all alike"}
    made = export.climatology(static)
    assert made["SR_inside"].dtype == np.int8 and made["SR_inside"].min() == -1
    assert "SR_site_distance" in made["SR"].attrs["ancillary_variables"]


@pytest.fixture(scope="module")
def small(static, tmp_path_factory):
    """A compact benchmark of the twin."""
    out = tmp_path_factory.mktemp("compact")
    files = export.export_compact(static.run, out, "soilresp export --compact")
    assert [f.name for f in files] == [benchmark.FILE_NAME]
    return out / benchmark.FILE_NAME


def test_compact_keeps_the_contract(static, small):
    """Small, complete, HR_joint within SR in every cell, and totals those of the run."""
    assert small.stat().st_size < 6e6
    made, flux = benchmark.load_benchmark(small), workflow.mapping.stored(static).flux
    assert set(benchmark.REQUIRED) <= set(made.data_vars)
    known = np.isfinite(made["SR"].values)
    assert (made["AR_joint"].values[known] >= 0).all()
    assert (made["HR_joint"].values[known] <= made["SR"].values[known]).all()
    np.testing.assert_array_equal(made["AR"], made["SR"] - made["HR"])
    area = made["cell_area"] * made["vegetated_fraction"]
    for name in ("SR", "HR", "AR"):
        assert float(global_total(made[name], area)) == pytest.approx(flux[name]["total"], rel=1e-4)
    fluxes = made["SR"].values[known] * 16
    np.testing.assert_array_equal(fluxes, np.round(fluxes))
    assert made["SR"].attrs["rounded_to"] == "1/16 g m-2 yr-1"
    distance = made["SR_site_distance"].values[known]
    np.testing.assert_array_equal(distance, np.round(distance))
    inside = made["SR_inside"].values
    assert set(np.unique(inside[np.isfinite(inside)])) <= {0, 1}


def test_a_twin_is_not_the_projects_benchmark(static):
    """Synthetic records never take the place of field records."""
    with pytest.raises(ParameterError, match="is a twin experiment"):
        export.export_compact(static.run)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.drop_vars("HR_joint"), "has no variable 'HR_joint'"),
        (lambda d: d.isel(lat=slice(None, None, -1)), "lat is not 89.75 to -89.75"),
        (lambda d: d.assign(SR=d["SR"].assign_attrs(units="kg m-2 s-1")), "SR is in 'kg m-2 s-1'"),
        (lambda d: d.assign(AR_joint=-d["AR_joint"]), "are not two parts of SR"),
        (lambda d: d.assign(land_fraction=d["land_fraction"] * 100), "is not within 0 to 1"),
    ],
)
def test_other_layouts_are_refused(small, tmp_path, change, message):
    """The message names the variable at fault."""
    with xr.open_dataset(small) as made:
        change(made).to_netcdf(tmp_path / "other.nc")
    with pytest.raises(DataError, match=message):
        benchmark.load_benchmark(tmp_path / "other.nc")


def test_missing_or_damaged_file(tmp_path):
    """What is no file, or no NetCDF, is said so."""
    with pytest.raises(DataError, match="does not exist. Make it from a run"):
        benchmark.load_benchmark(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("not a file of this kind")
    with pytest.raises(DataError, match="is not a readable NetCDF file"):
        benchmark.load_benchmark(tmp_path / "text.nc")


def test_benchmark_as_a_second_truth(small):
    """The twin's world can be the benchmark: HR within SR, totals of its own."""
    fields, totals = twin.truth("benchmark", small)
    made = benchmark.load_benchmark(small)
    np.testing.assert_array_equal(fields["SR"], made["SR"])
    assert (fields["HR"] <= fields["SR"]).where(made["SR"].notnull(), True).all()
    area = made["cell_area"] * made["vegetated_fraction"]
    assert totals["HR"] == pytest.approx(float(global_total(made["HR_joint"], area)))


def test_command_exports(static, tmp_path):
    """The command writes the file and prints its name."""
    done = subprocess.run(
        [sys.executable, "-c", "from soilresp.cli import main; main()", "export", "--run",
         str(static.run), "--compact", "--out", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / benchmark.FILE_NAME) in done.stdout
    with xr.open_dataset(tmp_path / benchmark.FILE_NAME) as made:
        assert made.attrs["history"].endswith(f"soilresp export --run {static.run.name} --compact")


def test_the_committed_benchmark():
    """The file that ships is a small benchmark of field records."""
    path = benchmark.benchmark_path()
    made = benchmark.load_benchmark()
    assert path.stat().st_size <= 6e6
    assert {"AR_sd", "AR_mad", "AR_mad_scaled", "AR_cv"} <= set(made.data_vars)
    assert "SRDB" in made.attrs["source"] and "Twin" not in made.attrs["title"]


@pytest.fixture(scope="module")
def small_years(yearly, tmp_path_factory):
    """A compact export of the twin of two years, with its annual maps."""
    workflow.applicability(yearly)
    out = tmp_path_factory.mktemp("compact_years")
    files = export.export_compact(yearly.run, out, "soilresp export --compact")
    assert [f.name for f in files] == [benchmark.FILE_NAME, benchmark.ANNUAL_FILE_NAME]
    return out


def test_compact_years_keep_the_maps(yearly, small_years):
    """SR and HR of every year to half a gram in 16 bits, the dissimilarity to 1/8192, flags."""
    path = small_years / benchmark.ANNUAL_FILE_NAME
    made, mapping = benchmark.load_annual(path), workflow.mapping.stored(yearly)
    assert made["year"].values.tolist() == [2000, 2001] and "AR" not in made
    for name in ("SR", "HR"):
        known = np.isfinite(mapping.annual[name].values)
        np.testing.assert_array_equal(np.isfinite(made[name].values), known)
        away = np.abs(made[name].values - mapping.annual[name].values)[known]
        assert away.max() <= 0.5
        assert made[name].attrs["rounded_to"] == "1 g m-2 yr-1"
    fields = workflow.applicability.stored(yearly).fields
    for name in ("SR_di", "HR_di"):
        assert float(np.abs(made[name] - fields[name]).max()) <= 1 / 8192 + 1e-7
        assert made[name].attrs["rounded_to"] == "1/4096"
    np.testing.assert_array_equal(made["SR_inside"], fields["SR_inside"])
    with xr.open_dataset(path, decode_cf=False) as packed:
        assert packed["SR"].dtype == packed["SR_di"].dtype == np.int16
        assert packed["SR"].attrs["_FillValue"] == -32768
        assert packed["SR_di"].attrs["scale_factor"] == 1 / 4096
        assert packed.attrs["Conventions"] == "CF-1.8" and "rounded_to" in packed.attrs["comment"]
        ancillary = packed["SR"].attrs["ancillary_variables"].split()
        assert set(ancillary) == {"SR_di", "SR_inside"} <= set(packed.data_vars)
    checker = shutil.which("compliance-checker")
    if checker is not None:
        done = subprocess.run([checker, "-t", "cf:1.8", path], capture_output=True, text=True,
                              check=False)
        assert "All tests passed!" in done.stdout, done.stdout


def test_a_run_without_years_removes_those_of_another(small_years, static, tmp_path):
    """Annual maps never stay beside the mean of another run."""
    for name in (benchmark.FILE_NAME, benchmark.ANNUAL_FILE_NAME):
        shutil.copy(small_years / name, tmp_path)
    export.export_compact(static.run, tmp_path)
    assert not (tmp_path / benchmark.ANNUAL_FILE_NAME).exists()
    with pytest.raises(DataError, match="are a climatology: there are no maps by year"):
        export.compact_annual(static)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.drop_vars("HR_inside"), "has no variable 'HR_inside'"),
        (lambda d: d.isel(lon=slice(None, None, -1)), "lon is not -179.75 to 179.75"),
        (lambda d: d.assign(HR=d["HR"].assign_attrs(units="1")), "HR is in '1'; expected 'g m-2"),
        (lambda d: d.assign(SR=d["SR"].isel(time=0, drop=True)), "has dimensions lat, lon"),
    ],
)
def test_other_layouts_of_years_are_refused(small_years, tmp_path, change, message):
    """The message names the variable at fault."""
    with xr.open_dataset(small_years / benchmark.ANNUAL_FILE_NAME) as made:
        change(made).to_netcdf(tmp_path / "other.nc")
    with pytest.raises(DataError, match=message):
        benchmark.load_annual(tmp_path / "other.nc")


def test_the_committed_years():
    """The annual file that ships is small, of field records, and its mean is the climatology."""
    path = benchmark.annual_path()
    made, mean = benchmark.load_annual(), benchmark.load_benchmark()
    assert path.stat().st_size <= 5e6
    assert "SRDB" in made.attrs["source"] and "Twin" not in made.attrs["title"]
    assert made["year"].values.tolist() == list(range(1982, 2013))
    for name in ("SR", "HR"):
        away = np.abs(made[name].mean("year") - mean[name])
        assert float(away.max()) <= 0.5 + 1 / 32
        np.testing.assert_array_equal(made[f"{name}_inside"], mean[f"{name}_inside"])
        np.testing.assert_allclose(made[f"{name}_di"], mean[f"{name}_di"], atol=1e-6)


@pytest.mark.parametrize(("most", "step"), [(1.0, 1.0), (32767, 1.0), (32768, 2.0), (2e5, 8.0)])
def test_packing_takes_a_coarser_step_when_it_must(most, step):
    """The step doubles until 16 bits hold the largest value, and no further."""
    assert export._packing_step(np.array([0.0, -most, np.nan]), 1) == step
