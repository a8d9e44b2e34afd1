"""Run the study with many sets of parameters, and compare the runs in a table."""

import itertools
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pydantic
from pydantic import conlist

from soilresp.errors import ParameterError, SoilrespError
from soilresp.io import lock, paths
from soilresp.io.files import read_json, write_json, write_text
from soilresp.io.yaml_text import check_content, read_yaml
from soilresp.study import provenance, run
from soilresp.study import settings as studies

__all__ = ["SweepRun", "comparison", "markdown", "read_sweep", "run_sweep"]

SETTINGS = ("profile", "recipe", "observations", "seed")
"""Settings of a run; any other name in a grid is a parameter of the notebooks."""

_DEFAULTS = {"profile": "quick", "recipe": "auto", "observations": "auto", "seed": 0}

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
            "LOKY_MAX_CPU_COUNT")
"""Variables that bound the threads of one run, so that all of them fit."""


class _Settings(pydantic.BaseModel):
    """Part of a sweep file that one run or all of them have."""

    model_config = {"extra": "forbid", "strict": True}
    name: str | None = None
    profile: str | None = None
    recipe: str | None = None
    observations: str | None = None
    seed: int | None = None
    parameters: dict[str, pydantic.JsonValue] = {}


class _File(_Settings):
    """Content of a sweep file."""

    only: list[str | int] = []
    grid: dict[str, conlist(pydantic.JsonValue, min_length=1)] = {}
    runs: list[_Settings] = []


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep.

    Attributes
    ----------
    name : str
        Also the name of its folder.
    settings : dict
        Profile, recipe, observations and seed.
    parameters : dict
        Of the notebooks.
    only : tuple of str
        Notebooks to run; all if empty.
    """

    name: str
    settings: dict[str, Any]
    parameters: dict[str, Any]
    only: tuple = ()


def read_sweep(file):
    """Read a file of parameter sets, and check all of them.

    ``profile``, ``recipe``, ``observations``, ``seed``, ``only`` and ``parameters`` hold for
    every run. ``grid`` gives lists of values, by the name of a setting or a parameter: there
    is a run for each combination. ``runs`` is a list of single runs, each with a
    ``name`` and its own settings and parameters.

    Parameters
    ----------
    file : path-like
        YAML.

    Returns
    -------
    name : str
        ``name`` in the file, else the file's own.
    runs : list of SweepRun

    Raises
    ------
    DataError
        If there is no such file, it is not YAML, or a key or the type of a value is wrong.
    ParameterError
        If a setting, a notebook or a parameter is not known, or two runs have one name.
    """
    file, way_out = Path(file), "Correct the file of the sweep."
    asked = check_content(read_yaml(file, way_out), _File, file, way_out)
    # YAML reads 05 as a number.
    only = tuple(f"{n:02d}" if isinstance(n, int) else n for n in asked.only)
    chosen = run.notebooks(only)
    base = _values(asked)
    singles = [(one.name or f"run-{i}", base | _values(one)) for i, one in enumerate(asked.runs, 1)]
    grid = []
    for values in itertools.product(*asked.grid.values()) if asked.grid else ():
        own = dict(zip(asked.grid, values))
        grid.append(("_".join(f"{k}-{_slug(v)}" for k, v in own.items()), base | own))
    runs = []
    for name, values in [*grid, *singles] or [("run", base)]:
        values = {k: run.as_number(v) for k, v in values.items()}
        settings = {k: v for k, v in values.items() if k in SETTINGS}
        parameters = {k: v for k, v in values.items() if k not in SETTINGS}
        try:
            studies.check_choices(**settings)
            run.check_parameters(parameters, chosen)
        except ParameterError as error:
            raise ParameterError(f"{file}, run {name}: {error}") from None
        runs.append(SweepRun(_slug(name)[:80], _DEFAULTS | settings, parameters, only))
    names = [one.name for one in runs]
    for name in names:
        if not name or names.count(name) > 1:
            raise ParameterError(f"{file}: several runs have the name {name!r}. Rename them.")
    return _slug(asked.name or file.stem), runs


def _values(asked):
    settings = {key: getattr(asked, key) for key in SETTINGS}
    return {k: v for k, v in settings.items() if v is not None} | asked.parameters


def _slug(value):
    words = value if isinstance(value, str) else json.dumps(value)
    return re.sub(r"[^\w.-]+", "", words.replace(" ", "-")).strip(".")


def run_sweep(file, workers=None, out=None):
    """Do the runs of a sweep side by side, and write a table of them.

    Each run is a run folder, in which finished notebooks are left out. A run that fails does
    not stop the others. The table is printed, and written as ``sweep.csv``, ``sweep.json`` and
    ``sweep.md``; it holds no times, so that the same sweep gives the same table.

    Parameters
    ----------
    file : path-like
        See `read_sweep`.
    workers : int, optional
        Runs at a time; default one to a processor. They share the processors evenly.
    out : path-like, optional
        Folder of the run folders; a relative one is below the project folder. Default
        ``runs/sweep-NAME``.

    Returns
    -------
    pandas.DataFrame
        From `comparison`.

    Raises
    ------
    DataError, ParameterError
        See `read_sweep`; or if another process uses the folder.
    SoilrespError
        If runs failed; each is named with its notebook and cell. The others are done.
    """
    name, runs = read_sweep(file)
    folder = studies.run_folder(out or f"runs/sweep-{name}")
    workers = min(workers or os.cpu_count() or 1, len(runs))
    threads = max(1, (os.cpu_count() or 1) // workers)
    with lock.hold(folder, "soilresp sweep"), ThreadPoolExecutor(workers) as pool:
        print(f"{len(runs)} runs, {workers} at a time, into {os.path.relpath(folder)}", flush=True)
        try:
            outcomes = list(pool.map(lambda one: _run_one(one, folder / one.name, threads), runs))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        table = comparison(runs, outcomes)
        csv = table.to_csv(index=False, float_format="%.10g", lineterminator="\n")
        write_text(folder / "sweep.csv", csv)
        write_text(folder / "sweep.md", f"{markdown(table)}\n")
        write_json(folder / "sweep.json", {"name": name, "runs": {
            one.name: asdict(one) | {"failure": failure} | _figures(summary)
            for one, (summary, failure) in zip(runs, outcomes)
        }})
    print(f"\n{markdown(table)}\n\n{os.path.relpath(folder / 'sweep.csv')}")
    failed = [f"  {one.name}: {failure}" for one, (_, failure) in zip(runs, outcomes) if failure]
    if failed:
        raise SoilrespError(f"{len(failed)} of {len(runs)} runs failed:\n" + "\n".join(failed))
    return table


def _run_one(one, folder, threads):
    """Do one run in a process of its own; return its summary and failure, one of them None."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "soilresp.cli", "run", "--changed", "--out", str(folder)]
    for key, value in one.settings.items():
        command += [f"--{key}", str(value)]
    for number in one.only:
        command += ["--only", number]
    for key, value in one.parameters.items():
        # JSON is YAML, and leaves no doubt of what is a string.
        command += ["-p", f"{key}={json.dumps(value)}"]
    environment = {key: str(threads) for key in _THREADS} | os.environ
    environment |= {run.PARENT_VARIABLE: str(os.getpid()), "SOILRESP_HOME": str(paths.root())}
    for key in ("SOILRESP_PROFILE", "SOILRESP_RUN", "SOILRESP_DEBUG"):
        environment.pop(key, None)
    with open(folder / "log.txt", "w", encoding="utf-8") as log:
        code = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            env=environment, check=False,
        ).returncode
    print(f"{one.name}: {'FAILED' if code else 'done'}", flush=True)
    return (None, _failure(folder)) if code else (read_json(folder / "results/summary.json"), None)


def _failure(folder):
    """Return notebook, cell and error of a failed run, or the message that it ended with."""
    said = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip()
    for record in provenance.read(folder)["notebooks"].values():
        if record["status"] == "failed" and record["error"]["what"] in said:
            found = record["error"]
            return f"{found['notebook']}, cell {found['cell']} (`{found['line']}`): {found['what']}"
    return said.rpartition("error: ")[2].partition("\n")[0]


def comparison(runs, outcomes):
    """Compare settings that differ, records, totals and scores of runs.

    Parameters
    ----------
    runs : list of SweepRun
    outcomes : list of tuple
        For each run its summary (as in ``results/summary.json``) and its failure in words, one
        of them None.

    Returns
    -------
    pandas.DataFrame
        A row for each run, in their order. SR, HR and AR in Pg C yr-1; ``r2`` and ``rmse``
        (g C m-2 yr-1) on records out of bag and on studies left out. Columns in which no run
        has a value are left out.
    """
    asked = [one.settings | one.parameters for one in runs]
    names = dict.fromkeys(name for values in asked for name in values)
    differing = [n for n in names if any(values.get(n) != asked[0].get(n) for values in asked)]
    rows = []
    for one, values, (summary, failure) in zip(runs, asked, outcomes):
        shown = {n: values.get(n) for n in differing}
        shown = {n: json.dumps(v) if isinstance(v, dict | list) else v for n, v in shown.items()}
        rows.append({"run": one.name, **shown, **_figures(summary), "status": failure or "done"})
    table = pd.DataFrame(rows)
    return table.drop(columns=[c for c in table if table[c].isna().all()])


def _figures(summary):
    summary = summary or {}
    records, validation = summary.get("records") or {}, summary.get("validation") or {}
    row = {f"records_{t}": records.get(t) for t in ("SR", "HR")}
    row |= {f: (summary.get("flux") or {}).get(f, {}).get("total") for f in ("SR", "HR", "AR")}
    row["AR_SR"] = summary.get("AR_SR")
    for target in ("SR", "HR"):
        for scheme, words in (("oob", "oob"), ("study_cv", "study")):
            scores = (validation.get(target) or {}).get(scheme) or {}
            row |= {f"{target}_{key}_{words}": scores.get(key) for key in ("r2", "rmse")}
    return row


def markdown(table):
    """Return a table of a sweep in Markdown, with rounded numbers.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    str
    """
    rows = [list(table), ["---"] * table.shape[1]]
    rows += [[_cell(*pair) for pair in zip(table, row)] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _cell(column, value):
    if pd.isna(value):
        return ""
    if column.startswith("records_"):
        return f"{value:.0f}"
    if not isinstance(value, float) or value == round(value):
        return str(value).replace("|", r"\|")
    return f"{value:.{2 if column in ('SR', 'HR', 'AR') else 1 if 'rmse' in column else 4}f}"
