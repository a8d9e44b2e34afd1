"""Output of ecosystem models, as it arrives, in one form.

A gridded model becomes a dataset of any of ``SR HR AR GPP NPP cSoil cLitter
cRoot``: fluxes in g C m-2 yr-1 and pools in kg C m-2 of *land*, with
``land_fraction``, the share of the whole cell that is land, and attributes that
say where it comes from and how AR was obtained. What each file holds is declared
in ``data/models.yaml``.
"""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
import yaml

from soilresp.errors import DataError, ParameterError
from soilresp.grid import GRAMS_PER_PG, rectilinear_area, to_standard
from soilresp.paths import data_dir

__all__ = [
    "FLUXES",
    "POOLS",
    "declared_models",
    "read_testbed",
    "read_isimip_global",
    "read_cmip6_global",
]

FLUXES = {
    "SR": "soil respiration",
    "HR": "heterotrophic respiration",
    "AR": "autotrophic respiration below ground",
    "GPP": "gross primary production",
    "NPP": "net primary production",
}
"""Fluxes of a model: short and long name; g C m-2 yr-1 of land."""

POOLS = {"cSoil": "soil carbon", "cLitter": "litter carbon", "cRoot": "root carbon"}
"""Pools of a model: short and long name; kg C m-2 of land."""

LAND_TOLERANCE = 1e-3
"""Excess of land over cell area that a slightly different Earth radius explains."""

_ISIMIP_NAMES = {
    "caraib": "CARAIB",
    "dlem": "DLEM",
    "jules": "JULES",
    "lpjguess": "LPJ-GUESS",
    "lpjml": "LPJmL",
    "orchidee": "ORCHIDEE",
    "vegas": "VEGAS",
    "visit": "VISIT",
}
_CMIP6_VARIABLES = {"rh": "HR", "npp": "NPP", "gpp": "GPP"}


@functools.cache
def declared_models():
    """The models of the paper and those at hand, from ``data/models.yaml``.

    Returns
    -------
    dict
        ``ten`` and ``at_hand``: name to name, reference, forcing, stated and
        derived totals, or the variables of its file.
    """
    return yaml.safe_load((data_dir() / "models.yaml").read_text(encoding="utf-8"))


def _open(path):
    """Open a NetCDF file whole, without decoding its time axis."""
    try:
        with xr.open_dataset(path, decode_times=False) as stored:
            return stored.load()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Give the path of a NetCDF file.") from None
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{path} cannot be read as NetCDF ({error}). It may be incomplete: fetch it again."
        ) from None


def _assemble(stored, rule, land, what):
    """Add the variables of one rule, in our units, on land only."""
    total = 0.0
    for name in rule["add"]:
        if name not in stored:
            raise DataError(
                f"{what} needs the variable {name}, which the file lacks. "
                "A part of the flux or pool alone would be too small: give the complete file."
            )
        units = stored[name].attrs.get("units")
        if units != rule["file_units"]:
            raise DataError(
                f"{what}: {name} has units {units!r}; expected {rule['file_units']!r}. "
                "Convert the file, or change its entry in data/models.yaml."
            )
        field = stored[name].astype(float)
        # A file of one mean still has a time axis, which is not decodable and not needed.
        field = field.squeeze("time", drop=True) if "time" in field.dims else field
        bad = int((~np.isfinite(field) & land).sum())
        if bad:
            raise DataError(
                f"{what}: {name} is missing or infinite in {bad} cells with land; expected numbers "
                "wherever landarea is above 0. Check the file."
            )
        # The NetCDF library reads what lies beyond the end of a cut-off file as zeros.
        if not bool(field.where(land, 0).any()):
            raise DataError(f"{what}: {name} is zero throughout. The file may be cut off.")
        total = total + field.where(land)
    return total * rule["times"]


def read_testbed(path, model):
    """Read CASA-CNP, CORPSE or MIMICS, means of 2000-2010 on a 96 x 144 grid.

    The file's values are per m2 of land, not weighted by land fraction, and its
    ``landarea`` (km2) is 0 on ice and inland water; cells without land are set
    missing, which removes the infinities that CORPSE has there.

    Parameters
    ----------
    path : path-like
        NetCDF file of the soil biogeochemical testbed.
    model : {"CASA-CNP", "CORPSE", "MIMICS"}

    Returns
    -------
    xarray.Dataset
        On the model's own grid, rows from north to south, 180 W to 180 E:
        ``HR`` and what else the file has, NaN off land, and ``land_fraction``,
        the share of the whole cell.

    Raises
    ------
    ParameterError
        If the model is not declared.
    DataError
        If the file is missing or damaged, lacks a variable (litter, say), has
        other units, no land area, or gaps on land.

    Notes
    -----
    Wieder et al. (2018), doi:10.1111/gcb.13979. Land area comes from a sphere of
    6371.22 km; on ours a full cell would be 1.00007 land, which is set to 1.
    """
    rules = declared_models()["at_hand"]
    if model not in rules:
        raise ParameterError(f"Unknown model {model!r}; known are {', '.join(rules)}.")
    rule, path = rules[model], Path(path)
    stored = _open(path)
    what = f"{model} ({path.name})"
    if stored.get("landarea", xr.DataArray(attrs={})).attrs.get("units") != "km^2":
        raise DataError(f"{what} has no landarea in km^2, which the land fraction is made from.")
    land_area = stored["landarea"].astype(float).fillna(0) * 1e6
    fraction = land_area / rectilinear_area(stored["lat"], stored["lon"])
    if float(fraction.max()) > 1 + LAND_TOLERANCE:
        raise DataError(
            f"{what}: landarea is up to {float(fraction.max()):.3g} of its cell; expected 1 at "
            "most. Check its units, km^2."
        )
    land = land_area > 0
    out = xr.Dataset({"land_fraction": fraction.clip(max=1)})
    out["land_fraction"].attrs = {"units": "1", "long_name": "share of the cell that is land"}
    for name, parts in rule["variables"].items():
        out[name] = _assemble(stored, parts, land, what)
        pool = name in POOLS
        out[name].attrs = {
            "units": "kg m-2" if pool else "g m-2 yr-1",
            "long_name": f"{(POOLS | FLUXES)[name]}, carbon",
            "area_basis": "land",
            "made_from": " + ".join(parts["add"]),
        }
    out.attrs = {
        "model": model,
        "period": rule["period"],
        "how_ar": rule["ar"],
        "reference": f"{rule['reference']}, doi:{rule['doi']}",
        "source_file": path.name,
    }
    # Single precision would put edges of cells some metres off.
    out = out.assign_coords(lat=out["lat"].astype(float), lon=out["lon"].astype(float))
    return to_standard(out)


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
