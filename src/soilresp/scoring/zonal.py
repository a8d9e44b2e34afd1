"""Profiles along latitude, per m2 of the same land for every model."""

import numpy as np

from soilresp.errors import ParameterError

__all__ = ["zonal_profile"]


def _bands(field, height):
    """Sum rows into bands of `height` degrees, north to south, labelled by their middle."""
    n_bands = round(180 / height)
    if not np.isclose(n_bands * height, 180):
        raise ParameterError(f"Bands must divide 180 degrees, got {height}.")
    band = np.clip(np.floor((90 - field["lat"]) / height), 0, n_bands - 1)
    middle = (90 - (band + 0.5) * height).rename("band")
    summed = field.groupby(middle).sum().sortby("band", ascending=False)
    return summed.rename(band="lat")


def zonal_profile(flux, area, reference_area, height=2.5):
    """Compute the flux per m2 of reference land in bands of latitude.

    The carbon that leaves a band is divided by the land in it, the same land for
    every model: models that differ in how much of a band they call land then differ
    only by their carbon, and profile times land adds up to each one's global total.

    Parameters
    ----------
    flux : xarray.DataArray
        g C m-2 yr-1 of the ground that `area` counts; dimensions ``lat``, ``lon``
        and any others, on the grid of `area`.
    area : xarray.DataArray
        m2: cell area x vegetated fraction for the benchmark, x its own land
        fraction for a model.
    reference_area : xarray.DataArray
        Land area, m2, on any grid with rows that do not straddle the bands.
    height : float
        Height of a band, degrees; must divide 180.

    Returns
    -------
    xarray.DataArray
        g C m-2 yr-1 of land along ``lat`` (middles of the bands, north to
        south); NaN where the reference has no land, or the model no data.

    Raises
    ------
    ParameterError
        If `height` does not divide 180.
    """
    has_data = (flux.notnull() & (area > 0)).any("lon")
    carbon = _bands((flux * area).sum("lon"), height)
    land = _bands(reference_area.sum("lon"), height)
    known = _bands(has_data.astype(float), height) > 0
    profile = (carbon / land.where(land > 0)).where(known)
    profile.attrs = {
        "units": "g m-2 yr-1",
        "area_basis": "land",
        "long_name": f"{flux.name or 'flux'}, carbon, per area of land",
    }
    return profile.rename(flux.name)
