"""Read CRU TS 4: monthly climate of the land by station records, 0.5 degree, from 1901.

Harris, I., Osborn, T. J., Jones, P. and Lister, D. (2020), doi:10.1038/s41597-020-0453-3.

Layout, as listings of the headers of the releases 4.06 to 4.08 show it: one variable in
one file, ``cru_ts4.07.1901.2022.tmp.dat.nc.gz``, or in files of a decade,
``cru_ts4.07.1981.1990.tmp.dat.nc.gz``; classic NetCDF, gzipped; dimensions ``(time, lat,
lon)`` with rows from 89.75 S and columns from 179.75 W; time in days since 1900-1-1, near
the middle of the month; float, fill value 9.96921e36; beside it the integer ``stn``,
stations behind each value (0 to 8), fill value -999; from 4.08 also ``mae`` and ``maea``.
Units are "degrees Celsius" (tmp), "mm/month" (pre), "hPa" (vap) and "percentage" (cld).
There is no Antarctica.

The reader is tested on files made in this layout; the whole product was not exercised.
"""

from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import coordinates
from soilresp.readers import netcdf

__all__ = ["VARIABLES", "read_cru_ts"]

VARIABLES = {
    "tmp": ("near-surface air temperature", netcdf.Plausible("degC", -90, 60, 0, 30)),
    "pre": ("precipitation", netcdf.Plausible("mm month-1", 0, 10_000, 25, 200)),
    "vap": ("vapour pressure", netcdf.Plausible("hPa", 0, 60, 4, 25)),
    "cld": ("cloud cover", netcdf.Plausible("%", 0, 100, 20, 90)),
}
"""Variables that the study can use: meaning, and what they can be on Earth."""

SEASONAL_BAND = {"tmp": (20, 60), "vap": (20, 60), "pre": (5, 20)}
"""Absolute latitudes where a variable follows the sun."""


def read_cru_ts(paths, variable, years):
    """Read one variable of CRU TS 4.

    Parameters
    ----------
    paths : path-like or list of path-like
        The publisher's files, plain or gzipped, or their folder.
    variable : str
        A name in `VARIABLES`: ``tmp`` (degC), ``pre`` (mm month-1), ``vap`` (hPa) or
        ``cld`` (%).
    years : (int, int)
        First and last year.

    Returns
    -------
    xarray.DataArray
        Float32, dimensions ``(year, month, lat, lon)`` on the standard grid; NaN where
        the product has none.

    Raises
    ------
    DataError
        If a file cannot be read or is truncated, lacks the variable, is on another grid
        or in another unit, by its attribute or by its values; if a month is missing or
        comes twice; if the land or the seasons are not where the coordinates say.
    ParameterError
        If the variable is unknown.

    Examples
    --------
    >>> tmp = read_cru_ts("cru_ts4.07.1901.2022.tmp.dat.nc.gz", "tmp",
    ...                   (1982, 2012))  # doctest: +SKIP
    """
    if variable not in VARIABLES:
        raise ParameterError(
            f"CRU TS variable '{variable}' is unknown; use one of {', '.join(VARIABLES)}."
        )
    long_name, plausible = VARIABLES[variable]
    grid = coordinates()
    lat, lon = grid["lat"].values, grid["lon"].values
    files = netcdf.find_files(paths, f"cru_ts4*.{variable}.dat.nc*")
    titles = set()

    def read(data, path):
        titles.add(data.attrs.get("title", "CRU TS 4"))
        field = netcdf.on_grid(netcdf.pick(data, variable, plausible.units, path), lat, lon, path)
        netcdf.check_range(field, plausible, path)
        return field

    out = netcdf.read_months(files, years, read).assign_coords(grid)
    out.name = variable
    where = str(files[0])
    netcdf.check_mean(out, plausible, where)
    if variable in SEASONAL_BAND:
        netcdf.check_seasons(out, *SEASONAL_BAND[variable], where)
    netcdf.check_land(out, where)
    _check_no_antarctica(out, where)
    source = "; ".join(sorted(titles))
    out.attrs = {"units": plausible.units, "long_name": long_name, "source": source}
    return out


def _check_no_antarctica(field, where):
    """Refuse values south of 65 S, where the product has none: the rows are reversed."""
    if field.sel(lat=slice(-65, -90)).notnull().any():
        raise DataError(
            f"{where}: '{field.name}' has values south of 65 S, CRU TS has none; the rows do "
            "not run as the latitude coordinate says. Correct the latitudes, or use the "
            "publisher's own file."
        )
