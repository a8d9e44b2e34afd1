"""Types and bounds of the notebooks' parameters."""

import pytest

from soilresp.errors import ParameterError, SoilrespError
from soilresp.study import chapters
from soilresp.study.parameters import CHECKS, check_values
from soilresp.study.run import OWN_PARAMETERS, known_parameters, notebooks
from soilresp.study.settings import resolve_settings


def test_every_parameter_of_the_notebooks_is_checked():
    """A parameter that a notebook gains must be given its type."""
    names = set().union(*known_parameters(notebooks()).values()) - set(OWN_PARAMETERS)
    assert names == set(CHECKS)


def test_sound_values_pass():
    """None everywhere, both ends of a range, files beside the notebooks."""
    check_values(dict.fromkeys(CHECKS))
    check_values({
        "n_runs": 1, "n_trees": 100_000, "correlation": -1, "sampling": "record",
        "search_anew": True, "sr_predictors": ["MAT"], "rules": {"box": None},
        "years": [1990, 1990], "file": "../data/embedded.nc",
        "inputs": {"srdb": "../data/embedded.nc"},
        "options": {"par_fraction": 0.5}, "unknown": object(),
    })


@pytest.mark.parametrize(("name", "value"), [
    ("n_draws", "many"), ("n_draws", 99), ("n_runs", 0), ("n_runs", 2.5), ("n_runs", True),
    ("n_bins", 0), ("n_trees", 100_001),
    ("correlation", 1.01), ("correlation", float("nan")), ("correlation", "1"),
    ("sampling", "x"), ("sampling", ["area"]), ("joint", "difference"), ("spread", "sd"),
    ("file", ""), ("file", "x\0"), ("file", 3), ("file", "nowhere.nc"), ("cube", "a" * 5000),
    ("inputs", {}), ("inputs", {"nope": "../data/embedded.nc"}), ("inputs", {"srdb": "nowhere"}),
    ("years", [2012, 1990]), ("years", [1990]), ("years", "ab"), ("years", [1990.5, 2000]),
    ("sr_predictors", "MAT"), ("sr_predictors", ["MAT", "MAT"]), ("sr_predictors", []),
    ("hr_predictors", ["mat"]), ("rules", []), ("rules", {1: 2}), ("rules", {"x": 2}),
    ("options", {"a": 1}), ("search_anew", 1), ("model_name", " "),
])
def test_wrong_values_are_refused(name, value):
    """One line that has the parameter, or the part of it, and the value."""
    with pytest.raises(SoilrespError) as error:
        check_values({"n_twins": 1, name: value})
    assert "\n" not in str(error.value)
    if name not in ("rules", "options", "inputs"):
        assert isinstance(error.value, ParameterError) and name in str(error.value)


def test_a_stage_refuses_the_same(tmp_path):
    """A wrong type in the parameters cell of a notebook gets the error of the command line."""
    study = resolve_settings(tmp_path, "quick", "embedded", "twin")
    with pytest.raises(ParameterError, match="n_runs"):
        chapters.mapping(study, n_runs="3")
    assert not study.results.exists()
