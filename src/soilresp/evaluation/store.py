"""Results of long computations, kept on disk one by one until all are there."""

from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from soilresp.errors import DataError
from soilresp.io.files import load_arrays, read_json, save_arrays, write_json
from soilresp.io.progress import track

__all__ = ["ResultStore"]


class ResultStore:
    """Folder of results that an interrupted computation continues from.

    Each result is one file with a checksum, written as a whole. A damaged file counts as
    missing.

    Parameters
    ----------
    folder : path-like
        Created if needed.
    **facts
        What the results depend on besides their name, as JSON: recipe, seed, checksums.

    Attributes
    ----------
    results : dict of dict
        Arrays and tables (numpy.ndarray, pandas.DataFrame) by the name of the result.
    n_found, n_computed : int
        Results in the folder at the start, and results computed since.

    Raises
    ------
    DataError
        If the folder contains results that depend on other facts.

    Examples
    --------
    >>> import tempfile
    >>> store = ResultStore(Path(tempfile.mkdtemp()), seed=0)
    >>> store.complete({"two": (2,), "three": (3,)}, lambda x: {"square": x**2}, label="squares")
    >>> int(store.results["three"]["square"])
    9
    """

    def __init__(self, folder, **facts):
        self.folder, self.facts = Path(folder), facts
        self.folder.mkdir(parents=True, exist_ok=True)
        note = self.folder / "facts.json"
        if note.exists() and read_json(note) != facts:
            raise DataError(
                f"{self.folder} contains results of other data, settings or another seed. "
                "Choose another folder, or remove it."
            )
        write_json(note, facts)
        self.results, self.n_computed = {}, 0
        for file in sorted(self.folder.glob("*.npz")):
            try:
                self.results[file.stem] = _assembled(load_arrays(file))
            except DataError as error:
                print(f"{error} It is computed again.")
        self.n_found = len(self.results)

    def complete(self, jobs, compute, label, n_jobs=1):
        """Compute the results that are missing.

        Parameters
        ----------
        jobs : dict of str to tuple
            Arguments of `compute` by the name of the result.
        compute : callable
            Returns a dictionary of arrays and tables, the same in any process.
        label : str
            Name of the progress display.
        n_jobs : int
            Processes; the results do not depend on it.
        """
        missing = {name: given for name, given in jobs.items() if name not in self.results}
        pool = Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="3*n_jobs")
        results = pool(delayed(_named)(name, compute, given) for name, given in missing.items())
        for name, result in track(results, label, len(missing)):
            arrays = dict(_flattened(result))
            save_arrays(self.folder / f"{name}.npz", **arrays)
            self.results[name] = _assembled(arrays)
            self.n_computed += 1


def _named(name, compute, given):
    return name, compute(*given)


def _flattened(result):
    """Yield arrays by name; a column of a table is named ``table.column``."""
    for name, value in result.items():
        if isinstance(value, pd.DataFrame):
            yield from ((f"{name}.{c}", np.array(value[c].tolist())) for c in value)
        else:
            yield name, np.asarray(value)


def _assembled(arrays):
    result = {name: value for name, value in arrays.items() if "." not in name}
    for name, column in arrays.items():
        table, dot, label = name.partition(".")
        if dot:
            result.setdefault(table, {})[label] = column
    return {k: pd.DataFrame(v) if isinstance(v, dict) else v for k, v in result.items()}
