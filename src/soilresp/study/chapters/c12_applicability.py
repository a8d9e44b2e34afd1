"""Chapter 12: area of applicability of the maps."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.strata import STRATA
from soilresp.evaluation.applicability import area_of_applicability, dissimilarity, share_outside
from soilresp.evaluation.folds import nearest_distance
from soilresp.records.matching import training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c03_search import predictor_search
from soilresp.study.chapters.c05_maps import mapping
from soilresp.study.chapters.common import records_of
from soilresp.study.stage import Stage
from soilresp.upscaling.maps import vegetated_area

__all__ = ["applicability"]

FAR = (500, 1000)
"""Distances, km, beyond which the flux is added up."""


def _applicability(study, needs, *, n_trees=None, cv_folds=None):
    """Find the area of applicability and the distance to the nearest site.

    Results: ``fields`` (by target the dissimilarity index ``_di``, whether the cell is
    inside, ``_inside``, and the distance to the nearest site, ``_site_distance``),
    ``shares`` (of area and flux outside, by target and bin), ``importance``, ``records``
    (index, observation and held-out prediction of each record), ``thresholds``,
    ``sensitivity`` (shares outside with predictors weighted by importance, and all alike).
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    chosen = needs["03_predictor_search"].chosen
    climatology = needs["05_global_mapping"].climatology
    mask = valid_cells(cube, sorted(set().union(*chosen.values())))
    row, col = np.nonzero(mask)
    lat, lon = cube["lat"].values[row], cube["lon"].values[col]
    area = vegetated_area(cube)
    fields, weights, records, thresholds, sensitivity = xr.Dataset(), [], [], {}, []
    for target in TARGETS:
        own = records_of(matched, target)
        x = training_table(own, cube, chosen[target])
        cells = np.column_stack([_climatology(cube[name])[mask] for name in chosen[target]])
        found = area_of_applicability(own, x, cells, target, n_trees, cv_folds, study.seed)
        alike = dissimilarity(x, cells, np.ones(x.shape[1]), found.fold)
        thresholds[target] = found.threshold
        here, flux = area.values[mask], (climatology[target] * area).values[mask]
        sensitivity += [
            {
                "target": target, "weights": words, "threshold": one.threshold,
                "area_outside": share_outside(one.inside, here),
                "flux_outside": share_outside(one.inside, flux),
            }
            for words, one in (("importance", found), ("all alike", alike))
        ]
        weights.append(
            pd.DataFrame({"target": target, "predictor": chosen[target], "growth": found.weights})
        )
        records.append(
            own[["record", "study", "target", "lat", "lon", "flux"]]
            .assign(predicted=found.predicted, di=found.records)
        )
        distance = nearest_distance(lat, lon, own["lat"], own["lon"])
        fields = fields.merge(_describe(target, found, distance, mask, cube))
    return {
        "fields": fields,
        "shares": _shares(fields, climatology, area, cube["stratum"]),
        "importance": pd.concat(weights, ignore_index=True),
        "records": pd.concat(records, ignore_index=True),
        "thresholds": thresholds,
        "sensitivity": pd.DataFrame(sensitivity),
    }


applicability = Stage(
    "05_applicability", _applicability, [assembly, predictor_search, mapping],
    notebook="12_uncertainty",
)


def _climatology(field):
    return (field.mean("year") if "year" in field.dims else field).values


def _describe(target, found, distance, mask, cube):
    """Put the fields of one target on the grid, with their attributes (xarray.Dataset)."""
    values = {
        "di": (found.cells, "1", f"dissimilarity index of the predictors of {target}"),
        "inside": (found.inside, "1", f"inside the area of applicability of {target}"),
        "site_distance": (distance, "km", f"distance to the nearest site of {target}"),
    }
    out = xr.Dataset(coords={"lat": cube["lat"], "lon": cube["lon"]})
    for end, (content, units, words) in values.items():
        grid = np.full(mask.shape, np.nan, np.float32)
        grid[mask] = content
        out[f"{target}_{end}"] = ("lat", "lon"), grid, {"units": units, "long_name": words}
    out[f"{target}_di"].attrs["threshold"] = found.threshold
    return out


def _shares(fields, climatology, area, stratum):
    """Compute shares outside by target and bin; AR needs both SR and HR."""
    bins = {"all": stratum > 0} | {name: stratum == s for s, (name, _) in STRATA.items()}
    rows = []
    for target in (*TARGETS, "AR"):
        both = TARGETS if target == "AR" else (target,)
        inside = np.all([fields[f"{t}_inside"].values == 1 for t in both], axis=0)
        distance = np.max([fields[f"{t}_site_distance"].values for t in both], axis=0)
        flux = (climatology[target] * area).transpose("lat", "lon").values
        for name, where in bins.items():
            here = where.values & np.isfinite(flux) & np.isfinite(distance)
            if not here.any():
                continue
            row = {
                "target": target, "where": name,
                "area_outside": share_outside(inside[here], area.values[here]),
                "flux_outside": share_outside(inside[here], flux[here]),
            }
            for far in FAR:
                row[f"flux_beyond_{far}_km"] = share_outside(distance[here] <= far, flux[here])
            rows.append(row)
    return pd.DataFrame(rows)
