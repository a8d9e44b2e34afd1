"""Coordinates, areas, and area-weighted sums and means."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from soilresp.errors import DataError
from soilresp.grid.cells import (
    EARTH_RADIUS,
    area_mean,
    block_mean,
    cell_area,
    cell_index,
    coordinates,
    global_total,
    to_standard,
    zonal_mean,
)

EARTH = 4 * np.pi * EARTH_RADIUS**2
"""Area of the Earth, m2."""

sizes = st.sampled_from([0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 30.0, 90.0])


def test_coordinates_of_the_study():
    """Half-degree centres from north to south and from west to east."""
    grid = coordinates()
    assert grid["lat"].size == 360 and grid["lon"].size == 720
    assert grid["lat"].values[[0, -1]].tolist() == [89.75, -89.75]
    assert grid["lon"].values[[0, -1]].tolist() == [-179.75, 179.75]
    assert grid["lat"].attrs["units"] == "degrees_north"
    assert grid["lon"].attrs["units"] == "degrees_east"


def test_coordinates_refuse_uneven_size():
    """A cell size that does not divide 180 degrees is refused."""
    with pytest.raises(ValueError, match="must divide 180"):
        coordinates(0.7)


@given(sizes)
def test_areas_add_up_to_the_sphere(size):
    """The cells of a grid of any size cover the Earth."""
    area = cell_area(resolution=size)
    assert np.isclose(float(area.sum()) * 360 / size, EARTH, rtol=1e-12)


def test_areas_with_points_at_the_poles_add_up():
    """Rows centred on the poles are half a row high, so that the Earth is covered once."""
    area = cell_area(np.arange(-90, 90.1, 1.0), resolution=1.0)
    assert np.isclose(float(area.sum()) * 360, EARTH, rtol=1e-12)
    assert float(area[0]) < float(area[1]) / 2


def test_area_of_a_cell_by_hand():
    """A cell of 30 degrees at the equator: R2 (pi/6) (sin 30 - sin 0)."""
    area = cell_area([15.0], resolution=30)
    assert np.isclose(area.item(), EARTH_RADIUS**2 * np.pi / 6 * 0.5)
    assert area.attrs["units"] == "m2"


def test_area_keeps_the_rows_it_is_given():
    """Latitudes come back as the coordinate, whether array or DataArray."""
    rows = coordinates()["lat"][100:103]
    np.testing.assert_array_equal(cell_area(rows)["lat"], rows)
    np.testing.assert_array_equal(cell_area(rows), cell_area(rows.values))
    np.testing.assert_array_equal(cell_area(rows), cell_area()[100:103])


@given(st.integers(0, 359), st.integers(0, 719), st.floats(-0.249, 0.249), st.floats(-0.249, 0.249))
def test_cell_index_round_trip(row, col, north, east):
    """Any point within a cell leads back to that cell."""
    grid = coordinates()
    found = cell_index(grid["lat"].values[row] + north, grid["lon"].values[col] + east)
    assert (int(found[0]), int(found[1])) == (row, col)


def test_cell_index_on_edges():
    """Edges belong to the south and east, the rim of the map to its first and last cells."""
    row, col = cell_index([90, 89.5, 0, -90], [-180, -179.5, 0, 180])
    assert row.tolist() == [0, 1, 180, 359]
    assert col.tolist() == [0, 1, 360, 0]


@pytest.mark.parametrize(
    "lat, lon, point",
    [
        ([0, 120.5], [0, 33.1], "point 1 are 120.5, 33.1"),
        ([10, 20, 30], [0, 0, 359.75], "point 2 are 30.0, 359.75"),
        ([np.nan], [5], "point 0 are nan, 5.0"),
        (12, [10, 200], "point 1 are 12.0, 200.0"),
        ([[1, 2], [3, 95]], [[0, 0], [0, 0]], "point 3 are 95.0, 0.0"),
    ],
)
def test_cell_index_names_the_bad_point(lat, lon, point):
    """Swapped columns, 0-360 longitudes and gaps are refused, naming the first of them."""
    with pytest.raises(DataError, match=point):
        cell_index(lat, lon)


def test_to_standard_turns_a_field():
    """South-to-north rows from 0 to 360 E come out as the study has them, values untouched."""
    field = xr.DataArray(
        [[1, 2, 3, 4], [5, 6, 7, 8]],
        {"y": [-45.0, 45.0], "x": [45.0, 135.0, 225.0, 315.0]},
        ("y", "x"),
    )
    turned = to_standard(field, "y", "x")
    assert turned.dims == ("lat", "lon")
    assert turned["lat"].values.tolist() == [45, -45]
    assert turned["lon"].values.tolist() == [-135, -45, 45, 135]
    assert turned.values.tolist() == [[7, 8, 5, 6], [3, 4, 1, 2]]


@settings(max_examples=30)
@given(st.permutations(range(6)), st.permutations(range(12)), st.booleans())
def test_to_standard_whatever_the_order(rows, cols, from_zero):
    """Rows and columns in any order, from 180 W or from Greenwich, give one and the same field."""
    grid = coordinates(30.0)
    field = xr.DataArray(np.arange(72.0).reshape(6, 12), grid, ("lat", "lon"))
    mixed = field[list(rows), list(cols)]
    if from_zero:
        mixed = mixed.assign_coords(lon=mixed["lon"] % 360)
    np.testing.assert_array_equal(to_standard(mixed), field)
    np.testing.assert_array_equal(to_standard(mixed)["lon"], grid["lon"])


@given(st.floats(-1e6, 1e6), st.integers(1, 4), st.integers(0, 2**16))
def test_block_mean_of_a_constant(value, factor, seed):
    """A constant field with gaps stays the constant; a block without data stays empty."""
    gaps = np.random.default_rng(seed).random((3 * factor, 2 * factor)) < 0.5
    got = block_mean(np.where(gaps, np.nan, value), factor)
    empty = gaps.reshape(3, factor, 2, factor).all(axis=(1, 3))
    np.testing.assert_array_equal(np.isnan(got), empty)
    np.testing.assert_allclose(got[~empty], value, rtol=1e-12)


def test_block_mean_by_hand():
    """Gaps are left out, weights count, leading dimensions stay."""
    field = np.array([[[1.0, 3.0], [np.nan, 5.0]], [[2.0, 2.0], [2.0, 10.0]]])
    assert block_mean(field, 2).tolist() == [[[3.0]], [[4.0]]]
    weights = np.array([[1.0, 0.0], [1.0, 3.0]])
    # (1 + 3 x 5) / 4 and (2 + 2 + 3 x 10) / 5
    assert block_mean(field, 2, weights).tolist() == [[[4.0]], [[6.8]]]


def test_block_mean_refuses_odd_shapes():
    """A field that cannot be cut into whole blocks is refused."""
    with pytest.raises(ValueError, match="cannot be cut into blocks of 2"):
        block_mean(np.zeros((3, 4)), 2)


def field_and_area(values, area):
    """A field of two rows and two columns, and the area of its cells."""
    place = {"lat": [45.0, -45.0], "lon": [-90.0, 90.0]}
    field = xr.DataArray(values, place, ("lat", "lon"), attrs={"units": "g m-2 yr-1"})
    return field, xr.DataArray(area, place, ("lat", "lon"))


def test_means_and_total_by_hand():
    """Area mean, zonal mean and total of four cells of which one is empty."""
    field, area = field_and_area([[100.0, 200.0], [np.nan, 400.0]], [[1e12, 3e12], [5e12, 2e12]])
    # (100 + 600 + 800) / 6; (100 + 600) / 4; 400; 1500e12 g = 1.5 Pg
    assert float(area_mean(field, area)) == 250
    assert zonal_mean(field, area).values.tolist() == [175, 400]
    assert float(global_total(field, area)) == 1.5
    assert global_total(field, area).attrs["units"] == "Pg yr-1"
    assert area_mean(field, area).attrs["units"] == zonal_mean(field, area).attrs["units"]


def test_missing_area_counts_as_none():
    """A cell without an area adds to no mean; a row without data has none."""
    field, area = field_and_area([[1.0, 3.0], [np.nan, np.nan]], [[1.0, np.nan], [1.0, 1.0]])
    assert float(area_mean(field, area)) == 1
    np.testing.assert_array_equal(zonal_mean(field, area), [1, np.nan])


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1e4), min_size=4, max_size=4), st.integers(0, 2**16))
def test_means_agree_with_total(values, seed):
    """The area mean times the area is the total, and lies within the field."""
    field, area = field_and_area(
        np.reshape(values, (2, 2)), np.random.default_rng(seed).uniform(1e9, 1e12, (2, 2))
    )
    mean = float(area_mean(field, area))
    assert np.isclose(mean * float(area.sum()) / 1e15, float(global_total(field, area)), atol=1e-15)
    assume(max(values) > 0)
    assert min(values) - 1e-9 <= mean <= max(values) * (1 + 1e-12) + 1e-9
