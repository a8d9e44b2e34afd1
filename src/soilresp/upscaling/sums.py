"""Sums over the runs of an ensemble, with the same bytes in any order of the runs."""

import copy
import hashlib
import os
import time
from math import frexp

import numpy as np
import pandas as pd

from soilresp.errors import DataError, ParameterError
from soilresp.forest.distribution import Weights
from soilresp.forest.evaluate import evaluate
from soilresp.forest.rows import Rows
from soilresp.forest.trees import flatten
from soilresp.grid.cells import GRAMS_PER_PG
from soilresp.io.files import load_arrays, remove_leftovers, save_arrays

__all__ = ["INTERVAL_VARIABLE", "SCORES", "Sums"]

INTERVAL_VARIABLE = "SOILRESP_SAVE_EVERY"
"""Environment variable with the seconds between two savings."""

_INTERVAL = 300.0

SCORES = ("n_held_out", "r2", "rmse")
"""Scores of each run on the records it held out."""


class Sums:
    """Sums over runs: flux and its square by year and cell, totals by run, weights.

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
    every : float, optional
        Seconds between two savings. Default: ``SOILRESP_SAVE_EVERY``, or 300.
    n_bins : int, optional
        Keep the weights of every year and cell, the values put into so many bins (see
        `soilresp.forest.distribution.Weights`): 4 bytes for each year, cell and bin, 1.9 GB
        for 31 years, 58,700 cells and 256 bins. Default: those at each cell's mean
        predictors over the years, for every value on its own.
    part : slice, optional
        Cells whose weights are kept, to save memory. Default: all.
    moments : bool
        Whether fluxes, squares and totals are kept; without them, only the weights are.

    Attributes
    ----------
    done : set of int
        Runs that are in the sums.
    """

    def __init__(
        self, by_year, area, x, y, n_runs, n_threads=-1, file=None, key="", every=None,
        n_bins=None, part=None, moments=True,
    ):
        self.x, self.y = np.asarray(x, np.float32), np.asarray(y, float)
        self.area, self.n_runs, self.n_threads = np.asarray(area, float), n_runs, n_threads
        self.n_bins = n_bins
        n_years, n_cells, p = by_year.shape
        self._shape = n_years, n_cells
        self._part, self._moments = part, moments
        self._records = Rows(self.x)
        self._rows = Rows(by_year.reshape(-1, p), like=self.x) if moments else None
        of_part = by_year if part is None else by_year[:, part]
        self._weighed_cells = of_part.shape[1]
        if moments and part is None and (n_years == 1 or n_bins):
            # For one year the rows are the mean predictors themselves.
            self._weighed = self._rows
        elif n_bins:
            self._weighed = Rows(of_part.reshape(-1, p), like=self.x)
        else:
            self._weighed = Rows(of_part.mean(axis=0), like=self.x)
        # Means of y never exceed its largest value, nor mean squares its square: n_runs of
        # them stay below 2^62.
        most = max(np.abs(self.y).max(), 1.0)
        self._scale = 2.0 ** min(40, 62 - frexp(n_runs * most)[1])
        self._square_scale = 2.0 ** min(40, 62 - frexp(n_runs * most**2)[1])
        self._file, self._every = file, _interval() if every is None else every
        digest = hashlib.sha256(f"{key} {n_runs} {n_bins} {part} {moments}".encode())
        for part in (by_year, self.area, self.x, self.y):
            digest.update(np.ascontiguousarray(part).tobytes())
        self.key = digest.hexdigest()
        self._start()

    def _start(self):
        n_rows = len(self._rows) if self._moments else 0
        self.total, self.square = np.zeros(n_rows, np.int64), np.zeros(n_rows, np.int64)
        self.run_totals = np.zeros((self.n_runs, self._shape[0]))
        self._scores = np.zeros((self.n_runs, len(SCORES)))
        self.weights = Weights(self.y, len(self._weighed), self.n_runs, self.n_bins)
        self.done = set()
        self._saved = time.monotonic()

    def empty(self):
        """Return sums for the same runs with none added, and without a file (`Sums`)."""
        other = copy.copy(self)
        other._file = None
        other._start()
        return other

    def cells(self):
        """Return the arguments that make sums of the same runs (dict)."""
        rows, n_cells, part = self._rows, self._shape[1], self._part
        if not self._moments:
            rows, n_cells, part = self._weighed, self._weighed_cells, None
        return {
            "by_year": rows.x.reshape(-1, n_cells, rows.x.shape[1]), "area": self.area,
            "x": self.x, "y": self.y, "n_runs": self.n_runs, "n_bins": self.n_bins,
            "part": part, "moments": self._moments,
        }

    def add(self, run):
        """Add one run (`soilresp.upscaling.runs.Run`).

        Raises
        ------
        ValueError
            If the run is in the sums already, or its number is beyond `n_runs`.
        """
        if run.index in self.done or not 0 <= run.index < self.n_runs:
            raise ValueError(f"run {run.index} is in the sums already, or not of the {self.n_runs}")
        forest = flatten(run.forest, run.drawn.size)
        if self._moments:
            mean, square = evaluate(forest, self._rows, self.n_threads)
            self.total += np.rint(mean * self._scale).astype(np.int64)
            self.square += np.rint(square * self._square_scale).astype(np.int64)
            by_year = mean.reshape(self._shape) * self.area
            self.run_totals[run.index] = by_year.sum(axis=1) / GRAMS_PER_PG
            predicted, _ = evaluate(forest, self._records, self.n_threads)
            self._scores[run.index] = _held_out(self.y, predicted, run.held_out)
        self.weights.add(
            forest, self.x[run.drawn], self.y[run.drawn], self._weighed, self.n_threads
        )
        self.done.add(run.index)
        self.save_if_due()

    def content(self):
        """Return all sums so far, as arrays that `take` adds to others (dict)."""
        weights = {"done": np.array(sorted(self.done), np.int64), "units": self.weights.units}
        if not self._moments:
            return weights
        return weights | {
            "total": self.total, "square": self.square, "run_totals": self.run_totals,
            "scores": self._scores,
        }

    def take(self, content):
        """Add the runs of a `content`; its arrays are changed in place later.

        Raises
        ------
        ValueError
            If a run is in the sums already.
        """
        done = set(content["done"].tolist())
        if self.done & done:
            raise ValueError("sums to be merged have a run in common")
        self.weights.take(content["units"], len(done), self._weighed)
        if self._moments:
            self.total += content["total"]
            self.square += content["square"]
            self.run_totals += content["run_totals"]
            self._scores += content["scores"]
        self.done |= done

    def flux(self):
        """Compute the mean over the runs, (n_years, n_cells), g C m-2 yr-1."""
        self._check_moments()
        return (self.total / self._scale / self.n_runs).reshape(self._shape)

    def sd(self):
        """Compute the SD of each year's distribution, (n_years, n_cells), g C m-2 yr-1.

        From the second moments of all runs: the spread of the training values in the
        leaves and that between trees and runs, as one distribution.
        """
        self._check_moments()
        mean, square = self.total / self._scale, self.square / self._square_scale
        variance = square / self.n_runs - (mean / self.n_runs) ** 2
        return np.sqrt(np.maximum(variance, 0)).reshape(self._shape)

    def spread(self, levels):
        """Compute statistics of each cell's weights.

        Without bins, of the weights at the mean predictors; with bins, the means over the
        years of `annual_spread`.

        Returns
        -------
        dict of numpy.ndarray
            ``mean``, ``sd``, ``mad``, (n_cells,), and ``quantiles``, (len(levels), n_cells).
        """
        if self.n_bins is None:
            self._check_whole()
            return self.weights.summary(levels, self.n_threads)
        return {name: field.mean(axis=-2) for name, field in self.annual_spread(levels).items()}

    def annual_spread(self, levels):
        """Compute statistics of the weights of each year and cell, to within half a bin.

        Returns
        -------
        dict of numpy.ndarray
            As from `spread`, with the years before the cells.

        Raises
        ------
        ValueError
            If the weights of every year were not kept (without `n_bins`).
        """
        if self.n_bins is None:
            raise ValueError("the weights of every year are kept with n_bins alone")
        self._check_whole()
        found = self.weights.summary(levels, self.n_threads)
        shape = self._shape[0], self._weighed_cells
        return {n: f.reshape(*f.shape[:-1], *shape) for n, f in found.items()}

    def scores(self):
        """Return the scores of each run on the records that it held out.

        Returns
        -------
        pandas.DataFrame
            Index ``run``; ``n_held_out``, ``r2`` (1 - SSE/SST) and ``rmse``
            (g C m-2 yr-1), missing with fewer than two records.
        """
        self._check_moments()
        table = pd.DataFrame(self._scores, columns=list(SCORES)).astype({"n_held_out": int})
        table.index.name = "run"
        return table

    def save_if_due(self):
        """Save, if there is a file and the interval has passed."""
        if self._file is None:
            return
        whole = len(self.done) == self.n_runs and self._file.exists()
        if whole or time.monotonic() - self._saved >= self._every:
            self.save()

    def save(self):
        """Write the sums so far to the file."""
        save_arrays(self._file, key=self.key, **self.content())
        self._saved = time.monotonic()

    def resume(self):
        """Read the sums that an interrupted run has saved, if they are of these runs.

        Returns
        -------
        set of int
            Runs that are done.

        Notes
        -----
        A damaged file, found by its checksum, is told and left aside: its runs are made anew.
        """
        if self._file is None:
            return self.done
        remove_leftovers(self._file.parent)
        if self._file.exists():
            try:
                stored = load_arrays(self._file)
            except DataError as error:
                print(f"{error} Its runs are made anew.")
            else:
                if stored.pop("key").item() == self.key:
                    self.take(stored)
        return self.done

    def _check_moments(self):
        if not self._moments:
            raise ValueError("these sums are of weights alone (moments=False)")
        self._check_whole()

    def _check_whole(self):
        missing = self.n_runs - len(self.done)
        if missing:
            raise ValueError(f"{missing} of {self.n_runs} runs are not in the sums yet")


def _interval():
    given = os.environ.get(INTERVAL_VARIABLE)
    try:
        return float(given) if given else _INTERVAL
    except ValueError:
        raise ParameterError(f"{INTERVAL_VARIABLE} must be seconds, got {given!r}.") from None


def _held_out(y, predicted, held_out):
    observed = y[held_out]
    if observed.size < 2:
        return observed.size, np.nan, np.nan
    error = ((predicted[held_out] - observed) ** 2).sum()
    whole = ((observed - observed.mean()) ** 2).sum()
    r2 = 1 - error / whole if whole else np.nan
    return observed.size, r2, np.sqrt(error / observed.size)
