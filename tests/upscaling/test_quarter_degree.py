"""Maps of a cube of a quarter of a degree have the totals of the cube that it was made from."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_maps import fine_cube

from soilresp.covariates.cube import refine
from soilresp.upscaling.maps import vegetated_area


@settings(deadline=None, max_examples=10)
@given(st.sampled_from([30.0, 10.0, 5.0]), st.integers(1, 4))
def test_area_is_kept_on_any_grid(size, factor):
    """Cutting cells keeps every area, whatever the cells."""
    cube = fine_cube(size)
    area, before = (float(vegetated_area(c).sum()) for c in (refine(cube, factor), cube))
    assert area == pytest.approx(before, rel=1e-12)
