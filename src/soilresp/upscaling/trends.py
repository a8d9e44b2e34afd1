"""Trends of annual totals, with intervals that allow for autocorrelation."""

import numpy as np
import pandas as pd
from scipy.stats import theilslopes

from soilresp.errors import ParameterError
from soilresp.grid.cells import GRAMS_PER_PG

__all__ = ["BANDS", "theil_sen", "band_totals", "trend_table"]

BANDS = ((60, 90), (30, 60), (0, 30), (-30, 0), (-90, -30))
"""Bands of latitude, degrees north, whose trends are given beside the globe's."""

_STREAM = 60_000  # keeps these draws apart from others of the same seed


def theil_sen(year, values, n_draws=1000, block=5, level=0.90, seed=0):
    """Estimate the Theil-Sen slope, and its interval by resampling blocks of the residuals.

    Blocks of successive years keep the autocorrelation; each draw
    strings blocks of residuals together at random, adds them to the fitted line, and
    is fitted again.

    Parameters
    ----------
    year, values : array_like, shape (n,)
        Evenly spaced years, n >= 2 * `block`.
    n_draws : int
    block : int
        Years to a block.
    level : float
        Of the interval, between 0 and 1.
    seed : int

    Returns
    -------
    slope, low, high : float
        Units of `values` per year.

    Raises
    ------
    ParameterError
        If the series is shorter than two blocks, or `level` is not within 0..1.

    Notes
    -----
    Sen (1968), doi:10.1080/01621459.1968.10480934; Kuensch (1989),
    doi:10.1214/aos/1176347265.

    Examples
    --------
    >>> year = range(1982, 2013)
    >>> slope, low, high = theil_sen(year, [2.0 * y for y in year])
    >>> round(slope, 9), round(low, 9), round(high, 9)
    (2.0, 2.0, 2.0)
    """
    year, values = np.asarray(year, float), np.asarray(values, float)
    n = year.size
    if block < 1 or n < 2 * block:
        raise ParameterError(f"A trend needs two blocks of {block} years at least, got {n} years.")
    if not 0 < level < 1:
        raise ParameterError(f"level must lie between 0 and 1, got {level}.")
    slope, intercept = theilslopes(values, year)[:2]
    line = intercept + slope * year
    rest = values - line
    rng = np.random.default_rng([seed, _STREAM])
    first = rng.integers(n - block + 1, size=(n_draws, -(-n // block)))
    taken = (first[:, :, None] + np.arange(block)).reshape(n_draws, -1)[:, :n]
    drawn = line + rest[taken]
    i, j = np.triu_indices(n, 1)
    slopes = np.median((drawn[:, j] - drawn[:, i]) / (year[j] - year[i]), axis=1)
    low, high = np.quantile(slopes, [(1 - level) / 2, (1 + level) / 2])
    return float(slope), float(low), float(high)


def band_totals(annual, area, bands=BANDS):
    """Compute totals by year of the globe and of bands of latitude.

    Parameters
    ----------
    annual : xarray.Dataset
        ``SR``, ``HR`` by ``(year, lat, lon)``, g m-2 yr-1 of `area`.
    area : xarray.DataArray
        m2.
    bands : sequence of (south, north)

    Returns
    -------
    pandas.DataFrame
        Index ``year``; columns (``band``, ``flux``), Pg C yr-1. The first band is "globe".
    """
    columns = {}
    for flux in ("SR", "HR"):
        by_row = (annual[flux].astype(float) * area).sum("lon") / GRAMS_PER_PG
        lat = by_row["lat"].values
        columns["globe", flux] = by_row.sum("lat").values
        for south, north in bands:
            inside = (lat > south) & (lat < north)
            columns[_band_name(south, north), flux] = by_row.isel(lat=inside).sum("lat").values
    table = pd.DataFrame(columns, index=pd.Index(annual["year"].values, name="year"))
    for band in dict.fromkeys(name for name, _ in columns):
        table[band, "AR"] = table[band, "SR"] - table[band, "HR"]
    table.columns = pd.MultiIndex.from_tuples(table.columns, names=["band", "flux"])
    return table


def trend_table(totals, **options):
    """Estimate the trends of the columns of a table of totals.

    Parameters
    ----------
    totals : pandas.DataFrame
        From `band_totals`.
    **options
        Of `theil_sen`.

    Returns
    -------
    pandas.DataFrame
        ``band``, ``flux``, ``mean`` (Pg C yr-1), ``slope``, ``low``, ``high`` (Pg C
        yr-2), and ``percent``, ``percent_low``, ``percent_high`` per decade of the mean.
    """
    rows = []
    for band, flux in totals.columns:
        values = totals[band, flux].to_numpy()
        slope, low, high = theil_sen(totals.index, values, **options)
        mean = values.mean()
        rows.append({"band": band, "flux": flux, "mean": mean, "slope": slope, "low": low,
                     "high": high, "percent": 1000 * slope / mean,
                     "percent_low": 1000 * low / mean, "percent_high": 1000 * high / mean})
    return pd.DataFrame(rows)


def _band_name(south, north):
    words = [f"{abs(v)}°{'N' if v > 0 else 'S' if v < 0 else ''}" for v in (south, north)]
    return f"{words[0]} to {words[1]}"
