"""Maps: the cell under each pixel, and what is refused."""

import functools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from made_figures import world

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.plot import maps
from soilresp.plot.style import figure


@functools.cache
def numbered_cells():
    """Maps of the row and of the column of each cell."""
    axes = coordinates(5)
    return tuple(
        maps._on_map(xr.DataArray(number.astype(float), axes, ("lat", "lon")))
        for number in np.indices((36, 72))
    )


@settings(deadline=None)
@given(st.floats(-56, 82), st.floats(-179, 179))
def test_map_shows_the_cell_under_each_pixel(lat, lon):
    """The pixel at a place holds the value of the cell, or of its neighbour by rounding."""
    rows, cols = numbered_cells()
    x, y = maps.PROJECTION.transform_point(lon, lat, maps.ccrs.PlateCarree())
    (west, east), (south, north) = maps.PROJECTION.x_limits, maps.PROJECTION.y_limits
    row = int((north - y) / (north - south) * rows.shape[0])
    col = int((x - west) / (east - west) * rows.shape[1])
    assert abs(rows[row, col] - (90 - lat) / 5 + 0.5) < 0.6
    assert abs(cols[row, col] - (lon + 180) / 5 + 0.5) < 0.6


def test_map_knows_either_row_order():
    """A field from south to north gives the same map."""
    turned = maps._on_map(world().sortby("lat"))
    np.testing.assert_array_equal(turned.filled(-1), maps._on_map(world()).filled(-1))


def test_map_refuses_part_of_the_globe():
    """A field that is not global is refused by name."""
    with pytest.raises(DataError, match="'lat' of SR"):
        maps._on_map(world().isel(lat=slice(0, 10)))


def test_map_without_coastlines(tmp_path, monkeypatch):
    """A missing coastline file is an error, not a download."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "registry.yaml").touch()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    with pytest.raises(DataError, match="ne_110m_land.shp"):
        maps.base_map(maps.map_axes(figure())[0, 0])


def test_nice_levels():
    """Steps are round and hold the middle of the values."""
    levels = maps.nice_levels([np.nan, *np.linspace(0, 100, 101)], n=5)
    np.testing.assert_array_equal(levels, [0, 20, 40, 60, 80, 100])
    with pytest.raises(DataError):
        maps.nice_levels([np.nan])
