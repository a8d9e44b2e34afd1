"""Joint estimates of HR and AR, with 0 <= HR <= SR in every cell.

SR and HR come from separate forests, grown on different records, so that their
difference AR can fall below zero. About six hundred records report both fluxes of the
same plot, and there HR never exceeds SR. A forest grown on their shares HR/SR gives each
cell weights on these pairs, and any mean of pairs is a possible pair.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.model_selection import GroupKFold

from soilresp.covariates.strata import area_shares
from soilresp.errors import ParameterError
from soilresp.forest import Rows, Weights
from soilresp.forest.distribution import median_absolute_deviation, moments, quantiles
from soilresp.records.matching import training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.upscaling.maps import MAD_TO_SD, MOST_BYTES, QUANTILES, blocks, mean_covariates
from soilresp.upscaling.metrics import scores
from soilresp.upscaling.runs import PAPER_PREDICTORS, fit, new_forest, predict
from soilresp.upscaling.sampling import draw_records

__all__ = ["METHODS", "OFFSET", "joint_respiration", "pairs", "pair_weights", "compare_methods",
           "best_method", "joint_fields", "clipped_fields", "negative_cells"]

METHODS = {
    "difference": "HR by its own forest, AR = SR - HR; can be negative",
    "clipped": "HR by its own forest, but no more than SR",
    "share": "SR times the mean share HR/SR of the pairs",
    "paired": "SR times the pairs' mean HR over their mean SR",
}
"""Ways to split SR; all but the first are possible in every cell."""

OFFSET = 40_000
"""Keeps these draws apart from others of the same seed."""

_ROWS_AT_ONCE, _AT_ONCE = 4096, 2
"""Rows that are worked on together, and so many of such parts at a time."""


def joint_respiration(
    records, cube, maps, predictors=PAPER_PREDICTORS, n_runs=40, n_trees=100, sampling="area",
    method=None, n_folds=5, seed=0,
):
    """Estimate HR and AR jointly with SR, so that 0 <= HR <= SR in every cell.

    Parameters
    ----------
    records : pandas.DataFrame
        From `soilresp.match_to_grid`: records of both fluxes (``target``).
    cube : xarray.Dataset
        Covariates that the records were matched to.
    maps : xarray.Dataset
        ``SR`` and ``HR``, g m-2 yr-1, from ensembles fitted on `predictors`.
    predictors : dict of str to list of str
        Of "SR" and of "HR".
    n_runs, n_trees : int
        Of the forests of the shares HR/SR.
    sampling : str
        See `soilresp.upscaling.sampling.draw_records`; "record" where a vegetation class has no
        record of both fluxes.
    method : str, optional
        One of `METHODS` but "difference". Default: the one with the lowest RMSE.
    n_folds : int
        Folds of studies on which the methods are compared.
    seed : int

    Returns
    -------
    fields : xarray.Dataset
        As from `joint_fields`; by "clipped" where no record reports both fluxes. Its attribute
        ``method`` names the method.
    table : pandas.DataFrame
        As from `compare_methods`; empty where no record reports both.

    Raises
    ------
    ParameterError
        If `method` is unknown.

    Examples
    --------
    >>> import soilresp as sr
    >>> cube = sr.load_covariates("embedded")
    >>> plots = pd.DataFrame({"lat": [-3.2, -3.2], "lon": [-60.2, -60.2], "flux": [1500.0, 800.0],
    ...                       "target": ["SR", "HR"], "record": [1, 2], "study": [1, 1]})
    >>> maps = xr.Dataset({"SR": 0 * cube["MAT"] + 600, "HR": 0 * cube["MAT"] + 700})
    >>> fields, _ = joint_respiration(sr.match_to_grid(plots, cube), cube, maps)
    >>> fields.attrs["method"], float(fields["HR_joint"].max())
    ('clipped', 600.0)
    """
    table = pairs(records)
    if table.empty:
        return clipped_fields(maps).assign_attrs(method="clipped"), pd.DataFrame()
    both = sorted(set().union(*predictors.values()))
    own = {t: records[records["target"] == t].reset_index(drop=True) for t in TARGETS}
    x = {t: training_table(own[t], cube, predictors[t]) for t in TARGETS}
    x["pairs"] = training_table(table, cube, both)
    found = compare_methods(records, x, n_folds, n_trees, seed)
    method = method or best_method(found)
    if method not in METHODS or method == "difference":
        raise ParameterError(
            f"joint is {method!r}; it can be {', '.join(m for m in METHODS if m != 'difference')}."
        )
    shares, mask = area_shares(cube), valid_cells(cube, both)
    if sampling == "area" and not set(shares.index[shares > 0]) <= set(table["stratum"]):
        print("A vegetation class has no record of both SR and HR: pairs are drawn alike.")
        sampling = "record"
    fields = None
    for part in blocks(mask, MOST_BYTES // (4 * len(table) + 40 * len(both) + 400)):
        weights = pair_weights(
            x["pairs"], table, mean_covariates(cube, part, both), shares, n_runs, n_trees, seed,
            sampling,
        )
        made = joint_fields(maps, part, weights, table, method)
        fields = made if fields is None else fields.fillna(made)
    return fields.assign_attrs(method=method), found


def pairs(matched):
    """Select records that report both SR and HR.

    Parameters
    ----------
    matched : pandas.DataFrame
        From `soilresp.records.matching.find_cells`.

    Returns
    -------
    pandas.DataFrame
        One row a record, as matched for SR, with ``SR``, ``HR`` and ``AR`` (g C
        m-2 yr-1) and ``share`` (HR/SR) instead of ``flux`` and ``target``.
        Empty if no record reports both.
    """
    sr, hr = (matched[matched["target"] == t] for t in ("SR", "HR"))
    hr = hr.drop_duplicates(["record", "study"])[["record", "study", "flux"]]
    both = sr.merge(hr, on=["record", "study"], suffixes=("", "_hr"))
    out = both.rename(columns={"flux": "SR", "flux_hr": "HR"}).drop(columns="target")
    return out.assign(AR=out["SR"] - out["HR"], share=out["HR"] / out["SR"])


def pair_weights(x, table, cells, shares, n_runs, n_trees, seed=0, sampling="area", n_threads=-1):
    """Compute the weights of cells on the pairs, from forests grown on the shares HR/SR.

    Parameters
    ----------
    x : array_like, shape (n, p)
        Predictors of the pairs.
    table : pandas.DataFrame
        From `pairs`; n rows.
    cells : array_like, shape (n_cells, p)
        Predictors of the cells.
    shares : pandas.Series
        Area share of each bin.
    n_runs, n_trees, seed : int
    sampling : str
        See `soilresp.upscaling.sampling.draw_records`.
    n_threads : int

    Returns
    -------
    soilresp.forest.Weights
        Its values are the positions of the pairs in `table`.
    """
    x, y = np.array(x, np.float32), table["share"].to_numpy(float)
    position = np.arange(len(y), dtype=float)
    rows = Rows(cells, like=x)
    weights = Weights(position, len(rows), n_forests=n_runs)
    for i in range(n_runs):
        rng = np.random.default_rng([seed, TARGETS["HR"], OFFSET, i])
        drawn, _ = draw_records(table["stratum"].to_numpy(), shares, rng, sampling=sampling)
        forest = new_forest(n_trees, x.shape[1], int(rng.integers(2**31)), n_jobs=n_threads)
        fit(forest, x[drawn], y[drawn])
        weights.add(forest, x[drawn], position[drawn], rows, n_threads)
    return weights


def compare_methods(records, x, n_folds=5, n_trees=100, seed=0):
    """Score every method on pairs whose studies no forest has seen.

    Parameters
    ----------
    records : pandas.DataFrame
        Matched records of both targets, from `soilresp.records.matching.find_cells`.
    x : dict of str to pandas.DataFrame
        Predictors of the records of "SR" and of "HR", in order, and of the "pairs",
        which have those of both.
    n_folds, n_trees, seed : int

    Returns
    -------
    pandas.DataFrame
        One row per ``method`` and ``quantity`` (HR and AR, g C m-2 yr-1; AR_SR):
        ``n``, ``r2``, ``rmse``, ``bias``, and ``negative``, the share of pairs
        whose AR is predicted below zero.
    """
    table = pairs(records)
    state = int(np.random.default_rng([seed, TARGETS["HR"], OFFSET]).integers(2**31))
    values = {k: np.array(v, np.float32) for k, v in x.items()}
    of_pairs = {t: np.array(x["pairs"][list(x[t].columns)], np.float32) for t in ("SR", "HR")}
    own = {t: records[records["target"] == t].reset_index(drop=True) for t in ("SR", "HR")}
    folds = GroupKFold(min(n_folds, table["study"].nunique()), shuffle=True, random_state=state)
    found = {m: np.full(len(table), np.nan) for m in METHODS}
    sr = np.full(len(table), np.nan)
    for train, test in folds.split(values["pairs"], groups=table["study"]):
        held_out = set(table["study"].iloc[test])
        flux = {}
        for t, kept in own.items():
            known = ~kept["study"].isin(held_out).to_numpy()
            forest = new_forest(n_trees, values[t].shape[1], state)
            fit(forest, values[t][known], kept["flux"].to_numpy()[known])
            flux[t] = predict(forest, of_pairs[t][test])
        forest = new_forest(n_trees, values["pairs"].shape[1], state)
        inside, position = values["pairs"][train], np.arange(train.size, dtype=float)
        fit(forest, inside, table["share"].to_numpy()[train])
        weights = Weights(position, test.size)
        weights.add(forest, inside, position, Rows(values["pairs"][test], like=inside))
        sr[test] = flux["SR"]
        for m in METHODS:
            found[m][test] = _hr(m, flux["SR"], flux["HR"], weights.mean(), table.iloc[train])
    out = []
    for m, hr in found.items():
        predicted = {"HR": hr, "AR": sr - hr, "AR_SR": 1 - hr / sr}
        observed = {"HR": table["HR"], "AR": table["AR"], "AR_SR": 1 - table["share"]}
        for quantity in predicted:
            got = scores(observed[quantity], predicted[quantity])
            out.append(
                {"method": m, "quantity": quantity}
                | {k: got[k] for k in ("n", "r2", "rmse", "bias")}
                | {"negative": float((sr < hr).mean())}
            )
    return pd.DataFrame(out)


def best_method(table):
    """Return the possible method with the lowest RMSE, over HR and AR together.

    Parameters
    ----------
    table : pandas.DataFrame
        From `compare_methods`.

    Returns
    -------
    str
        One of `METHODS`, never "difference".
    """
    fluxes = table[table["quantity"].isin(["HR", "AR"]) & (table["method"] != "difference")]
    return (fluxes["rmse"] ** 2).groupby(fluxes["method"]).sum().idxmin()


def clipped_fields(climatology):
    """Limit HR to SR, where no record reports both.

    Parameters
    ----------
    climatology : xarray.Dataset
        With ``SR`` and ``HR``.

    Returns
    -------
    xarray.Dataset
        ``HR_joint``, ``AR_joint`` and ``AR_SR_joint``.
    """
    return _split(climatology, climatology["HR"], "clipped")


def joint_fields(climatology, mask, weights, table, method):
    """Estimate HR and AR jointly, and the distribution of AR, on the grid.

    Parameters
    ----------
    climatology : xarray.Dataset
        With ``SR`` and ``HR``.
    mask : numpy.ndarray of bool, shape (lat, lon)
        The cells of `weights`, in order.
    weights : soilresp.forest.Weights
        From `pair_weights`.
    table : pandas.DataFrame
        The pairs.
    method : str
        One of `METHODS` but "difference".

    Returns
    -------
    xarray.Dataset
        ``HR_joint``, ``AR_joint`` and ``AR_SR_joint``; ``AR_sd``, ``AR_mad``,
        ``AR_mad_scaled``, ``AR_cv`` and ``AR_q05`` to ``AR_q95``, which are of
        the AR of the pairs under the cell's weights, and ``AR_SR_q05`` to
        ``AR_SR_q95`` of their AR/SR.
    """
    sr, hr = (climatology[t].values[mask].astype(float) for t in ("SR", "HR"))
    ar, ratio = table["AR"].to_numpy(), 1 - table["share"].to_numpy()
    by_ar, by_ratio = np.argsort(ar, kind="stable"), np.argsort(ratio, kind="stable")
    out = {name: np.empty(sr.size) for name in ("HR_joint", "AR_sd", "AR_mad", "AR_cv")}
    out |= {f"{v}_q{round(100 * q):02d}": np.empty(sr.size) for v in ("AR", "AR_SR")
            for q in QUANTILES}

    def fill(start):
        rows = slice(start, min(start + _ROWS_AT_ONCE, sr.size))
        w = weights.mean(rows)
        out["HR_joint"][rows] = _hr(method, sr[rows], hr[rows], w, table)
        mean, sd = moments(ar[by_ar], w[:, by_ar])
        out["AR_sd"][rows], out["AR_cv"][rows] = sd, 100 * sd / mean
        out["AR_mad"][rows] = median_absolute_deviation(ar[by_ar], w[:, by_ar])
        for v, values, order in (("AR", ar, by_ar), ("AR_SR", ratio, by_ratio)):
            levels = quantiles(values[order], w[:, order], QUANTILES)
            for q, field in zip(QUANTILES, levels, strict=True):
                out[f"{v}_q{round(100 * q):02d}"][rows] = field

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(fill, range(0, sr.size, _ROWS_AT_ONCE)))
    out["AR_mad_scaled"] = MAD_TO_SD * out["AR_mad"]
    hr_joint = _on_grid(out.pop("HR_joint"), climatology, mask)
    dataset = _split(climatology, hr_joint, method)
    for name, field in out.items():
        dataset[name] = _on_grid(field, climatology, mask)
        dataset[name].attrs = _attributes(name)
    return dataset


def negative_cells(climatology, area):
    """Count the cells whose difference SR - HR is below zero, and sum it up.

    Parameters
    ----------
    climatology : xarray.Dataset
        With ``AR``.
    area : xarray.DataArray
        Vegetated area, m2.

    Returns
    -------
    dict
        ``cells``, ``share_of_cells``, ``share_of_area`` and ``flux``, the sum of
        the negative AR, Pg C yr-1; ``lowest``, g C m-2 yr-1.
    """
    ar = climatology["AR"].transpose("lat", "lon").values
    known = np.isfinite(ar)
    below = known & (ar < 0)
    size = area.transpose("lat", "lon").values
    return {
        "cells": int(below.sum()),
        "share_of_cells": float(below.sum() / known.sum()),
        "share_of_area": float(size[below].sum() / size[known].sum()),
        "flux": float((ar[below].astype(float) * size[below]).sum() / 1e15),
        "lowest": float(ar[known].min()),
    }


def _hr(method, sr, hr, weights, table):
    """Estimate HR of rows from SR, their own HR, and their weights on the pairs of `table`."""
    if method == "difference":
        return hr
    if method == "clipped":
        return np.minimum(hr, sr)
    if method == "share":
        return sr * _means(weights, table["share"])
    return sr * _means(weights, table["HR"]) / _means(weights, table["SR"])


def _means(weights, values):
    """Compute weighted means; unlike with BLAS, none depends on the rows around it."""
    return np.einsum("ij,j->i", weights, values.to_numpy(float))


def _on_grid(values, like, mask):
    out = np.full(mask.shape, np.nan, np.float32)
    out[mask] = values
    return xr.DataArray(out, {"lat": like["lat"], "lon": like["lon"]}, ("lat", "lon"))


def _split(climatology, hr, method):
    """Split SR into HR and AR, which add up to it in single precision."""
    fields = {"HR_joint": np.minimum(hr, climatology["SR"])}
    fields["AR_joint"] = climatology["SR"] - fields["HR_joint"]
    fields["AR_SR_joint"] = fields["AR_joint"] / climatology["SR"]
    words = {
        "HR_joint": "heterotrophic soil respiration, carbon, jointly with SR",
        "AR_joint": "autotrophic soil respiration, carbon, jointly with SR",
        "AR_SR_joint": "share of AR in SR, jointly estimated",
    }
    dataset = xr.Dataset(fields)
    for name, long_name in words.items():
        units = "1" if name == "AR_SR_joint" else "g m-2 yr-1"
        comment = f"{METHODS[method]}; of vegetated area"
        dataset[name].attrs = {"units": units, "long_name": long_name, "comment": comment}
    return dataset


def _attributes(name):
    words = {
        "sd": "standard deviation of", "mad": "median absolute deviation, unscaled, of",
        "mad_scaled": f"median absolute deviation, times {MAD_TO_SD}, of",
        "cv": "coefficient of variation of",
    }
    words |= {f"q{round(100 * q):02d}": f"{round(100 * q)} % quantile of" for q in QUANTILES}
    ratio = name.startswith("AR_SR_")
    end = name.removeprefix("AR_SR_" if ratio else "AR_")
    what = "the share of AR in SR" if ratio else "autotrophic soil respiration, carbon"
    return {
        "units": "1" if ratio else "%" if end == "cv" else "g m-2 yr-1",
        "long_name": f"{words[end]} {what}",
        "comment": "of the records that report both SR and HR; of vegetated area",
    }
