"""The twin experiment."""

import numpy as np
import pytest
import xarray as xr

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.strata import dominant_stratum
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import cell_index
from soilresp.records import twin
from soilresp.records.selection import COLUMNS


@pytest.fixture(scope="module")
def stratum():
    """Bin of each cell."""
    return dominant_stratum(load_embedded()["igbp_fraction"]).values


@pytest.fixture(scope="module")
def small():
    """A network of two bins and bands."""
    shape = {
        "records": {"3,50": 40, "5,-30": 25},
        "records_per_site": 2.0, "sites_per_study": 3.0,
        "years": {"2000": 1, "2005": 3},
        "study_sd": 0.5, "record_sd": 0.3,
    }
    return {"SR": shape, "HR": {**shape, "records": {"3,50": 12}}}


@pytest.fixture(scope="module")
def sampled():
    """Observations of the network that ships with the project."""
    return twin.sample(0)


def test_sample_has_the_shape_of_the_network(sampled, stratum):
    """As many records by target, bin and band as the network says."""
    assert tuple(sampled.columns) == COLUMNS and (sampled["quality"] == "synthetic").all()
    assert sampled["record"].tolist() == list(range(1, len(sampled) + 1))
    network = twin.read_network()
    row, col = cell_index(sampled["lat"], sampled["lon"])
    band = np.floor(sampled["lat"] / twin.BAND).astype(int) * twin.BAND
    where = [f"{s},{b}" for s, b in zip(stratum[row, col], band, strict=True)]
    for target, shape in network.items():
        if target not in ("SR", "HR"):
            continue
        mine = (sampled["target"] == target).to_numpy()
        found = dict.fromkeys(shape["records"], 0)
        for w in np.array(where)[mine]:
            found[w] += 1
        assert found == shape["records"]
        assert set(sampled["year"][mine].astype(int).astype(str)) <= set(shape["years"])


def test_seed_and_noise(small):
    """A seed gives the same records, and noise moves none; without it fluxes are the truth."""
    first, calm = twin.sample(7, small), twin.sample(7, small, noise=False)
    assert first.equals(twin.sample(7, small))
    assert not first["flux"].equals(twin.sample(8, small)["flux"])
    assert first[["lat", "lon", "year"]].equals(calm[["lat", "lon", "year"]])
    row, col = cell_index(calm["lat"], calm["lon"])
    fields, _ = twin.truth()
    for target in ("SR", "HR"):
        mine = (calm["target"] == target).to_numpy()
        here = fields[target].values[row[mine], col[mine]]
        np.testing.assert_array_equal(calm["flux"][mine], here)


def test_noise_has_mean_one(small):
    """The logarithm of the noise is 0.125 low on average, half its variance of 0.25."""
    shape = {**small["SR"], "records": {"3,50": 1500}, "records_per_site": 1.0,
             "sites_per_study": 1.0, "study_sd": 0.3, "record_sd": 0.4}
    noisy, calm = (twin.sample(0, {"SR": shape}, noise) for noise in (True, False))
    noise = np.log(noisy["flux"] / calm["flux"])
    assert abs(noise.mean() + 0.125) < 4 * 0.5 / np.sqrt(1500)
    assert abs(noise.std() - 0.5) < 4 * 0.5 / np.sqrt(3000)


def test_records_of_a_study_share_its_effect(small):
    """Without record noise the records of a study are off by one factor, each by its own."""
    network = {"SR": {**small["SR"], "record_sd": 0.0}}
    noisy, calm = twin.sample(3, network), twin.sample(3, network, noise=False)
    factor = (noisy["flux"] / calm["flux"]).groupby(noisy["study"])
    assert (factor.max() - factor.min() < 1e-12).all()
    assert factor.mean().nunique() == noisy["study"].nunique() > 3


def test_network_file(tmp_path):
    """A damaged file and an unknown truth are named."""
    (tmp_path / "cut.json").write_text("{")
    with pytest.raises(DataError, match="cut.json"):
        twin.read_network(tmp_path / "cut.json")
    with pytest.raises(ParameterError, match="'model'"):
        twin.truth("model")


def small_world(**more):
    """Four cells at 0 degC with the precipitation that halves the rate; one has no vegetation."""
    place = {"lat": [45.0, -45.0], "lon": [-90.0, 90.0]}
    year = xr.DataArray(np.zeros((12, 2, 2)), place, ("month", "lat", "lon"))
    return xr.Dataset({
        "tas": year, "pr": year + 42.59,
        "vegetated_fraction": (("lat", "lon"), [[0.5, 0.25], [0.0, 1.0]]),
        "cell_area": ("lat", [4e15, 1e15]), **more,
    })


def test_truth_by_hand(monkeypatch):
    """SR 0.625 x 365.25 where there is vegetation; totals go by the vegetated area."""
    monkeypatch.setattr(twin, "load_embedded", small_world)
    fields, totals = twin.truth()
    sr = 0.625 * 365.25
    hr = np.exp(1.22) * sr**0.73
    np.testing.assert_allclose(fields["SR"], [[sr, sr], [np.nan, sr]])
    np.testing.assert_allclose(fields["HR"], [[hr, hr], [np.nan, hr]])
    # 4 x 0.5 + 4 x 0.25 + 1 x 1 = 4 times 10^15 m2
    assert totals == pytest.approx({"SR": 4 * sr, "HR": 4 * hr})
    assert list(totals) == ["SR", "HR"]


PLACE = {"lat": [60.0, 59.75, 50.0, 49.75], "lon": [0.0, 10.0, 20.0]}


def placed(records, seed=0, flux=None, bins=None, **shape):
    """Records of a made network on four rows and three columns, by the twin's rule."""
    stratum = xr.DataArray(np.full((4, 3), 3) if bins is None else bins, PLACE, ("lat", "lon"))
    field = xr.DataArray(np.full((4, 3), 0.5) if flux is None else flux, PLACE, ("lat", "lon"))
    network = {"records": records, "records_per_site": 1.0, "sites_per_study": 1.0,
               "years": {"2000": 1}, **shape}
    return twin._place(network, stratum, field, np.random.default_rng(seed))


def test_a_band_holds_its_southern_edge():
    """50 N belongs to the band from 50 to 60 N, 60 N does not; fluxes below 1 will do."""
    assert twin.BAND == 10
    got = placed({"3,50": 200})
    assert set(got["lat"]) == {59.75, 50.0} and set(got["lon"]) == {0, 10, 20}
    assert set(placed({"3,60": 50})["lat"]) == {60.0}
    assert set(placed({"3,40": 50})["lat"]) == {49.75}
    assert list(got) == ["study", "row", "col", "year", "lat", "lon"]
    assert set(got["row"]) == {1, 2} and got["year"].dtype == float


def test_only_cells_of_the_bin_with_a_flux():
    """Other bins, no flux and missing flux are passed over."""
    bins, flux = np.full((4, 3), 3), np.full((4, 3), 7.0)
    bins[1, 0] = 5
    flux[1, 1], flux[2, 0], flux[2, 1] = 0, np.nan, 0.001
    got = placed({"3,50": 100}, flux=flux, bins=bins)
    assert {(r, c) for r, c in zip(got["row"], got["col"])} == {(1, 2), (2, 1), (2, 2)}
    with pytest.raises(DataError, match="class 4, 50 N"):
        placed({"3,50": 1, "4,50": 1}, bins=bins)


@pytest.mark.parametrize(("per_site", "per_study"), [(3.0, 1.0), (1.0, 4.0), (2.5, 2.0)])
def test_sizes_of_studies(per_site, per_study):
    """On average a study has records per site times sites per study; the sum is as asked for."""
    got = placed({"3,50": 4000}, records_per_site=per_site, sites_per_study=per_study)
    assert len(got) == 4000
    size = got.groupby("study").size()
    # Five standard errors of a compound Poisson number.
    variance = per_study * (per_site - 1) + (per_study - 1) * per_site**2
    assert abs(size.mean() - per_site * per_study) < 5 * np.sqrt(variance / len(size)) + 0.01
    assert got["study"].is_monotonic_increasing and got["study"].max() == len(size) - 1
    assert (got.groupby("study")["year"].nunique() == 1).all()


def test_years_by_their_chance():
    """2001 three times as often as 2000, and none else."""
    got = placed({"3,50": 2000}, years={"2000": 1, "2001": 3, "2002": 0})
    part = got["year"].value_counts(normalize=True)
    assert set(part.index) == {2000, 2001}
    assert abs(part[2001] - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 2000)
