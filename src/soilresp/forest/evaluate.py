"""Mean and second moment of a forest at many rows, and the weights that they give to records."""

import os
from concurrent.futures import ThreadPoolExecutor
from math import frexp

import numpy as np

from soilresp.forest.kernel import BLOCK, REACH, add_amounts, share_amounts, sum_leaves
from soilresp.forest.rows import Rows
from soilresp.forest.trees import flatten

__all__ = ["evaluate", "total_weights", "over_blocks"]


def evaluate(forest, rows, n_threads=1):
    """Compute the mean and mean square of a forest's distribution at each row.

    The mean is scikit-learn's prediction. The distribution is that of
    Meinshausen's weights: each tree spreads its weight over all training
    records in the row's leaf (its mean square is the leaf's mean squared plus
    the leaf's variance).

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestRegressor or Trees
        Fitted; see `soilresp.forest.trees.flatten`.
    rows : Rows or array_like, shape (n, p)
        Make a `Rows` once to evaluate several forests.
    n_threads : int
        The result does not depend on it.

    Returns
    -------
    mean, second_moment : numpy.ndarray of float64, shape (n,)
        The conditional SD is ``sqrt(second_moment - mean**2)``.

    Raises
    ------
    ValueError
        If the rows' predictors are not as many as the forest's, or a value is not finite.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> x, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 2.0, 4.0, 9.0]
    >>> forest = RandomForestRegressor(bootstrap=False, max_depth=1, random_state=0).fit(x, y)
    >>> mean, second_moment = evaluate(forest, [[0.5], [3.0]])
    >>> mean.round(4).tolist(), second_moment.round(4).tolist()
    ([2.3333, 9.0], [7.0, 81.0])
    """
    trees = flatten(forest)
    rows = checked_rows(trees, rows)
    total = np.zeros((2, rows.n_blocks, BLOCK))
    for group, thresholds in trees.groups():
        table, nodes = group.ranked(thresholds, rows)
        over_blocks(
            lambda first, last, g=group, t=table, n=nodes: sum_leaves(
                rows.index, rows.bounds, t, g.starts, n, g.value, g.variance, first, last, total
            ),
            rows.n_blocks, n_threads,
        )
    mean, second_moment = rows.restore(total / len(trees))
    return mean, second_moment


def total_weights(forest, train_x, rows, amount, group=0, n_groups=1, n_threads=1):
    """Sum the weights of each training record over rows, each row times an amount.

    In every tree the amounts of the rows in a leaf are divided among its in-bag members, so
    that the sum of weights times training values is that of amounts times predictions.

    Parameters
    ----------
    forest, rows, n_threads
        As for `soilresp.forest.Weights.add`.
    train_x : numpy.ndarray, shape (n, p)
    amount : numpy.ndarray, shape (n_rows,)
        Not negative, such as areas. They are counted in fractions of 2^-61 of their sum, so
        that the result has the same bytes on any number of threads.
    group : numpy.ndarray of int, shape (n_rows,), optional
        Sum the rows of each group, numbered from 0, on their own.
    n_groups : int

    Returns
    -------
    numpy.ndarray, shape (n, n_groups)
        In units of `amount`.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> x, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 2.0, 4.0, 9.0]
    >>> forest = RandomForestRegressor(bootstrap=False, max_depth=1, random_state=0).fit(x, y)
    >>> total_weights(forest, x, [[0.5], [3.0]], np.array([6.0, 1.0])).T.tolist()
    [[2.0, 2.0, 2.0, 1.0]]
    """
    trees = flatten(forest, len(train_x))
    rows = checked_rows(trees, rows)
    scale = 2.0 ** (61 - frexp(amount.sum())[1])
    units = rows.arrange(np.rint(amount * scale).astype(np.int64))
    group = rows.arrange(np.resize(group, len(rows)).astype(np.int32))
    n_threads = (os.cpu_count() or 1) if n_threads == -1 else n_threads
    edges = np.linspace(0, rows.n_blocks, n_threads + 1).astype(int)
    found = []
    for part, thresholds in trees.groups():
        table, nodes = part.ranked(thresholds, rows)

        def work(first, last, part=part, table=table, nodes=nodes):
            own = np.zeros((part.feature.size, n_groups), np.int64)
            add_amounts(
                rows.index, rows.bounds, table, part.starts, nodes, units, group, first, last, own
            )
            return own

        with ThreadPoolExecutor(n_threads) as pool:
            found.append(sum(pool.map(work, edges[:-1], edges[1:])))
    return share_amounts(
        np.asarray(train_x, np.float32), trees.in_bag, trees.starts, trees.feature,
        trees.threshold, trees.left, np.concatenate(found) / scale,
    ) / len(trees)


def checked_rows(trees, rows):
    """Return rows for the trees; make them of a table."""
    rows = rows if isinstance(rows, Rows) else Rows(rows)
    if rows.x.shape[1] != trees.n_features:
        raise ValueError(
            f"the forest has {trees.n_features} predictors, the rows have {rows.x.shape[1]}"
        )
    return rows


def over_blocks(work, n_blocks, n_threads):
    """Call ``work(first, last)`` for stretches of blocks, in `n_threads` threads."""
    n_threads = (os.cpu_count() or 1) if n_threads == -1 else n_threads
    if n_threads == 1:
        work(0, n_blocks)
        return
    parts = range(0, n_blocks, REACH)
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(lambda first: work(first, min(first + REACH, n_blocks)), parts))
