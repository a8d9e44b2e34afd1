"""One table of all models: totals, scores of the available maps, and the source of each."""

from pathlib import Path

import numpy as np
import pandas as pd

from soilresp.errors import DataError
from soilresp.io import tables as committed
from soilresp.scoring import totals
from soilresp.scoring.maps import FLUXES
from soilresp.study import chapters as workflow
from soilresp.study.chapters.c07_models import TEN_OUTPUT

__all__ = ["NAME", "SCORES", "SOURCES", "load", "make", "save"]

NAME = "models_table"
"""Name of the committed table."""

SCORES = ("bias", "rmse", "r", "sigma_ratio", "z")
"""Scores of a map beside the benchmark, area-weighted and per m2 of land (mean difference and
RMSE in g C m-2 yr-1, correlation, SD of the map over that of the benchmark, and the mean size
of the difference in SD of the benchmark)."""

SOURCES = {
    "benchmark of this run": "this benchmark",
    "ten models of the paper": "paper's stated value",
    TEN_OUTPUT: "real output",
    "available output": "real output",
    "ISIMIP series": "real output, ISIMIP totals",
    "CMIP6 series": "real output, CMIP6 totals",
    "empirical comparator": "empirical comparator",
}
"""Kind of the numbers of each group of models."""

_HOW = {
    totals.STATED: "stated", totals.DERIVED: "derived", totals.COMPUTED: "computed",
    totals.EMPIRICAL: "computed", totals.BENCHMARK: "computed",
}


def make(study):
    """Put totals and scores of all models of a run into one table.

    Parameters
    ----------
    study : soilresp.study.settings.Study

    Returns
    -------
    pandas.DataFrame or None
        One row a model: ``model``, ``source`` (a value of `SOURCES`), ``period``,
        ``reference``; for SR, HR and AR the total (``SR``, Pg C yr-1), its bounds where the
        paper only bounds it (``SR_low``, ``SR_high``) and ``SR_how``: ``computed``,
        ``stated``, ``derived``, ``bounded`` or empty; and the `SCORES` of the available maps
        (``SR_bias`` and so on). None if the run has not compared models with its maps.

    Notes
    -----
    Totals and scores are those of chapter 7.
    """
    compared = workflow.intercomparison.stored(study)
    if compared is None:
        return None
    known = compared.totals[compared.totals["variable"].isin(FLUXES)]
    rows = [_totals(*key, own) for key, own in known.groupby(["group", "model"], sort=False)]
    table = pd.DataFrame(rows)
    scores = compared.map_scores.rename(columns={"mean_abs_z": "z"})
    scores["source"] = scores["group"].map(SOURCES)
    wide = scores.pivot(index=["model", "source"], columns="flux", values=list(SCORES))
    wide.columns = [f"{flux}_{score}" for score, flux in wide.columns]
    table = table.merge(wide.reset_index(), on=["model", "source"], how="left")
    # A series of GPP or NPP alone is left out; the paper's ten stay, known or not.
    told = table[list(FLUXES)].notna().any(axis=1)
    table = table[told | (table["source"] == SOURCES["ten models of the paper"])]
    columns = [
        "model", "source", "period", "reference",
        *(f"{f}{end}" for f in FLUXES for end in ("", "_low", "_high", "_how")),
        *(f"{f}_{s}" for f in FLUXES for s in SCORES),
    ]
    return table.reindex(columns=columns).reset_index(drop=True)


def save(study, table, command, into=None):
    """Write the table and what it was made from.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    table : pandas.DataFrame
        From `make`.
    command : str
    into : path-like, optional
        Default: with the other committed tables.

    Returns
    -------
    pathlib.Path
        The CSV file.
    """
    into = committed.folder() if into is None else Path(into)
    committed.save_table(
        NAME, table, command, into, recipe=study.recipe, observations=study.observations,
        profile=study.profile.name, seed=study.seed, source=study.describe(),
        inputs=workflow.intercomparison.stored(study).inputs,
    )
    return into / f"{NAME}.csv"


def load(where=None):
    """Read the table.

    Parameters
    ----------
    where : pathlib.Path, optional

    Returns
    -------
    table : pandas.DataFrame
    facts : dict

    Raises
    ------
    DataError
        If it is missing, cannot be read, or lacks a column.
    """
    table, facts = committed.load_table(NAME, where)
    wanted = ["model", "source", *FLUXES, *(f"{f}_{s}" for f in FLUXES for s in SCORES)]
    missing = [c for c in wanted if c not in table]
    if missing:
        raise DataError(
            f"{NAME}.csv has no column {missing[0]!r}. Make it again: {facts.get('command')}"
        )
    texts = ["model", "source", "period", "reference", *(f"{f}_how" for f in FLUXES)]
    return table.assign(**{c: table[c].fillna("").astype(str) for c in texts}), facts


def _totals(group, model, own):
    row = {
        "model": model, "source": SOURCES[group],
        "period": own["period"].iloc[0], "reference": own["source"].iloc[0],
    }
    for line in own.itertuples():
        bounded = np.isnan(line.value) and np.isfinite(line.low)
        row |= {
            line.variable: line.value,
            # Of a series, low and high are those of its years: another thing.
            f"{line.variable}_low": line.low if bounded else np.nan,
            f"{line.variable}_high": line.high if bounded else np.nan,
            f"{line.variable}_how": (
                "bounded" if bounded else _HOW[line.provenance] if np.isfinite(line.value) else ""
            ),
        }
    return row
