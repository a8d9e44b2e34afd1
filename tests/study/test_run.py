"""The batch runner, on notebooks of a few lines."""

import json
import os
import platform
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from made_notebooks import make_notebook_project, write_notebook

from soilresp.errors import DataError, ParameterError, SoilrespError
from soilresp.io import lock
from soilresp.io.files import sha256
from soilresp.study import provenance, run
from soilresp.study.settings import resolve_settings

FIRST = "profile = None\nrun = None\nn_runs = 3"
SECOND = "run = None\nn_trees = 5"
NOTE = (
    "import json, os, sys\n"
    "with open(os.path.join(run, 'notes.jsonl'), 'a') as file:\n"
    "    file.write(json.dumps([{name!r}, {value}, sys.executable, os.getcwd()]) + '\\n')"
)
TWIN = {"recipe": "embedded", "observations": "twin", "out": "runs/a"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose notebooks note their parameters in a file of the run folder."""
    make_notebook_project(tmp_path, monkeypatch, {
        "01_first": (FIRST, NOTE.format(name="first", value="n_runs"), "print(profile)"),
        "02_second": (SECOND, NOTE.format(name="second", value="n_trees")),
    })
    (tmp_path / "notebooks/scratch.ipynb").write_text("not a notebook of the study")
    return tmp_path


def execute(project, only=(), **values):
    """Execute notebooks in ``runs/a``."""
    study = resolve_settings("runs/a", "quick", "embedded", "twin")
    (project / "runs/a").mkdir(parents=True, exist_ok=True)
    return run.execute(run.notebooks(only), study, {"run": str(study.run), **values})


def notes(project):
    """Name, parameter, interpreter and working directory that the notebooks noted."""
    return [json.loads(x) for x in (project / "runs/a/notes.jsonl").read_text().splitlines()]


def test_notebooks_are_chosen_by_number_name_or_file(project):
    """Numbered notebooks in order, whatever the order of the names."""
    assert [f.stem for f in run.notebooks()] == ["01_first", "02_second"]
    for name in ("02", "02_second", "02_second.ipynb", "notebooks/02_second.ipynb"):
        assert [f.stem for f in run.notebooks([name])] == ["02_second"]
    assert [f.stem for f in run.notebooks(["02", "01"])] == ["01_first", "02_second"]


@pytest.mark.parametrize("name", ["03", "02_sec", "scratch", ""])
def test_unknown_notebook_is_refused(project, name):
    """The message lists the notebooks that there are."""
    with pytest.raises(ParameterError, match="01_first, 02_second"):
        run.notebooks([name])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=3", 3), ("a=1e-3", 0.001), ("a=-2E5", -200000.0), ("a=true", True), ("a=None", None),
        ("a=", None), ("a=[1, x]", [1, "x"]), ("a={b: 2}", {"b": 2}), ("a=x=y", "x=y"),
        ("a='3'", "3"), (" a = word ", "word"), ("a=e5", "e5"),
    ],
)
def test_values_are_yaml(text, expected):
    """Numbers, truth values, nothing, lists and mappings keep their type."""
    value = run.parse_parameters([text])["a"]
    assert value == expected and type(value) is type(expected)
    for malformed in ("a", "=3", "a b=3", "1a=3", "a=[1"):
        with pytest.raises(ParameterError):
            run.parse_parameters([malformed])


@pytest.mark.parametrize(("options", "words"), [
    ({"parameters": {"n_tress": 9}}, ["n_tress", "n_runs, n_trees"]),
    ({"parameters": {"n_runs": 9}, "only": ["02"]}, ["02_second", "n_runs"]),
    ({"parameters": {"profile": "x"}}, ["--profile"]),
    ({"parameters": {"run": "x"}}, ["--out"]),
    ({"workers": 2, "scheduler": "tcp://x"}, ["--workers"]),
])
def test_wrong_parameters_stop_the_run_before_it_starts(project, options, words):
    """Unknown names, those of another notebook, those with an option, and wrong values."""
    with pytest.raises(ParameterError) as error:
        run.run_study(**TWIN, **options)
    assert all(word in str(error.value) for word in words)
    assert not (project / "runs/a/notebooks").exists()


def test_whole_run(project):
    """Notebooks run in order, in their folder, by this interpreter; the summary is written."""
    _, summary = run.run_study(parameters={"n_trees": 9}, seed=4, **TWIN)
    folder, where = project / "runs/a", str(project / "notebooks")
    assert notes(project) == [["first", 3, sys.executable, where],
                              ["second", 9, sys.executable, where]]
    assert json.loads((folder / "results/summary.json").read_text()) == summary
    assert [summary[k] for k in ("profile", "recipe", "observations", "seed")] == [
        "quick", "embedded", "twin", 4
    ]
    executed = nbformat.read(folder / "notebooks/01_first.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text == "quick\n"
    source = nbformat.read(project / "notebooks/01_first.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in source.cells)
    assert not {"JUPYTER_PATH", provenance.USE_VARIABLE} & set(os.environ)
    assert {f.name for f in folder.iterdir()} == {
        "notebooks", "results", "study.json", "provenance.json", "notes.jsonl", ".lock"
    }
    text = (folder / "provenance.json").read_text()
    second = json.loads(text)["notebooks"]["02_second"]
    assert second["parameters"] == {"n_trees": 9} and second["status"] == "done"
    assert second["versions"]["python"] == platform.python_version()
    # A kernel that lives for less than the time between two samples has no peak memory.
    assert second["wall_seconds"] > 0 and 20 < (second["peak_memory_mb"] or 21) < 2000
    assert second["executed"] == sha256(folder / "notebooks/02_second.ipynb")
    assert str(project) not in text and platform.node() not in text
    with lock.hold(folder, "soilresp run"), pytest.raises(DataError, match="soilresp run"):
        run.run_study(**TWIN)


@pytest.mark.slow
def test_failing_notebook_stops_the_run(project):
    """The error has notebook, cell, line, reason and copy; an earlier copy stays until it is
    replaced."""
    earlier = project / "runs/a/notebooks/01_first.ipynb"
    earlier.parent.mkdir(parents=True)
    earlier.write_bytes((project / "notebooks/01_first.ipynb").read_bytes())
    whole = earlier.read_bytes()
    write_notebook(project / "notebooks/01_first.ipynb", FIRST, "# why\n1 / (n_runs - 3)")
    with pytest.raises(run.NotebookError) as error:
        execute(project)
    folder, facts = project / "runs/a/notebooks", {
        "notebook": "01_first", "cell": 2, "line": "1 / (n_runs - 3)",
        "what": "ZeroDivisionError: division by zero",
    }
    assert isinstance(error.value, SoilrespError) and error.value.facts == facts
    failed = folder / "01_first.failed.ipynb"
    for word in (*map(str, facts.values()), str(failed)):
        assert word in str(error.value)
    assert "ZeroDivisionError" in failed.read_text()
    assert (folder / "01_first.ipynb").read_bytes() == whole
    record = provenance.read(project / "runs/a")["notebooks"]["01_first"]
    assert record["status"] == "failed" and record["error"] == facts


@pytest.mark.slow
def test_up_to_date_notebooks_are_left_out(project, capsys):
    """With `changed`, only what changed runs, and the reason is printed."""
    def ran(**more):
        capsys.readouterr()
        run.run_study(**TWIN, changed=True, **more)
        lines = capsys.readouterr().out.splitlines()
        return [x[6:] for x in lines if x.startswith("[") and " took " not in x]

    assert ran() == ["01_first ... (never executed)", "02_second ... (never executed)"]
    assert ran() == ["01_first is up to date", "02_second is up to date"]
    more = {"parameters": {"n_trees": 9}}
    assert ran(**more) == [
        "01_first is up to date", "02_second ... (parameter n_trees default -> 9)"
    ]
    (project / "runs/a/notebooks/02_second.ipynb").write_text("{}")
    (project / "runs/a/notebooks/01_first.ipynb").unlink()
    assert ran(**more) == [
        "01_first ... (its executed copy is missing)",
        "02_second ... (its executed copy was changed)",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupted_run_ends_its_kernel(project, name):
    """Whatever ends the run: exit code 130, no process, no half copy, and the folder is free."""
    write_notebook(project / "notebooks/02_second.ipynb", SECOND,
                   "import os, time\nopen(os.path.join(run, 'pid'), 'w').write(str(os.getpid()))",
                   "time.sleep(300)")
    process = subprocess.Popen(
        [sys.executable, "-m", "soilresp.cli", "run", "--recipe", "embedded", "--observations",
         "twin", "--out", "runs/a"], cwd=project, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )
    pid, until = project / "runs/a/pid", time.monotonic() + 60
    while not (pid.exists() and pid.read_text()):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.1)
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    folder = project / "runs/a/notebooks"
    assert [f.name for f in folder.iterdir()] == ["01_first.ipynb"]
    with lock.hold(project / "runs/a", "test"):
        assert provenance.read(project / "runs/a")["notebooks"].keys() == {"01_first"}
