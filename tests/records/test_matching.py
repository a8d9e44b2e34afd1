"""Records and the cells they are given."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.records.matching import match, training_table, valid_cells

PREDICTORS = ("MAT", "SOC")
YEARS = (2000, 2001, 2002)


@pytest.fixture(scope="module")
def cube():
    """Vegetation on 50-60 N, 0-10 E; MAT by year says year and place, SOC lacks one cell."""
    grid = coordinates()
    lat, lon = grid["lat"], grid["lon"]
    land = (lat > 50) & (lat < 60) & (lon > 0) & (lon < 10)
    mat = xr.DataArray(list(YEARS), dims="year") * 1000 + lat + lon / 1000
    data = {
        "MAT": mat.where(land).transpose("year", "lat", "lon"),
        "SOC": (lat + 0 * lon).where(land & ~((lat == 55.25) & (lon == 5.25))),
        "stratum": xr.where(land, 5, 0).astype(np.int8),
        "vegetated_fraction": land.astype(float),
    }
    return xr.Dataset(data, {**grid, "year": list(YEARS)}, {"recipe": "made"})


def observed(*places, year=2001.0, target="SR"):
    """Records at places (lat, lon)."""
    lat, lon = np.transpose(places)
    n = len(places)
    return pd.DataFrame(
        {"record": range(1, n + 1), "lat": lat, "lon": lon, "year": year, "target": target}
    )


def test_valid_cells(cube):
    """Valid cells have vegetation and every predictor asked for, in every year."""
    assert valid_cells(cube, ["MAT"]).sum() == 20 * 20
    assert valid_cells(cube, PREDICTORS).sum() == 20 * 20 - 1
    gap = cube.assign(MAT=cube["MAT"].where((cube["year"] != 2002) | (cube["lat"] > 55)))
    assert valid_cells(gap, ["MAT"]).sum() == 10 * 20


def test_unknown_predictor(cube):
    """A predictor that the cube lacks is told, and what there is."""
    with pytest.raises(DataError, match=r"recipe 'made'\) has no predictor 'LAI'; it has MAT, SOC"):
        valid_cells(cube, ["LAI"])


def test_own_cell(cube):
    """A record in a valid cell keeps it, and takes the cell's values of its year."""
    matched, report = match(observed((55.4, 3.1)), cube, PREDICTORS)
    assert matched[["row", "col", "stratum", "cube_year"]].values.tolist() == [[69, 366, 5, 2001]]
    assert matched["moved"].tolist() == [0] and not matched["year_clipped"].any()
    assert report == {"moved": {}, "dropped": {}, "year_clipped": {}}
    table = training_table(matched, cube, PREDICTORS)
    assert list(table.columns) == list(PREDICTORS)
    np.testing.assert_allclose(table, [[2001_000 + 55.25 + 0.00325, 55.25]])


def test_moved_and_dropped(cube):
    """A record off the valid cells moves to the nearest within reach, else it is left out."""
    places = [(55.3, 5.2), (55.25, 10.25), (55.25, 12.25), (40.0, 5.0)]
    matched, report = match(observed(*places), cube, PREDICTORS)
    assert matched["record"].tolist() == [1, 2]
    # From the empty cell to the next to the west; off the coast by half a degree at 55.25 N.
    assert matched[["row", "col"]].values.tolist() == [[69, 369], [69, 379]]
    half_degree = 0.5 * 111.195 * np.cos(np.deg2rad(55.25))
    np.testing.assert_allclose(matched["moved"][1], half_degree, rtol=1e-4)
    assert report == {"moved": {"SR": 2}, "dropped": {"SR": 2}, "year_clipped": {}}
    wide, _ = match(observed(*places), cube, PREDICTORS, max_distance=200e3)
    assert wide["record"].tolist() == [1, 2, 3]


def test_nearest_across_the_date_line(cube):
    """The nearest cell may lie on the other side of 180 degrees."""
    west = cube.roll(lon=-360)
    matched, _ = match(observed((55.25, 179.9)), west, PREDICTORS)
    assert matched["col"].tolist() == [0]


def test_years_are_clipped_and_counted(cube):
    """Years outside the cube take its first or last year, by target in the report."""
    records = observed(*[(55, 3)] * 3, year=[1990.0, 2002.0, 2003.0], target=["SR", "SR", "HR"])
    matched, report = match(records, cube, PREDICTORS)
    assert matched["cube_year"].tolist() == [2000, 2002, 2002]
    assert matched["year_clipped"].tolist() == [True, False, True]
    assert report["year_clipped"] == {"SR": 1, "HR": 1}


def test_record_without_a_year(cube):
    """A record without a year is refused by a cube of years, and taken by a climatology."""
    records = observed((55, 3), (55, 3), year=[2000.0, np.nan])
    with pytest.raises(DataError, match="Record 2 has no year, which recipe 'made' needs"):
        match(records, cube, PREDICTORS)
    climatology = cube.mean("year")
    climatology["stratum"] = cube["stratum"]
    matched, report = match(records, climatology, PREDICTORS)
    assert len(matched) == 2 and "cube_year" not in matched
    assert report["year_clipped"] == {}
    np.testing.assert_allclose(training_table(matched, climatology, ["SOC"])["SOC"], 54.75)


def test_no_valid_cell(cube):
    """A cube without a single valid cell is told."""
    with pytest.raises(DataError, match=r"No cell of the covariate cube.*MAT, SOC"):
        match(observed((55, 3)), cube.assign(SOC=cube["SOC"] * np.nan), PREDICTORS)


def test_impossible_coordinates(cube):
    """Swapped columns are told."""
    with pytest.raises(DataError, match="point 1 are 120.0, 50.0"):
        match(observed((55, 3), (120, 50)), cube, PREDICTORS)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(45, 65), st.floats(-5, 15)), min_size=1, max_size=20))
def test_every_match_is_valid_and_near(cube, places):
    """Matched records lie in valid cells within reach; moved, kept and dropped add up."""
    matched, report = match(observed(*places), cube, PREDICTORS)
    assert valid_cells(cube, PREDICTORS)[matched["row"], matched["col"]].all()
    assert (matched["moved"] <= 100).all()
    assert len(matched) + report["dropped"].get("SR", 0) == len(places)
    assert report["moved"].get("SR", 0) == (matched["moved"] > 0).sum()
    assert training_table(matched, cube, PREDICTORS).notna().all(axis=None)
