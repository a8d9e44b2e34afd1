"""Rows to evaluate, ordered once for any number of forests."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from soilresp.forest.kernel import BLOCK, kd_order

__all__ = ["Rows"]

_AT_ONCE = 2
"""Predictors that are ranked at a time: each takes eight times its own memory."""


class Rows:
    """Rows in an order in which neighbours are alike.

    Parameters
    ----------
    x : array_like, shape (n, p)
        Predictors; taken as float32, as scikit-learn does.
    like : array_like, shape (m, p), optional
        Rows whose quantiles are the scales on which likeness is judged: best
        the training records, near which forests split most. Default: the rows
        themselves. Changes speed, never a result.

    Attributes
    ----------
    x : numpy.ndarray of float32, shape (n, p)
        As given.
    order : numpy.ndarray of int, shape (n,)
        Position in `x` of each row as ordered.

    Raises
    ------
    ValueError
        If there is no row or no predictor, or a value is missing or infinite.
    """

    def __init__(self, x, like=None):
        self.x = _checked(x, "rows")
        like = self.x if like is None else _checked(like, "like")
        if like.shape[1] != self.x.shape[1]:
            raise ValueError(
                f"rows have {self.x.shape[1]} predictors, those they are likened to {like.shape[1]}"
            )
        n, p = self.x.shape
        scaled, place = np.empty_like(self.x), np.empty((n, p), np.uint32)

        def rank(k):
            values, place[:, k] = np.unique(self.x[:, k], return_inverse=True)
            known = np.sort(like[:, k])
            middle = sum(np.searchsorted(known, values, side) for side in ("left", "right"))
            scaled[:, k] = (middle / (2 * known.size)).astype(np.float32)[place[:, k]]
            return values

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            self.distinct = list(pool.map(rank, range(p)))
        sizes = [values.size for values in self.distinct]
        place += np.cumsum([0, *sizes[:-1]]).astype(np.uint32)
        self.order = np.arange(n)
        kd_order(scaled, self.order, BLOCK)
        n_blocks = -(-n // BLOCK)
        # The last block is filled up with the last row.
        full = np.concatenate([self.order, np.full(n_blocks * BLOCK - n, self.order[-1])])
        blocks = place[full].reshape(n_blocks, BLOCK, p)
        self.index = np.ascontiguousarray(blocks.transpose(0, 2, 1))
        self.bounds = np.stack([self.index.min(axis=2), self.index.max(axis=2)], axis=2)

    def __len__(self):
        return len(self.x)

    @property
    def n_blocks(self):
        """Number of blocks of 64 rows (int)."""
        return len(self.index)

    def arrange(self, values):
        """Bring values in the order of `x` into blocks, (n_blocks, 64), filled up with zeros."""
        out = np.zeros(self.n_blocks * BLOCK, values.dtype)
        out[: len(self)] = values[self.order]
        return out.reshape(-1, BLOCK)

    def restore(self, ordered):
        """Bring values by block and row, ``(..., n_blocks, 64)``, into the order of `x`."""
        flat = ordered.reshape(*ordered.shape[:-2], -1)[..., : len(self)]
        out = np.empty_like(flat)
        out[..., self.order] = flat
        return out


def _checked(x, name):
    x = np.ascontiguousarray(x, np.float32)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"{name} must be a table with at least one row and one predictor")
    bad = ~np.isfinite(x)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"{name} must be finite: row {row} has {x[row, column]} for predictor {column}"
        )
    return x
