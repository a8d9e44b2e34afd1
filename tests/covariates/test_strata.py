"""Vegetation bins, their areas, and the draws from them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.strata import (
    DRAWS,
    STRATA,
    area_shares,
    dominant_stratum,
    draw_probabilities,
    draw_run,
    realised_shares,
    stratum_fractions,
)
from soilresp.errors import DataError, ParameterError
from soilresp.grid.land_cover import VEGETATED_CLASSES

SHARES = pd.Series({1: 0.1, 2: 0.05, 3: 0.15, 4: 0.2, 5: 0.5})


def igbp(**classes):
    """One row of cells with the shares of some IGBP classes, as c2=[...]."""
    n = len(next(iter(classes.values())))
    field = xr.DataArray(np.zeros((17, 1, n)), {"igbp": range(17)}, ("igbp", "lat", "lon"))
    for name, shares in classes.items():
        field.loc[{"igbp": int(name[1:])}] = [shares]
    return field


def test_bins_share_out_the_vegetated_classes():
    """Every vegetated IGBP class is in one bin; barren, urban, ice and water in none."""
    classes = [c for _, members in STRATA.values() for c in members]
    assert sorted(classes) == sorted(VEGETATED_CLASSES)
    assert list(STRATA) == [1, 2, 3, 4, 5]


def test_fractions_and_dominant_bin_by_hand():
    """Classes of a bin add up, the largest bin wins, ties go to the lower, bare land has none."""
    field = igbp(c1=[0.3, 0, 0, 0], c5=[0.3, 0, 0, 0], c2=[0.4, 0.5, 0, 0], c10=[0, 0.5, 0, 0.1],
                 c16=[0, 0, 0.7, 0.9], c0=[0, 0, 0.3, 0])
    fractions = stratum_fractions(field)
    np.testing.assert_allclose(fractions.sel(stratum=3), [[0.6, 0, 0, 0]])
    np.testing.assert_allclose(fractions.sum("stratum"), [[1, 1, 0, 0.1]])
    best = dominant_stratum(field)
    assert best.values.tolist() == [[3, 1, 0, 5]] and best.dtype == np.int8
    assert best.attrs["flag_values"] == [0, 1, 2, 3, 4, 5]
    assert len(best.attrs["flag_meanings"].split()) == 6


def test_area_shares_by_hand():
    """Shares weigh every bin of a cell by area, not its largest alone."""
    field = igbp(c2=[0.5, 0.0], c10=[0.25, 1.0])
    area = xr.DataArray([2.0], dims="lat")
    shares = area_shares(xr.Dataset({"igbp_fraction": field, "cell_area": area}))
    # 1.0 of bin 1 and 0.5 + 2.0 of bin 5.
    np.testing.assert_allclose(shares, [1 / 3.5, 0, 0, 0, 2.5 / 3.5])


def test_area_shares_of_the_map():
    """The map's shares sum to one; savanna, grass and crops have two thirds."""
    shares = area_shares(load_embedded())
    assert np.isclose(shares.sum(), 1) and (shares > 0).all()
    np.testing.assert_allclose(shares, [0.113, 0.025, 0.068, 0.128, 0.667], atol=6e-4)


networks = st.lists(st.integers(1, 5), max_size=60).map(lambda more: [1, 2, 3, 4, 5, *more])


splits = st.sampled_from(["area", "record", "bin"])


@given(networks, st.integers(0, 2**32), splits, st.floats(0.3, 1))
def test_draw_never_takes_what_is_held_out(strata, seed, draw, fraction):
    """Drawn and held-out records are apart, every bin trains, and the sizes add up."""
    rng = np.random.default_rng(seed)
    drawn, held_out = draw_run(strata, SHARES, rng, train_fraction=fraction, draw=draw)
    assert not set(drawn) & set(held_out)
    assert held_out.tolist() == sorted(set(held_out))
    assert len(drawn) == len(strata) - len(held_out)
    counts = pd.Series(strata).value_counts()
    trained = sum(max(1, round(fraction * n)) for n in counts)
    assert len(drawn) == trained


@given(networks, st.sampled_from(list(DRAWS)))
def test_probabilities_sum_to_one(strata, draw):
    """Whatever the records, the chances of one draw are a distribution, alike within a bin."""
    chance = draw_probabilities(np.array(strata), SHARES, draw)
    assert chance.sum() == pytest.approx(1, abs=1e-12) and (chance > 0).all()
    of_bin = pd.Series(chance).groupby(np.array(strata))
    assert (of_bin.max() - of_bin.min()).max() == 0
    wanted = {"bin": pd.Series(0.2, SHARES.index),
              "record": pd.Series(strata).value_counts(normalize=True)}.get(draw, SHARES)
    np.testing.assert_allclose(of_bin.sum(), wanted.sort_index(), rtol=1e-12)


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_bins_are_drawn_by_area(seed):
    """A bin's part of the draw is its area's within five standard errors, however few records."""
    strata = np.repeat([1, 2, 3, 4, 5], [200, 2500, 1500, 300, 500])
    drawn, _ = draw_run(strata, SHARES, np.random.default_rng(seed))
    part = pd.Series(strata[drawn]).value_counts(normalize=True).reindex(SHARES.index)
    error = np.sqrt(SHARES * (1 - SHARES) / len(drawn))
    assert (np.abs(part - SHARES) < 5 * error).all()


@given(networks, st.integers(0, 2**32), st.floats(0.3, 1))
def test_draw_without_replacement(strata, seed, fraction):
    """No record comes twice, the rest is held out, and the sizes are those asked for."""
    rng = np.random.default_rng(seed)
    drawn, held_out = draw_run(strata, SHARES, rng, fraction, draw="area_without")
    assert len(set(drawn)) == len(drawn) == max(1, round(fraction * len(strata)))
    assert sorted([*drawn, *held_out]) == list(range(len(strata)))


def test_realised_shares_by_hand():
    """Repeats count, and a bin that was not drawn has a share of zero."""
    got = realised_shares([np.array([0, 0, 1, 2]), np.array([2])], np.array([1, 1, 3]), SHARES)
    assert got.to_numpy().tolist() == [[0.75, 0, 0.25, 0, 0], [0, 0, 1, 0, 0]]


def test_records_are_held_out_alike():
    """Over many runs a fifth of the records of every bin is held out, each as often."""
    strata = np.repeat([1, 2, 3, 4, 5], 10)
    rng = np.random.default_rng(0)
    times = np.zeros(50)
    for _ in range(500):
        times[draw_run(strata, SHARES, rng)[1]] += 1
    assert np.all(np.abs(times - 100) < 5 * np.sqrt(500 * 0.2 * 0.8))
    assert times.reshape(5, 10).sum(axis=1).tolist() == [1000] * 5


def test_empty_bin():
    """A bin without records is told by name, unless drawn equally or without area."""
    strata, rng = [1, 1, 3, 4, 5, 5], np.random.default_rng(0)
    for draw in ("area", "area_without", "bin"):
        with pytest.raises(DataError, match=r"2 \(deciduous broadleaf forest\)"):
            draw_run(strata, SHARES, rng, draw=draw)
    assert len(draw_run(strata, SHARES, rng, draw="record")[0])
    assert len(draw_run(strata, SHARES.where(SHARES.index != 2, 0), rng)[0])
    with pytest.raises(DataError, match="class 0"):
        draw_run([0, 1, 2, 3, 4, 5], SHARES, rng)


@pytest.mark.parametrize(
    "setting, message",
    [({"draw": "equal"}, "'equal'"), ({"train_fraction": 0}, "got 0"),
     ({"train_fraction": 80}, "got 80")],
)
def test_impossible_settings(setting, message):
    """An unknown draw is refused, not taken for another; a fraction is a fraction."""
    with pytest.raises(ParameterError, match=message):
        draw_run([1, 2, 3, 4, 5], SHARES, np.random.default_rng(0), **setting)
