"""Fluxes by biome."""

import numpy as np
import pytest
import xarray as xr

from soilresp.errors import DataError
from soilresp.scoring.biomes import BIOMES, biome_map, biome_means, biome_table

ONE = {"dims": ("lat", "lon")}


def row(*values):
    """A field of one row of cells."""
    return xr.DataArray([list(map(float, values))], **ONE)


def test_biome_means_by_hand():
    """Two cells of savanna weigh by their land; sparse cover and empty biomes are missing."""
    kind = xr.DataArray([[8, 8, 0, 0, -1]], **ONE)
    land = row(3, 1, 1, 3, 5)
    means = biome_means(row(100, 500, 700, np.nan, 9), land, land, kind)
    assert means[8] == pytest.approx((3 * 100 + 500) / 4)
    assert np.isnan(means[0]) and np.isnan(means[1])
    with pytest.raises(DataError, match="one grid"):
        biome_means(row(1, 2), land, land, kind)


def test_biome_map_takes_the_largest_share():
    """Crop and mosaic count together; barren land has no biome."""
    share = np.zeros((17, 1, 3))
    share[[12, 14, 8], 0, 0] = [0.3, 0.3, 0.4]
    share[16, 0, 1] = 1
    share[2, 0, 2] = 0.1
    kinds = biome_map(xr.DataArray(share, {"igbp": np.arange(17)}, ("igbp", "lat", "lon")))
    names = list(BIOMES)
    assert kinds.values.tolist() == [
        [names.index("Cropland"), -1, names.index("Evergreen broadleaf forest")]
    ]


def test_biome_table_by_hand():
    """Models of 100 and 300: mean 200, SD 141.4, CV 70.7 %; the benchmark is not among them."""
    means = {"ours": np.full(12, 900.0), "a": np.full(12, 100.0),
             "b": np.r_[300.0, np.full(11, np.nan)]}
    table = biome_table(means, "ours")
    first = table.iloc[0]
    assert first["mean of models"] == 200
    assert first["SD of models"] == pytest.approx(np.sqrt(2) * 100)
    assert first["CV (%)"] == pytest.approx(50 * np.sqrt(2))
    assert np.isnan(table.iloc[1]["CV (%)"]) and table.iloc[1]["mean of models"] == 100
