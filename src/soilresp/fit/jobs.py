"""Many scores of predictor subsets, in several processes, kept as they come."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from soilresp.errors import DataError
from soilresp.fit.search import score
from soilresp.prepare.recipes import PREDICTORS
from soilresp.progress import track
from soilresp.results import read_json, write_aside, write_json

__all__ = ["Scores"]

_COLUMNS = ("target", "predictors", "scheme", "repeat", "n_trees", "rmse", "cpu")
_NUMBERS = {"repeat": int, "n_trees": int, "rmse": float, "cpu": float}


class Scores:
    """Scores in a folder, that a killed search goes on from.

    Each score is a line at the end of ``scores.csv``, each record's squared error a file
    in ``squares``; a score counts once its line is whole.

    Parameters
    ----------
    folder : path-like
        Made if need be.
    tables : dict of (pandas.DataFrame, pandas.DataFrame)
        Predictors and records of each flux, as `soilresp.fit.search.score` takes them.
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
            self._file.write_text(",".join(_COLUMNS) + "\n", encoding="utf-8")
        self._cut_last_line()

    def _cut_last_line(self):
        """Drop a line that was being written when the search was killed."""
        content = self._file.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            with write_aside(self._file) as aside:
                aside.write_bytes(whole)

    def table(self):
        """All scores so far, in an order of their own (pandas.DataFrame)."""
        # Read as texts first: so every number comes back to the last bit.
        known = pd.read_csv(self._file, dtype=str).astype(_NUMBERS)
        known = known.drop_duplicates(list(_COLUMNS[:5]))
        return known.sort_values(list(_COLUMNS[:5]), ignore_index=True)

    def squares(self, job):
        """Squared error of each record in a job that is done, g2 m-4 yr-2."""
        return np.load(self._square_file(job))

    def do(self, jobs, n_jobs=1, label="subsets"):
        """Do the jobs that are not done yet.

        Parameters
        ----------
        jobs : iterable of soilresp.fit.search.Job
        n_jobs : int
            Processes; the scores do not depend on it.
        label : str
            What the display of progress is called.
        """
        done = {tuple(row) for row in self.table()[list(_COLUMNS[:5])].itertuples(index=False)}
        left = [job for job in jobs if tuple(job.row().values()) not in done]
        if not left:
            return
        pool = Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="3*n_jobs")
        results = pool(delayed(_score)(job, *self.tables[job.target], self.seed) for job in left)
        with open(self._file, "a", encoding="utf-8") as file:
            for job, row, square in track(results, label, len(left)):
                with write_aside(self._square_file(job)) as aside, open(aside, "wb") as binary:
                    np.save(binary, square)
                file.write(",".join(str(row[c]) for c in _COLUMNS) + "\n")
                file.flush()

    def _square_file(self, job):
        bits = "".join("1" if name in job.predictors else "0" for name in PREDICTORS)
        name = f"{job.target}_{job.scheme}_{job.repeat}_{job.n_trees}_{bits}.npy"
        return self.folder / "squares" / name


def _score(job, x, records, seed):
    return job, *score(job, x, records, seed)


def _digest(x, records):
    """Checksum of all that enters a score."""
    sha = hashlib.sha256(",".join(x.columns).encode())
    sha.update(np.ascontiguousarray(x, np.float32).tobytes())
    for column in ("flux", "stratum", "cell", "study"):
        sha.update(np.ascontiguousarray(records[column], float).tobytes())
    return sha.hexdigest()
