"""Stage 5: maps and totals."""

import os

import numpy as np
import pandas as pd
import xarray as xr

from soilresp import __version__
from soilresp.covariates.strata import area_shares
from soilresp.errors import ParameterError
from soilresp.grid.cells import total_pg
from soilresp.records.matching import training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.scoring.paper import paper_values
from soilresp.study.chapters.c01_selection import selection
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c03_search import predictor_search
from soilresp.study.chapters.common import records_of
from soilresp.study.stage import Stage
from soilresp.upscaling.cells import cell_weights, choose_cells
from soilresp.upscaling.ensemble import Ensemble
from soilresp.upscaling.joint import (
    METHODS,
    best_method,
    clipped_fields,
    compare_methods,
    joint_fields,
    negative_cells,
    pair_weights,
    pairs,
)
from soilresp.upscaling.maps import (
    MOST_BYTES,
    QUANTILES,
    area_summed,
    autotrophic,
    blocks,
    map_flux,
    mean_covariates,
    stack,
    vegetated_area,
    weight_parts,
)
from soilresp.upscaling.scale import SCHEDULER_VARIABLE, complete
from soilresp.upscaling.sums import Sums

__all__ = ["mapping", "annual_totals", "totals_beside_paper"]


def _mapping(study, needs, *, n_runs=None, n_trees=None, draw="area", n_bins=None, joint=None):
    """Map SR, HR, AR and AR/SR with their spreads, and HR and AR as they are possible together.

    With `n_bins`, MAD and quantiles are means over the years of those of each
    year, to within half a bin (`soilresp.upscaling.sums.Sums`).

    Results: ``climatology``, ``annual``, ``totals`` (by year), ``run_totals``
    (climatological, by run), ``run_scores`` (on the records each run held out),
    ``flux`` (the headline figures), ``joint_scores`` (of the
    ways to split SR), ``cells`` and ``cell_weights`` (distributions at ten cells).
    Settings: ``joint``, one of `soilresp.upscaling.joint.METHODS` if not the one that
    scores best. Weights of more cells than fit into `soilresp.upscaling.maps.MOST_BYTES` are made
    some cells at a time, each time with all runs anew, to the same bytes.
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    chosen = needs["03_predictor_search"].chosen
    shares, area = area_shares(cube), vegetated_area(cube)
    mask = valid_cells(cube, sorted(set().union(*chosen.values())))
    climatology, annual, by_run = xr.Dataset(), xr.Dataset(), {}
    run_scores, mapped = [], {}
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, chosen[target]).to_numpy()
        ensemble = Ensemble(
            x, records["flux"].to_numpy(), records["stratum"].to_numpy(), shares, target, n_runs,
            n_trees, study.seed, draw,
        )
        mapped[target] = _Mapped(study, ensemble, cube, mask, chosen[target], n_bins)
        fields, years, by_run[target], scores = mapped[target].maps()
        run_scores.append(scores)
        climatology, annual = climatology.merge(fields), annual.merge(years)
    climatology = autotrophic(climatology)
    annual = autotrophic(annual) if annual else annual
    cells, distributions = pd.DataFrame(), pd.DataFrame()
    if n_bins is None:
        cells = choose_cells(climatology, mask)
        distributions = pd.concat(
            [mapped[t].distributions(cells) for t in TARGETS], ignore_index=True
        )
    while mapped:
        mapped.popitem()[1].forget()
    scores, together = _joint(
        study, matched, cube, chosen, climatology, mask, shares, n_runs, n_trees, draw, joint
    )
    climatology = climatology.merge(together)
    if annual:
        # The share of HR is one for all years: its covariates are the mean ones.
        share = climatology["HR_joint"] / climatology["SR"]
        for name, part in (("HR_joint", share), ("AR_joint", 1 - share)):
            annual[name] = (annual["SR"] * part).transpose("year", "lat", "lon")
            annual[name].attrs = climatology[name].attrs
    climatology = climatology.assign(
        cell_area=cube["cell_area"],
        vegetated_fraction=cube["vegetated_fraction"],
        land_fraction=cube["land_fraction"],
    )
    by_year = pd.DataFrame({t: by_run[t].mean() for t in TARGETS})
    by_year["AR"] = by_year["SR"] - by_year["HR"]
    by_year.index.name = "year"
    run_totals = pd.DataFrame({t: by_run[t].mean(axis=1) for t in TARGETS})
    run_totals["AR"] = run_totals["SR"] - run_totals["HR"]
    flux = {t: area_summed(climatology, t, area) for t in (*TARGETS, "AR")}
    for name, figures in flux.items():
        figures["between_run_sd"] = float(run_totals[name].std(ddof=1)) if n_runs > 1 else None
        varies = "year" in cube.dims
        figures["annual_min"] = float(by_year[name].min()) if varies else None
        figures["annual_max"] = float(by_year[name].max()) if varies else None
    both = {t: float(total_pg(climatology[f"{t}_joint"], area)) for t in ("HR", "AR")}
    for dataset in (climatology, annual):
        dataset.attrs = {
            "title": "Soil respiration benchmark", "Conventions": "CF-1.8",
            "source": study.describe(),
        }
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


class _Mapped:
    """The ensemble of a flux, evaluated in as many parts of the cells as memory asks for."""

    def __init__(self, study, ensemble, cube, mask, predictors, n_bins):
        self._ensemble, self._cube, self._mask = ensemble, cube, mask
        self._predictors, self._n_bins = predictors, n_bins
        self._folder, self._files = study.run / "unfinished", []
        self._weights = None

    def maps(self):
        """Climatology, maps by year, totals by run and scores of the runs."""
        of, target = self._ensemble, self._ensemble.target
        by_year = stack(self._cube, self._mask, self._predictors)
        # What workers send back is unpacked beside the sums.
        copies = 3 if os.environ.get(SCHEDULER_VARIABLE) else 1
        first, *others = weight_parts(
            by_year, np.unique(of.y).size, self._n_bins, copies
        )
        whole = self._sums("", by_year, part=first if others else None)
        spreads = [whole.spread(QUANTILES)]
        if others:
            whole.drop_weights()
        elif self._n_bins is None:
            self._weights = whole.weights
        for k, part in enumerate(others, 2):
            # No name for the sums: those of one part are gone before those of the next are made.
            spreads.append(
                self._sums(f"_{k}", by_year[:, part], moments=False).spread(QUANTILES)
            )
        spread = {
            name: np.concatenate([part[name] for part in spreads], axis=-1) for name in spreads[0]
        }
        fields, years, totals = map_flux(
            (), self._cube, self._mask, of.x, of.y, target, self._predictors, whole, spread
        )
        return fields, years, totals, whole.scores().reset_index().assign(target=target)

    def distributions(self, cells):
        """Weights of some cells, by name, as `cell_weights` has them."""
        weights = self._weights
        if weights is None:
            by_year = stack(self._cube, self._mask, self._predictors)[:, cells["position"]]
            weights = self._sums("_cells", by_year, moments=False).weights
            cells = cells.assign(position=range(len(cells)))
        return cell_weights(weights, cells, self._ensemble.target)

    def forget(self):
        """Delete what was kept in case of an interruption."""
        for file in self._files:
            file.unlink(missing_ok=True)

    def _sums(self, name, by_year, **options):
        of = self._ensemble
        area = vegetated_area(self._cube).values[self._mask]
        file = self._folder / f"{of.target}{name}.npz"
        self._files.append(file)
        sums = Sums(
            by_year, area, of.x, of.y, of.n_runs, file=file, key=f"{__version__} {of.key}",
            n_bins=self._n_bins, **options,
        )
        complete(sums, of, f"{of.target} map")
        return sums


def _put_together(parts):
    """One dataset of those of several blocks of cells."""
    out = parts[0]
    for other in parts[1:]:
        out = out.fillna(other)
    return out


def _joint(study, matched, cube, chosen, climatology, mask, shares, n_runs, n_trees, draw, method):
    """Scores of the ways to split SR, and HR and AR by the best of them."""
    table = pairs(matched)
    if table.empty:
        return pd.DataFrame(), clipped_fields(climatology).assign_attrs(method="clipped")
    both = sorted(set().union(*chosen.values()))
    x = {t: training_table(records_of(matched, t), cube, chosen[t]) for t in TARGETS}
    x["pairs"] = training_table(table, cube, both)
    found = compare_methods(matched, x, study.profile.cv_folds, n_trees, study.seed)
    method = method or best_method(found)
    if method not in METHODS or method == "difference":
        raise ParameterError(
            f"joint is {method!r}; it can be {', '.join(m for m in METHODS if m != 'difference')}."
        )
    if draw == "area" and not set(shares.index[shares > 0]) <= set(table["stratum"]):
        print("A vegetation bin has no record of both SR and HR: pairs are drawn alike.")
        draw = "record"
    out = []
    each = 4 * len(table) + 40 * len(both) + 400
    for part in blocks(mask, MOST_BYTES // each):
        weights = pair_weights(
            x["pairs"], table, mean_covariates(cube, part, both), shares, n_runs, n_trees,
            study.seed, draw,
        )
        out.append(joint_fields(climatology, part, weights, table, method))
    return found, _put_together(out).assign_attrs(method=method)


mapping = Stage("05_global_mapping", _mapping, [assembly, predictor_search])


def annual_totals(mapping):
    """Global totals by year, Pg C yr-1, as `soilresp.plot.annual_series` takes them."""
    totals = mapping.totals
    return totals.assign(year=pd.to_numeric(totals["year"], errors="coerce"))


def totals_beside_paper(study, mapping):
    """Totals and spreads of a run, beside the paper's or, in a twin experiment, the truth.

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
    rows = {
        "total": {t: flux[t]["total"] for t in ("SR", "HR", "AR")} | {"AR_SR": flux["AR_SR"]}
    }
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
