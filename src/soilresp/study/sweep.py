"""The study with many sets of parameters, side by side, and a table that compares them."""

import itertools
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from soilresp.errors import DataError, ParameterError, SoilrespError
from soilresp.io import lock, paths
from soilresp.io.files import read_json, write_aside, write_json
from soilresp.io.yaml_text import YamlError, parse_yaml
from soilresp.study import provenance, run, summary
from soilresp.study import settings as studies

__all__ = ["One", "compare", "markdown", "read_sweep", "run_sweep"]

SETTINGS = ("profile", "recipe", "observations", "seed")
"""Settings of a run; any other name in a grid is a parameter of the notebooks."""

_DEFAULTS = {"profile": "quick", "recipe": "auto", "observations": "auto", "seed": 0}

_KEYS = ("name", *SETTINGS, "only", "parameters", "grid", "runs")

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
            "LOKY_MAX_CPU_COUNT")
"""Variables that hold the threads of one run down, so that all of them fit."""


@dataclass(frozen=True)
class One:
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
    settings: dict
    parameters: dict
    only: tuple = ()


# ---------------------------------------------------------------- what is asked for


def read_sweep(file):
    """Read a file of parameter sets, and check all of them.

    ``profile``, ``recipe``, ``observations``, ``seed``, ``only`` and ``parameters`` hold for
    every run. ``grid`` gives lists of values, by the name of a setting or a parameter: there
    is a run for each combination. ``runs`` is a list of runs by themselves, each with a
    ``name`` and what it has of its own.

    Parameters
    ----------
    file : path-like
        YAML.

    Returns
    -------
    name : str
        ``name`` in the file, else the file's own.
    runs : list of One

    Raises
    ------
    DataError
        If there is no such file, or it is not YAML.
    ParameterError
        If a key, a setting, a notebook or a parameter is not known, or there is no run.
    """
    file = Path(file)
    try:
        asked = parse_yaml(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror}).") from None
    except (UnicodeDecodeError, YamlError) as error:
        raise DataError(f"{file} is not YAML: {error}.") from None
    try:
        json.dumps(asked, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ParameterError(
            f"{file} holds a value that is neither text, a finite number, true, false, a list nor "
            "names with such values. Put it between quotes if it is text, such as a date."
        ) from None
    _check_keys(file, asked, _KEYS, "the file")
    name = str(asked.get("name", file.stem))
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ParameterError(f"{file}: name {name!r} cannot name a folder.")
    only = _only(file, asked.get("only", ()))
    chosen = run.notebooks(only)
    common = {key: asked[key] for key in SETTINGS if key in asked}
    base = _Set(common, _mapping(file, asked.get("parameters"), "parameters"))
    known = set().union(*run.known_parameters(chosen).values())
    runs = [
        *_of_grid(file, base, _mapping(file, asked.get("grid"), "grid"), known),
        *_of_list(file, base, asked.get("runs") or []),
    ]
    if not runs and "grid" not in asked and "runs" not in asked:
        runs = [("run", base)]
    if not runs:
        raise ParameterError(f"{file} asks for no run: give `grid` or `runs` a value.")
    made = []
    for own, one in _named_apart(runs):
        try:
            studies.check_choices(**one.settings)
            run.check_parameters(one.parameters, chosen)
        except ParameterError as error:
            raise ParameterError(f"{file}, run {own}: {error}") from None
        made.append(One(own, _DEFAULTS | one.settings, one.parameters, only))
    return name, made


@dataclass(frozen=True)
class _Set:
    settings: dict
    parameters: dict

    def __or__(self, other):
        return _Set(self.settings | other.settings, self.parameters | other.parameters)


def _check_keys(file, content, keys, where):
    if not isinstance(content, dict):
        raise ParameterError(f"{file}: {where} must hold names with values, one to a line.")
    for key in content:
        if key not in keys:
            raise ParameterError(
                f"{file}: unknown {key!r} in {where}; known are {', '.join(keys)}."
            )


def _mapping(file, content, where):
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ParameterError(f"{file}: {where} must hold names with values, one to a line.")
    return {key: run.as_number(value) for key, value in content.items()}


def _only(file, names):
    if not isinstance(names, list | tuple):
        raise ParameterError(f"{file}: only must be a list of notebooks, such as [\"01\", \"05\"].")
    # YAML takes 05 for a number.
    return tuple(f"{n:02d}" if type(n) is int else str(n) for n in names)


def _of_grid(file, base, grid, known):
    for key, values in grid.items():
        if key not in SETTINGS and key not in known:
            raise ParameterError(
                f"{file}: grid has {key!r}, which is neither a setting ({', '.join(SETTINGS)}) "
                f"nor a parameter of the notebooks ({', '.join(sorted(known))})."
            )
        if not isinstance(values, list) or not values:
            raise ParameterError(f"{file}: grid.{key} must be a list of values.")
    for values in itertools.product(*grid.values()) if grid else ():
        chosen = {k: run.as_number(v) for k, v in zip(grid, values, strict=True)}
        one = base | _Set(
            {k: v for k, v in chosen.items() if k in SETTINGS},
            {k: v for k, v in chosen.items() if k not in SETTINGS},
        )
        yield "_".join(f"{k}-{_slug(v)}" for k, v in chosen.items()), one


def _of_list(file, base, runs):
    if not isinstance(runs, list):
        raise ParameterError(f"{file}: runs must be a list.")
    for number, content in enumerate(runs, 1):
        where = f"run {number} of runs"
        _check_keys(file, content, ("name", *SETTINGS, "parameters"), where)
        own = _Set(
            {key: content[key] for key in SETTINGS if key in content},
            _mapping(file, content.get("parameters"), f"parameters of {where}"),
        )
        yield _slug(content.get("name", f"run-{number}")), base | own


def _slug(value):
    words = value if isinstance(value, str) else json.dumps(value)
    return re.sub(r"[^\w.-]+", "", words.replace(" ", "-")).strip(".")[:60]


def _named_apart(runs):
    """Names that folders can have, no two the same."""
    taken = set()
    for number, (name, one) in enumerate(runs, 1):
        name = name if name and len(name) <= 80 else f"run-{number}"
        if name in taken:
            name = f"{name}-{number}"
        taken.add(name)
        yield name, one


# ---------------------------------------------------------------- the runs


def run_sweep(file, workers=None, out=None):
    """Do the runs of a sweep side by side, and write a table of them.

    Each run is a run folder; what is up to date in it is left out. A run that fails does not
    stop the others. The table is printed, and written as ``sweep.csv``, ``sweep.json`` and
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
        From `compare`.

    Raises
    ------
    DataError, ParameterError
        See `read_sweep`; or if another process has the folder.
    SoilrespError
        If runs failed; each is named with its notebook and cell. The others are done.
    """
    name, runs = read_sweep(file)
    folder = studies.run_folder(out or f"runs/sweep-{name}")
    processors = _processors()
    workers = min(workers or processors, len(runs))
    with lock.hold(folder, "soilresp sweep"):
        print(f"{len(runs)} runs, {workers} at a time, into {_shown(folder)}", flush=True)
        threads = max(1, processors // workers)
        done = {}
        for one in runs:
            if outcome := _fresh(one, folder / one.name):
                done[one.name] = outcome
                print(f"{one.name}: {_told(outcome)}", flush=True)

        def do(one):
            start = time.monotonic()
            done[one.name] = outcome = _run_one(one, folder / one.name, threads)
            print(f"[{len(done)}/{len(runs)}] {one.name}: {_told(outcome)}; "
                  f"{time.monotonic() - start:.0f} s", flush=True)

        with ThreadPoolExecutor(workers) as pool:
            try:
                list(pool.map(do, [one for one in runs if one.name not in done]))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        table = compare(runs, {one.name: done[one.name] for one in runs})
        _write(name, runs, table, done, folder)
    print(f"\n{markdown(table)}\n\n{_shown(folder / 'sweep.csv')}")
    failed = [one.name for one in runs if done[one.name]["failure"]]
    if failed:
        lines = [f"  {name}: {_failure(done[name]['failure'])}" for name in failed]
        raise SoilrespError(f"{len(failed)} of {len(runs)} runs failed:\n" + "\n".join(lines))
    return table


def _processors():
    has = getattr(os, "sched_getaffinity", None)
    return len(has(0)) if has else os.cpu_count() or 1


def _fresh(one, folder):
    """The outcome of a run of which nothing has to be done, found without starting it."""
    if not (folder / "study.json").exists():
        return None
    try:
        with lock.hold(folder, "soilresp sweep"):
            study = studies.resolve_settings(folder, **one.settings)
            if run.outdated(run.notebooks(one.only), study, one.parameters):
                return None
            found = summary.write(study)
    except SoilrespError:
        # The run itself will say it.
        return None
    kept = [file.stem for file in run.notebooks(one.only)]
    return {"ran": {}, "kept": kept, "failure": None, "summary": found}


def _run_one(one, folder, threads):
    """Do one run in a process of its own, and say what came of it."""
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
    before = provenance.read(folder)["notebooks"]
    log = folder / "log.txt"
    with open(log, "w", encoding="utf-8") as stream:
        code = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
            env=environment, check=False,
        ).returncode
    after = provenance.read(folder)["notebooks"]
    ran = {n: record["why"] for n, record in after.items() if before.get(n) != record}
    failure, found = None, None
    if code:
        errors = [record["error"] for n, record in after.items()
                  if n in ran and record["status"] == "failed"]
        failure = errors[0] if errors else _last_words(log, code)
    else:
        found = read_json(folder / "results" / "summary.json")
    wanted = {file.stem for file in run.notebooks(one.only)}
    kept = [] if code else sorted(wanted - set(ran))
    return {"ran": ran, "kept": kept, "failure": failure, "summary": found}


def _last_words(log, code):
    """A failure before or between notebooks, by the run's own message."""
    text = log.read_text(encoding="utf-8", errors="replace")
    said = text.rpartition("error: ")[2].strip() if "error: " in text else ""
    what = said.splitlines()[0] if said else f"it ended with code {code}"
    return {"notebook": None, "cell": None, "line": None, "what": what}


def _failure(failure):
    where = failure["notebook"] or "before the first notebook"
    where += f", cell {failure['cell']}" if failure["cell"] else ""
    where += f" (`{failure['line']}`)" if failure["line"] else ""
    return f"{where}: {failure['what']}"


def _told(outcome):
    """What a run did, in a line."""
    by_reason = {}
    for name, why in outcome["ran"].items():
        by_reason.setdefault(why, []).append(name.partition("_")[0])
    parts = [f"ran {', '.join(names)} ({why})" for why, names in by_reason.items()]
    if outcome["kept"]:
        parts.append(f"up to date {', '.join(n.partition('_')[0] for n in outcome['kept'])}")
    if outcome["failure"]:
        parts.append("FAILED")
    return "; ".join(parts) or "nothing to do"


def _shown(path):
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


# ---------------------------------------------------------------- the table


def compare(runs, outcomes):
    """Settings that differ, records, totals and scores of the runs.

    Parameters
    ----------
    runs : list of One
    outcomes : dict of dict
        By name of the run: ``summary`` (as in ``results/summary.json``, or None) and
        ``failure``.

    Returns
    -------
    pandas.DataFrame
        A row for each run, in their order. SR, HR and AR in Pg C yr-1; ``r2`` and ``rmse``
        (g C m-2 yr-1) on records out of bag and on studies left out. Columns in which no run
        has a value are left out.
    """
    rows = []
    for one in runs:
        asked = one.settings | one.parameters
        row = {"run": one.name} | {
            key: _plain(asked.get(key)) for key in _differing(runs)
        }
        outcome = outcomes[one.name]
        rows.append(row | _figures(outcome["summary"]) | {
            "status": _failure(outcome["failure"]) if outcome["failure"] else "done",
        })
    table = pd.DataFrame(rows)
    return table.drop(columns=[c for c in table if table[c].isna().all()])


def _differing(runs):
    every = [one.settings | one.parameters for one in runs]
    names = dict.fromkeys(key for asked in every for key in asked)
    return [n for n in names if any(asked.get(n) != every[0].get(n) for asked in every)]


def _plain(value):
    return json.dumps(value) if isinstance(value, dict | list) else value


def _figures(found):
    found = found or {}
    records, validation = found.get("records") or {}, found.get("validation") or {}
    row = {f"records_{t}": records.get(t) for t in ("SR", "HR")}
    row |= {f: (found.get("flux") or {}).get(f, {}).get("total") for f in ("SR", "HR", "AR")}
    row["AR_SR"] = found.get("AR_SR")
    for target in ("SR", "HR"):
        for scheme, words in (("oob", "oob"), ("study_cv", "study")):
            scores = (validation.get(target) or {}).get(scheme) or {}
            row |= {f"{target}_{key}_{words}": scores.get(key) for key in ("r2", "rmse")}
    return row


def markdown(table):
    """A table of a sweep in Markdown, numbers rounded for reading.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    str
    """
    rows = [list(table), ["---"] * table.shape[1]]
    rows += [[_cell(c, v) for c, v in zip(table, row, strict=True)]
             for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _cell(column, value):
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if column.startswith("records_"):
        return f"{value:.0f}"
    if not isinstance(value, float) or value == round(value):
        return str(value).replace("|", r"\|")
    return f"{value:.{2 if column in ('SR', 'HR', 'AR') else 1 if 'rmse' in column else 4}f}"


def _write(name, runs, table, done, folder):
    with write_aside(folder / "sweep.csv") as aside:
        table.to_csv(aside, index=False, float_format="%.10g", lineterminator="\n")
    with write_aside(folder / "sweep.md") as aside:
        aside.write_text(f"{markdown(table)}\n", encoding="utf-8")
    write_json(folder / "sweep.json", {
        "name": name,
        "runs": {
            one.name: {
                "settings": one.settings, "parameters": one.parameters, "only": one.only,
                "failure": done[one.name]["failure"], **_figures(done[one.name]["summary"]),
            }
            for one in runs
        },
    })
