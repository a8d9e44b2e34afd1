"""Uncertainties of the totals."""

import numpy as np
import pandas as pd
import pytest

from soilresp.errors import DataError, ParameterError
from soilresp.evaluation import uncertainty
from soilresp.grid.cells import unit_vectors

SHARES = pd.Series({1: 0.5, 2: 0.5})


def case(target="SR", n=80):
    """Records of two bins and twenty studies, and five cells."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 2))
    records = pd.DataFrame({
        "flux": np.exp(6 + 0.5 * x[:, 0]), "stratum": np.arange(n) % 2 + 1,
        "study": np.arange(n) // 4, "lat": rng.uniform(-60, 60, n),
        "lon": rng.uniform(-170, 170, n),
    })
    return uncertainty.Case(target, records, x, rng.normal(size=(5, 2)))


def test_resampling_takes_whole_studies():
    """Every record of a study comes equally often, and both fluxes share the draw."""
    cases = [case("SR"), case("HR")]
    units = {c.target: c.records["study"].to_numpy() for c in cases}
    taken = uncertainty.resample(cases, SHARES, np.random.default_rng(0), units)
    times = np.bincount(taken["SR"], minlength=80).reshape(20, 4)
    assert (times == times[:, :1]).all() and times[:, 0].sum() == 20
    np.testing.assert_array_equal(taken["SR"], taken["HR"])
    cases[0].strata = np.ones(80, int)
    with pytest.raises(DataError, match="bin"):
        uncertainty.resample(cases, SHARES, np.random.default_rng(0), units, 3)


def test_totals_of_a_level_world():
    """Where every record has 500 g, so has every cell: over 10 million km2 that is 5 Pg."""
    level = case()
    level.y = np.full(80, 500.0)
    area = np.full(5, 2e12)
    for how in ({}, {"sampling": "record"}, {"boosted": True}, {"min_samples_leaf": 5}):
        found = uncertainty.totals(level, area, SHARES, 2, 3, **how)
        np.testing.assert_allclose(found, 5.0, rtol=1e-6)
    spreads = uncertainty.spread_variants(level, area, SHARES, 1, 3)
    assert spreads["spread"].tolist() == list(uncertainty.SPREADS)
    np.testing.assert_allclose(spreads["ratio"], 0, atol=1e-3)
    np.testing.assert_allclose(spreads["total"], 5.0, rtol=1e-6)


def test_a_replicate_does_not_depend_on_the_others():
    """The second of two replicates is the same alone."""
    cases, area = [case("SR"), case("HR")], np.full(5, 1e12)
    units = {c.target: c.records["study"].to_numpy() for c in cases}
    both = uncertainty.bootstrap(cases, area, SHARES, units, 2, 2, 3)
    second = uncertainty.bootstrap(cases, area, SHARES, units, 1, 2, 3, first=1)
    again = both[both["replicate"] == 1].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, second)
    np.testing.assert_allclose(both["AR"], both["SR"] - both["HR"])


def test_sampling_sd_by_hand():
    """Means 10, 12, 14 of two runs one apart either side: variance 4, less 2 / 2 of the runs."""
    table = pd.DataFrame({
        "replicate": [0, 0, 1, 1, 2, 2], "SR": [9.0, 11, 11, 13, 13, 15], "HR": [5.0] * 6,
    })
    table["AR"] = table["SR"] - table["HR"]
    got = uncertainty.sampling_sd(table)
    assert got["SR"] == pytest.approx(np.sqrt(3)) and got["HR"] == 0
    assert np.isnan(got["correlation"])
    assert np.isnan(uncertainty.sampling_sd(table[table["replicate"] < 2])["SR"])


def test_correlated_sd_has_its_limits():
    """Cells that all err together add up; cells that do not add in squares."""
    rng = np.random.default_rng(0)
    amount, lat, lon = rng.uniform(1, 2, 50), rng.uniform(-60, 60, 50), rng.uniform(-180, 180, 50)
    together = uncertainty.correlated_sd(amount, lat, lon, 1.0, 1e9)
    apart = uncertainty.correlated_sd(amount, lat, lon, 0.0, 100.0)
    assert together == pytest.approx(amount.sum(), rel=1e-3)
    assert apart == pytest.approx(np.sqrt((amount**2).sum()))
    with pytest.raises(ParameterError, match="sill"):
        uncertainty.correlated_sd(amount, lat, lon, 1.5, 100.0)


def test_correlogram_finds_a_known_length():
    """Values drawn with a correlation that falls by exp(-d / 300 km) give that length back."""
    rng = np.random.default_rng(5)
    lat, lon = rng.uniform(0, 20, 900), rng.uniform(0, 20, 900)
    points = unit_vectors(lat, lon)
    distance = 6371 * np.arccos(np.clip(points @ points.T, -1, 1))
    covariance = 0.8 * np.exp(-distance / 300) + 0.2 * np.eye(900)
    values = np.linalg.cholesky(covariance) @ rng.normal(size=900)
    edges = (0, 50, 100, 200, 400, 800)
    table = uncertainty.correlogram(values, lat, lon, np.arange(900), edges)
    sill, length = uncertainty.fit_correlogram(table)
    assert 0.5 < sill <= 1 and 120 < length < 700
    assert table["correlation"].iloc[0] > table["correlation"].iloc[-1]


def test_contributions_add_in_squares():
    """3 and 4 make 5; an unknown source adds nothing."""
    got = uncertainty.contributions({
        "a": {"SR": 3.0, "HR": 1.0, "AR": 0.0}, "b": {"SR": 4.0, "HR": np.nan, "AR": 0.0},
    })
    sr = got[got["flux"] == "SR"]
    assert sr["together"].tolist() == [3.0, 5.0] and sr["share"].tolist() == [0.36, 0.64]
    assert got.loc[got["flux"] == "HR", "together"].tolist() == [1.0, 1.0]
