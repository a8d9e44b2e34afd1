"""Matching records to cells of the covariate cube."""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from soilresp.errors import DataError
from soilresp.grid.cells import EARTH_RADIUS, cell_index

__all__ = ["valid_cells", "match", "training_table"]


def valid_cells(cube, predictors):
    """Cells that carry every predictor in every year and have vegetation.

    Parameters
    ----------
    cube : xarray.Dataset
    predictors : sequence of str

    Returns
    -------
    numpy.ndarray of bool, shape (lat, lon)

    Raises
    ------
    DataError
        If the cube lacks a predictor.
    """
    mask = (cube["stratum"] > 0).values & (cube["vegetated_fraction"] > 0).values
    for name in predictors:
        if name not in cube:
            raise DataError(
                f"The covariate cube (recipe '{cube.attrs.get('recipe')}') has no predictor "
                f"{name!r}; it has {', '.join(cube.data_vars)}. Choose another recipe or predictor."
            )
        finite = np.isfinite(cube[name].values)
        mask &= finite.all(axis=0) if finite.ndim == 3 else finite
    return mask


def match(observations, cube, predictors, max_distance=100e3):
    """Give each record its cell, bin and year of the cube.

    A record outside the valid cells (on a coast, a lake, a city) takes the
    nearest valid cell within `max_distance`; farther ones are left out. The
    year is clipped to the cube's years.

    Parameters
    ----------
    observations : pandas.DataFrame
        From `soilresp.records.selection.select`.
    cube : xarray.Dataset
    predictors : sequence of str
        A cell must have all of these.
    max_distance : float
        m, between the site and the centre of the cell.

    Returns
    -------
    pandas.DataFrame
        The matched records, with ``row``, ``col``, ``stratum``, ``cube_year``
        (missing for a climatology), ``moved`` (km; 0 if in its own cell),
        ``year_clipped``.
    report : dict
        ``moved``, ``dropped`` and ``year_clipped``: records touched, by target.

    Raises
    ------
    DataError
        If no cell is valid, a coordinate is missing or impossible, or a record
        lacks the year that a cube by year needs.
    """
    mask = valid_cells(cube, predictors)
    out = observations.copy()
    row, col = cell_index(out["lat"], out["lon"], resolution=180 / cube.sizes["lat"])
    own = mask[row, col]
    moved = np.zeros(len(out))
    if not own.all():
        cells = np.argwhere(mask)
        if not len(cells):
            raise DataError(
                f"No cell of the covariate cube (recipe '{cube.attrs.get('recipe')}') has "
                f"vegetation and all of {', '.join(predictors)}. Check the inputs of the recipe."
            )
        lat, lon = cube["lat"].values, cube["lon"].values
        tree = cKDTree(_unit(lat[cells[:, 0]], lon[cells[:, 1]]))
        sites = _unit(out["lat"].to_numpy()[~own], out["lon"].to_numpy()[~own])
        chord, nearest = tree.query(sites)
        moved[~own] = 2 * EARTH_RADIUS * np.arcsin(np.minimum(chord / 2, 1))
        row[~own], col[~own] = cells[nearest].T
    out["row"], out["col"] = row, col
    out["moved"] = moved / 1e3
    out["stratum"] = cube["stratum"].values[row, col].astype(int)
    if "year" in cube.dims:
        first, last = int(cube["year"][0]), int(cube["year"][-1])
        if out["year"].isna().any():
            record = out.loc[out["year"].isna(), "record"].iloc[0]
            raise DataError(
                f"Record {record} has no year, which recipe '{cube.attrs.get('recipe')}' needs. "
                "Keep the rule on years in the selection, or use a climatological recipe."
            )
        out["cube_year"] = out["year"].clip(first, last).astype(int)
        out["year_clipped"] = out["cube_year"] != out["year"]
    else:
        out["year_clipped"] = False
    near = moved <= max_distance
    by_target = out["target"]
    report = {
        "moved": by_target[near & (moved > 0)].value_counts().to_dict(),
        "dropped": by_target[~near].value_counts().to_dict(),
        "year_clipped": by_target[near & out["year_clipped"]].value_counts().to_dict(),
    }
    return out[near].reset_index(drop=True), report


def training_table(matched, cube, predictors):
    """Predictor values of matched records.

    Parameters
    ----------
    matched : pandas.DataFrame
        From `match`.
    cube : xarray.Dataset
    predictors : sequence of str

    Returns
    -------
    pandas.DataFrame
        One column per predictor, in order, rows as in `matched`.
    """
    row, col = matched["row"].to_numpy(), matched["col"].to_numpy()
    columns = {}
    for name in predictors:
        values = cube[name].values
        if values.ndim == 3:
            year = matched["cube_year"].to_numpy() - int(cube["year"][0])
            columns[name] = values[year, row, col]
        else:
            columns[name] = values[row, col]
    return pd.DataFrame(columns, index=matched.index)


def _unit(lat, lon):
    """Unit vectors of points, so that straight distances order great-circle ones."""
    phi, lam = np.deg2rad(lat), np.deg2rad(lon)
    return np.column_stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
