"""How fast forests are evaluated, beside scikit-learn and quantile-forest.

Everything compared is done by one thread of one process, on the same forest and rows, in
turns; the least of the CPU times counts, so that what else the machine does matters little.
"""

import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from llvmlite import binding
from quantile_forest import RandomForestQuantileRegressor
from sklearn.ensemble import RandomForestRegressor

from soilresp.errors import ParameterError
from soilresp.fit.ensemble import PAPER_PREDICTORS
from soilresp.forest.distribution import Weights, distribution
from soilresp.forest.evaluate import evaluate
from soilresp.forest.rows import Rows
from soilresp.predict.maps import stack
from soilresp.prepare.sites import training_table, valid_cells
from soilresp.prepare.strata import area_shares, draw_run
from soilresp.workflow import assembly, records_of

__all__ = ["LEAST_REPEATS", "measure", "table", "describe_machine"]

LEAST_REPEATS = 5
"""Times that each thing is done at least."""

_LEVELS = (0.25, 0.75)
_DISTRIBUTION_YEARS = 4
_VECTORS = (("avx512bw", "AVX-512"), ("avx2", "AVX2"), ("neon", "NEON"), ("sse2", "SSE2"))


def measure(study, target="SR", n_trees=500, repeats=LEAST_REPEATS):
    """Time the evaluation of one forest of a study.

    Parameters
    ----------
    study : soilresp.study.Study
        Its records and covariates are used, and made if they are missing. A
        climatology stands for a year; more years are then made up from it by
        moving each predictor by up to a tenth of its SD.
    target : {"SR", "HR"}
    n_trees : int
    repeats : int
        At least `LEAST_REPEATS`.

    Returns
    -------
    dict
        ``max_rel_diff`` (of the mean, from scikit-learn's, all rows),
        ``mean_vs_sklearn`` and ``distribution_vs_quantile_forest`` (times
        faster), ``rows_x16`` (times longer for sixteen times the rows),
        ``peak_mb`` (memory of a process ``without`` and ``with`` the
        distribution), ``machine``, ``work``, and the times in ``raw``,
        seconds of CPU.

    Raises
    ------
    ParameterError
        If `repeats` or `n_trees` are too few.
    """
    if repeats < LEAST_REPEATS or n_trees < 1:
        raise ParameterError(
            f"bench needs at least {LEAST_REPEATS} repeats and one tree, "
            f"got {repeats} and {n_trees}."
        )
    by_year, x, y, drawn = _material(study, target)
    train_x, train_y = x[drawn], y[drawn]
    forest = _fit(train_x, train_y, n_trees)
    n_years, n_cells, p = by_year.shape
    flat = by_year.reshape(-1, p)
    rows = Rows(flat, like=x)
    one, sixteen = (Rows(by_year[:n].reshape(-1, p), like=x) for n in (1, 16))
    some = np.ascontiguousarray(by_year[: min(_DISTRIBUTION_YEARS, n_years)].reshape(-1, p))
    found = {}
    work = {
        "sklearn_mean": lambda: RandomForestRegressor.predict(forest, flat),
        "mean_and_second_moment": lambda: evaluate(forest, rows)[0],
        "quantile_forest": lambda: forest.predict(
            some, quantiles=list(_LEVELS), weighted_leaves=True
        ),
        "distribution": lambda: distribution(forest, train_x, train_y, some, _LEVELS),
        "one_year": lambda: evaluate(forest, one),
        "sixteen_years": lambda: evaluate(forest, sixteen),
    }
    for name in ("mean_and_second_moment", "distribution"):
        work[name]()  # compiled, if that has not been done before
    raw = {name: [] for name in work}
    for _ in range(repeats):
        for name, task in work.items():
            start = time.process_time()
            found[name] = task()
            raw[name].append(time.process_time() - start)
    least = {name: min(times) for name, times in raw.items()}
    expected = found["sklearn_mean"]
    difference = np.abs(found["mean_and_second_moment"] / expected - 1).max()
    return {
        "max_rel_diff": float(difference),
        "mean_vs_sklearn": least["sklearn_mean"] / least["mean_and_second_moment"],
        "distribution_vs_quantile_forest": least["quantile_forest"] / least["distribution"],
        "rows_x16": least["sixteen_years"] / least["one_year"],
        "peak_mb": {
            "without": _peak(by_year, x, y, drawn, n_trees, False),
            "with": _peak(by_year, x, y, drawn, n_trees, True),
        },
        "machine": describe_machine(),
        "work": {
            "target": target, "n_trees": n_trees, "cells": n_cells, "years": n_years,
            "distribution_years": len(some) // n_cells, "training_records": len(train_y),
            "recipe": study.recipe, "observations": study.observations, "repeats": repeats,
        },
        "raw": raw,
    }


def table(measured):
    """The measurements as text, beside what is wanted.

    Parameters
    ----------
    measured : dict
        From `measure`.

    Returns
    -------
    str
    """
    work, raw = measured["work"], measured["raw"]
    n = work["cells"] * work["n_trees"] * 1e-9

    def each(name, years):
        return f"{min(raw[name]) / n / years:7.2f} ns"

    lines = [
        measured["machine"],
        f"{work['target']}: {work['n_trees']} trees grown from {work['training_records']} records, "
        f"{work['cells']} cells, {work['years']} years (recipe '{work['recipe']}', "
        f"observations '{work['observations']}')",
        f"Least of {work['repeats']} CPU times of one thread, per row and tree:",
        f"  scikit-learn, mean                          {each('sklearn_mean', work['years'])}",
        f"  here, mean and second moment                "
        f"{each('mean_and_second_moment', work['years'])}",
        f"  quantile-forest, two quantiles              "
        f"{each('quantile_forest', work['distribution_years'])}"
        f"   ({work['distribution_years']} years)",
        f"  here, mean, SD, MAD and two quantiles       "
        f"{each('distribution', work['distribution_years'])}",
        "",
        f"{'':46}{'measured':>10}{'must':>8}{'aim':>8}",
    ]
    peak = measured["peak_mb"]
    for words, value, must, aim in (
        ("largest relative difference from scikit-learn", f"{measured['max_rel_diff']:.1e}",
         "1e-6", "2e-7"),
        ("mean and second moment, times faster", f"{measured['mean_vs_sklearn']:.1f}", "8", "15"),
        ("distribution, times faster",
         f"{measured['distribution_vs_quantile_forest']:.1f}", "20", "40"),
        ("sixteen years, times longer than one", f"{measured['rows_x16']:.1f}", "8", "6"),
        ("peak memory without the distribution, GB", f"{peak['without'] / 1e3:.2f}", "1", "0.6"),
        ("peak memory with the distribution, GB", f"{peak['with'] / 1e3:.2f}", "4", "2.5"),
    ):
        lines.append(f"{words:46}{value:>10}{must:>8}{aim:>8}")
    return "\n".join(lines)


def describe_machine():
    """Processor, its vectors, cores, system and versions, in words."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    features = binding.get_host_cpu_features()
    vectors = next((words for name, words in _VECTORS if features.get(name)), "no vectors known")
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "numba", "scikit-learn", "quantile-forest")
    )
    return (
        f"{model}, {vectors}, {os.cpu_count()} processors, {platform.system()}; "
        f"Python {platform.python_version()}, {versions}"
    )


def _material(study, target):
    """Rows by year, records, and the draw of one run."""
    made = assembly(study)
    cube, matched = made.cube, made.matched
    predictors = list(PAPER_PREDICTORS[target])
    mask = valid_cells(cube, predictors)
    records = records_of(matched, target)
    x = training_table(records, cube, predictors).to_numpy(np.float32)
    y = records["flux"].to_numpy(float)
    rng = np.random.default_rng([study.seed, 5])
    drawn, _ = draw_run(records["stratum"].to_numpy(), area_shares(cube), rng)
    by_year = stack(cube, mask, predictors)
    if len(by_year) == 1:
        moved = rng.uniform(-0.1, 0.1, (31, 1, len(predictors))) * by_year.std(axis=1)
        by_year = (by_year + moved).astype(np.float32)
    return by_year, x, y, drawn


def _fit(train_x, train_y, n_trees):
    return RandomForestQuantileRegressor(
        n_estimators=n_trees, max_features=max(1, train_x.shape[1] // 3), min_samples_split=4,
        max_samples_leaf=None, random_state=0, n_jobs=1,
    ).fit(train_x, train_y)


def _peak(by_year, x, y, drawn, n_trees, with_distribution):
    """Largest memory of a process that fits and evaluates one forest, MB."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "material.npz")
        np.savez(file, by_year=by_year, x=x, y=y, drawn=drawn)
        context = multiprocessing.get_context("spawn")
        queue = context.SimpleQueue()
        child = context.Process(target=_work, args=(file, n_trees, with_distribution, queue))
        child.start()
        child.join()
        if child.exitcode:
            raise RuntimeError("the process whose memory was measured has failed")
        return queue.get()


def _work(file, n_trees, with_distribution, queue):
    with np.load(file) as stored:
        by_year, x, y, drawn = (stored[name] for name in ("by_year", "x", "y", "drawn"))
    forest = RandomForestRegressor(
        n_estimators=n_trees, max_features=max(1, x.shape[1] // 3), min_samples_split=4,
        random_state=0,
    ).fit(x[drawn], y[drawn])
    evaluate(forest, Rows(by_year.reshape(-1, by_year.shape[2]), like=x))
    if with_distribution:
        rows = Rows(by_year.mean(axis=0), like=x)
        weights = Weights(y, len(rows), n_forests=2000)
        weights.add(forest, x[drawn], y[drawn], rows)
        weights.summary((0.05, 0.25, 0.5, 0.75, 0.95))
    queue.put(_highest_memory())


def _highest_memory():
    """Largest resident set of this process so far, MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux a new process starts from the highest mark of its parent.
        line = next(s for s in status.read_text().splitlines() if s.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
