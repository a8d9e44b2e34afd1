"""Tests of years, of duplicates, and of how words are spelled."""

import difflib
import re

import numpy as np
import pandas as pd

from soilresp.records.quality.countries import nearest_name, resolve
from soilresp.records.quality.evidence import flag, merge, number_text, score

__all__ = ["year", "duplicates", "stray_blanks", "spelling", "unknown_country"]

REMARK = 0.4
"""Score of a slip that is certain and misleads nobody about a flux or a place."""

CATEGORIES = (
    "Country", "Biome", "Ecosystem_type", "Ecosystem_state", "Leaf_habit", "Stage",
    "Soil_drainage", "Meas_method", "Manipulation", "Partition_method", "RC_season",
)
"""Fields of few, repeated values."""


def year(evidence):
    """A study's year is not after the record's entry, and not decades from its other years.

    SRDB's table has no year of publication; the date of entry is later than
    that, so what it shows is certain, and what it misses it does not.
    """
    mid = evidence.number("Study_midyear")
    entry = pd.to_numeric(evidence.text("Entry_date").map(_year_of), errors="coerce")
    late = mid.index[(mid > entry + 1) | (mid < 1900)]
    parts = [
        flag(
            evidence, late, "year against entry", "Study_midyear",
            [number_text(v) for v in mid[late]],
            [f"a year before {number_text(entry[r])}, when the record was entered"
             if entry[r] > 0 else "a year from 1900 on" for r in late],
            1.0,
        )
    ]
    usual = mid.groupby(evidence.study).transform("median")
    count = mid.groupby(evidence.study).transform("count")
    away = (mid - usual).abs().where(count >= 4)
    rows = away.index[(score(away, 25.0) >= 0.45) & ~away.index.isin(late)]
    parts.append(
        flag(
            evidence, rows, "year against its study", "Study_midyear",
            [number_text(v) for v in mid[rows]],
            [f"a year near {usual[r]:.0f}, as in the study's other records" for r in rows],
            score(away[rows], 25.0),
        )
    )
    return merge(parts)


def duplicates(evidence):
    """Two studies do not report the same flux of the same place and year.

    Told of is the later record, if SR (three digits or more) and HR agree to the
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
    parts = []
    first_study = pd.Series(np.nan, index=frame.index)
    for _, group in frame.groupby(["lat", "lon", "Rs", "Rh"]):
        if group["study"].nunique() < 2:
            continue
        first = group.sort_values("record").iloc[0]
        later = group[
            (group["study"] != first["study"]) & ((group["year"] - first["year"]).abs() <= 1)
        ]
        first_study[later.index] = first["study"]
        parts.append(
            flag(
                evidence, later.index, "duplicate between studies", "Rs_annual",
                _texts(later["Rs"]),
                f"a flux of its own; record {first['record']:.0f} of study {first['study']:.0f} "
                "has the same flux, place and year", REMARK,
            )
        )
    found = merge(parts)
    pairs = pd.DataFrame({"study": found["study"], "first": first_study[found.index]})
    repeated = pairs.groupby(["study", "first"])["study"].transform("size") >= 3
    found.loc[repeated.to_numpy(), "score"] = 0.49
    return found


def stray_blanks(evidence):
    """A word neither begins nor ends with a blank: to a program " Desert" is not "Desert"."""
    parts = []
    for field in CATEGORIES:
        if field not in evidence.table:
            continue
        raw = evidence.table[field].astype(object)
        raw = raw[raw.map(lambda v: isinstance(v, str))]
        rows = raw.index[raw.map(lambda v: v != v.strip())]
        parts.append(
            flag(
                evidence, rows, "stray blank", field, [f'"{v}"' for v in raw[rows]],
                [f'"{v.strip()}"' for v in raw[rows]], REMARK,
                [f"{field}={v.strip()}" for v in raw[rows]],
            )
        )
    return merge(parts)


def spelling(evidence):
    """A rare value that differs by a letter or two from a frequent one is that value misspelled.

    Rare is a twentieth of the frequent one or less. Values of several words
    are compared word by word.
    """
    parts = []
    for field in CATEGORIES:
        if field == "Country":
            continue
        words = evidence.text(field).dropna()
        split = words.map(lambda text: re.findall(r"[A-Za-z]{5,}", text))
        counts = split.explode().value_counts()
        wrong = {}
        for word, n in counts[counts <= 10].items():
            for close in difflib.get_close_matches(word, counts.index, n=3, cutoff=0.84):
                if counts[close] >= 20 * n and _typo(word, close):
                    wrong[word] = close
                    break
        for row in words.index[split.map(lambda found: any(w in wrong for w in found))]:
            text = words[row]
            better = text
            for word in split[row]:
                better = better.replace(word, wrong.get(word, word))
            parts.append(
                flag(
                    evidence, [row], "spelling", field, f'"{text}"', f'"{better}"', REMARK,
                    f"{field}={better}",
                )
            )
    return merge(parts)


def unknown_country(evidence):
    """The country of a record is one; regions, continents and misspelled names are not."""
    names = evidence.text("Country")
    known = names.dropna().map(lambda name: len(resolve(name)) > 0)
    rows = known.index[~known]
    likely = {name: nearest_name(name) for name in names[rows].unique()}
    return flag(
        evidence, rows, "unknown country", "Country", [f'"{v}"' for v in names[rows]],
        ["the name of a country" + (f", likely {likely[v]}" if likely[v] else "")
         for v in names[rows]],
        REMARK, [f"Country={likely[v]}" if likely[v] else "" for v in names[rows]],
    )


def _year_of(date):
    return date[:4] if isinstance(date, str) else None


def _typo(word, close):
    """Whether two words differ as a slip of the keys makes them, not as endings do."""
    word, close = word.casefold(), close.casefold()
    if word == close:
        return False
    stems = {w.removesuffix("ed").removesuffix("ing").removesuffix("s") for w in (word, close)}
    return len(stems) == 2 and abs(len(word) - len(close)) <= 2


def _texts(values):
    return [f"{number_text(v)} g C m-2 yr-1" for v in values]
