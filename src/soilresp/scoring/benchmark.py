"""Files of the benchmark that ship with the project: its climatology and its annual maps."""

from pathlib import Path

import numpy as np

from soilresp.errors import DataError
from soilresp.io import fetch as access
from soilresp.io import paths
from soilresp.readers.netcdf import open_netcdf
from soilresp.scoring.sites import check_grid

__all__ = [
    "FILE_NAME", "ANNUAL_FILE_NAME", "FLUXES", "REQUIRED", "ANNUAL", "benchmark_path",
    "annual_path", "check_benchmark", "load_benchmark", "load_annual",
]

FILE_NAME = "soilresp_benchmark_0p5deg.nc"

ANNUAL_FILE_NAME = "soilresp_annual_0p5deg.nc"

FLUXES = ("SR", "HR", "AR", "HR_joint", "AR_joint")
"""Fluxes of the file, g m-2 yr-1 of carbon, of vegetated area."""

REQUIRED = (
    *FLUXES, "AR_SR", "SR_sd", "SR_mad", "SR_mad_scaled", "SR_cv", "HR_sd", "HR_mad",
    "HR_mad_scaled", "HR_cv", "vegetated_fraction", "land_fraction", "cell_area",
)
"""Variables that a benchmark has at least; AR's spreads need records of both SR and HR."""

ANNUAL = {
    "SR": "g m-2 yr-1", "HR": "g m-2 yr-1", "SR_di": "1", "HR_di": "1",
    "vegetated_fraction": "1", "land_fraction": "1", "cell_area": "m2",
}
"""Variables, with their units, that a file of annual maps has at least; AR is SR - HR."""

_ROUNDED = 1e-3
"""g m-2 yr-1 by which sums of fluxes may miss, for the digits of 32 bits."""


def benchmark_path():
    """Return the path of the file that ships with the project (`pathlib.Path`)."""
    return paths.data_dir() / "benchmark" / FILE_NAME


def annual_path():
    """Return the path of the annual maps that ship with the project (`pathlib.Path`)."""
    return benchmark_path().with_name(ANNUAL_FILE_NAME)


def load_benchmark(path=None):
    """Read a benchmark file.

    Parameters
    ----------
    path : path-like, optional
        Default: the one that ships with the project.

    Returns
    -------
    xarray.Dataset, dims (lat, lon)
        ``SR``, ``HR``, ``AR`` and the fluxes that are possible together, ``HR_joint`` and
        ``AR_joint``, g m-2 yr-1 of carbon, of *vegetated* area; ``AR_SR``; ``_sd``, ``_mad``,
        ``_mad_scaled`` (g m-2 yr-1) and ``_cv`` (%) of SR and HR, and of AR unless the file
        comes from a twin experiment; ``vegetated_fraction``, ``land_fraction`` (of the cell)
        and ``cell_area`` (m2).

    Raises
    ------
    DataError
        If the file is missing, cannot be read, or is not laid out so.

    Examples
    --------
    >>> load_benchmark()["SR"].attrs["units"]
    'g m-2 yr-1'
    """
    file = benchmark_path() if path is None else Path(path)
    with open_netcdf(file) as stored:
        made = stored.load()
    check_benchmark(made, file)
    if path is None:
        access.note_committed(file)
    return made


def load_annual(path=None):
    """Read a file of the benchmark's annual maps.

    Parameters
    ----------
    path : path-like, optional
        Default: the one that ships with the project.

    Returns
    -------
    xarray.Dataset, dims (year, lat, lon)
        ``SR`` and ``HR``, g m-2 yr-1 of carbon, of *vegetated* area (AR is SR - HR), each as
        precise as its attribute ``rounded_to`` says; without years, the dissimilarity indices
        ``SR_di`` and ``HR_di``, whether a cell is inside the area of applicability
        (``SR_inside``, ``HR_inside``: 1, 0, or NaN), ``vegetated_fraction``, ``land_fraction``
        (of the cell) and ``cell_area`` (m2).

    Raises
    ------
    DataError
        If the file is missing, cannot be read, or is not laid out so.
    """
    path = annual_path() if path is None else Path(path)
    with open_netcdf(path) as stored:
        made = stored.load()
    _check_layout(made, path, (*ANNUAL, "SR_inside", "HR_inside", "time"), ANNUAL)
    for variable in ("SR", "HR"):
        dims = made[variable].dims
        if dims != ("time", "lat", "lon"):
            raise DataError(f"{path}: {variable} has dimensions {dims}; expected time, lat, lon.")
    years = made["time"].dt.year.values
    made = made.drop_vars([v for v in made.variables if v.endswith("_bnds")])
    return made.assign_coords(time=years).rename(time="year")


def _check_layout(dataset, name, variables, units):
    """Refuse a dataset that lacks a variable, or has another grid or units."""
    missing = [v for v in variables if v not in dataset]
    if missing:
        raise DataError(f"{name} has no variable {missing[0]!r}, which such a file needs.")
    check_grid(dataset, name)
    for variable, unit in units.items():
        found = dataset[variable].attrs.get("units")
        if found != unit:
            raise DataError(f"{name}: {variable} is in {found!r}; expected {unit!r}.")


def check_benchmark(dataset, name="The benchmark"):
    """Refuse a dataset that is not laid out as a benchmark.

    Parameters
    ----------
    dataset : xarray.Dataset
    name : str or path-like
        What to call it in a message.

    Raises
    ------
    DataError
        If a variable is missing, the grid is another one, a flux has another unit or is
        beyond reason, or HR_joint and AR_joint do not make up SR.
    """
    _check_layout(dataset, name, REQUIRED, dict.fromkeys(FLUXES, "g m-2 yr-1"))
    for variable in ("vegetated_fraction", "land_fraction"):
        values = dataset[variable].values
        if not ((values >= -1e-6) & (values <= 1 + 1e-6)).all():
            raise DataError(f"{name}: {variable} is not within 0 to 1 everywhere.")
    sr, hr, ar = (dataset[v].values for v in ("SR", "HR_joint", "AR_joint"))
    known = np.isfinite(sr)
    if not known.any():
        raise DataError(f"{name}: SR has no value.")
    whole = np.abs(hr + ar - sr)[known] <= _ROUNDED
    if not (whole.all() and (hr[known] >= 0).all() and (ar[known] >= 0).all()):
        raise DataError(
            f"{name}: HR_joint and AR_joint are not two parts of SR in every cell. "
            "Make the file again with `soilresp export --compact`."
        )
