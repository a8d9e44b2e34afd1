"""Leaf area index: GLASS (HDF-EOS2) and GIMMS LAI4g (GeoTIFF), in the published layouts."""

import builtins
import calendar
import shutil
from datetime import date, timedelta

import numpy as np
import pytest
from made_rasters import write_geotiff, write_hdf_eos

from soilresp.errors import DataError
from soilresp.grid.cells import cell_area
from soilresp.grid.regrid import to_half_degree
from soilresp.readers.gimms_lai4g import read_gimms_composite, read_gimms_lai4g
from soilresp.readers.glass_lai import read_glass_composite, read_glass_lai
from soilresp.readers.lai import monthly_means

SEA = 2550
HALF = 0.5
"""Tests of months use files of half a degree: the layout, only fewer cells."""


def glass_attrs(**changes):
    """The attributes of GLASS LAI, with HDF4 types."""
    attrs = {
        "long_name": ("CHAR", "Leaf Area Index"), "units": ("CHAR", "m^2/m^2"),
        "scale_factor": ("FLOAT64", 0.01), "add_offset": ("FLOAT64", 0.0),
        "_FillValue": ("INT16", SEA), "valid_range": ("INT16", [0, 1000]),
    }
    attrs |= changes
    return {k: v for k, v in attrs.items() if v is not None}


def glass_file(folder, year, day, stored, resolution=HALF, left=-180e6, **changes):
    """One composite; `stored` is a number for the land cell or the whole field."""
    pytest.importorskip("pyhdf")
    shape = (round(180 / resolution), round(360 / resolution))
    values = np.full(shape, SEA, np.int16)
    if np.ndim(stored):
        values[...] = stored
    else:
        values[10, 20] = stored
    path = folder / f"GLASS01B02.V40.A{year}{day:03d}.2019353.hdf"
    return write_hdf_eos(path, "GLASS01B02", "LAI", values, glass_attrs(**changes), left)


def glass_year(folder, year, stored):
    """The 46 composites of a year; `stored` is a function of the first day."""
    return [glass_file(folder, year, day, stored(day)) for day in range(1, 362, 8)]


def gimms_file(folder, year, month, half, stored, resolution=HALF, **kwargs):
    """Half a month: leaf area index and flag, uint16."""
    pytest.importorskip("rasterio")
    shape = (2, round(180 / resolution), round(360 / resolution))
    values = np.full(shape, 65535, np.uint16)
    values[:, 10, 20] = stored, 0
    path = folder / f"GIMMS_LAI4g_V1.2_{year}{month:02d}{half:02d}.tif"
    return write_geotiff(path, values, resolution, **kwargs)


def gimms_year(folder, year, stored):
    """The 24 halves of a year; `stored` is a function of month and half."""
    return [gimms_file(folder, year, m, h, stored(m, h)) for m in range(1, 13) for h in (1, 2)]


def test_glass_months_by_hand(tmp_path):
    """LAI that is the number of the composite: January has 8, 8, 8 and 7 days of 1 to 4."""
    glass_year(tmp_path, 1982, lambda day: 100 * ((day - 1) // 8 % 10))
    lai = read_glass_lai(tmp_path, (1982, 1982), resolution=HALF)
    assert lai.dims == ("year", "month", "lat", "lon") and lai.shape == (1, 12, 360, 720)
    assert lai.dtype == np.float32 and lai.attrs["units"] == "m2 m-2"
    cell = lai[0, :, 10, 20].values
    assert cell[0] == pytest.approx((8 * 0 + 8 * 1 + 8 * 2 + 7 * 3) / 31)
    # Days 361 to 365 end the year; December starts on day 335, in the composite of 329.
    december = {329: 2, 337: 8, 345: 8, 353: 8, 361: 5}
    expected = sum(n * ((day - 1) // 8 % 10) for day, n in december.items()) / 31
    assert cell[11] == pytest.approx(expected)
    assert int(np.isfinite(lai).sum()) == 12


def test_glass_months_against_days(tmp_path):
    """Every month of a leap year equals the mean over its days, day by day."""
    rng = np.random.default_rng(0)
    stored = {day: int(rng.integers(0, 1001)) for day in range(1, 362, 8)}
    glass_year(tmp_path, 1984, stored.get)
    cell = read_glass_lai(tmp_path, (1984, 1984), resolution=HALF)[0, :, 10, 20].values
    for month in range(1, 13):
        days = [date(1984, month, d + 1) for d in range(calendar.monthrange(1984, month)[1])]
        daily = [stored[(d.timetuple().tm_yday - 1) // 8 * 8 + 1] / 100 for d in days]
        assert cell[month - 1] == pytest.approx(np.mean(daily), rel=1e-5)


def test_glass_gaps_within_a_month(tmp_path):
    """A cell missing in one composite takes the mean of the others; missing in all, none."""
    glass_year(tmp_path, 1982, lambda day: SEA if day in (1, *range(33, 65)) else 200 + day)
    cell = read_glass_lai(tmp_path, (1982, 1982), resolution=HALF)[0, :, 10, 20].values
    assert cell[0] == pytest.approx((8 * 2.09 + 8 * 2.17 + 7 * 2.25) / 23)
    # Day 32, 1 February, is the last of the composite of day 25; March starts on day 60.
    assert cell[1] == pytest.approx(2.25)
    assert cell[2] == pytest.approx((8 * 2.65 + 8 * 2.73 + 8 * 2.81 + 2 * 2.89) / 26, rel=1e-5)


def test_glass_at_full_size(tmp_path):
    """The true grid: a corner of four cells, one of them sea, averaged by area."""
    values = np.full((3600, 7200), SEA, np.int16)
    values[0:2, 0:2] = [[100, 200], [300, SEA]]
    values[3599, 7199] = 700
    path = glass_file(tmp_path, 1982, 1, values, resolution=0.05)
    lai = read_glass_composite(path)
    assert lai.shape == (3600, 7200) and int(lai.notnull().sum()) == 4
    assert float(lai[0, 1]) == pytest.approx(2) and float(lai["lat"][0]) == pytest.approx(89.975)
    everything = {
        (date(1982, 1, 1) + timedelta(8 * k), date(1982, 1, 1) + timedelta(8 * k + 7)): path
        for k in range(46)
    }
    half = to_half_degree(lai)
    north, south = cell_area(resolution=0.05).values[:2]
    expected = (3 * north + 3 * south) / (2 * north + south)
    assert float(half[0, 0]) == pytest.approx(expected, rel=1e-6)
    assert float(half[359, 719]) == pytest.approx(7)
    means = monthly_means(everything, (1982, 1982), lambda _: half, {})
    np.testing.assert_allclose(means[0, :, 0, 0], expected, rtol=1e-6)


def test_glass_takes_the_files_attributes(tmp_path):
    """The MODIS version has other numbers: 8 bits, tenths, fill 255; text for its range."""
    pytest.importorskip("pyhdf")
    values = np.full((360, 720), 255, np.uint8)
    values[5, 5] = 65
    attrs = {"scale_factor": ("FLOAT32", 0.1), "_FillValue": ("UINT8", 255),
             "valid_range": ("CHAR", "0,100")}
    path = tmp_path / "GLASS01B01.V60.A2001009.2022010.hdf"
    write_hdf_eos(path, "GLASS01B01", "LAI", values, attrs)
    lai = read_glass_composite(path, resolution=HALF)
    assert float(lai[5, 5]) == pytest.approx(6.5) and int(lai.notnull().sum()) == 1


def test_glass_flags_can_be_named(tmp_path):
    """A number out of range is refused until it is named as a fill value."""
    path = glass_file(tmp_path, 1982, 1, 2530)
    with pytest.raises(DataError, match="1 values outside 0..1000, such as 2530"):
        read_glass_composite(path, resolution=HALF)
    assert not read_glass_composite(path, fills=[2530], resolution=HALF).notnull().any()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"left": 0.0}, "got .* from .0.0, 90.0"),
        ({"stored": np.full((360, 720), -5, np.int16)}, "outside 0..1000"),
        ({"scale_factor": ("FLOAT64", 0.1), "stored": 500}, "leaf area index of 50"),
        ({"scale_factor": None}, "no attribute scale_factor"),
        ({"_FillValue": None}, "no attribute _FillValue"),
        ({"add_offset": ("FLOAT64", 3.0)}, "add_offset 3.0; expected 0"),
        ({"valid_range": ("CHAR", "all")}, "expected two numbers"),
    ],
)
def test_glass_refuses(tmp_path, made, words):
    """Another corner, values out of range, another scale, attributes that are missing."""
    path = glass_file(tmp_path, 1982, 1, **({"stored": 100} | made))
    with pytest.raises(DataError, match=words):
        read_glass_composite(path, resolution=HALF)


def test_glass_refuses_another_grid(tmp_path):
    """A file of half a degree is not the product of 0.05 degree."""
    with pytest.raises(DataError, match="expected 3600 x 7200 cells of 0.05 degree"):
        read_glass_composite(glass_file(tmp_path, 1982, 1, 100))


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_glass_refuses_cut_files(tmp_path, share):
    """A file that was cut off anywhere, and a text, are one clear error."""
    rng = np.random.default_rng(0)
    path = glass_file(tmp_path, 1982, 1, rng.integers(0, 1000, (360, 720)))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match="cannot be read as HDF4"):
        read_glass_composite(path, resolution=HALF)
    path.write_text("<html>please log in</html>")
    with pytest.raises(DataError, match="cannot be read as HDF4"):
        read_glass_composite(path, resolution=HALF)


def test_glass_refuses_files_and_datasets(tmp_path):
    """A missing file, a file of another product, and a folder without any."""
    with pytest.raises(DataError, match="does not exist"):
        read_glass_composite(tmp_path / "GLASS01B02.V40.A1982001.2019353.hdf")
    with pytest.raises(DataError, match="No file of GLASS LAI"):
        read_glass_lai(tmp_path, (1982, 1982))
    with pytest.raises(DataError, match="lai.hdf is not named like .*GLASS01B02.V40.A1982001"):
        read_glass_lai([tmp_path / "lai.hdf"], (1982, 1982))
    pytest.importorskip("pyhdf")
    path = tmp_path / "GLASS03B02.hdf"
    write_hdf_eos(path, "GLASS03B02", "BBE", np.zeros((4, 8), np.int16), {})
    with pytest.raises(DataError, match="no dataset 'LAI', found .'BBE'."):
        read_glass_composite(path)


def test_glass_refuses_gaps_before_reading(tmp_path):
    """A composite that is missing is named by its months; the year asked for must be whole."""
    names = [f"GLASS01B02.V40.A1982{day:03d}.2019353.hdf" for day in range(1, 362, 8)]
    paths = [tmp_path / name for name in names]
    with pytest.raises(DataError, match="from 1982-03-30 on: 8 days .* in 1982-03, 1982-04"):
        read_glass_lai([p for p in paths if "A1982089" not in p.name], (1982, 1982))
    with pytest.raises(DataError, match="from 1983-01-01 on: 365 days"):
        read_glass_lai(paths, (1982, 1983))
    twice = tmp_path / "GLASS01B02.V40.A1982001.2020001.hdf"
    with pytest.raises(DataError, match="are of the same date"):
        read_glass_lai([*paths, twice], (1982, 1982))
    with pytest.raises(DataError, match="starts on day 5 of the year"):
        read_glass_lai([tmp_path / "GLASS01B02.V40.A1982005.2019353.hdf"], (1982, 1982))


@pytest.mark.parametrize(("package", "name"), [("pyhdf", "a.hdf"), ("rasterio", "a.tif")])
def test_readers_name_the_package(tmp_path, monkeypatch, package, name):
    """Without the optional package the message says how to get it."""
    genuine = builtins.__import__

    def without(module, *args, **kwargs):
        if module.partition(".")[0] == package:
            raise ImportError(module)
        return genuine(module, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    read = read_glass_composite if package == "pyhdf" else read_gimms_composite
    with pytest.raises(DataError, match=f"needs the package {package}.*pip install {package}"):
        read(tmp_path / name)


def test_gimms_months_by_hand(tmp_path):
    """Halves of 15 and 16, 13 or 15 days; folders by decade; the flag is not taken for LAI."""
    gimms_year(tmp_path, 1982, lambda month, half: 1000 * half + 100 * month)
    decade = tmp_path / "GIMMS_LAI4g_AVHRR_MODIS_consolidated_1982_1990"
    decade.mkdir()
    for path in tmp_path.glob("*19820[1-6]*.tif"):
        shutil.move(path, decade)
    (tmp_path / "readme.txt").write_text("")
    lai = read_gimms_lai4g(tmp_path, (1982, 1982), resolution=HALF)
    assert lai.shape == (1, 12, 360, 720) and lai.attrs["units"] == "m2 m-2"
    cell = lai[0, :, 10, 20].values
    assert cell[0] == pytest.approx((15 * 1.1 + 16 * 2.1) / 31)
    assert cell[1] == pytest.approx((15 * 1.2 + 13 * 2.2) / 28)
    assert cell[3] == pytest.approx((15 * 1.4 + 15 * 2.4) / 30)
    assert int(np.isfinite(lai).sum()) == 12


def test_gimms_at_full_size(tmp_path):
    """The true grid of 2160 x 4320: cells of a twelfth of a degree from 90 N, 180 W on."""
    path = gimms_file(tmp_path, 1982, 7, 1, 4321, resolution=1 / 12)
    lai = read_gimms_composite(path)
    assert lai.shape == (2160, 4320) and int(lai.notnull().sum()) == 1
    assert float(lai[10, 20]) == pytest.approx(4.321)
    assert float(lai["lat"][10]) == pytest.approx(90 - 10.5 / 12)
    assert float(lai["lon"][20]) == pytest.approx(-180 + 20.5 / 12)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"left": 0.0}, "expected 360 x 720 cells"),
        ({"top": 60.0}, "not on a latitude-longitude grid"),
        ({"crs": "EPSG:3857"}, "not on a latitude-longitude grid"),
        ({"stored": 20000}, "such as 20000"),
    ],
)
def test_gimms_refuses(tmp_path, made, words):
    """0-360 E, another corner, a projection, and values no canopy has."""
    path = gimms_file(tmp_path, 1982, 1, 1, **({"stored": 1000} | made))
    with pytest.raises(DataError, match=words):
        read_gimms_composite(path, resolution=HALF)


def test_gimms_refuses_files(tmp_path):
    """Half a month that is missing, a name with a third half, a cut file and a wrong grid."""
    names = [f"GIMMS_LAI4g_V1.2_1982{m:02d}{h:02d}.tif" for m in range(1, 13) for h in (1, 2)]
    paths = [tmp_path / n for n in names if "198202" not in n or n.endswith("01.tif")]
    with pytest.raises(DataError, match="from 1982-02-16 on: 13 days .* in 1982-02"):
        read_gimms_lai4g(paths, (1982, 1982))
    with pytest.raises(DataError, match="half 3 of month 1"):
        read_gimms_lai4g([tmp_path / "GIMMS_LAI4g_V1.2_19820103.tif"], (1982, 1982))
    with pytest.raises(DataError, match="same date"):
        both = [tmp_path / f"GIMMS_LAI4g{v}_V1.2_19820101.tif" for v in ("", "(AVHRR)")]
        read_gimms_lai4g(both, (1982, 1982))
    path = gimms_file(tmp_path, 1982, 1, 1, 1000)
    with pytest.raises(DataError, match="expected 2160 x 4320 cells"):
        read_gimms_composite(path)
    whole = path.read_bytes()
    for share in (0.3, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match="cannot be read as a raster"):
            read_gimms_composite(path, resolution=HALF)
