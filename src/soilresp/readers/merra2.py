"""Read MERRA-2: monthly means of the reanalysis, 0.5 x 0.625 degree, from 1980.

Gelaro, R. et al. (2017), doi:10.1175/JCLI-D-16-0758.1; corrected precipitation: Reichle,
R. H. et al. (2017), doi:10.1175/JCLI-D-16-0570.1. Layout: Bosilovich, M. G., Lucchesi, R.
and Suarez, M. (2016), MERRA-2: File Specification, GMAO Office Note 9 (version 1.1).

One NetCDF-4 file a month and collection, ``MERRA2_100.tavgM_2d_slv_Nx.198201.nc4``; the
number after ``MERRA2_`` is the stream (100 to 1991, 200 to 2000, 300 to 2010, 400 since;
401 for months that were processed again). Dimensions ``(time 1, lat 361, lon 576)``, rows
from the South Pole to the North Pole, both of them centres of cells, columns from 180 W to
179.375 E; time in minutes since half past midnight of the first day; float32 with
``_FillValue``, ``missing_value`` and ``fmissing_value`` 1e15, ``scale_factor`` 1 and
``add_offset`` 0. Collections: ``slv`` (M2TMNXSLV: T2M in K, QV2M in kg kg-1, PS in Pa),
``flx`` (M2TMNXFLX: PRECTOTCORR in kg m-2 s-1), ``lnd`` (M2TMNXLND: PRECTOTLAND in kg m-2
s-1, PARDRLAND and PARDFLAND in W m-2; fill value over sea) and ``rad`` (M2TMNXRAD: SWGDN
in W m-2).

The reader is tested on files made in this layout; the whole product was not exercised.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from soilresp.errors import DataError, ParameterError
from soilresp.readers import netcdf

__all__ = ["LAT", "LON", "VARIABLES", "read_merra2", "vapour_pressure"]

LAT = 90 - 0.5 * np.arange(361)
"""Latitudes of the rows, from north to south; the poles are centres of rows."""

LON = -180 + 0.625 * np.arange(576)
"""Longitudes of the columns."""

DRY_AIR_RATIO = 0.622
"""Molar mass of water over that of dry air."""

SECONDS_PER_DAY = 86_400

_NAME = re.compile(r"MERRA2_\d{3}\.tavgM_2d_(\w{3})_Nx\.(\d{4})(\d{2})\.")

RAW = {
    "T2M": netcdf.Plausible("K", 180, 340),
    "QV2M": netcdf.Plausible("kg kg-1", 0, 0.05),
    "PS": netcdf.Plausible("Pa", 40_000, 110_000),
    # Interpolation can leave a trace below zero.
    "PRECTOTCORR": netcdf.Plausible("kg m-2 s-1", -1e-8, 0.004),
    "PRECTOTLAND": netcdf.Plausible("kg m-2 s-1", -1e-8, 0.004),
    "SWGDN": netcdf.Plausible("W m-2", 0, 600),
    "PARDRLAND": netcdf.Plausible("W m-2", 0, 300),
    "PARDFLAND": netcdf.Plausible("W m-2", 0, 300),
}
"""Variables of the files, and what they can be on Earth."""


@dataclass(frozen=True)
class Variable:
    """Describe the origin of a variable in the files.

    Attributes
    ----------
    collection : str
        Three letters of the collection.
    raw : tuple of str
        Variables of the files, keys of `RAW`.
    long_name : str
    plausible : Plausible
        In the unit returned.
    band : (float, float)
        Absolute latitudes where it follows the sun.
    """

    collection: str
    raw: tuple
    long_name: str
    plausible: netcdf.Plausible
    band: tuple = (20, 60)


VARIABLES = {
    "tas": Variable(
        "slv", ("T2M",), "air temperature at 2 m", netcdf.Plausible("degC", -95, 65, 0, 30)
    ),
    "vap": Variable(
        "slv", ("QV2M", "PS"), "vapour pressure at 2 m", netcdf.Plausible("hPa", 0, 60, 4, 25)
    ),
    "pr": Variable(
        "flx", ("PRECTOTCORR",), "precipitation, corrected by gauges",
        netcdf.Plausible("mm month-1", -0.03, 10_800, 25, 200), (5, 20),
    ),
    "pr_land": Variable(
        "lnd", ("PRECTOTLAND",), "precipitation on land",
        netcdf.Plausible("mm month-1", -0.03, 10_800, 25, 200), (5, 20),
    ),
    "rsds": Variable(
        "rad", ("SWGDN",), "downward shortwave radiation",
        netcdf.Plausible("W m-2", 0, 600, 100, 300),
    ),
    "par": Variable(
        "lnd", ("PARDRLAND", "PARDFLAND"),
        "downward photosynthetically active radiation on land, direct and diffuse",
        netcdf.Plausible("W m-2", 0, 300, 40, 150),
    ),
}
"""Variables that the study can use."""


def vapour_pressure(specific_humidity, pressure):
    """Compute the vapour pressure of moist air.

    ``e = q p / (0.622 + 0.378 q)``: the mixing ratio ``q / (1 - q)`` put into Wallace
    and Hobbs (2006), Atmospheric Science, 2nd edition, equation 3.59.

    Parameters
    ----------
    specific_humidity : array_like
        kg kg-1.
    pressure : array_like
        Pa. With monthly means of both the product neglects their covariance
        within the month.

    Returns
    -------
    Same type as the input
        hPa.

    Examples
    --------
    >>> round(float(vapour_pressure(0.01, 100_000)), 2)
    15.98
    """
    ratio = DRY_AIR_RATIO
    return specific_humidity * pressure / (ratio + (1 - ratio) * specific_humidity) / 100


def read_merra2(paths, variable, years):
    """Read one variable of the monthly means.

    Parameters
    ----------
    paths : path-like or list of path-like
        The publisher's files, or a folder that holds them at any depth; files of other
        collections and years are passed over.
    variable : str
        A name in `VARIABLES`: ``tas`` (degC, from T2M), ``vap`` (hPa, from QV2M and PS),
        ``pr`` (mm month-1, from PRECTOTCORR), ``pr_land`` (mm month-1, from PRECTOTLAND),
        ``rsds`` (W m-2, from SWGDN) or ``par`` (W m-2, PARDRLAND + PARDFLAND, that is
        radiation which needs no further PAR fraction).
    years : (int, int)
        First and last year.

    Returns
    -------
    xarray.DataArray
        Float32, dimensions ``(year, month, lat, lon)`` on the product's own grid, rows
        from the North Pole to the South Pole; NaN over sea for what is only on land.

    Raises
    ------
    DataError
        If a file cannot be read or is truncated, lacks a variable, is on another grid
        or in another unit, by its attribute or by its values; if a month is missing,
        comes twice, or is not the one in the file's name; if land, desert or seasons
        are not where the coordinates say.
    ParameterError
        If the variable is unknown.

    Examples
    --------
    >>> tas = read_merra2("M2TMNXSLV", "tas", (1982, 2012))  # doctest: +SKIP
    """
    if variable not in VARIABLES:
        raise ParameterError(
            f"MERRA-2 variable '{variable}' is unknown; use one of {', '.join(VARIABLES)}."
        )
    wanted = VARIABLES[variable]
    files = _files(paths, wanted.collection, years)

    def read(data, path):
        fields = []
        for name in wanted.raw:
            field = netcdf.pick(data, name, RAW[name].units, path)
            fields.append(netcdf.on_grid(field, LAT, LON, path))
            netcdf.check_range(fields[-1], RAW[name], path)
        return _convert(variable, fields)

    out = netcdf.read_months(files, years, read, _named_month)
    out["lat"].attrs = {"units": "degrees_north", "standard_name": "latitude", "axis": "Y"}
    out["lon"].attrs = {"units": "degrees_east", "standard_name": "longitude", "axis": "X"}
    out.name = variable
    _check_whole(out, wanted, str(files[0]))
    out.attrs = {
        "units": wanted.plausible.units,
        "long_name": wanted.long_name,
        "source": f"MERRA-2 tavgM_2d_{wanted.collection}_Nx, {' and '.join(wanted.raw)}",
    }
    return out


def _files(paths, collection, years):
    """Select the files of a collection and of the years; keep files of other names."""
    pattern = f"MERRA2_*.tavgM_2d_{collection}_Nx.*.nc*"
    kept = []
    for path in netcdf.find_files(paths, pattern):
        match = _NAME.match(Path(path).name)
        if match is None or (
            match[1] == collection
            and years[0] <= int(match[2]) <= years[1]
            and path.suffix in (".nc4", ".nc")
        ):
            kept.append(path)
    if not kept:
        raise DataError(
            f"{paths}: no monthly file of the collection '{collection}' for "
            f"{years[0]}-{years[1]}, such as MERRA2_100.tavgM_2d_{collection}_Nx.198201.nc4."
        )
    return kept


def _named_month(path):
    match = _NAME.match(Path(path).name)
    return match and int(match[2]) * 12 + int(match[3]) - 1


def _convert(name, fields):
    """Convert from the units of the files to those of the study."""
    if name == "tas":
        return fields[0] - 273.15
    if name == "vap":
        return vapour_pressure(*fields)
    if name == "par":
        return fields[0] + fields[1]
    if name == "rsds":
        return fields[0]
    # 1 kg of water on 1 m2 is 1 mm.
    return fields[0] * (fields[0]["time"].dt.days_in_month * SECONDS_PER_DAY)


def _check_whole(field, wanted, where):
    netcdf.check_mean(field, wanted.plausible, where)
    netcdf.check_seasons(field, *wanted.band, where)
    if wanted.collection == "lnd":
        netcdf.check_land(field, where)
        return
    # The desert is drier, brighter, and of larger seasons than the sea.
    signal = netcdf.seasonal_swing(field) if field.name == "tas" else field.mean(("year", "month"))
    netcdf.check_desert(-signal if field.name in ("pr", "vap") else signal, field.name, where)
