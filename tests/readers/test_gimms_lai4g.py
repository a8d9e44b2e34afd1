"""GIMMS LAI4g leaf area index in the published layout (GeoTIFF)."""

import shutil

import numpy as np
import pytest
from made_rasters import write_geotiff

from soilresp.errors import DataError
from soilresp.readers.gimms_lai4g import read_gimms_composite, read_gimms_lai4g

pytest.importorskip("rasterio")


def write_gimms(folder, year, month, half, stored, resolution=0.5, **kwargs):
    """Write half a month: leaf area index and flag, uint16, in one cell."""
    values = np.full((2, round(180 / resolution), round(360 / resolution)), 65535, np.uint16)
    values[:, 10, 20] = stored, 0
    path = folder / f"GIMMS_LAI4g_V1.2_{year}{month:02d}{half:02d}.tif"
    return write_geotiff(path, values, resolution, **kwargs)


def test_months_by_hand(tmp_path):
    """Halves of 15 and 16, 13 or 15 days; folders by decade; the flag is not taken for LAI."""
    for month in range(1, 13):
        for half in (1, 2):
            write_gimms(tmp_path, 1982, month, half, 1000 * half + 100 * month)
    decade = tmp_path / "GIMMS_LAI4g_AVHRR_MODIS_consolidated_1982_1990"
    decade.mkdir()
    for path in tmp_path.glob("*19820[1-6]*.tif"):
        shutil.move(path, decade)
    (tmp_path / "readme.txt").write_text("")
    lai = read_gimms_lai4g(tmp_path, (1982, 1982))
    assert lai.shape == (1, 12, 360, 720) and lai.attrs["units"] == "m2 m-2"
    cell = lai[0, :, 10, 20].values
    assert cell[0] == pytest.approx((15 * 1.1 + 16 * 2.1) / 31)
    assert cell[1] == pytest.approx((15 * 1.2 + 13 * 2.2) / 28)
    assert cell[3] == pytest.approx((15 * 1.4 + 15 * 2.4) / 30)
    assert int(np.isfinite(lai).sum()) == 12


def test_full_size(tmp_path):
    """The true grid of 2160 x 4320: cells of a twelfth of a degree from 90 N, 180 W on."""
    lai = read_gimms_composite(write_gimms(tmp_path, 1982, 7, 1, 4321, resolution=1 / 12))
    assert lai.shape == (2160, 4320) and int(lai.notnull().sum()) == 1
    assert float(lai[10, 20]) == pytest.approx(4.321)
    assert float(lai["lat"][10]) == pytest.approx(90 - 10.5 / 12)
    assert float(lai["lon"][20]) == pytest.approx(-180 + 20.5 / 12)


@pytest.mark.parametrize("made", [
    {"left": 0.0}, {"top": 60.0}, {"top": 89.5}, {"crs": "EPSG:3857"}, {"stored": 20000},
])
def test_faulty_files(tmp_path, made):
    """0-360 E, another corner, a projection, and values that no canopy has."""
    path = write_gimms(tmp_path, 1982, 1, 1, **({"stored": 1000} | made))
    with pytest.raises(DataError, match=path.name):
        read_gimms_composite(path)


def test_dates_of_files(tmp_path):
    """Half a month that is missing and a third half are named."""
    paths = [tmp_path / f"GIMMS_LAI4g_V1.2_1982{m:02d}{h:02d}.tif"
             for m in range(1, 13) for h in (1, 2) if (m, h) != (2, 2)]
    third = tmp_path / "GIMMS_LAI4g_V1.2_19820103.tif"
    for path in (*paths, third):
        path.touch()
    with pytest.raises(DataError, match="1982-02-16.* 13 days"):
        read_gimms_lai4g(paths, (1982, 1982))
    with pytest.raises(DataError, match=third.name):
        read_gimms_lai4g([third], (1982, 1982))
