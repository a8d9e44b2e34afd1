"""Tables of one's own."""

import numpy as np
import pandas as pd
import pytest

from soilresp.errors import DataError
from soilresp.records.table import as_srdb, own_records

PLOTS = pd.DataFrame({"lat": [50.0, 51], "lon": [8.0, 9], "flux": ["700", "800"]}, ["a", "b"])


def test_what_is_added():
    """Names in capitals are found, numbers are float, and what is missing has its default."""
    own = own_records(PLOTS.rename(columns=str.upper))
    assert own[["lat", "lon", "flux"]].values.tolist() == [[50, 8, 700], [51, 9, 800]]
    assert own[["record", "study", "target"]].values.tolist() == [[1, 1, "SR"], [2, 2, "SR"]]
    assert own.index.tolist() == ["a", "b"] and PLOTS["flux"].tolist() == ["700", "800"]
    both = own_records(PLOTS.assign(LAT=1, record=[7, 8], study="x", TARGET=["HR", "SR"]))
    assert both[["lat", "LAT", "record", "study", "target"]].values.tolist() == [
        [50, 1, 7, "x", "HR"], [51, 1, 8, "x", "SR"]]
    assert own_records(pd.concat([PLOTS, PLOTS])).index.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("change", "column", "row"), [
    ({"flux": ["700", "n/a"]}, "flux", "b"), ({"flux": [np.inf, 1]}, "flux", "a"),
    ({"flux": [1, np.nan]}, "flux", "b"), ({"lat": [np.nan, 1]}, "lat", "a"),
    ({"lat": [1, 90.1]}, "lat", "b"), ({"lat": [-90.1, 1]}, "lat", "a"),
    ({"lon": [-1, 180.1]}, "lon", "b"), ({"lon": [1, 360.1]}, "lon", "b"),
    ({"lon": [-180.1, 1]}, "lon", "a"), ({"year": [2000, "May"]}, "year", "b"),
    ({"target": ["SR", "AR"]}, "target", "b"),
])
def test_wrong_values(change, column, row):
    """The first value that cannot be is named by column and row."""
    with pytest.raises(DataError, match=f"'{column}', row {row}:"):
        own_records(PLOTS.assign(**change))


@pytest.mark.parametrize(("table", "name"), [
    (PLOTS.drop(columns="flux"), "'flux'"), (PLOTS.drop(columns="lat"), "'lat'"),
    (PLOTS.rename(columns={"lon": "Lon"}).assign(LON=1), "'lon'.*'Lon', 'LON'"),
    (PLOTS[:0], "DataFrame"), ([1, 2], "DataFrame"),
])
def test_wrong_tables(table, name):
    """A column that is missing or there twice is named, and so is what is no table."""
    with pytest.raises(DataError, match=name):
        own_records(table)


def test_bounds_and_gaps():
    """Poles and the date line are on Earth; gaps are let through where that is asked for."""
    edge = PLOTS.assign(lat=[-90, 90], lon=[-180, 180], flux=np.nan, year=[np.nan, 2000])
    assert own_records(edge, complete=False)["lon"].tolist() == [-180, 180]
    with pytest.warns(UserWarning, match="1 above 180"):
        assert own_records(PLOTS.assign(lon=[350, 10]))["lon"].tolist() == [-10, 10]


def test_columns_of_srdb():
    """Each flux is in the column of its target; a table of SRDB stays as it is."""
    made = as_srdb(PLOTS.assign(target=["SR", "HR"], Country="Chad", Year=2001))
    assert made[["Rs_annual", "Rh_annual"]].fillna(0).values.tolist() == [[700, 0], [0, 800]]
    assert made[["Record_number", "Study_number", "Study_midyear", "Country", "Manipulation"]
                ].values.tolist() == [[1, 1, 2001, "Chad", "None"], [2, 2, 2001, "Chad", "None"]]
    assert made[["Ra_annual", "RC_annual", "MAT", "Biome"]].isna().all(axis=None)
    assert as_srdb(made) is made
