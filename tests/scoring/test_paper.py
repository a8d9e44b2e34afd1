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
    top, low = ({v: models[v][end] for v in ("SR", "HR", "AR", "AR_SR")} for end in ("max", "min"))
    derived = {name: facts.get("derived") for name, facts in ten.items()}
    clm, orchidee = derived["CLM5.0"], derived["ORCHIDEE"]
    for model, flux, key, expected in (
        ("BEPS", "HR", "value", low["SR"] - low["AR"]),
        ("CLASS-CTEM", "AR", "value", top["SR"] - top["HR"]),
        ("CLM5.0", "SR", "low", top["AR"] / top["AR_SR"]),
        ("CLM5.0", "HR", "low", clm["SR"]["low"] - top["AR"]),
        ("CLM5.0", "HR", "high", top["SR"] - top["AR"]),
        ("LPX-Bern", "SR", "low", low["AR"] / low["AR_SR"]),
        ("LPX-Bern", "SR", "high", top["HR"] / (1 - low["AR_SR"])),
        ("LPJ-GUESS", "SR", "low", low["HR"] / (1 - top["AR_SR"])),
        ("LPJ-GUESS", "SR", "high", top["AR"] / top["AR_SR"]),
        ("ORCHIDEE", "AR", "low", low["SR"] - low["HR"]),
        ("ORCHIDEE", "SR", "high", low["HR"] / (1 - top["AR_SR"])),
        ("ORCHIDEE", "AR", "high", orchidee["SR"]["high"] - low["HR"]),
    ):
        assert derived[model][flux][key] == pytest.approx(expected, abs=0.06)


def test_literature():
    """Every row has a flux, a plausible total and a DOI; the paper's own are in it."""
    table = literature()
    assert set(table["flux"]) == {"SR", "HR", "AR"}
    assert table["value"].between(35, 110).all()
    assert (table["spread_type"] != "").eq(table["spread"].notna()).all()
    paper = table[table["reference"] == "Lu et al. 2021"].set_index("flux")["value"]
    assert paper.to_dict() == {"SR": 85.5, "HR": 50.3, "AR": 35.2}
    assert len(literature("SR")) == (table["flux"] == "SR").sum()
