"""Coverage of prediction intervals of the forest, as they are and after conformal correction.

Meinshausen, N. (2006), Quantile regression forests, J. Mach. Learn. Res. 7, 983-999.
Papadopoulos, H., Gammerman, A. & Vovk, V. (2008), Normalized nonconformity measures for
regression conformal prediction, Proc. AIA 2008, 64-69.
Boström, H. (2022), crepes: a Python package for generating conformal regressors and
predictive systems, Proc. Mach. Learn. Res. 179, 24-41.
"""

import numpy as np
import pandas as pd
from crepes import ConformalRegressor

from soilresp.evaluation.folds import block_groups, derived_seed, folds
from soilresp.forest.distribution import Weights, quantiles
from soilresp.upscaling.runs import fit, new_forest

__all__ = ["LEVELS", "COMBINATIONS", "conformal_interval", "calibration"]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Nominal coverages of the intervals."""

COMBINATIONS = (
    ("random", "random"), ("study", "random"), ("study", "study"),
    ("spatial", "random"), ("spatial", "spatial"),
)
"""Groups by which test records are left out, and by which calibration records are."""

N_BINS = 20
"""Bins of the PIT histogram."""


def conformal_interval(lower, upper, observed, new_lower, new_upper, level):
    """Correct intervals by the distance of calibration records from the middle of theirs.

    Every interval keeps its middle. Distances are measured in half the interval's own width
    plus half the median width, so that intervals stay wider where the forest's are, and an
    interval of no width gets one. A share of at least `level` of new records is then expected
    inside, if they are like those of the calibration set.

    Parameters
    ----------
    lower, upper : array_like, shape (n,)
        Ends of the intervals of the calibration records.
    observed : array_like, shape (n,)
        Their fluxes, g C m-2 yr-1, none of them used to train the forest.
    new_lower, new_upper : array_like, shape (m,)
        Ends of the intervals to be corrected.
    level : float
        Share of records that they should hold.

    Returns
    -------
    lower, upper : numpy.ndarray, shape (m,)
        No flux is below zero. Without enough calibration records for a level (19 for
        0.95) the upper end is infinite.

    Examples
    --------
    Intervals 200 wide, and records up to 180 from their middle:

    >>> observed = [310, 320, 340, 360, 380, 400, 420, 440, 480]
    >>> low, high = conformal_interval([200] * 9, [400] * 9, observed, [600], [800], 0.9)
    >>> low.tolist(), high.tolist()
    ([520.0], [880.0])
    """
    lower, upper = np.asarray(lower, float), np.asarray(upper, float)
    new_lower, new_upper = np.asarray(new_lower, float), np.asarray(new_upper, float)
    middle, new_middle = (lower + upper) / 2, (new_lower + new_upper) / 2
    half, new_half = (upper - lower) / 2, (new_upper - new_lower) / 2
    typical = max(float(np.median(half)), 1.0)
    regressor = ConformalRegressor()
    regressor.fit(np.asarray(observed, float) - middle, sigmas=half + typical)
    needed = int(np.ceil(level / (1 - level) - 1e-9))
    if middle.size < needed:
        return np.zeros(new_half.size), np.full(new_half.size, np.inf)
    # A trifle less, as 10 x (1 - 0.9) is a trifle less than 1 to the computer.
    ends = regressor.predict_int(
        new_middle, sigmas=new_half + typical, confidence=level - 1e-9, y_min=0
    )
    return ends[:, 0], ends[:, 1]


def calibration(matched, x, target, n_trees=100, n_folds=10, seed=0, progress=None):
    """Compute coverage and width of intervals, raw and corrected, for left-out records.

    In each fold the forest is trained on some records, its intervals are corrected on
    others, and both are tested on a third part that neither has seen. Records are left out
    at random, by study, or by blocks of two degrees; those that calibrate are set apart in
    the same way, or at random.

    Parameters
    ----------
    matched : pandas.DataFrame
        Records of one target.
    x : pandas.DataFrame
        Their predictors.
    target : {"SR", "HR"}
    n_trees, n_folds, seed : int
    progress : callable, optional
        Called after each of `COMBINATIONS`.

    Returns
    -------
    coverage : pandas.DataFrame
        By ``test`` and ``calibrated`` (see `COMBINATIONS`) and ``level``: ``n``, the
        coverages ``raw`` and ``conformal``, and the median widths ``raw_width`` and
        ``conformal_width``, g C m-2 yr-1.
    pit : pandas.DataFrame
        By ``test`` and ``bin`` (0 to 19): ``share`` of the records whose flux lies in that
        twentieth of its own predicted distribution.
    """
    values, y = np.array(x, np.float32), np.array(matched["flux"])
    state = derived_seed(seed, target, 12_000)
    groups = {
        "random": None, "study": matched["study"].to_numpy(), "spatial": block_groups(matched)
    }
    coverage, pit = [], []
    for test_by, calibrated_by in COMBINATIONS:
        intervals, place = [], np.full(len(y), np.nan)
        splits = folds(len(y), n_folds, state, groups[test_by])
        for k, (rest, test) in enumerate(splits):
            train, apart = _set_apart(rest, groups[calibrated_by], n_folds, state + k)
            forest = fit(new_forest(n_trees, values.shape[1], state + k), values[train], y[train])
            rows = np.concatenate([apart, test])
            at, weights = _distributions(forest, values[train], y[train], values[rows])
            intervals.append(_intervals(at, weights, y[apart], y[test]))
            place[test] = _place(at, weights[apart.size :], y[test])
        coverage.append(_coverage(intervals).assign(test=test_by, calibrated=calibrated_by))
        if test_by == calibrated_by:
            pit.append(_histogram(place).assign(test=test_by))
        if progress is not None:
            progress((test_by, calibrated_by))
    return pd.concat(coverage, ignore_index=True), pd.concat(pit, ignore_index=True)


def _set_apart(rest, groups, n_folds, state):
    """Split a calibration fold from the records that are not tested."""
    groups = None if groups is None else groups[rest]
    train, apart = folds(len(rest), max(n_folds - 1, 2), state, groups)[0]
    return rest[train], rest[apart]


def _distributions(forest, train_x, train_y, rows):
    weights = Weights(train_y, len(rows))
    weights.add(forest, train_x, train_y, rows, n_threads=2)
    return weights.values, weights.mean()


def _intervals(at, weights, calibrating, tested):
    """Test for each record if it is in its intervals; add their widths, by level."""
    n, rows = calibrating.size, []
    for level in LEVELS:
        lower, upper = quantiles(at, weights, [(1 - level) / 2, (1 + level) / 2])
        raw = lower[n:], upper[n:]
        corrected = conformal_interval(lower[:n], upper[:n], calibrating, *raw, level)
        found = {"level": level}
        for name, (low, high) in {"raw": raw, "conformal": corrected}.items():
            found[name] = (tested >= low) & (tested <= high)
            found[f"{name}_width"] = high - low
        rows.append(pd.DataFrame(found))
    return pd.concat(rows)


def _coverage(intervals):
    by_level = pd.concat(intervals).groupby("level")
    return by_level.agg(
        n=("raw", "size"), raw=("raw", "mean"), conformal=("conformal", "mean"),
        raw_width=("raw_width", "median"), conformal_width=("conformal_width", "median"),
    ).reset_index()


def _place(at, weights, observed):
    """Return the probability of lower fluxes in each record's distribution, ties counted half."""
    below = (weights * (at < observed[:, None])).sum(axis=1)
    equal = (weights * (at == observed[:, None])).sum(axis=1)
    return below + equal / 2


def _histogram(place):
    place = place[np.isfinite(place)]
    number = np.minimum((place * N_BINS).astype(int), N_BINS - 1)
    share = np.bincount(number, minlength=N_BINS) / number.size
    return pd.DataFrame({"bin": np.arange(N_BINS), "share": share})
