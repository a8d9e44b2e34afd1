"""Conversion of fluxes per m2 of vegetated area to per m2 of land.

The benchmark is per m2 of vegetated area, models are per m2 of land.
"""

from soilresp.errors import DataError

__all__ = ["to_land"]


def to_land(field, vegetated_fraction, land_fraction):
    """Convert a flux per m2 of vegetated area into one per m2 of land.

    Land without vegetation (barren, urban, ice) has no flux by definition of the
    benchmark, so cells of it become 0; vegetated cells without data stay missing.

    Parameters
    ----------
    field : xarray.DataArray
        g C m-2 yr-1 of vegetated area.
    vegetated_fraction, land_fraction : xarray.DataArray
        Shares of the whole cell.

    Returns
    -------
    xarray.DataArray
        g C m-2 yr-1 of land; NaN where there is no land. The global total is the
        same, now as flux x land fraction x cell area.

    Raises
    ------
    DataError
        If there is more vegetation than land somewhere.
    """
    excess = float((vegetated_fraction - land_fraction).max())
    if excess > 1e-6:
        raise DataError(
            f"vegetated_fraction exceeds land_fraction by up to {excess:.3g}; expected "
            "vegetation on land only. Take both from the same land cover."
        )
    share = (vegetated_fraction / land_fraction.where(land_fraction > 0)).clip(max=1)
    land = (field * share).where(share != 0, 0).where(land_fraction > 0)
    return land.rename(field.name).assign_attrs(field.attrs | {"area_basis": "land"})
