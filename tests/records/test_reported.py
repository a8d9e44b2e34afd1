"""Reported climate against the cube."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilresp.records import reported


def records(mat, reported_mat, study=None, lat=None, year=None, prec=None, reported_map=None):
    """Records with their cell's and the reported climate; one place and year each."""
    n = len(mat)
    return pd.DataFrame({
        "record": range(n), "study": range(n) if study is None else study,
        "lat": np.arange(n, dtype=float) if lat is None else lat, "lon": 0.0,
        "year": 2000.0 if year is None else year,
        "reported_MAT": np.asarray(reported_mat, float), "MAT": np.asarray(mat, float),
        "reported_MAP": np.nan if reported_map is None else np.asarray(reported_map, float),
        "Prec": 800.0 if prec is None else np.asarray(prec, float),
    })


def test_pairs_by_hand():
    """The cell's climate beside the reported one, a record with both fluxes once."""
    matched = pd.DataFrame({
        "record": [1, 1, 2, 1], "study": [7, 7, 7, 7], "lat": [45.0, 45.0, -45.0, 45.0],
        "lon": -90.0, "year": [2001.0, 2001.0, 2002.0, 2002.0], "target": ["SR", "HR", "SR", "SR"],
        "reported_MAT": [5.0, 5.0, 6.0, 7.0], "reported_MAP": [500.0, 500.0, 600.0, 700.0],
        "row": [0, 0, 1, 0], "col": [0, 0, 0, 0], "cube_year": [2001, 2001, 2002, 2002],
    })
    cube = xr.Dataset(
        {"MAT": (("year", "lat", "lon"), [[[1.0], [2.0]], [[3.0], [4.0]]]),
         "Prec": (("lat", "lon"), [[100.0], [200.0]])},
        {"year": [2001, 2002]},
    )
    found = reported.pairs(matched, cube)
    assert found.columns.tolist() == [
        "record", "study", "lat", "lon", "year", "reported_MAT", "reported_MAP", "MAT", "Prec"
    ]
    assert found.index.tolist() == [0, 1, 2] and found["record"].tolist() == [1, 2, 1]
    assert found["MAT"].tolist() == [1, 4, 3] and found["Prec"].tolist() == [100, 200, 100]


@pytest.mark.parametrize(("reports", "impossible"), [
    ([-30, 40, 0], 0), ([-30.1, 40, 0], 1), ([-30, 40.1, 0], 1), ([-99, 99, 1440], 3),
])
def test_temperatures_that_no_place_has(reports, impossible):
    """-30 and 40 degC can be, a tenth beyond is left out and counted."""
    found = reported.agreement(records([1, 2, 3], reports)).loc["MAT"]
    assert (found["n"], found["impossible"]) == (3 - impossible, impossible)
    assert found["units"] == "degC"


def test_agreement_by_hand():
    """Cube less report: errors of 1, 1 and -4; nothing is told of fewer than three records."""
    table = records([2, 3, 2], [1, 2, 6])
    found = reported.agreement(table)
    assert found.columns.tolist() == [
        "units", "n", "r", "bias", "rmse", "impossible", "n_years", "r_years"
    ]
    assert found.index.tolist() == ["MAT", "Prec"] and found.index.name == "predictor"
    mat = found.loc["MAT"]
    assert mat["bias"] == pytest.approx(-2 / 3) and mat["rmse"] == pytest.approx(np.sqrt(6))
    # Departures -1/3, 2/3, -1/3 and -2, -1, 3: -1 over the root of 2/3 times 14.
    assert mat["r"] == pytest.approx(-1 / np.sqrt(2 / 3 * 14))
    assert mat["n_years"] == 0 and np.isnan(mat["r_years"])
    two = reported.agreement(table[:2]).loc["MAT"]
    assert two["n"] == 2 and two[["r", "bias", "rmse"]].isna().all()


@pytest.mark.parametrize(("reports", "n_years"), [
    ([1, 2, 4], 3), ([1, 2], 0), ([3, 3, 3, 3], 0), ([1, 2, 4, 9], 4),
])
def test_years_of_a_place(reports, n_years):
    """Three years or more of one study and place, with reports that differ."""
    # A record of another place, which has but this one year, is never among them.
    n = len(reports)
    table = records([*np.arange(n) ** 2, 20], [*reports, 15], study=[1] * n + [2],
                    lat=[5.0] * (n + 1), year=[*(2000.0 + np.arange(n)), 2000.0])
    found = reported.agreement(table).loc["MAT"]
    assert found["n_years"] == n_years
    if n_years == 3:
        # Departures -5/3, -2/3, 7/3 in the cube and -4/3, -1/3, 5/3 in the report: products add
        # up to 57/9, squares to 78/9 and 42/9.
        assert found["r_years"] == pytest.approx(57 / np.sqrt(78 * 42))


def test_years_count_once_and_places_apart():
    """Records of one year are averaged; each place departs from its own mean."""
    table = records(
        [0, 2, 3, 5, 10, 11, 15], [1, 3, 3, 7, 20, 22, 21], study=[1, 1, 1, 1, 2, 2, 2],
        lat=[5.0] * 4 + [9.0] * 3, year=[2000.0, 2000, 2001, 2002, 2000, 2001, 2002],
    )
    found = reported.agreement(table).loc["MAT"]
    # Means of the first place by year: 1, 3, 5 in the cube and 2, 3, 7 in the report.
    cube = np.array([1 - 3, 0, 5 - 3, -2, -1, 3])
    report = np.array([-2, -1, 3, -1, 1, 0])
    assert found["n_years"] == 6
    assert found["r_years"] == pytest.approx(cube @ report / np.sqrt(cube @ cube * report @ report))


def test_outliers_by_hand():
    """Furthest first, whatever the sign, one of each study and place, for both predictors."""
    table = records(
        [0, 0, 0, 0, 0], [3, -8, 5, np.nan, 5], study=[1, 2, 1, 4, 5], lat=[1.0, 2, 1, 4, 5],
        reported_map=[800, 900, 800, 300, np.nan],
    )
    found = reported.outliers(table)
    assert found.columns.tolist() == [
        "record", "study", "lat", "lon", "reported", "in_cell", "predictor"
    ]
    of = {name: found[found["predictor"] == name] for name in ("MAT", "Prec")}
    assert of["MAT"]["record"].tolist() == [1, 2, 4]
    assert of["MAT"]["reported"].tolist() == [-8, 5, 5] and set(of["MAT"]["in_cell"]) == {0}
    assert of["Prec"]["record"].tolist() == [3, 1, 0]
    assert found.index.tolist() == list(range(6))
    assert reported.outliers(table, 1)["record"].tolist() == [1, 3]
