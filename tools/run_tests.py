"""Run all tests of the project: units, pairs of notebooks, notebooks, book.

``python tools/run_tests.py [--only STEP]``. The notebooks run beside the other steps. With SRDB
and the inputs of recipe ``delta`` in the cache or the mirror, cells with the tag
``nbval-check-output`` must give the committed output; without, they need only run.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from soilresp.covariates.recipes import recipe_of
from soilresp.errors import SoilrespError
from soilresp.io import fetch, paths

ROOT = paths.root()
CHECKED = "nbval-check-output"
WORKERS = str(min(4, os.cpu_count() or 1))
SANITIZE = """
[address]
regex: \\b0x[0-9a-f]+
replace: ADDRESS
"""


def main():
    """Run the steps and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=STEPS)
    only = parser.parse_args().only
    real = fetch.is_available(["srdb", *recipe_of("delta").needs])
    print(f"real data: {'yes' if real else 'no'}", flush=True)
    if only:
        return 0 if step(only, real) else 1
    # The notebooks need one processor and the unit tests the others.
    command = [sys.executable, __file__, "--only", "notebooks"]
    with tempfile.TemporaryFile("w+") as log:
        aside = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            passed = all(step(name, real) for name in ("pairs", "unit", "book"))
        except BaseException:
            aside.terminate()
            raise
        passed = aside.wait() == 0 and passed
        log.seek(0)
        print(log.read(), flush=True)
    return 0 if passed else 1


def step(name, real):
    """Run one step; return whether it passed."""
    print(f"\n=== {name}", flush=True)
    start = time.perf_counter()
    passed = STEPS[name](real)
    took = time.perf_counter() - start
    print(f"=== {name}: {'passed' if passed else 'FAILED'} in {took:.0f} s", flush=True)
    return passed


def pytest(*arguments, **environment):
    """Run pytest in the project folder; return whether it passed."""
    command = [sys.executable, "-m", "pytest", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment).returncode == 0


def units(real):
    """Run the unit tests."""
    return pytest("tests", "-n", WORKERS, "--dist", "worksteal")


def pairs(real):
    """Compare notebooks with their .py twins, and inspect the committed outputs."""
    from soilresp.book import publish

    try:
        print(f"{len(publish.check_pairs())} notebooks agree with their twins")
        print(f"{len(publish.check_outputs())} notebooks have clean outputs")
    except SoilrespError as error:
        print(f"error: {error}")
        return False
    return True


def notebooks(real):
    """Run the notebooks in order, in one run folder, and compare the checked cells."""
    files = sorted(paths.notebooks_dir().glob("[0-9]*.ipynb"))
    with tempfile.TemporaryDirectory(prefix="soilresp-test-") as folder:
        sanitize = Path(folder, "sanitize.cfg")
        sanitize.write_text(SANITIZE, encoding="utf-8")
        if not real:
            files = [unchecked(file, Path(folder)) for file in files]
        return pytest(
            "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=600",
            "--nbval-sanitize-with", sanitize, "-p", "no:cacheprovider", *files,
            SOILRESP_HOME=str(ROOT), SOILRESP_PROFILE="quick",
            SOILRESP_RUN=str(Path(folder, "run")),
        )


def unchecked(file, folder):
    """Copy a notebook without the tags of its checked cells."""
    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if CHECKED in tags:
            cell.metadata["tags"] = [tag for tag in tags if tag != CHECKED]
    nbformat.write(notebook, folder / file.name)
    return folder / file.name


def book(real):
    """Build the book without a warning, and test its pages in a browser."""
    from soilresp.book import build

    try:
        index = build.build()
    except SoilrespError as error:
        print(f"error: {error}")
        return False
    return pytest("tests", "-m", "site", "-n", WORKERS, SOILRESP_SITE=str(index.parent))


STEPS = {"unit": units, "pairs": pairs, "notebooks": notebooks, "book": book}

if __name__ == "__main__":
    sys.exit(main())
