"""Read GISTEMP v4: monthly surface temperature anomalies on a 2-degree grid.

Lenssen, N. et al. (2019), doi:10.1029/2018JD029522.
"""

from pathlib import Path

import numpy as np

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.readers.netcdf import on_grid, pick, read_months

__all__ = ["read_gistemp"]

_IMPOSSIBLE = 100  # K
_FILL = 327.67
_LAT, _LON = (axis.values for axis in coordinates(2.0).values())


def read_gistemp(path, years):
    """Read temperature anomalies relative to 1951-1980.

    Parameters
    ----------
    path : path-like
        The publisher's ``gistemp1200_GHCNv4_ERSSTv5.nc``, or its ``.gz``.
    years : (int, int)
        First and last year.

    Returns
    -------
    xarray.DataArray
        Dimensions ``(year, month, lat, lon)``, K, on the 2-degree grid from
        north to south and 180 W to 180 E; NaN where there is no estimate.

    Raises
    ------
    DataError
        If the file cannot be read, lacks ``tempanomaly``, is not on the 2-degree
        grid, or lacks or repeats a month of the years asked for.
    """
    def read(data, path):
        return on_grid(pick(data, "tempanomaly", "K", path), _LAT, _LON, path)

    out = read_months([Path(path)], years, read)
    out.name = "tempanomaly"
    out.attrs = {"units": "K", "long_name": "temperature anomaly from 1951-1980"}
    return _without_fill(out, path)


def _without_fill(anomaly, path):
    """Mask a fill value that no attribute declares, and refuse impossible values."""
    size = np.abs(anomaly)
    wrong = (size >= _IMPOSSIBLE) & (np.abs(size - _FILL) > 0.01)
    if bool(wrong.any()):
        raise DataError(
            f"{path}: 'tempanomaly' is up to {float(size.where(wrong).max()):g} K; expected less "
            f"than {_IMPOSSIBLE:g} K, a departure from a mean. Are these absolute temperatures? "
            "Use the publisher's own file."
        )
    kept = anomaly.where(size < _IMPOSSIBLE)
    if not bool(kept.notnull().any()):
        raise DataError(f"{path}: 'tempanomaly' has no value in these years. Fetch it again.")
    return kept
