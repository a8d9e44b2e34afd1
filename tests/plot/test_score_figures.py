"""Figures of a scorecard: what is drawn where, and with which words."""

import io

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilresp import plot
from soilresp.errors import DataError
from soilresp.grid.cells import coordinates


def words(fig):
    """All texts of a figure."""
    fig.savefig(io.BytesIO(), format="png")
    return " ".join(t.get_text() for t in fig.findobj(lambda a: hasattr(a, "get_text")))


def maps(**values):
    """Half-degree fields of one value each."""
    world = np.ones((360, 720))
    return xr.Dataset({n: (("lat", "lon"), v * world) for n, v in values.items()}, coordinates())


def test_maps_show_z_only_where_there_is_one():
    """Three panels without a spread of the benchmark, four with it."""
    fields = maps(HR=500.0, HR_benchmark=400.0, HR_bias=100.0)
    fig = plot.score_maps(fields, "HR", "Model A")
    assert sum(ax.get_visible() for ax in fig.axes if hasattr(ax, "projection")) == 3
    assert "Model A, HR" in words(fig) and "of land" in words(fig)
    fig = plot.score_maps(fields.assign(HR_z=fields["HR_bias"] / 200), "HR")
    assert sum(ax.get_visible() for ax in fig.axes if hasattr(ax, "projection")) == 4
    assert "z (–)" in words(fig)


def test_profiles_have_a_band_that_stops_at_zero():
    """400 ± 600 reaches from 0 to 1000; a panel for each flux that is there."""
    lat = coordinates()["lat"]
    line = xr.DataArray(np.full(360, 400.0), {"lat": lat}, dims="lat")
    profiles = xr.Dataset({"HR": line, "HR_benchmark": line, "HR_benchmark_sd": line + 200})
    fig = plot.score_profiles(profiles, "Model A")
    (ax,) = fig.axes
    band = ax.collections[0].get_paths()[0].vertices[:, 0]
    assert (band.min(), band.max()) == (0, 1000)
    assert "g C m" in ax.get_xlabel() and "Latitude (°N)" in ax.get_ylabel()


def test_a_model_lies_at_its_correlation_and_spread():
    """r = 0.5 is 60 degrees, SD ratio 1.5 the radius; what has no numbers is not drawn."""
    table = pd.DataFrame({
        "model": ["A", "B"], "flux": "HR", "r": [0.5, np.nan], "sigma_ratio": [1.5, np.nan],
    })
    fig = plot.taylor_diagram(table, "A")
    (point,) = (line for line in fig.axes[0].lines if line.get_marker() == "s")
    np.testing.assert_allclose(np.column_stack(point.get_data()), [[np.pi / 3, 1.5]])
    assert "1  A" in words(fig) and "B" not in words(fig).split()
    with pytest.raises(DataError, match="taylor_diagram"):
        plot.taylor_diagram(table.drop(columns="r"), "A")


def test_totals_stand_in_order_with_the_benchmark_beside():
    """Models from low to high, the benchmark's total as a line."""
    table = pd.DataFrame({"flux": "HR", "model": ["A", "B", "C"], "value": [60.0, 40.0, np.nan]})
    fig = plot.known_totals(table, {"HR": 52.0}, "A")
    (ax,) = fig.axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["B", "A"]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"] == [52.0]
    assert "Pg C yr" in ax.get_xlabel()
