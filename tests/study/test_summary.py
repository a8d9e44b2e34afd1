"""The figures of a run that other programs read, and their table for a terminal."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from soilresp.study import chapters as workflow
from soilresp.study import summary
from soilresp.study.settings import PROFILES, Study
from soilresp.study.stage import Stage

FLUX_KEYS = {"total", "sd_sum", "mad_sum", "between_run_sd", "annual_min", "annual_max"}
SCHEMES = {"in_sample", "oob", "random_cv", "site_cv", "study_cv", "spatial_cv"}


def made_up(name, results, needs=()):
    """A stage of the workflow's name whose results are given."""
    def compute(study, needs, *, n_runs=None, n_trees=None):
        return results | {"settings": {"n_runs": n_runs}}

    return Stage(name, compute, needs)


@pytest.fixture
def study(tmp_path):
    """A study in an empty folder."""
    return Study(tmp_path, replace(PROFILES["quick"], n_runs=10, n_trees=40), "delta", "srdb", 3)


@pytest.fixture
def stages(monkeypatch):
    """The chain of the workflow with results of a few rows."""
    records = pd.DataFrame({"target": ["SR", "SR", "SR", "HR"]})
    ladder = pd.DataFrame([
        {"scheme": scheme, "target": target, "r2": r2, "rmse": 300.0, "r": 0.8, "n": 4.0}
        for target in ("SR", "HR")
        for r2, scheme in enumerate(sorted(SCHEMES))
    ])
    ladder.loc[(ladder["scheme"] == "oob") & (ladder["target"] == "HR"), "r"] = np.nan
    flux = {
        "SR": {"total": 85.7, "sd_sum": 40.0, "mad_sum": 27.0, "mad_scaled_sum": 40.1,
               "between_run_sd": 0.5, "annual_min": 83.6, "annual_max": 87.8},
        "HR": {"total": 50.0, "sd_sum": 25.0, "mad_sum": 17.0, "mad_scaled_sum": 25.2,
               "between_run_sd": 0.4, "annual_min": 49.2, "annual_max": 51.1},
        "AR": {"total": 35.7, "between_run_sd": 0.6, "annual_min": 33.9, "annual_max": 36.9},
        "AR_SR": 0.41657,
    }
    first = made_up("01_data_selection", {
        "observations": records, "truth": {}, "inputs": {"srdb.csv": "aa"},
    })
    second = made_up(
        "02_covariate_assembly", {"matched": records[1:], "inputs": {"tmp.nc": "bb"}}, [first]
    )
    chosen = {"SR": ["MAT"], "HR": ["MAT", "RH"]}
    third = made_up("03_predictor_search", {"chosen": chosen}, [second])
    coverage = pd.DataFrame(
        [("SR", "random", "random", 0.5, 0.4, 0.5), ("SR", "random", "random", 0.9, 0.75, 0.9),
         ("SR", "study", "study", 0.9, 0.8, 0.91), ("SR", "study", "random", 0.9, 0.8, 0.85),
         ("SR", "spatial", "spatial", 0.9, 0.82, 0.89),
         ("HR", "random", "random", 0.9, 0.7, 0.88)],
        columns=["target", "test", "calibrated", "level", "raw", "conformal"],
    )
    fourth = made_up("09_validation", {"ladder": ladder, "coverage": coverage}, [second, third])
    fifth = made_up("05_global_mapping", {"flux": flux}, [second, third])
    made = (first, second, third, fourth, fifth)
    monkeypatch.setattr(workflow, "STAGES", made)
    return made


def test_nothing_computed(study):
    """An empty folder gives every key, and null where there is no figure."""
    got = summary.collect(study)
    assert (got["profile"], got["recipe"], got["observations"], got["seed"]) == (
        "quick", "delta", "srdb", 3
    )
    for key in ("n_runs", "n_trees", "truth", "records", "predictors", "AR_SR"):
        assert got[key] is None
    assert got["inputs"] == {}
    assert {"python", "numpy", "scikit-learn", "soilresp"} <= set(got["versions"])
    assert set(got["flux"]) == {"SR", "HR", "AR"}
    for figures in got["flux"].values():
        assert figures == dict.fromkeys(FLUX_KEYS)
    assert set(got["validation"]["HR"]) == SCHEMES | {"coverage90_raw", "coverage90_conformal"}


def test_figures_come_from_the_stages(study, stages):
    """Counts, inputs of all stages, settings, totals and scores; null where a score is missing."""
    for stage in stages[:-1]:
        stage(study)
    stages[-1](study, n_runs=7)
    got = summary.write(study)
    assert got["records"] == {"SR": 3, "HR": 1} and got["matched"] == {"SR": 2, "HR": 1}
    assert got["inputs"] == {"srdb.csv": "aa", "tmp.nc": "bb"}
    assert (got["n_runs"], got["n_trees"]) == (7, 40)
    assert got["truth"] is None
    assert got["predictors"] == {"SR": ["MAT"], "HR": ["MAT", "RH"]}
    assert got["flux"]["SR"]["total"] == 85.7 and set(got["flux"]["SR"]) == FLUX_KEYS
    assert got["flux"]["AR"]["sd_sum"] is None and got["flux"]["AR"]["annual_max"] == 36.9
    assert got["AR_SR"] == 0.41657
    assert got["validation"]["SR"]["in_sample"] == {"r2": 0.0, "rmse": 300.0, "r": 0.8}
    assert got["validation"]["SR"]["coverage90_raw"] == {
        "random": 0.75, "study": 0.8, "spatial": 0.82
    }
    assert got["validation"]["SR"]["coverage90_conformal"] == {
        "random": 0.9, "study": 0.91, "spatial": 0.89
    }
    assert got["validation"]["HR"]["coverage90_conformal"] == {"random": 0.88}
    stored = json.loads((study.results / "summary.json").read_text())
    assert stored["validation"]["HR"]["oob"]["r"] is None
    assert stored["flux"] == got["flux"] and stored["versions"] == got["versions"]


def test_figures_that_no_longer_hold_are_left_out(study, stages):
    """After another seed or setting upstream, old totals are not passed off as the run's."""
    for stage in stages:
        stage(study)
    other = Study(study.run, study.profile, study.recipe, study.observations, seed=4)
    assert summary.collect(other)["flux"]["SR"]["total"] is None
    assert summary.collect(other)["records"] is None
    stages[2](study, n_runs=1)
    got = summary.collect(study)
    assert got["records"] == {"SR": 3, "HR": 1} and got["predictors"] is not None
    assert got["flux"]["SR"]["total"] is None and got["validation"]["SR"]["oob"] is None


def test_table_beside_the_paper(study, stages):
    """Totals, range of years and records, each beside the paper's."""
    for stage in stages:
        stage(study)
    lines = summary.table(summary.collect(study)).splitlines()
    assert lines[0].endswith("Lu et al. 2021")
    assert lines[1].split() == ["SR", "85.7", "83.6-87.8", "85.5", "(83.6-87.8)"]
    assert lines[2].split()[:2] == ["HR", "50.0"] and lines[3].split()[:2] == ["AR", "35.7"]
    assert lines[4].split() == ["AR/SR", "0.42", "0.41"]
    assert lines[5].split("(")[0].split() == ["Records", "SR", "3,", "HR", "1"]
    assert "SR 3,331, HR 840" in lines[5]


def test_table_of_a_twin(study):
    """It says what it is, and holds the totals against the truth instead of the paper."""
    got = summary.collect(study)
    got["truth"] = {"SR": 80.0, "HR": 50.0}
    got["flux"]["SR"]["total"], got["flux"]["AR"]["total"] = 84.0, 27.0
    text = summary.table(got)
    lines = text.splitlines()
    assert lines[0] == "Twin experiment: synthetic observations, known truth."
    assert lines[2].split() == ["SR", "84.0", "80.0", "(+5.0", "%)"]
    assert lines[3].split() == ["HR", "-", "50.0"]
    assert lines[4].split() == ["AR", "27.0", "30.0", "(-10.0", "%)"]
    assert "Lu" not in text


def test_table_of_an_empty_run(study):
    """Nothing computed is a table of dashes, no error."""
    lines = summary.table(summary.collect(study)).splitlines()
    assert [line.split()[:2] for line in lines[1:5]] == [
        ["SR", "-"], ["HR", "-"], ["AR", "-"], ["AR/SR", "-"]
    ]
