"""Figures of what is uncertain: panels, words on the axes, and what they do without data."""

import io

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilresp import plot
from soilresp.errors import DataError
from soilresp.grid.cells import coordinates

CELLS = pd.DataFrame({
    "name": [f"Place {k}" for k in range(10)], "lat": np.linspace(-40, 60, 10), "lon": 12.25,
})


def words(fig):
    """All texts of a figure."""
    fig.savefig(io.BytesIO(), format="png")
    return " ".join(t.get_text() for ax in fig.axes for t in ax.findobj(
        lambda a: hasattr(a, "get_text")))


def weights():
    """Two values for each cell and flux."""
    rows = [(n, t, v, w) for n in CELLS["name"] for t in ("SR", "HR")
            for v, w in ((400.0, 0.75), (4000.0, 0.25))]
    return pd.DataFrame(rows, columns=["name", "target", "value", "weight"])


def fields(value):
    """Half-degree fields of one value."""
    names = ("AR", "HR", "AR_joint", "HR_joint", "AR_SR_joint")
    return xr.Dataset({n: (("lat", "lon"), np.full((360, 720), value)) for n in names},
                      coordinates())


def test_ten_cells():
    """A panel a cell, with mean, SD and CV: 400 and 4000 by weight are 1300 and 1559."""
    fig = plot.cell_distributions(weights(), CELLS)
    assert len(fig.axes) == 10
    text = words(fig)
    assert "SR: 1,300 ± 1,559, CV 120 %" in text and "40.00° S" in text
    with pytest.raises(DataError, match="cell_distributions is empty"):
        plot.cell_distributions(weights().head(0), CELLS)


def test_trends_without_years_say_so():
    """An empty table gives a sentence instead of an empty panel."""
    assert "no trend to be seen" in words(plot.trend_bands(pd.DataFrame()))
    table = pd.DataFrame({
        "band": "globe", "flux": ["SR", "HR", "AR"], "percent": [1.0, 2, -1],
        "percent_low": [0.5, 1, -3], "percent_high": [2.0, 3, 1],
    })
    text = words(plot.trend_bands(table))
    assert "% of the mean per decade" in text and "globe" in text


def test_sources_that_are_missing_are_named():
    """A source without a figure is called not given; every bar has its value."""
    three = pd.DataFrame({"SR": [50.0, 2.0], "HR": [30.0, 1.0], "AR": [np.nan, 2.0]},
                         index=["cells", "studies"])
    parts = pd.DataFrame([
        {"source": s, "flux": f, "sd": v, "together": 2.0}
        for s, v in (("records", 2.0), ("covariates", np.nan)) for f in ("SR", "HR", "AR")
    ])
    text = words(plot.total_uncertainty(three, parts))
    assert "not given" in text and "50.0" in text and "Pg C yr⁻¹" in text


def test_profiles_have_four_panels():
    """SR, HR, AR and the area share the latitudes."""
    names = ("SR", "HR", "AR", "AR_joint", "SR_sd", "HR_sd", "area")
    table = pd.DataFrame({n: [1.0, 2.0] for n in names}, index=pd.Index([30.0, 10.0], name="lat"))
    fig = plot.latitude_profiles(table)
    assert len(fig.axes) == 4 and "Latitude (°N)" in words(fig)


def test_joint_maps_have_units():
    """Four maps, each with a bar that says what it is in which unit."""
    text = words(plot.joint_maps(fields(100.0)))
    assert text.count("g C m⁻² yr⁻¹") >= 3 and "AR/SR (–)" in text
