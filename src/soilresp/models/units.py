"""Conversion of units of model output to grams and kilograms of carbon."""

import re

from soilresp.errors import DataError

__all__ = ["CARBON_IN_CO2", "flux_factor", "pool_factor"]

CARBON_IN_CO2 = 12.011 / 44.01
"""Mass of carbon in a mass of CO2."""

_GRAMS = {"kg": 1e3, "g": 1.0, "mg": 1e-3, "t": 1e6, "mol": 12.011, "mmol": 12.011e-3,
          "umol": 12.011e-6, "µmol": 12.011e-6}
_SECONDS = {"s": 1.0, "sec": 1.0, "second": 1.0, "h": 3600.0, "hr": 3600.0, "hour": 3600.0,
            "d": 86400.0, "day": 86400.0, "days": 86400.0}
_MONTH = {"month", "mon", "months"}
_YEAR = {"yr", "y", "year", "a", "years", "annum"}


def _parts(units, what):
    """Split a unit into grams of carbon, whether it is CO2, and its times (powers of -1)."""
    text = str(units).strip().replace("**", "").replace("^", "").replace("Kg", "kg")
    text = re.sub(r"/\s*([A-Za-z]+)(\d?)", lambda m: f" {m[1]}-{m[2] or 1}", text)
    text = re.sub(r"[().*·]", " ", text)
    text = re.sub(r"\b(kg|mg|g|t|umol|µmol|mmol|mol)[ _]?(?=C)", r"\1 ", text)
    grams, co2, area, times, unknown = None, False, 0, [], []
    for token in text.split():
        name, power = re.fullmatch(r"([A-Za-zµ]+\d*?|CO2|\S+?)(-?\d*)", token).groups()
        if token in ("C", "carbon", "CO2-C", "C-CO2"):
            continue
        if token in ("CO2", "co2"):
            co2 = True
        elif name in _GRAMS and power in ("", "1") and grams is None:
            grams = _GRAMS[name]
        elif (name, power) == ("m", "-2"):
            area = 1
        elif (name, power) == ("ha", "-1"):
            area = 1e4
        elif power == "-1" and (name in _SECONDS or name in _MONTH or name in _YEAR):
            times.append(name)
        else:
            unknown.append(token)
    if unknown or grams is None or not area or len(times) > 1:
        raise DataError(
            f"{what} has units {str(units)!r}, which are unknown; expected mass of carbon per area "
            "(and time for a flux), such as 'kg m-2 s-1', 'gC m-2 day-1' or 'kg C m-2'. "
            "Set the attribute `units` to what the values are."
        )
    # A mole of CO2 holds a mole of carbon.
    if co2 and "mol" not in text:
        grams *= CARBON_IN_CO2
    return grams / area, co2 and "mol" not in text, times[0] if times else None


def flux_factor(units, what="the variable"):
    """Return the factor from a flux in these units to g C m-2.

    Parameters
    ----------
    units : str
        As the file has them.
    what : str
        For messages.

    Returns
    -------
    grams : float
        g C m-2 of one unit.
    seconds : float or str
        Length of the time that the unit is per: seconds, or ``"month"`` or
        ``"year"``, whose length is that of the calendar.
    co2 : bool
        Whether the units name a mass of CO2, which `grams` has turned to carbon.

    Raises
    ------
    DataError
        If the units are unknown, or those of a pool.

    Examples
    --------
    >>> flux_factor("kg m-2 s-1")
    (1000.0, 1.0, False)
    >>> flux_factor("gC/m2/day")
    (1.0, 86400.0, False)
    """
    grams, co2, time = _parts(units, what)
    if time is None:
        raise DataError(
            f"{what} has units {units!r}, an amount; expected a flux, such as 'kg m-2 s-1'."
        )
    if time in _SECONDS:
        return grams, _SECONDS[time], co2
    return grams, "month" if time in _MONTH else "year", co2


def pool_factor(units, what="the variable"):
    """Return the factor from a pool in these units to kg C m-2.

    Parameters
    ----------
    units : str
    what : str

    Returns
    -------
    float

    Raises
    ------
    DataError
        If the units are unknown, or those of a flux.

    Examples
    --------
    >>> pool_factor("g C m-2")
    0.001
    """
    grams, _, time = _parts(units, what)
    if time is not None:
        raise DataError(f"{what} has units {units!r}, a flux; expected a pool, such as 'kg m-2'.")
    return grams / 1e3
