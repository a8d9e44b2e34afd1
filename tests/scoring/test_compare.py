"""Comparing: the paper's values, totals with provenance, footing, sites and zonal profiles."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import cell_area, coordinates, global_total
from soilresp.io import fetch as access
from soilresp.models import conservative, declared_models, read_testbed
from soilresp.scoring.area_basis import to_land, to_vegetated
from soilresp.scoring.paper import literature, paper_values
from soilresp.scoring.sites import sample_at, site_scores, site_table
from soilresp.scoring.totals import (
    BENCHMARK,
    COLUMNS,
    DERIVED,
    STATED,
    ensemble_means,
    field_totals,
    model_total,
    output_totals,
    series_totals,
    stated_totals,
)
from soilresp.scoring.zonal import zonal_profile, zonal_table


def on_grid(values, **attrs):
    """A constant, or an array, on the half-degree grid."""
    axes = coordinates()
    whole = np.broadcast_to(np.asarray(values, float), (360, 720))
    return xr.DataArray(whole.copy(), axes, ("lat", "lon"), "HR", attrs)


def one_cell(value, row=0, col=0):
    """A field that is `value` in one cell and missing elsewhere."""
    field = on_grid(np.nan)
    field[row, col] = value
    return field


def test_paper_values_agree_with_each_other():
    """Totals, ensemble means and ratios of the paper close to their last digit."""
    values = paper_values()
    totals, models = values["totals"], values["models"]
    assert totals["SR"]["value"] - totals["HR"]["value"] == pytest.approx(totals["AR"]["value"])
    assert totals["AR"]["value"] / totals["SR"]["value"] == pytest.approx(0.41, abs=0.005)
    assert models["SR"]["mean"] - models["HR"]["mean"] == pytest.approx(models["AR"]["mean"])
    for flux in ("SR", "HR"):
        ratio = totals[flux]["sd"] / totals[flux]["mad"]
        assert ratio == pytest.approx(values["derived"]["sd_over_mad"][flux], abs=5e-4)
        assert set(values["predictors"][flux]) <= set(values["predictors"]["candidates"])
    budget = values["carbon_budget"]
    derived = values["derived"]["budget"]
    assert budget["NPP"]["value"] - budget["HR"]["value"] == pytest.approx(derived["NEP"])
    assert derived["NEP"] - budget["fire"]["value"] == pytest.approx(derived["NBP"])
    assert budget["AR"]["value"] / budget["TAR"]["value"] == pytest.approx(derived["AR_TAR"])


def test_derived_model_values_follow():
    """Each derived total of the ten models is the arithmetic of the stated extremes."""
    ten, models = declared_models()["ten"], paper_values()["models"]
    assert len(ten) == 10
    for name in ("BEPS", "CLASS-CTEM", "CLM5.0", "LPX-Bern", "LPJ-GUESS", "ORCHIDEE"):
        assert ten[name]["derived"], name
    top = {k: models[k]["max"] for k in ("SR", "HR", "AR", "AR_SR")}
    low = {k: models[k]["min"] for k in ("SR", "HR", "AR", "AR_SR")}
    derived = {name: facts.get("derived") for name, facts in ten.items()}
    near = {"abs": 0.06}
    assert derived["BEPS"]["HR"]["value"] == pytest.approx(low["SR"] - low["AR"], **near)
    assert derived["CLASS-CTEM"]["AR"]["value"] == pytest.approx(top["SR"] - top["HR"], **near)
    clm = derived["CLM5.0"]
    assert clm["SR"]["low"] == pytest.approx(top["AR"] / top["AR_SR"], **near)
    assert clm["HR"]["low"] == pytest.approx(clm["SR"]["low"] - top["AR"], **near)
    assert clm["HR"]["high"] == pytest.approx(top["SR"] - top["AR"], **near)
    lpx = derived["LPX-Bern"]
    assert lpx["SR"]["low"] == pytest.approx(low["AR"] / low["AR_SR"], **near)
    assert lpx["SR"]["high"] == pytest.approx(top["HR"] / (1 - low["AR_SR"]), **near)
    lpj = derived["LPJ-GUESS"]
    assert lpj["SR"]["low"] == pytest.approx(low["HR"] / (1 - top["AR_SR"]), **near)
    assert lpj["SR"]["high"] == pytest.approx(top["AR"] / top["AR_SR"], **near)
    orchidee = derived["ORCHIDEE"]
    assert orchidee["AR"]["low"] == pytest.approx(low["SR"] - low["HR"], **near)
    assert orchidee["SR"]["high"] == pytest.approx(low["HR"] / (1 - top["AR_SR"]), **near)
    assert orchidee["AR"]["high"] == pytest.approx(orchidee["SR"]["high"] - low["HR"], **near)


def test_literature():
    """Every row has a flux, a plausible total and a DOI; the paper's own are in it."""
    table = literature()
    assert set(table["flux"]) == {"SR", "HR", "AR"}
    assert table["value"].between(35, 110).all()
    assert table["doi"].str.startswith("10.").all()
    assert (table["spread_type"] != "").eq(table["spread"].notna()).all()
    paper = table[table["reference"] == "Lu et al. 2021"].set_index("flux")["value"]
    assert paper.to_dict() == {"SR": 85.5, "HR": 50.3, "AR": 35.2}
    assert len(literature("SR")) == (table["flux"] == "SR").sum()


def test_stated_totals():
    """Forty rows; a value, a range or a reason in each; nothing invented."""
    table = stated_totals()
    assert list(table.columns) == COLUMNS and len(table) == 40
    at = table.set_index(["model", "variable"])
    assert at.loc[("BEPS", "SR"), ["value", "provenance"]].tolist() == [61.4, STATED]
    assert at.loc[("BEPS", "HR"), ["value", "provenance"]].tolist() == [49.4, DERIVED]
    assert at.loc[("LPX-Bern", "SR"), ["low", "high"]].tolist() == [66.7, 75.2]
    unknown = at.loc["CABLE"]
    assert unknown["value"].isna().all() and (unknown["provenance"] == "").all()
    assert unknown["reason"].str.contains("not stated").all()
    assert (table["reason"] != "").eq(table["value"].isna()).all()


def test_output_totals():
    """HR is summed over land; SR and AR stay missing with the model's own reason."""
    axes = coordinates(45)
    flux = np.full((4, 8), np.nan)
    flux[1, 2] = 500.0
    output = xr.Dataset(
        {"HR": (("lat", "lon"), flux), "cSoil": (("lat", "lon"), flux / 100),
         "land_fraction": (("lat", "lon"), np.full((4, 8), 0.25))}, axes,
        {"model": "M", "period": "2000-2010", "how_ar": "no roots", "reference": "R"},
    )
    table = output_totals(output).set_index("variable")
    area = float(cell_area(resolution=45)[1]) * 0.25
    assert table.loc["HR", "value"] == pytest.approx(500 * area / 1e15)
    assert table.loc["cSoil", "value"] == pytest.approx(5 * area / 1e12)
    assert table.loc[["SR", "AR", "AR_SR"], "value"].isna().all()
    assert table.loc["AR", "reason"] == "AR: no roots"
    with pytest.raises(DataError, match="land_fraction"):
        model_total(output.drop_vars("land_fraction"), "HR")


def test_series_totals():
    """Members are averaged within a year, years within the period only."""
    series = pd.DataFrame(
        [("A", "r1", 1981, 10.0), ("A", "r1", 1982, 40.0), ("A", "r2", 1982, 50.0),
         ("A", "r1", 1983, 51.0)],
        columns=["model", "member", "year", "total"],
    ).assign(variable="HR")
    row = series_totals(series, "CMIP6", "a file").iloc[0]
    assert row[["value", "low", "high"]].tolist() == [48.0, 45.0, 51.0]
    assert row["period"] == "1982-1983"
    with pytest.raises(DataError, match="no year"):
        series_totals(series, "CMIP6", "a file", period=(2000, 2001))


def test_field_totals():
    """100 and 60 g C m-2 yr-1 everywhere: totals over the given area, AR/SR 0.4."""
    area = on_grid(1.0) * cell_area() * 0.2
    fields = {"SR": on_grid(100.0), "HR": on_grid(60.0), "AR": on_grid(40.0)}
    table = field_totals("map", fields, area, BENCHMARK).set_index("variable")
    earth = 4 * np.pi * 6371007.181**2
    assert table.loc["SR", "value"] == pytest.approx(100 * 0.2 * earth / 1e15)
    assert table.loc["AR_SR", "value"] == pytest.approx(0.4)
    assert (table["provenance"] == BENCHMARK).all()
    only_hr = field_totals("map", {"HR": fields["HR"]}, area, BENCHMARK).set_index("variable")
    assert only_hr["value"].notna().tolist() == [False, True, False, False]
    with pytest.raises(ParameterError, match="GPP"):
        field_totals("map", {"GPP": fields["SR"]}, area, BENCHMARK)


def test_ensemble_means():
    """The paper's mean is the stated one; others average what there is and say how many."""
    area = on_grid(1.0) * cell_area()
    one = field_totals("a", {"HR": on_grid(1.0)}, area, "x", group="g")
    two = field_totals("b", {"HR": on_grid(3.0)}, area, "x", group="g")
    means = ensemble_means(pd.concat([stated_totals(), one, two])).set_index(["group", "variable"])
    assert means.loc[("ten models of the paper", "SR"), "mean"] == 76.9
    assert np.isnan(means.loc[("ten models of the paper", "AR_SR"), "mean"])
    ours = means.loc[("g", "HR")]
    assert ours["mean"] == pytest.approx(2 * 4 * np.pi * 6371007.181**2 / 1e15)
    assert ours[["n", "n_models"]].tolist() == [2, 2]
    assert means.loc[("g", "SR"), "n"] == 0


def test_footing_by_hand():
    """800 per vegetated m2, vegetation on a quarter of the cell, land on half: 400 per land m2."""
    vegetated, land = on_grid(0.25), on_grid(0.5)
    per_land = to_land(on_grid(800.0), vegetated, land)
    assert float(per_land[0, 0]) == 400.0
    assert per_land.attrs["area_basis"] == "land"
    back = to_vegetated(per_land, vegetated, land)
    assert float(back[0, 0]) == 800.0 and back.attrs["area_basis"] == "vegetated"


def test_footing_of_bare_land_and_gaps():
    """Bare land has no flux, sea no value, and a vegetated gap stays a gap."""
    flux, vegetated, land = one_cell(np.nan), on_grid(0.0), on_grid(0.0)
    vegetated[0, 0], land[0, :2] = 0.5, 1.0
    per_land = to_land(flux, vegetated, land)
    assert np.isnan(per_land[0, 0]) and float(per_land[0, 1]) == 0 and np.isnan(per_land[0, 2])
    assert np.isnan(to_vegetated(per_land, vegetated, land)[0, 1])


def test_footing_refuses():
    """Vegetation outside of land is an error."""
    with pytest.raises(DataError, match="exceeds land_fraction"):
        to_land(on_grid(1.0), on_grid(0.6), on_grid(0.5))


@given(vegetated=st.floats(0.001, 1), bare=st.floats(0, 1), flux=st.floats(0, 3000))
def test_footing_keeps_the_carbon(vegetated, bare, flux):
    """Flux x area of a cell is the same on either ground."""
    land = vegetated + bare * (1 - vegetated)
    one = {"dims": ("lat", "lon")}
    per_land = to_land(*(xr.DataArray([[v]], **one) for v in (flux, vegetated, land)))
    assert float(per_land[0, 0]) * land == pytest.approx(flux * vegetated)


def records(*rows):
    """Observations from (lat, lon, year, flux)."""
    return pd.DataFrame(rows, columns=["lat", "lon", "year", "flux"])


def test_sample_at():
    """The cell that holds the site, the record's own year, and nothing instead of a gap."""
    field = xr.concat([one_cell(1.0), one_cell(2.0)], pd.Index([1999, 2000], name="year"))
    sites = records((89.9, -179.9, 2000.5, 0), (89.9, -179.9, 1999.0, 0),
                    (89.9, -179.9, 2001.0, 0), (0, 0, 2000.0, 0))
    np.testing.assert_array_equal(sample_at(field, sites), [2.0, 1.0, np.nan, np.nan])
    np.testing.assert_array_equal(sample_at(one_cell(5.0), sites), [5.0, 5.0, 5.0, np.nan])
    with pytest.raises(DataError, match="not on the half-degree grid"):
        sample_at(field.isel(lat=slice(None, None, -1)), sites)


def test_site_scores_by_hand():
    """Errors of 0, 0, 3 and 4: RMSE 2.5, bias 1.75; one record has no cell."""
    field = on_grid(np.nan, area_basis="land")
    field[0, :4] = [10.0, 20.0, 33.0, 44.0]
    lons = -179.75 + 0.5 * np.arange(4)
    sites = records(*[(89.75, lon, 2000.0, flux) for lon, flux in zip(lons, (10, 20, 30, 40),
                                                                     strict=True)],
                    (0.0, 0.0, 2000.0, 5.0))
    scores = site_scores(field, sites)
    assert scores["rmse"] == pytest.approx(2.5)
    assert scores["bias"] == pytest.approx(1.75)
    assert scores["r"] == pytest.approx(np.corrcoef([10, 20, 33, 44], [10, 20, 30, 40])[0, 1])
    assert (scores["n"], scores["n_missing"], scores["area_basis"]) == (4, 1, "land")


def test_site_scores_without_spread():
    """A constant field has an RMSE and no correlation; no record has neither."""
    sites = records((89.9, -179.9, 2000, 1.0), (89.9, -179.4, 2000, 3.0))
    flat = site_scores(on_grid(2.0), sites)
    assert flat["rmse"] == 1.0 and np.isnan(flat["r"])
    none = site_scores(on_grid(np.nan), sites)
    assert np.isnan(none["rmse"]) and none["n"] == 0


def test_site_table_common_records():
    """With gaps in one field, all are scored where each has data; `common=False` is not."""
    sites = records((89.9, -179.9, 2000, 1.0), (89.9, -179.4, 2000, 3.0), (0, 0, 2000, 9.0))
    partial = on_grid(np.nan)
    partial[0, :2] = [1.0, 3.0]
    fields = {"whole": on_grid(1.0), "partial": partial}
    table = site_table(fields, sites)
    assert table["n"].tolist() == [2, 2]
    assert table["n_missing"].tolist() == [0, 1]
    assert table.loc["partial", "rmse"] == 0 and table.loc["partial", "r"] == pytest.approx(1)
    assert site_table(fields, sites, common=False)["n"].tolist() == [3, 2]
    with pytest.raises(DataError, match="No record"):
        site_table({"a": one_cell(1.0), "b": one_cell(1.0, 5, 5)}, sites)


def test_zonal_profile_by_hand():
    """A band where 100 leaves half of the land: 50 per m2 of all its land."""
    reference = on_grid(1.0) * cell_area()
    area = reference.where(reference["lon"] < 0, 0)
    profile = zonal_profile(on_grid(100.0).where(reference["lat"] > 0), area, reference, height=10)
    assert profile["lat"].values.tolist()[:2] == [85.0, 75.0]
    np.testing.assert_allclose(profile[:9], 50.0)
    assert profile[9:].isnull().all()
    assert profile.attrs["units"] == "g m-2 yr-1"
    with pytest.raises(ParameterError, match="divide 180"):
        zonal_profile(on_grid(1.0), area, reference, height=7)


def test_zonal_profile_adds_up():
    """Profile times land is the global total, whatever the model's own land is."""
    rng = np.random.default_rng(1)
    flux, area = on_grid(rng.gamma(2, 200, (360, 720))), on_grid(rng.uniform(0, 1, (360, 720)))
    area, reference = area * cell_area(), on_grid(0.3) * cell_area()
    profile = zonal_profile(flux, area, reference, height=2.5)
    land = reference.sum("lon").coarsen(lat=5).sum()
    total = float((profile * land.values).sum()) / 1e15
    assert total == pytest.approx(float(global_total(flux, area)))


def test_zonal_table():
    """Profiles stand side by side; different bands are refused."""
    reference = on_grid(1.0) * cell_area()
    coarse = zonal_profile(on_grid(1.0), reference, reference, height=30)
    table = zonal_table({"one": coarse, "two": coarse * 2})
    assert table.shape == (6, 2) and table.index.name == "lat"
    np.testing.assert_allclose(table["two"], 2)
    fine = zonal_profile(on_grid(1.0), reference, reference, height=10)
    with pytest.raises(ValueError, match="exact"):
        zonal_table({"one": coarse, "two": fine})


@pytest.mark.real
def test_real_models_side_by_side():
    """The three models at hand: HR near 55, their profiles on the same land add up to it."""
    rules = declared_models()["at_hand"]
    if not access.is_available([rule["input"] for rule in rules.values()]):
        pytest.skip("model output is not at hand")
    tables = []
    for model, rule in rules.items():
        output = conservative(read_testbed(access.locate(rule["input"]).path, model))
        tables.append(output_totals(output))
        area = output["land_fraction"] * output["cell_area"]
        profile = zonal_profile(output["HR"], area, area)
        land = area.sum("lon").coarsen(lat=5).sum()
        total = float(np.nansum(profile * land.values)) / 1e15
        assert total == pytest.approx(float(model_total(output, "HR")))
    means = ensemble_means(pd.concat(tables)).set_index("variable")
    assert means.loc["HR", "mean"] == pytest.approx(54.8, abs=0.1)
    assert means.loc["HR", "n"] == 3 and means.loc["SR", "n"] == 0
