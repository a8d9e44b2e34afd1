"""Reference data for ILAMB."""

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml
from made_benchmark import made_benchmark

from soilresp.errors import DataError
from soilresp.scoring.ilamb import YEAR_SECONDS, write_ilamb


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


def test_the_total_over_land_is_kept(written, benchmark):
    """kg m-2 s-1 x land area x seconds of a year is the benchmark's total."""
    with xr.open_dataset(written / "DATA/rh/soilresp/rh.nc") as stored:
        land = stored["areacella"].astype(float) * stored["sftlf"] / 100
        total = float((stored["rh"][0] * land).sum()) * YEAR_SECONDS / 1e12
    area = benchmark["cell_area"] * benchmark["vegetated_fraction"]
    assert total == pytest.approx(float((benchmark["HR"] * area).sum()) / 1e15, rel=1e-5)


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
    """Without fractions or fluxes, nothing is written."""
    with pytest.raises(DataError, match="land_fraction"):
        write_ilamb(benchmark.drop_vars("land_fraction"), tmp_path / "a")
    with pytest.raises(DataError, match="SR and HR"):
        write_ilamb(benchmark.drop_vars(["SR", "HR"]), tmp_path / "a")
    assert not (tmp_path / "a").exists()
