"""Sweeps: how parameter sets are read, run side by side, and compared."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from made_notebooks import make_notebook_project, write_notebook

from soilresp.errors import DataError, SoilrespError
from soilresp.io import lock
from soilresp.study import provenance, sweep

PARAMETERS = "profile = None\nrun = None\nparts = 3"
TWO = "recipe: embedded\nobservations: twin\nonly: [01]\ngrid: {parts: [0, 2]}"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with two notebooks: one that divides by a parameter, one that waits."""
    make_notebook_project(tmp_path, monkeypatch, {
        "01_first": (PARAMETERS, "import os", "# share\n6 / (parts or os.path.exists('../done'))"),
        "02_second": ("run = None\nwait = 0", "import time\ntime.sleep(wait)"),
    })
    return tmp_path


def write(project, text):
    """Write a file of parameter sets."""
    file = project / "tries.yml"
    file.write_text(text)
    return file


def test_sets_of_parameters(project):
    """A grid is every combination; single runs have what is their own; the rest is shared."""
    name, runs = sweep.read_sweep(write(project, """
name: my sweep
recipe: embedded
only: [01, "02"]
parameters: {wait: 1e-3}
grid: {seed: [0, 7], parts: [1, 2]}
runs:
  - {name: a slow one, parameters: {wait: 5}}
  - {profile: standard}
"""))
    assert name == "my-sweep"
    assert [one.name for one in runs] == [
        "seed-0_parts-1", "seed-0_parts-2", "seed-7_parts-1", "seed-7_parts-2", "a-slow-one",
        "run-2",
    ]
    assert runs[3] == sweep.SweepRun(
        "seed-7_parts-2",
        {"profile": "quick", "recipe": "embedded", "observations": "auto", "seed": 7},
        {"wait": 0.001, "parts": 2}, ("01", "02"),
    )
    assert runs[4].parameters == {"wait": 5} and runs[5].settings["profile"] == "standard"
    assert [one.name for one in sweep.read_sweep(write(project, "seed: 3"))[1]] == ["run"]


@pytest.mark.parametrize(("text", "words"), [
    ("n_trees: 3", "n_trees"), ("[1]", "tries.yml"), ("seed: -1", "seed"), ("seed: '3'", "seed"),
    ("profile: huge", "huge"), ("parameters: {n_rums: 3}", "n_rums"),
    ("parameters: {run: x}", "--out"), ("only: [01]\nparameters: {wait: 3}", "wait"),
    ("only: ['07']", "07"), ("grid: {n_rums: [1]}", "n_rums"), ("grid: {parts: 3}", "parts"),
    ("grid: {parts: []}", "parts"), ("grid: {seed: [0, x]}", "seed"), ("runs: [3]", "runs, 0"),
    ("parameters: {parts: 2020-01-01}", "parts"), ("runs: [{name: a}, {name: a/}]", "'a'"),
    ("a: [", "tries.yml"),
])
def test_faults_are_refused_before_the_first_run(project, text, words):
    """The message has the file, and the key or value at fault; nothing is made."""
    with pytest.raises(SoilrespError) as error:
        sweep.run_sweep(write(project, text))
    assert words in str(error.value)
    assert not (project / "runs").exists()


def test_table_has_what_differs_and_the_figures():
    """Settings that are the same in all runs, and columns without a value, are left out."""
    runs = [
        sweep.SweepRun("a", {"seed": 0, "recipe": "delta"}, {"n_trees": 5}),
        sweep.SweepRun("b", {"seed": 0, "recipe": "delta"}, {"n_trees": 9, "box": [1, 2]}),
    ]
    summary = {
        "records": {"SR": 10, "HR": 4}, "AR_SR": 0.4,
        "flux": {"SR": {"total": 80.123}, "HR": {"total": 50.0}, "AR": {"total": 30.123}},
        "validation": {"SR": {"oob": {"r2": 0.51234, "rmse": 321.456}}, "HR": {"oob": None}},
    }
    table = sweep.comparison(runs, [(summary, None), (None, "05_maps, cell 7 (`f(x | y)`): no")])
    assert list(table) == [
        "run", "n_trees", "box", "records_SR", "records_HR", "SR", "HR", "AR", "AR_SR",
        "SR_r2_oob", "SR_rmse_oob", "status",
    ]
    assert table["SR"][0] == 80.123 and pd.isna(table["SR"][1])
    assert sweep.markdown(table).splitlines()[2:] == [
        "| a | 5 |  | 10 | 4 | 80.12 | 50.0 | 30.12 | 0.4000 | 0.5123 | 321.5 | done |",
        r"| b | 9 | [1, 2] |  |  |  |  |  |  |  |  | 05_maps, cell 7 (`f(x \| y)`): no |",
    ]


@pytest.mark.slow
def test_a_failing_run_does_not_stop_the_others(project):
    """It is named with notebook and cell; what is finished is left out the next time."""
    file, folder = write(project, TWO), project / "runs/sweep-tries"
    failure = "parts-0: 01_first, cell 3 (`6 / (parts or os.path.exists('../done'))`): ZeroDiv"
    with pytest.raises(SoilrespError) as error:
        sweep.run_sweep(file)
    assert failure in str(error.value) and "parts-2" not in str(error.value)
    first = {f.name: f.read_bytes() for f in folder.glob("sweep.*")}
    assert set(first) == {"sweep.csv", "sweep.json", "sweep.md"}
    assert all(b"ZeroDivisionError" in content for content in first.values())
    assert not any(str(project).encode() in content for content in first.values())

    with lock.hold(folder, "soilresp sweep"), pytest.raises(DataError, match=str(os.getpid())):
        sweep.run_sweep(file)
    (project / "done").touch()
    assert sweep.run_sweep(file)["status"].tolist() == ["done", "done"]
    for name, why in (("parts-0", "it failed the last time"), ("parts-2", "never executed")):
        assert provenance.read(folder / name)["notebooks"]["01_first"]["why"] == why


@pytest.mark.slow
def test_runs_of_a_killed_sweep_end_and_it_resumes(project):
    """SIGKILL for the sweep alone: its runs end with it, and their folders become free."""
    file = write(project, "recipe: embedded\nobservations: twin\ngrid: {wait: [300]}")
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
    write_notebook(project / "notebooks/02_second.ipynb", "run = None\nwait = 0", "'at once'")
    assert sweep.run_sweep(file)["status"].tolist() == ["done"]
    assert provenance.read(folder)["notebooks"]["01_first"]["why"] == "never executed"
    assert not list((folder / "notebooks").glob(".*"))
