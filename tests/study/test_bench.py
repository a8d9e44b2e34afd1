"""The benchmark: what it refuses, prints and gives. Nothing is timed against a limit."""

import os

import pandas as pd
import pytest

from soilresp.errors import ParameterError
from soilresp.study import bench
from soilresp.study.settings import resolve_settings

MEASURED = {
    "max_rel_diff": 1.23e-7, "mean_vs_sklearn": 16.04, "distribution_vs_quantile_forest": 31.0,
    "distribution_vs_quantile_forest_one_year": 21.5, "rows_x16": 4.26,
    "peak_mb": {"without": 512.0, "with": 1536.0}, "machine": "A machine",
    "work": {
        "target": "SR", "n_trees": 500, "cells": 1000, "years": 2, "distribution_years": 1,
        "training_records": 80, "recipe": "delta", "observations": "srdb", "repeats": 5,
    },
    # 1000 cells x 500 trees x 2 years are a million visits: 0.032 s are 32 ns each.
    "raw": {
        "sklearn_mean": [0.040, 0.032], "mean_and_second_moment": [0.002, 0.003],
        "quantile_forest": [0.15], "distribution": [0.005], "one_year": [0.1],
        "sixteen_years": [0.4], "quantile_forest_one_year": [0.16],
        "distribution_one_year": [0.01], "ranger": [0.125, 0.13],
    },
}


def test_table_shows_the_least_times():
    """Nanoseconds to a row and tree by hand, and the measurements beside what is wanted."""
    lines = bench.table(MEASURED).splitlines()
    assert lines[0] == "A machine"
    got = {line.partition(",")[0].strip(): line.split() for line in lines}
    assert "32.00" in got["scikit-learn"]
    assert any("300.00 ns   (1 years)" in line for line in lines)
    assert any(line.split()[-3:] == ["1.2e-07", "1e-6", "2e-7"] for line in lines)
    assert any(line.split()[-3:] == ["1.54", "4", "2.5"] for line in lines)
    assert any("R ranger" in line and "250.00 ns" in line for line in lines)
    assert not any("randomForest" in line or "not at hand" in line for line in lines)
    without = {k: v for k, v in MEASURED["raw"].items() if k != "ranger"}
    assert "R: not at hand" in bench.table(MEASURED | {"raw": without})


def test_machine_in_words():
    """Processor, vectors and the versions that matter."""
    words = bench.describe_machine()
    for part in ("processors", "Python 3.", "numba 0.", "scikit-learn "):
        assert part in words


def test_too_few_repeats_are_refused(tmp_path):
    """Less than five repeats are no benchmark."""
    study = resolve_settings(tmp_path, recipe="embedded", observations="twin")
    with pytest.raises(ParameterError, match="at least 5 repeats and one tree, got 4 and 10"):
        bench.measure(study, n_trees=10, repeats=4)


def test_hours_of_the_papers_job():
    """Two fluxes at 1 s for fit and 2 s for moments: 2000 x 6 s are 3 h 20 min; CPU by hand."""
    parts = {"fit": 1.0, "moments": 2.0, "weights": 0.6}
    run = {f"{part}_wall": seconds for part, seconds in parts.items()}
    run |= {f"{part}_cpu": 2 * seconds for part, seconds in parts.items()}
    runs = [run | {"target": t, "n_trees": n} for t in ("SR", "HR") for n in (50, 500)]
    runs += [{**r, "every_year_wall": 4.0, "every_year_cpu": 8.0} for r in runs[1::2]]
    hours = bench._hours(pd.DataFrame([r for r in runs if r["n_trees"] == 50 or len(r) > 8]))
    got = {(row["n_trees"], row["product"]): row for row in hours}
    assert got[50, "mean_sd"]["wall"] == pytest.approx(2000 * 2 * 3 / 3600)
    assert got[500, "at_mean"]["wall"] == pytest.approx(2000 * 2 * 3.6 / 3600)
    assert got[500, "every_year"]["wall"] == pytest.approx(2000 * 2 * 7 / 3600)
    assert got[500, "every_year"]["cpu"] == pytest.approx(2000 * 2 * 14 / 3600 / os.cpu_count())
    assert (50, "every_year") not in got
    job = {"machine": "A machine", "n_runs": 20, "recipe": "delta", "observations": "srdb",
           "hours": hours, "peak_mb": 2600.0, "n_every_year": 5}
    assert "2000 x 500: mean, SD, totals" in bench.job_table(job)
    assert "2.60 GB" in bench.job_table(job)


@pytest.mark.slow
def test_small_benchmark(tmp_path):
    """A forest of two trees gives every key, the mean of scikit-learn, and a table."""
    study = resolve_settings(tmp_path, recipe="embedded", observations="twin")
    measured = bench.measure(study, n_trees=2)
    assert measured.keys() == MEASURED.keys()
    assert measured["raw"].keys() - {"randomForest", "ranger"} == (
        MEASURED["raw"].keys() - {"ranger"}
    )
    assert measured["max_rel_diff"] < 1e-6
    assert all(len(times) == 5 for times in measured["raw"].values())
    assert "embedded" in bench.table(measured)
    job = bench.paper_job(study, n_runs=1, n_every_year=0)
    assert {(row["n_trees"], row["product"]) for row in job["hours"]} == {
        (n, p) for n in (50, 500) for p in ("mean_sd", "at_mean")
    }
