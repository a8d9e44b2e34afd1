"""The book: built from notebooks with outputs, which `publish` takes from a run."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from itertools import cycle, groupby
from pathlib import Path
from urllib.parse import urlsplit

import jupytext
import nbformat
from docutils import nodes
from jupytext.compare import NotebookDifference, compare_notebooks
from sphinx.util.docutils import SphinxDirective

from soilresp.book import published, site
from soilresp.errors import DataError
from soilresp.io import lock, paths, registry
from soilresp.io.files import read_json, write_aside
from soilresp.study import settings as studies

__all__ = ["build", "publish", "check_pairs", "check_outputs", "setup"]

PARTS = ("_config.yml", "_toc.yml", "book")
# What pages include or offer for download.
BESIDE = ("CHANGELOG.md", "data/README.md", "data/benchmark")
INJECTED = "injected-parameters"
_RESULTS_BEGIN, _RESULTS_END = "<!-- results -->", "<!-- /results -->"
LARGEST_NOTEBOOK = 2_000_000
"""Bytes that a committed notebook may have."""
COMMAND = (sys.executable, "-c", "from jupyter_book.cli.main import main; main()")


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
        Whether a warning of the build is an error.

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
    source = paths.root() if run is None else _stage(_run_folder(run))
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
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    log.write_text(said, encoding="utf-8")
    index = target / "_build" / "html" / "index.html"
    if done.returncode or not index.exists():
        raise DataError(f"The book could not be built:\n{_complaints(said)}\nThe log is {log}.")
    return index


def publish(run):
    """Make the executed notebooks of a run the committed ones, and tell the README its totals.

    Cells, their tags and the notebook's metadata come from the ``.py`` twin,
    outputs from the run; what the run's machinery added is left behind.
    All notebooks are checked before the first is written.

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
        If an executed notebook is missing or differs from its twin, if code, data or results
        that it stands on have changed since, if an output is an error, a warning, a progress
        bar, a picture other than PNG, or holds a path of this machine, or if another process
        has the run or the notebooks.
    """
    shown, run = run, _run_folder(run)
    with (
        lock.hold(run, "soilresp publish"),
        lock.hold(paths.notebooks_dir(), "soilresp publish"),
    ):
        private = _private_paths(run)
        ready = {
            name: _with_outputs(name, _executed(run, name), private) for name in _notebook_names()
        }
        study = _fresh(shown, run)
        for name, notebook in ready.items():
            with write_aside(_notebook(name)) as aside:
                aside.write_text(jupytext.writes(notebook, fmt="ipynb") + "\n", encoding="utf-8")
        published.write(list(ready), study)
        _tell_readme(run)
    return [_notebook(name) for name in ready]


def _fresh(shown, run):
    """The study of a run whose notebooks still are what executing them again would give."""
    settings = read_json(run / "study.json")
    study = studies.Study(
        run, studies.PROFILES[settings["profile"]], settings["recipe"], settings["observations"],
        settings["seed"],
    )
    found = published.stale_in_run(_notebook_names(), study)
    if found:
        lines = [f"  {name}: {why[0]}" for name, why in found.items()]
        raise DataError(
            f"The run in {shown} is out of date:\n" + "\n".join(lines)
            + f"\nMake it anew with `{published.command(shown, settings)}`."
        )
    return study


def _tell_readme(run):
    """Put the totals of a run between the README's markers."""
    from soilresp.study import summary

    readme = paths.root() / "README.md"
    told = read_json(run / "results" / "summary.json")
    before, begin, rest = readme.read_text(encoding="utf-8").partition(_RESULTS_BEGIN)
    _, end, after = rest.partition(_RESULTS_END)
    if not (begin and end):
        raise DataError(f"{readme} has lost its markers {_RESULTS_BEGIN} and {_RESULTS_END}.")
    words = (
        f"Profile `{told['profile']}` ({told['n_runs']} runs of {told['n_trees']} trees), recipe "
        f"`{told['recipe']}`, observations `{told['observations']}`:\n\n"
        f"```text\n{summary.table(told)}\n```\n"
    )
    with write_aside(readme) as aside:
        aside.write_text(f"{before}{begin}\n{words}{end}{after}", encoding="utf-8")


def check_pairs():
    """Check that every notebook and its ``.py`` twin hold the same cells.

    Returns
    -------
    list of str
        Names of the notebooks, without ending.

    Raises
    ------
    DataError
        If a twin is missing or a pair differs; all such pairs are named.
    """
    wrong = []
    for name in _notebook_names():
        try:
            compare_notebooks(
                jupytext.read(_twin(name), fmt="py:percent"),
                jupytext.read(_notebook(name)),
                fmt="py:percent",
                compare_outputs=False,
            )
        except FileNotFoundError as error:
            wrong.append(f"{name}: {Path(error.filename).name} is missing")
        except NotebookDifference as error:
            wrong.append(f"{name}: {str(error).splitlines()[0]}")
    if wrong:
        raise DataError(
            "Notebooks and their .py twins disagree; bring the change over with "
            "`jupytext --to ipynb --update notebooks/NAME.py`:\n  " + "\n  ".join(wrong)
        )
    return _notebook_names()


def check_outputs():
    """Check that the committed notebooks may be shown: small, run in order, and clean.

    Returns
    -------
    list of str
        Names of the notebooks, without ending.

    Raises
    ------
    DataError
        If a notebook is larger than `LARGEST_NOTEBOOK`, was not executed from top to
        bottom, asks for another kernel than "python3", or has an output that `publish`
        refuses; all such notebooks are named.
    """
    private, wrong = _private_paths(paths.root()), []
    for name in _notebook_names():
        try:
            _check_notebook(name, private)
        except DataError as error:
            wrong.append(str(error))
    if wrong:
        raise DataError(
            "Notebooks are not fit to be committed; make their outputs anew with "
            "`soilresp publish --run runs/NAME`:\n  " + "\n  ".join(wrong)
        )
    return _notebook_names()


def _check_notebook(name, private):
    """Raise at the first thing that a committed notebook must not have."""
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
            _refuse(output, private, f"{name}, cell {number}")


def _notebook_names():
    """Names of the notebooks in order, whichever half of the pair exists."""
    folder = paths.notebooks_dir()
    names = sorted({p.stem for ending in ("py", "ipynb") for p in folder.glob(f"[0-9]*.{ending}")})
    if not names:
        raise DataError(f"{folder} holds no notebooks (files such as 01_NAME.ipynb).")
    return names


def _notebook(name):
    return paths.notebooks_dir() / f"{name}.ipynb"


def _twin(name):
    return paths.notebooks_dir() / f"{name}.py"


def _run_folder(run):
    folder = Path(run).expanduser()
    if not folder.is_absolute():
        folder = paths.root() / folder
    if not folder.is_dir():
        raise DataError(f"There is no run in {run}. Make one with `soilresp run --out {run}`.")
    return folder.resolve()


def _executed(run, name):
    """Read a run's executed copy of a notebook."""
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


def _is_injected(cell):
    return INJECTED in cell.metadata.get("tags", [])


# ---------------------------------------------------------------- the book of a run


def _stage(run):
    """Lay out a run's book: the project's pages with the run's notebooks."""
    source = run / "book"
    executed = {name: _for_reading(_executed(run, name)) for name in _notebook_names()}
    for part in (*PARTS, *BESIDE, "notebooks"):
        _remove(source / part)
    for part in PARTS:
        _copy(paths.root() / part, source / part)
    for part in BESIDE:
        if (paths.root() / part).exists():
            _copy(paths.root() / part, source / part)
    for name, notebook in executed.items():
        path = source / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
    return source


def _remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _for_reading(notebook):
    """Fold the cell of a run's own parameters and drop execution records."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        if _is_injected(cell):
            prompt = "Parameters of this run"
            cell.metadata.tags = [INJECTED, "hide-cell"]
            cell.metadata.mystnb = {"code_prompt_show": prompt, "code_prompt_hide": prompt}
    return notebook


def _complaints(said, most=12):
    """Warnings and errors of a build, else the last lines that it printed."""
    lines = [line for line in said.splitlines() if line.strip()]
    found = [line for line in lines if re.search(r"\b(WARNING|ERROR|CRITICAL)\b", line)]
    shown = found[:most] or lines[-most:]
    more = [f"... and {len(found) - most} more"] if len(found) > most else []
    return "\n".join(f"  {line}" for line in shown + more)


# ---------------------------------------------------------------- committed outputs


def _with_outputs(name, executed, private):
    """The twin's notebook with the outputs of its executed copy."""
    try:
        notebook = jupytext.read(_twin(name), fmt="py:percent")
    except FileNotFoundError:
        raise DataError(f"{_twin(name).name} is missing: {name} has no .py twin.") from None
    executed.cells = [cell for cell in executed.cells if not _is_injected(cell)]
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
            cell.outputs = _outputs(ran, count, private, f"{name}, cell {number}")
    notebook.nbformat_minor = executed.nbformat_minor
    notebook.metadata.language_info = {
        key: value
        for key, value in executed.metadata.get("language_info", {"name": "python"}).items()
        if key != "version"
    }
    return notebook


def _outputs(cell, count, private, where):
    """A cell's outputs, joined and numbered, once they are found fit to commit."""
    kept = []
    for output in cell.outputs:
        _refuse(output, private, where)
        if output.output_type == "execute_result":
            output.execution_count = count
        if kept and output.output_type == kept[-1].output_type == "stream":
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def _refuse(output, private, where):
    """Raise if an output must not be committed."""
    if output.output_type == "error":
        raise DataError(f"{where} ends in an error: {output.ename}: {output.evalue}.")
    if output.output_type == "stream":
        if output.name == "stderr":
            raise DataError(
                f"{where} prints to stderr (a warning or a progress bar): {output.text[:200]!r}. "
                "Cure its cause and run again."
            )
        if "\r" in output.text:
            raise DataError(f"{where} prints a progress bar. Switch it off and run again.")
        words = output.text
    else:
        kinds = set(output.data)
        if "application/vnd.jupyter.widget-view+json" in kinds:
            raise DataError(f"{where} shows a widget, which has no committed form.")
        pictures = {kind for kind in kinds if kind.startswith("image/")} - {"image/png"}
        if pictures:
            raise DataError(
                f"{where} shows a picture as {', '.join(sorted(pictures))}; "
                "committed pictures are PNG."
            )
        # Base64 of a picture may spell out any short path by chance.
        words = json.dumps({kind: output.data[kind] for kind in kinds - {"image/png"}})
        words = words.replace("\\\\", "\\")
    found = private.search(words)
    if found:
        raise DataError(
            f"{where} shows {found.group(0)!r}, a path of this machine. "
            "Print a path relative to the project and run again."
        )


def _private_paths(run):
    """Pattern of the folders that no committed output may name."""
    folders = {run, paths.root(), Path.cwd(), Path.home(), Path(tempfile.gettempdir())}
    folders |= {Path(sys.prefix), Path(sys.base_prefix) / "lib"}
    names = {str(folder) for folder in folders} - {"/", "."}
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(r"(?<![\w.])(" + "|".join(map(re.escape, longest_first)) + r")(?![\w.-])")


# ---------------------------------------------------------------- the registry as a page


class DataSources(SphinxDirective):
    """Table of the registry's entries; ``{data-sources} files`` lists paths and checksums."""

    optional_arguments = 1

    def run(self):
        """Make the table from ``data/registry.yaml``."""
        self.env.note_dependency(str(paths.data_dir() / "registry.yaml"))
        entries = registry.entries().values()
        if self.arguments == ["files"]:
            rows = [(_code(e.path), _checksum(e)) for e in entries]
            return [_table(("File in the cache or a mirror", "SHA-256"), rows, widths=(1, 1))]
        # Entries of one data set stand together in the registry and share a row.
        rows = [
            (nodes.bullet_list("", *map(_item, group)), [_text(citation), _text(licence)])
            for (citation, licence), group in groupby(entries, lambda e: (e.citation, e.licence))
        ]
        return [_table(("Inputs", "Cite; licence"), rows, widths=(3, 2))]


def _text(words):
    """A paragraph in which each DOI is a link."""
    parts = [
        nodes.reference("", f"doi:{part}", refuri=f"https://doi.org/{part}")
        if is_doi
        else nodes.Text(part)
        for is_doi, part in zip(cycle((False, True)), re.split(r"\bdoi:(\S+)", words))
    ]
    return nodes.paragraph("", "", *parts)


def _code(words):
    return nodes.paragraph("", "", nodes.literal("", words))


def _item(entry):
    """One input: its name, what it is, and where the publisher has it."""
    parts = [nodes.literal("", entry.name), nodes.Text(f" {entry.what}; ")]
    if entry.url:
        host = urlsplit(entry.url).hostname
        status = ["by hand"] * entry.landing + ["unverified"] * (not entry.verified)
        parts.append(nodes.reference("", host, refuri=entry.url))
        parts.append(nodes.emphasis("", f" {', '.join(status)}"))
    else:
        parts.append(nodes.emphasis("", "not published as a file"))
    return nodes.list_item("", nodes.paragraph("", "", *parts))


def _checksum(entry):
    if entry.sha256:
        return _code(entry.sha256)
    return _text(f"rolling product ({entry.version}; {entry.date}): no checksum")


def _table(head, rows, widths):
    """A docutils table of rows of cells, each a node or a list of nodes."""
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=width) for width in widths]
    group += nodes.thead("", _row(map(_text, head)))
    group += nodes.tbody("", *map(_row, rows))
    return nodes.table("", group)


def _row(cells):
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        entry += cell
        row += entry
    return row


def setup(app):
    """Offer ``{data-sources}`` to the book and tidy its pages; named in ``_config.yml``."""
    app.add_directive("data-sources", DataSources)
    site.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
