"""Tests of the checks of coordinates."""

import math

import numpy as np
import pandas as pd
import pytest
from made_records import RADIUS, flagged, is_flagged, made, placed, table

from soilresp.records import quality
from soilresp.records.quality import coordinates
from soilresp.records.quality.evidence import FIELDS


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


@pytest.mark.parametrize("km, remarked", [(0.0, False), (25.19, False), (25.2, True)])
def test_where_remarks_on_places_begin(km, remarked):
    """At a quarter of the tolerance, which is 100.7784 km with two decimals."""
    at = (50.25, 13.25)
    own = placed(
        made({"Latitude": at[0], "Longitude": at[1]}), home={at: km}, land={at: km},
    )
    for test in (coordinates.outside_country, coordinates.in_the_sea):
        assert len(flagged(test, own)) == remarked


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
    found = flagged(coordinates.whole_degrees, placed(made({"Latitude": lat, "Longitude": lon})))
    assert is_flagged(found, 0.2 if whole else None)


def study_at(*sites, **changes):
    """Flags of a study with the sites, whose home is Germany."""
    own = placed(made(*({"Latitude": a, "Longitude": b, **changes} for a, b in sites)))
    return flagged(coordinates.scattered, own)


def test_a_site_far_from_three():
    """The middle of three is the median of their directions; distances go along the sphere."""
    found = study_at((-6.0, 0.0), (0.0, 0.0), (6.0, 0.0), (21.0, 0.0), (21.0, 0.0))
    assert found.index.tolist() == [3, 4]
    # Middle on the equator: 6, 0 and 6 degrees off, 4 in the mean; 21 degrees are 2335.1 km.
    away = 21 * math.pi / 180 * RADIUS
    assert found["score"].tolist() == pytest.approx([away / (away + 1500)] * 2, rel=1e-9)
    # Means of 6, 0 and 6 degrees.
    assert found["expected"].str.contains("2,335 km away and 445 km apart").all()


@pytest.mark.parametrize("lat, far", [(8.98, False), (9.01, True)])
def test_a_thousand_km_are_remarked(lat, far):
    """1000 km, two thirds of the tolerance, score 0.4: 8.9932 degrees."""
    found = study_at((0.0, 0.0), (0.01, 0.0), (-0.01, 0.0), (lat, 0.0))
    assert found.index.tolist() == [3] * far


def test_the_fewest_sites_that_scatter():
    """Three sites are enough, along a meridian or a parallel; two are not, nor two seen thrice."""
    assert study_at((0.0, 0.0), (0.1, 0.0), (40.0, 0.0)).index.tolist() == [2]
    assert study_at((0.0, 0.0), (0.0, 0.1), (0.0, 40.0)).index.tolist() == [2]
    assert study_at((0.0, 0.0), (40.0, 10.0)).empty
    assert study_at((0.0, 0.0), (40.0, 10.0), (0.0, 0.0)).empty


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
