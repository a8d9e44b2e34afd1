"""Stage 7: models against the maps."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.compare import regrid, totals, zonal
from soilresp.compare.sites import site_scores
from soilresp.data import access
from soilresp.data.embedded import load_embedded
from soilresp.fit.validate import scores
from soilresp.load.models import (
    declared_models,
    read_cmip6_global,
    read_isimip_global,
    read_testbed,
)
from soilresp.predict.maps import vegetated_area
from soilresp.prepare.climate_response import bond_lamberty_2004, raich_2002
from soilresp.prepare.observations import TARGETS
from soilresp.stages import Stage
from soilresp.workflow.assembling import assembly
from soilresp.workflow.common import records_of
from soilresp.workflow.learning import training
from soilresp.workflow.upscaling import mapping
from soilresp.workflow.validating import validation

__all__ = ["BENCHMARK_NAME", "intercomparison"]


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
    seen = needs["04_stratified_training"].predictions
    unseen = needs["09_validation"].predictions
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
        "sites": _site_table(fields, matched, seen, unseen),
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


def _site_table(fields, matched, seen, unseen):
    """RMSE and r at the records, the benchmark in-sample and on studies it has not seen."""
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
            rows.append({"model": name, "target": target, **score})
        for name, by_flux in fields.items():
            if name == BENCHMARK_NAME:
                continue
            row = {"model": name, "target": target, "rmse": np.nan, "r": np.nan}
            if target in by_flux:
                s = site_scores(by_flux[target], cells)
                row |= {k: s[k] for k in ("rmse", "r", "bias", "n")}
            rows.append(row)
    return pd.DataFrame(rows)


intercomparison = Stage(
    "07_tem_intercomparison", _intercomparison, [assembly, training, validation, mapping]
)
