"""Tests of the checks of years and words."""

import numpy as np
import pytest
from made_records import flagged, is_flagged, made

from soilresp.records.quality import entries


@pytest.mark.parametrize("year, entry, late", [
    (2009.5, "2009-01-05", False), (2010.0, "2009-01-05", False), (2010.1, "2009-01-05", True),
    (2008.5, "2008-12-31", False), (1900.0, "2009-01-05", False), (1899.9, "2009-01-05", True),
    (2030.0, None, False), (2030.0, "unknown", False), (1899.0, None, True), (2030.0, 2009, False),
])
def test_years_after_the_entry(year, entry, late):
    """More than a year after the year of entry, or before 1900."""
    found = flagged(entries.year, made({"Study_midyear": year, "Entry_date": entry}))
    assert found["score"].tolist() == [1.0] * late
    assert found["test"].tolist() == ["year against entry"] * late


@pytest.mark.parametrize("year, n, score", [
    # 25 years score 0.5; 0.45 is at 20.4545.
    (1980.1, 3, None), (1980.0, 3, 20.5 / 45.5), (1975.5, 3, 0.5), (2000.5, 3, None),
    (1975.5, 2, None), (1925.5, 4, 0.75),
])
def test_years_far_from_the_study(year, n, score):
    """Twenty years from the median of a study of four records or more."""
    found = flagged(entries.year, made(*[{}] * n, {"Study_midyear": year}))
    assert is_flagged(found, score)
    assert score is None or "year near 2000" in found["expected"].iloc[0]


def pair(first=None, second=None):
    """Flags on two records of two studies, alike but for the changes."""
    return flagged(entries.duplicates, made(
        {"Rs_annual": 613.0, **(first or {})},
        {"Rs_annual": 613.0, "Study_number": 11, **(second or {})}))


@pytest.mark.parametrize("second, alike", [
    ({"Rs_annual": 614.0}, False), ({"Rh_annual": 361.0}, False),
    ({"Rh_annual": np.nan}, False), ({"Latitude": 50.98}, True), ({"Latitude": 51.04}, True),
    ({"Latitude": 51.06}, False), ({"Longitude": 13.62}, True), ({"Longitude": 13.66}, False),
    ({"Study_midyear": 2001.9}, True), ({"Study_midyear": 2002.0}, False),
    ({"Study_midyear": 1999.0}, True), ({"Study_midyear": 1998.9}, False),
    ({"Study_midyear": np.nan}, False), ({"Latitude": np.nan}, False),
    ({"Duplicate_record": "Study 10"}, False), ({"Quality_flag": "Q13"}, False),
    ({"Quality_flag": "Q01, Q13"}, False), ({"Quality_flag": "Q01"}, True),
])
def test_what_makes_a_duplicate(second, alike):
    """The flux to the last digit, the site to a tenth, the year to one; not what is marked."""
    # 50.96 and 13.56 round to 51.0 and 13.6.
    home = {"Latitude": 50.96, "Longitude": 13.56}
    assert len(pair(home, {**home, **second})) == alike
    assert len(pair({**home, **second}, home)) == alike


@pytest.mark.parametrize("flux, alike", [
    (613.0, True), (610.0, False), (600.0, False), (600.5, True), (61.3, True), (61.0, False),
    (0.613, True), (0.061, False), (1001.0, True), (6.13, True),
])
def test_digits_of_a_duplicate(flux, alike):
    """Three digits or more, without zeros at the ends, are no chance."""
    assert len(pair({"Rs_annual": flux}, {"Rs_annual": flux})) == alike


def repeated(n, third=11):
    """Scores where `n` pairs share two studies, and one more record is of a third."""
    rows = []
    for k in range(n):
        rows += [{"Rs_annual": 613.0 + k, "Study_number": s} for s in (10, 11)]
    rows += [{"Rs_annual": 713.0}, {"Rs_annual": 713.0, "Study_number": third}]
    return flagged(entries.duplicates, made(*rows))["score"].tolist()


def test_many_pairs_of_two_studies():
    """From three pairs on the remark is 0.49; pairs with another study do not count."""
    assert repeated(1) == [0.4] * 2
    assert repeated(2) == [0.49] * 3
    assert repeated(2, third=12) == [0.4] * 3
    assert sorted(repeated(3, third=12)) == [0.4] + [0.49] * 3


def test_blanks_around_words():
    """Blanks before and behind, in every field of categories; blanks within are none."""
    found = flagged(entries.stray_blanks, made(
        {"Country": "Germany "}, {"Biome": "\tBoreal"}, {"Ecosystem_type": "Rain forest"},
        {"Manipulation": 3}, {"Manipulation": None}))
    assert found.index.tolist() == [0, 1]
    assert found["repair"].tolist() == ["Country=Germany", "Biome=Boreal"]


def states(**counts):
    """Repairs of the spelling of states that are given so many times (`_` stands for a blank)."""
    words = [word.replace("_", " ") for word, n in counts.items() for _ in range(n)]
    found = flagged(entries.spelling, made(*({"Ecosystem_state": word} for word in words)))
    assert set(found["score"]) <= {0.4}
    assert found["expected"].tolist() == [f'"{r.partition("=")[2]}"' for r in found["repair"]]
    return found["repair"].tolist()


@pytest.mark.parametrize("counts, n", [
    ({"Managed": 20, "Manged": 1}, 1), ({"Managed": 19, "Manged": 1}, 0),
    ({"Managed": 40, "Manged": 2}, 2), ({"Managed": 39, "Manged": 2}, 0),
    ({"Managed": 200, "Manged": 10}, 10), ({"Managed": 220, "Manged": 11}, 0),
    # One of seven letters replaced is alike to 6/7, one of six to 5/6.
    ({"Managed": 20, "Managad": 1}, 1), ({"Forest": 20, "Forost": 1}, 0),
    # Endings, capitals and short words are no slips.
    ({"Managed": 20, "managed": 1}, 0), ({"Meadow": 20, "Meadows": 1}, 0),
    ({"Natural": 20, "Managed": 1}, 0), ({"Crop": 20, "Crops": 1}, 0),
])
def test_rare_and_frequent_words(counts, n):
    """A word of five letters or more, ten times at most, a twentieth of one that is alike."""
    (right, _), _ = counts.items()
    assert states(**counts) == [f"Ecosystem_state={right}"] * n


@pytest.mark.parametrize("word, close, typo", [
    ("Managed", "managed", False), ("Managed", "Manged", True), ("Burned", "Burns", False),
    ("Burning", "burned", False), ("Managed", "Manag", False), ("Grassland", "Grassla", True),
    ("Grassland", "Grassl", False), ("Grassl", "Grassland", False), ("Grassla", "Grassland", True),
])
def test_what_a_slip_of_the_keys_is(word, close, typo):
    """Other letters, not another ending, and two letters more or less at most."""
    assert entries._typo(word, close) == typo


def test_words_on_countries():
    """What is no country is told of, with the likely one where the spelling is near."""
    found = flagged(entries.unknown_country, made(
        {"Country": "Germny"}, {"Country": "Tuscany"}, {}, {"Country": None}))
    assert found.index.tolist() == [0, 1]
    assert found["repair"].tolist() == ["Country=Germany", ""]
    assert found["score"].tolist() == [0.4, 0.4]


@pytest.mark.parametrize("change, found", [
    ({}, ["Rs_annual", "Rh_annual"]), ({"Rs_annual": 601.0}, ["Rh_annual"]),
    ({"Study_midyear": 2000.0}, ["Rs_annual", "Rh_annual"]), ({"Study_midyear": 2001.0}, []),
    ({"Latitude": 50.96}, []), ({"Longitude": np.nan}, []), ({"Study_number": 11}, []),
    ({"Rh_annual": np.nan}, ["Rs_annual"]),
])
def test_repeated_rows(change, found):
    """A later row of the study with the same place, year and flux is a remark."""
    flags = flagged(entries.repeated_rows, made({}, change))
    assert flags["field"].tolist() == found
    assert (flags["record"] == 2).all() and (flags["score"] == entries.REMARK).all()
