"""Mean and second moment of a forest at many rows."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from soilresp.forest.kernel import BLOCK, REACH, sum_leaves
from soilresp.forest.rows import Rows
from soilresp.forest.trees import flatten

__all__ = ["evaluate", "over_blocks"]


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
