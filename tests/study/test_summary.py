"""The figures of a run that other programs read, and their table for a terminal."""

import json
from dataclasses import replace

import pytest

from soilresp.records import twin
from soilresp.study import summary
from soilresp.study.settings import PROFILES, Study

FLUX_KEYS = {"total", "sd_sum", "mad_sum", "between_run_sd", "annual_min", "annual_max"}
SCHEMES = {"in_sample", "oob", "random_cv", "site_cv", "study_cv", "spatial_cv"}


@pytest.fixture
def empty(tmp_path):
    """A study in an empty folder."""
    return Study(tmp_path, replace(PROFILES["quick"], n_runs=10, n_trees=40), "delta", "srdb", 3)


def test_nothing_computed(empty):
    """An empty folder gives every key, and null where there is no figure."""
    got = summary.collect(empty)
    for key in ("n_runs", "n_trees", "truth", "records", "predictors", "AR_SR"):
        assert got[key] is None
    assert got["inputs"] == {} and set(got["flux"]) == {"SR", "HR", "AR"}
    for figures in got["flux"].values():
        assert figures == dict.fromkeys(FLUX_KEYS)
    assert set(got["validation"]["HR"]) == SCHEMES | {"coverage90_raw", "coverage90_conformal"}
    lines = summary.table(got).splitlines()
    assert [x.split()[:2] for x in lines[1:4]] == [[flux, "-"] for flux in ("SR", "HR", "AR")]


@pytest.mark.slow
def test_figures_come_from_the_stages(study, results):
    """Settings, counts, totals and scores are those of the stages; null where there is none."""
    got = summary.write(study)
    assert json.loads((study.results / "summary.json").read_text()) == got
    assert [got[k] for k in ("profile", "recipe", "observations", "n_runs", "n_trees", "seed")] == [
        "quick", "embedded", "twin", 2, 5, 1
    ]
    assert got["truth"] == pytest.approx(twin.truth()[1])
    for key, table in (
        ("records", results["01_data_selection"].observations),
        ("matched", results["02_covariate_assembly"].matched),
    ):
        assert got[key] == table["target"].value_counts().to_dict()
    flux = results["05_global_mapping"].flux
    for name, figures in got["flux"].items():
        assert figures == {key: flux[name].get(key) for key in FLUX_KEYS}
        assert figures["total"] > 0
    validation = results["09_validation"]
    ladder = validation.ladder.set_index(["target", "scheme"])[["r2", "rmse", "r"]]
    own = validation.coverage.query("level == 0.9 and test == calibrated")
    own = own.set_index(["target", "test"])
    for target in ("SR", "HR"):
        found = got["validation"][target]
        for scheme in SCHEMES:
            assert found[scheme] == pytest.approx(ladder.loc[(target, scheme)].to_dict())
        for kind in ("raw", "conformal"):
            assert found[f"coverage90_{kind}"] == pytest.approx(own.loc[target, kind].to_dict())
    # After another seed, old totals are not passed off as the run's.
    other = summary.collect(replace(study, seed=4))
    assert other["flux"]["SR"]["total"] is None and other["records"] is None


def test_table_beside_the_paper(empty):
    """Totals and range of years, each beside the paper's."""
    got = summary.collect(empty) | {"AR_SR": 0.41657}
    got["flux"]["SR"] |= {"total": 85.7, "annual_min": 83.6, "annual_max": 87.8}
    lines = summary.table(got).splitlines()
    assert lines[1].split() == ["SR", "85.7", "83.6-87.8", "85.5", "(83.6-87.8)"]
    assert lines[4].split() == ["AR/SR", "0.42", "0.41"]


def test_table_of_a_twin(empty):
    """It says what it is, and compares the totals with the truth instead of the paper."""
    got = summary.collect(empty) | {"truth": {"SR": 80.0, "HR": 50.0}}
    got["flux"]["SR"]["total"], got["flux"]["AR"]["total"] = 84.0, 27.0
    lines = summary.table(got).splitlines()
    assert lines[0].startswith("Twin experiment")
    assert lines[2].split() == ["SR", "84.0", "80.0", "(+5.0", "%)"]
    assert lines[3].split() == ["HR", "-", "50.0"]
    assert lines[4].split() == ["AR", "27.0", "30.0", "(-10.0", "%)"]
