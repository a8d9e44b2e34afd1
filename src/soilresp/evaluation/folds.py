"""Ways to set records aside: what a group is, and which records train and test.

The splitters are scikit-learn's. Blocks are counted in whole cells of the half-degree grid,
of the cell that a record takes its predictors from, so that no cell lies in two blocks.
"""

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut
from sklearn.neighbors import BallTree

from soilresp.errors import ParameterError
from soilresp.grid.cells import EARTH_RADIUS

__all__ = [
    "REGIONS",
    "CUTS",
    "site_groups",
    "block_groups",
    "region_groups",
    "folds",
    "leave_one_out",
    "forward_splits",
    "nearest_training",
    "buffered",
]

REGIONS = {
    "North America": (12, 90, -170, -30),
    "South America": (-60, 12, -100, -30),
    "Europe and the Mediterranean": (35, 90, -30, 45),
    "Africa and Arabia": (-60, 35, -30, 60),
    "North Asia": (48, 90, 45, 180),
    "East and Central Asia": (23, 48, 45, 180),
    "South and Southeast Asia": (-11, 23, 60, 140),
}
"""Boxes: south, north, west, east in degrees; a record lies in the first that holds it."""

ELSEWHERE = "Australia and Oceania"

CUTS = (1990, 1995, 2000, 2005, 2010)
"""Years before which studies end that train, and from which on those begin that test."""


def site_groups(matched):
    """Number of the half-degree cell of each record."""
    return matched["row"].to_numpy() * 720 + matched["col"].to_numpy()


def block_groups(matched, size=2.0):
    """Number of the block of `size` degrees that each record's cell lies in.

    Parameters
    ----------
    matched : pandas.DataFrame
        With ``row`` and ``col``.
    size : float
        Degrees; half a degree, or a multiple that divides 180.

    Returns
    -------
    numpy.ndarray of int, shape (n,)

    Raises
    ------
    ParameterError
        If blocks of that size do not hold whole cells or do not fill the globe.
    """
    cells = 2 * size
    if cells < 1 or cells != round(cells) or 360 % cells:
        raise ParameterError(
            f"Blocks must measure a multiple of 0.5 degrees that divides 180, got {size}."
        )
    cells = int(cells)
    row, col = matched["row"].to_numpy() // cells, matched["col"].to_numpy() // cells
    return row * (720 // cells) + col


def region_groups(matched):
    """Name of the region of `REGIONS`, else `ELSEWHERE`, that each record's site lies in.

    Parameters
    ----------
    matched : pandas.DataFrame
        With ``lat`` and ``lon``.

    Returns
    -------
    numpy.ndarray of str, shape (n,)
    """
    lat, lon = matched["lat"].to_numpy(), matched["lon"].to_numpy()
    inside = [
        (lat >= south) & (lat <= north) & (lon >= west) & (lon <= east)
        for south, north, west, east in REGIONS.values()
    ]
    return np.select(inside, list(REGIONS), default=ELSEWHERE)


def folds(n, n_folds, state, groups=None):
    """Folds that test each record once.

    Parameters
    ----------
    n : int
        Number of records.
    n_folds : int
        At most; there are no more folds than groups.
    state : int
        Seed.
    groups : array_like, shape (n,), optional
        Each group is kept on one side. Default: every record for itself.

    Returns
    -------
    list of (train, test)
        Positions of records. Empty if there is a single group.
    """
    n_groups = n if groups is None else np.unique(groups).size
    if n_groups < 2:
        return []
    splitter = KFold if groups is None else GroupKFold
    splitter = splitter(min(n_folds, n_groups), shuffle=True, random_state=state)
    return list(splitter.split(np.zeros(n), None, groups))


def leave_one_out(groups):
    """One fold a group; empty if there is a single group."""
    if np.unique(groups).size < 2:
        return []
    return list(LeaveOneGroupOut().split(np.zeros(len(groups)), None, groups))


def forward_splits(matched, cuts=CUTS):
    """Train on studies that end before a year, test on those that begin from it on.

    A study is tested once, by the last cut before it begins; a study that spans the cut is
    on neither side. Studies that begin before the first cut with training are not tested.

    Parameters
    ----------
    matched : pandas.DataFrame
        With ``study`` and ``year``.
    cuts : sequence of float
        Years, increasing.

    Returns
    -------
    list of (train, test)
        Positions of records.

    Examples
    --------
    >>> import pandas as pd
    >>> records = pd.DataFrame({"study": [1, 2, 2, 3], "year": [1985, 1989, 1991, 1996]})
    >>> [(a.tolist(), b.tolist()) for a, b in forward_splits(records, cuts=(1990, 1995))]
    [([0, 1, 2], [3])]
    """
    year = matched.groupby("study")["year"]
    first, last = year.transform("min").to_numpy(), year.transform("max").to_numpy()
    splits = []
    for cut, until in zip(cuts, (*cuts[1:], np.inf)):
        train = np.flatnonzero(last < cut)
        test = np.flatnonzero((first >= cut) & (first < until))
        if train.size and test.size:
            splits.append((train, test))
    return splits


def nearest_training(matched, splits):
    """Distance from each tested record to the nearest record of its training set.

    Parameters
    ----------
    matched : pandas.DataFrame, n rows
        With ``lat`` and ``lon``.
    splits : iterable of (train, test)

    Returns
    -------
    numpy.ndarray, shape (n,)
        km on the sphere; NaN for records that no split tests.
    """
    points, distance = _radians(matched), np.full(len(matched), np.nan)
    for train, test in splits:
        found = BallTree(points[train], metric="haversine").query(points[test])[0][:, 0]
        distance[test] = found * EARTH_RADIUS / 1e3
    return distance


def buffered(matched, splits, distance):
    """Take records near a tested one out of the training sets.

    Parameters
    ----------
    matched : pandas.DataFrame
        With ``lat`` and ``lon``.
    splits : iterable of (train, test)
    distance : float
        km; training records that are nearer than this to any tested record of their
        split are left out.

    Returns
    -------
    list of (train, test)
    """
    points = _radians(matched)
    out = []
    for train, test in splits:
        found = BallTree(points[test], metric="haversine").query(points[train])[0][:, 0]
        out.append((train[found * EARTH_RADIUS / 1e3 >= distance], test))
    return out


def _radians(matched):
    return np.deg2rad(matched[["lat", "lon"]].to_numpy(float))
