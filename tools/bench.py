"""Time the evaluation of forests beside scikit-learn and quantile-forest.

``python tools/bench.py [--run FOLDER] [--trees 500] [--repeats 5] [--json FILE]`` grows one
forest from the records of one Monte-Carlo run of SR and evaluates it in every vegetated cell.

- One process, one thread, the same forest (a quantile-forest, which is scikit-learn's with the
  members of the leaves added) and the same rows. A recipe without years gets 31 years made up
  around its climatology.
- The tasks take turns and the least CPU time of each counts: ratios of such times hold on a busy
  machine, where times themselves do not.
- Ours includes flattening the forest and ranking the thresholds each time, and for the
  distribution the order of the rows and the lists of leaf members. For the mean the rows are
  ordered once, because an ensemble of 2000 forests needs it once.
- Ours gives mean, SD, MAD and two quantiles, quantile-forest two quantiles.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from quantile_forest import RandomForestQuantileRegressor
from sklearn.ensemble import RandomForestRegressor

from soilresp.forest.distribution import distribution
from soilresp.forest.evaluate import evaluate
from soilresp.forest.rows import Rows
from soilresp.io.files import write_json
from soilresp.study.chapters.convergence import paper_ensemble
from soilresp.study.settings import resolve_settings
from soilresp.upscaling.sampling import draw_records

LEVELS = [0.25, 0.75]
YEARS = 4
"""Years of rows for the distribution."""


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", type=Path, default=Path("runs/bench"))
    parser.add_argument("--trees", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    seconds, difference, cells = measure(asked.run, asked.trees, asked.repeats)
    for name, least in seconds.items():
        years = {"one year": 1, "16 years": 16}.get(name.rpartition(", ")[2], YEARS)
        print(f"{name:50}{least / (cells * asked.trees * years) * 1e9:8.2f} ns per row and tree")
    ratios = {
        "mean and second moment, times faster": ("scikit-learn, mean", "mean and second moment"),
        "distribution, times faster": ("quantile-forest, quantiles", "distribution"),
    }
    for words, (theirs, ours) in ratios.items():
        ours = next(s for name, s in seconds.items() if name.startswith(ours))
        theirs = next(s for name, s in seconds.items() if name.startswith(theirs))
        print(f"{words:50}{theirs / ours:8.1f}")
    print(f"{'largest relative difference of the mean':50}{difference:8.1e}")
    if asked.json:
        write_json(asked.json, {"seconds": seconds, "difference": difference, "cells": cells})


def measure(run, n_trees, repeats):
    """Return the least CPU seconds of each task, the largest difference, and the cells."""
    study = resolve_settings(run)
    print(study.describe())
    ensemble, by_year, _ = paper_ensemble(study, "SR", 1, 1)
    rng = np.random.default_rng([study.seed, 5])
    drawn, _ = draw_records(ensemble.strata, ensemble.shares, rng)
    if len(by_year) == 1:
        moved = rng.uniform(-0.1, 0.1, (31, 1, by_year.shape[2])) * by_year.std(axis=1)
        by_year = (by_year + moved).astype(np.float32)
    x, y = ensemble.x[drawn], ensemble.y[drawn]
    forest = RandomForestQuantileRegressor(
        n_estimators=n_trees, max_features=max(1, x.shape[1] // 3), min_samples_split=4,
        max_samples_leaf=None, random_state=0, n_jobs=1,
    ).fit(x, y)
    one, some, many = (
        np.ascontiguousarray(by_year[:n].reshape(-1, by_year.shape[2])) for n in (1, YEARS, 16)
    )
    rows = {n: Rows(table, like=ensemble.x) for n, table in ((1, one), (16, many))}
    tasks = {
        "scikit-learn, mean, 16 years": lambda: RandomForestRegressor.predict(forest, many),
        "mean and second moment, 16 years": lambda: evaluate(forest, rows[16])[0],
        "mean and second moment, one year": lambda: evaluate(forest, rows[1])[0],
        f"quantile-forest, quantiles, {YEARS} years": lambda: forest.predict(
            some, quantiles=LEVELS, weighted_leaves=True
        ),
        f"distribution, {YEARS} years": lambda: distribution(forest, x, y, some, LEVELS),
        "distribution, one year": lambda: distribution(forest, x, y, one, LEVELS),
    }
    for name in ("mean and second moment, one year", "distribution, one year"):
        tasks[name]()  # compiles the kernels
    least, found = dict.fromkeys(tasks, np.inf), {}
    for _ in range(repeats):
        for name, task in tasks.items():
            start = time.process_time()
            found[name] = task()
            least[name] = min(least[name], time.process_time() - start)
    mean = found["mean and second moment, 16 years"]
    difference = np.abs(mean / found["scikit-learn, mean, 16 years"] - 1).max()
    return least, float(difference), len(one)


if __name__ == "__main__":
    main()
