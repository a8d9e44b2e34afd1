"""Fluxes by biome, and the spread of models there (tables S2-S5 of Lu et al. 2021)."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.errors import DataError

__all__ = ["BIOMES", "biome_map", "biome_means", "biome_table"]

BIOMES = {
    "Evergreen needleleaf forest": (1,),
    "Evergreen broadleaf forest": (2,),
    "Deciduous needleleaf forest": (3,),
    "Deciduous broadleaf forest": (4,),
    "Mixed forest": (5,),
    "Closed shrubland": (6,),
    "Open shrubland, tundra": (7,),
    "Woody savanna": (8,),
    "Savanna": (9,),
    "Grassland": (10,),
    "Wetland": (11,),
    "Cropland": (12, 14),
}
"""IGBP classes of each biome; barren land, towns and ice belong to none."""


def biome_map(igbp_fraction):
    """Find the biome that covers most of each cell.

    Parameters
    ----------
    igbp_fraction : xarray.DataArray, dims (igbp, lat, lon)
        Share of the cell in each class.

    Returns
    -------
    xarray.DataArray
        Number of the biome in `BIOMES`, from 0; -1 where none has any share.
    """
    shares = [igbp_fraction.sel(igbp=list(classes)).sum("igbp") for classes in BIOMES.values()]
    share = xr.concat(shares, "biome")
    return share.argmax("biome").where(share.max("biome") > 0, -1).rename("biome")


def biome_means(flux, area, reference_area, biomes):
    """Compute the flux per m2 of the same land in each biome.

    Parameters
    ----------
    flux : xarray.DataArray
        g C m-2 yr-1 of the ground that `area` counts, dims (lat, lon).
    area : xarray.DataArray
        m2: cell area x vegetated fraction for the benchmark, x its own land
        fraction for a model.
    reference_area : xarray.DataArray
        Land, m2, the same for all that are compared.
    biomes : xarray.DataArray
        From `biome_map`.

    Returns
    -------
    numpy.ndarray, shape (12,)
        g C m-2 yr-1 of land, in the order of `BIOMES`; NaN where the biome has no
        land, or the flux covers less than half of it.

    Raises
    ------
    DataError
        If the fields are on different grids.

    Notes
    -----
    The carbon of a biome is divided by its land, so that a benchmark per m2 of
    vegetated area and a model per m2 of land are comparable.

    Examples
    --------
    A cell that is all land and half vegetated, with 800 g C m-2 of vegetated area:

    >>> one = {"dims": ("lat", "lon")}
    >>> land, kind = xr.DataArray([[1.0]], **one), xr.DataArray([[9]], **one)
    >>> float(biome_means(xr.DataArray([[800.0]], **one), land * 0.5, land, kind)[9])
    400.0
    """
    for field in (area, reference_area, biomes):
        if {d: field.sizes.get(d) for d in ("lat", "lon")} != dict(flux.sizes):
            raise DataError("flux, areas and biomes must be on one grid, dims (lat, lon).")
    kind = biomes.transpose("lat", "lon").values.ravel()
    land = reference_area.transpose("lat", "lon").fillna(0).values.ravel()
    known = flux.notnull() & (area > 0)
    carbon = (flux * area).where(known, 0).transpose("lat", "lon").values.ravel()
    covered = land * known.transpose("lat", "lon").values.ravel()
    inside = kind >= 0

    def summed(values):
        return np.bincount(kind[inside].astype(int), values[inside], len(BIOMES))

    total, of_land, with_data = summed(carbon), summed(land), summed(covered)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / of_land
    return np.where((of_land > 0) & (with_data >= 0.5 * of_land), mean, np.nan)


def biome_table(means, benchmark=None):
    """Arrange means by biome side by side, with the spread of the models.

    Parameters
    ----------
    means : mapping of str to array_like, shape (12,)
        Model to its `biome_means`, or to the ratio of two.
    benchmark : str, optional
        The one of `means` that is not a model: left out of mean, SD and CV.

    Returns
    -------
    pandas.DataFrame
        Index ``biome``; a column a model; ``mean of models``, ``SD of models``
        (n - 1) and ``CV (%)`` over those with a value, NaN for fewer than two.
    """
    table = pd.DataFrame(means, index=pd.Index(BIOMES, name="biome"))
    models = table.drop(columns=[benchmark] if benchmark in table else [])
    enough = models.notna().sum(axis=1) > 1
    table["mean of models"] = models.mean(axis=1)
    table["SD of models"] = models.std(axis=1, ddof=1).where(enough)
    table["CV (%)"] = 100 * table["SD of models"] / table["mean of models"]
    return table
