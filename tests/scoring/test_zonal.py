"""Profiles along latitude, per m2 of the same land."""

import numpy as np
import pytest
from made_benchmark import on_grid

from soilresp.errors import ParameterError
from soilresp.grid.cells import cell_area, global_total
from soilresp.scoring.zonal import zonal_profile


def test_zonal_profile_by_hand():
    """A band where 100 leaves half of the land: 50 per m2 of all its land."""
    reference = on_grid(1.0) * cell_area()
    area = reference.where(reference["lon"] < 0, 0)
    profile = zonal_profile(on_grid(100.0).where(reference["lat"] > 0), area, reference, height=10)
    assert profile["lat"].values.tolist()[:2] == [85.0, 75.0]
    np.testing.assert_allclose(profile[:9], 50.0)
    assert profile[9:].isnull().all()
    assert profile.attrs["units"] == "g m-2 yr-1"
    with pytest.raises(ParameterError, match="7"):
        zonal_profile(on_grid(1.0), area, reference, height=7)


def test_zonal_profile_adds_up():
    """Profile times land is the global total, whatever the model's own land is."""
    rng = np.random.default_rng(1)
    flux, area = on_grid(rng.gamma(2, 200, (360, 720))), on_grid(rng.uniform(0, 1, (360, 720)))
    area, reference = area * cell_area(), on_grid(0.3) * cell_area()
    profile = zonal_profile(flux, area, reference, height=2.5)
    land = reference.sum("lon").coarsen(lat=5).sum()
    total = float((profile * land.values).sum()) / 1e15
    assert total == pytest.approx(float(global_total(flux, area)))
