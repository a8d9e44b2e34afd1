"""RMSE, r and bias of gridded fields at the sites of field records."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.errors import DataError
from soilresp.grid.cells import cell_index, coordinates

__all__ = ["check_grid", "sample_at", "site_scores", "site_table"]


def check_grid(data, name):
    """Refuse data that are not on the half-degree grid, from north to south.

    Parameters
    ----------
    data : xarray.DataArray or xarray.Dataset
    name : str or path-like
        Of the data, for the message.

    Raises
    ------
    DataError
        If ``lat`` or ``lon`` are not those of the grid.
    """
    for dim, axis in coordinates().items():
        if dim not in data.dims or not np.array_equal(data[dim].values, axis.values):
            raise DataError(
                f"{name} is not on the half-degree grid along {dim}; expected "
                f"{axis.values[0]:g} to {axis.values[-1]:g}. Regrid it first."
            )


def sample_at(field, observations):
    """Sample a field in the cells, and years, of the records.

    Parameters
    ----------
    field : xarray.DataArray
        On the half-degree grid; dimensions ``(lat, lon)`` or ``(year, lat, lon)``.
    observations : pandas.DataFrame
        ``lat``, ``lon`` (degrees) and, if the field has years, ``year``.

    Returns
    -------
    numpy.ndarray, shape (n,)
        NaN where the cell has no data or the year is not in the field: no
        neighbouring cell or year is taken instead.
    """
    check_grid(field, field.name or "The field")
    row, col = cell_index(observations["lat"], observations["lon"])
    at = {"lat": xr.DataArray(row, dims="record"), "lon": xr.DataArray(col, dims="record")}
    if "year" not in field.dims:
        return field.isel(at).values
    year = pd.Index(field["year"].values).get_indexer(np.floor(observations["year"]))
    values = field.isel(at | {"year": xr.DataArray(np.maximum(year, 0), dims="record")})
    return np.where(year >= 0, values.values, np.nan)


def site_scores(field, observations):
    """Compute RMSE, Pearson's r and bias of one field at the records.

    Parameters
    ----------
    field : xarray.DataArray
        g C m-2 yr-1 on the half-degree grid; attribute ``area_basis`` says
        per m2 of what (``vegetated`` or ``land``).
    observations : pandas.DataFrame
        ``lat, lon, flux`` (g C m-2 yr-1) and, for an annual field, ``year``.

    Returns
    -------
    dict
        ``rmse``, ``bias`` (field minus record; g C m-2 yr-1), ``r``, ``n``
        records used, ``n_missing`` records in cells without data, and
        ``area_basis``.

    Notes
    -----
    A chamber is on vegetated ground, as is a flux per m2 of vegetated area; one per m2
    of land is lower by the bare share of the cell. The paper (its Figure 4) compares
    both as they are.
    """
    sampled = sample_at(field, observations)
    known = np.isfinite(sampled)
    simulated, observed = sampled[known], observations["flux"].to_numpy(float)[known]
    out = {
        "rmse": np.nan, "r": np.nan, "bias": np.nan, "n": len(simulated),
        "n_missing": int((~known).sum()), "area_basis": field.attrs.get("area_basis", "not stated"),
    }
    if len(simulated) > 1:
        error = simulated - observed
        out |= {"rmse": float(np.sqrt(np.mean(error**2))), "bias": float(np.mean(error))}
        if np.std(simulated) > 0 and np.std(observed) > 0:
            out["r"] = float(np.corrcoef(simulated, observed)[0, 1])
    return out


def site_table(fields, observations):
    """Score several fields at the records in cells where all of them have data.

    Parameters
    ----------
    fields : mapping of str to xarray.DataArray
        Name of the model or map to its field.
    observations : pandas.DataFrame
        Records of one flux, as for `site_scores`.

    Returns
    -------
    pandas.DataFrame
        Index ``model``; columns of `site_scores`. `n_missing` counts what the
        field itself lacks.

    Raises
    ------
    DataError
        If no record is common to all fields.
    """
    known = {name: np.isfinite(sample_at(f, observations)) for name, f in fields.items()}
    common = np.all(list(known.values()), axis=0)
    if not common.any():
        raise DataError(f"No record lies in a cell where all of {', '.join(fields)} have data.")
    rows = [
        {"model": name} | site_scores(field, observations[common])
        | {"n_missing": int((~known[name]).sum())}
        for name, field in fields.items()
    ]
    return pd.DataFrame(rows).set_index("model")
