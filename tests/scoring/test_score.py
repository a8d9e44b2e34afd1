"""Scores against the benchmark: hand-worked cases, the perfect score, misplaced maps."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from made_benchmark import as_model, made_benchmark

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.strata import dominant_stratum
from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.models import read_model
from soilresp.scoring.score import (
    benchmark_on_land,
    bias_score,
    field_scores,
    misplacement,
    score_model,
    taylor_score,
    z_scores,
)
from soilresp.scoring.scorecard import as_dict, as_markdown, as_page, as_text
from soilresp.study.chapters import c08_score as scoring


@pytest.fixture(scope="module")
def benchmark():
    """The synthetic benchmark."""
    return made_benchmark()


@pytest.fixture(scope="module")
def stratum():
    """Bin of vegetation of each cell."""
    return dominant_stratum(load_embedded()["igbp_fraction"])


def test_scores_of_three_cells_by_hand():
    """Cells 1, 2, 6 against 2, 2, 2 + 2 = 4 with areas 1, 1, 2: all worked by hand."""
    s = field_scores([1.0, 2.0, 6.0], [2.0, 2.0, 4.0], [1.0, 1.0, 2.0])
    # means (1 + 2 + 12) / 4 and (2 + 2 + 8) / 4
    assert s["bias"] == pytest.approx(3.75 - 3.0)
    # squared errors 1, 0, 4 with weights 1/4, 1/4, 1/2
    assert s["rmse"] == pytest.approx(1.5)
    assert s["crmse"] == pytest.approx(math.sqrt(2.25 - 0.75**2))
    # deviations -2.75, -1.75, 2.25 and -1, -1, 1
    var_m = (2.75**2 + 1.75**2) / 4 + 2.25**2 / 2
    cov = (2.75 + 1.75) / 4 + 2.25 / 2
    assert s["r"] == pytest.approx(cov / math.sqrt(var_m))
    assert s["sigma_ratio"] == pytest.approx(math.sqrt(var_m))
    assert s["rmse_score"] == pytest.approx(math.exp(-s["crmse"]))
    # relative errors 1/2, 0, 1/2 with weights 2, 2, 8
    assert s["bias_score"] == pytest.approx((10 * math.exp(-0.5) + 2) / 12)
    assert s["n_cells"] == 3 and s["area"] == 4 and s["benchmark_mean"] == 3


def test_missing_cells_and_cells_without_area_do_not_count():
    """A gap on either side, or no area, takes the cell out of every score."""
    whole = field_scores([1.0, 3.0], [2.0, 4.0], [1.0, 1.0])
    gaps = field_scores(
        [1.0, 3.0, np.nan, 9.0, 9.0], [2.0, 4.0, 1.0, np.nan, 1.0], [1.0, 1.0, 1.0, 1.0, 0.0]
    )
    assert gaps == whole


def test_no_common_cell_is_an_error():
    """Maps without a common cell cannot be scored."""
    with pytest.raises(DataError, match="no cell in common"):
        field_scores([np.nan, 1.0], [1.0, np.nan], [1.0, 1.0])


def test_a_flat_map_has_no_correlation():
    """A constant map has spread 0: no r, and the lowest Taylor score."""
    s = field_scores([3.0, 3.0], [1.0, 2.0], [1.0, 1.0])
    assert math.isnan(s["r"]) and s["sigma_ratio"] == 0 and s["taylor_score"] == 0


@given(st.lists(st.floats(1, 1e4), min_size=3, max_size=30), st.integers(0, 99))
@settings(max_examples=40)
def test_a_map_against_itself_is_perfect(values, seed):
    """Any map that varies scores 1 against itself, with any areas."""
    values = np.array([*values, max(values) + 50])
    area = np.random.default_rng(seed).uniform(0.1, 1, values.size)
    s = field_scores(values, values, area)
    for key in ("r", "sigma_ratio", "taylor_score", "bias_score", "rmse_score"):
        assert s[key] == pytest.approx(1)
    assert s["bias"] == s["rmse"] == 0


@given(st.floats(-1, 1), st.floats(0.05, 20))
def test_the_taylor_score_is_symmetric_in_the_spread(r, s):
    """Half and twice the spread are equally wrong, and the score lies in 0 to 1."""
    assert taylor_score(r, s) == pytest.approx(taylor_score(r, 1 / s))
    assert 0 <= taylor_score(r, s) <= 1 + 1e-12


def test_the_bias_score_weighs_by_the_flux():
    """An error where little is respired counts little: (1 x e^-1 + 3 x 1) / 4."""
    assert bias_score([2.0, 3.0], [1.0, 3.0], [1.0, 1.0]) == pytest.approx((math.exp(-1) + 3) / 4)


def test_z_scores_by_hand():
    """Differences 1, 3 and -1 SD on areas 1, 1, 2; a cell without SD is left out."""
    z = z_scores([3.0, 7.0, 0.0, 5.0], [2.0, 1.0, 1.0, 1.0], [1.0, 2.0, 1.0, 0.0],
                 [1.0, 1.0, 2.0, 9.0])
    assert z == pytest.approx({"mean": 0.5, "mean_abs": 1.5, "within_1": 0.75, "within_2": 0.75})


def test_half_vegetated_land_by_hand(benchmark):
    """600 of vegetation on half of the land are 300 per m2 of land."""
    cell = xr.Dataset(
        {"HR": (("lat", "lon"), [[600.0, 600.0]]),
         "vegetated_fraction": (("lat", "lon"), [[0.4, 0.0]]),
         "land_fraction": (("lat", "lon"), [[0.8, 0.5]]), "cell_area": ("lat", [1e9])}
    )
    on_land = benchmark_on_land(cell)
    assert on_land["HR"].values[0, 0] == pytest.approx(300)
    assert np.isnan(on_land["HR"].values[0, 1])


def test_the_benchmark_against_itself_is_perfect(benchmark, stratum):
    """All scores are 1, all differences 0, and nothing of it lies outside."""
    found = score_model(as_model(benchmark), benchmark, stratum)
    for flux in ("SR", "HR", "AR"):
        s = found.facts["scores"][flux]
        for key in ("r", "sigma_ratio", "taylor_score", "bias_score", "rmse_score",
                    "benchmark_covered"):
            assert s[key] == pytest.approx(1, abs=1e-9)
        assert abs(s["bias"]) < 1e-9 and s["rmse"] < 1e-9 and s["model_total_elsewhere"] == 0
        assert found.facts["totals"][flux] == pytest.approx(found.facts["benchmark_totals"][flux])
    assert found.facts["z"]["SR"]["within_1"] == 1
    assert found.facts["totals"]["AR_SR"] == pytest.approx(0.4)
    assert found.zonal["bias"].abs().max() < 1e-9
    carbon = found.biomes.groupby("flux")["benchmark_pg"].sum()
    assert carbon["SR"] <= found.facts["benchmark_totals"]["SR"] + 1e-9


def test_twice_the_benchmark(benchmark, stratum):
    """A model of twice the flux: bias is the mean, r stays 1, SD ratio 2, Taylor 0.64."""
    model = as_model(benchmark, ("HR",))
    model["HR"] = 2 * model["HR"]
    s = score_model(model, benchmark, stratum).facts["scores"]["HR"]
    assert s["bias"] == pytest.approx(s["benchmark_mean"])
    assert s["r"] == pytest.approx(1) and s["sigma_ratio"] == pytest.approx(2)
    assert s["taylor_score"] == pytest.approx(4 * 2 / (2.5**2 * 2))
    assert s["bias_score"] == pytest.approx(math.exp(-1))


@pytest.mark.parametrize("words, move", [
    ("shifted by 180 degrees of longitude", lambda f: f.roll(lon=360, roll_coords=False)),
    ("flipped from north to south", lambda f: f.isel(lat=slice(None, None, -1)).assign_coords(
        lat=f["lat"])),
])
def test_a_misplaced_map_is_caught(benchmark, stratum, words, move):
    """A map with its land shifted or flipped is refused, and the message says how."""
    model = as_model(benchmark, ("HR",))
    moved = move(model.drop_vars("cell_area")).assign(cell_area=model["cell_area"])
    with pytest.raises(DataError, match=words):
        score_model(moved.assign_attrs(model.attrs), benchmark, stratum)


def test_a_map_that_lies_right_is_left_alone(benchmark):
    """Noise as large as the flux does not make a map look misplaced."""
    land = benchmark["HR"] * benchmark["vegetated_fraction"]
    rng = np.random.default_rng([0, 8])
    noisy = land * rng.gamma(1, 1, land.shape)
    assert misplacement(noisy, land, benchmark["cell_area"]) is None


def test_other_grids_and_empty_models_are_refused(benchmark, stratum):
    """A map on another grid, or without a flux, is named."""
    model = as_model(benchmark, ("HR",))
    with pytest.raises(DataError, match="half-degree grid along lat"):
        score_model(model.isel(lat=slice(0, 180)), benchmark, stratum)
    with pytest.raises(DataError, match="none of SR, HR and AR"):
        score_model(model.drop_vars("HR"), benchmark, stratum, "bare")


def test_years_give_range_and_trend(benchmark, stratum):
    """Totals that grow by 1 % of the first a year: range and trend follow."""
    model = as_model(benchmark, ("HR",))
    growth = xr.DataArray(1 + 0.01 * np.arange(11), {"year": np.arange(1990, 2001)}, "year")
    model["HR"] = (model["HR"] * growth).transpose("year", "lat", "lon")
    facts = score_model(model, benchmark, stratum).facts
    one = facts["benchmark_totals"]["HR"]
    annual = facts["annual"]["HR"]
    assert (annual["first"], annual["last"]) == (1990, 2000)
    assert annual["min"] == pytest.approx(one) and annual["max"] == pytest.approx(1.1 * one)
    assert annual["trend_per_decade"] == pytest.approx(0.1 * one)
    assert facts["totals"]["HR"] == pytest.approx(1.05 * one)


def test_files_are_sorted_into_models_by_their_names():
    """Variables and dates in a name do not make another model."""
    groups = scoring.group_files([
        "rh_Lmon_HadGEM2-ES_historical_r1i1p1_185912-188411.nc",
        "rh_Lmon_HadGEM2-ES_historical_r1i1p1_188412-190911.nc",
        "CLM5.0_S2_rh.nc", "CLM5.0_S2_ra.nc", "BEPS_S2_rh.nc",
    ])
    assert {name: len(own) for name, own in groups.items()} == {
        "HadGEM2-ES_historical_r1i1p1": 2, "CLM5.0_S2": 2, "BEPS_S2": 1,
    }


def test_a_folder_without_files_is_an_error(tmp_path):
    """An empty folder is named."""
    with pytest.raises(DataError, match="no NetCDF file"):
        scoring.group_files([tmp_path])


def made_records():
    """Four synthetic records of each flux."""
    lat, lon = [0.25, 10.25, 50.25, -10.25], [20.25, 20.25, 20.25, -60.25]
    return pd.concat(
        pd.DataFrame({"target": t, "lat": lat, "lon": lon, "flux": [900.0, 700, 400, 800]})
        for t in ("SR", "HR")
    )


@pytest.fixture(scope="module")
def card(benchmark):
    """Scorecard of a model whose name is trouble for HTML and Markdown."""
    model = as_model(benchmark, choices="units: <b>kg</b> | g")
    model["HR"] = 1.2 * model["HR"]
    return scoring.make_card(
        {"<script>alert(1)</script>": model}, benchmark, {"title": "synthetic", "source": ""},
        records=made_records(),
    )


def test_the_page_shows_names_and_never_runs_them(card):
    """Names and notes are escaped, and the page loads nothing."""
    page = as_page(card)
    assert "<script" not in page and "&lt;script&gt;" in page and "<b>kg" not in page
    assert "http://" not in page and "https://" not in page and "src=" not in page


def test_text_and_markdown_hold_the_numbers(card):
    """Total, rank and every section stand in both."""
    total = f"{card.scores.facts['totals']['HR']:.2f}"
    for words in (as_text(card), as_markdown(card)):
        assert total in words and "By latitude" in words and "At the sites" in words
    assert "\\<script" in as_markdown(card)


def test_ranks_go_by_the_distance_from_the_benchmark(card):
    """Rank 1 of each flux is the total nearest to the benchmark's."""
    for _, rows in card.totals.groupby("flux"):
        best = rows.loc[rows["difference"].abs().idxmin()]
        assert best["rank"] == 1
    found = as_dict(card)
    assert found["rank"]["SR"]["total"]["rank"] == 1
    assert found["rank"]["SR"]["map"]["rank"] == 1
    assert found["rank"]["HR"]["total"]["rank"] >= 1


def test_sites_are_scored_at_common_records(card):
    """Model and benchmark are held against the same records."""
    assert card.sites.groupby("flux")["n"].nunique().eq(1).all()


def test_a_card_is_written_whole(card, tmp_path):
    """Three files; the JSON is plain and the page holds its figures."""
    files = scoring.write_card(card, tmp_path / "out")
    assert [f.name for f in files] == ["score.json", "scorecard.md", "scorecard.html"]
    stored = json.loads(files[0].read_text())
    assert stored["totals"]["HR"] == pytest.approx(card.scores.facts["totals"]["HR"])
    page = files[2].read_text()
    assert page.count("data:image/png;base64,") == 6
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(f.name for f in files)


def test_an_ensemble_has_the_mean_of_its_totals(benchmark):
    """Two members, 1 and 3 times the benchmark: the mean is twice it, cell by cell."""
    models = {}
    for times in (1, 3):
        models[f"x{times}"] = as_model(benchmark, ("HR",), model=f"x{times}")
        models[f"x{times}"]["HR"] = times * models[f"x{times}"]["HR"]
    # A member that lacks SR does not thin out the others'.
    models["x1"]["SR"] = as_model(benchmark, ("SR",))["SR"]
    card = scoring.make_card(models, benchmark, {"title": "t"}, records=made_records())
    facts = card.scores.facts
    assert facts["totals"]["HR"] == pytest.approx(2 * facts["benchmark_totals"]["HR"])
    assert facts["scores"]["SR"]["rmse"] == pytest.approx(0, abs=1e-9)
    totals = card.members.set_index(["model", "flux"])["total"]
    assert totals["x3", "HR"] == pytest.approx(3 * totals["x1", "HR"])
    assert list(as_dict(card)["members"][0])[:3] == ["flux", "model", "total"]


def test_the_empirical_model_is_a_model_output():
    """It comes on the half-degree grid, per m2 of land, with AR = SR - HR."""
    made = scoring.empirical_model()
    assert np.array_equal(made["lat"], coordinates()["lat"])
    assert float(np.abs(made["SR"] - made["HR"] - made["AR"]).max()) < 1e-6


@pytest.mark.real
def test_casa_cnp(benchmark, stratum, real_input):
    """The scorecard has the known total of CASA-CNP, 54.27 Pg C yr-1."""
    found = score_model(read_model(real_input("casa_cnp")), benchmark, stratum)
    assert found.name == "CASA-CNP"
    assert found.facts["totals"]["HR"] == pytest.approx(54.27, rel=0.005)
