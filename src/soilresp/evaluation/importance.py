"""Permutation importance of predictors, spread of its ranks, and partial dependence."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata, spearmanr
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence, permutation_importance

from soilresp.errors import DataError
from soilresp.evaluation.folds import derived_seed, folds
from soilresp.records.selection import TARGETS
from soilresp.upscaling.runs import fit, new_forest, predict

__all__ = ["correlated_groups", "importance", "held_out_importance", "rank_spread", "dependence"]


def correlated_groups(x, level=0.7):
    """Group predictors that are correlated.

    Parameters
    ----------
    x : pandas.DataFrame, shape (n, p)
    level : float
        Groups are joined while the mean absolute Spearman correlation between their
        members is at least this.

    Returns
    -------
    list of list of str
        Each predictor once, in the order of the table.

    Examples
    --------
    >>> x = pd.DataFrame({"a": [1, 2, 3, 4], "b": [2, 1, 2, 3], "c": [-1, -2, -3, -4]})
    >>> correlated_groups(x)
    [['a', 'c'], ['b']]
    """
    names = list(x.columns)
    if len(names) == 1:
        return [names]
    # A constant predictor goes with none.
    varying = [i for i, name in enumerate(names) if x[name].nunique() > 1]
    together = np.eye(len(names))
    for k, i in combinations(varying, 2):
        rho = spearmanr(x[names[i]], x[names[k]]).statistic
        together[i, k] = together[k, i] = abs(rho)
    tree = linkage(squareform(1 - together, checks=False), "average")
    label = fcluster(tree, 1 - level + 1e-12, "distance")
    return [[n for n, own in zip(names, label) if own == number] for number in dict.fromkeys(label)]


class _Shuffled(RegressorMixin, BaseEstimator):
    """A fitted forest as a function of row numbers, one column for each group of predictors.

    Permuting a column of row numbers permutes all predictors of its group together.
    """

    def __init__(self, forest, x, groups):
        self.forest, self.x, self.groups = forest, x, groups

    def fit(self, rows, y):
        """Do nothing: the forest is fitted."""
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, rows):
        """Predict the flux of each row."""
        x = np.empty((len(rows), self.x.shape[1]), np.float32)
        for k, group in enumerate(self.groups):
            x[:, group] = self.x[np.ix_(rows[:, k], group)]
        return predict(self.forest, x)


def importance(forest, x, y, groups, n_repeats=5, seed=0):
    """Compute the growth of the RMSE of held-out records by permuting predictors.

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestRegressor
    x : pandas.DataFrame, shape (n, p)
    y : array_like, shape (n,)
        g C m-2 yr-1.
    groups : list of list of str
        Predictors that are permuted together; those of no group stay as they are.
    n_repeats, seed : int

    Returns
    -------
    numpy.ndarray, shape (n_groups, n_repeats)
        g C m-2 yr-1; negative where permuting happens to help.

    Raises
    ------
    DataError
        If two groups share a predictor.
    """
    named = [name for group in groups for name in group]
    if len(set(named)) < len(named):
        raise DataError("A predictor is in two groups; those that are permuted must not overlap.")
    rest = [name for name in x.columns if name not in named]
    sets = [*groups, rest] if rest else groups
    columns = [[x.columns.get_loc(name) for name in members] for members in sets]
    values = np.array(x, np.float32)
    rows = np.tile(np.arange(len(x))[:, np.newaxis], (1, len(columns)))
    found = permutation_importance(
        _Shuffled(forest, values, columns), rows, np.array(y, float),
        scoring="neg_root_mean_squared_error", n_repeats=n_repeats, random_state=seed,
    )
    return found.importances[: len(groups)]


def held_out_importance(x, records, target, n_trees=100, n_folds=5, n_repeats=3, seed=0, level=0.7):
    """Compute the permutation importance of predictors, alone and by group, on held-out folds.

    Parameters
    ----------
    x : pandas.DataFrame, shape (n, p)
    records : pandas.DataFrame, shape (n, ...)
        ``flux`` (g C m-2 yr-1) and ``study``.
    target : {"SR", "HR"}
    n_trees, n_folds, n_repeats, seed : int
    level : float
        See `correlated_groups`.

    Returns
    -------
    pandas.DataFrame
        One row per ``scheme`` ("random_cv", "study_cv"), ``kind`` ("single", "group"),
        ``feature`` (names joined by " + "), ``fold`` and ``repeat``: ``increase`` of the RMSE,
        g C m-2 yr-1.
    """
    y, together = records["flux"].to_numpy(float), correlated_groups(x, level)
    sets = {"single": [[name] for name in x.columns], "group": together}
    state = derived_seed(seed, target, 40_000)
    rows = []
    for scheme, groups in (("random_cv", None), ("study_cv", records["study"].to_numpy())):
        for fold, (train, test) in enumerate(folds(len(x), n_folds, state, groups)):
            forest = new_forest(n_trees, x.shape[1], state)
            fit(forest, np.array(x.iloc[train], np.float32), y[train])
            for kind, permuted in sets.items():
                found = importance(forest, x.iloc[test], y[test], permuted, n_repeats, state + fold)
                rows += [
                    (scheme, kind, " + ".join(group), fold, repeat, value)
                    for group, values in zip(permuted, found)
                    for repeat, value in enumerate(values)
                ]
    columns = ["scheme", "kind", "feature", "fold", "repeat", "increase"]
    return pd.DataFrame(rows, columns=columns)


def rank_spread(x, records, target, n_draws=10, n_trees=60, n_repeats=3, seed=0,
                kinds=("seed", "studies")):
    """Rank the predictors for other samples of studies, or for other trees.

    Parameters
    ----------
    x, records, target
        As for `held_out_importance`.
    n_draws : int
        Repetitions of each kind.
    n_trees, n_repeats, seed : int
    kinds : sequence of {"seed", "studies"}
        Of kind "seed" four fifths of the studies are for training, the same every time, and
        only trees and permutations differ; of kind "studies" it is other studies every time.

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``draw``, ``feature``, ``increase`` (g C m-2 yr-1, of left-out
        studies) and ``rank`` (1 for the most important).
    """
    y, study = records["flux"].to_numpy(float), records["study"].to_numpy()
    studies, rows = np.unique(study), []
    for kind in kinds:
        for draw in range(n_draws):
            split = np.random.default_rng(
                [seed, TARGETS[target], 41_000, draw if kind == "studies" else 0]
            )
            train = np.isin(study, split.permutation(studies)[: round(0.8 * len(studies))])
            state = derived_seed(seed, target, 42_000, draw)
            forest = new_forest(n_trees, x.shape[1], state)
            fit(forest, np.array(x[train], np.float32), y[train])
            found = importance(
                forest, x[~train], y[~train], [[name] for name in x.columns], n_repeats, state
            ).mean(axis=1)
            rows.append(pd.DataFrame({
                "kind": kind, "draw": draw, "feature": x.columns, "increase": found,
                "rank": rankdata(-found, "ordinal").astype(int),
            }))
    return pd.concat(rows, ignore_index=True)


def dependence(x, records, target, n_trees=100, n_records=150, n_grid=30, seed=0):
    """Compute partial dependence and the curves of single records.

    Curves run from the 2 % to the 98 % quantile of the predictor.

    Parameters
    ----------
    x, records, target, n_trees, seed
        As for `held_out_importance`; the forest is trained on all records.
    n_records : int
        Records drawn for the curves.
    n_grid : int
        Points of a curve, at most.

    Returns
    -------
    curves : pandas.DataFrame
        ``feature``, ``value`` (of the predictor), ``flux`` (partial dependence, g C m-2
        yr-1), and ``q10`` and ``q90`` of the curves of single records, each shifted to
        start with the mean one.
    single : pandas.DataFrame
        ``feature``, ``value``, ``curve``, ``flux`` of forty single records.
    """
    y, values = records["flux"].to_numpy(float), np.array(x, np.float32)
    state = derived_seed(seed, target, 43_000)
    forest = fit(new_forest(n_trees, x.shape[1], state), values, y)
    # One thread: scikit-learn's own sums of trees depend on the order of threads.
    forest.set_params(n_jobs=1)
    rng = np.random.default_rng([seed, TARGETS[target], 44_000])
    own = values[rng.choice(len(x), size=min(n_records, len(x)), replace=False)]
    curves, single = [], []
    for k, name in enumerate(x.columns):
        low, high = np.quantile(values[:, k], [0.02, 0.98])
        grid = np.unique(np.linspace(low, high, n_grid, dtype=np.float32))
        found = partial_dependence(
            forest, own.astype(float), [k], kind="both", method="brute",
            custom_values={k: grid},
        )
        each, mean = found["individual"][0], found["average"][0]
        shifted = each - each[:, :1] + mean[0]
        curves.append(pd.DataFrame({
            "feature": name, "value": grid, "flux": mean,
            "q10": np.quantile(shifted, 0.1, axis=0), "q90": np.quantile(shifted, 0.9, axis=0),
        }))
        shown = each[:40]
        single.append(pd.DataFrame({
            "feature": name, "value": np.tile(grid, len(shown)),
            "curve": np.repeat(np.arange(len(shown)), grid.size), "flux": shown.ravel(),
        }))
    return pd.concat(curves, ignore_index=True), pd.concat(single, ignore_index=True)
