"""Totals by country, class of vegetation and latitude."""

import numpy as np
import pytest
import xarray as xr
from made_maps import small_maps

from soilresp.errors import ParameterError
from soilresp.upscaling import regions
from soilresp.upscaling.maps import vegetated_area


def test_totals_by_country():
    """Half of 3 million km2 in Chad at 300 g, one in Brazil at 1200 g."""
    maps = small_maps()
    got = regions.regional_totals(maps, by="country")
    assert got.index.tolist() == ["Brazil", "Chad"]
    assert got["SR"].tolist() == pytest.approx([1.2, 0.45])
    assert got["area"].tolist() == pytest.approx([1.0, 1.5])
    assert got["SR_mean"].tolist() == pytest.approx([1200, 300])
    assert regions.regional_totals(maps).index.tolist() == ["South America", "Middle Africa"]
    area = vegetated_area(maps)
    alone = regions.regional_totals(maps["HR"], area, by="country")
    assert alone["HR"].tolist() == pytest.approx([0.7, 0.3]) and alone.index[0] == "Brazil"
    with pytest.raises(ParameterError, match="biome"):
        regions.regional_totals(maps, by="biome")


def test_classes_share_a_cell():
    """A cell's flux goes to its classes by their areas, and all classes make the total."""
    maps = small_maps()
    igbp = xr.DataArray(np.zeros((17, 2, 2)), dims=("igbp", "lat", "lon"),
                        coords={"igbp": np.arange(17)})
    igbp[10, 0, 0], igbp[2, 1, 1], igbp[9, 1, 1] = 0.5, 0.25, 0.75
    got = regions.by_class(maps, igbp)
    assert got["SR"].to_dict() == pytest.approx(
        {"Savanna": 0.9, "Grassland": 0.45, "Evergreen broadleaf forest": 0.3}
    )


def test_means_by_latitude():
    """Each band has the mean of its cells, and its area per degree."""
    got = regions.by_latitude(small_maps(), height=2.5)
    assert got.loc[13.75, "SR"] == 300 and got.loc[-6.25, "SR"] == 1200
    assert got.loc[13.75, "area"] == pytest.approx(1.5 / 2.5)
    assert got["SR"].notna().sum() == 2
