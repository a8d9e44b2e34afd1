"""Mutation testing: small changes to the code that the tests must notice.

    pip install cosmic-ray pytest-cov
    python robustness/mutants.py --mutants 300 --seed 0 --json mutants.json

Mutants come from cosmic-ray. A place in the code is drawn first and one of its mutants then: a
plus sign has eleven mutants, a comparison seven, and neither should outvote the other. Each is
put into a copy of the project and meets the tests that pass over its line, the quickest first.
A mutant lives if all of them pass. With `--json` each end is kept as it comes; called again, the
script goes on from there, and tries again those that lived, as tests may have been added. The
compiled kernels (`forest/kernel.py`) are left out: tests hold them against their NumPy twins.
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
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from threading import Lock

import cover

ROOT = Path(__file__).resolve().parents[1]
TARGETS = (
    "grid/*.py", "covariates/**/*.py", "records/**/*.py", "scoring/metrics.py", "scoring/maps.py",
    "forest/evaluate.py",
    "forest/distribution.py", "forest/rows.py", "forest/trees.py",
)
"""Files whose mutants are drawn."""

LIBRARIES = [
    "numpy", "pandas", "xarray", "netCDF4", "scipy.stats", "sklearn.ensemble",
    "matplotlib.pyplot", "numba", "pytest", "hypothesis",
]
"""What a process that tries mutants has at hand before it begins."""

LONGEST, ALTOGETHER = 60, 300
"""Seconds that a test, and all tests of a mutant together, may take without it. Tests beyond
that are left out: they could only notice more."""

LEAST = 0.85
"""Share of the mutants that tests must notice."""

SECONDS, TIMES = 120, 8
"""Time that the tests of one mutant may take, on top of so many times what they take without it;
one that takes longer goes round in circles, and counts as noticed."""


def main():
    """Draw mutants, try them, and print the table; exit code 1 if too few are noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--coverage", type=Path, default=ROOT / "_build" / "mutants.coverage",
                        help="Which test passes over which line; made if it is not there.")
    parser.add_argument("--more", type=Path, nargs="*", default=[],
                        help="The same, of tests that have been added since.")
    parser.add_argument("--only", nargs="*", type=int, help="Numbers of mutants to try.")
    parser.add_argument("--json", type=Path, help="Keep each mutant and its end; go on from it.")
    chosen = parser.parse_args()
    if not chosen.coverage.exists():
        print("Which test passes over which line: the tests run once ...", flush=True)
        if cover.measure(chosen.coverage.absolute(), chosen.workers):
            chosen.coverage.unlink(missing_ok=True)
            raise SystemExit("The tests fail without any mutant: mend them first.")
    tests = Tests([chosen.coverage, *chosen.more])
    drawn = draw(chosen.mutants, chosen.seed)
    if chosen.only:
        drawn = [mutant for mutant in drawn if mutant["number"] in chosen.only]
    take_up(drawn, chosen.json)
    try_all(drawn, tests, chosen.workers, chosen.json)
    print(table(drawn))
    noticed = sum(map(is_noticed, drawn))
    return 0 if noticed >= LEAST * len(drawn) else 1


class Tests:
    """Which tests pass over a line, by their time."""

    def __init__(self, files):
        from coverage import CoverageData

        self.data, self.seconds = CoverageData(no_disk=True), {}
        for file in files:
            one = CoverageData(str(file))
            one.read()
            self.data.update(one)
            self.seconds |= durations(Path(f"{file}-times.xml"))
        self.files = {
            name.partition("/src/soilresp/")[2]: name for name in self.data.measured_files()
        }

    def over(self, file, line):
        """Tests (node ids), quickest first; those of the whole file for a line of the import."""
        by_line = self.data.contexts_by_lineno(self.files[file])
        found = names(by_line.get(line, ()))
        if not found:
            found = set().union(*map(names, by_line.values()))
        chosen, together = [], 0
        for test in sorted(found, key=lambda test: (self.seconds.get(test, 0), test)):
            together += self.seconds.get(test, 0)
            if self.seconds.get(test, 0) <= LONGEST and together <= ALTOGETHER:
                chosen.append(test)
        return chosen


def names(contexts):
    """Node ids among coverage contexts such as ``tests/test_x.py::test_y|run``."""
    return {context.partition("|")[0] for context in contexts if "::" in context}


def durations(file):
    """Seconds of each test of a JUnit report, by node id."""
    from xml.etree import ElementTree

    return {
        f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}":
        float(case.get("time"))
        for case in ElementTree.parse(file).iter("testcase")
    }


def draw(n, seed):
    """Draw places in the code, and a mutant of each."""
    from cosmic_ray.commands.init import _all_work_items

    source = ROOT / "src" / "soilresp"
    files = sorted({file for pattern in TARGETS for file in source.glob(pattern)})
    places = {}
    for item in _all_work_items(files, {}):
        mutation = item.mutations[0]
        if mutation.operator_name.startswith(("core/Variable", "core/RemoveDecorator")):
            continue  # They make code that no one would write.
        file = Path(mutation.module_path).resolve().relative_to(source.resolve()).as_posix()
        places.setdefault((file, mutation.start_pos), []).append(mutation)
    rng = random.Random(seed)
    chosen = rng.sample(sorted(places), min(n, len(places)))
    print(f"{len(places)} places in {len(files)} files; {len(chosen)} are drawn.", flush=True)
    drawn = []
    for number, place in enumerate(chosen, 1):
        options = sorted(places[place], key=lambda m: (m.operator_name, m.occurrence))
        mutation = rng.choice(options)
        drawn.append({
            "number": number, "file": place[0], "line": place[1][0],
            "operator": mutation.operator_name.removeprefix("core/"),
            "occurrence": mutation.occurrence, "args": dict(mutation.operator_args),
        })
    return drawn


WHICH = ("number", "file", "line", "operator", "occurrence", "args")
"""What a mutant is told by."""


def take_up(drawn, kept):
    """Take the ends of an earlier call over, of the same mutants of the same code."""
    if kept is None or not kept.exists():
        return
    known = {str([m[k] for k in WHICH]): m for m in json.loads(kept.read_text(encoding="utf-8"))}
    for mutant in drawn:
        mutant.update(known.get(str([mutant[k] for k in WHICH]), {}))


def keep(drawn, kept):
    """Write the ends so far aside, and put them in place."""
    if kept is not None:
        aside = kept.with_suffix(".tmp")
        aside.write_text(json.dumps(drawn, indent=1) + "\n", encoding="utf-8")
        aside.replace(kept)


def try_all(drawn, tests, workers, kept=None):
    """Try the mutants side by side, each worker in a copy of its own."""
    copies = Queue()
    with tempfile.TemporaryDirectory() as folder:
        for k in range(workers):
            copies.put(copy(Path(folder, f"copy{k}")))
        start = time.monotonic()

        writing = Lock()

        def one(mutant):
            if is_noticed(mutant):
                return
            home = copies.get()
            try:
                mutant.update(fate(mutant, tests, home))
            finally:
                copies.put(home)
            with writing:
                keep(drawn, kept)
            print(f"{mutant['number']:4} {mutant['fate']:9} {mutant['file']}:{mutant['line']} "
                  f"{mutant['change']}", flush=True)

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(one, drawn))
        print(f"took {(time.monotonic() - start) / 60:.0f} min", flush=True)


def copy(home):
    """A copy of the project that a mutant may spoil."""
    shutil.copytree(
        ROOT, home, symlinks=True,
        ignore=shutil.ignore_patterns("runs", "_build", ".git", ".venv", ".hypothesis", "*.nbi~"),
    )
    # Some tests ask git for the files of the project.
    subprocess.run(["git", "init", "-q"], cwd=home, check=True)
    subprocess.run(["git", "add", "-A"], cwd=home, check=True)
    return home


def environment(home):
    """Environment in which the tests use the project in a folder."""
    return os.environ | {
        "SOILRESP_HOME": str(home), "PYTHONPATH": f"{home / 'src'}", "PYTHONDONTWRITEBYTECODE": "1",
    }


def fate(mutant, tests, home):
    """Put a mutant into a copy, run its tests, and take it out again."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    file = home / "src" / "soilresp" / mutant["file"]
    code = file.read_text(encoding="utf-8")
    operator = get_operator(f"core/{mutant['operator']}")(**mutant["args"])
    mutated = mutate_code(code, operator, mutant["occurrence"])
    change = next(
        new.strip() for old, new in zip(code.splitlines(), mutated.splitlines(), strict=False)
        if old != new
    )
    over = tests.over(mutant["file"], mutant["line"])
    said = {"change": change, "n_tests": len(over), "fate": "no test"}
    if not over:
        return said
    file.write_text(mutated, encoding="utf-8")
    try:
        usual = sum(tests.seconds.get(test, 0) for test in over)
        said["fate"] = outcome(over, home, SECONDS + TIMES * usual)
    finally:
        file.write_text(code, encoding="utf-8")
    return said


def outcome(over, home, seconds):
    """Whether tests fail: "killed", "timeout" or "lives"."""
    process = _forked().Process(target=_run, args=(over, str(home)))
    process.start()
    process.join(seconds)
    late = process.exitcode is None
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join()
    return "timeout" if late else "killed" if process.exitcode else "lives"


def _forked():
    """Processes that have the libraries from their beginning, but nothing of the project."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    return context


def _run(over, home):
    os.setsid()
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    os.chdir(home)
    os.environ.update(environment(Path(home)))
    sys.path.insert(0, str(Path(home, "src")))
    import pytest

    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:cov", "-p", "no:xdist"]
    os._exit(int(pytest.main([*over, *options])))


def is_noticed(mutant):
    """Whether a test failed, or went round in circles."""
    return mutant.get("fate") in ("killed", "timeout")


def table(drawn):
    """Mutants noticed, by part of the package, as Markdown."""
    def part(file):
        return file.partition("/")[0] if not file.startswith("compare") else file

    lines = ["| part | mutants | noticed | share |", "|---|---|---|---|"]
    for name in [*sorted({part(m["file"]) for m in drawn}), "all"]:
        own = [m for m in drawn if name in (part(m["file"]), "all")]
        noticed = sum(map(is_noticed, own))
        lines.append(f"| {name} | {len(own)} | {noticed} | {noticed / len(own):.1%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
