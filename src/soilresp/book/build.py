"""Build the book from notebooks that hold their outputs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from soilresp.book.publish import INJECTED, notebook_names, read_executed, run_folder
from soilresp.errors import DataError
from soilresp.io import paths

__all__ = ["build"]

COPIED = ("_config.yml", "_toc.yml", "book", "tools", "CHANGELOG.md", "data/README.md",
          "data/benchmark")
"""Files and folders that the pages of a run's book need, include or offer for download."""
COMMAND = (sys.executable, "-c", "from jupyter_book.cli.main import main; main()")
_SHOWN_COMPLAINTS = 12


def build(run=None, out=None, strict=True):
    """Build the book as web pages.

    Nothing is executed: the pages show the outputs that the notebooks hold.

    Parameters
    ----------
    run : path-like, optional
        Folder of a run. Its executed notebooks take the place of the committed
        ones, and the book is put into ``run/book``.
    out : path-like, optional
        Folder that gets ``_build/html``; by default the project folder, or
        ``run/book`` with `run`.
    strict : bool
        Treat a warning of the build as an error.

    Returns
    -------
    pathlib.Path
        The first page, ``index.html``.

    Raises
    ------
    DataError
        If a notebook of the run is missing, or the build fails; the message
        holds the first complaints and names the log.
    """
    source = paths.root() if run is None else _copy_pages(run_folder(run))
    target = source if out is None else Path(out).expanduser().resolve()
    log = target / "_build" / "build.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # A fresh environment (--all): the numbers glued into a page come from other
    # pages, so an unchanged page may still have to change.
    arguments = ["build", str(source), "--path-output", str(target), "--all"]
    if strict:
        arguments += ["--warningiserror", "--keep-going"]
    done = subprocess.run(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
        cwd=source,
        check=False,
    )
    printed = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    log.write_text(printed, encoding="utf-8")
    index = target / "_build" / "html" / "index.html"
    if done.returncode or not index.exists():
        raise DataError(f"The book could not be built:\n{_complaints(printed)}\nThe log is {log}.")
    return index


def _copy_pages(run):
    """Copy the project's pages and the run's notebooks into the folder of the run's book."""
    source = run / "book"
    executed = {name: _for_reading(read_executed(run, name)) for name in notebook_names()}
    for part in (*COPIED, "notebooks"):
        target = source / part
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    for part in COPIED:
        origin, target = paths.root() / part, source / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, target)
        elif origin.exists():
            shutil.copyfile(origin, target)
    (source / "notebooks").mkdir()
    for name, notebook in executed.items():
        nbformat.write(notebook, source / "notebooks" / f"{name}.ipynb")
    return source


def _for_reading(notebook):
    """Fold the cell of a run's own parameters and drop records of the execution."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        if INJECTED in cell.metadata.get("tags", []):
            prompt = "Parameters of this run"
            cell.metadata.tags = [INJECTED, "hide-cell"]
            cell.metadata.mystnb = {"code_prompt_show": prompt, "code_prompt_hide": prompt}
    return notebook


def _complaints(printed):
    """Return the warnings and errors of a build, else the last lines that it printed."""
    lines = [line for line in printed.splitlines() if line.strip()]
    found = [line for line in lines if re.search(r"\b(WARNING|ERROR|CRITICAL)\b", line)]
    shown = found[:_SHOWN_COMPLAINTS] or lines[-_SHOWN_COMPLAINTS:]
    return "\n".join(f"  {line}" for line in shown)
