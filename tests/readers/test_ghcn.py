"""GHCN, on files in the publisher's layout and on its own."""

import gzip

import numpy as np
import pytest
from made_inputs import all_months, ghcn_month

from soilresp.errors import DataError
from soilresp.readers.ghcn import read_ghcn


@pytest.fixture(scope="module")
def gauges():
    """Text of two years of precipitation anomalies, by month, with one gauged box."""
    months = {}
    for i, (year, month) in enumerate(all_months(2000, 2001)):
        values = np.full((36, 72), -32768)
        values[0, 0], values[35, 71], values[10, 40] = 100 * i, -1234, 0
        months[year, month] = ghcn_month(year, month, values)
    return months


def packed(path, months):
    """Write months of GHCN text, packed if the name ends so."""
    text = "".join(months).encode()
    path.write_bytes(gzip.compress(text, 1) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize("name", ["prcp.dat", "prcp.dat.gz"])
def test_places_and_scales(tmp_path, gauges, name):
    """Boxes run from the north-west, hundredths become mm, -32768 is missing, 0 is not."""
    field = read_ghcn(packed(tmp_path / name, gauges.values()), (2000, 2001))
    assert field.dims == ("year", "month", "lat", "lon") and field.shape == (2, 12, 36, 72)
    assert field.attrs["units"] == "mm month-1"
    np.testing.assert_allclose(field.sel(year=2001, lat=87.5, lon=-177.5), np.arange(12, 24))
    np.testing.assert_allclose(field.sel(lat=-87.5, lon=177.5), -12.34)
    assert (field.sel(lat=37.5, lon=22.5) == 0).all()
    assert int(field.notnull().sum()) == 24 * 3


def test_months_in_any_order(tmp_path, gauges):
    """Months are taken by their own number, and only the years asked for."""
    field = read_ghcn(packed(tmp_path / "prcp.dat", list(gauges.values())[::-1]), (2001, 2001))
    assert field["year"].values.tolist() == [2001]
    np.testing.assert_allclose(field.sel(year=2001, lat=87.5, lon=-177.5), np.arange(12, 24))


def test_faulty_months(tmp_path, gauges):
    """Missing months and a repeated one are named."""
    kept = [text for month, text in gauges.items() if month not in ((2000, 7), (2001, 2))]
    with pytest.raises(DataError, match="2000-07, 2001-02"):
        read_ghcn(packed(tmp_path / "prcp.dat", kept), (2000, 2001))
    with pytest.raises(DataError, match="2000-07"):
        read_ghcn(packed(tmp_path / "prcp.dat", [*gauges.values(), gauges[2000, 7]]), (2000, 2001))


@pytest.mark.parametrize("spoil", [
    lambda text: text[:-300], lambda text: "", lambda text: text.replace("-1234", "-12.3", 1),
    lambda text: text.replace("-1234", "*****", 1), lambda text: "9" * 5000,
    lambda text: text.replace(" -1234", "-32768").replace("      0", " -32768"),
])
def test_faulty_text(tmp_path, gauges, spoil):
    """A short or empty file, text in a number, a number without end, and no value are refused."""
    text = spoil(gauges[2000, 1] + "".join(list(gauges.values())[1:12]))
    path = packed(tmp_path / "prcp.dat", [text])
    with pytest.raises(DataError, match="prcp.dat"):
        read_ghcn(path, (2000, 2001))


@pytest.mark.real
def test_real_ghcn(real_input):
    """GHCN: every month of 1982-2012, gauges in a quarter of the boxes, anomalies near zero."""
    field = read_ghcn(real_input("ghcn_prcp"), (1982, 2012))
    assert field.shape == (31, 12, 36, 72)
    assert 0.2 < float(field.notnull().mean()) < 0.3
    assert abs(float(field.mean())) < 1 and float(field.min()) > -1000
