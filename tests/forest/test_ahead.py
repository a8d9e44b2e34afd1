"""Kernels that are compiled ahead of their use."""

import numpy as np
import pytest

from soilresp.forest import Rows, Weights, ahead, evaluate, kernel


@pytest.fixture
def none_started(monkeypatch):
    """As if this process had started none yet, on a machine of two processors."""
    monkeypatch.setattr(ahead, "_started", [])
    monkeypatch.setattr(ahead.os, "cpu_count", lambda: 2)


@pytest.mark.slow
def test_it_calls_every_kernel_that_a_map_takes():
    """After it, a map of another size compiles nothing."""
    ahead.main()
    kernels = [k for k in vars(kernel).values() if hasattr(k, "nopython_signatures")]
    before = [k.nopython_signatures for k in kernels]
    from sklearn.ensemble import RandomForestRegressor

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(90, 3)), rng.normal(size=90)
    forest = RandomForestRegressor(3, random_state=0).fit(x, y)
    rows = Rows(rng.normal(size=(200, 3)))
    evaluate(forest, rows, n_threads=2)
    weights = Weights(y, len(rows), 2)
    weights.add(forest, x, y, rows)
    weights.summary([0.05, 0.5, 0.95])
    assert [k.nopython_signatures for k in kernels] == before


@pytest.mark.slow
def test_a_process_is_started_once_where_there_are_none(none_started, tmp_path):
    """It ends well; a second one is not started beside it."""
    process = ahead.compile_ahead(tmp_path)
    assert process.wait(120) == 0
    assert ahead.compile_ahead(tmp_path) is None


def test_none_is_started(none_started, monkeypatch, tmp_path):
    """Neither on a single processor nor where the kernel that is compiled last is there."""
    (tmp_path / "kernel.summarise-599.py311.nbi").touch()
    assert ahead.compile_ahead(tmp_path) is None
    monkeypatch.setattr(ahead.os, "cpu_count", lambda: 1)
    assert ahead.compile_ahead(tmp_path / "none") is None
