"""Correct entries of field records from published sources."""

from pathlib import Path

import pandas as pd

from soilresp.errors import DataError, ParameterError
from soilresp.io import paths

__all__ = ["COLUMNS", "KNOWN", "apply_corrections", "read_corrections"]

KNOWN = ("none", "sourced")
"""Corrections that have a name; others are given by the path of a table."""

COLUMNS = ("record", "field", "from", "to", "reason", "source")
"""Columns of a table of corrections."""


def read_corrections(corrections="sourced"):
    """Read a table of corrections.

    Parameters
    ----------
    corrections : {"none", "sourced"} or path-like
        "sourced" reads ``data/corrections.csv``: entries for which a published source gives the
        value or the unit. A path reads one's own CSV with columns `COLUMNS`; "none" is empty.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, all text; an empty ``from`` or ``to`` stands for a missing value.

    Raises
    ------
    ParameterError
        If `corrections` is neither a known name nor a path.
    DataError
        If the file cannot be read, lacks a column, holds a line without record, field, reason or
        source, or corrects a field of a record twice.
    """
    if not isinstance(corrections, str | Path) or not str(corrections).strip():
        raise ParameterError(
            f"corrections must be none, sourced or the path of a table; got {corrections!r}."
        )
    if corrections == "none":
        return pd.DataFrame(columns=list(COLUMNS), dtype=str)
    path = paths.data_dir() / "corrections.csv" if corrections == "sourced" else Path(corrections)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} is no table of corrections ({error}). Expected a CSV file in UTF-8 with "
            f"columns {', '.join(COLUMNS)}; or give none or sourced."
        ) from None
    lacking = [name for name in COLUMNS if name not in table]
    if lacking:
        raise DataError(f"{path} has no column {lacking[0]}; expected {', '.join(COLUMNS)}.")
    table = table[list(COLUMNS)].apply(lambda column: column.str.strip())
    for name in ("record", "field", "reason", "source"):
        empty = table[name] == ""
        if empty.any():
            raise DataError(f"{path}, line {empty.idxmax() + 2}: {name} is empty; fill it in.")
    twice = table.duplicated(["record", "field"])
    if twice.any():
        record, field = table.loc[twice.idxmax(), ["record", "field"]]
        raise DataError(f"{path} corrects {field} of record {record} twice; remove one line.")
    return table


def apply_corrections(table, corrections="none"):
    """Correct entries of field records; the table that is given stays as it is.

    Records and fields that the table does not hold are passed over, unless the corrections are
    one's own.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.records.srdb.load_srdb`.
    corrections : {"none", "sourced"} or path-like
        See `read_corrections`.

    Returns
    -------
    table : pandas.DataFrame
    corrected : pandas.Series of bool
        Rows in which an entry was corrected.

    Raises
    ------
    DataError
        If an entry is not what the correction expects, a field or a record of one's own
        corrections is not in the table, or a number cannot be read; names record and field.

    Examples
    --------
    >>> plots = pd.DataFrame({"Record_number": [5994, 5995], "Rs_annual": [3200.0, 3890.0]})
    >>> table, corrected = apply_corrections(plots, "none")
    >>> int(corrected.sum())
    0
    """
    wanted = read_corrections(corrections)
    out, corrected = table.copy(), pd.Series(False, index=table.index)
    numbers = table["Record_number"].astype(str)
    for entry in wanted.itertuples(index=False, name=None):
        record, field, old, new, _, source = entry
        rows = numbers.index[numbers == record]
        where = f"Correction of {field} of record {record} ({source})"
        if rows.empty or field not in table:
            if corrections in KNOWN:
                continue
            what = "record" if rows.empty else "field"
            raise DataError(f"{where}: the table has no such {what}. Correct or remove that line.")
        # In v5.0 a number may stand for two records.
        rows = [row for row in rows if _alike(table.at[row, field], old)]
        if len(rows) != 1:
            found = table.loc[numbers == record, field].iloc[0]
            raise DataError(
                f"{where}: expected {old or 'no value'}, found {found}. The table is another "
                "release, or has been corrected already; leave that line out."
            )
        try:
            value = float(new or "nan") if pd.api.types.is_numeric_dtype(table[field]) else new
        except ValueError:
            raise DataError(f"{where}: {new!r} is no number. Correct that line.") from None
        out.loc[rows[0], field] = value if new else None
        corrected[rows[0]] = True
    return out, corrected


def _alike(value, text):
    """Tell whether an entry is what a correction expects, as a number or a word."""
    if pd.isna(value) or text == "":
        return bool(pd.isna(value)) and text == ""
    try:
        return abs(float(value) - float(text)) <= 1e-9 * abs(float(text))
    except ValueError:
        return str(value).strip() == text
