"""Comparison of the climate that studies report with that of the cells of their records."""

import numpy as np
import pandas as pd

from soilresp.records.matching import training_table

__all__ = ["pairs", "agreement", "outliers"]

PAIRS = {
    "MAT": ("reported_MAT", "degC", (-30, 40)),
    "Prec": ("reported_MAP", "mm yr-1", (0, 13_000)),
}
"""Predictor: column of the report, unit, and the range that places on Earth have."""


def pairs(matched, cube):
    """Pair the reported climate of each record with that of its cell.

    Parameters
    ----------
    matched : pandas.DataFrame
        From `soilresp.records.matching.find_cells`.
    cube : xarray.Dataset

    Returns
    -------
    pandas.DataFrame
        ``record``, ``study``, ``lat``, ``lon``, ``year``, ``reported_MAT`` and ``MAT``
        (degC), ``reported_MAP`` and ``Prec`` (mm yr-1). A record with both SR and HR
        counts once.
    """
    columns = ["record", "study", "lat", "lon", "year", "reported_MAT", "reported_MAP"]
    kept = matched.drop_duplicates(["record", "study", "lat", "lon", "year"])
    return kept[columns].join(training_table(kept, cube, list(PAIRS))).reset_index(drop=True)


def agreement(table):
    """Score the climate of the cube against the reports, over places and over years.

    Parameters
    ----------
    table : pandas.DataFrame
        From `pairs`.

    Returns
    -------
    pandas.DataFrame
        One row per predictor: ``n`` records, ``r``, ``bias`` and ``rmse`` (cube
        less report), ``impossible`` (reported values that no place has, left
        out), and ``n_years`` and ``r_years``: the same correlation between
        departures from the mean of a place, where a study reports three years
        or more of it with values that differ. Missing where there are none.
    """
    rows = []
    for name, (reported, units, possible) in PAIRS.items():
        known = table[[reported, name, "study", "lat", "lon", "year"]].dropna()
        sound = known[known[reported].between(*possible)]
        row = {"predictor": name, "units": units, "n": len(sound),
               "impossible": len(known) - len(sound)}
        if len(sound) > 2:
            error = sound[name] - sound[reported]
            row |= {"bias": error.mean(), "rmse": np.sqrt((error**2).mean())}
            if sound[name].std() > 0 and sound[reported].std() > 0:
                row["r"] = np.corrcoef(sound[name], sound[reported])[0, 1]
        departures = _departures(sound, reported, name)
        row["n_years"] = len(departures)
        if len(departures) > 2 and departures[name].std() > 0:
            row["r_years"] = np.corrcoef(departures[name], departures[reported])[0, 1]
        rows.append(row)
    columns = ["predictor", "units", "n", "r", "bias", "rmse", "impossible", "n_years", "r_years"]
    return pd.DataFrame(rows, columns=columns).set_index("predictor")


def outliers(table, n=10):
    """List the records whose reported climate is furthest from their cell's.

    Parameters
    ----------
    table : pandas.DataFrame
        From `pairs`.
    n : int
        Records of each predictor; one per study and place.

    Returns
    -------
    pandas.DataFrame
        ``predictor``, ``record``, ``study``, ``lat``, ``lon``, ``reported``,
        ``in_cell``, worst first.
    """
    rows = []
    for name, (reported, _, _) in PAIRS.items():
        known = table.dropna(subset=[reported, name])
        far = (known[name] - known[reported]).abs().sort_values(ascending=False, kind="stable")
        worst = known.loc[far.index].drop_duplicates(["study", "lat", "lon"]).head(n)
        rows.append(
            worst[["record", "study", "lat", "lon", reported, name]]
            .rename(columns={reported: "reported", name: "in_cell"})
            .assign(predictor=name)
        )
    return pd.concat(rows, ignore_index=True)


def _departures(sound, reported, name):
    """Compute departures of a place's years from their mean, in the report and in the cube."""
    by_year = sound.groupby(["study", "lat", "lon", "year"])[[reported, name]].mean()
    place = by_year.groupby(["study", "lat", "lon"])
    enough = (place[reported].transform("size") >= 3) & (place[reported].transform("std") > 0)
    return (by_year - place.transform("mean"))[enough]
