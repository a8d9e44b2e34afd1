"""Tests of the checks of fluxes."""

import math

import numpy as np
import pandas as pd
import pytest
from made_records import flagged, is_flagged, made

from soilresp.records.quality import fluxes

YEAR = 12.011e-6 * 31_557_600
"""g C m-2 in a year of 365.25 days at 1 umol CO2 m-2 s-1."""


RANGES = {
    "Rs_growingseason": (0.73, 6), "Rs_summer": (0.65, 7), "Rs_spring": (1.2, 15),
    "Rs_autumn": (1.2, 15), "Rs_wet": (0.8, 6), "Rs_dry": (1.2, 7), "Rs_winter": (2.6, 27),
}


def seasonal(field, rate, sr):
    """Flags of an SR and a season's rate."""
    row = {"Rs_growingseason": None, field: rate, "Rs_annual": sr}
    return flagged(fluxes.seasonal_rates, made(row))


@pytest.mark.parametrize("field", RANGES)
@pytest.mark.parametrize("up", [1, -1])
def test_ranges_of_seasons(field, up):
    """0.5 at the season's factor from its usual SR, remarked from the 0.818th power of it."""
    usual, width = RANGES[field]
    due = 0.5 * YEAR * usual
    found = seasonal(field, 0.5, due * width**up)
    assert is_flagged(found, 0.5) and f"about {due:,.0f} g" in found["expected"].iloc[0]
    assert seasonal(field, 0.5, due * width ** (0.81 * up)).empty
    assert len(seasonal(field, 0.5, due * width ** (0.82 * up))) == 1
    assert seasonal(field, 0.5, due).empty


def test_seasons_that_tell_nothing():
    """Rates and fluxes of zero or less are no evidence; half a gram is."""
    for rate, sr in ((0.0, 600.0), (-1.0, 600.0), (2.2, 0.0), (2.2, -600.0), (-2.0, -1e5)):
        assert seasonal("Rs_winter", rate, sr).empty
    assert len(seasonal("Rs_winter", 2.0, 0.5)) == 1


def remembered(rows, studies=None):
    """Evidence whose expected SR is given, and that has no HR."""
    own = made(*({"Study_number": s} for s in studies or range(len(rows))))
    columns = ["log", "residual", "others", "rest", "spread", "z", "limit"]
    own.memo["Rs_annual"] = pd.DataFrame(rows, columns=columns)
    own.memo["Rh_annual"] = pd.DataFrame(columns=columns)
    return own


@pytest.mark.parametrize("z, score", [(3.27, None), (3.28, 3.28 / 7.28), (-3.28, 3.28 / 7.28),
                                      (4.0, 0.5), (-12.0, 0.75), (0.0, None)])
def test_when_a_flux_is_told_of(z, score):
    """From 0.818 of its limit, up or down; 0.5 at the limit."""
    own = remembered([(math.log(600), 0, 0, math.log(10), 0.3, z, 4.0)])
    found = flagged(fluxes.comparable_records, own)
    # A factor of ten is the repair, of a suspicion alone.
    assert is_flagged(found, score, "Rs_annual=60" if (score or 0) >= 0.5 else "")


@pytest.mark.parametrize("middle, score", [
    (1.87, None), (1.874, 1.874 / (1.874 + 2.288)), (-1.874, 1.874 / (1.874 + 2.288)),
    (2.288, 0.5), (-6.864, 0.75),
])
def test_when_a_study_is_told_of(middle, score):
    """Its middle record is compared with 4.4 times 0.52, that is 2.288."""
    rows = [(math.log(600), r, 2, 0, 0.3, 0, 5.8) for r in (middle - 0.3, middle, middle + 9)]
    # A study of one record is not looked at.
    found = flagged(fluxes.whole_study, remembered([*rows, rows[0]], [7, 7, 7, 8]))
    assert found["score"].tolist() == ([] if score is None else [pytest.approx(score)] * 3)


@pytest.mark.parametrize("log, spread, text", [
    (math.log(10), 0.2, "60"), (-math.log(10), 0.2, "6000"), (math.log(100), 0.2, "6"),
    (-math.log(3.67), 0.2, "2202"), (math.log(365), 0.2, "1.6438356"), (0.0, 0.2, ""),
    # 0.375 is 1.5 spreads of 0.25, and just enough.
    (math.log(10) + 0.375, 0.25, "60"), (math.log(10) + 0.38, 0.25, ""),
    (math.log(10) - 0.38, 0.25, ""),
    # ln 365 - ln 100 is 1.2947: 2.59 spreads of 0.5, 2.44 spreads of 0.53.
    (math.log(100), 0.5, "6"), (math.log(100), 0.53, ""), (math.log(365), 0.53, ""),
    # ln 10 - ln 3.67 is 1.0024: 2.56 spreads of 0.392, 2.47 of 0.405.
    (-math.log(10), 0.392, "6000"), (-math.log(10), 0.405, ""),
])
def test_repair_by_a_factor(log, spread, text):
    """The best factor leaves 1.5 spreads at most, every other 2.5 at least."""
    assert fluxes._factor("F", 600.0, log, spread) == (text and f"F={text}")


@pytest.mark.parametrize("residual, study, shared", [
    ([5.0], [1], [0]), ([1.0, 2.0, 6.0], [1, 1, 1], [1.5, 1, 1]),
    ([0.2, 0.4, 0.6], [1, 1, 1], [0.4, 0.2, 0.2]), ([4.0, 4.0], [1, 1], [1.5, 1.5]),
    ([-4.0, -4.0], [1, 1], [-1.5, -1.5]), ([2.8, 2.8], [1, 1], [1.4, 1.4]),
    ([0.5, 9.0, -0.3, 9.0], [1, 2, 1, 2], [-0.15, 1.5, 0.25, 1.5]),
])
def test_what_a_study_shares(residual, study, shared):
    """The median of the other records and of zero, 1.5 at most."""
    found = fluxes._shared(np.array(residual), np.array(study))
    assert found.tolist() == pytest.approx(shared)


def expected_table(monkeypatch, studies, flux=None):
    """Expected SR where the forest says ln 600 of every record."""
    monkeypatch.setattr(
        fluxes, "left_out", lambda x, y, groups: pd.Series(math.log(600), index=y.index))
    flux = [600.0] * len(studies) if flux is None else flux
    own = made(*({"Study_number": s, "Rs_annual": f} for s, f in zip(studies, flux)),
               MAT=[8.0] * len(studies))
    return own, fluxes.expected_fluxes(own, "Rs_annual")


def test_spreads_by_the_size_of_a_study(monkeypatch):
    """Limits change with 1, 3 and 10 other records, which are counted without the own."""
    sizes = {1: 1, 2: 2, 3: 3, 4: 4, 5: 10, 6: 11, **dict.fromkeys(range(7, 51), 1)}
    own, found = expected_table(monkeypatch, [s for s, n in sizes.items() for _ in range(n)])
    by_study = found.groupby(own.study)[["others", "spread", "limit"]].first()
    assert by_study.loc[1:6].values.tolist() == [
        [0, 0.52, 4.0], [1, 0.30, 5.8], [2, 0.30, 5.8], [3, 0.27, 6.0], [9, 0.27, 6.0],
        [10, 0.25, 6.0]]
    assert (found["residual"] == 0).all() and (found["z"] == 0).all()
    assert fluxes.expected_fluxes(own, "Rs_annual") is found


def test_what_is_left_of_a_flux(monkeypatch):
    """The residual less what the study shares, in spreads."""
    flux = [600.0 * math.exp(r) for r in (1.0, 0.8, 0.0)] + [1200.0] + [600.0] * 48
    _, found = expected_table(monkeypatch, [1, 1, 1, *range(2, 51)], flux)
    assert found["log"].iloc[0] == pytest.approx(math.log(600) + 1)
    assert found["residual"].iloc[:4].tolist() == pytest.approx([1, 0.8, 0, math.log(2)])
    # The others of the first: 0.8, 0 and 0. Of the third: 1, 0.8 and 0.
    assert found["rest"].iloc[:4].tolist() == pytest.approx([1, 0.8, -0.8, math.log(2)])
    assert found["z"].iloc[:4].tolist() == pytest.approx(
        [1 / 0.3, 0.8 / 0.3, -0.8 / 0.3, math.log(2) / 0.52])


def test_features_of_a_flux():
    """The cell, distance from the equator, what is reported, codes of words, and treatment."""
    own = made(
        {"Latitude": -40.5, "Ecosystem_type": "Grassland"}, {"Manipulation": "Fertilized"},
        {"MAT": np.nan, "Biome": None, "Manipulation": None}, MAT=[8.0, np.nan, 9.0])
    found = fluxes._features(own)
    assert found["latitude"].tolist() == [40.5, 50.95, 50.95]
    assert found["MAT"].tolist() == [8.0, -99.0, 9.0]
    assert found["reported_MAT"].tolist() == [8.0, 8.0, -99.0]
    assert found[["reported_MAP", "reported_Elevation"]].iloc[0].tolist() == [800.0, 380.0]
    # Words in alphabetical order: Forest, Grassland. What is missing has the code -1.
    assert found["Ecosystem_type"].tolist() == [1, 0, 0]
    assert found["Biome"].tolist() == [0, 0, -1]
    assert found["untreated"].tolist() == [1.0, 0.0, 0.0]
    assert {"Leaf_habit", "Ecosystem_state", "Soil_drainage"} <= set(found.columns)
