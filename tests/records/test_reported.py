"""Reported climate against the cube."""

import numpy as np
import pandas as pd
import pytest

from soilresp.records.reported import agreement, outliers


@pytest.fixture
def table():
    """Two places with three years each, a place with an impossible value, a wrong one."""
    return pd.DataFrame(
        {
            "record": range(8),
            "study": [1, 1, 1, 2, 2, 2, 3, 4],
            "lat": [50.0] * 3 + [10.0] * 3 + [0.0, 20.0],
            "lon": 0.0,
            "year": [2000.0, 2001, 2002, 2000, 2001, 2002, 2000, 2000],
            "reported_MAT": [5.0, 6, 7, 25, 26, 27, 1440, 2],
            "MAT": [5.5, 6.5, 7.5, 25, 26, 27, 10, 22],
            "reported_MAP": np.nan,
            "Prec": 800.0,
        }
    )


def test_agreement(table):
    """Sound pairs alone are scored; the years of a place are compared on their own."""
    result = agreement(table)
    mat = result.loc["MAT"]
    assert (mat["n"], mat["impossible"], mat["n_years"]) == (7, 1, 6)
    assert mat["bias"] == pytest.approx((3 * 0.5 + 20) / 7)
    assert mat["r_years"] == pytest.approx(1)
    assert result.loc["Prec", "n"] == 0 and np.isnan(result.loc["Prec", "r"])


def test_outliers(table):
    """The impossible and the wrong value come first, one line a place."""
    worst = outliers(table, 3)
    assert worst["record"].tolist()[:2] == [6, 7]
    assert worst["study"].is_unique
