"""Reading models: every layout and quirk, on small synthetic files with totals by hand."""

import numpy as np
import pytest
import xarray as xr
from made_models import AMAZON, SAHARA, grid, land_cells, write

from soilresp.errors import DataError
from soilresp.grid.cells import rectilinear_area
from soilresp.io import fetch as access
from soilresp.models import read_model, read_steps
from soilresp.scoring.totals import model_total


def total(output, name):
    """Global total of a model, Pg C yr-1, mean of its years."""
    return float(model_total(output, name).mean())


SN, GAUSS = {"kind": "half S-N 0-360"}, {"kind": "Gaussian", "land": 90}
POLES = {"kind": "poles 0-360", "monthly": True}
SAMPLES = {
    "BEPS": ("raRoot", 120, {"S3_rh": ({"rh": 500}, {"fill": "-99999"}),
                             "S3_raRoot": ({"raRoot": 120}, {"fill": "-99999"})}),
    "CLASS-CTEM": ("share of roots", None, {
        "S1_monthly_rh": ({"rh": 500}, {"kind": "CLASSIC", "land": 0.8, "monthly": True}),
        "S1_monthly_ra": ({"ra": 800}, {"kind": "CLASSIC", "monthly": True})}),
    "CLM5.0": ("SR - HR", 200, {"Corrected_S2_rh": ({"rh": 500}, POLES | {"land": 0.9}),
                                "S2_SR": ({"SR": 700}, POLES)}),
    "CABLE": ("stay missing", None, {"-POP_S3_rh": ({"rh": 500}, GAUSS | {"time": "years"})}),
    "IBIS": ("stay missing", None, {"S3_rh": ({"rh": 500}, {
        "names": ("latitude", "longitude", "year"), "units": "gC m-2 yr-1", "time": "plain years",
        "fill": "0"})}),
    "LPX-Bern": ("stay missing", None, {
        "S2_rh": ({"rh": 500}, SN | {"time": "months"}),
        "S2_croot": ({"croot": 2000.0}, SN | {"time": "months", "units": "kg m-2"})}),
    "LPJ-GUESS": ("share of roots", None, {
        "S3_arh": ({"arh": 500}, {"units": "kg m-2 yr-1", "time": "years"}),
        "S3_ra": ({"ra": 800}, {"time": "months", "monthly": True})}),
    "ORCHIDEE": ("ra - raLeaf - raStem - raOther", 200, {
        "S2_rh": ({"rh": 500}, {"time": "standard"}),
        "S2_ra": ({"ra": 800, "raLeaf": 300, "raStem": 250, "raOther": 50},
                  {"time": "standard"})}),
    "VISIT": ("share of roots", None, {
        f"S3_{name}": ({name: value}, {"time": "absolute", "fill": "-99999"})
        for name, value in (("rh", 500), ("gpp", 1500), ("ra", 800))}),
    "VEGAS": ("stay missing", None, {
        "S3_rh": ({"rh": 500}, SN | {"time": "360_day", "units": "kg C m-2 s-1"})}),
}
"""Way to AR, AR (g C m-2 yr-1), and the end of each file's name with what is written to it."""


@pytest.mark.parametrize("model", SAMPLES)
def test_each_of_the_ten_by_hand(tmp_path, model):
    """HR of 500 g C m-2 yr-1 in two cells: their land area times that, on either grid."""
    how, ar, files = SAMPLES[model]
    areas = [
        write(tmp_path / f"{model}_{end}.nc".replace("_-", "-"), values,
              **{"monthly": False} | more)
        for end, (values, more) in files.items()
    ]
    expected = float(500 * areas[0].sum() / 1e15)
    own = read_model(tmp_path, regrid=False)
    assert own.attrs["adapter"] == own.attrs["model"] == model
    assert total(own, "HR") == pytest.approx(expected, rel=1e-6)
    output = read_model(tmp_path, model)
    assert total(output, "HR") == pytest.approx(expected, rel=1e-6)
    assert output["HR"].dims == ("year", "lat", "lon")
    assert output["lat"].values[[0, -1]].tolist() == [89.75, -89.75]
    assert how in output.attrs["how_ar"]
    if ar is not None:
        assert total(output, "AR") == pytest.approx(expected * ar / 500, rel=1e-6)
        assert total(output, "SR") == pytest.approx(expected * (ar + 500) / 500, rel=1e-6)
    assert ("SR" in output) == ("stay missing" not in how)


def test_npp_is_gpp_less_ra(tmp_path):
    """VISIT: 1500 - 800 = 700; a pool in lower case is read in kg m-2."""
    write(tmp_path / "VISIT_S3_gpp.nc", {"gpp": 1500}, monthly=False)
    write(tmp_path / "VISIT_S3_ra.nc", {"ra": 800}, monthly=False)
    write(tmp_path / "VISIT_S3_croot.nc", {"croot": 2000.0}, units="kg m-2", monthly=False)
    output = read_model(tmp_path)
    at = {"lat": AMAZON[0], "lon": AMAZON[1]}
    assert float(output["NPP"].sel(at).mean()) == pytest.approx(700)
    assert float(output["cRoot"].sel(at).mean()) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("kind", "fill"),
    [("half S-N 0-360", "-99999"), ("CLASSIC", "1e20"), ("ISBA", "0"), ("Gaussian", "none"),
     ("poles 0-360", "inf")],
)
def test_grids_and_fills(tmp_path, kind, fill):
    """Any order of rows and columns and any fill gives the same total."""
    area = write(tmp_path / "m.nc", {"rh": 500}, kind=kind, fill=fill, land=0.5, monthly=False)
    output = read_model(tmp_path / "m.nc")
    assert total(output, "HR") == pytest.approx(500 * area.sum() / 1e15, rel=1e-6)


@pytest.mark.parametrize(
    ("time", "units"),
    [("noleap", "kg m-2 s-1"), ("360_day", "g C m-2 day-1"), ("standard", "kg m-2 s-1"),
     ("months", "gC m-2 month-1"), ("years", "kg m-2 yr-1"), ("absolute", "kg m-2 s-1")],
)
def test_calendars_and_units(tmp_path, time, units):
    """500 g C m-2 in a year is that in every calendar and unit, months by their days."""
    write(tmp_path / "m.nc", {"rh": 500}, kind="poles 0-360", land=1, time=time, units=units)
    output = read_model(tmp_path / "m.nc", regrid=False)
    assert output["year"].values.tolist() == [1982, 1983]
    np.testing.assert_allclose(output["HR"].max(("lat", "lon")), 500, rtol=1e-6)


def test_months_count_by_their_days(tmp_path):
    """31 days at 1 and 334 at 0 g C m-2 d-1 are 31 g C m-2 in a year of 365 days."""
    path = tmp_path / "m.nc"
    write(path, {"rh": 365}, kind="poles 0-360", land=1, units="g m-2 day-1", last=1982)
    data = xr.load_dataset(path, decode_times=False)
    data["rh"][1:] *= 0
    data.to_netcdf(path)
    assert float(read_model(path, regrid=False)["HR"].max()) == pytest.approx(31)


def test_chunks_join_and_incomplete_years_go(tmp_path):
    """Two chunks that meet in December: whole years stay, the odd months of either end go."""
    folder = tmp_path / "chunks"
    folder.mkdir()
    whole = tmp_path / "whole.nc"
    write(whole, {"rh": 500}, kind="poles 0-360", time="360_day", first=1981, last=1985, land=1)
    data = xr.load_dataset(whole, decode_times=False)
    for start, stop in ((11, 35), (35, 59)):
        part = data.isel(time=slice(start, stop))
        part.to_netcdf(folder / f"rh_Lmon_HadGEM2-ES_historical_r1i1p1_{start:06}.nc")
    output = read_model(folder, regrid=False, period=None)
    assert output["year"].values.tolist() == [1982, 1983, 1984]
    assert float(output["HR"].max()) == pytest.approx(500)
    data.isel(time=slice(24, 36)).to_netcdf(folder / "rh_Lmon_HadGEM2-ES_historical_again.nc")
    with pytest.raises(DataError, match="198[345]"):
        read_model(folder, regrid=False, period=None)


def test_time_stamps_at_the_end_of_the_month(tmp_path):
    """Bounds say which month a stamp at its end belongs to."""
    path = tmp_path / "m.nc"
    write(path, {"rh": 500}, kind="poles 0-360", land=1, last=1982)
    data = xr.load_dataset(path, decode_times=False)
    edges = (1982 - 1700) * 365 + np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    data = data.assign_coords(time=("time", edges[1:], data["time"].attrs | {"bounds": "tb"}))
    data["tb"] = (("time", "nb"), np.stack([edges[:-1], edges[1:]], 1))
    data.to_netcdf(path)
    assert read_model(path, regrid=False)["year"].values.tolist() == [1982]


def test_cmip_needs_land_fraction(tmp_path):
    """Mean where land: refused without sftlf, and right with sftlf and areacella beside it."""
    name = "rh_Lmon_CanESM5_historical_r1i1p1f1_gn_198201-198312.nc"
    lat, lon = grid("Gaussian")
    rows, columns, area = land_cells(lat, lon)
    write(tmp_path / name, {"rh": 500}, kind="Gaussian", time="noleap",
          attrs={"cell_methods": "area: mean where land time: mean"})
    with pytest.raises(DataError, match="sftlf"):
        read_model(tmp_path / name)
    share = np.zeros((64, 128))
    share[rows, columns] = [100.0, 40.0]
    axes = {"lat": lat, "lon": lon}
    xr.Dataset({"sftlf": (("lat", "lon"), share, {"units": "%"})}, axes).to_netcdf(
        tmp_path / "sftlf_fx_CanESM5_historical_r1i1p1f1_gn.nc")
    output = read_model(tmp_path / name)
    expected = 500 * (area * [1, 0.4]).sum() / 1e15
    assert total(output, "HR") == pytest.approx(expected, rel=1e-6)
    assert output.attrs["adapter"] == "CMIP"
    whole = rectilinear_area(*(xr.DataArray(v, dims=k, coords={k: v}) for k, v in axes.items()))
    xr.Dataset({"areacella": (("lat", "lon"), whole.values * 0.995, {"units": "m2"})},
               axes).to_netcdf(tmp_path / "areacella_fx_CanESM5_historical_r1i1p1f1_gn.nc")
    assert total(read_model(tmp_path / name), "HR") == pytest.approx(expected * 0.995, rel=1e-6)


def test_cmip_soil_respiration(tmp_path):
    """SR = raRoot + rhSoil + rhLitter; without rhLitter it is refused."""
    more = {"kind": "poles 0-360", "time": "noleap"}
    end = "_CESM2_historical_r1i1p1f1_gn_198201-198312.nc"
    write(tmp_path / f"rhSoil_Emon{end}", {"rhSoil": 250}, land=50, **more)
    write(tmp_path / f"raRoot_Emon{end}", {"raRoot": 200}, **more)
    with pytest.raises(DataError, match="rhLitter"):
        read_model(tmp_path)
    area = write(tmp_path / f"rhLitter_Emon{end}", {"rhLitter": 230}, land=50, **more)
    output = read_model(tmp_path)
    assert total(output, "HR") == pytest.approx(480 * area.sum() / 1e15, rel=1e-6)
    assert total(output, "SR") == pytest.approx(680 * area.sum() / 1e15, rel=1e-6)
    write(tmp_path / f"rh_Lmon{end}", {"rh": 250}, **more)
    with pytest.raises(DataError, match="0.521"):
        read_model(tmp_path)


def test_masses_of_co2(tmp_path):
    """Said in the units, or declared of the model, it becomes carbon: 500 x 12.011 / 44.01."""
    carbon = 500 * 12.011 / 44.01
    write(tmp_path / "m.nc", {"rh": 500}, kind="ISBA", land=1, units="kgCO2 m-2 s-1")
    assert float(read_model(tmp_path / "m.nc")["HR"].max()) == pytest.approx(carbon)
    path = tmp_path / "rh_Lmon_CNRM-ESM2-1_historical_r1i1p1f2_gr_198201-198312.nc"
    write(path, {"rh": 500}, kind="ISBA", land=1)
    data = xr.load_dataset(path, decode_times=False).assign_attrs(source_id="CNRM-ESM2-1")
    data.to_netcdf(path)
    output = read_model(path)
    assert float(output["HR"].max()) == pytest.approx(carbon)
    assert "mass of CO2" in output.attrs["choices"]


def test_other_refusals(tmp_path):
    """Daily steps, and infinity on land."""
    with pytest.raises(DataError, match="1990"):
        read_steps(np.arange(365.0), "days since 1990-01-01")
    path = tmp_path / "m.nc"
    write(path, {"rh": 500}, kind="poles 0-360", land=1, monthly=False)
    data = xr.load_dataset(path, decode_times=False)
    rows, columns, _ = land_cells(*grid("poles 0-360"))
    data["rh"][0, rows[0], columns[0]] = np.inf
    data.to_netcdf(tmp_path / "inf.nc")
    with pytest.raises(DataError, match="rh .* 1 cells"):
        read_model(tmp_path / "inf.nc")


def test_names_given_by_the_user(tmp_path):
    """--var style names; others in the file are left alone."""
    write(tmp_path / "m.nc", {"resp": 500, "rh": 1.0}, kind="poles 0-360", land=1, monthly=False)
    output = read_model(tmp_path / "m.nc", variables={"resp": "HR"}, name="Mine")
    assert float(output["HR"].max()) == pytest.approx(500)
    assert output.attrs["model"] == "Mine" and output["HR"].attrs["made_from"] == "resp"


def test_a_mean_without_years(tmp_path):
    """A field without time is a mean, per second in a year of 365 days."""
    area = write(tmp_path / "m.nc", {"rh": 500}, kind="half N-S", time=None)
    output = read_model(tmp_path / "m.nc")
    assert output["HR"].dims == ("lat", "lon") and output.attrs["period"] == "mean"
    assert total(output, "HR") == pytest.approx(500 * area.sum() / 1e15, rel=1e-6)


def test_ground_of_a_flux(tmp_path):
    """Per m2 of the cell, and of vegetation on half of it: per m2 of land by their shares."""
    write(tmp_path / "c.nc", {"rh": 200}, kind="poles 0-360", land=0.5, monthly=False,
          attrs={"cell_methods": "time: mean area: mean"})
    assert float(read_model(tmp_path / "c.nc", regrid=False)["HR"].max()) == pytest.approx(400)
    write(tmp_path / "v.nc", {"HR": 200}, monthly=False, land=1.0, units="g m-2 yr-1")
    data = xr.load_dataset(tmp_path / "v.nc", decode_times=False)
    data["land_fraction"] = data["landfrac"]
    data["vegetated_fraction"] = data["landfrac"] * 0.5
    data.drop_vars("landfrac").to_netcdf(tmp_path / "w.nc")
    output = read_model(tmp_path / "w.nc")
    assert float(output["HR"].sel(lat=SAHARA[0], lon=SAHARA[1])[0]) == pytest.approx(100)
    assert "vegetated area" in output.attrs["choices"]


@pytest.mark.real
def test_real_hadgem_chunks():
    """Six chunks of 360-day years from December 1859: 145 whole years, without a total."""
    names = [f"hadgem2_rh_{y}12" for y in (1859, 1884, 1909, 1934, 1959, 1984)]
    if not access.is_available(names):
        pytest.skip("HadGEM2-ES is not at hand")
    paths = [access.locate(n).path for n in names]
    output = read_model(paths, period=None, regrid=False)
    assert output["year"].values[[0, -1]].tolist() == [1860, 2004]
    assert float(output["HR"].sel(lat=35, lon=0).mean()) == pytest.approx(25.81, abs=0.01)
    with pytest.raises(DataError, match="regrid=False"):
        read_model(paths, period=None)
