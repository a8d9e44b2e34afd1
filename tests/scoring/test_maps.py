"""Scores of a model's maps: the benchmark on land, tables and refusals."""

import math

import numpy as np
import pytest
import xarray as xr
from made_benchmark import as_model, made_benchmark

from soilresp.errors import DataError
from soilresp.grid.cells import EARTH_RADIUS, coordinates
from soilresp.scoring import maps
from soilresp.scoring.maps import benchmark_on_land, compare_maps, score_model

LANES = {"lat": [45.0, -45.0], "lon": [-90.0, 90.0]}
"""Four cells of 90 by 180 degrees."""


def on(values, place=LANES):
    """A field of some cells."""
    return xr.DataArray(np.array(values, float), place, ("lat", "lon"))


def made_cells():
    """Four cells: half vegetated, barren, ocean, and all vegetated."""
    return xr.Dataset({
        "SR": on([[600, 600], [600, 100]]), "SR_sd": on([[60, 60], [60, 10]]),
        "vegetated_fraction": on([[0.4, 0], [0, 0.5]]), "land_fraction": on([[0.8, 0.5], [0, 0.5]]),
        "cell_area": on([[1e12, 1e12], [1e12, 1e12]]),
    })


def test_fluxes_and_their_sd_per_land():
    """Half vegetated land has half of the flux and of its SD; barren land and sea have none."""
    got = benchmark_on_land(made_cells())
    assert list(got) == ["SR", "SR_sd"]
    np.testing.assert_allclose(got["SR"], [[300, np.nan], [np.nan, 100]])
    np.testing.assert_allclose(got["SR_sd"], [[30, np.nan], [np.nan, 10]])


@pytest.mark.parametrize(("dropped", "told"), [
    (["vegetated_fraction", "cell_area"], "vegetated_fraction, cell_area"),
    (["land_fraction"], "land_fraction"), (["SR"], "SR, HR and AR"),
])
def test_what_the_benchmark_lacks_is_named(dropped, told):
    """A missing fraction, area or flux; an SD alone is no flux."""
    with pytest.raises(DataError, match=told):
        benchmark_on_land(made_cells().drop_vars(dropped))


def test_years_in_the_benchmark_are_refused():
    """An SD by year is no climatology."""
    cells = made_cells()
    with pytest.raises(DataError, match="SR_sd .*year"):
        benchmark_on_land(cells.assign(SR_sd=cells["SR_sd"].expand_dims(year=[2000])))


def test_maps_by_hand():
    """Field, benchmark, bias and z, which is missing where there is no SD."""
    field, ours = on([[5, 2], [3, np.nan]]), on([[3, 4], [3, 1]])
    sd = on([[4, 0], [0.5, 1]])
    got = maps._maps("HR", field.assign_coords(extra=1), ours, sd)
    assert list(got.coords) == ["lat", "lon"]
    for name, values, units in (
        ("HR", field, "g m-2 yr-1"), ("HR_benchmark", ours, "g m-2 yr-1"),
        ("HR_bias", [[2, -2], [0, np.nan]], "g m-2 yr-1"),
        ("HR_z", [[0.5, np.nan], [0, np.nan]], "1"),
    ):
        np.testing.assert_array_equal(got[name], values)
        assert got[name].attrs["units"] == units


def test_reach_by_hand():
    """In cells of 10^15 m2: what both have, and what only the benchmark or the model has."""
    field, ours = on([[100, 200], [np.nan, 400]]), on([[10, np.nan], [30, 50]])
    area, own = on([[1e15, 1e15], [1e15, 2e15]]), on([[4e15, 3e15], [9e15, 9e15]])
    assert maps._reach(field, ours, own, area) == pytest.approx({
        "benchmark_covered": (10 + 100) / (10 + 30 + 100),
        "model_total_compared": 100 + 800,
        "model_total_elsewhere": 600,
    })


def by_year(totals, first=2001):
    """A model of four cells, a quarter of the Earth each, whose totals are given in Pg."""
    per_m2 = np.array(totals, float) * 1e15 / (4 * np.pi * EARTH_RADIUS**2)
    flux = xr.DataArray(per_m2, {"year": np.arange(first, first + len(totals))}, ("year",))
    return xr.Dataset({"HR": flux * on([[1, 1], [1, 1]]), "land_fraction": on([[1, 1], [1, 1]])})


def test_range_and_trend_of_ten_years():
    """Totals of 10, 10.5, ... 14.5 Pg: 5 Pg more a decade."""
    got = maps._annual(by_year(10 + 0.5 * np.arange(10)), "HR")
    assert got == pytest.approx(
        {"first": 2001, "last": 2010, "min": 10, "max": 14.5, "trend_per_decade": 5}
    )
    assert maps._annual(by_year([3]).isel(year=0, drop=True), "HR") is None
    nine = maps._annual(by_year([5, 4, 7, 5, 5, 5, 5, 5, 6]), "HR")
    assert math.isnan(nine.pop("trend_per_decade"))
    assert nine == pytest.approx({"first": 2001, "last": 2009, "min": 4, "max": 7})


def test_bands_of_ten_degrees_by_hand():
    """Carbon of the model over the benchmark's land, band by band, where there is any."""
    zero = xr.DataArray(np.zeros((18, 36)), coordinates(10), ("lat", "lon"))
    field, ours, own, area = (zero.copy() for _ in range(4))
    north, south = {"lat": 85, "lon": [5, 15]}, {"lat": -5, "lon": [5, 15]}
    field.loc[north], field.loc[south] = [100, 200], [50, 50]
    ours.loc[north], ours.loc[south] = [10, 20], [70, 70]
    own.loc[north], own.loc[south] = [1, 2], [4, 0]
    area.loc[north], area.loc[south] = [3, 1], [2, 3]
    # The model has land at 45 N, and the benchmark none.
    own.loc[{"lat": 45, "lon": 5}] = field.loc[{"lat": 45, "lon": 5}] = 7
    table = maps._zonal_table("HR", field, own, ours, area)
    assert table.to_dict("list") == {
        "flux": ["HR", "HR"], "south": [80.0, -10.0], "north": [90.0, 0.0],
        # (100 + 400) / 4 and 200 / 5; (30 + 20) / 4 and 350 / 5
        "model": [125.0, 40.0], "benchmark": [12.5, 70.0], "bias": [112.5, -30.0],
    }
    assert table.index.tolist() == [0, 1]


def test_biomes_by_hand():
    """Two cells of bin 1, one of bin 4, one of none; bins without cells have their area alone."""
    stratum = xr.DataArray([[1, 1], [4, 0]], LANES, ("lat", "lon")).transpose("lon", "lat")
    field, ours = on([[300, 100], [80, 9]]), on([[100, 100], [60, 9]])
    area = on([[0.25e12, 0.5e12], [0.5e12, 9e12]])
    table = maps._biome_table("SR", field, ours, area, stratum).set_index("biome")
    assert table["area_mkm2"].tolist() == [0.75, 0, 0, 0.5, 0]
    # (300 + 2 x 100) / 3 on 0.75e12 m2, that is 0.125 Pg
    first = table.iloc[0]
    assert first["model"] == pytest.approx(500 / 3) and first["benchmark"] == pytest.approx(100)
    assert first["model_pg"] == pytest.approx(0.125)
    assert first["benchmark_pg"] == pytest.approx(0.075)
    assert first["bias"] == pytest.approx(200 / 3)
    assert first["rmse"] == pytest.approx(math.sqrt(200**2 / 3)) and math.isnan(first["r"])
    fourth = table.iloc[3]
    assert fourth[["model", "benchmark", "bias", "rmse"]].tolist() == [80, 60, 20, 20]
    assert fourth["model_pg"] == pytest.approx(0.04)
    assert fourth["benchmark_pg"] == pytest.approx(0.03)
    assert table.iloc[[1, 2, 4]][["model", "benchmark", "model_pg", "r"]].isna().all(axis=None)


@pytest.fixture(scope="module")
def benchmark():
    """The synthetic benchmark."""
    return made_benchmark()


@pytest.fixture(scope="module")
def anywhere(benchmark):
    """All land in bin 5."""
    return xr.where(benchmark["vegetated_fraction"] > 0, 5, 0)


@pytest.fixture(scope="module")
def found(benchmark, anywhere):
    """The scores of a model with SR and AR half as large again, and no HR."""
    model = as_model(benchmark, ("AR", "SR"), choices="one\n\ntwo")
    model = model.assign(SR=1.5 * model["SR"], AR=1.5 * model["AR"])
    return score_model(model, benchmark, anywhere)


def test_a_card_has_the_fluxes_of_both(found):
    """SR and AR, in the order of the study; AR has no SD and so no z."""
    assert list(found.facts["scores"]) == list(found.facts["totals"])[:2] == ["SR", "AR"]
    assert list(found.facts["z"]) == list(found.facts["benchmark_sd_sum"]) == ["SR"]
    assert found.zonal["flux"].unique().tolist() == ["SR", "AR"] and len(found.biomes) == 10
    assert found.profiles["SR"].sizes == {"lat": 72}
    np.testing.assert_allclose(found.profiles["SR"], 1.5 * found.profiles["SR_benchmark"])
    assert found.facts["choices"] == ["one", "two"]


def test_totals_of_a_card(found, benchmark):
    """The benchmark's carbon and SD from its vegetated area; the model's is half as much more."""
    area = (benchmark["cell_area"] * benchmark["vegetated_fraction"]).transpose("lat", "lon")
    sr = float((benchmark["SR"] * area).sum()) / 1e15
    facts = found.facts
    assert facts["benchmark_totals"]["SR"] == pytest.approx(sr)
    assert facts["benchmark_totals"]["AR"] == pytest.approx(0.4 * sr)
    assert facts["benchmark_totals"]["AR_SR"] == pytest.approx(0.4)
    assert facts["benchmark_sd_sum"]["SR"] == pytest.approx(sr / 3)
    assert facts["totals"]["SR"] == pytest.approx(1.5 * sr)
    assert facts["totals"]["AR_SR"] == pytest.approx(0.4)


def test_scores_of_a_card(found):
    """Half of the flux more is 1.5 SDs everywhere, and a bias of half the mean."""
    s = found.facts["scores"]["SR"]
    assert found.facts["z"]["SR"] == pytest.approx(
        {"mean": 1.5, "mean_abs": 1.5, "within_1": 0, "within_2": 1}
    )
    assert s["bias"] == pytest.approx(s["benchmark_mean"] / 2)
    assert s["bias_score"] == pytest.approx(math.exp(-0.5))
    assert s["benchmark_covered"] == pytest.approx(1) and s["model_total_elsewhere"] == 0
    assert s["model_total_compared"] == pytest.approx(found.facts["totals"]["SR"])
    assert found.facts["whole_cells"]["SR"]["bias_score"] == pytest.approx(math.exp(-0.5))
    np.testing.assert_allclose(found.zonal["model"], 1.5 * found.zonal["benchmark"])


def test_names_and_refusals(benchmark, anywhere):
    """A given name goes first, then the model's own; what cannot be scored is named."""
    model = as_model(benchmark, ("HR",))
    none = model.drop_vars("HR")
    for bad, name, told in (
        (none, "given", "given .*SR, HR"), (none.drop_attrs(), None, "model "),
        (model.isel(lat=slice(0, 180)), None, "made .*lat"),
        (model.drop_vars("land_fraction"), None, "land_fraction"),
    ):
        with pytest.raises(DataError, match=told):
            score_model(bad, benchmark, anywhere, name)


def test_maps_of_several_models_are_compared_alike(benchmark, anywhere):
    """Each map has the scores that it has alone, of the fluxes that it gives."""
    model = as_model(benchmark, ("SR", "AR"))
    model["SR"] = 1.5 * model["SR"]
    twice = {"HR": 2 * as_model(benchmark, ("HR",))["HR"]}
    table = compare_maps({"a": model, "b": twice}, benchmark)
    assert table[["flux", "model"]].values.tolist() == [["SR", "a"], ["AR", "a"], ["HR", "b"]]
    facts = score_model(model, benchmark, anywhere).facts
    for key in ("bias", "rmse", "r", "sigma_ratio", "bias_score"):
        assert table.loc[0, key] == facts["scores"]["SR"][key]
    assert table.loc[0, "mean_abs_z"] == facts["z"]["SR"]["mean_abs"]
    assert math.isnan(table.loc[1, "mean_abs_z"])
    assert table.loc[2, "mean_abs_z"] == pytest.approx(3)


def test_a_misplaced_map_is_refused(benchmark, anywhere):
    """A map with its land shifted is refused, and the message says how."""
    model = as_model(benchmark, ("HR",))
    with pytest.raises(DataError, match="shifted by 180 degrees of longitude"):
        score_model(model.roll(lon=360, roll_coords=False), benchmark, anywhere)


def test_years_are_averaged(benchmark, anywhere):
    """Totals that grow by 1 % of the first a year: the middle year is scored."""
    model = as_model(benchmark, ("HR",))
    growth = xr.DataArray(1 + 0.01 * np.arange(11), {"year": np.arange(1990, 2001)}, "year")
    model["HR"] = (model["HR"] * growth).transpose("year", "lat", "lon")
    facts = score_model(model, benchmark, anywhere).facts
    one = facts["benchmark_totals"]["HR"]
    assert facts["annual"]["HR"]["max"] == pytest.approx(1.1 * one)
    assert facts["totals"]["HR"] == pytest.approx(1.05 * one)
    assert facts["scores"]["HR"]["sigma_ratio"] == pytest.approx(1.05)
