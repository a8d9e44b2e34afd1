"""Figures of models: what their panels say, and who is grey."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp import plot
from soilresp.grid.cells import coordinates
from soilresp.scoring.pools import wide_totals


def totals():
    """Totals of four synthetic models of two groups."""
    rows = [("CMIP6 series", m, v, value) for m, hr, npp in
            (("A", 40, 45), ("B", 50, 60), ("C", 65, 70)) for v, value in
            (("HR", hr), ("NPP", npp))]
    rows += [("available output", "D", "HR", 54.0), ("available output", "D", "cSoil", 1200.0),
             ("available output", "D", "SR", np.nan)]
    return pd.DataFrame(rows, columns=["group", "model", "variable", "value"])


def test_figures_of_pools_and_relations():
    """Panels for all drivers; those without a model say so; the slope and p are written."""
    wide = wide_totals(totals())
    bars = plot.pool_bars(wide)
    assert len(bars.axes) == 5
    assert any("no available model" in t.get_text() for t in bars.axes[1].texts)
    lines = plot.respiration_against(wide, ("GPP", "NPP"))
    assert len(lines.axes) == 6
    words = " ".join(t.get_text() for t in lines.axes[4].texts)
    assert "slope" in words and "n = 3" in words
    assert lines.axes[4].get_xlabel() == "NPP (Pg C yr⁻¹)"


def test_figures_without_a_model():
    """Without any output the panels say so."""
    wide = wide_totals(totals().iloc[:0])
    for fig in (plot.pool_bars(wide), plot.respiration_against(wide)):
        assert all(any("no available model" in t.get_text() for t in ax.texts) for ax in fig.axes)


def test_figure_of_spread():
    """Bars of ranges, and a map or the words that there are too few maps."""
    spread = pd.DataFrame({"group": ["g", "g"], "quantity": ["HR", "NPP"],
                           "range_percent": [40.0, 60.0], "n": [3, 4]})
    axes = coordinates(5)
    cv = xr.DataArray(np.full((36, 72), 30.0), axes, ("lat", "lon"))
    fig = plot.model_spread(spread, xr.Dataset({"HR_cv": cv}, attrs={"n_models": 4}))
    assert "4 models" in " ".join(a.get_title(loc="left") for a in fig.axes)
    fig = plot.model_spread(spread, xr.Dataset({"HR_cv": cv * np.nan}, attrs={"n_models": 1}))
    assert any("fewer than three" in t.get_text() for a in fig.axes for t in a.texts)


def test_absent_models_are_grey():
    """Names of models without output are grey in both figures, others black."""
    table = pd.DataFrame({"model": ["A", "B"], "quantity": "SR", "value": [80.0, np.nan],
                          "provenance": "stated", "available": [True, False]})
    colours = [t.get_color() for t in plot.flux_bars(table).axes[0].get_yticklabels()]
    assert colours[0] == "black" and colours[1] != "black"
    scores = pd.DataFrame({"model": ["A", "B"], "target": "SR", "rmse": [500.0, np.nan],
                           "r": [0.5, np.nan], "available": [True, False]})
    scores = pd.concat([scores, scores.assign(target="HR")])
    colours = [t.get_color() for t in plot.site_scores(scores).axes[0].get_yticklabels()]
    assert colours[0] == "black" and colours[1] != "black"
