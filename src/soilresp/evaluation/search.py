"""Errors of subsets of the predictors, and the subsets that cannot be told apart.

A job scores one subset once: out of bag, or in one repeat of a cross-validation. All subsets of
a flux share the bootstrap samples and the folds of a repeat, so that two subsets differ by less
than their errors do, and it is the difference from the best that is judged.
"""

import warnings
from dataclasses import asdict, dataclass
from itertools import combinations
from time import process_time

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from soilresp.errors import DataError, ParameterError
from soilresp.evaluation.folds import derived_seed, folds, predict_left_out
from soilresp.upscaling.runs import PAPER_PREDICTORS, fit, new_forest, oob_prediction

__all__ = [
    "SCHEMES", "Job", "distinct_columns", "subsets", "neighbours", "score_subset", "ties",
    "sampling_error", "predictor_shares", "search_neighbours", "describe_subsets",
]

SCHEMES = {
    "oob": "out of bag",
    "stratified": "random folds, with the vegetation bins in equal parts",
    "site": "folds without a record of the same half-degree cell in training",
    "study": "folds without a record of the same study in training",
}
"""Ways to score a subset, from the one that hides least to the one that hides most."""

N_FOLDS = 5

_LABELS = {"stratified": "stratum", "site": "cell", "study": "study"}
"""Column of the records by which a scheme makes folds."""

_FORESTS, _FOLDS, _STUDIES = 20_000, 21_000, 22_000


@dataclass(frozen=True)
class Job:
    """One score of one subset.

    Attributes
    ----------
    target : {"SR", "HR"}
    predictors : tuple of str
    scheme : str
        A key of `SCHEMES`.
    repeat : int
        Which bootstrap samples, or which folds.
    n_trees : int
        Of each forest; a cross-validation grows `N_FOLDS` of them.
    """

    target: str
    predictors: tuple
    scheme: str = "oob"
    repeat: int = 0
    n_trees: int = 500

    def row(self):
        """Return the job as plain values, the predictors joined by blanks (dict)."""
        return {**asdict(self), "predictors": " ".join(self.predictors)}


def distinct_columns(x):
    """Return the predictors that differ; of identical columns the first stays.

    Parameters
    ----------
    x : pandas.DataFrame

    Returns
    -------
    kept : list of str
    same_as : dict of str to str
        For each column left out, the one it equals.

    Examples
    --------
    >>> import pandas as pd
    >>> distinct_columns(pd.DataFrame({"a": [1, 2], "b": [1, 2], "c": [0, 1]}))
    (['a', 'c'], {'b': 'a'})
    """
    kept, same_as = [], {}
    for name in x.columns:
        twin = next((k for k in kept if np.array_equal(x[k], x[name])), None)
        if twin is None:
            kept.append(name)
        else:
            same_as[name] = twin
    return kept, same_as


def subsets(available):
    """Return all subsets but the empty one, small ones first.

    Parameters
    ----------
    available : sequence of str

    Returns
    -------
    list of tuple of str
        2^n - 1 of them: 1,023 for the paper's ten predictors.

    Examples
    --------
    >>> subsets(("a", "b"))
    [('a',), ('b',), ('a', 'b')]
    """
    sizes = range(1, len(available) + 1)
    return [subset for size in sizes for subset in combinations(available, size)]


def neighbours(chosen, available, depth=1):
    """Return a choice, small changes of it, all predictors together and each one alone.

    Parameters
    ----------
    chosen : sequence of str
    available : sequence of str
        Every predictor that the recipe has; fixes the order within a subset.
    depth : int
        Largest number of predictors added to or removed from `chosen`.

    Returns
    -------
    list of tuple of str
        Without repeats, the choice first.

    Examples
    --------
    >>> neighbours(("a",), ("a", "b"))
    [('a',), ('a', 'b'), ('b',)]
    """
    chosen = [p for p in available if p in chosen]
    found = [tuple(chosen)]
    for size in range(1, depth + 1):
        for changed in combinations(available, size):
            subset = set(chosen).symmetric_difference(changed)
            found.append(tuple(p for p in available if p in subset))
    found.append(tuple(available))
    found += [(p,) for p in available]
    return [s for s in dict.fromkeys(found) if s]


def score_subset(job, x, records, seed=0, n_jobs=1):
    """Score one subset of the predictors.

    Parameters
    ----------
    job : Job
    x : pandas.DataFrame
        Predictors at the records of one flux, at least those of the job.
    records : pandas.DataFrame
        ``flux`` (g C m-2 yr-1), and for the folds ``stratum``, ``cell`` and ``study``.
    seed : int
    n_jobs : int
        Threads of each forest.

    Returns
    -------
    row : dict
        The job's own values, ``rmse`` (g C m-2 yr-1) and ``cpu`` (seconds). The
        same to the last bit wherever and beside whatever it is done.
    square : numpy.ndarray of float32, shape (n,)
        Squared error of each record, NaN for one without a prediction.

    Raises
    ------
    ParameterError
        If the scheme is unknown.
    """
    if job.scheme not in SCHEMES:
        raise ParameterError(f"scheme must be one of {', '.join(SCHEMES)}; got {job.scheme!r}.")
    start = process_time()
    values, y = np.array(x[list(job.predictors)], np.float32), np.array(records["flux"], float)
    state = derived_seed(seed, job.target, _FORESTS, job.repeat)
    if job.scheme == "oob":
        forest = fit(new_forest(job.n_trees, values.shape[1], state, n_jobs), values, y)
        predicted = oob_prediction(forest, values)
    else:
        splits = _splits(job, records, seed)
        predicted = predict_left_out(values, y, splits, job.n_trees, state, n_jobs)
    square = (predicted - y) ** 2
    row = {**job.row(), "rmse": float(np.sqrt(np.nanmean(square))), "cpu": process_time() - start}
    return row, square.astype(np.float32)


def _splits(job, records, seed):
    state, labels = derived_seed(seed, job.target, _FOLDS, job.repeat), records[_LABELS[job.scheme]]
    if job.scheme != "stratified":
        if labels.nunique() < N_FOLDS:
            raise DataError(
                f"{N_FOLDS} folds need at least {N_FOLDS} different values of '{labels.name}'; "
                f"there are {labels.nunique()}."
            )
        return folds(len(labels), N_FOLDS, state, labels.to_numpy())
    with warnings.catch_warnings():
        # A bin with fewer records than folds is missing from some of them, as it must be.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=state)
        return list(splitter.split(labels, labels))


def ties(scores):
    """Find the subsets that the randomness of the forests could have put first.

    Parameters
    ----------
    scores : pandas.DataFrame
        Scores of one flux under one scheme: ``predictors``, ``repeat``, ``rmse``.

    Returns
    -------
    pandas.DataFrame
        Best first, one row a subset that was scored in every repeat: ``predictors``,
        ``rmse`` (mean over repeats), ``rmse_sd`` (between them), ``repeats``, ``delta`` (how much
        worse than the best, mean over repeats), ``noise`` (standard error of such a
        difference, from the repeats, one for all subsets) and ``tied`` (``delta`` of at most
        twice the noise).

    Raises
    ------
    ParameterError
        If there are fewer than two repeats.
    """
    wide = scores.pivot(index="predictors", columns="repeat", values="rmse").dropna()
    n = wide.shape[1]
    if n < 2:
        raise ParameterError(f"Ties need at least two repeats, to know the noise; got {n}.")
    wide = wide.loc[wide.mean(axis=1).sort_values(kind="stable").index]
    difference = wide - wide.iloc[0]
    others = difference.iloc[1:] if len(wide) > 1 else difference
    noise = np.sqrt(others.var(axis=1).mean() / n)
    table = pd.DataFrame({
        "rmse": wide.mean(axis=1), "rmse_sd": wide.std(axis=1), "repeats": n,
        "delta": difference.mean(axis=1), "noise": noise,
    })
    table["tied"] = table["delta"] <= 2 * noise
    return table.reset_index()


def sampling_error(squares, studies, seed=0, n_samples=2000):
    """Compute the standard error, over other studies, of the difference from the best subset.

    Parameters
    ----------
    squares : array_like, shape (m, n)
        Squared error of n records by m subsets, the best one first; NaN without a prediction.
    studies : array_like, shape (n,)
    seed : int
    n_samples : int
        Times that as many studies are drawn with replacement.

    Returns
    -------
    numpy.ndarray, shape (m,)
        Standard deviation of RMSE minus that of the best; 0 for the best itself.
    """
    squares = np.asarray(squares, float)
    _, number = np.unique(studies, return_inverse=True)
    n = number.max() + 1
    known = np.isfinite(squares)
    total = np.array([np.bincount(number, row, n) for row in np.where(known, squares, 0)])
    count = np.array([np.bincount(number, row, n) for row in known.astype(float)])
    rng = np.random.default_rng([seed, _STUDIES])
    times = rng.multinomial(n, np.full(n, 1 / n), size=n_samples).astype(float)
    rmse = np.sqrt((total @ times.T) / (count @ times.T))
    return (rmse - rmse[0]).std(axis=1, ddof=1)


def predictor_shares(tied, available):
    """Compute the share of subsets that contain each predictor.

    Parameters
    ----------
    tied : sequence of str
        Subsets, predictors joined by blanks.
    available : sequence of str

    Returns
    -------
    pandas.Series
        Share of the subsets with each predictor; among all subsets it is a little over 0.5.

    Examples
    --------
    >>> predictor_shares(["a b", "b"], ("a", "b")).to_dict()
    {'a': 0.5, 'b': 1.0}
    """
    members = [set(subset.split()) for subset in tied]
    return pd.Series({p: float(np.mean([p in m for m in members])) for p in available})


def search_neighbours(x, records, target, n_trees=200, depth=1, seed=0, n_seeds=3, n_jobs=-1,
                      progress=None):
    """Rank the subsets near the paper's choice by their out-of-bag RMSE.

    Parameters
    ----------
    x : pandas.DataFrame
        All predictors of the recipe at the records.
    records : pandas.DataFrame
        ``flux``, g C m-2 yr-1.
    target : {"SR", "HR"}
    n_trees, depth, seed : int
    n_seeds : int
        Forests of each subset, at least two.
    n_jobs : int
        Threads.
    progress : callable, optional
        Called after each subset.

    Returns
    -------
    pandas.DataFrame
        As from `ties`, with ``target``, ``n_predictors``, ``rank`` and ``is_paper`` (the paper's
        choice).

    Raises
    ------
    ParameterError
        If there are fewer than two seeds.
    """
    if n_seeds < 2:
        raise ParameterError(f"n_seeds must be at least 2, to know the noise; got {n_seeds}.")
    rows = []
    for subset in neighbours(PAPER_PREDICTORS[target], distinct_columns(x)[0], depth):
        for k in range(n_seeds):
            job = Job(target, subset, "oob", k, n_trees)
            rows.append(score_subset(job, x, records, seed, n_jobs)[0])
        if progress is not None:
            progress()
    return describe_subsets(ties(pd.DataFrame(rows)), target)


def describe_subsets(ranking, target):
    """Add ``target``, ``rank``, ``n_predictors`` and ``is_paper`` to a ranking of subsets.

    Parameters
    ----------
    ranking : pandas.DataFrame
        ``predictors`` (joined by blanks) and any scores, best first.
    target : {"SR", "HR"}

    Returns
    -------
    pandas.DataFrame
        The new columns first. ``is_paper`` marks the paper's choice.
    """
    members, paper = ranking["predictors"].str.split(), set(PAPER_PREDICTORS[target])
    front = {
        "target": target,
        "rank": np.arange(1, len(ranking) + 1),
        "predictors": ranking["predictors"],
        "n_predictors": members.str.len(),
        "is_paper": [set(m) == paper for m in members],
    }
    return pd.DataFrame(front).join(ranking.drop(columns="predictors"))
