"""The command `soilresp score`, from files to scorecard."""

import json

import numpy as np
import pytest
import xarray as xr
from made_benchmark import as_model, made_benchmark

from soilresp import cli

YEARS = (1990, 1991)
SECONDS = 365 * 86400


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A benchmark, and a model of 1.1 times its HR as annual values of two years."""
    folder = tmp_path_factory.mktemp("score")
    benchmark = made_benchmark()
    benchmark.to_netcdf(folder / "benchmark.nc")
    write_model(folder / "Made_S2_rh.nc", 1.1 * as_model(benchmark, ("HR",))["HR"])
    return folder, benchmark


def write_model(path, field, name="rh", roll=0):
    """Write annual values as TRENDY has them: kg m-2 s-1 of land, south to north, 0-360 E."""
    field = field.transpose("lat", "lon")
    lon = field["lon"].values % 360
    order = np.argsort(lon)
    values = np.roll(field.values, roll, axis=1)[::-1, order] / 1000 / SECONDS
    time = xr.DataArray([(y - 1901) * 365 + 182.5 for y in YEARS], dims="time", attrs={
        "units": "days since 1901-01-01", "calendar": "noleap"})
    stored = xr.Dataset(
        {name: (("time", "lat", "lon"), np.stack([0.9 * values, 1.1 * values]).astype("f4"),
                {"units": "kg m-2 s-1", "_FillValue": -99999.0})},
        {"time": time, "lat": ("lat", field["lat"].values[::-1], {"units": "degrees_north"}),
         "lon": ("lon", lon[order], {"units": "degrees_east"})},
    )
    stored.to_netcdf(path)
    return path


def call(capsys, *arguments):
    """Exit code, output and errors of one call."""
    with pytest.raises(SystemExit) as leave:
        cli.main(["score", *map(str, arguments)])
    return leave.value.code or 0, *capsys.readouterr()


def test_a_file_is_scored_without_questions(files, tmp_path, capsys):
    """Variable, units, grid and years are found out; the total is 1.1 times the benchmark's."""
    folder, benchmark = files
    code, said, errors = call(capsys, folder / "Made_S2_rh.nc", "--benchmark",
                              folder / "benchmark.nc", "--out", tmp_path)
    assert code == 0, errors
    card = json.loads((tmp_path / "score.json").read_text())
    area = benchmark["cell_area"] * benchmark["vegetated_fraction"]
    truth = 1.1 * float((benchmark["HR"] * area).sum()) / 1e15
    assert card["totals"]["HR"] == pytest.approx(truth, rel=0.001)
    assert card["scores"]["HR"]["r"] == pytest.approx(1, abs=1e-4)
    assert card["annual"]["HR"]["max"] / card["annual"]["HR"]["min"] == pytest.approx(11 / 9)
    assert card["benchmark"]["file"] == "benchmark.nc" and len(card["benchmark"]["sha256"]) == 64
    assert f"{card['totals']['HR']:.2f}" in said and "scorecard.html" in said


def test_an_unusual_name_is_declared(files, tmp_path, capsys):
    """--var says what a variable is, --name what the model is called."""
    folder, benchmark = files
    odd = write_model(tmp_path / "output.nc", as_model(benchmark, ("HR",))["HR"], name="soilco2")
    code, said, errors = call(capsys, odd, "--var", "soilco2=HR", "--name", "Odd one",
                              "--benchmark", folder / "benchmark.nc", "--out", tmp_path / "o")
    assert code == 0, errors
    assert json.loads((tmp_path / "o/score.json").read_text())["name"] == "Odd one"


def test_a_folder_is_an_ensemble(files, tmp_path, capsys):
    """Two models in a folder: both are scored, and their mean."""
    folder, benchmark = files
    made = as_model(benchmark, ("HR",))["HR"]
    (tmp_path / "e").mkdir()
    for times in (1, 2):
        write_model(tmp_path / f"e/M{times}_S2_rh.nc", times * made)
    code, _, errors = call(capsys, tmp_path / "e", "--name", "two", "--benchmark",
                           folder / "benchmark.nc", "--out", tmp_path / "o")
    assert code == 0, errors
    card = json.loads((tmp_path / "o/score.json").read_text())
    totals = [m["total"] for m in card["members"]]
    assert card["name"] == "two" and totals[1] == pytest.approx(2 * totals[0], rel=1e-4)
    assert card["totals"]["HR"] == pytest.approx(np.mean(totals), rel=1e-4)


def test_a_map_shifted_by_half_the_globe_is_refused(files, tmp_path, capsys):
    """A map on the wrong half of the globe gives one clear message and no scorecard."""
    folder, benchmark = files
    shifted = write_model(
        tmp_path / "Shifted_S2_rh.nc", as_model(benchmark, ("HR",))["HR"], roll=360
    )
    code, _, errors = call(capsys, shifted, "--benchmark", folder / "benchmark.nc", "--out",
                           tmp_path / "o")
    assert code == 1 and "180" in errors and "Traceback" not in errors
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("arguments, words", [
    (["--var", "rh"], "is not NAME=FLUX"),
    (["--benchmark", "no.nc"], "no.nc"),
])
def test_wrong_options_are_named(files, tmp_path, capsys, arguments, words):
    """A malformed --var, or a benchmark that is not there, is told of in one line."""
    folder, _ = files
    code, _, errors = call(capsys, folder / "Made_S2_rh.nc", *arguments, "--out", tmp_path)
    assert code in (1, 2) and words in errors and errors.count("\n") == 1
