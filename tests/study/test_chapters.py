"""The stages from end to end, on a twin experiment with very few trees."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilresp.errors import ParameterError
from soilresp.evaluation.search_all import Plan
from soilresp.grid.cells import global_total
from soilresp.io import tables as committed
from soilresp.records import twin
from soilresp.study import chapters as workflow
from soilresp.study import settings as studies
from soilresp.study.chapters import c03_search as searching
from soilresp.upscaling.maps import vegetated_area

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores"),
]


def test_stages_need_only_earlier_ones():
    """A stage takes nothing from a later one, nor does what it takes on the way."""
    def sources(stage):
        kept = [] if stage in workflow.STAGES else stage.needs
        return {stage} if not kept else set().union(*(sources(s) for s in kept))

    for k, stage in enumerate(workflow.STAGES):
        needed = set().union(*(sources(s) for s in stage.needs)) if stage.needs else set()
        assert needed <= set(workflow.STAGES[:k])


def test_every_stage_stands_in_the_run_folder(study, results):
    """A folder a stage with its note; asking again computes nothing."""
    notes = {p.parent.name: p.read_bytes() for p in study.results.glob("*/stage.json")}
    assert set(results) <= set(notes)
    for stage in workflow.STAGES:
        assert stage(study).key == results[stage.name].key
        assert stage.stored(study).key == results[stage.name].key
    assert notes == {p.parent.name: p.read_bytes() for p in study.results.glob("*/stage.json")}


def test_selection_is_the_twins(study, results):
    """Synthetic records in the columns of real ones, and the totals of their world."""
    selection = results["01_data_selection"]
    counts = selection.observations["target"].value_counts()
    assert selection.funnel.to_dict("records") == [
        {"rule": "Synthetic records", "SR": counts["SR"], "HR": counts["HR"]}
    ]
    assert (selection.observations["quality"] == "synthetic").all()
    assert selection.truth == pytest.approx(twin.truth()[1])
    with pytest.raises(ParameterError, match="twin"):
        workflow.selection(study, rules={"years": [1990, 2000]})


def test_validation_scores_both_fluxes_by_every_scheme(results):
    """Twelve schemes a flux, predictions of every matched record, and intervals of all kinds."""
    validation, matched = results["09_validation"], results["02_covariate_assembly"].matched
    counts = validation.ladder.groupby("target")["scheme"].nunique().to_dict()
    assert counts == {"SR": 12, "HR": 12}
    assert len(validation.predictions) == len(matched)
    evaluations = validation.evaluations.groupby("target")["evaluation"].apply(list)
    assert evaluations["SR"] == evaluations["HR"] == list(workflow.EVALUATIONS)
    # Covariates of the embedded recipe have no years that could leak.
    assert validation.leak.empty and workflow.share_of_gain(validation.leak) is None
    assert set(validation.coverage["target"]) == set(validation.pit["target"]) == {"SR", "HR"}
    assert (validation.buffered.groupby("target")["buffer"].nunique() == 6).all()


def test_training_predicts_every_record(results):
    """Predictions of every matched record by the runs; shares that sum to one."""
    training, matched = results["04_stratified_training"], results["02_covariate_assembly"].matched
    assert training.shares[["area", "SR", "HR"]].sum().tolist() == pytest.approx([1, 1, 1])
    predictions = training.predictions
    assert len(predictions) == len(matched)
    for target, own in predictions.groupby("target"):
        known = workflow.records_of(matched, target)
        np.testing.assert_array_equal(own["flux"], known["flux"])
        assert own["ensemble_all"].notna().all()
        # Two runs hold out a fifth each.
        assert 0.3 < own["ensemble_held_out"].notna().mean() < 0.42


def test_maps_add_up(results):
    """SR, HR and AR share a mask; AR = SR - HR; totals of maps, runs and headline agree."""
    mapping, cube = results["05_global_mapping"], results["02_covariate_assembly"].cube
    maps = mapping.climatology
    xr.testing.assert_allclose(maps["AR"], maps["SR"] - maps["HR"])
    assert (maps["SR"].isnull() == maps["HR"].isnull()).all()
    flux, area = mapping.flux, vegetated_area(cube)
    for name in ("SR", "HR", "AR"):
        assert maps[name].attrs["units"] == "g m-2 yr-1"
        assert flux[name]["total"] == pytest.approx(float(global_total(maps[name], area)))
        assert flux[name]["total"] == pytest.approx(mapping.run_totals[name].mean(), rel=1e-5)
        assert flux[name]["between_run_sd"] == pytest.approx(mapping.run_totals[name].std())
        assert flux[name]["annual_min"] is None
    assert flux["AR"]["total"] == pytest.approx(flux["SR"]["total"] - flux["HR"]["total"], rel=1e-5)
    assert flux["AR_SR"] == pytest.approx(flux["AR"]["total"] / flux["SR"]["total"])
    assert flux["SR"]["mad_scaled_sum"] == pytest.approx(1.4826 * flux["SR"]["mad_sum"], rel=1e-5)
    assert not mapping.annual.data_vars
    (by_year,) = workflow.annual_totals(mapping).to_dict("records")
    assert np.isnan(by_year["year"])
    assert by_year["SR"] == pytest.approx(flux["SR"]["total"], rel=1e-5)
    assert maps.attrs["Conventions"] == "CF-1.8" and "twin experiment" in maps.attrs["source"]


def test_twin_is_roughly_recovered(study, results):
    """Even ten trees come within a fifth of the known totals; the table shows both."""
    table = workflow.totals_beside_paper(study, results["05_global_mapping"])
    assert (table.loc["total"] / table.loc["truth"]).between(0.8, 1.2)[["SR", "HR"]].all()
    assert table.loc["truth", "AR"] == table.loc["truth", "SR"] - table.loc["truth", "HR"]


def test_joint_estimates_are_possible(results):
    """HR_joint and AR_joint lie between 0 and SR everywhere, and make up SR."""
    mapping = results["05_global_mapping"]
    maps, flux = mapping.climatology, mapping.flux
    known = maps["SR"].notnull()
    for name in ("HR_joint", "AR_joint"):
        assert bool(((maps[name] >= 0) & (maps[name] <= maps["SR"])).where(known, True).all())
        assert (maps[name].notnull() == known).all()
    # The twin's records report one flux each: HR is held below SR.
    assert flux["joint"]["method"] == "clipped" and mapping.joint_scores.empty
    assert flux["joint"]["HR"] + flux["joint"]["AR"] == pytest.approx(flux["SR"]["total"])
    assert flux["negative"]["flux"] <= 0


def test_uncertainty_of_the_totals(study, results):
    """Every measure for each flux; the headline goes into the budget; no trend without years."""
    found = workflow.uncertainty(study, n_replicates=3, uncertainty_trees=5)
    measures = found.measures
    mapping = results["05_global_mapping"]
    assert measures.loc["sum of the cells' SD", "SR"] == pytest.approx(mapping.flux["SR"]["sd_sum"])
    assert measures.loc["all sources together", "SR"] >= found.headline["sd"]["SR"] >= 0
    assert not found.headline["committed"]
    budget = workflow.budget(study, n_draws=1000).budget
    assert budget.loc["SR", "sd"] == pytest.approx(found.headline["sd"]["SR"], rel=0.1)
    assert budget.loc["SR", "sd_cells"] == pytest.approx(mapping.flux["SR"]["sd_sum"], rel=0.1)
    assert workflow.trends(study, mapping).empty
    with pytest.raises(ParameterError, match="spread"):
        workflow.budget(study, spread="none")


def test_long_table_of_uncertainties(study, results, tmp_path):
    """The command's table: every replicate of both units, every variant, and how it was made."""
    made = workflow.run_uncertainty(study, 3, 2, 5, into=tmp_path)
    counts = made["kind"].value_counts().to_dict()
    assert counts == {"studies": 6, "blocks": 6, "model": 5, "covariates": 1}
    table, facts = committed.load_table("uncertainty", tmp_path)
    np.testing.assert_allclose(table["SR"], made["SR"], rtol=1e-5)
    assert (facts["recipe"], facts["observations"], facts["seed"]) == ("embedded", "twin", 1)
    assert "--replicates 3" in facts["command"] and facts["cpu_seconds"] >= 0


def test_distributions_of_ten_cells(results):
    """Weights of each cell sum to one, and give the map's own mean."""
    mapping = results["05_global_mapping"]
    cells, weights = mapping.cells, mapping.cell_weights
    assert len(cells) == 10
    sums = weights.groupby(["name", "target"])["weight"].sum()
    np.testing.assert_allclose(sums, 1, rtol=1e-6)
    mean = (weights["value"] * weights["weight"]).groupby(weights["name"].where(
        weights["target"] == "SR")).sum()
    at = mapping.climatology["SR"].sel(
        lat=xr.DataArray(cells["lat"]), lon=xr.DataArray(cells["lon"])
    )
    np.testing.assert_allclose(mean[cells["name"]], at, rtol=1e-5)


def test_caveats_are_shares(study, results):
    """Percent between 0 and 100, and dead wood that follows from HR."""
    mapping = results["05_global_mapping"]
    table = workflow.caveats(study, mapping)
    percent = table[["SR", "HR"]].iloc[:-1].to_numpy()
    assert (percent >= 0).all() and (percent <= 100).all()
    assert table["HR"].iloc[-1] == pytest.approx(0.05 * (64 + mapping.flux["HR"]["total"]))


def test_budget_and_comparison_take_our_totals(results):
    """The carbon budget and the table of models start from the mapping's figures."""
    flux = results["05_global_mapping"].flux
    budget = results["06_carbon_budget"].budget
    assert np.isclose(budget["value"], flux["HR"]["total"]).any()
    comparison = results["07_tem_intercomparison"]
    ours = comparison.totals[comparison.totals["model"] == workflow.BENCHMARK_NAME]
    ours = ours.set_index("variable")["value"]
    for name in ("SR", "HR", "AR"):
        assert ours[name] == pytest.approx(flux[name]["total"], rel=1e-5)
    assert ours["AR_SR"] == pytest.approx(flux["AR_SR"], rel=1e-5)
    # No output of models is available here, and each says why.
    assert comparison.absent and all(comparison.absent.values())


def test_search_around_the_paper(study, results):
    """Without a table of all subsets for the twin, the neighbourhood is searched and said."""
    found = results["03_predictor_search"]
    assert len(found.whole) == 0 and found.made == {}
    assert len(workflow.search_recheck(study).rechecked) == 0
    assert found.extent["SR"]["missing"] == ["SOC"] and found.extent["SR"]["subsets"] == 511


def test_search_through_everything(study, results, tmp_path, monkeypatch):
    """All subsets of three predictors, kept as a table with its facts, and taken up again."""
    monkeypatch.setattr(searching, "PREDICTORS", {"MAT": None, "Prec": None, "RH": None})
    monkeypatch.setattr(searching.committed, "folder", lambda: tmp_path)
    plan = Plan(n_trees=3, rounds=((4, 2), (2, 3)), scan_trees=2, finalists=2, cv_trees=2)
    workflow.search_all_subsets(study, (1,), 1, plan)
    assert not list(tmp_path.iterdir())
    workflow.search_all_subsets(study, (2, 3), 1, plan)
    table, made = committed.load_table("search")
    assert len(table) == 14 and made["extent"]["HR"]["subsets"] == 7
    assert (made["recipe"], made["observations"], made["seed"]) == ("embedded", "twin", 1)
    assert made["stages"]["1"]["scores"] == 14 and made["plan"]["n_trees"] == 3
    found = workflow.predictor_search.compute(
        study, {"02_covariate_assembly": results["02_covariate_assembly"]},
        sr_predictors=["MAT"], hr_predictors=["MAT"],
    )
    assert len(found["whole"]) == 14 and found["ranking"]["tied"].dtype == bool
    again = SimpleNamespace(**found)
    needs = {"02_covariate_assembly": results["02_covariate_assembly"],
             "03_predictor_search": again}
    then = workflow.search_recheck.compute(study, needs, recheck_leaders=2)["rechecked"]
    # Six digits of the table are those of the forests grown again.
    assert len(then) >= 4 and then["difference"].abs().max() < 1e-3


def test_bins_of_the_training(results):
    """Records of each bin, its share of the land in percent, and its mean flux."""
    training = results["04_stratified_training"]
    table = workflow.bin_table(training)
    assert table["SR records"].sum() == (training.predictions["target"] == "SR").sum()
    assert table["land"].sum() == pytest.approx(100)
    first = training.predictions.query("target == 'SR' and stratum == 5")["flux"]
    assert table["SR mean"].iloc[-1] == pytest.approx(first.mean())


def test_ecosystems_against_the_map():
    """Two of the three records with a known ecosystem lie in a bin that it may fall into."""
    matched = pd.DataFrame({
        "ecosystem": ["Forest", "Forest", "Shrubland", "Desert", "", None],
        "stratum": [3, 5, 4, 4, 5, 1],
    })
    table, agree = workflow.ecosystem_table(matched)
    assert agree == pytest.approx(2 / 3)
    assert list(table.index) == ["Forest", "Shrubland", "other"]
    assert table.loc["Forest", "needleleaf and mixed forest"] == 1
    assert table["all"].tolist() == [2, 1, 1]


def test_a_twin_can_take_the_benchmark_for_its_truth(tmp_path):
    """The records then sample our own maps; another world is refused by name."""
    study = studies.resolve_settings(tmp_path, "quick", "embedded", "twin")
    made = workflow.selection(study, truth="benchmark")
    assert made.truth == pytest.approx(twin.truth("benchmark")[1])
    assert made.truth["SR"] != pytest.approx(twin.truth()[1]["SR"], rel=1e-3)
    with pytest.raises(ParameterError, match="moon"):
        workflow.selection(study, truth="moon")
