"""Define the five vegetation classes that balance records by area (Lu et al. 2021, table S1)."""

import numpy as np
import pandas as pd
import xarray as xr

__all__ = ["STRATA", "stratum_fractions", "dominant_stratum", "area_shares"]

STRATA = {
    1: ("evergreen broadleaf forest", (2,)),
    2: ("deciduous broadleaf forest", (4,)),
    3: ("needleleaf and mixed forest", (1, 3, 5)),
    4: ("shrubland", (6, 7)),
    5: ("savanna, grassland, wetland, cropland", (8, 9, 10, 11, 12, 14)),
}
"""Vegetation classes: name and IGBP classes. Barren, urban, ice and water are in none."""

def stratum_fractions(igbp_fraction):
    """Compute the share of each cell in each class.

    Parameters
    ----------
    igbp_fraction : xarray.DataArray, dims (igbp, lat, lon)

    Returns
    -------
    xarray.DataArray, dims (stratum, lat, lon)
    """
    parts = [igbp_fraction.sel(igbp=list(classes)).sum("igbp") for _, classes in STRATA.values()]
    return xr.concat(parts, pd.Index(list(STRATA), name="stratum"))


def dominant_stratum(igbp_fraction):
    """Return the class that covers most of each cell's vegetation; 0 where there is none.

    Parameters
    ----------
    igbp_fraction : xarray.DataArray, dims (igbp, lat, lon)

    Returns
    -------
    xarray.DataArray of int8, dims (lat, lon)
        The lower number on ties.
    """
    shares = stratum_fractions(igbp_fraction)
    best = (shares.argmax("stratum") + 1).where(shares.sum("stratum") > 0, 0).astype(np.int8)
    names = [name.replace(", ", "_").replace(" ", "_") for name, _ in STRATA.values()]
    best.attrs = {
        "long_name": "vegetation class of the cell",
        "units": "1",
        "flag_values": [0, *STRATA],
        "flag_meanings": " ".join(["none", *names]),
    }
    return best.rename("stratum")


def area_shares(cube):
    """Compute the share of each vegetation class in the vegetated area.

    Parameters
    ----------
    cube : xarray.Dataset
        With ``igbp_fraction`` and ``cell_area``.

    Returns
    -------
    pandas.Series
        Indexed by the number of the class; sums to 1.

    Examples
    --------
    >>> import soilresp as sr
    >>> sr.area_shares(sr.load_covariates("embedded")).round(2).to_dict()
    {1: 0.11, 2: 0.02, 3: 0.07, 4: 0.13, 5: 0.67}
    """
    area = (stratum_fractions(cube["igbp_fraction"]) * cube["cell_area"]).sum(("lat", "lon"))
    return pd.Series(area.values / float(area.sum()), index=pd.Index(list(STRATA), name="stratum"))
