"""Files of one model, or of the members of an ensemble, and the members' mean."""

import re

import xarray as xr

from soilresp.models import clean_name, read_model
from soilresp.models.files import files_at
from soilresp.scoring.maps import FLUXES, climatological_mean

__all__ = ["ensemble_mean", "group_files", "read_members"]

_DATES = re.compile(r"\d{4,8}(-\d{4,8})?")
_VARIABLE_WORDS = {
    "rh", "ra", "arh", "raroot", "rhsoil", "rhlitter", "raleaf", "rastem", "raother", "rs", "sr",
    "hr", "ar", "npp", "gpp", "nbp", "croot", "csoil", "clitter", "cveg", "areacella", "sftlf",
    "monthly", "annual", "lmon", "emon", "fx", "soilr", "landfrac", "oceancoverfrac",
}


def group_files(files):
    """Sort files into models by what their names have in common.

    Words for a variable and dates are left out of a name; files whose names are then
    the same belong to one model, whether they are parts in time or variables.

    Parameters
    ----------
    files : path-like or list of path-like
        NetCDF files and folders of them.

    Returns
    -------
    dict of str to list of pathlib.Path
        Name of the model to its files.

    Raises
    ------
    DataError
        If a path does not exist, or there is no NetCDF file.
    """
    models = {}
    for path in files_at(files):
        words = path.name.split(".nc")[0].split("_")
        kept = [w for w in words if w.lower() not in _VARIABLE_WORDS and not _DATES.fullmatch(w)]
        models.setdefault("_".join(kept) or "model", []).append(path)
    return models


def read_members(files, name=None, variables=None, period=(1982, 2012)):
    """Read the files of one model, or of the members of an ensemble.

    Parameters
    ----------
    files : path-like or list of path-like
        NetCDF files and folders of them; several models are the members of an ensemble.
    name : str, optional
        Of a single model. Default: what its files say.
    variables : mapping of str to str, optional
        See `soilresp.models.read_model`.
    period : tuple of int
        First and last year.

    Returns
    -------
    dict of str to xarray.Dataset
        Output by name of the model; that of several members is averaged over the years,
        which would not fit into memory.

    Raises
    ------
    DataError
        If a file is missing or cannot be read; see `soilresp.models.read_model`.
    """
    groups, models = group_files(files), {}
    single = len(groups) == 1
    for group, own in groups.items():
        called = name if single else None
        output = read_model(own, variables=variables, period=period, name=called)
        label = called or output.attrs["model"] or clean_name(group)
        models[group if label in models else label] = (
            output if single else climatological_mean(output)
        )
    return models


def ensemble_mean(models, name):
    """Average the members' carbon per m2 of cell over their mean land fraction.

    Parameters
    ----------
    models : mapping of str to xarray.Dataset
        Outputs as `soilresp.models.read_model` returns them.
    name : str
        Of the ensemble.

    Returns
    -------
    xarray.Dataset, dims (lat, lon)
        g C m-2 yr-1 of land; a flux is the mean of the members that have it.
    """
    land = sum(m["land_fraction"] for m in models.values()) / len(models)
    out = xr.Dataset({"land_fraction": land}, attrs={
        "model": name, "period": "", "how_ar": "as each member has it", "reference": "",
        "source_file": f"{len(models)} members",
        "choices": "Members: " + ", ".join(
            f"{m} ({', '.join(v for v in FLUXES if v in d)})" for m, d in models.items()
        ) + ".",
    })
    for flux in FLUXES:
        amounts = [
            (climatological_mean(m[flux]) * m["land_fraction"]).fillna(0)
            for m in models.values() if flux in m
        ]
        if amounts:
            out[flux] = (sum(amounts) / len(amounts) / land).where(land > 0)
    return out
