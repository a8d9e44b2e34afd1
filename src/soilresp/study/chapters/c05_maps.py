"""Stage 5: maps and totals."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.strata import area_shares
from soilresp.evaluation.uncertainty import with_ar
from soilresp.grid.cells import global_total
from soilresp.records.matching import training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.scoring.paper import paper_values
from soilresp.study.chapters.c01_selection import selection
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c03_search import predictor_search
from soilresp.study.chapters.c04_training import training
from soilresp.study.chapters.common import records_of
from soilresp.study.stage import Stage
from soilresp.upscaling.cells import choose_cells
from soilresp.upscaling.ensemble import Ensemble
from soilresp.upscaling.joint import joint_respiration, negative_cells
from soilresp.upscaling.maps import FluxMaps, area_summed, autotrophic, vegetated_area
from soilresp.upscaling.runs import Runs

__all__ = ["mapping", "annual_totals", "totals_beside_paper"]


def _mapping(study, needs, *, n_runs=None, n_trees=None, sampling="area", n_bins=None, joint=None):
    """Map SR, HR, AR and AR/SR with their spreads, and HR and AR jointly estimated.

    With `n_bins`, MAD and quantiles are means over the years of those of each
    year, to within half a bin (`soilresp.upscaling.sums.Sums`).

    Results: ``climatology``, ``annual``, ``totals`` (by year), ``run_totals``
    (climatological, by run), ``run_scores`` (on the records each run held out),
    ``flux`` (the headline figures), ``joint_scores`` (of the
    ways to split SR), ``cells`` and ``cell_weights`` (distributions at ten cells).
    Settings: ``joint``, one of `soilresp.upscaling.joint.METHODS` if not the one that
    scores best. Weights of more cells than fit into `soilresp.upscaling.maps.MOST_BYTES` are made
    some cells at a time, each time with all runs, to the same bytes. The forests are those of
    chapter 4 where its results have the same settings; otherwise they are grown here.
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    chosen = needs["03_predictor_search"].chosen
    shares, area = area_shares(cube), vegetated_area(cube)
    mask = valid_cells(cube, sorted(set().union(*chosen.values())))
    climatology, annual, by_run = xr.Dataset(), xr.Dataset(), {}
    run_scores, mapped = [], {}
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, chosen[target]).to_numpy(np.float32)
        runs = Runs(
            x, records["flux"].to_numpy(float), records["stratum"].to_numpy(), shares, target,
            n_runs, n_trees, study.seed, sampling,
        )
        runs.stored.update(_stored_runs(study, runs))
        maps = FluxMaps(
            runs, cube, mask, chosen[target], n_bins=n_bins, folder=study.run / "unfinished"
        )
        mapped[target], by_run[target] = maps, maps.totals
        run_scores.append(maps.scores)
        climatology, annual = climatology.merge(maps.climatology), annual.merge(maps.annual)
    climatology = autotrophic(climatology)
    annual = autotrophic(annual) if annual else annual
    cells, distributions = pd.DataFrame(), pd.DataFrame()
    if n_bins is None:
        cells = choose_cells(climatology, mask)
        distributions = pd.concat(
            [mapped[t].cell_weights(cells) for t in TARGETS], ignore_index=True
        )
    while mapped:
        mapped.popitem()[1].remove_files()
    together, scores = joint_respiration(
        matched, cube, climatology, chosen, n_runs, n_trees, sampling, joint,
        study.profile.cv_folds, study.seed,
    )
    climatology = climatology.merge(together)
    if annual:
        # The share of HR is one for all years: its covariates are the mean ones.
        share = climatology["HR_joint"] / climatology["SR"]
        for name, part in (("HR_joint", share), ("AR_joint", 1 - share)):
            annual[name] = (annual["SR"] * part).transpose("year", "lat", "lon")
            annual[name].attrs = climatology[name].attrs
    areas = ("cell_area", "vegetated_fraction", "land_fraction")
    climatology = climatology.assign({name: cube[name] for name in areas})
    by_year = with_ar(pd.DataFrame({t: by_run[t].mean() for t in TARGETS})).rename_axis("year")
    run_totals = with_ar(pd.DataFrame({t: by_run[t].mean(axis=1) for t in TARGETS}))
    flux = {t: area_summed(climatology, t, area) for t in (*TARGETS, "AR")}
    for name, figures in flux.items():
        figures["between_run_sd"] = float(run_totals[name].std(ddof=1)) if n_runs > 1 else None
        varies = "year" in cube.dims
        figures["annual_min"] = float(by_year[name].min()) if varies else None
        figures["annual_max"] = float(by_year[name].max()) if varies else None
    both = {t: float(global_total(climatology[f"{t}_joint"], area)) for t in ("HR", "AR")}
    for dataset in (climatology, annual):
        dataset.attrs = {"title": "Soil respiration benchmark", "Conventions": "CF-1.8",
                         "source": study.describe()}
    return {
        "climatology": climatology,
        "annual": annual,
        "totals": by_year.reset_index(),
        "run_totals": run_totals,
        "run_scores": pd.concat(run_scores, ignore_index=True),
        "flux": {
            **flux,
            "AR_SR": flux["AR"]["total"] / flux["SR"]["total"],
            "joint": {**both, "AR_SR": both["AR"] / flux["SR"]["total"],
                      "method": together.attrs["method"]},
            "negative": negative_cells(climatology, area),
        },
        "joint_scores": scores,
        "cells": cells,
        "cell_weights": distributions,
    }


def _stored_runs(study, runs):
    """Return the runs of the same ensemble that chapter 4 has kept (dict); they are not grown."""
    trained = training.stored(study)
    if trained is None:
        return {}
    kept = Ensemble.from_arrays(trained[f"ensemble_{runs.target}"]).runs_
    same = kept.key == runs.key and all(
        np.array_equal(getattr(kept, part), getattr(runs, part)) for part in "xy"
    )
    return kept.stored if same else {}


mapping = Stage("05_global_mapping", _mapping, [assembly, predictor_search])


def annual_totals(mapping):
    """Return global totals by year, Pg C yr-1, for `soilresp.plot.annual_series`."""
    totals = mapping.totals
    return totals.assign(year=pd.to_numeric(totals["year"], errors="coerce"))


def totals_beside_paper(study, mapping):
    """Compare totals and spreads with the paper's or, in a twin experiment, the truth.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    mapping : soilresp.study.stage.Results
        Of the stage `mapping`.

    Returns
    -------
    pandas.DataFrame
        Columns SR, HR, AR (Pg C yr-1) and AR_SR (a ratio); one row a quantity.
    """
    flux = mapping.flux
    rows = {"total": {t: flux[t]["total"] for t in ("SR", "HR", "AR")} | {"AR_SR": flux["AR_SR"]}}
    words = {
        "annual_min": "lowest year", "annual_max": "highest year",
        "sd_sum": "sum of the cells' SD", "mad_sum": "sum of the cells' MAD",
        "mad_scaled_sum": "sum of the cells' MAD x 1.4826", "between_run_sd": "SD between runs",
    }
    for key, name in words.items():
        rows[name] = {t: flux[t].get(key) for t in ("SR", "HR", "AR")}
    if study.is_twin:
        truth = selection.stored(study).truth
        truth["AR"] = truth["SR"] - truth["HR"]
        rows["truth"] = truth | {"AR_SR": truth["AR"] / truth["SR"]}
    else:
        paper = paper_values()["totals"]
        rows["Lu et al. 2021: total"] = {t: paper[t]["value"] for t in ("SR", "HR", "AR", "AR_SR")}
        for key in ("annual_min", "annual_max", "sd", "mad"):
            name = f"Lu et al. 2021: {words.get(key, key.upper())}"
            rows[name] = {t: paper[t].get(key) for t in ("SR", "HR", "AR")}
    table = pd.DataFrame(rows).T.astype(float)
    table.index.name = "quantity"
    return table
