"""Alternatives to the paper's model."""

import numpy as np
import pandas as pd
import pytest

from soilresp.covariates.recipes import PREDICTORS
from soilresp.errors import ParameterError
from soilresp.evaluation.alternatives import (
    CHOICES,
    PAPER,
    Alternative,
    Model,
    cross_predict,
    neighbours,
    optimism,
    skill,
    splits_of,
)
from soilresp.evaluation.folds import fold_numbers
from soilresp.io import tables as committed

SHARES = pd.Series([0.5, 0.5], index=[1, 2])


@pytest.fixture(scope="module")
def world():
    """160 records of 40 studies in two bins; flux 100 to 1100 by MAT, and study effects."""
    rng = np.random.default_rng(1)
    n, study = 160, np.repeat(np.arange(40), 4)
    lat, lon = rng.uniform(-50, 60, 40)[study], rng.uniform(-170, 170, 40)[study]
    x = pd.DataFrame({name: rng.uniform(0, 1, n) for name in PREDICTORS})
    x["MAT_mean"], x["bin_1"] = x["MAT"], rng.uniform(0, 1, n)
    effect = rng.lognormal(0, 0.2, 40)[study]
    return x, pd.DataFrame({
        "flux": (100 + 1000 * x["MAT"]) * effect, "study": study, "lat": lat, "lon": lon,
        "row": ((90 - lat) * 2).astype(int), "col": ((lon + 180) * 2).astype(int),
        "year": 2000.5, "stratum": 1 + study % 2,
        "Meas_method": np.where(study < 4, "Alkali absorption", "IRGA"),
        "Annual_coverage": np.where(study < 8, 0.5, np.nan),
    })


@pytest.mark.parametrize("alternative", [
    PAPER, *neighbours(PAPER),
    Alternative(weights="record", scale="log", residuals="kriged", records="site_year"),
], ids=lambda a: a.name)
def test_every_alternative_predicts(alternative, world):
    """Fluxes are positive and of about the right mean; the name leads back to the alternative."""
    x, records = world
    model = Model(alternative, x, records, "SR", SHARES, n_trees=20)
    made = model.predict(x, records["lat"], records["lon"])
    assert (made >= 0).all()
    assert made.mean() == pytest.approx(records["flux"].mean(), rel=0.2)
    assert Alternative.from_name(alternative.name) == alternative


def test_neighbours_change_one_choice():
    """Every value of every choice but the paper's own; draws by area end with another scale."""
    found = neighbours(PAPER)
    assert len(found) == len(set(found)) == sum(len(v) - 1 for v in CHOICES.values())
    assert {a.weights for a in found if a.scale != "flux"} == {"record"}
    without = neighbours(PAPER, filters=False)
    assert {a.records for a in found} - {a.records for a in without} == {"no_alkali", "whole_year"}


@pytest.mark.parametrize(("choices", "named"), [
    ({"learner": "boosting", "weights": "record", "scale": "log"}, "boosting"),
    ({"scale": "log"}, "area"), ({"learner": "neural"}, "neural"),
])
def test_incompatible_choices_are_refused(choices, named):
    """The message names the choice."""
    with pytest.raises(ParameterError, match=named):
        Alternative(**choices)


def test_filters_act_on_training_only(world):
    """Records of alkali absorption are predicted by a model that has not seen them."""
    x, records = world
    alkali = records["Meas_method"] == "Alkali absorption"
    wrong = records.assign(flux=records["flux"].mask(alkali, 1e6))
    model = Model(Alternative(records="no_alkali"), x, wrong, "SR", SHARES, n_trees=20)
    assert model.predict(x, records["lat"], records["lon"]).max() < 5000


def test_cross_prediction_and_its_scores(world):
    """Studies stay in one fold; a forest that has MAT beats the mean on left-out studies."""
    x, records = world
    made = {}
    for scheme in ("study", "blocks2", "blocks10"):
        fold = pd.Series(fold_numbers(len(records), splits_of(scheme, records, 3, 0)))
        assert set(fold) == {0, 1, 2} and fold.groupby(records["study"]).nunique().max() == 1
        if scheme != "blocks10":
            made[scheme, 0] = cross_predict(PAPER, x, records, "SR", SHARES, scheme, 3, 20)
    found = skill(records, SHARES, made)
    assert 0.3 < found["r2_study"] < 1
    assert found["criterion"] == pytest.approx((found["rmse_study"] + found["rmse_blocks2"]) / 2)
    assert "rmse_blocks10" not in found


def test_area_rmse_by_hand():
    """Errors of 3 in one bin and 4 in the other, half the area each: sqrt(12.5)."""
    records = pd.DataFrame({"flux": [0.0, 1.0, 2.0], "stratum": [1, 1, 2]})
    made = np.array([3.0, 4.0, 6.0])
    found = skill(records, SHARES, {("study", 0): made, ("blocks2", 0): made})
    assert found["area_rmse"] == pytest.approx(np.sqrt(12.5))


def test_optimism_of_noise():
    """The best of fifty random models gains less on other studies; one model gains nothing."""
    rng = np.random.default_rng(2)
    observed, studies = rng.normal(size=300), np.repeat(np.arange(60), 5)
    found = optimism(observed, studies, {str(k): rng.normal(size=300) for k in range(50)})
    assert found["apparent"] > found["honest"] + 1
    alone = optimism(observed, studies, {"paper": np.zeros(300)})
    assert alone["apparent"] == alone["honest"] == 0 and alone["chosen"] == "paper"


def test_the_committed_choice_is_confirmed():
    """The best model of the committed table gains on folds that it was not chosen on."""
    table, facts = committed.load_table("alternatives")
    for target in ("SR", "HR"):
        own = table[(table["target"] == target) & (table["alternative"] == facts["best"][target])]
        assert set(own["phase"]) == {"search", "confirm"} and (own["gain"] > own["gain_se"]).all()
        assert own["total"].between(30, 120).all()
