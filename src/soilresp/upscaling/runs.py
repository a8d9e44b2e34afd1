"""Monte-Carlo runs: each draws records and grows one forest."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.ensemble import RandomForestRegressor

from soilresp.errors import ParameterError
from soilresp.records.selection import TARGETS
from soilresp.upscaling.sampling import draw_records

__all__ = [
    "PAPER_PREDICTORS", "Run", "Runs", "new_forest", "fit", "predict", "oob_prediction",
    "monte_carlo", "evaluate_runs",
]

PAPER_PREDICTORS = {
    "SR": ["MAT", "Prec", "RH", "RH_GS", "LAI_GS"],
    "HR": ["MAT", "Prec", "RH", "PAR", "RH_GS", "LAI_GS", "PAR_GS"],
}
"""Predictors of each flux in Lu et al. (2021), section 2.2."""

_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True)
class Run:
    """One Monte-Carlo run.

    Attributes
    ----------
    index : int
    forest : sklearn.ensemble.RandomForestRegressor or soilresp.forest.trees.Trees
    drawn : numpy.ndarray of int
        Positions of the training records, with repeats.
    held_out : numpy.ndarray of int
        Positions of the records that were never drawn from.
    """

    index: int
    forest: object
    drawn: np.ndarray
    held_out: np.ndarray


@dataclass(frozen=True)
class Runs:
    """Records, settings and seed that determine the runs of an ensemble.

    Attributes
    ----------
    x, y, strata, shares, target, n_runs, n_trees, seed, draw, engine
        As for `monte_carlo`.
    stored : dict of int to Run
        Runs that were grown before and are used again. They are not sent to other machines.
    """

    x: np.ndarray
    y: np.ndarray
    strata: np.ndarray
    shares: pd.Series
    target: str
    n_runs: int
    n_trees: int
    seed: int = 0
    sampling: str = "area"
    engine: str = "fast"
    stored: dict = field(default_factory=dict, compare=False, repr=False)

    def grow(self, indices=None, n_jobs=-1):
        """Draw records and grow a forest for each run that is not stored.

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
        wanted = set(range(self.n_runs) if indices is None else indices)
        if wanted <= set(self.stored):
            yield from (self.stored[i] for i in sorted(wanted))
            return
        yield from monte_carlo(
            self.x, self.y, self.strata, self.shares, self.target, self.n_runs, self.n_trees,
            self.seed, self.sampling, set(range(self.n_runs)) - wanted, n_jobs, self.engine,
        )

    @property
    def key(self):
        """Text of everything but `x` and `y` that determines the runs (str)."""
        return (
            f"{self.target} {self.n_trees} {self.seed} {self.sampling} "
            f"{np.asarray(self.strata).tolist()} {self.shares.to_dict()}"
        )

    def __getstate__(self):
        return {**self.__dict__, "stored": {}}


def new_forest(n_trees, n_predictors, seed, n_jobs=-1, engine="fast", **options):
    """Return an unfitted forest with the settings of R's randomForest for regression.

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
    engine : str
        "quantile-forest" returns the class of that package, which grows the same trees.
    **options
        Other parameters of scikit-learn's class.

    Returns
    -------
    sklearn.ensemble.RandomForestRegressor
    """
    kind = RandomForestRegressor
    if engine == "quantile-forest":
        try:
            from quantile_forest import RandomForestQuantileRegressor as kind
        except ImportError:
            raise ParameterError(
                "engine='quantile-forest' needs that package: pip install 'soilresp[study]'."
            ) from None
        options["max_samples_leaf"] = None  # all members of a leaf, as in Meinshausen (2006)
    if n_trees < 1:
        raise ParameterError(f"n_trees must be at least 1, got {n_trees}.")
    return kind(
        n_estimators=n_trees,
        max_features=max(1, n_predictors // 3),
        min_samples_split=4,
        bootstrap=True,
        random_state=seed,
        n_jobs=n_jobs,
        **options,
    )


def fit(forest, x, y):
    """Fit a forest without changing Python's warning filters.

    The threads of scikit-learn save and restore the filters concurrently, which can
    lose them; later calls would then warn once for each tree.

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
    """Predict with a forest, bit-identical on any number of threads.

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
    """Predict each training record by the trees whose bootstrap sample lacks it.

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestRegressor
    x : array_like, shape (n, p), optional
        Its training records; not needed if it was fitted with ``oob_score=True``, which
        takes longer.

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
    x, y, strata, shares, target, n_runs, n_trees, seed=0, sampling="area", skip=(), n_jobs=-1,
    engine="fast",
):
    """Draw records and grow a forest, run by run.

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
    sampling : {"area", "area_without", "record", "bin"}
        See `soilresp.upscaling.sampling.draw_records`.
    skip : collection of int
        Runs to leave out; the others stay as they are.
    n_jobs : int
        Threads; the runs do not depend on it.
    engine : str
        As for `new_forest`.

    Yields
    ------
    Run
        Run i is the same whatever the number of runs.

    Raises
    ------
    ParameterError
        If there is no run or no tree to make, or `sampling` is unknown.
    """
    if n_runs < 1:
        raise ParameterError(f"n_runs must be at least 1, got {n_runs}.")
    x, y = np.array(x, np.float32), np.array(y, float)
    for i in (i for i in range(n_runs) if i not in skip):
        rng = np.random.default_rng([seed, TARGETS[target], i])
        drawn, held_out = draw_records(strata, shares, rng, sampling=sampling)
        forest = new_forest(n_trees, x.shape[1], int(rng.integers(2**31)), n_jobs, engine)
        fit(forest, x[drawn], y[drawn])
        yield Run(i, forest, drawn, held_out)


def evaluate_runs(runs, x):
    """Predict every record by all runs, and by the runs that held it out.

    Parameters
    ----------
    runs : iterable of Run
    x : array_like, shape (n, p)

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
    held_out = np.where(count > 0, outside / np.maximum(count, 1), np.nan)
    return {"all_runs": total / n, "held_out": held_out, "n_held_out": count}
