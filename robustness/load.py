"""What the study takes under load: time, and the most memory of any of its processes.

``python robustness/load.py --what WHAT`` (may be repeated; each is a process of its own):

profile   a whole run (``--profile``, ``--options`` as of ``soilresp run``), notebook by notebook
noted     the same from the provenance of a run that was made (``--run FOLDER``)
quarter   a cube of a quarter of a degree, four times the cells, beside the half-degree one
records   20,000 field records (``--records``), drawn from those of the twin experiment
scores    a folder of 100 half-degree model files (``--models``), and of fewer, to see growth

The last three end with exit code 1 if one takes more memory than `MOST` states. ``--json FILE``
keeps the table; ``--save`` makes the rows of ``profile`` and ``noted`` part of ``data/study/memory.csv``, which tells what a profile takes.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from watch import watch

from soilresp.grid.cells import coordinates
from soilresp.io import tables as committed
from soilresp.io.files import read_json
from soilresp.study.bench import describe_machine

__all__ = ["COLUMNS", "made_models", "many_records", "main"]

HERE = Path(__file__).resolve().parent
COLUMNS = ["profile", "recipe", "observations", "part", "peak_mb", "seconds", "bound_mb"]
"""Of ``data/study/memory.csv``: peak of the largest process, MB; the bound it was given, if any."""


def _watched(command, **environment):
    found = watch([sys.executable, *map(str, command)], env={**os.environ, **environment})
    if found.code:
        raise RuntimeError(f"{command[0]} failed:\n{found.output[-2000:]}")
    return found


def profile(scratch, given):
    """Rows of a whole run, by notebook (list of dict)."""
    folder = scratch / given.profile
    found = _watched(
        ["-m", "soilresp.cli", "run", "--profile", given.profile, "--out", folder, *given.options]
    )
    facts = _facts(folder)
    rows = [
        facts | {"part": part or "the runner", "peak_mb": memory}
        for part, memory in sorted(found.parts.items())
    ]
    return [*rows, facts | {"part": "whole run", "peak_mb": found.process,
                            "seconds": found.seconds}]


def noted(scratch, given):
    """Rows of a run that was made, from its provenance (list of dict)."""
    facts = _facts(given.run)
    notebooks = read_json(given.run / "provenance.json")["notebooks"]
    rows = [
        facts | {"part": name, "peak_mb": of["peak_memory_mb"], "seconds": of["wall_seconds"]}
        for name, of in sorted(notebooks.items()) if of.get("peak_memory_mb")
    ]
    return [*rows, facts | {"part": "whole run", "peak_mb": max(r["peak_mb"] for r in rows),
                            "seconds": sum(r["seconds"] for r in rows)}]


def quarter(scratch, given):
    """Rows of maps at half and at a quarter of a degree (list of dict)."""
    half, fine = scratch / "half.nc", scratch / "quarter.nc"
    build = ["-m", "soilresp.cli", "covariates"]
    _watched([*build, "build", "--recipe", given.recipe, "--out", half])
    refined = _watched([*build, "refine", half, "--out", fine])
    rows = [{"part": "refine a cube", "peak_mb": refined.process, "seconds": refined.seconds}]
    for cube, words in ((half, "half a degree"), (fine, "a quarter of a degree")):
        folder = scratch / cube.stem
        found = _watched(
            [HERE / "small_study.py", folder, "--cube", cube, "--until", "mapping"]
        )
        maps = xr.open_dataset(folder / "results" / "05_global_mapping" / "climatology.nc")
        area = float((maps["cell_area"] * maps["vegetated_fraction"]).sum())
        total = read_json(folder / "results" / "summary.json")["flux"]["SR"]["total"]
        rows.append({
            "part": f"stages 1 to 5 at {words}", "peak_mb": found.process,
            "seconds": found.seconds, "cells": int(maps["SR"].notnull().sum()),
            "vegetated_mkm2": area / 1e12, "SR_pg": total,
        })
    return rows


def many_records(folder, n, seed=0):
    """Maps from so many field records, drawn from those of a twin experiment with other fluxes."""
    import small_study

    from soilresp.study import chapters as workflow
    from soilresp.study.settings import resolve_settings

    small_study.main([str(folder), "--until", "predictor_search"])
    study = resolve_settings(folder)
    made, rng = workflow.assembly.stored(study), np.random.default_rng(seed)
    drawn = made.matched.sample(n, replace=True, random_state=int(rng.integers(2**31)))
    drawn = drawn.assign(flux=drawn["flux"] * rng.lognormal(0, 0.1, n)).reset_index(drop=True)

    class Needs:
        cube, matched = made.cube, drawn

    needs = {"02_covariate_assembly": Needs,
             "03_predictor_search": workflow.predictor_search.stored(study)}
    maps = workflow.mapping.compute(study, needs, n_runs=2, n_trees=10)
    print(json.dumps({t: maps["flux"][t]["total"] for t in ("SR", "HR")}))


def records(scratch, given):
    """Row of maps from many records (list of dict)."""
    code = (f"import sys; sys.path.insert(0, {str(HERE)!r}); import load; "
            f"load.many_records({str(scratch / 'many')!r}, {given.records})")
    found = _watched(["-c", code])
    return [{"part": f"maps from {given.records} records", "peak_mb": found.process,
             "seconds": found.seconds}]


def made_models(folder, n, years=range(2001, 2004)):
    """Write model files of half a degree: a smooth field, and some noise of each model's own."""
    folder.mkdir(parents=True, exist_ok=True)
    grid = coordinates()
    lat = np.deg2rad(grid["lat"].values)[:, np.newaxis]
    smooth = 800 * np.cos(lat) ** 2 * np.ones((1, grid["lon"].size))
    for i in range(n):
        rng = np.random.default_rng([i])
        field = smooth * rng.uniform(0.8, 1.2) + rng.normal(0, 20, (len(years), *smooth.shape))
        file = xr.Dataset(
            {"rh": (("time", "lat", "lon"), field.clip(0).astype(np.float32),
                    {"units": "g C m-2 yr-1", "long_name": "heterotrophic respiration"})},
            {**grid, "time": ("time", [f"{y}-07-01" for y in years])},
        )
        file["time"] = file["time"].astype("datetime64[ns]")
        file.attrs["source_id"] = f"made-{i:03d}"
        file.to_netcdf(folder / f"made-{i:03d}.nc")


def scores(scratch, given):
    """Rows of scoring folders of models (list of dict)."""
    rows = []
    for n in sorted({max(2, given.models // 10), given.models}):
        folder = scratch / f"models-{n}"
        made_models(folder, n)
        found = _watched(["-m", "soilresp.cli", "score", folder, "--name", f"of {n}", "--years",
                          "2001", "2003", "--out", scratch / f"card-{n}"])
        rows.append({"part": f"score {n} models", "peak_mb": found.process,
                     "seconds": found.seconds, "seconds_each": found.seconds / n})
    return rows


def _facts(folder):
    known = read_json(folder / "study.json")
    return {key: known[key] for key in ("profile", "recipe", "observations")}


MOST = {"records": 4_000, "scores": 2_000, "quarter": 8_000}
"""Memory, MB, that the largest process may take: the study on 20,000 records, the scores of 100
models, and 31 years of covariates at a quarter of a degree."""


def holds(what, row):
    """Whether a row is within what is stated for it."""
    return row["peak_mb"] <= MOST.get(what, float("inf"))


WHAT = {f.__name__: f for f in (profile, noted, quarter, records, scores)}
KEPT = ("profile", "noted")


def save(rows):
    """Make rows part of the committed table, in place of those of the same part and bound."""
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    if committed.is_there("memory"):
        had, _ = committed.load_table("memory")
        table = pd.concat([had, table], ignore_index=True)
    table["bound_mb"] = pd.to_numeric(table["bound_mb"])
    keys = ["profile", "recipe", "observations", "part", "bound_mb"]
    table = table.drop_duplicates(keys, keep="last").sort_values(keys, ignore_index=True)
    committed.save_table(
        "memory", table.round({"peak_mb": 0, "seconds": 0}),
        "python robustness/load.py --what profile --save",
        machine=describe_machine(),
    )


def main(arguments=None):
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--what", action="append", choices=WHAT, required=True)
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--recipe", default="embedded")
    parser.add_argument("--run", type=Path, default=Path("runs/standard"))
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=[])
    given = parser.parse_args(arguments)
    every = []
    for what in given.what:
        with tempfile.TemporaryDirectory(prefix="soilresp-load-") as name:
            rows = WHAT[what](Path(name), given)
        for row in rows:
            row["holds"] = "yes" if holds(what, row) else "NO"
        print(f"{what}\n{pd.DataFrame(rows).to_string(index=False, na_rep='')}\n", flush=True)
        every += [row | {"what": what} for row in rows]
    if given.json:
        given.json.write_text(json.dumps(every, indent=1) + "\n", encoding="utf-8")
    if given.save:
        save([row for row in every if row["what"] in KEPT])
    return int(any(row["holds"] == "NO" for row in every))


if __name__ == "__main__":
    sys.exit(main())
