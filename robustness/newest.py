"""The small study with the newest, and the oldest, versions that pyproject.toml allows.

``python robustness/newest.py`` makes a fresh environment for each, runs `small_study.py` there
and here, and holds the totals against each other: exit code 1 if one is off by more than
`TOLERANCE`. Environments are made with uv if it is there; without it, with pip and for the
newest versions alone. ``--keep FOLDER`` makes them there, and takes those that are there.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["TOLERANCE", "packages", "differences", "main"]

ROOT = Path(__file__).resolve().parents[1]

TOLERANCE = 1e-4
"""Largest relative difference of a total between versions of the packages."""

RESOLUTIONS = {"newest": "highest", "oldest": "lowest-direct"}
"""What uv calls them; the oldest are those of the packages that are named, not of their needs."""

SHOWN = (
    "numpy", "scipy", "pandas", "xarray", "scikit-learn", "quantile-forest", "numba", "netCDF4",
)


def packages():
    """What pyproject.toml asks for, as pip takes it (list of str)."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["cluster"]]


def make(folder, which):
    """Make an environment, and give its interpreter, or None if it cannot be made."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists():
        return python
    if shutil.which("uv"):
        subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, folder], check=True)
        subprocess.run(
            ["uv", "pip", "install", "--quiet", "--python", python, "--resolution",
             RESOLUTIONS[which], *packages()], check=True,
        )
    elif which == "newest":
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages()], check=True)
    else:
        return None
    return python


def study(python, folder):
    """Run the small study, and give its summary (dict)."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "SOILRESP_HOME": str(ROOT)}
    done = subprocess.run(
        [python, ROOT / "robustness" / "small_study.py", folder], env=environment, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )
    if done.returncode:
        raise RuntimeError(f"the study failed: {done.stderr.strip()[-1500:]}")
    return json.loads((folder / "results" / "summary.json").read_text(encoding="utf-8"))


def differences(summary, reference):
    """Relative differences of the totals of two summaries.

    Parameters
    ----------
    summary, reference : dict
        As in ``results/summary.json``.

    Returns
    -------
    dict of str to float
        By flux, and for ``AR_SR``.
    """
    here, there = (
        {t: s["flux"][t]["total"] for t in ("SR", "HR", "AR")} | {"AR_SR": s["AR_SR"]}
        for s in (summary, reference)
    )
    return {name: here[name] / there[name] - 1 for name in here}


def main(arguments=None):
    """Print versions and totals side by side."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=RESOLUTIONS, action="append")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    given = parser.parse_args(arguments)
    failed = False
    with tempfile.TemporaryDirectory(prefix="soilresp-versions-") as name:
        scratch = Path(name)
        summaries = {"here": study(sys.executable, scratch / "here")}
        for which in given.only or RESOLUTIONS:
            python = make((given.keep or scratch).absolute() / f"venv-{which}", which)
            if python is None:
                print(f"{which}: skipped, uv is not installed")
                continue
            summaries[which] = study(python, scratch / which)
        print(f"{'':20}" + "".join(f"{which:>16}" for which in summaries))
        for package in SHOWN:
            versions = [s["versions"].get(package, "-") for s in summaries.values()]
            print(f"{package:20}" + "".join(f"{v:>16}" for v in versions))
        for flux in ("SR", "HR", "AR"):
            totals = [s["flux"][flux]["total"] for s in summaries.values()]
            print(f"{flux + ', Pg C yr-1':20}" + "".join(f"{t:16.8f}" for t in totals))
        for which, summary in summaries.items():
            most = max(map(abs, differences(summary, summaries["here"]).values()))
            if which != "here":
                failed |= most > TOLERANCE
                print(f"{which}: largest relative difference {most:.1e}, at most {TOLERANCE:g} "
                      f"is allowed: {'FAILED' if most > TOLERANCE else 'holds'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
