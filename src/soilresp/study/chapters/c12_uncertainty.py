"""Chapter 12: uncertainty of the totals, trends, and known weaknesses of the maps."""

import numpy as np
import pandas as pd

from soilresp.covariates.strata import area_shares
from soilresp.evaluation import uncertainty as spreads
from soilresp.evaluation.folds import block_groups
from soilresp.evaluation.uncertainty import FLUXES, with_ar
from soilresp.io import tables as committed
from soilresp.records.matching import find_cells, training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.scoring.paper import paper_values
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c03_search import predictor_search
from soilresp.study.chapters.c05_maps import mapping
from soilresp.study.chapters.common import Ticker, clocks, embedded_cube, records_of
from soilresp.study.chapters.long_table import save_long_table
from soilresp.study.stage import Stage
from soilresp.upscaling.maps import mean_covariates, vegetated_area
from soilresp.upscaling.trends import band_totals, trend_table

__all__ = ["uncertainty", "trends", "caveats", "run_uncertainty"]

_REPLICATES = {"quick": 3, "standard": 12}


class _World:
    """Cases of both fluxes on one cube, with the areas of its cells."""

    def __init__(self, cube, matched, chosen):
        self.cube, self.matched, self.chosen = cube, matched, chosen
        self.mask = valid_cells(cube, sorted(set().union(*chosen.values())))
        self.area, self.shares = vegetated_area(cube).values[self.mask], area_shares(cube)
        self.cases = []
        for target in TARGETS:
            records = records_of(matched, target)
            self.cases.append(spreads.Case(
                target, records, training_table(records, cube, chosen[target]),
                mean_covariates(cube, self.mask, chosen[target]),
            ))

    @property
    def given(self):
        """First arguments of the functions that compute totals."""
        return self.cases, self.area, self.shares

    def mean_totals(self, n_runs, n_trees, seed):
        """Compute the mean total of a few runs by target, Pg C yr-1 (dict)."""
        return {
            c.target: spreads.totals(c, self.area, self.shares, n_runs, n_trees, seed).mean()
            for c in self.cases
        }

    def units(self, kind):
        """Return the study or 5-degree block of each record, by target (dict)."""
        return {
            c.target: c.records["study"].to_numpy() if kind == "studies"
            else block_groups(c.records, 5.0)
            for c in self.cases
        }


def _totals(study, world, n_replicates, n_runs, n_trees, kinds, n_variant_runs):
    """Compute all totals with their ``kind`` and ``name``, one row a run (pandas.DataFrame)."""
    bar = Ticker(n_replicates * len(kinds) + len(spreads.VARIANTS) + 2, "uncertainty")
    parts = []
    for kind in kinds:
        table = spreads.bootstrap(
            *world.given, world.units(kind), n_replicates, n_runs, n_trees, study.seed,
            progress=bar.tick,
        )
        parts.append(table.assign(kind=kind, name=table["replicate"].astype(str)))
    variants = spreads.model_variants(*world.given, n_variant_runs, n_trees, study.seed, bar.tick)
    parts.append(variants.rename(columns={"variant": "name"}).assign(kind="model"))
    worlds, cube = {study.recipe: world}, embedded_cube()
    needed = set().union(*world.chosen.values())
    if study.recipe != "embedded" and needed <= set(cube.data_vars):
        kept = world.matched[["record", "study", "lat", "lon", "year", "flux", "target"]]
        again, _ = find_cells(kept, cube, sorted(needed))
        worlds["embedded"] = _World(cube, again, world.chosen)
    parts.append(with_ar(pd.DataFrame([
        {"name": name} | one.mean_totals(n_variant_runs, n_trees, study.seed)
        for name, one in worlds.items()
    ])).assign(kind="covariates"))
    bar.close()
    return pd.concat(parts, ignore_index=True)[["kind", "name", "run", *FLUXES]]


def _correlograms(world, climatology, cv_folds, n_trees, seed):
    """Compute the correlation of residuals by distance, and the SD of the totals from it."""
    tables, out, mask = [], {}, world.mask
    lat, lon = np.meshgrid(climatology["lat"], climatology["lon"], indexing="ij")
    for case in world.cases:
        residuals = spreads.residuals(case, cv_folds, n_trees, seed)
        table = spreads.correlogram(residuals, *(case.records[c] for c in ("lat", "lon", "study")))
        sill, length = spreads.fit_correlogram(table)
        amount = climatology[f"{case.target}_sd"].values[mask].astype(float) * world.area / 1e15
        sd = spreads.correlated_sd(amount, lat[mask], lon[mask], sill, length)
        out[case.target] = {"sill": sill, "length": length, "sd": sd}
        tables.append(table.assign(target=case.target))
    return pd.concat(tables, ignore_index=True), out


def _uncertainty(study, needs, *, n_replicates=None, n_runs=2, uncertainty_trees=None,
                 cv_folds=None):
    """Compute the uncertainties of the global totals.

    Results: ``totals`` (by resampled studies, model, covariates, land), ``computed`` (those
    computed now: all but the land, unless a committed table of longer computations belongs to
    this study), ``correlogram``, ``measures`` (of uncertainty, as index, by flux),
    ``contributions``, ``spread`` (ratio of the cells' summed SD to the total, by definition of
    the SD) and ``headline``.
    """
    assembled, maps = needs["02_covariate_assembly"], needs["05_global_mapping"]
    climatology, quick = maps.climatology, study.profile.name == "quick"
    world = _World(assembled.cube, assembled.matched, needs["03_predictor_search"].chosen)
    n_replicates = n_replicates or _REPLICATES.get(study.profile.name, 40)
    computed = _totals(
        study, world, n_replicates, n_runs, uncertainty_trees, ("studies",), 1 if quick else 3
    )
    long = _committed(study)
    land = spreads.area_variants(climatology).rename(columns={"variant": "name"})
    table = pd.concat(
        [computed if long is None else long, land.assign(kind="land")], ignore_index=True
    )
    given = (*world.given[1:], 1 if quick else 2, uncertainty_trees, study.seed)
    spread = pd.concat([spreads.spread_variants(c, *given) for c in world.cases])
    by_distance, correlated = _correlograms(
        world, climatology, cv_folds, 2 * uncertainty_trees, study.seed
    )
    flux, n = maps.flux, maps.settings["n_runs"]
    sampling = _sampling_sd(table)
    runs = {f: (flux[f]["between_run_sd"] or np.nan) for f in FLUXES}
    parts = spreads.contributions({
        "records: which studies there are": sampling,
        "chance of the runs": {f: runs[f] / np.sqrt(n) for f in FLUXES},
        "model": _spread(table, "model"),
        "covariates": _spread(table, "covariates"),
        "vegetated area": _spread(table, "land"),
    })
    together = parts.groupby("flux")["together"].max().to_dict()
    measures = {
        "sum of the cells' SD": {f: flux[f].get("sd_sum") for f in FLUXES},
        "between studies (correlated; headline)": sampling,
    }
    if long is not None:
        measures[f"between studies, {n_replicates} draws made now"] = _sampling_sd(computed)
    if "blocks" in set(table["kind"]):
        measures["between 5-degree blocks"] = _sampling_sd(table, "blocks")
    measures |= {
        "residual correlation by distance": {t: correlated[t]["sd"] for t in TARGETS},
        "between runs": runs,
        "all sources together": together,
    }
    measures = pd.DataFrame(measures).T[list(FLUXES)].astype(float)
    of_studies = table[table["kind"] == "studies"]
    return {
        "totals": table,
        "computed": computed,
        "correlogram": by_distance,
        "spread": spread.reset_index(drop=True),
        "measures": measures.rename_axis("measure"),
        "contributions": parts,
        "headline": {
            "sd": {f: sampling[f] for f in FLUXES},
            "correlation": sampling["correlation"],
            "all": together,
            "n_replicates": of_studies["name"].nunique(),
            "committed": long is not None,
            "correlogram": correlated,
        },
    }


uncertainty = Stage(
    "05_uncertainty", _uncertainty, [assembly, predictor_search, mapping],
    notebook="12_uncertainty",
    data=("embedded.nc", "paper_values.yaml", "study/uncertainty.*"),
)


def trends(study, mapping, **options):
    """Compute trends of the totals of the globe and of bands of latitude.

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
    """Compute the totals behind the uncertainties with many replicates, and save the table.

    Parameters
    ----------
    study : soilresp.study.settings.Study
        Its covariates are assembled first if needed.
    n_replicates, n_runs, n_trees : int
        Of the resampling, by study and by block.
    into : path-like, optional
        Folder of the table ``uncertainty``; default ``data/study``.

    Returns
    -------
    pandas.DataFrame
    """
    start, assembled, chosen = clocks(), assembly(study), predictor_search(study).chosen
    world = _World(assembled.cube, assembled.matched, chosen)
    table = _totals(study, world, n_replicates, n_runs, n_trees, ("studies", "blocks"), 2 * n_runs)
    options = (f"--replicates {n_replicates}", f"--runs {n_runs}", f"--trees {n_trees}")
    save_long_table(
        "uncertainty", table, study, options, into, start, predictors=chosen,
        settings={"n_replicates": n_replicates, "n_runs": n_runs, "n_trees": n_trees},
    )
    return table


def _committed(study):
    """Return the committed table if it is of this study's recipe and observations, else None."""
    if study.profile.name == "quick" or not committed.is_there("uncertainty"):
        return None
    table, facts = committed.load_table("uncertainty")
    same = all(facts[k] == getattr(study, k) for k in ("recipe", "observations"))
    return table.assign(name=table["name"].astype(str)) if same else None


def _sampling_sd(table, kind="studies"):
    own = table[table["kind"] == kind]
    return spreads.sampling_sd(own.assign(replicate=own["name"].astype(int)))


def _spread(table, kind):
    """Return the SD of the totals by equally good choices; NaN if there is only one."""
    own = table[table["kind"] == kind]
    return {f: float(own[f].std(ddof=1)) for f in FLUXES}


def caveats(study, mapping):
    """Compute figures of the maps' known weaknesses, with the paper's where it states one.

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
    figures = {}
    for target in TARGETS:
        own = records_of(matched, target)
        carbon = maps[target].astype(float).transpose("lat", "lon") * area
        high = maps[f"{target}_cv"].transpose("lat", "lon") > 100
        figures[target] = {
            "records north of 60° N": (own["lat"] > 60).mean(),
            "vegetated area north of 60° N": float(area.where(north, 0).sum() / area.sum()),
            "flux north of 60° N": float(carbon.where(north).sum() / carbon.sum()),
            "records of the ten largest studies": own["study"].value_counts().head(10).sum()
            / len(own),
            "cells whose CV is above 100 %": float(high.sum() / maps[target].notnull().sum()),
            "flux of cells whose CV is above 100 %": float(carbon.where(high).sum() / carbon.sum()),
        }
    table = 100 * pd.DataFrame(figures).assign(paper=np.nan)
    known = paper_values()["records"]["north_of_60"]["value"]
    table.loc["records north of 60° N", "paper"] = 100 * known
    dead_wood = "dead wood, 5 % of ecosystem respiration (GPP 120, NPP 56)"
    table.loc[dead_wood, "HR"] = 0.05 * (120 - 56 + mapping.flux["HR"]["total"])
    return table.rename_axis("caveat")
