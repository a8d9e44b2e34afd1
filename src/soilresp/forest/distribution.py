"""Conditional distribution of a forest as weights on the training values.

Meinshausen, N. (2006), Quantile regression forests, J. Mach. Learn. Res. 7, 983-999.
"""

from math import ceil

import numpy as np

from soilresp.forest.evaluate import checked_rows, over_blocks
from soilresp.forest.kernel import BLOCK, REACH, add_members, list_members, summarise
from soilresp.forest.trees import flatten

__all__ = ["Weights", "distribution", "moments", "quantiles", "median_absolute_deviation"]

_ROUNDING = 1e-6
"""Amount by which rounded weights may miss a level that they reach exactly."""

_CAPACITY = 2**32 - 1

_DIVISIBLE = 2520
"""The lowest number that every leaf size up to ten divides."""

_FINE = 2**24
"""Units to a tree that are so many that no leaf size needs to divide them."""


class Weights:
    """Mean, over any number of forests, of the weights that rows give to training values.

    A tree gives each of its in-bag training records that share a row's leaf the
    weight one over the leaf's size, repeats counted as often as they were
    drawn; a forest takes the mean over its trees. The weighted mean of the
    values is then the forest's own prediction.

    Weights are kept as whole numbers of 32 bits, so that they come out the same to
    the last bit in whatever order and on however many machines forests are added. A
    leaf's units are cut up so that its distribution function is at each value within
    half a unit of the true one; a tree has 2^32 units divided by `n_forests` and by
    the trees of a forest, and at least 2,520 where that allows.

    Parameters
    ----------
    values : array_like
        All training values that may occur; kept sorted and unique.
    n_rows : int
        Rows (cells) that will be evaluated. Memory is 4 bytes for each row and value.
    n_forests : int
        Forests that will be added, at most.
    n_bins : int, optional
        Put the values into so many bins, to save memory (256 bins: 1 kB to a
        row). Every value is then taken for the middle of its bin's lowest and
        highest one, so that means, SDs and quantiles are at most ``within`` off
        and MADs at most twice that. Default: every value on its own, exact.

    Attributes
    ----------
    values : numpy.ndarray
        Values, or the middles of the bins, increasing.
    within : float
        Half the width of the widest bin, in units of the values; 0 without bins.

    Raises
    ------
    ValueError
        If there is no value, row, forest or bin.
    """

    def __init__(self, values, n_rows, n_forests=1, n_bins=None):
        if min(np.size(values), n_rows, n_forests, 1 if n_bins is None else n_bins) < 1:
            raise ValueError("Weights needs at least one value, row, forest and bin")
        self._known = np.unique(np.asarray(values, float))
        self._bin = _bins(self._known, n_bins)
        first = np.searchsorted(self._bin, np.arange(self._bin[-1] + 1))
        last = np.append(first[1:], self._bin.size) - 1
        self.values = (self._known[first] + self._known[last]) / 2
        self.within = float((self._known[last] - self._known[first]).max() / 2)
        self.n_rows, self.n_forests = n_rows, n_forests
        self._rows, self._n, self._total = None, 0, 0
        self._units = np.zeros((-(-n_rows // BLOCK), self.values.size, BLOCK), np.uint32)

    def add(self, forest, train_x, train_y, rows, n_threads=1, one_member=None):
        """Add the weights of one fitted forest.

        Parameters
        ----------
        forest : sklearn.ensemble.RandomForestRegressor or soilresp.forest.trees.Trees
            Fitted on `train_x` and `train_y`, without sample weights; `Trees` with ``in_bag``.
        train_x : numpy.ndarray, shape (n, p)
        train_y : numpy.ndarray, shape (n,)
            Each a member of `values`.
        rows : soilresp.forest.rows.Rows or array_like, shape (n_rows, p)
            The same every time; make a `Rows` once for several forests.
        n_threads : int
            As for `soilresp.forest.evaluate.evaluate`.
        one_member : numpy.random.Generator, optional
            Let one record, drawn at random with this generator, stand for each leaf:
            the rule of R's quantregForest, which draws among all training records that
            fall into the leaf, whether or not they are in the tree's bag. The mean is
            then no longer the forest's prediction. Default: all in-bag members.

        Raises
        ------
        ValueError
            If `rows` are not `n_rows`, not finite or not those of before, a training
            value is not one of `values`, or there are more forests than announced.
        """
        trees = flatten(forest, None if one_member else len(train_y))
        rows = self._same_rows(checked_rows(trees, rows))
        if not np.isin(train_y, self._known).all():
            raise ValueError("train_y has a value that was not given to Weights")
        if self._n == self.n_forests:
            raise ValueError(f"Weights is made for {self.n_forests} forests, this is one more")
        units = _units_to_a_tree(len(trees), self.n_forests)
        position = self._bin[np.searchsorted(self._known, train_y)]
        ready = _with_members(trees, train_x, position, units, rows, one_member)
        over_blocks(
            lambda first, last: _add(ready, rows, first, last, 0, self._units),
            rows.n_blocks, n_threads,
        )
        self._total += units * len(trees)
        self._n += 1

    def merge(self, other):
        """Add the forests of other weights, of the same values and rows."""
        if not np.array_equal(self.values, other.values) or self.n_forests != other.n_forests:
            raise ValueError("Weights to be merged differ in values or number of forests")
        self.take(other._units.copy(), other._n, other._rows)

    @property
    def units(self):
        """Return the weights in whole units, (blocks, values, 64), in the order of the `Rows`."""
        return self._units

    def take(self, units, n_forests, rows):
        """Add `n_forests` forests given their `units`, an array that is then changed in place."""
        if units.shape != self._units.shape:
            raise ValueError("the units are those of other values or rows")
        if self._n + n_forests > self.n_forests:
            raise ValueError(f"Weights is made for {self.n_forests} forests, these are more")
        if not n_forests:
            return
        self._same_rows(rows)
        if self._n:
            self._units += units
        else:
            self._units = units
        self._n += n_forests
        # Every row has the same number of units.
        self._total += int(units[0, :, 0].sum(dtype=np.int64))

    def mean(self, rows=slice(None)):
        """Return the weights of some rows, (rows, n_values); each row sums to 1."""
        where = np.empty(self.n_rows, int)
        where[self._rows.order] = np.arange(self.n_rows)
        block, lane = np.divmod(where[rows], BLOCK)
        return self._units[block, :, lane] / self._total

    def summary(self, levels=(), n_threads=1):
        """Compute statistics of each row's distribution.

        Parameters
        ----------
        levels : sequence of float
            Quantile levels.
        n_threads : int
            The result does not depend on it.

        Returns
        -------
        dict of numpy.ndarray
            ``mean``, ``sd`` and ``mad`` of shape (n_rows,), ``quantiles`` of
            shape (len(levels), n_rows).
        """
        needed = _needed(levels, self._total)
        out = np.empty((needed.size, len(self._units), BLOCK))
        centre = self.values.mean()
        over_blocks(
            lambda first, last: summarise(
                self._units, self.values, centre, needed, self._total, first, last, 0, out
            ),
            len(self._units), n_threads,
        )
        return _named(self._rows.restore(out))

    def _same_rows(self, rows):
        if len(rows) != self.n_rows:
            raise ValueError(f"expected {self.n_rows} rows, got {len(rows)}")
        if self._rows is None:
            self._rows = rows
        elif self._rows is not rows and not (
            np.array_equal(self._rows.x, rows.x) and np.array_equal(self._rows.order, rows.order)
        ):
            raise ValueError("expected the same rows, in the same order, for every forest")
        return self._rows


def distribution(forest, train_x, train_y, rows, levels=(), n_threads=1, one_member=None):
    """Compute statistics of one forest's distribution at any number of rows.

    As `Weights` gives them, but the weights of some thousand rows are made, summed up
    and dropped at a time, so that memory does not grow with the rows.

    Parameters
    ----------
    forest, train_x, train_y, rows, n_threads, one_member
        As for `Weights.add`.
    levels : sequence of float
        Quantile levels.

    Returns
    -------
    dict of numpy.ndarray
        As from `Weights.summary`.

    Raises
    ------
    ValueError
        If `rows` are not finite or do not fit the forest.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> x, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 2.0, 4.0, 9.0]
    >>> forest = RandomForestRegressor(bootstrap=False, max_depth=1, random_state=0).fit(x, y)
    >>> found = distribution(forest, x, y, [[0.5]], levels=[0.5, 0.9])
    >>> found["mad"].tolist(), found["quantiles"].tolist()
    ([1.0], [[2.0], [4.0]])
    """
    trees = flatten(forest, None if one_member else len(train_y))
    rows = checked_rows(trees, rows)
    values, position = np.unique(np.asarray(train_y, float), return_inverse=True)
    units = _units_to_a_tree(len(trees), 1)
    total, centre = units * len(trees), values.mean()
    ready = _with_members(trees, train_x, position, units, rows, one_member)
    needed = _needed(levels, total)
    out = np.empty((needed.size, rows.n_blocks, BLOCK))

    def work(first, last):
        kept = np.empty((min(REACH, last - first), values.size, BLOCK), np.uint32)
        for start in range(first, last, REACH):
            end = min(start + REACH, last)
            kept[:] = 0
            _add(ready, rows, start, end, start, kept)
            summarise(kept, values, centre, needed, total, start, end, start, out)

    over_blocks(work, rows.n_blocks, n_threads)
    return _named(rows.restore(out))


def _units_to_a_tree(n_trees, n_forests):
    units = _CAPACITY // n_forests // n_trees
    if units < 1:
        raise ValueError(f"{n_forests} forests of {n_trees} trees are too many")
    return units - units % _DIVISIBLE if _DIVISIBLE <= units < _FINE else units


def _with_members(trees, train_x, position, units, rows, one_member):
    """Return groups of trees with their table of ranks, nodes and leaf members."""
    by_value = np.argsort(position, kind="stable")
    if one_member is None:
        count = trees.in_bag[:, by_value]
    else:
        count = np.ones((len(trees), len(position)), np.uint8)
    start, members = list_members(
        np.asarray(train_x, np.float32)[by_value], count, position[by_value], trees.starts,
        trees.feature, trees.threshold, trees.left, units,
    )
    if one_member is not None:
        start, members = _drawn(start, members, units, one_member)
    ready, done = [], 0
    for group, thresholds in trees.groups():
        own = start[trees.starts[done] : trees.starts[done + len(group)] + 1]
        ready.append((group.starts, *group.ranked(thresholds, rows, own), members))
        done += len(group)
    return ready


def _drawn(start, members, units, rng):
    """Draw one member of each leaf by the members' shares; it gets all units of the leaf."""
    share = np.cumsum(members & np.uint64(_CAPACITY))
    leaf = np.flatnonzero(np.diff(start))
    before = np.concatenate([[np.uint64(0)], share])[start[leaf]]
    chosen = np.searchsorted(share, before + rng.integers(units, size=leaf.size, dtype=np.uint64),
                             side="right")
    position = members[chosen] & ~np.uint64(_CAPACITY)
    first = np.zeros_like(start)
    first[leaf + 1] = 1
    return np.cumsum(first, dtype=start.dtype), position | np.uint64(units)


def _add(ready, rows, first, last, origin, out):
    for starts, table, nodes, members in ready:
        add_members(
            rows.index, rows.bounds, table, starts, nodes, members, first, last, origin, out
        )


def _needed(levels, total):
    """Return the units that each statistic must reach, as `summarise` takes them."""
    half, *needed = (max(0, ceil((level - _ROUNDING) * total)) for level in (0.5, *levels))
    return np.array([total // 4, half, total // 4 + half, *needed], np.uint32)


def _named(statistics):
    return {
        "mean": statistics[0], "sd": statistics[1], "mad": statistics[2],
        "quantiles": statistics[3:],
    }


def _bins(known, n_bins):
    """Return the bin of each sorted value; bins are even in both number of values and width."""
    if n_bins is None or n_bins >= known.size:
        return np.arange(known.size)
    place = np.arange(known.size) / known.size
    place += (known - known[0]) / (known[-1] - known[0])
    number = np.minimum((place * n_bins / place[-1]).astype(int), n_bins - 1)
    return np.unique(number, return_inverse=True)[1]


def moments(values, weights):
    """Compute the mean and standard deviation of weighted values.

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
    # Not by BLAS, where a row's sum depends on the rows around it.
    mean = np.einsum("ij,j->i", weights, values - centre)
    square = np.einsum("ij,j->i", weights, (values - centre) ** 2)
    return mean + centre, np.sqrt(np.maximum(square - mean**2, 0))


def quantiles(values, weights, levels):
    """Find the smallest value at which the weighted distribution function reaches a level.

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
    """Compute the weighted median distance from the weighted median, unscaled.

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
    """Return the weight below each value and, one column on, up to it; (n, k + 1)."""
    reached = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, dtype=np.float64, out=reached[:, 1:])
    return reached


def _first_reaching(reached, level):
    """Return the position of the first value at which a row reaches a level."""
    below = (reached[:, 1:] < level - _ROUNDING).sum(axis=1)
    return np.minimum(below, reached.shape[1] - 2)


def _quantiles(values, reached, levels):
    return np.array([values[_first_reaching(reached, level)] for level in levels])


def _deviation(values, reached):
    """Return the smallest distance within which half of the weight lies."""
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
