"""Tests of years, duplicates and spelling."""

import difflib
import re
from collections import Counter

import numpy as np
import pandas as pd

from soilresp.records.quality.countries import nearest_name, resolve
from soilresp.records.quality.evidence import Flag, flux_text, number_text, score

__all__ = [
    "year", "duplicates", "repeated_rows", "repeats", "stray_blanks", "spelling",
    "unknown_country",
]

REMARK = 0.4
"""Score of an error that is certain and affects neither flux nor place."""

CATEGORIES = (
    "Country", "Biome", "Ecosystem_type", "Ecosystem_state", "Leaf_habit", "Stage",
    "Soil_drainage", "Meas_method", "Manipulation", "Partition_method", "RC_season",
)
"""Fields of few, repeated values."""


def year(evidence):
    """Find studies dated after the entry of their record, or decades from their other years.

    SRDB's table has no year of publication. The date of entry is later, so a year after it
    is certainly wrong, and some wrong years are missed.
    """
    mid = evidence.number("Study_midyear")
    entry = pd.to_numeric(
        evidence.text("Entry_date").map(lambda d: d[:4] if isinstance(d, str) else None),
        errors="coerce",
    )
    late = (mid > entry + 1) | (mid < 1900)
    for r in mid.index[late]:
        yield Flag(
            r, "year against entry", "Study_midyear", number_text(mid[r]),
            f"a year before {number_text(entry[r])}, when the record was entered"
            if entry[r] > 0 else "a year from 1900 on", 1.0,
        )
    by_study = mid.groupby(evidence.study)
    usual, count = by_study.transform("median"), by_study.transform("count")
    suspicion = score((mid - usual).abs().where(count >= 4), 25.0)
    for r in mid.index[(suspicion >= 0.45) & ~late]:
        yield Flag(
            r, "year against its study", "Study_midyear", number_text(mid[r]),
            f"a year near {usual[r]:.0f}, as in the study's other records", suspicion[r],
        )


def duplicates(evidence):
    """Find a flux of one place and year that two studies report.

    The later record is remarked if SR (three digits or more) and HR agree to the
    last digit, the site to a tenth of a degree and the year to one, and if
    neither is marked as a duplicate already. Each of the two may be right, so this is a
    remark; a stronger one where three or more pairs share the two studies.
    """
    frame = pd.DataFrame(
        {
            "lat": evidence.number("Latitude").round(1),
            "lon": evidence.number("Longitude").round(1),
            "Rs": evidence.number("Rs_annual"), "Rh": evidence.number("Rh_annual").fillna(-1),
            "year": np.floor(evidence.number("Study_midyear")),
            "study": evidence.study, "record": evidence.table["Record_number"],
        }
    )
    marked = evidence.text("Duplicate_record").notna() | evidence.text("Quality_flag").map(
        lambda word: isinstance(word, str) and "Q13" in word
    )
    digits = frame["Rs"].map(lambda v: len(number_text(v).replace(".", "").strip("0")))
    frame = frame[(digits >= 3) & frame["lat"].notna() & frame["year"].notna() & ~marked]
    pairs = []
    for _, group in frame.groupby(["lat", "lon", "Rs", "Rh"]):
        first = group.sort_values("record").iloc[0]
        later = group[
            (group["study"] != first["study"]) & ((group["year"] - first["year"]).abs() <= 1)
        ]
        pairs += [(r, first["record"], first["study"], later["study"][r]) for r in later.index]
    shared = Counter((study, own) for _, _, study, own in pairs)
    for r, record, study, own in pairs:
        yield Flag(
            r, "duplicate between studies", "Rs_annual", flux_text(frame["Rs"][r]),
            f"a flux of its own; record {record:.0f} of study {study:.0f} "
            "has the same flux, place and year", 0.49 if shared[study, own] >= 3 else REMARK,
        )


def repeats(table, flux):
    """Find rows that repeat study, place, year and flux of an earlier one.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``Study_number``, ``Latitude``, ``Longitude`` and ``Study_midyear``.
    flux : pandas.Series
        On the index of the table.

    Returns
    -------
    pandas.Series of bool
        False where place, year or flux is missing.

    Examples
    --------
    >>> plots = pd.DataFrame({"Study_number": 1, "Latitude": [51.0] * 3, "Longitude": 13.5,
    ...     "Study_midyear": [2000.0, 2000.5, 2001.5]})
    >>> repeats(plots, pd.Series([700.0, 700.0, 700.0])).tolist()
    [False, True, False]
    """
    keys = table[["Study_number", "Latitude", "Longitude"]].assign(
        year=np.floor(table["Study_midyear"]), flux=flux
    )
    return keys.duplicated() & keys.notna().all(axis=1)


def repeated_rows(evidence):
    """Remark rows that repeat study, place, year and flux of an earlier one.

    Plots or methods may agree by chance, but more often a mean was entered for each of them, or
    a row was entered twice.
    """
    table = evidence.table[["Record_number", "Study_number"]].assign(
        **{c: evidence.number(c) for c in ("Latitude", "Longitude", "Study_midyear")}
    )
    for field in ("Rs_annual", "Rh_annual"):
        flux = evidence.number(field)
        for r in table.index[repeats(table, flux)]:
            yield Flag(
                r, "repeated row", field, flux_text(flux[r]),
                "a flux of its own; an earlier record of the study has the same flux, place and "
                "year", REMARK,
            )


def stray_blanks(evidence):
    """Find words that begin or end with a blank: to a program " Desert" is not "Desert"."""
    for field in (f for f in CATEGORIES if f in evidence.table):
        for r, word in evidence.table[field].items():
            if isinstance(word, str) and word != word.strip():
                yield Flag(
                    r, "stray blank", field, f'"{word}"', f'"{word.strip()}"', REMARK,
                    f"{field}={word.strip()}",
                )


def spelling(evidence):
    """Find rare values that differ by a letter or two from a frequent one.

    Rare is a twentieth of the frequent one or less. Values of several words
    are compared word by word.
    """
    for field in CATEGORIES[1:]:  # countries have a test of their own
        words = evidence.text(field).dropna()
        split = words.map(lambda text: re.findall(r"[A-Za-z]{5,}", text))
        counts = split.explode().value_counts()
        right = {}
        for word, n in counts[counts <= 10].items():
            for close in difflib.get_close_matches(word, counts.index, n=3, cutoff=0.84):
                if counts[close] >= 20 * n and _typo(word, close):
                    right[word] = close
                    break
        for r, parts in split.items():
            better = words[r]
            for word in parts:
                better = better.replace(word, right.get(word, word))
            if better == words[r]:
                continue
            yield Flag(
                r, "spelling", field, f'"{words[r]}"', f'"{better}"', REMARK, f"{field}={better}"
            )


def unknown_country(evidence):
    """Find countries that are none: regions, continents and misspelled names."""
    for r, name in evidence.text("Country").dropna().items():
        if not resolve(name):
            likely = nearest_name(name)
            yield Flag(
                r, "unknown country", "Country", f'"{name}"',
                "the name of a country" + (f", likely {likely}" if likely else ""), REMARK,
                f"Country={likely}" if likely else "",
            )


def _typo(word, close):
    """Tell whether two words differ by mistyped letters and not by their endings."""
    word, close = word.casefold(), close.casefold()
    if word == close:
        return False
    stems = {w.removesuffix("ed").removesuffix("ing").removesuffix("s") for w in (word, close)}
    return len(stems) == 2 and abs(len(word) - len(close)) <= 2
