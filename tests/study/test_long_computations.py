"""Long computations from end to end, on a twin experiment with very few trees."""

import pytest

from soilresp.errors import DataError
from soilresp.evaluation.alternatives import Alternative
from soilresp.grid.cells import global_total
from soilresp.io import tables as committed
from soilresp.study import chapters as workflow
from soilresp.study.chapters import convergence
from soilresp.study.chapters.influence import run_influence
from soilresp.upscaling.ensemble import Ensemble
from soilresp.upscaling.maps import vegetated_area

pytestmark = pytest.mark.slow

FEW = {"n_folds": 2, "n_trees": 5, "seeds": (0, 1)}


def test_comparison_of_alternatives_continues(study, tmp_path):
    """Without a change to try, the paper's model and its plain twin; the second time from files."""
    table, facts = workflow.compare_alternatives(study, tmp_path, tmp_path / "w", FEW, FEW, 0)
    for target in ("SR", "HR"):
        own = table[table["target"] == target]
        assert own["phase"].tolist() == ["search", "confirm", "confirm"]
        assert own["alternative"].tolist() == ["paper", "paper", "weights=record"]
        assert own["gain"].tolist()[:2] == [0, 0]
        assert own["rmse_blocks10"].isna().tolist() == [True, False, False]
        assert facts["best"][target] == "paper"
    # Two seeds each: by two schemes in the search, by the third and by all three after it.
    assert facts["predictions"] == {"computed": 2 * 2 * (2 + 1 + 3), "found": 0}
    again, facts = workflow.compare_alternatives(study, tmp_path, tmp_path / "w", FEW, FEW, 0)
    assert facts["predictions"] == {"computed": 0, "found": 24}
    assert again.equals(table)
    assert len(committed.load_table("alternatives", tmp_path)[0]) == 6


def test_drivers_of_the_twin(study):
    """Nine predictors of the recipe by two schemes; ranks of the chosen ones; no yearly MAT."""
    found = workflow.drivers(study)
    single = found.importance[found.importance["kind"] == "single"]
    assert single.groupby(["target", "scheme"])["feature"].nunique().tolist() == [9] * 4
    assert set(found.ranks["case"]) == {"same studies, other trees", "other studies"}
    assert found.curves.groupby("target")["feature"].nunique().to_dict() == {"SR": 5, "HR": 7}


def test_best_alternative_and_the_papers(study):
    """Two models a flux, without filters that a twin cannot know, and no table of others."""
    found = workflow.alternatives(study)
    assert found.committed.empty
    assert found.again.groupby("target").size().to_dict() == {"SR": 2, "HR": 2}
    assert found.again["alternative"][0] == "paper"
    for name in found.again["alternative"]:
        assert Alternative.from_name(name).records in ("all", "site_year")
    assert found.again["total"].between(20, 120).all()


def test_twins_are_made_again(study):
    """The first committed experiments come out the same."""
    again = workflow.twin_experiments(study).again
    assert len(again) == 6
    assert (again["total"] - again["total_committed"]).abs().max() < 1e-3


def test_unfinished_work_continues(tmp_path):
    """One experiment, then two: the first is not computed again; other settings are refused."""
    given = {"into": tmp_path / "out", "folder": tmp_path / "work", "n_runs": 1}
    assert set(workflow.run_twins(1, n_trees=1, **given)["n"]) == {1}
    first = tmp_path / "work" / "seed_000.npz"
    stamp = first.stat().st_mtime_ns
    assert set(workflow.run_twins(2, n_trees=1, **given)["n"]) == {2}
    assert first.stat().st_mtime_ns == stamp
    table, _ = committed.load_table("twins", tmp_path / "out")
    assert len(table) == 2 * 3 * len(workflow.TWIN_VARIANTS)
    with pytest.raises(DataError, match="work"):
        workflow.run_twins(1, n_trees=2, **given)


def test_convergence_is_saved(study, tmp_path):
    """Errors of ensembles of one and two runs, with the settings of the table."""
    made = convergence.run_convergence(study, 4, (3, 2), tmp_path)
    assert set(made["n_runs"]) == {1, 2} and set(made["n_trees"]) == {2, 3}
    table, facts = committed.load_table("convergence", tmp_path)
    assert len(table) == len(made) and facts["trees"] == [2, 3] and facts["n_runs"] == 4


def test_influence_is_saved_and_continues(study, tmp_path):
    """One row a study and one a record; a second call finds the weights and refits."""
    table, facts = run_influence(study, 2, 2, tmp_path, tmp_path / "work")
    assert table["refitted"].notna().groupby(table["target"]).sum().to_dict() == {"HR": 2, "SR": 2}
    assert (table["refitted_se"].dropna() > 0).all()
    assert table.groupby("target")["share"].sum().tolist() == pytest.approx([1, 1])
    cells, trained = workflow.assembly(study).cube, workflow.training(study)
    for target, found in facts.items():
        own = trained.predictions[trained.predictions["target"] == target]
        maps = Ensemble.from_arrays(trained[f"ensemble_{target}"]).predict_map(cells, [])
        total = float(global_total(maps[target].astype(float), vegetated_area(cells)))
        # Cells of the map lack no predictor of either flux here.
        assert found["total"] == pytest.approx(total, rel=1e-6)
        assert 1 < found["effective studies"] <= own["study"].nunique()
        assert found["effective studies"] < found["effective records"]
        assert sorted(found["studies"]) == found["studies"] and len(found["records"]) == 3
    single, notes = committed.load_table("influence_records", tmp_path)
    assert len(single) == table["records"].sum() == len(trained.predictions)
    assert notes["command"].startswith("soilresp study influence ") and notes["found"] == facts
    stamps = {f: f.stat().st_mtime_ns for f in (tmp_path / "work").glob("*.npz")}
    again, _ = run_influence(study, 2, 2, tmp_path, tmp_path / "work")
    assert again.equals(table) and len(stamps) == 6
    assert {f: f.stat().st_mtime_ns for f in stamps} == stamps
