"""Models beside the paper's, and how they are told apart."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilresp.covariates.recipes import PREDICTORS
from soilresp.errors import ParameterError
from soilresp.evaluation.alternatives import (
    CHOICES,
    PAPER,
    Alternative,
    Model,
    columns_of,
    cross_predict,
    folds_of,
    neighbours,
    optimism,
    skill,
)
from soilresp.io import tables as committed

SHARES = pd.Series([0.5, 0.5], index=[1, 2])


@pytest.fixture(scope="module")
def world():
    """160 records of 40 studies in two bins; flux 100 to 1100 by MAT, and study effects."""
    rng = np.random.default_rng(1)
    n = 160
    study = np.repeat(np.arange(40), 4)
    lat, lon = rng.uniform(-50, 60, 40)[study], rng.uniform(-170, 170, 40)[study]
    x = pd.DataFrame({name: rng.uniform(0, 1, n) for name in PREDICTORS})
    x["MAT_mean"], x["bin_1"] = x["MAT"], rng.uniform(0, 1, n)
    effect = rng.lognormal(0, 0.2, 40)[study]
    records = pd.DataFrame({
        "flux": (100 + 1000 * x["MAT"]) * effect, "study": study, "lat": lat, "lon": lon,
        "row": ((90 - lat) * 2).astype(int), "col": ((lon + 180) * 2).astype(int),
        "year": 2000.5, "stratum": 1 + study % 2,
        "Meas_method": np.where(study < 4, "Alkali absorption", "IRGA"),
        "Annual_coverage": np.where(study < 8, 0.5, np.nan),
    })
    return x, records


def every_choice():
    """Each value of each choice, on the plainest alternative that allows it."""
    return [PAPER, *neighbours(PAPER), Alternative(weights="record", scale="log",
                                                   residuals="kriged", records="site_year")]


@pytest.mark.parametrize("alternative", every_choice(), ids=lambda a: a.name)
def test_every_alternative_fits_and_predicts(alternative, world):
    """Positive finite fluxes of about the right mean, the same again with the same seed."""
    x, records = world
    made = [
        Model(alternative, x, records, "SR", SHARES, n_trees=40).predict(
            x, records["lat"], records["lon"]
        )
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*made)
    assert np.isfinite(made[0]).all() and (made[0] >= 0).all()
    assert made[0].mean() == pytest.approx(records["flux"].mean(), rel=0.2)


@given(st.sampled_from(every_choice()))
def test_names_come_back(alternative):
    """A name says all that differs from the paper's model."""
    assert Alternative.from_name(alternative.name) == alternative
    assert alternative.words


def test_neighbours_change_one_choice():
    """Every value of every choice but the paper's own; draws by area leave with their learner."""
    found = neighbours(PAPER)
    assert len(found) == len(set(found)) == sum(len(v) - 1 for v in CHOICES.values())
    assert {a.weights for a in found if a.scale != "flux"} == {"record"}
    without = neighbours(PAPER, filters=False)
    assert {a.records for a in found} - {a.records for a in without} == {"no_alkali", "whole_year"}


def test_choices_that_do_not_go_together_are_refused():
    """Boosting has its own scale, draws by area their own forest."""
    with pytest.raises(ParameterError, match="fits the flux itself"):
        Alternative(learner="boosting", weights="record", scale="log")
    with pytest.raises(ParameterError, match="Draws by area"):
        Alternative(scale="log")
    with pytest.raises(ParameterError, match="learner must be one of"):
        Alternative(learner="neural")


def test_columns(world):
    """The paper's, means in the place of what varies, all, and all with bins."""
    names = list(world[0].columns)
    assert columns_of(PAPER, "SR", names) == ["MAT", "Prec", "RH", "RH_GS", "LAI_GS"]
    means = Alternative(predictors="paper_means")
    assert columns_of(means, "SR", names)[0] == "MAT_mean"
    assert len(columns_of(Alternative(predictors="all"), "HR", names)) == 10
    assert columns_of(Alternative(predictors="all_bins"), "HR", names)[-1] == "bin_1"
    # A recipe without soil carbon goes without it.
    assert "SOC" not in columns_of(Alternative(predictors="all"), "HR", ["MAT", "Prec"])


def test_filters_leave_out_of_training_only(world):
    """Records of alkali absorption are predicted too, by a model that never saw them."""
    x, records = world
    wrong = records.copy()
    wrong.loc[wrong["Meas_method"] == "Alkali absorption", "flux"] = 1e6
    model = Model(Alternative(records="no_alkali"), x, wrong, "SR", SHARES, n_trees=20)
    assert model.predict(x, records["lat"], records["lon"]).max() < 5000


def test_studies_stay_together(world):
    """No study, and no block, is in two folds; every record is in one."""
    records = world[1]
    for scheme in ("study", "blocks2", "blocks10"):
        fold = folds_of(scheme, records, 4, seed=3)
        assert set(fold) == {0, 1, 2, 3}
        assert pd.Series(fold).groupby(records["study"]).nunique().max() == 1


def test_cross_prediction_and_its_scores(world):
    """A forest that has MAT beats the mean of the records on left-out studies."""
    x, records = world
    made = {
        (s, 0): cross_predict(PAPER, x, records, "SR", SHARES, s, 3, 20)
        for s in ("study", "blocks2")
    }
    found = skill(records, SHARES, made)
    assert 0.3 < found["r2_study"] < 1
    assert found["criterion"] == pytest.approx((found["rmse_study"] + found["rmse_blocks2"]) / 2)
    assert "rmse_blocks10" not in found


def test_area_rmse_counts_bins_by_area():
    """Errors of 3 in one bin and 4 in the other, half the area each: sqrt(12.5)."""
    records = pd.DataFrame({"flux": [0.0, 1.0, 2.0], "stratum": [1, 1, 2]})
    made = np.array([3.0, 4.0, 6.0])
    found = skill(records, SHARES, {("study", 0): made, ("blocks2", 0): made})
    assert found["area_rmse"] == pytest.approx(np.sqrt(12.5))


def test_optimism_of_pure_noise_is_seen():
    """Of fifty models that guess, the best looks better than it is on other studies."""
    rng = np.random.default_rng(2)
    observed, studies = rng.normal(size=300), np.repeat(np.arange(60), 5)
    found = optimism(observed, studies, {str(k): rng.normal(size=300) for k in range(50)})
    assert found["apparent"] > found["honest"] + 1
    # One model has nothing to choose from.
    alone = optimism(observed, studies, {"paper": np.zeros(300)})
    assert alone["apparent"] == alone["honest"] == 0 and alone["chosen"] == "paper"


def test_the_committed_choice_is_confirmed():
    """The best gains on folds that it was not chosen on, and is one that there is."""
    table, facts = committed.load_table("alternatives")
    for target in ("SR", "HR"):
        best = Alternative.from_name(facts["best"][target])
        own = table[(table["target"] == target) & (table["alternative"] == best.name)]
        assert set(own["phase"]) == {"search", "confirm"}
        assert (own["gain"] > own["gain_se"]).all()
        assert own["total"].between(30, 120).all()
