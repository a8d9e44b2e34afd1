"""Maps of a flux from the ensemble: by year, as a climatology, and their spread."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.grid.cells import total_pg
from soilresp.upscaling.sums import Sums

__all__ = [
    "QUANTILES",
    "MAD_TO_SD",
    "vegetated_area",
    "blocks",
    "mean_covariates",
    "stack",
    "weight_parts",
    "sums_for",
    "map_flux",
    "autotrophic",
    "area_summed",
]

QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
"""Levels of the quantiles that are mapped."""

MAD_TO_SD = 1.4826
"""Factor that makes a MAD estimate the SD of a normal distribution."""

MOST_BYTES = 2 * 10**9
"""Bytes that the weights kept at a time may take, which bounds the memory of the maps."""

_LONG_NAMES = {
    "SR": "total soil respiration, carbon",
    "HR": "heterotrophic soil respiration, carbon",
    "AR": "autotrophic soil respiration, carbon",
}


def vegetated_area(cube):
    """Vegetated area of each cell, m2, ``(lat, lon)``."""
    area = (cube["cell_area"] * cube["vegetated_fraction"]).transpose("lat", "lon")
    area.attrs = {"units": "m2", "long_name": "vegetated area of the cell"}
    return area


def blocks(mask, n_cells):
    """Cut the cells to map into blocks of rows of the grid.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (lat, lon)
    n_cells : int
        Cells to a block, at most; but a block has one row at least.

    Returns
    -------
    list of numpy.ndarray of bool, shape (lat, lon)
        Masks that share no cell and together make `mask`.

    Examples
    --------
    >>> [b.sum(axis=1).tolist() for b in blocks(np.ones((3, 4), bool), 8)]
    [[4, 4, 0], [0, 0, 4]]
    """
    out, start, so_far = [], 0, 0
    per_row = mask.sum(axis=1)
    for row, count in enumerate(per_row):
        if so_far and so_far + count > n_cells:
            out.append((start, row))
            start, so_far = row, 0
        so_far += count
    out.append((start, len(per_row)))
    rows = np.arange(len(per_row))[:, np.newaxis]
    return [mask & (rows >= first) & (rows < last) for first, last in out]


def mean_covariates(cube, mask, predictors):
    """Mean covariates over the years.

    Parameters
    ----------
    cube, mask, predictors
        As for `map_flux`.

    Returns
    -------
    numpy.ndarray of float32, shape (n_cells, n_predictors)
    """
    fields = (cube[name] for name in predictors)
    columns = [(f.mean("year") if "year" in f.dims else f).values[mask] for f in fields]
    return np.column_stack(columns).astype(np.float32)


def stack(cube, mask, predictors):
    """Predictors of the cells to map, side by side.

    Parameters
    ----------
    cube, mask, predictors
        As for `map_flux`.

    Returns
    -------
    numpy.ndarray of float32, shape (n_years, n_cells, n_predictors)
        One year for a climatological cube.
    """
    out = np.empty((len(_labels(cube)), int(mask.sum()), len(predictors)), np.float32)
    for k, name in enumerate(predictors):
        field = cube[name]
        if "year" not in field.dims:
            out[:, :, k] = field.values[mask]
            continue
        # A year at a time: a cube on disk is never held whole.
        for i in range(len(out)):
            out[i, :, k] = field.isel(year=i).values[mask]
    return out


def weight_parts(by_year, n_values, n_bins=None, copies=1):
    """Cut the cells into parts whose weights take no more than `MOST_BYTES`.

    Parameters
    ----------
    by_year : numpy.ndarray, shape (n_years, n_cells, p)
        From `stack`.
    n_values : int
        Distinct training values.
    n_bins : int, optional
        As for `soilresp.upscaling.sums.Sums`.
    copies : int
        Times that the weights of a part are there at once.

    Returns
    -------
    list of slice
        Parts of the cells.

    Examples
    --------
    >>> weight_parts(np.zeros((1, 100_000, 5)), 10_000)
    [slice(0, 33334, None), slice(33334, 66668, None), slice(66668, 100000, None)]
    """
    n_years, n_cells, p = by_year.shape
    # Measured: the weights of a cell, and what is summed over them.
    each = 4 * n_values if n_bins is None else n_years * (4 * n_bins + 14 * p + 250)
    each = copies * (each + 40 * p + 250)
    most = max(1, min(n_cells, MOST_BYTES // each))
    n_parts = -(-n_cells // most)
    size = -(-n_cells // n_parts)
    return [slice(i, min(i + size, n_cells)) for i in range(0, n_cells, size)]


def sums_for(cube, mask, x, y, predictors, n_runs, **options):
    """Empty sums for `map_flux`.

    Parameters
    ----------
    cube, mask, x, y, predictors
        As for `map_flux`.
    n_runs : int
        Runs there will be.
    **options
        Passed on to `soilresp.upscaling.sums.Sums`: a file, a key, threads.

    Returns
    -------
    soilresp.upscaling.sums.Sums
    """
    by_year = stack(cube, mask, predictors)
    return Sums(by_year, vegetated_area(cube).values[mask], x, y, n_runs, **options)


def map_flux(runs, cube, mask, x, y, target, predictors, sums=None, spread=None):
    """Predict a flux everywhere with every run, and take means and spreads.

    Each run predicts every year; the map is the mean over runs. The
    distribution of a cell and year is the mean over runs of the forests' weights
    on the training values (see `soilresp.forest.distribution`). The SD is that of
    each year's distribution, and in the climatology its mean over the years; MAD
    and quantiles are of the distribution at the cell's mean covariates.

    Parameters
    ----------
    runs : iterable of soilresp.upscaling.ensemble.Run
        Those that are not in `sums`.
    cube : xarray.Dataset
    mask : numpy.ndarray of bool, shape (lat, lon)
        Cells to map.
    x : numpy.ndarray, shape (n, p)
        Predictors of the records the runs were drawn from.
    y : numpy.ndarray, shape (n,)
        Their fluxes, g C m-2 yr-1.
    target : {"SR", "HR"}
    predictors : sequence of str
        In the order of the columns of `x`.
    sums : soilresp.upscaling.sums.Sums, optional
        From `sums_for`, with any of the runs in it. Default: empty ones.
    spread : dict of numpy.ndarray, optional
        From `soilresp.upscaling.sums.Sums.spread` at `QUANTILES`, where the weights are not all in
        `sums`.

    Returns
    -------
    climatology : xarray.Dataset
        The flux and its ``_sd``, ``_mad``, ``_mad_scaled``, ``_cv`` and
        quantiles ``_q05`` to ``_q95``, ``(lat, lon)``, g m-2 yr-1 of vegetated
        area (``_cv`` in percent).
    annual : xarray.Dataset
        The flux and its ``_sd`` by ``(year, lat, lon)``; empty for a climatological cube.
    totals : pandas.DataFrame
        Global total of each run (index ``run``), Pg yr-1: one column for each
        year, or ``climatology``.
    """
    if sums is None:
        runs = list(runs)
        sums = sums_for(cube, mask, x, y, predictors, len(runs))
    for run in runs:
        sums.add(run)
    flux, spread = sums.flux(), sums.spread(QUANTILES) if spread is None else spread
    by_year, mad = sums.sd(), spread["mad"]
    mean, sd = flux.mean(axis=0), by_year.mean(axis=0)
    fields = {
        target: mean,
        f"{target}_sd": sd,
        f"{target}_mad": mad,
        f"{target}_mad_scaled": mad * MAD_TO_SD,
        f"{target}_cv": 100 * sd / mean,
    }
    for level, field in zip(QUANTILES, spread["quantiles"], strict=True):
        fields[f"{target}_q{round(100 * level):02d}"] = field
    climatology = xr.Dataset(
        {name: _on_grid(field, cube, mask) for name, field in fields.items()}
    )
    _describe(climatology, target)
    annual = xr.Dataset()
    if "year" in cube.dims:
        for name, field in ((target, flux), (f"{target}_sd", by_year)):
            annual[name] = _on_grid(field, cube, mask, year=cube["year"])
            annual[name].attrs = climatology[name].attrs
    totals = pd.DataFrame(sums.run_totals, columns=[str(v) for v in _labels(cube)])
    totals.index.name = "run"
    return climatology, annual, totals


def autotrophic(dataset):
    """Add AR = SR - HR and AR/SR to a dataset with SR and HR.

    The difference of two independent maps: it can be negative in a cell.

    Parameters
    ----------
    dataset : xarray.Dataset

    Returns
    -------
    xarray.Dataset
    """
    out = dataset.assign(AR=dataset["SR"] - dataset["HR"])
    out["AR"].attrs = {
        "units": "g m-2 yr-1",
        "long_name": _LONG_NAMES["AR"],
        "comment": "SR - HR; of vegetated area",
    }
    out["AR_SR"] = out["AR"] / out["SR"]
    out["AR_SR"].attrs = {"units": "1", "long_name": "share of AR in SR"}
    return out


def area_summed(climatology, target, area):
    """Totals of a flux's map and of its per-cell spreads.

    Summing spreads takes every cell to err together with all others.

    Parameters
    ----------
    climatology : xarray.Dataset
    target : str
    area : xarray.DataArray
        m2.

    Returns
    -------
    dict
        ``total`` and, but for AR, ``sd_sum``, ``mad_sum``, ``mad_scaled_sum``, Pg yr-1.
    """
    names = {"total": "", "sd_sum": "_sd", "mad_sum": "_mad", "mad_scaled_sum": "_mad_scaled"}
    # AR has no spread of its own: that of the pairs is not around SR - HR.
    names = names if target != "AR" else {"total": ""}
    return {
        # In double precision: a sum over years and one over their mean differ by rounding only.
        key: float(total_pg(climatology[target + end].astype(float), area))
        for key, end in names.items()
    }


def _labels(cube):
    return cube["year"].values.tolist() if "year" in cube.dims else ["climatology"]


def _on_grid(values, cube, mask, year=None):
    lead = values.shape[:-1]
    out = np.full((*lead, *mask.shape), np.nan, np.float32)
    out[..., mask] = values
    coords = {"lat": cube["lat"], "lon": cube["lon"]}
    if year is None:
        return xr.DataArray(out, dims=("lat", "lon"), coords=coords)
    return xr.DataArray(out, dims=("year", "lat", "lon"), coords={"year": year, **coords})


def _describe(climatology, target):
    name = _LONG_NAMES[target]
    words = {
        "": name, "_sd": f"standard deviation of {name}",
        "_mad": f"median absolute deviation of {name}, unscaled",
        "_mad_scaled": f"median absolute deviation of {name}, times {MAD_TO_SD}",
        "_cv": f"coefficient of variation of {name}",
    }
    for level in QUANTILES:
        words[f"_q{round(100 * level):02d}"] = f"{round(100 * level)} % quantile of {name}"
    for end, long_name in words.items():
        units = "%" if end == "_cv" else "g m-2 yr-1"
        climatology[target + end].attrs = {
            "units": units, "long_name": long_name, "comment": "of vegetated area"
        }
