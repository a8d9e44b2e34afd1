"""Record the code, data, inputs, settings and versions behind each result; detect changes.

A run folder has them in ``provenance.json``: for every notebook also the time and memory it
took, for every stage why and when it was computed.
"""

import ast
import functools
import hashlib
import importlib
import json
import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import nbformat

from soilresp import __version__
from soilresp.errors import DataError
from soilresp.io import fetch as access
from soilresp.io import paths
from soilresp.io.files import read_json, sha256, write_json
from soilresp.io.versions import versions

__all__ = [
    "FILE_NAME", "USE_VARIABLE", "changed_inputs", "checksum", "code_of_module", "code_of_source",
    "commit", "data_files", "differences", "files_in", "in_batch", "machine", "note", "note_use",
    "notebook_record", "now", "read", "source_hash", "surroundings", "uses",
]

FILE_NAME = "provenance.json"

USE_VARIABLE = "SOILRESP_USE"
"""Environment variable that names the file in which a kernel notes the stages it uses."""

_PACKAGE = Path(__file__).parents[1]

_NO_RESULTS = {"soilresp.study.stage"}
"""Modules that store results, and have no part in their numbers."""


# ---------------------------------------------------------------- code


def code_of_module(name):
    """Return hashes of a module of this package and of those it imports, directly or not.

    Stages that a module imports are left out: their results count, not their code. So are
    comments and docstrings.

    Parameters
    ----------
    name : str
        Such as ``soilresp.grid.cells``.

    Returns
    -------
    dict of str to str
        By the path below the package.
    """
    return _hashes({name}) if _file(name) else {}


def code_of_source(source):
    """Return hashes of the modules of this package that a piece of code uses.

    Parameters
    ----------
    source : str
        Of a notebook, say.

    Returns
    -------
    dict of str to str
        As by `code_of_module`; empty if `source` is not Python.
    """
    try:
        return _hashes(_imports(ast.parse(source)))
    except SyntaxError:
        return {}


def _hashes(names):
    found, waiting = {}, set(names)
    while waiting:
        name = waiting.pop()
        path, digest, imports = _module(name, _file(name).stat().st_mtime_ns)
        found[path] = digest
        waiting |= {m for m in imports if _module_path(m) not in found}
    return dict(sorted(found.items()))


@functools.cache
def _module(name, _modified):
    """Return path, hash and direct imports of a module."""
    tree = ast.parse(_file(name).read_text(encoding="utf-8"))
    imports = _imports(tree)
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node):
            node.body = node.body[1:]
    return _module_path(name), hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16], imports


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def _file(name):
    """Return the file of a module of this package, or None."""
    package, *parts = name.split(".")
    path = _PACKAGE.joinpath(*parts)
    files = (path / "__init__.py", path.with_suffix(".py")) if package == "soilresp" else ()
    return next((file for file in files if file.is_file()), None)


def _module_path(name):
    return _file(name).relative_to(_PACKAGE).as_posix()


def _imports(tree):
    """Return the modules of this package from which code takes something (set of str)."""
    found, packages = set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            pairs = [(a.asname or a.name.split(".")[0], a.name) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            pairs = [(a.asname or a.name, f"{node.module}.{a.name}") for a in node.names]
        else:
            continue
        for bound, name in pairs:
            if (file := _file(name)) and file.name == "__init__.py":
                packages[bound] = name
            elif file:
                found.add(name)
            elif _file(name.rpartition(".")[0]):
                found |= _defining(*name.rsplit(".", 1))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) in packages:
            found |= _defining(packages[node.value.id], node.attr)
    return found - _NO_RESULTS


def _defining(module, name):
    """Return the module that defines a name of another; nothing for a stage."""
    thing = getattr(importlib.import_module(module), name, None)
    if isinstance(getattr(thing, "known", None), dict):
        return set()
    defined = getattr(thing, "__module__", None) or getattr(thing, "__name__", module)
    return {defined if isinstance(defined, str) and _file(defined) else module}


# ---------------------------------------------------------------- data and inputs


@functools.cache
def _digest(path, _modified, _size):
    return sha256(path)


def checksum(path):
    """Return the SHA-256 of a file, which is read once while it stays the same."""
    stat = Path(path).stat()
    return _digest(Path(path), stat.st_mtime_ns, stat.st_size)


def data_files(names):
    """Return the beginning of the SHA-256 of committed data files.

    Parameters
    ----------
    names : iterable of str
        Files and folders below ``data/``; a name may stand for several, as ``search.*`` does.

    Returns
    -------
    dict of str to str
        By the path below ``data/``; None for a name that fits no file.
    """
    folder, found = paths.data_dir(), {}
    for name in names:
        files = sorted(f for f in folder.glob(name) if f.is_file())
        found |= {f.relative_to(folder).as_posix(): checksum(f)[:16] for f in files}
        if not files:
            found[name] = None
    return found


def files_in(settings):
    """Return a fingerprint of the user's own files and folders that settings name.

    Parameters
    ----------
    settings : dict

    Returns
    -------
    dict of str to str
        By setting, a hash of names, sizes and times of change.
    """
    found = {}
    for name, value in settings.items():
        if not (isinstance(value, str) and ("/" in value or Path(value).suffix)):
            continue
        path = next((p for p in (Path(value), paths.notebooks_dir() / value) if p.exists()), None)
        if path is None:
            continue
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        facts = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files]
        found[name] = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    return found


def changed_inputs(noted):
    """List the inputs of the registry that have changed.

    Parameters
    ----------
    noted : dict
        From `soilresp.io.fetch.note_inputs`.

    Returns
    -------
    list of str
        Empty if all are the same. An input that is no longer there cannot be compared, and
        counts as the same.
    """
    changes = {name: access.input_change(name, had) for name, had in noted.items()}
    return [f"input {name} {change}" for name, change in changes.items() if change]


_CHANGES = {
    "settings": "setting {}", "parameters": "parameter {}", "paths": "the files of setting {}",
    "data": "data/{}", "code": "the code of {}", "needs": "results of {}",
}


def differences(had, have):
    """List what changed from one set of facts to another, each in a few words.

    Parameters
    ----------
    had, have : dict
        ``settings``, ``code``, ``data``, ``needs``, ``paths`` (dictionaries), or plain values.

    Returns
    -------
    list of str
        In the order of `have`.
    """
    said = []
    for part, new in have.items():
        old = had.get(part)
        if not isinstance(new, dict):
            if old != new:
                said.append(f"{part} {_words(old)} -> {_words(new)}")
            continue
        old = old or {}
        for name in [n for n in {**old, **new} if old.get(n) != new.get(n)]:
            values = f"{_words(old.get(name))} -> {_words(new.get(name))}"
            change = values if part in ("settings", "parameters") else "changed"
            said.append(f"{_CHANGES[part].format(name)} {change}")
    return said


def _words(value):
    text = "default" if value is None else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


# ---------------------------------------------------------------- time and place


def now():
    """Return the time, in UTC, to the second (str)."""
    return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def commit():
    """Return the commit of the project, and whether tracked files differ from it.

    Returns
    -------
    dict
        ``commit`` (None where there is no git) and ``changed`` (bool or None).
    """
    def git(*arguments):
        done = subprocess.run(
            ["git", *arguments], cwd=paths.root(), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        return {
            "commit": git("rev-parse", "HEAD"),
            "changed": bool(git("status", "--porcelain", "--untracked-files=no")),
        }
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "changed": None}


def machine():
    """Return the kind of machine, without its name (str)."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"


def surroundings():
    """Return versions, commit and kind of machine (dict)."""
    return {"git": commit(), "versions": versions(), "platform": machine()}


# ---------------------------------------------------------------- the file of a run


def read(run):
    """Read the records of a run folder.

    Parameters
    ----------
    run : path-like

    Returns
    -------
    dict
        ``notebooks`` and ``stages``; both empty where there is no such file, or it is damaged.
    """
    path = Path(run) / FILE_NAME
    try:
        stored = read_json(path) if path.exists() else {}
    except DataError:
        # Without a record a notebook is executed again, which is always right.
        stored = {}
    return {"notebooks": stored.get("notebooks", {}), "stages": stored.get("stages", {})}


def note(run, kind, name, record):
    """Put one record into a run's file, in place of an earlier one.

    Parameters
    ----------
    run : path-like
    kind : {"notebooks", "stages"}
    name : str
    record : dict
    """
    stored = read(run)
    stored[kind][name] = record
    stored = {kind: dict(sorted(records.items())) for kind, records in stored.items()}
    write_json(Path(run) / FILE_NAME, stored)


def in_batch():
    """Return whether a batch run executes this process (bool)."""
    return bool(os.environ.get(USE_VARIABLE))


def note_use(**facts):
    """Note in a batch run that results of a stage were used."""
    if in_batch():
        with open(os.environ[USE_VARIABLE], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(facts) + "\n")


def uses(file):
    """Read what `note_use` wrote, in order (list of dict)."""
    file = Path(file)
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


# ---------------------------------------------------------------- notebooks


def source_hash(notebook):
    """Return a hash of a notebook's cells with their tags, whatever their outputs.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    str
    """
    cells = [
        (cell.cell_type, cell.source, *(cell.metadata.get(k) or None for k in ("tags", "mystnb")))
        for cell in notebook.cells
    ]
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()[:16]


_COMMITTED = (
    "*.csv", "*.json", "*.nc", "models.yaml", "paper_values.yaml", "recipes.yaml", "study/*",
    "natural_earth/**/*.shp",
)
"""Data that chapters show without a stage; the registry's inputs count where they are read."""


def notebook_record(file, values, study):
    """Return all that a notebook depends on before it is executed.

    Parameters
    ----------
    file : pathlib.Path
        The notebook.
    values : dict
        Its parameters.
    study : soilresp.study.settings.Study

    Returns
    -------
    dict
    """
    notebook = nbformat.read(file, as_version=4)
    lines = [
        line
        for cell in notebook.cells if cell.cell_type == "code"
        for line in cell.source.splitlines() if not line.startswith(("%", "!"))
    ]
    return {
        "version": __version__,
        "recipe": study.recipe,
        "observations": study.observations,
        "release": study.release,
        "seed": study.seed,
        "corrections": study.corrections,
        "profile": study.profile.name,
        "parameters": {k: v for k, v in values.items() if k not in ("run", "profile")},
        "source": source_hash(notebook),
        "data": data_files(_COMMITTED),
        "code": code_of_source("\n".join(lines)),
    }
