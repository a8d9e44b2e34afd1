"""Years, words and names of the field records; remedies and reports; slips that are made."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import shapely
from records.test_quality import table
from records.test_quality_edges import RADIUS, World, made, placed

from soilresp.errors import DataError, ParameterError
from soilresp.records import quality
from soilresp.records.quality import benchmark, countries, entries, remedy, report
from soilresp.records.quality.benchmark import HALVES, MARKS, WAYS
from soilresp.records.quality.evidence import FIELDS, Evidence
from soilresp.records.srdb import read_srdb

# Years


@pytest.mark.parametrize("year, entry, flagged", [
    (2009.5, "2009-01-05", False), (2010.0, "2009-01-05", False), (2010.1, "2009-01-05", True),
    (2008.5, "2008-12-31", False), (1900.0, "2009-01-05", False), (1899.9, "2009-01-05", True),
    (2030.0, None, False), (2030.0, "unknown", False), (1899.0, None, True), (2030.0, 2009, False),
])
def test_years_after_the_entry(year, entry, flagged):
    """More than a year after the year of entry, or before 1900."""
    found = entries.year(made({"Study_midyear": year, "Entry_date": entry}))
    assert found["score"].tolist() == [1.0] * flagged
    assert found["test"].tolist() == ["year against entry"] * flagged


def test_words_on_the_entry():
    """The year as it is given, and that of the entry."""
    found = entries.year(made({"Study_midyear": 2012.5})).iloc[0]
    assert (found["field"], found["value"]) == ("Study_midyear", "2012.5")
    assert found["expected"] == "a year before 2009, when the record was entered"
    found = entries.year(made({"Study_midyear": 1899.0, "Entry_date": None})).iloc[0]
    assert found["expected"] == "a year from 1900 on"


@pytest.mark.parametrize("year, n, score", [
    # 25 years score 0.5; 0.45 is at 20.4545.
    (1980.1, 3, None), (1980.0, 3, 20.5 / 45.5), (1975.5, 3, 0.5), (2000.5, 3, None),
    (1975.5, 2, None), (1925.5, 4, 0.75),
])
def test_years_far_from_the_study(year, n, score):
    """Twenty years from the median of a study of four records or more."""
    found = entries.year(made(*[{}] * n, {"Study_midyear": year}))
    assert found["score"].tolist() == ([] if score is None else [pytest.approx(score)])
    if score is not None:
        assert found.index.tolist() == [n]
        assert found[["test", "field", "value", "expected"]].iloc[0].tolist() == [
            "year against its study", "Study_midyear", f"{year:g}",
            "a year near 2000, as in the study's other records"]


def test_a_late_year_is_told_of_once():
    """What is after the entry is not held against the study as well; other studies do not count."""
    found = entries.year(made(*[{}] * 3, {"Study_midyear": 2040.5}))
    assert found["test"].tolist() == ["year against entry"]
    found = entries.year(made(*[{}] * 3, {"Study_midyear": 1960.5, "Study_number": 11}))
    assert found.empty


# Duplicates


def pair(first=None, second=None):
    """Flags on two records of two studies, alike but for the changes."""
    return entries.duplicates(made(
        {"Rs_annual": 613.0, **(first or {})},
        {"Rs_annual": 613.0, "Study_number": 11, **(second or {})}))


def both(**changes):
    """Flags on two records of two studies that have the same changes."""
    return pair(changes, changes)


def test_a_pair_of_studies():
    """The later record is remarked with 0.4, and the first is named."""
    found = pair()
    assert found.index.tolist() == [1]
    assert found[["field", "value", "score", "repair"]].iloc[0].tolist() == [
        "Rs_annual", "613 g C m-2 yr-1", 0.4, ""]
    assert found["expected"].iloc[0] == (
        "a flux of its own; record 1 of study 10 has the same flux, place and year")


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
    assert len(both(Rs_annual=flux)) == alike


def test_without_heterotrophic_respiration():
    """Where neither has HR two may still be the same; not without SR, nor within a study."""
    assert len(both(Rh_annual=np.nan)) == 1
    assert both(Rs_annual=np.nan).empty
    assert pair(second={"Study_number": 10}).empty


def test_the_first_record_is_that_of_the_lowest_number():
    """Wherever it stands in the table; every other study's record is later."""
    found = pair({"Record_number": 9}, {"Record_number": 4})
    assert found.index.tolist() == [0]
    assert "record 4 of study 11" in found["expected"].iloc[0]


def repeated(n, third=11):
    """Scores where `n` pairs share two studies, and one more record is of a third."""
    rows = []
    for k in range(n):
        rows += [{"Rs_annual": 613.0 + k, "Study_number": s} for s in (10, 11)]
    rows += [{"Rs_annual": 713.0}, {"Rs_annual": 713.0, "Study_number": third}]
    return entries.duplicates(made(*rows))["score"].tolist()


def test_many_pairs_of_two_studies():
    """From three pairs on the remark is 0.49; pairs with another study do not count."""
    assert repeated(1) == [0.4] * 2
    assert repeated(2) == [0.49] * 3
    assert repeated(2, third=12) == [0.4] * 3
    assert sorted(repeated(3, third=12)) == [0.4] + [0.49] * 3


def test_one_study_alone_does_not_end_the_search():
    """Records of one study that are alike are passed over, the next place is looked at."""
    south = {"Latitude": 10.5}
    found = entries.duplicates(made(
        {"Rs_annual": 613.0, **south}, {"Rs_annual": 613.0, **south},
        {"Rs_annual": 613.0}, {"Rs_annual": 613.0, "Study_number": 11}))
    assert found.index.tolist() == [3]


# Words


def test_blanks_around_words():
    """Blanks before and behind, in every field of categories; blanks within are none."""
    found = entries.stray_blanks(made(
        {"Country": "Germany "}, {"Biome": "\tBoreal"}, {"Ecosystem_type": "Rain forest"},
        {"Manipulation": 3}, {"Manipulation": None}))
    assert found.index.tolist() == [0, 1]
    assert found["value"].tolist() == ['"Germany "', '"\tBoreal"']
    assert found["expected"].tolist() == ['"Germany"', '"Boreal"']
    assert found["repair"].tolist() == ["Country=Germany", "Biome=Boreal"]
    assert found["score"].tolist() == [0.4, 0.4]


def states(**counts):
    """Repairs of the spelling of states that are given so many times (`_` stands for a blank)."""
    words = [word.replace("_", " ") for word, n in counts.items() for _ in range(n)]
    found = entries.spelling(made(*({"Ecosystem_state": word} for word in words)))
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


def test_words_within_a_text():
    """The wrong word alone is replaced, every time it stands there."""
    assert states(Managed_forest=20, Manged_forest=1) == ["Ecosystem_state=Managed forest"]
    assert states(Managed=20, Natural=20, Manged_Naturel=1) == ["Ecosystem_state=Managed Natural"]


def test_the_nearest_frequent_word():
    """Of two that may be meant, that which is more alike, not the other."""
    # "Managedd" is alike to "Managed" by 14/15, to "Managexd" by 7/8.
    assert states(Managed=20, Managexd=20, Managedd=1) == ["Ecosystem_state=Managed"]


def test_three_words_are_tried():
    """The word itself and the two that are most alike; a fourth is not looked at."""
    # "Managadd" and "Managadx" are nearer to "Managad" than "Managed" is, but as rare.
    assert states(Managed=20, Managadd=1, Managad=1) == ["Ecosystem_state=Managed"]
    assert states(Managed=20, Managadd=1, Managadx=1, Managad=1) == []


def test_names_of_countries_are_not_spelled():
    """Countries have a test of their own."""
    rows = [{"Country": "Germany"}] * 20 + [{"Country": "Germny"}]
    assert entries.spelling(made(*rows)).empty


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
    found = entries.unknown_country(made(
        {"Country": "Germny"}, {"Country": "Tuscany"}, {}, {"Country": None}))
    assert found.index.tolist() == [0, 1]
    assert found["value"].tolist() == ['"Germny"', '"Tuscany"']
    assert found["expected"].tolist() == [
        "the name of a country, likely Germany", "the name of a country"]
    assert found["repair"].tolist() == ["Country=Germany", ""]
    assert found["score"].tolist() == [0.4, 0.4]


# Countries


@pytest.mark.parametrize("name, codes", [
    (" The Netherlands ", ("NLD",)), ("GERMANY", ("DEU",)), ("Northern Ireland", ("GBR",)),
    ("Scotland", ("GBR",)), ("Wales", ("GBR",)), ("Cymru", ()), ("Kent", ()), ("Theland", ()),
    ("the uk", ("GBR",)), (5, ()), ("", ()),
    ("Greenland", ("GRL",)), ("Serbia", ("SRB", "KOS")), ("Korea", ("KOR", "PRK")),
    ("China", ("CHN", "HKG", "MAC", "TWN")), ("Czechoslovakia", ("CZE", "SVK")),
    ("French Guiana", ("FRA",)), ("Antarctic", ("ATA",)), ("Micronesia", ("FSM",)),
    ("Kingdom of Saudi Arabia", ("SAU",)), ("Republic of Congo", ("COG",)),
])
def test_codes_of_names(name, codes):
    """Blanks, capitals and an article do not matter; parts of the UK count, counties do not."""
    assert countries.resolve(name) == codes


@pytest.mark.parametrize("name, nearest", [
    # Twice the letters in common over all letters: 12/13, 10/12 and 8/10.
    ("Germny", "Germany"), ("Franse", "France"), ("Kenia", None), (" Germny ", "Germany"),
    ("Boliwia", "Bolivia"), ("Vietnan", "Vietnam"), ("xyz", None),
])
def test_names_that_are_near(name, nearest):
    """Alike to 82 % or more, among the names in common use."""
    assert countries.nearest_name(name) == nearest


def test_names_are_looked_up_once():
    """Asked again, codes and spellings are at hand."""
    assert countries.resolve("Sweden") is countries.resolve("Sweden")
    countries.nearest_name("Swedn")
    hits = countries.nearest_name.cache_info().hits
    assert countries.nearest_name("Swedn") == "Sweden"
    assert countries.nearest_name.cache_info().hits == hits + 1


def test_territories():
    """A state's territories belong to it; a territory alone has none, nor has an unknown code."""
    world = countries.all_countries()
    assert world.belonging(("DNK",)) == ("DNK", "FRO", "GRL")
    assert world.belonging(("GRL",)) == ("GRL",)
    assert world.belonging(("XXX",)) == ("XXX",)
    assert world.belonging(("SRB", "KOS")) == ("KOS", "SRB")
    assert world.belonging(("DNK", "DEU")) == ("DEU", "DNK", "FRO", "GRL")
    assert countries.all_countries() is world


def test_countries_around_points():
    """The code around a point, nothing at sea or beyond the poles."""
    world = countries.all_countries()
    lat, lon = np.array([50.95, 0.0, -33.5, 74.47]), np.array([13.55, -30.0, 19.5, -38.0])
    assert world.containing(lat, lon).tolist() == ["DEU", "", "ZAF", "GRL"]
    assert world.containing(np.array([]), np.array([])).tolist() == []


def test_distances_from_outlines():
    """Half a degree north of a straight border on 49 N is 56 km from it, wherever it is."""
    world = countries.all_countries()
    lon = np.linspace(-104, -103, 11)
    away, nearest = world.distance(np.full(11, 49.5), lon, ("USA",))
    # The border is drawn within 0.01 degrees of 49 N; points of it are at most 0.2 degrees,
    # 14.5 km, apart, so the next one is at most 7.3 km aside: sqrt(56.4**2 + 7.3**2) is 56.9.
    assert away.min() > 55 and away.max() < 57
    assert nearest[:, 0] == pytest.approx(49, abs=0.02)
    assert np.abs(nearest[:, 1] - lon).max() < 0.11
    # The same border is the nearest of all; the other side of it is as far.
    assert world.distance(np.array([49.5]), np.array([-103.5]))[0] == pytest.approx([56], abs=1)
    # The outline is as far from inside.
    inside = world.distance(np.array([48.5]), np.array([-103.5]), ("USA",))[0]
    assert inside == pytest.approx([55], abs=1)


def test_no_outline():
    """A code without a polygon is at no distance, and is asked for once."""
    world = countries.all_countries()
    for _ in range(2):
        away, nearest = world.distance([50.0, 51.0], [13.0, 14.0], ("XXX",))
        assert np.isnan(away).tolist() == [True, True]
        assert nearest.shape == (2, 2) and np.isnan(nearest).all()


def test_corners_stand_close():
    """A long straight border gets points at most 0.2 degrees apart, and no more than it needs."""
    world = countries.Countries.__new__(countries.Countries)
    world.codes, world._outlines = np.array(["SQR"]), {}
    world.shapes = np.array([shapely.box(10, -1, 12, 1)])
    _, corners = world._outline(("SQR",))
    # Four sides of two degrees in ten pieces each.
    assert len(np.unique(corners.round(9), axis=0)) == 40
    away, nearest = world.distance([0.0], [15.0], ("SQR",))
    assert away == pytest.approx([math.radians(3) * RADIUS])
    assert nearest.tolist() == [[pytest.approx(0, abs=1e-9), pytest.approx(12)]]
    assert world._outline(("SQR",)) is world._outline(("SQR",))


def test_missing_polygons(monkeypatch, tmp_path):
    """Without the file, the way to have it back is told."""
    monkeypatch.setattr(countries, "data_dir", lambda: tmp_path)
    with pytest.raises(DataError, match="ne_50m_admin_0_countries.shp is missing. It belongs to "
                                        "the project: restore it with `git checkout data`."):
        countries.Countries()


@pytest.mark.parametrize("lat, lon, vector", [
    (0, 0, (1, 0, 0)), (0, 90, (0, 1, 0)), (90, 0, (0, 0, 1)), (-30, 180, (-(3**0.5) / 2, 0, -0.5)),
    (60, 60, (0.25, 3**0.5 / 4, 3**0.5 / 2)),
])
def test_points_on_a_sphere(lat, lon, vector):
    """x towards the Gulf of Guinea, y towards India, z towards the north pole."""
    assert countries.unit_vectors(lat, lon)[0] == pytest.approx(vector, abs=1e-12)


@pytest.mark.parametrize("chord, degrees", [
    (0.0, 0), (1.0, 60), (2**0.5, 90), (3**0.5, 120), (2.0, 180), (2.0000001, 180),
])
def test_chords_and_distances(chord, degrees):
    """A chord of a radius spans 60 degrees, one of two radii half the Earth."""
    assert float(countries.kilometres(chord)) == pytest.approx(math.radians(degrees) * RADIUS)


# Remedies


def flags(*rows):
    """Flags by record: field, score and repair."""
    return pd.DataFrame(
        [{"record": r + 1, "study": 10, "test": "t", "field": field, "value": "v", "expected": "e",
          "score": score, "repair": repair} for r, field, score, repair in rows],
        index=[r for r, *_ in rows], columns=list(FIELDS))


def test_what_is_decisive():
    """Place, fluxes, RC and year; the rest is reported, no more."""
    assert {
        "Latitude", "Longitude", "Rs_annual", "Ra_annual", "Rh_annual", "RC_annual",
        "Study_midyear"} == remedy.DECISIVE
    assert remedy.QUALITY == ("report", "drop", "repair")


@pytest.mark.parametrize("field, score, touched", [
    ("Rs_annual", 0.5, True), ("Rs_annual", 0.49, False), ("MAT", 0.9, False),
    ("MAT, Rs_annual", 0.9, True), ("Rs_annual, Rs_winter", 0.9, True), ("Rs_winter", 0.9, False),
    ("Study_midyear", 1.0, True),
])
def test_what_is_dropped(field, score, touched):
    """Suspicions, not remarks, on a field that decides, alone or among others."""
    own = flags((1, field, score, ""))
    for way in ("report", "drop"):
        same, marked = quality.apply(table({}, {}), own, way)
        assert marked.tolist() == [False, touched, False]
        pd.testing.assert_frame_equal(same, table({}, {}))
    assert quality.apply(table({}, {}), own, "drop", 0.4)[1].tolist()[1] == (
        touched or field == "Rs_annual")


@pytest.mark.parametrize("repairs, value", [
    (["Rs_annual=60"], 60.0), (["Rs_annual=60", "Rs_annual=60.0"], 60.0),
    (["Rs_annual=60", "Rs_annual=61"], 600.0), (["Rs_annual=60", ""], 60.0), ([""], 600.0),
    (["Rs_annual=60; Rh_annual=30", "Rs_annual=60"], 60.0), (["MAT=3; Rs_annual=60"], 60.0),
    (["Rs_annual=60; Rs_annual=61"], 600.0), (["MAT=warm"], 600.0),
])
def test_what_is_repaired(repairs, value):
    """Repairs that agree on every field are made, those that differ are not."""
    own = flags(*((1, "Rs_annual, MAT", 0.9, repair) for repair in repairs))
    out, touched = quality.apply(table({}, {}), own, "repair")
    assert out["Rs_annual"].tolist() == [600.0, value, 600.0]
    assert out["MAT"].tolist() == [8.0] * 3
    assert touched.tolist() == [False, value != 600, False]


def test_several_fields_are_repaired():
    """Both parts of an exchange are made, also where the repairs of another record differ."""
    out, touched = quality.apply(table({}, {}), flags(
        (0, "Rs_annual", 0.9, "Rs_annual=1"), (0, "Rs_annual", 0.9, "Rs_annual=2"),
        (2, "Rs_annual", 0.9, "Rs_annual=360; Rh_annual=600"),
        (1, "Rs_annual", 0.4, "Rs_annual=3")), "repair")
    assert out[["Rs_annual", "Rh_annual"]].values.tolist() == [[600, 360], [600, 360], [360, 600]]
    assert touched.tolist() == [False, False, True]


# Reports


def told(*rows):
    """Flags by record: study, test, field, score and repair."""
    return pd.DataFrame(
        [{"record": r + 1, "study": study, "test": test, "field": field, "value": "1 < 2",
          "expected": "e", "score": score, "repair": repair}
         for r, study, test, field, score, repair in rows],
        index=[r for r, *_ in rows], columns=list(FIELDS))


SOME = told(
    (0, 10, "a", "Rs_annual", 0.9, "Rs_annual=60"), (1, 10, "a", "Rs_annual", 0.8, ""),
    (1, 10, "a", "Rs_annual", 0.7, ""), (2, 11, "a", "Rs_annual", 0.5, "Rs_annual=61"),
    (2, 11, "a", "Rh_annual", 0.499, ""), (3, 12, "b", "Latitude, Longitude", 0.2, ""),
    (4, 12, "b", "Latitude, Longitude", 0.3, "Latitude=1; Longitude=2"),
    (5, 13, "c", "MAT", 0.6, ""), (6, 13, "c", "MAT", 0.1, ""), (7, 13, "c", "MAT", 0.1, ""),
)
"""Flags of three tests: `a` on three records of two studies, `b` remarks, `c` both."""


def test_flags_as_sentences():
    """One field is, two are; a repair is told with room around its signs."""
    words = report.sentences(SOME)
    assert words[0] == ("Record 1 of study 10: Rs_annual is 1 < 2. Expected: e. "
                        "Repair: Rs_annual = 60.")
    assert words[1] == "Record 2 of study 10: Rs_annual is 1 < 2. Expected: e."
    assert words[5] == "Record 4 of study 12: Latitude, Longitude are 1 < 2. Expected: e."
    assert words[6].endswith(" Repair: Latitude = 1; Longitude = 2.")


def test_counts_by_test():
    """Records count once; a score at the threshold is a suspicion."""
    found = report.counts(SOME)
    assert found.to_dict("index") == {
        "a": {"suspicions": 3, "remarks": 1, "studies": 2, "repair": 2},
        "c": {"suspicions": 1, "remarks": 2, "studies": 1, "repair": 0},
        "b": {"suspicions": 0, "remarks": 2, "studies": 1, "repair": 0},
    }
    assert found.index.tolist() == ["a", "c", "b"] and found.index.name == "test"
    found = report.counts(SOME, 0.25)
    assert found.loc["b"].tolist() == [1, 1, 1, 1]
    # Of as many suspicions, the more remarks come first.
    assert found.index.tolist() == ["a", "c", "b"]
    assert list(report.counts(SOME.loc[[]]).columns) == [
        "suspicions", "remarks", "studies", "repair"]


def test_one_flag_for_each_study():
    """The first of a study, test and field stands for all, which are counted."""
    found = report.suspects(SOME)
    assert found["record"].tolist() == [1, 3, 3, 4, 6]
    assert found["records"].tolist() == [3, 1, 1, 2, 3]
    assert report.suspects(SOME, 2)["record"].tolist() == [1, 3]


def test_a_page_of_flags():
    """Counts, suspicions and remarks by test, and what the tests go by."""
    def odd_test(evidence):
        """A `first` line.

        And   a <second>.
        """

    def bare(evidence):
        pass

    page = report.page(SOME, table(*[{}] * 1233, {"Study_number": 11}), "a&b.csv",
                       [odd_test, bare])
    lines = page.split("\n")
    assert lines[0] == "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
    assert "<title>Check of a&amp;b.csv</title>" in page
    assert "<h1>Check of a&amp;b.csv</h1>" in lines
    # Records 1, 2, 3 and 6 of studies 10, 11 and 13.
    assert (
        "<p>1,235 records of 2 studies. 4 records of 3 studies are under suspicion (score 0.5 or "
        "more); what is below that is a remark. No record was changed. Each line can be held "
        "against the paper; flags.csv has all of them.</p>") in lines
    start, middle, end = (page.index(f"<h2>{name}</h2>")
                          for name in ("Suspicions", "Remarks", "What the tests go by"))
    assert page.index("<h2>Records by test</h2>") < page.index('class="dataframe"') < start
    first, second = page[start:middle], page[middle:end]
    assert [part.partition("<")[0] for part in first.split("<h3>")[1:]] == ["a", "c"]
    assert [part.partition("<")[0] for part in second.split("<h3>")[1:]] == ["a", "b", "c"]
    assert first.count("<ul>") == first.count("</ul>") == 2
    assert (
        "<li>Record 1 of study 10: Rs_annual is 1 &lt; 2. Expected: e. Repair: Rs_annual = 60. "
        "So are 2 more of the study. <span class='s'>0.90</span></li>") in lines
    assert (
        "<li>Record 3 of study 11: Rs_annual is 1 &lt; 2. Expected: e. Repair: Rs_annual = 61. "
        "<span class='s'>0.50</span></li>") in lines
    assert (
        "<li>Record 4 of study 12: Latitude, Longitude are 1 &lt; 2. Expected: e. So is 1 more of "
        "the study. <span class='s'>0.20</span></li>") in lines
    assert "<dt><b>odd test</b></dt><dd>A first line. And a &lt;second&gt;.</dd>" in lines
    assert "<dt><b>bare</b></dt><dd></dd>" in lines
    assert lines[-2:] == ["</dl></body></html>", ""]


def test_a_page_with_another_threshold():
    """The threshold decides what stands under suspicions, and is told."""
    page = report.page(SOME, table(), "x", threshold=0.25)
    assert "5 records of 4 studies are under suspicion (score 0.25 or more)" in page
    start, end = page.index("<h2>Suspicions"), page.index("<h2>Remarks")
    assert "Record 5 of study 12" in page[start:end]
    assert "Record 4 of study 12" in page[end:]
    assert report.counts(SOME, 0.25).to_html(border=0) in page[:start]


# Slips that are made, and how many are found


def test_the_ways_and_marks():
    """Four ways for coordinates, four factors, two for the parts; marks by group."""
    assert len(WAYS) == len(set(WAYS)) == 10
    assert [(len(ways), mark) for ways, mark in MARKS.values()] == [(4, 0.9), (3, 0.8), (2, 0.95)]
    assert [way for ways, _ in MARKS.values() for way in ways] == [*WAYS[:4], *WAYS[5:]]
    assert benchmark.FALSE_ALARMS == 0.03
    assert HALVES == ("tuning", "evaluation")


def test_clean_records():
    """No flag, Q0 or Q01, with blanks or without; anything else is doubt."""
    own = table(*({"Quality_flag": q} for q in ("", " ", "Q0", "Q01 ", "Q1", "Q01,Q2", np.nan)))
    assert benchmark.clean_records(own).tolist() == [True] * 5 + [False] * 2 + [True]


@pytest.mark.parametrize("seed, tuning", [(0, {6, 1, 3}), (1, {1, 3, 5})])
def test_members_of_the_halves(seed, tuning):
    """Seven studies give three for tuning, the same for a seed ever again."""
    own = table(*({"Study_number": s} for s in (7, 6, 5, 4, 3, 2, 1, 1, 2)), {"Study_number": 7})
    own = own.iloc[1:]
    half = benchmark.half_of(own, seed)
    assert set(own["Study_number"][half == "tuning"]) == tuning
    assert set(half) == set(HALVES)
    assert half.index.tolist() == own.index.tolist()


def test_halves_of_many_studies():
    """A study is in one half only, the halves are of one size, and the seed decides."""
    own = pd.DataFrame({"Study_number": np.repeat(np.arange(100), 3)})
    half = benchmark.half_of(own)
    assert (half.groupby(own["Study_number"]).nunique() == 1).all()
    assert (half == "tuning").sum() == (half == "evaluation").sum() == 150
    assert (half == benchmark.half_of(own, 0)).all()
    assert (half != benchmark.half_of(own, 1)).any()


class Draws:
    """Numbers that are drawn as they are listed; permutations leave everything in its order."""

    def __init__(self, random=(), integers=()):
        self._random, self._integers, self.asked = list(random), list(integers), []

    def random(self):
        """The next number."""
        return self._random.pop(0)

    def integers(self, n):
        """The next integer; what was asked for is kept."""
        self.asked.append(n)
        return self._integers.pop(0)

    def permutation(self, rows):
        """The rows as they are."""
        return rows


@pytest.mark.parametrize("value, random, integers, found, asked", [
    (612.5, [0.4], [0], 162.5, [3]), (612.5, [0.4], [1], 621.5, [3]),
    (612.5, [0.4], [2], 621.5, [3]), (-612.5, [0.4], [0], -162.5, [3]),
    (612.5, [0.5], [1, 9], 692.5, [3, 10]), (612.5, [0.6], [2, 0], 610.5, [3, 10]),
    (7.25, [], [0, 3], 3.25, [1, 10]), (45.0, [0.4], [1], 54.0, [2]),
    (45.0, [0.4], [0], 54.0, [2]), (-45.0, [0.6], [0, 9], -95.0, [2, 10]),
    (0.4, [], [0, 2], 2.4, [1, 10]),
])
def test_mistyped_numbers(value, random, integers, found, asked):
    """Two neighbours before the point exchanged, or one digit replaced; the sign stays."""
    rng = Draws(random, integers)
    assert benchmark._mistype(value, rng) == found
    assert rng.asked == asked


@pytest.mark.parametrize("way, to", [(0, (30.0, 20.0)), (1, (-20.0, 30.0)), (2, (20.0, -30.0))])
def test_moved_points(way, to):
    """Swapped, or with the other sign of one."""
    assert benchmark._move(20.0, 30.0, WAYS[way]) == to


@pytest.mark.parametrize("new, matters", [
    ((22.5, 30.0), True), ((20.0, 32.5), True), ((22.0, 30.0), False), ((22.4, 30.0), False),
    ((17.5, 30.0), True), ((20.0, 27.9), True), ((20.0, 28.0), False), ((21.0, 31.0), False),
    ((95.0, 30.0), True), ((20.0, 185.0), True), ((90.0, 30.0), False), ((-90.0, 30.0), False),
    ((20.0, 180.0), False), ((20.0, -180.0), False), ((23.0, 33.0), True),
    ((90.5, 30.0), True), ((-90.5, 30.0), True), ((20.0, 180.5), True), ((20.0, -180.5), True),
])
def test_moves_that_matter(new, matters):
    """By more than 2 degrees, and into another country, onto land, off it or off the Earth."""
    home = [(20.0, 30.0), (22.0, 30.0), (22.4, 30.0), (20.0, 28.0), (21.0, 31.0), (90.0, 30.0),
            (-90.0, 30.0), (20.0, 180.0), (20.0, -180.0),
            (90.5, 30.0), (-90.5, 30.0), (20.0, 180.5), (20.0, -180.5)]
    own = placed(made({}), inside={
        **dict.fromkeys(home, "DEU"), (22.5, 30.0): "FRA", (20.0, 32.5): "FRA"})
    found = benchmark._matters(own, *(np.array([v]) for v in (20.0, 30.0, *new)))
    assert found.tolist() == [matters]


def test_short_moves_do_not_matter():
    """Two degrees into another country are too short, and each point is judged by itself."""
    own = placed(made({}), inside={(20.0, 30.0): "DEU", (22.0, 30.0): "FRA", (23.0, 30.0): "FRA"})
    found = benchmark._matters(own, np.array([20.0, 20.0, 95.0]), np.array([30.0, 30.0, 30.0]),
                               np.array([22.0, 23.0, 0.0]), np.array([30.0, 30.0, 0.0]))
    assert found.tolist() == [False, True, False]


def pool(way, *changes, clean=None, inside=None):
    """Rows that a way can corrupt."""
    own = made(*changes)
    own.countries = World(inside or {})
    clean = pd.Series(True if clean is None else clean, index=own.table.index)
    return benchmark._pool(own, clean, WAYS[way]).tolist()


@pytest.mark.parametrize("way", [4, 5, 6, 7])
def test_records_for_a_factor(way):
    """SR or HR above zero, and clean."""
    changes = [{}, {"Rs_annual": np.nan}, {"Rh_annual": np.nan}, {"Rs_annual": 0.0, "Rh_annual": 0},
               {"Rs_annual": np.nan, "Rh_annual": np.nan}, {"Rs_annual": 0.5, "Rh_annual": np.nan},
               {"Rs_annual": np.nan, "Rh_annual": 0.5}, {}]
    assert pool(way, *changes, clean=[True] * 7 + [False]) == [0, 1, 2, 5, 6]


def test_records_for_an_exchange():
    """HR and AR above zero, a tenth of their sum apart, with RC."""
    def one(hr, ar, rc=0.5):
        return {"Rh_annual": hr, "Ra_annual": ar, "RC_annual": rc}

    assert pool(8, one(55.0, 45.0), one(54.0, 45.0), one(45.0, 55.0), one(45.0, 54.0),
                one(0.0, 50.0), one(50.0, 0.0), one(55.0, 45.0, np.nan), one(0.5, 0.25),
                one(0.25, 0.5)) == [0, 2, 7, 8]


def test_records_for_a_mistyped_flux():
    """SR, HR and AR above zero."""
    changes = [{}, *({name: value} for name in ("Rs_annual", "Rh_annual", "Ra_annual")
                     for value in (0.0, 0.5, np.nan))]
    assert pool(9, *changes) == [0, 2, 5, 8]


def test_records_for_coordinates():
    """On Earth, of a known country; for all but the mistyped ones the move must matter."""
    at = {"Latitude": 20.0, "Longitude": 30.0}
    changes = [at, {**at, "Country": None}, {"Latitude": 95.0}, {**at, "Country": "Tuscany"},
               {"Latitude": 1.0, "Longitude": 1.5}, at]
    clean, inside = [True] * 5 + [False], {(20.0, 30.0): "DEU"}
    assert pool(3, *changes, clean=clean, inside=inside) == [0, 4]
    for way in (0, 1, 2):
        assert pool(way, *changes, clean=clean, inside=inside) == [0]


def test_no_record_to_corrupt():
    """Each way that finds none says so."""
    for way in (0, 3, 5, 8, 9):
        with pytest.raises(DataError, match="The table has no clean record to corrupt in this "
                                            f"way: {WAYS[way]}."):
            pool(way, {}, clean=False)


def change(way, rng, **changes):
    """The change of one record in a way."""
    return benchmark._change(made(changes), 0, WAYS[way], rng)


@pytest.mark.parametrize("way, lat, lon", [
    (0, 13.55, 50.95), (1, -50.95, 13.55), (2, 50.95, -13.55)])
def test_changed_coordinates(way, lat, lon):
    """Both coordinates are given anew."""
    assert change(way, Draws()) == ({"Latitude": lat, "Longitude": lon}, "")


@pytest.mark.parametrize("way, factor", [(4, 3.67), (5, 10), (6, 100), (7, 365)])
def test_fluxes_by_a_factor(way, factor):
    """All fluxes that are given, up below one half, down from there on."""
    up, direction = change(way, Draws([0.49]), Ra_annual=np.nan)
    assert direction == "times"
    assert up == {
        "Rs_annual": pytest.approx(600 * factor), "Rh_annual": pytest.approx(360 * factor)}
    down, direction = change(way, Draws([0.5]), Ra_annual=np.nan)
    assert direction == "divided"
    assert down == {
        "Rs_annual": pytest.approx(600 / factor), "Rh_annual": pytest.approx(360 / factor)}
    assert set(change(way, Draws([0.5]))[0]) == {"Rs_annual", "Rh_annual", "Ra_annual"}


def test_exchanged_parts():
    """HR is what AR was, and the other way round; SR stays."""
    assert change(8, Draws()) == ({"Rh_annual": 240.0, "Ra_annual": 360.0}, "")


def test_mistyped_fluxes(monkeypatch):
    """One time in three SR and HR are exchanged, else one of three is mistyped by a tenth of SR."""
    steps = iter([59.0, -59.0, 60.0, -60.0])
    monkeypatch.setattr(benchmark, "_mistype", lambda value, rng: value + next(steps))
    assert change(9, Draws([0.33])) == ({"Rs_annual": 360.0, "Rh_annual": 600.0}, "")
    rng = Draws([0.34] * 3, [0, 1, 2])
    assert change(9, rng) == ({"Ra_annual": 300.0}, "")
    assert rng.asked == [3, 3, 3]
    assert change(9, Draws([0.34], [0])) == ({"Rs_annual": 540.0}, "")


@pytest.mark.parametrize("way", [3, 9])
@pytest.mark.parametrize("good, done", [(1, True), (20, True), (21, False)])
def test_twenty_attempts(monkeypatch, way, good, done):
    """A digit is mistyped anew until it matters, twenty times at most."""
    calls = []

    def mistype(value, rng):
        calls.append(value)
        return value + (100 if len(calls) == good else 0)

    monkeypatch.setattr(benchmark, "_mistype", mistype)
    monkeypatch.setattr(benchmark, "_matters", lambda own, lat, lon, a, b: [a[0] != lat[0]])
    found, direction = change(way, Draws([0.49] * 20, [0] * 20))
    assert (bool(found), direction) == (done, "")
    assert len(calls) == min(good, 20)
    if way == 3 and done:
        assert found == {"Latitude": 150.95, "Longitude": 13.55}


def test_which_coordinate_is_mistyped(monkeypatch):
    """Latitude below one half, longitude from there on; both may be zero."""
    monkeypatch.setattr(benchmark, "_mistype", lambda value, rng: value + 5)
    monkeypatch.setattr(benchmark, "_matters", lambda own, *points: [True])
    assert change(3, Draws([0.49]))[0] == {"Latitude": 55.95, "Longitude": 13.55}
    assert change(3, Draws([0.5]))[0] == {"Latitude": 50.95, "Longitude": 18.55}


def corrupt(monkeypatch, pools, n, bad=()):
    """Corrupted records where every way adds one to SR, but to some rows does nothing."""
    own = made(*[{}] * 40)
    monkeypatch.setattr(
        benchmark, "_change",
        lambda own, row, way, rng: ({}, "") if row in bad else ({"Rs_annual": 601.0 + row}, "up"))
    return own, benchmark._corrupt(own, pools, n, Draws())


def test_every_way_corrupts_as_many(monkeypatch):
    """No record twice, and the ways with the fewest records choose first."""
    pools = {way: np.arange(40) for way in WAYS}
    pools[WAYS[7]], pools[WAYS[2]] = np.arange(2), np.arange(3)
    with pytest.raises(DataError, match=f"Only 1 clean .* be corrupted in this way: {WAYS[2]}."):
        corrupt(monkeypatch, pools, 2)
    pools[WAYS[2]] = np.arange(4)
    own, (made_table, labels) = corrupt(monkeypatch, pools, 2)
    assert labels["way"].value_counts().to_dict() == dict.fromkeys(WAYS, 2)
    assert labels.index.is_unique and set(labels.index) == set(range(20))
    assert labels.index[:4].tolist() == [0, 1, 2, 3]
    assert labels["way"].tolist()[:4] == [WAYS[7]] * 2 + [WAYS[2]] * 2
    # Ways of as many records go by their name.
    rest = labels["way"].tolist()[4::2]
    assert rest == sorted(rest)
    assert set(labels["direction"]) == {"up"}
    assert made_table["Rs_annual"].tolist() == [601.0 + k for k in range(20)] + [600.0] * 20
    assert (own.table["Rs_annual"] == 600).all()


def test_records_that_nothing_is_done_to(monkeypatch):
    """They are passed over, and do not count."""
    pools = {way: np.arange(40) for way in WAYS}
    _, (_, labels) = corrupt(monkeypatch, pools, 3, bad=range(0, 20, 2))
    assert len(labels) == 30
    assert not set(labels.index) & set(range(0, 20, 2))
    # Ten are left: three ways take three of them each, and the fourth has one.
    with pytest.raises(DataError, match="Only 1 clean records can be corrupted"):
        corrupt(monkeypatch, pools, 3, bad=range(10, 40))


def suspicion(row, score, value="v", test="t", field="f", repair=""):
    """One flag, as a row of a table."""
    return pd.DataFrame(
        [[row + 1, 10, test, field, value, "e", score, repair]], columns=list(FIELDS), index=[row])


def test_keys_of_suspicions():
    """Record, test, field and value; remarks have none."""
    both = pd.concat([suspicion(3, 0.5), suspicion(4, 0.49)])
    assert benchmark._keys(both) == {(3, "t", "f", "v")}
    assert benchmark._keys_in_order(both) == [(3, "t", "f", "v"), (4, "t", "f", "v")]


@pytest.mark.parametrize("repairs, restored", [
    ((), False), ([""], False), (["Rs_annual=600"], True), (["Rs_annual=605"], True),
    (["Rs_annual=607"], False), (["Rs_annual=595"], True), (["Rs_annual=593"], False),
    (["Rs_annual=606"], False), (["Rs_annual=600; Rh_annual=360"], True),
    (["Rs_annual=600; Rh_annual=300"], False), (["Rs_annual=300; Rh_annual=360"], False),
    (["Rs_annual=300", "Rs_annual=600"], True), (["", "Rs_annual=600"], True),
    (["Latitude=50.95; Longitude=13.55"], True), (["Latitude=-50.95; Longitude=13.55"], False),
    (["Latitude=50.95; Longitude=-13.55"], False), (["Ra_annual=5"], False),
    # A field that slips are not made in does not matter, nor does one that was zero.
    (["RC_annual=0.9; Rs_annual=600"], True), (["RC_annual=0.9; Rs_annual=60"], False),
    (["Latitude=50.95; Longitude=13.55; Rs_annual=60"], False),
])
def test_repairs_that_restore(repairs, restored):
    """Every field that one repair names is within a hundredth of what it was."""
    own = table({"Ra_annual": np.nan})
    assert benchmark._restores(own, 1, repairs) is restored


def test_a_flux_of_zero_is_not_restored():
    """Nothing is a hundredth of zero: such a field is passed over."""
    own = table({"Rs_annual": 0.0})
    assert benchmark._restores(own, 1, ["Rs_annual=5; Rh_annual=360"])
    assert not benchmark._restores(own, 1, ["Rs_annual=5; Rh_annual=300"])


def results(*rows):
    """What was done and found: way, direction, found and repaired."""
    return pd.DataFrame(
        [{"way": WAYS[w], "direction": d, "found": f, "repaired": r} for w, d, f, r in rows])


def test_summary_of_what_was_found():
    """Shares by way and direction, and by the groups that have a mark."""
    own = results(
        (0, "", True, True), (0, "", False, False), (0, "", True, False), (0, "", True, False),
        (3, "", True, True), (4, "times", True, False), (5, "times", True, True),
        (5, "times", False, False), (5, "divided", True, False), (7, "divided", False, False),
        (8, "", True, False), (9, "", False, False))
    found = benchmark._summary(own, {way: range(k + 3) for k, way in enumerate(WAYS)})
    assert found["records"].tolist()[:10] == list(range(3, 13))
    assert found["records"].isna().tolist() == [False] * 10 + [True] * 3
    assert found["corrupted"].tolist() == [4, 0, 0, 1, 1, 3, 0, 1, 1, 1, 5, 4, 2]
    assert found.loc[WAYS[0], ["found", "repaired"]].tolist() == [0.75, 0.25]
    assert found.loc[WAYS[5], ["found", "times", "divided", "repaired"]].tolist() == [
        pytest.approx(2 / 3), 0.5, 1.0, pytest.approx(1 / 3)]
    assert np.isnan(found.loc[WAYS[0], ["times", "divided"]].astype(float)).all()
    assert np.isnan(found.loc[WAYS[1], "found"])
    assert found["found"].tolist()[10:] == [0.8, 0.5, 0.5]
    assert found["repaired"].tolist()[10:] == [0.4, 0.25, 0.0]
    assert found["mark"].tolist()[10:] == [0.9, 0.8, 0.95]
    assert found.index.tolist() == [*WAYS, *(f"together: {name}" for name in MARKS)]
    assert found.index.name == "way"


def test_alarms_on_clean_records():
    """Shares of clean records and of those with a flux, by test; remarks are no alarms."""
    none = {"Rs_annual": np.nan, "Rh_annual": np.nan}
    own = made({}, {}, {**none, "Rh_annual": 0.5}, {**none, "Rs_annual": 0.5},
               {"Rs_annual": 0.0, "Rh_annual": 0.0}, none, {}, {})
    clean = pd.Series([True] * 6 + [False] * 2)
    flags = pd.concat([
        suspicion(0, 0.5, test="a"), suspicion(0, 0.9, test="b"), suspicion(1, 0.49, test="b"),
        suspicion(4, 0.8, test="b"), suspicion(6, 0.9, test="b"), suspicion(5, 0.9, test="b"),
        suspicion(2, 0.1, test="c")])
    found = benchmark._alarms(own, flags, clean)
    assert found.index.tolist() == ["all tests", "b", "a"] or \
        found.index.tolist() == ["b", "all tests", "a"]
    assert found.index.name == "test"
    # Of six clean records, 0, 4 and 5 are suspected; of 0 to 3, which have a flux, only 0 is.
    for name in ("all tests", "b"):
        assert found.loc[name].tolist() == [3, 0.5, 0.25]
    assert found.loc["a"].tolist() == [1, pytest.approx(1 / 6), 0.25]
    assert found["suspected"].dtype == int


@pytest.mark.parametrize("options, message", [
    ({"half": "both"}, "half must be one of tuning, evaluation, got 'both'."),
    ({"n": 15}, "n must be a multiple of rounds, 10, got 15."),
    ({"n": 3, "rounds": 2}, "n must be a multiple of rounds, 2, got 3."),
])
def test_what_the_benchmark_refuses(options, message):
    """A half that is none, and records that do not fit the rounds."""
    with pytest.raises(ParameterError) as refused:
        benchmark.benchmark(table(), **options)
    assert message in str(refused.value)


def run(monkeypatch, **options):
    """A benchmark whose tests say what is written here, and what it asked for."""
    asked = SimpleNamespace(clean=[], corrupt=[], check=[])
    records = table(*({"Study_number": k} for k in range(1, 8)))

    def pool_of(own, clean, way):
        asked.clean.append(clean)
        return np.arange(5)

    def corrupt_some(own, pools, n, rng):
        asked.corrupt.append((n, rng.random()))
        labels = pd.DataFrame(
            {"way": [WAYS[0], WAYS[0], WAYS[5], WAYS[5]],
             "direction": ["", "", "times", "divided"]},
            index=pd.Index([1, 2, 3, 4], name="row"))
        return own.table.assign(Country="France"), labels

    def say(given, climate):
        asked.check.append((given["Country"].iloc[0], climate))
        known = suspicion(3, 0.9)
        if len(asked.check) == 1:
            return pd.concat([known, suspicion(5, 0.9)])
        return pd.concat([
            suspicion(1, 0.5, repair="Rs_annual=600"), suspicion(2, 0.49), known,
            suspicion(4, 0.9, value=f"new {len(asked.check)}", repair="Rs_annual=5")])

    monkeypatch.setattr(benchmark, "_pool", pool_of)
    monkeypatch.setattr(benchmark, "_corrupt", corrupt_some)
    monkeypatch.setattr(benchmark, "check", say)
    found, alarms = benchmark.benchmark(records, **options)
    return records, asked, found, alarms


def test_what_counts_as_found(monkeypatch):
    """A suspicion that was not there before, on the record that was corrupted."""
    records, asked, found, alarms = run(monkeypatch, n=8, rounds=4)
    # Of rows 1 and 2 the first; of 3 and 4 the second, as what is said of 3 was known.
    assert found.loc[[WAYS[0], WAYS[5]], "found"].tolist() == [0.5, 0.5]
    assert found.loc[WAYS[5], ["times", "divided"]].tolist() == [0.0, 1.0]
    assert found.loc[[WAYS[0], WAYS[5]], "repaired"].tolist() == [0.5, 0.0]
    assert found.loc[[WAYS[0], WAYS[5]], "corrupted"].tolist() == [8, 8]
    assert asked.check == [("Germany", None)] + [("France", None)] * 4
    rng = np.random.default_rng([0, 5])
    assert asked.corrupt == [(2, rng.random()) for _ in range(4)]
    assert len(asked.clean) == 10
    due = benchmark.half_of(records) == "evaluation"
    assert asked.clean[0].tolist() == due.tolist()
    # What was said before, of rows 3 and 5, is the false alarm.
    assert alarms.loc["all tests", "suspected"] == due[[3, 5]].sum()


def test_seed_half_and_progress(monkeypatch):
    """The seed draws halves and slips, the climate is passed on, the rounds can be watched."""
    seen = []
    records, asked, found, _ = run(
        monkeypatch, n=6, rounds=3, seed=4, half="tuning", climate="world",
        track=lambda rounds: (seen.append(k) or k for k in rounds))
    assert seen == [0, 1, 2]
    assert asked.corrupt[0] == (2, np.random.default_rng([4, 5]).random())
    assert asked.clean[0].tolist() == (benchmark.half_of(records, 4) == "tuning").tolist()
    assert asked.check[0] == ("Germany", "world")


def test_defaults_of_the_benchmark(monkeypatch):
    """Five hundred records in ten rounds, fifty at a time, of the half for evaluation."""
    _, asked, _, _ = run(monkeypatch)
    assert [n for n, _ in asked.corrupt] == [50] * 10


@pytest.mark.real
def test_what_the_release_can_give(real_input):
    """Half of the clean records, within a tenth, are for evaluation; every way has a hundred."""
    records = read_srdb(real_input("srdb"), strip=False)
    clean = benchmark.clean_records(records)
    half = benchmark.half_of(records) == "evaluation"
    assert 0.4 < half[clean].mean() < 0.6
    own = Evidence(records)
    for way in WAYS[4:]:
        rows = benchmark._pool(own, clean & half, way)
        assert len(rows) >= 100 and (clean & half)[rows].all()
