"""Stage 5: maps and totals."""

import pandas as pd
import xarray as xr

from soilresp import __version__
from soilresp.compare.paper import paper_values
from soilresp.fit.ensemble import Ensemble
from soilresp.grid import total_pg
from soilresp.predict.maps import area_summed, autotrophic, map_flux, sums_for, vegetated_area
from soilresp.predict.scale import complete
from soilresp.prepare.observations import TARGETS
from soilresp.prepare.sites import training_table, valid_cells
from soilresp.prepare.strata import area_shares
from soilresp.stages import Stage
from soilresp.workflow.assembling import assembly
from soilresp.workflow.common import records_of
from soilresp.workflow.searching import predictor_search
from soilresp.workflow.selecting import selection

__all__ = ["mapping", "annual_totals", "totals_beside_paper"]


def _mapping(study, needs, *, n_runs=None, n_trees=None, draw="area", n_bins=None):
    """Map SR, HR, AR and AR/SR with their spreads.

    With `n_bins`, MAD and quantiles are means over the years of those of each
    year, to within half a bin (`soilresp.predict.sums.Sums`).

    Results: ``climatology``, ``annual``, ``totals`` (by year), ``run_totals``
    (climatological, by run), ``run_scores`` (on the records each run held out),
    ``flux`` (the headline figures).
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    chosen = needs["03_predictor_search"].chosen
    shares, area = area_shares(cube), vegetated_area(cube)
    mask = valid_cells(cube, sorted(set().union(*chosen.values())))
    climatology, annual, by_run, scores = xr.Dataset(), xr.Dataset(), {}, []
    unfinished = {t: study.run / "unfinished" / f"{t}.npz" for t in TARGETS}
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, chosen[target]).to_numpy()
        y = records["flux"].to_numpy()
        strata = records["stratum"].to_numpy()
        ensemble = Ensemble(
            x, y, strata, shares, target, n_runs, n_trees, study.seed, draw
        )
        sums = sums_for(
            cube, mask, x, y, chosen[target], n_runs,
            file=unfinished[target],
            key=f"{__version__} {ensemble.key}", n_bins=n_bins,
        )
        complete(sums, ensemble, f"{target} map")
        fields, years, by_run[target] = map_flux(
            (), cube, mask, x, y, target, chosen[target], sums
        )
        scores.append(sums.scores().reset_index().assign(target=target))
        del sums  # some hundred megabytes
        climatology, annual = climatology.merge(fields), annual.merge(years)
    for file in unfinished.values():
        file.unlink(missing_ok=True)
    climatology = autotrophic(climatology)
    annual = autotrophic(annual) if annual else annual
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
    flux = {t: area_summed(climatology, t, area) for t in TARGETS}
    flux["AR"] = {"total": float(total_pg(climatology["AR"], area))}
    for name, figures in flux.items():
        figures["between_run_sd"] = float(run_totals[name].std(ddof=1)) if n_runs > 1 else None
        varies = "year" in cube.dims
        figures["annual_min"] = float(by_year[name].min()) if varies else None
        figures["annual_max"] = float(by_year[name].max()) if varies else None
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
        "run_scores": pd.concat(scores, ignore_index=True),
        "flux": {**flux, "AR_SR": flux["AR"]["total"] / flux["SR"]["total"]},
    }


mapping = Stage("05_global_mapping", _mapping, [assembly, predictor_search])


def annual_totals(mapping):
    """Global totals by year, Pg C yr-1, as `soilresp.plot.annual_series` takes them."""
    totals = mapping.totals
    return totals.assign(year=pd.to_numeric(totals["year"], errors="coerce"))


def totals_beside_paper(study, mapping):
    """Totals and spreads of a run, beside the paper's or, in a twin experiment, the truth.

    Parameters
    ----------
    study : soilresp.study.Study
    mapping : soilresp.stages.Results
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
