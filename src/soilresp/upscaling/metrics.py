"""Error statistics of predictions against observations."""

import numpy as np

from soilresp.errors import DataError

__all__ = ["SCORES", "scores"]

SCORES = ("n", "r2", "r", "r2_fit", "rmse", "mae", "bias", "slope", "intercept")
"""Names of the scores."""


def scores(observed, predicted):
    """Compute error statistics of predictions.

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
