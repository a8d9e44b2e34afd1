"""Relations between the respiration of models and their pools, GPP and NPP (Figures 7 and 9)."""

import numpy as np
import pandas as pd
from scipy import stats

from soilresp.errors import DataError

__all__ = ["DRIVERS", "FLUXES", "fit_line", "line_band", "relations", "wide_totals"]

DRIVERS = ("cSoil", "cLitter", "cRoot", "GPP", "NPP")
"""Pools and production that respiration is compared with."""

FLUXES = ("SR", "HR", "AR")

_FEWEST = 3


def fit_line(x, y):
    """Fit a least-squares line through models, with the 95 % interval of its slope.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        One value a model; pairs with a missing value are left out.

    Returns
    -------
    dict
        ``n``, ``slope``, ``slope_low``, ``slope_high``, ``intercept``, ``r``, ``p``
        (of no slope, two-sided t test); NaN for fewer than three models, or if
        all have the same x.

    Examples
    --------
    >>> line = fit_line([1, 2, 3, 4], [2.1, 3.9, 6.2, 7.8])
    >>> round(line["slope"], 2), line["n"], line["p"] < 0.01
    (1.94, 4, True)
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    out = {"n": int(both.sum())} | dict.fromkeys(
        ("slope", "slope_low", "slope_high", "intercept", "r", "p"), np.nan
    )
    if out["n"] < _FEWEST or np.ptp(x) == 0:
        return out
    line = stats.linregress(x, y)
    half = stats.t.ppf(0.975, out["n"] - 2) * line.stderr
    return out | {"slope": float(line.slope), "slope_low": float(line.slope - half),
                  "slope_high": float(line.slope + half), "intercept": float(line.intercept),
                  "r": float(line.rvalue), "p": float(line.pvalue)}


def line_band(x, y, at):
    """Compute a least-squares line and the 95 % confidence band of its mean.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Without missing values, n >= 3.
    at : array_like, shape (m,)
        Where to evaluate it.

    Returns
    -------
    centre, low, high : numpy.ndarray, shape (m,)

    Raises
    ------
    DataError
        If there are fewer than three points, or they have the same x.

    Notes
    -----
    centre +- t s sqrt(1/n + (at - mean x)^2 / Sxx), t of n - 2 degrees of freedom.
    """
    x, y, at = (np.asarray(v, float) for v in (x, y, at))
    line = fit_line(x, y)
    if not np.isfinite(line["slope"]):
        raise DataError(f"A line needs {_FEWEST} models with different x, got {line['n']}.")
    centre = line["intercept"] + line["slope"] * at
    rest = y - line["intercept"] - line["slope"] * x
    s = np.sqrt((rest**2).sum() / (len(x) - 2))
    spread = np.sqrt(1 / len(x) + (at - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
    half = stats.t.ppf(0.975, len(x) - 2) * s * spread
    return centre, centre - half, centre + half


def wide_totals(table):
    """Arrange totals with one row a model, for `relations` and the figures.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``group, model, variable, value``, as of `soilresp.scoring.totals`.

    Returns
    -------
    pandas.DataFrame
        ``group``, ``model`` and a column each of `FLUXES` and `DRIVERS`: Pg C yr-1,
        pools Pg C.
    """
    wide = table.pivot_table(index=["group", "model"], columns="variable", values="value",
                             sort=False, dropna=False)
    wide = wide.reindex(columns=[*FLUXES, *DRIVERS])
    return wide[wide.notna().any(axis=1)].reset_index().rename_axis(columns=None)


def relations(wide):
    """Fit lines of each flux against each driver across models.

    Parameters
    ----------
    wide : pandas.DataFrame
        From `wide_totals`.

    Returns
    -------
    pandas.DataFrame
        Columns ``flux``, ``driver`` and those of `fit_line`.
    """
    return pd.DataFrame([
        {"flux": flux, "driver": driver} | fit_line(wide[driver], wide[flux])
        for driver in DRIVERS for flux in FLUXES
    ])
