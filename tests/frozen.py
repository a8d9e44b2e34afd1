"""Frozen numbers: weighted means of the results of whole computations.

``python tests/frozen.py`` writes ``tests/frozen.json`` anew; it needs the real inputs. Do so after
a change that is meant to change results, and compare the numbers before and after. No field
record is in it.
"""

import json
from pathlib import Path

import numpy as np
from made_benchmark import as_model, made_benchmark

from soilresp.covariates import strata
from soilresp.covariates.build import build_cube
from soilresp.covariates.cube import refine
from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.recipes import recipe_of
from soilresp.io import fetch as access
from soilresp.models import read_model
from soilresp.records import quality, reported, twin
from soilresp.records.matching import find_cells
from soilresp.records.selection import Selection, select_records
from soilresp.records.srdb import load_srdb
from soilresp.scoring.maps import score_model
from soilresp.upscaling import sampling

__all__ = ["FILE", "OFFLINE", "REAL", "NEEDS"]

FILE = Path(__file__).with_name("frozen.json")

PREDICTORS = ["MAT", "Prec", "LAI", "PAR"]


def weighted(values):
    """Return the mean with random weights, which also depends on places and on the number."""
    values = np.asarray(values, float).ravel()
    weights = np.random.default_rng(values.size).uniform(size=values.size)
    known = np.isfinite(values)
    return float((weights * values)[known].mean())


def embedded():
    """Covariates that ship with the project, and refined ones."""
    cube = build_cube("embedded")
    fields = ["vegetated_fraction", "land_fraction", "cell_area", "stratum", "igbp_fraction"]
    fine = refine(cube[["MAT", *fields]])
    names = ["MAT", "Prec", "LAI_GS", "PAR_GS", "RH_GS", "stratum", "vegetated_fraction"]
    return {name: cube[name] for name in names} | {"refined vegetated": fine["vegetated_fraction"]}


def twins():
    """Records of a twin experiment, matched to the cube and drawn."""
    cube = build_cube("embedded")
    records = twin.sample(seed=3)
    matched, _ = find_cells(records, cube, PREDICTORS)
    shares, own = strata.area_shares(cube), matched[matched["target"] == "HR"]
    strata_of = own["stratum"].to_numpy()
    draws = {
        draw: sampling.draw_records(strata_of, shares, np.random.default_rng(5), sampling=draw)[0]
        for draw in ("area", "area_without", "bin")
    }
    return {"flux": records["flux"], "col": matched["col"], "shares": shares} | draws


def scored():
    """Scores of a made model that differs from a made benchmark by a wave."""
    benchmark = made_benchmark()
    model = as_model(benchmark)
    wave = 1 + 0.2 * np.cos(np.deg2rad(3 * benchmark["lat"]))
    model = model.assign({name: 0.9 * model[name] * wave for name in ("SR", "HR", "AR")})
    return _scores(model, benchmark)


def _scores(model, benchmark):
    stratum = strata.dominant_stratum(load_embedded()["igbp_fraction"])
    found = score_model(model, benchmark, stratum)
    own = found.facts["scores"]["HR"]
    return {name: own[name] for name in ("rmse", "sigma_ratio", "rmse_score")} | {
        "total": found.facts["totals"]["HR"], "biomes": found.biomes["rmse"],
        "zonal": found.zonal["bias"], "profile": found.profiles["HR"],
    }


def records():
    """Flags, repairs and selections of the field records."""
    table = load_srdb(access.locate("srdb").path, strip=False)
    found = quality.check_records(table)
    earlier = (found["test"] != "repeated row").sum()
    repaired, _ = quality.apply_flags(table, found, "repair")
    stripped = load_srdb(access.locate("srdb").path)
    rules = {"paper": {}, "no box": {"box": None}, "years": {"years": (1990, 2005)}}
    selected = {k: select_records(stripped, Selection(**r))[0]["flux"] for k, r in rules.items()}
    return selected | {"repaired": repaired["Rs_annual"], "flags": earlier}


def delta():
    """Real covariates in two years, the records on them, and climate that studies report."""
    cube = build_cube("delta", {n: access.locate(n).path for n in recipe_of("delta").needs},
                      years=(2001, 2002))
    own, _ = select_records(load_srdb(access.locate("srdb").path))
    matched, _ = find_cells(own, cube, [*PREDICTORS, "SOC"])
    agreement = reported.agreement(reported.pairs(matched, cube))
    names = ("MAT", "Prec", "PAR", "RH_GS", "SOC")
    return {n: cube[n] for n in names} | {"col": matched["col"], "reported": agreement["rmse"]}


def casa_cnp():
    """Scores of CASA-CNP against the made benchmark."""
    return _scores(read_model(access.locate("casa_cnp").path), made_benchmark())


OFFLINE = {f.__name__: f for f in (embedded, twins, scored)}
REAL = {f.__name__: f for f in (records, delta, casa_cnp)}
NEEDS = {"records": ["srdb"], "delta": ["srdb", *recipe_of("delta").needs],
         "casa_cnp": ["casa_cnp"]}


if __name__ == "__main__":
    made = {
        group: {name: weighted(values) for name, values in compute().items()}
        for group, compute in (OFFLINE | REAL).items()
    }
    FILE.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")
