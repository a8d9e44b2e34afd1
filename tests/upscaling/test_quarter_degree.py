"""Maps of a cube of a quarter of a degree have the totals of the cube that it was made from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_maps import fine_cube, mapped, trained

from soilresp.covariates.cube import refine
from soilresp.grid.cells import global_total
from soilresp.upscaling.maps import vegetated_area


@settings(deadline=None, max_examples=10)
@given(st.sampled_from([30.0, 10.0, 5.0]), st.integers(1, 4))
def test_area_is_kept_on_any_grid(size, factor):
    """Cutting cells keeps every area, whatever the cells."""
    cube = fine_cube(size)
    area, before = (float(vegetated_area(c).sum()) for c in (refine(cube, factor), cube))
    assert area == pytest.approx(before, rel=1e-12)



@pytest.mark.slow
def test_maps_of_a_finer_cube_are_the_same_maps():
    """Four cells with the values of one get its flux, SD and quantiles; totals stay."""
    runs = trained(2, 5)
    cube = fine_cube(5.0, (2000, 2001))
    found = []
    for of in (cube, refine(cube)):
        mask = of["vegetated_fraction"].values > 0
        maps, _, totals = mapped(runs, of, mask)
        flux = maps["SR"].astype(float)
        found.append((maps, totals, float(global_total(flux, vegetated_area(of)))))
    for name in found[0][0].data_vars:
        # Sums over trees are in single precision, and their order depends on the rows beside.
        np.testing.assert_allclose(
            found[1][0][name].values[1::2, ::2], found[0][0][name].values, rtol=1e-5
        )
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-7)
    assert found[1][2] == pytest.approx(found[0][2], rel=1e-7)

