"""The conditional distribution of a forest as weights over the training values.

Meinshausen, N. (2006), Quantile regression forests, J. Mach. Learn. Res. 7, 983-999.
"""

import warnings

import numpy as np
from scipy import sparse

__all__ = ["Weights", "moments", "quantiles", "median_absolute_deviation"]

_ROUNDING = 1e-6
"""What float32 weights may fall short of a level that they reach exactly."""


class Weights:
    """Mean, over any number of forests, of the weights that rows give to training values.

    A tree gives each of its in-bag training records that share a row's leaf the
    weight one over the leaf's size, repeats counted as often as they were
    drawn; a forest takes the mean over its trees. The weighted mean of the
    values is then the forest's own prediction.

    Parameters
    ----------
    values : array_like
        All training values that may occur; kept sorted and unique.
    n_rows : int
        Rows (cells) that will be evaluated.
    """

    def __init__(self, values, n_rows):
        self.values = np.unique(np.asarray(values, float))
        self._sum = np.zeros((n_rows, self.values.size), np.float32)
        self._n = 0

    def add(self, forest, train_x, train_y, rows):
        """Add the weights of one fitted forest.

        Parameters
        ----------
        forest : sklearn.ensemble.RandomForestRegressor
            Fitted on `train_x` and `train_y`.
        train_x : numpy.ndarray, shape (n, p)
        train_y : numpy.ndarray, shape (n,)
            Each a member of `values`.
        rows : numpy.ndarray, shape (n_rows, p)

        Raises
        ------
        ValueError
            If `rows` are not `n_rows`, or a training value is not one of `values`.
        """
        if len(rows) != len(self._sum):
            raise ValueError(f"expected {len(self._sum)} rows, got {len(rows)}")
        if not np.isin(train_y, self.values).all():
            raise ValueError("train_y has a value that was not given to Weights")
        position = np.searchsorted(self.values, train_y)
        offsets = np.cumsum([0] + [t.tree_.node_count for t in forest.estimators_])
        leaf_of_train = _leaves(forest, train_x)
        node, member, weight = [], [], []
        for i, in_bag in enumerate(forest.estimators_samples_):
            leaves = leaf_of_train[in_bag, i]
            size = np.bincount(leaves, minlength=offsets[i + 1] - offsets[i])
            node.append(leaves + offsets[i])
            member.append(position[in_bag])
            weight.append(1.0 / size[leaves])
        n_trees = len(forest.estimators_)
        members = sparse.csr_array(
            (
                np.concatenate(weight).astype(np.float32),
                (np.concatenate(node), np.concatenate(member)),
            ),
            shape=(offsets[-1], self.values.size),
        )
        leaf_of_row = _leaves(forest, rows) + offsets[:-1]
        visits = sparse.csr_array(
            (
                np.full(leaf_of_row.size, 1 / n_trees, np.float32),
                leaf_of_row.ravel(),
                np.arange(0, leaf_of_row.size + 1, n_trees),
            ),
            shape=(len(rows), offsets[-1]),
        )
        given = visits @ members
        row = np.repeat(np.arange(len(rows)), np.diff(given.indptr))
        # No (row, value) pair stands twice in a product, so that += meets each once.
        self._sum[row, given.indices] += given.data
        self._n += 1

    def mean(self, rows=slice(None)):
        """The weights of some rows, float32 of shape (rows, n_values); each row sums to 1."""
        return self._sum[rows] / np.float32(self._n)

    def summary(self, levels=(), chunk=512):
        """Statistics of each row's distribution.

        Parameters
        ----------
        levels : sequence of float
            Quantile levels.
        chunk : int
            Rows worked on at a time; bounds the memory.

        Returns
        -------
        dict of numpy.ndarray
            ``mean``, ``sd`` and ``mad`` of shape (n_rows,), ``quantiles`` of
            shape (len(levels), n_rows).
        """
        n = len(self._sum)
        out = {name: np.empty(n) for name in ("mean", "sd", "mad")}
        out["quantiles"] = np.empty((len(levels), n))
        for start in range(0, n, chunk):
            rows = slice(start, start + chunk)
            weights = self.mean(rows)
            out["mean"][rows], out["sd"][rows] = moments(self.values, weights)
            reached = _distribution_function(weights)
            out["mad"][rows] = _deviation(self.values, reached)
            out["quantiles"][:, rows] = _quantiles(self.values, reached, levels)
        return out


def _leaves(forest, x):
    """Leaf of every row in every tree, (n, n_trees)."""
    # Put back the warning filters, which scikit-learn's threads can lose between them.
    with warnings.catch_warnings():
        return forest.apply(x)


def moments(values, weights):
    """Mean and standard deviation of weighted values.

    Parameters
    ----------
    values : numpy.ndarray, shape (k,)
    weights : numpy.ndarray, shape (n, k)
        Each row sums to 1.

    Returns
    -------
    mean, sd : numpy.ndarray, shape (n,)
    """
    centre = values.mean()
    # Centred first: the difference of two large squares would lose digits.
    mean = weights @ (values - centre)
    square = weights @ (values - centre) ** 2
    return mean + centre, np.sqrt(np.maximum(square - mean**2, 0))


def quantiles(values, weights, levels):
    """Smallest value at which the weighted distribution function reaches a level.

    Parameters
    ----------
    values : numpy.ndarray, shape (k,)
        Increasing.
    weights : numpy.ndarray, shape (n, k)
        Each row sums to 1.
    levels : sequence of float

    Returns
    -------
    numpy.ndarray, shape (len(levels), n)

    Examples
    --------
    >>> quantiles(np.array([1.0, 2.0, 3.0]), np.array([[0.2, 0.3, 0.5]]), [0.5, 0.51])
    array([[2.],
           [3.]])
    """
    return _quantiles(values, _distribution_function(weights), levels)


def median_absolute_deviation(values, weights):
    """Weighted median of the distance from the weighted median, unscaled.

    Parameters
    ----------
    values : numpy.ndarray, shape (k,)
        Increasing.
    weights : numpy.ndarray, shape (n, k)
        Each row sums to 1.

    Returns
    -------
    numpy.ndarray, shape (n,)

    Examples
    --------
    >>> median_absolute_deviation(np.array([1.0, 2.0, 9.0]), np.array([[0.3, 0.3, 0.4]]))
    array([1.])
    """
    return _deviation(values, _distribution_function(weights))


def _distribution_function(weights):
    """Weight below each value and, one column on, up to it; shape (n, k + 1)."""
    reached = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, dtype=np.float64, out=reached[:, 1:])
    return reached


def _first_reaching(reached, level):
    """Position of the first value at which each row's distribution function reaches a level."""
    below = (reached[:, 1:] < level - _ROUNDING).sum(axis=1)
    return np.minimum(below, reached.shape[1] - 2)


def _quantiles(values, reached, levels):
    return np.array([values[_first_reaching(reached, level)] for level in levels])


def _deviation(values, reached):
    """Median absolute deviation: the smallest distance within which half of the weight lies."""
    row, middle = np.arange(len(reached)), _first_reaching(reached, 0.5)
    median = values[middle]

    def is_enough(distance):
        reach = distance * (1 + 1e-12)
        last = np.searchsorted(values, median + reach, side="right")
        first = np.searchsorted(values, median - reach, side="left")
        return reached[row, last] - reached[row, first] >= 0.5 - _ROUNDING

    # It is the distance of a value, and distances grow to either side of the median:
    # bisection finds the nearest value that is enough on each side.
    nearest = np.full(len(reached), np.inf)
    for side, furthest in ((1, values.size - 1 - middle), (-1, middle)):
        low, high = np.zeros_like(middle), furthest + 1
        while (low < high).any():
            step = (low + high) // 2
            distance = np.abs(values[middle + side * np.minimum(step, furthest)] - median)
            enough = is_enough(distance)
            high = np.where(enough & (low < high), step, high)
            low = np.where(enough | (low >= high), low, step + 1)
        found = np.abs(values[middle + side * np.minimum(low, furthest)] - median)
        nearest = np.where(low <= furthest, np.minimum(nearest, found), nearest)
    return nearest
