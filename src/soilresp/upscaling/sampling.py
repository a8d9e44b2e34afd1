"""Draw the training records of a Monte-Carlo run (Lu et al. 2021, section 2.2)."""

import numpy as np
import pandas as pd

from soilresp.covariates.strata import STRATA
from soilresp.errors import DataError, ParameterError

__all__ = ["SAMPLINGS", "sampling_probabilities", "draw_records", "realised_shares"]

SAMPLINGS = {
    "area": "bins by their share of the vegetated area",
    "area_without": "bins by area, without replacement",
    "record": "every record alike",
    "bin": "every bin alike",
}
"""Ways to draw the training records of a run."""


def sampling_probabilities(strata, shares, sampling="area"):
    """Compute the probability of each record to be the next one drawn.

    Parameters
    ----------
    strata : numpy.ndarray of int, shape (n,)
        Vegetation class of each record.
    shares : pandas.Series
        Area share of each class.
    sampling : str
        A key of `SAMPLINGS`.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Sums to 1.

    Raises
    ------
    DataError
        If a record's class is unknown, or a class that has a share of the area has no record.
    ParameterError
        If `sampling` is unknown.

    Examples
    --------
    >>> shares = pd.Series({1: 0.8, 2: 0.2})
    >>> sampling_probabilities(np.array([1, 2, 2]), shares).tolist()
    [0.8, 0.1, 0.1]
    >>> sampling_probabilities(np.array([1, 2, 2]), shares, "bin").tolist()
    [0.5, 0.25, 0.25]
    """
    if sampling not in SAMPLINGS:
        raise ParameterError(f"sampling must be one of {', '.join(SAMPLINGS)}; got {sampling!r}.")
    strata = np.asarray(strata)
    _check_bins(strata, shares, sampling)
    if sampling == "record":
        return np.full(strata.size, 1 / strata.size)
    wanted = (shares > 0).astype(float) if sampling == "bin" else shares
    counts = pd.Series(strata).value_counts().reindex(shares.index)
    weight = (wanted / counts)[strata].to_numpy()
    return weight / weight.sum()


def draw_records(strata, shares, rng, train_fraction=0.8, sampling="area"):
    """Split the records of one Monte-Carlo run and draw its training set.

    Within each class a random `train_fraction` of the records is set apart for
    training; from all of these together as many records are drawn with
    replacement, with `sampling_probabilities` (Lu et al. 2021, section 2.2). The
    rest is held out.

    With ``sampling="area_without"`` there is no split first: `train_fraction` of all
    records are drawn one after the other without replacement, and those left
    over are held out. A class with few records for its area is then soon used up, and
    its share of the draw stays below its area's.

    Parameters
    ----------
    strata : numpy.ndarray of int, shape (n,)
        Vegetation class of each record.
    shares : pandas.Series
        Area share of each class.
    rng : numpy.random.Generator
    train_fraction : float
        Above 0, at most 1.
    sampling : str
        A key of `SAMPLINGS`.

    Returns
    -------
    drawn : numpy.ndarray of int
        Positions of the drawn records, with repeats.
    held_out : numpy.ndarray of int
        Positions of the records never drawn, in order.

    Raises
    ------
    DataError
        If a record's class is unknown, or a class that has a share of the area has no record.
    ParameterError
        If `sampling` or `train_fraction` is none of the above.
    """
    if not 0 < train_fraction <= 1:
        raise ParameterError(f"train_fraction must be above 0 and at most 1, got {train_fraction}.")
    strata = np.asarray(strata)
    if sampling == "area_without":
        chance = sampling_probabilities(strata, shares, sampling)
        n = min(max(1, round(train_fraction * strata.size)), np.count_nonzero(chance))
        drawn = rng.choice(strata.size, size=n, replace=False, p=chance)
        return drawn, np.setdiff1d(np.arange(strata.size), drawn)
    # Before the split, so that an empty class is reported as such.
    sampling_probabilities(strata, shares, sampling)
    train = []
    for stratum in shares.index:
        members = rng.permutation(np.flatnonzero(strata == stratum))
        train.append(np.sort(members[: max(1, round(train_fraction * members.size))]))
    pool = np.concatenate(train)
    chance = sampling_probabilities(strata[pool], shares, sampling)
    drawn = rng.choice(pool, size=pool.size, replace=True, p=chance)
    held_out = np.setdiff1d(np.arange(strata.size), pool)
    return drawn, held_out


def realised_shares(runs, strata, shares):
    """Compute the share of each class in the draws of some runs.

    Parameters
    ----------
    runs : iterable of numpy.ndarray of int
        Drawn positions, run by run.
    strata : numpy.ndarray of int, shape (n,)
    shares : pandas.Series
        Area share of each class.

    Returns
    -------
    pandas.DataFrame
        One row a run, one column a class.
    """
    drawn = [pd.Series(strata[run]).value_counts(normalize=True) for run in runs]
    return pd.DataFrame(drawn).reindex(columns=shares.index).fillna(0.0).reset_index(drop=True)


def _check_bins(strata, shares, sampling):
    unknown = sorted(set(strata.tolist()) - set(shares.index))
    if unknown:
        raise DataError(f"Records are of vegetation class {unknown[0]}, which has no area share.")
    empty = [s for s in shares.index if shares[s] > 0 and not (strata == s).any()]
    if empty and sampling != "record":
        names = ", ".join(f"{s} ({STRATA[s][0]})" if s in STRATA else str(s) for s in empty)
        raise DataError(
            f"No record in vegetation class {names}. A draw by class needs records in each: "
            "widen the selection, or draw every record alike (sampling='record')."
        )
