"""Leaving out or repairing suspicious records, when a selection asks for it."""

import pandas as pd

from soilresp.errors import ParameterError
from soilresp.records.quality.evidence import THRESHOLD

__all__ = ["DECISIVE", "QUALITY", "apply"]

QUALITY = ("report", "drop", "repair")
"""What may be done about suspicious records."""

DECISIVE = frozenset(
    ("Latitude", "Longitude", "Rs_annual", "Ra_annual", "Rh_annual", "RC_annual", "Study_midyear")
)
"""Fields that place a record on the map or give its flux. Others are reported, no more."""


def apply(table, flags, quality="report", threshold=THRESHOLD):
    """Do what a selection wants done about suspicious records.

    Only suspicions on `DECISIVE` fields count.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.records.srdb.read_srdb`.
    flags : pandas.DataFrame
        From `soilresp.records.quality.check` of the same table.
    quality : {"report", "drop", "repair"}
        "report" changes nothing. "drop" marks suspicious records to be left
        out. "repair" corrects those whose suspicions come with one repair, all the
        same, and leaves the others as they are.
    threshold : float

    Returns
    -------
    table : pandas.DataFrame
        A new one with all records; only "repair" changes values.
    touched : pandas.Series of bool
        Records that are suspicious ("report"), to be left out ("drop") or
        corrected ("repair").

    Raises
    ------
    ParameterError
        If `quality` is none of the above.
    """
    if quality not in QUALITY:
        raise ParameterError(f"quality must be one of {', '.join(QUALITY)}, got {quality!r}.")
    decisive = flags["field"].map(lambda f: not DECISIVE.isdisjoint(f.split(", ")))
    serious = flags[decisive & (flags["score"] >= threshold)]
    if quality != "repair":
        touched = pd.Series(table.index.isin(serious.index), index=table.index)
        return table.copy(), touched
    out = table.copy()
    touched = pd.Series(False, index=table.index)
    for row, repairs in serious[serious["repair"] != ""].groupby(level=0)["repair"]:
        changes = _changes(repairs)
        if changes:
            touched[row] = True
            for field, value in changes.items():
                out.loc[row, field] = value
    return out, touched


def _changes(repairs):
    """Values by field; empty if two repairs differ on one field."""
    changes = {}
    for repair in repairs:
        for part in repair.split("; "):
            field, _, value = part.partition("=")
            if field in DECISIVE and changes.setdefault(field, float(value)) != float(value):
                return {}
    return changes
