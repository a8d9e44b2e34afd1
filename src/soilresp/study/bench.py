"""How fast forests are evaluated, beside scikit-learn and quantile-forest.

Everything compared is done by one thread of one process, on the same forest and rows, in
turns; the least of the CPU times counts, so that what else the machine does matters little.
"""

import multiprocessing
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from llvmlite import binding
from quantile_forest import RandomForestQuantileRegressor
from sklearn.ensemble import RandomForestRegressor

from soilresp.covariates.strata import draw_run
from soilresp.errors import ParameterError
from soilresp.forest.distribution import Weights, distribution
from soilresp.forest.evaluate import evaluate
from soilresp.forest.rows import Rows
from soilresp.io import paths
from soilresp.io.progress import track
from soilresp.records.selection import TARGETS
from soilresp.study.chapters.convergence import paper_ensemble
from soilresp.upscaling.sums import Sums

__all__ = [
    "LEAST_REPEATS", "measure", "table", "paper_job", "job_table", "describe_machine",
]

LEAST_REPEATS = 5
"""Times that each thing is done at least."""

_LEVELS = (0.25, 0.75)
_DISTRIBUTION_YEARS = 4
_PAPER_RUNS, _PAPER_TREES, _PREVIEW_TREES = 2000, 500, 50
_BINS = 256
_R = ("randomForest", "ranger")
_VECTORS = (("avx512bw", "AVX-512"), ("avx2", "AVX2"), ("neon", "NEON"), ("sse2", "SSE2"))


def measure(study, target="SR", n_trees=500, repeats=LEAST_REPEATS):
    """Time the evaluation of one forest of a study.

    Parameters
    ----------
    study : soilresp.study.settings.Study
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
        ``mean_vs_sklearn``, ``distribution_vs_quantile_forest`` (over four
        years) and ``distribution_vs_quantile_forest_one_year`` (times
        faster), ``rows_x16`` (times longer for sixteen times the rows),
        ``peak_mb`` (memory of a process ``without`` and ``with`` the
        distribution), ``machine``, ``work``, and the times in ``raw``,
        seconds of CPU. Where R is installed ``raw`` also has the times of
        its packages' predictions of one year, in a process of their own.

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
        "quantile_forest_one_year": lambda: forest.predict(
            by_year[0], quantiles=list(_LEVELS), weighted_leaves=True
        ),
        "distribution_one_year": lambda: distribution(
            forest, train_x, train_y, by_year[0], _LEVELS
        ),
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
    raw |= _times_of_r(train_x, train_y, by_year[0], n_trees, repeats)
    least = {name: min(times) for name, times in raw.items()}
    expected = found["sklearn_mean"]
    difference = np.abs(found["mean_and_second_moment"] / expected - 1).max()
    return {
        "max_rel_diff": float(difference),
        "mean_vs_sklearn": least["sklearn_mean"] / least["mean_and_second_moment"],
        "distribution_vs_quantile_forest": least["quantile_forest"] / least["distribution"],
        "distribution_vs_quantile_forest_one_year": (
            least["quantile_forest_one_year"] / least["distribution_one_year"]
        ),
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
        f"  quantile-forest, two quantiles              {each('quantile_forest_one_year', 1)}"
        "   (one year)",
        f"  here, mean, SD, MAD and two quantiles       {each('distribution_one_year', 1)}",
        *(f"  R {name + ', mean':42}{each(name, 1)}   (one year)" for name in _R if name in raw),
        *([] if set(_R) & set(raw) else ["  R: not at hand"]),
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
        ("the same on one year of rows",
         f"{measured['distribution_vs_quantile_forest_one_year']:.1f}", "20", "40"),
        ("sixteen years, times longer than one", f"{measured['rows_x16']:.1f}", "8", "6"),
        ("peak memory without the distribution, GB", f"{peak['without'] / 1e3:.2f}", "1", "0.6"),
        ("peak memory with the distribution, GB", f"{peak['with'] / 1e3:.2f}", "4", "2.5"),
    ):
        lines.append(f"{words:46}{value:>10}{must:>8}{aim:>8}")
    return "\n".join(lines)


def paper_job(study, n_runs=20, n_every_year=5, done=None):
    """Time runs of the paper's ensembles, and say how long all 2000 would take.

    Both fluxes, with 500 trees and with the 50 of a preview, on all processors.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    n_runs : int
        Runs of each flux that are timed.
    n_every_year : int
        Of these, with 500 trees, the first so many also have the weights of every year
        timed, in 256 bins; 0 for none.
    done : callable, optional
        Called with the result so far after each flux.

    Returns
    -------
    dict
        ``runs`` (a record of each run: target, trees, seconds of wall and CPU for
        ``fit``, ``moments``, ``weights`` at the mean predictors and ``every_year``),
        ``hours`` (by number of trees and by product: wall, and CPU over processors)
        and ``peak_mb``.
    """
    runs, result = [], {}
    for n_trees in (_PREVIEW_TREES, _PAPER_TREES):
        for target in TARGETS:
            binned = n_every_year if n_trees == _PAPER_TREES else 0
            runs += _timed_runs(study, target, n_runs, n_trees, binned)
            result = {
                "runs": runs, "hours": _hours(pd.DataFrame(runs)), "peak_mb": _highest_memory(),
                "machine": describe_machine(), "n_runs": n_runs, "n_every_year": n_every_year,
                "recipe": study.recipe, "observations": study.observations,
            }
            if done is not None:
                done(result)
    return result


def _timed_runs(study, target, n_runs, n_trees, n_every_year):
    """Seconds of the parts of each run of an ensemble (list of dict)."""
    ensemble, by_year, area = paper_ensemble(study, target, n_runs, n_trees)
    cells = by_year, area, ensemble.x, ensemble.y, n_runs
    sums = Sums(*cells)
    binned = Sums(*cells, n_bins=_BINS) if n_every_year else None
    made, rows = ensemble.runs(), []
    for i in track(range(n_runs), f"{target}, {n_trees} trees"):
        row = {"target": target, "n_trees": n_trees}
        run = _timed(row, "fit", next, made)
        _timed(row, "moments", sums.add_moments, run)
        _timed(row, "weights", sums.add_weights, run)
        if i < n_every_year:
            _timed(row, "every_year", binned.add_weights, run)
        rows.append(row)
    return rows


def job_table(job):
    """The paper's job as text.

    Parameters
    ----------
    job : dict
        From `paper_job`.

    Returns
    -------
    str
    """
    lines = [
        job["machine"],
        f"From {job['n_runs']} runs of each flux (recipe '{job['recipe']}', observations "
        f"'{job['observations']}'); hours for {_PAPER_RUNS} runs of both, as the clock went and "
        "as CPU seconds over processors:",
        f"{'':58}{'clock':>8}{'CPU':>8}",
    ]
    words = {
        "mean_sd": "mean, SD, totals", "at_mean": "the same, MAD and quantiles at mean predictors",
        "every_year": "the same, MAD and quantiles of every year*",
    }
    for row in job["hours"]:
        name = f"{_PAPER_RUNS} x {row['n_trees']}: {words[row['product']]}"
        lines.append(f"{name:58}{row['wall']:8.2f}{row['cpu']:8.2f}")
    lines += [
        f"* from {job['n_every_year']} runs of each flux",
        f"Largest memory of the process: {job['peak_mb'] / 1e3:.2f} GB",
    ]
    return "\n".join(lines)


def _timed(row, name, task, *arguments):
    """Do a task and note its seconds of wall and CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = task(*arguments)
    row[f"{name}_wall"] = time.perf_counter() - wall
    row[f"{name}_cpu"] = time.process_time() - cpu
    return made


def _hours(runs):
    """Hours for 2000 runs of all fluxes timed, by number of trees and product."""
    products = {"mean_sd": ("fit", "moments"), "at_mean": ("fit", "moments", "weights"),
                "every_year": ("fit", "moments", "every_year")}
    rows = []
    for n_trees, group in runs.groupby("n_trees"):
        mean = group.groupby("target").mean(numeric_only=True)
        for product, parts in products.items():
            if f"{parts[-1]}_wall" not in mean or mean[f"{parts[-1]}_wall"].isna().any():
                continue
            wall, cpu = (
                sum(mean[f"{part}_{kind}"].sum() for part in parts) * _PAPER_RUNS / 3600
                for kind in ("wall", "cpu")
            )
            rows.append({
                "n_trees": int(n_trees), "product": product, "wall": wall,
                "cpu": cpu / (os.cpu_count() or 1),
            })
    return rows


def _times_of_r(train_x, train_y, rows, n_trees, repeats):
    """CPU seconds of the predictions of R's packages, each in a process of its own, if at hand."""
    program = shutil.which("Rscript")
    script = paths.root() / "benchmarks" / "forests.R"
    if program is None or not script.exists():
        return {}
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        records = pd.DataFrame(train_x).assign(flux=train_y)
        records.to_csv(Path(folder, "records.csv"), index=False)
        pd.DataFrame(rows).to_csv(Path(folder, "rows.csv"), index=False)
        for package in _R:
            done = subprocess.run(
                [program, "--vanilla", script, package, folder, str(n_trees), str(repeats)],
                capture_output=True, text=True,
            )
            if done.returncode == 0:
                found[package] = [float(t) for t in done.stdout.split()]
    return found


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
    ensemble, by_year, _ = paper_ensemble(study, target, 1, 1)
    rng = np.random.default_rng([study.seed, 5])
    drawn, _ = draw_run(ensemble.strata, ensemble.shares, rng)
    if len(by_year) == 1:
        moved = rng.uniform(-0.1, 0.1, (31, 1, by_year.shape[2])) * by_year.std(axis=1)
        by_year = (by_year + moved).astype(np.float32)
    return by_year, ensemble.x, ensemble.y, drawn


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
