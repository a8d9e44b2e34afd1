"""Read GIMMS LAI4g v1.2: half-monthly leaf area index at 1/12 degree, 1982-2020.

Cao, S. et al. (2023), doi:10.5194/essd-15-4877-2023; files at doi:10.5281/zenodo.8281930,
by decade: ``GIMMS_LAI4g_V1.2_YYYYMM01.tif`` is the first half of a month (days 1 to 15),
``...02.tif`` the second. Each GeoTIFF has 2160 x 4320 cells from 90 N, 180 W on and two
bands of 16-bit whole numbers: leaf area index times 1000, 65535 where there is none (water,
and land without vegetation), and a quality flag (0 good, 1 spline, 2 seasonal profile,
3 missing), which is not used: the product is filled and the flag says how.

The layout is as its authors' own scripts read it; the full product was not exercised.
"""

import calendar
from datetime import date

import xarray as xr

from soilresp.errors import DataError
from soilresp.readers.lai import LARGEST_LAI, monthly_means, scale
from soilresp.readers.raster import check_global, open_geotiff

__all__ = ["FILL", "SCALE", "read_gimms_lai4g", "read_gimms_composite"]

FILL = 65535
"""Stored number where there is no leaf area index."""

SCALE = 0.001
"""Leaf area index of a stored 1, m2 m-2."""

_PATTERN = r"^GIMMS_LAI4g.*_(\d{4})(\d{2})(\d{2})\.tif$"


def read_gimms_lai4g(source, years):
    """Read monthly means of GIMMS LAI4g on the half-degree grid.

    Parameters
    ----------
    source : path-like or iterable of path-like
        Folder of the publisher's files (folders in it are searched too), or
        the files. Either the consolidated or the AVHRR-only version.
    years : (int, int)
        First and last year. A year takes 12 MB; ask for one at a time where
        memory is short.

    Returns
    -------
    xarray.DataArray of float32
        Dimensions ``(year, month, lat, lon)``, m2 m-2; means over the cells
        with a value, the halves of a month weighted by their days.

    Raises
    ------
    DataError
        If rasterio is not installed, half a month is missing or there twice,
        or a file is damaged, on another grid, or has values out of range.
    """
    return monthly_means(
        source, years, "GIMMS_LAI4g*.tif", _PATTERN, _span, read_gimms_composite, "GIMMS LAI4g"
    )


def read_gimms_composite(path):
    """Read half a month on the product's own grid.

    Parameters
    ----------
    path : path-like
        GeoTIFF of the whole globe; its rows give the size of a cell.

    Returns
    -------
    xarray.DataArray of float32
        Dimensions ``(lat, lon)``, m2 m-2, NaN for no data.

    Raises
    ------
    DataError
        If the file is damaged, on another grid, or has values out of range.
    """
    with open_geotiff(path) as raster:
        grid = check_global(raster, path)
        stored = raster.read(1)
    lai = scale(stored, SCALE, FILL, (0, round(LARGEST_LAI / SCALE)), path)
    return xr.DataArray(lai, grid, ("lat", "lon"), "LAI", {"units": "m2 m-2"})


def _span(key, path):
    """Return the first and last day of a half month, from year, month and half."""
    year, month, half = int(key[:4]), int(key[4:6]), int(key[6:])
    if not 1 <= month <= 12 or half not in (1, 2):
        raise DataError(
            f"{path} is named for half {half} of month {month}; expected halves 01 and 02 of "
            "months 01 to 12."
        )
    if half == 1:
        return date(year, month, 1), date(year, month, 15)
    return date(year, month, 16), date(year, month, calendar.monthrange(year, month)[1])
