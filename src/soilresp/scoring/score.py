"""Scores of a model's maps against the benchmark, per m2 of land.

What is compared are the cells with vegetation where both have data; each counts by
its area of land. Totals are taken over all of a model's own land.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.strata import STRATA
from soilresp.errors import DataError
from soilresp.grid.cells import GRAMS_PER_PG, coordinates, total_pg
from soilresp.scoring.area_basis import to_land
from soilresp.scoring.totals import global_total
from soilresp.scoring.zonal import zonal_profile

__all__ = [
    "FLUXES",
    "MISPLACED",
    "Scores",
    "benchmark_on_land",
    "bias_score",
    "field_scores",
    "misplacement",
    "score_model",
    "taylor_score",
    "z_scores",
]

FLUXES = ("SR", "HR", "AR")
"""Fluxes that are scored."""

MISPLACED = 0.1
"""A map that correlates better by this when it is shifted or flipped is taken for misplaced."""

_BAND = 10.0
_PROFILE_BAND = 2.5
_TREND_YEARS = 10
_NEEDED = ("vegetated_fraction", "land_fraction", "cell_area")


@dataclass(frozen=True)
class Scores:
    """What came out for one model.

    Attributes
    ----------
    name : str
    facts : dict
        ``totals``, ``benchmark_totals``, ``benchmark_sd_sum`` (Pg C yr-1; AR_SR the
        ratio of totals), ``scores`` and ``z`` by flux, ``annual``, ``whole_cells``
        (bias and bias score as ILAMB weighs them), and what is known of the model.
    zonal, biomes : pandas.DataFrame
        One row a flux and band of 10 degrees, or bin of vegetation.
    maps : xarray.Dataset
        ``HR``, ``HR_benchmark``, ``HR_bias``, ``HR_z`` and so on, g C m-2 yr-1 of
        land.
    profiles : xarray.Dataset
        ``HR``, ``HR_benchmark``, ``HR_benchmark_sd`` along ``lat``, per m2 of the
        benchmark's land.
    """

    name: str
    facts: dict
    zonal: pd.DataFrame
    biomes: pd.DataFrame
    maps: xr.Dataset
    profiles: xr.Dataset


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
    """Area-weighted scores of one map against another.

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
    if not w.sum() > 0:
        raise DataError("The map and the benchmark have no cell in common.")
    w = w / w.sum()
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
        "area": float(np.sum(_pairs(model, benchmark, area)[2])),
    }


def z_scores(model, benchmark, sd, area):
    """Differences in units of the benchmark's standard deviation.

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
    m, b, w = _pairs(model, benchmark, np.where(sd > 0, area, 0))
    if not w.sum() > 0:
        return dict.fromkeys(("mean", "mean_abs", "within_1", "within_2"), np.nan)
    keep = _kept(model, benchmark, np.where(sd > 0, area, 0))
    z, w = (m - b) / sd[keep], w / w.sum()
    return {
        "mean": float(np.sum(w * z)),
        "mean_abs": float(np.sum(w * np.abs(z))),
        "within_1": float(np.sum(w * (np.abs(z) <= 1))),
        "within_2": float(np.sum(w * (np.abs(z) <= 2))),
    }


def misplacement(model, benchmark, area):
    """Find out whether a map would fit when it is shifted by 180 degrees, or flipped.

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
    half = m.shape[1] // 2
    moves = {
        "shifted by 180 degrees of longitude": np.roll(m, half, axis=1),
        "flipped from north to south": m[::-1],
        "flipped from north to south and shifted by 180 degrees":
            np.roll(m, half, axis=1)[::-1],
    }
    as_it_is = _correlation(m, b.values, w)
    found = {words: _correlation(moved, b.values, w) for words, moved in moves.items()}
    best = max(found, key=found.get)
    if found[best] > as_it_is + MISPLACED:
        return f"{best}: r {found[best]:.2f} instead of {as_it_is:.2f}"
    return None


def benchmark_on_land(benchmark):
    """Bring the benchmark's maps to per m2 of land, in the cells with vegetation.

    Parameters
    ----------
    benchmark : xarray.Dataset
        Any of SR, HR, AR and their ``_sd``, g C m-2 yr-1 of vegetated area, with
        ``vegetated_fraction``, ``land_fraction`` and ``cell_area`` (m2).

    Returns
    -------
    xarray.Dataset
        The same fluxes per m2 of land, missing where nothing is vegetated: of barren
        land the benchmark says nothing.

    Raises
    ------
    DataError
        If a variable is missing or there are years in it.
    """
    lacking = [v for v in _NEEDED if v not in benchmark]
    known = [v for f in FLUXES for v in (f, f"{f}_sd") if v in benchmark]
    if lacking or not set(known) & set(FLUXES):
        raise DataError(
            f"The benchmark lacks {', '.join(lacking) or 'SR, HR and AR'}; expected fluxes per m2 "
            "of vegetated area with vegetated_fraction, land_fraction and cell_area."
        )
    vegetated, land = benchmark["vegetated_fraction"], benchmark["land_fraction"]
    out = xr.Dataset()
    for name in known:
        field = benchmark[name]
        if set(field.dims) != {"lat", "lon"}:
            raise DataError(
                f"{name} of the benchmark has dimensions {field.dims}; expected a climatology "
                "along lat and lon."
            )
        out[name] = to_land(field.astype(float), vegetated, land).where(vegetated > 0)
    return out


def score_model(model, benchmark, stratum, name=None):
    """Score a model's SR, HR and AR, whichever it has.

    Parameters
    ----------
    model : xarray.Dataset
        As `soilresp.models.read_model` returns it, on the half-degree grid; years
        are averaged.
    benchmark : xarray.Dataset
        As `benchmark_on_land` takes it.
    stratum : xarray.DataArray
        Bin of vegetation of each cell (`soilresp.covariates.strata.dominant_stratum`).
    name : str, optional
        Default: the model's own.

    Returns
    -------
    Scores

    Raises
    ------
    DataError
        If the model has none of the fluxes, is on another grid, has no cell in common
        with the benchmark, or fits better when shifted or flipped.
    """
    name = name or model.attrs.get("model", "model")
    on_land = benchmark_on_land(benchmark)
    fluxes = [v for v in FLUXES if v in model and v in on_land]
    if not fluxes:
        raise DataError(f"{name} has none of SR, HR and AR, so there is nothing to score.")
    _check_grid(model, name)
    area = (benchmark["cell_area"] * benchmark["land_fraction"]).transpose("lat", "lon")
    own_area = benchmark["cell_area"] * model["land_fraction"]
    maps, profiles, bands, biomes = xr.Dataset(), xr.Dataset(), [], []
    facts = {"totals": {}, "benchmark_totals": {}, "benchmark_sd_sum": {}, "scores": {}, "z": {},
             "annual": {}, "whole_cells": {}}
    for flux in fluxes:
        annual = model[flux]
        field = annual.mean("year") if "year" in annual.dims else annual
        field, ours = (f.transpose("lat", "lon") for f in (field, on_land[flux]))
        wrong = misplacement(
            field * model["land_fraction"], ours * benchmark["land_fraction"],
            benchmark["cell_area"],
        )
        if wrong:
            raise DataError(
                f"{name}: the map of {flux} fits the benchmark far better when {wrong}. "
                "Check the latitudes and longitudes in the file."
            )
        sd = on_land.get(f"{flux}_sd")
        maps.update(_maps(flux, field, ours, sd))
        profiles.update(_profiles(flux, field, own_area, ours, sd, area))
        facts["totals"][flux] = float(global_total(model, flux).mean())
        facts["benchmark_totals"][flux] = float(total_pg(ours, area))
        if sd is not None:
            facts["benchmark_sd_sum"][flux] = float(total_pg(sd, area))
            facts["z"][flux] = z_scores(field, ours, sd, area)
        facts["scores"][flux] = field_scores(field, ours, area) | _reach(
            field, ours, own_area, area
        )
        facts["annual"][flux] = _annual(model, flux)
        facts["whole_cells"][flux] = _with_whole_cells(field, ours, benchmark["cell_area"])
        bands.append(_zonal_table(flux, field, own_area, ours, area))
        biomes.append(_biome_table(flux, field, ours, area, stratum))
    for totals in (facts["totals"], facts["benchmark_totals"]):
        if {"SR", "AR"} <= totals.keys():
            totals["AR_SR"] = totals["AR"] / totals["SR"]
    facts |= {k: model.attrs.get(k, "") for k in ("period", "how_ar", "reference", "source_file")}
    facts["choices"] = [c for c in model.attrs.get("choices", "").split("\n") if c]
    return Scores(
        name, facts, pd.concat(bands, ignore_index=True), pd.concat(biomes, ignore_index=True),
        maps, profiles,
    )


def _kept(model, benchmark, area):
    m, b, w = (np.asarray(x, float) for x in (model, benchmark, area))
    return np.isfinite(m) & np.isfinite(b) & (np.broadcast_to(w, m.shape) > 0)


def _pairs(model, benchmark, area):
    keep = _kept(model, benchmark, area)
    w = np.broadcast_to(np.asarray(area, float), keep.shape)
    return np.asarray(model, float)[keep], np.asarray(benchmark, float)[keep], w[keep]


def _correlation(m, b, w):
    w = w / w.sum()
    dm, db = m - np.sum(w * m), b - np.sum(w * b)
    spread = np.sqrt(np.sum(w * dm**2) * np.sum(w * db**2))
    return float(np.sum(w * dm * db) / spread) if spread > 0 else 0.0


def _check_grid(model, name):
    for dim, axis in coordinates().items():
        if dim not in model.dims or not np.array_equal(model[dim].values, axis.values):
            raise DataError(f"{name} is not on the half-degree grid along {dim}; regrid it first.")


def _maps(flux, field, ours, sd):
    attrs = {"units": "g m-2 yr-1", "area_basis": "land"}
    bias = field - ours
    out = xr.Dataset({flux: field, f"{flux}_benchmark": ours, f"{flux}_bias": bias})
    for one in out.values():
        one.attrs = dict(attrs)
    if sd is not None:
        out[f"{flux}_z"] = (bias / sd.where(sd > 0)).assign_attrs(units="1")
    return out.drop_vars([c for c in out.coords if c not in ("lat", "lon")])


def _profiles(flux, field, own_area, ours, sd, area):
    def profile(values, ground):
        return zonal_profile(values.rename(flux), ground, area, height=_PROFILE_BAND)

    out = {flux: profile(field, own_area), f"{flux}_benchmark": profile(ours, area)}
    if sd is not None:
        out[f"{flux}_benchmark_sd"] = profile(sd, area)
    return xr.Dataset(out)


def _reach(field, ours, own_area, area):
    """How much of the benchmark and of the model is in the cells that are compared."""
    both = field.notnull() & ours.notnull()
    return {
        "benchmark_covered": float(total_pg(ours.where(both), area) / total_pg(ours, area)),
        "model_total_compared": float(total_pg(field.where(both), area)),
        "model_total_elsewhere": float(total_pg(field.where(ours.isnull()), own_area)),
    }


def _with_whole_cells(field, ours, cell_area):
    """Bias and bias score with whole cells as weights, as ILAMB has them."""
    s = field_scores(field, ours, cell_area * xr.ones_like(ours))
    return {k: s[k] for k in ("bias", "bias_score")}


def _annual(model, flux):
    """Range and trend of the annual totals, Pg C yr-1 (trend: per decade)."""
    if "year" not in model[flux].dims:
        return None
    total = global_total(model, flux)
    years, values = total["year"].values, total.values
    enough = years.size >= _TREND_YEARS
    return {
        "first": int(years[0]), "last": int(years[-1]), "min": float(values.min()),
        "max": float(values.max()),
        "trend_per_decade": float(10 * np.polyfit(years, values, 1)[0]) if enough else np.nan,
    }


def _zonal_table(flux, field, own_area, ours, area):
    """Flux per m2 of the same land in bands of 10 degrees, and carbon in them."""
    model = zonal_profile(field.rename(flux), own_area, area, height=_BAND)
    bench = zonal_profile(ours.rename(flux), area, area, height=_BAND)
    middle = model["lat"].values
    table = pd.DataFrame({
        "flux": flux, "south": middle - _BAND / 2, "north": middle + _BAND / 2,
        "model": model.values, "benchmark": bench.values,
    })
    table["bias"] = table["model"] - table["benchmark"]
    return table.dropna(subset=["benchmark"]).reset_index(drop=True)


def _biome_table(flux, field, ours, area, stratum):
    """Scores within each bin of vegetation, in the cells where both have data."""
    rows = []
    stratum = stratum.transpose("lat", "lon")
    for number, (words, _) in STRATA.items():
        own = area.where(stratum == number, 0)
        common = own.where(field.notnull() & ours.notnull(), 0)
        row = {"flux": flux, "biome": words, "area_mkm2": float(common.sum()) / 1e12}
        if row["area_mkm2"] > 0:
            s = field_scores(field, ours, common)
            carbon = s["area"] / GRAMS_PER_PG
            row |= {
                "model_pg": (s["benchmark_mean"] + s["bias"]) * carbon,
                "benchmark_pg": s["benchmark_mean"] * carbon,
                "model": s["benchmark_mean"] + s["bias"], "benchmark": s["benchmark_mean"],
            } | {k: s[k] for k in ("bias", "rmse", "r")}
        rows.append(row)
    return pd.DataFrame(rows)
