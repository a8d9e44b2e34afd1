"""Files of the benchmark: those that ship, and what other files are refused for."""

import numpy as np
import pytest
import xarray as xr
from made_benchmark import made_run

from soilresp.errors import DataError
from soilresp.scoring import benchmark, export


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of a compact benchmark and its years."""
    out, run = tmp_path_factory.mktemp("compact"), made_run((2000, 2001))
    export.compact(run).to_netcdf(out / benchmark.FILE_NAME)
    export.compact_annual(run).to_netcdf(out / benchmark.ANNUAL_FILE_NAME)
    return out


@pytest.mark.parametrize(("annual", "change", "told"), [
    (False, lambda d: d.drop_vars("HR_joint"), "HR_joint"),
    (False, lambda d: d.isel(lat=slice(None, None, -1)), "lat"),
    (False, lambda d: d.assign(SR=d["SR"].assign_attrs(units="kg m-2 s-1")), "SR .*kg m-2 s-1"),
    (False, lambda d: d.assign(AR_joint=-d["AR_joint"]), "HR_joint and AR_joint"),
    (False, lambda d: d.assign(AR_joint=d["AR_joint"] + 0.01), "HR_joint and AR_joint"),
    (False, lambda d: d.assign(land_fraction=d["land_fraction"] * 100), "land_fraction"),
    (False, lambda d: d.assign(SR=d["SR"] * np.nan), "SR"),
    (True, lambda d: d.drop_vars("HR_inside"), "HR_inside"),
    (True, lambda d: d.assign(HR=d["HR"].assign_attrs(units="1")), "HR .*g m-2"),
    (True, lambda d: d.assign(SR=d["SR"].isel(time=0, drop=True)), "SR .*lat, lon"),
])
def test_other_layouts_are_refused(folder, tmp_path, annual, change, told):
    """The message names the file and the variable at fault."""
    with xr.open_dataset(
        folder / (benchmark.ANNUAL_FILE_NAME if annual else benchmark.FILE_NAME)
    ) as made:
        change(made).to_netcdf(tmp_path / "other.nc")
    with pytest.raises(DataError, match=f"other.nc.*{told}"):
        (benchmark.load_annual if annual else benchmark.load_benchmark)(tmp_path / "other.nc")


def test_missing_or_damaged_file(tmp_path):
    """A file that is missing, or is not NetCDF, is named."""
    (tmp_path / "text.nc").write_text("not a file of this kind")
    for name in ("none.nc", "text.nc"):
        with pytest.raises(DataError, match=name):
            benchmark.load_benchmark(tmp_path / name)


def test_the_files_that_ship():
    """Both are small and made of field records; the mean of the years is the climatology."""
    years, mean = benchmark.load_annual(), benchmark.load_benchmark()
    assert benchmark.benchmark_path().stat().st_size <= 6e6
    assert benchmark.annual_path().stat().st_size <= 5e6
    assert {"AR_sd", "AR_mad", "AR_mad_scaled", "AR_cv"} <= set(mean.data_vars)
    assert years["year"].values.tolist() == list(range(1982, 2013))
    for made in (years, mean):
        assert "SRDB" in made.attrs["source"] and "Twin" not in made.attrs["title"]
    for name in ("SR", "HR"):
        away = np.abs(years[name].mean("year") - mean[name])
        assert float(away.max()) <= 0.5 + 1 / 32
        np.testing.assert_array_equal(years[f"{name}_inside"], mean[f"{name}_inside"])
        np.testing.assert_allclose(years[f"{name}_di"], mean[f"{name}_di"], atol=1e-6)
