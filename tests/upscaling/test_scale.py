"""The runs of an ensemble on several processes: the same bytes, also when one of them dies."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from distributed import Client, LocalCluster
from made_maps import SHARES, content, records

from soilresp.errors import ParameterError
from soilresp.upscaling import scale
from soilresp.upscaling.runs import Runs
from soilresp.upscaling.sums import Sums

N_RUNS = 24


def ensemble(n_runs=N_RUNS, n_trees=20, n=120):
    """Runs on made-up records."""
    return Runs(*records(n), SHARES, "SR", n_runs, n_trees)


def empty(runs, **options):
    """Sums over 200 cells in 3 years."""
    rng = np.random.default_rng(1)
    cells, area = rng.normal(size=(3, 200, 3)).astype(np.float32), rng.uniform(1e9, 3e9, 200)
    return Sums(cells, area, runs.x, runs.y, runs.n_runs, key=runs.key, **options)


@pytest.fixture(scope="module")
def alone():
    """The bytes that one process gives."""
    sums = empty(ensemble())
    scale.complete(sums, ensemble())
    return content(sums)


@pytest.fixture(scope="module")
def local():
    """Function that gives the address of a scheduler with so many worker processes."""
    options = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    with LocalCluster(n_workers=1, **options) as workers:

        def address(n_workers):
            workers.scale(n_workers)
            with Client(workers) as client:
                while len(client.nthreads()) != n_workers:
                    time.sleep(0.1)
            return workers.scheduler_address

        yield address


@pytest.mark.slow
@pytest.mark.parametrize("n_workers", [2, 4])
def test_any_number_of_workers_gives_the_same_bytes(alone, local, n_workers, tmp_path):
    """Local workers, half of the runs from a file that one process has left."""
    runs = ensemble()
    options = {"file": tmp_path / "sums.npz", "every": 0}
    begun = empty(runs, **options)
    for run in runs.grow(range(n_workers, 8)):
        begun.add(run)
    sums = empty(runs, **options)
    scale.complete(sums, runs, scheduler=local(n_workers))
    assert content(sums) == alone
    whole = empty(runs, **options)
    assert whole.resume() == set(range(N_RUNS))
    assert content(whole) == alone


@pytest.mark.slow
@pytest.mark.parametrize("n_workers", [2, 1])
def test_a_worker_that_dies_costs_its_task(local, n_workers):
    """Killed amid its work, even the only one: the runs are made again, to the same bytes."""
    runs = ensemble(n_runs=40, n_trees=40)
    expected, sums = empty(runs), empty(runs)
    scale.complete(expected, runs)
    address = local(n_workers)
    with Client(address) as client:
        victim = next(iter(client.run(os.getpid).values()))
        work = threading.Thread(target=scale.complete, args=(sums, runs, "runs", address))
        work.start()
        while not sums.done and work.is_alive():
            time.sleep(0.01)
        assert len(sums.done) < 40
        os.kill(victim, signal.SIGKILL)
        work.join()
    assert content(sums) == content(expected)


def test_local_workers():
    """A cluster of one's own is there, and gone afterwards."""
    with scale.cluster(1) as address, Client(address) as client:
        assert list(client.nthreads().values()) == [1]
    with pytest.raises(OSError):
        Client(address, timeout="1s", set_as_default=False)


def test_what_cannot_work_is_told():
    """No scheduler at an address, no worker at all, and workers of another version."""
    with pytest.raises(ParameterError, match="got 0"), scale.cluster(0):
        pass
    with pytest.raises(ParameterError, match="nowhere"):
        scale.complete(empty(ensemble()), ensemble(), scheduler="nowhere")
    material = {"version": "0.0", "key": "", "cells": {}, "runs": ensemble()}
    with pytest.raises(ParameterError, match="0.0"):
        scale._part(material, [0])
