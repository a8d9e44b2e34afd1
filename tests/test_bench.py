"""The benchmark: what it refuses, prints and gives. Nothing is timed against a limit."""

import pytest

from soilresp import bench
from soilresp.errors import ParameterError
from soilresp.study import settle

MEASURED = {
    "max_rel_diff": 1.23e-7, "mean_vs_sklearn": 16.04, "distribution_vs_quantile_forest": 31.0,
    "rows_x16": 4.26, "peak_mb": {"without": 512.0, "with": 1536.0}, "machine": "A machine",
    "work": {
        "target": "SR", "n_trees": 500, "cells": 1000, "years": 2, "distribution_years": 1,
        "training_records": 80, "recipe": "delta", "observations": "srdb", "repeats": 5,
    },
    # 1000 cells x 500 trees x 2 years are a million visits: 0.032 s are 32 ns each.
    "raw": {
        "sklearn_mean": [0.040, 0.032], "mean_and_second_moment": [0.002, 0.003],
        "quantile_forest": [0.15], "distribution": [0.005], "one_year": [0.1],
        "sixteen_years": [0.4],
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


def test_machine_in_words():
    """Processor, vectors and the versions that matter."""
    words = bench.describe_machine()
    for part in ("processors", "Python 3.", "numba 0.", "scikit-learn "):
        assert part in words


def test_too_few_repeats_are_refused(tmp_path):
    """Less than five repeats are no benchmark."""
    study = settle(tmp_path, recipe="embedded", observations="twin")
    with pytest.raises(ParameterError, match="at least 5 repeats and one tree, got 4 and 10"):
        bench.measure(study, n_trees=10, repeats=4)


@pytest.mark.slow
def test_small_benchmark(tmp_path):
    """A forest of two trees gives every key, the mean of scikit-learn, and a table."""
    study = settle(tmp_path, recipe="embedded", observations="twin")
    measured = bench.measure(study, n_trees=2)
    assert measured.keys() == MEASURED.keys()
    assert measured["raw"].keys() == MEASURED["raw"].keys()
    assert measured["max_rel_diff"] < 1e-6
    assert all(len(times) == 5 for times in measured["raw"].values())
    assert "embedded" in bench.table(measured)
