"""Tests of the reports of flags."""

import re

import pandas as pd
from made_records import table

from soilresp.records.quality import report
from soilresp.records.quality.evidence import FIELDS


def told(*rows):
    """Flags by record: study, test, field, score and repair."""
    return pd.DataFrame(
        [{"record": r + 1, "study": study, "test": test, "field": field, "value": "1 < 2",
          "expected": "e", "score": score, "repair": repair}
         for r, study, test, field, score, repair in rows],
        index=[r for r, *_ in rows], columns=list(FIELDS))


SOME = told(
    (0, 10, "a", "Rs_annual", 0.9, "Rs_annual=60"), (1, 10, "a", "Rs_annual", 0.8, ""),
    (1, 10, "a", "Rs_annual", 0.7, ""), (2, 11, "a", "Rs_annual", 0.5, "Rs_annual=61"),
    (2, 11, "a", "Rh_annual", 0.499, ""), (3, 12, "b", "Latitude, Longitude", 0.2, ""),
    (4, 12, "b", "Latitude, Longitude", 0.3, "Latitude=1; Longitude=2"),
    (5, 13, "c", "MAT", 0.6, ""), (6, 13, "c", "MAT", 0.1, ""), (7, 13, "c", "MAT", 0.1, ""),
)
"""Flags of three tests: `a` on three records of two studies, `b` remarks, `c` both."""


def test_flags_as_sentences():
    """One field is, two are; a repair is told with room around its signs."""
    words = report.sentences(SOME)
    assert words[0] == ("Record 1 of study 10: Rs_annual is 1 < 2. Expected: e. "
                        "Repair: Rs_annual = 60.")
    assert words[1] == "Record 2 of study 10: Rs_annual is 1 < 2. Expected: e."
    assert words[5] == "Record 4 of study 12: Latitude, Longitude are 1 < 2. Expected: e."
    assert words[6].endswith(" Repair: Latitude = 1; Longitude = 2.")


def test_counts_by_test():
    """Records count once; a score at the threshold is a suspicion."""
    found = report.counts(SOME)
    assert found.to_dict("index") == {
        "a": {"suspicions": 3, "remarks": 1, "studies": 2, "repair": 2},
        "c": {"suspicions": 1, "remarks": 2, "studies": 1, "repair": 0},
        "b": {"suspicions": 0, "remarks": 2, "studies": 1, "repair": 0},
    }
    assert found.index.tolist() == ["a", "c", "b"] and found.index.name == "test"
    found = report.counts(SOME, 0.25)
    assert found.loc["b"].tolist() == [1, 1, 1, 1]
    # Of as many suspicions, the more remarks come first.
    assert found.index.tolist() == ["a", "c", "b"]
    assert list(report.counts(SOME.loc[[]]).columns) == [
        "suspicions", "remarks", "studies", "repair"]


def test_one_flag_for_each_study():
    """The first of a study, test and field stands for all, which are counted."""
    found = report.suspects(SOME)
    assert found["record"].tolist() == [1, 3, 3, 4, 6]
    assert found["records"].tolist() == [3, 1, 1, 2, 3]
    assert report.suspects(SOME, 2)["record"].tolist() == [1, 3]


def test_a_page_of_flags():
    """Counts, suspicions and remarks by test, and the reasoning of the tests; all is escaped."""
    def odd_test(evidence):
        """Compare   a `word`.

        And a <second>.
        """

    page = report.page(SOME, table(*[{}] * 1233, {"Study_number": 11}), "a&b.csv", [odd_test])
    # Records 1, 2, 3 and 6 of studies 10, 11 and 13.
    assert "a&amp;b.csv" in page and "1,235 records of 2 studies. 4 records of 3 studies" in page
    start, end = page.index("<h2>Suspicions</h2>"), page.index("<h2>Remarks</h2>")
    assert re.findall("<h3>(.)</h3>", page[start:end]) == ["a", "c"]
    assert re.findall("<h3>(.)</h3>", page[end:]) == ["a", "b", "c"]
    assert page.count("<ul>") == page.count("</ul>") == 5
    assert page.count("2 more of the study") == page.count("<b>odd test</b>") == 1
    assert "1 &lt; 2" in page and "And a &lt;second&gt;." in page
    assert "5 records of 4 studies" in report.page(SOME, table(), "x", threshold=0.25)
