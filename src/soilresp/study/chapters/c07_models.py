"""Stage 7: models against the maps."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.climate_response import bond_lamberty_2004, raich_2002
from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.recipes import recipe_of
from soilresp.io import fetch as access
from soilresp.models import (
    declared_models,
    read_cmip6_global,
    read_folder,
    read_isimip_global,
    read_model,
)
from soilresp.readers.cru_cl import read_cru_cl
from soilresp.records.selection import TARGETS
from soilresp.scoring import biomes, pools, totals, zonal
from soilresp.scoring.paper import paper_values
from soilresp.scoring.sites import site_scores
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c04_training import training
from soilresp.study.chapters.c05_maps import mapping
from soilresp.study.chapters.c09_validation import validation
from soilresp.study.chapters.common import records_of
from soilresp.study.stage import Stage
from soilresp.upscaling.maps import vegetated_area
from soilresp.upscaling.metrics import scores

__all__ = [
    "BENCHMARK_NAME",
    "EMPIRICAL_NAME",
    "biomes_of",
    "comparator_climate",
    "intercomparison",
]

BENCHMARK_NAME = "RF benchmark"
EMPIRICAL_NAME = "Raich 2002, Bond-Lamberty 2004"

_FLUXES = ("SR", "HR", "AR")
_PLOT_PROVENANCE = {
    totals.BENCHMARK: "benchmark", totals.STATED: "stated", totals.DERIVED: "derived",
    totals.COMPUTED: "computed", totals.EMPIRICAL: "empirical", "": "stated",
}
_SERIES = {
    "isimip_global_rh": ("ISIMIP series", read_isimip_global, {"variable": "HR"}),
    "isimip_global_gpp": ("ISIMIP series", read_isimip_global, {"variable": "GPP"}),
    "cmip6_global_rh": ("CMIP6 series", read_cmip6_global, {}),
    "cmip6_global_npp": ("CMIP6 series", read_cmip6_global, {}),
    "cmip6_global_gpp": ("CMIP6 series", read_cmip6_global, {}),
}
_SERIES_SOURCE = {"ISIMIP series": "doi:10.1038/s41586-018-0358-x",
                  "CMIP6 series": "CMIP6 historical runs"}
TEN_AT_HAND = "output of the ten, computed here"


@dataclass
class _Map:
    """A map that takes part: its fluxes, per m2 of the ground that `area` counts."""

    fluxes: dict
    area: xr.DataArray
    basis: str


def _intercomparison(study, needs, *, models=None):
    """Hold models, as far as their output is at hand, against the maps.

    Settings: ``models``, a folder with output of the paper's ten models.

    Results: ``totals`` (every model with the provenance of each number), ``bars``,
    ``ten`` (what each row of the paper's models stands on), ``means``, ``profiles`` (by
    latitude), ``sites`` (RMSE and r), ``biomes``, ``pools`` (pools, GPP and NPP by model),
    ``relations`` (lines across models), ``spread`` and ``variation`` (how far models
    differ), ``stands_on`` (what is behind each figure), ``reads`` (what lines, scores and
    totals say, in words), ``choices`` (what was decided while reading), ``inputs`` and
    ``absent``.
    """
    climatology = needs["05_global_mapping"].climatology
    cube = needs["02_covariate_assembly"].cube
    land_area = (cube["cell_area"] * cube["land_fraction"]).transpose("lat", "lon")
    maps = {BENCHMARK_NAME: _Map({v: climatology[v] for v in _FLUXES}, vegetated_area(cube),
                                 "vegetated")}
    sr_hr, words = _empirical(study.recipe, cube["land_fraction"])
    maps[EMPIRICAL_NAME] = _Map(sr_hr, land_area, "land")
    tables = [
        totals.field_totals(BENCHMARK_NAME, maps[BENCHMARK_NAME].fluxes, vegetated_area(cube),
                            totals.BENCHMARK, _period(cube), "this study"),
        totals.stated_totals(),
        totals.field_totals(EMPIRICAL_NAME, sr_hr, land_area, totals.EMPIRICAL, words,
                            "doi:10.1046/j.1365-2486.2002.00511.x, "
                            "doi:10.1111/j.1365-2486.2004.00816.x"),
    ]
    inputs, absent, choices = {}, {}, {}
    for model, output, group in _outputs(models, inputs, absent):
        rows = totals.output_totals(output)
        tables.append(rows if group is None else rows.assign(group=group))
        choices[model] = output.attrs["choices"]
        maps[model] = _as_map(output, cube)
    tables += _series(inputs, absent)
    table = pd.concat(tables, ignore_index=True)
    ten_here = sorted(set(table.loc[table["group"] == TEN_AT_HAND, "model"]))
    wide = pools.wide_totals(table[table["provenance"] == totals.COMPUTED])
    profiles = {
        name: {v: zonal.zonal_profile(f, one.area, land_area) for v, f in one.fluxes.items()}
        for name, one in maps.items()
    }
    sites = _site_table(
        maps, needs["02_covariate_assembly"].matched,
        needs["04_stratified_training"].predictions, needs["09_validation"].predictions,
    )
    return {
        "totals": table,
        "bars": table.rename(columns={"variable": "quantity"}).assign(
            provenance=table["provenance"].map(_PLOT_PROVENANCE),
            at_hand=_at_hand(table, ten_here),
        ),
        "means": totals.ensemble_means(table),
        "profiles": _profile_dataset(profiles, climatology, vegetated_area(cube), land_area),
        "sites": sites,
        "biomes": _by_biome(maps, land_area, cube),
        "pools": wide,
        "relations": pools.relations(wide),
        "ten": totals.ten_table(table[table["group"] == TEN_AT_HAND]),
        "spread": _spread(table),
        "variation": _variation(maps, land_area),
        "stands_on": _stands_on(study, maps, words, wide, sites, ten_here),
        "reads": _reads(pools.relations(wide), sites, table),
        "choices": choices,
        "inputs": inputs,
        "absent": absent,
    }


def _period(cube):
    """Years of the maps, in words."""
    if "year" not in cube.dims:
        return "climatology"
    return f"{int(cube['year'][0])}-{int(cube['year'][-1])}"


def comparator_climate(recipe):
    """Monthly climatology of temperature and rain that the empirical comparators are run with.

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


def _empirical(recipe, land):
    """SR, HR and AR of the published empirical models on the study's own climate."""
    tas, pr, words = comparator_climate(recipe)
    sr = raich_2002(tas, pr).where(land > 0)
    hr = bond_lamberty_2004(sr)
    return {"SR": sr, "HR": hr, "AR": sr - hr}, words


def _outputs(folder, inputs, absent):
    """Models whose output is at hand, one after the other: name, output, group of its rows."""
    for model, facts in declared_models()["at_hand"].items():
        if not access.is_available([facts["input"]]):
            absent[model] = f"input {facts['input']} is not at hand"
            continue
        found = access.locate(facts["input"])
        inputs[found.path.name] = found.sha256
        yield model, read_model(found.path, model), None
    if folder is None:
        for model in declared_models()["ten"]:
            absent[model] = "output is not at hand: it is given on request, and no folder is set"
        return
    for model, output, why in read_folder(folder, period=tuple(paper_values()["period"])):
        if output is None:
            absent[model] = why
        else:
            yield model, output, TEN_AT_HAND


def _as_map(output, cube):
    """A model's climatological fluxes on its own land."""
    if "year" in output.dims:
        output = output.mean("year", keep_attrs=True)
    fluxes = {
        v: output[v].assign_attrs(area_basis="land") for v in _FLUXES if v in output
    }
    return _Map(fluxes, (cube["cell_area"] * output["land_fraction"]).transpose("lat", "lon"),
                "land")


def _series(inputs, absent):
    """Totals of the compilations of annual series."""
    tables = []
    for entry, (group, read, more) in _SERIES.items():
        if not access.is_available([entry]):
            absent[entry] = f"input {entry} is not at hand"
            continue
        found = access.locate(entry)
        inputs[found.path.name] = found.sha256
        tables.append(
            totals.series_totals(read(found.path, **more), group, _SERIES_SOURCE[group])
        )
    return tables


def _at_hand(table, ten_here):
    """Whether the row's model has output here; of the ten, those without keep a grey row."""
    stated = table["group"] == "ten models of the paper"
    return ~stated | table["model"].isin(ten_here)


def _profile_dataset(profiles, climatology, area, land_area):
    """Zonal profiles as one dataset over (model, lat), with the benchmark's band."""
    index = pd.Index(list(profiles), name="model")
    out = xr.Dataset()
    like = next(iter(profiles[BENCHMARK_NAME].values()))
    for name in _FLUXES:
        lines = [p.get(name, xr.full_like(like, np.nan)) for p in profiles.values()]
        out[name] = xr.concat(lines, index, coords="minimal", compat="override")
        out[name].attrs = {"units": "g m-2 yr-1", "comment": "of land"}
    out["AR_SR"] = (out["AR"] / out["SR"]).where(out["SR"] > 0)
    out["AR_SR"].attrs = {"units": "1"}
    for name in TARGETS:
        out[f"{name}_mad"] = zonal.zonal_profile(climatology[f"{name}_mad"], area, land_area)
    return out


def _site_table(maps, matched, seen, unseen):
    """RMSE and r at the records, the benchmark in-sample and on studies it has not seen.

    As in the paper, a flux per m2 of land is held against the records as it is.
    """
    rows = []
    for target in TARGETS:
        records = records_of(matched, target)
        cells = records.assign(lat=89.75 - records["row"] / 2, lon=-179.75 + records["col"] / 2)
        held = {
            f"{BENCHMARK_NAME} (ensemble, in-sample)": (seen, "ensemble_all"),
            f"{BENCHMARK_NAME} (unseen studies)": (unseen, "study_cv"),
        }
        for name, (predictions, column) in held.items():
            own = predictions[predictions["target"] == target]
            s = scores(own["flux"], own[column])
            score = {k: s[k] for k in ("rmse", "r", "bias", "n")}
            rows.append({"model": name, "target": target, **score, "at_hand": True})
        for name, one in maps.items():
            if name == BENCHMARK_NAME:
                continue
            row = {"model": name, "target": target, "rmse": np.nan, "r": np.nan, "at_hand": True}
            if target in one.fluxes:
                s = site_scores(one.fluxes[target], cells)
                row |= {k: s[k] for k in ("rmse", "r", "bias", "n")}
            rows.append(row)
        rows += [
            {"model": name, "target": target, "rmse": np.nan, "r": np.nan, "at_hand": False}
            for name in declared_models()["ten"] if name not in maps
        ]
    return pd.DataFrame(rows)


def _by_biome(maps, land_area, cube):
    """SR, HR, AR and AR/SR by biome, per m2 of the same land, with the CV across models."""
    kind = biomes.biome_map(cube["igbp_fraction"])
    means = {
        v: {name: biomes.biome_means(one.fluxes[v].transpose("lat", "lon"), one.area, land_area,
                                     kind)
            for name, one in maps.items() if v in one.fluxes}
        for v in _FLUXES
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
    keep = means["variable"].isin([*_FLUXES, "GPP", "NPP"]) & (means["n"] > 2)
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


def _stands_on(study, maps, climate, wide, sites, ten_here):
    """A sentence for each figure on the data behind it."""
    gridded = [m for m in maps if m not in (BENCHMARK_NAME, EMPIRICAL_NAME)]
    at_hand = ", ".join(gridded) if gridded else "none"
    ten = (
        f"Of the paper's ten, output of {', '.join(ten_here)} is read here." if ten_here else
        "Of the paper's ten no output is at hand: their rows are grey."
    )
    n = {t: int(sites.loc[sites["target"] == t, "n"].max()) for t in TARGETS}
    records = "synthetic records (twin experiment)" if study.is_twin else "records of SRDB v5.0"
    empirical = f"Raich et al. (2002) and Bond-Lamberty et al. (2004) on {climate}"
    if study.is_twin:
        empirical += " (the truth of the twin experiment, so no fair rival in it)"
    counts = wide.groupby("group")["model"].nunique()
    of_groups = ", ".join(f"{g} ({k})" for g, k in counts.items()) or "no model"
    maps_words = f"maps of output at hand: {at_hand}; {empirical}"
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


def _reads(lines, sites, table):
    """What lines across models, scores at the records and totals say, in words."""
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
            out[driver] = "fewer than three models at hand, so no line"
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
    at_hand = table[(table["group"] == "output at hand") & (table["variable"] == "HR")]
    out["at_hand"] = ", ".join(
        f"{m} {v:.1f}" for m, v in zip(at_hand["model"], at_hand["value"])
    ) or "no model output"
    return out


def biomes_of(comparison, quantity):
    """Table of one quantity by biome, as the notebook shows it.

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
    "07_tem_intercomparison", _intercomparison, [assembly, training, validation, mapping]
)
