"""Many scores of predictor subsets, in several processes, kept as they come."""

import hashlib
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from soilresp.covariates.recipes import PREDICTORS
from soilresp.errors import DataError
from soilresp.evaluation.search import score
from soilresp.io.files import (
    cannot_write,
    load_arrays,
    read_json,
    save_arrays,
    write_aside,
    write_json,
)
from soilresp.io.progress import track

__all__ = ["Scores"]

_COLUMNS = ("target", "predictors", "scheme", "repeat", "n_trees", "rmse", "cpu")
_HEAD = ",".join((*_COLUMNS, "crc32")).encode()
_NUMBERS = {"repeat": int, "n_trees": int, "rmse": float, "cpu": float}


class Scores:
    """Scores in a folder, that a killed search goes on from.

    Each score is a line at the end of ``scores.csv``, each record's squared error a file
    in ``squares``. A score counts once its line is whole, by the checksum at its end, and the
    file is there; all others are made anew.

    Parameters
    ----------
    folder : path-like
        Made if need be.
    tables : dict of (pandas.DataFrame, pandas.DataFrame)
        Predictors and records of each flux, as `soilresp.evaluation.search.score` takes them.
    seed : int
    **facts
        What the scores stand on besides, such as the recipe.

    Raises
    ------
    DataError
        If the folder holds scores of other records, or of another seed.
    """

    def __init__(self, folder, tables, seed=0, **facts):
        self.folder, self.tables, self.seed = Path(folder), tables, seed
        (self.folder / "squares").mkdir(parents=True, exist_ok=True)
        self.facts = {**facts, "seed": seed, "tables": {t: _digest(*tables[t]) for t in tables}}
        note = self.folder / "scores.json"
        if note.exists() and read_json(note) != self.facts:
            raise DataError(
                f"{self.folder} holds scores of other records, predictors or another seed. "
                "Give another folder, or remove it."
            )
        write_json(note, self.facts)
        self._file = self.folder / "scores.csv"
        if not self._file.exists():
            self._write([_HEAD])
        self._drop_damaged_lines()

    def _write(self, lines):
        with write_aside(self._file) as aside:
            aside.write_bytes(b"".join(line + b"\n" for line in lines))

    def _drop_damaged_lines(self):
        """Drop a line that was being written when the search was killed, and damaged ones."""
        content = self._file.read_bytes()
        head, *lines = content.split(b"\n")
        if head != _HEAD:
            raise DataError(
                f"{self._file} has not the columns {', '.join(_COLUMNS)} and the checksum: it is "
                f"damaged, or of an earlier version. Give another folder, or remove {self.folder}."
            )
        whole = [line for line in lines if line == _checked(line.rpartition(b",")[0])]
        damaged = len(lines) - 1 - len(whole)
        if damaged > 0:
            print(f"{self._file} has damaged lines: {damaged} scores are made anew.")
        if damaged or lines[-1]:
            self._write([head, *whole])

    def table(self):
        """All scores so far, in an order of their own (pandas.DataFrame)."""
        # Read as texts first: so every number comes back to the last bit.
        known = pd.read_csv(self._file, dtype=str, usecols=_COLUMNS).astype(_NUMBERS)
        known = known.drop_duplicates(list(_COLUMNS[:5]))
        return known.sort_values(list(_COLUMNS[:5]), ignore_index=True)

    def squares(self, job):
        """Squared error of each record in a job that is done, g2 m-4 yr-2."""
        try:
            return load_arrays(self._square_file(job))["square"]
        except DataError as error:
            raise DataError(f"{error} Delete it and run again.") from None

    def do(self, jobs, n_jobs=1, label="subsets"):
        """Do the jobs that are not done yet.

        Parameters
        ----------
        jobs : iterable of soilresp.evaluation.search.Job
        n_jobs : int
            Processes; the scores do not depend on it.
        label : str
            What the display of progress is called.
        """
        done = {tuple(row) for row in self.table()[list(_COLUMNS[:5])].itertuples(index=False)}
        left = [
            job for job in jobs
            if tuple(job.row().values()) not in done or not self._square_file(job).exists()
        ]
        if not left:
            return
        pool = Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="3*n_jobs")
        results = pool(delayed(_score)(job, *self.tables[job.target], self.seed) for job in left)
        with open(self._file, "ab") as file:
            for job, row, square in track(results, label, len(left)):
                save_arrays(self._square_file(job), square=square)
                try:
                    file.write(_checked(",".join(str(row[c]) for c in _COLUMNS).encode()) + b"\n")
                    file.flush()
                except OSError as error:
                    raise cannot_write(self._file, error) or error from error

    def _square_file(self, job):
        bits = "".join("1" if name in job.predictors else "0" for name in PREDICTORS)
        name = f"{job.target}_{job.scheme}_{job.repeat}_{job.n_trees}_{bits}.npz"
        return self.folder / "squares" / name


def _checked(line):
    """A line with its checksum behind it."""
    return line + b",%08x" % zlib.crc32(line)


def _score(job, x, records, seed):
    return job, *score(job, x, records, seed)


def _digest(x, records):
    """Checksum of all that enters a score."""
    sha = hashlib.sha256(",".join(x.columns).encode())
    sha.update(np.ascontiguousarray(x, np.float32).tobytes())
    for column in ("flux", "stratum", "cell", "study"):
        sha.update(np.ascontiguousarray(records[column], float).tobytes())
    return sha.hexdigest()
