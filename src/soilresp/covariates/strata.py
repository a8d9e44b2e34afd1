"""Define the five vegetation classes that balance records by area (Lu et al. 2021, table S1)."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.errors import DataError, ParameterError

__all__ = [
    "STRATA", "DRAWS", "stratum_fractions", "dominant_stratum", "area_shares", "draw_probabilities",
    "draw_run", "realised_shares",
]

STRATA = {
    1: ("evergreen broadleaf forest", (2,)),
    2: ("deciduous broadleaf forest", (4,)),
    3: ("needleleaf and mixed forest", (1, 3, 5)),
    4: ("shrubland", (6, 7)),
    5: ("savanna, grassland, wetland, cropland", (8, 9, 10, 11, 12, 14)),
}
"""Vegetation classes: name and IGBP classes. Barren, urban, ice and water are in none."""

DRAWS = {
    "area": "bins by their share of the vegetated area",
    "area_without": "bins by area, without replacement",
    "record": "every record alike",
    "bin": "every bin alike",
}
"""Ways to draw the training records of a run."""


def stratum_fractions(igbp_fraction):
    """Compute the share of each cell in each class.

    Parameters
    ----------
    igbp_fraction : xarray.DataArray, dims (igbp, lat, lon)

    Returns
    -------
    xarray.DataArray, dims (stratum, lat, lon)
    """
    parts = [igbp_fraction.sel(igbp=list(classes)).sum("igbp") for _, classes in STRATA.values()]
    return xr.concat(parts, pd.Index(list(STRATA), name="stratum"))


def dominant_stratum(igbp_fraction):
    """Return the class that covers most of each cell's vegetation; 0 where there is none.

    Parameters
    ----------
    igbp_fraction : xarray.DataArray, dims (igbp, lat, lon)

    Returns
    -------
    xarray.DataArray of int8, dims (lat, lon)
        The lower number on ties.
    """
    shares = stratum_fractions(igbp_fraction)
    best = (shares.argmax("stratum") + 1).where(shares.sum("stratum") > 0, 0).astype(np.int8)
    names = [name.replace(", ", "_").replace(" ", "_") for name, _ in STRATA.values()]
    best.attrs = {
        "long_name": "vegetation class of the cell",
        "units": "1",
        "flag_values": [0, *STRATA],
        "flag_meanings": " ".join(["none", *names]),
    }
    return best.rename("stratum")


def area_shares(cube):
    """Compute the share of each vegetation class in the vegetated area.

    Parameters
    ----------
    cube : xarray.Dataset
        With ``igbp_fraction`` and ``cell_area``.

    Returns
    -------
    pandas.Series
        Indexed by the number of the class; sums to 1.

    Examples
    --------
    >>> import soilresp as sr
    >>> sr.area_shares(sr.load_covariates("embedded")).round(2).to_dict()
    {1: 0.11, 2: 0.02, 3: 0.07, 4: 0.13, 5: 0.67}
    """
    area = (stratum_fractions(cube["igbp_fraction"]) * cube["cell_area"]).sum(("lat", "lon"))
    return pd.Series(area.values / float(area.sum()), index=pd.Index(list(STRATA), name="stratum"))


def draw_probabilities(strata, shares, draw="area"):
    """Compute the probability of each record to be the next one drawn.

    Parameters
    ----------
    strata : numpy.ndarray of int, shape (n,)
        Vegetation class of each record.
    shares : pandas.Series
        Area share of each class.
    draw : str
        A key of `DRAWS`.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Sums to 1.

    Raises
    ------
    DataError
        If a record's class is unknown, or a class that has a share of the area has no record.
    ParameterError
        If `draw` is unknown.

    Examples
    --------
    >>> shares = pd.Series({1: 0.8, 2: 0.2})
    >>> draw_probabilities(np.array([1, 2, 2]), shares).tolist()
    [0.8, 0.1, 0.1]
    >>> draw_probabilities(np.array([1, 2, 2]), shares, "bin").tolist()
    [0.5, 0.25, 0.25]
    """
    if draw not in DRAWS:
        raise ParameterError(f"draw must be one of {', '.join(DRAWS)}; got {draw!r}.")
    strata = np.asarray(strata)
    _check_bins(strata, shares, draw)
    if draw == "record":
        return np.full(strata.size, 1 / strata.size)
    wanted = (shares > 0).astype(float) if draw == "bin" else shares
    counts = pd.Series(strata).value_counts().reindex(shares.index)
    weight = (wanted / counts)[strata].to_numpy()
    return weight / weight.sum()


def draw_run(strata, shares, rng, train_fraction=0.8, draw="area"):
    """Split the records of one Monte-Carlo run and draw its training set.

    Within each class a random `train_fraction` of the records is set apart for
    training; from all of these together as many records are drawn with
    replacement, with `draw_probabilities` (Lu et al. 2021, section 2.2). The
    rest is held out.

    With ``draw="area_without"`` there is no split first: `train_fraction` of all
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
    draw : str
        A key of `DRAWS`.

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
        If `draw` or `train_fraction` is none of the above.
    """
    if not 0 < train_fraction <= 1:
        raise ParameterError(f"train_fraction must be above 0 and at most 1, got {train_fraction}.")
    strata = np.asarray(strata)
    if draw == "area_without":
        chance = draw_probabilities(strata, shares, draw)
        n = min(max(1, round(train_fraction * strata.size)), np.count_nonzero(chance))
        drawn = rng.choice(strata.size, size=n, replace=False, p=chance)
        return drawn, np.setdiff1d(np.arange(strata.size), drawn)
    # Before the split, so that an empty class is reported as such.
    draw_probabilities(strata, shares, draw)
    train = []
    for stratum in shares.index:
        members = rng.permutation(np.flatnonzero(strata == stratum))
        train.append(np.sort(members[: max(1, round(train_fraction * members.size))]))
    pool = np.concatenate(train)
    chance = draw_probabilities(strata[pool], shares, draw)
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


def _check_bins(strata, shares, draw):
    unknown = sorted(set(strata.tolist()) - set(shares.index))
    if unknown:
        raise DataError(f"Records are of vegetation class {unknown[0]}, which has no area share.")
    empty = [s for s in shares.index if shares[s] > 0 and not (strata == s).any()]
    if empty and draw != "record":
        names = ", ".join(f"{s} ({STRATA[s][0]})" if s in STRATA else str(s) for s in empty)
        raise DataError(
            f"No record in vegetation class {names}. A draw by class needs records in each: "
            "widen the selection, or draw every record alike (draw='record')."
        )
