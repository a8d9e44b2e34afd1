"""A map that is killed, again and again, and resumed."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from soilresp.predict.scale import SCHEDULER_VARIABLE
from soilresp.predict.sums import INTERVAL_VARIABLE

PROGRAM = Path(__file__).with_name("small_map.py")


def start(folder):
    """A process that maps into a folder and saves after every run."""
    environment = {k: v for k, v in os.environ.items() if k != SCHEDULER_VARIABLE}
    return subprocess.Popen(
        [sys.executable, PROGRAM, folder], stderr=subprocess.PIPE,
        env=environment | {INTERVAL_VARIABLE: "0"},
    )


def digests(folder):
    """SHA-256 of each result file."""
    files = sorted((folder / "results").iterdir())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.slow
def test_killed_maps_end_with_the_same_bytes(tmp_path):
    """SIGKILL at four moments drawn at random: the files are those of an undisturbed process."""
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    process = start(undisturbed)
    assert process.wait() == 0, process.stderr.read()
    unfinished = killed / "unfinished"
    kills = 0
    for pause in np.random.default_rng(5).uniform(0, 0.6, 4):
        process = start(killed)
        state = {f: f.stat().st_mtime_ns for f in unfinished.glob("*.npz")}
        # From its first saving on, at any moment: between runs, in a run, or amid a saving.
        while process.poll() is None and state == {
            f: f.stat().st_mtime_ns for f in unfinished.glob("*.npz")
        }:
            time.sleep(0.002)
        time.sleep(pause)
        process.kill()
        kills += process.wait() == -9
    assert kills >= 2, "the processes were through before they could be killed"
    process = start(killed)
    assert process.wait() == 0, process.stderr.read()
    assert digests(killed) == digests(undisturbed)
    assert not list(unfinished.glob("*.npz"))
