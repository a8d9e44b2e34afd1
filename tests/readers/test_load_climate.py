"""Readers of CRU CL 1.0, GISTEMP and GHCN, on files in the publishers' layouts and on their own."""

import gzip
import zipfile

import numpy as np
import pytest
from made_inputs import (
    CRU_HEADER,
    all_months,
    cru_cl_text,
    ghcn_month,
    write_cru_cl,
    write_gistemp,
)

from soilresp.errors import DataError
from soilresp.grid.cells import area_mean, cell_area
from soilresp.readers.cru_cl import DAYS_IN_MONTH, read_cru_cl
from soilresp.readers.ghcn import read_ghcn
from soilresp.readers.gistemp import read_gistemp

# CRU CL 1.0


@pytest.fixture(scope="module")
def stored():
    """Whole numbers in the archive's order: sea but for three cells."""
    values = np.full((12, 360, 720), -9999)
    values[:, 0, 0] = -521  # 89.75 N, 0.25 E
    values[:, 359, 719] = 10 * np.arange(1, 13)  # 89.75 S, 0.25 W
    values[6, 100, 360] = 12345  # July, 39.75 N, 179.75 W, five characters wide
    return values


def changed(path, old, new):
    """Write a CRU CL file with one piece of text replaced by another."""
    text = cru_cl_text(np.zeros((12, 360, 720)))
    assert old in text
    path.write_bytes(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize("name", ["ctmp6190.dat", "ctmp6190.zip"])
def test_cru_cl_places_and_scales(tmp_path, stored, name):
    """Cells come out where they belong, in tenths of a degree; -9999 is missing."""
    field = read_cru_cl(write_cru_cl(tmp_path / name, stored), "tmp")
    assert field.dims == ("month", "lat", "lon") and field.shape == (12, 360, 720)
    assert field.attrs["units"] == "degC" and "CRU CL 1.0" in field.attrs["source"]
    assert int(field.notnull().sum()) == 25
    np.testing.assert_allclose(field.sel(lat=89.75, lon=0.25), -52.1)
    np.testing.assert_allclose(field.sel(lat=-89.75, lon=-0.25), np.arange(1, 13))
    assert float(field.sel(month=7, lat=39.75, lon=-179.75)) == 1234.5


def test_cru_cl_precipitation_is_monthly(tmp_path, stored):
    """Tenths of mm a day become mm a month by the days of the month."""
    field = read_cru_cl(write_cru_cl(tmp_path / "cpre6190.dat", stored), "pre")
    assert field.attrs["units"] == "mm month-1"
    np.testing.assert_allclose(field.sel(lat=-89.75, lon=-0.25), np.arange(1, 13) * DAYS_IN_MONTH)
    assert DAYS_IN_MONTH.sum() == 365.25


def test_cru_cl_takes_the_dat_of_two(tmp_path, stored):
    """Of the two versions in the radiation archive, the .dat is read."""
    path = write_cru_cl(tmp_path / "crad6190.zip", stored, {"crad6190": "older"})
    assert float(read_cru_cl(path, "rad").sel(month=2, lat=-89.75, lon=-0.25)) == 20


def test_cru_cl_truncated(tmp_path):
    """A file that was cut short says what was expected."""
    path = tmp_path / "ctmp6190.dat"
    path.write_bytes(cru_cl_text(np.zeros((12, 360, 720)))[:-5000])
    with pytest.raises(DataError, match="ctmp6190.dat: expected 15556320 bytes.*truncated"):
        read_cru_cl(path, "tmp")


@pytest.mark.parametrize(
    "old, new, message",
    [
        (b"720", b"360", "header lines should give n_cols 720"),
        (b"n_rows", b"nrows ", "header lines should give n_cols 720"),
        (b"    0    0\n", b"    0  1.5\n", "a cell is not a whole number"),
        (b"    0    0\n", b"    0     \n", "a cell is not a whole number"),
        (b"    0    0\n    0", b"    0    0    0\n", "line 3: expected 720 numbers"),
    ],
)
def test_cru_cl_wrong_layout(tmp_path, old, new, message):
    """Another header, text in a number, and a shifted row are each told."""
    path = changed(tmp_path / "ctmp6190.dat", old, new)
    with pytest.raises(DataError, match=f"ctmp6190.dat.*{message}"):
        read_cru_cl(path, "tmp")


def test_cru_cl_not_a_zip(tmp_path, stored):
    """Missing, foreign and damaged archives are told."""
    with pytest.raises(DataError, match="nowhere.zip cannot be read"):
        read_cru_cl(tmp_path / "nowhere.zip", "tmp")
    page = tmp_path / "page.zip"
    page.write_text("<html>")
    with pytest.raises(DataError, match="page.zip cannot be read"):
        read_cru_cl(page, "tmp")
    damaged = write_cru_cl(tmp_path / "damaged.zip", stored)
    packed = bytearray(damaged.read_bytes())
    packed[2000:2100] = bytes(range(100))
    damaged.write_bytes(packed)
    with pytest.raises(DataError, match="damaged.zip cannot be read"):
        read_cru_cl(damaged, "tmp")


def test_cru_cl_archive_without_data(tmp_path):
    """An archive without a .dat lists what it has."""
    import zipfile

    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", CRU_HEADER)
    with pytest.raises(DataError, match=r"expected one .dat file.*readme.txt"):
        read_cru_cl(path, "tmp")


# GISTEMP


@pytest.fixture(scope="module")
def anomaly():
    """Two years of anomalies in hundredths of K, by month; one cell without an estimate."""
    values = np.empty((24, 90, 180), np.int16)
    values[:] = np.arange(24)[:, None, None] * 10
    values[:, 0, 0] = 32767
    values[:, 89, 179] = -150
    return values


@pytest.mark.parametrize("name", ["gistemp.nc", "gistemp.nc.gz"])
def test_gistemp_places_and_scales(tmp_path, anomaly, name):
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


def test_gistemp_takes_the_years_asked_for(tmp_path, anomaly):
    """Other years of the file are left aside."""
    path = write_gistemp(tmp_path / "g.nc", anomaly, all_months(2000, 2001))
    assert read_gistemp(path, (2001, 2001))["year"].values.tolist() == [2001]


def without(months, index):
    """All months but one."""
    return [m for i, m in enumerate(months) if i != index]


@pytest.mark.parametrize(
    "months, message",
    [
        (without(all_months(2000, 2001), 14), "but 2001-03 is missing"),
        ([*without(all_months(2000, 2001), 14), (2001, 4)], "but 2001-03 is missing"),
        ([*all_months(2000, 2001), (2001, 4)], "but a month is repeated or out of order"),
        (all_months(2001, 2001) + all_months(2000, 2000), "but a month is repeated or out of"),
        (all_months(1990, 1991), "but 2000-01 is missing"),
    ],
)
def test_gistemp_months(tmp_path, months, message):
    """A missing month is named; a repeated or misplaced one is told."""
    path = write_gistemp(tmp_path / "g.nc", np.zeros((len(months), 90, 180), np.int16), months)
    with pytest.raises(DataError, match=f"g.nc: expected every month of 2000-2001 once, {message}"):
        read_gistemp(path, (2000, 2001))


def test_gistemp_other_file(tmp_path, anomaly):
    """Another variable and another grid are told by name and size."""
    path = write_gistemp(tmp_path / "g.nc", anomaly, all_months(2000, 2001), name="air")
    with pytest.raises(DataError, match="no variable 'tempanomaly', found.*'air'"):
        read_gistemp(path, (2000, 2001))
    coarse = tmp_path / "coarse.nc"
    field = read_gistemp(write_gistemp(path, anomaly, all_months(2000, 2001)), (2000, 2001))
    field.stack(time=("year", "month")).drop_vars(["time", "year", "month"]).transpose(
        "time", "lat", "lon"
    )[:, :36, :72].to_dataset(name="tempanomaly").to_netcdf(coarse)
    with pytest.raises(DataError, match="coarse.nc: expected.*90 x 180.*'lat': 36"):
        read_gistemp(coarse, (2000, 2001))


@pytest.mark.parametrize("name", ["g.nc", "g.nc.gz"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_gistemp_truncated(tmp_path, anomaly, name, share):
    """A file that was cut short is told, packed or not."""
    path = write_gistemp(tmp_path / name, anomaly, all_months(2000, 2001))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=f"{name} is not a readable NetCDF file"):
        read_gistemp(path, (2000, 2001))


def test_missing_files(tmp_path):
    """A file that is not there is named by each reader."""
    with pytest.raises(DataError, match="g.nc is not a readable"):
        read_gistemp(tmp_path / "g.nc", (2000, 2001))
    with pytest.raises(DataError, match="p.dat cannot be read"):
        read_ghcn(tmp_path / "p.dat", (2000, 2001))


# GHCN


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
def test_ghcn_places_and_scales(tmp_path, gauges, name):
    """Boxes run from the north-west, hundredths become mm, -32768 is missing, 0 is not."""
    field = read_ghcn(packed(tmp_path / name, gauges.values()), (2000, 2001))
    assert field.dims == ("year", "month", "lat", "lon") and field.shape == (2, 12, 36, 72)
    assert field.attrs["units"] == "mm month-1"
    np.testing.assert_allclose(field.sel(year=2001, lat=87.5, lon=-177.5), np.arange(12, 24))
    np.testing.assert_allclose(field.sel(lat=-87.5, lon=177.5), -12.34)
    assert (field.sel(lat=37.5, lon=22.5) == 0).all()
    assert int(field.notnull().sum()) == 24 * 3


def test_ghcn_months_in_any_order(tmp_path, gauges):
    """Months are taken by their own number, and only the years asked for."""
    field = read_ghcn(packed(tmp_path / "prcp.dat", list(gauges.values())[::-1]), (2001, 2001))
    assert field["year"].values.tolist() == [2001]
    np.testing.assert_allclose(field.sel(year=2001, lat=87.5, lon=-177.5), np.arange(12, 24))


def test_ghcn_missing_month(tmp_path, gauges):
    """The first missing month is named, and how many are."""
    kept = [text for month, text in gauges.items() if month not in ((2000, 7), (2001, 2))]
    with pytest.raises(DataError, match=r"no data for 2000-07 \(2 of the months 2000-2001"):
        read_ghcn(packed(tmp_path / "prcp.dat", kept), (2000, 2001))


def test_ghcn_repeated_month(tmp_path, gauges):
    """A month that is there twice is named, not overwritten."""
    path = packed(tmp_path / "prcp.dat", [*gauges.values(), gauges[2000, 7]])
    with pytest.raises(DataError, match="prcp.dat: 2000-07 is there twice"):
        read_ghcn(path, (2000, 2001))


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda text: text[:-300], "not a whole number of months.*cut short"),
        (lambda text: "", "0 numbers"),
        (lambda text: text.replace("-1234", "-12.3", 1), "not a whole number in the file"),
        (lambda text: text.replace("-1234", "*****", 1), "not a whole number in the file"),
    ],
)
def test_ghcn_wrong_text(tmp_path, gauges, spoil, message):
    """A truncated or empty file and text in a number are told."""
    path = packed(tmp_path / "prcp.dat", [spoil("".join(gauges.values()))])
    with pytest.raises(DataError, match=f"prcp.dat: .*{message}"):
        read_ghcn(path, (2000, 2001))


@pytest.mark.parametrize("spoil", [lambda b: b[:-500], lambda b: b[:300] + b"\xff" * 90 + b[390:]])
def test_ghcn_damaged_archive(tmp_path, gauges, spoil):
    """A packed file that was cut short or changed on the way is told."""
    path = packed(tmp_path / "prcp.dat.gz", gauges.values())
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataError, match="prcp.dat.gz cannot be read"):
        read_ghcn(path, (2000, 2001))


# The publishers' own files


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


@pytest.mark.real
def test_real_precipitation(real_input):
    """CRU CL 1.0: Cherrapunji is wet, the Sahara dry, land without Antarctica has 830 mm."""
    field = read_cru_cl(real_input("cru_cl_pre"), "pre").sum("month", skipna=False)
    mean = area_mean(field, cell_area() * field.notnull())
    assert abs(float(mean) - 830.3) < 0.1
    assert float(field.sel(lat=25.25, lon=91.75)) > 3000
    assert float(field.sel(lat=23.25, lon=30.25)) < 20


@pytest.mark.real
def test_real_radiation_has_gaps(real_input):
    """CRU CL 1.0: radiation is missing in part of the land, and is a whole number of W m-2."""
    field = read_cru_cl(real_input("cru_cl_rad"), "rad")
    assert int(field.notnull().sum()) == 749_796
    assert float(field.max()) == 335 and float(field.min()) == 0


@pytest.mark.real
def test_real_gistemp(real_input):
    """GISTEMP: warming from 1982 to 2012, more in the north."""
    field = read_gistemp(real_input("gistemp"), (1982, 2012))
    assert field.shape == (31, 12, 90, 180)
    annual = area_mean(field.mean("month"), cell_area(field["lat"], 2.0))
    assert 0.1 < float(annual.sel(year=1982)) < 0.3 < float(annual.sel(year=2012)) < 0.9
    arctic = field.sel(year=slice(2003, 2012), lat=slice(90, 64)).mean()
    assert float(arctic) > 2 * float(annual.sel(year=slice(2003, 2012)).mean())


@pytest.mark.real
def test_real_ghcn(real_input):
    """GHCN: every month of 1982-2012, gauges in a quarter of the boxes, anomalies near zero."""
    field = read_ghcn(real_input("ghcn_prcp"), (1982, 2012))
    assert field.shape == (31, 12, 36, 72)
    assert 0.2 < float(field.notnull().mean()) < 0.3
    assert abs(float(field.mean())) < 1 and float(field.min()) > -1000


@pytest.mark.real
def test_two_versions_of_radiation(real_input, tmp_path):
    """The archive's other radiation has the same gaps and pattern, and is 15 % higher."""
    archive = real_input("cru_cl_rad")
    with zipfile.ZipFile(archive) as packed:
        (tmp_path / "other.dat").write_bytes(packed.read("crad6190"))
    ours = read_cru_cl(archive, "rad").values
    other = read_cru_cl(tmp_path / "other.dat", "rad").values
    known = np.isfinite(ours)
    np.testing.assert_array_equal(known, np.isfinite(other))
    assert np.corrcoef(ours[known], other[known])[0, 1] > 0.9999
    assert 1.14 < other[known].sum() / ours[known].sum() < 1.18
