"""Distributions of SR and HR at single cells."""

import numpy as np
import pandas as pd

from soilresp.grid.cells import kilometres, unit_vectors

__all__ = ["PLACES", "choose_cells", "cell_weights"]

PLACES = {
    "Central Amazon": (-3.25, -60.25),
    "Congo basin": (0.25, 22.25),
    "Sahel": (14.25, 3.25),
    "Ganges plain": (26.25, 81.25),
    "North China plain": (35.75, 115.75),
    "New England forest": (42.75, -72.25),
    "Boreal Finland": (61.75, 24.25),
    "Eastern Siberia": (63.25, 125.25),
}
"""Contrasting cells: latitude and longitude of their centres, degrees."""


def choose_cells(climatology, mask):
    """Choose ten cells: the mapped ones nearest to `PLACES`, and those with the highest CV.

    Parameters
    ----------
    climatology : xarray.Dataset
        With ``SR_cv`` and ``HR_cv``.
    mask : numpy.ndarray of bool, shape (lat, lon)
        Mapped cells.

    Returns
    -------
    pandas.DataFrame
        ``name``, ``lat``, ``lon`` (degrees), ``distance`` (km from the place that was
        meant), and ``position`` among the mapped cells.
    """
    row, col = np.nonzero(mask)
    lat, lon = climatology["lat"].values[row], climatology["lon"].values[col]
    points = unit_vectors(lat, lon)
    rows = []
    for name, (south, east) in PLACES.items():
        chord = np.linalg.norm(points - unit_vectors([south], [east]), axis=1)
        rows.append((name, int(chord.argmin()), float(kilometres(chord.min()))))
    for target in ("SR", "HR"):
        cv = climatology[f"{target}_cv"].values[mask]
        rows.append((f"Highest CV of {target}", int(np.nanargmax(cv)), 0.0))
    table = pd.DataFrame(rows, columns=["name", "position", "distance"])
    return table.assign(lat=lat[table["position"]], lon=lon[table["position"]])


def cell_weights(weights, cells, target):
    """Return the weights that cells give to the training values.

    Parameters
    ----------
    weights : soilresp.forest.Weights
        Of the mapped cells.
    cells : pandas.DataFrame
        From `choose_cells`.
    target : str

    Returns
    -------
    pandas.DataFrame
        ``name``, ``target``, ``value`` (g C m-2 yr-1), ``weight`` (sums to 1 by name);
        values without weight are left out.
    """
    found = weights.mean(cells["position"].to_numpy())
    parts = [
        pd.DataFrame({"name": name, "target": target, "value": weights.values, "weight": w})
        for name, w in zip(cells["name"], found)
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[table["weight"] > 0].reset_index(drop=True)
