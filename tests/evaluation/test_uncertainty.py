"""Uncertainties of totals, trends, regions and cells."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from soilresp.errors import DataError, ParameterError
from soilresp.evaluation import uncertainty as doubts
from soilresp.upscaling import regions, trends
from soilresp.upscaling.maps import vegetated_area

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
    return doubts.Case(target, records, x, rng.normal(size=(5, 2)))


def test_resampling_takes_whole_studies():
    """Every record of a study comes equally often, and both fluxes share the draw."""
    cases = [case("SR"), case("HR")]
    units = {c.target: c.records["study"].to_numpy() for c in cases}
    taken = doubts.resample(cases, SHARES, np.random.default_rng(0), units)
    times = np.bincount(taken["SR"], minlength=80).reshape(20, 4)
    assert (times == times[:, :1]).all() and times[:, 0].sum() == 20
    np.testing.assert_array_equal(taken["SR"], taken["HR"])


def test_resampling_gives_up():
    """A bin that no record is in cannot be drawn."""
    one = case()
    one.strata = np.ones(80, int)
    with pytest.raises(DataError, match="None of 3 draws"):
        doubts.resample([one], SHARES, np.random.default_rng(0), {"SR": one.records["study"]}, 3)


def test_totals_of_a_level_world():
    """Where every record has 500 g, so has every cell: over 10 million km2 that is 5 Pg."""
    level = case()
    level.y = np.full(80, 500.0)
    area = np.full(5, 2e12)
    for how in ({}, {"draw": "record"}, {"boosted": True}, {"min_samples_leaf": 5}):
        found = doubts.totals(level, area, SHARES, 2, 3, **how)
        np.testing.assert_allclose(found, 5.0, rtol=1e-6)


def test_spreads_of_a_level_world_are_nil():
    """Every definition of the SD is zero where all records are alike, and the total is 5 Pg."""
    level = case()
    level.y = np.full(80, 500.0)
    got = doubts.spread_variants(level, np.full(5, 2e12), SHARES, 1, 3)
    assert got["spread"].tolist() == list(doubts.SPREADS)
    np.testing.assert_allclose(got["ratio"], 0, atol=1e-3)
    np.testing.assert_allclose(got["total"], 5.0, rtol=1e-6)


def test_bootstrap_is_settled_by_its_seed():
    """A replicate is the same whatever the others are."""
    cases, area = [case("SR"), case("HR")], np.full(5, 1e12)
    units = {c.target: c.records["study"].to_numpy() for c in cases}
    both = doubts.bootstrap(cases, area, SHARES, units, 2, 2, 3)
    second = doubts.bootstrap(cases, area, SHARES, units, 1, 2, 3, first=1)
    pd.testing.assert_frame_equal(
        both[both["replicate"] == 1].reset_index(drop=True), second
    )
    np.testing.assert_allclose(both["AR"], both["SR"] - both["HR"])


def test_sampling_sd_by_hand():
    """Means 10, 12, 14 of two runs one apart either side: variance 4, less 2 / 2 of the runs."""
    table = pd.DataFrame({
        "replicate": [0, 0, 1, 1, 2, 2], "SR": [9.0, 11, 11, 13, 13, 15], "HR": [5.0] * 6,
    })
    table["AR"] = table["SR"] - table["HR"]
    got = doubts.sampling_sd(table)
    assert got["SR"] == pytest.approx(np.sqrt(3)) and got["HR"] == 0
    assert np.isnan(got["correlation"])
    assert np.isnan(doubts.sampling_sd(table[table["replicate"] < 2])["SR"])


def test_correlated_sd_has_its_limits():
    """Cells that all err together add up; cells that do not add in squares."""
    rng = np.random.default_rng(0)
    amount, lat, lon = rng.uniform(1, 2, 50), rng.uniform(-60, 60, 50), rng.uniform(-180, 180, 50)
    together = doubts.correlated_sd(amount, lat, lon, 1.0, 1e9)
    apart = doubts.correlated_sd(amount, lat, lon, 0.0, 100.0)
    assert together == pytest.approx(amount.sum(), rel=1e-3)
    assert apart == pytest.approx(np.sqrt((amount**2).sum()))
    with pytest.raises(ParameterError, match="sill"):
        doubts.correlated_sd(amount, lat, lon, 1.5, 100.0)


def test_correlogram_finds_a_known_length():
    """Values drawn with a correlation that falls by exp(-d / 300 km) give that length back."""
    rng = np.random.default_rng(5)
    lat, lon = rng.uniform(0, 20, 900), rng.uniform(0, 20, 900)
    phi, lam = np.deg2rad(lat), np.deg2rad(lon)
    points = np.column_stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
    distance = 6371 * np.arccos(np.clip(points @ points.T, -1, 1))
    covariance = 0.8 * np.exp(-distance / 300) + 0.2 * np.eye(900)
    values = np.linalg.cholesky(covariance) @ rng.normal(size=900)
    table = doubts.correlogram(values, lat, lon, np.arange(900), edges=(0, 50, 100, 200, 400, 800))
    sill, length = doubts.fit_correlogram(table)
    assert 0.5 < sill <= 1 and 120 < length < 700
    assert table["correlation"].iloc[0] > table["correlation"].iloc[-1]


def test_contributions_add_in_squares():
    """3 and 4 make 5; a source that could not be had adds nothing."""
    got = doubts.contributions({
        "a": {"SR": 3.0, "HR": 1.0, "AR": 0.0}, "b": {"SR": 4.0, "HR": np.nan, "AR": 0.0},
    })
    sr = got[got["flux"] == "SR"]
    assert sr["together"].tolist() == [3.0, 5.0] and sr["share"].tolist() == [0.36, 0.64]
    assert got.loc[got["flux"] == "HR", "together"].tolist() == [1.0, 1.0]


def test_trend_of_a_line_is_certain():
    """A straight line has its slope and no interval; noise has one around it."""
    year = np.arange(1982, 2013)
    assert trends.theil_sen(year, 3.0 + 0.5 * year) == pytest.approx((0.5, 0.5, 0.5))
    noisy = 0.5 * year + np.random.default_rng(0).normal(size=31)
    slope, low, high = trends.theil_sen(year, noisy, seed=1)
    assert low < slope < high and low < 0.5 < high
    with pytest.raises(ParameterError, match="two blocks"):
        trends.theil_sen(year[:8], noisy[:8])


@given(st.floats(-5, 5), st.floats(-100, 100))
def test_trend_follows_what_is_added(slope, level):
    """A line added to a series adds its slope to the trend and to both ends of the interval."""
    year = np.arange(1982, 2013)
    values = np.sin(year * 1.7)
    base = trends.theil_sen(year, values, n_draws=50)
    moved = trends.theil_sen(year, values + slope * (year - 1982) + level, n_draws=50)
    np.testing.assert_allclose(np.array(moved) - base, slope, atol=1e-9)


def small_maps():
    """Two by two cells over land of Brazil and of Chad."""
    lat, lon = [14.25, -5.25], [18.25, -60.25]
    fields = {"SR": [[300.0, np.nan], [np.nan, 1200.0]], "HR": [[200.0, np.nan], [np.nan, 700.0]]}
    maps = xr.Dataset({k: (("lat", "lon"), v) for k, v in fields.items()}, {"lat": lat, "lon": lon})
    maps["AR"] = maps["SR"] - maps["HR"]
    maps["cell_area"] = ("lat", [3e12, 1e12])
    maps["vegetated_fraction"] = (("lat", "lon"), [[0.5, 0], [0, 1.0]])
    return maps


def test_totals_by_country():
    """Half of 3 million km2 in Chad at 300 g, one in Brazil at 1200 g."""
    maps = small_maps()
    got = regions.regional_totals(maps, by="country")
    assert got.index.tolist() == ["Brazil", "Chad"]
    assert got["SR"].tolist() == pytest.approx([1.2, 0.45])
    assert got["area"].tolist() == pytest.approx([1.0, 1.5])
    assert got["SR_mean"].tolist() == pytest.approx([1200, 300])
    assert regions.regional_totals(maps).index.tolist() == ["South America", "Middle Africa"]
    area = vegetated_area(maps)
    alone = regions.regional_totals(maps["HR"], area, by="country")
    assert alone["HR"].tolist() == pytest.approx([0.7, 0.3]) and alone.index[0] == "Brazil"
    with pytest.raises(ParameterError, match="biome"):
        regions.regional_totals(maps, by="biome")


def test_classes_share_a_cell():
    """A cell's flux goes to its classes by their areas, and all classes make the total."""
    maps = small_maps()
    igbp = xr.DataArray(np.zeros((17, 2, 2)), dims=("igbp", "lat", "lon"),
                        coords={"igbp": np.arange(17)})
    igbp[10, 0, 0], igbp[2, 1, 1], igbp[9, 1, 1] = 0.5, 0.25, 0.75
    got = regions.by_class(maps, igbp)
    assert got["SR"].to_dict() == pytest.approx(
        {"Savanna": 0.9, "Grassland": 0.45, "Evergreen broadleaf forest": 0.3}
    )


def test_a_band_of_totals():
    """Totals of the globe are those of the bands, for each year and flux."""
    maps = small_maps()
    annual = xr.concat([maps[["SR", "HR"]], 2 * maps[["SR", "HR"]]], "year")
    annual = annual.assign_coords(year=[1990, 1991])
    table = trends.band_totals(annual, maps["cell_area"] * maps["vegetated_fraction"])
    np.testing.assert_allclose(table["globe", "SR"], [1.65, 3.3])
    np.testing.assert_allclose(table["0° to 30°N", "AR"], [0.15, 0.3])
    np.testing.assert_allclose(table["30°S to 0°", "HR"], [0.7, 1.4])


def test_means_by_latitude():
    """Each band has the mean of its cells, and its area per degree."""
    got = regions.by_latitude(small_maps(), height=2.5)
    assert got.loc[13.75, "SR"] == 300 and got.loc[-6.25, "SR"] == 1200
    assert got.loc[13.75, "area"] == pytest.approx(1.5 / 2.5)
    assert got["SR"].notna().sum() == 2
