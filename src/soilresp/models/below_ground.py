"""Below-ground autotrophic respiration of models."""

import xarray as xr

from soilresp.covariates.embedded import load_embedded

__all__ = ["ROOT_SHARE", "ROOT_SHARE_OF_CLASS", "below_ground", "root_share"]

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


def below_ground(fields, share=None):
    """Compute below-ground AR by the first way that the fields allow.

    In order: (1) the model's own root respiration; (2) all autotrophic respiration
    less that of leaves, stems and other organs; (3) SR - HR where the model gives
    SR; (4) all autotrophic respiration times the share of roots.

    Parameters
    ----------
    fields : mapping of str to xarray.DataArray
        Any of ``raRoot ra raLeaf raStem raOther SR HR``, g C m-2 yr-1.
    share : float or xarray.DataArray, optional
        Share of roots for way 4. Default: `ROOT_SHARE`.

    Returns
    -------
    ar : xarray.DataArray or None
    how : str
        The way that was taken, in words, or why there is none.

    Examples
    --------
    >>> ar, how = below_ground({"SR": xr.DataArray(900.0), "HR": xr.DataArray(500.0)})
    >>> float(ar), how
    (400.0, 'SR - HR of the model')
    """
    if "raRoot" in fields:
        return fields["raRoot"], "root respiration of the model (raRoot)"
    if "ra" in fields and {"raLeaf", "raStem"} <= set(fields):
        used = [o for o in ("raLeaf", "raStem", "raOther") if o in fields]
        rest = fields["ra"] - sum(fields[o] for o in used)
        return rest, f"ra - {' - '.join(used)} of the model"
    if "SR" in fields and "HR" in fields:
        return fields["SR"] - fields["HR"], "SR - HR of the model"
    if "ra" in fields:
        how = f"ra of the model x share of roots of its vegetation (compilation mean {ROOT_SHARE})"
        return fields["ra"] * (ROOT_SHARE if share is None else share), how
    return None, "neither root respiration, ra nor SR in the output; AR and SR stay missing"
