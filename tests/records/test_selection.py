"""The selection of records."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import ParameterError
from soilresp.records.selection import COLUMNS, TARGETS, Selection, select_records
from soilresp.records.srdb import load_srdb

FIRST = {
    "Record_number": 1, "Study_number": 10, "Study_midyear": 2000.7, "Latitude": 50.0,
    "Longitude": 10.0, "Rs_annual": 600.0, "Ra_annual": np.nan, "Rh_annual": 300.0,
    "RC_annual": np.nan, "MAT": 8.0, "MAP": 700.0, "Study_temp": np.nan, "Study_precip": 650.0,
    "Manipulation": "None", "Ecosystem_type": "Forest", "Quality_flag": None,
}
"""A record that passes every rule, for SR and for HR."""


def table(*changes):
    """The first record, then one more for each dictionary of changes."""
    rows = [FIRST, *({**FIRST, "Record_number": i + 2, **c} for i, c in enumerate(changes))]
    return pd.DataFrame(rows)


def kept(change, **rules):
    """For which targets a second record with a change is kept."""
    found, _ = select_records(table(change), Selection(**rules))
    return "".join(found.loc[found["record"] == 2, "target"].str[0])


@pytest.mark.parametrize(("change", "rules", "left"), [
    ({"Latitude": -44.23}, {}, "SH"), ({"Latitude": -44.24}, {}, ""),
    ({"Latitude": 69.42}, {}, "SH"), ({"Latitude": 69.43}, {}, ""),
    ({"Longitude": -150.33}, {}, "SH"), ({"Longitude": -150.34}, {}, ""),
    ({"Longitude": 175.77}, {}, "SH"), ({"Longitude": 175.78}, {}, ""),
    ({"Longitude": np.nan}, {}, ""), ({"Longitude": np.nan}, {"box": None}, ""),
    ({"Latitude": np.nan}, {"box": None}, ""),
    ({"Study_midyear": 1981.99}, {}, ""), ({"Study_midyear": 2013.01}, {"years": None}, "SH"),
    ({"Rs_annual": 100.0, "Rh_annual": 50.0}, {"min_flux": 50}, "S"),
    ({"Rs_annual": 100.0, "Rh_annual": 50.1}, {"min_flux": 50}, "SH"),
    ({"Rs_annual": 0.5, "Rh_annual": 0.25}, {}, "SH"),
    ({"Rs_annual": 900.0, "Rh_annual": 600.0}, {"max_flux": 600}, "H"),
    ({"Rs_annual": 600.1, "Rh_annual": 600.0}, {"max_flux": 600}, "H"),
    ({"Rs_annual": 300.0}, {"sr_above_hr": False}, "SH"), ({"Rs_annual": 300.0}, {}, ""),
    ({"Rs_annual": 299.0}, {}, ""), ({"Rs_annual": 301.0}, {}, "SH"),
    ({"Manipulation": "CO2"}, {"manipulation": ("None", "CO2")}, "SH"),
    ({"Manipulation": np.nan}, {"manipulation": None}, "SH"),
    ({"Rh_annual": np.nan, "Ra_annual": 600.0}, {}, "S"),
])
def test_records_at_the_limits(change, rules, left):
    """Each bound from both sides, for SR and for HR."""
    assert kept(change, **rules) == left


@pytest.mark.parametrize("source, expected", [
    ("reported", {1: 300}), ("difference", {1: 300, 2: 400, 4: 400}),
    ("ratio", {1: 300, 2: 400, 3: 450, 4: 400}),
])
def test_sources_of_hr(source, expected):
    """HR as reported, else SR - AR, else SR (1 - RC), as far as the setting goes."""
    none = {"Rh_annual": np.nan}
    made = table({**none, "Ra_annual": 200}, {**none, "RC_annual": 0.25},
                 {**none, "Ra_annual": 200, "RC_annual": 0.25})
    observations, _ = select_records(made, Selection(heterotrophic=source))
    hr = observations[observations["target"] == "HR"].set_index("record")["flux"]
    assert hr.to_dict() == expected


def test_funnel_by_hand():
    """Counts after each rule, in words that name its bounds."""
    _, funnel = select_records(
        table({"Rs_annual": np.nan}, {"Manipulation": "CO2"}, {"Longitude": np.nan},
              {"Rh_annual": -1.0}, {"Rs_annual": 200.0}, {"Study_midyear": 2014.0},
              {"Latitude": 75.0})
    )
    assert funnel.to_dict("list") == {
        "rule": [
            "All records", "A flux is given", "Manipulation is None", "Coordinates are given",
            "Flux above 0", "SR larger than HR where both are given", "Mid-year in 1982 to 2013",
            "44.23 S to 69.42 N, 150.33 W to 175.77 E",
        ],
        "SR": [8, 7, 6, 5, 5, 4, 3, 2],
        "HR": [8, 8, 7, 6, 5, 4, 3, 2],
    }


@pytest.mark.parametrize(("rule", "value"), [
    ("years", (2000, 1999)), ("years", (2000,)), ("years", (2000, "x")),
    ("years", (np.nan, 2000)), ("years", (1990, 1e300)),
    ("box", (-90.1, 90, -180, 180)), ("box", (-90, 90.1, -180, 180)),
    ("box", (-90, 90, -180.1, 180)), ("box", (-90, 90, -180, 180.1)), ("box", (10, 10, 0, 5)),
    ("box", (0, 5, 10, 10)), ("quality", "keep"), ("heterotrophic", "guess"),
    ("manipulation", "CO2"), ("sr_above_hr", 1), ("max_flux", [5]),
])
def test_impossible_rules(rule, value):
    """A value that a rule cannot have is refused, and named with the rule."""
    with pytest.raises(ParameterError, match=f"^{rule} .*{re.escape(repr(value))}"):
        Selection(**{rule: value})


@pytest.mark.parametrize(("rule", "value"), [
    ("years", (2000, 2000)), ("box", (-90, 90, -180, 180)), ("max_flux", np.float64(5)),
    *((rule, None) for rule in ("years", "box", "manipulation", "min_flux", "max_flux")),
])
def test_possible_rules(rule, value):
    """Bounds may coincide, numbers may be numpy's, and None switches a rule off."""
    assert getattr(Selection(**{rule: value}), rule) == value


def test_rules_by_name():
    """Lists become tuples, an unknown name is refused, and the defaults are the paper's."""
    rules = {"manipulation": ["None", "Control"], "years": [1990, 2000], "box": None}
    assert Selection.from_dict(rules) == Selection(("None", "Control"), (1990, 2000), None)
    assert Selection.from_dict({}) == Selection() == Selection(
        ("None",), (1982, 2013), (-44.23, 69.42, -150.33, 175.77), True, "difference", 0, None,
        "report")
    with pytest.raises(ParameterError, match="'year'"):
        Selection.from_dict({"year": [1990, 2000]})


def test_a_record_in_full():
    """Every column of a record: the year rounded down, the study's climate before the site's."""
    made = table({"Study_temp": 9.5, "Study_precip": np.nan, "Quality_flag": "Q1",
                  "Study_midyear": 1999.0, "Study_number": 11, "Ecosystem_type": "Grass"})
    found, _ = select_records(made)
    assert tuple(found.columns) == COLUMNS and found.index.tolist() == [0, 1, 2, 3]
    assert found.iloc[1].to_dict() == {
        "record": 2, "study": 11, "lat": 50, "lon": 10, "year": 1999, "flux": 600, "target": "SR",
        "ecosystem": "Grass", "quality": "Q1", "reported_MAT": 9.5, "reported_MAP": 700,
    }
    assert found.iloc[2].to_dict() == {
        "record": 1, "study": 10, "lat": 50, "lon": 10, "year": 2000, "flux": 300, "target": "HR",
        "ecosystem": "Forest", "quality": "", "reported_MAT": 8, "reported_MAP": 650,
    }


def flagged(*flags):
    """Flags as (row, field, score, repair)."""
    rows = pd.DataFrame(flags, columns=["row", "field", "score", "repair"])
    return rows.set_index("row")


def test_suspicious_records_are_told_dropped_or_repaired():
    """The last line of the funnel counts what the rules before had left."""
    # Row 1 has no HR, row 2 is of a wrong year, row 3 is not suspicious enough.
    made = table({"Rh_annual": np.nan}, {"Study_midyear": 1950.0}, {})
    flags = flagged(
        (1, "Rs_annual", 0.9, "Rs_annual=700"), (2, "Latitude", 0.9, ""), (3, "Latitude", 0.1, "")
    )
    for way, line, sr in (
        ("report", "Under suspicion, kept: 1 SR, 0 HR", [600, 600, 600]),
        ("drop", "Under suspicion, left out: 1 SR, 0 HR", [600, 600]),
        ("repair", "Suspicious value repaired: 1 SR, 0 HR", [600, 700, 600]),
    ):
        found, funnel = select_records(made, Selection(quality=way), flags)
        assert funnel["rule"].iloc[-1] == line
        assert found.loc[found["target"] == "SR", "flux"].tolist() == sr
        assert funnel["SR"].iloc[-1] == len(sr) and funnel["HR"].iloc[-1] == 2
        assert funnel["SR"].iloc[-2] == 3


def test_own_table():
    """Fluxes, years and further columns are those that the table has; rules count as usual."""
    plots = pd.DataFrame({
        "Lat": [51.0, 48.5, 78.0, np.nan, 50.0, 49.0], "LON": [13.6, 8.1, 15.5, 10.0, 9.0, 8.0],
        "Flux": [700, 950.0, 120, 500, -3, np.nan], "plot": list("abcdef"), "study": "Kiel",
    }, index=list("uvwxyz"))
    records, funnel = select_records(plots)
    assert records["plot"].tolist() == ["a", "b"] and records["record"].tolist() == [1, 2]
    assert records["target"].tolist() == ["SR", "SR"] and set(records["study"]) == {"Kiel"}
    assert list(records) == [*COLUMNS, "plot"]
    assert list(funnel) == ["rule", "SR"] and funnel["SR"].tolist() == [6, 5, 5, 4, 3, 3, 2]
    plots = plots.assign(year=[2001.0, 1970, 2001, 2001, 2001, 2001], target=["SR", *["HR"] * 5])
    records, funnel = select_records(plots, Selection(box=None))
    assert records[["flux", "year", "target"]].values.tolist() == [
        [700, 2001, "SR"], [120, 2001, "HR"]]
    assert funnel["HR"].tolist() == [6, 4, 4, 3, 2, 2, 1]


numbers = {"Rs_annual": (-100, 2000), "Ra_annual": (-100, 2000), "Rh_annual": (-100, 2000),
           "RC_annual": (0, 1), "Study_midyear": (1975, 2020), "Latitude": (-90, 90),
           "Longitude": (-180, 180)}
rows = st.fixed_dictionaries(
    {name: st.just(np.nan) | st.floats(*bounds) for name, bounds in numbers.items()}
    | {"Manipulation": st.sampled_from(["None", "CO2"])}
)


@settings(max_examples=40)
@given(st.lists(rows, max_size=30), st.sampled_from(["reported", "difference", "ratio"]))
def test_funnel_only_narrows(changes, source):
    """Counts never grow, end at the number of observations, and each of these obeys the rules."""
    observations, funnel = select_records(table(*changes), Selection(heterotrophic=source))
    for target in TARGETS:
        assert (np.diff(funnel[target]) <= 0).all()
        assert funnel[target].iloc[-1] == (observations["target"] == target).sum()
    assert (observations["flux"] > 0).all()
    assert observations["lat"].between(-44.23, 69.42).all()
    assert observations["year"].between(1982, 2013).all()
    both = observations.pivot(index="record", columns="target", values="flux").dropna()
    assert (both["SR"] > both["HR"]).all()


@pytest.mark.real
def test_real_funnel(real_input):
    """SRDB v5.0 leaves 3,336 SR and 666 HR records, step by step."""
    observations, funnel = select_records(load_srdb(real_input("srdb")))
    assert funnel["SR"].tolist() == [10366, 5741, 3937, 3808, 3806, 3790, 3390, 3336]
    assert funnel["HR"].tolist() == [10366, 1068, 788, 785, 784, 768, 670, 666]
    assert observations["target"].value_counts().to_dict() == {"SR": 3336, "HR": 666}


def test_repeats_are_left_out():
    """Of rows that pass the other rules, those that repeat an earlier one are left out."""
    rows = table({"Manipulation": "Burned"}, {}, {"Rh_annual": 310.0}, {"Study_midyear": 2001.0})
    whole, _ = select_records(rows)
    left, funnel = select_records(rows, Selection(drop_repeats=True))
    assert whole.groupby("target")["record"].apply(list).to_dict() == {
        "SR": [1, 3, 4, 5], "HR": [1, 3, 4, 5]}
    assert left.groupby("target")["record"].apply(list).to_dict() == {
        "SR": [1, 5], "HR": [1, 4, 5]}
    assert funnel[["SR", "HR"]].iloc[-1].tolist() == [2, 3]


@pytest.mark.real
def test_repeats_of_the_release(real_input):
    """55 records of SR and 26 of HR in v5.0 repeat an earlier one."""
    rows = load_srdb(real_input("srdb"))
    _, funnel = select_records(rows, Selection(drop_repeats=True))
    assert funnel[["SR", "HR"]].diff().iloc[-1].tolist() == [-55, -26]
