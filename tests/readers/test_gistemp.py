"""GISTEMP, on files in the publisher's layout and on its own."""

import netCDF4
import numpy as np
import pytest
from made_inputs import all_months, write_gistemp

from soilresp.errors import DataError
from soilresp.grid.cells import area_mean, cell_area
from soilresp.readers.gistemp import read_gistemp


@pytest.fixture(scope="module")
def anomaly():
    """Two years of anomalies in hundredths of K, by month; one cell without an estimate."""
    values = np.empty((24, 90, 180), np.int16)
    values[:] = np.arange(24)[:, None, None] * 10
    values[:, 0, 0] = 32767
    values[:, 89, 179] = -150
    return values


@pytest.mark.parametrize("name", ["gistemp.nc", "gistemp.nc.gz"])
def test_places_and_scales(tmp_path, anomaly, name):
    """Rows turn north to south, hundredths become K, the fill value is missing."""
    path = write_gistemp(tmp_path / name, anomaly, all_months(2000, 2001))
    field = read_gistemp(path, (2000, 2001))
    assert field.dims == ("year", "month", "lat", "lon") and field.shape == (2, 12, 90, 180)
    assert field["lat"].values[[0, -1]].tolist() == [89, -89]
    assert field["lon"].values[[0, -1]].tolist() == [-179, 179]
    assert field.attrs["units"] == "K"
    assert np.isnan(field.sel(lat=-89, lon=-179)).all()
    np.testing.assert_allclose(field.sel(lat=89, lon=179), -1.5, rtol=1e-6)
    second = field.sel(year=2001, lat=1, lon=1)
    np.testing.assert_allclose(second, np.arange(12, 24) / 10, rtol=1e-6)


BOTH = all_months(2000, 2001)


@pytest.mark.parametrize(("months", "word"), [
    (BOTH[:14] + BOTH[15:], "missing: 2001-03"),
    (all_months(1990, 1991), "2000-01, 2000-02"),
    ([*BOTH, (2001, 4)], "2001-04"),
])
def test_faulty_months(tmp_path, months, word):
    """A missing month and a repeated one are named."""
    path = write_gistemp(tmp_path / "g.nc", np.zeros((len(months), 90, 180), np.int16), months)
    with pytest.raises(DataError, match=f"g.nc.*{word}"):
        read_gistemp(path, (2000, 2001))


def test_months_in_any_order(tmp_path, anomaly):
    """Months are placed by their date; other years of the file are left aside."""
    path = write_gistemp(tmp_path / "g.nc", anomaly[::-1], BOTH[::-1])
    found = read_gistemp(path, (2001, 2001)).sel(lat=1, lon=1)
    np.testing.assert_allclose(found.values.ravel(), np.arange(12, 24) / 10, rtol=1e-6)


def test_impossible_values(tmp_path):
    """An undeclared fill value is missing; 280 K is no anomaly; nothing at all is refused."""
    values = np.zeros((12, 90, 180), np.int16)
    values[0, 0, 0] = 32766
    months = all_months(2000, 2000)

    def stored(field, fill=32767):
        path = write_gistemp(tmp_path / "g.nc", field, months)
        with netCDF4.Dataset(path, "a") as data:
            data["tempanomaly"].scale_factor = np.float32(0.010000305)
        return path

    assert int(read_gistemp(stored(values), (2000, 2000)).isnull().sum()) == 1
    values[1, 1, 1] = 28_000
    with pytest.raises(DataError, match="g.nc.*280"):
        read_gistemp(stored(values), (2000, 2000))
    with pytest.raises(DataError, match="g.nc"):
        read_gistemp(stored(np.full_like(values, 32767)), (2000, 2000))


def test_faulty_files(tmp_path, anomaly):
    """Another variable and a cut file are named."""
    other = write_gistemp(tmp_path / "other.nc", anomaly, BOTH, name="air")
    with pytest.raises(DataError, match="tempanomaly.*air"):
        read_gistemp(other, (2000, 2001))
    for name in ("g.nc", "g.nc.gz"):
        path = write_gistemp(tmp_path / name, anomaly, BOTH)
        path.write_bytes(path.read_bytes()[:-2000])
        with pytest.raises(DataError, match=name):
            read_gistemp(path, (2000, 2001))


@pytest.mark.real
def test_real_gistemp(real_input):
    """GISTEMP: warming from 1982 to 2012, more in the north."""
    field = read_gistemp(real_input("gistemp"), (1982, 2012))
    assert field.shape == (31, 12, 90, 180)
    annual = area_mean(field.mean("month"), cell_area(field["lat"], 2.0))
    assert 0.1 < float(annual.sel(year=1982)) < 0.3 < float(annual.sel(year=2012)) < 0.9
    arctic = field.sel(year=slice(2003, 2012), lat=slice(90, 64)).mean()
    assert float(arctic) > 2 * float(annual.sel(year=slice(2003, 2012)).mean())
