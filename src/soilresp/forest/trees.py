"""The trees of a fitted forest as flat arrays."""

from dataclasses import dataclass

import numpy as np

from soilresp.forest.kernel import pack, side_by_side

__all__ = ["Trees", "flatten"]

_MOST_THRESHOLDS = 65_535
"""Ranks of one predictor must fit into 16 bits."""


@dataclass(frozen=True)
class Trees:
    """Trees one after the other, node by node.

    Attributes
    ----------
    starts : numpy.ndarray of int64, shape (n_trees + 1,)
        First node of each tree.
    feature : numpy.ndarray of int16, shape (n_nodes,)
        -1 for a leaf.
    threshold : numpy.ndarray of float32
        A row goes left if its value is at most this.
    left : numpy.ndarray of int64
        Left child, counted from the first node of the first tree; the right one is the next.
    value : numpy.ndarray of float64
        Mean of the node's members.
    variance : numpy.ndarray of float64
        Their variance.
    n_features : int
    """

    starts: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    value: np.ndarray
    variance: np.ndarray
    n_features: int

    def __len__(self):
        return self.starts.size - 1

    def part(self, first, last):
        """Some of the trees."""
        a, b = self.starts[first], self.starts[last]
        return Trees(
            self.starts[first : last + 1] - a, self.feature[a:b], self.threshold[a:b],
            self.left[a:b] - a, self.value[a:b], self.variance[a:b],
            self.n_features,
        )

    def groups(self):
        """The trees in as few groups as leave 65,535 distinct thresholds to a predictor."""
        thresholds = [
            np.unique(self.threshold[self.feature == k]) for k in range(self.n_features)
        ]
        if len(self) == 1 or max(t.size for t in thresholds) <= _MOST_THRESHOLDS:
            return [(self, thresholds)]
        half = len(self) // 2
        return [*self.part(0, half).groups(), *self.part(half, len(self)).groups()]

    def ranked(self, thresholds, rows, start=None):
        """Ranks that stand for thresholds and rows.

        Parameters
        ----------
        thresholds : list of numpy.ndarray
            From `groups`.
        rows : soilresp.forest.rows.Rows
        start : numpy.ndarray of int, shape (n_nodes + 1,), optional
            Where the members of each node begin; a leaf is then packed with its
            first member and their number, else with its own place.

        Returns
        -------
        table : numpy.ndarray of uint16
            Rank of each distinct value of each predictor of the rows: thresholds below it.
        nodes : numpy.ndarray of uint64
            From `soilresp.forest.kernel.pack`.
        """
        if start is None:
            rank = np.zeros(self.feature.size, np.int64)
            left = np.where(self.feature < 0, np.arange(self.feature.size), self.left)
        else:
            rank = np.diff(start).astype(np.int64)
            left = np.where(self.feature < 0, start[:-1], self.left)
        for k, known in enumerate(thresholds):
            here = self.feature == k
            rank[here] = np.searchsorted(known, self.threshold[here])
        table = np.concatenate(
            [np.searchsorted(t, v) for t, v in zip(thresholds, rows.distinct, strict=True)]
        ).astype(np.uint16)
        return table, pack(self.feature, rank, left, self.n_features)


def flatten(forest):
    """Take the trees out of a fitted forest.

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestRegressor or alike
        Any ensemble of regression trees with ``estimators_``; one output,
        grown by squared error (otherwise a leaf's impurity is not its variance).

    Returns
    -------
    Trees

    Raises
    ------
    ValueError
        If the forest has several outputs, was grown by another criterion, or
        sends missing values somewhere.
    """
    if forest.n_outputs_ != 1:
        raise ValueError(f"expected a forest with one output, got {forest.n_outputs_}")
    if forest.criterion not in ("squared_error", "friedman_mse"):
        raise ValueError(f"expected a forest grown by squared error, got {forest.criterion!r}")
    trees = [estimator.tree_ for estimator in forest.estimators_]
    starts = np.cumsum([0] + [tree.node_count for tree in trees])
    if starts[-1] >= 2**31:
        raise ValueError("the forest has more nodes than 32 bits can count")
    threshold = np.concatenate([tree.threshold for tree in trees])
    single = threshold.astype(np.float32)
    # Rounded down: the float32 values at most the threshold stay the same ones.
    up = single > threshold
    single[up] = np.nextafter(single[up], np.float32(-np.inf))
    old, left = side_by_side(
        starts,
        np.concatenate([tree.children_left for tree in trees]),
        np.concatenate([tree.children_right for tree in trees]),
    )
    feature = np.concatenate([tree.feature for tree in trees])[old]
    return Trees(
        starts,
        np.where(left > 0, feature, -1).astype(np.int16),
        single[old],
        left,
        np.concatenate([tree.value[:, 0, 0] for tree in trees])[old],
        np.concatenate([tree.impurity for tree in trees])[old],
        forest.n_features_in_,
    )
