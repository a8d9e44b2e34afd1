"""Annual global totals of models from published compilations."""

import pandas as pd

from soilresp.errors import DataError
from soilresp.grid.cells import GRAMS_PER_PG

__all__ = ["read_isimip_global", "read_cmip6_global"]

_ISIMIP_NAMES = {
    "caraib": "CARAIB", "dlem": "DLEM", "jules": "JULES", "lpjguess": "LPJ-GUESS",
    "lpjml": "LPJmL", "orchidee": "ORCHIDEE", "vegas": "VEGAS", "visit": "VISIT",
}
_CMIP6_VARIABLES = {"rh": "HR", "npp": "NPP", "gpp": "GPP"}


def _read_csv(path, columns):
    """Read a CSV file that has at least these columns."""
    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Give the path of the CSV file.") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as CSV ({error}). Fetch it again.") from None
    lacking = [c for c in columns if c not in table.columns]
    if lacking:
        raise DataError(
            f"{path} lacks the columns {', '.join(lacking)}; it has {', '.join(table.columns)}."
        )
    return table


def read_isimip_global(path, variable="HR"):
    """Read annual global totals of eight ISIMIP models, 1971-2010.

    Parameters
    ----------
    path : path-like
        CSV with ``year`` and one column a model, g C yr-1.
    variable : {"HR", "GPP"}
        What the file holds; it does not say so itself.

    Returns
    -------
    pandas.DataFrame
        Columns ``model``, ``year``, ``variable``, ``total`` (Pg C yr-1).

    Raises
    ------
    DataError
        If the file is missing, has other columns, or is not in g C yr-1.

    Notes
    -----
    Compiled by Bond-Lamberty et al. (2018), doi:10.1038/s41586-018-0358-x; three
    digits. LPJ-GUESS, ORCHIDEE, VEGAS and VISIT are other versions, under other
    forcing, than those in Lu et al. (2021).
    """
    table = _read_csv(path, ["year", *_ISIMIP_NAMES])
    tidy = table.melt("year", list(_ISIMIP_NAMES), "model", "total")
    tidy["total"] /= GRAMS_PER_PG
    tidy["model"] = tidy["model"].map(_ISIMIP_NAMES)
    tidy.insert(2, "variable", variable)
    _check_totals(tidy, path)
    return tidy[["model", "year", "variable", "total"]]


def read_cmip6_global(path):
    """Read annual global totals of CMIP6 historical runs, 1980-2015.

    Parameters
    ----------
    path : path-like
        CSV with ``year, variable, ensemble, model, units, value``, g yr-1.

    Returns
    -------
    pandas.DataFrame
        Columns ``model``, ``member``, ``year``, ``variable`` (HR, NPP or GPP),
        ``total`` (Pg C yr-1).

    Raises
    ------
    DataError
        If the file is missing, has other columns, units or variables.

    Notes
    -----
    Compiled in PNNL-TES/landmodels. Not every model covers every year, and
    numbers of members run from 1 to 32: average over members first.
    """
    table = _read_csv(path, ["year", "variable", "ensemble", "model", "units", "value"])
    units = set(table["units"])
    if units != {"g yr-1"}:
        raise DataError(f"{path} has units {sorted(units)}; expected g yr-1.")
    unknown = set(table["variable"]) - set(_CMIP6_VARIABLES)
    if unknown:
        raise DataError(f"{path} holds {sorted(unknown)}; expected {', '.join(_CMIP6_VARIABLES)}.")
    tidy = table.rename(columns={"ensemble": "member"})
    tidy["variable"] = tidy["variable"].map(_CMIP6_VARIABLES)
    tidy["total"] = tidy["value"] / GRAMS_PER_PG
    _check_totals(tidy, path)
    return tidy[["model", "member", "year", "variable", "total"]]


def _check_totals(tidy, path):
    """Refuse global totals that no carbon flux has, and gaps."""
    bad = tidy[~tidy["total"].between(1, 500)]
    if len(bad):
        row = bad.iloc[0]
        raise DataError(
            f"{path}: {row['model']} has {row['total']:.3g} Pg C in {row['year']}; expected 1 to "
            "500. The file may not be in g yr-1."
        )
