"""Maps and figures of the area of applicability."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilresp import plot
from soilresp.grid.cells import coordinates
from soilresp.plot import style


@pytest.fixture
def fields():
    """Indices and distances on a coarse globe."""
    axes, rng = coordinates(10), np.random.default_rng(1)
    names = [f"{t}_{end}" for t in ("SR", "HR") for end in ("di", "site_distance")]
    return xr.Dataset({
        n: xr.DataArray(rng.uniform(0, 2, (18, 36)), axes, ("lat", "lon")) for n in names
    })


def test_figures_have_units_and_the_threshold(fields):
    """Four maps with their bars; the error against the index with its threshold."""
    rng = np.random.default_rng(2)
    records = pd.DataFrame({
        "target": ["SR", "HR"] * 40, "flux": rng.uniform(1, 9, 80),
        "predicted": rng.uniform(1, 9, 80), "di": rng.uniform(0, 1, 80),
    })
    with matplotlib.rc_context():
        maps = plot.applicability_maps(fields, {"SR": 0.5, "HR": 0.7})
        lines = plot.error_by_dissimilarity(records, {"SR": 0.5, "HR": 0.7})
        style.use_style()
    labels = [ax.get_xlabel() for ax in maps.axes if ax.get_label() == "<colorbar>"]
    assert labels == ["index / threshold (–); above 1: outside", "distance (km)"] * 2
    for ax in lines.axes:
        assert "g C m⁻² yr⁻¹" in ax.get_ylabel() and "(–)" in ax.get_xlabel()
        assert len(ax.lines[0].get_xdata()) == 6
