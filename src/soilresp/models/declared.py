"""Declarations of the models: names, files, variables, and totals that the paper states."""

import functools
from typing import NotRequired

from pydantic import StrictFloat, StrictInt
from typing_extensions import TypedDict

from soilresp.io.paths import data_dir
from soilresp.io.yaml_text import check_content, read_yaml

__all__ = ["FLUXES", "POOLS", "GENERIC", "adapters", "declared_models", "read_declared"]

FLUXES = {
    "SR": "soil respiration",
    "HR": "heterotrophic respiration",
    "AR": "autotrophic respiration below ground",
    "GPP": "gross primary production",
    "NPP": "net primary production",
}
"""Fluxes of a model: short and long name; g C m-2 yr-1 of land."""

POOLS = {"cSoil": "soil carbon", "cLitter": "litter carbon", "cRoot": "root carbon"}
"""Pools of a model: short and long name; kg C m-2 of land."""

GENERIC = "generic"
"""Name of the adapter that takes any file whose variables have well-known names."""


@functools.cache
def declared_models():
    """Read the models of the paper and those of the testbed from ``data/models.yaml``.

    Returns
    -------
    dict
        ``ten`` and ``testbed``: name to name, reference, forcing, stated and
        derived totals, and how to read its files; ``conventions``: names of
        variables in files, and the layouts that several models share.
    """
    return read_declared(data_dir() / "models.yaml")


_Number = StrictInt | StrictFloat
_Spellings = dict[str, list[str]]


class _Rules(TypedDict, total=False):
    layout: str
    variables: _Spellings
    simulations: list[str]
    co2_mass: list[str]
    notes: str


class _Output(_Rules):
    files: list[str]


class _Conventions(TypedDict):
    variables: _Spellings
    standard_names: dict[str, str]
    trendy: _Rules
    cmip: _Output


class _Totals(TypedDict, total=False):
    value: _Number
    low: _Number
    high: _Number


class _PaperModel(TypedDict):
    name: str
    reference: str
    doi: str
    forcing: str
    stated: NotRequired[dict[str, _Totals]]
    derived: NotRequired[dict[str, _Totals]]
    output: _Output


class _Variable(TypedDict):
    add: list[str]
    file_units: str
    times: _Number


class _TestbedModel(TypedDict):
    name: str
    input: str
    files: list[str]
    reference: str
    doi: str
    period: object
    ar: str
    note: NotRequired[str]
    variables: dict[str, _Variable]


class _Catalogue(TypedDict):
    conventions: _Conventions
    ten: dict[str, _PaperModel]
    testbed: dict[str, _TestbedModel]


def read_declared(path):
    """Read a catalogue of models and check its layout.

    Parameters
    ----------
    path : path-like
        ``models.yaml``.

    Returns
    -------
    dict

    Raises
    ------
    DataError
        If it is not YAML, lacks something, or has another kind of value somewhere.
    """
    way_out = "Correct it, or restore it with `git checkout data/models.yaml`."
    content = read_yaml(path, way_out)
    check_content(content, _Catalogue, path, way_out)
    return content


@functools.cache
def adapters():
    """Return the rules by which each model's files are read.

    Returns
    -------
    dict of str to dict
        The ten models of the paper, CMIP, the testbed's three and `GENERIC`.
        Keys of each: ``files`` (patterns of file names), ``variables`` (name of
        the project, or of CMIP, to the names in files, first choice first),
        ``simulations`` (which to take where a folder has several), ``notes``,
        ``reference``, ``forcing``, ``layout``.

    Examples
    --------
    >>> adapters()["CLASS-CTEM"]["files"]
    ['CLASS-CTEM_*.nc', 'CLASSIC_*.nc']
    """
    declared = declared_models()
    conventions = declared["conventions"]
    out = {}
    for name, facts in declared["ten"].items():
        out[name] = _complete(conventions["trendy"] | facts["output"], facts, conventions)
    out["CMIP"] = _complete(conventions["cmip"], {}, conventions)
    for name, facts in declared["testbed"].items():
        out[name] = {
            "layout": "testbed", "files": facts["files"], "notes": facts.get("note", ""),
            "reference": f"{facts['reference']}, doi:{facts['doi']}", "forcing": "CRUNCEP",
        }
    out[GENERIC] = _complete({"files": ["*.nc"]}, {}, conventions)
    return out


def _complete(rules, facts, conventions):
    """Rules of one model, with what all have in common."""
    doi = f", doi:{facts['doi']}" if "doi" in facts else ""
    common = {
        "layout": GENERIC, "simulations": [], "notes": "", "co2_mass": [],
        "reference": f"{facts.get('reference', '')}{doi}", "forcing": facts.get("forcing", ""),
    }
    variables = conventions["variables"] | rules.get("variables", {})
    return common | rules | {"variables": variables}
