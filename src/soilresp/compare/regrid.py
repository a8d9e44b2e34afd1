"""Conservative regridding of model output to the half-degree grid.

Between two latitude-longitude grids the overlap of cells separates into rows and
columns, so two small matrices of exact overlaps do it.
"""

# Own code, because no library that pip can install does this exactly: xESMF and
# iris-esmf-regrid need the compiled ESMF library; xarray-regrid 0.4.2 gives rows centred on a
# pole no weight (a field of ones comes out 0 there) and weights overlaps by the area of the whole
# source row, which leaves the total of a random 4 x 5 degree field 0.1 % off.

import numpy as np
import xarray as xr

from soilresp.errors import DataError
from soilresp.grid import RESOLUTION, cell_area, coordinates
from soilresp.load.models import cell_edges

__all__ = ["overlap_weights", "conservative"]

TRACE = 1e-9
"""Land fraction below which a cell has none: edges that coincide differ by rounding."""


def overlap_weights(source, target):
    """Share of each target interval that each source interval covers.

    Parameters
    ----------
    source : array_like, shape (n + 1,)
        Edges, in any monotonic order.
    target : array_like, shape (m + 1,)
        Edges, in any monotonic order.

    Returns
    -------
    numpy.ndarray, shape (m, n)
        Rows add up to 1 where the source covers the whole target interval.

    Examples
    --------
    >>> overlap_weights([0, 2, 4], [0, 1, 3]).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    source, target = np.asarray(source, float), np.asarray(target, float)
    low = np.minimum(source[:-1], source[1:])
    high = np.maximum(source[:-1], source[1:])
    left = np.minimum(target[:-1], target[1:])[:, np.newaxis]
    right = np.maximum(target[:-1], target[1:])[:, np.newaxis]
    shared = np.clip(np.minimum(high, right) - np.maximum(low, left), 0, None)
    return shared / (right - left)


def _matrices(lat, lon, new):
    """Overlaps of rows (in the sine of latitude, so by area) and of columns (round the globe)."""
    def sine(centres):
        return np.sin(np.deg2rad(np.clip(cell_edges(centres), -90, 90)))

    rows = overlap_weights(sine(lat), sine(new["lat"]))
    edges, new_edges = cell_edges(lon), cell_edges(new["lon"])
    columns = sum(overlap_weights(edges + shift, new_edges) for shift in (-360, 0, 360))
    dims = [("lat", rows), ("lon", columns)]
    return [xr.DataArray(weights, dims=(f"new_{dim}", dim)) for dim, weights in dims]


def _common_mask(dataset, land):
    """Cells where the variables have data, which must be the same for all and at all times."""
    first, *_ = dataset.data_vars
    there = dataset[first].notnull()
    there = there.all([d for d in there.dims if d not in ("lat", "lon")])
    for name, field in dataset.items():
        gaps = int(((field.notnull() != there) & land).sum())
        if gaps:
            raise DataError(
                f"{name} has {gaps} values on land where the mask of {first} differs from its own. "
                "Regrid variables with different masks separately, and fill gaps in time first."
            )
    return there


def conservative(dataset, resolution=RESOLUTION):
    """Regrid a model's output so that every global total stays what it was.

    What is carried over is the amount per m2 of the whole cell, and the land
    fraction beside it; their ratio is the flux or pool per m2 of land in the
    new cell.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables with dimensions ``lat`` and ``lon`` per m2 of land, and
        ``land_fraction`` (share of the cell, 0 to 1). All variables must be
        missing in the same cells; land without data is taken out of
        ``land_fraction``.
    resolution : float
        Size of a new cell, degrees.

    Returns
    -------
    xarray.Dataset
        On the standard grid, attributes kept; NaN where there is no land.

    Raises
    ------
    DataError
        If ``land_fraction`` is missing, or the variables have gaps in
        different places.

    Notes
    -----
    Exact on the sphere: it uses areas between edges half-way between centres,
    cut at the poles, and longitudes in any convention.
    """
    if "land_fraction" not in dataset:
        raise DataError(
            "The model output has no land_fraction, so fluxes per m2 of land cannot be regridded. "
            "Add the share of each cell that is land (sftlf / 100, or land area over cell area)."
        )
    names = [v for v in dataset.data_vars if v != "land_fraction"]
    fraction = dataset["land_fraction"].fillna(0)
    if names:
        fraction = fraction.where(_common_mask(dataset[names], fraction > 0), 0)
    new = coordinates(resolution)
    rows, columns = _matrices(dataset["lat"], dataset["lon"], new)

    def carry(field):
        # One dimension at a time: the product of all three at once is a thousand times slower.
        carried = xr.dot(xr.dot(field, rows, dim="lat"), columns, dim="lon")
        carried = carried.rename(new_lat="lat", new_lon="lon").assign_coords(new)
        return carried.transpose(..., "lat", "lon")

    land = carry(fraction)
    land = land.where(land > TRACE, 0)
    out = xr.Dataset(attrs=dataset.attrs)
    for name in names:
        amount = carry((dataset[name] * fraction).fillna(0))
        out[name] = (amount / land).where(land > 0)
        out[name].attrs = dataset[name].attrs
    out["land_fraction"] = land.assign_attrs(dataset["land_fraction"].attrs)
    out["cell_area"] = cell_area(resolution=resolution)
    return out
