"""Find files of leaf area index by date, scale them and average them by month."""

import calendar
import re
from datetime import date, timedelta

import numpy as np
import xarray as xr

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.grid.regrid import to_half_degree
from soilresp.readers.netcdf import find_files

__all__ = ["LARGEST_LAI", "dated_files", "scale", "monthly_means"]

LARGEST_LAI = 10.0
"""No canopy of half a kilometre or more has a leaf area index above this, m2 m-2."""


def dated_files(source, names, pattern):
    """Find the files of a product and read the dates in their names.

    Parameters
    ----------
    source : path-like or iterable of path-like
        A folder, searched with all folders in it, or the files themselves.
    names : str
        Pattern of the names that are looked for in a folder, as for `pathlib.Path.rglob`.
    pattern : str
        Regular expression whose groups are the parts of the date.

    Returns
    -------
    dict of str to pathlib.Path
        The groups of the expression, joined, to the file.

    Raises
    ------
    DataError
        If there is no such file, a file has another name, or two are of the same date.
    """
    found = {}
    for path in find_files(source, names):
        match = re.search(pattern, path.name)
        if match is None:
            raise DataError(
                f"{path} is not named like {names}, so its date is unknown. Give it its published "
                "name."
            )
        key = "".join(match.groups())
        if key in found:
            raise DataError(
                f"{path.name} and {found[key].name} are of the same date. Keep one of the two."
            )
        found[key] = path
    return found


def scale(stored, factor, fill, valid, path):
    """Convert stored whole numbers to leaf area index.

    Parameters
    ----------
    stored : numpy.ndarray of int
    factor : float
        m2 m-2 of a stored 1.
    fill : int
        Stored value for no data.
    valid : (int, int)
        Smallest and largest stored value that is data.
    path : path-like
        Named in the message.

    Returns
    -------
    numpy.ndarray of float32
        m2 m-2, NaN for no data.

    Raises
    ------
    DataError
        If a value is neither data nor the fill value, or above `LARGEST_LAI`.
    """
    missing = stored == fill
    odd = ~missing & ((stored < valid[0]) | (stored > valid[1]))
    if odd.any():
        raise DataError(
            f"{path} has {int(odd.sum())} values outside {valid[0]:g}..{valid[1]:g}, such as "
            f"{stored[odd][0]}, that are not its fill value, {fill}. The file may be damaged: "
            "fetch it again."
        )
    lai = stored.astype(np.float32)
    lai *= np.float32(factor)
    lai[missing] = np.nan
    if not missing.all() and np.nanmax(lai) > LARGEST_LAI * (1 + 1e-6):
        raise DataError(
            f"{path} has a leaf area index of {np.nanmax(lai):.4g}; expected {LARGEST_LAI:g} at "
            f"most. Its scale factor, {factor:g}, may be wrong."
        )
    return lai


def monthly_means(source, years, names, pattern, span, read, product):
    """Compute monthly means, each composite weighted by its days in the month.

    Only one composite is held at a time.

    Parameters
    ----------
    source : path-like or iterable of path-like
        Folder of the publisher's files, or the files.
    years : (int, int)
        First and last year.
    names, pattern : str
        Of the files, as for `dated_files`.
    span : callable
        From the date in a name and the path to the first and the last day of the composite.
    read : callable
        From a path to the composite on the product's own grid (`xarray.DataArray`).
    product : str
        Its name, for the attributes.

    Returns
    -------
    xarray.DataArray of float32
        Dimensions ``(year, month, lat, lon)``, m2 m-2. A cell that is missing
        in some composites of a month takes the mean of the others.

    Raises
    ------
    DataError
        If a day of the years is in no composite, before anything is read, or as `dated_files`.
    """
    files = dated_files(source, names, pattern)
    composites = {span(key, path): path for key, path in files.items()}
    first, last = years
    _check_days(composites, first, last)
    grid = coordinates()
    shape = (last - first + 1, 12, grid["lat"].size, grid["lon"].size)
    out = np.full(shape, np.nan, np.float32)
    sums = {}
    for (start, end), path in sorted(composites.items()):
        days = [d for d in _days(start, end) if first <= d.year <= last]
        if not days:
            continue
        values = to_half_degree(read(path)).values
        valid = np.isfinite(values)
        for month in sorted({(d.year, d.month) for d in days}):
            n = sum((d.year, d.month) == month for d in days)
            total, weight = sums.setdefault(month, np.zeros((2, *values.shape), np.float32))
            total += np.where(valid, n * values, 0)
            weight += n * valid
        # A month whose last day has come is complete; its sums make room for the next.
        for month in [m for m in sums if _last_day(*m) <= end]:
            total, weight = sums.pop(month)
            there = weight > 0
            place = out[month[0] - first, month[1] - 1]
            place[there] = total[there] / weight[there]
    coords = {"year": np.arange(first, last + 1), "month": np.arange(1, 13), **grid}
    attrs = {"units": "m2 m-2", "standard_name": "leaf_area_index",
             "long_name": "leaf area index", "source": product,
             "cell_methods": "area: mean where land time: mean"}
    return xr.DataArray(out, coords, ("year", "month", "lat", "lon"), "LAI", attrs)


def _days(start, end):
    return [start + timedelta(k) for k in range((end - start).days + 1)]


def _last_day(year, month):
    return date(year, month, calendar.monthrange(year, month)[1])


def _check_days(composites, first, last):
    """Check that every day of the years is in a composite."""
    covered = {d for span in composites for d in _days(*span)}
    gaps = [d for d in _days(date(first, 1, 1), date(last, 12, 31)) if d not in covered]
    if gaps:
        months = sorted({f"{d:%Y-%m}" for d in gaps})
        more = " ..." if len(months) > 6 else ""
        raise DataError(
            f"No leaf area index from {gaps[0]} on: {len(gaps)} days of {first}-{last} are in no "
            f"file, in {', '.join(months[:6])}{more}. Fetch the files of these months, or ask for "
            "fewer years."
        )
