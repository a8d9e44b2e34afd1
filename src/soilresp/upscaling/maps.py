"""Maps of a flux from an ensemble: by year, as a climatology, and their spread."""

import os

import numpy as np
import pandas as pd
import xarray as xr

from soilresp import __version__
from soilresp.grid.cells import global_total
from soilresp.upscaling.cells import cell_weights
from soilresp.upscaling.scale import SCHEDULER_VARIABLE, complete
from soilresp.upscaling.sums import Sums

__all__ = [
    "QUANTILES", "MAD_TO_SD", "vegetated_area", "blocks", "mean_covariates", "stack",
    "weight_parts", "FluxMaps", "quantile_fields", "flux_fields", "autotrophic", "area_summed",
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
    """Compute the vegetated area of each cell.

    Parameters
    ----------
    cube : xarray.Dataset
        With ``cell_area`` (m2) and ``vegetated_fraction``.

    Returns
    -------
    xarray.DataArray, dims (lat, lon)
        m2.

    Examples
    --------
    >>> import soilresp as sr
    >>> area = sr.vegetated_area(sr.load_covariates("embedded"))
    >>> area.dims, round(float(area.sum()) / 1e12)  # million km2
    (('lat', 'lon'), 109)
    """
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
    """Compute the mean covariates over the years.

    Parameters
    ----------
    cube, mask, predictors
        As for `FluxMaps`.

    Returns
    -------
    numpy.ndarray of float32, shape (n_cells, n_predictors)
    """
    fields = (cube[name] for name in predictors)
    columns = [(f.mean("year") if "year" in f.dims else f).values[mask] for f in fields]
    return np.column_stack(columns).astype(np.float32)


def stack(cube, mask, predictors):
    """Collect the predictors of the cells to map.

    Parameters
    ----------
    cube, mask, predictors
        As for `FluxMaps`.

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


class FluxMaps:
    """Maps of one flux: predictions of every run, their means and spreads.

    Each run predicts every year; the map is the mean over runs. The
    distribution of a cell and year is the mean over runs of the forests' weights
    on the training values (see `soilresp.forest.distribution`). The SD is that of
    each year's distribution, and in the climatology its mean over the years; MAD
    and quantiles are of the distribution at the cell's mean covariates. Where the
    weights of all cells are larger than `MOST_BYTES`, they are made for some cells
    at a time, each time with all runs, to the same bytes.

    Parameters
    ----------
    runs : soilresp.upscaling.runs.Runs
    cube : xarray.Dataset
    mask : numpy.ndarray of bool, shape (lat, lon)
        Cells to map.
    predictors : sequence of str
        In the order of the columns of ``runs.x``.
    levels : sequence of float
        Of the quantiles.
    n_bins : int, optional
        As for `soilresp.upscaling.sums.Sums`.
    folder : pathlib.Path, optional
        Folder in which unfinished sums are saved, and found again after an interruption.

    Attributes
    ----------
    climatology : xarray.Dataset
        The flux and its ``_sd``, ``_mad``, ``_mad_scaled``, ``_cv`` and
        quantiles, such as ``_q05``, ``(lat, lon)``, g m-2 yr-1 of vegetated
        area (``_cv`` in percent).
    annual : xarray.Dataset
        The flux and its ``_sd`` by ``(year, lat, lon)``; empty for a climatological cube.
    totals : pandas.DataFrame
        Global total of each run (index ``run``), Pg yr-1: one column for each
        year, or ``climatology``.
    scores : pandas.DataFrame
        Scores of each run on the records that it held out, and ``target``.
    """

    def __init__(self, runs, cube, mask, predictors, levels=QUANTILES, n_bins=None, folder=None):
        self._runs, self._cube, self._mask = runs, cube, mask
        self._predictors, self._n_bins = predictors, n_bins
        self._folder, self._files, self._weights = folder, [], None
        by_year = stack(cube, mask, predictors)
        # What workers send back is unpacked beside the sums.
        copies = 3 if os.environ.get(SCHEDULER_VARIABLE) else 1
        first, *others = weight_parts(by_year, np.unique(runs.y).size, n_bins, copies)
        sums = self._sums("", by_year, part=first if others else None)
        spreads = [sums.spread(levels)]
        if others:
            sums.weights = None  # frees their memory
        elif n_bins is None:
            self._weights = sums.weights
        for k, part in enumerate(others, 2):
            # No name for the sums: those of one part are gone before those of the next are made.
            spreads.append(self._sums(f"_{k}", by_year[:, part], moments=False).spread(levels))
        spread = {
            name: np.concatenate([part[name] for part in spreads], axis=-1) for name in spreads[0]
        }
        flux, sd, target = sums.flux(), sums.sd(), runs.target
        mean, mean_sd, mad = flux.mean(axis=0), sd.mean(axis=0), spread["mad"]
        fields = {
            "": mean, "_sd": mean_sd, "_mad": mad, "_mad_scaled": mad * MAD_TO_SD,
            "_cv": 100 * mean_sd / mean,
        }
        fields |= quantile_fields(levels, spread["quantiles"])
        self.climatology = flux_fields(fields, cube, mask, target)
        self.annual = xr.Dataset()
        if "year" in cube.dims:
            self.annual = flux_fields({"": flux, "_sd": sd}, cube, mask, target, cube["year"])
        self.totals = pd.DataFrame(sums.run_totals, columns=[str(v) for v in _labels(cube)])
        self.totals.index.name = "run"
        self.scores = sums.scores().reset_index().assign(target=target)

    def cell_weights(self, cells):
        """Return the weights that some cells give to the training values.

        Parameters
        ----------
        cells : pandas.DataFrame
            From `soilresp.upscaling.cells.choose_cells`.

        Returns
        -------
        pandas.DataFrame
            As from `soilresp.upscaling.cells.cell_weights`.
        """
        weights = self._weights
        if weights is None:
            by_year = stack(self._cube, self._mask, self._predictors)[:, cells["position"]]
            weights = self._sums("_cells", by_year, moments=False).weights
            cells = cells.assign(position=range(len(cells)))
        return cell_weights(weights, cells, self._runs.target)

    def remove_files(self):
        """Delete the unfinished sums, and release the weights."""
        self._weights = None
        for file in self._files:
            file.unlink(missing_ok=True)

    def _sums(self, name, by_year, **options):
        runs, file = self._runs, None
        if self._folder is not None:
            file = self._folder / f"{runs.target}{name}.npz"
            self._files.append(file)
        sums = Sums(
            by_year, vegetated_area(self._cube).values[self._mask], runs.x, runs.y, runs.n_runs,
            file=file, key=f"{__version__} {runs.key}", n_bins=self._n_bins, **options,
        )
        complete(sums, runs, f"{runs.target} map")
        return sums


def autotrophic(dataset):
    """Add AR = SR - HR and AR/SR to a dataset that has SR and HR.

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
    """Compute global totals of a flux and of its spreads.

    A sum of spreads is that of errors that are fully correlated between cells.

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
        key: float(global_total(climatology[target + end].astype(float), area))
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


def quantile_fields(levels, values):
    """Name the quantiles of a flux by their levels.

    Parameters
    ----------
    levels : sequence of float
    values : sequence of numpy.ndarray

    Returns
    -------
    dict of str to numpy.ndarray

    Examples
    --------
    >>> list(quantile_fields([0.05, 0.5, 0.975], "abc"))
    ['_q05', '_q50', '_q975']
    """
    names = (f"_q{f'{level:.4f}'[2:].rstrip('0').ljust(2, '0')}" for level in levels)
    return dict(zip(names, values, strict=True))


def flux_fields(fields, cube, mask, target, year=None):
    """Put values of cells on the grid, with CF attributes.

    Parameters
    ----------
    fields : dict of str to numpy.ndarray, shape (n_cells,) or (n_years, n_cells)
        By the end of their names: "", "_sd", "_q05" and so on.
    cube : xarray.Dataset
        With the coordinates.
    mask : numpy.ndarray of bool, shape (lat, lon)
    target : {"SR", "HR"}
    year : xarray.DataArray, optional

    Returns
    -------
    xarray.Dataset
        Variables ``SR``, ``SR_sd`` and so on; NaN off the mask.
    """
    flux = _LONG_NAMES[target]
    words = {
        "": flux, "_sd": f"standard deviation of {flux}",
        "_mad": f"median absolute deviation of {flux}, unscaled",
        "_mad_scaled": f"median absolute deviation of {flux}, times {MAD_TO_SD}",
        "_cv": f"coefficient of variation of {flux}",
    }
    out = xr.Dataset()
    for end, values in fields.items():
        out[target + end] = _on_grid(values, cube, mask, year)
        if end.startswith("_q"):
            words[end] = f"{float('0.' + end[2:]) * 100:g} % quantile of {flux}"
        out[target + end].attrs = {
            "units": "%" if end == "_cv" else "g m-2 yr-1", "long_name": words[end],
            "comment": "of vegetated area",
        }
    return out
