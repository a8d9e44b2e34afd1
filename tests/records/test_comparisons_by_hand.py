"""Reported climate beside the cube's, and releases of SRDB, by hand."""

from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilresp.records import releases, reported


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



@pytest.mark.parametrize(("reports", "impossible"), [
    ([0, 13_000, 500], 0), ([-1, 13_000, 500], 1), ([0, 13_001, 500], 1),
])
def test_rain_that_no_place_has(reports, impossible):
    """From none to 13 m a year; temperature is not asked."""
    table = records([1, 2, 3], [np.nan] * 3, prec=[400, 600, 900], reported_map=reports)
    found = reported.agreement(table)
    assert found.loc["Prec", ["n", "impossible"]].tolist() == [3 - impossible, impossible]
    assert found.loc["Prec", "units"] == "mm yr-1" and found.loc["MAT", "n"] == 0



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



@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mats, reports", [([2, 2, 2], [1, 2, 6]), ([1, 2, 6], [2, 2, 2])])
def test_agreement_without_variation(mats, reports):
    """What does not vary has a bias and no correlation, and nobody is warned."""
    found = reported.agreement(records(mats, reports)).loc["MAT"]
    assert np.isnan(found["r"]) and abs(found["bias"]) == 1



def test_gaps_of_reports():
    """A record without a report, or whose cell has no value, is none."""
    table = records([2, 3, 2, np.nan, 1], [1, 2, 6, 5, np.nan])
    assert reported.agreement(table).loc["MAT", ["n", "impossible"]].tolist() == [3, 0]



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



@pytest.mark.parametrize("apart", ["study", "lat"])
def test_years_of_two_places_are_not_one(apart):
    """Two years of one study or place and one of another make no three."""
    told = {"study": [1] * 3, "lat": [5.0] * 3} | {apart: [1, 1, 2]}
    table = records([1, 2, 4], [1, 2, 4], year=[2000.0, 2001, 2002], **told)
    assert reported.agreement(table).loc["MAT", "n_years"] == 0



def test_years_without_any_change_in_the_cube():
    """A climatology has the same in all years: no correlation, but the years are counted."""
    table = records([5, 5, 5, 9], [1, 2, 4, 9], study=[1, 1, 1, 2], lat=[5.0] * 4,
                    year=[2000.0, 2001, 2002, 2000])
    found = reported.agreement(table).loc["MAT"]
    assert found["n_years"] == 3 and np.isnan(found["r_years"])



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



def test_ten_outliers_by_default():
    """Ten of each predictor that has as many."""
    found = reported.outliers(records(np.zeros(12), np.arange(12)))
    assert found["record"].tolist() == list(range(11, 1, -1))



def test_outliers_of_the_same_place():
    """Two studies at one place, and one study at two places, are told both."""
    table = records([0, 0, 0], [3, 2, 1], study=[1, 2, 2], lat=[1.0, 1, 2])
    assert reported.outliers(table)["record"].tolist() == [0, 1, 2]



def release(**columns):
    """A release of SRDB with some columns."""
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"Study_midyear": np.arange(n) + 2000.5} | columns)



def test_words_of_two_releases():
    """Counts, columns, years and fields, in this order."""
    old = release(Record_number=[1, 2, 3], MAT=[1.0, 2.0, np.nan], Gone=1, Old=1)
    new = release(Record_number=[1, 2, 3, 4], MAT=[np.nan, 2.5, 3.0, 4.0], New=1)
    found = releases.compare_releases(old, new)
    assert found.words() == [
        "Records: 3 before, 4 now; 1 added, 0 removed, 3 changed, 0 the same.",
        "Columns added: New; removed: Gone, Old; order: the same.",
        "Last mid-year of a study: 2002.5 before, 2003.5 now.",
        "Fields that changed in records of both:",
        *found.fields.to_string().splitlines(),
    ]
    assert found.fields.loc["MAT"].tolist() == [1, 1, 1, "record 1: 1.0 -> nan"]
    assert found.years == {"old": 2002.5, "new": 2003.5}



def test_changes_stay_as_they_are():
    """What was found cannot be set anew."""
    table = release(Record_number=[1])
    found = releases.compare_releases(table, table)
    with pytest.raises(FrozenInstanceError):
        found.years = {}



def test_words_of_the_same_release():
    """Nothing is added or removed, no field is listed; a gap in both is no change."""
    table = release(Record_number=[1, 2], MAT=[1.0, np.nan], Biome=["a", None])
    found = releases.compare_releases(table, table.copy())
    assert found.records == {
        "old": 2, "new": 2, "added": 0, "removed": 0, "changed": 0, "same": 2
    }
    assert found.words() == [
        "Records: 2 before, 2 now; 0 added, 0 removed, 0 changed, 2 the same.",
        "Columns added: none; removed: none; order: the same.",
        "Last mid-year of a study: 2001.5 before, 2001.5 now.",
    ]
    assert found.fields.columns.tolist() == ["filled", "emptied", "altered", "example"]



def test_kinds_of_change():
    """Filled, emptied and altered are told apart; a record counts once, whatever changed."""
    old = release(Record_number=[1, 2, 3, 4, 5], A=["c", None, "b", "d", None],
                  B=[1.0, np.nan, 3.0, 4.0, 5.0])
    new = release(Record_number=[1, 2, 3, 4, 5], A=["x", "a", None, "y", None],
                  B=[2.0, 2.0, 3.0, 4.0, np.nan])
    found = releases.compare_releases(old, new)
    assert found.fields.loc["A"].tolist() == [1, 1, 2, "record 1: c -> x"]
    assert found.fields.loc["B"].tolist() == [1, 1, 1, "record 1: 1.0 -> 2.0"]
    assert found.fields.index.name == "field"
    assert found.records["changed"] == 5 and found.records["same"] == 0



def test_order_of_columns():
    """Only the order of those in both counts."""
    old, new = release(Record_number=[1], A=1, B=2, C=3), release(Record_number=[1], X=0, A=1, C=3)
    assert releases.compare_releases(old, new).columns == {
        "added": ["X"], "removed": ["B"], "moved": False
    }
    turned = release(Record_number=[1], C=3, A=1)
    assert releases.compare_releases(old, turned).columns["moved"]



def test_funnels_side_by_side(monkeypatch):
    """Records before and now, and their change, for both fluxes, by the same rules."""
    asked = []

    def select(table, selection):
        asked.append((table, selection))
        return None, pd.DataFrame({"rule": ["All", "Years"], "SR": table[0], "HR": table[1]})

    monkeypatch.setattr(releases, "select_records", select)
    old, new = ([10, 4], [5, 2]), ([15, 3], [5, 4])
    found = releases.compare_funnels(old, new, "rules")
    assert asked == [(old, "rules"), (new, "rules")]
    assert found.index.tolist() == ["All", "Years"]
    assert found.columns.tolist() == [
        (t, w) for t in ("SR", "HR") for w in ("before", "now", "change")
    ]
    assert found.to_numpy().tolist() == [[10, 15, 5, 5, 5, 0], [4, 3, -1, 2, 4, 2]]



def test_totals_side_by_side():
    """Records, totals and scatter of both fluxes, autotrophic respiration, and its share."""
    def run(k):
        return {
            "records": {"SR": 100 * k, "HR": 10 * k}, "AR_SR": 0.4 * k,
            "flux": {"SR": {"total": 90 * k, "between_run_sd": 3 * k},
                     "HR": {"total": 50 * k, "between_run_sd": 2 * k},
                     "AR": {"total": 40 * k, "between_run_sd": 9}},
        }

    found = releases.compare_totals(run(1), run(1.5))
    expected = {
        "records of SR": 100, "records of HR": 10, "SR, Pg C yr-1": 90, "SR, SD between runs": 3,
        "HR, Pg C yr-1": 50, "HR, SD between runs": 2, "AR, Pg C yr-1": 40, "AR/SR": 0.4,
    }
    assert found.index.name == "quantity" and found.columns.tolist() == ["before", "now", "change"]
    assert found["before"].to_dict() == expected
    np.testing.assert_allclose(found["now"], 1.5 * found["before"])
    np.testing.assert_allclose(found["change"], 0.5 * found["before"])



def test_totals_of_runs_without_maps():
    """What either run does not have is missing, and so is its change."""
    found = releases.compare_totals(
        {"records": {"SR": 5}, "flux": {"SR": None, "HR": {"total": 1}}}, {"records": {"SR": 7}}
    )
    assert found.loc["records of SR"].tolist() == [5, 7, 2]
    assert found.loc["HR, Pg C yr-1", "before"] == 1 and found["now"].notna().sum() == 1
    assert found["change"].notna().sum() == 1

