"""Check the types and bounds of the notebooks' parameters."""

import reprlib
from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import AfterValidator, Field, StringConstraints

from soilresp.covariates.build import Options
from soilresp.covariates.recipes import PREDICTORS
from soilresp.errors import ParameterError
from soilresp.io import paths, registry
from soilresp.records.corrections import KNOWN
from soilresp.records.selection import Selection
from soilresp.records.twin import TRUTHS
from soilresp.upscaling.joint import METHODS
from soilresp.upscaling.sampling import SAMPLINGS

__all__ = ["CHECKS", "check_values"]


def _whole(low, high):
    return Annotated[int, Field(strict=True, ge=low, le=high)]


def _distinct(predictors):
    if len(set(predictors)) < len(predictors):
        raise ValueError("Each predictor can be given once")
    return predictors


def _in_order(years):
    if years[0] > years[1]:
        raise ValueError("The first year must come before the last")
    return years


def _existing(value):
    try:
        # A notebook runs in its own folder.
        exists = str(value) and (paths.notebooks_dir() / Path(value).expanduser()).exists()
    # Too long, a NUL in it, "~" of nobody: no such file can be.
    except (OSError, ValueError, RuntimeError):
        exists = False
    if not exists:
        raise ValueError("No such file or folder; a relative path starts at the notebooks")
    return value


def _registered(inputs):
    for name in inputs:
        registry.entry(name)
    return inputs


_Text = Annotated[str, StringConstraints(strict=True, min_length=1, strip_whitespace=True)]
_File = Annotated[str | Path, AfterValidator(_existing)]
_Predictors = Annotated[
    list[Literal[tuple(PREDICTORS)]], Field(min_length=1), AfterValidator(_distinct)
]
_Year = _whole(1850, 2100)
_Named = Annotated[dict[str, object], Field(strict=True)]

CHECKS = {
    "rules": Annotated[_Named, AfterValidator(Selection.from_dict)],
    "corrections": Literal[KNOWN] | _File,
    "truth": Literal[tuple(TRUTHS)],
    "cube": _File,
    "inputs": Annotated[dict[str, _File], Field(min_length=1), AfterValidator(_registered)],
    "years": Annotated[tuple[_Year, _Year], AfterValidator(_in_order)],
    "options": Annotated[_Named, AfterValidator(Options.from_dict)],
    "search_trees": _whole(1, 100_000),
    "search_depth": _whole(1, len(PREDICTORS)),
    "search_anew": pydantic.StrictBool,
    "sr_predictors": _Predictors,
    "hr_predictors": _Predictors,
    "n_runs": _whole(1, 1_000_000),
    "n_trees": _whole(1, 100_000),
    "cv_folds": _whole(2, 1_000),
    "cv_trees": _whole(1, 100_000),
    "sampling": Literal[tuple(SAMPLINGS)],
    "n_bins": _whole(1, 100_000),
    "joint": Literal[tuple(m for m in METHODS if m != "difference")],
    "n_replicates": _whole(2, 100_000),
    "n_draws": _whole(100, 100_000_000),
    "correlation": Annotated[float, Field(strict=True, ge=-1, le=1)],
    "spread": Literal["studies", "all", "cells"],
    "models": _File,
    "file": _File,
    "model_name": _Text,
    "driver_trees": _whole(1, 100_000),
    "rank_draws": _whole(2, 100_000),
    "n_twins": _whole(1, 100_000),
}
"""Type of each parameter of the notebooks."""

_ADAPTERS = {}


def check_values(parameters):
    """Refuse values that no notebook can work with.

    Parameters
    ----------
    parameters : dict
        Values by name. None stands for the default and is always right; a name that is not
        in `CHECKS` passes.

    Raises
    ------
    ParameterError
        At the first wrong value: its name, what is expected, and the value.

    Examples
    --------
    >>> check_values({"n_runs": 20, "sampling": "area", "years": [1990, 2012]})
    """
    for name, value in parameters.items():
        if value is None or name not in CHECKS:
            continue
        if name not in _ADAPTERS:
            _ADAPTERS[name] = pydantic.TypeAdapter(CHECKS[name])
        try:
            _ADAPTERS[name].validate_python(value)
        except pydantic.ValidationError as error:
            fault = error.errors(include_url=False)[0]
            what = fault["msg"].removeprefix("Value error, ")
            raise ParameterError(
                f"Parameter {name}: {what}, got {reprlib.repr(value)}. Correct it, or leave it "
                "out for the default."
            ) from None
