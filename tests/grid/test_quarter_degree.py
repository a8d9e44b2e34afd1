"""Cubes of a quarter of a degree: taken, checked, and mapped to the same totals."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from made_maps import fine_cube, mapped, trained

from soilresp.covariates.cube import check_cube, compare_cubes, refine
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import coordinates, global_total
from soilresp.study.chapters.common import embedded_cube
from soilresp.upscaling.maps import vegetated_area


@pytest.fixture(scope="module")
def embedded():
    return embedded_cube()


def test_a_finer_cube_has_the_same_area(embedded):
    """Area of the Earth and of its vegetation, and a value in each of four cells."""
    finer = refine(embedded)
    assert finer.sizes["lat"] == 720 and finer.sizes["lon"] == 1440
    for name in ("vegetated_fraction", "land_fraction"):
        area, before = (float((c["cell_area"] * c[name]).sum()) for c in (finer, embedded))
        assert area == pytest.approx(before, rel=1e-12)
    for row in (0, 1):
        for col in (0, 1):
            np.testing.assert_array_equal(
                finer["MAT"].values[row::2, col::2], embedded["MAT"].values
            )
    check_cube(finer)


def test_a_finer_cube_compares_with_a_coarse_one(embedded):
    """Means over blocks of cells of the finer one are the coarse one's values."""
    table = compare_cubes(refine(embedded), embedded)
    assert (table["bias"].abs() < 1e-6).all() and (table["r"] > 1 - 1e-9).all()
    again = compare_cubes(embedded, refine(embedded))
    np.testing.assert_allclose(again["mean"], table["other_mean"], rtol=1e-12)


def test_other_grids_are_refused(embedded):
    """A tenth of a degree is none of the two, and neither is a quarter turned about."""
    coarse = embedded.isel(lat=slice(None, None, 2), lon=slice(None, None, 2))
    with pytest.raises(DataError, match="a quarter of one is taken, too"):
        check_cube(coarse)
    finer = refine(embedded)
    with pytest.raises(DataError, match="wrong way round"):
        check_cube(finer.isel(lat=slice(None, None, -1)))


@pytest.mark.parametrize("factor", [0, -1, 1.5, True, "2"])
def test_factor(embedded, factor):
    """Only a whole number above 0 makes sense."""
    with pytest.raises(ParameterError, match="whole number"):
        refine(embedded, factor)


@settings(deadline=None, max_examples=10)
@given(st.sampled_from([30.0, 10.0, 5.0]), st.integers(1, 4))
def test_area_is_kept_on_any_grid(size, factor):
    """Cutting cells keeps every area, whatever the cells."""
    cube = fine_cube(size)
    area, before = (float(vegetated_area(c).sum()) for c in (refine(cube, factor), cube))
    assert area == pytest.approx(before, rel=1e-12)


def test_maps_of_a_finer_cube_are_the_same_maps():
    """Four cells with the values of one get its flux, SD and quantiles; totals stay."""
    runs = trained(2, 5)
    cube = fine_cube(5.0, (2000, 2001))
    found = []
    for of in (cube, refine(cube)):
        mask = of["vegetated_fraction"].values > 0
        maps, _, totals = mapped(runs, of, mask)
        found.append((maps, totals, float(global_total(maps["SR"].astype(float), vegetated_area(of)))))
    for name in found[0][0].data_vars:
        # Sums over trees are in single precision, and their order depends on the rows beside.
        np.testing.assert_allclose(
            found[1][0][name].values[1::2, ::2], found[0][0][name].values, rtol=1e-5
        )
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-7)
    assert found[1][2] == pytest.approx(found[0][2], rel=1e-7)


def test_a_bare_field_can_be_refined():
    """Without an area there is none to renew."""
    half = xr.Dataset({"MAT": (("lat", "lon"), np.ones((360, 720)))}, coordinates())
    assert "cell_area" not in refine(half)
