"""Save the table of a long computation."""

from soilresp.io.tables import save_table
from soilresp.study.chapters.c01_selection import selection
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.common import clocks

__all__ = ["save_long_table"]


def save_long_table(name, table, study, options, into, start, **facts):
    """Save the table of a long computation with what it was made from and how long it took.

    Parameters
    ----------
    name : str
        Of the table; up to a first underscore, that of the command below ``soilresp study``.
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
    spent = [round(now - then) for now, then in zip(clocks(), start)]
    command = (
        f"soilresp study {name.partition('_')[0]}", f"--recipe {study.recipe}",
        f"--observations {study.observations}", *options,
    )
    save_table(
        name, table, " ".join(command), into,
        recipe=study.recipe, observations=study.observations, seed=study.seed,
        inputs=selection(study).inputs | assembly(study).inputs, **facts,
        wall_seconds=spent[0], cpu_seconds=spent[1],
    )
