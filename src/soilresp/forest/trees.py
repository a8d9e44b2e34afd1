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
    in_bag : numpy.ndarray of uint8, shape (n_trees, n_records), optional
        Times that each training record was drawn into each tree's bootstrap sample (about
        Poisson with mean 1, never near 255).
    """

    starts: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    value: np.ndarray
    variance: np.ndarray
    n_features: int
    in_bag: np.ndarray | None = None

    def __len__(self):
        return self.starts.size - 1

    def part(self, first, last):
        """Return the trees from `first` up to, not including, `last` (`Trees`)."""
        a, b = self.starts[first], self.starts[last]
        return Trees(
            self.starts[first : last + 1] - a, self.feature[a:b], self.threshold[a:b],
            self.left[a:b] - a, self.value[a:b], self.variance[a:b],
            self.n_features, None if self.in_bag is None else self.in_bag[first:last],
        )

    def to_arrays(self):
        """Return the trees as the fewest numbers that restore them exactly.

        Thresholds are those of inner nodes, values and variances those of leaves. Children
        need none: siblings lie side by side, in the order of their parents.

        Returns
        -------
        dict of numpy.ndarray
            ``sizes`` (nodes of each tree), ``feature``, ``threshold``, ``value``,
            ``variance`` and ``in_bag``.
        """
        inner = self.feature >= 0
        return {
            "sizes": np.diff(self.starts), "feature": self.feature,
            "threshold": self.threshold[inner], "value": self.value[~inner],
            "variance": self.variance[~inner], "in_bag": self.in_bag,
        }

    @classmethod
    def from_arrays(cls, arrays, n_features):
        """Restore trees from `to_arrays`; inner nodes have no value or variance then.

        Parameters
        ----------
        arrays : dict of numpy.ndarray
        n_features : int

        Returns
        -------
        Trees
        """
        starts = np.concatenate([[0], np.cumsum(arrays["sizes"])])
        feature, inner = arrays["feature"], arrays["feature"] >= 0
        tree = np.repeat(np.arange(starts.size - 1), arrays["sizes"])
        before = np.cumsum(inner) - inner
        left = starts[tree] + 1 + 2 * (before - before[starts[tree]])
        threshold = np.full(feature.size, -2, np.float32)
        value, variance = np.zeros(feature.size), np.zeros(feature.size)
        threshold[inner] = arrays["threshold"]
        value[~inner], variance[~inner] = arrays["value"], arrays["variance"]
        return cls(
            starts, feature, threshold, np.where(inner, left, 0), value, variance, n_features,
            arrays["in_bag"],
        )

    def groups(self):
        """Return the trees in as few groups as leave 65,535 thresholds to a predictor."""
        thresholds = [np.unique(self.threshold[self.feature == k]) for k in range(self.n_features)]
        if len(self) == 1 or max(t.size for t in thresholds) <= _MOST_THRESHOLDS:
            return [(self, thresholds)]
        half = len(self) // 2
        return [*self.part(0, half).groups(), *self.part(half, len(self)).groups()]

    def ranked(self, thresholds, rows, start=None):
        """Return the ranks that replace thresholds and values of rows.

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


def flatten(forest, n_records=None):
    """Copy the trees of a fitted forest into flat arrays.

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestRegressor, alike, or Trees
        Any ensemble of regression trees with ``estimators_``; one output,
        grown by squared error (otherwise a leaf's impurity is not its variance).
        `Trees` are returned as they are.
    n_records : int, optional
        Training records; if given, the bootstrap samples are copied as well.

    Returns
    -------
    Trees

    Raises
    ------
    ValueError
        If the forest has several outputs, was grown by another criterion, or
        sends missing values somewhere.
    """
    if isinstance(forest, Trees):
        return forest
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
        _in_bag(forest, n_records) if n_records else None,
    )


def _in_bag(forest, n_records):
    return np.array(
        [np.bincount(drawn, minlength=n_records) for drawn in forest.estimators_samples_], np.uint8
    )
