"""Models by biome, against pools and production, and the figures of both."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from soilresp import plot
from soilresp.errors import DataError
from soilresp.grid.cells import cell_area, coordinates
from soilresp.scoring.area_basis import to_land
from soilresp.scoring.biomes import BIOMES, biome_map, biome_means, biome_table
from soilresp.scoring.pools import DRIVERS, fit_line, line_band, relations, wide_totals
from soilresp.study.chapters.c07_models import comparator_climate

ONE = {"dims": ("lat", "lon")}


def row(*values):
    """A field of one row of cells."""
    return xr.DataArray([list(map(float, values))], **ONE)


def test_half_vegetated_cell_by_hand():
    """800 of vegetated half and 400 of all land are the same carbon: no difference is found."""
    cell, land, vegetated = row(2e9), row(1.0), row(0.5)
    kind = xr.DataArray([[9]], **ONE)
    benchmark = biome_means(row(800), cell * vegetated, cell * land, kind)[9]
    model = biome_means(row(400), cell * land, cell * land, kind)[9]
    assert benchmark == model == 400
    assert float(to_land(row(800), vegetated, land)[0, 0]) == 400
    # 2000 km2: 0.8 Tg either way.
    assert float((row(800) * cell * vegetated).sum()) == float((row(400) * cell * land).sum())
    assert float((row(800) * cell * vegetated).sum()) == pytest.approx(800 * 1e9)


def test_biome_means_by_hand():
    """Two cells of savanna weigh by their land; sparse cover and empty biomes are missing."""
    kind = xr.DataArray([[8, 8, 0, 0, -1]], **ONE)
    land = row(3, 1, 1, 3, 5)
    means = biome_means(row(100, 500, 700, np.nan, 9), land, land, kind)
    assert means[8] == pytest.approx((3 * 100 + 500) / 4)
    assert np.isnan(means[0]) and np.isnan(means[1])
    with pytest.raises(DataError, match="one grid"):
        biome_means(row(1, 2), land, land, kind)


@given(st.floats(0.01, 1), st.floats(1, 3000))
def test_biome_means_of_a_uniform_flux(share, flux):
    """A flux per m2 of vegetated area is that times the share, whatever the areas."""
    land, kind = row(2, 5, 11), xr.DataArray([[3, 3, 3]], **ONE)
    assert biome_means(row(flux, flux, flux), land * share, land, kind)[3] == pytest.approx(
        flux * share
    )


def test_biome_map_takes_the_largest_share():
    """Crop and mosaic count together; barren land has no biome."""
    share = np.zeros((17, 1, 3))
    share[[12, 14, 8], 0, 0] = [0.3, 0.3, 0.4]
    share[16, 0, 1] = 1
    share[2, 0, 2] = 0.1
    kinds = biome_map(xr.DataArray(share, {"igbp": np.arange(17)}, ("igbp", "lat", "lon")))
    names = list(BIOMES)
    assert kinds.values.tolist() == [
        [names.index("Cropland"), -1, names.index("Evergreen broadleaf forest")]
    ]


def test_biome_table_by_hand():
    """Models of 100 and 300: mean 200, SD 141.4, CV 70.7 %; the benchmark is not among them."""
    means = {"ours": np.full(12, 900.0), "a": np.full(12, 100.0),
             "b": np.r_[300.0, np.full(11, np.nan)]}
    table = biome_table(means, "ours")
    first = table.iloc[0]
    assert first["mean of models"] == 200
    assert first["SD of models"] == pytest.approx(np.sqrt(2) * 100)
    assert first["CV (%)"] == pytest.approx(50 * np.sqrt(2))
    assert np.isnan(table.iloc[1]["CV (%)"]) and table.iloc[1]["mean of models"] == 100


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
    rows += [("output at hand", "D", "HR", 54.0), ("output at hand", "D", "cSoil", 1200.0),
             ("output at hand", "D", "SR", np.nan)]
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
    assert relations(wide, ["output at hand"])["n"].max() == 1


def test_figures_of_pools_and_relations():
    """Panels for all drivers; those without a model say so; the slope and p are written."""
    wide = wide_totals(totals())
    bars = plot.pool_bars(wide)
    assert len(bars.axes) == 5
    assert any("no model" in t.get_text() for t in bars.axes[1].texts)
    lines = plot.respiration_against(wide, ("GPP", "NPP"))
    assert len(lines.axes) == 6
    words = " ".join(t.get_text() for t in lines.axes[4].texts)
    assert "slope" in words and "n = 3" in words
    assert lines.axes[4].get_xlabel() == "NPP (Pg C yr⁻¹)"


def test_figures_without_a_model():
    """Without any output at hand the panels say so."""
    wide = wide_totals(totals().iloc[:0])
    for fig in (plot.pool_bars(wide), plot.respiration_against(wide)):
        assert all(any("no model" in t.get_text() for t in ax.texts) for ax in fig.axes)


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
                          "provenance": "stated", "at_hand": [True, False]})
    colours = [t.get_color() for t in plot.flux_bars(table).axes[0].get_yticklabels()]
    assert colours[0] == "black" and colours[1] != "black"
    scores = pd.DataFrame({"model": ["A", "B"], "target": "SR", "rmse": [500.0, np.nan],
                           "r": [0.5, np.nan], "at_hand": [True, False]})
    scores = pd.concat([scores, scores.assign(target="HR")])
    colours = [t.get_color() for t in plot.site_scores(scores).axes[0].get_yticklabels()]
    assert colours[0] == "black" and colours[1] != "black"


def test_climate_of_the_comparators():
    """With the embedded recipe, the embedded climate, and that is said."""
    tas, pr, words = comparator_climate("embedded")
    assert tas.sizes["month"] == pr.sizes["month"] == 12
    assert "embedded" in words
    assert cell_area().sizes["lat"] == tas.sizes["lat"]
