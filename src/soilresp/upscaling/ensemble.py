"""The Monte-Carlo runs: one balanced draw of records and one forest each."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.ensemble import RandomForestRegressor

from soilresp.covariates.strata import draw_run
from soilresp.errors import ParameterError
from soilresp.records.selection import TARGETS

__all__ = [
    "PAPER_PREDICTORS",
    "Run",
    "Ensemble",
    "new_forest",
    "fit",
    "predict",
    "oob_prediction",
    "monte_carlo",
    "evaluate_runs",
]

PAPER_PREDICTORS = {
    "SR": ("MAT", "Prec", "RH", "RH_GS", "LAI_GS"),
    "HR": ("MAT", "Prec", "RH", "PAR", "RH_GS", "LAI_GS", "PAR_GS"),
}
"""The paper's choice (Lu et al. 2021, section 2.2)."""

_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True)
class Run:
    """One Monte-Carlo run.

    Attributes
    ----------
    index : int
    forest : sklearn.ensemble.RandomForestRegressor
    drawn : numpy.ndarray of int
        Positions of the training records, with repeats.
    held_out : numpy.ndarray of int
        Positions of the records that were never drawn from.
    """

    index: int
    forest: RandomForestRegressor
    drawn: np.ndarray
    held_out: np.ndarray


@dataclass(frozen=True)
class Ensemble:
    """All that fixes the runs of an ensemble; may be sent to other machines.

    Attributes
    ----------
    x, y, strata, shares, target, n_runs, n_trees, seed, draw
        As for `monte_carlo`.
    """

    x: np.ndarray
    y: np.ndarray
    strata: np.ndarray
    shares: pd.Series
    target: str
    n_runs: int
    n_trees: int
    seed: int = 0
    draw: str = "area"

    def runs(self, indices=None, n_jobs=-1):
        """Draw and fit runs.

        Parameters
        ----------
        indices : collection of int, optional
            Default: all runs.
        n_jobs : int
            Threads; the runs do not depend on it.

        Yields
        ------
        Run
            In increasing order.
        """
        wanted = range(self.n_runs) if indices is None else indices
        yield from monte_carlo(
            self.x, self.y, self.strata, self.shares, self.target, self.n_runs, self.n_trees,
            self.seed, self.draw, skip=set(range(self.n_runs)) - set(wanted), n_jobs=n_jobs,
        )

    @property
    def key(self):
        """What the runs depend on besides `x` and `y`, as text."""
        return (
            f"{self.target} {self.n_trees} {self.seed} {self.draw} "
            f"{np.asarray(self.strata).tolist()} {self.shares.to_dict()}"
        )


def new_forest(n_trees, n_predictors, seed, n_jobs=-1, **options):
    """A forest with the settings of R's randomForest for regression.

    A third of the predictors is tried at each split (mtry), and a node of
    fewer than five members is not split further: R's nodesize of 5 comes
    nearest to scikit-learn's ``min_samples_split=4``, which counts records
    without their bootstrap repeats.

    Parameters
    ----------
    n_trees, n_predictors : int
    seed : int
    n_jobs : int
        Threads; the result does not depend on it.
    **options
        Passed on to scikit-learn.

    Returns
    -------
    sklearn.ensemble.RandomForestRegressor
    """
    if n_trees < 1:
        raise ParameterError(f"n_trees must be at least 1, got {n_trees}.")
    return RandomForestRegressor(
        n_estimators=n_trees,
        max_features=max(1, n_predictors // 3),
        min_samples_split=4,
        bootstrap=True,
        random_state=seed,
        n_jobs=n_jobs,
        **options,
    )


def fit(forest, x, y):
    """Fit a forest, and leave Python's warning filters as they were.

    The threads of scikit-learn set the filters aside and put them back while
    they overtake each other, which can leave none at all; the next call then
    warns of it, once for each tree.

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestRegressor
    x : array_like, shape (n, p)
    y : array_like, shape (n,)

    Returns
    -------
    sklearn.ensemble.RandomForestRegressor
        The same forest, fitted.
    """
    with warnings.catch_warnings():
        return forest.fit(x, y)


def predict(forest, x):
    """Prediction of a forest, to the last digit the same on any number of threads.

    scikit-learn adds the trees up in the order in which its threads finish, so
    that its last digits differ from call to call. Here threads share the rows,
    and each row's trees are added in their own order.

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestRegressor
    x : array_like, shape (n, p)

    Returns
    -------
    numpy.ndarray, shape (n,)
    """
    x = np.ascontiguousarray(x, np.float32)
    if len(x) <= _ROWS_AT_ONCE:  # starting threads takes longer than a few rows do
        return _mean_over_trees(forest, x)
    parts = [x[i : i + _ROWS_AT_ONCE] for i in range(0, len(x), _ROWS_AT_ONCE)]
    predicted = Parallel(n_jobs=forest.n_jobs, require="sharedmem")(
        delayed(_mean_over_trees)(forest, part) for part in parts
    )
    return np.concatenate(predicted)


def _mean_over_trees(forest, x):
    total = np.zeros(len(x))
    for tree in forest.estimators_:
        total += tree.predict(x, check_input=False)
    return total / len(forest.estimators_)


def oob_prediction(forest, x=None):
    """Prediction of each training record by the trees that have not seen it.

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestRegressor
    x : array_like, shape (n, p), optional
        What it was fitted on; not needed if it was fitted with ``oob_score=True``, which takes
        longer.

    Returns
    -------
    numpy.ndarray, shape (n,)
        NaN where every tree has seen the record (with few trees);
        ``forest.oob_prediction_`` is 0 there.
    """
    if x is None:
        return np.where(_n_outside(forest) > 0, forest.oob_prediction_, np.nan)
    x = np.ascontiguousarray(x, np.float32)
    total, n_outside = np.zeros(len(x)), np.zeros(len(x), int)
    for tree, in_bag in zip(forest.estimators_, forest.estimators_samples_):
        outside = np.bincount(in_bag, minlength=len(x)) == 0
        total[outside] += tree.predict(x[outside], check_input=False)
        n_outside += outside
    return np.where(n_outside > 0, total / np.maximum(n_outside, 1), np.nan)


def _n_outside(forest):
    n_outside = np.zeros(len(forest.oob_prediction_), int)
    for in_bag in forest.estimators_samples_:
        n_outside += np.bincount(in_bag, minlength=n_outside.size) == 0
    return n_outside


def monte_carlo(
    x, y, strata, shares, target, n_runs, n_trees, seed=0, draw="area", skip=(), n_jobs=-1
):
    """Draw and fit run after run.

    Parameters
    ----------
    x : array_like, shape (n, p)
        Predictors of the records.
    y : array_like, shape (n,)
        Fluxes, g C m-2 yr-1.
    strata : array_like of int, shape (n,)
        Vegetation bin of each record.
    shares : pandas.Series
        Area share of each bin, from `soilresp.covariates.strata.area_shares`.
    target : {"SR", "HR"}
        Enters the seed, so that the two fluxes have their own draws.
    n_runs, n_trees : int
    seed : int
    draw : {"area", "area_without", "record", "bin"}
        See `soilresp.covariates.strata.draw_run`.
    skip : collection of int
        Runs to leave out; the others stay as they are.
    n_jobs : int
        Threads; the runs do not depend on it.

    Yields
    ------
    Run
        Run i is the same whatever the number of runs.

    Raises
    ------
    ParameterError
        If there is no run or no tree to make, or `draw` is unknown.
    """
    if n_runs < 1:
        raise ParameterError(f"n_runs must be at least 1, got {n_runs}.")
    x, y = np.array(x, np.float32), np.array(y, float)
    for i in (i for i in range(n_runs) if i not in skip):
        rng = np.random.default_rng([seed, TARGETS[target], i])
        drawn, held_out = draw_run(strata, shares, rng, draw=draw)
        forest = new_forest(n_trees, x.shape[1], int(rng.integers(2**31)), n_jobs)
        fit(forest, x[drawn], y[drawn])
        yield Run(i, forest, drawn, held_out)


def evaluate_runs(runs, x, progress=None):
    """Predictions of every record by the ensemble, as a member and held out.

    Parameters
    ----------
    runs : iterable of Run
    x : array_like, shape (n, p)
    progress : callable, optional
        Called after each run.

    Returns
    -------
    dict of numpy.ndarray, shape (n,)
        ``all_runs``: mean over all runs, whether or not the record was drawn
        (nearly an in-sample prediction); ``held_out``: mean over the runs that
        held it out, NaN where none did; ``n_held_out``: how many did.
    """
    x = np.array(x, np.float32)
    total, outside, count, n = np.zeros(len(x)), np.zeros(len(x)), np.zeros(len(x), int), 0
    for run in runs:
        predicted = predict(run.forest, x)
        total += predicted
        outside[run.held_out] += predicted[run.held_out]
        count[run.held_out] += 1
        n += 1
        if progress is not None:
            progress()
    held_out = np.where(count > 0, outside / np.maximum(count, 1), np.nan)
    return {"all_runs": total / n, "held_out": held_out, "n_held_out": count}
