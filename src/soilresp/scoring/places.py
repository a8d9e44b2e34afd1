"""Predict fluxes at places of a user from the maps of the benchmark."""

import numpy as np
import pandas as pd

from soilresp.errors import DataError

__all__ = ["LEVELS", "read_places", "predict_at_places"]

LEVELS = ("q05", "q25", "q50", "q75", "q95")
"""Quantiles of the benchmark; 90 % of records under the conditions of a cell lie in q05-q95."""

_NAMES = {"lat": ("lat", "latitude"), "lon": ("lon", "long", "longitude")}


def read_places(path):
    """Read a table of places.

    Parameters
    ----------
    path : path-like
        CSV file with the columns ``lat`` and ``lon`` (or ``latitude`` and ``longitude``, in any
        case), degrees; other columns are kept.

    Returns
    -------
    pandas.DataFrame
        The table, its coordinates called ``lat`` and ``lon``.

    Raises
    ------
    DataError
        If the file cannot be read, or lacks a coordinate.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a readable CSV file ({error}).") from None
    for name, known in _NAMES.items():
        found = [c for c in table.columns if str(c).strip().lower() in known]
        if len(found) != 1:
            raise DataError(
                f"{path} needs one column {name!r}; its columns are "
                f"{', '.join(map(str, table.columns))}."
            )
        table = table.rename(columns={found[0]: name})
    return table


def predict_at_places(places, benchmark):
    """Predict SR, HR and AR at places, from the cells of the benchmark that they lie in.

    Parameters
    ----------
    places : pandas.DataFrame
        Columns ``lat`` (-90 to 90) and ``lon`` (-180 to 360), degrees.
    benchmark : xarray.Dataset, dims (lat, lon)
        From `soilresp.scoring.benchmark.load_benchmark`.

    Returns
    -------
    pandas.DataFrame
        `places` with, for each flux, its value, ``_sd`` and those of `LEVELS` that the
        benchmark has (g m-2 yr-1 of carbon, of vegetated area; NaN where the cell has no
        value), and a ``remark`` where a place lies outside the mapped area or the area of
        applicability.

    Raises
    ------
    DataError
        If a coordinate is not a number within its range.
    """
    lat, lon = (pd.to_numeric(places[name], errors="coerce").to_numpy(float) for name in _NAMES)
    for name, values, least, most in (("lat", lat, -90, 90), ("lon", lon, -180, 360)):
        wrong = np.flatnonzero(~((values >= least) & (values <= most)))
        if len(wrong):
            raise DataError(
                f"Row {wrong[0] + 1}: {name} is {places[name].iloc[wrong[0]]!r}; expected a number "
                f"from {least} to {most}."
            )
    row = np.minimum((90 - lat) * 2, 359).astype(int)
    col = ((lon + 180) % 360 * 2).astype(int)
    made = places.copy()
    for flux in ("SR", "HR", "AR"):
        for name in (flux, f"{flux}_sd", *(f"{flux}_{level}" for level in LEVELS)):
            if name in benchmark:
                made[name] = benchmark[name].transpose("lat", "lon").values[row, col]
    mapped = made["SR"].notna().to_numpy()
    made["remark"] = np.where(mapped, "", "outside the mapped area")
    for flux in ("SR", "HR"):
        if f"{flux}_inside" in benchmark:
            inside = benchmark[f"{flux}_inside"].transpose("lat", "lon").values[row, col]
            outside = mapped & (inside == 0)
            made.loc[outside, "remark"] += f"; {flux} outside the area of applicability"
    made["remark"] = made["remark"].str.removeprefix("; ")
    return made
