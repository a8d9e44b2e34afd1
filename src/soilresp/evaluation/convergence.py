"""Monte-Carlo error of maps and totals by the number of runs and trees."""

import copy

import numpy as np
import pandas as pd

from soilresp.forest.distribution import Weights
from soilresp.forest.evaluate import evaluate
from soilresp.forest.rows import Rows
from soilresp.grid.cells import GRAMS_PER_PG

__all__ = ["QUANTITIES", "first_trees", "convergence"]

QUANTITIES = ("mean", "sd", "mad", "total")
"""The map of the flux, those of its SD and MAD (g m-2 yr-1), its global total (Pg yr-1)."""

_SAMPLE_OFFSET = 60_000


def first_trees(forest, n_trees):
    """Return the forest of the first trees of another one.

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestRegressor
        Fitted.
    n_trees : int

    Returns
    -------
    sklearn.ensemble.RandomForestRegressor
        Shares its trees with `forest`.
    """
    smaller = copy.copy(forest)
    smaller.estimators_ = forest.estimators_[:n_trees]
    smaller.n_estimators = n_trees
    return smaller


def convergence(ensemble, cells, area, trees, n_runs, n_sample=3000, progress=None):
    """Compute the Monte-Carlo error of ensembles by their number of runs and trees.

    The error of an ensemble of n runs is that between ensembles of n other runs of the
    same size: the difference of two of them over the square root of two, as a root mean
    square over all pairs of neighbouring groups and, for maps, over the area. For means
    and totals, which are means over the runs, all runs give the spread between runs, and
    it falls with the square root of n.

    Parameters
    ----------
    ensemble : soilresp.upscaling.runs.Runs
        All of its runs are used, with the first `trees` of each forest.
    cells : numpy.ndarray, shape (n_cells, p)
        Predictors of the cells in one climate.
    area : numpy.ndarray, shape (n_cells,)
        m2.
    trees : sequence of int
        Numbers of trees, at most the ensemble's.
    n_runs : sequence of int
        Sizes of ensembles, at most half of the ensemble's runs for SD and MAD.
    n_sample : int
        Cells, drawn at random by area, on which maps are compared. Totals are of all.
    progress : callable, optional
        Called after each run.

    Returns
    -------
    pandas.DataFrame
        ``target``, ``n_trees``, ``n_runs``, ``quantity`` (of `QUANTITIES`), ``error``
        (g m-2 yr-1, a total in Pg yr-1), ``relative`` (to the mean of the flux, SD or MAD
        over the area, or to the total), ``n_pairs``.
    """
    rng = np.random.default_rng([ensemble.seed, _SAMPLE_OFFSET])
    n_sample = min(n_sample, len(cells))
    sample = np.sort(rng.choice(len(cells), n_sample, replace=False, p=area / area.sum()))
    every, some = Rows(cells, like=ensemble.x), Rows(cells[sample], like=ensemble.x)
    means, totals, weights = ({k: [] for k in trees} for _ in range(3))
    for run in ensemble.grow():
        x, y = ensemble.x[run.drawn], ensemble.y[run.drawn]
        for k in trees:
            forest = first_trees(run.forest, k)
            mean, _ = evaluate(forest, every, n_threads=-1)
            means[k].append(mean[sample])
            totals[k].append(mean @ area / GRAMS_PER_PG)
            one = Weights(ensemble.y, n_sample, ensemble.n_runs)
            one.add(forest, x, y, some, n_threads=-1)
            weights[k].append(one)
        if progress is not None:
            progress()
    rows = []
    for k in trees:
        spreads = _spreads(weights.pop(k), n_runs)
        rows += _rows(np.array(means[k]), np.array(totals[k]), spreads, n_runs, k)
    table = pd.DataFrame(rows, columns=["n_trees", "n_runs", "quantity", "error", "level",
                                        "n_pairs"])
    table["relative"] = table["error"] / table.pop("level")
    table.insert(0, "target", ensemble.target)
    return table[["target", "n_trees", "n_runs", "quantity", "error", "relative", "n_pairs"]]


def _rows(means, totals, spreads, n_runs, n_trees):
    between = np.sqrt(means.var(axis=0, ddof=1).mean()), totals.std(ddof=1)
    levels = means.mean(), totals.mean()
    rows = []
    for n in n_runs:
        for quantity, spread, level in zip(("mean", "total"), between, levels, strict=True):
            rows.append((n_trees, n, quantity, spread / np.sqrt(n), level, len(means)))
        for quantity in ("sd", "mad"):
            fields = [group[quantity] for group in spreads[n]]
            pairs = list(zip(fields[::2], fields[1::2], strict=False))
            square = np.mean([(a - b) ** 2 for a, b in pairs])
            rows.append((n_trees, n, quantity, np.sqrt(square / 2), np.mean(fields), len(pairs)))
    return rows


def _spreads(weights, n_runs):
    """Summarise all whole groups of runs, by the size of the groups."""
    found = {}
    for n in n_runs:
        found[n] = []
        for first in range(0, len(weights) - n + 1, n):
            group = Weights(weights[0].values, weights[0].n_rows, weights[0].n_forests)
            for one in weights[first : first + n]:
                group.merge(one)
            found[n].append(group.summary((), n_threads=-1))
    return found
