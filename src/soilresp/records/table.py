"""Tables of field records other than SRDB: one row a flux, with columns lat, lon and flux."""

import warnings

import numpy as np
import pandas as pd

from soilresp.errors import DataError

__all__ = ["SRDB_NAMES", "as_srdb", "own_records", "wrap_longitudes"]

SRDB_NAMES = {
    "record": "Record_number", "study": "Study_number", "lat": "Latitude", "lon": "Longitude",
    "year": "Study_midyear", "ecosystem": "Ecosystem_type", "quality": "Quality_flag",
    "manipulation": "Manipulation", "country": "Country", "biome": "Biome",
    "elevation": "Elevation", "reported_MAT": "MAT", "reported_MAP": "MAP",
}
"""Columns of a table of records, and SRDB's names of them."""

_FLUXES = {"SR": "Rs_annual", "HR": "Rh_annual"}
_NUMBERS = {"lat": (-90, 90), "lon": (-180, 180), "flux": (-np.inf, np.inf),
            "year": (-np.inf, np.inf)}
_NEEDED = ("lat", "lon", "flux")


def own_records(table, complete=True):
    """Check a table of field records, and give its columns the names of the project.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a flux. Names of columns may be written in capitals where that is not ambiguous.
        Needed are ``lat`` and ``lon`` (degrees; longitudes from 0 to 360 are wrapped) and ``flux``
        (g C m-2 yr-1). Optional: ``target`` ("SR" or "HR", default SR), ``year`` (default
        missing), ``record`` (number or name, default 1, 2, ...), ``study`` (number or name;
        default: every record is a study of its own), and ``manipulation`` (default "None"),
        ``ecosystem``, ``quality``, ``country``, ``biome``, ``elevation`` (m), ``reported_MAT``
        (degC), ``reported_MAP`` (mm yr-1), which the selection and the checks use.
    complete : bool
        Whether a missing coordinate or flux is an error.

    Returns
    -------
    pandas.DataFrame
        The same rows on the same index (0, 1, ... if that is not unique), with all columns
        of `table` and ``record``, ``study``, ``target``; numbers are float.

    Raises
    ------
    DataError
        If a needed column is missing or ambiguous, a value is no number, or a coordinate or
        target is impossible; names the column and the row.

    Examples
    --------
    >>> own_records(pd.DataFrame({"Lat": [51.0], "Lon": [346.5], "flux": [700]}))[
    ...     ["record", "lat", "lon", "flux", "target"]].values.tolist()
    [[1, 51.0, -13.5, 700.0, 'SR']]
    """
    if not isinstance(table, pd.DataFrame) or table.empty:
        raise DataError("The records must be a pandas.DataFrame with at least one row.")
    out = table.rename(columns=_columns(table))
    if not out.index.is_unique:
        out = out.reset_index(drop=True)
    for name, (low, high) in _NUMBERS.items():
        if name not in out:
            continue
        numbers = pd.to_numeric(out[name], errors="coerce").astype(float)
        _refuse(out, name, ~np.isfinite(numbers) & out[name].notna(), "a number")
        if complete and name in _NEEDED:
            _refuse(out, name, numbers.isna(), "a number")
        if name == "lon":
            numbers = wrap_longitudes(numbers, "Column 'lon'")
        _refuse(out, name, (numbers < low) | (numbers > high), f"{low} to {high}")
        out[name] = numbers
    defaults = {"record": np.arange(1, len(out) + 1), "target": "SR"}
    out = out.assign(**{k: v for k, v in defaults.items() if k not in out})
    _refuse(out, "target", ~out["target"].isin(list(_FLUXES)), "SR or HR")
    return out if "study" in out else out.assign(study=out["record"])


def as_srdb(table):
    """Give a table of one's own the columns of SRDB that the selection and the checks use.

    Parameters
    ----------
    table : pandas.DataFrame
        As for `own_records`. A table of SRDB is returned as it is.

    Returns
    -------
    pandas.DataFrame
        One row a flux: ``Rs_annual`` is given where the target is SR, ``Rh_annual`` where it
        is HR. Columns that are not in `table` are missing throughout.

    Raises
    ------
    DataError
        As `own_records`.
    """
    if isinstance(table, pd.DataFrame) and "Record_number" in table:
        return table
    own = own_records(table, complete=False)
    words = {"manipulation": "None", "quality": "", "ecosystem": ""}
    own = own.assign(**{k: v for k, v in words.items() if k not in own})
    out = own.reindex(columns=list(SRDB_NAMES)).rename(columns=SRDB_NAMES)
    fluxes = {field: own["flux"].where(own["target"] == t) for t, field in _FLUXES.items()}
    empty = dict.fromkeys(("Ra_annual", "RC_annual", "Study_temp", "Study_precip"), np.nan)
    return out.assign(**fluxes, **empty)


def wrap_longitudes(lon, source):
    """Wrap longitudes of 0 to 360 degrees to -180 to 180, and warn of it.

    Parameters
    ----------
    lon : pandas.Series
        Degrees east.
    source : str
        What the longitudes are of, for the warning.

    Returns
    -------
    pandas.Series
        Unchanged if any lies below 0 or above 360, or none above 180.
    """
    beyond = lon > 180
    if not beyond.any() or lon.min() < 0 or lon.max() > 360:
        return lon
    warnings.warn(
        f"{source}: longitudes run from 0 to 360 degrees; {beyond.sum()} above 180 were "
        "reduced by 360.", stacklevel=3,
    )
    return lon.where(~beyond, lon - 360)


def _columns(table):
    """Map the columns of a table to the names of the project."""
    names = {}
    for name in (*_NEEDED, "target", *SRDB_NAMES):
        alike = [c for c in table.columns if c == name] or [
            c for c in table.columns if str(c).casefold() == name.casefold()
        ]
        if len(alike) > 1:
            raise DataError(
                f"Column {name!r} is ambiguous: found {', '.join(map(repr, alike))}. "
                "Rename all but one."
            )
        if not alike and name in _NEEDED:
            raise DataError(
                f"The records have no column {name!r}; found {', '.join(map(str, table.columns))}. "
                "Needed are lat, lon (degrees) and flux (g C m-2 yr-1)."
            )
        names |= dict.fromkeys(alike, name)
    return names


def _refuse(table, name, wrong, expected):
    """Raise a DataError on the first wrong value of a column."""
    if wrong.any():
        row = wrong.idxmax()
        raise DataError(
            f"Column {name!r}, row {row}: found {table[name][row]}; expected {expected}. "
            "Correct or remove that row."
        )
