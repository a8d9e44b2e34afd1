"""Cell bounds and NetCDF encoding by the CF conventions, for every file that is written."""

import numpy as np

from soilresp.grid.cells import cell_edges
from soilresp.io.files import write_aside

__all__ = ["FILL", "ORIGIN", "encoding", "with_bounds", "write_netcdf"]

FILL = np.float32(9.969209968386869e36)
"""Value of missing data: the default of NetCDF for 32-bit numbers."""

ORIGIN = "1850-01-01"
"""Day that times count from."""


def with_bounds(dataset):
    """Describe latitude and longitude and add the bounds of the cells.

    Parameters
    ----------
    dataset : xarray.Dataset
        Dimensions ``lat`` and ``lon``, degrees.

    Returns
    -------
    xarray.Dataset
        With ``lat_bnds`` and ``lon_bnds``.
    """
    made = dataset.copy()
    for name, axis, words, units in (
        ("lat", "Y", "latitude", "degrees_north"), ("lon", "X", "longitude", "degrees_east"),
    ):
        edges = cell_edges(made[name].values)
        made[f"{name}_bnds"] = (name, "nv"), np.column_stack([edges[:-1], edges[1:]])
        made[name].attrs = {
            "standard_name": words, "long_name": words, "units": units, "axis": axis,
            "bounds": f"{name}_bnds",
        }
    return made


def encoding(dataset, fill=FILL, **options):
    """Return the encoding of each variable; bounds and coordinates have no missing values.

    Parameters
    ----------
    dataset : xarray.Dataset
    fill : numpy.float32
        Value of missing numbers; flags have -1.
    **options
        For each map, such as ``zlib``.

    Returns
    -------
    dict of str to dict
    """
    out = {}
    for name, variable in dataset.variables.items():
        if variable.encoding.get("dtype") == "int16":
            out[name] = dict(variable.encoding)
        elif not {"lat", "lon"} <= set(variable.dims) or name == "cell_area":
            out[name] = {"_FillValue": None}
        else:
            missing = fill if variable.dtype.kind == "f" else np.int8(-1)
            out[name] = {"_FillValue": missing.astype(variable.dtype)}
        if {"lat", "lon"} <= set(variable.dims):
            out[name] |= options
    return out


def write_netcdf(dataset, path, complevel=4, fill=FILL, format="NETCDF4"):
    """Write a compressed NetCDF file, whole or not at all.

    Parameters
    ----------
    dataset : xarray.Dataset
    path : path-like
    complevel : int
        Level of compression, 1 to 9.
    fill : numpy.float32
        Value of missing numbers.
    format : str
        Of `xarray.Dataset.to_netcdf`.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    described = encoding(dataset, fill, zlib=True, complevel=complevel, shuffle=True)
    with write_aside(path) as aside:
        dataset.to_netcdf(aside, encoding=described, engine="netcdf4", format=format)
