"""Values of the benchmark at places of a user."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.scoring.places import predict_at_places, read_places

AXES = coordinates()
SR = xr.DataArray(np.arange(360 * 720.0).reshape(360, 720), AXES, ("lat", "lon"))
BENCHMARK = xr.Dataset({
    "SR": SR, "SR_sd": SR / 2, "HR": 2 * SR, "AR": 3 * SR, "HR_q05": SR / 3,
    "SR_inside": xr.ones_like(SR), "HR_inside": SR % 2,
})


@given(st.floats(-90, 90), st.floats(-180, 360))
def test_value_of_the_cell(lat, lon):
    """A place gets the values of the cell that holds it, whatever the way to count longitude."""
    made = predict_at_places(pd.DataFrame({"lat": [lat], "lon": [lon]}), BENCHMARK).iloc[0]
    row, col = divmod(int(made["SR"]), 720)
    assert abs(AXES["lat"].values[row] - lat) <= 0.25 + 1e-9
    apart = abs(AXES["lon"].values[col] - lon) % 360
    assert min(apart, 360 - apart) <= 0.25 + 1e-9
    assert made["SR_sd"] == made["SR"] / 2 and made["AR"] == 3 * made["SR"]
    assert ("HR outside" in made["remark"]) == (made["SR"] % 2 == 0)
    assert "SR outside" not in made["remark"]


def test_edges_belong_to_cells():
    """The south-east corner of a cell belongs to the next, the poles to the outermost cells."""
    places = pd.DataFrame({"lat": [90, 89.5, -90, 0], "lon": [-180, -179.5, 180, 179.99]})
    assert predict_at_places(places, BENCHMARK)["SR"].tolist() == [
        0, 721, 359 * 720, 180 * 720 + 719
    ]


def test_outside_the_mapped_area():
    """A cell without a value gives NaN and a remark."""
    made = predict_at_places(
        pd.DataFrame({"lat": [0], "lon": [0]}), BENCHMARK.where(BENCHMARK["lat"] > 1)
    )
    assert made["SR"].isna().all() and made["remark"].item() == "outside the mapped area"


WRONG = [("lat", 91), ("lon", -181), ("lon", 361), ("lat", "x")]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_coordinates(name, value):
    """A coordinate out of range is named with its row and value."""
    places = pd.DataFrame({"lat": [1, 2], "lon": [3, 4]}).astype(object)
    places.loc[1, name] = value
    with pytest.raises(DataError, match=rf"(?s)2.*{name}.*{value}"):
        predict_at_places(places, BENCHMARK)


def test_read_places(tmp_path):
    """Other names of the coordinates are taken; a table without them is refused by name."""
    path = tmp_path / "sites.csv"
    path.write_text("Site,Latitude,LON\na,1,2\n")
    assert read_places(path).columns.tolist() == ["Site", "lat", "lon"]
    path.write_text("site,lat\na,1\n")
    with pytest.raises(DataError, match="sites.csv.*'lon'"):
        read_places(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="sites.csv"):
        read_places(path)
