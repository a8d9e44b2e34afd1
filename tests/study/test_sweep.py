"""Many sets of parameters: how they are read, done side by side, and compared."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from soilresp.errors import DataError, ParameterError, SoilrespError
from soilresp.io import lock
from soilresp.study import provenance, sweep

ROOT = Path(__file__).resolve().parents[2]

PARAMETERS = "profile = None\nrun = None\nparts = 3\n"

TWO = """
recipe: embedded
observations: twin
grid: {parts: [0, 2]}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with two notebooks: one that divides by its number of runs, one that waits."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").symlink_to(ROOT / "data")
    write(tmp_path, "01_first", PARAMETERS, "# share\n6 / parts")
    write(tmp_path, "02_second", "run = None\nwait = 0\n", "import time\ntime.sleep(wait)")
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(Path(sweep.__file__).parents[2]))
    for name in ("SOILRESP_MIRROR", "SOILRESP_RUN", "SOILRESP_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(project, name, *cells):
    """A notebook whose first cell is tagged `parameters`."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {
        "name": "python3", "language": "python", "display_name": "Python 3",
    }
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    notebook.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, project / "notebooks" / f"{name}.ipynb")


def asked(project, text):
    """A file of parameter sets."""
    file = project / "tries.yml"
    file.write_text(text)
    return file


def test_grid_and_list(project):
    """Every combination of the grid, then the runs by themselves; what is common to all."""
    name, runs = sweep.read_sweep(asked(project, """
name: some
profile: standard
only: [01]
parameters: {parts: 5}
grid: {seed: [0, 1], parts: [2, 1e-3]}
runs:
  - {name: "last one!", recipe: embedded}
  - parameters: {parts: None}
"""))
    assert name == "some"
    assert [one.name for one in runs] == [
        "seed-0_parts-2", "seed-0_parts-0.001", "seed-1_parts-2", "seed-1_parts-0.001",
        "last-one", "run-2",
    ]
    assert [one.parameters["parts"] for one in runs] == [2, 0.001, 2, 0.001, 5, None]
    assert [one.settings["seed"] for one in runs] == [0, 0, 1, 1, 0, 0]
    assert {one.settings["profile"] for one in runs} == {"standard"}
    assert [one.settings["recipe"] for one in runs] == ["auto"] * 4 + ["embedded", "auto"]
    assert {one.only for one in runs} == {("01",)}


def test_names_of_runs_are_no_two_the_same(project):
    """Values that look alike as names of folders are told apart; without any there is one run."""
    _, runs = sweep.read_sweep(asked(project, "runs: [{name: a}, {name: a}, {name: 'a/'}]"))
    assert [one.name for one in runs] == ["a", "a-2", "a-3"]
    assert [one.name for one in sweep.read_sweep(asked(project, "seed: 3"))[1]] == ["run"]


@pytest.mark.parametrize(("text", "words"), [
    ("n_trees: 3", "unknown 'n_trees' in the file; known are name, profile, recipe"),
    ("[1]", "the file must hold names with values"),
    ("seed: -1", "run run: seed must be a whole number from 0 up, got -1"),
    ("profile: huge", "Unknown profile 'huge': choose one of quick"),
    ("recipe: mine", "Unknown recipe 'mine'"),
    ("parameters: {n_rums: 3}", "has a parameter 'n_rums'"),
    ("parameters: [1]", "parameters must hold names with values"),
    ("parameters: {run: x}", "set by the option --out"),
    ("only: [01]\nparameters: {wait: 3}", "None of 01_first has a parameter 'wait'"),
    ("only: 01", "only must be a list of notebooks"),
    ("only: ['07']", "no notebook '07'"),
    ("grid: {n_rums: [1]}", "grid has 'n_rums', which is neither a setting"),
    ("grid: {parts: 3}", "grid.parts must be a list"),
    ("grid: {parts: []}", "grid.parts must be a list"),
    ("grid: {seed: [0, x]}", "run seed-x: seed must be a whole number"),
    ("runs: 3", "runs must be a list"),
    ("runs: []", "asks for no run"),
    ("runs: [3]", "run 1 of runs must hold names"),
    ("runs: [{grid: {}}]", "unknown 'grid' in run 1 of runs"),
    ("parameters: {parts: 2020-01-01}", "holds a value that is neither text"),
    ("parameters: {parts: .nan}", "holds a value that is neither text"),
    ("parameters: &all {parts: *all}", "holds a value that is neither text"),
    ("only: [true]", "no notebook 'True'"),
    ("name: a/b", "name 'a/b' cannot name a folder"),
])
def test_slips_are_refused_before_the_first_run(project, text, words):
    """With the file, the name and what there is instead; nothing is made."""
    with pytest.raises(ParameterError) as error:
        sweep.run_sweep(asked(project, text))
    assert words in str(error.value)
    assert "tries.yml" in str(error.value) or "no notebook" in words
    assert not (project / "runs").exists()


@pytest.mark.parametrize("text", ["a: [", "\ta: 1", None])
def test_files_that_are_no_yaml(project, text):
    """Neither a broken file nor a missing one gets anywhere."""
    file = project / "none.yml" if text is None else asked(project, text)
    with pytest.raises(DataError, match="none.yml cannot be read|tries.yml is not YAML"):
        sweep.run_sweep(file)


def test_table_has_what_differs_and_what_came_out():
    """Settings that are the same in all runs, and columns without a value, are left out."""
    runs = [
        sweep.One("a", {"seed": 0, "recipe": "delta"}, {"n_trees": 5}),
        sweep.One("b", {"seed": 0, "recipe": "delta"}, {"n_trees": 9, "box": [1, 2]}),
    ]
    summary = {
        "records": {"SR": 10, "HR": 4}, "AR_SR": 0.4,
        "flux": {"SR": {"total": 80.123}, "HR": {"total": 50.0}, "AR": {"total": 30.123}},
        "validation": {"SR": {"oob": {"r2": 0.51234, "rmse": 321.456}}, "HR": {"oob": None}},
    }
    failure = {"notebook": "05_maps", "cell": 7, "line": "f(x | y)", "what": "ValueError: no"}
    table = sweep.compare(runs, {
        "a": {"summary": summary, "failure": None}, "b": {"summary": None, "failure": failure},
    })
    assert list(table) == [
        "run", "n_trees", "box", "records_SR", "records_HR", "SR", "HR", "AR", "AR_SR",
        "SR_r2_oob", "SR_rmse_oob", "status",
    ]
    assert table["SR"][0] == 80.123 and pd.isna(table["SR"][1])
    assert sweep.markdown(table).splitlines()[2:] == [
        "| a | 5 |  | 10 | 4 | 80.12 | 50.0 | 30.12 | 0.4000 | 0.5123 | 321.5 | done |",
        "| b | 9 | [1, 2] |  |  |  |  |  |  |  |  | "
        r"05_maps, cell 7 (`f(x \| y)`): ValueError: no |",
    ]


@pytest.mark.slow
def test_a_failing_run_does_not_stop_the_others(project, capsys):
    """It is named with notebook and cell; what is done is left out the next time, and said."""
    file = asked(project, TWO)
    with pytest.raises(SoilrespError) as error:
        sweep.run_sweep(file)
    assert str(error.value) == (
        "1 of 2 runs failed:\n  parts-0: 01_first, cell 2 (`6 / parts`): "
        "ZeroDivisionError: division by zero"
    )
    said = capsys.readouterr().out
    assert "parts-2: ran 01, 02 (never executed)" in said and "parts-0: ran 01 " in said
    folder = project / "runs/sweep-tries"
    first = {f.name: f.read_bytes() for f in folder.glob("sweep.*")}
    assert set(first) == {"sweep.csv", "sweep.json", "sweep.md"}
    assert str(project) not in "".join(content.decode() for content in first.values())
    told = json.loads(first["sweep.json"])["runs"]
    assert told["parts-2"]["failure"] is None and told["parts-0"]["failure"]["cell"] == 2

    # Another number of workers, another folder: the same table. Mended: that one runs alone.
    with pytest.raises(SoilrespError, match="1 of 2 runs failed"):
        sweep.run_sweep(file, workers=1, out="elsewhere")
    assert {f.name: f.read_bytes() for f in (project / "elsewhere").glob("sweep.*")} == first
    write(project, "01_first", PARAMETERS, "parts + 1")
    capsys.readouterr()
    table = sweep.run_sweep(file)
    said = capsys.readouterr().out
    assert "parts-2: ran 01 (its cells changed); up to date 02" in said
    assert "parts-0: ran 01 (it failed the last time), 02 (never executed)" in said or (
        "parts-0: ran 01 (it failed the last time); ran 02 (never executed)" in said
    )
    assert table["status"].tolist() == ["done", "done"]
    before = (folder / "sweep.json").read_bytes()
    sweep.run_sweep(file)
    assert capsys.readouterr().out.count("up to date 01, 02\n") == 2
    assert (folder / "sweep.json").read_bytes() == before


def test_a_folder_in_use_is_refused(project):
    """Two sweeps into one folder at once: the second is told of the first."""
    with lock.hold(project / "runs/sweep-tries", "soilresp sweep"):
        with pytest.raises(DataError, match=f"in use by process {os.getpid()} .soilresp sweep"):
            sweep.run_sweep(asked(project, TWO))


@pytest.mark.slow
def test_runs_of_a_killed_sweep_end_and_it_resumes(project):
    """SIGKILL for the sweep alone: its runs do not go on, and their folders become free."""
    file = asked(project, """
recipe: embedded
observations: twin
grid: {wait: [300]}
""")
    process = subprocess.Popen(
        [sys.executable, "-m", "soilresp.cli", "sweep", file], cwd=project,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    folder = project / "runs/sweep-tries/wait-300"
    until = time.monotonic() + 120
    while "01_first" not in provenance.read(folder)["notebooks"]:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.3)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while True:
        try:
            with lock.hold(folder, "test"):
                break
        except DataError:
            assert time.monotonic() < until
            time.sleep(0.3)
    write(project, "02_second", "run = None\nwait = 0\n", "'at once'")
    assert sweep.run_sweep(file)["status"].tolist() == ["done"]
    record = provenance.read(folder)["notebooks"]
    assert record["01_first"]["why"] == "never executed"
    assert not list((folder / "notebooks").glob(".*"))


def test_the_example_of_the_book_is_a_sweep():
    """Six runs, all of known parameters."""
    _, runs = sweep.read_sweep(ROOT / "book/sweep_example.yml")
    assert [one.name for one in runs] == [
        "n_trees-10_draw-area", "n_trees-10_draw-record", "n_trees-20_draw-area",
        "n_trees-20_draw-record", "other-seed", "more-runs",
    ]
