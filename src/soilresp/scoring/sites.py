"""Gridded fields against field records: RMSE, r and bias at the sites."""

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
    """Values of a field in the cells, and years, of the records.

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


def _score(simulated, observed):
    """RMSE, r and bias of pairs without gaps; r is NaN where one side is constant."""
    if len(observed) < 2:
        return {"rmse": np.nan, "r": np.nan, "bias": np.nan}
    error = simulated - observed
    spread = np.std(simulated) > 0 and np.std(observed) > 0
    return {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "r": float(np.corrcoef(simulated, observed)[0, 1]) if spread else np.nan,
        "bias": float(np.mean(error)),
    }


def site_scores(field, observations):
    """RMSE, Pearson's r and bias of one field at the records.

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
    A chamber stands on vegetated ground. A flux per m2 of vegetated area is the
    like of it; one per m2 of land is lower by the bare share of the cell. Bring
    models to vegetated area (`soilresp.scoring.area_basis.to_vegetated`) when
    that matters; the paper (its Figure 4) compares as is.
    """
    simulated = sample_at(field, observations)
    observed = observations["flux"].to_numpy(float)
    known = np.isfinite(simulated)
    return _score(simulated[known], observed[known]) | {
        "n": int(known.sum()),
        "n_missing": int((~known).sum()),
        "area_basis": field.attrs.get("area_basis", "not stated"),
    }


def site_table(fields, observations, common=True):
    """Scores of several fields, by default at the records that all of them have.

    Parameters
    ----------
    fields : mapping of str to xarray.DataArray
        Name of the model or map to its field.
    observations : pandas.DataFrame
        Records of one flux, as for `site_scores`.
    common : bool
        Score every field at the same records, those in cells where each field has
        data. Otherwise each at all of its own.

    Returns
    -------
    pandas.DataFrame
        Index ``model``; columns of `site_scores`. `n_missing` counts what the
        field itself lacks, also when `common`.

    Raises
    ------
    DataError
        If no record is common to all fields.
    """
    used = observations
    if common:
        known = np.all([np.isfinite(sample_at(f, observations)) for f in fields.values()], axis=0)
        if not known.any():
            raise DataError(
                f"No record lies in a cell where all of {', '.join(fields)} have data. "
                "Score them separately (common=False)."
            )
        used = observations[known]
    rows = []
    for name, field in fields.items():
        missing = int((~np.isfinite(sample_at(field, observations))).sum())
        rows.append({"model": name} | site_scores(field, used) | {"n_missing": missing})
    return pd.DataFrame(rows).set_index("model")
