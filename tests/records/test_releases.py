"""Comparison of two releases of SRDB."""

import made_records
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.records.releases import compare_funnels, compare_releases, compare_totals
from soilresp.records.selection import Selection


def release(**columns):
    """A release of SRDB with some columns."""
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"Study_midyear": np.arange(n) + 2000.5} | columns)


def test_records_that_share_a_number():
    """SRDB v5.0 has numbers twice: the first answers to the first, the second to the second."""
    old = release(Record_number=[7, 7], MAT=[1.0, 2.0])
    second = release(Record_number=[7, 7], MAT=[1.0, 5.0])
    assert compare_releases(old, second).records["changed"] == 1
    assert compare_releases(old, release(Record_number=[7], MAT=[1.0])).records["removed"] == 1


@settings(max_examples=30)
@given(st.lists(st.integers(1, 30)), st.lists(st.integers(1, 30)))
def test_counts_add_up(before, now):
    """Every record of both is the same, changed, added or removed."""
    old, new = (release(Record_number=n, MAT=np.arange(len(n)) % 3.0) for n in (before, now))
    n = compare_releases(old, new).records
    assert n["same"] + n["changed"] + n["removed"] == len(before)
    assert n["same"] + n["changed"] + n["added"] == len(now)


def test_kinds_of_change():
    """Filled, emptied and altered are told apart; a record counts once, whatever changed."""
    old = release(Record_number=[1, 2, 3, 4, 5], A=["c", None, "b", "d", None],
                  B=[1.0, np.nan, 3.0, 4.0, 5.0])
    new = release(Record_number=[1, 2, 3, 4, 5], A=["x", "a", None, "y", None],
                  B=[2.0, 2.0, 3.0, 4.0, np.nan])
    found = compare_releases(old, new)
    assert found.fields.loc["A"].tolist() == [1, 1, 2, "record 1: c -> x"]
    assert found.fields.loc["B"].tolist() == [1, 1, 1, "record 1: 1.0 -> 2.0"]
    assert found.fields.index.name == "field"
    assert found.records["changed"] == 5 and found.records["same"] == 0


def test_totals_side_by_side():
    """Records, totals and scatter of both fluxes, autotrophic respiration, and its share."""
    def run(k):
        return {
            "records": {"SR": 100 * k, "HR": 10 * k}, "AR_SR": 0.4 * k,
            "flux": {"SR": {"total": 90 * k, "between_run_sd": 3 * k},
                     "HR": {"total": 50 * k, "between_run_sd": 2 * k},
                     "AR": {"total": 40 * k, "between_run_sd": 9}},
        }

    found = compare_totals(run(1), run(1.5))
    expected = {
        "records of SR": 100, "records of HR": 10, "SR, Pg C yr-1": 90, "SR, SD between runs": 3,
        "HR, Pg C yr-1": 50, "HR, SD between runs": 2, "AR, Pg C yr-1": 40, "AR/SR": 0.4,
    }
    assert found.index.name == "quantity" and found.columns.tolist() == ["before", "now", "change"]
    assert found["before"].to_dict() == expected
    np.testing.assert_allclose(found["now"], 1.5 * found["before"])
    np.testing.assert_allclose(found["change"], 0.5 * found["before"])


def test_funnels_side_by_side():
    """Records before and now, and their change, for both fluxes, by the same rules."""
    rules = Selection(box=None, years=None, sr_above_hr=False)
    later = made_records.table({}, {"Rs_annual": 700.0, "Rh_annual": np.nan, "Ra_annual": np.nan})
    found = compare_funnels(made_records.table(), later, rules)
    assert found.iloc[-1].tolist() == [1, 3, 2, 1, 2, 1]
    assert found.columns.tolist() == [
        (t, w) for t in ("SR", "HR") for w in ("before", "now", "change")]
