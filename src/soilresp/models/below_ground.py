"""Below-ground autotrophic respiration of models."""

import numpy as np
import xarray as xr

from soilresp.covariates.embedded import load_embedded
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import coordinates
from soilresp.readers.netcdf import open_netcdf

__all__ = [
    "ROOT_SHARE",
    "ROOT_SHARE_OF_CLASS",
    "below_ground",
    "read_root_contribution",
    "root_share",
]

ROOT_SHARE = 0.37
"""Share of autotrophic respiration that is below ground: compilation mean, +-0.12 (n = 33)."""

ROOT_SHARE_OF_CLASS = {1: 0.35, 2: 0.34, 4: 0.43, 5: 0.40, 12: 0.24}
"""The same by IGBP class: evergreen needleleaf and broadleaf, deciduous broadleaf and mixed
forest, and cropland."""


def root_share():
    """Compute the below-ground share of autotrophic respiration by the vegetation of the cell.

    Returns
    -------
    xarray.DataArray
        Half-degree grid; the mean of the classes of the cell weighted by their
        area, `ROOT_SHARE` for those without a value of their own.
    """
    fraction = load_embedded()["igbp_fraction"]
    share = [0.0] + [ROOT_SHARE_OF_CLASS.get(c, ROOT_SHARE) for c in range(1, 17)]
    weight = xr.DataArray(share, {"igbp": fraction["igbp"]}, "igbp")
    land = fraction.sel(igbp=slice(1, None)).sum("igbp")
    return (fraction * weight).sum("igbp") / land.where(land > 0)


def read_root_contribution(path):
    """Read a map of the contribution of AR to SR, for the last way of `below_ground`.

    Parameters
    ----------
    path : path-like
        The NetCDF file of Jian et al.: ``RC``, dims (lon, lat), half a degree.

    Returns
    -------
    xarray.DataArray, dims (lat, lon)
        AR/SR, on the half-degree grid; NaN where it is not known.

    Raises
    ------
    DataError
        If the file cannot be read, lacks ``RC``, or it is no share.

    Notes
    -----
    Learned from SRDB, and so not independent of the benchmark.
    """
    with open_netcdf(path, decode_times=False) as data:
        lacking = [n for n in ("RC", "latitude", "longitude") if n not in data]
        if lacking:
            raise DataError(f"{path} lacks {', '.join(lacking)}; expected the map of Jian et al.")
        axes = {"lat": data["latitude"].values, "lon": data["longitude"].values}
        values = data["RC"].transpose("lat", "lon").values
    field = xr.DataArray(values, {k: np.round(v * 4) / 4 for k, v in axes.items()}, ("lat", "lon"))
    field = field.reindex(coordinates())
    share = field.where((field > 0) & (field < 1))
    if not bool(share.notnull().any()):
        raise DataError(f"{path}: RC has no value between 0 and 1; expected AR/SR.")
    return share.rename("AR_SR").assign_attrs(units="1", long_name="AR/SR")


def below_ground(fields, share=None, contribution=None):
    r"""Compute below-ground AR by the first way that the fields allow.

    In order: (1) the model's own root respiration; (2) all autotrophic respiration
    less that of leaves, stems and other organs; (3) SR - HR where the model gives
    SR; (4) all autotrophic respiration times the share of roots; (5) if
    `contribution` is given, :math:`HR\, c / (1 - c)`, a diagnostic that tells
    nothing of the model's own AR.

    Parameters
    ----------
    fields : mapping of str to xarray.DataArray
        Any of ``raRoot ra raLeaf raStem raOther SR HR``, g C m-2 yr-1.
    share : float or xarray.DataArray, optional
        Share of roots for way 4. Default: `ROOT_SHARE`.
    contribution : xarray.DataArray, optional
        AR/SR, below 1.

    Returns
    -------
    ar : xarray.DataArray or None
    how : str
        The way that was taken, in words, or why there is none.

    Raises
    ------
    ParameterError
        If `contribution` is not below 1.

    Examples
    --------
    >>> ar, how = below_ground({"SR": xr.DataArray(900.0), "HR": xr.DataArray(500.0)})
    >>> float(ar), how
    (400.0, 'SR - HR of the model')
    """
    organs = ["raLeaf", "raStem", "raOther"]
    if "raRoot" in fields:
        return fields["raRoot"], "root respiration of the model (raRoot)"
    if "ra" in fields and {"raLeaf", "raStem"} <= set(fields):
        used = [o for o in organs if o in fields]
        rest = fields["ra"] - sum(fields[o] for o in used)
        return rest, f"ra - {' - '.join(used)} of the model"
    if "SR" in fields and "HR" in fields:
        return fields["SR"] - fields["HR"], "SR - HR of the model"
    if "ra" in fields:
        share = ROOT_SHARE if share is None else share
        return fields["ra"] * share, (
            f"ra of the model x share of roots of its vegetation (compilation mean {ROOT_SHARE})"
        )
    if contribution is not None and "HR" in fields:
        if float(np.nanmax(contribution)) >= 1:
            raise ParameterError("contribution (AR/SR) must be below 1.")
        return (
            fields["HR"] * contribution / (1 - contribution),
            "HR x AR/SR of a map / (1 - AR/SR), missing where the map is: diagnostic only",
        )
    return None, "neither root respiration, ra nor SR in the output; AR and SR stay missing"
