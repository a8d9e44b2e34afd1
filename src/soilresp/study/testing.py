"""The tests of the project, in the order in which a fault is cheapest to find."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from soilresp.book import build as book
from soilresp.book import publish
from soilresp.covariates.recipes import recipe_of
from soilresp.errors import ParameterError, SoilrespError
from soilresp.io import fetch as access
from soilresp.io import paths

__all__ = ["run", "real_data"]


def real_data():
    """Whether SRDB and the inputs of the ``delta`` recipe are in the cache or the mirror.

    Returns
    -------
    bool
    """
    return access.is_available(["srdb", *recipe_of("delta").needs])


def run(only: str | None = None) -> int:
    """Run the tests, stopping at the first step that fails.

    Parameters
    ----------
    only : {"unit", "pairs", "notebooks", "book"}, optional
        The one step to run; all of them by default.

    Returns
    -------
    int
        0 if all went well, else 1.

    Raises
    ------
    ParameterError
        If `only` is not the name of a step.
    """
    if only is not None and only not in STEPS:
        raise ParameterError(f"Unknown step {only!r}: choose one of {', '.join(STEPS)}.")
    print(f"real data: {'yes' if real_data() else 'no'}", flush=True)
    for name in [only] if only else STEPS:
        heading, step = STEPS[name]
        print(f"\n=== {name}: {heading}", flush=True)
        start = time.perf_counter()
        passed = step()
        took = time.perf_counter() - start
        print(f"=== {name}: {'passed' if passed else 'FAILED'} in {took:.0f} s", flush=True)
        if not passed:
            return 1
    return 0


def _pytest(*arguments, **environment):
    """Run pytest in the project folder and say whether it passed."""
    command = [sys.executable, "-m", "pytest", *map(str, arguments)]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=paths.root(), env=env, check=False).returncode == 0


def _parallel():
    several = importlib.util.find_spec("xdist") and (os.cpu_count() or 1) > 1
    return ["-n", "2"] if several else []


def _unit():
    return _pytest("tests", "-m", "not site", *_parallel())


def _pairs():
    return _quietly(
        lambda: f"{len(publish.check_pairs())} notebooks agree with their twins"
    ) and _quietly(lambda: f"{len(publish.check_outputs())} notebooks are fit to be committed")


CHECKED = "nbval-check-output"
"""Tag of the cells whose output must be the committed one, whatever the profile."""

_SANITIZE = r"""
[address]
regex: \b0x[0-9a-f]+
replace: ADDRESS
"""
"""What nbval is to overlook in them: where an object happens to be in memory."""


def _notebooks(real=None):
    # In order and in one run folder: each notebook reads what earlier ones left.
    notebooks = sorted(paths.notebooks_dir().glob("[0-9]*.ipynb"))
    with tempfile.TemporaryDirectory(prefix="soilresp-test-") as folder:
        sanitize = Path(folder, "sanitize.cfg")
        sanitize.write_text(_SANITIZE, encoding="utf-8")
        if not (real_data() if real is None else real):
            notebooks = [_unchecked(file, Path(folder)) for file in notebooks]
        return _pytest(
            "--nbval-lax",
            "--nbval-current-env",
            "--nbval-cell-timeout=600",
            "--nbval-sanitize-with", sanitize,
            *("-p", "no:cacheprovider"),
            *notebooks,
            SOILRESP_HOME=str(paths.root()),
            SOILRESP_PROFILE="quick",
            SOILRESP_RUN=str(Path(folder, "run")),
        )


def _unchecked(file, folder):
    """A copy of a notebook without its checks, which hold for the real data alone."""
    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if CHECKED in tags:
            cell.metadata["tags"] = [tag for tag in tags if tag != CHECKED]
    nbformat.write(notebook, folder / file.name)
    return folder / file.name


def _book():
    site = paths.root() / "_build" / "html"
    return _quietly(lambda: f"the book is {book.build().relative_to(paths.root())}") and _pytest(
        "tests", "-m", "site", *_parallel(), SOILRESP_SITE=str(site)
    )


def _quietly(step):
    """Print what a step says, or the error that it raises."""
    try:
        print(step())
    except SoilrespError as error:
        print(f"error: {error}")
        return False
    return True


STEPS = {
    "unit": ("unit tests", _unit),
    "pairs": ("notebooks agree with their .py twins, and are clean and small", _pairs),
    "notebooks": ("notebooks run at profile quick, checked cells as committed", _notebooks),
    "book": ("book builds without a warning, and its pages work in a browser", _book),
}
"""What each step is called, says and does."""
