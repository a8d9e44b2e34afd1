"""Scores, and the ways to set records aside for them."""

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold

from soilresp.errors import DataError
from soilresp.fit.ensemble import fit, new_forest, oob_prediction, predict
from soilresp.prepare.observations import TARGETS

__all__ = ["SCHEMES", "scores", "site_groups", "block_groups", "ladder"]

SCHEMES = {
    "in_sample": "in-sample: every record was in the training set",
    "oob": "out of bag: other records of the same site may have been in the tree",
    "random_cv": "random folds: other records of the same site and study are in the training set",
    "site_cv": "site folds: no record of the same half-degree cell in the training set",
    "study_cv": "study folds: no record of the same study in the training set",
    "spatial_cv": "spatial folds: nothing from the same 2-degree block in the training set",
}
"""Evaluations from the most to the least flattering, and what leaks in each."""


def scores(observed, predicted):
    """How well predictions meet observations.

    Parameters
    ----------
    observed, predicted : array_like, shape (n,)
        g C m-2 yr-1; pairs with a missing value are left out.

    Returns
    -------
    dict
        ``n``, ``r2`` (1 - SSE/SST), ``r`` (Pearson), ``r2_fit`` (r squared,
        the R2 of a fitted line), ``rmse``, ``mae``, ``bias`` (predicted -
        observed), and ``slope`` and ``intercept`` of predicted on observed.

    Raises
    ------
    DataError
        If fewer than two pairs are left.

    Examples
    --------
    >>> s = scores([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    >>> s["r"], s["r2"], s["bias"]
    (1.0, -0.5, 1.0)
    """
    observed, predicted = np.asarray(observed, float), np.asarray(predicted, float)
    known = np.isfinite(observed) & np.isfinite(predicted)
    if known.sum() < 2:
        raise DataError(
            f"Scores need at least two records with a prediction; there are {known.sum()} "
            f"of {known.size}. Take more records, runs or trees."
        )
    observed, predicted = observed[known], predicted[known]
    error = predicted - observed
    spread = observed - observed.mean()
    slope, intercept = np.polyfit(observed, predicted, 1)
    r = np.corrcoef(observed, predicted)[0, 1]
    return {
        "n": int(known.sum()),
        "r2": float(1 - np.sum(error**2) / np.sum(spread**2)),
        "r": float(round(r, 12)),
        "r2_fit": float(r**2),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
        "bias": float(error.mean()),
        "slope": float(slope),
        "intercept": float(intercept),
    }


def site_groups(matched):
    """Number of the half-degree cell of each record."""
    return matched["row"].to_numpy() * 720 + matched["col"].to_numpy()


def block_groups(matched, size=2.0):
    """Number of the block of `size` degrees that each record's site lies in."""
    row = np.floor((90 - matched["lat"].to_numpy()) / size).astype(int)
    n_col = round(360 / size)
    # 180 E is 180 W.
    col = np.floor((matched["lon"].to_numpy() + 180) / size).astype(int) % n_col
    return row * n_col + col


def ladder(matched, x, target, n_trees=300, n_folds=10, seed=0, progress=None):
    """Score one unweighted forest by every scheme in `SCHEMES`.

    Parameters
    ----------
    matched : pandas.DataFrame
        Records of one target, from `soilresp.prepare.sites.match`.
    x : pandas.DataFrame
        Their predictors.
    target : {"SR", "HR"}
    n_trees, n_folds, seed : int
    progress : callable, optional
        Called with the name of each scheme once it is done.

    Returns
    -------
    table : pandas.DataFrame
        Scores by scheme.
    predictions : pandas.DataFrame
        Prediction of each record by each scheme.
    """
    values, y = np.array(x, np.float32), np.array(matched["flux"])
    state = int(np.random.default_rng([seed, TARGETS[target], 10_000]).integers(2**31))
    whole = fit(new_forest(n_trees, values.shape[1], state, oob_score=True), values, y)
    predictions = {"in_sample": predict(whole, values), "oob": oob_prediction(whole)}
    splitters = {
        "random_cv": (KFold(n_folds, shuffle=True, random_state=state), None),
        "site_cv": (GroupKFold(n_folds, shuffle=True, random_state=state), site_groups(matched)),
        "study_cv": (
            GroupKFold(n_folds, shuffle=True, random_state=state), matched["study"].to_numpy()
        ),
        "spatial_cv": (
            GroupKFold(n_folds, shuffle=True, random_state=state), block_groups(matched)
        ),
    }
    for scheme, (splitter, groups) in splitters.items():
        predicted = np.full(len(y), np.nan)
        for train, test in splitter.split(values, y, groups):
            forest = fit(new_forest(n_trees, values.shape[1], state), values[train], y[train])
            predicted[test] = predict(forest, values[test])
        predictions[scheme] = predicted
        if progress is not None:
            progress(scheme)
    predictions = pd.DataFrame(predictions, index=matched.index)
    table = pd.DataFrame({s: scores(y, predictions[s]) for s in SCHEMES}).T
    table.index.name = "scheme"
    return table, predictions
