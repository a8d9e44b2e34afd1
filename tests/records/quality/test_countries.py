"""Tests of the names and polygons of countries."""

import numpy as np
import pytest

from soilresp.records.quality import countries


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
