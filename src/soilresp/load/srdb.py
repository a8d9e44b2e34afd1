"""The global soil respiration database, SRDB.

Jian, J. et al. (2021), doi:10.5194/essd-13-255-2021. Columns keep SRDB's names.
"""

import numpy as np
import pandas as pd

from soilresp.errors import DataError

__all__ = ["NUMERIC", "TEXT", "read_srdb"]

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
        If the file is not a comma-separated table in UTF-8, or lacks a column
        that the study needs, or has text where a number belongs.
    """
    try:
        # "None" in Manipulation is a value; pandas would read it as missing.
        table = pd.read_csv(
            path, keep_default_na=False, na_values=["NA", ""], dtype=str, encoding="utf-8-sig"
        )
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Expected SRDB's srdb-data.csv.") from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(
            f"{path} is not a comma-separated table in UTF-8 ({error}). Expected srdb-data.csv."
        ) from None
    lacking = [c for c in (*NUMERIC, *TEXT) if c not in table.columns]
    if lacking:
        raise DataError(
            f"{path}: no column {', '.join(lacking)}; found {len(table.columns)} columns, the first "
            f"{list(table.columns[:3])}. Expected srdb-data.csv of SRDB, separated by commas."
        )
    table = table.assign(**{c: _numbers(path, table, c) for c in NUMERIC})
    for column in TEXT if strip else ():
        table[column] = table[column].str.strip()
    for column in ("Record_number", "Study_number"):
        if table[column].isna().any():
            row = int(table.index[table[column].isna()][0]) + 2
            raise DataError(f"{path}, line {row}: {column} is missing; every record needs one.")
        table[column] = table[column].astype(int)
    return table


def _numbers(path, table, column):
    numbers = pd.to_numeric(table[column], errors="coerce")
    bad = ~np.isfinite(numbers) & table[column].notna()
    if bad.any():
        row = table.index[bad][0]
        raise DataError(
            f"{path}, line {row + 2}, record {table['Record_number'][row]}: {column} is "
            f"{table[column][row]!r}, expected a number or NA."
        )
    return numbers.astype(float)
