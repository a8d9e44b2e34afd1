"""All tests of field records, the function that runs them, and what to do about their flags."""

import pandas as pd

from soilresp.errors import ParameterError
from soilresp.records.quality import climate, coordinates, entries, fluxes, partition, units
from soilresp.records.quality.evidence import THRESHOLD, Evidence, flag_table
from soilresp.records.table import as_srdb

__all__ = ["DECISIVE", "QUALITY", "TESTS", "apply_flags", "check_records"]

TESTS = (
    coordinates.impossible, coordinates.outside_country, coordinates.in_the_sea,
    coordinates.scattered, coordinates.whole_degrees,
    climate.temperature, climate.precipitation, climate.elevation, climate.biome,
    climate.ecosystem,
    partition.negative, partition.share_bounds, partition.part_above_whole,
    partition.sum_of_parts, partition.root_share,
    fluxes.seasonal_rates, fluxes.comparable_records, fluxes.whole_study,
    units.unit_of_record, units.unit_of_study, units.round_rates,
    entries.year, entries.duplicates, entries.repeated_rows, entries.stray_blanks,
    entries.spelling, entries.unknown_country,
)
"""All tests: generators of the `Flag` tuples of an `Evidence`."""

DECISIVE = frozenset(
    ("Latitude", "Longitude", "Rs_annual", "Ra_annual", "Rh_annual", "RC_annual", "Study_midyear")
)
"""Fields that place a record on the map or give its flux. Others are reported, no more."""

QUALITY = ("report", "drop", "repair")
"""Treatments of suspicious records."""


def check_records(table, climate=None, tests=TESTS):
    """Flag records that are likely wrong; change none of them.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.records.srdb.load_srdb`, with ``strip=False`` if stray blanks shall be
        flagged too; or a table of one's own, see `soilresp.records.table.own_records`.
    climate : xarray.Dataset, optional
        From `soilresp.covariates.embedded.load_embedded`, which is the default.
    tests : sequence of callable
        Some of `TESTS`.

    Returns
    -------
    pandas.DataFrame
        One row a flag, on the index of `table`, most suspicious first: ``record``, ``study``,
        ``test``, ``field`` (SRDB's name), ``value``, ``expected``, ``score`` (0 to 1; a suspicion
        from `soilresp.records.quality.THRESHOLD` up, a remark below) and ``repair``
        ("Field=value; ..." where one change explains the evidence, else empty).

    Raises
    ------
    DataError
        If a table of one's own lacks a column or holds an impossible value.

    Examples
    --------
    >>> plots = pd.DataFrame({"lat": [50.95, 50.95], "lon": [13.55, -30.5], "flux": [700, 800]})
    >>> check_records(plots)[["record", "test"]].values.tolist()
    [[2, 'in the sea']]
    """
    evidence = Evidence(as_srdb(table), climate)
    flags = flag_table(evidence, [flag for test in tests for flag in test(evidence)])
    order = flags.assign(row=flags.index).sort_values(
        ["score", "study", "row", "test"], ascending=[False, True, True, True], kind="stable"
    )
    return order[list(flags.columns)]


def apply_flags(table, flags, quality="report", threshold=THRESHOLD):
    """Mark, drop or repair suspicious records.

    Only suspicions on `DECISIVE` fields count.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.records.srdb.load_srdb`.
    flags : pandas.DataFrame
        From `check_records` of the same table.
    quality : {"report", "drop", "repair"}
        "report" changes nothing. "drop" marks suspicious records to be left out. "repair"
        corrects those whose suspicions agree on one repair, and leaves the others as they are.
    threshold : float

    Returns
    -------
    table : pandas.DataFrame
        A new one with all records; only "repair" changes values.
    touched : pandas.Series of bool
        Records that are suspicious ("report"), to be left out ("drop") or corrected ("repair").

    Raises
    ------
    ParameterError
        If `quality` is none of the above.
    """
    if quality not in QUALITY:
        raise ParameterError(f"quality must be one of {', '.join(QUALITY)}, got {quality!r}.")
    decisive = flags["field"].map(lambda f: not DECISIVE.isdisjoint(f.split(", ")))
    serious = flags[decisive.astype(bool) & (flags["score"] >= threshold)]
    out = table.copy()
    if quality != "repair":
        return out, pd.Series(table.index.isin(serious.index), index=table.index)
    touched = pd.Series(False, index=table.index)
    for row, repairs in serious[serious["repair"] != ""].groupby(level=0)["repair"]:
        changes = _changes(repairs)
        touched[row] = bool(changes)
        for field, value in changes.items():
            out.loc[row, field] = value
    return out, touched


def _changes(repairs):
    """Return new values by field; none if two repairs differ on one field."""
    changes = {}
    for part in "; ".join(repairs).split("; "):
        field, _, value = part.partition("=")
        if field in DECISIVE and changes.setdefault(field, float(value)) != float(value):
            return {}
    return changes
