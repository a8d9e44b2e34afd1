"""Search for the variables of a model in its files."""

import contextlib
import fnmatch
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from soilresp.errors import DataError, ParameterError
from soilresp.models.declared import FLUXES, GENERIC, POOLS, adapters, declared_models
from soilresp.readers.netcdf import open_netcdf

__all__ = ["Inventory", "files_at", "inventory", "opened", "recognise"]

_SUFFIXES = ("*.nc", "*.nc4", "*.nc.gz")
_SIMULATION = re.compile(r"(?:^|[_.])(S[0-9])(?=[_.])", re.IGNORECASE)
_CMIP_NAME = re.compile(r"^(?P<var>\w+?)_(?P<table>[A-Za-z0-9]+)_(?P<model>[^_]+)_")
_MANY = 20  # rows from which on a grid of three degrees is no region
_OURS = {"SR": "rs", "HR": "rh", "AR": "raRoot", "GPP": "gpp", "NPP": "npp"}


@dataclass
class Inventory:
    """Variables found in the files of one model.

    Attributes
    ----------
    sources : dict of str to list of (pathlib.Path, str)
        Variable, by its name in CMIP, to files and the name in each.
    fixed : list of pathlib.Path
        Files that may hold land fraction or cell area: all of them.
    notes : list of str
        What was decided.
    """

    sources: dict = field(default_factory=dict)
    fixed: list = field(default_factory=list)
    notes: list = field(default_factory=list)


def files_at(path):
    """List the NetCDF files of a path: a file, several, or a folder.

    Parameters
    ----------
    path : path-like or list of path-like

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    DataError
        If a path does not exist or a folder holds no NetCDF file.
    """
    given = [path] if isinstance(path, (str, Path)) else list(path)
    found = []
    for one in map(Path, given):
        if not one.exists():
            raise DataError(f"{one} does not exist. Give NetCDF files of a model, or their folder.")
        if one.is_dir():
            inside = sorted({f for suffix in _SUFFIXES for f in one.rglob(suffix)})
            if not inside:
                raise DataError(f"{one} holds no NetCDF file (*.nc). Give the model's folder.")
            found += inside
        else:
            found.append(one)
    if not found:
        raise DataError("No path of a model's output was given.")
    return found


def matches(file, patterns):
    """Return True if the name of a file fits one of the patterns, in any case (bool)."""
    name = file.name.lower().removesuffix(".gz")
    return any(fnmatch.fnmatchcase(name, p.lower()) for p in patterns)


def recognise(files):
    """Find the adapter whose file names these are.

    Parameters
    ----------
    files : list of pathlib.Path

    Returns
    -------
    str
        `GENERIC` if there is none, or more than one.
    """
    known = {
        name for file in files for name, rules in adapters().items()
        if name != GENERIC and matches(file, rules["files"])
    }
    if len(known) != 1 or not all(
        matches(f, adapters()[next(iter(known))]["files"] + ["sftlf_*", "areacella_*"])
        for f in files
    ):
        return GENERIC
    return known.pop()


@contextlib.contextmanager
def opened(path):
    """Open a file with its dimensions named ``lat``, ``lon`` and, if there is one, ``time``.

    Parameters
    ----------
    path : path-like

    Yields
    ------
    xarray.Dataset
        Not decoded in time.

    Raises
    ------
    DataError
        If it cannot be read, or has no latitude and longitude of one dimension each.
    """
    with open_netcdf(path, decode_times=False) as data:
        names = {}
        for kind, spelt, units in (
            ("lat", ("lat", "latitude", "nav_lat"), "degrees_north"),
            ("lon", ("lon", "longitude", "nav_lon"), "degrees_east"),
            ("time", ("time", "year", "years", "t"), None),
        ):
            for name in data.variables:
                attrs = data[name].attrs
                if str(name).lower() in spelt or (units and attrs.get("units") == units):
                    names.setdefault(kind, name)
        for kind in ("lat", "lon"):
            if kind not in names or data[names[kind]].ndim != 1:
                raise DataError(
                    f"{path} has no {kind} of one dimension; expected a latitude-longitude grid. "
                    "Regrid the output to one first."
                )
        if "time" in names and data[names["time"]].ndim > 1:
            del names["time"]
        swaps = {data[old].dims[0]: kind for kind, old in names.items() if data[old].ndim}
        renamed = data.rename({d: k for d, k in swaps.items() if d != k and k not in data.dims})
        for kind, old in names.items():
            if old in renamed.variables and old != kind:
                renamed = renamed.drop_vars(kind, errors="ignore").rename({old: kind})
            if kind in renamed.data_vars:
                renamed = renamed.set_coords(kind)
        try:
            renamed = renamed.assign_coords({k: renamed[k].astype(float) for k in ("lat", "lon")})
        except (ValueError, TypeError):
            raise DataError(
                f"{path}: lat or lon holds words; expected degrees as numbers. Write them so."
            ) from None
        _check_axes(renamed, path)
        yield renamed


def _check_axes(data, path):
    """Refuse centres of cells that are no degrees on a globe."""
    for name, low, high in (("lat", -90, 90), ("lon", -360, 540)):
        values = data[name].values
        if values.ndim != 1 or len(values) < 2:
            raise DataError(
                f"{path}: {name} has {values.size} values, which make no grid; expected centres "
                "of the cells of a map. Give the model's gridded output."
            )
        if not np.isfinite(values).all():
            raise DataError(
                f"{path}: {name} is missing or infinite at its step "
                f"{int(np.argmin(np.isfinite(values)))}; "
                "expected degrees throughout. Correct the coordinate."
            )
        if values.min() < low - 1e-6 or values.max() > high + 1e-6:
            raise DataError(
                f"{path}: {name} runs from {values.min():g} to {values.max():g}; expected {low} to "
                f"{high} degrees. Correct the coordinate."
            )
        steps = np.diff(values)
        if not ((steps > 0).all() or (steps < 0).all()):
            raise DataError(
                f"{path}: {name} neither rises nor falls throughout; expected a sorted grid. Sort "
                "it, with the values."
            )
    lat, lon = data["lat"].values, data["lon"].values
    if len(lat) > _MANY and np.abs(lat).max() <= np.pi / 2 and np.ptp(lon) <= 2 * np.pi:
        raise DataError(
            f"{path}: lat runs from {lat.min():.3g} to {lat.max():.3g}, lon from {lon.min():.3g} "
            f"to {lon.max():.3g}, which look like radians; expected degrees. Convert them."
        )


def inventory(files, rules, variables=None):
    """Find the variables of a model in its files.

    Parameters
    ----------
    files : list of pathlib.Path
    rules : dict
        Of `soilresp.models.adapters`.
    variables : mapping of str to str, optional
        Name in the files to name of the project (SR, HR, ...) or of CMIP (ra,
        raRoot, ...): these and no others are read.

    Returns
    -------
    Inventory

    Raises
    ------
    DataError
        If nothing known is in the files, or what was asked for is not.
    """
    known = [*FLUXES, *POOLS, *rules["variables"]]
    for name, flux in (variables or {}).items():
        if flux not in known:
            raise ParameterError(
                f"Variable {name}={flux}: {flux!r} is no flux or pool. Choose from "
                f"{', '.join(dict.fromkeys(known))}."
            )
    out = Inventory()
    chosen = [f for f in files if matches(f, rules["files"])] or files
    chosen = _one_simulation(chosen, rules, out.notes)
    out.fixed = chosen + [f for f in files if matches(f, ["sftlf*", "areacella*"])]
    out.fixed += _beside(chosen)
    out.fixed = list(dict.fromkeys(out.fixed))
    found = {}
    for file in chosen:
        with opened(file) as data:
            for name in data.data_vars:
                if {"lat", "lon"} <= set(data[name].dims):
                    for role, rank in _roles(name, data[name].attrs, rules, variables):
                        found.setdefault(role, {}).setdefault(rank, []).append((file, name))
    for role, by_rank in found.items():
        first = min(by_rank)
        out.sources[role] = by_rank[first]
        if len(by_rank) > 1:
            out.notes.append(f"{role}: {by_rank[first][0][1]} taken of several variables.")
    wanted = {_OURS.get(v, v) for v in (variables or {}).values()}
    lacking = sorted(wanted - set(out.sources)) or (not out.sources and ["rh"])
    if lacking:
        where = ", ".join(f.name for f in chosen[:3]) + (" ..." if len(chosen) > 3 else "")
        raise DataError(
            f"{where}: none of the variables is {', '.join(lacking)}. Say which is which "
            "(variables={'name in file': 'HR'}, or --var name=HR)."
        )
    return out


def _roles(name, attrs, rules, variables):
    """Yield what a variable is, by CMIP's names, and the rank of its name (0 is best)."""
    if variables is not None:
        if name in variables:
            yield _OURS.get(variables[name], variables[name]), 0
        return
    by_standard = declared_models()["conventions"]["standard_names"]
    for role, spelt in rules["variables"].items():
        lower = [s.lower() for s in spelt]
        if str(name).lower() in lower:
            yield role, lower.index(str(name).lower())
            return
    role = by_standard.get(attrs.get("standard_name"))
    if role is not None:
        yield role, 99


def _one_simulation(files, rules, notes):
    """Files of the simulation that comes first in the rules, where there are several."""
    by_simulation = {}
    for file in files:
        match = _SIMULATION.search(file.name)
        by_simulation.setdefault(match[1].upper() if match else "", []).append(file)
    named = [s for s in by_simulation if s]
    if not rules["simulations"] or not named:
        return files
    first = next((s for s in rules["simulations"] if s in named), sorted(named)[0])
    others = sorted(set(named) - {first})
    notes.append(
        f"Simulation {first}" + (f" (also there: {', '.join(others)})." if others else ".")
    )
    return sorted(by_simulation[first] + by_simulation.get("", []))


def _beside(files):
    """CMIP's files of land fraction and cell area in the folder of a file."""
    out = []
    for file in files:
        match = _CMIP_NAME.match(file.name)
        if match:
            for name in ("sftlf", "areacella"):
                out += sorted(file.parent.glob(f"{name}_*_{match['model']}_*.nc"))
    return out
