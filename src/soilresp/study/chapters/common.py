"""What several stages share."""

from soilresp.covariates import build as covariates
from soilresp.io.progress import track
from soilresp.upscaling.ensemble import PAPER_PREDICTORS

__all__ = ["PAPER_NEEDS", "records_of", "embedded_cube", "Ticker"]


PAPER_NEEDS = tuple(sorted(set().union(*PAPER_PREDICTORS.values())))
"""Predictors without which the paper's choice cannot be fitted."""


def records_of(matched, target):
    """Matched records of one target, numbered from 0."""
    return matched[matched["target"] == target].reset_index(drop=True)


def embedded_cube():
    """The cube of the fields that ship with the project, to hold others against."""
    return covariates.build_cube("embedded")


class Ticker:
    """A progress display that is moved on by calls instead of by a loop."""

    def __init__(self, total, label):
        self._steps = track(range(total), label, total)
        self.tick()

    def tick(self):
        """Move on by one."""
        next(self._steps, None)

    def close(self):
        """Take the display away."""
        for _ in self._steps:
            pass
