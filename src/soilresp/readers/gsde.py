"""Read GSDE: organic carbon and bulk density by layer, at 5 arc-minutes or 30 arc-seconds.

Shangguan, W. et al. (2014), doi:10.1002/2013MS000293. NetCDF files of one variable, ``OC``
(percent of weight) or ``BD`` (g cm-3), dimensions (depth, lat, lon), whole numbers of 0.01,
from 84 N to 56 S: ``OC5min.nc`` has all eight layers; at 30 arc-seconds ``OC1.nc`` has the
first four and ``OC2.nc`` the others.

The layout is as published readers of these files have it; the full product was not
exercised.
"""

import contextlib

import numpy as np
import xarray as xr

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.grid.regrid import TRACE, add_rows, overlaps
from soilresp.readers.netcdf import find_files, open_netcdf, variable_of

__all__ = ["LAYER_EDGES", "TOPSOIL_DEPTH", "read_gsde"]

LAYER_EDGES = (0.0, 0.045, 0.091, 0.166, 0.289, 0.493, 0.829, 1.383, 2.296)
"""Depths between the eight layers, m."""

TOPSOIL_DEPTH = 0.3
"""Depth of the topsoil, m, as in HWSD."""

_SCALE = 0.01
_NORTH, _SOUTH = 84.0, -56.0
_LARGEST = {"OC": 65.0, "BD": 3.0}
"""More carbon than peat has (%), and more than the density of rock (g cm-3)."""
_STRIP = 2.0
"""Degrees of latitude that are held at once."""


def read_gsde(organic_carbon, bulk_density, depth=TOPSOIL_DEPTH, resolution=1 / 12):
    """Read soil organic carbon of the topsoil on the half-degree grid.

    Carbon content times bulk density times thickness, summed over the layers
    down to `depth` (of the layer that `depth` cuts, the upper part), formed on
    the product's own grid and averaged by area over the cells with soil. A
    profile that ends above `depth` has no carbon below its end. Gravel is not
    taken off, as it is not for HWSD.

    Parameters
    ----------
    organic_carbon, bulk_density : path-like or sequence of path-like
        ``OC5min.nc`` and ``BD5min.nc``; or both parts of the 30-arc-second
        files in order of depth, ``("OC1.nc", "OC2.nc")`` and so on.
    depth : float
        m, down to 2.296.
    resolution : float
        Size of the product's cells, degrees; 1 / 120 for 30 arc-seconds.

    Returns
    -------
    xarray.DataArray
        Dimensions ``(lat, lon)``, kg m-2; NaN where there is no soil, and
        south of 56 S. The attribute ``shallow_share`` is the share of the soil
        area whose profile ends above `depth`.

    Raises
    ------
    DataError
        If a file is missing or damaged, is on another grid, has too few layers,
        values out of range, or a layer missing above one that is there.
    """
    thickness = np.diff(np.minimum(LAYER_EDGES, depth))
    thickness = thickness[thickness > 0]
    lat = np.arange(_NORTH - resolution / 2, _SOUTH, -resolution)
    lon = np.arange(round(360 / resolution)) * resolution - 180 + resolution / 2
    rows, columns = overlaps(lat, lon)
    total = np.zeros((3, rows.shape[0], columns.shape[0]))
    step = max(round(_STRIP / resolution), 1)
    with contextlib.ExitStack() as stack:
        carbon, density = (
            _open_layers(stack, paths, name, len(thickness), lat, lon)
            for paths, name in ((organic_carbon, "OC"), (bulk_density, "BD"))
        )
        for start in range(0, lat.size, step):
            part = slice(start, start + step)
            add_rows(total, _profile(carbon, density, thickness, part), start, rows, columns)
    stock, soil, shallow = total
    if not soil.max() > TRACE:
        raise DataError(f"{carbon[0][0]} has no soil anywhere. The file may be cut off.")
    there = soil > TRACE
    values = np.where(there, stock / np.where(there, soil, 1), np.nan)
    area = np.cos(np.deg2rad(coordinates()["lat"].values))[:, np.newaxis]
    attrs = {
        "units": "kg m-2",
        "long_name": f"soil organic carbon, 0-{100 * depth:g} cm",
        "source": "GSDE (Shangguan et al. 2014)",
        "shallow_share": float((shallow * area).sum() / (soil * area).sum()),
    }
    return xr.DataArray(values, coordinates(), ("lat", "lon"), "SOC", attrs)


def _profile(carbon, density, thickness, part):
    """Return carbon (kg m-2), soil and shallow soil (0 or 1) of the cells of some rows."""
    stock = None
    for layer, metres in enumerate(thickness):
        # percent / 100 * (g cm-3 = 1000 kg m-3) * m
        amount = _read(*carbon[layer], part) * _read(*density[layer], part)
        amount = amount * np.float32(10 * metres)
        there = np.isfinite(amount)
        if stock is None:
            stock, soil, ongoing = np.where(there, amount, 0), there, there
            continue
        back = int((there & ~ongoing).sum())
        if back:
            raise DataError(
                f"{carbon[layer][0]}: layer {layer + 1} is there in {back} cells where one above "
                "it is missing; expected profiles without gaps. The file may be damaged."
            )
        ongoing = there
        stock += np.where(there, amount, 0)
    return np.stack([stock, soil, soil & ~ongoing])


def _open_layers(stack, paths, name, needed, lat, lon):
    """Open the layers of a variable in one file or several: path and numbers of each."""
    layers = []
    for path in find_files(paths, "*.nc*"):
        data = stack.enter_context(open_netcdf(path, mask_and_scale=False))
        field = variable_of(data, name, path)
        _check_grid(path, field, lat, lon)
        layers += [(path, field[i]) for i in range(len(field))]
    if len(layers) < needed:
        raise DataError(
            f"{layers[0][0]}: {len(layers)} layers of {name}; this depth needs {needed}. Give the "
            f"deeper file too ({name}1.nc, {name}2.nc)."
        )
    return layers


def _check_grid(path, field, lat, lon):
    expected = f"depth x {lat.size} x {lon.size} cells from 84 N, 180 W to 56 S, 180 E"
    if field.ndim != 3 or field.shape[1:] != (lat.size, lon.size):
        raise DataError(f"{path}: {field.name} is {field.shape}; expected {expected}.")
    for dim, own in zip(field.dims[1:], (lat, lon), strict=True):
        ends = field[dim].values[[0, -1]] if dim in field.coords else own[[0, -1]]
        # The files' coordinates are single precision, so only order and place are looked at.
        if np.abs(ends - own[[0, -1]]).max() > 1:
            raise DataError(
                f"{path}: {dim} goes from {ends[0]:g} to {ends[1]:g}; expected {expected}."
            )


def _read(path, field, rows):
    """Read some rows of a layer, NaN where there is no soil."""
    try:
        stored = field[rows].values
    except (RuntimeError, OSError) as error:
        raise DataError(f"{path} is not readable to its end ({error}). Fetch it again.") from None
    fills = [field.attrs[a] for a in ("_FillValue", "missing_value") if a in field.attrs]
    # No soil property is negative: such a number means no soil, declared as a fill or not.
    missing = np.isin(stored, fills) | (stored < 0)
    values = stored.astype(np.float32) * np.float32(field.attrs.get("scale_factor", _SCALE))
    values[missing] = np.nan
    if np.nanmax(values, initial=0) > _LARGEST[field.name]:
        raise DataError(
            f"{path}: {field.name} reaches {np.nanmax(values):.4g}; expected "
            f"{_LARGEST[field.name]:g} at most. Its scale factor or fill value is not the "
            "published one."
        )
    return values
