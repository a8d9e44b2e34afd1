"""GLASS leaf area index in the published layout (HDF-EOS2), and monthly means of composites."""

import calendar
import sys
from datetime import date

import numpy as np
import pytest
from made_rasters import GLASS_SEA as SEA
from made_rasters import write_glass, write_hdf_eos

from soilresp.errors import DataError
from soilresp.readers.gimms_lai4g import read_gimms_composite
from soilresp.readers.glass_lai import read_glass_composite, read_glass_lai

CELL = 10, 20
"""Row and column of the one half-degree cell of land."""


def year_of_files(folder, year, stored):
    """Write the 46 composites of a year; `stored` is a function of the first day."""
    return [write_glass(folder, year, day, stored(day)) for day in range(1, 362, 8)]


def test_months_by_hand(tmp_path):
    """LAI that is the number of the composite: January has 8, 8, 8 and 7 days of 0 to 3."""
    year_of_files(tmp_path, 1982, lambda day: 100 * ((day - 1) // 8 % 10))
    lai = read_glass_lai(tmp_path, (1982, 1982))
    assert lai.dims == ("year", "month", "lat", "lon") and lai.shape == (1, 12, 360, 720)
    assert lai.dtype == np.float32 and lai.attrs["units"] == "m2 m-2"
    cell = lai[0, :, *CELL].values
    assert cell[0] == pytest.approx((8 * 0 + 8 * 1 + 8 * 2 + 7 * 3) / 31)
    # Days 361 to 365 end the year; December starts on day 335, in the composite of 329.
    december = {329: 2, 337: 8, 345: 8, 353: 8, 361: 5}
    expected = sum(n * ((day - 1) // 8 % 10) for day, n in december.items()) / 31
    assert cell[11] == pytest.approx(expected)
    assert int(np.isfinite(lai).sum()) == 12


@pytest.mark.slow
def test_months_against_days(tmp_path):
    """Every month of a leap year equals the mean over its days, day by day."""
    rng = np.random.default_rng(0)
    stored = {day: int(rng.integers(0, 1001)) for day in range(1, 362, 8)}
    year_of_files(tmp_path, 1984, stored.get)
    cell = read_glass_lai(tmp_path, (1984, 1984))[0, :, *CELL].values
    for month in range(1, 13):
        days = [date(1984, month, d + 1) for d in range(calendar.monthrange(1984, month)[1])]
        daily = [stored[(d.timetuple().tm_yday - 1) // 8 * 8 + 1] / 100 for d in days]
        assert cell[month - 1] == pytest.approx(np.mean(daily), rel=1e-5)


@pytest.mark.slow
def test_gaps_within_a_month(tmp_path):
    """A cell missing in one composite takes the mean of the others."""
    year_of_files(tmp_path, 1982, lambda day: SEA if day in (1, *range(33, 65)) else 200 + day)
    cell = read_glass_lai(tmp_path, (1982, 1982))[0, :, *CELL].values
    assert cell[0] == pytest.approx((8 * 2.09 + 8 * 2.17 + 7 * 2.25) / 23)
    # Day 32, 1 February, is the last of the composite of day 25; March starts on day 60.
    assert cell[1] == pytest.approx(2.25)
    assert cell[2] == pytest.approx((8 * 2.65 + 8 * 2.73 + 8 * 2.81 + 2 * 2.89) / 26, rel=1e-5)


def test_files_own_attributes(tmp_path):
    """The MODIS version has other numbers: 8 bits, tenths, fill 255; text for its range."""
    pytest.importorskip("pyhdf")
    values = np.full((360, 720), 255, np.uint8)
    values[5, 5] = 65
    attrs = {"scale_factor": ("FLOAT32", 0.1), "_FillValue": ("UINT8", 255),
             "valid_range": ("CHAR", "0,100")}
    path = tmp_path / "GLASS01B01.V60.A2001009.2022010.hdf"
    lai = read_glass_composite(write_hdf_eos(path, "GLASS01B01", "LAI", values, attrs))
    assert float(lai[5, 5]) == pytest.approx(6.5) and int(lai.notnull().sum()) == 1


@pytest.mark.parametrize(("made", "word"), [
    ({"left": 0.0}, "180 W"),
    ({"stored": np.full((360, 720), -5, np.int16)}, "-5"),
    ({"stored": 2530}, "2530"),
    ({"scale_factor": ("FLOAT64", 0.1), "stored": 500}, "50"),
    ({"scale_factor": None}, "scale_factor"),
    ({"_FillValue": None}, "_FillValue"),
    ({"add_offset": ("FLOAT64", 3.0)}, "add_offset"),
    ({"valid_range": ("CHAR", "all")}, "valid_range"),
])
def test_faulty_composites(tmp_path, made, word):
    """Another corner, values out of range, another scale, attributes that are missing."""
    path = write_glass(tmp_path, 1982, 1, **({"stored": 100} | made))
    with pytest.raises(DataError, match=f"{path.name}.*{word}"):
        read_glass_composite(path)


def test_damaged_files(tmp_path):
    """A file that was cut off, another product and a missing file are named."""
    rng = np.random.default_rng(0)
    path = write_glass(tmp_path, 1982, 1, rng.integers(0, 1000, (360, 720)))
    path.write_bytes(path.read_bytes()[:-100_000])
    other = write_hdf_eos(tmp_path / "B.hdf", "B", "BBE", np.zeros((4, 8), np.int16), {})
    for file, word in ((path, path.name), (other, "LAI.*BBE"), (tmp_path / "none.hdf", "none")):
        with pytest.raises(DataError, match=word):
            read_glass_composite(file)


def test_dates_of_files(tmp_path):
    """Missing days, two files of a date, and names without a date are told before reading."""
    with pytest.raises(DataError, match="GLASS01B0"):
        read_glass_lai(tmp_path, (1982, 1982))
    paths = [tmp_path / f"GLASS01B02.V40.A1982{day:03d}.2019353.hdf" for day in range(1, 362, 8)]
    odd = [tmp_path / name for name in ("GLASS01B02.V40.A1982001.2020001.hdf", "lai.hdf",
                                        "GLASS01B02.V40.A1982005.2019353.hdf")]
    for path in (*paths, *odd):
        path.touch()
    with pytest.raises(DataError, match="1982-03-30.* 8 days .*1982-03, 1982-04"):
        read_glass_lai([p for p in paths if "A1982089" not in p.name], (1982, 1982))
    with pytest.raises(DataError, match="1983-01-01.* 365 days"):
        read_glass_lai(paths, (1982, 1983))
    for path, word in zip(odd, ("A1982001", "lai.hdf", "day 5"), strict=True):
        with pytest.raises(DataError, match=word):
            read_glass_lai([*paths, path], (1982, 1982))


@pytest.mark.parametrize(("package", "name"), [("pyhdf", "a.hdf"), ("rasterio", "a.tif")])
def test_missing_package_is_named(tmp_path, monkeypatch, package, name):
    """Without the optional package the message names it."""
    for module in (package, "pyhdf.SD"):
        monkeypatch.setitem(sys.modules, module, None)
    read = read_glass_composite if package == "pyhdf" else read_gimms_composite
    with pytest.raises(DataError, match=f"pip install {package}"):
        read(tmp_path / name)
