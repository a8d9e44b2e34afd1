"""Open GeoTIFF and HDF4 files, and report each fault with one clear error.

Two optional packages read them: rasterio (GeoTIFF and ESRI grids; GDAL reads every
compression and layout that publishers use, where lighter readers need a codec package
more and leave the georeference to us) and pyhdf (HDF4 and HDF-EOS2, which neither
netCDF4's nor rasterio's wheels can read). Both install without a compiler.
"""

from contextlib import contextmanager
from pathlib import Path

import numpy as np

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates

__all__ = ["open_geotiff", "geotiff_centres", "check_global", "read_hdf4"]


@contextmanager
def open_geotiff(path):
    """Open a GeoTIFF, or another raster that GDAL knows.

    Parameters
    ----------
    path : path-like

    Yields
    ------
    rasterio.DatasetReader

    Raises
    ------
    DataError
        If rasterio is not installed, or the file is missing or damaged: also
        when that shows only while it is read, inside the ``with`` block.
    """
    rasterio = _optional("rasterio", path)
    _there(path)
    try:
        with rasterio.open(path) as raster:
            yield raster
    except rasterio.errors.RasterioError as error:
        raise DataError(
            f"{path} cannot be read as a raster ({error}). It may be incomplete: fetch it again."
        ) from None


def geotiff_centres(raster, path):
    """Compute the centres of the cells of a raster on a latitude-longitude grid.

    Parameters
    ----------
    raster : rasterio.DatasetReader
    path : path-like
        Named in the message.

    Returns
    -------
    lat, lon : numpy.ndarray
        Degrees, in the order of rows and columns.

    Raises
    ------
    DataError
        If the raster is rotated or projected, or goes beyond the globe.
    """
    place = raster.transform
    lat = place.f + place.e * (np.arange(raster.height) + 0.5)
    lon = place.c + place.a * (np.arange(raster.width) + 0.5)
    projected = raster.crs is not None and not raster.crs.is_geographic
    outside = max(abs(lat[0]), abs(lat[-1])) > 90 or np.ptp(lon) > 360 or np.abs(lon).max() > 361
    if projected or place.b or place.d or outside:
        raise DataError(
            f"{path} is not on a latitude-longitude grid in degrees (bounds "
            f"{tuple(raster.bounds)}). Give the global product in geographic coordinates."
        )
    return lat, lon


def check_global(raster, path):
    """Check that the cells of a raster run from 90 N, 180 W on and cover the globe.

    Parameters
    ----------
    raster : rasterio.DatasetReader
    path : path-like
        Named in the message.

    Returns
    -------
    dict of xarray.DataArray
        Coordinates ``lat`` and ``lon`` of the cells.

    Raises
    ------
    DataError
        If they do not.
    """
    resolution = 180 / raster.height
    grid = coordinates(resolution)
    lat, lon = geotiff_centres(raster, path)
    near = resolution / 10
    if lon.size != grid["lon"].size or abs(lat[0] - grid["lat"][0]) > near or (
        abs(lon[0] - grid["lon"][0]) > near or abs(lat[-1] - grid["lat"][-1]) > near
    ):
        raise DataError(
            f"{path}: expected cells of the whole globe from 90 N, 180 W on; got {raster.shape[0]} "
            f"x {raster.shape[1]} within {tuple(raster.bounds)}. Give the publisher's global file."
        )
    return grid


def read_hdf4(path, name):
    """Read one dataset of an HDF4 or HDF-EOS2 file.

    Parameters
    ----------
    path : path-like
    name : str
        Of the scientific dataset, such as ``"LAI"``.

    Returns
    -------
    values : numpy.ndarray
        As stored.
    attrs : dict
        Attributes of the dataset.
    structure : str
        HDF-EOS2's description of the grid (``StructMetadata.0``), or ``""``.

    Raises
    ------
    DataError
        If pyhdf is not installed, or the file is missing, damaged, or lacks
        the dataset.
    """
    _optional("pyhdf", path)
    from pyhdf.error import HDF4Error
    from pyhdf.SD import SD, SDC

    _there(path)
    try:
        store = SD(str(path), SDC.READ)
        try:
            held = store.datasets()
            if name not in held:
                raise DataError(f"{path}: no dataset {name!r}, found {sorted(held)}.")
            dataset = store.select(name)
            structure = store.attributes().get("StructMetadata.0", "")
            return dataset.get(), dataset.attributes(), structure
        finally:
            store.end()
    except (HDF4Error, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as HDF4 ({error}). It may be incomplete: fetch it again."
        ) from None


def _optional(package, path):
    """Import a package that only some products need."""
    try:
        return __import__(package)
    except ImportError:
        raise DataError(
            f"{Path(path).name} needs the package {package}, which is not installed. "
            f"Install it with `pip install {package}`."
        ) from None


def _there(path):
    if not Path(path).exists():
        raise DataError(f"{path} does not exist. Give the path of the publisher's file.")
