"""Time axes of model output: year, month and length of each step."""

import re

import cftime
import numpy as np
import pandas as pd

from soilresp.errors import DataError

__all__ = ["read_steps"]

_DAYS = {
    "360_day": [30] * 12,
    "noleap": [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
    "all_leap": [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
}
_CALENDARS = {"365_day": "noleap", "366_day": "all_leap", "gregorian": "standard", "": "standard"}
_YEARS = (1600, 2400)
_LARGEST = 1e12  # seconds of thirty thousand years
_FIRST_DAY = re.compile(r"since\s+(\d+)-(\d+)")


def _month_days(year, month, calendar):
    """Days of each month given, in this calendar."""
    year, month = np.broadcast_arrays(year, month)
    if calendar in _DAYS:
        return np.array(_DAYS[calendar])[month - 1]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    if calendar == "julian":
        leap = year % 4 == 0
    return np.array(_DAYS["noleap"])[month - 1] + ((month == 2) & leap)


def read_steps(values, units="", calendar="", what="time"):
    """Decode year and month of each step of a file.

    Parameters
    ----------
    values : array_like, shape (n,)
        As in the file: not decoded. Middles of steps where bounds are known.
    units : str
        "days since 1700-01-01" and the like, "months since", "years since",
        "day as %Y%m%d.%f", or "" or "year" for values that are years themselves.
    calendar : str
        Of CF. Default: standard.
    what : str
        For messages.

    Returns
    -------
    pandas.DataFrame
        A row a step: ``year``, ``month`` (0 for annual steps), ``days`` and
        ``year_days``, the length of the step and of its year in the calendar.

    Raises
    ------
    DataError
        If the axis cannot be decoded, is repeated, or is neither monthly nor annual.

    Examples
    --------
    >>> steps = read_steps([0, 1, 13], "months since 1700-01-01")
    >>> steps[["year", "month", "days"]].values.tolist()
    [[1700, 1, 31], [1700, 2, 28], [1701, 2, 28]]
    """
    values = np.atleast_1d(np.asarray(values, float))
    if not np.isfinite(values).all():
        at = int(np.argmin(np.isfinite(values)))
        raise DataError(f"{what} cannot be decoded: step {at} is missing. Give every step a time.")
    if np.abs(values).max(initial=0) > _LARGEST or re.search(r"since\s+[-\d]*\d{9}", str(units)):
        raise DataError(
            f"{what} cannot be decoded: values to {np.abs(values).max():.3g} with units "
            f"{str(units)[:80]!r}. Give it units such as 'days since 1700-01-01'."
        )
    calendar = str(calendar).lower()
    calendar = _CALENDARS.get(calendar, calendar)
    year, month = _decode(values, str(units).strip(), calendar, what)
    bad = ~((year >= _YEARS[0]) & (year <= _YEARS[1]) & (month >= 1) & (month <= 12))
    if bad.any():
        at = int(np.argmax(bad))
        raise DataError(
            f"{what} cannot be decoded: step {at} would be year {year[at]}, month {month[at]} with "
            f"units {units!r}; expected years from {_YEARS[0]} to {_YEARS[1]}. Give it units such "
            "as 'days since 1700-01-01'."
        )
    count = pd.Series(year).groupby(year).size()
    # A chunk may begin or end within a year.
    monthly = len(count) < len(year) and count.max() <= 12
    if not monthly and count.max() > 1:
        raise DataError(
            f"{what} has {count.max()} steps in {count.idxmax()}; expected monthly or annual "
            "values. Average it to months first."
        )
    in_year = _month_days(year[:, None], np.arange(1, 13), calendar).sum(axis=1)
    days = _month_days(year, np.maximum(month, 1), calendar) if monthly else in_year
    steps = pd.DataFrame({"year": year, "month": month if monthly else 0, "days": days,
                          "year_days": in_year})
    repeated = steps[steps.duplicated(["year", "month"])]
    if len(repeated):
        first = repeated.iloc[0]
        raise DataError(
            f"{what} has {int(first['year'])}, month {int(first['month'])}, twice. The axis or "
            "its units are wrong."
        )
    return steps


def _decode(values, units, calendar, what):
    """Years and months (1 to 12) of numbers in these units."""
    spelt = units.lower()
    if re.search(r"as\s+%y%m%d", spelt) or (not units and np.all(values >= _YEARS[0] * 10000)):
        day = np.floor(values).astype(int)
        return day // 10000, day // 100 % 100
    if not units and np.all(values >= _YEARS[0] * 100):
        whole = np.floor(values).astype(int)
        return whole // 100, whole % 100
    if spelt in ("", "1", "year", "years", "yr", "calendar year", "years ad"):
        year = np.floor(values).astype(int)
        return year, np.floor((values - year) * 12).astype(int) + 1
    start = _FIRST_DAY.search(spelt)
    if start and spelt.startswith(("month", "year", "common_year")):
        first = int(start[1]) * 12 + int(start[2]) - 1
        # Rounded: 1/12 of a year is not a whole number of bits.
        months = values * (1 if spelt.startswith("month") else 12)
        month = first + np.floor(np.round(months, 6)).astype(int)
        return month // 12, month % 12 + 1
    try:
        dates = np.atleast_1d(cftime.num2date(values, units, calendar))
    except (ValueError, OverflowError, TypeError) as error:
        raise DataError(
            f"{what} cannot be decoded: units {units!r}, calendar {calendar!r} ({error}). Give it "
            "units such as 'days since 1700-01-01'."
        ) from None
    return np.array([d.year for d in dates]), np.array([d.month for d in dates])
