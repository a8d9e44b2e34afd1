"""Define the half-degree grid: coordinates, cell area, and area-weighted sums and means.

Latitudes run from north to south and longitudes from 180 W to 180 E; every
field of the study is on this grid. Areas are those of a sphere with the
Earth's authalic radius, so that the cells add up to the area of the Earth.
"""

import numpy as np
import xarray as xr

from soilresp.errors import DataError

__all__ = [
    "EARTH_RADIUS", "RESOLUTION", "GRAMS_PER_PG", "coordinates", "cell_area", "cell_edges",
    "rectilinear_area", "cell_index", "unit_vectors", "kilometres", "to_standard", "block_mean",
    "area_mean", "global_total", "zonal_mean",
]

EARTH_RADIUS = 6_371_007.181
"""Authalic radius of the Earth, m (the radius of the MODIS grids)."""

RESOLUTION = 0.5
"""Size of a cell, degrees."""

GRAMS_PER_PG = 1e15


def coordinates(resolution=RESOLUTION):
    """Return the cell centres of the global grid.

    Parameters
    ----------
    resolution : float
        Size of a cell in degrees; must divide 180.

    Returns
    -------
    dict of xarray.DataArray
        ``lat`` from north to south and ``lon`` from west to east, degrees,
        with CF attributes.

    Examples
    --------
    >>> coordinates()["lat"].values[:2]
    array([89.75, 89.25])
    """
    n_lat = round(180 / resolution) if resolution > 0 else 0
    if not np.isclose(n_lat * resolution, 180):
        raise ValueError(f"resolution must divide 180 degrees, got {resolution}")
    lat = 90 - resolution * (np.arange(n_lat) + 0.5)
    lon = -180 + resolution * (np.arange(2 * n_lat) + 0.5)
    return {
        "lat": xr.DataArray(
            lat, dims="lat",
            attrs={"units": "degrees_north", "standard_name": "latitude", "axis": "Y"},
        ),
        "lon": xr.DataArray(
            lon, dims="lon",
            attrs={"units": "degrees_east", "standard_name": "longitude", "axis": "X"},
        ),
    }


def cell_area(lat=None, resolution=RESOLUTION):
    """Compute the area of grid cells on the sphere.

    Parameters
    ----------
    lat : array_like or xarray.DataArray, optional
        Latitudes of cell centres, degrees. Default: the rows of the grid.
    resolution : float
        Size of a cell in degrees.

    Returns
    -------
    xarray.DataArray
        Area in m2, along ``lat``.

    Examples
    --------
    >>> area = cell_area()
    >>> round(float(area.sum()) * 720 / 1e12, 1)  # the Earth, Mkm2
    510.1
    """
    lat = coordinates(resolution)["lat"] if lat is None else xr.DataArray(lat, dims="lat")
    half = np.deg2rad(resolution / 2)
    phi = np.deg2rad(lat)
    # Clip: a cell centred on a pole, as climate models have them, ends at the pole.
    south = np.clip(phi - half, -np.pi / 2, np.pi / 2)
    north = np.clip(phi + half, -np.pi / 2, np.pi / 2)
    area = EARTH_RADIUS**2 * np.deg2rad(resolution) * (np.sin(north) - np.sin(south))
    area.attrs = {"units": "m2", "standard_name": "cell_area", "long_name": "area of a grid cell"}
    return area.assign_coords(lat=lat).rename("cell_area")


def cell_edges(centres):
    """Compute the edges of cells, half-way between their centres.

    Parameters
    ----------
    centres : array_like, shape (n,)
        Latitudes or longitudes, degrees, increasing or decreasing, n >= 2.

    Returns
    -------
    numpy.ndarray, shape (n + 1,)
        The outer edges lie half a cell beyond the first and the last centre.

    Examples
    --------
    >>> cell_edges([0, 2.5, 5]).tolist()
    [-1.25, 1.25, 3.75, 6.25]
    """
    centres = np.asarray(centres, float)
    if centres.size < 2 or not (np.all(np.diff(centres) > 0) or np.all(np.diff(centres) < 0)):
        raise DataError(f"Coordinates must rise or fall throughout, got {centres[:5]} ...")
    middle = (centres[:-1] + centres[1:]) / 2
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])


def rectilinear_area(lat, lon):
    """Compute the area of the cells of any latitude-longitude grid on the sphere.

    Parameters
    ----------
    lat, lon : xarray.DataArray
        Centres, degrees. Cells that reach over a pole, as those of models with
        grid points at the poles, end there.

    Returns
    -------
    xarray.DataArray
        m2, dimensions ``(lat, lon)``.
    """
    sine = np.sin(np.deg2rad(np.clip(cell_edges(lat), -90, 90)))
    width = np.deg2rad(np.abs(np.diff(cell_edges(lon))))
    area = EARTH_RADIUS**2 * np.abs(np.diff(sine))[:, np.newaxis] * width
    attrs = {"units": "m2", "standard_name": "cell_area", "long_name": "area of a grid cell"}
    return xr.DataArray(area, {"lat": lat, "lon": lon}, ("lat", "lon"), "cell_area", attrs)


def cell_index(lat, lon, resolution=RESOLUTION):
    """Find the row and column of the cell that holds each point.

    A point on an edge belongs to the cell south or east of it; the north and
    the 180 E edge of the grid belong to the first row and the first column.

    Parameters
    ----------
    lat, lon : array_like
        Degrees north (-90 to 90) and east (-180 to 180).
    resolution : float
        Size of a cell in degrees.

    Returns
    -------
    row, col : numpy.ndarray of int

    Raises
    ------
    DataError
        If a coordinate is missing or lies outside its range.

    Examples
    --------
    >>> row, col = cell_index([89.9, -44.2], [-179.9, 170.1])
    >>> row.tolist(), col.tolist()
    ([0, 268], [0, 700])
    """
    lat, lon = np.broadcast_arrays(np.asarray(lat, float), np.asarray(lon, float))
    bad = ~((np.abs(lat) <= 90) & (np.abs(lon) <= 180))
    if np.any(bad):
        first = np.flatnonzero(bad)[0]
        raise DataError(
            f"Coordinates of point {first} are {lat.flat[first]}, {lon.flat[first]}; "
            "expected latitudes in -90..90 and longitudes in -180..180. "
            "Check for swapped columns or a 0-360 longitude."
        )
    n_lat = round(180 / resolution)
    row = np.minimum(np.floor((90 - lat) / resolution).astype(int), n_lat - 1)
    col = np.floor((lon + 180) / resolution).astype(int) % (2 * n_lat)
    return row, col


def to_standard(field, lat="lat", lon="lon"):
    """Bring a gridded field to north-to-south rows and -180..180 columns.

    Parameters
    ----------
    field : xarray.DataArray or xarray.Dataset
        On a regular latitude-longitude grid in any order.
    lat, lon : str
        Names of its coordinates.

    Returns
    -------
    Same type as `field`
        With dimensions renamed to ``lat`` and ``lon`` and sorted; values untouched.
    """
    names = {old: new for old, new in ((lat, "lat"), (lon, "lon")) if old != new}
    field = field.rename(names) if names else field
    field = field.assign_coords(lon=(field["lon"] + 180) % 360 - 180)
    return _sorted(_sorted(field, "lon"), "lat", descending=True)


def _sorted(field, name, descending=False):
    """Sort along a coordinate; a field that is in order is not copied, it may be large."""
    steps = np.diff(field[name].values)
    in_order = (steps < 0).all() if descending else (steps > 0).all()
    return field if in_order else field.sortby(name, ascending=not descending)


def block_mean(field, factor, weights=None):
    """Average over square blocks of cells, ignoring cells without data.

    Parameters
    ----------
    field : numpy.ndarray, shape (..., n_lat, n_lon)
    factor : int
        Cells a block has along each side.
    weights : numpy.ndarray, shape (n_lat, n_lon), optional
        Weights, such as the land fraction. Default: every valid cell counts the same.

    Returns
    -------
    numpy.ndarray, shape (..., n_lat / factor, n_lon / factor)
        NaN where a block has no valid cell.
    """
    field = np.asarray(field, float)
    *lead, n_lat, n_lon = field.shape
    if n_lat % factor or n_lon % factor:
        raise ValueError(f"shape {field.shape} cannot be cut into blocks of {factor}")
    weight = np.where(np.isnan(field), 0.0, 1.0 if weights is None else weights)
    value = np.where(weight > 0, field, 0.0) * weight
    shape = (*lead, n_lat // factor, factor, n_lon // factor, factor)
    total = value.reshape(shape).sum(axis=(-3, -1))
    norm = weight.reshape(shape).sum(axis=(-3, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(norm > 0, total / norm, np.nan)


def area_mean(field, area):
    """Compute the area-weighted mean over latitude and longitude.

    Parameters
    ----------
    field : xarray.DataArray
        With dimensions ``lat`` and ``lon``; cells without data are left out.
    area : xarray.DataArray
        Area that each cell stands for, m2 (cell area times vegetated fraction, say).

    Returns
    -------
    xarray.DataArray
        In the units of `field`.
    """
    return field.weighted(area.fillna(0)).mean(("lat", "lon"), keep_attrs=True)


def global_total(flux, area):
    """Compute the global total of a flux.

    Parameters
    ----------
    flux : xarray.DataArray
        g m-2 yr-1 of the area given by `area`; cells without data add nothing.
    area : xarray.DataArray
        m2, along ``lat`` and ``lon``.

    Returns
    -------
    xarray.DataArray
        Pg yr-1.

    Examples
    --------
    >>> flux = xr.DataArray([[1000.0]], dims=("lat", "lon"))
    >>> float(global_total(flux, xr.full_like(flux, 5e12)))
    5.0
    """
    total = (flux * area).sum(("lat", "lon")) / GRAMS_PER_PG
    total.attrs = {"units": "Pg yr-1"}
    return total


def zonal_mean(field, area):
    """Compute the mean over longitude, weighted by area.

    Parameters
    ----------
    field : xarray.DataArray
        With dimensions ``lat`` and ``lon``.
    area : xarray.DataArray
        Area that each cell stands for, m2.

    Returns
    -------
    xarray.DataArray
        Along ``lat``; NaN in rows without data.
    """
    return field.weighted(area.fillna(0)).mean("lon", keep_attrs=True)


def unit_vectors(lat, lon):
    """Compute unit vectors of points, whose straight distances order those on the sphere.

    Parameters
    ----------
    lat, lon : array_like, shape (n,)
        Degrees.

    Returns
    -------
    numpy.ndarray, shape (n, 3)
    """
    phi, lam = np.deg2rad(np.asarray(lat, float)), np.deg2rad(np.asarray(lon, float))
    return np.column_stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])


def kilometres(chord):
    """Compute the distance along the sphere, km, of points that are `chord` Earth radii apart.

    Examples
    --------
    >>> float(kilometres(1.0).round())
    6672.0
    """
    return 2 * EARTH_RADIUS / 1e3 * np.arcsin(np.minimum(np.asarray(chord) / 2, 1))
