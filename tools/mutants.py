"""Mutation testing: small changes to the code that the tests must notice.

    pip install cosmic-ray pytest-cov
    python tools/mutants.py --mutants 300 --seed 0 --json mutants.json

Mutants come from cosmic-ray. A place in the code is drawn first and one of its mutants then: a
plus sign has eleven mutants, a comparison seven, and neither should outvote the other. Each is
put into a copy of the project and meets the tests that pass over its line, the quickest first;
it survives if all of them pass. Which test passes over which line is measured by one run of the
tests and kept in ``_build/mutants.coverage``: delete that file when code or tests have changed.
With ``--json`` the outcomes are kept; called again, the script goes on from there and tries
the survivors again. Compiled kernels (``forest/kernel.py``) are left out. Needs a POSIX system.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from threading import Lock
from xml.etree import ElementTree

from cosmic_ray.commands.init import _all_work_items
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from coverage import CoverageData

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "soilresp"
COVERAGE = ROOT / "_build" / "mutants.coverage"
TARGETS = (
    "grid/*.py", "covariates/**/*.py", "records/**/*.py", "scoring/metrics.py", "scoring/maps.py",
    "forest/evaluate.py", "forest/distribution.py", "forest/rows.py", "forest/trees.py",
)
LIBRARIES = [
    "numpy", "pandas", "xarray", "netCDF4", "scipy.stats", "sklearn.ensemble",
    "matplotlib.pyplot", "numba", "pytest", "hypothesis",
]
"""Modules that a process has imported before it gets a mutant."""

LONGEST, ALTOGETHER = 60, 300
"""Seconds that a test, and all tests of a mutant together, may take without it; others are left
out."""

SECONDS, TIMES = 120, 8
"""Time limit of a mutant's tests: so many seconds, and so many times what they take without it.
A mutant that exceeds it loops for ever, and counts as noticed."""

ROOMS = ("grid", "covariates", "records", "scoring", "forest", "readers", "upscaling", "plot")
"""Folders of tests that are run, without slow tests: others could only notice more."""

LEAST = 0.85
"""Share of the mutants that tests must notice."""

NOTICED = ("killed", "timeout")
IDENTITY = ("file", "line", "operator", "occurrence", "args")


def main():
    """Draw mutants, try them and print the table; exit code 1 if too few are noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="keep the outcomes, and go on from them")
    asked = parser.parse_args()
    if not COVERAGE.exists():
        measure_coverage(asked.workers)
    tests, drawn = Tests(), draw(asked.mutants, asked.seed)
    if asked.json and asked.json.exists():
        known = json.loads(asked.json.read_text(encoding="utf-8"))
        known = {str([m[k] for k in IDENTITY]): m for m in known}
        for mutant in drawn:
            mutant.update(known.get(str([mutant[k] for k in IDENTITY]), {}))
    try_all(drawn, tests, asked.workers, asked.json)
    print(table(drawn))
    return 0 if sum(m["fate"] in NOTICED for m in drawn) >= LEAST * len(drawn) else 1


def measure_coverage(workers):
    """Run the unit tests once, and keep which of them passes over which line, and their times."""
    print("Coverage: the tests run once ...", flush=True)
    COVERAGE.parent.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(f"tests/{room}" for room in ROOMS),
         "-m", "not slow and not site", "-n", str(workers), "--cov",
         "--cov-context=test", "--cov-report=", f"--junitxml={COVERAGE}.xml"],
        cwd=ROOT, env=os.environ | {"COVERAGE_FILE": str(COVERAGE)}, check=False,
    )
    if done.returncode:
        COVERAGE.unlink(missing_ok=True)
        sys.exit("The tests fail without any mutant.")


class Tests:
    """Look up which tests pass over a line, by their time."""

    def __init__(self):
        self.data = CoverageData(str(COVERAGE))
        self.data.read()
        self.seconds = {
            f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}":
            float(case.get("time"))
            for case in ElementTree.parse(f"{COVERAGE}.xml").iter("testcase")
        }
        self.files = {
            name.partition("/src/soilresp/")[2]: name for name in self.data.measured_files()
        }

    def over(self, file, line):
        """Return tests (node ids), quickest first; of the whole file for a line of its import."""
        by_line = self.data.contexts_by_lineno(self.files[file])
        found = _names(by_line.get(line, ())) or set().union(*map(_names, by_line.values()))
        chosen, together = [], 0
        for test in sorted(found, key=lambda test: (self.seconds.get(test, 0), test)):
            together += self.seconds.get(test, 0)
            if self.seconds.get(test, 0) <= LONGEST and together <= ALTOGETHER:
                chosen.append(test)
        return chosen


def _names(contexts):
    """Return node ids among coverage contexts such as ``tests/test_x.py::test_y|run``."""
    return {context.partition("|")[0] for context in contexts if "::" in context}


def draw(n, seed):
    """Draw places in the code, and a mutant of each."""
    files = sorted({file for pattern in TARGETS for file in SOURCE.glob(pattern)})
    places = {}
    for item in _all_work_items(files, {}):
        mutation = item.mutations[0]
        if mutation.operator_name.startswith(("core/Variable", "core/RemoveDecorator")):
            continue  # They make code that no one would write.
        file = Path(mutation.module_path).resolve().relative_to(SOURCE.resolve()).as_posix()
        places.setdefault((file, mutation.start_pos), []).append(mutation)
    rng = random.Random(seed)
    chosen = rng.sample(sorted(places), min(n, len(places)))
    print(f"{len(chosen)} of {len(places)} places in {len(files)} files are drawn.", flush=True)
    drawn = []
    for file, start in chosen:
        options = sorted(places[file, start], key=lambda m: (m.operator_name, m.occurrence))
        mutation = rng.choice(options)
        drawn.append({
            "file": file, "line": start[0], "operator": mutation.operator_name,
            "occurrence": mutation.occurrence, "args": dict(mutation.operator_args),
        })
    return drawn


def try_all(drawn, tests, workers, kept):
    """Try the mutants side by side, each worker in a copy of the project."""
    copies, writing = Queue(), Lock()

    def one(mutant):
        if mutant.get("fate") in NOTICED:
            return
        home = copies.get()
        try:
            mutant.update(fate(mutant, tests, home))
        finally:
            copies.put(home)
        with writing:
            print(f"{mutant['fate']:9} {mutant['file']}:{mutant['line']} {mutant['change']}",
                  flush=True)
            if kept:
                kept.write_text(json.dumps(drawn, indent=1) + "\n", encoding="utf-8")

    with tempfile.TemporaryDirectory() as folder:
        for k in range(workers):
            copies.put(copy(Path(folder, f"copy{k}")))
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(one, drawn))


def copy(home):
    """Copy the project for a worker; some tests ask git for its files."""
    ignored = ("runs", "_build", ".git", ".venv", ".hypothesis", "*.nbi~")
    shutil.copytree(ROOT, home, symlinks=True, ignore=shutil.ignore_patterns(*ignored))
    subprocess.run(["git", "init", "-q"], cwd=home, check=True)
    subprocess.run(["git", "add", "-A"], cwd=home, check=True)
    return home


def fate(mutant, tests, home):
    """Put a mutant into a copy, run its tests, and take it out again."""
    file = home / "src" / "soilresp" / mutant["file"]
    code = file.read_text(encoding="utf-8")
    operator = get_operator(mutant["operator"])(**mutant["args"])
    mutated = mutate_code(code, operator, mutant["occurrence"])
    lines = zip(code.splitlines(), mutated.splitlines(), strict=False)
    said = {"change": next(new.strip() for old, new in lines if old != new), "fate": "no test"}
    over = tests.over(mutant["file"], mutant["line"])
    if over:
        file.write_text(mutated, encoding="utf-8")
        try:
            usual = sum(tests.seconds.get(test, 0) for test in over)
            said["fate"] = outcome(over, home, SECONDS + TIMES * usual)
        finally:
            file.write_text(code, encoding="utf-8")
    return said


def outcome(over, home, seconds):
    """Run tests in a process that has the libraries, but nothing of the project, imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    process = context.Process(target=_run, args=(over, home))
    process.start()
    process.join(seconds)
    late = process.exitcode is None
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join()
    return "timeout" if late else "killed" if process.exitcode else "survives"


def _run(over, home):
    os.setsid()
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    os.chdir(home)
    os.environ |= {
        "SOILRESP_HOME": str(home), "PYTHONPATH": str(home / "src"), "PYTHONDONTWRITEBYTECODE": "1",
    }
    sys.path.insert(0, str(home / "src"))
    import pytest

    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:cov", "-p", "no:xdist"]
    os._exit(int(pytest.main([*over, *options])))


def table(drawn):
    """Return the share of mutants noticed, by part of the package, as Markdown."""
    lines = ["| part | mutants | noticed | share |", "|---|---|---|---|"]
    for name in [*sorted({m["file"].partition("/")[0] for m in drawn}), "all"]:
        own = [m for m in drawn if name in (m["file"].partition("/")[0], "all")]
        noticed = sum(m["fate"] in NOTICED for m in own)
        lines.append(f"| {name} | {len(own)} | {noticed} | {noticed / len(own):.1%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
