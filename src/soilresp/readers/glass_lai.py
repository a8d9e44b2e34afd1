"""Read GLASS leaf area index from AVHRR: 8-day composites at 0.05 degree, 1981-2018.

Xiao, Z. et al. (2016), doi:10.1109/TGRS.2016.2560522; Liang, S. et al. (2021),
doi:10.1175/BAMS-D-18-0341.1. One HDF-EOS2 file a composite,
``GLASS01B02.V40.AYYYYDDD.YYYYDDD.hdf`` (year and day of year of the first day, then the
date of production): dataset ``LAI`` of the grid ``GLASS01B02``, 3600 x 7200 16-bit whole
numbers from 90 N, 180 W on, with the attributes ``scale_factor`` 0.01, ``add_offset`` 0,
``_FillValue`` 2550 and ``valid_range`` 0, 1000. A year has 46 composites that start on days
1, 9 ... 361; the last ends with the year.

The 0.05-degree version from MODIS (``GLASS01B01``, 8-bit numbers, scale 0.1) has the same
layout and is read as its attributes say.

The layout is as other readers of these files have it (NASA's Land Information System and
published scripts); the full product was not exercised.
"""

import re
from datetime import date, timedelta

import numpy as np
import xarray as xr

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.readers.lai import monthly_means, scale
from soilresp.readers.raster import read_hdf4

__all__ = ["read_glass_lai", "read_glass_composite"]

_PATTERN = r"^GLASS01B0[12]\.V\d{2}\.A(\d{4})(\d{3})\..*hdf$"
_DAYS = 8


def read_glass_lai(source, years):
    """Read monthly means of GLASS LAI on the half-degree grid.

    Parameters
    ----------
    source : path-like or iterable of path-like
        Folder of the publisher's files (folders in it are searched too), or
        the files.
    years : (int, int)
        First and last year. A year takes 12 MB; ask for one at a time where
        memory is short.

    Returns
    -------
    xarray.DataArray of float32
        Dimensions ``(year, month, lat, lon)``, m2 m-2; means over the cells
        with a value, 8-day composites weighted by their days in the month.

    Raises
    ------
    DataError
        If pyhdf is not installed, a composite is missing or there twice, or a
        file is damaged, on another grid, or has values out of range.
    """
    return monthly_means(
        source, years, "GLASS01B0*.hdf", _PATTERN, _span, read_glass_composite, "GLASS LAI (AVHRR)"
    )


def read_glass_composite(path):
    """Read one 8-day composite on the product's own grid.

    Parameters
    ----------
    path : path-like
        HDF-EOS2 file of the whole globe; its rows give the size of a cell.

    Returns
    -------
    xarray.DataArray of float32
        Dimensions ``(lat, lon)``, m2 m-2, NaN for no data.

    Raises
    ------
    DataError
        If the file is damaged, on another grid, lacks an attribute, or has
        values out of range.
    """
    stored, attrs, structure = read_hdf4(path, "LAI")
    lacking = {"scale_factor", "_FillValue", "valid_range"} - set(attrs)
    if lacking:
        raise DataError(
            f"{path}: LAI has no attribute {', '.join(sorted(lacking))}, without which its numbers "
            "mean nothing. Give the publisher's file."
        )
    if attrs.get("add_offset", 0) != 0:
        raise DataError(f"{path}: LAI has add_offset {attrs['add_offset']}; expected 0.")
    corner = _upper_left(structure)
    if stored.shape[1] != 2 * stored.shape[0] or corner not in (None, (-180.0, 90.0)):
        raise DataError(
            f"{path}: expected cells of the whole globe from 90 N, 180 W on; got {stored.shape} "
            f"from {corner}. Give the global product."
        )
    valid = _pair(attrs["valid_range"], path)
    lai = scale(stored, attrs["scale_factor"], attrs["_FillValue"], valid, path)
    grid = coordinates(180 / len(lai))
    return xr.DataArray(lai, grid, ("lat", "lon"), "LAI", {"units": "m2 m-2"})


def _span(key, path):
    """Return the first and last day of a composite, from year and day of year."""
    year, day = int(key[:4]), int(key[4:])
    if not 1 <= day <= 366 or (day - 1) % _DAYS:
        raise DataError(
            f"{path} starts on day {day} of the year; expected 1, 9 ... 361, "
            "as 8-day composites do."
        )
    first = date(year, 1, 1) + timedelta(day - 1)
    return first, min(first + timedelta(_DAYS - 1), date(year, 12, 31))


def _upper_left(structure):
    """Return longitude and latitude of the upper left corner, degrees, or None."""
    match = re.search(r"UpperLeftPointMtrs=\(([-+.\dE]+),([-+.\dE]+)\)", structure)
    if match is None:
        return None
    # HDF-EOS2 packs degrees, minutes and seconds as DDDMMMSSS.SS; whole degrees are all we expect.
    return tuple(v / 1e6 if abs(v) > 360 else v for v in map(float, match.groups()))


def _pair(valid_range, path):
    """Return the smallest and largest valid number; some files have them as text."""
    parts = valid_range.split(",") if isinstance(valid_range, str) else np.ravel(valid_range)
    try:
        low, high = (float(p) for p in parts)
    except ValueError:
        raise DataError(f"{path}: valid_range is {valid_range!r}; expected two numbers.") from None
    return low, high
