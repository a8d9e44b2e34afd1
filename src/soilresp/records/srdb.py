"""The global soil respiration database, SRDB.

Jian, J. et al. (2021), doi:10.5194/essd-13-255-2021. Columns keep SRDB's names.
"""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd

from soilresp.errors import DataError

__all__ = ["LARGEST_FLUX", "NUMERIC", "TEXT", "questionable", "read_srdb"]

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


def read_srdb(path, strip=True):
    """Read ``srdb-data.csv``.

    Parameters
    ----------
    path : path-like
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
        If the file is not a comma-separated table in UTF-8, lacks a column that the study
        needs, has lines of another number of fields or text where a number belongs, or if a
        whole column is in another unit or place.
    """
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
            row = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"{path}, line {lines[row]}: {column} is "
                f"{'missing' if table[column].isna()[row] else table[column][row]}; every record "
                "needs one. Correct that line."
            )
        table[column] = table[column].astype(int)
    _check_magnitudes(path, table)
    return table


def questionable(table):
    """Records that are read as they are, and that somebody should look at.

    Nothing is left out here: this only tells what would otherwise pass unseen.

    Parameters
    ----------
    table : pandas.DataFrame
        From `read_srdb`.

    Returns
    -------
    list of str
        A sentence for each kind of trouble: lines that stand there twice, numbers of
        records that do, impossible coordinates and years, fluxes that are negative or
        larger than `LARGEST_FLUX`.
    """
    twice = table.duplicated()
    numbers = table["Record_number"]
    finds = (
        ("stand there twice, word for word; each counts twice", twice),
        ("share their number with another", numbers.duplicated(keep=False) & ~_twins(table)),
        ("have a latitude beyond 90 degrees", table["Latitude"].abs() > 90),
        ("have a longitude beyond 180 degrees", table["Longitude"].abs() > 180),
        ("have a mid-year before 1900 or after 2100", ~table["Study_midyear"].between(1900, 2100)
         & table["Study_midyear"].notna()),
        ("have a negative flux", (table[list(_FLUXES)] < 0).any(axis=1)),
        (f"have a flux above {LARGEST_FLUX:,} g C m-2 yr-1, which nothing on land respires",
         (table[list(_FLUXES)] > LARGEST_FLUX).any(axis=1)),
    )
    told = []
    for words, found in finds:
        if found.any():
            named = ", ".join(map(str, numbers[found].unique()[:_NAMED]))
            more = " ..." if numbers[found].nunique() > _NAMED else ""
            told.append(f"Records that {words}: {found.sum()} (number {named}{more}).")
    return told


def _twins(table):
    """Lines that are the same, word for word, as another."""
    return table.duplicated(keep=False)


def _text(path):
    """The text of a file."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. {_WANTED}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). {_WANTED}") from None
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
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DataError(
            f"{path}, line {line}: a NUL byte, so not a comma-separated table in UTF-8; the file "
            f"is damaged or of another kind. {_WANTED}"
        )
    return text


def _records(path, text):
    """Header, records and the line on which each begins; all have the fields of the header."""
    header, records, lines, last = None, [], [], 0
    try:
        for fields in (reader := csv.reader(io.StringIO(text, newline=""), strict=True)):
            first, last = last + 1, reader.line_num
            if not fields:
                continue
            if header is None:
                header = fields
                _check_header(path, header)
                continue
            if len(fields) != len(header):
                raise DataError(
                    f"{path}, line {first}: {len(fields)} fields, expected {len(header)} as the "
                    "header has; a comma is missing or too many, or a quote. Correct that line."
                )
            records.append(fields)
            lines.append(first)
    except csv.Error as error:
        raise DataError(
            f"{path}, line {last + 1}: not a comma-separated table ({error}); a quote may not be "
            f"closed. Correct that line. {_WANTED}"
        ) from None
    return header, records, lines


def _check_header(path, header):
    lacking = [c for c in (*NUMERIC, *TEXT) if c not in header]
    if lacking:
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        raise DataError(
            f"{path}: no column {', '.join(lacking[:_NAMED])}{more}; found {len(header)} columns, "
            f"the first {[c[:40] for c in header[:3]]}. Expected srdb-data.csv of SRDB, separated "
            "by commas. Give the publisher's own file, unchanged."
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(
            f"{path}: column {twice[0]!r} stands in the header {header.count(twice[0])} times; "
            "expected each name once. Remove or rename the other."
        )


def _check_magnitudes(path, table):
    """Refuse whole columns in another unit or place, which would give a plausible map."""
    for column, low, high, hint in _USUAL:
        values = table[column].dropna()
        if len(values) < _ENOUGH:
            continue
        middle = float(values.median())
        if not low <= middle <= high:
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
    numbers = pd.to_numeric(table[column], errors="coerce")
    bad = ~np.isfinite(numbers) & table[column].notna()
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"{path}, line {lines[row]}, record {table['Record_number'][row]}: {column} is "
            f"{table[column][row]!r}, expected a number or NA. Correct that line."
        )
    return numbers.astype(float)
