"""Area-weighted scores of one map against another."""

import numpy as np

from soilresp.errors import DataError
from soilresp.models.land import other_orientations

__all__ = ["MISPLACED", "bias_score", "field_scores", "misplacement", "taylor_score", "z_scores"]

MISPLACED = 0.1
"""Gain in correlation above which a shifted or flipped map is taken for misplaced."""



def bias_score(model, benchmark, area):
    r"""Score the bias of a mean state as ILAMB does.

    .. math:: S = \frac{\sum a\,\bar v\,\exp(-|m - \bar v| / \bar v)}{\sum a\,\bar v}

    Parameters
    ----------
    model, benchmark : array_like
        Fluxes; cells where either is missing are left out.
    area : array_like
        Weight of each cell.

    Returns
    -------
    float
        0 to 1; NaN if there is no cell with a flux in the benchmark.

    Notes
    -----
    Collier et al. (2018), doi:10.1029/2018MS001354, with mass weighting. The benchmark
    is one mean state: the error is then relative to its value, as ILAMB does for a
    reference of a single time. Where there are years it divides by their SD.

    Examples
    --------
    >>> round(bias_score([1.0, 2.0], [2.0, 2.0], [1.0, 1.0]), 4)  # (exp(-0.5) + 1) / 2
    0.8033
    """
    m, b, w = _pairs(model, benchmark, area)
    there = b > 0
    if not there.any():
        return np.nan
    m, b, w = m[there], b[there], w[there]
    return float(np.sum(w * b * np.exp(-np.abs(m - b) / b)) / np.sum(w * b))


def taylor_score(r, sigma_ratio, r0=1.0):
    r"""Score a pattern by its correlation and its spread.

    .. math:: S = \frac{4 (1 + r)}{(\sigma + 1/\sigma)^2 (1 + r_0)}

    Parameters
    ----------
    r : float
        Correlation.
    sigma_ratio : float
        Standard deviation of the model over that of the benchmark.
    r0 : float
        Highest correlation that can be reached.

    Returns
    -------
    float
        0 to 1.

    Notes
    -----
    Taylor (2001), doi:10.1029/2000JD900719; "spatial distribution score" of ILAMB.

    Examples
    --------
    >>> taylor_score(1.0, 1.0)
    1.0
    >>> taylor_score(0.5, 2.0)
    0.48
    """
    if not sigma_ratio > 0:
        return 0.0 if sigma_ratio == 0 else np.nan
    return float(4 * (1 + r) / ((sigma_ratio + 1 / sigma_ratio) ** 2 * (1 + r0)))


def field_scores(model, benchmark, area):
    """Compute area-weighted scores of one map against another.

    Parameters
    ----------
    model, benchmark : array_like
        g C m-2 yr-1 of the same ground, of one shape; cells where either is missing
        are left out.
    area : array_like
        m2 of that ground in each cell.

    Returns
    -------
    dict
        ``bias``, ``rmse`` and ``crmse`` (without the bias), g C m-2 yr-1; ``r``;
        ``sigma_ratio`` (model over benchmark); ``taylor_score``, ``bias_score``,
        ``rmse_score`` (0 to 1); ``benchmark_mean``; ``n_cells`` and ``area``, m2.

    Raises
    ------
    DataError
        If no cell has both.

    Notes
    -----
    ``rmse_score`` is exp(-crmse / sigma), with the SD over the cells of the benchmark:
    ILAMB's form (Collier et al. 2018, doi:10.1029/2018MS001354) along space, since a
    mean state has no time.

    Examples
    --------
    >>> field_scores([2.0, 4.0], [1.0, 3.0], [1.0, 1.0])["bias"]
    1.0
    """
    m, b, w = _pairs(model, benchmark, area)
    total = w.sum()
    if not total > 0:
        raise DataError("The map and the benchmark have no cell in common.")
    w = w / total
    mean_m, mean_b = np.sum(w * m), np.sum(w * b)
    sd_m = np.sqrt(np.sum(w * (m - mean_m) ** 2))
    sd_b = np.sqrt(np.sum(w * (b - mean_b) ** 2))
    crmse = np.sqrt(np.sum(w * ((m - mean_m) - (b - mean_b)) ** 2))
    # A sum of many equal numbers leaves a spread of rounding errors behind.
    flat = min(sd_m / max(abs(mean_m), 1e-300), sd_b / max(abs(mean_b), 1e-300)) < 1e-10
    r = np.nan if flat else np.sum(w * (m - mean_m) * (b - mean_b)) / (sd_m * sd_b)
    ratio = sd_m / sd_b if sd_b > 0 else np.nan
    return {
        "bias": float(mean_m - mean_b),
        "rmse": float(np.sqrt(np.sum(w * (m - b) ** 2))),
        "crmse": float(crmse),
        "r": float(r),
        "sigma_ratio": float(ratio),
        "taylor_score": taylor_score(float(r), float(ratio)),
        "bias_score": bias_score(model, benchmark, area),
        "rmse_score": float(np.exp(-crmse / sd_b)) if sd_b > 0 else np.nan,
        "benchmark_mean": float(mean_b),
        "n_cells": int(w.size),
        "area": float(total),
    }


def z_scores(model, benchmark, sd, area):
    """Compute differences in units of the benchmark's standard deviation.

    Parameters
    ----------
    model, benchmark, sd : array_like
        g C m-2 yr-1 of the same ground. Cells without a positive `sd` are left out.
    area : array_like
        m2.

    Returns
    -------
    dict
        ``mean`` and ``mean_abs`` of z, and the shares of the area with ``|z|`` below 1
        (``within_1``) and below 2 (``within_2``).

    Examples
    --------
    >>> z_scores([3.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 3.0])["mean"]
    0.5
    """
    sd = np.asarray(sd, float)
    m, b, w, sd = _pairs(model, benchmark, np.where(sd > 0, area, 0), sd)
    if not w.sum() > 0:
        return dict.fromkeys(("mean", "mean_abs", "within_1", "within_2"), np.nan)
    z, w = (m - b) / sd, w / w.sum()
    return {
        "mean": float(np.sum(w * z)),
        "mean_abs": float(np.sum(w * np.abs(z))),
        "within_1": float(np.sum(w * (np.abs(z) <= 1))),
        "within_2": float(np.sum(w * (np.abs(z) <= 2))),
    }


def misplacement(model, benchmark, area):
    """Find a shift by 180 degrees or a flip that would make a map fit better.

    Parameters
    ----------
    model, benchmark : xarray.DataArray
        Carbon per m2 of the whole cell, dims ``(lat, lon)``, on one global grid;
        missing is taken for none.
    area : xarray.DataArray
        Area of the cells, m2.

    Returns
    -------
    str or None
        What would make it fit, with both correlations; None if it lies best as it is.
    """
    b = benchmark.fillna(0).transpose("lat", "lon")
    m = model.fillna(0).transpose("lat", "lon").values
    w = np.broadcast_to(np.asarray(area.broadcast_like(b)), b.shape)
    others = other_orientations(m)
    as_it_is = _correlation(m, b.values, w)
    found = {words: _correlation(moved, b.values, w) for words, moved in others.items()}
    best = max(found, key=found.get)
    if found[best] > as_it_is + MISPLACED:
        return f"{best}: r {found[best]:.2f} instead of {as_it_is:.2f}"
    return None


def _pairs(model, benchmark, area, *others):
    """Values of the cells with a positive area where model and benchmark are known."""
    m, b, w, *others = (np.asarray(x, float) for x in (model, benchmark, area, *others))
    w = np.broadcast_to(w, m.shape)
    keep = np.isfinite(m) & np.isfinite(b) & (w > 0)
    return [x[keep] for x in (m, b, w, *others)]


def _correlation(m, b, w):
    w = w / w.sum()
    dm, db = m - np.sum(w * m), b - np.sum(w * b)
    spread = np.sqrt(np.sum(w * dm**2) * np.sum(w * db**2))
    return float(np.sum(w * dm * db) / spread) if spread > 0 else 0.0
