"""Values of the notebooks' parameters, checked before anything is read or written.

A notebook would find a wrong value as well, but only after those before it have run.
"""

from pathlib import Path

from soilresp.covariates.build import Options
from soilresp.covariates.recipes import PREDICTORS
from soilresp.covariates.strata import DRAWS
from soilresp.errors import ParameterError
from soilresp.io import paths, registry
from soilresp.records.selection import Selection
from soilresp.records.twin import TRUTHS
from soilresp.study.chapters.c06_budget import SPREADS
from soilresp.upscaling.joint import METHODS

__all__ = ["CHECKS", "check_values"]

FIRST_YEAR, LAST_YEAR = 1850, 2100
"""Years between which a covariate can lie."""


def check_values(parameters):
    """Refuse values that no notebook can work with.

    Parameters
    ----------
    parameters : dict
        Values by name. None stands for the default and is always right; a name that is not
        in `CHECKS` is let through.

    Raises
    ------
    ParameterError
        At the first wrong value: its name, what it should be, and what it is.

    Examples
    --------
    >>> check_values({"n_runs": 20, "draw": "area", "years": [1990, 2012]})
    """
    for name, value in parameters.items():
        if value is not None and name in CHECKS:
            CHECKS[name](name, value)


def _wrong(name, expected, value):
    return ParameterError(
        f"Parameter {name} must be {expected}, got {value!r}. Correct it, or leave it out for the "
        "default."
    )


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _whole(low, high):
    def check(name, value):
        if not _is_whole(value) or not low <= value <= high:
            raise _wrong(name, f"a whole number from {low:,} to {high:,}", value)

    return check


def _number(low, high):
    def check(name, value):
        real = isinstance(value, int | float) and not isinstance(value, bool)
        # Written so that NaN is refused too.
        if not (real and low <= value <= high):
            raise _wrong(name, f"a number from {low:g} to {high:g}", value)

    return check


def _one_of(*known):
    def check(name, value):
        if not isinstance(value, str) or value not in known:
            raise _wrong(name, f"one of {', '.join(known)}", value)

    return check


def _flag(name, value):
    if not isinstance(value, bool):
        raise _wrong(name, "true or false", value)


def _words(name, value):
    if not isinstance(value, str) or not value.strip():
        raise _wrong(name, "a text", value)


def _predictors(name, value):
    if not isinstance(value, list | tuple) or not value:
        raise _wrong(name, "a list of predictors, such as [MAT, Prec]", value)
    for one in value:
        if not isinstance(one, str) or one not in PREDICTORS:
            raise _wrong(name, f"a list of {', '.join(PREDICTORS)}", value)
    if len(set(value)) < len(value):
        raise _wrong(name, "a list that has each predictor once", value)


def _years(name, value):
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(map(_is_whole, value)):
        raise _wrong(name, "the first and the last year, such as [1990, 2012]", value)
    if not FIRST_YEAR <= value[0] <= value[1] <= LAST_YEAR:
        raise _wrong(name, f"years in order from {FIRST_YEAR} to {LAST_YEAR}", value)


def _path(name, value):
    if not isinstance(value, str | Path) or not str(value):
        raise _wrong(name, "the path of a file or folder", value)
    try:
        # A notebook runs in its own folder.
        there = (paths.notebooks_dir() / Path(value).expanduser()).exists()
    # Too long, a NUL in it, "~" of nobody: no such file can be.
    except (OSError, ValueError, RuntimeError):
        there = False
    if not there:
        raise ParameterError(
            f"Parameter {name} names {str(value)[:200]!r}, which does not exist. Give the whole "
            "path of a file or folder that does; a part of one is looked for beside the notebooks."
        )


def _inputs(name, value):
    if not isinstance(value, dict) or not value:
        raise _wrong(name, "paths by the names of `soilresp data list`", value)
    for one, path in value.items():
        registry.entry(str(one))
        _path(f"{name}, {one}", path)


def _rules(name, value):
    if not isinstance(value, dict) or not all(isinstance(n, str) for n in value):
        raise _wrong(name, 'selection rules by name, such as {"quality": "drop"}', value)
    Selection.from_dict(value)


def _options(name, value):
    if not isinstance(value, dict) or not all(isinstance(n, str) for n in value):
        raise _wrong(name, 'constants by name, such as {"par_fraction": 0.5}', value)
    Options.from_dict(value)


CHECKS = {
    "rules": _rules,
    "truth": _one_of(*TRUTHS),
    "cube": _path,
    "inputs": _inputs,
    "years": _years,
    "options": _options,
    "search_trees": _whole(1, 100_000),
    "search_depth": _whole(1, len(PREDICTORS)),
    "search_anew": _flag,
    "sr_predictors": _predictors,
    "hr_predictors": _predictors,
    "n_runs": _whole(1, 1_000_000),
    "n_trees": _whole(1, 100_000),
    "cv_folds": _whole(2, 1_000),
    "cv_trees": _whole(1, 100_000),
    "draw": _one_of(*DRAWS),
    "n_bins": _whole(1, 100_000),
    "joint": _one_of(*(m for m in METHODS if m != "difference")),
    "n_replicates": _whole(2, 100_000),
    "n_draws": _whole(100, 100_000_000),
    "correlation": _number(-1, 1),
    "spread": _one_of(*SPREADS),
    "models": _path,
    "file": _path,
    "model_name": _words,
    "driver_trees": _whole(1, 100_000),
    "rank_draws": _whole(2, 100_000),
    "n_twins": _whole(1, 100_000),
}
"""What each parameter of a notebook can be: functions of its name and value."""
