"""Scores of a model's maps against the benchmark, per m2 of land.

Cells with vegetation where both have data are compared, each weighted by its area of
land. Totals are taken over all of a model's own land.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.strata import STRATA
from soilresp.errors import DataError
from soilresp.grid.cells import GRAMS_PER_PG, global_total
from soilresp.scoring.area_basis import to_land
from soilresp.scoring.metrics import field_scores, misplacement, z_scores
from soilresp.scoring.sites import check_grid
from soilresp.scoring.totals import model_total
from soilresp.scoring.zonal import zonal_profile

__all__ = [
    "FLUXES", "GROUND", "Scores", "benchmark_on_land", "climatological_mean", "compare_maps",
    "score_model",
]

FLUXES = ("SR", "HR", "AR")
"""Fluxes that are scored."""

GROUND = ("vegetated_fraction", "land_fraction", "cell_area")
"""Variables of the benchmark that say how much land and vegetation a cell has."""

_BAND = 10.0
_PROFILE_BAND = 2.5
_TREND_YEARS = 10



@dataclass(frozen=True)
class Scores:
    """Scores of one model.

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


def benchmark_on_land(benchmark):
    """Convert the benchmark's maps to per m2 of land, in the cells with vegetation.

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
    lacking = [v for v in GROUND if v not in benchmark]
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
    return out.transpose("lat", "lon", ...)


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
    check_grid(model, name)
    if "land_fraction" not in model:
        raise DataError(f"{name} has no land_fraction; expected the share of each cell.")
    area = (benchmark["cell_area"] * benchmark["land_fraction"]).transpose("lat", "lon")
    own_area = benchmark["cell_area"] * model["land_fraction"]
    maps, profiles, bands, biomes = xr.Dataset(), xr.Dataset(), [], []
    kinds = "totals", "benchmark_totals", "benchmark_sd_sum", "scores", "z", "annual", "whole_cells"
    facts = {kind: {} for kind in kinds}
    for flux in fluxes:
        field, ours = climatological_mean(model[flux]).transpose("lat", "lon"), on_land[flux]
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
        facts["totals"][flux] = float(model_total(model, flux).mean())
        facts["benchmark_totals"][flux] = float(global_total(ours, area))
        if sd is not None:
            facts["benchmark_sd_sum"][flux] = float(global_total(sd, area))
            facts["z"][flux] = z_scores(field, ours, sd, area)
        facts["scores"][flux] = field_scores(field, ours, area) | _reach(
            field, ours, own_area, area
        )
        facts["annual"][flux] = _annual(model, flux)
        whole = field_scores(field, ours, benchmark["cell_area"] * xr.ones_like(ours))
        facts["whole_cells"][flux] = {k: whole[k] for k in ("bias", "bias_score")}
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


def climatological_mean(data):
    """Average a field or dataset over its years, if it has any.

    Parameters
    ----------
    data : xarray.DataArray or xarray.Dataset

    Returns
    -------
    xarray.DataArray or xarray.Dataset
        Without ``year``; attributes are kept.
    """
    return data.mean("year", keep_attrs=True) if "year" in data.dims else data


def compare_maps(models, benchmark, fluxes=FLUXES):
    """Score the maps of several models alike.

    Parameters
    ----------
    models : mapping of str to mapping of str to xarray.DataArray
        Name of the model to its fluxes on the half-degree grid, g C m-2 yr-1 of land;
        years are averaged.
    benchmark : xarray.Dataset
        As `benchmark_on_land` takes it.
    fluxes : sequence of str

    Returns
    -------
    pandas.DataFrame
        One row a model and flux: ``flux``, ``model``, the scores of
        `soilresp.scoring.metrics.field_scores`, and ``mean_abs_z``, the mean difference in
        SD of the benchmark.
    """
    on_land = benchmark_on_land(benchmark)
    area = (benchmark["cell_area"] * benchmark["land_fraction"]).transpose("lat", "lon")
    rows = []
    for name, fields in models.items():
        for flux in (v for v in fluxes if v in fields and v in on_land):
            field = climatological_mean(fields[flux]).transpose("lat", "lon")
            ours, sd = on_land[flux], on_land.get(f"{flux}_sd")
            row = {"flux": flux, "model": name} | field_scores(field, ours, area)
            z = np.nan if sd is None else z_scores(field, ours, sd, area)["mean_abs"]
            rows.append(row | {"mean_abs_z": z})
    return pd.DataFrame(rows)


def _maps(flux, field, ours, sd):
    bias = field - ours
    out = xr.Dataset({flux: field, f"{flux}_benchmark": ours, f"{flux}_bias": bias})
    for name in out:
        out[name].attrs = {"units": "g m-2 yr-1", "area_basis": "land"}
    if sd is not None:
        out[f"{flux}_z"] = (bias / sd.where(sd > 0)).assign_attrs(units="1")
    return out.drop_vars([c for c in out.coords if c not in ("lat", "lon")])


def _profiles(flux, field, own_area, ours, sd, area):
    fields = {flux: (field, own_area), f"{flux}_benchmark": (ours, area)}
    if sd is not None:
        fields[f"{flux}_benchmark_sd"] = (sd, area)
    return xr.Dataset({
        name: zonal_profile(values.rename(flux), ground, area, height=_PROFILE_BAND)
        for name, (values, ground) in fields.items()
    })


def _reach(field, ours, own_area, area):
    """Shares of the benchmark and of the model in the cells that are compared."""
    both = field.notnull() & ours.notnull()
    return {
        "benchmark_covered": float(global_total(ours.where(both), area) / global_total(ours, area)),
        "model_total_compared": float(global_total(field.where(both), area)),
        "model_total_elsewhere": float(global_total(field.where(ours.isnull()), own_area)),
    }


def _annual(model, flux):
    """Range and trend of the annual totals, Pg C yr-1 (trend: per decade)."""
    if "year" not in model[flux].dims:
        return None
    total = model_total(model, flux)
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
            means = {"model": s["benchmark_mean"] + s["bias"], "benchmark": s["benchmark_mean"]}
            row |= {f"{k}_pg": v * (s["area"] / GRAMS_PER_PG) for k, v in means.items()}
            row |= means | {k: s[k] for k in ("bias", "rmse", "r")}
        rows.append(row)
    return pd.DataFrame(rows)
