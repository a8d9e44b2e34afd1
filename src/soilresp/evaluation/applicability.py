"""Area of applicability of the maps, by the dissimilarity of cells to the records.

Dissimilarity index and area of applicability of Meyer and Pebesma (2021,
doi:10.1111/2041-210X.13650).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from soilresp.errors import DataError
from soilresp.evaluation.folds import derived_seed, fold_numbers, folds
from soilresp.evaluation.validation import check_predictors
from soilresp.records.selection import TARGETS
from soilresp.upscaling.runs import fit, new_forest, predict

__all__ = [
    "Applicability", "area_of_applicability", "permutation_growth", "dissimilarity", "whisker",
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
    fold : numpy.ndarray of int, shape (n,)
        Fold of each record.
    weights : numpy.ndarray, shape (p,), optional
        Permutation importance of the predictors, (g C m-2 yr-1)2.
    predicted : numpy.ndarray, shape (n,), optional
        Prediction of each record by a forest that has not seen its study, g C m-2 yr-1.
    """

    cells: np.ndarray
    records: np.ndarray
    threshold: float
    fold: np.ndarray
    weights: np.ndarray | None = None
    predicted: np.ndarray | None = None

    @property
    def inside(self):
        """Tell which cells are inside the area of applicability (numpy.ndarray of bool)."""
        return self.cells <= self.threshold


def area_of_applicability(records, x, cells, target="SR", n_trees=100, n_folds=10, random_state=0):
    """Compute the area of applicability of a forest that is trained on records.

    Predictors are weighted by their permutation importance for records of studies that the
    forest has not seen; if none of them helps there, all count alike.

    Parameters
    ----------
    records : pandas.DataFrame, shape (n, ...)
        ``flux`` (g C m-2 yr-1) and ``study``, of one flux.
    x : pandas.DataFrame, shape (n, p)
        Predictors of the records, without missing values.
    cells : array_like, shape (n_cells, p)
        The same predictors of the cells.
    target : {"SR", "HR"}
        Enters the seed.
    n_trees, n_folds, random_state : int

    Returns
    -------
    Applicability

    Raises
    ------
    DataError
        If there are fewer studies than folds, no predictor varies, or values are missing.

    Examples
    --------
    >>> import pandas as pd
    >>> x = pd.DataFrame({"MAT": np.linspace(0, 20, 40), "Prec": [400.0, 900.0] * 20})
    >>> records = pd.DataFrame({"flux": 300 + 40 * x["MAT"], "study": np.arange(40) // 2})
    >>> found = area_of_applicability(records, x, [[10.0, 400.0], [60.0, 400.0]], n_folds=5)
    >>> found.inside.tolist()
    [True, False]
    """
    check_predictors(records, x, ("flux", "study"))
    study, n = records["study"].to_numpy(), len(records)
    n_studies = np.unique(study).size
    if n_studies < n_folds:
        raise DataError(f"{n_folds} folds need at least as many studies; there are {n_studies}.")
    splits = folds(n, n_folds, derived_seed(random_state, target, OFFSET), study)
    fold = fold_numbers(n, splits)
    weights, predicted = permutation_growth(x, records["flux"], fold, target, n_trees, random_state)
    used = weights if weights.max() > 0 else np.ones_like(weights)
    return replace(dissimilarity(x, cells, used, fold), weights=weights, predicted=predicted)


def permutation_growth(x, y, fold, target, n_trees, seed=0):
    """Compute the growth of the squared error of held-out records by permuting predictors.

    In each fold a predictor's values are shuffled among the held-out records. Within the
    training records the year's values would be rewarded for telling records apart.

    Parameters
    ----------
    x : array_like, shape (n, p)
    y : array_like, shape (n,)
        Fluxes, g C m-2 yr-1.
    fold : array_like of int, shape (n,)
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
    """Compute the dissimilarity index of cells and records, and its threshold.

    Predictors are scaled by the mean and SD of the records and multiplied by their
    weights. The index is the distance to the nearest record over the mean distance
    between records. Its threshold comes from the records themselves, each compared
    with those outside its fold.

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
            "No predictor has both a weight above zero and a spread among the records. "
            "Use other predictors or more records."
        )
    factor = weights[used] / weights[used].max() / spread[used]
    x, cells = x[:, used] * factor, cells[:, used] * factor
    scale = pdist(x).mean()
    fold = np.asarray(fold)
    own = np.empty(len(x))
    for k in np.unique(fold):
        own[fold == k] = cKDTree(x[fold != k]).query(x[fold == k])[0]
    own /= scale
    return Applicability(cKDTree(x).query(cells)[0] / scale, own, whisker(own), fold)


def whisker(values):
    """Return the largest value within 1.5 interquartile ranges of the third quartile.

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


def share_outside(inside, weights):
    """Compute the share of a total that lies outside the area of applicability.

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
