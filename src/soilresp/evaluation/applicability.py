"""Where the records say something about a cell, and where they do not.

Dissimilarity index and area of applicability of Meyer and Pebesma (2021,
doi:10.1111/2041-210X.13650), and the distance to the nearest site.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist
from sklearn.model_selection import GroupKFold
from sklearn.neighbors import BallTree

from soilresp.errors import DataError
from soilresp.grid.cells import EARTH_RADIUS
from soilresp.records.selection import TARGETS
from soilresp.upscaling.runs import fit, new_forest, predict

__all__ = [
    "Applicability",
    "folds_of",
    "importance",
    "dissimilarity",
    "whisker",
    "site_distance",
    "share_outside",
]

OFFSET = 70_000
"""Third number of the seeds drawn here."""

_REPEATS = 3


@dataclass(frozen=True)
class Applicability:
    """Dissimilarity of cells and records to the records.

    Attributes
    ----------
    cells : numpy.ndarray, shape (n_cells,)
        Dissimilarity index of each cell.
    records : numpy.ndarray, shape (n,)
        That of each record to the records outside its fold.
    threshold : float
        Upper whisker of `records`; a cell beyond it is outside the area of applicability.
    """

    cells: np.ndarray
    records: np.ndarray
    threshold: float

    @property
    def inside(self):
        """Whether each cell is inside the area of applicability."""
        return self.cells <= self.threshold


def folds_of(groups, n_folds, seed, target):
    """Number of the fold of each record; all records of a group share one.

    Parameters
    ----------
    groups : array_like, shape (n,)
        Study of each record.
    n_folds, seed : int
    target : {"SR", "HR"}

    Returns
    -------
    numpy.ndarray of int, shape (n,)

    Raises
    ------
    DataError
        If there are fewer groups than folds.
    """
    groups = np.asarray(groups)
    n_groups = np.unique(groups).size
    if n_groups < n_folds:
        raise DataError(f"{n_groups} studies cannot be dealt out to {n_folds} folds; take fewer.")
    state = int(np.random.default_rng([seed, TARGETS[target], OFFSET]).integers(2**31))
    splitter = GroupKFold(n_folds, shuffle=True, random_state=state)
    fold = np.empty(groups.size, int)
    for k, (_, test) in enumerate(splitter.split(groups, groups=groups)):
        fold[test] = k
    return fold


def importance(x, y, fold, target, n_trees, seed=0):
    """Permutation importance of predictors, on records that the forest has not seen.

    In each fold a predictor's values are shuffled among the held-out records,
    and the squared error grows by so much. Within the training records the year's
    values would be rewarded for telling records apart.

    Parameters
    ----------
    x : array_like, shape (n, p)
    y : array_like, shape (n,)
        Fluxes, g C m-2 yr-1.
    fold : array_like of int, shape (n,)
        From `folds_of`.
    target : {"SR", "HR"}
    n_trees, seed : int

    Returns
    -------
    growth : numpy.ndarray, shape (p,)
        Mean growth of the squared error, (g C m-2 yr-1)2; not above zero where the predictor
        is of no use for other studies.
    predicted : numpy.ndarray, shape (n,)
        Prediction of each record by the forest that has not seen its fold.
    """
    x, y, fold = np.array(x, np.float32), np.asarray(y, float), np.asarray(fold)
    rng = np.random.default_rng([seed, TARGETS[target], OFFSET, 1])
    predicted, growth = np.empty(len(y)), np.zeros(x.shape[1])
    for k in np.unique(fold):
        train, test = fold != k, fold == k
        forest = fit(new_forest(n_trees, x.shape[1], int(rng.integers(2**31))), x[train], y[train])
        predicted[test] = predict(forest, x[test])
        # All shuffled tables go through the forest at once.
        tables = np.repeat(x[test][np.newaxis], x.shape[1] * _REPEATS, axis=0)
        for i, table in enumerate(tables):
            j = i % x.shape[1]
            table[:, j] = rng.permutation(table[:, j])
        shuffled = predict(forest, tables.reshape(-1, x.shape[1])).reshape(len(tables), -1)
        error = ((shuffled - y[test]) ** 2).sum(axis=1) - ((predicted[test] - y[test]) ** 2).sum()
        growth += error.reshape(_REPEATS, -1).mean(axis=0)
    return growth / len(y), predicted


def dissimilarity(x, cells, weights, fold):
    """Dissimilarity index of cells, and the area of applicability.

    Predictors are scaled by the mean and SD of the records and multiplied by their
    weights. The index is the distance to the nearest record over the mean distance
    between records. Its threshold comes from the records themselves, each held
    against those outside its fold.

    Parameters
    ----------
    x : array_like, shape (n, p)
        Predictors of the records.
    cells : array_like, shape (n_cells, p)
        Predictors of the cells.
    weights : array_like, shape (p,)
        Importance of the predictors; what is below zero counts as zero.
    fold : array_like of int, shape (n,)

    Returns
    -------
    Applicability

    Raises
    ------
    DataError
        If no predictor has a weight, or the records are all alike.

    Examples
    --------
    Two folds at 0 and 1: a record is 1 from the other fold, a cell at 3 is 2 from the nearest.

    >>> found = dissimilarity([[0.0], [1.0]], [[0.5], [3.0]], [1.0], [0, 1])
    >>> found.cells.tolist(), found.threshold
    ([0.5, 2.0], 1.0)
    """
    x, cells = np.asarray(x, float), np.asarray(cells, float)
    weights = np.clip(np.asarray(weights, float), 0, None)
    spread = x.std(axis=0)
    used = (weights > 0) & (spread > 0)
    if not used.any():
        raise DataError(
            "No predictor has both a weight and a spread among the records, so there is no "
            "distance between them. Take other predictors, or more records."
        )
    factor = weights[used] / weights[used].max() / spread[used]
    x, cells = x[:, used] * factor, cells[:, used] * factor
    scale = pdist(x).mean()
    fold = np.asarray(fold)
    own = np.empty(len(x))
    for k in np.unique(fold):
        own[fold == k] = cKDTree(x[fold != k]).query(x[fold == k])[0]
    own /= scale
    return Applicability(cKDTree(x).query(cells)[0] / scale, own, whisker(own))


def whisker(values):
    """Largest value that is no outlier: within 1.5 interquartile ranges of the third quartile.

    Parameters
    ----------
    values : array_like

    Returns
    -------
    float

    Examples
    --------
    >>> whisker([0, 1, 2, 3, 4, 50])
    4.0
    """
    values = np.asarray(values, float)
    low, high = np.percentile(values, (25, 75))
    return float(values[values <= high + 1.5 * (high - low)].max())


def site_distance(lat, lon, site_lat, site_lon):
    """Great-circle distance of points to the nearest site.

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

    >>> site_distance([0.0, 0.0], [0.0, 90.0], [90.0], [0.0]).round(-2).tolist()
    [10000.0, 10000.0]
    """
    tree = BallTree(np.deg2rad(np.column_stack([site_lat, site_lon])), metric="haversine")
    angle, _ = tree.query(np.deg2rad(np.column_stack([lat, lon])))
    return angle[:, 0] * EARTH_RADIUS / 1e3


def share_outside(inside, weights):
    """Share of a total that lies outside the area of applicability.

    Parameters
    ----------
    inside : array_like of bool
    weights : array_like
        Area, or flux times area, of each cell.

    Returns
    -------
    float

    Examples
    --------
    >>> share_outside([True, False], [3.0, 1.0])
    0.25
    """
    weights = np.asarray(weights, float)
    return float(weights[~np.asarray(inside, bool)].sum() / weights.sum())
