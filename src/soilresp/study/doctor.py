"""Whether this machine is fit for the study: packages, inputs, memory, disk, runs, tools."""

import importlib.util
import os
import shutil
import sys
import tempfile
import tomllib
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from soilresp import __version__
from soilresp.book import licences
from soilresp.covariates.recipes import recipes
from soilresp.errors import DataError, SoilrespError
from soilresp.io import fetch as access
from soilresp.io import paths, registry
from soilresp.io import tables as committed
from soilresp.io.files import load, read_json
from soilresp.study.settings import PROFILES

__all__ = [
    "Finding", "SECTIONS", "as_dict", "as_text", "examine", "inputs", "machine", "packages",
    "profiles", "project", "ready", "recipes_at_hand", "runs", "tools",
]

OK, NOTE, FAULT = "ok", "note", "fault"

LEAST_MEMORY = 1_500_000_000
"""Bytes that a quick run takes where it was never measured: maps of ten runs on one core."""

LEAST_DISK = 1_000_000_000
"""Bytes of disk that a run folder may grow to at any profile but the paper's."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    section, name : str
    state : {"ok", "note", "fault"}
        A fault keeps a quick run from working; a note is worth knowing.
    words : str
        What was found, and with a fault what to do.
    """

    section: str
    name: str
    state: str
    words: str


def examine(full=False):
    """Look at everything.

    Parameters
    ----------
    full : bool
        Also compute the checksums of the inputs and read the results of the runs, which
        takes a minute or more.

    Returns
    -------
    list of Finding
        By section, in the order of `SECTIONS`.
    """
    found = []
    for section, look in SECTIONS.items():
        try:
            found += look(full)
        except SoilrespError as error:
            found.append(Finding(section, "", FAULT, str(error)))
    return found


def ready(findings):
    """Whether a quick run will work: nothing that was found is a fault (bool)."""
    return not any(f.state == FAULT for f in findings)


def project(full=False):
    """The project folder, its notebooks, and whether results can be written."""
    section = "Project"
    root = paths.root()
    numbered = list(paths.notebooks_dir().glob("[0-9]*.ipynb"))
    yield Finding(section, "soilresp", OK, f"{__version__} in {root}")
    yield Finding(
        section, "notebooks", OK if numbered else FAULT,
        f"{len(numbered)} notebooks" if numbered else
        f"{paths.notebooks_dir()} holds none: restore them with `git checkout notebooks`",
    )
    for name, folder, cure in (
        ("runs", paths.runs_dir(), "take another folder with --out, or free this one"),
        ("cache", paths.cache_dir(), "set SOILRESP_CACHE to a folder that can be written"),
        ("temporary files", Path(tempfile.gettempdir()), "set TMPDIR to one that can be"),
    ):
        fine = _can_be_written(folder)
        # Without a cache, inputs can still come from a mirror or a path.
        state = OK if fine else NOTE if name == "cache" else FAULT
        words = f"{folder} can be written" if fine else f"{folder} cannot be written: {cure}"
        yield Finding(section, name, state, words)


def _can_be_written(folder):
    """Whether a file can be made in a folder, or in the nearest one above it that exists."""
    folder = next(f for f in (folder, *folder.parents) if f.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def packages(full=False):
    """Python and the packages, against the ranges that the code needs and the tested pins."""
    section = "Packages"
    declared = _declared()
    wanted = declared.get("requires-python", "")
    here = ".".join(map(str, sys.version_info[:3]))
    fits = _in_range(here, wanted)
    yield Finding(section, "python", OK if fits else FAULT,
                  here if fits else f"{here}, but the project needs {wanted}: install that")
    needed = _requirements(declared.get("dependencies", ()))
    extras = {}
    for own in declared.get("optional-dependencies", {}).values():
        extras |= _requirements(own)
    pinned = {_plain(n): (n, v) for n, v in licences.pins().items()}
    for name in sorted({*needed, *extras, *pinned}):
        yield _package(section, name, needed, extras, pinned)


def _declared():
    path = paths.root() / "pyproject.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error}). Restore it with `git checkout pyproject.toml`."
        ) from None


def _requirements(texts):
    try:
        return {_plain(r.name): str(r.specifier) for r in map(Requirement, texts)}
    except InvalidRequirement as error:
        raise DataError(f"pyproject.toml has a requirement that is none: {error}.") from None


def _plain(name):
    """Name of a package as indexes compare it."""
    return name.lower().replace("_", "-").replace(".", "-")


def _in_range(found, wanted):
    try:
        return not wanted or Version(found) in Requirement(f"x{wanted}").specifier
    except InvalidVersion:
        return False


def _package(section, name, needed, extras, pinned):
    shown, pin = pinned.get(name, (name, None))
    asked = needed.get(name, extras.get(name, ""))
    how = f"pip install '{shown}{'==' + pin if pin else asked}'"
    try:
        found = version(name)
    except PackageNotFoundError:
        if name in needed:
            return Finding(section, shown, FAULT, f"is not installed: {how}")
        words = f"is not installed, and not everything needs it: {how}"
        return Finding(section, shown, NOTE, words)
    if not _in_range(found, asked):
        state = FAULT if name in needed else NOTE
        return Finding(section, shown, state, f"{found}, but the code needs {asked}: {how}")
    if pin and found != pin:
        return Finding(section, shown, NOTE, f"{found} is allowed, but {pin} is the one tested")
    return Finding(section, shown, OK, f"{found}{', as tested' if pin else ''}")


def inputs(full=False):
    """Every input of the registry: where it is and, if asked, whether it is what it should be."""
    section = "Inputs"
    for name, item in registry.entries().items():
        place = access.source_of(name)
        if place is None:
            yield Finding(section, name, NOTE, "missing: `soilresp data list` tells the ways to it")
            continue
        words = f"in the {place}"
        if not full:
            yield Finding(section, name, OK, f"{words}, not compared (--full does)")
            continue
        try:
            found = access.locate(name)
        except DataError:
            words += ", damaged: its checksum is another. `soilresp data verify` tells the ways out"
            # An input that is not there is done without; a damaged one stops a run.
            yield Finding(section, name, FAULT, words)
            continue
        if item.rolling:
            same = found.sha256 == item.tested_sha256
            words += ", a rolling product, " + ("the tested copy" if same else "another copy")
        else:
            words += ", checksum right"
        yield Finding(section, name, OK, words)


def recipes_at_hand(full=False):
    """Which recipes and observations will work with the inputs at hand."""
    section = "Recipes and observations"
    for name, recipe in recipes().items():
        lacking = [n for n in recipe.needs if not access.is_available(n)]
        if lacking:
            yield Finding(section, name, NOTE, f"will not work: without {', '.join(lacking)}")
        elif recipe.needs:
            yield Finding(section, name, OK, f"will work: all {len(recipe.needs)} inputs at hand")
        else:
            from soilresp.covariates.embedded import load_embedded, path

            there = path().is_file()
            if there and full:
                load_embedded()
            yield Finding(
                section, name, OK if there else FAULT, "will work: its fields ship with the project"
                if there else "will not work: restore it with `git checkout data/embedded.nc`",
            )
    there = access.is_available("srdb")
    yield Finding(section, "srdb", OK if there else NOTE,
                  "field records are at hand" if there else
                  "not at hand: a run tries the download, else takes a twin experiment")
    yield Finding(section, "twin", OK, "synthetic records can always be made")


def machine(full=False):
    """Cores, memory and disk."""
    section = "Machine"
    yield Finding(section, "cores", OK, f"{_cores()}")
    memory = free_memory()
    if memory is None:
        yield Finding(section, "memory", NOTE, "cannot be told on this system")
    else:
        yield Finding(section, "memory", OK, f"{memory / 1e9:.1f} GB free")
    for name, folder in (
        ("disk for runs", paths.runs_dir()), ("disk for inputs", paths.cache_dir()),
        ("disk for temporary files", Path(tempfile.gettempdir())),
    ):
        free = _free_disk(folder)
        scarce = free < LEAST_DISK
        state = FAULT if scarce and name == "disk for runs" else NOTE if scarce else OK
        words = f"{free / 1e9:.1f} GB free" + (
            f"; {LEAST_DISK / 1e9:.0f} GB are wanted: free some, or take another folder"
            if scarce else ""
        )
        yield Finding(section, name, state, words)


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _free_disk(folder):
    return shutil.disk_usage(next(f for f in (folder, *folder.parents) if f.exists())).free


def free_memory(proc="/proc/meminfo", group="/sys/fs/cgroup"):
    """Memory that a new process can have.

    Parameters
    ----------
    proc, group : path-like
        Where Linux tells of its memory, and of the bound of a container.

    Returns
    -------
    int or None
        Bytes; None where the system does not say.
    """
    free = None
    try:
        for line in Path(proc).read_text().splitlines():
            if line.startswith("MemAvailable:"):
                free = int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        bound = int(Path(group, "memory.max").read_text())
        used = int(Path(group, "memory.current").read_text())
    # "max" stands for no bound.
    except (OSError, ValueError):
        return free
    left = max(bound - used, 0)
    return left if free is None else min(free, left)


def profiles(full=False):
    """Which profile will fit, by the peaks of memory and the times that were measured."""
    section = "Profiles"
    memory = free_memory()
    known = _measured()
    for name, profile in PROFILES.items():
        size = f"{profile.n_runs} runs of {profile.n_trees} trees"
        need, seconds = known.get(name, (LEAST_MEMORY if name == "quick" else None, None))
        if need is None:
            yield Finding(section, name, NOTE, f"{size}: its memory has not been measured")
            continue
        wants = f"{size}: takes {need / 1e9:.1f} GB"
        if seconds:
            wants += f", {_duration(seconds)} where it was measured"
        if memory is None:
            yield Finding(section, name, NOTE, f"{wants}; free memory cannot be told")
        elif need <= memory:
            yield Finding(section, name, OK, f"{wants}, fits")
        else:
            state = FAULT if name == "quick" else NOTE
            yield Finding(section, name, state,
                          f"{wants}, does not fit in {memory / 1e9:.1f} GB: end other programs")


def _measured():
    """Peak memory (bytes) and seconds of each profile, from the committed measurements."""
    if not committed.is_there("memory"):
        return {}
    table, _ = committed.load_table("memory")
    # With a bound on the memory, a run takes less and longer.
    free = table[table["bound_mb"].isna()] if "bound_mb" in table else table
    found = {}
    for name, own in free.groupby("profile"):
        whole = own[own["part"] == "whole run"]
        seconds = (whole if len(whole) else own)["seconds"].sum()
        found[name] = (1e6 * float(own["peak_mb"].max()), float(seconds))
    return found


def _duration(seconds):
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"


def runs(full=False):
    """The run folders: their settings, and whether their results are whole."""
    section = "Runs"
    folder = paths.runs_dir()
    found = sorted(p.parent for p in folder.glob("*/study.json")) if folder.is_dir() else []
    if not found:
        yield Finding(section, "", NOTE, "none yet: `soilresp run` makes one")
    for run in found:
        try:
            settings = read_json(run / "study.json")
            stages = [read_json(f) for f in sorted(run.glob("results/*/stage.json"))]
            lost = [text for s, f in zip(stages, sorted(run.glob("results/*/stage.json")))
                    for text in _lost(s, f.parent, full)]
            words = f"profile {settings['profile']}, recipe {settings['recipe']}, " \
                    f"{settings['observations']}: {len(stages)} stages"
        except (DataError, KeyError, TypeError, AttributeError) as error:
            yield Finding(section, run.name, NOTE, f"its notes are damaged ({error})")
            continue
        if lost:
            yield Finding(section, run.name, NOTE,
                          f"{words}, not whole: {', '.join(lost[:3])}; run it again")
        else:
            summed = (run / "results/summary.json").exists()
            yield Finding(section, run.name, OK if summed else NOTE,
                          f"{words}, {'whole' if summed else 'not finished'}")


def _lost(note, folder, full):
    """Result files of a stage that are missing or, if they are read, damaged."""
    for name in note["files"].values():
        path = folder / name
        if not path.exists():
            yield f"{folder.name}/{name} is missing"
        elif full:
            try:
                load(path)
            except DataError:
                yield f"{folder.name}/{name} is damaged"


def tools(full=False):
    """Programs beside Python that some tasks take."""
    section = "Tools"
    for name, programs, purpose in (
        ("git", ("git",), "tells which version of the code made a result"),
        ("browser", ("chromium", "chromium-browser", "google-chrome", "chrome"),
         "tries the built book"),
        ("R", ("Rscript",), "times ranger beside the forests"),
    ):
        path = next(filter(None, map(shutil.which, programs)), None)
        yield Finding(section, name, OK if path else NOTE,
                      f"found; {purpose}" if path else f"not found; optional, {purpose}")
    there = importlib.util.find_spec("distributed") is not None
    yield Finding(section, "Dask", OK if there else NOTE,
                  "found; maps on several processes" if there else
                  "not found; optional, maps on several processes: pip install 'soilresp[cluster]'")


SECTIONS = {
    "Project": project, "Packages": packages, "Inputs": inputs,
    "Recipes and observations": recipes_at_hand, "Machine": machine, "Profiles": profiles,
    "Runs": runs, "Tools": tools,
}
"""What is looked at, in the order in which it is told."""

_MARKS = {OK: "ok", NOTE: "note", FAULT: "FAULT"}


def as_text(findings, everything=True):
    """Findings for a terminal.

    Parameters
    ----------
    findings : list of Finding
    everything : bool
        Whether packages and inputs that are as they should be get a line each, or one
        together.

    Returns
    -------
    str
    """
    lines = []
    for section in SECTIONS:
        own = [f for f in findings if f.section == section]
        lines += ["", section, "-" * len(section)]
        if not everything and section in ("Packages", "Inputs"):
            good = [f for f in own if f.state == OK]
            own = [f for f in own if f.state != OK]
            lines.append(f"{len(good)} of {len(good) + len(own)} as they should be")
        lines += [f"{_MARKS[f.state]:6} {f.name:18} {f.words}".rstrip() for f in own]
    faults = sum(f.state == FAULT for f in findings)
    verdict = "A quick run will work: soilresp run" if not faults else (
        f"A quick run will not work: {faults} fault{'s' * (faults > 1)}, see FAULT above."
    )
    return "\n".join([*lines[1:], "", verdict])


def as_dict(findings):
    """Findings as plain values: ``ready`` and, by section, ``name``, ``state``, ``words``."""
    return {"ready": ready(findings), "findings": [asdict(f) for f in findings]}
