"""The compact benchmark that ships with the project."""

from pathlib import Path

import xarray as xr

from soilresp.errors import DataError
from soilresp.paths import data_dir

__all__ = ["FILE", "load_benchmark"]

FILE = "benchmark/soilresp_benchmark_0p5deg.nc"
"""Place of the benchmark in the folder of committed data."""

_NEEDED = ("SR", "HR", "AR", "vegetated_fraction", "land_fraction", "cell_area")


def load_benchmark(path=None):
    """Read the benchmark: SR, HR and AR per m2 of vegetated area, with their uncertainty.

    Parameters
    ----------
    path : path-like, optional
        Default: the file that ships with the project.

    Returns
    -------
    xarray.Dataset
        Dims (lat, lon), g C m-2 yr-1; ``vegetated_fraction``, ``land_fraction`` and
        ``cell_area``, m2.

    Raises
    ------
    DataError
        If the file is missing, damaged, or lacks a variable.
    """
    path = Path(path) if path is not None else data_dir() / FILE
    try:
        with xr.open_dataset(path) as stored:
            fields = stored.load()
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing. Give the benchmark's file, or make it with `soilresp export`."
        ) from None
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"{path} is not a readable NetCDF file ({error}).") from None
    lacking = [v for v in _NEEDED if v not in fields]
    if lacking:
        raise DataError(f"{path} is not in the benchmark's layout: it lacks {', '.join(lacking)}.")
    return fields
