"""What is declared of the models: names, files, variables, what the paper states."""

import functools

import yaml

from soilresp.errors import ParameterError
from soilresp.paths import data_dir

__all__ = ["FLUXES", "POOLS", "GENERIC", "adapter", "adapters", "declared_models"]

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
    """The models of the paper and those at hand, from ``data/models.yaml``.

    Returns
    -------
    dict
        ``ten`` and ``at_hand``: name to name, reference, forcing, stated and
        derived totals, and how to read its files; ``conventions``: names of
        variables in files, and the layouts that several models share.
    """
    return yaml.safe_load((data_dir() / "models.yaml").read_text(encoding="utf-8"))


@functools.cache
def adapters():
    """How to read each model's files.

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
    for name, facts in declared["at_hand"].items():
        out[name] = {
            "layout": "testbed", "files": facts["files"], "notes": facts.get("note", ""),
            "reference": f"{facts['reference']}, doi:{facts['doi']}", "forcing": "CRUNCEP",
        }
    out[GENERIC] = _complete({"layout": GENERIC, "files": ["*.nc"]}, {}, conventions)
    return out


def _complete(rules, facts, conventions):
    """Rules of one model, with what all have in common."""
    doi = f", doi:{facts['doi']}" if "doi" in facts else ""
    common = {
        "simulations": [], "notes": "", "co2_mass": [],
        "reference": f"{facts.get('reference', '')}{doi}", "forcing": facts.get("forcing", ""),
    }
    out = common | rules
    out["variables"] = conventions["variables"] | rules.get("variables", {})
    return out


def adapter(name):
    """The rules of one model.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict
        See `adapters`.

    Raises
    ------
    ParameterError
        If there is none of that name.
    """
    known = adapters()
    if name not in known:
        raise ParameterError(f"Unknown adapter {name!r}; known are {', '.join(known)}.")
    return known[name]
