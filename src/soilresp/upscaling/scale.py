"""Sum the runs of an ensemble in this process or on a Dask cluster.

A task is some runs of one flux. It gets the cells' predictors from a copy on its worker and
returns sums of whole numbers, which are added up as they arrive: the result has the same
bytes for any number of workers and any order, and a worker that dies costs its task.
Workers grow their runs; runs that are stored are used in this process only.
"""

import logging
import os
from contextlib import contextmanager
from threading import Lock

import numpy as np

from soilresp import __version__
from soilresp.errors import ParameterError
from soilresp.io.progress import track
from soilresp.upscaling.sums import Sums

__all__ = ["SCHEDULER_VARIABLE", "complete", "cluster"]

SCHEDULER_VARIABLE = "SOILRESP_SCHEDULER"
"""Environment variable with the address of a Dask scheduler."""

_MOST_RUNS = 20
"""Runs of a task at most: what a worker that dies can cost."""

_TASKS_TO_A_THREAD = 4
_ROUNDS = 3
"""Times that tasks are handed out again when all copies of the predictors were lost."""

_ready, _making = {}, Lock()


def complete(sums, runs, label="runs", scheduler=None):
    """Read the sums that an interrupted run has saved, and add the missing runs.

    Parameters
    ----------
    sums : soilresp.upscaling.sums.Sums
    runs : soilresp.upscaling.runs.Runs
        Of `sums`.
    label : str
        Of the progress display.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``. Default:
        ``SOILRESP_SCHEDULER``; without it the runs are made in this process.

    Raises
    ------
    ParameterError
        If the scheduler does not answer, or its workers have another version.
    DataError
        If the runs cannot be saved: the disk is full, say.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from soilresp.upscaling.runs import Runs
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(60, 2)), rng.lognormal(6, 0.5, 60)
    >>> strata, shares = np.arange(60) % 2 + 1, pd.Series({1: 0.5, 2: 0.5})
    >>> runs = Runs(x, y, strata, shares, "SR", n_runs=3, n_trees=5)
    >>> cells, area = rng.normal(size=(1, 10, 2)).astype("float32"), np.full(10, 1e9)
    >>> sums = Sums(cells, area, x, y, n_runs=3)
    >>> complete(sums, runs)
    >>> sums.flux().shape, len(sums.scores())
    ((1, 10), 3)
    """
    sums.resume()
    address = scheduler or os.environ.get(SCHEDULER_VARIABLE)
    missing = [i for i in range(sums.n_runs) if i not in sums.done]
    if not address:
        for run in track(runs.grow(missing), label, len(missing)):
            sums.add(run)
    elif missing:
        with _client(address) as client:
            for _ in track(_parts(sums, runs, missing, client), label, len(missing)):
                pass


@contextmanager
def cluster(n_workers=None):
    """Start workers on this machine, each a process with one thread.

    Parameters
    ----------
    n_workers : int, optional
        Default: the number of processors.

    Yields
    ------
    str
        Address of their scheduler.
    """
    distributed = _distributed()
    if n_workers is not None and n_workers < 1:
        raise ParameterError(f"Number of workers must be at least 1, got {n_workers}.")
    with distributed.LocalCluster(
        n_workers=n_workers or os.cpu_count(), threads_per_worker=1,
        dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL,
    ) as local:
        yield local.scheduler_address


def _parts(sums, runs, missing, client):
    """Add the missing runs as tasks of a cluster; yields once for each run."""
    from distributed import as_completed

    failed = None
    for _ in range(_ROUNDS):
        n_threads = max(1, sum(client.nthreads().values()))
        size = max(1, min(_MOST_RUNS, len(missing) // (_TASKS_TO_A_THREAD * n_threads)))
        # A copy on every worker: the predictors outlive any of them.
        material = client.scatter(
            {"cells": sums.cells(), "key": sums.key, "runs": runs, "version": __version__},
            broadcast=True, hash=False,
        )
        tasks = [
            client.submit(_part, material, missing[i : i + size], pure=False)
            for i in range(0, len(missing), size)
        ]
        for task in as_completed(tasks):
            if task.status != "finished":
                failed = task
                continue
            content = _unpacked(task.result())
            sums.take(content)
            sums.save_if_due()
            task.release()
            yield from content["done"]
        missing = [i for i in missing if i not in sums.done]
        if not missing:
            return
        if failed.status == "error" and isinstance(failed.exception(), ParameterError):
            break
    failed.result()


def _part(material, indices):
    """Sum up some runs (in a worker)."""
    if material["version"] != __version__:
        raise ParameterError(
            f"A worker has soilresp {__version__}, the study is run with {material['version']}: "
            "install the same version on both."
        )
    with _making:
        # The ordered rows are kept for the next task of the same flux.
        if material["key"] not in _ready:
            _ready.clear()
            _ready[material["key"]] = Sums(**material["cells"], n_threads=1)
        sums = _ready[material["key"]].empty()
    for run in material["runs"].grow(indices, n_jobs=1):
        sums.add(run)
    return _packed(sums.content())


def _packed(content):
    """Compress sums to be sent: most weights are 0, and a bit marks the others."""
    units = content["units"]
    there = units != 0
    return content | {"units": (units.shape, np.packbits(there), units[there])}


def _unpacked(content):
    shape, bits, values = content["units"]
    units = np.zeros(shape, np.uint32)
    units[np.unpackbits(bits, count=units.size).view(bool).reshape(shape)] = values
    return content | {"units": units}


@contextmanager
def _client(address):
    distributed = _distributed()
    try:
        # As the default it would stay behind when it fails, and every later file of this
        # process would wait for its lock.
        client = distributed.Client(address, timeout="30s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise ParameterError(
            f"There is no Dask scheduler at {address} ({error}). Start one with "
            "`dask scheduler`, or take `--scheduler local`."
        ) from None
    with client, client.as_current():
        if not client.nthreads():
            client.wait_for_workers(1)
        yield client


def _distributed():
    try:
        import distributed
    except ImportError:
        raise ParameterError(
            "Work on several processes or machines needs dask.distributed: "
            "pip install 'soilresp[cluster]'."
        ) from None
    return distributed
