"""The reader of HWSD's topsoil."""

import numpy as np
import pytest
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


@pytest.mark.real
@pytest.mark.slow
def test_real_carbon(real_input):
    """HWSD: 5.5 kg m-2 in the mean, most in the peat of the north."""
    field = read_soil_carbon(real_input("hwsd_oc"), real_input("hwsd_bulk_density"))
    mean = float(area_mean(field, cell_area() * field.notnull()))
    assert 4.5 < mean < 6.5
    assert float(field.min()) >= 0 and float(field.max()) < 100
    assert float(field.sel(lat=slice(65, 55)).mean()) > float(field.sel(lat=slice(30, 15)).mean())


def test_faulty_files(tmp_path):
    """Another grid, another variable, a cut file and a missing one are named."""
    noise = np.random.default_rng(0).random((360, 720))
    path = write_hwsd(tmp_path / "T_OC.nc4", "T_OC", noise, (360, 720))
    whole = path.read_bytes()
    with pytest.raises(DataError, match="T_OC.nc4.*3600.*360"):
        read_soil_carbon(path, path)
    for share in (0.0, 0.5, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match="T_OC.nc4"):
            read_soil_carbon(path, path)
    other = write_hwsd(tmp_path / "other.nc4", "T_PH", np.ones((36, 72)), (36, 72))
    with pytest.raises(DataError, match="T_OC.*T_PH"):
        read_soil_carbon(other, other)
    with pytest.raises(DataError, match="none.nc4"):
        read_soil_carbon(tmp_path / "none.nc4", path)
