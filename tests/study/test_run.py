"""The batch runner, on notebooks of a few lines."""

import json
import os
import platform
import sys
from pathlib import Path

import nbformat
import pytest

from soilresp.errors import DataError, ParameterError, SoilrespError
from soilresp.io import lock
from soilresp.io.files import sha256
from soilresp.study import provenance, run

FIRST = """
profile = None
run = None
n_runs = 3
"""

SECOND = """
run = None
n_trees = 5
"""


def write_notebook(path, parameters, *cells):
    """Write a notebook: a cell tagged `parameters`, then others."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {
        "name": "python3", "language": "python", "display_name": "Python 3",
    }
    first = nbformat.v4.new_code_cell(parameters.strip(), metadata={"tags": ["parameters"]})
    notebook.cells = [first, *map(nbformat.v4.new_code_cell, cells)]
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose notebooks note their parameters in a file of the run folder."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").symlink_to(Path(__file__).resolve().parents[2] / "data")
    note = (
        "import json, os, sys\n"
        "with open(os.path.join(run, 'notes.jsonl'), 'a') as file:\n"
        "    file.write(json.dumps([{name!r}, {value}, sys.executable, os.getcwd()]) + '\\n')"
    )
    write_notebook(tmp_path / "notebooks/02_second.ipynb", SECOND,
                   note.format(name="second", value="n_trees"))
    write_notebook(tmp_path / "notebooks/01_first.ipynb", FIRST,
                   note.format(name="first", value="n_runs"), "print(profile)")
    (tmp_path / "notebooks/scratch.ipynb").write_text("not a notebook of the study")
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "cache"))
    for name in ("SOILRESP_MIRROR", "SOILRESP_RUN", "SOILRESP_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def notes(folder):
    """What the notebooks noted: name, parameter, interpreter, working directory."""
    return [json.loads(line) for line in (folder / "notes.jsonl").read_text().splitlines()]


def test_notebooks_come_in_order(project):
    """Numbered notebooks, by number; others in the folder are not part of the study."""
    assert [f.name for f in run.notebooks()] == ["01_first.ipynb", "02_second.ipynb"]


@pytest.mark.parametrize(
    "name", ["02", "02_second", "02_second.ipynb", "notebooks/02_second.ipynb"]
)
def test_only_takes_number_name_or_file(project, name):
    """One notebook is chosen by any of its names."""
    assert [f.stem for f in run.notebooks([name])] == ["02_second"]


def test_only_keeps_the_order_of_the_study(project):
    """The order is that of the numbers, not that of the asking."""
    assert [f.stem for f in run.notebooks(["02", "01"])] == ["01_first", "02_second"]


@pytest.mark.parametrize("name", ["03", "0", "02_sec", "scratch", ""])
def test_unknown_notebook_is_refused(project, name):
    """The message lists the notebooks that there are."""
    with pytest.raises(ParameterError, match="choose from 01_first, 02_second"):
        run.notebooks([name])


def test_a_notebook_follows_what_it_needs():
    """The comparison takes predictions of the validation, the budget the uncertainties of 12."""
    files = [Path(f"{n}.ipynb") for n in ("01_data_selection", "07_tem_intercomparison",
                                          "08_other", "09_validation")]
    assert [f.stem for f in run._by_need(files)] == [
        "01_data_selection", "09_validation", "07_tem_intercomparison", "08_other"
    ]
    assert run._by_need(files[1:2]) == files[1:2]
    files = [Path("06_carbon_budget.ipynb"), Path("12_uncertainty.ipynb")]
    assert run._by_need(files) == files[::-1]


def test_project_without_notebooks(project):
    """An empty folder is an error of the data, not an empty run."""
    for file in (project / "notebooks").glob("0*"):
        file.unlink()
    with pytest.raises(DataError, match="holds no notebooks"):
        run.notebooks()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=3", 3), ("a=0.5", 0.5), ("a=1e-3", 0.001), ("a=-2E5", -200000.0), ("a=true", True),
        ("a=null", None), ("a=None", None), ("a=", None), ("a=[1, x]", [1, "x"]),
        ("a={b: 2}", {"b": 2}), ("a=x=y", "x=y"), ("a='3'", "3"), (" a = word ", "word"),
        ("a=e5", "e5"),
    ],
)
def test_values_are_yaml(text, expected):
    """Numbers, truth values, nothing, lists and mappings keep their type."""
    value = run.parse_parameters([text])["a"]
    assert value == expected and type(value) is type(expected)


@pytest.mark.parametrize("text", ["a", "=3", "a b=3", "1a=3", "a=[1"])
def test_malformed_parameter_is_refused(text):
    """Without a name, an equals sign or a value that can be read, nothing is run."""
    with pytest.raises(ParameterError):
        run.parse_parameters([text])


def test_parameters_of_notebooks_are_known(project):
    """The cell tagged `parameters` says which there are."""
    assert run.known_parameters(run.notebooks()) == {
        "01_first": {"profile", "run", "n_runs"}, "02_second": {"run", "n_trees"},
    }


def test_unknown_parameter_is_refused(project):
    """A slip in a name stops the run before it starts, and the known names are listed."""
    with pytest.raises(ParameterError, match="parameter 'n_tress': known are n_runs, n_trees"):
        run.run_study(parameters={"n_tress": 9})
    assert not (project / "runs").exists()


def test_parameter_must_be_of_a_chosen_notebook(project):
    """With `only`, a parameter of another notebook would have no effect: refused."""
    with pytest.raises(ParameterError, match="None of 02_second has a parameter 'n_runs'"):
        run.run_study(only=["02"], parameters={"n_runs": 9})


@pytest.mark.parametrize(("name", "option"), [("profile", "--profile"), ("run", "--out")])
def test_own_parameters_have_options(project, name, option):
    """What the runner sets itself cannot be set behind its back."""
    with pytest.raises(ParameterError, match=f"set by the option {option}"):
        run.run_study(parameters={name: "x"})


def test_execute(project, capsys):
    """Each notebook runs in order, in its folder, by this interpreter, with its values."""
    folder = project / "runs/a"
    values = {"profile": "quick", "run": str(folder), "n_runs": 7}
    folder.mkdir(parents=True)
    executed = run.execute(run.notebooks(), folder / "notebooks", values)

    where = str(project / "notebooks")
    assert notes(folder) == [["first", 7, sys.executable, where],
                             ["second", 5, sys.executable, where]]
    assert executed == [folder / "notebooks/01_first.ipynb", folder / "notebooks/02_second.ipynb"]
    outputs = nbformat.read(executed[0], as_version=4).cells[-1].outputs
    assert outputs[0].text == "quick\n"
    source = nbformat.read(project / "notebooks/01_first.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in source.cells)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[1/2] 01_first ..." and lines[1].startswith("[1/2] 01_first took ")
    assert len(lines) == 4
    assert "JUPYTER_PATH" not in os.environ


def test_whole_run(project, capsys):
    """Settings are settled and told, notebooks run, and the summary stands at the end."""
    summary = run.run_study(
        recipe="embedded", observations="twin", out="runs/a", parameters={"n_trees": 9}, seed=4
    )
    folder = project / "runs/a"
    assert [note[:2] for note in notes(folder)] == [["first", 3], ["second", 9]]
    assert json.loads((folder / "results/summary.json").read_text()) == summary
    assert (summary["profile"], summary["recipe"], summary["observations"], summary["seed"]) == (
        "quick", "embedded", "twin", 4
    )
    out = capsys.readouterr().out
    for part in ("twin experiment", "[2/2] 02_second took", "\nSR ", "\nHR ", "\nAR ",
                 str(folder / "results"), str(folder / "notebooks")):
        assert part in out


def test_only_keeps_the_settings_of_the_run(project):
    """A single notebook in an old run folder goes by what that folder was made with."""
    run.run_study(recipe="embedded", observations="twin", out="runs/a", seed=4)
    summary = run.run_study(only=["01"], out="runs/a")
    assert (summary["observations"], summary["seed"]) == ("twin", 4)
    assert [note[0] for note in notes(project / "runs/a")] == ["first", "second", "first"]


def test_notebook_can_write_its_progress(project):
    """A long loop in a notebook reports to the runner, not into the notebook."""
    write_notebook(
        project / "notebooks/02_second.ipynb", SECOND,
        "from soilresp.io.progress import track\nfor item in track([1, 2], 'Runs'):\n    pass",
        "import os\nprint(open(os.environ['SOILRESP_PROGRESS']).read())",
    )
    executed = run.execute(run.notebooks(["02"]), project / "runs/a/notebooks", {})
    cells = nbformat.read(executed[0], as_version=4).cells
    assert [cell.outputs for cell in cells[:-1]] == [[], []]
    assert cells[-1].outputs[0].text == "Runs: 2 of 2\n"
    assert "SOILRESP_PROGRESS" not in os.environ


def test_foreign_kernel_does_not_step_in(project, monkeypatch, tmp_path):
    """A "python3" kernel installed elsewhere, as in a user's home, is not taken."""
    foreign = tmp_path / "jupyter/kernels/python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text(json.dumps(
        {"argv": ["/nonexistent/python", "-f", "{connection_file}"], "display_name": "Foreign",
         "language": "python"}
    ))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    folder = project / "runs/a"
    folder.mkdir(parents=True)
    run.execute(run.notebooks(["02"]), folder / "notebooks", {"run": str(folder)})
    assert notes(folder)[0][2] == sys.executable
    assert os.environ["JUPYTER_PATH"] == str(tmp_path / "jupyter")


def test_failing_notebook_stops_the_run(project):
    """The error names notebook, cell, reason and executed copy; later notebooks do not run."""
    write_notebook(project / "notebooks/01_first.ipynb", FIRST, "# why\n1 / (n_runs - 3)")
    folder = project / "runs/a"
    with pytest.raises(run.NotebookError) as error:
        run.execute(run.notebooks(), folder / "notebooks", {"run": str(folder)})
    message = str(error.value)
    assert isinstance(error.value, SoilrespError)
    assert message.startswith(
        "Notebook 01_first stopped in cell 2 (`1 / (n_runs - 3)`): "
        "ZeroDivisionError: division by zero\n"
    )
    assert [f.name for f in (folder / "notebooks").iterdir()] == ["01_first.failed.ipynb"]
    assert str(folder / "notebooks/01_first.failed.ipynb") in message
    assert "ZeroDivisionError" in (folder / "notebooks/01_first.failed.ipynb").read_text()
    record = provenance.read(folder)["notebooks"]["01_first"]
    assert record["status"] == "failed" and record["error"] == {
        "notebook": "01_first", "cell": 2, "line": "1 / (n_runs - 3)",
        "what": "ZeroDivisionError: division by zero",
    }


def test_a_failure_leaves_the_earlier_copy(project):
    """What went well once stays until it goes well again, and then the failed copy goes."""
    target = project / "runs/a/notebooks/02_second.ipynb"
    execute = [run.notebooks(["02"]), target.parent]
    (project / "runs/a").mkdir(parents=True)
    good = {"run": str(project / "runs/a")}
    run.execute(*execute, good)
    whole = target.read_bytes()
    with pytest.raises(run.NotebookError, match="in cell 2"):
        run.execute(*execute, {"run": "/nowhere"})
    assert target.read_bytes() == whole
    run.execute(*execute, good)
    assert [f.name for f in target.parent.iterdir()] == ["02_second.ipynb"]


def test_killed_kernel_is_told(project):
    """A kernel that is killed, as for want of memory, gives a clear error too."""
    write_notebook(project / "notebooks/02_second.ipynb", SECOND,
                   "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(run.NotebookError, match=r"in cell 2 \(`import os, .*its kernel died"):
        run.execute(run.notebooks(["02"]), project / "runs/a/notebooks", {})


def test_provenance_of_a_notebook(project, monkeypatch):
    """Parameters, versions, commit, time, memory; no path and no name of the machine."""
    settings = {"recipe": "embedded", "observations": "twin", "out": "runs/a", "seed": 4}
    run.run_study(parameters={"n_trees": 9}, **settings)
    text = (project / "runs/a/provenance.json").read_text()
    records = json.loads(text)["notebooks"]
    assert list(records) == ["01_first", "02_second"]
    second = records["02_second"]
    assert second["parameters"] == {"n_trees": 9} and second["status"] == "done"
    assert (second["profile"], second["recipe"], second["observations"], second["seed"]) == (
        "quick", "embedded", "twin", 4
    )
    assert second["versions"]["python"] == platform.python_version()
    assert set(second["git"]) == {"commit", "changed"}
    assert second["wall_seconds"] > 0 and second["cpu_seconds"] > 0
    assert 20 < second["peak_memory_mb"] < 2000
    assert second["executed"] == sha256(project / "runs/a/notebooks/02_second.ipynb")
    assert str(project) not in text and platform.node() not in text


def test_up_to_date_notebooks_are_left_out(project, capsys):
    """With `changed`: only what changed runs, and the reason is told."""
    settings = {"recipe": "embedded", "observations": "twin", "out": "runs/a", "changed": True}

    def ran(**more):
        capsys.readouterr()
        run.run_study(**settings, **more)
        return [line for line in capsys.readouterr().out.splitlines()
                if line.startswith("[") and " took " not in line]

    assert ran() == ["[1/2] 01_first ... (never executed)", "[2/2] 02_second ... (never executed)"]
    assert ran() == ["[1/2] 01_first is up to date", "[2/2] 02_second is up to date"]
    assert ran(parameters={"n_trees": 9}) == [
        "[1/2] 01_first is up to date", "[2/2] 02_second ... (parameter n_trees default -> 9)"
    ]
    # Outputs are none of the cells' business, words are.
    file = project / "notebooks/01_first.ipynb"
    notebook = nbformat.read(file, as_version=4)
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="x")]
    nbformat.write(notebook, file)
    assert ran(parameters={"n_trees": 9})[0] == "[1/2] 01_first is up to date"
    notebook.cells.append(nbformat.v4.new_markdown_cell("More words"))
    nbformat.write(notebook, file)
    assert ran(parameters={"n_trees": 9}) == [
        "[1/2] 01_first ... (its cells changed)", "[2/2] 02_second is up to date"
    ]
    (project / "runs/a/notebooks/02_second.ipynb").write_text("{}")
    (project / "runs/a/notebooks/01_first.ipynb").unlink()
    assert ran(parameters={"n_trees": 9}) == [
        "[1/2] 01_first ... (its executed copy is missing)",
        "[2/2] 02_second ... (its executed copy was changed)",
    ]
    assert ran(parameters={"n_trees": 9}, seed=5) == [
        "[1/2] 01_first ... (seed 0 -> 5)", "[2/2] 02_second ... (seed 0 -> 5)"
    ]


def test_two_runs_into_one_folder(project):
    """The second is refused at once, with the process that has the folder; nothing is touched."""
    with lock.hold(project / "runs/a", "soilresp run"):
        with pytest.raises(DataError, match=f"in use by process {os.getpid()} .soilresp run, sin"):
            run.run_study(recipe="embedded", observations="twin", out="runs/a")
        assert [f.name for f in (project / "runs/a").iterdir()] == [".lock"]
