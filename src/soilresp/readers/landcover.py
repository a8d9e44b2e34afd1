"""Read land cover: shares of the IGBP classes in half-degree cells, from GLC2000 or MODIS.

GLC2000 (Bartholome and Belward 2005, doi:10.1080/01431160412331291297): one raster of about
1 km (1/112 degree), GeoTIFF or ESRI grid, 16353 x 40320 cells from 90 N to 56 S, classes 1
to 23. Its layout is as published; the full product was not exercised.

MODIS (Friedl et al. 2010, doi:10.1016/j.rse.2009.08.016): the dataset
``Majority_Land_Cover_Type_1`` of MCD12C1 (HDF-EOS2, 3600 x 7200 cells, 0 water, 255 fill), or
a GeoTIFF of the same classes, in which 17 may stand for water too. The GeoTIFF was exercised
on real bytes (registry name ``igbp_2010``), the HDF file was not.
"""

from pathlib import Path

import numpy as np
import xarray as xr

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.grid.land_cover import IGBP_NAMES
from soilresp.grid.regrid import TRACE, add_rows, overlaps
from soilresp.readers.raster import geotiff_centres, open_geotiff, read_hdf4

__all__ = ["GLC2000_TO_IGBP", "MODIS_TO_IGBP", "read_glc2000", "read_modis_igbp"]

GLC2000_TO_IGBP = {
    1: 2,  # tree cover, broadleaved, evergreen
    2: 4,  # tree cover, broadleaved, deciduous, closed
    3: 8,  # tree cover, broadleaved, deciduous, open: woody savanna
    4: 1,  # tree cover, needle-leaved, evergreen
    5: 3,  # tree cover, needle-leaved, deciduous
    6: 5,  # tree cover, mixed leaf type
    7: 2,  # tree cover, regularly flooded, fresh water
    8: 2,  # tree cover, regularly flooded, saline water (mangrove)
    9: 8,  # mosaic of tree cover and other natural vegetation
    10: 5,  # tree cover, burnt: mostly boreal, of unknown leaf type
    11: 6,  # shrub cover, closed-open, evergreen
    12: 7,  # shrub cover, closed-open, deciduous
    13: 10,  # herbaceous cover, closed-open
    14: 7,  # sparse herbaceous or sparse shrub cover
    15: 11,  # regularly flooded shrub or herbaceous cover
    16: 12,  # cultivated and managed areas
    17: 14,  # mosaic of cropland, tree cover and other natural vegetation
    18: 14,  # mosaic of cropland, shrub or grass cover
    19: 16,  # bare areas
    20: 0,  # water bodies
    21: 15,  # snow and ice
    22: 13,  # artificial surfaces
    23: None,  # no data
}
"""IGBP class of each class of GLC2000.

The correspondence in the external-parameter tables of the COSMO model (EXTPAR,
``mo_glc2000_tg_fields``), which names no class for 10, 14 and 23, is doubtful about 9
("shrubland ?"), and has savanna for 12. Ours for 9, 10, 12 and 14 is a judgement: give another
table to `read_glc2000` to see what hangs on it.
"""

MODIS_TO_IGBP = {**{c: c for c in range(17)}, 17: 0, 254: None, 255: None}
"""IGBP class of each number in a MODIS map; 0 and 17 are water, 254 and 255 unclassified."""

_UNKNOWN = 255
_LEAST_KNOWN = 0.5
"""Share of a cell that must be classified."""


def read_glc2000(path):
    """Read the shares of the IGBP classes from GLC2000.

    Parameters
    ----------
    path : path-like
        GeoTIFF, or the folder of an ESRI grid.

    Returns
    -------
    xarray.DataArray of float32
        As `read_modis_igbp` returns it; NaN south of 56 S.

    Raises
    ------
    DataError
        If rasterio is not installed, or the file is damaged, is not on a
        latitude-longitude grid, or has a class that is not in `GLC2000_TO_IGBP`.

    Notes
    -----
    One strip of a degree is held at a time.
    """
    with open_geotiff(path) as raster:
        return _fractions(*_raster_strips(raster, path, GLC2000_TO_IGBP), "GLC2000")


def read_modis_igbp(path):
    """Read the shares of the IGBP classes from a MODIS land-cover map.

    Parameters
    ----------
    path : path-like
        MCD12C1 as ``.hdf``, or a GeoTIFF of the classes.

    Returns
    -------
    xarray.DataArray of float32
        Dimensions ``(igbp, lat, lon)``, classes 0 to 16: shares of the
        classified area of each half-degree cell, which add up to 1; NaN where
        less than half of the cell is classified.

    Raises
    ------
    DataError
        If the package that reads the file is not installed, or the file is
        damaged, is not on a latitude-longitude grid, or has an unknown class.
    """
    if Path(path).suffix.lower() != ".hdf":
        with open_geotiff(path) as raster:
            return _fractions(*_raster_strips(raster, path, MODIS_TO_IGBP), "MODIS")
    stored, *_ = read_hdf4(path, "Majority_Land_Cover_Type_1")
    if stored.ndim != 2 or stored.shape[1] != 2 * stored.shape[0]:
        raise DataError(f"{path}: the map is {stored.shape}; expected the global 3600 x 7200.")
    grid = coordinates(180 / stored.shape[0])
    classes = _translate(stored, MODIS_TO_IGBP, None, path)
    strips = ((start, classes[rows]) for start, rows in _strips(grid["lat"].values))
    return _fractions(grid["lat"].values, grid["lon"].values, strips, "MODIS")


def _strips(lat):
    """Divide rows into strips of a degree: first row and slice of each."""
    step = max(round(1 / abs(lat[1] - lat[0])), 1)
    return [(start, slice(start, start + step)) for start in range(0, lat.size, step)]


def _raster_strips(raster, path, table):
    """Return the centres of a raster's cells, and its strips of a degree as IGBP classes."""
    lat, lon = geotiff_centres(raster, path)
    width = lon[1] - lon[0]
    if abs(lon.size * width - 360) > width:
        raise DataError(
            f"{path} covers {lon.size * width:g} degrees of longitude; expected all 360. Give the "
            "global product."
        )
    whole = (0, lon.size)
    strips = (
        (start, _translate(raster.read(1, window=((start, min(rows.stop, lat.size)), whole)),
                           table, raster.nodata, path))
        for start, rows in _strips(lat)
    )
    return lat, lon, strips


def _translate(stored, table, nodata, path):
    """Translate stored numbers to IGBP classes, `_UNKNOWN` for no data."""
    classes = np.unique(stored)
    known = dict(table) if nodata is None else {**table, int(nodata): None}
    odd = [int(c) for c in classes if c not in known]
    if odd:
        raise DataError(
            f"{path} has the classes {odd[:8]}, which are in no table; expected "
            f"{min(table)} to {max(table)}. Is this the product that it was taken for?"
        )
    new = [_UNKNOWN if known[int(c)] is None else known[int(c)] for c in classes]
    return np.array(new, np.uint8)[np.searchsorted(classes, stored)]


def _fractions(lat, lon, strips, source):
    """Compute area-weighted shares of the classes from strips of rows."""
    rows, columns = overlaps(lat, lon)
    share = np.zeros((len(IGBP_NAMES), rows.shape[0], columns.shape[0]))
    for start, classes in strips:
        for c in np.setdiff1d(classes, _UNKNOWN):
            add_rows(share[c], classes == c, start, rows, columns)
    known = share.sum(axis=0)
    enough = known > max(_LEAST_KNOWN - TRACE, TRACE)
    share = np.where(enough, share / np.where(enough, known, 1), np.nan).astype(np.float32)
    attrs = {"units": "1", "long_name": "share of each IGBP class in the cell", "source": source}
    coords = {"igbp": np.arange(len(IGBP_NAMES)), **coordinates()}
    return xr.DataArray(share, coords, ("igbp", "lat", "lon"), "igbp_fraction", attrs)
