"""The command line: help, exit codes, messages, and results of each command."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import typer.main
import xarray as xr
import yaml
from made_benchmark import as_model, made_benchmark, write_model
from made_models import write

from soilresp import __version__, cli

RAIN = b"rain in mm\n"
RAIN_SHA256 = hashlib.sha256(RAIN).hexdigest()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with two inputs, an empty cache, a mirror, and one notebook."""
    for folder in ("notebooks", "data", "mirror"):
        (tmp_path / folder).mkdir()
    row = {"url": "https://example.org/file", "version": "1", "date": "2020", "licence": "CC0",
           "citation": "Someone (2020)", "verified": False}
    rows = {
        "rain": {**row, "what": "Rain", "path": "rain.txt", "sha256": RAIN_SHA256},
        "snow": {**row, "what": "Snow", "path": "snow.txt", "sha256": None,
                 "tested_sha256": "f" * 64},
        "page": {**row, "what": "Page", "path": "page.txt", "sha256": "e" * 64, "landing": True},
    }
    (tmp_path / "data/registry.yaml").write_text(yaml.safe_dump({"entries": rows}))
    recipes = Path(__file__).parents[2] / "data/recipes.yaml"
    (tmp_path / "data/recipes.yaml").write_bytes(recipes.read_bytes())
    write_notebook(tmp_path, "print(n_runs)")
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SOILRESP_MIRROR", str(tmp_path / "mirror"))
    for name in ("SOILRESP_RUN", "SOILRESP_PROFILE", "SOILRESP_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write_notebook(project, *cells):
    """Write the notebook of the project."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {
        "name": "python3", "language": "python", "display_name": "Python 3",
    }
    parameters = nbformat.v4.new_code_cell(
        "profile = None\nrun = None\nn_runs = 3", metadata={"tags": ["parameters"]}
    )
    notebook.cells = [parameters, *map(nbformat.v4.new_code_cell, cells)]
    nbformat.write(notebook, project / "notebooks/01_first.ipynb")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A benchmark, and a model of 1.1 times its HR as annual values of two years."""
    folder = tmp_path_factory.mktemp("score")
    benchmark = made_benchmark()
    benchmark.to_netcdf(folder / "benchmark.nc")
    write_model(folder / "Made_S2_rh.nc", 1.1 * as_model(benchmark, ("HR",))["HR"])
    return folder, benchmark


def call(capsys, *arguments):
    """Return exit code, output and errors of one call."""
    with pytest.raises(SystemExit) as leave:
        cli.main(list(map(str, arguments)))
    return leave.value.code or 0, *capsys.readouterr()


# ---------------------------------------------------------------- help and errors


def test_version(capsys):
    """The version is that of the package."""
    assert call(capsys, "--version") == (0, f"soilresp {__version__}\n", "")


def test_help_loads_nothing_heavy():
    """The help imports neither numpy nor papermill."""
    code = (
        "import sys\nfrom soilresp import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('numpy', 'xarray', 'papermill', 'pooch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def commands():
    """Return the words of every command and group."""
    root = typer.main.get_command(cli.app)
    for name, command in root.commands.items():
        yield (name,)
        yield from ((name, part) for part in getattr(command, "commands", ()))


@pytest.mark.parametrize("words", [(), *commands()], ids=" ".join)
def test_help_is_whole(capsys, monkeypatch, words):
    """Each help fits 80 columns, the first one 24 lines, and no sentence is cut off."""
    monkeypatch.setenv("COLUMNS", "80")
    code, said, _ = call(capsys, *words, "--help")
    lines = said.splitlines()
    assert code == 0 and max(map(len, lines)) <= 80
    listed = [x for x in said.partition("Commands:")[2].splitlines() if x[:2] == "  " != x[:3]]
    assert not [line for line in listed if line.endswith("...")]
    if not words:
        assert len(lines) <= 24
        assert [line.split()[0] for line in listed[:10]] == [c for c in cli.COMMANDS if c != "test"]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("covariates", "build", "--recipe", "merra2", "--input", "merra2=/not/there", "--out",
          "c.nc"), "/not/there"),
        (("predict", "no.csv"), "no.csv"),
        (("export", "--run", "none"), "none"),
    ],
)
def test_missing_files_leave_with_1(capsys, arguments, name):
    """A file that does not exist gives one message that names it."""
    code, _, err = call(capsys, *arguments)
    assert code == 1 and name in err and err.startswith("error: ") and "Traceback" not in err


@pytest.mark.parametrize(
    "arguments", [("run",), ("book",), ("sweep", "s.yml"), ("study", "twins"), ("study", "search")]
)
def test_commands_that_need_the_repository(tmp_path, capsys, monkeypatch, arguments):
    """Outside of a clone they give one message that names the variable to set."""
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (1, "") and "SOILRESP_HOME" in err and err.count("\n") == 1


def test_missing_extra(project, capsys, monkeypatch):
    """A package that is not installed is named with the extra that brings it."""
    monkeypatch.setitem(sys.modules, "papermill", None)
    code, _, err = call(capsys, "run")
    assert code == 1 and "papermill" in err and "soilresp[study]" in err


def test_debug_shows_the_traceback(project, monkeypatch):
    """With SOILRESP_DEBUG=1 the exception itself comes through."""
    monkeypatch.setenv("SOILRESP_DEBUG", "1")
    with pytest.raises(cli.ParameterError):
        cli.main(["run", "--only", "09"])


# ---------------------------------------------------------------- data


def test_list(project, capsys):
    """Each input is listed with its place and the state of its address."""
    (project / "mirror/rain.txt").write_bytes(RAIN)
    code, out, _ = call(capsys, "data", "list")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()
            if line and line[0] != " "}
    assert code == 0
    assert rows["rain"] == ["mirror", "unverified", "Rain"]
    assert rows["snow"] == ["missing", "unverified", "Snow"]
    assert rows["page"] == ["missing", "by", "hand,", "unverified", "Page"]


def test_verify(project, capsys):
    """A rolling product may differ from the tested copy; a damaged file fails, after the others."""
    (project / "mirror/rain.txt").write_bytes(RAIN)
    (project / "mirror/snow.txt").write_bytes(b"snow\n")
    code, out, _ = call(capsys, "data", "verify")
    assert code == 0 and " ok " in out.splitlines()[0]
    assert [line.split("  ")[0] for line in out.splitlines()] == ["rain", "snow"]
    assert "rolling, not the tested copy" in out.splitlines()[1]
    (project / "mirror/rain.txt").write_bytes(b"other")
    code, out, err = call(capsys, "data", "verify")
    assert code == 1 and out.startswith("snow") and "rain" in err
    assert err.splitlines()[-1].startswith("error: 1 of 2")


def test_fetch(project, capsys):
    """Without inputs there is nothing to verify, and a page for people is not downloaded."""
    code, out, _ = call(capsys, "data", "verify")
    assert code == 0 and "soilresp data fetch" in out
    code, _, err = call(capsys, "data", "fetch", "page")
    assert code == 1 and "https://example.org/file" in err
    (project / "mirror/rain.txt").write_bytes(RAIN)
    (project / "mirror/snow.txt").write_bytes(b"snow\n")
    code, out, _ = call(capsys, "data", "fetch")
    assert code == 0 and not (project / "cache").exists()
    assert [line.split()[0] for line in out.splitlines()] == ["rain", "snow", "To"]
    assert out.splitlines()[-1].endswith("page")


# ---------------------------------------------------------------- covariates and models


def test_build_and_describe_covariates(tmp_path, capsys):
    """A cube is built, kept, and described the same from the file."""
    file = tmp_path / "cube.zarr"
    code, built, _ = call(
        capsys, "covariates", "build", "--recipe", "embedded", "--out", file,
        "-o", "par_fraction=0.5",
    )
    assert code == 0 and f"Written to {file}" in built
    code, described, _ = call(capsys, "covariates", "describe", file)
    assert code == 0
    assert "PAR_GS" in described and "MJ m-2" in described
    assert described.splitlines()[2:] == built.splitlines()[2 : len(described.splitlines())]


def test_list_and_read_models(tmp_path, capsys):
    """Files are counted by model; totals are printed, and the output is written."""
    area = write(tmp_path / "VEGAS_S3_rh.nc", {"rh": 500}, monthly=False, kind="ISBA", land=1)
    code, printed, _ = call(capsys, "models", "list", tmp_path)
    lines = {line.split()[0]: line for line in printed.splitlines() if line[:1].isalpha()}
    assert code == 0 and "1 files" in lines["VEGAS"] and "0 files" in lines["BEPS"]
    out = tmp_path / "out.nc"
    code, printed, _ = call(capsys, "models", "read", tmp_path, "--out", out)
    assert code == 0 and printed.startswith("VEGAS, 1982-1983")
    assert f"{500 * area.sum() / 1e15:.2f} Pg C yr-1" in printed
    with xr.open_dataset(out) as written:
        assert written["HR"].dims == ("year", "lat", "lon")
        assert written.sizes["lat"] == 360


# ---------------------------------------------------------------- score, predict, export


def test_score_a_file(files, tmp_path, capsys):
    """Variable, units, grid and years are recognised; the total is 1.1 times the benchmark's."""
    folder, benchmark = files
    code, said, errors = call(capsys, "score", folder / "Made_S2_rh.nc", "--benchmark",
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


@pytest.mark.slow
def test_score_an_ensemble_with_odd_names(files, tmp_path, capsys):
    """Two models in a folder, their variable declared: both are scored, and their mean."""
    folder, benchmark = files
    made = as_model(benchmark, ("HR",))["HR"]
    (tmp_path / "e").mkdir()
    for times in (1, 2):
        write_model(tmp_path / f"e/M{times}_S2_rh.nc", times * made, name="soilco2")
    code, _, errors = call(capsys, "score", tmp_path / "e", "--name", "two", "--var", "soilco2=HR",
                           "--benchmark", folder / "benchmark.nc", "--out", tmp_path / "o")
    assert code == 0, errors
    card = json.loads((tmp_path / "o/score.json").read_text())
    totals = [m["total"] for m in card["members"]]
    assert card["name"] == "two" and totals[1] == pytest.approx(2 * totals[0], rel=1e-4)
    assert card["totals"]["HR"] == pytest.approx(np.mean(totals), rel=1e-4)


def test_predict(files, tmp_path, capsys):
    """The CSV on the terminal and in a file has the values of the cells."""
    folder, benchmark = files
    sites, out = tmp_path / "sites.csv", tmp_path / "out.csv"
    sites.write_text("site,lat,lon\na,-3.1,-60.2\n")
    given = ("predict", sites, "--benchmark", folder / "benchmark.nc")
    code, said, _ = call(capsys, *given)
    call(capsys, *given, "--out", out)
    assert code == 0 and out.read_text() == said
    truth = float(benchmark["SR"].sel(lat=-3.25, lon=-60.25))
    assert pd.read_csv(out)["SR"].item() == pytest.approx(truth, rel=1e-5)


def test_export_of_the_shipped_benchmark(tmp_path, capsys):
    """Without a run folder the maps of the package are written."""
    code, said, err = call(capsys, "export", "--what", "climatology", "--out", tmp_path)
    assert code == 0, err
    with xr.open_dataset(said.strip()) as made:
        assert made["SR"].attrs["units"] == "g m-2 yr-1" and made["SR"].notnull().any()
