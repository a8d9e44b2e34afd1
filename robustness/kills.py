"""Kill the project's long commands at random moments, start them again, compare bytes.

For each of an ensemble run, a build of covariates, an export (NetCDF, Zarr, GeoTIFF in turn)
and `soilresp run`: SIGKILL to the command and all that it started, kernels included, at
moments drawn from a seed and spread over the time that the undisturbed command takes; every
third waits from there for the next write, and hits that. Right after it, every file that has
its final name must be whole; the command, given again, must end well, leave the very bytes of
an undisturbed one, and nothing half written.

    python robustness/kills.py --kills 30
    python robustness/kills.py --kills 5 --what export --json kills.json
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import (
    contents,
    covariates,
    ensemble,
    export,
    kill,
    leftovers,
    markdown,
    small_run,
    small_study,
    start,
    study,
    whole,
)

WHAT = ("ensemble", "covariates", "export", "run")


def tasks(what, work, run=None):
    """The tasks of a kind; what they need is made in the folder `work`."""
    if what == "ensemble":
        return [ensemble()]
    if what == "covariates":
        return [covariates(".nc"), covariates(".zarr")]
    if what == "run":
        return [study(small_study(work))]
    run = run or small_run(work)
    return [export(kind, run) for kind in ("netcdf", "zarr", "cog")]


def disturb(task, folder, pause, undisturbed, amid=False):
    """Kill a task once and start it again.

    Parameters
    ----------
    task : common.Task
    folder : pathlib.Path
        Empty.
    pause : float
        Seconds from its start to the kill.
    undisturbed : dict
        `common.contents` of the folder of an undisturbed task.
    amid : bool
        Wait, after the pause, until something is being written.

    Returns
    -------
    dict or None
        ``half``: files with a final name that are not whole after the kill; ``left``: half
        written ones after the kill; ``same``: whether the task started again left the bytes
        of an undisturbed one; ``remain``: half written files after that. None if the task was
        done before the kill.
    """
    process = start(task, folder)
    time.sleep(pause)
    while amid and process.poll() is None and not leftovers(folder):
        time.sleep(0.003)
    if not kill(process):
        return None
    found = contents(folder) if folder.exists() else {}
    seen = {
        "half": [name for name, digest in found.items() if undisturbed.get(name) != digest],
        "left": [str(path) for path in leftovers(folder)],
    }
    seen["seconds"] = whole(task, folder)
    again = contents(folder)
    seen["differ"] = sorted(
        name for name in again.keys() | undisturbed.keys()
        if again.get(name) != undisturbed.get(name)
    )
    seen["same"] = not seen["differ"]
    seen["remain"] = [str(path) for path in leftovers(folder)]
    return seen


def measure(what, n_kills, seed, work, run=None):
    """Kill the tasks of a kind `n_kills` times.

    Returns
    -------
    dict
        A row of the table, with the details of each kill under ``kills``.
    """
    kind = tasks(what, work, run)
    n_kills = max(n_kills, len(kind))
    references = []
    for i, task in enumerate(kind):
        folder = work / f"{what} {i}"
        whole(task, folder)  # once more, so that compiled code is there in both
        shutil.rmtree(folder)
        seconds = whole(task, folder)
        references.append((seconds, contents(folder)))
    draw = np.random.default_rng([seed, WHAT.index(what)])
    # One moment in each n-th part of the time: spread, and at random.
    moments = (draw.permutation(n_kills) + draw.uniform(size=n_kills)) / n_kills
    kills = []
    for i, moment in enumerate(moments):
        seconds, undisturbed = references[i % len(kind)]
        folder = work / "killed"
        while True:
            shutil.rmtree(folder, ignore_errors=True)
            seen = disturb(kind[i % len(kind)], folder, moment * seconds, undisturbed, i % 3 == 2)
            if seen is not None:
                break
            moment *= draw.uniform()  # it was quicker this time
        kills.append({"task": kind[i % len(kind)].name, "moment": moment * seconds, **seen})
        print(f"{what} {i + 1}/{n_kills}: {'same' if seen['same'] else seen['differ']}",
              file=sys.stderr)
    shutil.rmtree(work / "killed")
    return {
        "what": " + ".join(task.name for task in kind),
        "files": sum(len(undisturbed) for _, undisturbed in references),
        "undisturbed, s": " + ".join(f"{seconds:.1f}" for seconds, _ in references),
        "killed after, s": f"{min(k['moment'] for k in kills):.1f} to "
                           f"{max(k['moment'] for k in kills):.1f}",
        "kills": len(kills),
        "amid a write": sum(bool(k["left"]) for k in kills),
        "half files taken for whole": sum(len(k["half"]) for k in kills),
        "restarted, same bytes": sum(k["same"] for k in kills),
        "left behind": sum(len(k["remain"]) for k in kills),
        "details": kills,
    }


def main():
    """Read the command line, kill, print the table; exit code 1 if anything was not recovered."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=30, help="of each kind; default 30")
    parser.add_argument("--what", choices=(*WHAT, "all"), default="all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", type=Path, help="a run to export; default: a small one is made")
    parser.add_argument("--json", type=Path, help="write every kill to this file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soilresp-kills-") as work:
        rows = [
            measure(what, given.kills, given.seed, Path(work), given.run)
            for what in (WHAT if given.what == "all" else (given.what,))
        ]
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    good = all(
        row["restarted, same bytes"] == row["kills"]
        and not row["half files taken for whole"] and not row["left behind"]
        for row in rows
    )
    print(markdown([{k: v for k, v in row.items() if k != "details"} for row in rows]))
    sys.exit(not good)


if __name__ == "__main__":
    main()
