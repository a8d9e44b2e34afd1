"""What results were made from, and whether that still is what there is.

A run folder has it in ``provenance.json``: for every notebook its parameters, code, data and
inputs, the versions, the commit, the time and the memory it took; for every stage why and
when it was made.
"""

import functools
import hashlib
import json
import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from soilresp.errors import DataError
from soilresp.io import fetch as access
from soilresp.io import paths
from soilresp.io.files import read_json, sha256, write_json
from soilresp.io.versions import versions

__all__ = [
    "FILE_NAME", "USE_VARIABLE", "checksum", "commit", "committed_data", "differences", "files_in",
    "machine", "note", "note_use", "now", "read", "release", "changed_inputs",
    "surroundings", "uses",
]

FILE_NAME = "provenance.json"

USE_VARIABLE = "SOILRESP_USE"
"""Environment variable that names the file in which a kernel notes the stages it uses."""

_OWN_RELEASE = "SRDB v5.0"

_UNREAD = {
    "README.md", "registry.yaml", "requirements-build.txt", "soilresp_benchmark_0p5deg.nc",
}
"""Committed files that do not count by their name.

Of the registry the inputs themselves tell. The benchmark is made from a run; a stage that reads
it says so (`soilresp.io.fetch.tell_committed`), and others are not out of date for it.
"""


# ---------------------------------------------------------------- what things are made from


@functools.cache
def _digest(path, _modified, _size):
    return sha256(path)


def checksum(path):
    """SHA-256 of a file, read once while the file stays as it is."""
    stat = Path(path).stat()
    return _digest(Path(path), stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=1)
def _committed_files(folder):
    """Files below ``data/`` by the names under which code speaks of them."""
    files, tables = {}, {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in _UNREAD and path.suffix != ".py":
            # The parts of a shapefile go together, and a table with how it was made.
            alike = [p for p in path.parent.glob(f"{path.stem}.*") if p.is_file()]
            files[path.name] = alike if path.suffix == ".shp" else [path]
            if path.parent.name == "study":
                tables[path.stem] = alike
    return files, tables


def committed_data(closure):
    """Committed data files that code names.

    Parameters
    ----------
    closure : soilresp.study.code.Closure

    Returns
    -------
    dict of str to str
        Start of the SHA-256 of each, by its path below ``data/``.
    """
    folder = paths.data_dir()
    files, tables = _committed_files(folder)
    named = [f for name in closure.strings for f in files.get(name.rpartition("/")[2], ())]
    if "io/tables.py" in closure.modules:
        named += [f for name in closure.strings for f in tables.get(name, ())]
    return {
        f.relative_to(folder).as_posix(): checksum(f)[:16] for f in sorted(set(named)) if f.exists()
    }


def files_in(settings):
    """Files and folders of the user's own that settings name, as they are now.

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
        path = next(
            (p for p in (Path(value), paths.notebooks_dir() / value) if p.exists()), None
        )
        if path is None:
            continue
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        told = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files]
        found[name] = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
    return found


def changed_inputs(noted):
    """Inputs of the registry that are not what they were, in words.

    Parameters
    ----------
    noted : dict
        From `soilresp.io.fetch.watch`.

    Returns
    -------
    list of str
        Empty if all are the same. An input that is no longer at hand cannot be compared, and
        counts as the same.
    """
    said = []
    for name, had in noted.items():
        now = access.input_change(name, had)
        if now:
            said.append(f"input {name} {now}")
    return said


def differences(had, have):
    """What changed from one set of facts to another, each in a few words.

    Parameters
    ----------
    had, have : dict
        ``settings``, ``code``, ``data``, ``needs``, ``paths`` (dictionaries), or plain values.

    Returns
    -------
    list of str
    """
    said = []
    for key in sorted({*had, *have}, key=_ORDER.index):
        old, new = had.get(key), have.get(key)
        if old == new:
            continue
        if not (isinstance(old, dict) and isinstance(new, dict)):
            said.append(f"{key} {_words(old)} -> {_words(new)}")
            continue
        changed = [k for k in {**old, **new} if old.get(k) != new.get(k)]
        said += [_CHANGES[key](k, old.get(k), new.get(k)) for k in changed]
    return said


_ORDER = (
    "version", "recipe", "observations", "release", "seed", "profile", "settings", "parameters",
    "paths", "data", "code", "needs",
)

_CHANGES = {
    "settings": lambda k, old, new: f"setting {k} {_words(old)} -> {_words(new)}",
    "parameters": lambda k, old, new: f"parameter {k} {_words(old)} -> {_words(new)}",
    "paths": lambda k, old, new: f"the files of setting {k} changed",
    "data": lambda k, old, new: f"data/{k} changed",
    "code": lambda k, old, new: f"the code of {k} changed",
    "needs": lambda k, old, new: f"results of {k} changed",
}


def _words(value):
    text = "default" if value is None else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def release(study):
    """The release of SRDB that a study takes, if it is another than the study's own.

    Parameters
    ----------
    study : soilresp.study.settings.Study

    Returns
    -------
    dict
        ``release`` in words; empty for the study's own.
    """
    words = getattr(study, "release", _OWN_RELEASE)
    return {} if words == _OWN_RELEASE else {"release": words}


# ---------------------------------------------------------------- where and when


def now():
    """The time, in UTC, to the second (str)."""
    return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def commit():
    """The commit of the project, and whether tracked files differ from it.

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
    """The kind of machine, in words and without its name (str)."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"


def surroundings():
    """Versions, commit and kind of machine (dict)."""
    return {"git": commit(), "versions": versions(), "platform": machine()}


# ---------------------------------------------------------------- the file of a run


def read(run):
    """What a run folder says of its notebooks and stages.

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
        # It only says what was: what is not known counts as not made.
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


def note_use(**facts):
    """Tell the runner of the notebook, if there is one, that results of a stage were used.

    Returns
    -------
    bool
        Whether there is one.
    """
    file = os.environ.get(USE_VARIABLE)
    if file:
        with open(file, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(facts) + "\n")
    return bool(file)


def uses(file):
    """What `note_use` wrote, in order (list of dict)."""
    file = Path(file)
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
