"""The tests of the project, in the order in which a fault is cheapest to find."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time

from soilresp import book, paths
from soilresp.data import access
from soilresp.errors import ParameterError, SoilrespError
from soilresp.prepare.recipes import recipe_of

__all__ = ["run", "real_data"]


def real_data():
    """Whether SRDB and the inputs of the ``delta`` recipe are in the cache or the mirror.

    Returns
    -------
    bool
    """
    return access.at_hand(["srdb", *recipe_of("delta").needs])


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


def _unit():
    parallel = importlib.util.find_spec("xdist") and (os.cpu_count() or 1) > 1
    return _pytest("tests", *(["-n", "2"] if parallel else []))


def _pairs():
    return _quietly(
        lambda: f"{len(book.check_pairs())} notebooks agree with their twins"
    ) and _quietly(lambda: f"{len(book.check_outputs())} notebooks are fit to be committed")


def _notebooks():
    # In order and in one run folder: each notebook reads what earlier ones left.
    notebooks = sorted(paths.notebooks_dir().glob("[0-9]*.ipynb"))
    with tempfile.TemporaryDirectory(prefix="soilresp-test-") as folder:
        return _pytest(
            "--nbval-lax",
            "--nbval-current-env",
            "--nbval-cell-timeout=600",
            *("-p", "no:cacheprovider"),
            *notebooks,
            SOILRESP_PROFILE="quick",
            SOILRESP_RUN=folder,
        )


def _book():
    return _quietly(lambda: f"the book is {book.build().relative_to(paths.root())}")


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
    "pairs": ("notebooks agree with their .py twins", _pairs),
    "notebooks": ("notebooks run at profile quick", _notebooks),
    "book": ("book builds from the committed outputs without a warning", _book),
}
"""What each step is called, says and does."""
