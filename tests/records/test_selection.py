"""The selection of records."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import DataError, ParameterError
from soilresp.records.selection import COLUMNS, TARGETS, Selection, select
from soilresp.records.srdb import read_srdb

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


def records(observations, target):
    """Numbers of the records of a target."""
    return observations.loc[observations["target"] == target, "record"].tolist()


def test_what_a_record_becomes():
    """Columns, units and fallbacks of one record, once for each target."""
    observations, _ = select(table())
    assert tuple(observations.columns) == COLUMNS
    assert observations["target"].tolist() == list(TARGETS) == ["SR", "HR"]
    assert observations["flux"].tolist() == [600, 300]
    assert observations["year"].tolist() == [2000, 2000]
    assert observations["quality"].tolist() == ["", ""]
    # The study's own precipitation, the site's temperature where the study has none.
    assert observations["reported_MAT"].tolist() == [8, 8]
    assert observations["reported_MAP"].tolist() == [650, 650]


@pytest.mark.parametrize(
    "change, sr, hr",
    [
        ({"Manipulation": "Fertilized"}, False, False),
        ({"Manipulation": np.nan}, False, False),
        ({"Latitude": np.nan}, False, False),
        ({"Rs_annual": 0.0, "Rh_annual": np.nan}, False, False),
        ({"Rs_annual": np.nan}, False, True),
        ({"Rh_annual": np.nan}, True, False),
        ({"Rh_annual": -1.0}, True, False),
        ({"Rs_annual": 300.0}, False, False),
        ({"Rs_annual": 300.1}, True, True),
        ({"Study_midyear": 1981.9}, False, False),
        ({"Study_midyear": 1982.0}, True, True),
        ({"Study_midyear": 2013.0}, True, True),
        ({"Study_midyear": 2013.1}, False, False),
        ({"Study_midyear": np.nan}, False, False),
        ({"Latitude": -44.23, "Longitude": 175.77}, True, True),
        ({"Latitude": 69.43}, False, False),
        ({"Longitude": -150.34}, False, False),
    ],
)
def test_rules_one_by_one(change, sr, hr):
    """Each rule takes what it should and no more; bounds are included."""
    observations, _ = select(table(change))
    assert (2 in records(observations, "SR")) is sr
    assert (2 in records(observations, "HR")) is hr


@pytest.mark.parametrize(
    "source, expected",
    [
        ("reported", {1: 300}),
        ("difference", {1: 300, 2: 400, 4: 400}),
        ("ratio", {1: 300, 2: 400, 3: 450, 4: 400}),
    ],
)
def test_sources_of_hr(source, expected):
    """HR as reported, else SR - AR, else SR (1 - RC), as far as the setting goes."""
    none = {"Rh_annual": np.nan}
    observations, _ = select(
        table({**none, "Ra_annual": 200}, {**none, "RC_annual": 0.25},
              {**none, "Ra_annual": 200, "RC_annual": 0.25}),
        Selection(heterotrophic=source),
    )
    hr = observations[observations["target"] == "HR"].set_index("record")["flux"]
    assert hr.to_dict() == expected


def test_max_flux():
    """The largest flux is included, and applies to each target by itself."""
    changes = ({"Rs_annual": 900.0}, {"Rs_annual": 900.1})
    observations, _ = select(table(*changes), Selection(max_flux=900.0))
    assert records(observations, "SR") == [1, 2] and records(observations, "HR") == [1, 2, 3]


def test_rules_switched_off():
    """With every rule off, whatever has a flux and a place is kept."""
    changes = (
        {"Manipulation": "CO2"}, {"Study_midyear": np.nan}, {"Latitude": 80.0}, {"Rs_annual": 5.0},
        {"Rs_annual": -5.0},
    )
    off = Selection(manipulation=None, years=None, box=None, sr_above_hr=False, min_flux=None)
    observations, funnel = select(table(*changes), off)
    assert records(observations, "SR") == records(observations, "HR") == [1, 2, 3, 4, 5, 6]
    assert funnel["rule"].tolist() == ["All records", "A flux is given", "Coordinates are given"]
    assert observations["year"].isna().sum() == 2


def test_funnel_by_hand():
    """Counts after each rule, in words that name its bounds."""
    _, funnel = select(
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


@pytest.mark.parametrize(
    "change, message",
    [
        ({"Rs_annual": np.nan}, "No SR record is left after the rule 'A flux is given'"),
        ({"Manipulation": "CO2"}, "No SR record .* 'Manipulation is None'"),
        ({"Rh_annual": -2.0}, "No HR record is left after the rule 'Flux above 0'"),
        ({"Study_midyear": 1950.0}, "No SR record .* 'Mid-year in 1982 to 2013'"),
    ],
)
def test_empty_selection(change, message):
    """The rule that emptied the selection is named."""
    with pytest.raises(DataError, match=message):
        select(pd.DataFrame([{**FIRST, **change}]))


@pytest.mark.parametrize(
    "rules, message",
    [
        ({"year": [1990, 2000]}, "Unknown selection rule 'year': known are manipulation, years"),
        ({"years": [2000, 1990]}, r"years must be \(first, last\)"),
        ({"years": [2000]}, r"years must be \(first, last\)"),
        ({"years": 2000}, r"years must be \(first, last\)"),
        ({"box": [60, 40, 0, 10]}, r"box must be \(south, north, west, east\)"),
        ({"box": [40, 60, 0, 190]}, "box must be"),
        ({"box": [40, 60]}, "box must be"),
        ({"manipulation": "None"}, "manipulation must be a list of values, got 'None'"),
        ({"heterotrophic": "guess"}, "heterotrophic must be one of reported, difference, ratio"),
    ],
)
def test_impossible_rules(rules, message):
    """A rule with an unknown name or an impossible value is refused."""
    with pytest.raises(ParameterError, match=message):
        Selection.from_dict(rules)


def test_rules_from_lists():
    """Lists, as parameter files have them, become the tuples of a selection."""
    rules = {"manipulation": ["None", "Control"], "years": [1990, 2000], "box": None}
    assert Selection.from_dict(rules) == Selection(("None", "Control"), (1990, 2000), None)
    assert Selection.from_dict({}) == Selection()


number = st.none() | st.floats(-100, 2000)
rows = st.fixed_dictionaries(
    {
        "Rs_annual": number,
        "Ra_annual": number,
        "Rh_annual": number,
        "RC_annual": st.none() | st.floats(0, 1),
        "Study_midyear": st.none() | st.floats(1975, 2020),
        "Latitude": st.none() | st.floats(-90, 90),
        "Longitude": st.none() | st.floats(-180, 180),
        "Manipulation": st.sampled_from(["None", "CO2"]),
    }
)


@settings(max_examples=40)
@given(st.lists(rows, max_size=30), st.sampled_from(["reported", "difference", "ratio"]))
def test_funnel_only_narrows(changes, source):
    """Counts never grow, end at the number of observations, and each of these obeys the rules."""
    made = table(*[{k: np.nan if v is None else v for k, v in c.items()} for c in changes])
    observations, funnel = select(made, Selection(heterotrophic=source))
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
    observations, funnel = select(read_srdb(real_input("srdb")))
    assert funnel["SR"].tolist() == [10366, 5741, 3937, 3808, 3806, 3790, 3390, 3336]
    assert funnel["HR"].tolist() == [10366, 1068, 788, 785, 784, 768, 670, 666]
    assert observations["target"].value_counts().to_dict() == {"SR": 3336, "HR": 666}


@pytest.mark.real
@pytest.mark.parametrize("source, hr", [("reported", 652), ("difference", 666), ("ratio", 675)])
def test_real_sources_of_hr(real_input, source, hr):
    """More sources of HR give more records."""
    _, funnel = select(read_srdb(real_input("srdb")), Selection(heterotrophic=source))
    assert funnel["HR"].iloc[-1] == hr


@pytest.mark.real
def test_real_edge_of_the_years(real_input):
    """87 SR records sit on mid-year 2013.0, the last that is included."""
    observations, _ = select(read_srdb(real_input("srdb")))
    sr = observations[observations["target"] == "SR"]
    assert int((sr["year"] == 2013).sum()) == 87
