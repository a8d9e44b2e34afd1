"""The tests of the field records at their limits: just inside, just outside, and what they say."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from records.test_quality import SOUND, flags_of, table
from sklearn.ensemble import ExtraTreesRegressor

from soilresp.records import quality
from soilresp.records.quality import climate, coordinates, evidence, fluxes, parts
from soilresp.records.quality.evidence import FIELDS, Evidence

RADIUS = 6371.007181
"""km of the sphere that distances are taken on."""

CELL = {"MAT": 8.0, "MAP": 770.0, "warmest": 17.0, "coldest": -1.0, "fapar": 0.9, "ndvi": 0.8,
        "trees": 0.6, "bare": 0.0}
"""What the map says of a made-up cell."""


def made(*changes, **cells):
    """Evidence of records with changes; with lists by name, their cells are made up too."""
    rows = [{**SOUND, "Record_number": i + 1, **change} for i, change in enumerate(changes)]
    own = Evidence(pd.DataFrame(rows))
    if cells:
        own.cells = pd.DataFrame({**CELL, **cells}, index=own.table.index)
    return own


class World:
    """Countries whose places are listed by their point; far off are 9999 km."""

    names = {"DEU": "Germany", "FRA": "France"}

    def __init__(self, inside=None, home=None, land=None):
        self.inside, self.home, self.land = inside or {}, home or {}, land or {}

    def belonging(self, codes):
        """No country has territories."""
        return tuple(codes)

    def containing(self, lat, lon):
        """The country that is listed for a point, else the sea."""
        at = zip(np.asarray(lat, float), np.asarray(lon, float))
        return np.array([self.inside.get(p, "") for p in at], dtype="U3")

    def distance(self, lat, lon, codes=None):
        """The distance that is listed for a point, to its country or to land."""
        known = self.land if codes is None else self.home
        at = zip(np.asarray(lat, float), np.asarray(lon, float))
        return np.array([known.get(p, 9999.0) for p in at]), None


def placed(own, **world):
    """Evidence whose countries are made up."""
    own.countries = World(**world)
    return own


# What the tests know of the records


def test_the_published_numbers():
    """Threshold, columns, flags of clean records and factors are those that the book gives."""
    assert evidence.THRESHOLD == 0.5
    assert evidence.CLEAN_FLAGS == ("", "Q0", "Q01")
    assert list(evidence.FACTORS) == [3.67, 10.0, 100.0, 365.0]
    assert FIELDS == ("record", "study", "test", "field", "value", "expected", "score", "repair")


@pytest.mark.parametrize("value, tolerance, expected", [
    (0.0, 2.0, 0.0), (2.0, 2.0, 0.5), (6.0, 2.0, 0.75), (1.0, 3.0, 0.25), (0.5, 2.0, 0.2),
])
def test_suspicion_by_tolerances(value, tolerance, expected):
    """A departure of x tolerances scores x / (1 + x)."""
    assert evidence.score(value, tolerance) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("value, text", [
    (45.0, "45"), (-0.5, "-0.5"), (0.0, "0"), (123456.78, "123456.78"), (1.23456789, "1.2345679"),
    (12345678.0, "12345678"), (np.nan, ""), (np.inf, ""), (-np.inf, ""), (1e-5, "1e-05"),
])
def test_numbers_as_they_are_written(value, text):
    """Eight digits, no zeros at the end, and nothing where there is no number."""
    assert evidence.number_text(value) == text


def test_decimal_places():
    """As many as stand behind the point; none without a point."""
    assert evidence.decimals([45.0, 45.2, -45.25, 0.125, np.nan]) == [0, 1, 2, 3, 0]


def test_columns_as_numbers():
    """Texts of numbers count, other texts and columns that are not there are missing."""
    own = Evidence(pd.DataFrame({"MAT": ["8.5", "x", None]}, index=[4, 5, 6]))
    assert own.number("MAT").tolist()[0] == 8.5
    assert own.number("MAT").isna().tolist() == [False, True, True]
    assert own.number("MAP").isna().tolist() == [True] * 3
    assert own.number("MAP").index.tolist() == own.number("MAT").index.tolist() == [4, 5, 6]
    assert own.number("MAT") is own.number("MAT")


def test_columns_as_words():
    """Blanks at the ends go; what is no text, or not there, is missing."""
    own = Evidence(pd.DataFrame({"Biome": [" Boreal ", 3, None]}, index=[4, 5, 6]))
    assert own.text("Biome").iloc[0] == "Boreal"
    assert own.text("Biome").isna().tolist() == [False, True, True]
    assert own.text("Stage").isna().tolist() == [True] * 3
    assert own.text("Stage").index.tolist() == [4, 5, 6]
    assert own.text("Biome") is own.text("Biome")


@pytest.mark.parametrize("lat, lon, on_earth", [
    (90.0, 180.0, True), (-90.0, -180.0, True), (90.01, 0.0, False), (-90.01, 0.0, False),
    (0.0, 180.01, False), (0.0, -180.01, False), (np.nan, 0.0, False), (0.0, np.nan, False),
])
def test_what_is_on_earth(lat, lon, on_earth):
    """Poles and the date line are, anything beyond is not; both numbers must be given."""
    own = made({"Latitude": lat, "Longitude": lon})
    assert own.located.tolist() == [on_earth]
    assert impossible_rows(own) == ([] if on_earth or math.isnan(lat + lon) else [0])


def impossible_rows(own):
    """Rows with impossible coordinates, in a world without land."""
    return coordinates.impossible(placed(own)).index.tolist()


def test_homes():
    """The stated country with its territories; none where no country is stated or known."""
    own = made({}, {"Country": "Denmark"}, {"Country": "Tuscany"}, {"Country": None})
    assert own.home.tolist() == [("DEU",), ("DNK", "FRO", "GRL"), (), ()]


def small_climate():
    """A climate that is the same everywhere but for temperature, which follows the row."""
    month = np.arange(1.0, 13.0)[:, None, None]
    rows, shape = np.arange(360.0)[None, :, None], (12, 360, 720)
    share = 2.0 ** -np.arange(17)[:, None, None]
    space = ("lat", "lon")
    return xr.Dataset(
        {
            "tas": (("month", *space), np.broadcast_to(month + rows, shape)),
            "pr": (("month", *space), np.broadcast_to(month, shape)),
            "fapar_max": (space, np.broadcast_to(0.7, shape[1:])),
            "ndvi_max": (space, np.broadcast_to(0.6, shape[1:])),
            "igbp_fraction": (("igbp", *space), np.broadcast_to(share, (17, *shape[1:]))),
        },
        coords={"igbp": np.arange(17)},
    )


def test_cells_of_a_made_climate():
    """Means, sums and extremes over the months, and which classes are trees or bare ground."""
    own = Evidence(table({"Latitude": 95.0}), small_climate())
    # 50.95 N lies in row 78 from the north; months add 1 to 12, whose mean is 6.5 and sum 78.
    assert own.cells.loc[0, ["MAT", "MAP", "warmest", "coldest"]].tolist() == [84.5, 78, 90, 79]
    assert own.cells.loc[0, ["fapar", "ndvi"]].tolist() == [0.7, 0.6]
    # Forests and savannas: classes 1 to 5, 8 and 9. Ice and barren ground: 15 and 16.
    trees = (16 + 8 + 4 + 2 + 1) / 32 + 3 / 512
    assert own.cells.loc[0, ["trees", "bare"]].tolist() == [trees, 3 / 65536]
    assert own.cells.loc[1].isna().all()


def test_cells_at_the_edges_of_the_map():
    """Poles and the date line are on the map, what lies beyond them is not."""
    own = Evidence(table(), small_climate())
    lat = [90.0, -90.0, 90.5, -90.5, 0.1, 0.1, 0.1, 0.1]
    lon = [0.0, 0.0, 0.0, 0.0, 180.0, -180.0, 180.5, -180.5]
    found = own.at(lat, lon)["MAP"].notna().tolist()
    assert found == [True, True, False, False, True, True, False, False]
    # Row 0 in the north, row 359 in the south; plus 6.5.
    assert own.at([89.9, -89.9], [0.0, 0.0])["MAT"].tolist() == [6.5, 365.5]


def test_the_shipped_climate_is_the_default():
    """Without a climate, the fields that ship with the project are taken: 8 degC at Tharandt."""
    assert Evidence(table()).cells.loc[0, "MAT"] == pytest.approx(8.0, abs=1.5)


def test_flags_as_a_table():
    """One row for each record, on its index; without a repair an empty text."""
    own = Evidence(table({"Study_number": 7}))
    found = evidence.flag(own, [1], "t", "f", ["v"], "e", 0.7)
    assert found.index.tolist() == [1]
    assert found.iloc[0].tolist() == [2, 7, "t", "f", "v", "e", 0.7, ""]


def test_merging_flags():
    """Tables are put one below the other; none at all still has the columns."""
    own = Evidence(table({}))
    one = evidence.flag(own, [0], "t", "f", "v", "e", 0.7)
    other = evidence.flag(own, [1], "u", "f", "v", "e", 0.7)
    turned = one[list(FIELDS)[::-1]]
    assert evidence.merge([turned, other]).columns.tolist() == list(FIELDS)
    assert evidence.merge([one, one.loc[[]], other])["test"].tolist() == ["t", "u"]
    assert evidence.merge([one])["test"].tolist() == ["t"]
    empty = evidence.merge([one.loc[[]]])
    assert empty.empty and empty.columns.tolist() == list(FIELDS)


# Coordinates


def test_limits_of_places():
    """100 km to a border, 25 to a shore, a quarter of the score, 1500 km to the own study."""
    assert (coordinates.BORDER, coordinates.SHORE) == (100.0, 25.0)
    assert (coordinates.REMARK, coordinates.APART) == (0.2, 1500.0)


@pytest.mark.parametrize("lat, lon, n, tolerance", [
    (50.0, 13.0, 0, 177.84), (50.0, 13.5, 1, 107.784), (50.5, 13.0, 1, 107.784),
    (50.25, 13.5, 2, 100.7784), (50.5, 13.125, 3, 100.07784),
])
def test_tolerance_of_rounded_coordinates(lat, lon, n, tolerance):
    """100 km and 0.7 times the rounding in km (111.2 a degree), by the better of the two."""
    places = coordinates._places(placed(made({"Latitude": lat, "Longitude": lon})))
    assert places["decimals"].tolist() == [n]
    assert places["tolerance"].tolist() == [pytest.approx(tolerance, abs=1e-9)]


def test_distances_of_places():
    """Nothing off at home or on land; off home where another country is, off both at sea."""
    at = [(50.25, float(k)) for k in range(4)]
    own = placed(
        made(*({"Latitude": a, "Longitude": b} for a, b in at), {"Latitude": 95.0},
             {"Latitude": 50.25, "Longitude": 3.0, "Country": None}),
        inside={at[0]: "DEU", at[1]: "FRA"}, home=dict.fromkeys(at, 40.0),
        land=dict.fromkeys(at, 30.0),
    )
    places = coordinates._places(own)
    assert places.index.tolist() == [0, 1, 2, 3, 5]
    assert places["off_home"].tolist() == [0, 40, 40, 40, 0]
    assert places["off_land"].tolist() == [0, 0, 30, 30, 30]
    assert places["inside"].tolist() == ["DEU", "FRA", "", "", ""]
    # 40 / (40 + 100.7784) and 30 / (30 + 100.7784)
    assert places["home_score"].iloc[1] == pytest.approx(0.284134498, abs=1e-8)
    assert places["land_score"].iloc[2] == pytest.approx(0.229395681, abs=1e-8)
    assert coordinates._places(own) is places


@pytest.mark.parametrize("km, flagged", [(0.0, False), (25.19, False), (25.2, True)])
def test_where_remarks_on_places_begin(km, flagged):
    """At a quarter of the tolerance, which is 100.7784 km with two decimals."""
    at = (50.25, 13.25)
    own = placed(
        made({"Latitude": at[0], "Longitude": at[1]}), home={at: km}, land={at: km},
    )
    assert (len(coordinates.outside_country(own)), len(coordinates.in_the_sea(own))) == \
        (flagged, flagged)


def test_words_on_a_site_outside():
    """Where the site is instead, how far that is, and which change would put it right."""
    at = (50.25, 13.25)
    one = {"Latitude": at[0], "Longitude": at[1]}
    own = placed(made(one), inside={at: "FRA"}, home={at: 1234.4})
    found = coordinates.outside_country(own).iloc[0]
    assert found["expected"] == "a place in Germany; this is in France, 1,234 km from there"
    assert (found["value"], found["field"]) == ("50.25, 13.25", "Latitude, Longitude")
    assert found["repair"] == ""
    assert found["score"] == pytest.approx(1234.4 / 1335.1784)
    own = placed(made(one), home={at: 300.0}, inside={(-50.25, 13.25): "DEU"})
    found = coordinates.outside_country(own).iloc[0]
    assert found["expected"] == ("a place in Germany; this is in the sea, 300 km from there; "
                                 "sign of latitude would put it there")
    assert found["repair"] == "Latitude=-50.25; Longitude=13.25"


def test_words_on_a_site_at_sea():
    """How far the shore is; a repair where a change brings it home."""
    at = (50.25, 13.25)
    one = {"Latitude": at[0], "Longitude": at[1]}
    found = coordinates.in_the_sea(placed(made(one), land={at: 2500.0})).iloc[0]
    assert found["expected"] == "a place on land; the nearest shore is 2,500 km away"
    assert (found["value"], found["repair"]) == ("50.25, 13.25", "")
    assert found["score"] == pytest.approx(2500 / 2600.7784)
    own = placed(made(one), land={at: 2500.0}, inside={(13.25, 50.25): "DEU"})
    found = coordinates.in_the_sea(own).iloc[0]
    assert found["repair"] == "Latitude=13.25; Longitude=50.25"


def test_words_on_impossible_coordinates():
    """The bounds are told, the score is one, and a swap that explains it is the repair."""
    own = placed(made({"Latitude": 113.5, "Longitude": 50.5}), inside={(50.5, 113.5): "DEU"})
    found = coordinates.impossible(own).iloc[0]
    assert found["expected"] == "a latitude from -90 to 90 and a longitude from -180 to 180"
    assert (found["score"], found["value"]) == (1.0, "113.5, 50.5")
    assert found["repair"] == "Latitude=50.5; Longitude=113.5"


ONE = (20.5, 30.25)
CHANGED = {
    "sign of latitude": (-20.5, 30.25), "sign of longitude": (20.5, -30.25),
    "latitude and longitude swapped": (30.25, 20.5), "signs of both": (-20.5, -30.25),
    "swapped, and a sign": (-30.25, 20.5), "swapped, and the other sign": (30.25, -20.5),
    "swapped, and both signs": (-30.25, -20.5),
}


def at_one(**changes):
    """A record at 20.5 N, 30.25 E."""
    return made({"Latitude": ONE[0], "Longitude": ONE[1], **changes})


@pytest.mark.parametrize("name", CHANGED)
def test_each_change_that_may_repair(name):
    """Seven changes of signs and order; the one that leads home is named and written out."""
    lat, lon = CHANGED[name]
    own = placed(at_one(), inside={CHANGED[name]: "DEU"})
    assert coordinates._repair(own, 0) == (name, f"Latitude={lat:g}; Longitude={lon:g}")
    own = placed(at_one(), inside={CHANGED[name]: "FRA"})
    assert coordinates._repair(own, 0) == ("", "")
    own = placed(at_one(Country=None), inside={CHANGED[name]: "FRA"})
    assert coordinates._repair(own, 0)[0] == name


def test_smaller_changes_come_first():
    """One sign or a swap is taken before two changes at once, whatever fits of these."""
    fits = {CHANGED["sign of longitude"]: "DEU", CHANGED["signs of both"]: "DEU",
            CHANGED["swapped, and a sign"]: "DEU"}
    assert coordinates._repair(placed(at_one(), inside=fits), 0)[0] == "sign of longitude"


def climate_at(own, known):
    """Let the map have the temperatures that are listed by point."""
    own.at = lambda lat, lon: pd.DataFrame({"MAT": [known.get(p, 99.0) for p in zip(lat, lon)]})
    return own


@pytest.mark.parametrize("mats, reported, chosen", [
    ((12.1, 8.0), 8.0, "latitude and longitude swapped"),
    ((11.9, 8.0), 8.0, ""), ((8.0, 12.1), 8.0, "sign of latitude"),
    ((12.1, 12.1), 8.0, ""), ((4.1, 3.9), 8.0, "sign of latitude"), ((8.0, 20.0), np.nan, ""),
])
def test_climate_decides_between_two(mats, reported, chosen):
    """Of two that fit, that within 4 K of the reported temperature; none if both or neither is."""
    two = (CHANGED["sign of latitude"], CHANGED["latitude and longitude swapped"])
    own = placed(at_one(MAT=reported), inside=dict.fromkeys(two, "DEU"))
    climate_at(own, dict(zip(two, mats)))
    assert coordinates._repair(own, 0)[0] == chosen


def test_undecided_small_changes_end_the_search():
    """Where two small changes fit alike, no greater change is looked for."""
    fits = dict.fromkeys([CHANGED["sign of latitude"], CHANGED["sign of longitude"],
                          CHANGED["signs of both"]], "DEU")
    own = climate_at(placed(at_one(), inside=fits), {})
    assert coordinates._repair(own, 0) == ("", "")


@pytest.mark.parametrize("km, repaired", [(24.9, True), (25.0, True), (25.1, False)])
def test_a_repair_may_lie_off_the_coast(km, repaired):
    """By 25 km, if the country is known; if it is not, the site must be on land."""
    to = CHANGED["sign of latitude"]
    assert coordinates._repair(placed(at_one(), home={to: km}), 0)[0] == \
        ("sign of latitude" if repaired else "")
    own = placed(at_one(Country=None), home={to: km}, land={to: km})
    assert coordinates._repair(own, 0) == ("", "")


@pytest.mark.parametrize("degrees, repaired", [(4.49, True), (4.51, False)])
def test_a_repair_is_near_the_own_study(degrees, repaired):
    """Within 500 km of the study's other sites: 4.4966 degrees along a meridian."""
    to = CHANGED["sign of latitude"]
    middle = coordinates.unit_vectors(to[0] + degrees, to[1])[0]
    own = placed(at_one(), inside={to: "DEU"})
    assert bool(coordinates._repair(own, 0, middle)[0]) == repaired
    # A place beside the others in another country is no repair.
    own = placed(at_one(), inside={to: "FRA"})
    assert coordinates._repair(own, 0, coordinates.unit_vectors(*to)[0]) == ("", "")


def test_a_change_that_changes_nothing():
    """On the equator another sign of the latitude is no repair; the next change may be one."""
    own = placed(made({"Latitude": 0.0, "Longitude": 30.0}), inside={(0.0, 30.0): "DEU"})
    assert coordinates._repair(own, 0) == ("", "")
    own.countries = World({(0.0, -30.0): "DEU"})
    assert coordinates._repair(own, 0) == ("sign of longitude", "Latitude=0; Longitude=-30")


@pytest.mark.parametrize("lat, lon, repair", [
    (20.0, 90.0, "Latitude=90; Longitude=20"), (20.0, 90.5, ""),
    (180.0, 20.0, "Latitude=20; Longitude=180"), (180.5, 20.0, ""),
    (20.0, -90.0, "Latitude=-90; Longitude=20"), (20.0, -90.5, ""),
])
def test_repairs_stay_on_earth(lat, lon, repair):
    """What a swap leads to must exist: a latitude to 90, a longitude to 180 degrees."""
    own = placed(made({"Latitude": lat, "Longitude": lon}), inside={(lon, lat): "DEU"})
    assert coordinates._repair(own, 0)[1] == repair


@pytest.mark.parametrize("lat, lon, whole", [
    (50.0, 13.0, True), (50.5, 13.0, False), (50.0, 13.5, False), (0.0, 0.0, True),
])
def test_which_coordinates_are_whole(lat, lon, whole):
    """Both must be without decimals; the score is 0.2."""
    found = coordinates.whole_degrees(placed(made({"Latitude": lat, "Longitude": lon})))
    assert found["score"].tolist() == [0.2] * whole
    if whole:
        assert found["expected"].tolist() == ["coordinates with decimals; these may be 80 km off"]
        assert found["value"].tolist() == [f"{lat:g}, {lon:g}"]


def study_at(*sites, **changes):
    """Flags of a study with the sites, whose home is Germany."""
    own = placed(made(*({"Latitude": a, "Longitude": b, **changes} for a, b in sites)))
    return coordinates.scattered(own)


def test_a_site_far_from_three():
    """The middle of three is the median of their directions; distances go along the sphere."""
    found = study_at((-6.0, 0.0), (0.0, 0.0), (6.0, 0.0), (21.0, 0.0), (21.0, 0.0))
    assert found.index.tolist() == [3, 4]
    # Middle on the equator: 6, 0 and 6 degrees off, 4 in the mean; 21 degrees are 2335.1 km.
    away = 21 * math.pi / 180 * RADIUS
    assert found["score"].tolist() == pytest.approx([away / (away + 1500)] * 2, rel=1e-9)
    assert set(found["expected"]) == {
        "a place near the study's 3 other sites in the same country, which lie 2,335 km away "
        "and 445 km apart"
    }
    assert found["value"].tolist() == ["21, 0"] * 2


@pytest.mark.parametrize("lat, flagged", [(19.9, False), (20.1, True)])
def test_five_times_as_far_as_the_others(lat, flagged):
    """Of sites 4 degrees from their middle, one is scattered from 20 degrees on."""
    found = study_at((-6.0, 0.0), (0.0, 0.0), (6.0, 0.0), (lat, 0.0))
    assert found.index.tolist() == [3] * flagged


@pytest.mark.parametrize("lat, flagged", [(8.98, False), (9.01, True)])
def test_a_thousand_km_are_remarked(lat, flagged):
    """1000 km, two thirds of the tolerance, score 0.4: 8.9932 degrees."""
    found = study_at((0.0, 0.0), (0.01, 0.0), (-0.01, 0.0), (lat, 0.0))
    assert found.index.tolist() == [3] * flagged


def test_the_fewest_sites_that_scatter():
    """Three sites are enough, along a meridian or a parallel; two are not, nor two seen thrice."""
    assert study_at((0.0, 0.0), (0.1, 0.0), (40.0, 0.0)).index.tolist() == [2]
    assert study_at((0.0, 0.0), (0.0, 0.1), (0.0, 40.0)).index.tolist() == [2]
    assert study_at((0.0, 0.0), (40.0, 10.0)).empty
    assert study_at((0.0, 0.0), (40.0, 10.0), (0.0, 0.0)).empty


def test_only_the_far_site_is_told_of():
    """A site that shares only its latitude or its longitude with the far one is not."""
    found = study_at((0.0, 0.0), (0.1, 0.0), (0.0, 0.1), (0.0, 40.0), (0.1, 0.1), (0.0, 40.0))
    assert found.index.tolist() == [3, 5]


@pytest.mark.filterwarnings("error")
def test_scattered_needs_a_country_and_one_study():
    """Sites of unknown country, of another country or of another study are no others."""
    far = [(0.0, 0.0), (0.1, 0.0), (40.0, 0.0)]
    assert study_at(*far, Country=None).empty
    rows = [{"Latitude": a, "Longitude": b} for a, b in far]
    rows[0]["Study_number"] = 11
    assert coordinates.scattered(placed(made(*rows))).empty
    rows[0] = {"Latitude": 0.0, "Longitude": 0.0, "Country": "France"}
    assert coordinates.scattered(placed(made(*rows))).empty


def test_two_sites_do_not_end_the_search():
    """A study with too few sites is passed over, the next is looked at."""
    rows = [{"Latitude": a, "Longitude": b, "Study_number": s} for a, b, s in [
        (0.0, 0.0, 1), (0.1, 0.1, 1), (0.0, 0.0, 2), (0.1, 0.0, 2), (40.0, 0.0, 2)]]
    assert coordinates.scattered(placed(made(*rows))).index.tolist() == [4]


def test_a_scattered_site_is_repaired():
    """A sign that brings it beside the others is the repair."""
    rows = [{"Latitude": a, "Longitude": 5.0} for a in (30.0, 30.1, 30.2, -30.1)]
    own = placed(made(*rows), inside={(30.1, 5.0): "DEU", (5.0, -30.1): "DEU"})
    assert coordinates.scattered(own)["repair"].tolist() == ["Latitude=30.1; Longitude=5"]


def place_flags(*rows):
    """Flags on coordinates: record by row, score, value, repair and, if other, the field."""
    return pd.DataFrame(
        [{"record": r + 1, "study": 10, "test": "t", "field": (*field, coordinates.FIELD)[0],
          "value": value, "expected": "e", "score": score, "repair": repair}
         for r, score, value, repair, *field in rows],
        index=[r for r, *_ in rows], columns=list(FIELDS),
    )


def test_which_sites_are_suspicious():
    """Sites with a flag on coordinates from the threshold up; records of one site count once."""
    records = table({"Country": "France"}, {}, {}, {})
    found = quality.suspicious_sites(records, place_flags(
        (0, 0.5, "a", ""), (0, 0.6, "a", "Latitude=1; Longitude=2"), (1, 0.9, "a", ""),
        (2, 0.499, "b", ""), (3, 0.9, "c", "", "MAT"),
    ))
    assert found[["study", "country", "lat", "lon", "records"]].values.tolist() == [
        [10, "Germany", 50.95, 13.55, 2]]
    assert found[["to_lat", "to_lon", "how"]].values.tolist() == [[1.0, 2.0, "repair"]]
    other = quality.suspicious_sites(records, place_flags((2, 0.3, "b", "")), threshold=0.3)
    assert other["how"].tolist() == ["nearest"]


def test_where_unknown_sites_belong():
    """Without a known country, or with impossible coordinates, no place is suggested."""
    records = table({"Country": None}, {"Latitude": 95.0}, {})
    found = quality.suspicious_sites(records, place_flags(
        (1, 0.9, "a", ""), (2, 0.9, "b", ""), (3, 0.9, "c", "")))
    assert found["how"].tolist() == ["", "", "nearest"]
    assert found["to_lat"].isna().tolist() == found["to_lon"].isna().tolist() == \
        [True, True, False]
    # The nearest outline of Germany from Tharandt is the Czech border, at about 50.70 N, 13.56 E.
    assert found[["to_lat", "to_lon"]].iloc[2].tolist() == pytest.approx([50.70, 13.56], abs=0.02)


def test_no_suspicious_site():
    """Without any, the table is empty and has its columns."""
    found = quality.suspicious_sites(table(), place_flags())
    assert found.columns.tolist() == ["study", "country", "lat", "lon", "records", "to_lat",
                                      "to_lon", "how"]
    assert found.empty


# Climate, elevation and vegetation


def test_limits_against_the_map():
    """16 K, a factor of eight, 2400 m, and 0.49 at most where the field is subjective."""
    assert (climate.MAT_TOLERANCE, climate.MAP_TOLERANCE) == (16.0, 8.0)
    assert (climate.ELEVATION_TOLERANCE, climate.SUBJECTIVE) == (2400.0, 0.49)


@pytest.mark.parametrize("field", ["MAT", "Study_temp"])
@pytest.mark.parametrize("own, score, repair", [
    (8.0, None, ""), (15.99, None, ""), (16.01, 8.01 / 24.01, ""), (0.01, None, ""),
    (-0.01, 8.01 / 24.01, ""), (24.0, 0.5, ""), (56.0, 0.75, ""),
    (-8.0, 0.5, ""), (-8.5, 16.5 / 32.5, "8.5"), (-9.9, 17.9 / 33.9, "9.9"), (-10.0, 18 / 34, ""),
])
def test_reported_temperatures(field, own, score, repair):
    """Remarked from 8 K off, 0.5 at 16; the other sign must be within 2 K of the cell's 8 degC."""
    given = {"MAT": np.nan, "Study_temp": np.nan, field: own}
    found = climate.temperature(made(given, MAT=[8.0]))
    assert found["score"].tolist() == ([] if score is None else [pytest.approx(score)])
    if score is not None:
        assert found[["field", "value", "expected"]].iloc[0].tolist() == [
            field, f"{own:g} degC", "about 8 degC, as in the cell of its coordinates"]
        assert found["repair"].tolist() == [repair and f"{field}={repair}"]


def test_lukewarm_signs_are_not_repaired():
    """A cell of -7.5 degC is 15.5 K from +8: the other sign would fit, but it is only remarked."""
    found = climate.temperature(made({"MAT": 8.0}, MAT=[-7.5]))
    assert found["score"].tolist() == [pytest.approx(15.5 / 31.5)]
    assert found["repair"].tolist() == [""]


@pytest.mark.parametrize("field", ["MAP", "Study_precip"])
@pytest.mark.parametrize("own, cell, score, repair", [
    # With 30 mm added the cell has 1000; 0.45 is at a factor of 8 ** (0.45 / 0.55) = 5.4814.
    (970.0, 970.0, None, ""), (153.0, 970.0, None, ""), (5451.0, 970.0, None, ""),
    (152.0, 970.0, math.log(1000 / 182) / (math.log(1000 / 182) + math.log(8)), ""),
    (5452.0, 970.0, math.log(5.482) / (math.log(5.482) + math.log(8)), ""),
    # 97 mm is a factor of 7.9 off, 95 mm one of 8.
    (97.0, 970.0, math.log(1000 / 127) / math.log(8000 / 127), ""),
    (95.0, 970.0, 0.5, "950"), (90.0, 970.0, math.log(1000 / 120) / math.log(8000 / 120), "900"),
    (9.7, 970.0, math.log(1000 / 39.7) / math.log(8000 / 39.7), "970"),
    (-5.0, 970.0, math.log(1000 / 30) / math.log(8000 / 30), ""),
    (97000.0, 970.0, math.log(97.03) / math.log(97.03 * 8), "970"),
    # 120 mm with 30 are 1.5 times 100, which is too much; 119.9 mm are not.
    (1200.0, 70.0, math.log(12.3) / math.log(12.3 * 8), ""),
    (1199.0, 70.0, math.log(12.29) / math.log(12.29 * 8), "119.9"),
    # 29.5 and 2.95 mm are both near 10 mm.
    (295.0, 10.0, math.log(8.125) / math.log(65.0), ""),
])
def test_reported_precipitation(field, own, cell, score, repair):
    """0.5 at a factor of 8, remarked from 0.45; a repair by 10 or 100 must be the only one."""
    given = {"MAP": np.nan, "Study_precip": np.nan, field: own}
    found = climate.precipitation(made(given, MAP=[cell]))
    assert found["score"].tolist() == ([] if score is None else [pytest.approx(score)])
    if score is not None:
        assert found[["field", "value", "expected"]].iloc[0].tolist() == [
            field, f"{max(own, 0):g} mm",
            f"about {cell:g} mm, as in the cell of its coordinates"]
        assert found["repair"].tolist() == [repair and f"{field}={repair}"]


def test_no_map_no_flag():
    """Off the map, or with nothing reported, temperature and precipitation are not told of."""
    own = made({}, {"MAT": np.nan, "MAP": np.nan}, MAT=[np.nan, 8.0], MAP=[np.nan, 800.0])
    assert climate.temperature(own).empty
    assert climate.precipitation(own).empty


@pytest.mark.parametrize("metres, flagged", [
    (-430.0, False), (-430.5, True), (6500.0, False), (6500.5, True), (0.0, False),
])
def test_elevations_that_cannot_be(metres, flagged):
    """Below the Dead Sea or above the highest plants."""
    found = climate.elevation(made({"Elevation": metres}, MAT=[8.0]))
    assert found["score"].tolist() == [1.0] * flagged
    if flagged:
        assert found["value"].tolist() == [f"{metres:g} m"]
        assert found["expected"].tolist() == [
            "between the Dead Sea and the highest plants, -430 to 6500 m"]


def heights(monkeypatch, *changes, n=50, due=1000.0):
    """Flags of records with changes among `n` studies, where `due` metres are expected."""
    calls = []

    def expected(x, y, groups, trees):
        calls.append((x, y, groups, trees))
        return pd.Series(due, index=y.index)

    monkeypatch.setattr(climate, "left_out", expected)
    rows = [{"Study_number": k, "Elevation": 1000.0, **(changes[k] if k < len(changes) else {})}
            for k in range(n)]
    return climate.elevation(made(*rows, MAT=[8.0] * n)), calls


def test_elevation_against_the_climate(monkeypatch):
    """0.45 is 1963.6 m off; what cannot be is not told of again; 0.5 is 2400 m."""
    found, [(x, y, groups, trees)] = heights(
        monkeypatch, {"Elevation": 2963.0}, {"Elevation": 2964.0}, {"Elevation": 3400.0},
        {"Elevation": 7000.0}, {"Elevation": np.nan}, {"Latitude": 95.0}, {"MAT": np.nan}, n=52)
    assert found.index.tolist() == [3, 1, 2]
    assert found["score"].tolist() == [1.0, pytest.approx(1964 / 4364), 0.5]
    assert found["expected"].tolist()[1:] == [
        "about 1,000 m, from the climate there and sites nearby"] * 2
    assert found["value"].tolist() == ["7000 m", "2964 m", "3400 m"]
    # The record without a height and that without a place teach nothing.
    assert y.index.tolist() == groups.index.tolist() == [k for k in range(52) if k not in (4, 5)]
    assert trees == 40
    assert x.columns.tolist() == ["MAT", "MAP", "warmest", "coldest", "ndvi", "lat", "lon",
                                  "reported"]
    assert x.iloc[0].tolist() == [8.0, 770.0, 17.0, -1.0, 0.8, 50.95, 13.55, 8.0]
    assert x.notna().all().all()


def test_elevation_without_a_map(monkeypatch):
    """The reported temperature is replaced by the cell's, what is still missing by -99."""
    rows = [{"Study_number": k} for k in range(50)]
    rows[0]["MAT"] = 3.0
    rows[1]["MAT"] = rows[2]["MAT"] = np.nan
    seen = []
    monkeypatch.setattr(climate, "left_out", lambda x, y, groups, trees: seen.append(x) or y)
    climate.elevation(made(*rows, MAT=[5.0, 6.0, np.nan] + [8.0] * 47))
    assert seen[0]["reported"].iloc[:4].tolist() == [3.0, 6.0, -99.0, 8.0]
    assert seen[0]["MAT"].iloc[:4].tolist() == [5.0, 6.0, -99.0, 8.0]


@pytest.mark.parametrize("n, calls", [(49, 0), (50, 1)])
def test_elevation_needs_fifty_studies(monkeypatch, n, calls):
    """With fewer, only what cannot be is told of."""
    assert len(heights(monkeypatch, n=n)[1]) == calls


BIOMES = {
    # As the documentation has it: degC of the cell, degrees from the equator.
    "Tropical": (14, 40, 0, 32), "Subtropical": (6, 35, 5, 45), "Mediterranean": (4, 28, 20, 52),
    "Temperate": (-8, 25, 15, 66), "Boreal": (-18, 10, 28, 75), "Arctic": (-40, 6, 30, 90),
}


def biome(name, *places):
    """Flags of a biome in cells of some temperatures, at some latitudes."""
    return climate.biome(made(*({"Biome": name, "Latitude": lat} for _, lat in places),
                              MAT=[mat for mat, _ in places]))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", BIOMES)
def test_bounds_of_biomes(name, sign):
    """Remarked from two thirds of 8 K or 10 degrees beyond a bound: 5.33 K and 6.67 degrees."""
    cold, warm, low, high = BIOMES[name]
    mat, lat = (cold + warm) / 2, (low + high) / 2
    # Beyond by 6 K or 7.5 degrees is 0.75, which scores 0.75 / 1.75; by 8 K it is held at 0.49.
    due = [(mat, lat, None)]
    for bound, way in ((cold, -1), (warm, 1)):
        due += [(bound + way * k, lat, score) for k, score in
                ((5.3, None), (5.4, 5.4 / 13.4), (6, 3 / 7), (8, 0.49))]
    for bound, way in ((low, -1), (high, 1)):
        due += [(mat, bound + way * k, score) for k, score in
                ((6.6, None), (6.7, 6.7 / 16.7), (7.5, 3 / 7))]
    due = [one for one in due if 0 <= one[1] <= 90]
    found = biome(name, *((mat, sign * lat) for mat, lat, _ in due))
    assert dict(found["score"]) == {
        k: pytest.approx(score) for k, (*_, score) in enumerate(due) if score is not None}


@pytest.mark.parametrize("name", BIOMES)
def test_words_on_biomes(name):
    """The bounds of the biome that is stated, and what the place has."""
    cold, warm, low, high = BIOMES[name]
    found = biome(name, (warm + 9.0, -(low + high) / 2 - 0.2))
    assert found["expected"].tolist() == [
        f"a biome of {(low + high) / 2 + 0.2:.0f} degrees of latitude and {warm + 9} degC; {name} "
        f"is looked for at {low} to {high} degrees and {cold} to {warm} degC"]
    assert found["value"].tolist() == [name]


def test_biomes_that_are_not_asked():
    """Where the place is unknown nothing is said of latitude; other words have no bounds."""
    assert climate.biome(made({"Biome": "Tropical", "Latitude": 95.0}, MAT=[25.0])).empty
    assert climate.biome(made({"Biome": "Urban"}, {"Biome": None}, MAT=[99.0, 99.0])).empty


@pytest.mark.parametrize("name, cell, score, words", [
    # MAP / (MAP + 1400) is 0.45 at 1145.45 mm, and over 0.49 from 1345.1 mm on.
    ("Desert", {"MAP": 1145.0}, None, ""),
    ("Desert", {"MAP": 1146.0}, 1146 / 2546, "a dry place; the cell has 1,146 mm a year"),
    ("Desert", {"MAP": 1300.0}, 1300 / 2700, "a dry place; the cell has 1,300 mm a year"),
    ("Desert", {"MAP": 2800.0}, 0.49, "a dry place; the cell has 2,800 mm a year"),
    # What is above 10 degC, over 10 K more, is 0.45 at 18.18 degC.
    ("Tundra", {"warmest": 18.1}, None, ""), ("Tundra", {"warmest": -30.0}, None, ""),
    ("Tundra", {"warmest": 0.0}, None, ""), ("Tundra", {"warmest": 10.5}, None, ""),
    ("Tundra", {"warmest": 18.25}, 8.25 / 18.25,
     "a cold place; the warmest month of the cell has 18 degC"),
    ("Tundra", {"warmest": 30.0}, 0.49, "a cold place; the warmest month of the cell has 30 degC"),
    ("Forest", {"bare": 0.98}, None, ""),
    ("Forest", {"bare": 0.99}, 0.45, "not a forest; 99% of the cell is bare ground or ice"),
    ("Forest", {"bare": 1.0}, 0.45, "not a forest; 100% of the cell is bare ground or ice"),
    ("Grassland", {"bare": 1.0, "MAP": 9000.0, "warmest": 40.0}, None, ""),
])
def test_ecosystems_against_the_cell(name, cell, score, words):
    """Wet deserts, warm tundra and forests on bare ground are remarked, no other."""
    own = made({"Ecosystem_type": name}, **{key: [value] for key, value in cell.items()})
    found = climate.ecosystem(own)
    assert found["score"].tolist() == ([] if score is None else [pytest.approx(score)])
    assert found["expected"].tolist() == [words] * (score is not None)
    assert found["value"].tolist() == [name] * (score is not None)


def test_records_are_predicted_from_other_groups():
    """Where nothing tells records apart, each gets the mean of the groups of the other folds."""
    groups = pd.Series(np.repeat(np.arange(10), 6), index=np.arange(60) + 100)
    y = 2.0 ** groups
    found = climate.left_out(pd.DataFrame({"x": np.zeros(60)}), y, groups, trees=200)
    # Ten groups in five folds, two each: shuffled with the seed (0, 5), the first and the sixth
    # together and so on.
    order = np.random.default_rng([0, 5]).permutation(10)
    for k in range(5):
        pair = order[[k, k + 5]]
        due = (1023 - 2.0 ** pair[0] - 2.0 ** pair[1]) / 8
        assert found[groups.isin(pair)].to_numpy() == pytest.approx([due] * 12)
    assert found.index.tolist() == y.index.tolist()


def test_the_forest_of_left_out_records():
    """Sixty trees of leaves of five, half of the features at a split, seeded by the fold."""
    rng = np.random.default_rng(1)
    x = pd.DataFrame(rng.normal(size=(60, 4)))
    groups = pd.Series(np.repeat(np.arange(20), 3))
    y = x[0] + pd.Series(rng.normal(size=60))
    found = climate.left_out(x, y, groups)
    order = np.random.default_rng([0, 5]).permutation(20)
    for k in range(5):
        own = groups.isin(order[k::5]).to_numpy()
        forest = ExtraTreesRegressor(60, min_samples_leaf=5, max_features=0.5, random_state=k)
        forest.fit(x[~own].to_numpy(np.float32), y[~own])
        assert found[own].to_numpy() == pytest.approx(
            forest.predict(x[own].to_numpy(np.float32)), abs=1e-12)


def test_other_numbers_of_folds_and_trees():
    """Two folds halve the groups by their own seed; one tree is enough."""
    groups = pd.Series(np.repeat(np.arange(4), 5))
    y = groups * 1.0
    found = climate.left_out(pd.DataFrame({"x": np.zeros(20)}), y, groups, trees=1, folds=2)
    order = np.random.default_rng([0, 2]).permutation(4)
    for k in range(2):
        assert set(found[groups.isin(order[k::2])].round(9)) == {order[1 - k::2].mean()}


# SR, HR, AR and RC


def test_limits_of_parts():
    """8 % for the sum, 0.08 for RC, 2 % for an exchange and 5 % for a part above the whole."""
    assert (parts.SUM_TOLERANCE, parts.RC_TOLERANCE) == (0.08, 0.08)
    assert (parts.EXCHANGED, parts.WHOLE_TOLERANCE) == (0.02, 0.05)


def given(sr=np.nan, hr=np.nan, ar=np.nan, rc=np.nan):
    """Evidence of one record with these fluxes alone."""
    return made({"Rs_annual": sr, "Rh_annual": hr, "Ra_annual": ar, "RC_annual": rc})


@pytest.mark.parametrize("rc, score", [
    (0.0, None), (0.5, None), (1.0, None), (-0.05, None), (-0.06, 6 / 11), (1.01, 1 / 6),
    (1.05, 0.5), (1.15, 0.75), (-0.45, 0.9),
])
def test_bounds_of_shares(rc, score):
    """Above 1, or below -0.05; 0.05 beyond scores 0.5."""
    found = parts.share_bounds(given(rc=rc))
    assert found["score"].tolist() == ([] if score is None else [pytest.approx(score)])
    if score is not None:
        assert found[["field", "value", "expected", "repair"]].iloc[0].tolist() == [
            "RC_annual", f"{rc:g}", "a share between 0 and 1", ""]


@pytest.mark.parametrize("rc, ar, repair", [
    (1.99, np.nan, ""), (2.0, np.nan, "0.02"), (40.0, np.nan, "0.4"), (100.0, np.nan, "1"),
    (100.5, np.nan, ""), (40.0, 479.0, "0.4"), (40.0, 481.0, ""), (40.0, 321.0, "0.4"),
    (40.0, 319.0, ""), (-40.0, np.nan, ""),
])
def test_percentages(rc, ar, repair):
    """From 2 to 100 a share may be a percentage, unless AR over an SR of 1000 is 0.08 from it."""
    found = parts.share_bounds(given(sr=1000.0, ar=ar, rc=rc))
    assert found["repair"].tolist() == [repair and f"RC_annual={repair}"]


@pytest.mark.parametrize("field, symbol, value, score", [
    ("Rs_annual", "SR", 0.5, None), ("Rs_annual", "SR", 0.0, 0.6), ("Rs_annual", "SR", -20.0, 0.6),
    ("Rs_annual", "SR", -20.5, 0.9), ("Ra_annual", "AR", 0.0, None), ("Ra_annual", "AR", -0.5, 0.6),
    ("Ra_annual", "AR", -20.0, 0.6), ("Ra_annual", "AR", -19.5, 0.6),
    ("Ra_annual", "AR", -20.5, 0.9), ("Rh_annual", "HR", 0.0, None), ("Rh_annual", "HR", -0.5, 0.6),
    ("Rh_annual", "HR", -21.5, 0.9), ("RC_annual", "RC", -30.0, None),
])
def test_fluxes_below_zero(field, symbol, value, score):
    """SR of zero is told of, a part of zero is not; below -20 g it is grave."""
    found = parts.negative(made({**dict.fromkeys(parts._SYMBOL, np.nan), field: value}))
    assert found["score"].tolist() == [score] * (score is not None)
    if score is not None:
        assert found[["field", "value", "expected"]].iloc[0].tolist() == [
            field, f"{value:g} g C m-2 yr-1", f"{symbol} above zero"]


@pytest.mark.parametrize("sr, part, score", [
    (1000.0, 999.0, None), (1000.0, 1004.0, None), (1000.0, 1006.0, 0.006 / 0.056),
    (1000.0, 1050.0, 0.5), (1000.0, 1150.0, 0.75), (0.0, 5.0, None), (-5.0, -8.0, None),
    (-5.0, 5.0, None), (0.5, 0.75, 0.5 / 0.55), (np.nan, 5.0, None),
])
@pytest.mark.parametrize("name, symbol, field", [("hr", "HR", "Rh_annual"),
                                                 ("ar", "AR", "Ra_annual")])
def test_parts_above_the_whole(name, symbol, field, sr, part, score):
    """By more than half a percent of an SR above zero; 5 % score 0.5."""
    found = parts.part_above_whole(given(sr=sr, **{name: part}))
    assert found["score"].tolist() == ([] if score is None else [pytest.approx(score)])
    if score is not None:
        assert found[["test", "field", "value", "expected", "repair"]].iloc[0].tolist() == [
            f"{symbol} above SR", f"Rs_annual, {field}", f"SR {sr:g}, {symbol} {part:g}",
            f"{symbol}, a part, not larger than SR, the whole", ""]


@pytest.mark.parametrize("other, exchanged", [
    (400.0, True), (419.0, True), (420.0, False), (421.0, False), (381.0, True), (379.0, False),
    (-400.0, False),
])
@pytest.mark.parametrize("name, left, field", [("hr", "ar", "Rh_annual"),
                                               ("ar", "hr", "Ra_annual")])
def test_exchanged_with_the_whole(name, left, field, other, exchanged):
    """SR 600, a part of 1000: exchanged if the other part makes 400 of 1000, to 20."""
    found = parts.part_above_whole(given(sr=600.0, rc=0.77, **{name: 1000.0, left: other}))
    assert found["repair"].tolist() == [
        f"Rs_annual=1000; {field}=600" if exchanged else ""]


@pytest.mark.parametrize("name, rc, exchanged", [
    ("hr", 0.4, True), ("hr", 0.415, True), ("hr", 0.425, False), ("hr", 0.385, True),
    ("hr", 0.375, False), ("hr", 0.6, False), ("hr", np.nan, False),
    ("ar", 0.6, True), ("ar", 0.615, True), ("ar", 0.625, False), ("ar", 0.585, True),
    ("ar", 0.575, False), ("ar", 0.4, False), ("ar", np.nan, False),
])
def test_exchanged_by_the_share(name, rc, exchanged):
    """Without the other part, SR 600 and 1000 are exchanged if RC says 0.6, or 0.4 of AR."""
    found = parts.part_above_whole(given(sr=600.0, rc=rc, **{name: 1000.0}))
    assert bool(found["repair"].iloc[0]) == exchanged


@pytest.mark.parametrize("sr, hr, ar, score", [
    # 0.4 is at 0.05333 of the larger of the two.
    (1000.0, 500.0, 447.0, None), (1000.0, 500.0, 446.0, 0.054 / 0.134),
    (1000.0, 600.0, 456.0, None), (1000.0, 600.0, 457.0, (57 / 1057) / (57 / 1057 + 0.08)),
    (1000.0, 500.0, 420.0, 0.5), (1000.0, 500.0, 260.0, 0.75), (0.0, 0.0, 0.0, None),
    (0.5, 0.125, 0.125, 0.5 / 0.58), (100.0, -100.0, 150.0, 0.2 / 0.28),
    (-100.0, 50.0, 20.0, 1.7 / 1.78), (100.0, 150.0, -100.0, 0.2 / 0.28),
    (np.nan, 500.0, 100.0, None), (1000.0, np.nan, 100.0, None), (1000.0, 500.0, np.nan, None),
])
def test_the_sum_of_parts(sr, hr, ar, score):
    """HR + AR misses SR by 5.3 % or more of the larger; 8 % score 0.5; all three are needed."""
    found = parts.sum_of_parts(given(sr=sr, hr=hr, ar=ar))
    assert found["score"].tolist() == ([] if score is None else [pytest.approx(score)])
    if score is not None:
        assert found[["field", "value", "expected"]].iloc[0].tolist() == [
            "Rs_annual, Rh_annual, Ra_annual", f"SR {sr:g}, HR {hr:g}, AR {ar:g}",
            f"SR = HR + AR; HR + AR is {hr + ar:.0f}"]


NONE = float("nan")


@pytest.mark.parametrize("sr, hr, ar, rc, repair", [
    (60.0, 360.0, 240.0, NONE, "Rs_annual=600"), (6000.0, 360.0, 240.0, 0.4, "Rs_annual=600"),
    (60000.0, 360.0, 240.0, NONE, "Rs_annual=600"), (6.0, 360.0, 240.0, NONE, "Rs_annual=600"),
    (2202.0, 360.0, 240.0, NONE, "Rs_annual=600"), (219000.0, 360.0, 240.0, NONE, "Rs_annual=600"),
    (0.06, 0.36, 0.24, NONE, "Rs_annual=0.6"), (600.0, 3600.0, 240.0, 0.4, "Rh_annual=360"),
    (600.0, 36.0, 240.0, 0.4, "Rh_annual=360"), (600.0, 360.0, 24.0, 0.4, "Ra_annual=240"),
    (600.0, 360.0, 2400.0, NONE, "Ra_annual=240"), (1.2, 0.9, 3.0, NONE, "Ra_annual=0.3"),
    (1.2, 3.0, 0.9, NONE, "Rh_annual=0.3"),
    # RC must fit what the repair makes of it, to 0.08.
    (60.0, 360.0, 240.0, 0.479, "Rs_annual=600"), (60.0, 360.0, 240.0, 0.481, ""),
    (60.0, 360.0, 240.0, 0.321, "Rs_annual=600"), (60.0, 360.0, 240.0, 0.319, ""),
    (600.0, 3600.0, 240.0, 0.479, "Rh_annual=360"), (600.0, 3600.0, 240.0, 0.481, ""),
    (600.0, 360.0, 24.0, 0.479, "Ra_annual=240"), (600.0, 360.0, 24.0, 0.481, ""),
    # The factor must fit to 3 %: 600 is 2.8 % below 617, 3.1 % below 619, 2.9 % above 583.
    (60.0, 377.0, 240.0, NONE, "Rs_annual=600"), (60.0, 379.0, 240.0, NONE, ""),
    (60.0, 343.0, 240.0, NONE, "Rs_annual=600"), (60.0, 342.0, 240.0, NONE, ""),
    # Another factor is none; nothing is divided by a part that leaves nothing.
    (300.0, 360.0, 240.0, NONE, ""), (240.0, 36.0, 240.0, NONE, ""), (0.0, 360.0, 240.0, NONE, ""),
    (36.0, 36.0, 240.0, NONE, ""),
    # Either SR is ten times too small, or HR ten times too large.
    (600.0, 5990.0, 3.0, NONE, ""),
    (-60.0, -360.0, -240.0, NONE, ""),
])
def test_the_one_flux_that_is_off(sr, hr, ar, rc, repair):
    """A factor of 3.67, 10, 100 or 365, up or down, on one flux alone."""
    assert parts._odd_one(sr, hr, ar, rc) == repair


def test_repairs_of_the_sum():
    """The repair of SR, HR and AR takes RC into account."""
    assert parts.sum_of_parts(given(60.0, 360.0, 240.0, 0.4))["repair"].tolist() == [
        "Rs_annual=600"]
    assert parts.sum_of_parts(given(60.0, 360.0, 240.0, 0.6))["repair"].tolist() == [""]


@pytest.mark.parametrize("fluxes, score, words", [
    # 0.4 is a miss of 0.05333.
    ({"sr": 1000.0, "ar": 453.0, "rc": 0.4}, None, ""),
    ({"sr": 1000.0, "ar": 454.0, "rc": 0.4}, 0.054 / 0.134, "RC = AR/SR, which is 0.45"),
    ({"sr": 1000.0, "ar": 346.0, "rc": 0.4}, 0.054 / 0.134, "RC = AR/SR, which is 0.35"),
    ({"sr": 1000.0, "ar": 480.0, "rc": 0.4}, 0.5, "RC = AR/SR, which is 0.48"),
    ({"sr": 1000.0, "hr": 480.0, "rc": 0.4}, 0.6, "RC = 1 - HR/SR, which is 0.52"),
    ({"hr": 150.0, "ar": 50.0, "rc": 0.4}, 0.15 / 0.23, "RC = AR/(AR + HR), which is 0.25"),
    ({"sr": 0.0, "ar": 5.0, "rc": 0.4}, None, ""), ({"sr": 0.0, "hr": 5.0, "rc": 0.4}, None, ""),
    ({"hr": -5.0, "ar": 5.0, "rc": 0.4}, None, ""), ({"hr": -9.0, "ar": 5.0, "rc": 0.4}, None, ""),
    ({"sr": -9.0, "ar": 5.0, "rc": 0.4}, None, ""), ({"sr": -9.0, "hr": 5.0, "rc": 0.4}, None, ""),
    ({"sr": 0.5, "ar": 0.4, "rc": 0.1}, 0.7 / 0.78, "RC = AR/SR, which is 0.80"),
    ({"sr": 0.5, "hr": 0.1, "rc": 0.1}, 0.7 / 0.78, "RC = 1 - HR/SR, which is 0.80"),
    ({"hr": 0.1, "ar": 0.4, "rc": 0.1}, 0.7 / 0.78, "RC = AR/(AR + HR), which is 0.80"),
    ({"sr": 1000.0, "ar": 400.0}, None, ""),
    # The larger miss of several is told: 0.3, 0.5 and 0.375 against 0.35.
    ({"sr": 1000.0, "hr": 500.0, "ar": 300.0, "rc": 0.35}, 0.15 / 0.23,
     "RC = 1 - HR/SR, which is 0.50"),
    # One minus the share is 0.4: within 0.04 of RC it is the other share.
    ({"sr": 1000.0, "ar": 600.0, "rc": 0.4}, 0.2 / 0.28,
     "RC = AR/SR, which is 0.60; HR and AR are exchanged, or RC is the share of HR"),
    ({"sr": 1000.0, "ar": 600.0, "rc": 0.437}, 0.163 / 0.243,
     "RC = AR/SR, which is 0.60; HR and AR are exchanged, or RC is the share of HR"),
    ({"sr": 1000.0, "ar": 600.0, "rc": 0.443}, 0.157 / 0.237, "RC = AR/SR, which is 0.60"),
    ({"sr": 1000.0, "ar": 600.0, "rc": 0.357}, 0.243 / 0.323, "RC = AR/SR, which is 0.60"),
    # All shares must be flipped: 0.4 is, of 0.6, but not of 0.5.
    ({"sr": 1000.0, "hr": 500.0, "ar": 600.0, "rc": 0.4}, 0.2 / 0.28, "RC = AR/SR, which is 0.60"),
])
def test_rc_against_the_fluxes(fluxes, score, words):
    """RC against AR/SR, 1 - HR/SR and AR/(AR + HR), from what is given and above zero."""
    found = parts.root_share(given(**fluxes))
    assert found["score"].tolist() == ([] if score is None else [pytest.approx(score)])
    assert found["expected"].tolist() == [words] * (score is not None)


def test_fields_of_rc():
    """Only the fields that are given are named, and only their values are told."""
    found = parts.root_share(given(sr=1000.0, ar=800.0, rc=0.1)).iloc[0]
    assert (found["field"], found["value"]) == (
        "RC_annual, Rs_annual, Ra_annual", "SR 1000, AR 800, RC 0.1")
    found = parts.root_share(given(hr=150.0, ar=50.0, rc=0.5)).iloc[0]
    assert (found["field"], found["value"]) == (
        "RC_annual, Rh_annual, Ra_annual", "HR 150, AR 50, RC 0.5")
    assert found["repair"] == ""


# Fluxes


YEAR = 12.011e-6 * 31_557_600
"""g C m-2 in a year of 365.25 days at 1 umol CO2 m-2 s-1."""

RANGES = {
    "Rs_growingseason": (0.73, 6), "Rs_summer": (0.65, 7), "Rs_spring": (1.2, 15),
    "Rs_autumn": (1.2, 15), "Rs_wet": (0.8, 6), "Rs_dry": (1.2, 7), "Rs_winter": (2.6, 27),
}


def seasonal(field, rate, sr):
    """Flags of an SR and a season's rate."""
    return fluxes.seasonal_rates(made({"Rs_growingseason": None, field: rate, "Rs_annual": sr}))


@pytest.mark.parametrize("field", RANGES)
@pytest.mark.parametrize("up", [1, -1])
def test_ranges_of_seasons(field, up):
    """0.5 at the season's factor from its usual SR, remarked from the 0.818th power of it."""
    usual, width = RANGES[field]
    due = 0.5 * YEAR * usual
    found = seasonal(field, 0.5, due * width**up)
    assert found["score"].tolist() == [pytest.approx(0.5)]
    assert found["field"].tolist() == [f"Rs_annual, {field}"]
    assert found["expected"].tolist() == [f"SR of about {due:,.0f} g C m-2 yr-1 from that rate"]
    assert seasonal(field, 0.5, due * width ** (0.81 * up)).empty
    assert len(seasonal(field, 0.5, due * width ** (0.82 * up))) == 1
    assert seasonal(field, 0.5, due).empty


def test_seasons_that_tell_nothing():
    """Rates and fluxes of zero or less are no evidence; half a gram is."""
    for rate, sr in ((0.0, 600.0), (-1.0, 600.0), (2.2, 0.0), (2.2, -600.0), (-2.0, -1e5)):
        assert seasonal("Rs_winter", rate, sr).empty
    assert len(seasonal("Rs_winter", 2.0, 0.5)) == 1
    found = seasonal("Rs_winter", 10.0, 5.0)
    # 10 x 379.038 x 2.6
    assert found["expected"].tolist() == ["SR of about 9,855 g C m-2 yr-1 from that rate"]
    assert found["value"].tolist() == ["SR 5 g C m-2 yr-1, Rs_winter 10 umol m-2 s-1"]


def test_limits_of_fluxes():
    """Spreads and limits by the other records of the study, and those of a whole study."""
    assert fluxes.SPREAD == (0.52, 0.30, 0.27, 0.25)
    assert fluxes.LIMITS == (4.0, 5.8, 6.0, 6.0)
    assert (fluxes.SHARED, fluxes.STUDY_LIMIT) == (1.5, 4.4)
    # 12.011e-6 g in a umol, 31,557,600 s in a year.
    assert pytest.approx(379.0383336, abs=1e-6) == fluxes.ANNUAL


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
    found = fluxes.comparable_records(
        remembered([(math.log(600), 0, 0, math.log(10), 0.3, z, 4.0)]))
    assert found["score"].tolist() == ([] if score is None else [pytest.approx(score)])
    # A factor of ten is the repair, of a suspicion alone.
    if score is not None:
        assert found["repair"].tolist() == ["Rs_annual=60" if score >= 0.5 else ""]


@pytest.mark.parametrize("others, words", [
    (0, ""), (1, ", and 1 other of its study,"), (2, ", and 2 others of its study,"),
])
def test_words_on_a_flux(others, words):
    """What is expected, and how many other records of the study say so."""
    rest = math.log(0.25)
    found = fluxes.comparable_records(remembered([(math.log(600), 0, others, rest, 0.5, 8, 4.0)]))
    assert found["expected"].tolist() == [
        f"SR of about 2,400 g C m-2 yr-1, as comparable records{words} have"]
    assert found["value"].tolist() == ["600 g C m-2 yr-1"]
    assert found["field"].tolist() == ["Rs_annual"]


@pytest.mark.parametrize("middle, score", [
    (1.87, None), (1.874, 1.874 / (1.874 + 2.288)), (-1.874, 1.874 / (1.874 + 2.288)),
    (2.288, 0.5), (-6.864, 0.75),
])
def test_when_a_study_is_told_of(middle, score):
    """Its middle record is held against 4.4 times 0.52, that is 2.288."""
    rows = [(math.log(600), r, 2, 0, 0.3, 0, 5.8) for r in (middle - 0.3, middle, middle + 9)]
    found = fluxes.whole_study(remembered(rows, [7, 7, 7]))
    assert found["score"].tolist() == ([] if score is None else [pytest.approx(score)] * 3)


def test_how_many_records_make_a_study():
    """Two records of a study are enough, one is not."""
    rows = [(math.log(600), 3.0, 0, 0, 0.5, 0, 4.0)] * 3
    found = fluxes.whole_study(remembered(rows, [7, 8, 8]))
    assert found.index.tolist() == [1, 2]


def test_words_and_repair_of_a_study():
    """What comparable records have, how many of its own are off and how far, and one repair."""
    rows = [(math.log(flux), math.log(10), 1, 0, 0.5, 0, 4.0) for flux in (6000, 9000)]
    found = fluxes.whole_study(remembered(rows, [7, 7]))
    assert found["expected"].tolist() == [
        f"SR of about {flux} g C m-2 yr-1, as comparable records of other studies have; "
        "the 2 records of this one are a factor of 10.0 above that in the middle"
        for flux in (600, 900)]
    # ln 10 / (ln 10 + 2.288) is 0.5016; a factor of ten leaves nothing.
    assert found["repair"].tolist() == ["Rs_annual=600", "Rs_annual=900"]
    assert found["value"].tolist() == ["6000 g C m-2 yr-1", "9000 g C m-2 yr-1"]
    # ln 9 is 2.197, a remark: no repair although ten would be near.
    rows = [(math.log(6000), math.log(9), 1, 0, 0.5, 0, 4.0)] * 2
    assert fluxes.whole_study(remembered(rows, [7, 7]))["repair"].tolist() == ["", ""]


@pytest.mark.parametrize("log, repaired", [
    # Half of 0.52 is the spread: 1.5 of it are 0.39 from ln 10; ln 3.67 stays 1.0 away.
    (math.log(10) + 0.38, True), (math.log(10) + 0.40, False),
])
def test_the_spread_of_a_study(log, repaired):
    """A study is repaired where a factor leaves less than 0.39 of the logarithm."""
    rows = [(math.log(6000), log, 1, 0, 0.5, 0, 4.0)] * 2
    found = fluxes.whole_study(remembered(rows, [7, 7]))
    assert [bool(r) for r in found["repair"]] == [repaired] * 2


def test_both_fluxes_are_looked_at():
    """A table without SR does not end the search: HR is told of on its own."""
    own = remembered([(math.log(600), 3.0, 1, 3.0, 0.3, 9.0, 5.8)] * 2, [7, 7])
    own.memo["Rs_annual"], own.memo["Rh_annual"] = own.memo["Rh_annual"], own.memo["Rs_annual"]
    for test in (fluxes.whole_study, fluxes.comparable_records):
        found = test(own)
        assert found["field"].tolist() == ["Rh_annual"] * 2
        assert found["expected"].str.startswith("HR of about 30 g").all()


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


@pytest.mark.parametrize("log, words", [
    (math.log(12.34), "a factor of 12.3 above that in the middle"),
    (-math.log(12.34), "a factor of 12.3 below that in the middle"),
    (math.log(2500), "a factor of 2,500.0 above that in the middle"),
    (math.log(1.5), "a factor of 1.5 above that in the middle"),
])
def test_factors_in_words(log, words):
    """Above or below, to one decimal."""
    assert fluxes._times(log) == words


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


@pytest.mark.parametrize("n, rows", [(49, 0), (50, 50)])
def test_fifty_studies_are_needed(monkeypatch, n, rows):
    """With 49 studies nothing is expected; with 50 every flux is."""
    _, found = expected_table(monkeypatch, range(n))
    assert len(found) == rows
    assert set(found.columns) == {"log", "residual", "others", "rest", "spread", "z", "limit"}


def test_fluxes_above_zero_are_expected(monkeypatch):
    """Zero and missing fluxes are left out; half a gram is not."""
    _, found = expected_table(monkeypatch, range(53), [0.0, np.nan, 0.5, *[600.0] * 50])
    assert found.index.tolist() == list(range(2, 53))


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


# All tests together


def test_the_order_of_flags():
    """The most suspicious first, then by study, row and name of the test."""
    own = table({"Study_number": 9}, {"Study_number": 9}, {"Study_number": 11})

    def test_of(name, scores):
        return lambda e: evidence.flag(
            e, list(scores), name, "f", "v", "e", list(scores.values()))

    found = quality.check(own, tests=[
        test_of("b", {3: 0.9, 2: 0.5, 0: 0.5}), test_of("a", {2: 0.5, 1: 0.5}),
        test_of("c", {0: 0.2}),
    ])
    assert list(zip(found.index, found["test"])) == [
        (3, "b"), (1, "a"), (2, "a"), (2, "b"), (0, "b"), (0, "c")]
    assert tuple(found.columns) == FIELDS


def test_tests_by_family():
    """Five families of 23 tests in all, each once."""
    from soilresp.records.quality.suite import FAMILIES, TESTS

    assert {name: len(own) for name, own in FAMILIES.items()} == {
        "coordinates": 5, "map": 5, "parts": 5, "fluxes": 3, "entries": 5}
    assert len(TESTS) == len(set(TESTS)) == 23


def test_a_climate_is_passed_on():
    """`check` hands the climate to the tests."""
    seen = SimpleNamespace(values=[])
    world = small_climate()

    def look(own):
        seen.values.append(own.cells["MAP"].iloc[0])
        return evidence.merge([])

    assert quality.check(table(), world, [look]).empty
    assert seen.values == [78.0]


def test_no_flags_on_the_neighbours():
    """A temperature that cannot be is told of in its own record, not in those around it."""
    found = flags_of(climate.temperature, {"MAT": 60.0}, {"MAT": 8.0})
    assert found.index.tolist() == [1]
