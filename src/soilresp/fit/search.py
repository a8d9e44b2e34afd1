"""Which predictors: out-of-bag error of subsets around the paper's choice."""

from itertools import combinations

import numpy as np
import pandas as pd

from soilresp.errors import ParameterError
from soilresp.fit.ensemble import PAPER_PREDICTORS, fit, new_forest, oob_prediction
from soilresp.prepare.observations import TARGETS

__all__ = ["neighbours", "search"]


def neighbours(chosen, available, depth=1):
    """Subsets near a choice: itself, each single predictor, all together, and small changes.

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


def search(x, y, target, n_trees=200, depth=1, seed=0, n_seeds=3, progress=None):
    """Out-of-bag RMSE of the subsets near the paper's choice.

    Parameters
    ----------
    x : pandas.DataFrame
        All predictors of the recipe at the records.
    y : array_like, shape (n,)
        Fluxes, g C m-2 yr-1.
    target : {"SR", "HR"}
    n_trees, depth, seed : int
    n_seeds : int
        Forests of each subset, at least two; their spread is the noise that
        differences between subsets must exceed.
    progress : callable, optional
        Called after each subset.

    Returns
    -------
    pandas.DataFrame
        Best first: ``predictors`` (joined by a blank), ``n_predictors``,
        ``rmse`` (out of bag, mean over seeds, g C m-2 yr-1), ``rmse_sd`` (between
        seeds), ``is_paper`` (the paper's choice), ``tied`` (no further from the
        best than twice the SD that seeds alone give such a difference).

    Raises
    ------
    ParameterError
        If there are fewer than two seeds.
    """
    if n_seeds < 2:
        raise ParameterError(f"n_seeds must be at least 2, to know the noise; got {n_seeds}.")
    paper = PAPER_PREDICTORS[target]
    y = np.array(y, float)
    rows = []
    for subset in neighbours(paper, list(x.columns), depth):
        values = np.array(x[list(subset)], np.float32)
        rmse = []
        for k in range(n_seeds):
            state = int(np.random.default_rng([seed, TARGETS[target], 20_000, k]).integers(2**31))
            forest = fit(new_forest(n_trees, len(subset), state, oob_score=True), values, y)
            rmse.append(np.sqrt(np.nanmean((oob_prediction(forest) - y) ** 2)))
        rows.append(
            {
                "predictors": " ".join(subset),
                "n_predictors": len(subset),
                "rmse": float(np.mean(rmse)),
                "rmse_sd": float(np.std(rmse, ddof=1)),
                "is_paper": set(subset) == set(paper),
            }
        )
        if progress is not None:
            progress()
    table = pd.DataFrame(rows).sort_values("rmse", kind="stable", ignore_index=True)
    noise = np.sqrt(2 / n_seeds) * np.sqrt(np.mean(table["rmse_sd"] ** 2))
    table["tied"] = table["rmse"] <= table["rmse"].iloc[0] + 2 * noise
    return table
