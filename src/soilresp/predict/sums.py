"""Sums over the runs of an ensemble: the same bytes in any order, and after an interruption."""

import hashlib
import time
from math import frexp
from zipfile import BadZipFile

import numpy as np

from soilresp.errors import DataError
from soilresp.forest.distribution import Weights
from soilresp.forest.evaluate import evaluate
from soilresp.forest.rows import Rows
from soilresp.grid import GRAMS_PER_PG
from soilresp.results import write_aside

__all__ = ["Sums"]

_SAVED = ("total", "square", "run_totals", "done", "units")


class Sums:
    """What is kept of the runs: flux and its square by year and cell, totals by run, weights.

    Fluxes and squares are added up as whole numbers, in fractions of a gram that make the
    most of 64 bits, so that neither the order of the runs nor who made them shows in the
    result.

    Parameters
    ----------
    by_year : numpy.ndarray of float32, shape (n_years, n_cells, p)
        Predictors of the cells.
    area : numpy.ndarray, shape (n_cells,)
        m2.
    x : numpy.ndarray, shape (n, p)
        Predictors of the records the runs are drawn from.
    y : numpy.ndarray, shape (n,)
        Their fluxes, g C m-2 yr-1.
    n_runs : int
        Runs there will be, numbered from 0.
    n_threads : int
        -1 for all processors; the result does not depend on it.
    file : pathlib.Path, optional
        Where the sums are saved now and then, and taken up again by `resume`.
    key : str
        What else the runs depend on, so that the sums of other runs are not taken up.
    every : float
        Seconds between two savings.

    Attributes
    ----------
    done : set of int
        Runs that are in the sums.
    """

    def __init__(self, by_year, area, x, y, n_runs, n_threads=-1, file=None, key="", every=300):
        self.x, self.y = np.asarray(x, np.float32), np.asarray(y, float)
        self.area, self.n_runs, self.n_threads = np.asarray(area, float), n_runs, n_threads
        n_years, n_cells, p = by_year.shape
        self._shape = n_years, n_cells
        self._rows = Rows(by_year.reshape(-1, p), like=self.x)
        # For one year the rows are the mean covariates themselves.
        self._mean_rows = (
            self._rows if n_years == 1 else Rows(by_year.mean(axis=0), like=self.x)
        )
        # Means of y never exceed its largest value, nor mean squares its square: n_runs of
        # them stay below 2^62.
        most = max(np.abs(self.y).max(), 1.0)
        self._scale = 2.0 ** min(40, 62 - frexp(n_runs * most)[1])
        self._square_scale = 2.0 ** min(40, 62 - frexp(n_runs * most**2)[1])
        self.total = np.zeros(n_years * n_cells, np.int64)
        self.square = np.zeros(n_years * n_cells, np.int64)
        self.run_totals = np.zeros((n_runs, n_years))
        self.weights = Weights(self.y, n_cells, n_forests=n_runs)
        self.done = set()
        self._file, self._every, self._saved = file, every, time.monotonic()
        digest = hashlib.sha256(f"{key} {n_runs}".encode())
        for part in (by_year, self.area, self.x, self.y):
            digest.update(np.ascontiguousarray(part).tobytes())
        self._key = digest.hexdigest()

    def add(self, run):
        """Add one run (`soilresp.fit.ensemble.Run`).

        Raises
        ------
        ValueError
            If the run is in the sums already, or its number is beyond `n_runs`.
        """
        if run.index in self.done or not 0 <= run.index < self.n_runs:
            raise ValueError(f"run {run.index} is in the sums already, or not of the {self.n_runs}")
        mean, square = evaluate(run.forest, self._rows, self.n_threads)
        self.weights.add(
            run.forest, self.x[run.drawn], self.y[run.drawn], self._mean_rows, self.n_threads
        )
        self.total += np.rint(mean * self._scale).astype(np.int64)
        self.square += np.rint(square * self._square_scale).astype(np.int64)
        by_year = mean.reshape(self._shape) * self.area
        self.run_totals[run.index] = by_year.sum(axis=1) / GRAMS_PER_PG
        self.done.add(run.index)
        if self._file is not None:
            whole = len(self.done) == self.n_runs and self._file.exists()
            if whole or time.monotonic() - self._saved >= self._every:
                self.save()

    def merge(self, other):
        """Add the runs of other sums over the same cells and records."""
        if self._key != other._key or self.done & other.done:
            raise ValueError("sums to be merged are of other runs, or have a run in common")
        self.weights.merge(other.weights)
        self.total += other.total
        self.square += other.square
        self.run_totals += other.run_totals
        self.done |= other.done

    def flux(self):
        """Mean over the runs, (n_years, n_cells), g C m-2 yr-1."""
        self._check_whole()
        return (self.total / self._scale / self.n_runs).reshape(self._shape)

    def sd(self):
        """SD of each year's distribution, (n_years, n_cells), g C m-2 yr-1.

        From the second moments of all runs: the spread of the training values in the
        leaves and that between trees and runs, as one distribution.
        """
        self._check_whole()
        mean, square = self.total / self._scale, self.square / self._square_scale
        variance = square / self.n_runs - (mean / self.n_runs) ** 2
        return np.sqrt(np.maximum(variance, 0)).reshape(self._shape)

    def spread(self, levels):
        """Statistics of the weights, as of `soilresp.forest.distribution.Weights.summary`."""
        self._check_whole()
        return self.weights.summary(levels, self.n_threads)

    def save(self):
        """Write the sums so far to the file."""
        with write_aside(self._file) as aside, open(aside, "wb") as stream:
            np.savez(
                stream, key=self._key, done=sorted(self.done), total=self.total,
                square=self.square, run_totals=self.run_totals, units=self.weights.units,
            )
        self._saved = time.monotonic()

    def resume(self):
        """Take up the sums that an interrupted run has saved, if there are any of these runs.

        Returns
        -------
        set of int
            Runs that are done.

        Raises
        ------
        DataError
            If the file is damaged.
        """
        if self._file is None or not self._file.exists():
            return self.done
        try:
            with np.load(self._file, allow_pickle=False) as stored:
                if stored["key"].item() != self._key:
                    return self.done
                saved = {name: stored[name] for name in _SAVED}
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise DataError(
                f"{self._file} is damaged ({error}). Delete it and run again."
            ) from None
        self.total, self.square = saved["total"], saved["square"]
        self.run_totals = saved["run_totals"]
        self.done = set(saved["done"].tolist())
        self.weights.restore(saved["units"], len(self.done), self._mean_rows)
        return self.done

    def _check_whole(self):
        missing = self.n_runs - len(self.done)
        if missing:
            raise ValueError(f"{missing} of {self.n_runs} runs are not in the sums yet")
