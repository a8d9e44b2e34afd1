"""Records and the cells they are given."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import DataError
from soilresp.grid.cells import EARTH_RADIUS, coordinates
from soilresp.records.matching import find_cells, match_to_grid, training_table, valid_cells


def observed(*places, year=2001.0, target="SR"):
    """Return records at places (lat, lon)."""
    lat, lon = np.transpose(places).astype(float)
    return pd.DataFrame({"record": range(1, len(places) + 1), "lat": lat, "lon": lon, "year": year,
                         "target": target})


def made_cube(cells, size=0.5, years=(2000, 2001, 2002)):
    """A cube on which only some cells (lat, lon) have vegetation, a little, of bin 1."""
    axes = coordinates(size)
    lat, lon = axes["lat"], axes["lon"]
    land = xr.DataArray(np.zeros((lat.size, lon.size)), axes, ("lat", "lon"))
    lat, lon = land["lat"], land["lon"]
    for place in cells:
        land.loc[dict(zip(("lat", "lon"), place))] = 1
    mat = xr.DataArray(np.array(years, float), {"year": list(years)}, ("year",)) + 0 * lat * lon
    return xr.Dataset(
        {"MAT": mat, "SOC": lat + lon / 1000, "stratum": land.astype(np.int8),
         "vegetated_fraction": 0.01 * land},
        attrs={"recipe": "made"},
    )


@pytest.fixture(scope="module")
def one_cell():
    """The only valid cell is the one at 0.25 N, 0.25 E."""
    return made_cube([(0.25, 0.25)])


def degrees(km):
    """Angle that a great circle of some length spans."""
    return np.rad2deg(km * 1e3 / EARTH_RADIUS)


@pytest.mark.parametrize(
    ("km", "near"), [(60.0, True), (99.9, True), (100.1, False), (150.0, False)]
)
@pytest.mark.parametrize("towards", ["north", "south", "east", "west"])
def test_a_site_moves_up_to_100_km(one_cell, km, near, towards):
    """From the site to the centre of the cell, in any direction."""
    away = degrees(km) * (1 if towards in ("north", "east") else -1)
    place = (0.25 + away, 0.25) if towards in ("north", "south") else (0.25, 0.25 + away)
    matched, report = find_cells(observed(place), one_cell, ["MAT"])
    assert report == {
        "moved": {"SR": 1} if near else {}, "dropped": {} if near else {"SR": 1},
        "year_clipped": {},
    }
    if near:
        assert matched[["row", "col", "stratum"]].values.tolist() == [[179, 360, 1]]
        # The parallel of 0.25 degrees is by a hundred-thousandth shorter than the equator.
        assert matched["moved"].item() == pytest.approx(km, rel=2e-5)


@pytest.mark.parametrize(("cells", "size", "place", "found"), [
    # At 60 N one degree of longitude (56 km) is nearer than 0.75 of latitude (83 km); at the
    # equator 1 degree is 111 km, and it is the other way round.
    ([(60.25, 11.25), (61.25, 10.25)], 0.5, (60.49, 10.25), [59, 382]),
    ([(0.25, 11.25), (1.25, 10.25)], 0.5, (0.49, 10.25), [177, 380]),
    ([(55.25, -179.75)], 0.5, (55.25, 179.9), [69, 0]),
    ([(45.0, 15.0), (-75.0, -165.0)], 30, (59, 29), [1, 6]),
    ([(45.0, 15.0), (-75.0, -165.0)], 30, (-89, -179), [5, 0]),
])
def test_nearest_cells(cells, size, place, found):
    """By great circles, across the date line, in cells of half a degree and of 30 degrees."""
    matched, _ = find_cells(observed(place), made_cube(cells, size=size), ["MAT"])
    assert matched[["row", "col"]].values.tolist() == [found]
    assert (matched["moved"].item() == 0) == (size == 30)


def test_only_sites_off_the_cells_move(one_cell):
    """Records in their own cell keep it, whatever moves around them; each has its distance."""
    places = [(1.0, 0.25), (0.3, 0.3), (0.25, -0.3), (40, 40)]
    target = ["SR", "HR", "HR", "HR"]
    matched, report = find_cells(observed(*places, target=target), one_cell, ["MAT"])
    assert matched["record"].tolist() == [1, 2, 3] and matched.index.tolist() == [0, 1, 2]
    km = np.deg2rad([0.75, 0, 0.55]) * EARTH_RADIUS / 1e3
    np.testing.assert_allclose(matched["moved"], km, rtol=2e-5)
    assert report == {"moved": {"SR": 1, "HR": 1}, "dropped": {"HR": 1}, "year_clipped": {}}


@pytest.mark.parametrize(("year", "cube_year", "clipped"), [
    (1999, 2000, True), (2000, 2000, False), (2001, 2001, False), (2002, 2002, False),
    (2003, 2002, True), (1900, 2000, True),
])
def test_years_at_both_ends(one_cell, year, cube_year, clipped):
    """The first and the last year of the cube are its own; beyond, they stand in."""
    records = observed((0.2, 0.2), year=float(year), target="HR")
    matched, report = find_cells(records, one_cell, ["MAT"])
    assert matched["cube_year"].tolist() == [cube_year]
    assert matched["year_clipped"].tolist() == [clipped]
    assert report["year_clipped"] == ({"HR": 1} if clipped else {})
    # MAT of the cube is the year itself.
    assert training_table(matched, one_cell, ["MAT", "SOC"]).values.tolist() == [
        [cube_year, pytest.approx(0.25025)]
    ]


def test_what_is_refused(one_cell):
    """A predictor or cell that is not there, coordinates off the Earth and a missing year."""
    for records, cube, predictors, name in (
        (observed((0, 0)), one_cell, ["MAT", "PAR"], "'PAR'"),
        (observed((0, 0)), made_cube([]), ["MAT", "SOC"], "MAT, SOC"),
        (observed((0, 0), (120, 50)), one_cell, ["MAT"], "120.0, 50.0"),
        (observed((0, 0), (0, 0), year=[2000, np.nan]), one_cell, ["MAT"], "Record 2"),
    ):
        with pytest.raises(DataError, match=name):
            find_cells(records, cube, predictors)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=20))
def test_every_match_is_valid_and_near(one_cell, places):
    """Matched records lie in valid cells within reach; moved, kept and dropped add up."""
    matched, counts = find_cells(observed(*places), one_cell, ["MAT"])
    assert valid_cells(one_cell, ["MAT"])[matched["row"], matched["col"]].all()
    assert (matched["moved"] <= 100).all()
    assert len(matched) + counts["dropped"].get("SR", 0) == len(places)
    assert counts["moved"].get("SR", 0) == (matched["moved"] > 0).sum()


@pytest.mark.parametrize(("change", "valid"), [
    ({}, True), ({"stratum": 0}, False), ({"vegetated_fraction": 0.0}, False),
    ({"stratum": 5}, True), ({"vegetated_fraction": 1.0}, True), ({"SOC": np.nan}, False),
    ({"SOC": np.inf}, False), ({"SOC": 0.0}, True), ({"vegetated_fraction": np.nan}, False),
])
def test_what_makes_a_cell_valid(change, valid):
    """A bin, some vegetation and finite predictors, all of them."""
    cube = made_cube([(45.0, 15.0)], size=30)
    for name, value in change.items():
        cube[name].loc[{"lat": 45.0, "lon": 15.0}] = value
    mask = valid_cells(cube, ["MAT", "SOC"])
    assert mask.sum() == valid and mask[1, 6] == valid and mask.shape == (6, 12)


@pytest.mark.parametrize("year", [2000, 2001, 2002])
def test_a_predictor_must_be_there_in_every_year(year):
    """A gap in a single year makes the cell invalid, unless the predictor is not asked for."""
    cube = made_cube([(45.0, 15.0), (45.0, 45.0)], size=30)
    cube["MAT"].loc[{"lat": 45.0, "lon": 15.0, "year": year}] = np.nan
    assert np.argwhere(valid_cells(cube, ["MAT"])).tolist() == [[1, 7]]
    assert np.argwhere(valid_cells(cube, ["SOC"])).tolist() == [[1, 6], [1, 7]]
    assert np.argwhere(valid_cells(cube, [])).tolist() == [[1, 6], [1, 7]]


def test_training_table_keeps_order_and_index():
    """Columns as asked for, rows as matched, each with the value of its own year and cell."""
    cube = made_cube([(45.0, 15.0), (-15.0, -75.0)], size=30, years=(1990, 1991))
    matched = pd.DataFrame(
        {"row": [3, 1, 1], "col": [3, 6, 6], "cube_year": [1991, 1990, 1991]}, index=[7, 2, 5]
    )
    got = training_table(matched, cube, ["SOC", "MAT"])
    assert list(got) == ["SOC", "MAT"] and got.index.tolist() == [7, 2, 5]
    np.testing.assert_allclose(got["SOC"], [-15.075, 45.015, 45.015])
    assert got["MAT"].tolist() == [1991, 1990, 1991]


def test_own_table(one_cell):
    """Sites keep their columns, take cell and predictors, and a far one is dropped and counted."""
    plots = pd.DataFrame({
        "LAT": [0.2, 0.3, 40.0], "Lon": [0.2, 360.4 - 360, 10.0], "FLUX": [700, 800, 900],
        "Year": [1990.0, 2002, 2001], "plot": ["a", "b", "c"]})
    with pytest.warns(UserWarning, match="^1 of 3"):
        sites = match_to_grid(plots, one_cell)
    assert sites[["plot", "flux", "target", "cell", "stratum", "MAT"]].values.tolist() == [
        ["a", 700, "SR", 179 * 720 + 360, 1, 2000], ["b", 800, "SR", 179 * 720 + 360, 1, 2002]]
    assert sites["SOC"].tolist() == [0.25025] * 2
    assert sites.attrs["counts"] == {
        "moved": {}, "dropped": {"SR": 1}, "year_clipped": {"SR": 1}}
    assert list(plots) == ["LAT", "Lon", "FLUX", "Year", "plot"]


def test_own_table_without_years(one_cell):
    """Years are needed by a cube by year alone; no column may have a name that is added."""
    plots = pd.DataFrame({"lat": [0.2], "lon": [0.2], "flux": [700]})
    climate = one_cell.mean("year").assign(stratum=one_cell["stratum"])
    assert match_to_grid(plots, climate, ["MAT"])["MAT"].tolist() == [2001]
    for cube, table, name in ((one_cell, plots, "year"), (climate, plots.assign(MAT=1), "MAT"),
                              (climate, plots.assign(cell=1), "cell")):
        with pytest.raises(DataError, match=name):
            match_to_grid(table, cube)
