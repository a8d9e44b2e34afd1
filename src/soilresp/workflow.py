"""The seven stages of the study, one for each notebook.

Each stage is called with a `soilresp.study.Study` and its settings, returns a
`soilresp.stages.Results`, and keeps them in the run folder:

>>> selection(study).funnel                      # doctest: +SKIP
>>> mapping(study, n_runs=80).climatology["SR"]  # doctest: +SKIP
"""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilresp import __version__
from soilresp.budget import carbon_budget
from soilresp.compare import regrid, totals, zonal
from soilresp.compare.paper import paper_values
from soilresp.compare.sites import site_scores
from soilresp.data import access
from soilresp.data.embedded import load_embedded
from soilresp.errors import ParameterError
from soilresp.fit.ensemble import PAPER_PREDICTORS, evaluate_runs, monte_carlo
from soilresp.fit.search import neighbours, search
from soilresp.fit.validate import SCHEMES, ladder, scores
from soilresp.grid import total_pg
from soilresp.load.models import declared_models, read_cmip6_global, read_isimip_global, read_testbed
from soilresp.load.srdb import read_srdb
from soilresp.predict.maps import area_summed, autotrophic, map_flux, sums_for, vegetated_area
from soilresp.predict.quality_effect import quality_effect as effect_of_quality
from soilresp.prepare import covariates, quality, twin
from soilresp.prepare.cube import check_cube, compare_cubes, describe, open_cube
from soilresp.prepare.climate_response import bond_lamberty_2004, raich_2002
from soilresp.prepare.observations import TARGETS, Selection, select
from soilresp.prepare.recipes import PREDICTORS
from soilresp.prepare.reported import pairs
from soilresp.prepare.sites import match, training_table, valid_cells
from soilresp.prepare.strata import area_shares
from soilresp.progress import track
from soilresp.stages import Stage

__all__ = [
    "STAGES",
    "selection",
    "assembly",
    "predictor_search",
    "training",
    "mapping",
    "quality_effect",
    "budget",
    "intercomparison",
    "records_of",
    "embedded_cube",
    "annual_totals",
    "totals_beside_paper",
]


PAPER_NEEDS = tuple(sorted(set().union(*PAPER_PREDICTORS.values())))
"""Predictors without which the paper's choice cannot be fitted."""


def _selection(study, needs, *, rules=None):
    """Select the records of SR and HR.

    Results: ``observations``, ``funnel``, ``inputs`` (checksums), and
    ``truth`` (global totals of the twin's world; empty with field data),
    ``flags`` (what `soilresp.prepare.quality` says of all records) and
    ``suspicious_sites`` (where their coordinates more likely are).
    Setting ``rules``: fields of `soilresp.prepare.observations.Selection`.
    """
    if study.is_twin:
        if rules:
            raise ParameterError("A twin experiment has no selection: its records are made to fit.")
        observations = twin.sample(study.seed)
        funnel = pd.DataFrame(
            [{"rule": "Synthetic records", **observations["target"].value_counts().to_dict()}]
        )
        return {
            "observations": observations,
            "funnel": funnel[["rule", *TARGETS]],
            "inputs": {},
            "truth": twin.truth()[1],
            "flags": pd.DataFrame(columns=quality.FIELDS),
            "suspicious_sites": pd.DataFrame(),
        }
    found = access.locate("srdb", download=True)
    entered = read_srdb(found.path, strip=False)
    flags = quality.check(entered)
    observations, funnel = select(
        read_srdb(found.path), Selection.from_dict(rules or {}), flags
    )
    return {
        "flags": flags,
        "suspicious_sites": quality.suspicious_sites(entered, flags),
        "observations": observations,
        "funnel": funnel,
        "inputs": {found.path.name: found.sha256},
        "truth": {},
    }


def _assembly(study, needs, *, cube=None, inputs=None, options=None, years=None):
    """Build the covariate cube, or take one, and match the records to it.

    Results: ``cube``, ``description``, ``matched``, ``report`` (records moved,
    dropped, clipped), ``reported`` (the climate that studies report, beside the
    cube's), ``beside_embedded`` (the predictors against those of the embedded
    recipe), ``inputs``. Settings: ``cube``, file of a cube to use
    instead of building one; ``inputs``, paths of the user's own by registry
    name; ``options``, fields of `soilresp.prepare.covariates.Options`; ``years``,
    first and last year if not the recipe's.
    """
    observations = needs["01_data_selection"].observations
    if cube:
        made = open_cube(cube, PAPER_NEEDS)
        checksums = {Path(cube).name: describe(made)["hash"].str.cat()}
    else:
        found = covariates.locate_inputs(study.recipe, inputs)
        made = covariates.build_cube(
            study.recipe,
            {name: f.path for name, f in found.items()},
            covariates.Options.from_dict(options or {}),
            years,
        )
        check_cube(made, PAPER_NEEDS)
        checksums = {f.path.name: f.sha256 for f in found.values()}
    # All predictors, so that every subset of the search sees the same records.
    available = [p for p in PREDICTORS if p in made]
    matched, report = match(observations, made, available)
    return {
        "cube": made,
        "description": describe(made),
        "matched": matched,
        "report": report,
        "reported": pairs(matched, made),
        "beside_embedded": compare_cubes(made, embedded_cube()),
        "inputs": checksums,
    }


def _search(study, needs, *, search_trees=None, search_depth=None, sr_predictors=None,
            hr_predictors=None):
    """Rank predictor subsets near the paper's choice, and settle on one.

    Results: ``ranking`` and ``chosen``. Settings: trees of each forest, the
    largest number of predictors added or removed, and the predictors to go on
    with (the paper's by default, whatever the ranking says).
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    available = [p for p in PREDICTORS if p in cube]
    given = {"SR": sr_predictors, "HR": hr_predictors}
    chosen = {t: list(given[t] or PAPER_PREDICTORS[t]) for t in TARGETS}
    for target, names in chosen.items():
        unknown = [n for n in names if n not in available]
        if unknown:
            raise ParameterError(
                f"{target} predictor {unknown[0]!r} is not in recipe '{study.recipe}', "
                f"which has {', '.join(available)}."
            )
    rankings = []
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, available)
        n = len(neighbours(PAPER_PREDICTORS[target], available, search_depth))
        bar = _Ticker(n, f"{target} subsets")
        table = search(
            x, records["flux"], target, search_trees, search_depth, study.seed, progress=bar.tick
        )
        bar.close()
        rankings.append(table.assign(target=target))
    return {"ranking": pd.concat(rankings, ignore_index=True), "chosen": chosen}


def _training(study, needs, *, n_runs=None, n_trees=None, cv_folds=None, cv_trees=None,
              draw="area"):
    """Train the ensemble and score it by every scheme.

    Results: ``shares`` (records and area by bin), ``predictions`` (of each
    record, by scheme and by the ensemble), ``ladder`` (scores of one forest by
    scheme), ``ensemble_scores``.
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    chosen = needs["03_predictor_search"].chosen
    shares = area_shares(cube)
    table = pd.DataFrame({"stratum": shares.index, "area": shares.to_numpy()})
    predictions, ladders, ensemble = [], [], {}
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, chosen[target])
        strata = records["stratum"].to_numpy()
        table[target] = [float((strata == s).mean()) for s in shares.index]
        runs = monte_carlo(
            x, records["flux"], strata, shares, target, n_runs, n_trees, study.seed, draw
        )
        by_run = evaluate_runs(track(runs, f"{target} runs", n_runs), x)
        bar = _Ticker(len(SCHEMES) - 2, f"{target} validation")
        steps, by_scheme = ladder(
            records, x, target, cv_trees, cv_folds, study.seed, progress=lambda _, b=bar: b.tick()
        )
        bar.close()
        ladders.append(steps.reset_index().assign(target=target))
        kept = records[["record", "study", "lat", "lon", "year", "flux", "target", "stratum"]]
        predictions.append(
            kept.assign(ensemble_all=by_run["all_runs"], ensemble_held_out=by_run["held_out"])
            .join(by_scheme)
        )
        ensemble[target] = {
            name: scores(records["flux"], by_run[name]) for name in ("all_runs", "held_out")
        }
    return {
        "shares": table,
        "predictions": pd.concat(predictions, ignore_index=True),
        "ladder": pd.concat(ladders, ignore_index=True),
        "ensemble_scores": ensemble,
    }


def _quality_effect(study, needs, *, n_runs=5, n_trees=40, cv_folds=None, cv_trees=None):
    """See what leaving out or repairing suspicious records does to scores and totals.

    Results: ``effect``, by what is done and target; empty for a twin experiment.
    """
    if study.is_twin:
        return {"effect": pd.DataFrame()}
    selected = needs["01_data_selection"]
    cube = needs["02_covariate_assembly"].cube
    table = effect_of_quality(
        read_srdb(access.locate("srdb").path), selected.flags,
        Selection.from_dict(selected.settings["rules"] or {}), cube,
        needs["03_predictor_search"].chosen, n_runs, n_trees, cv_folds, cv_trees, study.seed,
    )
    return {"effect": table}


def _mapping(study, needs, *, n_runs=None, n_trees=None, draw="area"):
    """Map SR, HR, AR and AR/SR with their spreads.

    Results: ``climatology``, ``annual``, ``totals`` (by year), ``run_totals``
    (climatological, by run), ``flux`` (the headline figures).
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    chosen = needs["03_predictor_search"].chosen
    shares, area = area_shares(cube), vegetated_area(cube)
    mask = valid_cells(cube, sorted(set().union(*chosen.values())))
    climatology, annual, by_run = xr.Dataset(), xr.Dataset(), {}
    unfinished = {t: study.run / "unfinished" / f"{t}.npz" for t in TARGETS}
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, chosen[target]).to_numpy()
        y = records["flux"].to_numpy()
        strata = records["stratum"].to_numpy()
        sums = sums_for(
            cube, mask, x, y, chosen[target], n_runs,
            file=unfinished[target],
            key=f"{__version__} {n_trees} {study.seed} {draw} {strata.tolist()} {shares.tolist()}",
        )
        done = sums.resume()
        runs = monte_carlo(
            x, y, strata, shares, target, n_runs, n_trees, study.seed, draw, skip=done
        )
        fields, years, by_run[target] = map_flux(
            track(runs, f"{target} map", n_runs - len(done)), cube, mask, x, y, target,
            chosen[target], sums,
        )
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
        "flux": {**flux, "AR_SR": flux["AR"]["total"] / flux["SR"]["total"]},
    }


def _budget(study, needs, *, n_draws=100_000, correlation=0.0):
    """Recompute the paper's carbon budget with our fluxes.

    Results: ``budget``. Settings: Monte-Carlo draws, and the correlation of
    the errors of SR and HR.
    """
    flux = needs["05_global_mapping"].flux
    table = carbon_budget(
        flux["SR"]["total"], flux["HR"]["total"],
        sr_sd=flux["SR"]["sd_sum"], hr_sd=flux["HR"]["sd_sum"],
        correlation=correlation, n_draws=n_draws, seed=study.seed,
    )
    return {"budget": table}


_PLOT_PROVENANCE = {
    totals.BENCHMARK: "benchmark", totals.STATED: "stated", totals.DERIVED: "derived",
    totals.COMPUTED: "computed", totals.EMPIRICAL: "empirical", "": "stated",
}

BENCHMARK_NAME = "RF benchmark"


def _intercomparison(study, needs):
    """Hold models, as far as their output is at hand, against the maps.

    Results: ``totals`` (every model with the provenance of each number),
    ``means``, ``profiles`` (by latitude), ``sites`` (RMSE and r), ``inputs``
    and ``absent`` (what could not be had).
    """
    climatology = needs["05_global_mapping"].climatology
    cube = needs["02_covariate_assembly"].cube
    matched = needs["02_covariate_assembly"].matched
    predictions = needs["04_stratified_training"].predictions
    land = cube["land_fraction"]
    area, land_area = vegetated_area(cube), cube["cell_area"] * land
    period = "climatology"
    if "year" in cube.dims:
        period = f"{int(cube['year'][0])}-{int(cube['year'][-1])}"
    tables = [
        totals.field_totals(
            BENCHMARK_NAME, {v: climatology[v] for v in ("SR", "HR", "AR")}, area,
            totals.BENCHMARK, period, "this study",
        ),
        totals.stated_totals(),
    ]
    fields = {BENCHMARK_NAME: {v: climatology[v] for v in ("SR", "HR", "AR")}}
    profiles = {
        BENCHMARK_NAME: {
            v: zonal.zonal_profile(climatology[v], area, land_area) for v in ("SR", "HR", "AR")
        }
    }
    world = load_embedded()
    sr = raich_2002(world["tas"], world["pr"]).where(land > 0)
    empirical = {"SR": sr, "HR": bond_lamberty_2004(sr)}
    empirical["AR"] = empirical["SR"] - empirical["HR"]
    name = "Raich 2002, Bond-Lamberty 2004"
    tables.append(
        totals.field_totals(
            name, empirical, land_area, totals.EMPIRICAL, "climatology",
            "doi:10.1046/j.1365-2486.2002.00511.x, doi:10.1111/j.1365-2486.2004.00816.x",
        )
    )
    fields[name] = empirical
    profiles[name] = {v: zonal.zonal_profile(f, land_area, land_area) for v, f in empirical.items()}

    inputs, absent = {}, {}
    for model, facts in declared_models()["at_hand"].items():
        if not access.at_hand([facts["input"]]):
            absent[model] = f"input {facts['input']} is not at hand"
            continue
        found = access.locate(facts["input"])
        inputs[found.path.name] = found.sha256
        output = read_testbed(found.path, model)
        tables.append(totals.output_totals(output))
        output = regrid.conservative(output)
        own_area = cube["cell_area"] * output["land_fraction"]
        profiles[model] = {"HR": zonal.zonal_profile(output["HR"], own_area, land_area)}
        # As the paper does, a model's flux per m2 of land is held against the records as it is.
        fields[model] = {"HR": output["HR"].assign_attrs(area_basis="land")}
    series = {
        "isimip_global_rh": ("ISIMIP series", read_isimip_global, "doi:10.1038/s41586-018-0358-x"),
        "cmip6_global_rh": ("CMIP6 series", read_cmip6_global, "CMIP6 historical runs"),
    }
    for entry, (group, read, source) in series.items():
        if not access.at_hand([entry]):
            absent[group] = f"input {entry} is not at hand"
            continue
        found = access.locate(entry)
        inputs[found.path.name] = found.sha256
        tables.append(totals.series_totals(read(found.path), group, source))
    table = pd.concat(tables, ignore_index=True)
    return {
        "totals": table,
        "bars": table.rename(columns={"variable": "quantity"}).assign(
            provenance=table["provenance"].map(_PLOT_PROVENANCE)
        ),
        "means": totals.ensemble_means(table),
        "profiles": _profile_dataset(profiles, climatology, area, land_area),
        "sites": _site_table(fields, matched, predictions),
        "inputs": inputs,
        "absent": absent,
    }


def _profile_dataset(profiles, climatology, area, land_area):
    """Zonal profiles as one dataset over (model, lat), with the benchmark's band."""
    index = pd.Index(list(profiles), name="model")
    out = xr.Dataset()
    like = next(iter(profiles[BENCHMARK_NAME].values()))
    for name in ("SR", "HR", "AR"):
        lines = [p.get(name, xr.full_like(like, np.nan)) for p in profiles.values()]
        out[name] = xr.concat(lines, index, coords="minimal", compat="override")
        out[name].attrs = {"units": "g m-2 yr-1", "comment": "of land"}
    out["AR_SR"] = (out["AR"] / out["SR"]).where(out["SR"] > 0)
    out["AR_SR"].attrs = {"units": "1"}
    for name in TARGETS:
        out[f"{name}_mad"] = zonal.zonal_profile(climatology[f"{name}_mad"], area, land_area)
    return out


def _site_table(fields, matched, predictions):
    """RMSE and r at the records, the benchmark in-sample and on studies it has not seen."""
    rows = []
    for target in TARGETS:
        records = records_of(matched, target)
        cells = records.assign(lat=89.75 - records["row"] / 2, lon=-179.75 + records["col"] / 2)
        own = predictions[predictions["target"] == target]
        held = {
            f"{BENCHMARK_NAME} (ensemble, in-sample)": "ensemble_all",
            f"{BENCHMARK_NAME} (unseen studies)": "study_cv",
        }
        for name, column in held.items():
            s = scores(own["flux"], own[column])
            rows.append({"model": name, "target": target, **{k: s[k] for k in ("rmse", "r", "bias", "n")}})
        for name, by_flux in fields.items():
            if name == BENCHMARK_NAME:
                continue
            row = {"model": name, "target": target, "rmse": np.nan, "r": np.nan}
            if target in by_flux:
                s = site_scores(by_flux[target], cells)
                row |= {k: s[k] for k in ("rmse", "r", "bias", "n")}
            rows.append(row)
    return pd.DataFrame(rows)


def records_of(matched, target):
    """Matched records of one target, numbered from 0."""
    return matched[matched["target"] == target].reset_index(drop=True)


def embedded_cube():
    """The cube of the fields that ship with the project, to hold others against."""
    return covariates.build_cube("embedded")


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


class _Ticker:
    """A progress display that is moved on by calls instead of by a loop."""

    def __init__(self, total, label):
        self._steps = track(range(total), label, total)
        self.tick()

    def tick(self):
        """Move on by one."""
        next(self._steps, None)

    def close(self):
        """Take the display away."""
        for _ in self._steps:
            pass


selection = Stage("01_data_selection", _selection)
assembly = Stage("02_covariate_assembly", _assembly, [selection])
predictor_search = Stage("03_predictor_search", _search, [assembly])
training = Stage("04_stratified_training", _training, [assembly, predictor_search])
mapping = Stage("05_global_mapping", _mapping, [assembly, predictor_search])
quality_effect = Stage(
    "04_quality_effect", _quality_effect, [selection, assembly, predictor_search]
)
budget = Stage("06_carbon_budget", _budget, [mapping])
intercomparison = Stage("07_tem_intercomparison", _intercomparison, [assembly, training, mapping])

STAGES = (selection, assembly, predictor_search, training, mapping, budget, intercomparison)
"""The stages that make the study, in order; `quality_effect` only looks at it."""

