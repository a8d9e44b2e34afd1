"""GISTEMP v4: monthly surface temperature anomalies on a 2-degree grid.

Lenssen, N. et al. (2019), doi:10.1029/2018JD029522.
"""

import warnings
import zlib
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr

from soilresp.errors import DataError
from soilresp.grid.cells import to_standard
from soilresp.readers.archive import read_gzip

__all__ = ["read_gistemp"]

_IMPOSSIBLE = 100  # K
_FILL = 327.67
_MOST = 2_000_000_000  # bytes; 140 years have 60 million


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
    path = Path(path)
    try:
        if path.suffix == ".gz":
            store = netCDF4.Dataset(path.stem, memory=read_gzip(path, _MOST))
            source = xr.backends.NetCDF4DataStore(store)
        else:
            source = path
        with warnings.catch_warnings():
            # Times that cannot be are told of below, by the months that are missing.
            warnings.simplefilter("ignore", xr.SerializationWarning)
            opened = xr.open_dataset(source)
        with opened as data:
            if "tempanomaly" not in data:
                raise DataError(
                    f"{path}: no variable 'tempanomaly', found {sorted(data.data_vars)}. "
                    "Is this a GISTEMP gridded file?"
                )
            anomaly = data["tempanomaly"].load()
    except (OSError, EOFError, RuntimeError, ValueError, OverflowError, zlib.error) as error:
        raise DataError(
            f"{path} is not a readable NetCDF file ({error}). Fetch it again."
        ) from None
    if dict(anomaly.sizes) != {"time": anomaly.sizes.get("time"), "lat": 90, "lon": 180}:
        raise DataError(
            f"{path}: expected 'tempanomaly' by time on 90 x 180 cells of 2 degrees, got "
            f"{dict(anomaly.sizes)}. Is this a GISTEMP gridded file?"
        )
    # xarray gives `dt` to dates alone, and not to an axis without any.
    if not {"time", "lat", "lon"} <= set(anomaly.coords) or not hasattr(anomaly["time"], "dt"):
        raise DataError(
            f"{path}: 'tempanomaly' should have latitudes, longitudes and dates, found "
            f"{sorted(map(str, anomaly.coords))}. Fetch it again."
        )
    first, last = years
    months = (anomaly["time"].dt.year * 12 + anomaly["time"].dt.month - 1).values
    asked = (months >= first * 12) & (months < (last + 1) * 12)
    anomaly, months = anomaly.isel(time=np.flatnonzero(asked)), months[asked]
    wanted = np.arange(first * 12, (last + 1) * 12)
    if not np.array_equal(months, wanted):
        lacking = sorted(set(wanted.tolist()) - set(months.tolist()))
        fault = "a month is repeated or out of order"
        if lacking:
            fault = f"{lacking[0] // 12}-{lacking[0] % 12 + 1:02d} is missing"
        raise DataError(f"{path}: expected every month of {first}-{last} once, but {fault}.")
    anomaly = to_standard(anomaly.drop_vars("time").transpose("time", "lat", "lon"))
    out = xr.DataArray(
        anomaly.values.reshape(-1, 12, *anomaly.shape[1:]),
        dims=("year", "month", "lat", "lon"),
        coords={
            "year": np.arange(first, last + 1),
            "month": np.arange(1, 13),
            "lat": anomaly["lat"],
            "lon": anomaly["lon"],
        },
        name="tempanomaly",
        attrs={"units": "K", "long_name": "temperature anomaly from 1951-1980"},
    )
    return _without_fill(out, path)


def _without_fill(anomaly, path):
    """Anomalies without a fill value that no attribute declares; other values must be possible."""
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
