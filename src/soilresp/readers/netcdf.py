"""Open monthly NetCDF files, put the months in order, and check the values.

The checks look at what a file holds and not only at what it says, because a wrong
unit, a swapped latitude or a shifted longitude often comes with attributes that look right.
"""

import contextlib
import errno
import gzip
import tempfile
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.io import netcdf_file

from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import area_mean, cell_area, to_standard
from soilresp.readers.archive import copy_bounded

__all__ = [
    "UNITS", "Plausible", "open_netcdf", "find_files", "variable_of", "pick", "on_grid",
    "month_number", "month_name", "read_months", "check_months", "by_year", "check_range",
    "check_mean", "seasonal_swing", "check_seasons", "check_land", "check_desert",
]

UNITS = {
    "degC": {"degC", "deg C", "C", "degrees Celsius", "degree_Celsius", "degrees_Celsius",
             "degrees celsius", "Celsius", "celsius"},
    "mm month-1": {"mm month-1", "mm/month"},
    "hPa": {"hPa"},
    "%": {"%", "percent", "percentage"},
    "K": {"K"},
    "Pa": {"Pa"},
    "kg kg-1": {"kg kg-1", "kg/kg"},
    "kg m-2 s-1": {"kg m-2 s-1", "kg/m2/s", "kg/m^2/s"},
    "W m-2": {"W m-2", "W/m2", "W/m^2"},
}
"""Spellings of each unit that are taken for it."""

_NOT_READABLE = (OSError, EOFError, RuntimeError, ValueError, OverflowError, zlib.error)
_NAMED = 6
_AFRICA = {"lat": slice(30, 15), "lon": slice(0, 35)}
_PACIFIC = {"lat": slice(30, 15), "lon": slice(-180, -140)}


@dataclass(frozen=True)
class Plausible:
    """Hold the bounds of a monthly variable on Earth, in its declared unit.

    Attributes
    ----------
    units : str
        A key of `UNITS`.
    low, high : float
        Bounds of a month in a cell.
    mean_low, mean_high : float
        Bounds of the area-weighted mean over all months and cells with data, which
        `check_mean` needs.
    """

    units: str
    low: float
    high: float
    mean_low: float = -np.inf
    mean_high: float = np.inf


@contextlib.contextmanager
def open_netcdf(path, decode_times=True, mask_and_scale=True):
    """Open a NetCDF file, or one packed with gzip, as a context manager.

    A packed file is unpacked to a temporary folder (that of ``TMPDIR``) and not to
    memory: a century of half-degree months has several gigabytes.

    Parameters
    ----------
    path : path-like
    decode_times : bool
        Turn the time axis into dates; False for files whose time axis cannot be decoded.
    mask_and_scale : bool
        Mask fill values and apply scale factors; False for the stored numbers.

    Yields
    ------
    xarray.Dataset
        Opened lazily, fill values masked.

    Raises
    ------
    DataError
        If the file is missing, truncated, or not NetCDF, also when this shows only
        while its values are read.
    """
    path = Path(path)
    with contextlib.ExitStack() as stack:
        try:
            plain = path
            if path.suffix == ".gz":
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="soilresp-"))
                plain = Path(folder) / path.stem
                with gzip.open(path) as packed, plain.open("wb") as unpacked:
                    copy_bounded(packed, unpacked, str(path), _most(path))
            _check_length(plain)
            with warnings.catch_warnings():
                # Times beyond the range of dates are refused where dates are needed.
                warnings.simplefilter("ignore", xr.SerializationWarning)
                data = xr.open_dataset(
                    plain, engine="netcdf4", decode_times=decode_times, decode_timedelta=False,
                    mask_and_scale=mask_and_scale,
                )
            stack.enter_context(data)
        except _NOT_READABLE as error:
            raise _unreadable(path, error) from None
        try:
            yield data
        except (OSError, RuntimeError) as error:
            raise _unreadable(path, error) from None


def _most(path):
    """Return the bytes that a packed file may have unpacked; climate never packs a hundredfold."""
    return max(1_000_000_000, 100 * path.stat().st_size)


def _unreadable(path, error):
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DataError(
            f"{path} cannot be unpacked to {tempfile.gettempdir()} ({error.strerror}). Name a "
            "folder with more room in TMPDIR, or unpack the file yourself."
        )
    return DataError(f"{path} is not a readable NetCDF file ({error}). Fetch it again.")


def find_files(paths, pattern):
    """Find the files below the paths that a user gives.

    Parameters
    ----------
    paths : path-like or list of path-like
        Files and folders; a folder stands for the files below it that match.
    pattern : str
        Of the names looked for in a folder, as for `pathlib.Path.rglob`.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    DataError
        If a path does not exist, or nothing is found.
    """
    paths = [paths] if isinstance(paths, (str, Path)) else list(paths)
    found = []
    for path in map(Path, paths):
        if not path.exists():
            raise DataError(f"{path} does not exist. Give files of the product or their folder.")
        found += sorted(path.rglob(pattern)) if path.is_dir() else [path]
    if not found:
        where = ", ".join(map(str, paths)) or "no path"
        raise DataError(f"{where}: no file named like {pattern}. Give the folder of the product.")
    return found


def variable_of(data, name, path):
    """Return a variable of an open file.

    Parameters
    ----------
    data : xarray.Dataset
    name : str
    path : path-like
        Of the file, for the message.

    Returns
    -------
    xarray.DataArray

    Raises
    ------
    DataError
        If the variable is missing.
    """
    if name not in data:
        raise DataError(
            f"{path}: no variable '{name}', found {sorted(map(str, data.data_vars))}. Give the "
            "file of the product that has it."
        )
    return data[name]


def pick(data, name, units, path):
    """Return a variable of an open file, with its unit checked.

    Parameters
    ----------
    data : xarray.Dataset
    name : str
    units : str
        The unit it must be in, a key of `UNITS`.
    path : path-like
        Of the file, for the message.

    Returns
    -------
    xarray.DataArray

    Raises
    ------
    DataError
        If the variable is missing or its ``units`` say something else.
    """
    field = variable_of(data, name, path)
    found = " ".join(str(field.attrs.get("units", "")).split())
    if found not in UNITS[units]:
        raise DataError(
            f"{path}: '{name}' should be in {units}, its units attribute says '{found}'. "
            "Use the publisher's own file, or convert it and correct the attribute."
        )
    return field


def on_grid(field, lat, lon, path):
    """Bring a field to north-to-south rows and -180..180 columns, and check the grid.

    Parameters
    ----------
    field : xarray.DataArray
        With coordinates ``lat`` and ``lon``, in either order of latitude and with
        longitudes from -180 or from 0.
    lat, lon : numpy.ndarray
        Cell centres expected, from north to south and from west to east.
    path : path-like
        Of the file, for the message.

    Returns
    -------
    xarray.DataArray
        Dimensions ``(time, lat, lon)``; the coordinates are exactly those expected.

    Raises
    ------
    DataError
        If the cells are others.
    """
    if field.dims != ("time", "lat", "lon") or not {"lat", "lon"} <= set(field.coords):
        raise DataError(
            f"{path}: '{field.name}' should have the dimensions ('time', 'lat', 'lon') with "
            f"coordinates, found {field.dims}. Use the publisher's own file."
        )
    # The far end of a 0-360 grid may be -180 but for a rounding error.
    near = field.assign_coords(lon=field["lon"].astype(float).round(6))
    near = to_standard(near)
    for name, wanted in (("lat", lat), ("lon", lon)):
        found = near[name].values
        if found.shape != wanted.shape or not np.allclose(found, wanted, atol=1e-3):
            raise DataError(
                f"{path}: expected {wanted.size} cells along {name} from {wanted[0]} to "
                f"{wanted[-1]}, found {found.size} from {found[0]} to {found[-1]}. "
                "Use the global product on its own grid."
            )
    return near.assign_coords(lat=lat, lon=lon)


def month_number(time):
    """Count months from January of the year 0.

    Parameters
    ----------
    time : xarray.DataArray of datetime64

    Returns
    -------
    numpy.ndarray of int
    """
    return (time.dt.year * 12 + time.dt.month - 1).values


def month_name(number):
    """Write a month such as ``1982-02`` from its number."""
    return f"{number // 12}-{number % 12 + 1:02d}"


def read_months(paths, years, read, named=None):
    """Put the months of many files into one array.

    Parameters
    ----------
    paths : list of path-like
        Every month of `years` must be in exactly one of them, in any order.
    years : (int, int)
        First and last year.
    read : callable
        ``read(data, path)`` gives the field, an `xarray.DataArray` with dimensions
        ``(time, lat, lon)``, of the wanted months of a dataset.
    named : callable, optional
        ``named(path)`` gives the number of the one month that a file is named for,
        or None.

    Returns
    -------
    xarray.DataArray
        Float32, dimensions ``(year, month, lat, lon)``.

    Raises
    ------
    DataError
        If a month is missing, comes twice, or is not the one that the file is named for.
    """
    first, last = years
    if first > last:
        raise ParameterError(f"years should be the first and the last year, got {first}-{last}.")
    wanted = range(first * 12, (last + 1) * 12)
    owner, values = {}, None
    for path in paths:
        with open_netcdf(path) as data:
            if "time" not in data.coords or data["time"].dtype.kind != "M":
                raise DataError(
                    f"{path}: no time coordinate with dates. Use the publisher's own file."
                )
            months = month_number(data["time"])
            name = named(path) if named else None
            if name is not None and months.tolist() != [name]:
                raise DataError(
                    f"{path} is named for {month_name(name)}, its time coordinate says "
                    f"{', '.join(map(month_name, months[:_NAMED]))}. Fetch it again."
                )
            keep = np.flatnonzero((months >= wanted.start) & (months < wanted.stop))
            if not keep.size:
                continue
            for month in months[keep]:
                if month in owner:
                    raise DataError(
                        f"{path}: {month_name(month)} is repeated, it was already read from "
                        f"{owner[month]}. Give each month once."
                    )
                owner[month] = path
            block = read(data.isel(time=keep), path)
            if values is None:
                lat, lon = block["lat"], block["lon"]
                values = np.full((len(wanted), *block.shape[1:]), np.nan, np.float32)
            values[months[keep] - wanted.start] = block.values
    where = paths[0] if len(paths) == 1 else f"the {len(paths)} files from {paths[0]}"
    check_months(owner, years, where)
    return by_year(values, years, lat, lon)


def check_months(found, years, where):
    """Check that every month of some years was found.

    Parameters
    ----------
    found : collection of int
        Numbers of the months, as from `month_number`.
    years : (int, int)
        First and last year.
    where : str or path-like
        The source, for the message.

    Raises
    ------
    DataError
        Naming the months that are missing.
    """
    lacking = [month_name(m) for m in range(years[0] * 12, (years[1] + 1) * 12) if m not in found]
    if lacking:
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        raise DataError(
            f"{where}: expected every month of {years[0]}-{years[1]} once; missing: "
            f"{', '.join(lacking[:_NAMED])}{more}. Add the files that hold them."
        )


def by_year(values, years, lat, lon):
    """Arrange months by year.

    Parameters
    ----------
    values : numpy.ndarray, shape (12 * n, lat, lon)
        Months in order.
    years : (int, int)
        First and last year.
    lat, lon : xarray.DataArray

    Returns
    -------
    xarray.DataArray
        Dimensions ``(year, month, lat, lon)``.
    """
    return xr.DataArray(
        values.reshape(-1, 12, *values.shape[1:]),
        dims=("year", "month", "lat", "lon"),
        coords={"year": np.arange(years[0], years[1] + 1), "month": np.arange(1, 13),
                "lat": lat, "lon": lon},
    )


def check_range(field, plausible, path):
    """Refuse values that no month of the Earth has in this unit.

    Parameters
    ----------
    field : xarray.DataArray
        With dimensions ``lat`` and ``lon`` last.
    plausible : Plausible
    path : path-like
        Of the file, for the message.

    Raises
    ------
    DataError
        Naming the first value at fault and its cell.
    """
    values = field.values
    bad = (values < plausible.low) | (values > plausible.high)
    if bad.any():
        *_, row, col = where = tuple(np.argwhere(bad)[0])
        raise DataError(
            f"{path}: '{field.name}' is {values[where]:g} at {float(field['lat'][row]):g} N, "
            f"{float(field['lon'][col]):g} E; in {plausible.units} it lies between "
            f"{plausible.low:g} and {plausible.high:g}. The values may be in another unit than "
            "the attribute says; use the publisher's own file."
        )


def check_mean(field, plausible, where):
    """Refuse a global mean that fits another unit, such as mm per day for mm per month.

    Parameters
    ----------
    field : xarray.DataArray
        Dimensions ``(year, month, lat, lon)``, whole.
    plausible : Plausible
    where : str
        The source, for the message.

    Raises
    ------
    DataError
        If there is no value at all, or their mean is out of bounds.
    """
    monthly = field.mean(("year", "month"))
    mean = float(area_mean(monthly, cell_area(field["lat"].values)))
    # Written so that NaN, a field without a value, is refused too.
    if not plausible.mean_low <= mean <= plausible.mean_high:
        raise DataError(
            f"{where}: the mean of '{field.name}' over area and months is {mean:.4g}; in "
            f"{plausible.units} it lies between {plausible.mean_low:g} and "
            f"{plausible.mean_high:g}. The values are empty or in another unit than the "
            "attribute says; use the publisher's own file."
        )


def seasonal_swing(field):
    """Compute July minus January, mean over the years.

    Parameters
    ----------
    field : xarray.DataArray
        Dimensions ``(year, month, lat, lon)``.

    Returns
    -------
    xarray.DataArray
        Dimensions ``(lat, lon)``.
    """
    return (field.sel(month=7) - field.sel(month=1)).mean("year")


def check_seasons(field, south, north, where):
    """Refuse a field whose hemispheres are swapped.

    In a band of each hemisphere, July minus January must be larger in the north:
    temperature, vapour pressure and radiation follow the sun, rain in the tropics too.

    Parameters
    ----------
    field : xarray.DataArray
        Dimensions ``(year, month, lat, lon)``.
    south, north : float
        Absolute latitudes that bound the band.
    where : str
        The source, for the message.

    Raises
    ------
    DataError
        If the seasons are those of the other hemisphere.
    """
    rows = seasonal_swing(field).mean("lon")
    in_north = float(rows.sel(lat=slice(north, south)).mean())
    in_south = float(rows.sel(lat=slice(-south, -north)).mean())
    if not in_north > in_south:
        raise DataError(
            f"{where}: the seasons of '{field.name}' are those of the other hemisphere; the "
            "rows do not run as the latitude coordinate says. Correct the latitudes, or use "
            "the publisher's own file."
        )


def check_land(field, where):
    """Refuse a land-only field that does not lie on the continents.

    North Africa must have values, the Pacific at the same latitudes hardly any: so a field
    shifted by 180 degrees, or turned upside down, is found.

    Parameters
    ----------
    field : xarray.DataArray
        With dimensions ``lat`` and ``lon``; NaN over sea.
    where : str
        The source, for the message.

    Raises
    ------
    DataError
        If the land is elsewhere.
    """
    known = field.notnull()
    known = known.any([d for d in known.dims if d not in ("lat", "lon")])
    africa, pacific = (float(known.sel(box).mean()) for box in (_AFRICA, _PACIFIC))
    if africa < 0.9 or pacific > 0.2:
        raise DataError(
            f"{where}: '{field.name}' has values in {africa:.0%} of the cells of North Africa "
            f"and {pacific:.0%} of those of the Pacific at 15-30 N; the coordinates do not "
            "fit the values (latitude swapped, or longitudes 0-360 labelled -180..180). "
            "Correct them, or use the publisher's own file."
        )


def check_desert(signal, name, where):
    """Refuse a global field whose longitudes are shifted.

    Parameters
    ----------
    signal : xarray.DataArray
        Dimensions ``(lat, lon)``; something that is larger over North Africa than over
        the Pacific at the same latitudes, such as the seasonal swing of temperature.
    name : str
        Of the variable, for the message.
    where : str
        The source, for the message.

    Raises
    ------
    DataError
        If it is larger over the Pacific.
    """
    africa, pacific = (float(signal.sel(box).mean()) for box in (_AFRICA, _PACIFIC))
    if not africa > pacific:
        raise DataError(
            f"{where}: '{name}' has the climate of the Pacific in North Africa; the columns do "
            "not run as the longitude coordinate says (0-360 labelled -180..180?). Correct "
            "the longitudes, or use the publisher's own file."
        )


def _check_length(path):
    """Refuse classic NetCDF with its end cut off, which the library fills up with zeros."""
    with path.open("rb") as file:
        if file.read(4) not in (b"CDF\x01", b"CDF\x02"):
            return
    try:
        # Maps every variable of the header onto the file, without reading the values.
        with netcdf_file(path, mmap=True):
            pass
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise OSError("it is shorter than its header says") from error
