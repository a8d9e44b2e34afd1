"""Totals by vegetation and by region of the world."""

import numpy as np
import pandas as pd
import xarray as xr
from cartopy.io import shapereader
from scipy.spatial import cKDTree

from soilresp.covariates.strata import STRATA
from soilresp.grid.cells import GRAMS_PER_PG, unit_vectors
from soilresp.grid.land_cover import IGBP_NAMES
from soilresp.io.paths import data_dir
from soilresp.records.quality.countries import all_countries

__all__ = ["country_of_cells", "country_table", "by_group", "by_bin", "by_class", "by_country",
           "by_region", "by_latitude"]

_FLUXES = ("SR", "HR", "AR")


def country_of_cells(lat, lon, mask):
    """Country of each cell, by its centre; of a coastal cell, that of the nearest such cell.

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


def country_table():
    """Name, sub-region (of the United Nations) and continent by country code.

    Returns
    -------
    pandas.DataFrame
        Index ``code``; ``country``, ``region``, ``continent``.
    """
    folder = "natural_earth/shapefiles/natural_earth/cultural"
    path = data_dir() / folder / "ne_50m_admin_0_countries.shp"
    rows = [
        (r.attributes["ADM0_A3"], r.attributes["NAME_LONG"], r.attributes["SUBREGION"],
         r.attributes["CONTINENT"])
        for r in shapereader.Reader(path).records()
    ]
    return pd.DataFrame(rows, columns=["code", "country", "region", "continent"]).set_index("code")


def by_group(climatology, group, area=None):
    """Area, totals and means of groups of cells.

    Parameters
    ----------
    climatology : xarray.Dataset
        ``SR``, ``HR``, ``AR`` (g C m-2 yr-1 of vegetated area), and if there ``AR_joint``;
        ``cell_area``, ``vegetated_fraction``.
    group : numpy.ndarray, shape (lat, lon)
        Name of each cell's group.
    area : numpy.ndarray, shape (lat, lon), optional
        m2 that each cell stands for. Default: its vegetated area.

    Returns
    -------
    pandas.DataFrame
        Index ``group``; ``area`` (Mkm2), ``SR``, ``HR``, ``AR`` (Pg C yr-1), ``AR_SR``, and
        ``SR_mean`` (g C m-2 yr-1); the largest SR first.
    """
    if area is None:
        weight = climatology["cell_area"] * climatology["vegetated_fraction"]
        area = weight.transpose("lat", "lon").values
    known = np.isfinite(climatology["SR"].values)
    columns = {"area": area[known] / 1e12}
    for flux in (*_FLUXES, "AR_joint"):
        if flux in climatology:
            carbon = climatology[flux].values[known].astype(float) * area[known]
            columns[flux] = carbon / GRAMS_PER_PG
    table = pd.DataFrame(columns).groupby(np.asarray(group)[known]).sum()
    table = table[table["area"] > 0]
    table["AR_SR"] = table["AR"] / table["SR"]
    table["SR_mean"] = 1000 * table["SR"] / table["area"]
    table.index.name = "group"
    return table.sort_values("SR", ascending=False)


def by_bin(climatology, stratum):
    """`by_group` of the five vegetation bins.

    Parameters
    ----------
    climatology : xarray.Dataset
    stratum : xarray.DataArray
        Bin of each cell.
    """
    names = {number: name for number, (name, _) in STRATA.items()} | {0: "none"}
    return by_group(climatology, np.vectorize(names.get, otypes=[object])(stratum.values))


def by_class(climatology, igbp_fraction):
    """Totals by IGBP class: a cell's flux is shared out by the classes' areas in it.

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


def by_country(climatology, code):
    """`by_group` of countries, by name.

    Parameters
    ----------
    climatology : xarray.Dataset
    code : numpy.ndarray of str, shape (lat, lon)
        From `country_of_cells`.
    """
    return by_group(climatology, _names(code, "country"))


def by_region(climatology, code):
    """`by_group` of the sub-regions of the United Nations.

    Parameters
    ----------
    climatology : xarray.Dataset
    code : numpy.ndarray of str, shape (lat, lon)
        From `country_of_cells`.
    """
    return by_group(climatology, _names(code, "region"))


def by_latitude(climatology, height=2.5):
    """Means along latitude, weighted by vegetated area.

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


def _names(code, column):
    known = country_table()[column].to_dict() | {"": ""}
    return np.vectorize(known.get, otypes=[object])(code)
