"""Groups of records, and the splits of records into training and test sets.

The splitters are scikit-learn's. Blocks are counted in whole cells of the half-degree grid,
of the cell that a record takes its predictors from, so that no cell lies in two blocks.
"""

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut
from sklearn.neighbors import BallTree

from soilresp.errors import ParameterError
from soilresp.grid.cells import EARTH_RADIUS
from soilresp.records.selection import TARGETS
from soilresp.upscaling.runs import fit, new_forest, predict

__all__ = [
    "REGIONS", "CUTS", "derived_seed", "site_groups", "block_groups", "region_groups", "folds",
    "fold_numbers", "leave_one_out", "forward_splits", "nearest_distance",
    "nearest_training", "buffered", "predict_left_out",
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
"""Boxes: south, north, west, east in degrees; a record belongs to the first that contains it."""

ELSEWHERE = "Australia and Oceania"

CUTS = (1990, 1995, 2000, 2005, 2010)
"""Years before which studies end that train, and from which on those begin that test."""


def derived_seed(*parts):
    """Derive a seed for scikit-learn from the numbers that identify a random stream.

    Parameters
    ----------
    *parts : int or {"SR", "HR"}
        Seed of the study, target, and numbers that tell the streams of one seed apart.

    Returns
    -------
    int
        Below 2**31.

    Examples
    --------
    >>> derived_seed(0, "SR", 10_000) == derived_seed(0, "HR", 10_000)
    False
    """
    stream = [TARGETS.get(part, part) for part in parts]
    return int(np.random.default_rng(stream).integers(2**31))


def site_groups(matched):
    """Return the number of the half-degree cell of each record."""
    return matched["row"].to_numpy() * 720 + matched["col"].to_numpy()


def block_groups(matched, size=2.0):
    """Return the number of the block of `size` degrees that contains each record's cell.

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
    """Return the region of `REGIONS`, else `ELSEWHERE`, that contains each record's site.

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
    """Split records into folds that test each record once.

    Parameters
    ----------
    n : int
        Number of records.
    n_folds : int
        At most; there are no more folds than groups.
    state : int
        Seed.
    groups : array_like, shape (n,), optional
        Records of a group stay on one side. Default: each record is its own group.

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


def fold_numbers(n, splits):
    """Return the number of the fold that tests each record.

    Parameters
    ----------
    n : int
        Number of records.
    splits : iterable of (train, test)
        From `folds`.

    Returns
    -------
    numpy.ndarray of int, shape (n,)
        -1 for a record that no split tests.

    Examples
    --------
    >>> fold_numbers(3, [([0], [1, 2]), ([1, 2], [0])]).tolist()
    [1, 0, 0]
    """
    number = np.full(n, -1)
    for k, (_, test) in enumerate(splits):
        number[test] = k
    return number


def leave_one_out(groups):
    """Split records into one fold per group; empty if there is a single group."""
    if np.unique(groups).size < 2:
        return []
    return list(LeaveOneGroupOut().split(np.zeros(len(groups)), None, groups))


def forward_splits(matched, cuts=CUTS):
    """Split into studies that end before a year and studies that begin in it or later.

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


def nearest_distance(lat, lon, site_lat, site_lon):
    """Compute the great-circle distance of points to the nearest site.

    Parameters
    ----------
    lat, lon : array_like, shape (n,)
        Degrees.
    site_lat, site_lon : array_like, shape (m,)
        Degrees.

    Returns
    -------
    numpy.ndarray, shape (n,)
        km.

    Examples
    --------
    A quarter of the globe is 10,000 km, by the definition of the metre:

    >>> nearest_distance([0.0, 0.0], [0.0, 90.0], [90.0], [0.0]).round(-2).tolist()
    [10000.0, 10000.0]
    """
    tree = BallTree(np.deg2rad(np.column_stack([site_lat, site_lon])), metric="haversine")
    angle, _ = tree.query(np.deg2rad(np.column_stack([lat, lon])))
    return angle[:, 0] * EARTH_RADIUS / 1e3


def nearest_training(matched, splits):
    """Compute the distance from each tested record to the nearest record of its training set.

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
    points, distance = matched[["lat", "lon"]].to_numpy(float), np.full(len(matched), np.nan)
    for train, test in splits:
        distance[test] = nearest_distance(*points[test].T, *points[train].T)
    return distance


def buffered(matched, splits, distance):
    """Remove records near a tested one from the training sets.

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
    points = matched[["lat", "lon"]].to_numpy(float)
    return [
        (train[nearest_distance(*points[train].T, *points[test].T) >= distance], test)
        for train, test in splits
    ]


def predict_left_out(x, y, splits, n_trees, seed, n_jobs=-1):
    """Predict each record with a forest that was trained without it.

    Parameters
    ----------
    x : numpy.ndarray of float32, shape (n, p)
    y : numpy.ndarray, shape (n,)
        Fluxes, g C m-2 yr-1.
    splits : iterable of (train, test)
    n_trees : int
    seed : int
        Of every forest.
    n_jobs : int
        Threads; the predictions do not depend on it.

    Returns
    -------
    numpy.ndarray, shape (n,)
        g C m-2 yr-1; NaN for records that no split tests.
    """
    predicted = np.full(len(y), np.nan)
    for train, test in splits:
        forest = fit(new_forest(n_trees, x.shape[1], seed, n_jobs), x[train], y[train])
        predicted[test] = predict(forest, x[test])
    return predicted
