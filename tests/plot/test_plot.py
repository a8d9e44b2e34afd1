"""The figures: their panels, units and labels, and what the maps show where."""

import functools
import io
import re
import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from PIL import Image

from soilresp import plot
from soilresp.covariates.recipes import PREDICTORS
from soilresp.covariates.strata import DRAWS
from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.plot import maps, models, style
from soilresp.scoring.budget import carbon_budget
from soilresp.scoring.paper import literature

LABEL = "Twin experiment: synthetic observations, known truth"


@pytest.fixture(autouse=True)
def own_look():
    """Leave the session's settings and label as they were."""
    with matplotlib.rc_context():
        yield
        style.use_style()


def world(seed=0):
    """A positive field on a five-degree grid, without data in the west."""
    axes = coordinates(5)
    rng = np.random.default_rng(seed)
    values = rng.lognormal(6, 0.5, (36, 72))
    values[:, :20] = np.nan
    return xr.DataArray(values, axes, ("lat", "lon"), name="SR", attrs={"units": "g C m-2 yr-1"})


def records(n=60, seed=0):
    """Observed and predicted fluxes at random points, for both targets."""
    rng = np.random.default_rng(seed)
    observed = rng.lognormal(6, 0.5, n)
    return pd.DataFrame({
        "target": np.repeat(["SR", "HR"], n // 2),
        "lat": rng.uniform(-40, 60, n),
        "lon": rng.uniform(-120, 150, n),
        "observed": observed,
        "predicted": 0.8 * observed + rng.normal(0, 50, n),
        "reported_MAT": rng.normal(10, 8, n),
        "reported_MAP": rng.lognormal(6.5, 0.4, n),
    }).assign(MAT=lambda t: t["reported_MAT"] + 0.5, Prec=lambda t: t["reported_MAP"] * 0.9)


def site_map():
    table = records()
    igbp = world().fillna(0) * 0 + np.arange(72) % 17
    return plot.site_map(table[table["target"] == "SR"], table[table["target"] == "HR"], igbp)


def suspicious_sites():
    """Three sites: one repaired, one with a nearest place, one with neither."""
    return plot.suspicious_sites(
        pd.DataFrame(
            {"lat": [-50.0, 31.0, -2.0], "lon": [13.0, 13.0, -2.0], "records": [2, 1, 3],
             "to_lat": [50.0, 47.5, np.nan], "to_lon": [13.0, 12.0, np.nan],
             "how": ["repair", "nearest", ""]}
        )
    )


def funnel_bars():
    funnel = pd.DataFrame(
        {"rule": ["All records", "Field", "Years"], "SR": [100, 80, 60], "HR": [100, 30, 20]}
    )
    return plot.funnel_bars(funnel, {"SR": 62, "HR": 25})


def covariate_maps():
    fields = {n: world(k).assign_attrs(units=PREDICTORS[n][1]) for k, n in enumerate(PREDICTORS)}
    fields["MAT"] = xr.concat([fields["MAT"], fields["MAT"] + 1], "year")
    del fields["SOC"]
    return plot.covariate_maps(xr.Dataset(fields))


def correlation_matrix():
    names = ["MAT", "RH"]
    return plot.correlation_matrix(pd.DataFrame([[1, -0.4], [-0.4, 1]], names, names))


def two_sources():
    fields = {n: world(k).assign_attrs(units=PREDICTORS[n][1]) for k, n in enumerate(PREDICTORS)}
    fields["cell_area"] = fields["vegetated_fraction"] = xr.ones_like(world(0))
    cube = xr.Dataset(fields)
    return plot.two_sources(cube, cube.drop_vars("SOC"))


def search_ranking():
    rows = [
        {"target": t, "predictors": subset, "rmse": rmse, "rmse_sd": 2.0, "is_paper": k == 2,
         "tied": k == 0}
        for t in ("SR", "HR")
        for k, (subset, rmse) in enumerate(
            [("MAT Prec", 350.0), ("MAT", 360.0), ("MAT Prec RH", 380.0), ("RH", 400.0)]
        )
    ]
    return plot.search_ranking(pd.DataFrame(rows), n=2)


def convergence_curves():
    sizes = [(q, k, n) for q in ("mean", "sd", "mad", "total") for k in (10, 500) for n in (1, 4)]
    table = pd.DataFrame(
        [(t, k, n, q, 40 / n**0.5 / k**0.1) for t in ("SR", "HR") for q, k, n in sizes],
        columns=["target", "n_trees", "n_runs", "quantity", "error"],
    )
    return plot.convergence_curves(table)


def subset_errors():
    rows = [
        {"target": t, "predictors": f"subset {k}", "rank": k, "oob_first": 300.0 + k,
         "oob_noise": 1.0, "oob_repeats": 4, "is_paper": k == 7,
         "oob_tied": 1.0 if k < 3 else np.nan, "oob_first_open": k < 20}
        for t in ("SR", "HR") for k in range(1, 64)
    ]
    return plot.subset_errors(pd.DataFrame(rows))


def predictor_frequency():
    rows = [
        {"target": t, "among": among, "predictor": name, "share": 0.1 * k}
        for t in ("SR", "HR") for among in ("tied", "open") for k, name in enumerate(PREDICTORS)
    ]
    return plot.predictor_frequency(pd.DataFrame(rows))


def drawn_shares():
    rows = [
        {"target": t, "draw": draw, "stratum": s, "records": 0.2, "area": 0.2, "drawn": 0.05 * s,
         "drawn_sd": 0.01}
        for t in ("SR", "HR") for draw in DRAWS for s in range(1, 6)
    ]
    return plot.drawn_shares(pd.DataFrame(rows))


def draw_maps():
    fields = [world(k) for k in range(3)]
    field = xr.concat(fields, pd.Index(["area", "record", "bin"], name="draw"))
    return plot.draw_maps(xr.Dataset({"SR": field, "HR": field}))


def strata_shares():
    return plot.strata_shares(pd.DataFrame(
        {"stratum": [1, 2, 3, 4, 5], "area": 0.2, "SR": [0.1, 0.1, 0.2, 0.1, 0.5], "HR": 0.2}
    ))


def validation_ladder():
    table = pd.DataFrame({
        "scheme": ["in_sample", "study_cv", "a fold of one's own"] * 2,
        "target": ["SR"] * 3 + ["HR"] * 3,
        "r2": [0.8, 0.2, -0.1, 0.7, 0.1, 0.0],
        "rmse": [220.0, 520.0, 560.0, 110.0, 280.0, 290.0],
    })
    return plot.validation_ladder(table, {"SR": {"r2": 0.89, "rmse": 348}})


def error_by_distance():
    ladder = pd.DataFrame({
        "target": ["SR", "SR", "SR", "HR", "HR", "HR"],
        "scheme": ["in_sample", "random_cv", "region_cv"] * 2,
        "r2": [0.84, 0.64, 0.05, 0.8, 0.6, 0.0],
        "distance": [np.nan, 0.0, 2700.0] * 2,
    })
    buffered = pd.DataFrame({
        "target": ["SR", "SR", "HR", "HR"], "distance": [60.0, 2000.0] * 2,
        "rmse": [550.0, 590.0, 300.0, 310.0], "rmse_se": [0.0, 40.0] * 2,
        "rmse_of_mean": [580.0, 585.0, 305.0, 306.0],
    })
    return plot.error_by_distance(ladder, buffered)


def leak_dots():
    return plot.leak_dots(pd.DataFrame({
        "predictors": ["MAT by year"] * 3 + ["all static"] * 3,
        "scheme": ["random_cv", "site_cv", "study_cv"] * 2,
        "rmse": [360.0, 560.0, 550.0, 408.0, 561.0, 562.0],
    }))


def interval_coverage():
    rows = [
        {"target": target, "test": test, "calibrated": test, "level": level,
         "raw": level - 0.1, "conformal": level}
        for target in ("SR", "HR") for test in ("random", "study", "spatial")
        for level in (0.5, 0.9)
    ]
    return plot.interval_coverage(pd.DataFrame(rows))


def pit_histogram():
    rows = [
        {"target": target, "test": test, "bin": k, "share": 0.05}
        for target in ("SR", "HR") for test in ("random", "study", "spatial") for k in range(20)
    ]
    return plot.pit_histogram(pd.DataFrame(rows))


def six_maps():
    sr, hr = world(0), world(1) / 2
    return plot.six_maps(xr.Dataset({
        "SR": sr, "HR": hr, "AR": sr - hr, "AR_SR": (sr - hr) / sr, "SR_cv": 0 * sr + 0.4,
        "HR_cv": (0 * sr + 50).assign_attrs(units="%"),
    }))


def three_maps():
    sr, hr = world(0), world(1) / 2
    return plot.three_maps(
        xr.Dataset({"SR": sr, "HR": hr, "AR": sr - hr}), {"SR": 80.0, "HR": 50.0, "AR": 30.0}
    )


def three_maps_stacked():
    sr, hr = world(0), world(1) / 2
    return plot.three_maps(
        xr.Dataset({"SR": sr, "HR": hr, "AR": sr - hr}), {"SR": 80.0, "HR": 50.0, "AR": 30.0},
        stacked=True,
    )


def annual_series():
    table = pd.DataFrame({"year": [2000, 2001, 2002], "SR": [85.0, 86.0, 85.5], "HR": 50.0})
    return plot.annual_series(
        table.assign(AR=table["SR"] - 50, SR_sd=0.5), {"SR": (83.6, 87.8), "HR": (49.2, 51.1)}
    )


def zonal_profiles():
    lat = coordinates(5)["lat"]
    line = xr.DataArray(np.cos(np.deg2rad(lat)), dims="lat", coords={"lat": lat})
    both = xr.concat([line, line.where(lat < 0)], pd.Index([models.BENCHMARK, "A"], name="model"))
    names = {"SR": 1000 * both, "HR": 500 * both, "AR": 500 * both, "AR_SR": both / 2}
    return plot.zonal_profiles(xr.Dataset({**names, "SR_mad": 300 * line}))


def totals_table():
    """Totals of a benchmark, a model with bounds only, and one with a single value."""
    rows = [
        (models.BENCHMARK, "benchmark", {"SR": 85.0, "HR": 50.0, "AR": 35.0, "AR_SR": 0.41}),
        ("A", "derived", {"SR": np.nan}),
        ("B", "computed", {"SR": np.nan, "HR": 54.0, "cSoil": 1500.0}),
    ]
    table = pd.DataFrame([
        {"model": m, "provenance": p, "quantity": q, "value": v} for m, p, by in rows
        for q, v in by.items()
    ])
    bounds = table["model"] == "A"
    return table.assign(low=np.where(bounds, 66.7, np.nan), high=np.where(bounds, 75.2, np.nan))


def flux_bars():
    return plot.flux_bars(totals_table(), {"SR": 76.9, "HR": 50.4})


def site_scores():
    return plot.site_scores(pd.DataFrame({
        "model": [models.BENCHMARK, "A"] * 2, "target": ["SR", "SR", "HR", "HR"],
        "rmse": [400.0, 560.0, 230.0, np.nan], "r": [0.7, -0.05, 0.6, np.nan],
    }))


def pool_table():
    """Pools and production of four models of two groups."""
    return pd.DataFrame({
        "group": ["CMIP6 series"] * 3 + ["output at hand"], "model": list("ABCD"),
        "SR": np.nan, "HR": [40.0, 50.0, 65.0, 54.0], "AR": np.nan,
        "cSoil": [np.nan] * 3 + [1200.0], "cLitter": np.nan, "cRoot": np.nan,
        "GPP": [110.0, 120.0, 150.0, 136.0], "NPP": [45.0, 60.0, 70.0, 55.0],
    })


def model_spread():
    table = pd.DataFrame({"group": ["g", "g"], "quantity": ["HR", "NPP"],
                          "range_percent": [40.0, 60.0], "n": [3, 4]})
    cv = world() / 10
    return plot.model_spread(table, xr.Dataset({"HR_cv": cv}, attrs={"n_models": 4}))


FIGURES = {
    "site_map": (site_map, 1),
    "funnel_bars": (funnel_bars, 2),
    "suspicious_sites": (suspicious_sites, 1),
    "covariate_maps": (covariate_maps, 10),
    "correlation_matrix": (correlation_matrix, 1),
    "two_sources": (two_sources, 9),
    "reported_against_matched": (lambda: plot.reported_against_matched(records()), 2),
    "search_ranking": (search_ranking, 4),
    "subset_errors": (subset_errors, 2),
    "predictor_frequency": (predictor_frequency, 2),
    "drawn_shares": (drawn_shares, 2),
    "draw_maps": (draw_maps, 4),
    "strata_shares": (strata_shares, 1),
    "convergence_curves": (convergence_curves, 8),
    "observed_predicted": (lambda: plot.observed_predicted(records(), "random folds"), 2),
    "validation_ladder": (validation_ladder, 2),
    "error_by_distance": (error_by_distance, 2),
    "leak_dots": (leak_dots, 1),
    "interval_coverage": (interval_coverage, 2),
    "pit_histogram": (pit_histogram, 2),
    "six_maps": (six_maps, 6),
    "three_maps": (three_maps, 3),
    "annual_series": (annual_series, 3),
    "zonal_profiles": (zonal_profiles, 4),
    "flux_bars": (flux_bars, 4),
    "site_scores": (site_scores, 4),
    "pool_bars": (lambda: plot.pool_bars(pool_table()), 5),
    "respiration_against": (lambda: plot.respiration_against(pool_table(), ("GPP", "NPP")), 6),
    "model_spread": (model_spread, 2),
    "budget_bars": (lambda: plot.budget_bars(carbon_budget(85, 50, sr_sd=1, hr_sd=1)), 2),
    "literature_forest": (lambda: plot.literature_forest(literature(), {"SR": (85.0, 1.0)}), 3),
}


def panels(fig):
    """Axes that are no colour bar."""
    return [ax for ax in fig.axes if ax.get_label() != "<colorbar>"]


def words(fig):
    """All text of a figure."""
    return [t.get_text() for t in fig.findobj(matplotlib.text.Text) if t.get_text()]


def draw(fig):
    """Draw with every warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fig.canvas.draw()


def test_every_figure_is_tried():
    """No figure function escapes the tests below, or those of the other files on figures."""
    others = "".join(
        file.read_text(encoding="utf-8") for file in Path(__file__).parents[1].rglob("test_*.py")
        if file.name != Path(__file__).name
    )
    elsewhere = set(re.findall(r"\bplot\.(\w+)", others))
    assert set(FIGURES) <= set(plot.__all__)
    assert set(plot.__all__) - {"use_style"} - set(FIGURES) - elsewhere == set()


@pytest.mark.parametrize("name", FIGURES)
def test_figure(name):
    """Each figure draws without a warning, has its panels, and units on its axes, but no label."""
    make, n_panels = FIGURES[name]
    fig = make()
    draw(fig)
    assert len(panels(fig)) == n_panels
    assert fig.get_suptitle() == ""
    assert LABEL not in words(fig)
    bars = [ax for ax in fig.axes if ax.get_label() == "<colorbar>" and ax.get_xlabel().strip()]
    plain = [ax for ax in panels(fig) if ax.name == "rectilinear" and ax.axison]
    with_units = [ax for ax in (*bars, *plain) if "(" in ax.get_xlabel() + ax.get_ylabel()]
    # Axes that only name predictors have no units to give.
    without = {"search_ranking": 2, "correlation_matrix": 1}.get(name, 0)
    assert len(with_units) == len(bars) + len(plain) - without
    assert bars or plain or name in ("site_map", "suspicious_sites")


@pytest.mark.parametrize("name", FIGURES)
def test_label(name):
    """Each figure carries the label when one is set, in sight and in its words."""
    style.use_style(LABEL)
    fig = FIGURES[name][0]()
    assert fig.get_suptitle() == LABEL
    assert LABEL in words(fig)
    assert LABEL in repr(fig)


def test_leak_of_a_recipe_without_years_is_words():
    """Where no predictor varies from year to year there is nothing to compare."""
    fig = plot.leak_dots(pd.DataFrame(columns=["predictors", "scheme", "rmse"]))
    assert "No predictor of this recipe varies from year to year." in words(fig)


def test_label_goes_into_the_file(tmp_path):
    """A saved picture says in its metadata that it is of a twin experiment."""
    style.use_style(LABEL)
    strata_shares().savefig(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.info["Description"] == f"Figure of 1 panel. {LABEL}"


def test_notebook_picture():
    """What a notebook shows is a PNG at the figure's own size."""
    figure = strata_shares()
    png = figure._repr_png_()
    assert png.startswith(b"\x89PNG")
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.size == tuple(round(inches * 120) for inches in figure.get_size_inches())


def test_notebook_picture_is_small_and_looks_the_same():
    """The palette of 256 colours moves no colour by more than the eye sees, and keeps the label."""
    style.use_style(LABEL)
    figure = strata_shares()
    with Image.open(io.BytesIO(figure._repr_png_())) as picture:
        assert picture.mode == "P"
        assert LABEL in picture.info["Description"]
        small = np.asarray(picture.convert("RGB")).astype(int)
    full = io.BytesIO()
    figure.savefig(full, format="png", dpi=figure.dpi)
    with Image.open(full) as picture:
        difference = np.abs(np.asarray(picture.convert("RGB")) - small)
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99) < 10


def test_three_maps_name_their_totals():
    """Each of the three panels has its flux and total as title."""
    titles = [ax.get_title("left") for ax in panels(three_maps())]
    assert titles == ["SR: 80.0 Pg C yr⁻¹", "HR: 50.0 Pg C yr⁻¹", "AR: 30.0 Pg C yr⁻¹"]


def test_three_maps_may_stand_one_above_the_other():
    """Stacked, the panels share the left edge, SR above HR above AR."""
    boxes = [ax.get_position() for ax in panels(three_maps_stacked())]
    assert np.ptp([box.x0 for box in boxes]) < 0.01
    assert boxes[0].y0 > boxes[1].y0 > boxes[2].y0


def test_session_settings_are_left_alone():
    """A figure has the study's look without changing that of the session."""
    with matplotlib.rc_context({"font.size": 23}):
        fig = strata_shares()
        assert matplotlib.rcParams["font.size"] == 23
    assert fig.axes[0].xaxis.label.get_size() == 9


@pytest.mark.parametrize(
    ("units", "pretty"),
    [("g C m-2 yr-1", "g C m⁻² yr⁻¹"), ("m2 m-2", "m² m⁻²"), ("degC", "°C"), ("%", "%"),
     ("1", "–"), ("MJ m-2", "MJ m⁻²")],
)
def test_pretty_units(units, pretty):
    """CF units are written with superscripts."""
    assert style.pretty_units(units) == pretty


@functools.cache
def numbered_cells():
    """Maps of the row and of the column of each cell."""
    axes = coordinates(5)
    return tuple(
        maps._on_map(xr.DataArray(number.astype(float), axes, ("lat", "lon")))
        for number in np.indices((36, 72))
    )


@settings(deadline=None)
@given(st.floats(-56, 82), st.floats(-179, 179))
def test_map_shows_the_cell_under_each_pixel(lat, lon):
    """The pixel at a place holds the value of the cell, or of its neighbour by rounding."""
    rows, cols = numbered_cells()
    x, y = maps.PROJECTION.transform_point(lon, lat, maps.ccrs.PlateCarree())
    (west, east), (south, north) = maps.PROJECTION.x_limits, maps.PROJECTION.y_limits
    row = int((north - y) / (north - south) * rows.shape[0])
    col = int((x - west) / (east - west) * rows.shape[1])
    assert abs(rows[row, col] - (90 - lat) / 5 + 0.5) < 0.6
    assert abs(cols[row, col] - (lon + 180) / 5 + 0.5) < 0.6


def test_map_knows_either_row_order():
    """A field from south to north gives the same map."""
    field = world()
    turned = maps._on_map(field.sortby("lat"))
    np.testing.assert_array_equal(turned.filled(-1), maps._on_map(field).filled(-1))


def test_map_refuses_part_of_the_globe():
    """A field that is not global is refused by name."""
    with pytest.raises(DataError, match="'lat' of SR is not a regular global grid"):
        maps._on_map(world().isel(lat=slice(0, 10)))


def test_map_without_coastlines(tmp_path, monkeypatch):
    """A missing coastline file is an error, not a download."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "registry.yaml").touch()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    with pytest.raises(DataError, match="ne_110m_land.shp is missing"):
        site_map()


def test_nice_levels():
    """Steps are round and hold the middle of the values."""
    levels = maps.nice_levels([np.nan, *np.linspace(0, 100, 101)], n=5)
    np.testing.assert_array_equal(levels, [0, 20, 40, 60, 80, 100])
    with pytest.raises(DataError, match="without a single value"):
        maps.nice_levels([np.nan])


def test_one_colour_is_one_flux():
    """SR, HR and AR share their colours: a flux of 250 looks the same in all three."""
    sr = world() * 0 + 250
    fig = plot.six_maps(xr.Dataset(
        {"SR": sr, "HR": sr, "AR": sr, "AR_SR": 0 * sr, "SR_cv": sr / 500, "HR_cv": sr / 500}
    ))
    images = [fig.axes[k].images[0] for k in (0, 2, 4)]
    assert len({image.to_rgba(250.0) for image in images}) == 1
    np.testing.assert_allclose(np.nanmax(fig.axes[1].images[0].get_array()), 50)


def test_observed_predicted_scores():
    """The box tells R2 from r2: predictions that are all 10 too high have r2 = 1, R2 below."""
    observed = np.array([100.0, 110, 120, 130])
    one = pd.DataFrame({"observed": observed, "predicted": observed + 10})
    table = pd.concat([one.assign(target="SR"), one.assign(target="HR")])
    # SSE 4 x 100, SST 2 x 15^2 + 2 x 5^2 = 500
    text = "\n".join(words(plot.observed_predicted(table)))
    assert "R² = 0.20" in text and "r² = 1.00" in text and "RMSE = 10 g" in text
    assert "y = 1.00 x + 10" in text


def test_funnel_leaves_out_the_whole_data_base():
    """The first row, the same for both targets, becomes part of the axis label."""
    fig = funnel_bars()
    assert [len(ax.patches) for ax in fig.axes] == [2, 2]
    assert fig.axes[1].get_xlabel() == "HR records left of 100 (number)"


def test_funnel_of_a_twin():
    """A single row is drawn."""
    fig = plot.funnel_bars(pd.DataFrame({"rule": ["Synthetic records"], "SR": [50], "HR": [50]}))
    assert len(fig.axes[0].patches) == 1


def test_search_keeps_the_papers_choice():
    """The paper's subset is shown with its rank, though others are better."""
    fig = search_ranking()
    draw(fig)
    labels = [t.get_text() for t in fig.axes[0].get_yticklabels()]
    assert labels == ["1", "2", "paper, 3"]


def test_subset_errors_counts_its_sets():
    """The legend says how many subsets are tied, and where the paper's choice stands."""
    fig = subset_errors()
    draw(fig)
    legend = [t.get_text() for t in fig.axes[0].get_legend().get_texts()]
    assert legend[1:] == [
        "all subsets (63)", "may be best with other studies (19)", "tied with the best (2)",
        "the paper's choice (7)",
    ]
    # Four forests halve the noise of one: the band is twice 2 x 1 wide.
    assert fig.axes[0].patches[0].get_height() == 4


def test_covariate_that_is_missing():
    """SOC, absent here, has a panel that says so."""
    assert words(covariate_maps()).count("not in this recipe") == 1


def test_climatology_has_no_years():
    """One row of totals is a level line, and the axis says that years are alike."""
    fig = plot.annual_series(pd.DataFrame({"year": [0], "SR": [85.0], "HR": [50.0], "AR": [35.0]}))
    draw(fig)
    assert "climatology" in fig.axes[-1].get_xlabel()


def test_flux_bars_say_what_is_known():
    """Bounds are written as a range, a missing value is called so, pools are passed over."""
    text = words(flux_bars())
    assert "66.7–75.2" in text and "54.0" in text
    assert text.count("not given") == 2 * 4 - 2
    assert not any("1500" in t for t in text)


def test_flux_bars_refuse_two_values():
    """The same model from two sources needs two groups."""
    table = totals_table()
    twice = pd.concat([table, table[table["model"] == "B"]])
    with pytest.raises(DataError, match="two values of SR for 'B'"):
        plot.flux_bars(twice)
    grouped = pd.concat([table.assign(group="one"), table.assign(group="two")])
    draw(plot.flux_bars(grouped))


def test_budget_notes():
    """Lines of the print that do not add up are named below the figure."""
    text = "\n".join(words(plot.budget_bars(carbon_budget(85, 50, sr_sd=1, hr_sd=1))))
    assert "NEP: printed 5.5; the paper's own inputs give 5.7" in text
    assert "AR_TAR" not in text


def test_missing_column():
    """A table without a column is refused with the names it should have."""
    with pytest.raises(DataError, match="strata_shares has no column 'SR'"):
        plot.strata_shares(pd.DataFrame({"stratum": [1], "area": [1.0]}))


def test_groups_hold_each_class_once():
    """Every IGBP class on land is in exactly one group, and each group has its own colour."""
    classes = sorted(c for group in style.GROUP_CLASSES.values() for c in group)
    assert classes == list(range(1, 17))
    assert len({to_rgba(c) for c in style.GROUP_COLOURS.values()}) == len(style.GROUPS)
