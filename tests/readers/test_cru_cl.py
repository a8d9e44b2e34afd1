"""CRU CL 1.0, on files in the publisher's layout and on its own."""

import zipfile

import numpy as np
import pytest
from made_inputs import CRU_HEADER, cru_cl_text, write_cru_cl

from soilresp.errors import DataError
from soilresp.readers.cru_cl import DAYS_IN_MONTH, read_cru_cl


@pytest.fixture(scope="module")
def stored():
    """Whole numbers in the archive's order: sea but for three cells."""
    values = np.full((12, 360, 720), -9999)
    values[:, 0, 0] = -521  # 89.75 N, 0.25 E
    values[:, 359, 719] = 10 * np.arange(1, 13)  # 89.75 S, 0.25 W
    values[6, 100, 360] = 12345  # July, 39.75 N, 179.75 W, five characters wide
    return values


@pytest.mark.parametrize("name", ["ctmp6190.dat", "ctmp6190.zip"])
def test_places_and_scales(tmp_path, stored, name):
    """Cells come out where they belong, in tenths of a degree; -9999 is missing."""
    field = read_cru_cl(write_cru_cl(tmp_path / name, stored), "tmp")
    assert field.dims == ("month", "lat", "lon") and field.shape == (12, 360, 720)
    assert field.attrs["units"] == "degC" and "CRU CL 1.0" in field.attrs["source"]
    assert int(field.notnull().sum()) == 25
    np.testing.assert_allclose(field.sel(lat=89.75, lon=0.25), -52.1)
    np.testing.assert_allclose(field.sel(lat=-89.75, lon=-0.25), np.arange(1, 13))
    assert float(field.sel(month=7, lat=39.75, lon=-179.75)) == 1234.5


def test_precipitation_is_monthly(tmp_path, stored):
    """Tenths of mm a day become mm a month by the days of the month."""
    field = read_cru_cl(write_cru_cl(tmp_path / "cpre6190.dat", stored), "pre")
    assert field.attrs["units"] == "mm month-1"
    np.testing.assert_allclose(field.sel(lat=-89.75, lon=-0.25), np.arange(1, 13) * DAYS_IN_MONTH)
    assert DAYS_IN_MONTH.sum() == 365.25


def test_takes_the_dat_of_two(tmp_path, stored):
    """Of the two versions in the radiation archive, the .dat is read."""
    path = write_cru_cl(tmp_path / "crad6190.zip", stored, {"crad6190": "older"})
    assert float(read_cru_cl(path, "rad").sel(month=2, lat=-89.75, lon=-0.25)) == 20


@pytest.mark.parametrize(("old", "new", "word"), [
    (b"720", b"360", "n_cols 720"),
    (b"n_rows", b"nrows ", "n_rows 360"),
    (b"    0    0\n", b"    0  1.5\n", "1.5"),
    (b"    0    0\n", b"    0     \n", "whole number"),
    (b"    0    0\n    0", b"    0    0    0\n", "line 3"),
    (b"    0    0\n", b"    0\n", "15556320"),
])
def test_faulty_layout(tmp_path, old, new, word):
    """Another header, text in a number, a shifted row and a short file are each told."""
    path, text = tmp_path / "ctmp6190.dat", cru_cl_text(np.zeros((12, 360, 720)))
    assert old in text
    path.write_bytes(text.replace(old, new, 1))
    with pytest.raises(DataError, match=f"ctmp6190.dat.*{word}"):
        read_cru_cl(path, "tmp")


def test_faulty_archives(tmp_path, stored):
    """Missing, foreign and damaged archives, and one without data, are named."""
    page, other = tmp_path / "page.zip", tmp_path / "other.zip"
    page.write_text("<html>")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", CRU_HEADER)
    damaged = write_cru_cl(tmp_path / "damaged.zip", stored)
    packed = bytearray(damaged.read_bytes())
    packed[2000:2100] = bytes(range(100))
    damaged.write_bytes(packed)
    for path in (page, other, damaged, tmp_path / "nowhere.zip", tmp_path / "nowhere.dat"):
        with pytest.raises(DataError, match=path.name):
            read_cru_cl(path, "tmp")


@pytest.mark.real
def test_real_temperature(real_input):
    """CRU CL 1.0: 67,420 cells of land, months from -52.1 to 37.0 degC, known towns in place."""
    field = read_cru_cl(real_input("cru_cl_tmp"), "tmp")
    assert (field.notnull().sum(("lat", "lon")) == 67_420).all()
    np.testing.assert_allclose([field.min(), field.max()], [-52.1, 37.0])
    annual = field.weighted(field["month"].copy(data=DAYS_IN_MONTH)).mean("month")
    north, south = annual.sel(lat=slice(80, 60)), annual.sel(lat=slice(10, -10))
    assert float(north.mean()) < -5 < 20 < float(south.mean())
    # Manaus and Yakutsk, from tables of 1961-1990.
    assert abs(float(annual.sel(lat=-3.25, lon=-60.25)) - 26.7) < 1
    assert abs(float(annual.sel(lat=62.25, lon=129.75)) + 10) < 1.5
