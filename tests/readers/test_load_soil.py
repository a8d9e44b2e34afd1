"""The reader of HWSD's topsoil."""

import numpy as np
import pytest
import xarray as xr
from made_inputs import write_hwsd

from soilresp.errors import DataError
from soilresp.grid.cells import area_mean, cell_area
from soilresp.readers.hwsd import read_soil_carbon


@pytest.fixture(scope="module")
def carbon(tmp_path_factory):
    """Soil carbon of maps that are missing but for three half-degree cells."""
    folder = tmp_path_factory.mktemp("hwsd")
    percent = np.full((3600, 7200), -1, np.float32)
    density = percent.copy()
    # 89.75 S, 179.75 W: full of 2 % and 1.5 kg dm-3.
    percent[:10, :10], density[:10, :10] = 2, 1.5
    # 89.75 N, 179.75 E: 30 % and 1 %, and a density of 1.0 kg dm-3 in one half of each.
    percent[-10:, -10:] = 1
    percent[-10:-5, -10:] = 30
    density[-10:, -5:] = 1
    # 89.75 S, 179.75 E: soil without any carbon.
    percent[:10, -10:], density[:10, -10:] = 0, 1.5
    return read_soil_carbon(
        write_hwsd(folder / "T_OC.nc4", "T_OC", percent),
        write_hwsd(folder / "T_BULK_DEN.nc4", "T_BULK_DEN", density),
    )


@pytest.mark.slow
def test_carbon_by_hand(carbon):
    """Percent x density x 3 in kg m-2, averaged over the pixels that have both."""
    assert carbon.dims == ("lat", "lon") and carbon.shape == (360, 720)
    assert carbon.attrs["units"] == "kg m-2"
    assert np.isclose(carbon.sel(lat=-89.75, lon=-179.75), 2 * 1.5 * 3)
    assert np.isclose(carbon.sel(lat=89.75, lon=179.75), (1 * 3 + 30 * 3) / 2)


@pytest.mark.slow
def test_no_soil_is_missing(carbon):
    """Cells where the map has no soil stay empty; none of carbon is a value."""
    assert int(carbon.notnull().sum()) == 3
    assert float(carbon.sel(lat=-89.75, lon=179.75)) == 0


@pytest.mark.parametrize("shape", [(360, 720), (180, 360)])
def test_wrong_grid(tmp_path, shape):
    """Another grid is told with its size."""
    path = write_hwsd(tmp_path / "T_OC.nc4", "T_OC", np.ones(shape), shape)
    with pytest.raises(DataError, match=f"T_OC.nc4: expected T_OC on the 0.05.*{shape[0]}"):
        read_soil_carbon(path, path)


def test_wrong_variable(tmp_path):
    """Another variable is told, and what was found."""
    path = write_hwsd(tmp_path / "T_OC.nc4", "T_PH", np.ones((36, 72)), (36, 72))
    with pytest.raises(DataError, match=r"no variable 'T_OC', found \['T_PH'\]"):
        read_soil_carbon(path, path)


def test_other_dimensions(tmp_path):
    """A field without lat and lon is told, not a KeyError."""
    path = tmp_path / "T_OC.nc4"
    xr.Dataset({"T_OC": (("y", "x"), np.ones((3, 4)))}).to_netcdf(path)
    with pytest.raises(DataError, match=r"\(lat 3600, lon 7200\), got \{'y': 3"):
        read_soil_carbon(path, path)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_truncated(tmp_path, share):
    """A file that was cut short is told."""
    noise = np.random.default_rng(0).random((360, 720))
    path = write_hwsd(tmp_path / "T_OC.nc4", "T_OC", noise, (360, 720))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match="T_OC.nc4 is not a readable NetCDF file"):
        read_soil_carbon(path, path)


def test_missing_file(tmp_path):
    """A file that is not there is named."""
    with pytest.raises(DataError, match="nowhere.nc4"):
        read_soil_carbon(tmp_path / "nowhere.nc4", tmp_path / "nowhere.nc4")


@pytest.mark.real
@pytest.mark.slow
def test_real_carbon(real_input):
    """HWSD: 5.5 kg m-2 in the mean, most in the peat of the north."""
    field = read_soil_carbon(real_input("hwsd_oc"), real_input("hwsd_bulk_density"))
    mean = float(area_mean(field, cell_area() * field.notnull()))
    assert 4.5 < mean < 6.5
    assert float(field.min()) >= 0 and float(field.max()) < 100
    assert float(field.sel(lat=slice(65, 55)).mean()) > float(field.sel(lat=slice(30, 15)).mean())
