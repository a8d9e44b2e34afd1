"""Below-ground autotrophic respiration."""

import numpy as np
import pytest
import xarray as xr
from made_models import AMAZON, grid, write

from soilresp.errors import DataError, ParameterError
from soilresp.models import read_model, read_root_contribution
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
    """Root respiration first, then ra less other organs, SR - HR, a share, and a map last."""
    one = {n: xr.DataArray(v) for n, v in
           {"raRoot": 1.0, "ra": 10.0, "raLeaf": 3.0, "raStem": 4.0, "SR": 9.0, "HR": 4.0}.items()}
    left = dict(one)
    for gone, expected in (("", 1.0), ("raRoot", 3.0), ("raLeaf", 5.0), ("SR", 3.7)):
        left.pop(gone, None)
        assert float(below_ground(left)[0]) == pytest.approx(expected)
    rest = {"HR": left["HR"]}
    assert below_ground(rest)[0] is None
    ar, how = below_ground(rest, contribution=xr.DataArray(0.5))
    assert float(ar) == 4.0 and "diagnostic only" in how
    with pytest.raises(ParameterError, match="contribution"):
        below_ground(rest, contribution=xr.DataArray(1.0))


def test_contribution_of_roots(tmp_path):
    """A map of 0.4 makes AR of 500 x 0.4 / 0.6; what is no share is missing, or refused."""
    lat, lon = grid("half N-S")
    values = np.full((720, 360), 0.4)
    values[0, 0] = -999.0
    stored = xr.Dataset({"RC": (("lon", "lat"), values), "latitude": ("lat", lat),
                         "longitude": ("lon", lon)})
    stored.to_netcdf(tmp_path / "rc.nc")
    share = read_root_contribution(tmp_path / "rc.nc")
    assert share.dims == ("lat", "lon") and int(share.isnull().sum()) == 1
    write(tmp_path / "VEGAS_S3_rh.nc", {"rh": 500}, monthly=False)
    output = read_model(tmp_path / "VEGAS_S3_rh.nc", contribution=share)
    assert float(output["AR"].max()) == pytest.approx(500 * 0.4 / 0.6)
    with pytest.raises(ParameterError, match="regrid"):
        read_model(tmp_path / "VEGAS_S3_rh.nc", contribution=share, regrid=False)
    stored.assign(RC=stored["RC"] * 100).to_netcdf(tmp_path / "percent.nc")
    with pytest.raises(DataError, match="percent.nc.*RC"):
        read_root_contribution(tmp_path / "percent.nc")
