"""Let the project's commands write to a full disk and into a folder that cannot be written.

The full disk is a memory file system of a few hundred kilobytes, the other one the same,
mounted read-only; both need root on Linux. As another user the folder is made read-only by its
mode, and the full disk is left out. Every command must end with exit code 1 and one message
that names the file and the cause, leave what was there before as it was, and nothing half
written.

    python robustness/disk.py
    python robustness/disk.py --what score --json disk.json
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from common import (
    PROJECT,
    contents,
    covariates,
    ensemble,
    export,
    leftovers,
    markdown,
    score,
    small_run,
    small_study,
    start,
    study,
    whole,
)

sys.path.insert(0, str(PROJECT / "tests"))

CAUSES = {
    "full": ("No space left on device",),
    "read-only": ("Read-only file system", "Permission denied"),
}

SIZES = {"ensemble": 64, "run": 1600, "score": 128}
"""Kilobytes of the full disk: each task gets into its work, and not to its end."""

_SIZE = 512


@contextmanager
def disk(folder, kilobytes=None):
    """A file system of its own in a folder, or (without root) the folder.

    Yields
    ------
    callable
        Makes it read-only.
    """
    folder.mkdir()
    if os.geteuid():
        yield lambda: folder.chmod(0o555)
        folder.chmod(0o755)
        return
    size = [] if kilobytes is None else ["-o", f"size={kilobytes}k"]
    subprocess.run(["mount", "-t", "tmpfs", *size, "tmpfs", folder], check=True)
    try:
        yield lambda: subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    finally:
        # A writer that has failed may keep its file open.
        subprocess.run(["umount", "--lazy", folder], check=True)


def can_mount():
    """Whether this user may mount a memory file system."""
    if os.geteuid() or not shutil.which("mount"):
        return False
    with tempfile.TemporaryDirectory(prefix="soilresp-disk-") as work:
        try:
            with disk(Path(work, "disk"), 64):
                return True
        except subprocess.CalledProcessError:
            return False


def tasks(work, what=None, run=None):
    """Tasks by name; what they need is made in the folder `work`."""
    made = {"ensemble": ensemble, "covariates .nc": lambda: covariates(".nc"),
            "covariates .zarr": lambda: covariates(".zarr"), "score": lambda: _score(work)}
    for kind in ("netcdf", "zarr", "cog"):
        made[f"export {kind}"] = lambda kind=kind: export(kind, run or small_run(work))
    made["run"] = lambda: study(small_study(work))
    return {name: make() for name, make in made.items() if what in (None, name.split()[0])}


def _score(work):
    from made_benchmark import as_model, made_benchmark
    from test_score_command import write_model

    benchmark = made_benchmark()
    benchmark.to_netcdf(work / "benchmark.nc")
    model = write_model(work / "Made_S2_rh.nc", 1.1 * as_model(benchmark, ("HR",))["HR"])
    return score(model, work / "benchmark.nc")


def earlier(name, task, folder, work):
    """Put results of an earlier time into a folder."""
    if name == "run":
        whole(study(small_study(work), ("01",)), folder)
        return
    names = {
        "covariates .nc": "cube.nc", "covariates .zarr": "cube.zarr/.zgroup",
        "score": "score.json", "export netcdf": "soilresp_climatology_0p5deg.nc",
        "export zarr": "soilresp_climatology_0p5deg.zarr/.zgroup",
        "export cog": "soilresp_climatology_0p5deg_cog/SR.tif", "ensemble": "results/flux.json",
    }
    file = folder / names[name]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("of an earlier time", encoding="utf-8")


def check(name, task, trouble, work):
    """Let a task meet a full or read-only folder.

    Returns
    -------
    dict
        A row of the table.
    """
    kilobytes = SIZES.get(name, _SIZE) if trouble == "full" else None
    with disk(work / "disk", kilobytes) as make_read_only:
        folder = work / "disk" / "out"
        earlier(name, task, folder, work)
        before = contents(folder)
        if trouble == "read-only":
            make_read_only()
        process = start(task, folder)
        _, said = process.communicate()
        after = contents(folder)
        # Results that were whole before the trouble began may have been added.
        kept = all(after.get(file) == digest for file, digest in before.items())
        left = [str(path) for path in leftovers(folder)]
        added = sorted(after.keys() - before.keys())
    shutil.rmtree(work / "disk")
    lines = [line for line in said.splitlines() if "error:" in line.lower()]
    named = any(
        cause in line and str(folder) in line for line in lines for cause in CAUSES[trouble]
    )
    words = lines[-1].replace(str(folder), "FOLDER") if lines else said[-200:]
    return {
        "what": name, "trouble": trouble, "exit code": process.returncode,
        "file and cause named": _yes(named),
        "traceback": _yes("Traceback" in said), "earlier results intact": _yes(kept),
        "left behind": len(left), "message": words.replace("|", "/"),
        "added": added, "said": said,
    }


def _yes(true):
    return "yes" if true else "no"


def is_good(name, row):
    """Whether a row is as it must be; the ensemble program is no command, and shows a traceback."""
    code = 1 if name != "ensemble" else row["exit code"]
    return (
        row["exit code"] == code != 0 and row["file and cause named"] == "yes"
        and (row["traceback"] == "no" or name == "ensemble")
        and row["earlier results intact"] == "yes" and row["left behind"] == 0
    )


def main():
    """Read the command line, try, print the table; exit code 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--what", choices=("ensemble", "covariates", "score", "export", "run"))
    parser.add_argument("--run", type=Path, help="a run to export; default: a small one is made")
    parser.add_argument("--json", type=Path, help="write all that was said to this file")
    given = parser.parse_args()
    troubles = ["full", "read-only"] if can_mount() else ["read-only"]
    rows = []
    with tempfile.TemporaryDirectory(prefix="soilresp-disk-") as made:
        work = Path(made).resolve()
        for name, task in tasks(work, given.what, given.run).items():
            for trouble in troubles:
                rows.append(check(name, task, trouble, work))
                print(f"{name}, {trouble}: {rows[-1]['message']}", file=sys.stderr)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(markdown([{k: v for k, v in row.items() if k not in ("added", "said")} for row in rows]))
    sys.exit(not all(is_good(row["what"], row) for row in rows))


if __name__ == "__main__":
    main()
