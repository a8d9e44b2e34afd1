"""Whole computations against the figures that they gave before (`frozen.py` renews them)."""

import json

import frozen
import pytest

EXPECTED = json.loads(frozen.FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", frozen.OFFLINE)
def test_figures_of_what_ships(name):
    """Covariates, twin records and draws, scores: from the fields that ship with the project."""
    assert frozen.same(frozen.plain(frozen.OFFLINE[name]()), EXPECTED[name]) == []


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("name", frozen.REAL)
def test_figures_of_the_real_inputs(name, real_input):
    """Flags, selection, covariates and scores: from SRDB, CRU CL, CASA-CNP and the others."""
    for needed in {"delta": ["srdb", *frozen.recipe_of("delta").needs],
                   "casa_cnp": ["casa_cnp"]}.get(name, ["srdb"]):
        real_input(needed)
    assert frozen.same(frozen.plain(frozen.REAL[name]()), EXPECTED[name]) == []


@pytest.mark.parametrize(("found", "expected", "differ"), [
    ({"a": [1, 2.0]}, {"a": [1, 2.0000001]}, 0), ({"a": [1, 2.0]}, {"a": [1, 2.0001]}, 1),
    ({"a": 1}, {"a": 1, "b": 2}, 1), ([1], [1, 2], 1), ("x", "y", 1),
    (float("nan"), float("nan"), 0), (1, 2, 1),
])
def test_what_counts_as_the_same(found, expected, differ):
    """Floats to a millionth, all else exactly; what is in one of them only counts as other."""
    assert len(frozen.same(found, expected)) == differ
