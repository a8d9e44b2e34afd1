"""A case of faulty input: how it is set up, run through the command line, and judged."""

import contextlib
import functools
import hashlib
import io
import os
import re
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from soilresp import cli
from soilresp.covariates import recipes
from soilresp.io import paths
from soilresp.models import declared

__all__ = ["Case", "Outcome", "World", "run_case", "store"]

PROJECT = Path(__file__).parents[2]
OWN = ("registry.yaml", "recipes.yaml", "models.yaml")
"""Files of the project that a case may spoil; the others are links."""

_QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


class World:
    """A project of its own in a temporary folder, with a cache, a mirror and a place to work.

    Attributes
    ----------
    root : pathlib.Path
        The project; ``root / "work"`` is where the command runs.
    """

    def __init__(self, folder):
        self.root = Path(folder)
        self.work, self.mirror = self.root / "work", self.root / "mirror"
        for made in ("data", "notebooks", "work", "mirror", "cache"):
            (self.root / made).mkdir(parents=True)
        for item in (PROJECT / "data").iterdir():
            if item.name in OWN:
                (self.root / "data" / item.name).write_bytes(item.read_bytes())
            else:
                (self.root / "data" / item.name).symlink_to(item)
        for item in (PROJECT / "notebooks").glob("[0-9]*"):
            (self.root / "notebooks" / item.name).symlink_to(item)

    def edit(self, name, old, new):
        """Replace a piece of one of the project's own files, which must be there."""
        path = self.root / "data" / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def state(self):
        """Every file, link and folder with a digest of its content (dict)."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.is_symlink():
                found[name] = os.readlink(path)
            elif path.is_file():
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                found[name] = "folder"
        return found


@dataclass(frozen=True)
class Case:
    """One faulty input.

    Attributes
    ----------
    id : str
    wrong : str
        What is wrong, in words.
    command : tuple of str
        Arguments of ``soilresp``; files are in the working folder.
    code : int
        Exit code: 0 (read, or read and reported), 1 (the data), 2 (the command).
    says : str
        Regular expression of the message; with code 0, of the output.
    make : callable or None
        ``make(world)`` writes the files of the case.
    env : dict
        Environment variables beside those of the world.
    apart : bool
        Whether it is run in a process of its own, as a user does.
    changes : bool
        Whether something may be written: an input that is right after all.
    """

    id: str
    wrong: str
    command: tuple
    code: int
    says: str
    make: object = None
    env: dict = field(default_factory=dict)
    apart: bool = False
    changes: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a case: exit code, both streams, every fault in them, and the one message."""

    code: int
    out: str
    err: str
    faults: tuple
    message: str


@functools.cache
def store():
    """A folder for sound files that several cases start from; gone with the process."""
    folder = tempfile.TemporaryDirectory(prefix="soilresp-bad-input-")
    store.keep = folder
    return Path(folder.name)


def run_case(case, folder):
    """Set a case up, run it through the command line, and judge what happened.

    Parameters
    ----------
    case : Case
    folder : path-like
        Empty or not there yet.

    Returns
    -------
    Outcome
    """
    world = World(folder)
    environment = {
        "SOILRESP_HOME": str(world.root), "SOILRESP_CACHE": str(world.root / "cache"),
        "SOILRESP_MIRROR": str(world.mirror), **case.env,
    }
    if case.make is not None:
        case.make(world)
    before = world.state()
    run = _run_apart if case.apart else _run_here
    code, out, err = run(case.command, world.work, environment)
    faults = tuple(_faults(case, code, out, err, before, world.state()))
    lines = [line for line in err.splitlines() if line.lower().startswith("error:")]
    lines += [line for line in out.splitlines() if re.search(case.says, line)]
    return Outcome(code, out, err, faults, next(iter(lines), ""))


def _faults(case, code, out, err, before, after):
    """What is not as it should be, in words."""
    if code != case.code:
        yield f"exit code {code}, expected {case.code}"
    said = err if case.code else out
    if not re.search(case.says, said):
        yield f"expected /{case.says}/, got {said.strip()[:400]!r}"
    if "Traceback" in err or "Traceback" in out:
        yield "a traceback"
    messages = [line for line in err.splitlines() if line.lower().startswith("error:")]
    if case.code and len(messages) != 1:
        yield f"{len(messages)} messages"
    if case.code == 1 and not err.startswith("error: "):
        yield f"stderr begins {err[:80]!r}"
    if not case.code and err:
        yield f"stderr says {err[:200]!r}"
    changed = sorted(n for n in {*before, *after} if before.get(n) != after.get(n))
    if changed and not case.changes:
        yield f"changed on disk: {', '.join(changed[:5])}"


def _forget():
    """Drop what is kept of files that a case may have spoiled."""
    for kept in (recipes._declared, declared.declared_models, declared.adapters):
        kept.cache_clear()


def _run_here(command, folder, environment):
    """Run in this process: exit code, output, errors, and what the interpreter would warn of."""
    taken_away = ("SOILRESP_RUN", "SOILRESP_PROFILE", "SOILRESP_DEBUG")
    kept = {name: os.environ.get(name) for name in (*environment, *taken_away)}
    out, err, here = io.StringIO(), io.StringIO(), Path.cwd()
    try:
        os.environ.update(environment)
        for name in taken_away:
            os.environ.pop(name, None)
        os.chdir(folder)
        _forget()
        with (
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
            warnings.catch_warnings(record=True) as told,
        ):
            warnings.simplefilter("default")
            try:
                cli.main(list(command))
                code = 0
            except SystemExit as leave:
                code = leave.code or 0
            except Exception as foreign:
                code = f"{type(foreign).__name__} ({foreign})"
    finally:
        os.chdir(here)
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _forget()
    for warning in told:
        if not issubclass(warning.category, _QUIET):
            err.write(f"{warning.category.__name__}: {warning.message}\n")
    return code, out.getvalue(), err.getvalue()


def _run_apart(command, folder, environment):
    """Run as a user does."""
    source = str(Path(paths.__file__).parents[2])
    env = {k: v for k, v in os.environ.items() if not k.startswith("SOILRESP_")}
    env |= {**environment, "PYTHONPATH": source}
    done = subprocess.run(
        [sys.executable, "-m", "soilresp.cli", *command], cwd=folder, env=env, check=False,
        capture_output=True, text=True,
    )
    return done.returncode, done.stdout, done.stderr
