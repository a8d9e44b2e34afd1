"""Figures of whole computations, kept so that none of them changes unnoticed.

``python tests/frozen.py`` (with the real inputs at hand) writes ``tests/frozen.json`` anew: after a
change that is meant to move results, and after a look at what has moved. No field record is in
it, only counts, means and sums with random weights.
"""

import json
import math
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from made_benchmark import as_model, made_benchmark

from soilresp.covariates import strata
from soilresp.covariates.build import build_cube
from soilresp.covariates.cube import compare_cubes, correlations, describe, footnotes, refine
from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.recipes import recipe_of
from soilresp.io import fetch as access
from soilresp.models import read_model
from soilresp.records import quality, reported, twin
from soilresp.records.matching import find_cells, training_table
from soilresp.records.quality import report
from soilresp.records.quality.benchmark import (
    WAYS,
    _corrupt,
    _pool,
    _summary,
    clean_records,
    half_of,
)
from soilresp.records.quality.evidence import Evidence
from soilresp.records.selection import Selection, select_records
from soilresp.records.srdb import load_srdb
from soilresp.scoring.maps import score_model

__all__ = ["FILE", "REAL", "OFFLINE", "same"]

FILE = Path(__file__).with_name("frozen.json")

PREDICTORS = ["MAT", "Prec", "LAI", "PAR"]


def numbers(values):
    """How many there are, their mean, and their mean with random weights, which tells places."""
    values = np.asarray(values, float).ravel()
    known = np.isfinite(values)
    weights = np.random.default_rng(values.size).uniform(size=values.size)
    if not known.any():
        return [0]
    return [int(known.sum()), float(values[known].mean()), float((weights * values)[known].mean())]


def words(values):
    """Checksum of texts."""
    return zlib.crc32("\x1e".join(map(str, values)).encode())


def of_table(table):
    """Each column of a table: `numbers` of numbers, `words` of the rest."""
    return {
        str(name): numbers(table[name]) if pd.api.types.is_numeric_dtype(table[name])
        else words(table[name])
        for name in table
    }


def of_dataset(dataset):
    """Each variable of a dataset."""
    return {str(name): numbers(field) for name, field in dataset.variables.items()
            if field.dtype.kind in "fiub"}


def embedded():
    """The cube of the fields that ship with the project, and what is told of it."""
    cube = build_cube("embedded")
    told = describe(cube)
    fine = refine(cube[PREDICTORS[:1] + ["vegetated_fraction", "land_fraction", "cell_area",
                                         "stratum", "igbp_fraction"]].isel(lat=slice(None)))
    shifted = cube.assign({name: 1.1 * cube[name] + 1 for name in PREDICTORS})
    return {
        "cube": of_dataset(cube), "description": of_table(told.drop(columns="hash")),
        "notes": words(footnotes(cube)), "refined": of_dataset(fine),
        "compared": of_table(compare_cubes(cube, shifted)),
        "correlations": of_table(correlations(cube)),
    }


def twins():
    """The records of a twin experiment, matched to the cube, and drawn for two runs."""
    cube = build_cube("embedded")
    records = twin.sample(seed=3)
    matched, told = find_cells(records, cube, PREDICTORS)
    out = {"records": of_table(records), "matched": of_table(matched),
           "told": json.loads(json.dumps(told))}
    shares = strata.area_shares(cube)
    out["shares"] = numbers(shares)
    own = matched[matched["target"] == "HR"]
    out["training"] = of_table(training_table(own, cube, PREDICTORS))
    for draw in ("area", "area_without", "record", "bin"):
        rng = np.random.default_rng(5)
        drawn, held_out = strata.draw_run(own["stratum"].to_numpy(), shares, rng, draw=draw)
        out[draw] = [numbers(drawn), numbers(held_out)]
    return out


def scored():
    """The scores of a made model that is off by some, in places."""
    benchmark = made_benchmark()
    model = as_model(benchmark)
    wave = 1 + 0.2 * np.cos(np.deg2rad(3 * benchmark["lat"]))
    model = model.assign({name: 0.9 * model[name] * wave for name in ("SR", "HR", "AR")})
    return _score(model, benchmark)


def _score(model, benchmark):
    stratum = strata.dominant_stratum(load_embedded()["igbp_fraction"])
    found = score_model(model, benchmark, stratum)
    return {
        "facts": json.loads(json.dumps(found.facts, default=float)),
        "zonal": of_table(found.zonal), "biomes": of_table(found.biomes),
        "maps": of_dataset(found.maps), "profiles": of_dataset(found.profiles),
    }


def flags():
    """What the tests of the field records say of the release."""
    table = load_srdb(access.locate("srdb").path, strip=False)
    found = quality.check_records(table)
    by_test = {
        name: [len(own), numbers(own["record"]), numbers(own["score"]),
               words(own["value"]), words(own["expected"]), words(own["repair"])]
        for name, own in found.groupby("test")
    }
    repaired, told = quality.apply_flags(table, found, "repair")
    return {
        "tests": by_test, "counts": of_table(report.counts(found).reset_index()),
        "suspects": of_table(report.suspects(found).reset_index()),
        "sentences": words(report.sentences(found)),
        "page": words([report.page(found, table, "srdb-data.csv")]),
        "repaired": of_table(repaired), "told": words([told]),
    }


def corrupted():
    """Records that are corrupted to see what the tests notice, and the table of it."""
    table = load_srdb(access.locate("srdb").path, strip=False)
    evidence = Evidence(table)
    clean = clean_records(table) & (half_of(table) == "evaluation")
    pools = {way: _pool(evidence, clean, way) for way in WAYS}
    made, labels = _corrupt(evidence, pools, 5, np.random.default_rng(0))
    labels["found"] = np.arange(len(labels)) % 3 > 0
    labels["repaired"] = np.arange(len(labels)) % 4 == 0
    return {
        "clean": int(clean.sum()), "pools": {way: numbers(rows) for way, rows in pools.items()},
        "made": of_table(made[["Latitude", "Longitude", "Rs_annual", "Rh_annual", "Ra_annual"]]),
        "labels": of_table(labels.reset_index()),
        "summary": of_table(_summary(labels, pools).reset_index()),
    }


def selected():
    """The records that are selected, by several rules, and the steps there."""
    table = load_srdb(access.locate("srdb").path)
    out = {}
    for name, rules in {
        "paper": {}, "no box": {"box": None}, "years": {"years": (1990, 2005)},
        "difference": {"heterotrophic": "difference"},
    }.items():
        records, funnel = select_records(table, Selection(**rules))
        out[name] = [of_table(records), of_table(funnel.reset_index())]
    return out


def delta():
    """The cube of the real covariates in two years, and the records on it."""
    cube = build_cube("delta", {n: access.locate(n).path for n in recipe_of("delta").needs},
                      years=(2001, 2002))
    records, _ = select_records(load_srdb(access.locate("srdb").path))
    matched, told = find_cells(records, cube, [*PREDICTORS, "SOC"])
    pairs = reported.pairs(matched, cube)
    return {
        "cube": of_dataset(cube), "description": of_table(describe(cube).drop(columns="hash")),
        "notes": words(footnotes(cube)), "matched": of_table(matched),
        "told": json.loads(json.dumps(told)), "reported": of_table(pairs),
        "agreement": of_table(reported.agreement(pairs).reset_index()),
        "outliers": of_table(reported.outliers(pairs)),
    }


def casa_cnp():
    """The scores of CASA-CNP against the made benchmark."""
    model = read_model(access.locate("casa_cnp").path)
    return _score(model, made_benchmark())


OFFLINE = {f.__name__: f for f in (embedded, twins, scored)}
REAL = {f.__name__: f for f in (flags, corrupted, selected, delta, casa_cnp)}


def same(found, expected):
    """Where two results differ, numbers by more than a millionth; a list of words."""
    return list(_differences(found, expected, ""))


def _differences(found, expected, place):
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in expected.keys() | found.keys():
            if key not in found or key not in expected:
                yield f"{place}/{key} is in one of them only"
            else:
                yield from _differences(found[key], expected[key], f"{place}/{key}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(found) != len(expected):
            yield f"{place}: {len(found)} instead of {len(expected)}"
        for i, (one, other) in enumerate(zip(found, expected)):
            yield from _differences(one, other, f"{place}[{i}]")
    elif isinstance(expected, float) and isinstance(found, int | float):
        both_missing = math.isnan(expected) and math.isnan(found)
        if not both_missing and not math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9):
            yield f"{place}: {found} instead of {expected}"
    elif found != expected:
        yield f"{place}: {found!r} instead of {expected!r}"


def plain(result):
    """A result as JSON gives it back."""
    return json.loads(json.dumps(result))


if __name__ == "__main__":
    made = {name: plain(function()) for name, function in {**OFFLINE, **REAL}.items()}
    FILE.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")
