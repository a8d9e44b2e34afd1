"""Matching of records to cells of the covariate cube."""

import warnings

import numpy as np
import pandas as pd

from soilresp.covariates.recipes import PREDICTORS
from soilresp.errors import DataError
from soilresp.grid.cells import EARTH_RADIUS, cell_index, unit_vectors
from soilresp.records.table import own_records

__all__ = ["match_to_grid", "find_cells", "training_table", "valid_cells"]


def match_to_grid(records, cube, predictors=None, max_distance=100e3):
    """Match records to the cells of a covariate cube, and add its predictors.

    A record outside the valid cells (on a coast, a lake, a city) takes the
    nearest valid cell within `max_distance`; farther ones are dropped, with a warning.

    Parameters
    ----------
    records : pandas.DataFrame
        From `soilresp.records.selection.select_records`, or a table of one's own with columns
        lat, lon (degrees) and flux (g C m-2 yr-1); all else is optional, see
        `soilresp.records.table.own_records`. A cube by year needs a ``year``.
    cube : xarray.Dataset
        From `soilresp.covariates.load_covariates`.
    predictors : sequence of str, optional
        Default: all of the paper's predictors that the cube has. A cell must have them all.
    max_distance : float
        m, between the site and the centre of the cell.

    Returns
    -------
    pandas.DataFrame
        The matched records with all their columns, then ``row``, ``col`` and ``cell`` (number of
        the cell, by rows from the north-west), ``moved`` (km; 0 if in its own cell), ``stratum``
        (vegetation class), ``year_clipped``, ``cube_year`` (for a cube by year) and one column
        per predictor. ``.attrs["counts"]`` has the records ``moved``, ``dropped`` and
        ``year_clipped``, by target.

    Raises
    ------
    DataError
        If a column or value of the records is missing or wrong, or as `find_cells`.

    Examples
    --------
    >>> from soilresp.covariates.embedded import load_embedded
    >>> cube = load_embedded().isel(month=0).rename(tas="MAT")
    >>> cube["stratum"] = (cube["vegetated_fraction"] > 0).astype(int)
    >>> plots = pd.DataFrame({"Lon": [13.6, 8.1], "Lat": [51.0, 48.5], "flux": [700, 950]})
    >>> sites = match_to_grid(plots, cube)
    >>> sites[["flux", "stratum", "cell"]].values.tolist()
    [[700.0, 1.0, 56547.0], [950.0, 1.0, 60136.0]]
    >>> sites.attrs["counts"]["dropped"]
    {}
    """
    if predictors is None:
        predictors = [name for name in PREDICTORS if name in cube]
    records = own_records(records)
    taken = [n for n in (*predictors, "row", "col", "cell", "stratum", "moved") if n in records]
    if taken:
        raise DataError(
            f"The records have a column {taken[0]!r}, which is added here. Rename or remove it."
        )
    if "year" not in records:
        records["year"] = np.nan
    sites, counts = find_cells(records, cube, predictors, max_distance)
    sites["cell"] = sites["row"] * cube.sizes["lon"] + sites["col"]
    sites = sites.join(training_table(sites, cube, predictors))
    sites.attrs["counts"] = counts
    if counts["dropped"]:
        warnings.warn(
            f"{sum(counts['dropped'].values())} of {len(records)} records lie farther than "
            f"{max_distance / 1e3:g} km from any cell with all predictors and were dropped.",
            stacklevel=2,
        )
    return sites


def valid_cells(cube, predictors):
    """Find the cells that have every predictor in every year and vegetation.

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


def find_cells(observations, cube, predictors, max_distance=100e3):
    """Find the cell, vegetation class and year of the cube of each record.

    A record outside the valid cells (on a coast, a lake, a city) takes the
    nearest valid cell within `max_distance`; farther ones are left out. The
    year is clipped to the cube's years.

    Parameters
    ----------
    observations : pandas.DataFrame
        From `soilresp.records.selection.select_records`.
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
        from scipy.spatial import cKDTree

        tree = cKDTree(unit_vectors(lat[cells[:, 0]], lon[cells[:, 1]]))
        sites = unit_vectors(out["lat"].to_numpy()[~own], out["lon"].to_numpy()[~own])
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
                "Give the records a column year, keep the rule on years in the selection, or use a "
                "climatological recipe."
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
    """Return the predictor values of matched records.

    Parameters
    ----------
    matched : pandas.DataFrame
        From `find_cells` or `match_to_grid`.
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
