"""What the scripts of this folder share: things to do, processes to kill, files to compare."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil

from soilresp.io import paths
from soilresp.study.chapters import STAGES

__all__ = [
    "PROJECT", "Task", "ensemble", "covariates", "score", "export", "study", "small_run",
    "small_study", "start", "whole", "kill", "contents", "leftovers", "markdown",
]

PROJECT = Path(__file__).resolve().parents[1]

LEFTOVER = re.compile(r"\..*\.[0-9a-f]{4}-\d+\.(tmp|old)|\.fetch-.*|\..*\.running\.ipynb")
"""Names of what is being written; see `soilresp.io.files`."""

NOT_COMPARED = {
    "provenance.json": "start, seconds and memory of every notebook and stage",
    ".lock": "process that writes into the folder; gone when that is done",
}
"""Files that differ from run to run by design, and what is in them."""

NOT_IN_NOTE = ("seconds", "why")
"""What a stage's note says of the one time that it was made."""


@dataclass(frozen=True)
class Task:
    """One command, made to write into a folder.

    Attributes
    ----------
    name : str
    command : callable
        From the folder to the list of arguments.
    environment : dict
    """

    name: str
    command: callable
    environment: dict = field(default_factory=dict)


def soilresp(*arguments):
    """Arguments that start the project's command."""
    return [sys.executable, "-m", "soilresp.cli", *map(str, arguments)]


def ensemble():
    """The maps of both fluxes of a small made-up world, 40 runs each, saved after every one."""
    program = PROJECT / "tests" / "small_map.py"
    return Task(
        "ensemble", lambda folder: [sys.executable, str(program), str(folder)],
        {"SOILRESP_SAVE_EVERY": "0"},
    )


def covariates(ending):
    """A half-degree cube of the fields that ship with the project."""
    return Task(
        f"covariates {ending}",
        lambda folder: soilresp(
            "covariates", "build", "--recipe", "embedded", "--out", folder / f"cube{ending}"
        ),
    )


def score(model, benchmark):
    """The scorecard of a model's file."""
    return Task(
        "score", lambda folder: soilresp("score", model, "--benchmark", benchmark, "--out", folder)
    )


def export(file_format, run):
    """The maps of a run in one format."""
    return Task(
        f"export {file_format}",
        lambda folder: soilresp(
            "export", "--run", run, "--format", file_format, "--out", folder
        ),
    )


def study(home, only=("01", "02"), *options):
    """A run of `small_study` (twin experiment, embedded fields)."""
    chosen = [part for name in only for part in ("--only", name)]
    return Task(
        "soilresp run",
        lambda folder: soilresp(
            "run", "--recipe", "embedded", "--observations", "twin", "--profile", "quick",
            "--seed", 0, "--out", folder, *chosen, *options,
        ),
        {"SOILRESP_HOME": str(home)},
    )


def small_run(work):
    """Folder below `work` of a run of `small_study` with few maps, made if need be."""
    run = work / "run"
    if not run.exists():
        options = ("-p", "n_runs=3", "-p", "n_trees=10")
        whole(study(small_study(work), ("05_global_mapping",), *options), run)
    return run


def small_study(work):
    """Lay out a project with the study's stages, but notebooks without figures.

    Parameters
    ----------
    work : pathlib.Path
        Folder in which it is made, if it is not there; its committed data are this project's.

    Returns
    -------
    pathlib.Path
        Folder of the project.
    """
    home = work / "project"
    if home.exists():
        return home
    (home / "notebooks").mkdir(parents=True)
    (home / "data").symlink_to(paths.data_dir())
    for stage in STAGES:
        notebook = nbformat.v4.new_notebook()
        given = "n_runs = None\nn_trees = None\n" if "n_runs" in stage.settings else ""
        cells = [
            f"profile = None\nrun = None\n{given}",
            "from soilresp import notebook, workflow\n"
            "study = notebook.open_study(profile, run)",
            f"stage = {{s.name: s for s in workflow.STAGES}}[{stage.name!r}]\n"
            f"made = stage(study{', n_runs=n_runs, n_trees=n_trees' if given else ''})",
            "sorted(made.settings)",
        ]
        notebook.cells = [
            nbformat.v4.new_code_cell(text, id=f"cell-{i}") for i, text in enumerate(cells)
        ]
        notebook.cells[0].metadata["tags"] = ["parameters"]
        notebook.metadata["kernelspec"] = {
            "name": "python3", "language": "python", "display_name": "Python 3"
        }
        nbformat.write(notebook, home / "notebooks" / f"{stage.name}.ipynb")
    return home


def start(task, folder):
    """Start a task in a process group of its own (`subprocess.Popen`), its output in a pipe."""
    # A fixed time, so that what is compared does not hold the present one.
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1000000000"} | task.environment
    return subprocess.Popen(
        task.command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, env=environment, cwd=PROJECT, start_new_session=True, text=True,
    )


def whole(task, folder):
    """Do a task to its end.

    Returns
    -------
    float
        Seconds.
    """
    begin = time.monotonic()
    process = start(task, folder)
    _, said = process.communicate()
    if process.returncode:
        sys.exit(f"{task.name} ended with {process.returncode}:\n{said}")
    return time.monotonic() - begin


def kill(process):
    """SIGKILL a process, all that it has started, and their group.

    Returns
    -------
    bool
        False if it had ended by itself.
    """
    try:
        # Stopped, it starts no other one while we look for those it has.
        os.kill(process.pid, signal.SIGSTOP)
        started = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, psutil.NoSuchProcess):
        started = []
    for other in started:
        try:
            other.kill()  # a kernel is in a group of its own
        except psutil.NoSuchProcess:
            pass
    psutil.wait_procs(started, timeout=10)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def contents(folder):
    """Checksum of each file below a folder, by its path; what is being written is left out.

    Of executed notebooks the sources and the outputs other than print count (what they print
    tells which results were made now), of a stage's note all but `NOT_IN_NOTE`.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_dir() or any(LEFTOVER.fullmatch(part) for part in inside.parts):
            continue
        # An export has a provenance.json without times.
        of_run = path.name != "provenance.json" or (folder / "study.json").exists()
        if inside.as_posix() in NOT_COMPARED and of_run or inside.parts[0] == "unfinished":
            continue
        content = path.read_bytes()
        if path.name == "stage.json":
            note = json.loads(content)
            content = json.dumps({k: note[k] for k in note if k not in NOT_IN_NOTE}).encode()
        elif path.suffix == ".ipynb":
            cells = nbformat.reads(content.decode(), as_version=4).cells
            content = json.dumps([_lasting(cell) for cell in cells], sort_keys=True).encode()
        found[inside.as_posix()] = hashlib.sha256(content).hexdigest()
    return found


def _lasting(cell):
    outputs = [o for o in cell.get("outputs", ()) if o["output_type"] != "stream"]
    # The folder of the run is one of its parameters.
    injected = "injected-parameters" in cell.metadata.get("tags", ())
    return {"source": None if injected else cell.source, "outputs": outputs}


def leftovers(folder):
    """Paths below a folder that are names of what is being written."""
    found = []
    for inside, folders, files in os.walk(folder):
        found += [Path(inside, n) for n in (*folders, *files) if LEFTOVER.fullmatch(n)]
    return [path.relative_to(folder) for path in found]


def markdown(rows):
    """Dictionaries with the same keys as a Markdown table."""
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *([str(row[k]) for k in head] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
