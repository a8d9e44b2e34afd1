"""Whether the study gives the same bytes however it is run.

``python robustness/determinism.py`` runs a small study (`small_study.py`) once plainly and then
under every configuration below, each in processes of its own, and compares all result files
byte by byte. What a stage notes of itself counts as well, but for how long it took.

Half an hour of one processor; ``--only NAME`` (may be repeated) does some of them,
``--json FILE`` keeps the table.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["CONFIGURATIONS", "Configuration", "digests", "main"]

SCRIPT = Path(__file__).with_name("small_study.py")

TIMES = ("seconds",)
"""What ``stage.json`` says of a stage that is another each time."""

PROVENANCE = ("provenance.json",)
"""Files that say when and on what a run was made."""


@dataclass(frozen=True)
class Configuration:
    """One way to run the study.

    Attributes
    ----------
    words : str
    environment : dict of str to str
    arguments : tuple of str
        Of ``small_study.py``.
    how : str
        "plain", "killed" (as soon as maps are begun, then run again), "elsewhere" (in another
        working directory), "again" (over the results of a run whose maps are removed),
        "one processor", or "turned mirror" (a copy of the mirror, its files made in the reverse
        order, on the real data).
    """

    words: str
    environment: dict = field(default_factory=dict)
    arguments: tuple = ()
    how: str = "plain"


CONFIGURATIONS = {
    "twice": Configuration("run a second time"),
    "again": Configuration("run on from results whose maps were deleted", how="again"),
    "workers-1": Configuration("Dask, 1 local worker", arguments=("--workers", "1")),
    "workers-2": Configuration("Dask, 2 local workers", arguments=("--workers", "2")),
    "workers-4": Configuration("Dask, 4 local workers", arguments=("--workers", "4")),
    "killed": Configuration("SIGKILL amid the maps, then resumed", how="killed"),
    "processor": Configuration("one processor", how="one processor"),
    "threads-1": Configuration(
        "one thread for OpenMP, BLAS and numba",
        dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    ),
    "threads-2": Configuration(
        "two threads for OpenMP, BLAS and numba",
        dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "2"),
    ),
    "hash-0": Configuration("PYTHONHASHSEED=0", {"PYTHONHASHSEED": "0"}),
    "hash-1": Configuration("PYTHONHASHSEED=1", {"PYTHONHASHSEED": "1"}),
    "hash-random": Configuration("PYTHONHASHSEED=random", {"PYTHONHASHSEED": "random"}),
    "time-zone": Configuration("TZ=Asia/Kathmandu", {"TZ": "Asia/Kathmandu"}),
    "turkish": Configuration("LC_ALL=tr_TR.UTF-8", {"LC_ALL": "tr_TR.UTF-8"}),
    "german": Configuration("LC_ALL=de_DE.UTF-8", {"LC_ALL": "de_DE.UTF-8"}),
    "elsewhere": Configuration("another working directory", how="elsewhere"),
    "mirror": Configuration(
        "the mirror's files made in the reverse order (real data)", how="turned mirror",
        arguments=("--recipe", "delta", "--observations", "srdb"),
    ),
}


def digests(folder):
    """SHA-256 of all result files of a run, times left out.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    dict of str to str
        By the file's path below the folder.
    """
    folder, found = Path(folder), {}
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = file.read_bytes()
        if file.name in PROVENANCE or file.suffix == ".lock":
            continue
        if file.name == "stage.json":
            note = {k: v for k, v in json.loads(content).items() if k not in TIMES}
            for of_file in note.get("inputs", {}).values():
                # When a copy of an input was made is no part of the result; its checksum is.
                of_file.pop("modified", None)
            content = json.dumps(note, sort_keys=True).encode()
        found[file.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found


def _study(folder, configuration, scratch, until=None, **options):
    """Start the small study (`subprocess.Popen`)."""
    more = () if until is None else ("--until", until)
    command = [sys.executable, str(SCRIPT), str(folder), *configuration.arguments, *more]
    if configuration.how == "one processor" and hasattr(os, "sched_setaffinity"):
        options["preexec_fn"] = lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if configuration.how == "elsewhere":
        options["cwd"] = scratch
    environment = {**os.environ, **configuration.environment, **options.pop("env", {})}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        **options,
    )


def _whole(folder, configuration, scratch, **options):
    child = _study(folder, configuration, scratch, **options)
    _, errors = child.communicate()
    if child.returncode:
        raise RuntimeError(f"the study failed: {errors.strip()[-500:]}")


def _killed(folder, configuration, scratch, **options):
    """Kill the study when the maps have begun, and finish it."""
    child = _study(folder, configuration, scratch, env={"SOILRESP_SAVE_EVERY": "0"}, **options)
    saved = folder / "unfinished" / "SR.npz"
    while child.poll() is None and not saved.exists():
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    if not saved.exists():
        raise RuntimeError("the study was over before it could be killed")
    _whole(folder, configuration, scratch, **options)


def run(configuration, folder, scratch, reference, until=None):
    """Run the study in one way, and give its digests.

    Parameters
    ----------
    configuration : Configuration
    folder, scratch : pathlib.Path
        The run folder, and one for anything else.
    reference : pathlib.Path
        Run folder of the plain run.
    until : str, optional
        Last stage.

    Returns
    -------
    dict of str to str
    """
    environment = {}
    if {"TZ", "LC_ALL"} & set(configuration.environment):
        environment["LOCPATH"] = str(_locales(scratch))
    if configuration.how == "again":
        shutil.copytree(reference, folder)
        for name in ("05_global_mapping", "05_uncertainty"):
            shutil.rmtree(folder / "results" / name, ignore_errors=True)
    if configuration.how == "turned mirror":
        environment["SOILRESP_MIRROR"] = str(_turned(Path(os.environ["SOILRESP_MIRROR"]), scratch))
    work = _killed if configuration.how == "killed" else _whole
    if environment:
        work(folder, Configuration(
            configuration.words, configuration.environment | environment, configuration.arguments,
            configuration.how,
        ), scratch, until=until)
    else:
        work(folder, configuration, scratch, until=until)
    return digests(folder)


def _locales(scratch):
    """Folder with the Turkish and the German locale, made if the system can."""
    folder = scratch / "locales"
    folder.mkdir(exist_ok=True)
    for name in ("tr_TR", "de_DE"):
        target = folder / f"{name}.UTF-8"
        if not target.exists() and shutil.which("localedef"):
            subprocess.run(
                ["localedef", "-i", name, "-f", "UTF-8", str(target)], capture_output=True,
            )
    return folder


def _turned(mirror, scratch):
    """A copy of a mirror whose files were made in the reverse order."""
    copy = scratch / "turned mirror"
    for file in sorted((p for p in mirror.rglob("*") if p.is_file()), reverse=True):
        target = copy / file.relative_to(mirror)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return copy


def compare(found, expected):
    """Words on what differs: "equal", or the first files that do.

    Parameters
    ----------
    found, expected : dict of str to str
        From `digests`.

    Returns
    -------
    str
    """
    names = sorted(set(found) | set(expected))
    other = [n for n in names if found.get(n) != expected.get(n)]
    return "equal" if not other else f"{len(other)} differ: {', '.join(other[:3])}"


def main(arguments=None):
    """Print the table; exit code 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=CONFIGURATIONS, metavar="NAME")
    parser.add_argument("--until", default=None, help="last stage, such as assembly")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    rows, references = [], {}
    with tempfile.TemporaryDirectory(prefix="soilresp-determinism-") as name:
        scratch = Path(name)
        print(f"{'configuration':58}{'files':>6}  result", flush=True)
        for key in given.only or CONFIGURATIONS:
            configuration = CONFIGURATIONS[key]
            if configuration.how == "turned mirror" and not os.environ.get("SOILRESP_MIRROR"):
                rows.append({"name": key, "words": configuration.words, "files": 0,
                             "result": "skipped: no mirror (SOILRESP_MIRROR)"})
            else:
                data = configuration.arguments if configuration.how == "turned mirror" else ()
                if data not in references:
                    folder = scratch / f"reference{len(references)}"
                    _whole(folder, Configuration("", arguments=data), scratch, until=given.until)
                    references[data] = folder, digests(folder)
                reference, expected = references[data]
                folder = scratch / key
                found = run(configuration, folder, scratch, reference, given.until)
                rows.append({"name": key, "words": configuration.words, "files": len(found),
                             "result": compare(found, expected)})
                shutil.rmtree(folder)
            print(f"{rows[-1]['words']:58}{rows[-1]['files']:>6}  {rows[-1]['result']}", flush=True)
    done = [r for r in rows if not r["result"].startswith("skipped")]
    equal = sum(r["result"] == "equal" for r in done)
    print(f"{equal} of {len(done)} equal to the plain run, byte by byte")
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return int(equal < len(done))


if __name__ == "__main__":
    sys.exit(main())
