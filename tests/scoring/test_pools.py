"""Relations between respiration, pools and production across models."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from soilresp.errors import DataError
from soilresp.scoring.pools import DRIVERS, fit_line, line_band, relations, wide_totals


def test_line_by_hand():
    """Points (0, 0), (1, 2), (2, 1), (3, 3): slope 0.8, r 0.8, and the interval of its t."""
    x, y = [0, 1, 2, 3], [0, 2, 1, 3]
    line = fit_line(x, y)
    assert line["slope"] == pytest.approx(0.8) and line["intercept"] == pytest.approx(0.3)
    # SSE 1.8, so s = sqrt(0.9); Sxx = 5; t of 2 degrees of freedom is 4.3027.
    half = 4.3027 * np.sqrt(0.9 / 5)
    assert line["slope_high"] - line["slope"] == pytest.approx(half, rel=1e-4)
    assert line["p"] == pytest.approx(2 * stats.t.sf(0.8 / np.sqrt(0.9 / 5), 2))
    centre, low, high = line_band(x, y, [1.5])
    assert centre[0] == pytest.approx(1.5)
    assert high[0] - centre[0] == pytest.approx(4.3027 * np.sqrt(0.9 / 4), rel=1e-4)
    assert centre[0] - low[0] == pytest.approx(high[0] - centre[0])


def test_line_needs_three_models():
    """Two models, a gap, or one x have no line."""
    for x, y in (([1, 2], [1, 2]), ([1, 2, np.nan], [1, 2, 3]), ([1, 1, 1], [1, 2, 3])):
        assert np.isnan(fit_line(x, y)["slope"])
    with pytest.raises(DataError, match="3 models"):
        line_band([1, 2], [1, 2], [1])


def totals():
    """Totals of four synthetic models of two groups."""
    rows = [("CMIP6 series", m, v, value) for m, hr, npp in
            (("A", 40, 45), ("B", 50, 60), ("C", 65, 70)) for v, value in
            (("HR", hr), ("NPP", npp))]
    rows += [("available output", "D", "HR", 54.0), ("available output", "D", "cSoil", 1200.0),
             ("available output", "D", "SR", np.nan)]
    return pd.DataFrame(rows, columns=["group", "model", "variable", "value"])


def test_relations():
    """Each flux against each driver, over the models that have both."""
    wide = wide_totals(totals())
    assert wide.columns.tolist() == ["group", "model", "SR", "HR", "AR", *DRIVERS]
    assert len(wide) == 4
    lines = relations(wide).set_index(["driver", "flux"])
    assert len(lines) == 15
    assert lines.loc[("NPP", "HR"), "n"] == 3
    assert lines.loc[("NPP", "HR"), "slope"] == pytest.approx(
        np.polyfit([45, 60, 70], [40, 50, 65], 1)[0])
    assert lines.loc[("cSoil", "HR"), "n"] == 1
