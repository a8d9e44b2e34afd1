"""Influence of single records and studies on a mapped total."""

import numpy as np
import pandas as pd

from soilresp.forest import evaluate
from soilresp.grid.cells import GRAMS_PER_PG
from soilresp.records.selection import TARGETS
from soilresp.upscaling.runs import fit, new_forest
from soilresp.upscaling.sampling import draw_records

__all__ = ["PARTS", "linear_changes", "effective_number", "carriers", "refitted_changes"]

PARTS = (0.10, 0.25, 0.50)
"""Parts of the total whose carriers are counted."""

_OFFSET = 70_000
"""Keeps these draws apart from others of the same seed."""


def linear_changes(weight, contribution, group):
    """Compute the change of the total when each group of records is left out, without refitting.

    The weight of a group is divided among all other records in proportion to their own, so
    that the total becomes their weighted mean flux times the whole weight.

    Parameters
    ----------
    weight : array_like, shape (n,)
        m2; see `soilresp.Ensemble.record_weights`.
    contribution : array_like, shape (n,)
        Pg C yr-1.
    group : array_like, shape (n,)
        Such as the study of each record.

    Returns
    -------
    pandas.DataFrame
        Index ``group``; ``records`` (their number), ``weight``, ``contribution`` and ``share``
        (of the total), and ``change`` (Pg C yr-1; NaN for a group that has all weight). The
        largest absolute change first.

    Examples
    --------
    >>> linear_changes([1, 1, 2], [1.0, 3.0, 4.0], ["a", "a", "b"])["change"].round(3).tolist()
    [0.0, 0.0]
    >>> linear_changes([1, 1, 2], [1.0, 3.0, 4.0], [1, 2, 3])["change"].round(3).to_dict()
    {1: 1.333, 2: -1.333, 3: 0.0}
    """
    table = pd.DataFrame({"weight": weight, "contribution": contribution}, dtype=float)
    by = table.groupby(np.asarray(group))
    out = by.sum()
    out.insert(0, "records", by.size())
    whole, total = out["weight"].sum(), out["contribution"].sum()
    out["share"] = out["contribution"] / total
    rest = (whole - out["weight"]).where(by.size() < len(table))
    out["change"] = (total - out["contribution"]) / rest * whole - total
    out.index.name = "group"
    return out.sort_values("change", key=np.abs, ascending=False, kind="stable")


def effective_number(weight):
    """Compute the number of equal weights that would be as concentrated: 1 / sum of shares^2.

    Parameters
    ----------
    weight : array_like, shape (n,)

    Returns
    -------
    float

    Examples
    --------
    >>> effective_number([1.0, 1.0, 0.0]), effective_number([2.0, 1.0, 1.0])
    (2.0, 2.6666666666666665)
    """
    share = np.asarray(weight, float) / np.sum(weight)
    return float(1 / np.square(share).sum())


def carriers(contribution, parts=PARTS):
    """Count the largest contributions that together make parts of the total.

    Parameters
    ----------
    contribution : array_like, shape (n,)
    parts : sequence of float
        Between 0 and 1.

    Returns
    -------
    list of int

    Examples
    --------
    >>> carriers([1.0, 5.0, 2.0, 2.0], [0.5, 0.6, 1.0])
    [1, 2, 4]
    """
    largest = np.sort(np.asarray(contribution, float))[::-1].cumsum()
    # Rounded sums may miss a part that they reach exactly.
    wanted = np.asarray(parts) * largest[-1] * (1 - 1e-12)
    return (np.searchsorted(largest, wanted) + 1).tolist()


def refitted_changes(runs, left_out, rows, area, n_runs=None, n_threads=-1):
    """Compute the change of the total of some runs that are grown again without some records.

    Runs are paired: in each, only the draws of records that are left out are replaced, by others
    of the same vegetation class (of all, if records are drawn alike or the class has no
    others) that the run may draw from; other draws, bootstrap samples and seeds are the run's.

    Parameters
    ----------
    runs : soilresp.upscaling.runs.Runs
    left_out : numpy.ndarray of bool, shape (n,)
        Records to leave out.
    rows : soilresp.forest.Rows
        Predictors of the cells.
    area : numpy.ndarray, shape (n_cells,)
        m2.
    n_runs : int, optional
        Runs that are grown again, from the first on. Default: all.
    n_threads : int
        The result does not depend on it.

    Returns
    -------
    numpy.ndarray, shape (n_runs,)
        Pg C yr-1. The standard error of their mean is their SD over the root of their number.
    """
    strata = np.zeros_like(runs.strata) if runs.sampling == "record" else np.asarray(runs.strata)
    changes = []
    for run in runs.grow(range(n_runs or runs.n_runs), n_threads):
        rng = np.random.default_rng([runs.seed, TARGETS[runs.target], run.index])
        drawn, held_out = draw_records(runs.strata, runs.shares, rng, sampling=runs.sampling)
        forest = new_forest(runs.n_trees, runs.x.shape[1], int(rng.integers(2**31)), n_threads)
        rng = np.random.default_rng([runs.seed, TARGETS[runs.target], _OFFSET, run.index])
        pool = np.setdiff1d(np.flatnonzero(~left_out), held_out)
        for stratum in np.unique(strata[left_out]):
            places = np.flatnonzero(left_out[drawn] & (strata[drawn] == stratum))
            others = pool[strata[pool] == stratum]
            drawn[places] = rng.choice(others if others.size else pool, places.size)
        fit(forest, runs.x[drawn], runs.y[drawn])
        before, after = (evaluate(f, rows, n_threads)[0] for f in (run.forest, forest))
        changes.append(((after - before) * area).sum() / GRAMS_PER_PG)
    return np.array(changes)
