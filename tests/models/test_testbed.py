"""The soil biogeochemical testbed's files: totals by hand, and what is refused."""

import numpy as np
import pytest
import xarray as xr

from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import rectilinear_area
from soilresp.models import conservative, declared_models, read_testbed
from soilresp.scoring.totals import model_total

HR_TOTALS = {"CASA-CNP": 54.27, "CORPSE": 55.04, "MIMICS": 55.04}


def made_file(path, model, land_area=1000.0, units=None, leave_out=(), spoil=None, times=1):
    """Write a synthetic file in the testbed's layout: 5 x 4 cells, points at the poles.

    Two cells have land, (0 N, 90 E) and (0 N, 270 E), with fluxes of 1 and 2 units a day.
    """
    lat, lon = np.linspace(-90, 90, 5), np.arange(0, 360, 90.0)
    land = np.zeros((5, 4))
    land[2, [1, 3]] = land_area
    value = np.full((1, 5, 4), 1e36)
    value[0, 2, :] = [np.inf, 1.0 * times, np.inf, 2.0 * times]
    if spoil is not None:
        value[0, 2, 1] = spoil
    data = {"landarea": (("lat", "lon"), land, {"units": "km^2", "_FillValue": 1e36})}
    for rule in declared_models()["testbed"][model]["variables"].values():
        for name in rule["add"]:
            attrs = {"units": units or rule["file_units"], "_FillValue": 1e36}
            data[name] = (("time", "lat", "lon"), value, attrs)
    time = ("time", [20051231.5], {"units": "day as %Y%m%d.%f"})
    stored = xr.Dataset(data, {"time": time, "lat": lat, "lon": lon})
    stored.drop_vars(leave_out).to_netcdf(path, format="NETCDF3_CLASSIC")
    return path


@pytest.mark.parametrize(("model", "parts"), [("CASA-CNP", 1), ("CORPSE", 2), ("MIMICS", 1)])
def test_testbed_total_by_hand(tmp_path, model, parts):
    """(1 + 2) g C m-2 d-1 on 1000 km2 each: 3e9 x 365 g C, twice that for CORPSE."""
    output = read_testbed(made_file(tmp_path / "m.nc", model), model)
    assert float(model_total(output, "HR")) == pytest.approx(parts * 3e9 * 365 / 1e15)


def test_testbed_contract(tmp_path):
    """Units, area basis, rows and columns in order, no time, NaN off land, provenance."""
    output = read_testbed(made_file(tmp_path / "casa.nc", "CASA-CNP"), "CASA-CNP")
    assert output["HR"].dims == ("lat", "lon")
    assert output["lat"].values.tolist() == [90, 45, 0, -45, -90]
    assert output["lon"].values.tolist() == [-180, -90, 0, 90]
    assert output["HR"].attrs["units"] == "g m-2 yr-1"
    assert int(output["HR"].notnull().sum()) == 2
    assert float(output["HR"].sel(lat=0, lon=90)) == 365
    assert float(output["cSoil"].sel(lat=0, lon=-90)) == pytest.approx(3 * 2 / 1000)
    fraction = 1000e6 / float(rectilinear_area(output["lat"], output["lon"]).sel(lat=0, lon=90))
    assert float(output["land_fraction"].sel(lat=0, lon=90)) == pytest.approx(fraction)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"leave_out": ["LitterLayer_CO2"]}, "LitterLayer_CO2"),
        ({"units": "kg m-2 s-1"}, "kg m-2 s-1"), ({"leave_out": ["landarea"]}, "landarea"),
        ({"land_area": 1e9}, "landarea"), ({"spoil": np.inf}, " 1 cells"),
        ({"spoil": 1e36}, " 1 cells"), ({"times": 0}, "zero"),
    ],
)
def test_testbed_refuses(tmp_path, made, words):
    """Litter left out, other units, no or too much land, gaps and zeros on land are errors."""
    with pytest.raises(DataError, match=words):
        read_testbed(made_file(tmp_path / "m.nc", "CORPSE", **made), "CORPSE")


def test_testbed_refuses_files(tmp_path):
    """Half a file, and a model that is not declared."""
    whole = made_file(tmp_path / "whole.nc", "MIMICS")
    (tmp_path / "half.nc").write_bytes(whole.read_bytes()[:200])
    with pytest.raises(DataError, match="half.nc"):
        read_testbed(tmp_path / "half.nc", "MIMICS")
    with pytest.raises(ParameterError, match="ORCHIDEE.*CORPSE"):
        read_testbed(whole, "ORCHIDEE")


@pytest.mark.real
@pytest.mark.parametrize("model", HR_TOTALS)
def test_real_testbed_totals(model, real_input):
    """HR totals as published files give them, before and after regridding."""
    output = read_testbed(real_input(declared_models()["testbed"][model]["input"]), model)
    total = float(model_total(output, "HR"))
    assert total == pytest.approx(HR_TOTALS[model], rel=0.005)
    new = conservative(output)
    assert float(model_total(new, "HR")) == pytest.approx(total, rel=1e-9)
