"""Draws of training records: probabilities, shares, what is held out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import DataError, ParameterError
from soilresp.upscaling.sampling import (
    SAMPLINGS,
    draw_records,
    realised_shares,
    sampling_probabilities,
)

SHARES = pd.Series({1: 0.1, 2: 0.05, 3: 0.15, 4: 0.2, 5: 0.5})


networks = st.lists(st.integers(1, 5), max_size=60).map(lambda more: [1, 2, 3, 4, 5, *more])


splits = st.sampled_from(["area", "record", "bin"])


@given(networks, st.integers(0, 2**32), splits, st.floats(0.3, 1))
def test_draw_never_takes_what_is_held_out(strata, seed, draw, fraction):
    """Drawn and held-out records are apart, every bin trains, and the sizes add up."""
    rng = np.random.default_rng(seed)
    drawn, held_out = draw_records(strata, SHARES, rng, train_fraction=fraction, sampling=draw)
    assert not set(drawn) & set(held_out)
    assert held_out.tolist() == sorted(set(held_out))
    assert len(drawn) == len(strata) - len(held_out)
    counts = pd.Series(strata).value_counts()
    trained = sum(max(1, round(fraction * n)) for n in counts)
    assert len(drawn) == trained


@given(networks, st.sampled_from(list(SAMPLINGS)))
def test_probabilities_sum_to_one(strata, draw):
    """Whatever the records, the chances of one draw are a distribution, alike within a bin."""
    chance = sampling_probabilities(np.array(strata), SHARES, draw)
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
    drawn, _ = draw_records(strata, SHARES, np.random.default_rng(seed))
    part = pd.Series(strata[drawn]).value_counts(normalize=True).reindex(SHARES.index)
    error = np.sqrt(SHARES * (1 - SHARES) / len(drawn))
    assert (np.abs(part - SHARES) < 5 * error).all()


@given(networks, st.integers(0, 2**32), st.floats(0.3, 1))
def test_draw_without_replacement(strata, seed, fraction):
    """No record comes twice, the rest is held out, and the sizes are those asked for."""
    rng = np.random.default_rng(seed)
    drawn, held_out = draw_records(strata, SHARES, rng, fraction, sampling="area_without")
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
        times[draw_records(strata, SHARES, rng)[1]] += 1
    assert np.all(np.abs(times - 100) < 5 * np.sqrt(500 * 0.2 * 0.8))
    assert times.reshape(5, 10).sum(axis=1).tolist() == [1000] * 5


def test_empty_bin():
    """A bin without records is told by name, unless drawn equally or without area."""
    strata, rng = [1, 1, 3, 4, 5, 5], np.random.default_rng(0)
    for draw in ("area", "area_without", "bin"):
        with pytest.raises(DataError, match=r"2 \(deciduous broadleaf forest\)"):
            draw_records(strata, SHARES, rng, sampling=draw)
    assert len(draw_records(strata, SHARES, rng, sampling="record")[0])
    assert len(draw_records(strata, SHARES.where(SHARES.index != 2, 0), rng)[0])
    with pytest.raises(DataError, match="class 0"):
        draw_records([0, 1, 2, 3, 4, 5], SHARES, rng)


@pytest.mark.parametrize(
    "setting, message",
    [({"sampling": "equal"}, "'equal'"), ({"train_fraction": 0}, "got 0"),
     ({"train_fraction": 80}, "got 80")],
)
def test_impossible_settings(setting, message):
    """An unknown draw is refused, not taken for another; a fraction is a fraction."""
    with pytest.raises(ParameterError, match=message):
        draw_records([1, 2, 3, 4, 5], SHARES, np.random.default_rng(0), **setting)
