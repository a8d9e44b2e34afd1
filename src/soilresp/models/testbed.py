"""Reader of CASA-CNP, CORPSE and MIMICS from the soil biogeochemical testbed."""

import numpy as np
import xarray as xr

from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import rectilinear_area, to_standard
from soilresp.models.declared import FLUXES, POOLS, declared_models
from soilresp.models.files import files_at
from soilresp.readers.netcdf import open_netcdf

__all__ = ["read_testbed"]

LAND_TOLERANCE = 1e-3
"""Excess of land over cell area that a slightly different Earth radius explains."""


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
    rules = declared_models()["testbed"]
    if model not in rules:
        raise ParameterError(f"Unknown model {model!r}; known are {', '.join(rules)}.")
    rule, path = rules[model], files_at(path)[0]
    with open_netcdf(path, decode_times=False) as opened:
        stored = opened.load()
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
