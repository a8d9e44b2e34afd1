"""Areas and edges of grids, overlaps, and averaging covariates to the half-degree grid."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import cell_area, coordinates, rectilinear_area
from soilresp.grid.regrid import add_rows, carry, overlap_weights, overlaps, to_half_degree


def field_on(lat, lon, values=1.0, **dims):
    """A field of one value, or of given values, on any grid."""
    shape = (*(len(d) for d in dims.values()), len(lat), len(lon))
    whole = np.broadcast_to(np.asarray(values, float), shape).copy()
    return xr.DataArray(whole, {**dims, "lat": lat, "lon": lon}, (*dims, "lat", "lon"), "X")


def regular(resolution, values=1.0):
    """A field on a standard grid of another resolution."""
    axes = coordinates(resolution)
    return field_on(axes["lat"].values, axes["lon"].values, values)


def test_overlap_weights_by_hand():
    """Orders may differ; a part that the source does not cover has no weight."""
    weights = overlap_weights([0, 2, 4], [5, 3, 1])
    np.testing.assert_allclose(weights.toarray(), [[0, 0.5], [0.5, 0.5]])
    falling = overlap_weights([4, 2, 0], [1, 3, 5])
    np.testing.assert_allclose(falling.toarray(), [[0.5, 0.5], [0.5, 0]])
    assert overlap_weights([0, 1], [5, 6]).nnz == 0


@settings(max_examples=50, deadline=None)
@given(*2 * [st.sets(st.integers(-50, 50), min_size=2, max_size=9)])
def test_overlap_weights_against_a_loop(source, target):
    """Each entry is the shared length over the target's, by brute force."""
    source, target = np.sort(list(source)) / 10, np.sort(list(target))[::-1] / 10
    weights = overlap_weights(source, target).toarray()
    for i, (right, left) in enumerate(zip(target[:-1], target[1:], strict=True)):
        for j, (low, high) in enumerate(zip(source[:-1], source[1:], strict=True)):
            shared = max(0.0, min(high, right) - max(low, left))
            assert weights[i, j] == pytest.approx(shared / (right - left), abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 99), n_lat=st.integers(3, 40), n_lon=st.integers(2, 40),
    start=st.sampled_from([0.0, -180.0, -179.99]),
)
def test_to_half_degree_conserves(seed, n_lat, n_lon, start):
    """The area-weighted mean of the globe stays what it was, polar rows and 0-360 included."""
    rng = np.random.default_rng(seed)
    lat, lon = np.linspace(-90, 90, n_lat), start + np.arange(n_lon) * 360 / n_lon
    field = field_on(lat, lon, rng.normal(10, 3, (n_lat, n_lon)))
    new = to_half_degree(field, resolution=5)
    before = field.weighted(rectilinear_area(field["lat"], field["lon"])).mean()
    after = new.weighted(rectilinear_area(new["lat"], new["lon"])).mean()
    assert float(after) == pytest.approx(float(before), rel=1e-10)


def test_to_half_degree_of_a_constant():
    """One stays one on MERRA-2's grid, whose outer rows are centred on the poles."""
    field = field_on(np.linspace(-90, 90, 361), np.arange(576) * 0.625 - 180)
    new = to_half_degree(field)
    assert new.shape == (360, 720)
    np.testing.assert_allclose(new, 1)
    assert new["lat"].values[0] == 89.75 and new["lon"].values[0] == -179.75


def test_to_half_degree_by_hand():
    """Four quarter-degree cells of unequal area; one without a value leaves three."""
    field = regular(0.25)
    field[0:2, 0:2] = [[1.0, 2.0], [3.0, np.nan]]
    new = to_half_degree(field)
    north, south = cell_area(resolution=0.25).values[:2]
    assert float(new[0, 0]) == pytest.approx((3 * north + 3 * south) / (2 * north + south))
    assert float(new[0, 1]) == 1


def test_to_half_degree_weighs_by_land():
    """A coast takes its land's value, however much sea lies beside it."""
    field, land = regular(0.25), regular(0.25, 0.0)
    field[100:102, 100:102] = [[280.0, 300.0], [300.0, 300.0]]
    land[100:102, 100:102] = [[0.01, 0.0], [0.0, 0.0]]
    new = to_half_degree(field, weights=land)
    assert float(new[50, 50]) == pytest.approx(280)
    assert int(new.notnull().sum()) == 1


def test_to_half_degree_needs_a_share():
    """Half of a cell with values is enough for 0.45 and not for 0.55; of land if that is given."""
    field = regular(0.25)
    field[100:102, 100] = np.nan
    land = regular(0.25, 0.0)
    land[100:102, 101] = 0.2
    assert float(to_half_degree(field, min_share=0.45)[50, 50]) == 1
    assert np.isnan(to_half_degree(field, min_share=0.55)[50, 50])
    assert float(to_half_degree(field, land, min_share=1)[50, 50]) == 1
    land[100, 100] = 0.2
    assert np.isnan(to_half_degree(field, land, min_share=0.9)[50, 50])


def test_to_half_degree_takes_any_order():
    """South to north, 0-360 E, and other dimensions give the same field."""
    rng = np.random.default_rng(0)
    field = regular(1.0, rng.normal(size=(180, 360))).astype("float32")
    turned = field.assign_coords(lon=field["lon"] % 360).sortby("lon").sortby("lat")
    turned = turned.expand_dims(year=[1982, 1983]).transpose("lat", "year", "lon")
    turned.attrs = {"units": "K"}
    new = to_half_degree(turned)
    assert new.dims == ("year", "lat", "lon") and new["year"].values.tolist() == [1982, 1983]
    assert new.dtype == np.float32 and new.attrs["units"] == "K" and new.name == "X"
    np.testing.assert_allclose(new[1], to_half_degree(field), rtol=1e-6)


def test_to_half_degree_of_a_part_of_the_globe():
    """What the source does not cover is missing, not zero."""
    lat, lon = np.arange(59.5, -60, -1), np.arange(0.5, 90)
    new = to_half_degree(field_on(lat, lon, 7.0))
    np.testing.assert_allclose(new.sel(lat=slice(60, -60), lon=slice(0, 90)), 7)
    assert int(new.notnull().sum()) == 240 * 180


def test_carry_adds_up():
    """Three dimensions are carried slice by slice; a missing value spreads to what it touches."""
    rows, columns = overlaps(np.arange(-75, 90, 30.0), np.arange(-165, 180, 30.0), 15)
    values = np.arange(2 * 6 * 12.0).reshape(2, 6, 12)
    new = carry(values, rows, columns)
    assert new.shape == (2, 12, 24)
    np.testing.assert_allclose(new[1], carry(values[1], rows, columns))
    values[0, 0, 0] = np.nan
    assert int(np.isnan(carry(values, rows, columns)).sum()) == 4


def test_rows_added_in_strips():
    """Strips of any height add up to the whole, also on an offset grid."""
    rng = np.random.default_rng(2)
    rows, columns = overlaps(np.arange(84.3, -56, -0.7), np.arange(0.2, 360, 0.8), 2.5)
    values = rng.normal(size=(3, rows.shape[1], columns.shape[1]))
    total = np.zeros((3, 72, 144))
    for start in range(0, rows.shape[1], 9):
        add_rows(total, values[:, start : start + 9], start, rows, columns)
    np.testing.assert_allclose(total, carry(values, rows, columns), atol=1e-12)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda f: {"field": f.rename(lat="y")}, "expected lat and lon"),
        (lambda f: {"field": f.assign_coords(lat=f["lat"] * 1.1)}, "Latitudes reach 97.9"),
        (lambda f: {"field": f.assign_coords(lon=f["lon"] * 1.1)}, "span 396"),
        (lambda f: {"field": f.where(f["lat"] < 80, np.inf)}, "infinite values"),
        (lambda f: {"field": f, "weights": f[:, ::-1]}, "another grid"),
        (lambda f: {"field": f, "weights": f[:-1]}, "another grid"),
        (lambda f: {"field": f, "weights": -f}, "negative"),
    ],
)
def test_to_half_degree_refuses(made, words):
    """Coordinates that are no grid on the globe, infinities, and weights that do not fit."""
    with pytest.raises(DataError, match=words):
        to_half_degree(**made(regular(2.0)))


def test_to_half_degree_refuses_shares():
    """A percentage is not a share."""
    with pytest.raises(ParameterError, match="min_share"):
        to_half_degree(regular(2.0), min_share=50)

