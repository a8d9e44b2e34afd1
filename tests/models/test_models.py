"""Readers of model output, and regridding that keeps totals."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import coordinates, rectilinear_area
from soilresp.io import fetch as access
from soilresp.models import (
    conservative,
    declared_models,
    read_cmip6_global,
    read_isimip_global,
    read_testbed,
)
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
    for rule in declared_models()["at_hand"][model]["variables"].values():
        for name in rule["add"]:
            attrs = {"units": units or rule["file_units"], "_FillValue": 1e36}
            data[name] = (("time", "lat", "lon"), value, attrs)
    time = ("time", [20051231.5], {"units": "day as %Y%m%d.%f"})
    stored = xr.Dataset(data, {"time": time, "lat": lat, "lon": lon})
    stored.drop_vars(leave_out).to_netcdf(path, format="NETCDF3_CLASSIC")
    return path


def model_output(seed, n_lat=7, n_lon=9, **dims):
    """A random model output on a grid with points at the poles, 0-360 E."""
    rng = np.random.default_rng(seed)
    lat, lon = np.linspace(-90, 90, n_lat), np.arange(n_lon) * 360 / n_lon
    fraction = np.clip(rng.uniform(-0.5, 1.2, (n_lat, n_lon)), 0, 1)
    fraction[n_lat // 2, 0] = 0.5
    flux = rng.gamma(2, 300, (*dims.values(), n_lat, n_lon))
    flux = np.where(fraction > 0, flux, np.nan)
    return xr.Dataset(
        {"HR": ((*dims, "lat", "lon"), flux, {"units": "g m-2 yr-1"}),
         "land_fraction": (("lat", "lon"), fraction)},
        {"lat": lat, "lon": lon},
    )


@pytest.mark.parametrize(("model", "parts"), [("CASA-CNP", 1), ("CORPSE", 2), ("MIMICS", 1)])
def test_testbed_total_by_hand(tmp_path, model, parts):
    """(1 + 2) g C m-2 d-1 on 1000 km2 each: 3e9 x 365 g C, twice that for CORPSE."""
    output = read_testbed(made_file(tmp_path / "m.nc", model), model)
    assert float(model_total(output, "HR")) == pytest.approx(parts * 3e9 * 365 / 1e15)


def test_testbed_contract(tmp_path):
    """Units, footing, rows and columns in order, no time, NaN off land, provenance."""
    output = read_testbed(made_file(tmp_path / "casa.nc", "CASA-CNP"), "CASA-CNP")
    assert output["HR"].dims == ("lat", "lon")
    assert output["lat"].values.tolist() == [90, 45, 0, -45, -90]
    assert output["lon"].values.tolist() == [-180, -90, 0, 90]
    assert output["HR"].attrs["units"] == "g m-2 yr-1"
    assert output["cSoil"].attrs["units"] == "kg m-2"
    assert output["HR"].attrs["area_basis"] == "land"
    assert int(output["HR"].notnull().sum()) == 2
    assert float(output["HR"].sel(lat=0, lon=90)) == 365
    assert float(output["cSoil"].sel(lat=0, lon=-90)) == pytest.approx(3 * 2 / 1000)
    assert output.attrs["source_file"] == "casa.nc"
    assert output.attrs["how_ar"].startswith("not in the file")
    fraction = 1000e6 / float(rectilinear_area(output["lat"], output["lon"]).sel(lat=0, lon=90))
    assert float(output["land_fraction"].sel(lat=0, lon=90)) == pytest.approx(fraction)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"leave_out": ["LitterLayer_CO2"]}, "LitterLayer_CO2.*lacks"),
        ({"units": "kg m-2 s-1"}, "units 'kg m-2 s-1'"),
        ({"leave_out": ["landarea"]}, "no landarea"),
        ({"land_area": 1e9}, "landarea is up to"),
        ({"spoil": np.inf}, "missing or infinite in 1 cells with land"),
        ({"spoil": 1e36}, "missing or infinite in 1 cells with land"),
        ({"times": 0}, "zero throughout"),
    ],
)
def test_testbed_refuses(tmp_path, made, words):
    """Litter left out, other units, no or too much land, gaps and zeros on land are errors."""
    with pytest.raises(DataError, match=words):
        read_testbed(made_file(tmp_path / "m.nc", "CORPSE", **made), "CORPSE")


def test_testbed_refuses_files(tmp_path):
    """A missing file, a text, half a file, and a model nobody declared."""
    whole = made_file(tmp_path / "whole.nc", "MIMICS")
    half = tmp_path / "half.nc"
    half.write_bytes(whole.read_bytes()[:200])
    text = tmp_path / "text.nc"
    text.write_text("not found")
    for path, words in ((tmp_path / "none.nc", "does not exist"), (half, "NetCDF"),
                        (text, "NetCDF")):
        with pytest.raises(DataError, match=words):
            read_testbed(path, "MIMICS")
    with pytest.raises(ParameterError, match="CORPSE"):
        read_testbed(whole, "ORCHIDEE")


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), n_lat=st.integers(3, 12), n_lon=st.integers(2, 15))
def test_conservative_keeps_totals(seed, n_lat, n_lon):
    """Land and flux of the globe are the same before and after, to rounding."""
    output = model_output(seed, n_lat, n_lon)
    new = conservative(output, resolution=2.5)
    land = (output["land_fraction"] * rectilinear_area(output["lat"], output["lon"])).sum()
    assert float((new["land_fraction"] * new["cell_area"]).sum()) == pytest.approx(float(land))
    assert float(model_total(new, "HR")) == pytest.approx(float(model_total(output, "HR")))


def test_conservative_keeps_a_uniform_flux():
    """The same flux everywhere stays that flux, also at the poles and the date line."""
    output = model_output(1)
    output["HR"] = output["HR"] * 0 + 7.0
    output["land_fraction"] = output["land_fraction"] * 0 + 1.0
    output["HR"] = output["HR"].fillna(7.0)
    new = conservative(output)
    np.testing.assert_allclose(new["HR"], 7.0)
    np.testing.assert_allclose(new["land_fraction"], 1.0)


def test_conservative_weighs_by_land():
    """Two cells of 100 and 400 with land 0.75 and 0.25 merge to 175 on land of one half."""
    fine = coordinates(45)
    fraction = np.zeros((4, 8))
    flux = np.full((4, 8), np.nan)
    fraction[0, :2], flux[0, :2] = [0.75, 0.25], [100, 400]
    # Cells beside each other have the same area; those south of them have no land.
    output = xr.Dataset({"HR": (("lat", "lon"), flux), "land_fraction": (("lat", "lon"), fraction)},
                        fine)
    new = conservative(output, resolution=90)
    assert float(new["HR"][0, 0]) == pytest.approx((0.75 * 100 + 0.25 * 400) / 1.0)
    share = (1 - np.sin(np.pi / 4)) / 2
    assert float(new["land_fraction"][0, 0]) == pytest.approx(share)
    assert int(new["HR"].notnull().sum()) == 1


def test_conservative_keeps_years_and_attributes():
    """A year axis passes through, with each year's total."""
    output = model_output(2, year=3)
    new = conservative(output, resolution=5)
    assert new["HR"].dims == ("year", "lat", "lon")
    assert new["HR"].attrs == output["HR"].attrs
    np.testing.assert_allclose(model_total(new, "HR"), model_total(output, "HR"))


def test_conservative_takes_out_land_without_data():
    """Land without data carries no flux and is no longer counted as land."""
    output = model_output(3)
    output["HR"] = output["HR"].where(output["lat"] < 50)
    new = conservative(output, resolution=5)
    assert float(model_total(new, "HR")) == pytest.approx(float(model_total(output, "HR")))
    assert float(new["land_fraction"].sel(lat=slice(90, 80)).max()) == 0


def test_conservative_refuses():
    """No land fraction, and masks that differ between variables, are errors."""
    output = model_output(4)
    with pytest.raises(DataError, match="no land_fraction"):
        conservative(output.drop_vars("land_fraction"))
    output["NPP"] = output["HR"].where(output["lat"] != 0)
    with pytest.raises(DataError, match="NPP has .* values on land"):
        conservative(output)


def test_isimip_series_by_hand(tmp_path):
    """4.5E+16 g C yr-1 is 45 Pg C yr-1, and names are the models' own."""
    names = ["caraib", "dlem", "jules", "lpjguess", "lpjml", "orchidee", "vegas", "visit"]
    path = tmp_path / "rh.csv"
    path.write_text("year," + ",".join(names) + "\n1990" + ",4.5E+16" * 8 + "\n")
    series = read_isimip_global(path)
    assert len(series) == 8
    assert series["total"].tolist() == [45.0] * 8
    assert {"LPJ-GUESS", "LPJmL", "VISIT"} < set(series["model"])
    path.write_text("year," + ",".join(names) + "\n1990" + ",45" * 8 + "\n")
    with pytest.raises(DataError, match="g yr-1"):
        read_isimip_global(path)
    path.write_text("year,caraib\n1990,4E+16\n")
    with pytest.raises(DataError, match="lacks the columns"):
        read_isimip_global(path)


def test_cmip6_series_by_hand(tmp_path):
    """rh in g yr-1 becomes HR in Pg C yr-1; other units and variables are refused."""
    path = tmp_path / "rh.csv"
    row = {"year": 1990, "variable": "rh", "ensemble": "r1i1p1f1", "model": "A",
           "units": "g yr-1", "value": 4e16}
    pd.DataFrame([row]).to_csv(path, index=False)
    series = read_cmip6_global(path)
    assert series.iloc[0].to_dict() == {"model": "A", "member": "r1i1p1f1", "year": 1990,
                                        "variable": "HR", "total": 40.0}
    pd.DataFrame([row | {"units": "kg yr-1"}]).to_csv(path, index=False)
    with pytest.raises(DataError, match="kg yr-1"):
        read_cmip6_global(path)
    pd.DataFrame([row | {"variable": "nbp"}]).to_csv(path, index=False)
    with pytest.raises(DataError, match="nbp"):
        read_cmip6_global(path)
    with pytest.raises(DataError, match="does not exist"):
        read_cmip6_global(tmp_path / "none.csv")


def input_path(name):
    """Path of a real input, or skip the test."""
    if not access.is_available([name]):
        pytest.skip(f"{name} is not at hand")
    return access.locate(name).path


@pytest.mark.real
@pytest.mark.parametrize("model", HR_TOTALS)
def test_real_testbed_totals(model):
    """HR totals as published files give them, before and after regridding."""
    output = read_testbed(input_path(declared_models()["at_hand"][model]["input"]), model)
    total = float(model_total(output, "HR"))
    assert total == pytest.approx(HR_TOTALS[model], rel=0.005)
    new = conservative(output)
    assert float(model_total(new, "HR")) == pytest.approx(total, rel=1e-9)


@pytest.mark.real
def test_real_isimip_means():
    """1982-2010 means of the four models that the paper also has."""
    series = read_isimip_global(input_path("isimip_global_rh"))
    means = series[series["year"].between(1982, 2010)].groupby("model")["total"].mean()
    expected = {"LPJ-GUESS": 45.9, "ORCHIDEE": 39.1, "VEGAS": 53.0, "VISIT": 55.2}
    assert means[list(expected)].to_dict() == pytest.approx(expected, rel=0.005)


@pytest.mark.real
@pytest.mark.parametrize(("name", "variable"), [("rh", "HR"), ("npp", "NPP"), ("gpp", "GPP")])
def test_real_cmip6_series(name, variable):
    """15 to 17 models, every total plausible."""
    series = read_cmip6_global(input_path(f"cmip6_global_{name}"))
    assert set(series["variable"]) == {variable}
    assert 15 <= series["model"].nunique() <= 17
