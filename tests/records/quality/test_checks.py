"""Tests of the check of records."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_records import table

from soilresp.records import quality
from soilresp.records.quality.evidence import FIELDS, Flag
from soilresp.records.srdb import load_srdb


def test_a_sound_record_has_no_flag():
    """No test says anything of a record that is right."""
    found = quality.check_records(table())
    assert found.empty
    assert tuple(found.columns) == FIELDS


@settings(max_examples=3)
@given(st.dictionaries(
    st.sampled_from(["Latitude", "Longitude", "Rs_annual", "Rh_annual", "RC_annual", "MAT", "MAP"]),
    st.just(np.nan) | st.floats(-1e6, 1e6)))
def test_any_numbers_are_checked(change):
    """Whatever the numbers, scores lie in 0 to 1, and the table stays as it was."""
    records = table(change)
    before = records.copy()
    found = quality.check_records(records)
    pd.testing.assert_frame_equal(records, before)
    assert found["score"].between(0, 1).all()
    assert all(found["expected"])
    assert len(quality.sentences(found)) == len(found)


def flags(*rows):
    """Flags by record: field, score and repair."""
    return pd.DataFrame(
        [{"record": r + 1, "study": 10, "test": "t", "field": field, "value": "v", "expected": "e",
          "score": score, "repair": repair} for r, field, score, repair in rows],
        index=[r for r, *_ in rows], columns=list(FIELDS))


@pytest.mark.parametrize("field, score, touched", [
    ("Rs_annual", 0.5, True), ("Rs_annual", 0.49, False), ("MAT", 0.9, False),
    ("MAT, Rs_annual", 0.9, True), ("Rs_annual, Rs_winter", 0.9, True), ("Rs_winter", 0.9, False),
    ("Study_midyear", 1.0, True),
])
def test_what_is_dropped(field, score, touched):
    """Suspicions, not remarks, on a field that decides, alone or among others."""
    own = flags((1, field, score, ""))
    for way in ("report", "drop"):
        same, marked = quality.apply_flags(table({}, {}), own, way)
        assert marked.tolist() == [False, touched, False]
        pd.testing.assert_frame_equal(same, table({}, {}))
    assert quality.apply_flags(table({}, {}), own, "drop", 0.4)[1].tolist()[1] == (
        touched or field == "Rs_annual")


@pytest.mark.parametrize("repairs, value", [
    (["Rs_annual=60"], 60.0), (["Rs_annual=60", "Rs_annual=60.0"], 60.0),
    (["Rs_annual=60", "Rs_annual=61"], 600.0), (["Rs_annual=60", ""], 60.0), ([""], 600.0),
    (["Rs_annual=60; Rh_annual=30", "Rs_annual=60"], 60.0), (["MAT=3; Rs_annual=60"], 60.0),
    (["Rs_annual=60; Rs_annual=61"], 600.0), (["MAT=warm"], 600.0),
])
def test_what_is_repaired(repairs, value):
    """Repairs that agree on every field are made, those that differ are not."""
    own = flags(*((1, "Rs_annual, MAT", 0.9, repair) for repair in repairs))
    out, touched = quality.apply_flags(table({}, {}), own, "repair")
    assert out["Rs_annual"].tolist() == [600.0, value, 600.0]
    assert out["MAT"].tolist() == [8.0] * 3
    assert touched.tolist() == [False, value != 600, False]


def test_the_order_of_flags():
    """The most suspicious first, then by study, row and name of the test."""
    own = table({"Study_number": 9}, {"Study_number": 9}, {"Study_number": 11})

    def test_of(name, scores):
        return lambda _: [Flag(row, name, "f", "v", "e", score) for row, score in scores.items()]

    found = quality.check_records(own, tests=[
        test_of("b", {3: 0.9, 2: 0.5, 0: 0.5}), test_of("a", {2: 0.5, 1: 0.5}),
        test_of("c", {0: 0.2}),
    ])
    assert list(zip(found.index, found["test"])) == [
        (3, "b"), (1, "a"), (2, "a"), (2, "b"), (0, "b"), (0, "c")]
    assert tuple(found.columns) == FIELDS


def test_own_table():
    """A table of one's own is checked by its own index; a climate of one's own is used."""
    plots = pd.DataFrame({"LAT": [50.95, 50.95], "LON": [13.55, -30.0], "Flux": -30.0}, ["a", "b"])
    found = quality.check_records(plots)
    assert found["test"].groupby(level=0).agg(set).to_dict() == {
        "a": {"flux not above zero"}, "b": {"flux not above zero", "in the sea"}}
    seen = []
    quality.check_records(plots, "world", [lambda own: seen.append(own._climate) or []])
    assert seen == ["world"]


@pytest.mark.real
@pytest.mark.slow
def test_flags_of_the_release(real_input):
    """Counts of suspicions and remarks on SRDB v5.0 by test, and the sum of all scores."""
    real_input("srdb_equations")
    found = quality.check_records(load_srdb(real_input("srdb"), strip=False))
    repeated = found["test"] == "repeated row"
    assert found[repeated]["field"].value_counts().to_dict() == {"Rs_annual": 116, "Rh_annual": 56}
    found = found[~repeated]
    counted = quality.counts(found)
    assert counted.loc["outside the stated country"].tolist()[:2] == [113, 59]
    assert counted[["suspicions", "remarks"]].sum().tolist() == [440, 1012]
    assert len(found) == 1513 and found["score"].sum() == pytest.approx(696.1294005886534, rel=1e-9)
