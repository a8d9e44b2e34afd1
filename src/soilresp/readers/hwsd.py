"""Read HWSD v1.2 topsoil (0-30 cm) properties at 0.05 degree, as ORNL DAAC 1247 has them.

Wieder, W. R. et al. (2014), doi:10.3334/ORNLDAAC/1247.
"""

import numpy as np
import xarray as xr

from soilresp.errors import DataError
from soilresp.grid.cells import block_mean, coordinates, to_standard
from soilresp.readers.netcdf import open_netcdf, variable_of

__all__ = ["TOPSOIL_DEPTH", "read_soil_carbon"]

TOPSOIL_DEPTH = 0.3
"""Depth of the topsoil layer, m."""


def read_soil_carbon(organic_carbon, bulk_density):
    """Read soil organic carbon of the topsoil on the half-degree grid.

    Carbon content (percent of weight) times bulk density (kg dm-3) times
    depth, formed at 0.05 degree and then averaged over the land of each cell.

    Parameters
    ----------
    organic_carbon, bulk_density : path-like
        ``T_OC.nc4`` and ``T_BULK_DEN.nc4``.

    Returns
    -------
    xarray.DataArray
        Dimensions ``(lat, lon)``, kg m-2; NaN where the map has no soil.

    Raises
    ------
    DataError
        If a file cannot be read or is not on the 0.05-degree grid.
    """
    grid = coordinates()
    mean = np.full((grid["lat"].size, grid["lon"].size), np.nan)
    bands = zip(_bands(organic_carbon, "T_OC"), _bands(bulk_density, "T_BULK_DEN"), strict=True)
    for (north, percent), (_, density) in bands:
        # percent/100 * (kg dm-3 = 1000 kg m-3) * m
        carbon = block_mean(percent * density * (10 * TOPSOIL_DEPTH), 10)
        first = round((grid["lat"].values[0] - north) / 0.5)
        mean[first : first + len(carbon)] = carbon
    attrs = {
        "units": "kg m-2", "long_name": "soil organic carbon, 0-30 cm",
        "source": "HWSD v1.2 (ORNL DAAC 1247)",
    }
    return xr.DataArray(mean, grid, ("lat", "lon"), "SOC", attrs)


_ROWS = 300
"""Rows of the map that are read at a time; the whole of it would take a gigabyte."""


def _bands(path, variable):
    """Yield the bands of the map in the order of its rows: northernmost cell, and values."""
    with open_netcdf(path) as data:
        field = variable_of(data, variable, path)
        if dict(field.sizes) != {"lat": 3600, "lon": 7200}:
            raise DataError(
                f"{path}: expected {variable} on the 0.05-degree grid (lat 3600, lon 7200), "
                f"got {dict(field.sizes)}. Give the publisher's global file."
            )
        for start in range(0, field.sizes["lat"], _ROWS):
            band = to_standard(field.isel(lat=slice(start, start + _ROWS)).load())
            # -1 means missing, which the file does not declare as a fill value.
            values = np.where(band.values < 0, np.nan, band.values)
            yield float(band["lat"][:10].mean()), values
