"""Coordinates and areas of cells, points in cells, orders of a field, means and totals."""

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import DataError
from soilresp.grid.cells import (
    EARTH_RADIUS,
    area_mean,
    block_mean,
    cell_area,
    cell_edges,
    cell_index,
    coordinates,
    global_total,
    rectilinear_area,
    to_standard,
    zonal_mean,
)

EARTH = 4 * np.pi * 6_371_007.181**2
"""Area of the Earth, m2."""

# Coordinates


@pytest.mark.parametrize(("size", "lat", "lon"), [
    (180, [0], [-90, 90]),
    (90, [45, -45], [-135, -45, 45, 135]),
    (60, [60, 0, -60], [-150, -90, -30, 30, 90, 150]),
])
def test_centres_of_large_cells(size, lat, lon):
    """Cells of 180, 90 and 60 degrees have their middles where a pencil puts them."""
    made = coordinates(size)
    assert made["lat"].values.tolist() == lat
    assert made["lon"].values.tolist() == lon
    assert made["lat"].attrs["units"] == "degrees_north"
    assert made["lon"].attrs["standard_name"] == "longitude"


@pytest.mark.parametrize("size", [0.7, 7, 100, 360, 179.9, -30, 0])
def test_sizes_that_leave_a_rest_are_refused(size):
    """A size that does not divide 180, or is not above zero, is named."""
    with pytest.raises(ValueError, match=str(size)):
        coordinates(size)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 11, 180, 1800])
def test_any_whole_number_of_rows_will_do(n):
    """180 / n degrees make n rows and 2 n columns, whatever the rounding."""
    made = coordinates(180 / n)
    assert made["lat"].size == n and made["lon"].size == 2 * n
    assert np.isclose(made["lat"][0], 90 - 90 / n) and np.isclose(made["lon"][0], 90 / n - 180)


# Areas


@given(st.sampled_from([0.1, 0.25, 0.5, 1.0, 2.5, 30.0, 90.0]), st.booleans())
def test_areas_add_up_to_the_sphere(size, at_poles):
    """The cells of a grid of any size cover the Earth, those centred on the poles as well."""
    rows = np.arange(-90, 90 + size / 2, size) if at_poles else None
    area = cell_area(rows, resolution=size)
    assert np.isclose(float(area.sum()) * 360 / size, EARTH, rtol=1e-12)


def sine(degrees):
    """Sine of an angle in degrees."""
    return np.sin(np.pi * degrees / 180)


@pytest.mark.parametrize(("lat", "size", "south", "north"), [
    (89.75, 0.5, 89.5, 90), (0.25, 0.5, 0, 0.5), (-44.25, 0.5, -44.5, -44),
    (-89.75, 0.5, -90, -89.5),
    (60.5, 1.0, 60, 61), (15.0, 30.0, 0, 30), (90.0, 2.0, 89, 90), (-90.0, 2.0, -90, -89),
    (89.9, 0.5, 89.65, 90), (-89.9, 0.5, -90, -89.65),
])
def test_area_of_single_rows(lat, size, south, north):
    """R2 x width x (sin north - sin south), where a cell ends at the pole."""
    got = cell_area([lat], resolution=size).item()
    width = np.pi * size / 180
    assert got == pytest.approx(6371007.181**2 * width * (sine(north) - sine(south)), rel=1e-9)


def test_area_of_the_own_rows():
    """Without latitudes the rows are those of the resolution: 360, or six of 30 degrees."""
    area = cell_area()
    assert float(area.sel(lat=0.25)) / 1e6 == pytest.approx(55.597463**2, rel=2e-5)
    assert area.size == 360 and area.name == "cell_area" and area.attrs["units"] == "m2"
    np.testing.assert_array_equal(cell_area(area["lat"][100:103]), area[100:103])
    # sin 90 - sin 60, sin 60 - sin 30, sin 30 - sin 0, and the same in the south
    steps = [1 - np.sqrt(0.75), np.sqrt(0.75) - 0.5, 0.5]
    expected = EARTH_RADIUS**2 * np.pi / 6 * np.array([*steps, *steps[::-1]])
    np.testing.assert_allclose(cell_area(resolution=30), expected, rtol=1e-12)


@pytest.mark.parametrize(("centres", "edges"), [
    ([0, 1, 4], [-0.5, 0.5, 2.5, 5.5]),
    ([4, 1, 0], [5.5, 2.5, 0.5, -0.5]),
    ([10, 20], [5, 15, 25]),
    ([-3, -5], [-2, -4, -6]),
    ([0.5, 1.0, 2.0, 6.0], [0.25, 0.75, 1.5, 4, 8]),
])
def test_edges_by_hand(centres, edges):
    """Half-way between centres, and as far beyond the last one as before it."""
    got = cell_edges(centres)
    assert got.tolist() == edges


@pytest.mark.parametrize(
    "centres", [[], [3], [1, 1], [1, 2, 2], [2, 1, 1], [1, 2, 1], [3, 1, 2], [0, np.nan]]
)
def test_coordinates_that_turn_or_repeat_are_refused(centres):
    """One centre, repeats and turns have no edges."""
    with pytest.raises(DataError, match="Coordinates"):
        cell_edges(centres)


def axes(lat, lon):
    """Coordinates as arrays with names."""
    return xr.DataArray(lat, dims="lat"), xr.DataArray(lon, dims="lon")


def test_area_of_uneven_cells_by_hand():
    """Rows to 90, 60, 0 and -60 N, columns of 60, 90 and 120 degrees."""
    # centres 75, 45, -45: edges 90, 60, 0, -90; centres 0, 60, 180: edges -30, 30, 120, 240
    area = rectilinear_area(*axes([75.0, 45.0, -45.0], [0.0, 60.0, 180.0]))
    height = np.array([1 - np.sqrt(0.75), np.sqrt(0.75), 1])
    width = np.pi * np.array([60, 90, 120]) / 180
    np.testing.assert_allclose(area, EARTH_RADIUS**2 * np.outer(height, width), rtol=1e-12)
    assert area.dims == ("lat", "lon") and area.name == "cell_area" and area.attrs["units"] == "m2"
    assert area["lat"].values.tolist() == [75, 45, -45]
    assert area["lon"].values.tolist() == [0, 60, 180]


def test_cells_over_the_poles_end_there():
    """Centres on the poles: edges at 135, 45, -45 and -135 become 90, 45, -45 and -90."""
    area = rectilinear_area(*axes([90.0, 0.0, -90.0], [0.0, 90.0, 180.0, 270.0]))
    root = np.sqrt(0.5)
    expected = EARTH_RADIUS**2 * np.pi / 2 * np.array([1 - root, 2 * root, 1 - root])
    np.testing.assert_allclose(area, np.tile(expected[:, None], 4), rtol=1e-12)
    assert float(area.sum()) == pytest.approx(4 * np.pi * EARTH_RADIUS**2, rel=1e-12)


@pytest.mark.parametrize("turned", ["lat", "lon", "both"])
def test_areas_are_positive_in_any_direction(turned):
    """South to north and east to west have the same areas, in their own order."""
    lat, lon = axes([60.0, 0.0, -60.0], [-90.0, 90.0])
    one = rectilinear_area(lat, lon)
    lat_too = lat[::-1] if turned != "lon" else lat
    lon_too = lon[::-1] if turned != "lat" else lon
    other = rectilinear_area(lat_too, lon_too)
    assert (other > 0).all()
    np.testing.assert_allclose(other, one.values[::-1] if turned != "lon" else one, rtol=1e-12)


# Points


@given(st.integers(0, 359), st.integers(0, 719), st.floats(-0.249, 0.249), st.floats(-0.249, 0.249))
def test_cell_index_round_trip(row, col, north, east):
    """Any point within a cell leads back to that cell."""
    grid = coordinates()
    found = cell_index(grid["lat"].values[row] + north, grid["lon"].values[col] + east)
    assert (int(found[0]), int(found[1])) == (row, col)


@pytest.mark.parametrize(("lat", "lon", "size", "cell"), [
    (90, -180, 30, (0, 0)), (90, 180, 30, (0, 0)), (-90, 180, 30, (5, 0)), (-90, -180, 30, (5, 0)),
    (60, 0, 30, (1, 6)), (60.001, -0.001, 30, (0, 5)), (59.999, 0.001, 30, (1, 6)),
    (-60, -150, 30, (5, 1)), (-59.999, -150.001, 30, (4, 0)), (0, 179.999, 30, (3, 11)),
    (0, 0, 180, (0, 1)), (-90, -0.5, 180, (0, 0)), (-89.999, 10, 1, (179, 190)),
    (-90, 10, 1, (179, 190)), (-89.5, 179.5, 0.5, (359, 719)), (-89.49, 179.49, 0.5, (358, 718)),
])
def test_cells_of_single_points(lat, lon, size, cell):
    """An edge belongs to the south and the east, the rims to the first and last cells."""
    row, col = cell_index(lat, lon, resolution=size)
    assert (int(row), int(col)) == cell
    assert row.dtype.kind == col.dtype.kind == "i"


def test_points_keep_their_shape():
    """One latitude and a table of longitudes give tables of rows and columns."""
    row, col = cell_index(45, [[0, 90], [-90, -180]], resolution=90)
    assert row.tolist() == [[0, 0], [0, 0]]
    assert col.tolist() == [[2, 3], [1, 0]]


@pytest.mark.parametrize(("lat", "lon"), [
    (90.001, 0), (-90.001, 0), (0, 180.001), (0, -180.001), (np.nan, 0), (0, np.nan), (0, -np.inf),
])
def test_points_outside_are_refused(lat, lon):
    """The first point out of range is named; 90 and 180 degrees themselves are in range."""
    with pytest.raises(DataError, match=f"point 1 are {float(lat)}, {float(lon)};"):
        cell_index([10, lat, lat], [10, lon, lon])
    row, col = cell_index([90, -90, 90, -90], [180, 180, -180, -180])
    assert row.tolist() == [0, 359, 0, 359] and col.tolist() == [0, 0, 0, 0]


# Orders of a field


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


@pytest.mark.parametrize(("given_", "becomes"), [
    ([0, 90, 180, 270], [-180, -90, 0, 90]),
    ([-180, -90, 0, 90], [-180, -90, 0, 90]),
    ([90, 180, 270, 360], [-180, -90, 0, 90]),
    ([1, 181, 359], [-179, -1, 1]),
    ([179.75, 180.25], [-179.75, 179.75]),
    ([-181, -1], [-1, 179]),
])
def test_longitudes_come_into_range(given_, becomes):
    """180 and 360 E become 180 W and 0, whatever the range was, and values go with them."""
    field = xr.DataArray(np.atleast_2d(given_), {"lat": [0.0], "lon": given_}, ("lat", "lon"))
    turned = to_standard(field)
    assert turned["lon"].values.tolist() == becomes
    assert ((turned.values[0] - becomes) % 360 == 0).all()


def test_a_field_in_order_is_not_copied():
    """North to south and west to east already: the same memory; turned ones are copies."""
    field = xr.DataArray(np.arange(8.0).reshape(2, 4), coordinates(90), ("lat", "lon"))
    assert np.shares_memory(to_standard(field).values, field.values)
    for other in (field[::-1], field[:, ::-1]):
        np.testing.assert_array_equal(to_standard(other), field)
        assert not np.shares_memory(to_standard(other).values, field.values)


@pytest.mark.parametrize("names", [("lat", "x"), ("y", "lon"), ("y", "x"), ("lat", "lon")])
def test_names_of_either_axis(names):
    """One name, both or none may be others; a dataset will do as well."""
    field = xr.DataArray(
        [[1, 2], [3, 4]], {names[0]: [-45.0, 45.0], names[1]: [90.0, 270.0]}, names
    )
    dataset = field.to_dataset(name="a")
    for turned in (to_standard(field, *names), to_standard(dataset, *names)["a"]):
        assert turned.dims == ("lat", "lon")
        assert turned["lat"].values.tolist() == [45, -45]
        assert turned["lon"].values.tolist() == [-90, 90]
        assert turned.values.tolist() == [[4, 3], [2, 1]]


def test_rows_partly_in_order_are_sorted():
    """A single step in the wrong direction is enough to sort."""
    field = xr.DataArray(
        [[1.0], [2.0], [3.0]], {"lat": [60.0, -60.0, 0.0], "lon": [0.0]}, ("lat", "lon")
    )
    assert to_standard(field).values.ravel().tolist() == [1, 3, 2]
    wide = xr.DataArray([[1, 2, 3]], {"lat": [0.0], "lon": [0.0, 90.0, 45.0]}, ("lat", "lon"))
    assert to_standard(wide).values.ravel().tolist() == [1, 3, 2]


# Blocks


@given(st.floats(-1e6, 1e6), st.integers(1, 4), st.integers(0, 2**16))
def test_block_mean_of_a_constant(value, factor, seed):
    """A constant field with gaps stays the constant; a block without data stays empty."""
    gaps = np.random.default_rng(seed).random((3 * factor, 2 * factor)) < 0.5
    got = block_mean(np.where(gaps, np.nan, value), factor)
    empty = gaps.reshape(3, factor, 2, factor).all(axis=(1, 3))
    np.testing.assert_array_equal(np.isnan(got), empty)
    np.testing.assert_allclose(got[~empty], value, rtol=1e-12)


def test_blocks_of_a_wide_field():
    """Two rows by three columns of blocks: each is the mean of its own four cells."""
    field = np.arange(24.0).reshape(4, 6)
    # first block 0, 1, 6, 7; each block on adds 2, each row of blocks 12
    assert block_mean(field, 2).tolist() == [[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]]
    assert block_mean(np.stack([field, 10 * field]), 2)[1].tolist() == [
        [35, 55, 75], [155, 175, 195]
    ]
    assert block_mean(field, 1).tolist() == field.tolist()


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (2, 5, 4), (2, 4, 5)])
def test_rows_and_columns_must_both_divide(shape):
    """A rest along either side is refused."""
    with pytest.raises(ValueError, match="blocks of 2"):
        block_mean(np.zeros(shape), 2)


def test_small_weights_count_like_large_ones():
    """Weights of a hundredth give (1 x 1 + 3 x 2) / 4, as hundreds do."""
    field = np.array([[1.0, 2.0], [50.0, np.nan]])
    weights = np.array([[1.0, 3.0], [0.0, 9.0]])
    for scale in (0.01, 1, 100):
        assert block_mean(field, 2, scale * weights).item() == pytest.approx(1.75)


def test_blocks_without_weight_or_data_are_empty_in_silence():
    """No weight or no data gives a gap, and no warning."""
    field = np.array([[1.0, 2.0, np.nan, np.nan], [3.0, 4.0, np.nan, np.nan]])
    weights = np.array([[0.0, 0, 1, 1], [0, 0, 1, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(block_mean(field, 2, weights)).all()
        np.testing.assert_array_equal(block_mean(field, 2), [[2.5, np.nan]])


def test_what_has_no_weight_cannot_spoil_a_block():
    """An endless value in a cell without weight is left out."""
    field = np.array([[np.inf, 2.0], [4.0, 6.0]])
    assert block_mean(field, 2, np.array([[0.0, 1], [1, 2]])).item() == (2 + 4 + 12) / 4


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(0, 2**16))
def test_blocks_keep_the_weighted_mean(factor, seed):
    """The blocks' means, weighted by their own weights, add up to the field's."""
    rng = np.random.default_rng(seed)
    field, weights = rng.normal(size=(2, 2 * factor, 3 * factor))
    weights = np.abs(weights) + 0.01
    blocks = block_mean(field, factor, weights)
    own = weights.reshape(2, factor, 3, factor).sum(axis=(1, 3))
    assert (blocks * own).sum() == pytest.approx((field * weights).sum(), abs=1e-9)


# Means and totals


def uneven():
    """A field of two rows and three columns in two years, and the area of its cells."""
    place = {"lat": [45.0, -45.0], "lon": [-120.0, 0.0, 120.0]}
    field = xr.DataArray(
        [[[1, 2, np.nan], [4, 5, 6]], [[10, 20, 30], [np.nan, np.nan, np.nan]]],
        {"year": [2000, 2001], **place}, ("year", "lat", "lon"), attrs={"units": "g m-2"},
    )
    return field, xr.DataArray([[1e15, 3e15, 2e15], [1e15, np.nan, 1e15]], place, ("lat", "lon"))


def test_means_of_years_by_hand():
    """Year by year, without gaps and without cells that have no area."""
    field, area = uneven()
    # (1 + 6 + 4 + 6) / 6 and (10 + 60 + 60) / 6
    np.testing.assert_allclose(area_mean(field, area), [17 / 6, 130 / 6])
    # (1 + 6) / 4 and (4 + 6) / 2; 130 / 6 and nothing
    np.testing.assert_allclose(zonal_mean(field, area), [[7 / 4, 5], [130 / 6, np.nan]])
    assert zonal_mean(field, area).dims == ("year", "lat")
    assert area_mean(field, area).attrs == zonal_mean(field, area).attrs == {"units": "g m-2"}


def test_totals_of_years_by_hand():
    """1 g m-2 from 10^15 m2 is 1 Pg; gaps of either add nothing; units are the total's own."""
    field, area = uneven()
    total = global_total(field, area)
    # 1 + 6 + 4 + 6 and 10 + 60 + 60
    assert total.values.tolist() == [17, 130]
    assert total.dims == ("year",) and total.attrs == {"units": "Pg yr-1"}


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1e4), min_size=4, max_size=4), st.integers(0, 2**16))
def test_means_agree_with_total(values, seed):
    """The area mean times the area is the total."""
    place = {"lat": [45.0, -45.0], "lon": [-90.0, 90.0]}
    field = xr.DataArray(np.reshape(values, (2, 2)), place, ("lat", "lon"))
    area = field.copy(data=np.random.default_rng(seed).uniform(1e9, 1e12, (2, 2)))
    mean = float(area_mean(field, area))
    assert np.isclose(mean * float(area.sum()) / 1e15, float(global_total(field, area)), atol=1e-15)
