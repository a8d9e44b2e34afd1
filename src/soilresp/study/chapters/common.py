"""Functions that several stages use."""

import time

from soilresp.covariates.load import load_covariates
from soilresp.io.progress import track
from soilresp.upscaling.runs import PAPER_PREDICTORS

__all__ = ["PAPER_NEEDS", "records_of", "records_at_cells", "embedded_cube", "Ticker", "clocks"]


PAPER_NEEDS = tuple(sorted(set().union(*PAPER_PREDICTORS.values())))
"""Predictors without which the paper's choice cannot be fitted."""


def records_of(matched, target):
    """Return the matched records of one target, numbered from 0."""
    return matched[matched["target"] == target].reset_index(drop=True)


def records_at_cells(matched, target):
    """Return matched records of one target, at the centres of their half-degree cells."""
    records = records_of(matched, target)
    return records.assign(lat=89.75 - records["row"] / 2, lon=-179.75 + records["col"] / 2)


def embedded_cube():
    """Return the cube of the fields that ship with the project, for comparisons."""
    return load_covariates("embedded")


class Ticker:
    """Progress display that advances by calls instead of by a loop."""

    def __init__(self, total, label):
        self._steps = track(range(total), label, total)
        self.tick()

    def tick(self, _=None):
        """Advance by one."""
        next(self._steps, None)

    def close(self):
        """Remove the display."""
        for _ in self._steps:
            pass


def clocks():
    """Return wall and CPU time of this process so far, s (tuple of float)."""
    return time.perf_counter(), time.process_time()
