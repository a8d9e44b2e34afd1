"""Uncertainty of the global totals: sampling of studies, model, covariates, area.

The sum of the cells' SD (`soilresp.upscaling.maps.area_summed`) assumes that the errors of all
cells are fully correlated; the spread between runs ignores that other studies could have been
made. Estimates between the two come from resampling whole studies, and from the distance over
which residuals are correlated.
"""

import numpy as np
import pandas as pd
from scipy.optimize import curve_fit
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from soilresp.errors import DataError, ParameterError
from soilresp.evaluation.folds import block_groups, derived_seed, folds
from soilresp.forest import Rows, evaluate
from soilresp.grid.cells import EARTH_RADIUS, GRAMS_PER_PG, unit_vectors
from soilresp.records.selection import TARGETS
from soilresp.upscaling.runs import fit, new_forest
from soilresp.upscaling.sampling import draw_records

__all__ = [
    "OFFSET", "VARIANTS", "SPREADS", "FLUXES", "Case", "resample", "totals", "bootstrap",
    "model_variants", "area_variants", "spread_variants", "sampling_sd", "residuals",
    "correlogram", "fit_correlogram", "correlated_sd", "contributions", "with_ar",
]

OFFSET = 50_000
"""Keeps these draws apart from others of the same seed."""

VARIANTS = {
    "as in the study": {},
    "every predictor tried at each split": {"max_features": None},
    "five records to a leaf": {"min_samples_leaf": 5},
    "all records drawn alike": {"sampling": "record"},
    "boosted trees": {"boosted": True},
}
"""Other models that could have been chosen, and their differences from the study's."""

SPREADS = {
    "distribution of records (Meinshausen), as mapped": {},
    "without the largest 1 % of the records": {"top": 0.01},
    "without the largest 3 % of the records": {"top": 0.03},
    "all records drawn alike": {"sampling": "record"},
    "five records to a leaf": {"min_samples_leaf": 5},
    "predictions of single trees": {"trees": True},
}
"""Definitions of the SD of a cell, and choices of records and model that change it."""

FLUXES = ("SR", "HR", "AR")

_BLOCK = 10.0


class Case:
    """Records and cells of one flux, prepared for any number of small ensembles.

    Parameters
    ----------
    target : {"SR", "HR"}
    records : pandas.DataFrame
        Matched records of the target, numbered from 0.
    x : array_like, shape (n, p)
        Their predictors.
    cells : array_like, shape (n_cells, p)
        Predictors of the cells.
    """

    def __init__(self, target, records, x, cells):
        self.target, self.records = target, records
        self.x = np.array(x, np.float32)
        self.y = records["flux"].to_numpy(float)
        self.strata = records["stratum"].to_numpy()
        self.cells = np.ascontiguousarray(cells, np.float32)
        self.rows = Rows(self.cells, like=self.x)


def resample(cases, shares, rng, units, tries=100):
    """Resample whole units of records with replacement, the same ones for every flux.

    Parameters
    ----------
    cases : sequence of Case
    shares : pandas.Series
        Area share of each bin; a draw that leaves a bin with area empty is drawn anew.
    rng : numpy.random.Generator
    units : dict of str to numpy.ndarray
        Unit (study, block) of each record, by target.
    tries : int
        Draws before giving up.

    Returns
    -------
    dict of str to numpy.ndarray of int
        Positions of the records, with repeats, by target.

    Raises
    ------
    DataError
        If every draw leaves a bin empty.
    """
    known = np.unique(np.concatenate([units[c.target] for c in cases]))
    needed = [s for s in shares.index if shares[s] > 0]
    for _ in range(tries):
        times = np.bincount(rng.integers(known.size, size=known.size), minlength=known.size)
        taken = {
            c.target: np.repeat(np.arange(len(c.y)), times[np.searchsorted(known, units[c.target])])
            for c in cases
        }
        if all(np.isin(needed, c.strata[taken[c.target]]).all() for c in cases):
            return taken
    raise DataError(
        f"None of {tries} draws of studies has records in every vegetation bin. "
        "Widen the selection."
    )


def totals(case, area, shares, n_runs, n_trees, seed=0, *, taken=None, stream=(), sampling="area",
           boosted=False, **options):
    """Compute global totals of a few runs at the mean covariates.

    Parameters
    ----------
    case : Case
    area : numpy.ndarray, shape (n_cells,)
        m2.
    shares : pandas.Series
    n_runs, n_trees, seed : int
    taken : numpy.ndarray of int, optional
        Records to draw from, with repeats; default all.
    stream : sequence of int
        Numbers that tell these draws from others of the same seed.
    sampling : str
        See `soilresp.upscaling.sampling.draw_records`.
    boosted : bool
        Boosted trees (scikit-learn's histogram gradient boosting) instead of a forest.
    **options
        Settings of the forest, other than the study's.

    Returns
    -------
    numpy.ndarray, shape (n_runs,)
        Pg C yr-1.
    """
    taken = np.arange(len(case.y)) if taken is None else taken
    out = np.empty(n_runs)
    for i, (x, y, state) in enumerate(_draws(case, shares, n_runs, seed, stream, taken, sampling)):
        if boosted:
            model = HistGradientBoostingRegressor(max_iter=100, random_state=state)
            # Its threads wait for each other by spinning, for minutes on a busy machine.
            with threadpool_limits(1):
                flux = np.maximum(model.fit(x, y).predict(case.cells), 0)
        else:
            flux, _ = evaluate(_forest(x, y, n_trees, state, **options), case.rows, -1)
        out[i] = (flux * area).sum() / GRAMS_PER_PG
    return out


def _draws(case, shares, n_runs, seed, stream, taken, sampling):
    """Yield the drawn predictors and fluxes of each run, and the seed of its model."""
    x, y, strata = case.x[taken], case.y[taken], case.strata[taken]
    for i in range(n_runs):
        rng = np.random.default_rng([seed, TARGETS[case.target], OFFSET, *stream, i])
        drawn, _ = draw_records(strata, shares, rng, sampling=sampling)
        yield x[drawn], y[drawn], int(rng.integers(2**31))


def _forest(x, y, n_trees, state, **options):
    return fit(new_forest(n_trees, x.shape[1], state, n_jobs=-1).set_params(**options), x, y)


def bootstrap(cases, area, shares, units, n_replicates, n_runs, n_trees, seed=0, progress=None,
              first=0):
    """Compute totals of small ensembles on resampled studies or blocks.

    Parameters
    ----------
    cases : sequence of Case
        Of SR and HR.
    area, shares
        As for `totals`.
    units : dict of str to numpy.ndarray
        Unit that each record is resampled with, by target.
    n_replicates, n_runs, n_trees, seed : int
    progress : callable, optional
        Called after each replicate.
    first : int
        Number of the first replicate; a replicate does not depend on the others.

    Returns
    -------
    pandas.DataFrame
        ``replicate``, ``run``, ``SR``, ``HR``, ``AR`` (Pg C yr-1).
    """
    parts = []
    for b in range(first, first + n_replicates):
        taken = resample(cases, shares, np.random.default_rng([seed, OFFSET, b]), units)
        found = {
            c.target: totals(c, area, shares, n_runs, n_trees, seed, taken=taken[c.target],
                             stream=(1, b))
            for c in cases
        }
        parts.append(pd.DataFrame({"replicate": b, "run": range(n_runs)} | found))
        if progress is not None:
            progress()
    return with_ar(pd.concat(parts, ignore_index=True))


def model_variants(cases, area, shares, n_runs, n_trees, seed=0, progress=None):
    """Compute totals by other models on the same draws of records.

    Parameters
    ----------
    cases, area, shares, n_runs, n_trees, seed
        As for `bootstrap`.
    progress : callable, optional

    Returns
    -------
    pandas.DataFrame
        ``variant`` (of `VARIANTS`), ``SR``, ``HR``, ``AR`` (Pg C yr-1).
    """
    rows = []
    for name, how in VARIANTS.items():
        found = {c.target: totals(c, area, shares, n_runs, n_trees, seed, **how).mean()
                 for c in cases}
        rows.append({"variant": name} | found)
        if progress is not None:
            progress()
    return with_ar(pd.DataFrame(rows))


def area_variants(climatology):
    """Compute totals of the same maps for other definitions of the vegetated area.

    Parameters
    ----------
    climatology : xarray.Dataset
        ``SR``, ``HR``, ``cell_area``, ``vegetated_fraction``, ``land_fraction``.

    Returns
    -------
    pandas.DataFrame
        ``variant``, ``area`` (Mkm2), ``SR``, ``HR``, ``AR`` (Pg C yr-1).
    """
    cell, vegetated = climatology["cell_area"], climatology["vegetated_fraction"]
    land = climatology["land_fraction"]
    readings = {
        "vegetated share of each cell": cell * vegetated,
        "whole land of cells that are mostly vegetated": (cell * land).where(
            vegetated >= 0.5 * land, 0
        ),
        "cells with a tenth of vegetation or more": (cell * vegetated).where(vegetated >= 0.1, 0),
        "all land of the mapped cells": cell * land,
    }
    mapped = climatology["SR"].notnull()
    rows = [
        {"variant": name, "area": float(area.where(mapped).sum()) / 1e12}
        | {t: float((climatology[t].astype(float) * area).sum()) / GRAMS_PER_PG for t in TARGETS}
        for name, area in readings.items()
    ]
    return with_ar(pd.DataFrame(rows))


def spread_variants(case, area, shares, n_runs, n_trees, seed=0):
    """Compute the ratio of the summed SD of the cells to the total, by definition of the SD.

    Parameters
    ----------
    case, area, shares, n_runs, n_trees, seed
        As for `totals`.

    Returns
    -------
    pandas.DataFrame
        ``spread`` (of `SPREADS`), ``target``, ``total`` (Pg C yr-1) and ``ratio``.
    """
    rows = []
    for name, how in SPREADS.items():
        options = dict(how)
        sampling, top = options.pop("sampling", "area"), options.pop("top", 0)
        of_trees = options.pop("trees", False)
        kept = np.flatnonzero(case.y <= np.quantile(case.y, 1 - top))
        mean, square = np.zeros(len(area)), np.zeros(len(area))
        for x, y, state in _draws(case, shares, n_runs, seed, (2,), kept, sampling):
            forest = _forest(x, y, n_trees, state, **options)
            flux, second = evaluate(forest, case.rows, -1)
            if of_trees:
                trees = [t.predict(case.cells, check_input=False) for t in forest.estimators_]
                second = np.mean(np.square(trees), axis=0)
            mean, square = mean + flux / n_runs, square + second / n_runs
        sd = np.sqrt(np.maximum(square - mean**2, 0))
        rows.append({
            "spread": name, "target": case.target,
            "total": (mean * area).sum() / GRAMS_PER_PG,
            "ratio": (sd * area).sum() / (mean * area).sum(),
        })
    return pd.DataFrame(rows)


def sampling_sd(table):
    """Compute the SD between resampled studies, without the variance between runs.

    Parameters
    ----------
    table : pandas.DataFrame
        From `bootstrap`.

    Returns
    -------
    dict
        For ``SR``, ``HR`` and ``AR`` the SD in Pg C yr-1, and ``correlation``, of
        the errors of SR and HR. NaN with fewer than three replicates.
    """
    by = table.groupby("replicate")[list(FLUXES)]
    n_runs = by.size().iloc[0]
    between = by.mean().var(ddof=1)
    within = by.var(ddof=1).mean() / n_runs if n_runs > 1 else 0.0
    variance = (between - within).clip(lower=0)
    if len(by) < 3:
        variance[:] = np.nan
    out = np.sqrt(variance).to_dict()
    product = 2 * out["SR"] * out["HR"]
    covariance = out["SR"] ** 2 + out["HR"] ** 2 - out["AR"] ** 2
    out["correlation"] = float(np.clip(covariance / product, -1, 1)) if product > 0 else np.nan
    return out


def residuals(case, n_folds=5, n_trees=100, seed=0):
    """Compute standardised residuals of records from forests without their 10-degree block.

    Records near each other are left out together. With one of two neighbours in the
    training set, the prediction of the other would follow it, and their residuals would
    seem opposite to each other.

    Parameters
    ----------
    case : Case
    n_folds, n_trees, seed : int

    Returns
    -------
    numpy.ndarray, shape (n,)
        (observed - predicted) / SD of the forest's distribution at the record; 0
        where that SD is 0.
    """
    state = derived_seed(seed, case.target, OFFSET)
    out = np.zeros(len(case.y))
    for train, test in folds(len(out), n_folds, state, block_groups(case.records, _BLOCK)):
        forest = _forest(case.x[train], case.y[train], n_trees, state)
        mean, square = evaluate(forest, Rows(case.x[test]), -1)
        sd = np.sqrt(np.maximum(square - mean**2, 0))
        out[test] = np.divide(
            case.y[test] - mean, sd, out=np.zeros(test.size), where=sd > 1e-6 * mean
        )
    return out


def correlogram(values, lat, lon, study, edges=(0, 25, 50, 100, 200, 400, 800, 1600, 3200)):
    """Compute the correlation of values between records of different studies, by distance.

    Parameters
    ----------
    values, lat, lon, study : array_like, shape (n,)
        Degrees.
    edges : sequence of float
        Of the classes of distance, km.

    Returns
    -------
    pandas.DataFrame
        ``distance`` (km, mean of the pairs), ``correlation``, ``pairs``.
    """
    values, study, points = np.asarray(values, float), np.asarray(study), unit_vectors(lat, lon)
    # Otherwise a few records of extreme flux would determine all correlations.
    values = np.clip(values, *np.quantile(values, [0.01, 0.99]))
    values = (values - values.mean()) / values.std()
    n_classes = len(edges) - 1
    sums = np.zeros((3, n_classes))
    for i in range(len(values) - 1):
        other = i + 1 + np.flatnonzero(study[i + 1 :] != study[i])
        distance = _distance(points[other], points[i])
        place = np.searchsorted(edges, distance, side="right") - 1
        inside = (place >= 0) & (place < n_classes)
        for k, weight in enumerate((distance, values[i] * values[other], np.ones(other.size))):
            sums[k] += np.bincount(place[inside], weight[inside], n_classes)
    distance, product, n = sums[:, sums[2] > 0]
    return pd.DataFrame(
        {"distance": distance / n, "correlation": product / n, "pairs": n.astype(int)}
    )


def _distance(points, point):
    """Compute the great-circle distance of unit vectors to one of them, km."""
    return EARTH_RADIUS / 1e3 * np.arccos(np.clip(points @ point, -1, 1))


def fit_correlogram(table):
    """Fit an exponential correlogram, ``sill * exp(-distance / length)``.

    Parameters
    ----------
    table : pandas.DataFrame
        From `correlogram`.

    Returns
    -------
    sill : float
        Between 0 and 1.
    length : float
        km, between 10 and 5,000.
    """
    def model(distance, sill, length):
        return sill * np.exp(-distance / length)

    (sill, length), _ = curve_fit(
        model, table["distance"], table["correlation"], p0=(0.3, 200.0),
        sigma=1 / np.sqrt(table["pairs"]), bounds=([0, 10], [1, 5000]),
    )
    return float(sill), float(length)


def correlated_sd(amount, lat, lon, sill, length, size=2.0):
    """Compute the SD of a sum over cells with spatially correlated errors.

    Parameters
    ----------
    amount : array_like, shape (n,)
        SD of each cell's part of the sum.
    lat, lon : array_like, shape (n,)
        Degrees.
    sill, length : float
        Correlation ``sill * exp(-distance / length)``, km, between different cells.
    size : float
        Cells are combined in blocks of so many degrees; all pairs within a block have
        its mean distance.

    Returns
    -------
    float
        In the units of `amount`.

    Raises
    ------
    ParameterError
        If `sill` is not between 0 and 1, or `length` not above 0.
    """
    if not 0 <= sill <= 1 or not length > 0:
        raise ParameterError(f"sill must be in 0..1 and length above 0, got {sill} and {length}.")
    amount, lat, lon = (np.asarray(v, float) for v in (amount, lat, lon))
    row, col = np.floor((90 - lat) / size), np.floor((lon + 180) / size)
    block, place = np.unique(row * 10_000 + col, return_inverse=True)
    weight = np.bincount(place, amount)
    square = np.bincount(place, amount**2)
    centre = [np.bincount(place, v) / np.bincount(place) for v in (lat, lon)]
    points = unit_vectors(*centre)
    height = np.deg2rad(size) * EARTH_RADIUS / 1e3
    # Mean distance of two points in a rectangle is about 0.52 of the side of the equal square.
    inside = 0.52 * height * np.sqrt(np.cos(np.deg2rad(centre[0])))
    variance = 0.0
    for i in range(block.size):
        distance = _distance(points, points[i])
        distance[i] = inside[i]
        variance += weight[i] * (weight * sill * np.exp(-distance / length)).sum()
    # The correlation of a cell with itself is one.
    own = (square * (1 - sill * np.exp(-inside / length))).sum()
    return float(np.sqrt(variance + own))


def contributions(sds):
    """Combine independent sources of uncertainty one at a time.

    Parameters
    ----------
    sds : dict of str to dict
        SD of SR, HR and AR (Pg C yr-1) by source, in order; NaN where it is unknown.

    Returns
    -------
    pandas.DataFrame
        ``source``, ``flux``, ``sd``, ``together`` (with all sources above it) and
        ``share`` of the variance of all.
    """
    rows = []
    for flux in FLUXES:
        known = [np.nan_to_num(of[flux] ** 2) for of in sds.values()]
        for (source, of), variance, so_far in zip(sds.items(), known, np.cumsum(known)):
            rows.append({
                "source": source, "flux": flux, "sd": of[flux], "together": np.sqrt(so_far),
                "share": variance / sum(known) if sum(known) > 0 else np.nan,
            })
    return pd.DataFrame(rows)


def with_ar(table):
    """Add ``AR``, the difference of ``SR`` and ``HR``, to a table."""
    return table.assign(AR=table["SR"] - table["HR"])
