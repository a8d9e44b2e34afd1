"""Average fields conservatively from any latitude-longitude grid to the half-degree grid.

Between two latitude-longitude grids the overlap of cells separates into rows and
columns, so two sparse matrices of exact overlaps do it: for covariates, which are
means over land (`to_half_degree`), and for the output of models, whose totals must
stay what they were (`soilresp.models.conservative`).
"""

# Own code, because no library that pip can install does this exactly: xESMF and
# iris-esmf-regrid need the compiled ESMF library; xarray-regrid 0.4.2 gives rows centred on a
# pole no weight (a field of ones comes out 0 there) and weights overlaps by the area of the whole
# source row, which leaves the total of a random 4 x 5 degree field 0.1 % off.

import numpy as np
import scipy.sparse
import xarray as xr

from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import RESOLUTION, cell_edges, coordinates

__all__ = ["TRACE", "overlap_weights", "overlaps", "carry", "add_rows", "to_half_degree"]

TRACE = 1e-9
"""Share of a cell below which nothing is there: edges that coincide differ by rounding."""


def overlap_weights(source, target):
    """Compute the share of each target interval that each source interval covers.

    Parameters
    ----------
    source : array_like, shape (n + 1,)
        Edges, in any monotonic order.
    target : array_like, shape (m + 1,)
        Edges, in any monotonic order.

    Returns
    -------
    scipy.sparse.csr_array, shape (m, n)
        Rows add up to 1 where the source covers the whole target interval.

    Examples
    --------
    >>> overlap_weights([0, 2, 4], [0, 1, 3]).toarray().tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    source, target = np.asarray(source, float), np.asarray(target, float)
    # Between two neighbouring edges of either kind there is one source and one target interval.
    cuts = np.unique(np.concatenate([source, target]))
    within = (cuts >= max(source.min(), target.min())) & (cuts <= min(source.max(), target.max()))
    cuts = cuts[within]
    middle = (cuts[1:] + cuts[:-1]) / 2
    row, column = _interval(middle, target), _interval(middle, source)
    share = np.diff(cuts) / np.abs(np.diff(target))[row]
    return scipy.sparse.csr_array((share, (row, column)), (target.size - 1, source.size - 1))


def _interval(points, edges):
    """Find the interval that holds each point; the edges may decrease."""
    last = edges.size - 2
    rising = edges[0] < edges[-1]
    index = np.clip(np.searchsorted(edges if rising else edges[::-1], points) - 1, 0, last)
    return index if rising else last - index


def overlaps(lat, lon, resolution=RESOLUTION):
    """Compute the matrices that average a field over the cells of the standard grid.

    Parameters
    ----------
    lat, lon : array_like
        Centres of the source cells, degrees, in any order and longitude
        convention. Rows that reach over a pole, as those centred on it, end there.
    resolution : float
        Size of a new cell, degrees.

    Returns
    -------
    rows, columns : scipy.sparse.csr_array, shapes (new, lat) and (new, lon)
        Shares by area of each new row and column: ``rows @ field @ columns.T``
        is the mean over each new cell where the source covers it.

    Raises
    ------
    DataError
        If the coordinates do not rise or fall throughout, go beyond the poles,
        or go more than once round the globe.
    """
    new = coordinates(resolution)
    if np.max(np.abs(lat)) > 90 + 1e-6:
        raise DataError(f"Latitudes reach {np.max(np.abs(lat)):g} degrees; expected -90 to 90.")

    def sine(centres):
        return np.sin(np.deg2rad(np.clip(cell_edges(centres), -90, 90)))

    edges, new_edges = cell_edges(lon), cell_edges(new["lon"])
    if np.ptp(edges) > 360 + 1e-3 * abs(edges[1] - edges[0]):
        raise DataError(
            f"Longitudes of cells span {np.ptp(edges):g} degrees; expected 360 at most. "
            "Drop the columns that are there twice."
        )
    columns = sum(overlap_weights(edges + shift, new_edges) for shift in (-360, 0, 360))
    return overlap_weights(sine(lat), sine(new["lat"])), columns.tocsr()


def carry(values, rows, columns):
    """Compute amounts per m2 of the new cells from amounts per m2 of the old ones.

    Parameters
    ----------
    values : numpy.ndarray, shape (..., lat, lon)
    rows, columns : scipy.sparse array
        From `overlaps`.

    Returns
    -------
    numpy.ndarray, shape (..., new lat, new lon)
        What the source does not cover counts as 0; NaN spreads to all new
        cells that it touches.
    """
    values = np.asarray(values)
    out = np.empty((*values.shape[:-2], rows.shape[0], columns.shape[0]))
    for place in np.ndindex(values.shape[:-2]):
        out[place] = (columns @ (rows @ values[place]).T).T
    return out


def add_rows(total, values, start, rows, columns):
    """Add the contribution of some rows of a source that is too large to hold at once.

    Parameters
    ----------
    total : numpy.ndarray, shape (..., new lat, new lon)
        Changed in place; after all rows of the source it is what `carry` gives.
    values : numpy.ndarray, shape (..., n, lon)
        Source rows `start` to `start` + n.
    start : int
    rows, columns : scipy.sparse.csr_array
        From `overlaps`.
    """
    part = rows[:, start : start + np.shape(values)[-2]]
    touched = np.flatnonzero(np.diff(part.indptr))
    total[..., touched, :] += carry(values, part[touched], columns)


def to_half_degree(field, weights=None, min_share=0.0, resolution=RESOLUTION):
    """Average a covariate over the land of each cell of the standard grid.

    Parameters
    ----------
    field : xarray.DataArray
        With dimensions ``lat`` and ``lon`` among others, on any
        latitude-longitude grid, global or not; NaN where there is no value.
    weights : xarray.DataArray, dims (lat, lon), optional
        Share of land of the source cells, 0 to 1, so that coasts take no sea
        values. Default: every cell with a value counts whole.
    min_share : float
        A new cell needs values on at least this share of its land (of its
        whole area without `weights`). 0 takes whatever there is.
    resolution : float
        Size of a new cell, degrees.

    Returns
    -------
    xarray.DataArray, dims (..., lat, lon)
        Means weighted by area and land, attributes and floating-point type
        kept; NaN where too little of the cell has values.

    Raises
    ------
    ParameterError
        If `min_share` is not between 0 and 1.
    DataError
        If coordinates cannot be those of a grid on the globe, values are
        infinite, or the weights are negative or on another grid.

    Notes
    -----
    Exact on the sphere, for edges half-way between centres and cut at the poles.

    Examples
    --------
    >>> quarter = coordinates(0.25)
    >>> field = xr.DataArray(np.full((720, 1440), np.nan), quarter, ("lat", "lon"))
    >>> field[0, 0] = 6.0
    >>> float(to_half_degree(field)[0, 0])
    6.0
    >>> float(to_half_degree(field, min_share=0.5)[0, 0])
    nan
    """
    if not 0 <= min_share <= 1:
        raise ParameterError(f"min_share is {min_share}; expected a share between 0 and 1.")
    missing = {"lat", "lon"} - set(field.dims)
    if missing:
        raise DataError(f"{_name(field)} has dimensions {field.dims}; expected lat and lon.")
    field = field.transpose(..., "lat", "lon")
    rows, columns = overlaps(field["lat"].values, field["lon"].values, resolution)
    land = None if weights is None else _land(field, weights)
    whole = 1.0 if land is None else carry(land, rows, columns)
    kind = field.dtype if np.issubdtype(field.dtype, np.floating) else float
    shape = (*field.shape[:-2], rows.shape[0], columns.shape[0])
    out = np.empty(shape, kind)
    for place in np.ndindex(shape[:-2]):
        part = field.values[place]
        if np.isinf(part).any():
            raise DataError(f"{_name(field)} has infinite values. Set missing values to NaN.")
        valid = ~np.isnan(part)
        weight = valid if land is None else np.where(valid, land, 0)
        there = carry(weight, rows, columns)
        amount = carry(np.where(valid, part, 0) * weight, rows, columns)
        enough = (there > TRACE) & (there >= min_share * whole - TRACE)
        out[place] = np.where(enough, amount / np.where(enough, there, 1), np.nan)
    grid = coordinates(resolution)
    kept = {d: field[d] for d in field.dims[:-2] if d in field.coords}
    attrs = {**field.attrs, "cell_methods": "area: mean where land"}
    return xr.DataArray(out, {**kept, **grid}, field.dims, field.name, attrs)


def _name(field):
    return field.name or "The field"


def _land(field, weights):
    """Check that the weights fit the field, and return them as an array."""
    same = set(weights.dims) == {"lat", "lon"} and all(
        weights[d].size == field[d].size and np.allclose(weights[d], field[d])
        for d in ("lat", "lon")
    )
    if not same:
        raise DataError(
            f"The weights of {_name(field)} are on another grid; expected its own lat and lon, "
            "in the same order."
        )
    land = weights.transpose("lat", "lon").fillna(0).values
    if land.min() < 0 or not np.isfinite(land).all():
        raise DataError(f"The weights of {_name(field)} have negative or infinite values.")
    return land
