"""The twin experiment."""

import json

import numpy as np
import pytest

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.strata import dominant_stratum
from soilresp.errors import DataError
from soilresp.grid.cells import cell_index
from soilresp.records import twin
from soilresp.records.selection import COLUMNS


@pytest.fixture(scope="module")
def world():
    """Fluxes and totals of the twin's world."""
    return twin.truth()


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


def test_truth(world):
    """HR is part of SR wherever there is vegetation, and the totals are those of the fields."""
    fields, totals = world
    sr, hr = fields["SR"].values, fields["HR"].values
    vegetated = load_embedded()["vegetated_fraction"].values > 0
    np.testing.assert_array_equal(np.isfinite(sr), vegetated)
    assert (hr[vegetated] <= sr[vegetated]).all() and (sr[vegetated] >= 0).all()
    assert fields["SR"].attrs["units"] == "g m-2 yr-1"
    world = load_embedded()
    area = (world["cell_area"] * world["vegetated_fraction"]).transpose("lat", "lon").values
    by_hand = [np.nansum(flux * area) / 1e15 for flux in (sr, hr)]
    np.testing.assert_allclose([totals["SR"], totals["HR"]], by_hand)
    assert 60 < totals["SR"] < 90 and 0.5 < totals["HR"] / totals["SR"] < 0.6


def test_sample_has_the_shape_of_the_network(sampled, stratum):
    """As many records by target, bin and band as the network says."""
    assert tuple(sampled.columns) == COLUMNS
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


def test_sample_says_that_it_is_synthetic(sampled):
    """Every row is marked, numbered once, positive, and without a reported climate."""
    assert (sampled["quality"] == "synthetic").all()
    assert sampled["record"].tolist() == list(range(1, len(sampled) + 1))
    assert (sampled["flux"] > 0).all()
    assert sampled[["reported_MAT", "reported_MAP"]].isna().all(axis=None)


def test_sample_without_noise_is_the_truth(small, world):
    """Undisturbed, a record's flux is the field's at its cell."""
    fields, _ = world
    records = twin.sample(1, small, noise=False)
    row, col = cell_index(records["lat"], records["lon"])
    for target in ("SR", "HR"):
        mine = (records["target"] == target).to_numpy()
        here = fields[target].values[row[mine], col[mine]]
        np.testing.assert_array_equal(records["flux"][mine], here)


def test_seed_settles_the_sample(small):
    """The same seed gives the same records, another seed others; noise moves none of them."""
    first = twin.sample(7, small)
    assert first.equals(twin.sample(7, small))
    assert not first["flux"].equals(twin.sample(8, small)["flux"])
    where = ["lat", "lon", "year"]
    assert first[where].equals(twin.sample(7, small, noise=False)[where])


def test_targets_have_their_own_draws(small):
    """A target's records do not change when the other has more of them."""
    more = {**small, "SR": {**small["SR"], "records": {"3,50": 60}}}
    hr, again = (
        t[t["target"] == "HR"].drop(columns="record").reset_index(drop=True)
        for t in (twin.sample(2, small), twin.sample(2, more))
    )
    assert hr.equals(again)
    both = twin.sample(2, {"SR": small["SR"], "HR": small["SR"]}).groupby("target")["lat"]
    assert both.get_group("SR").tolist() != both.get_group("HR").tolist()


def test_noise_has_mean_one_and_the_spread_asked_for(small):
    """Ratios to the truth average to one, and their logarithm has both variances."""
    shape = {
        **small["SR"], "records": {"3,50": 1500}, "records_per_site": 1.0, "sites_per_study": 1.0
    }
    network = {"SR": shape}
    ratio = twin.sample(0, network)["flux"] / twin.sample(0, network, noise=False)["flux"]
    spread = np.hypot(shape["study_sd"], shape["record_sd"])
    # A lognormal of mean one has the standard deviation sqrt(exp(s2) - 1).
    error = np.sqrt(np.exp(spread**2) - 1) / np.sqrt(len(ratio))
    assert abs(ratio.mean() - 1) < 4 * error
    assert abs(np.log(ratio).std() - spread) < 4 * spread / np.sqrt(2 * len(ratio))


def test_records_of_a_study_share_its_effect(small):
    """Without record noise the records of a study are off by one factor."""
    network = {"SR": {**small["SR"], "record_sd": 0.0}}
    noisy, clean = twin.sample(3, network), twin.sample(3, network, noise=False)
    factor = (noisy["flux"] / clean["flux"]).groupby(noisy["study"])
    assert (factor.max() - factor.min() < 1e-12).all()
    assert factor.mean().nunique() == noisy["study"].nunique() > 3


def test_sites_of_a_study_lie_together(small):
    """Sites of a study are in one bin and band, within 30 cells of its first."""
    for _, study in twin.sample(4, small).query("target == 'SR'").groupby("study"):
        assert np.ptp(study["lat"]) < twin.BAND and np.ptp(study["lon"]) < 30
        assert study["year"].nunique() == 1


def test_impossible_network(small):
    """Records where the map has no such bin are told."""
    network = {"SR": {**small["SR"], "records": {"1,60": 3}}}
    with pytest.raises(DataError, match="records in bin 1, 60 N, without a cell"):
        twin.sample(0, network)


def test_network_file(tmp_path):
    """The committed network has what the sample needs; a missing or damaged one is told."""
    network = twin.read_network()
    for target in ("SR", "HR"):
        assert {"records", "records_per_site", "sites_per_study", "years", "study_sd",
                "record_sd"} <= set(network[target])
    with pytest.raises(DataError, match="none.json cannot be read"):
        twin.read_network(tmp_path / "none.json")
    (tmp_path / "cut.json").write_text(json.dumps(network)[:100])
    with pytest.raises(DataError, match="cut.json cannot be read"):
        twin.read_network(tmp_path / "cut.json")
