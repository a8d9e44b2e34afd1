"""Recognise tables of field records whose annual fluxes are in another unit."""

import numpy as np
import pandas as pd

from soilresp.errors import DataError

__all__ = ["UNITS", "refuse_other_units", "shift_of_fluxes"]

CO2 = 44.01 / 12.011
"""Mass of CO2 per mass of its carbon."""

UNITS = {
    "g CO2 m-2 yr-1": CO2,
    "mg CO2 m-2 h-1": CO2 * 1000 / 8766,
    "mg C m-2 h-1": 1000 / 8766,
    "g C m-2 d-1": 1 / 365.25,
    "g CO2 m-2 d-1": CO2 / 365.25,
    "umol CO2 m-2 s-1": 1 / (12.011e-6 * 86_400 * 365.25),
    "kg C m-2 yr-1": 1 / 1000,
    "kg CO2 m-2 yr-1": CO2 / 1000,
    "t C ha-1 yr-1": 1 / 100,
    "t CO2 ha-1 yr-1": CO2 / 100,
    "kg C ha-1 yr-1": 10.0,
    "kg CO2 ha-1 yr-1": 10 * CO2,
}
"""Number of each unit in 1 g C m-2 yr-1."""

STUDIES = 25
"""Fewest studies whose median tells the unit."""

RATES = 5
"""Fewest studies with a rate of the growing season that may acquit a table."""

DISPLACED = 0.7
"""Departure of the median study on the log scale, a factor of 2, from which a table is refused."""

UNCERTAIN = 0.25
"""By which the departure may miss that of a unit, or of the one that fits best, to name it."""

_LINE = (6.19, 0.0335)
"""Logarithm of SR at 0 degC, and its slope with temperature: median studies of SRDB v5.0."""

_SPARSE = -1.2
"""By how much deserts and the Arctic lie below that line."""

_FLUXES = {"Rs_annual": 0.0, "Rh_annual": np.log(0.55)}
_GROWING = 0.73 * 12.011e-6 * 86_400 * 365.25  # SR of a year by the rate of the growing season


def shift_of_fluxes(table, field):
    """Compare the fluxes of a table with the usual ones at its temperatures and biomes.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns of SRDB: ``Study_number``, ``MAT``, ``Latitude``, ``Biome``, ``Ecosystem_type``
        and `field`.
    field : {"Rs_annual", "Rh_annual"}

    Returns
    -------
    shift : float
        Median over studies of the logarithm of flux over usual flux; NaN without a flux.
    n : int
        Studies behind it.

    Examples
    --------
    >>> plots = pd.DataFrame({"Study_number": [1, 2], "MAT": 10.0, "Latitude": 51.0,
    ...     "Biome": "Temperate", "Ecosystem_type": "Forest", "Rs_annual": [681.6, 681.6]})
    >>> shift, n = shift_of_fluxes(plots, "Rs_annual")
    >>> abs(round(shift, 2)), n
    (0.0, 2)
    """
    # Where no temperature is given: that of lowlands at the latitude.
    warmth = table["MAT"].fillna(27 - 0.5 * (table["Latitude"].abs() - 10).clip(lower=0))
    sparse = table["Biome"].eq("Arctic") | table["Ecosystem_type"].eq("Desert")
    usual = _LINE[0] + _LINE[1] * warmth.clip(-15, 28) + _SPARSE * sparse + _FLUXES[field]
    return _median_study(table, np.log(table[field].where(table[field] > 0)) - usual)


def refuse_other_units(path, table):
    """Refuse a table whose annual fluxes, as a whole, are in another unit.

    The median study is compared with the usual flux at its temperature and biome; it is
    acquitted if SR agrees with the rates of the growing season in the same table.

    Parameters
    ----------
    path : path-like
        Name of the table, for the error.
    table : pandas.DataFrame
        Columns of SRDB. Tables of fewer than `STUDIES` studies are not judged.

    Raises
    ------
    DataError
        If the fluxes fit once they are multiplied by the factor of a unit; names the factor.
    """
    for field in _FLUXES:
        shift, n = shift_of_fluxes(table, field)
        if n < STUDIES or abs(shift) < DISPLACED:
            continue
        misses = {unit: abs(shift - np.log(factor)) for unit, factor in UNITS.items()}
        best = min(misses, key=misses.get)
        if misses[best] > 2 * UNCERTAIN or (field == "Rs_annual" and _fits_rates(table)):
            continue
        units = sorted((u for u in UNITS if misses[u] <= misses[best] + UNCERTAIN), key=misses.get)
        named = " or ".join(f"{unit} (factor {UNITS[unit]:.3g})" for unit in units)
        raise DataError(
            f"{path}: {field} of the median study of {n} is {np.exp(shift):.3g} times what is "
            f"usual at its temperature and biome; expected g C m-2 yr-1. It seems to be in "
            f"{named}: divide all fluxes by that factor."
        )


def _fits_rates(table):
    """Tell whether SR agrees with a year at the growing season's rate in enough studies."""
    rate = pd.to_numeric(table.get("Rs_growingseason", np.nan), errors="coerce")
    ratio = table["Rs_annual"] / (pd.Series(rate, index=table.index) * _GROWING)
    shift, n = _median_study(table, np.log(ratio.where(ratio > 0)))
    return n >= RATES and abs(shift) < DISPLACED / 2


def _median_study(table, values):
    """Return the median over studies of their medians, and the number of studies."""
    medians = values.groupby(table["Study_number"]).median().dropna()
    return float(medians.median()), len(medians)
