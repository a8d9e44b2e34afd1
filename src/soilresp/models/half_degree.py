"""Conservative regridding of the output of models to the half-degree grid."""

import xarray as xr

from soilresp.errors import DataError
from soilresp.grid.cells import RESOLUTION, cell_area, coordinates
from soilresp.grid.regrid import TRACE, carry, overlaps

__all__ = ["conservative"]


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
    """Regrid a model's output and keep every global total.

    The amount per m2 of the whole cell and the land fraction are regridded; their ratio is
    the flux or pool per m2 of land in the new cell.

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
    rows, columns = overlaps(dataset["lat"].values, dataset["lon"].values, resolution)

    def carried(field):
        field = field.transpose(..., "lat", "lon")
        coords = {d: field[d] for d in field.dims[:-2] if d in field.coords}
        values = carry(field.values, rows, columns)
        return xr.DataArray(values, {**coords, **coordinates(resolution)}, field.dims)

    land = carried(fraction)
    land = land.where(land > TRACE, 0)
    out = xr.Dataset(attrs=dataset.attrs)
    for name in names:
        amount = carried((dataset[name] * fraction).fillna(0))
        out[name] = (amount / land).where(land > 0)
        out[name].attrs = dataset[name].attrs
    out["land_fraction"] = land.assign_attrs(dataset["land_fraction"].attrs)
    out["cell_area"] = cell_area(resolution=resolution)
    return out
