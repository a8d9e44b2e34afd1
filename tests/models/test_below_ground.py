"""Below-ground autotrophic respiration."""

import pytest
import xarray as xr
from made_models import AMAZON, write

from soilresp.models import read_model
from soilresp.models.below_ground import below_ground, root_share


def test_share_of_roots_by_vegetation(tmp_path):
    """AR of all ra is ra times the share of the cell's own vegetation."""
    write(tmp_path / "LPX_S3.nc", {"rh": 500, "ra": 800}, monthly=False)
    output = read_model(tmp_path)
    at = {"lat": AMAZON[0], "lon": AMAZON[1]}
    share = float(root_share().sel(at))
    assert 0.33 < share < 0.38
    assert float(output["AR"].sel(at)[0]) == pytest.approx(800 * share)


def test_ways_below_ground_in_order():
    """Root respiration first, then ra less other organs, SR - HR, and a share last."""
    one = {n: xr.DataArray(v) for n, v in
           {"raRoot": 1.0, "ra": 10.0, "raLeaf": 3.0, "raStem": 4.0, "SR": 9.0, "HR": 4.0}.items()}
    left = dict(one)
    for gone, expected in (("", 1.0), ("raRoot", 3.0), ("raLeaf", 5.0), ("SR", 3.7)):
        left.pop(gone, None)
        assert float(below_ground(left)[0]) == pytest.approx(expected)
    assert below_ground({"HR": left["HR"]})[0] is None
