"""Functions that several stages use."""

import time

from soilresp.covariates.load import load_covariates
from soilresp.io.progress import track
from soilresp.io.tables import save_table
from soilresp.upscaling.runs import PAPER_PREDICTORS

__all__ = [
    "PAPER_NEEDS", "records_of", "records_at_cells", "embedded_cube", "Ticker", "clocks",
    "save_long_table",
]


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


def save_long_table(name, table, study, options, into, start, **facts):
    """Save the table of a long computation with what it was made from and how long it took.

    Parameters
    ----------
    name : str
        Of the table, and of the command below ``soilresp study``.
    table : pandas.DataFrame
    study : soilresp.study.settings.Study
        Of which recipe, observations, seed and checksums of the inputs are kept.
    options : sequence of str
        Options of the command besides recipe and observations.
    into : path-like or None
        As for `soilresp.io.tables.save_table`.
    start : tuple of float
        From `clocks`, before the computation.
    **facts
        As for `soilresp.io.tables.save_table`.
    """
    # Imported here: the stages themselves use this module.
    from soilresp.study.chapters.c01_selection import selection
    from soilresp.study.chapters.c02_covariates import assembly

    spent = [round(now - then) for now, then in zip(clocks(), start)]
    command = f"soilresp study {name} --recipe {study.recipe} --observations {study.observations}"
    save_table(
        name, table, " ".join([command, *options]), into,
        recipe=study.recipe, observations=study.observations, seed=study.seed,
        inputs=selection(study).inputs | assembly(study).inputs, **facts,
        wall_seconds=spent[0], cpu_seconds=spent[1],
    )
