"""Whole computations against frozen numbers (`frozen.py` renews them)."""

import json

import frozen
import pytest

EXPECTED = json.loads(frozen.FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("group", [
    *frozen.OFFLINE,
    *(pytest.param(name, marks=[pytest.mark.real, pytest.mark.slow]) for name in frozen.REAL),
])
def test_results_are_the_frozen_ones(group, real_input):
    """Covariates, records, draws and scores to a millionth."""
    for needed in frozen.NEEDS.get(group, ()):
        real_input(needed)
    found = (frozen.OFFLINE | frozen.REAL)[group]()
    made = {name: frozen.weighted(values) for name, values in found.items()}
    assert made == pytest.approx(EXPECTED[group], rel=1e-6, abs=1e-9)
