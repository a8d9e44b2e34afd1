"""Tests of countries."""

import math

import numpy as np
import pytest
import shapely
from made_records import RADIUS

from soilresp.errors import DataError
from soilresp.records.quality import (
    countries,
)


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
