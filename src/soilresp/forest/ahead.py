"""Compile the kernels ahead of their use, in a separate process.

numba compiles each kernel when it is first called, and keeps it for the processes that come
after. In a fresh clone that takes some ten seconds, which can pass while data are read.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from soilresp.forest import kernel

__all__ = ["compile_ahead", "main"]

_started = []
"""Processes that were started, so that they are not taken for forgotten ones."""


def compile_ahead(folder=None):
    """Start a process that compiles the kernels, unless they are compiled already.

    Nothing waits for it, and nothing depends on it: what is called before it is ready is
    compiled where it is called, as always.

    Parameters
    ----------
    folder : path-like, optional
        Where compiled kernels are looked for. Default: where numba keeps those of this package.

    Returns
    -------
    subprocess.Popen or None
        None if they are there, or there is one processor only.
    """
    folder = Path(folder or kernel.summarise.stats.cache_path)
    if any(folder.glob("kernel.summarise*.nbi")) or (os.cpu_count() or 1) < 2 or _started:
        return None
    process = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _started.append(process)
    return process


def main():
    """Call each kernel once, on a forest of two trees."""
    from sklearn.ensemble import RandomForestRegressor

    from soilresp.forest.distribution import Weights
    from soilresp.forest.evaluate import evaluate
    from soilresp.forest.rows import Rows

    x, y = np.arange(8.0).reshape(4, 2), np.arange(4.0)
    forest = RandomForestRegressor(2, random_state=0).fit(x, y)
    rows = Rows(x)
    evaluate(forest, rows)
    weights = Weights(y, len(rows))
    weights.add(forest, x, y, rows)
    weights.summary([0.5])


if __name__ == "__main__":
    main()
