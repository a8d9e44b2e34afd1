"""Reader of the global soil respiration database, SRDB.

Jian, J. et al. (2021), doi:10.5194/essd-13-255-2021. Columns keep SRDB's names.
"""

import csv
import io
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from soilresp.errors import DataError
from soilresp.io import fetch
from soilresp.records.table import wrap_longitudes
from soilresp.records.units import refuse_other_units

__all__ = ["LARGEST_FLUX", "NUMERIC", "TEXT", "load_srdb", "lost_none", "questionable_records"]

NUMERIC = (
    "Record_number", "Study_number", "Study_midyear", "Latitude", "Longitude",
    "Rs_annual", "Ra_annual", "Rh_annual", "RC_annual", "MAT", "MAP",
    "Study_temp", "Study_precip", "Elevation", "Annual_coverage",
)
"""Columns that the study reads as numbers."""

TEXT = (
    "Manipulation", "Quality_flag", "Country", "Biome", "Ecosystem_type", "Leaf_habit",
    "Meas_method", "Partition_method", "Site_ID", "Site_name",
)
"""Columns that the study reads as text, stripped of stray blanks."""

LARGEST_FLUX = 30_000
"""g C m-2 yr-1 that no ground respires: several times the gross production of any forest."""

_FLUXES = ("Rs_annual", "Ra_annual", "Rh_annual")
_NAMED = 5
_ENOUGH = 20  # values below which a median says little
_SWAPPED = 0.05
_WANTED = "Expected SRDB's srdb-data.csv; give the publisher's own file."
_USUAL = (
    ("Rs_annual", 50, 5_000, "Is it in kg, in umol m-2 s-1, or a mass of CO2?"),
    ("Rh_annual", 20, 3_000, "Is it in kg, in umol m-2 s-1, or a mass of CO2?"),
    ("RC_annual", 0.0, 1.0, "Is it in percent?"),
    ("Study_midyear", 1900, 2100, "Is it a date, or a year of two digits?"),
)


def load_srdb(path=None, strip=True):
    """Read ``srdb-data.csv``.

    Blank rows are skipped and longitudes of 0 to 360 degrees wrapped; a warning tells of both.

    Parameters
    ----------
    path : path-like, optional
        Default: the release of the registry, from the cache, the mirror or the publisher.
    strip : bool
        Whether words lose their stray blanks.

    Returns
    -------
    pandas.DataFrame
        One row a record, all columns of the file, in its order. Those of
        `NUMERIC` are float (``Record_number`` and ``Study_number`` int), those
        of `TEXT` are strings, stripped if asked for.

    Raises
    ------
    DataError
        If the file is not found or is no comma-separated table in UTF-8, lacks a column that the
        study needs, has lines of another number of fields or text where a number belongs, or if a
        whole column is in another unit or place.

    Examples
    --------
    >>> table = load_srdb()  # doctest: +SKIP
    >>> len(table)  # doctest: +SKIP
    10366
    """
    path = fetch.locate("srdb", download=True).path if path is None else path
    # pandas' own reader would read the manipulation "None" as missing, and fill up short lines.
    header, records, lines = _records(path, _text(path))
    table = pd.DataFrame(records, columns=header, dtype=str)
    table = table.mask(table.isin(["NA", ""]))
    if table.empty:
        raise DataError(f"{path} has a header and no record. {_WANTED}")
    table = table.assign(**{c: _numbers(path, table, c, lines) for c in NUMERIC})
    for column in TEXT if strip else ():
        table[column] = table[column].str.strip()
    for column in ("Record_number", "Study_number"):
        # v5.0 has a record 3905.1 between 3905 and 3906, which is as good as a whole number.
        wrong = table[column].isna() | (table[column].abs() > 2**53)
        if wrong.any():
            row = wrong.idxmax()
            raise DataError(
                f"{path}, line {lines[row]}: {column} is {table[column][row]:g}; every record "
                "needs a number. Correct that line."
            )
        table[column] = table[column].astype(int)
    _check_magnitudes(path, table)
    table["Longitude"] = wrap_longitudes(table["Longitude"], path)
    return table


def questionable_records(table):
    """Describe records that are read as they are, and that somebody should look at.

    Parameters
    ----------
    table : pandas.DataFrame
        From `load_srdb`. Nothing is left out of it.

    Returns
    -------
    list of str
        A sentence for each kind of trouble: lines and numbers of records that occur twice,
        impossible coordinates and years, fluxes that are negative or larger than
        `LARGEST_FLUX`, a manipulation that is never "None".

    Examples
    --------
    >>> plots = pd.DataFrame({"Record_number": [1, 2], "Latitude": [91.0, 51.0], "Longitude": 13.0,
    ...     "Study_midyear": 2000, "Rs_annual": 700, "Ra_annual": 300, "Rh_annual": 400,
    ...     "Manipulation": "None"})
    >>> questionable_records(plots)
    ['Records that have a latitude beyond 90 degrees: 1 (number 1).']
    """
    numbers, years, fluxes = (table[c] for c in ("Record_number", "Study_midyear", list(_FLUXES)))
    shared = numbers.duplicated(keep=False)
    finds = {
        "occur twice, word for word; each counts twice": table.duplicated(),
        "share their number with another": shared & ~table.duplicated(keep=False),
        "have a latitude beyond 90 degrees": table["Latitude"].abs() > 90,
        "have a longitude beyond 180 degrees": table["Longitude"].abs() > 180,
        "have a mid-year before 1900 or after 2100": (years < 1900) | (years > 2100),
        "have a negative flux": (fluxes < 0).any(axis=1),
        f"have a flux above {LARGEST_FLUX:,} g C m-2 yr-1, which nothing on land respires":
            (fluxes > LARGEST_FLUX).any(axis=1),
    }
    sentences = []
    for words, found in finds.items():
        if found.any():
            named = ", ".join(map(str, numbers[found].unique()[:_NAMED]))
            more = " ..." if numbers[found].nunique() > _NAMED else ""
            sentences.append(f"Records that {words}: {found.sum()} (number {named}{more}).")
    return [*sentences, lost_none(table).strip()] if lost_none(table) else sentences


def lost_none(table):
    """Explain a column ``Manipulation`` that is never "None" and often empty; else return ""."""
    words = table["Manipulation"]
    if (words == "None").any() or not words.isna().any():
        return ""
    return (
        f" Manipulation is empty in {words.isna().sum()} records and \"None\" in none: a program "
        "such as pandas may have read the word None as missing. Give the publisher's own file, "
        "or read it with keep_default_na=False before writing it."
    )


def _text(path):
    """Return the text of a file in UTF-8."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). {_WANTED}") from None
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content:
        line = content.partition(b"\0")[0].count(b"\n") + 1
        raise DataError(
            f"{path}, line {line}: encoded in UTF-16, or damaged. Save it as CSV in UTF-8. {_WANTED}"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path}, line {line}: not a comma-separated table in UTF-8 (byte "
            f"0x{content[error.start]:02x}). Save it in UTF-8; Latin-1 letters would be lost. "
            f"{_WANTED}"
        ) from None
    if not text.strip():
        raise DataError(f"{path} is empty. {_WANTED}")
    first = text.lstrip().partition("\n")[0]
    if first.count(";") > first.count(","):
        raise DataError(
            f"{path} is separated by semicolons, as spreadsheets with decimal commas write it; "
            "expected commas between fields and decimal points. Save it as CSV in UTF-8 with "
            "English settings."
        )
    return text


def _records(path, text):
    """Return header, records and the line on which each begins; all have the header's fields."""
    header, records, lines, last, blank = None, [], [], 0, 0
    try:
        for fields in (reader := csv.reader(io.StringIO(text, newline=""), strict=True)):
            first, last = last + 1, reader.line_num
            if not any(field.strip() for field in fields):
                blank += bool(fields)
            elif header is None:
                header = fields
                _check_header(path, header)
            elif len(fields) != len(header):
                raise DataError(
                    f"{path}, line {first}: {len(fields)} fields, expected {len(header)} as the "
                    "header has; a comma is missing or too many, or a quote. Correct that line."
                )
            else:
                records.append(fields)
                lines.append(first)
    except csv.Error as error:
        raise DataError(
            f"{path}, line {last + 1}: not a comma-separated table ({error}); a quote may not be "
            f"closed. Correct that line. {_WANTED}"
        ) from None
    if blank:
        warnings.warn(f"{path}: {blank} blank rows were skipped.", stacklevel=3)
    return header, records, lines


def _check_header(path, header):
    """Refuse a header that lacks a column or has one twice."""
    lacking = [c for c in (*NUMERIC, *TEXT) if c not in header]
    if lacking:
        raise DataError(
            f"{path}: no column {', '.join(lacking)}; found {len(header)} columns, the first "
            f"{[c[:40] for c in header[:3]]}. {_WANTED}"
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path}: column {twice[0]!r} occurs twice. Remove or rename one.")


def _check_magnitudes(path, table):
    """Refuse whole columns in another unit or place, which would give a plausible map."""
    refuse_other_units(path, table)
    for column, low, high, hint in _USUAL:
        middle = table[column].median()
        if table[column].count() >= _ENOUGH and not low <= middle <= high:
            raise DataError(
                f"{path}: the median of {column} is {middle:.4g}; expected {low:g} to {high:g}. "
                f"{hint} Give SRDB's own units, or correct the column."
            )
    away = int((table["Latitude"].abs() > 90).sum())
    if away > _SWAPPED * table["Latitude"].notna().sum() and away >= _ENOUGH:
        raise DataError(
            f"{path}: {away} latitudes are beyond 90 degrees; expected -90 to 90. Latitude and "
            "Longitude seem to be swapped: exchange the two columns."
        )


def _numbers(path, table, column, lines):
    """Return a column as numbers."""
    numbers = pd.to_numeric(table[column], errors="coerce")
    bad = ~np.isfinite(numbers) & table[column].notna()
    if bad.any():
        row = bad.idxmax()
        raise DataError(
            f"{path}, line {lines[row]}, record {table['Record_number'][row]}: {column} is "
            f"{table[column][row]!r}, expected a number or NA. Correct that line."
        )
    return numbers.astype(float)
