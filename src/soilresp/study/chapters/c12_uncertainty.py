"""How sure the totals are, and what can be seen of trends."""

import time

import numpy as np
import pandas as pd

from soilresp.covariates.strata import area_shares
from soilresp.evaluation import uncertainty as doubts
from soilresp.evaluation.validation import block_groups
from soilresp.io import tables as committed
from soilresp.records.matching import find_cells, training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.scoring.paper import paper_values
from soilresp.study.chapters.c01_selection import selection
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c03_search import predictor_search
from soilresp.study.chapters.c05_maps import mapping
from soilresp.study.chapters.common import Ticker, embedded_cube, records_of
from soilresp.study.stage import Stage
from soilresp.upscaling.maps import mean_covariates, vegetated_area
from soilresp.upscaling.trends import band_totals, trend_table

__all__ = ["uncertainty", "uncertainty_table", "trends", "caveats", "run_uncertainty"]

TABLE = "uncertainty"
"""Name of the committed table."""

UNITS = {"studies": "whole studies", "blocks": "5-degree blocks"}
"""What is resampled."""

_FLUXES = ("SR", "HR", "AR")
_REPLICATES = {"quick": 3, "standard": 12}


def _cases(cube, matched, chosen):
    mask = valid_cells(cube, sorted(set().union(*chosen.values())))
    cases = []
    for target in TARGETS:
        records = records_of(matched, target)
        cases.append(doubts.Case(
            target, records, training_table(records, cube, chosen[target]),
            mean_covariates(cube, mask, chosen[target]),
        ))
    return cases, vegetated_area(cube).values[mask], mask


def _units(cases, kind):
    if kind == "studies":
        return {c.target: c.records["study"].to_numpy() for c in cases}
    return {c.target: block_groups(c.records, 5.0) for c in cases}


def _recipes(study, matched, chosen, shares, cases, area, n_runs, n_trees):
    """Totals of the study's covariates and, if they are others, of the embedded ones."""
    sets = {study.recipe: (cases, area, shares)}
    needed = sorted(set().union(*chosen.values()))
    cube = embedded_cube()
    if study.recipe != "embedded" and set(needed) <= set(cube.data_vars):
        kept = matched[["record", "study", "lat", "lon", "year", "flux", "target"]]
        again, _ = find_cells(kept, cube, needed)
        sets["embedded"] = (*_cases(cube, again, chosen)[:2], area_shares(cube))
    rows = [
        {"name": name} | {
            c.target: doubts.totals(c, area, shares, n_runs, n_trees, study.seed).mean()
            for c in cases
        }
        for name, (cases, area, shares) in sets.items()
    ]
    table = pd.DataFrame(rows)
    return table.assign(AR=table["SR"] - table["HR"])


def _compute(study, cube, matched, chosen, cases, area, n_replicates, n_runs, n_trees, kinds,
             n_variant_runs):
    """All totals that the uncertainties come from: one row a run, ``kind`` and ``name``."""
    shares = area_shares(cube)
    bar = Ticker(n_replicates * len(kinds) + len(doubts.VARIANTS) + 2, "uncertainty")
    parts = []
    for kind in kinds:
        table = doubts.bootstrap(
            cases, area, shares, _units(cases, kind), n_replicates, n_runs, n_trees, study.seed,
            progress=bar.tick,
        )
        parts.append(table.assign(kind=kind, name=table["replicate"].astype(str)))
    variants = doubts.model_variants(
        cases, area, shares, n_variant_runs, n_trees, study.seed, bar.tick
    )
    parts.append(variants.rename(columns={"variant": "name"}).assign(kind="model"))
    recipes = _recipes(study, matched, chosen, shares, cases, area, n_variant_runs, n_trees)
    parts.append(recipes.assign(kind="covariates"))
    bar.tick()
    bar.close()
    return pd.concat(parts, ignore_index=True)[["kind", "name", "run", *_FLUXES]]


def _correlograms(cases, climatology, mask, area, cv_folds, n_trees, seed):
    """Correlation of residuals by distance, and what it makes of the cells' SD."""
    tables, out = [], {}
    lat, lon = np.meshgrid(climatology["lat"], climatology["lon"], indexing="ij")
    for case in cases:
        records = case.records
        table = doubts.correlogram(
            doubts.residuals(case, cv_folds, n_trees, seed), records["lat"], records["lon"],
            records["study"],
        )
        sill, length = doubts.fit_correlogram(table)
        amount = climatology[f"{case.target}_sd"].values[mask].astype(float) * area / 1e15
        sd = doubts.correlated_sd(amount, lat[mask], lon[mask], sill, length)
        out[case.target] = {"sill": sill, "length": length, "sd": sd}
        tables.append(table.assign(target=case.target))
    return pd.concat(tables, ignore_index=True), out


def _uncertainty(study, needs, *, n_replicates=None, n_runs=2, uncertainty_trees=None,
                 cv_folds=None):
    """Uncertainties of the global totals.

    Results: ``totals`` (by resampled studies, model, covariates, land), ``live`` (what of
    these was computed now: all but the land, unless a committed table of longer
    computations holds for this study), ``correlogram``, ``three`` (the three
    uncertainties of each total), ``contributions``, ``spread`` (the sum of the cells' SD
    over the total, by what is called their SD) and ``headline``.
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    chosen, maps = needs["03_predictor_search"].chosen, needs["05_global_mapping"]
    climatology = maps.climatology
    n_replicates = n_replicates or _REPLICATES.get(study.profile.name, 40)
    cases, area, mask = _cases(cube, matched, chosen)
    live = _compute(
        study, cube, matched, chosen, cases, area, n_replicates, n_runs, uncertainty_trees,
        ("studies",), 1 if study.profile.name == "quick" else 3,
    )
    long = _committed(study)
    land = doubts.area_variants(climatology).rename(columns={"variant": "name"})
    table = pd.concat(
        [live if long is None else long, land.assign(kind="land")], ignore_index=True
    )
    n_spread = 1 if study.profile.name == "quick" else 2
    spread = pd.concat([
        doubts.spread_variants(c, area, area_shares(cube), n_spread, uncertainty_trees, study.seed)
        for c in cases
    ])
    by_distance, correlated = _correlograms(
        cases, climatology, mask, area, cv_folds, 2 * uncertainty_trees, study.seed
    )
    flux = maps.flux
    sampling = doubts.sampling_sd(_replicates(table, "studies"))
    runs = {f: (flux[f]["between_run_sd"] or np.nan) for f in _FLUXES}
    n = maps.settings["n_runs"]
    sds = {
        "records: which studies there are": {f: sampling[f] for f in _FLUXES},
        "chance of the runs": {f: runs[f] / np.sqrt(n) for f in _FLUXES},
        "model": _spread(table, "model"),
        "covariates": _spread(table, "covariates"),
        "vegetated area": _spread(table, "land"),
    }
    parts = doubts.contributions(sds)
    rows = [
        {"measure": "sum of the cells' SD", **{f: flux[f].get("sd_sum") for f in _FLUXES}},
        {"measure": "between studies (correlated; headline)",
         **{f: sampling[f] for f in _FLUXES}},
        {"measure": "residual correlation by distance",
         **{t: correlated[t]["sd"] for t in TARGETS}},
        {"measure": "between runs", **runs},
        {"measure": "all sources together",
         **parts.groupby("flux")["together"].max().to_dict()},
    ]
    if "blocks" in set(table["kind"]):
        blocks = doubts.sampling_sd(_replicates(table, "blocks"))
        rows.insert(2, {"measure": "between 5-degree blocks", **{f: blocks[f] for f in _FLUXES}})
    if long is not None:
        again = doubts.sampling_sd(_replicates(live, "studies"))
        rows.insert(2, {"measure": f"between studies, {n_replicates} draws made now",
                        **{f: again[f] for f in _FLUXES}})
    return {
        "totals": table,
        "live": live,
        "correlogram": by_distance,
        "spread": spread.reset_index(drop=True),
        "three": pd.DataFrame(rows, columns=["measure", *_FLUXES]),
        "contributions": parts,
        "headline": {
            "sd": {f: sampling[f] for f in _FLUXES},
            "correlation": sampling["correlation"],
            "all": parts.groupby("flux")["together"].max().to_dict(),
            "n_replicates": int((table["kind"] == "studies").sum() / _runs_of(table)),
            "committed": long is not None,
            "correlogram": correlated,
        },
    }


uncertainty = Stage(
    "05_uncertainty", _uncertainty, [assembly, predictor_search, mapping],
    notebook="12_uncertainty", data=("embedded.nc", "paper_values.yaml"),
)


def uncertainty_table(table):
    """The three (and more) uncertainties, measures as index, for a reader.

    Parameters
    ----------
    table : pandas.DataFrame
        ``three`` of the stage `uncertainty`.
    """
    return table.set_index("measure").astype(float)


def trends(study, mapping, **options):
    """Trends of the totals of the globe and of bands of latitude.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    mapping : soilresp.study.stage.Results
        Of the stage `mapping`.
    **options
        Of `soilresp.upscaling.trends.theil_sen`.

    Returns
    -------
    pandas.DataFrame
        As from `soilresp.upscaling.trends.trend_table`; empty where the covariates are a
        climatology.
    """
    if not mapping.annual.data_vars:
        return pd.DataFrame(columns=["band", "flux", "slope", "low", "high", "percent",
                                     "percent_low", "percent_high"])
    maps = mapping.climatology
    area = maps["cell_area"] * maps["vegetated_fraction"]
    return trend_table(band_totals(mapping.annual, area), seed=study.seed, **options)


def run_uncertainty(study, n_replicates=100, n_runs=4, n_trees=50, into=None):
    """Compute the totals that uncertainties come from at length, and keep them as a table.

    Parameters
    ----------
    study : soilresp.study.settings.Study
        Its covariates are assembled first if need be.
    n_replicates, n_runs, n_trees : int
        Of the resampling, by study and by block.
    into : path-like, optional
        Default: the folder of committed tables.

    Returns
    -------
    pandas.DataFrame
    """
    start = time.perf_counter(), time.process_time()
    assembled = assembly(study)
    chosen = predictor_search(study).chosen
    cases, area, _ = _cases(assembled.cube, assembled.matched, chosen)
    table = _compute(
        study, assembled.cube, assembled.matched, chosen, cases, area, n_replicates, n_runs,
        n_trees, tuple(UNITS), 2 * n_runs,
    )
    committed.save_table(
        TABLE, table,
        f"soilresp study uncertainty --recipe {study.recipe} --observations {study.observations} "
        f"--replicates {n_replicates} --runs {n_runs} --trees {n_trees}",
        into, recipe=study.recipe, observations=study.observations, seed=study.seed,
        predictors=chosen, inputs=selection(study).inputs | assembled.inputs,
        settings={"n_replicates": n_replicates, "n_runs": n_runs, "n_trees": n_trees},
        wall_seconds=round(time.perf_counter() - start[0]),
        cpu_seconds=round(time.process_time() - start[1]),
    )
    return table


def _committed(study):
    """The long table if it is of this study's recipe and observations, else None."""
    if study.profile.name == "quick" or not committed.is_there(TABLE):
        return None
    table, facts = committed.load_table(TABLE)
    same = all(facts[k] == getattr(study, k) for k in ("recipe", "observations"))
    return table.assign(name=table["name"].astype(str)) if same else None


def _replicates(table, kind):
    own = table[table["kind"] == kind]
    return own.assign(replicate=own["name"].astype(int))


def _runs_of(table):
    return table.loc[table["kind"] == "studies", "run"].nunique()


def _spread(table, kind):
    """SD of the totals by equally good choices; NaN if there is only one."""
    own = table[table["kind"] == kind]
    return {f: float(own[f].std(ddof=1)) for f in _FLUXES}


def caveats(study, mapping):
    """Figures behind the maps' known weaknesses, beside the paper's where it states one.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    mapping : soilresp.study.stage.Results
        Of the stage `mapping`.

    Returns
    -------
    pandas.DataFrame
        Index ``caveat``; ``SR``, ``HR`` and ``paper``; percent, but for dead wood Pg C yr-1.
    """
    matched, maps = assembly.stored(study).matched, mapping.climatology
    area = (maps["cell_area"] * maps["vegetated_fraction"]).transpose("lat", "lon")
    area = area.where(maps["SR"].notnull(), 0)
    north = (maps["lat"] > 60) & (area >= 0)
    values = paper_values()
    rows = {
        "records north of 60° N": {"paper": 100 * values["records"]["north_of_60"]["value"]},
        "vegetated area north of 60° N": {}, "flux north of 60° N": {},
        "records of the ten largest studies": {}, "cells whose CV is above 100 %": {},
        "flux of cells whose CV is above 100 %": {},
        "dead wood, 5 % of ecosystem respiration (GPP 120, NPP 56)": {},
    }
    names = list(rows)
    for t in TARGETS:
        own = matched[matched["target"] == t]
        carbon = maps[t].astype(float).transpose("lat", "lon") * area
        high = maps[f"{t}_cv"].transpose("lat", "lon") > 100
        largest = own["study"].value_counts().head(10).sum()
        for name, value in zip(names, (
            (own["lat"] > 60).mean(),
            float(area.where(north, 0).sum() / area.sum()),
            float(carbon.where(north).sum() / carbon.sum()),
            largest / len(own),
            float(high.sum() / maps[t].notnull().sum()),
            float(carbon.where(high).sum() / carbon.sum()),
        )):
            rows[name][t] = 100 * value
    rows[names[-1]]["HR"] = 0.05 * (120 - 56 + mapping.flux["HR"]["total"])
    table = pd.DataFrame(rows).T[[*TARGETS, "paper"]].astype(float)
    table.index.name = "caveat"
    return table
