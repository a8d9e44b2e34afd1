"""Totals by vegetation and by region of the world."""

from functools import lru_cache

import numpy as np
import pandas as pd
import xarray as xr
from scipy.spatial import cKDTree

from soilresp.covariates.strata import STRATA
from soilresp.errors import ParameterError
from soilresp.grid.cells import GRAMS_PER_PG, unit_vectors
from soilresp.grid.land_cover import IGBP_NAMES
from soilresp.io.paths import data_dir
from soilresp.records.quality.countries import all_countries

__all__ = ["country_of_cells", "country_table", "region_of_cells", "regional_totals", "by_group",
           "by_bin", "by_class", "by_latitude"]

_FLUXES = ("SR", "HR", "AR")


def country_of_cells(lat, lon, mask):
    """Find the country of each cell's centre; off the coast, that of the nearest cell with one.

    Parameters
    ----------
    lat, lon : array_like
        Centres, degrees.
    mask : numpy.ndarray of bool, shape (lat, lon)
        Cells that need one.

    Returns
    -------
    numpy.ndarray of str, shape (lat, lon)
        ``ADM0_A3`` codes of Natural Earth; empty off the mask.
    """
    row, col = np.nonzero(mask)
    lats, lons = np.asarray(lat, float)[row], np.asarray(lon, float)[col]
    code = all_countries().containing(lats, lons)
    lost = code == ""
    if lost.any() and not lost.all():
        tree = cKDTree(unit_vectors(lats[~lost], lons[~lost]))
        code[lost] = code[~lost][tree.query(unit_vectors(lats[lost], lons[lost]))[1]]
    out = np.full(mask.shape, "", dtype="U3")
    out[mask] = code
    return out


@lru_cache(maxsize=2)
def _country_codes(lat, lon, mask):
    """Return `country_of_cells` of arrays given as bytes, so that several tables share it."""
    lat, lon = np.frombuffer(lat), np.frombuffer(lon)
    return country_of_cells(lat, lon, np.frombuffer(mask, bool).reshape(lat.size, lon.size))


def country_table():
    """Read the name, sub-region (of the United Nations) and continent of each country.

    Returns
    -------
    pandas.DataFrame
        Index ``code``; ``country``, ``region``, ``continent``.
    """
    try:
        from cartopy.io import shapereader
    except ImportError:
        raise ParameterError(
            "Regions and countries need cartopy: pip install 'soilresp[study]'."
        ) from None
    folder = "natural_earth/shapefiles/natural_earth/cultural"
    path = data_dir() / folder / "ne_50m_admin_0_countries.shp"
    rows = [
        (r.attributes["ADM0_A3"], r.attributes["NAME_LONG"], r.attributes["SUBREGION"],
         r.attributes["CONTINENT"])
        for r in shapereader.Reader(path).records()
    ]
    return pd.DataFrame(rows, columns=["code", "country", "region", "continent"]).set_index("code")


def by_group(maps, group, area=None):
    """Compute area, totals and means of groups of cells.

    Parameters
    ----------
    maps : xarray.Dataset
        Any of ``SR``, ``HR``, ``AR`` and ``AR_joint`` (g C m-2 yr-1 of vegetated area); without
        `area` also ``cell_area`` and ``vegetated_fraction``.
    group : numpy.ndarray, shape (lat, lon)
        Name of each cell's group.
    area : numpy.ndarray or xarray.DataArray, shape (lat, lon), optional
        m2 of the cells. Default: their vegetated area.

    Returns
    -------
    pandas.DataFrame
        Index ``group``; ``area`` (Mkm2), the fluxes (Pg C yr-1), ``AR_SR`` if there is AR, and
        the mean of the first flux, such as ``SR_mean`` (g C m-2 yr-1); its largest total first.
    """
    if area is None:
        area = (maps["cell_area"] * maps["vegetated_fraction"]).transpose("lat", "lon")
    area = np.asarray(area)
    first, *others = [name for name in (*_FLUXES, "AR_joint") if name in maps]
    known = np.isfinite(maps[first].values)
    columns = {"area": area[known] / 1e12}
    for flux in (first, *others):
        columns[flux] = maps[flux].values[known].astype(float) * area[known] / GRAMS_PER_PG
    table = pd.DataFrame(columns).groupby(np.asarray(group)[known]).sum()
    table = table[table["area"] > 0]
    if {"SR", "AR"} <= set(table):
        table["AR_SR"] = table["AR"] / table["SR"]
    table[f"{first}_mean"] = 1000 * table[first] / table["area"]
    table.index.name = "group"
    return table.sort_values(first, ascending=False)


def regional_totals(maps, area=None, by="region"):
    """Compute area, totals and mean fluxes of regions of the world.

    Parameters
    ----------
    maps : xarray.DataArray or xarray.Dataset
        A map of SR, HR or AR (named so), or several, as for `by_group`.
    area : xarray.DataArray, optional
        m2 of the cells, such as `soilresp.vegetated_area`. Default: as for `by_group`.
    by : {"region", "country", "continent"}
        Sub-regions of the United Nations, countries or continents. A cell belongs to the
        country of its centre, or to the nearest one.

    Returns
    -------
    pandas.DataFrame
        As from `by_group`.

    Raises
    ------
    ParameterError
        If `by` is none of these, or cartopy is not installed.

    Examples
    --------
    >>> import soilresp as sr
    >>> benchmark = sr.load_benchmark()
    >>> sr.regional_totals(benchmark, by="continent").index[0]
    'South America'
    """
    if isinstance(maps, xr.DataArray):
        maps = maps.to_dataset()
    first = next(name for name in _FLUXES if name in maps)
    return by_group(maps, region_of_cells(maps, maps[first].notnull().values, by), area)


def region_of_cells(grid, mask, by="region"):
    """Find the region of the world of each cell.

    Parameters
    ----------
    grid : xarray.Dataset
        With the coordinates ``lat`` and ``lon``.
    mask : numpy.ndarray of bool, shape (lat, lon)
        Cells that need one.
    by : {"region", "country", "continent"}
        As for `regional_totals`.

    Returns
    -------
    numpy.ndarray of str, shape (lat, lon)
        Names; empty off the mask.

    Raises
    ------
    ParameterError
        As from `regional_totals`.
    """
    if by not in ("region", "country", "continent"):
        raise ParameterError(f"by must be region, country or continent; got {by!r}.")
    known = country_table()[by].to_dict() | {"": ""}
    lat, lon = (np.asarray(grid[name], float) for name in ("lat", "lon"))
    code = _country_codes(lat.tobytes(), lon.tobytes(), mask.tobytes())
    return np.vectorize(known.get, otypes=[object])(code)


def by_bin(climatology, stratum):
    """Compute area, totals and means of the five vegetation classes, as `by_group`.

    Parameters
    ----------
    climatology : xarray.Dataset
    stratum : xarray.DataArray
        Bin of each cell.
    """
    names = {number: name for number, (name, _) in STRATA.items()} | {0: "none"}
    return by_group(climatology, np.vectorize(names.get, otypes=[object])(stratum.values))


def by_class(climatology, igbp_fraction):
    """Compute totals by IGBP class; a cell's flux is divided by the areas of its classes.

    Parameters
    ----------
    climatology : xarray.Dataset
    igbp_fraction : xarray.DataArray, dims (igbp, lat, lon)

    Returns
    -------
    pandas.DataFrame
        As of `by_group`. Classes without respiring vegetation are left out.
    """
    vegetated = [c for _, classes in STRATA.values() for c in classes]
    cell = xr.broadcast(climatology["cell_area"], climatology["SR"])[0].transpose("lat", "lon")
    parts = []
    for number in vegetated:
        area = igbp_fraction.sel(igbp=number).values * cell.values
        name = np.full(area.shape, IGBP_NAMES[number], dtype=object)
        parts.append(by_group(climatology, name, area))
    return pd.concat(parts).sort_values("SR", ascending=False)


def by_latitude(climatology, height=2.5):
    """Compute means of bands of latitude, weighted by vegetated area.

    Parameters
    ----------
    climatology : xarray.Dataset
        Any of the fluxes and their SD; ``cell_area``, ``vegetated_fraction``.
    height : float
        Of the bands, degrees.

    Returns
    -------
    pandas.DataFrame
        Index ``lat`` (middle of the band, north to south); the means (g C m-2 yr-1; NaN
        without vegetation), and ``area``, Mkm2 per degree of latitude.
    """
    area = (climatology["cell_area"] * climatology["vegetated_fraction"]).transpose("lat", "lon")
    area = area.where(climatology["SR"].notnull(), 0).values
    lat = climatology["lat"].values
    band = 90 - (np.floor((90 - lat) / height) + 0.5) * height
    names = ("SR", "HR", "AR", "AR_joint", "SR_sd", "HR_sd")
    columns = {"area": area.sum(axis=1) / 1e12}
    for name in (n for n in names if n in climatology):
        columns[name] = np.nansum(climatology[name].values * area, axis=1) / 1e12
    table = pd.DataFrame(columns).groupby(band).sum().sort_index(ascending=False)
    means = table.div(table["area"].where(table["area"] > 0), axis=0)
    means["area"] = table["area"] / height
    means.index.name = "lat"
    return means
