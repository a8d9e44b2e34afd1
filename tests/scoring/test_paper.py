"""Values stated by the paper and the literature agree with each other."""

import pytest

from soilresp.models import declared_models
from soilresp.scoring.paper import literature, paper_values


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
