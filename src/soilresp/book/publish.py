"""Take the executed notebooks of a run as the committed ones, and check committed notebooks."""

import hashlib
import json
import re
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from jupytext.compare import NotebookDifference, compare_notebooks

from soilresp.errors import DataError, SoilrespError
from soilresp.io import lock, paths
from soilresp.io.files import read_json, write_aside, write_json
from soilresp.io.versions import versions
from soilresp.study import summary

__all__ = [
    "LARGEST_NOTEBOOK", "check_outputs", "check_pairs", "notebook_names", "publish",
    "read_executed", "run_folder",
]

INJECTED = "injected-parameters"
LARGEST_NOTEBOOK = 2_000_000
"""Bytes that a committed notebook may have."""
_RESULTS_BEGIN, _RESULTS_END = "<!-- results -->", "<!-- /results -->"
_SETTINGS = ("profile", "recipe", "observations", "seed")


def publish(run):
    """Make the executed notebooks of a run the committed ones, and write its totals to the README.

    Cells, their tags and the notebook's metadata come from the ``.py`` file of the pair,
    outputs from the run. ``notebooks/published.json`` gets the settings of the run, the
    versions, and a hash of the code cells of each notebook. All notebooks are checked before
    the first is written.

    Parameters
    ----------
    run : path-like
        Folder of the run.

    Returns
    -------
    list of pathlib.Path
        The notebooks written.

    Raises
    ------
    DataError
        If an executed notebook is missing or its cells differ from the ``.py`` file, if an
        output is an error, a warning, a progress bar, a picture other than PNG, or holds a path
        of this machine, or if another process is using the run.
    """
    run = run_folder(run)
    with lock.hold(run, "make publish"):
        pattern = _machine_paths(run)
        ready = {name: _with_outputs(name, run, pattern) for name in notebook_names()}
        for name, notebook in ready.items():
            with write_aside(_notebook(name)) as aside:
                aside.write_text(jupytext.writes(notebook, fmt="ipynb") + "\n", encoding="utf-8")
        settings = read_json(run / "study.json")
        write_json(_record(), {
            "settings": {key: settings[key] for key in _SETTINGS},
            "versions": versions(),
            "code_cells": {name: _hash_of_code(notebook) for name, notebook in ready.items()},
        })
        _write_results_to_readme(read_json(run / "results" / "summary.json"))
    return [_notebook(name) for name in ready]


def check_pairs():
    """Check that every notebook and its ``.py`` file hold the same cells.

    Returns
    -------
    list of str
        Names of the notebooks, without ending.

    Raises
    ------
    DataError
        If one of a pair is missing or a pair differs; all such pairs are named.
    """
    wrong = []
    for name in notebook_names():
        try:
            compare_notebooks(
                _source(name), jupytext.read(_notebook(name)), fmt="py:percent",
                compare_outputs=False,
            )
        except FileNotFoundError as error:
            wrong.append(f"{name}: {Path(error.filename).name} is missing")
        except NotebookDifference as error:
            wrong.append(f"{name}: {str(error).splitlines()[0]}")
    if wrong:
        raise DataError(
            "Notebooks and their .py files differ; copy the change with "
            "`jupytext --to ipynb --update notebooks/NAME.py`:\n  " + "\n  ".join(wrong)
        )
    return notebook_names()


def check_outputs():
    """Check that the outputs of the committed notebooks are clean and belong to their cells.

    Returns
    -------
    list of str
        Names of the notebooks, without ending.

    Raises
    ------
    DataError
        If a notebook is larger than `LARGEST_NOTEBOOK`, was not executed from top to bottom,
        asks for another kernel than "python3", has an output that `publish` refuses, or has
        other code cells than those that were published; all such notebooks are named.
    """
    pattern, wrong = _machine_paths(paths.root()), []
    published = read_json(_record()).get("code_cells", {}) if _record().exists() else {}
    for name in notebook_names():
        try:
            notebook = _check_notebook(name, pattern)
            if _hash_of_code(notebook) != published.get(name):
                raise DataError(f"{name} has code cells that are not those that were published.")
        except DataError as error:
            wrong.append(str(error))
    if wrong:
        raise DataError(
            "Notebooks have outputs that must not be committed; replace them with "
            "`make publish RUN=runs/NAME`:\n  " + "\n  ".join(wrong)
        )
    return notebook_names()


def _check_notebook(name, pattern):
    """Return a committed notebook; raise at the first fault."""
    path = _notebook(name)
    if path.stat().st_size > LARGEST_NOTEBOOK:
        raise DataError(
            f"{name} has {path.stat().st_size / 1e6:.1f} MB; expected "
            f"{LARGEST_NOTEBOOK / 1e6:.0f} MB at most. Show fewer or smaller figures."
        )
    notebook = nbformat.read(path, as_version=4)
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    if kernel != "python3":
        raise DataError(f"{name} asks for the kernel {kernel!r}; expected 'python3'.")
    code = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    if [c.execution_count for c in code] != list(range(1, len(code) + 1)):
        raise DataError(f"{name} was not executed from its first cell to its last.")
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", ()):
            _check_output(output, pattern, f"{name}, cell {number}")
    return notebook


def notebook_names():
    """Return the names of the notebooks in order, whichever file of the pair exists.

    Returns
    -------
    list of str
    """
    folder = paths.notebooks_dir()
    names = sorted({p.stem for ending in ("py", "ipynb") for p in folder.glob(f"[0-9]*.{ending}")})
    if not names:
        raise DataError(f"{folder} holds no notebooks (files such as 01_NAME.ipynb).")
    return names


def run_folder(run):
    """Return the folder of a run, given relative to the project or in full.

    Parameters
    ----------
    run : path-like

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataError
        If there is no such folder.
    """
    folder = paths.root() / Path(run).expanduser()
    if not folder.is_dir():
        raise DataError(f"There is no run in {run}. Make one with `soilresp run --out {run}`.")
    return folder.resolve()


def read_executed(run, name):
    """Read a run's executed copy of a notebook.

    Parameters
    ----------
    run : pathlib.Path
    name : str

    Returns
    -------
    nbformat.NotebookNode

    Raises
    ------
    DataError
        If it is missing or cannot be read.
    """
    path = run / "notebooks" / f"{name}.ipynb"
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise DataError(
            f"The run in {run} has no executed {name}.ipynb. "
            f"Finish it with `soilresp run --out {run}`."
        ) from None
    except (ValueError, nbformat.ValidationError) as error:
        raise DataError(f"{path} is not a readable notebook ({error}). Run it again.") from None


def _notebook(name):
    return paths.notebooks_dir() / f"{name}.ipynb"


def _source(name):
    return jupytext.read(paths.notebooks_dir() / f"{name}.py", fmt="py:percent")


def _record():
    return paths.notebooks_dir() / "published.json"


def _hash_of_code(notebook):
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()[:16]


def _with_outputs(name, run, pattern):
    """Return the notebook of the ``.py`` file with the outputs of its executed copy."""
    executed = read_executed(run, name)
    try:
        notebook = _source(name)
    except FileNotFoundError:
        raise DataError(f"{name}.py is missing, which {name}.ipynb is paired with.") from None
    executed.cells = [c for c in executed.cells if INJECTED not in c.metadata.get("tags", [])]
    for cell in executed.cells:
        own = {key: cell.metadata.get(key) for key in ("tags", "mystnb")}
        cell.metadata = nbformat.NotebookNode({key: kept for key, kept in own.items() if kept})
    try:
        compare_notebooks(notebook, executed, fmt="py:percent", compare_outputs=False)
    except NotebookDifference as error:
        raise DataError(
            f"{name} was edited after the run: its cells differ from {name}.py. "
            f"Run it again. ({str(error).splitlines()[0]})"
        ) from None
    count = 0
    for number, (cell, ran) in enumerate(zip(notebook.cells, executed.cells, strict=True), 1):
        cell.id = ran.id
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = _outputs(ran, count, pattern, f"{name}, cell {number}")
    notebook.nbformat_minor = executed.nbformat_minor
    language = executed.metadata.get("language_info", {"name": "python"})
    notebook.metadata.language_info = {k: v for k, v in language.items() if k != "version"}
    return notebook


def _outputs(cell, count, pattern, where):
    """Return a cell's outputs, joined and numbered, after checking them."""
    kept = []
    for output in cell.outputs:
        _check_output(output, pattern, where)
        if output.output_type == "execute_result":
            output.execution_count = count
        if kept and output.output_type == kept[-1].output_type == "stream":
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def _check_output(output, pattern, where):
    """Raise if an output must not be committed."""
    if output.output_type == "error":
        raise DataError(f"{where} ends in an error: {output.ename}: {output.evalue}.")
    if output.output_type == "stream":
        if output.name == "stderr" or "\r" in output.text:
            raise DataError(
                f"{where} prints to stderr or shows a progress bar: {output.text[:200]!r}. "
                "Remove the cause and run again."
            )
        text = output.text
    else:
        # Base64 of a picture may spell out any short path by chance.
        kinds = set(output.data) - {"image/png"}
        refused = {k for k in kinds if k.startswith("image/") or "widget" in k}
        if refused:
            raise DataError(f"{where} shows {', '.join(sorted(refused))}; pictures must be PNG.")
        text = json.dumps({kind: output.data[kind] for kind in kinds}).replace("\\\\", "\\")
    found = pattern.search(text)
    if found:
        raise DataError(
            f"{where} shows {found.group(0)!r}, a path of this machine. "
            "Print a path relative to the project and run again."
        )


def _machine_paths(run):
    """Return the pattern of the folders that no committed output may name."""
    folders = {run, paths.root(), Path.cwd(), Path.home(), Path(tempfile.gettempdir())}
    folders |= {Path(sys.prefix), Path(sys.base_prefix) / "lib"}
    names = {str(folder) for folder in folders} - {"/", "."}
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(r"(?<![\w.])(" + "|".join(map(re.escape, longest_first)) + r")(?![\w.-])")


def _write_results_to_readme(totals):
    """Put the totals of a run between the README's markers."""
    readme = paths.root() / "README.md"
    before, begin, rest = readme.read_text(encoding="utf-8").partition(_RESULTS_BEGIN)
    _, end, after = rest.partition(_RESULTS_END)
    if not (begin and end):
        raise DataError(f"{readme} has lost its markers {_RESULTS_BEGIN} and {_RESULTS_END}.")
    words = (
        f"Profile `{totals['profile']}` ({totals['n_runs']} runs of {totals['n_trees']} trees), "
        f"recipe `{totals['recipe']}`, observations `{totals['observations']}`:\n\n"
        f"```text\n{summary.table(totals)}\n```\n"
    )
    with write_aside(readme) as aside:
        aside.write_text(f"{before}{begin}\n{words}{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    try:
        for written in publish(*sys.argv[1:]):
            print(written)
    except SoilrespError as error:
        sys.exit(f"error: {error}")
