"""The benchmark as one small file that ships with the project."""

from pathlib import Path

import numpy as np
import xarray as xr

from soilresp import paths
from soilresp.data import access
from soilresp.errors import DataError
from soilresp.grid import coordinates

__all__ = ["FILE_NAME", "FLUXES", "REQUIRED", "benchmark_path", "check_benchmark", "load_benchmark"]

FILE_NAME = "soilresp_benchmark_0p5deg.nc"

FLUXES = ("SR", "HR", "AR", "HR_joint", "AR_joint")
"""Fluxes of the file, g m-2 yr-1 of carbon, of vegetated area."""

SPREADS = ("sd", "mad", "mad_scaled", "cv")

REQUIRED = (
    *FLUXES, "AR_SR", *(f"{f}_{s}" for f in ("SR", "HR") for s in SPREADS),
    "vegetated_fraction", "land_fraction", "cell_area",
)
"""Variables that a benchmark has at least; AR's spreads need records of both SR and HR."""

_ROUNDED = 1e-3
"""g m-2 yr-1 by which sums of fluxes may miss, for the digits of 32 bits."""


def benchmark_path():
    """Where the project keeps the file (`pathlib.Path`)."""
    return paths.data_dir() / "benchmark" / FILE_NAME


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
    """
    own = path is None
    path = benchmark_path() if own else Path(path)
    if not path.exists():
        raise DataError(
            f"{path} does not exist. Make it from a run with `soilresp export --run FOLDER "
            "--compact --out FOLDER`, or restore the project's copy."
        )
    try:
        with xr.open_dataset(path) as stored:
            made = stored.load()
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"{path} is not a readable NetCDF file ({error}).") from None
    check_benchmark(made, path)
    if own:
        access.tell_committed(path)
    return made


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
    missing = [v for v in REQUIRED if v not in dataset]
    if missing:
        raise DataError(f"{name} has no variable {missing[0]!r}; a benchmark has it.")
    for axis, wanted in coordinates().items():
        found = dataset[axis].values if axis in dataset.coords else np.array([])
        if found.shape != wanted.shape or not np.allclose(found, wanted, atol=1e-4):
            raise DataError(
                f"{name}: {axis} is not {wanted.values[0]:g} to {wanted.values[-1]:g} in "
                f"{wanted.size} steps. A benchmark is on the half-degree grid, from north to south."
            )
    for variable in FLUXES:
        units = dataset[variable].attrs.get("units")
        if units != "g m-2 yr-1":
            raise DataError(f"{name}: {variable} is in {units!r}; expected 'g m-2 yr-1'.")
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
