"""GISTEMP v4: monthly surface temperature anomalies on a 2-degree grid.

Lenssen, N. et al. (2019), doi:10.1029/2018JD029522.
"""

import gzip
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr

from soilresp.errors import DataError
from soilresp.grid import to_standard

__all__ = ["read_gistemp"]


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
        If the file cannot be read, lacks ``tempanomaly``, or lacks a month of
        the years asked for.
    """
    path = Path(path)
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as packed:
                store = netCDF4.Dataset(path.stem, memory=packed.read())
            source = xr.backends.NetCDF4DataStore(store)
        else:
            source = path
        with xr.open_dataset(source) as data:
            if "tempanomaly" not in data:
                raise DataError(
                    f"{path}: no variable 'tempanomaly', found {sorted(data.data_vars)}. "
                    "Is this a GISTEMP gridded file?"
                )
            anomaly = data["tempanomaly"].load()
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{path} is not a readable NetCDF file ({error}). Fetch it again.") from None
    first, last = years
    anomaly = anomaly.sel(time=slice(f"{first}-01-01", f"{last}-12-31"))
    months = anomaly["time"].dt.year * 12 + anomaly["time"].dt.month - 1
    wanted = np.arange(first * 12, (last + 1) * 12)
    if not np.array_equal(months, wanted):
        lacking = sorted(set(wanted.tolist()) - set(months.values.tolist()))
        first_gap = f"{lacking[0] // 12}-{lacking[0] % 12 + 1:02d}" if lacking else "a repeated month"
        raise DataError(
            f"{path}: expected every month of {first}-{last} once; first fault: {first_gap}."
        )
    anomaly = to_standard(anomaly.drop_vars("time"))
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
    return out.where(np.abs(out) < 100)
