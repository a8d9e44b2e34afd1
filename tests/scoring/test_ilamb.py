"""Reference data for ILAMB: its layout, and that ILAMB finds what our scores find."""

import os
import subprocess
import sys

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml
from made_benchmark import as_model, made_benchmark

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.strata import dominant_stratum
from soilresp.errors import DataError, ParameterError
from soilresp.io.fetch import is_available
from soilresp.models import read_model
from soilresp.scoring.ilamb import YEAR_SECONDS, write_ilamb
from soilresp.scoring.maps import score_model
from soilresp.scoring.totals import model_total

PACKAGES = ("ILAMB==2.7.3", "mpich")
"""What the slow test installs; mpi4py needs an MPI library."""


@pytest.fixture(scope="module")
def benchmark():
    """The synthetic benchmark."""
    return made_benchmark()


@pytest.fixture(scope="module")
def written(benchmark, tmp_path_factory):
    """Folder of reference data."""
    out = tmp_path_factory.mktemp("ilamb")
    write_ilamb(benchmark, out)
    return out


@pytest.mark.parametrize("name", ["rs", "rh"])
def test_the_layout_is_what_ilamb_takes(written, name):
    """One step with bounds, south to north, kg m-2 s-1, fill value and SD named."""
    with netCDF4.Dataset(written / f"DATA/{name}/soilresp/{name}.nc") as file:
        field = file[name]
        assert field.dimensions == ("time", "lat", "lon") and field.shape == (1, 360, 720)
        assert field.units == "kg m-2 s-1" and field._FillValue == np.float32(1e20)
        assert field.ancillary_variables == f"{name}_sd" and f"{name}_sd" in file.variables
        assert file["lat"][0] == -89.75 and file["lon"][0] == -179.75
        assert file["time"].calendar == "noleap"
        assert file["time_bnds"][:].tolist() == [[(1982 - 1850) * 365, (2013 - 1850) * 365]]
        assert file["lat_bnds"][0].tolist() == [-90, -89.5]
        for attribute in ("title", "source_version_number", "institution", "source", "history",
                          "references", "Conventions"):
            assert getattr(file, attribute)


def test_the_total_over_land_is_kept(written, benchmark):
    """kg m-2 s-1 x land area x seconds of a year is the benchmark's total."""
    with xr.open_dataset(written / "DATA/rh/soilresp/rh.nc") as stored:
        land = stored["areacella"].astype(float) * stored["sftlf"] / 100
        total = float((stored["rh"][0] * land).sum()) * YEAR_SECONDS / 1e12
    area = benchmark["cell_area"] * benchmark["vegetated_fraction"]
    assert total == pytest.approx(float((benchmark["HR"] * area).sum()) / 1e15, rel=1e-5)


def test_half_vegetated_land(written, benchmark):
    """A cell has the flux per m2 of land, by hand from its fractions."""
    share = benchmark["vegetated_fraction"] / benchmark["land_fraction"]
    cell = {"lat": 10.25, "lon": 20.25}
    expected = float((benchmark["SR"] * share).sel(cell)) / 1000 / (365.2425 * 86400)
    with xr.open_dataset(written / "DATA/rs/soilresp/rs.nc") as stored:
        assert float(stored["rs"][0].sel(cell)) == pytest.approx(expected, rel=1e-6)


def test_the_configurations_name_the_files(written):
    """Every source in both configurations exists; SR is derived as raRoot + rh."""
    words = (written / "ilamb2.cfg").read_text()
    sources = [line.split('"')[1] for line in words.splitlines() if line.startswith("source")]
    assert len(sources) == 2 and 'derived        = "raRoot + rh"' in words
    blocks = yaml.safe_load((written / "ilamb3.yaml").read_text())["Ecosystem and Carbon Cycle"]
    for block in blocks.values():
        sources += block["soilresp"]["sources"].values()
    assert len(sources) == 4 and all((written / s).is_file() for s in sources)


def test_annual_values_are_written_beside(benchmark, tmp_path):
    """Two years give two steps of a year each."""
    annual = xr.concat([benchmark[["HR"]]] * 2, pd.Index([1990, 1991], name="year"))
    write_ilamb(benchmark, tmp_path, annual=annual)
    with netCDF4.Dataset(tmp_path / "DATA/rh/soilresp/rh_annual.nc") as file:
        assert np.diff(file["time_bnds"][:], axis=1).ravel().tolist() == [365, 365]


def test_what_is_no_benchmark_is_refused(benchmark, tmp_path):
    """Without fractions or fluxes, or with years backwards, nothing is written."""
    with pytest.raises(DataError, match="land_fraction"):
        write_ilamb(benchmark.drop_vars("land_fraction"), tmp_path / "a")
    with pytest.raises(DataError, match="SR and HR"):
        write_ilamb(benchmark.drop_vars(["SR", "HR"]), tmp_path / "a")
    with pytest.raises(ParameterError, match="years"):
        write_ilamb(benchmark, tmp_path / "a", years=(2012, 1982))
    assert not (tmp_path / "a").exists()


def write_cmip(model, folder):
    """Write HR of a model as CMIP does: rh, areacella and sftlf in files of their own."""
    folder.mkdir(parents=True)
    model = model.transpose("lat", "lon").sortby("lat")
    area = model["cell_area"] * xr.ones_like(model["HR"])
    half = 0.25
    for name, field, units in (
        ("rh", model["HR"] / 1000 / YEAR_SECONDS, "kg m-2 s-1"), ("areacella", area, "m2"),
        ("sftlf", 100 * model["land_fraction"], "%"),
    ):
        out = xr.Dataset({name: field.drop_attrs()})
        out[name].attrs = {"units": units}
        for axis in ("lat", "lon"):
            edges = np.stack([out[axis] - half, out[axis] + half], -1)
            out[f"{axis}_bnds"] = ((axis, "nv"), edges)
            out[axis].attrs = {"bounds": f"{axis}_bnds",
                               "units": "degrees_north" if axis == "lat" else "degrees_east"}
        if name == "rh":
            days = [(1982 - 1850) * 365.0, (2013 - 1850) * 365.0]
            out["rh"] = out["rh"].expand_dims("time").assign_attrs(units=units)
            out = out.assign_coords(time=("time", [sum(days) / 2]))
            out["time"].attrs = {"units": "days since 1850-01-01", "calendar": "noleap",
                                 "bounds": "time_bnds"}
            out["time_bnds"] = (("time", "nv"), [days])
        out.to_netcdf(folder / f"{name}.nc", encoding={name: {"_FillValue": 1e20}})


@pytest.fixture(scope="module")
def ilamb(tmp_path_factory):
    """Folder of the programs of an environment with ILAMB 2.7 (SOILRESP_ILAMB, or made)."""
    given = os.environ.get("SOILRESP_ILAMB")
    if given:
        return given
    if not is_available("casa_cnp"):
        pytest.skip("ILAMB takes minutes to install: only with the real inputs")
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    done = subprocess.run([folder / "bin/pip", "install", "-q", *PACKAGES], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        pytest.skip(f"ILAMB cannot be installed here: {done.stderr[-200:]}")
    return str(folder / "bin")


def run_ilamb(programs, root):
    """Scalars that ILAMB finds for HR, by name."""
    done = subprocess.run(
        [f"{programs}/python", f"{programs}/ilamb-run", "--config", "ilamb2.cfg", "--model_root",
         "MODELS", "--regions", "global", "--skip_plots", "--build_dir", "build"],
        cwd=root, env={**os.environ, "ILAMB_ROOT": str(root), "PYTHONPATH": ""},
        capture_output=True, text=True, check=False,
    )
    assert (root / "build/scalar_database.csv").exists(), done.stdout + done.stderr
    table = pd.read_csv(root / "build/scalar_database.csv")
    return table[table["Variable"] == "HeterotrophicRespiration"].set_index("ScalarName")["Data"]


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("truth", ["synthetic", "real"])
def test_ilamb_agrees_with_our_scores(ilamb, benchmark, tmp_path, real_input, truth):
    """Total, bias and bias score of CASA-CNP, and of a made model, within 1 % of ours."""
    if truth == "real":
        model = read_model(real_input("casa_cnp"))
    else:
        model = as_model(benchmark, ("HR",))
        model["HR"] = 1.3 * model["HR"] + 20
    write_ilamb(benchmark, tmp_path)
    write_cmip(model, tmp_path / "MODELS/made")
    theirs = run_ilamb(ilamb, tmp_path)
    stratum = dominant_stratum(load_embedded()["igbp_fraction"])
    ours = score_model(model, benchmark, stratum).facts["whole_cells"]["HR"]
    total = float(model_total(model, "HR"))
    assert theirs["Period Mean (original grids)"] == pytest.approx(total, rel=0.001)
    assert theirs["Bias"] == pytest.approx(ours["bias"], rel=0.01)
    assert theirs["Bias Score"] == pytest.approx(ours["bias_score"], rel=0.01)
