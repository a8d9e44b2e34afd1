"""Stage 7: comparison of ecosystem models with the maps."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.recipes import recipe_of
from soilresp.io import fetch as access
from soilresp.models import declared_models, read_folder
from soilresp.readers.cru_cl import read_cru_cl
from soilresp.records.selection import TARGETS
from soilresp.scoring import biomes, comparators, pools, totals, zonal
from soilresp.scoring.maps import FLUXES, climatological_mean, compare_maps
from soilresp.scoring.paper import paper_values
from soilresp.scoring.sites import site_scores
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c04_training import training
from soilresp.study.chapters.c05_maps import mapping
from soilresp.study.chapters.c09_validation import validation
from soilresp.study.chapters.common import records_at_cells
from soilresp.study.stage import Stage
from soilresp.upscaling.maps import vegetated_area
from soilresp.upscaling.metrics import scores

__all__ = ["BENCHMARK_NAME", "TEN_OUTPUT", "biomes_of", "comparator_climate", "intercomparison"]

BENCHMARK_NAME = "RF benchmark"

TEN_OUTPUT = "output of the ten, computed here"
"""Group of totals that are computed from output of the paper's ten models."""

_PLOT_PROVENANCE = {
    totals.BENCHMARK: "benchmark", totals.STATED: "stated", totals.DERIVED: "derived",
    totals.COMPUTED: "computed", totals.EMPIRICAL: "empirical", "": "stated",
}


@dataclass
class _Map:
    """Fluxes of a map, per m2 of the ground that `area` counts."""

    fluxes: dict
    area: xr.DataArray
    group: str


def _intercomparison(study, needs, *, models=None):
    """Compare models whose output is available with the maps.

    Settings: ``models``, a folder with output of the paper's ten models.

    Results: ``totals`` (every model with the provenance of each number), ``bars``,
    ``ten`` (the source of each total of the paper's models), ``means``, ``profiles`` (by
    latitude), ``sites`` (RMSE and r), ``map_scores`` (area-weighted, by map and flux),
    ``biomes``, ``pools`` (pools, GPP and NPP by model), ``relations`` (lines across models),
    ``spread`` and ``variation`` (how far models differ), ``data_notes`` (the data behind each
    figure), ``findings`` (lines, scores and totals in words), ``choices`` (what was decided
    while reading), ``inputs`` and ``absent``.
    """
    climatology = needs["05_global_mapping"].climatology
    cube = needs["02_covariate_assembly"].cube
    land_area = (cube["cell_area"] * cube["land_fraction"]).transpose("lat", "lon")
    years = cube["year"].values if "year" in cube.dims else None
    period = "climatology" if years is None else f"{int(years[0])}-{int(years[-1])}"
    tas, pr, climate = comparator_climate(study.recipe)
    world = xr.Dataset({"tas": tas, "pr": pr, "land_fraction": cube["land_fraction"]})
    ours, empirical = ({v: data[v] for v in FLUXES} for data in (
        climatology, comparators.empirical_model(world)))
    maps = {
        BENCHMARK_NAME: _Map(ours, vegetated_area(cube), totals.BENCHMARK),
        comparators.EMPIRICAL: _Map(empirical, land_area, totals.EMPIRICAL),
    }
    tables = [
        totals.field_totals(BENCHMARK_NAME, ours, vegetated_area(cube), totals.BENCHMARK, period,
                            "this study"),
        totals.stated_totals(),
        totals.field_totals(comparators.EMPIRICAL, empirical, land_area, totals.EMPIRICAL, climate,
                            comparators.EMPIRICAL_REFERENCE),
    ]
    inputs, absent, choices = {}, {}, {}
    for model, output, group in _outputs(models, inputs, absent):
        rows = totals.output_totals(output).assign(group=group)
        tables.append(rows)
        choices[model] = output.attrs["choices"]
        maps[model] = _as_map(output, cube, group)
    for entry, rows, found in comparators.available_series():
        if rows is None:
            absent[entry] = found
        else:
            inputs[found.path.name] = found.sha256
            tables.append(rows)
    table = pd.concat(tables, ignore_index=True)
    ten_here = sorted(set(table.loc[table["group"] == TEN_OUTPUT, "model"]))
    wide = pools.wide_totals(table[table["provenance"] == totals.COMPUTED])
    sites = _site_table(
        maps, needs["02_covariate_assembly"].matched,
        needs["04_stratified_training"].predictions, needs["09_validation"].predictions,
    )
    # Of the ten, those without output keep a grey row.
    stated = table["group"] == "ten models of the paper"
    return {
        "totals": table,
        "bars": table.rename(columns={"variable": "quantity"}).assign(
            provenance=table["provenance"].map(_PLOT_PROVENANCE),
            available=~stated | table["model"].isin(ten_here),
        ),
        "means": totals.ensemble_means(table),
        "profiles": _profile_dataset(maps, climatology, land_area),
        "sites": sites,
        "map_scores": _map_scores(maps, climatology),
        "biomes": _by_biome(maps, land_area, cube),
        "pools": wide,
        "relations": pools.relations(wide),
        "ten": totals.ten_table(table[table["group"] == TEN_OUTPUT]),
        "spread": _spread(table),
        "variation": _variation(maps, land_area),
        "data_notes": _data_notes(study, maps, climate, wide, sites, ten_here),
        "findings": _findings(pools.relations(wide), sites, table),
        "choices": choices,
        "inputs": inputs,
        "absent": absent,
    }


def comparator_climate(recipe):
    """Read the monthly temperature and rain that the empirical model is computed from.

    Parameters
    ----------
    recipe : str
        Covariate recipe: with ``delta``, the CRU CL 1.0 climatology that it is built on;
        else the embedded climate.

    Returns
    -------
    tas, pr : xarray.DataArray, dims (month, lat, lon)
        degC and mm month-1.
    words : str
        Which climate it is.
    """
    fields = recipe_of(recipe).fields
    if fields["tas"].reader == fields["pr"].reader == "cru_cl":
        tas, pr = (
            read_cru_cl(access.locate(fields[name].inputs[0]).path, fields[name].variable)
            for name in ("tas", "pr")
        )
        return tas, pr, "CRU CL 1.0, 1961-1990"
    world = load_embedded()
    return world["tas"], world["pr"], "embedded climate (ERA5, GPCC)"


def _outputs(folder, inputs, absent):
    """Read available models one after the other: name, output, group of their totals."""
    for model, output, found in comparators.available_outputs():
        if output is None:
            absent[model] = found
        else:
            inputs[found.path.name] = found.sha256
            yield model, output, "available output"
    if folder is None:
        for model in declared_models()["ten"]:
            absent[model] = "output is not available: it is given on request, and no folder is set"
        return
    for model, output, why in read_folder(folder, period=tuple(paper_values()["period"])):
        if output is None:
            absent[model] = why
        else:
            yield model, output, TEN_OUTPUT


def _as_map(output, cube, group):
    """A model's climatological fluxes on its own land."""
    mean = climatological_mean(output)
    fluxes = {v: mean[v].assign_attrs(area_basis="land") for v in FLUXES if v in mean}
    area = (cube["cell_area"] * mean["land_fraction"]).transpose("lat", "lon")
    return _Map(fluxes, area, group)


def _profile_dataset(maps, climatology, land_area):
    """Zonal profiles as one dataset over (model, lat), with the benchmark's band."""
    index = pd.Index(list(maps), name="model")
    area = maps[BENCHMARK_NAME].area
    out = xr.Dataset()
    for name in FLUXES:
        lines = {
            m: zonal.zonal_profile(one.fluxes[name], one.area, land_area)
            for m, one in maps.items() if name in one.fluxes
        }
        nothing = xr.full_like(lines[BENCHMARK_NAME], np.nan)
        lines = [lines.get(m, nothing) for m in maps]
        out[name] = xr.concat(lines, index, coords="minimal", compat="override")
        out[name].attrs = {"units": "g m-2 yr-1", "comment": "of land"}
    out["AR_SR"] = (out["AR"] / out["SR"]).where(out["SR"] > 0)
    out["AR_SR"].attrs = {"units": "1"}
    for name in TARGETS:
        out[f"{name}_mad"] = zonal.zonal_profile(climatology[f"{name}_mad"], area, land_area)
    return out


def _map_scores(maps, climatology):
    """Area-weighted scores of each map but the benchmark's own."""
    others = {name: one.fluxes for name, one in maps.items() if name != BENCHMARK_NAME}
    table = compare_maps(others, climatology)
    return table.assign(group=table["model"].map({name: one.group for name, one in maps.items()}))


def _site_table(maps, matched, seen, unseen):
    """RMSE and r at the records, of the benchmark in-sample and on studies it has not seen.

    As in the paper, a flux per m2 of land is compared with the records as it is.
    """
    rows = []
    for target in TARGETS:
        records = records_at_cells(matched, target)
        held = {
            f"{BENCHMARK_NAME} (ensemble, in-sample)": (seen, "ensemble_all"),
            f"{BENCHMARK_NAME} (unseen studies)": (unseen, "study_cv"),
        }
        for name, (predictions, column) in held.items():
            own = predictions[predictions["target"] == target]
            s = scores(own["flux"], own[column])
            score = {k: s[k] for k in ("rmse", "r", "bias", "n")}
            rows.append({"model": name, "target": target, **score, "available": True})
        for name, one in maps.items():
            if name == BENCHMARK_NAME:
                continue
            row = {"model": name, "target": target, "available": True}
            if target in one.fluxes:
                s = site_scores(one.fluxes[target], records)
                row |= {k: s[k] for k in ("rmse", "r", "bias", "n")}
            rows.append(row)
        rows += [{"model": name, "target": target, "available": False}
                 for name in declared_models()["ten"] if name not in maps]
    return pd.DataFrame(rows)


def _by_biome(maps, land_area, cube):
    """SR, HR, AR and AR/SR by biome, per m2 of the same land, with the CV across models."""
    kind = biomes.biome_map(cube["igbp_fraction"])
    means = {
        v: {name: biomes.biome_means(one.fluxes[v].transpose("lat", "lon"), one.area, land_area,
                                     kind)
            for name, one in maps.items() if v in one.fluxes}
        for v in FLUXES
    }
    means["AR_SR"] = {name: means["AR"][name] / means["SR"][name] for name in means["AR"]}
    tables = [
        biomes.biome_table(by_model, BENCHMARK_NAME).reset_index().assign(quantity=v)
        for v, by_model in means.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _spread(table):
    """Lowest, highest and mean total of each group of models, and their CV where it is known."""
    means = totals.ensemble_means(table)
    keep = means["variable"].isin([*FLUXES, "GPP", "NPP"]) & (means["n"] > 2)
    out = means[keep].rename(columns={"variable": "quantity"})
    return out.assign(
        range_percent=100 * (out["high"] - out["low"]) / out["mean"],
        cv_percent=100 * out["sd"] / out["mean"],
    ).reset_index(drop=True)


def _variation(maps, land_area):
    """CV across the maps of HR of models, each per m2 of the same land."""
    others = [one for name, one in maps.items() if name != BENCHMARK_NAME and "HR" in one.fluxes]
    stack = xr.concat(
        [(one.fluxes["HR"] * one.area / land_area.where(land_area > 0)) for one in others],
        "model", coords="minimal", compat="override",
    )
    mean = stack.mean("model", skipna=False)
    cv = xr.full_like(mean, np.nan)
    if len(others) > 2:
        cv = 100 * stack.std("model", ddof=1, skipna=False) / mean.where(mean > 0)
    return xr.Dataset(
        {"HR_cv": cv.drop_vars([c for c in cv.coords if c not in cv.dims]).assign_attrs(
            units="%", long_name="coefficient of variation of HR across models")},
        attrs={"n_models": len(others)},
    )


def _data_notes(study, maps, climate, wide, sites, ten_here):
    """A sentence for each figure on the data behind it."""
    gridded = [m for m in maps if m not in (BENCHMARK_NAME, comparators.EMPIRICAL)]
    at_hand = ", ".join(gridded) if gridded else "none"
    ten = (
        f"Of the paper's ten, output of {', '.join(ten_here)} is read here." if ten_here else
        "Of the paper's ten no output is available: their rows are grey."
    )
    n = {t: int(sites.loc[sites["target"] == t, "n"].max()) for t in TARGETS}
    records = "synthetic records (twin experiment)" if study.is_twin else "records of SRDB v5.0"
    empirical = f"Raich et al. (2002) and Bond-Lamberty et al. (2004) on {climate}"
    if study.is_twin:
        empirical += " (the truth of the twin experiment, so no fair rival in it)"
    counts = wide.groupby("group")["model"].nunique()
    of_groups = ", ".join(f"{g} ({k})" for g, k in counts.items()) or "no model"
    maps_words = f"available maps of models: {at_hand}; {empirical}"
    return {
        "sites": f"{n['SR']} (SR) and {n['HR']} (HR) {records}; {maps_words}. {ten} The paper "
                 "states no score of a model in numbers.",
        "bars": "Plain and floating bars: text of Lu et al. (2021). Computed here: "
                f"{maps_words}. {ten}",
        "profiles": f"Benchmark of this run; {maps_words}.",
        "pools": f"Totals computed here, by group and number of models: {of_groups}.",
        "relations": "Models with both totals, computed here; by group and number of models: "
                     f"{of_groups}. No total of the paper's ten enters unless its output is read.",
        "spread": f"Lowest, highest and mean totals: of the ten as stated in the paper; of other "
                  f"groups as computed here ({of_groups}). Map: {maps_words}.",
        "biomes": f"Benchmark of this run; {maps_words}. Biome: the IGBP class that covers most "
                  "of the cell.",
    }


def _findings(lines, sites, table):
    """Lines across models, scores at the records and totals in words."""
    out = {}
    for driver in ("cSoil", "GPP", "NPP"):
        row = lines[(lines["driver"] == driver) & (lines["flux"] == "HR")].iloc[0]
        if np.isfinite(row["slope"]):
            p = "p < 0.001" if row["p"] < 0.001 else f"p = {row['p']:.2g}"
            out[driver] = (
                f"slope {row['slope']:.2g}, 95 % interval {row['slope_low']:.2g} to "
                f"{row['slope_high']:.2g}, {p}, {row['n']} models"
            )
        else:
            out[driver] = "fewer than three models, so no line"
    for target in TARGETS:
        rows = sites[(sites["target"] == target) & sites["rmse"].notna()].set_index("model")
        own = rows.index.str.startswith(BENCHMARK_NAME)
        unseen = rows.loc[f"{BENCHMARK_NAME} (unseen studies)"]
        best = rows[~own]["rmse"].idxmin()
        out[f"sites_{target}"] = (
            f"{rows.loc[f'{BENCHMARK_NAME} (ensemble, in-sample)', 'rmse']:.0f} in-sample, "
            f"{unseen['rmse']:.0f} on unseen studies (r {unseen['r']:.2f}); best of the others: "
            f"{best}, {rows.loc[best, 'rmse']:.0f} (r {rows.loc[best, 'r']:.2f})"
        )
    at_hand = table[(table["group"] == "available output") & (table["variable"] == "HR")]
    out["at_hand"] = ", ".join(
        f"{m} {v:.1f}" for m, v in zip(at_hand["model"], at_hand["value"])
    ) or "no model output"
    return out


def biomes_of(comparison, quantity):
    """Return the table of one quantity by biome, as the notebook shows it.

    Parameters
    ----------
    comparison : soilresp.study.stage.Results
        Of the stage `intercomparison`.
    quantity : {"SR", "HR", "AR", "AR_SR"}

    Returns
    -------
    pandas.DataFrame
        Index ``biome``; the benchmark, the models that give it, and their mean, SD and CV.
    """
    table = comparison.biomes
    table = table[table["quantity"] == quantity].drop(columns="quantity").set_index("biome")
    last = ["mean of models", "SD of models", "CV (%)"]
    table = table.dropna(axis=1, how="all")
    return table[[c for c in table if c not in last] + [c for c in last if c in table]]


intercomparison = Stage(
    "07_tem_intercomparison", _intercomparison, [assembly, training, validation, mapping],
    data=("embedded.nc", "models.yaml", "paper_values.yaml"),
)
