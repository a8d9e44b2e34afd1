"""Publishing the outputs of a run, and checks of the committed notebooks."""

import base64
import json
import tempfile
from pathlib import Path

import nbformat
import pytest
from made_project import SETTINGS, SOURCE, execute, make_project, shown, stream
from nbformat.v4 import new_output

from soilresp.book import publish as module
from soilresp.book.publish import check_outputs, check_pairs, publish
from soilresp.errors import DataError
from soilresp.io import lock

PNG = base64.b64encode(bytes(range(60))).decode()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project as the current one."""
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    return make_project(tmp_path)


def published(project):
    """Publish the run and read the committed notebook."""
    publish("runs/a")
    return nbformat.read(project / "notebooks" / "01_first.ipynb", as_version=4)


def test_outputs_are_taken_and_the_run_is_left_behind(project):
    """The committed notebook has the source's cells, the outputs, and nothing of papermill."""
    notebook = published(project)
    assert [cell.source for cell in notebook.cells] == ["# First", "run = None", "1 + 1"]
    assert notebook.cells[2].outputs[0].data == {"text/plain": "2"}
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2]
    assert notebook.cells[2].outputs[0].execution_count == 2
    assert notebook.cells[1].metadata == {"tags": ["parameters"]}
    assert notebook.cells[0].metadata == notebook.cells[2].metadata == {}
    assert set(notebook.metadata) <= {"kernelspec", "jupytext", "language_info"}
    assert notebook.metadata.language_info == {"name": "python"}
    assert check_pairs() == check_outputs() == ["01_first"]


def test_publishing_twice_changes_nothing(project):
    """The bytes are the same, and end in one newline."""
    published(project)
    first = (project / "notebooks" / "01_first.ipynb").read_bytes()
    published(project)
    assert (project / "notebooks" / "01_first.ipynb").read_bytes() == first
    assert first.endswith(b"}\n") and not first.endswith(b"\n\n")


def test_settings_and_totals_are_recorded(project):
    """In published.json, and between the markers of the README alone."""
    published(project)
    record = json.loads((project / "notebooks" / "published.json").read_text())
    assert record["settings"] == SETTINGS and set(record["code_cells"]) == {"01_first"}
    text = (project / "README.md").read_text()
    assert text.startswith("# Title\n<!-- results -->\nProfile `quick` (2 runs of 3 trees)")
    assert "SR                80.0" in text and "old" not in text
    assert text.endswith("```\n<!-- /results -->\nEnd\n")


def test_a_run_in_use_is_refused(project):
    """Nothing is changed while another process has the run."""
    with lock.hold(project / "runs" / "a", "soilresp run"), pytest.raises(DataError):
        publish("runs/a")
    assert not (project / "notebooks" / "published.json").exists()


@pytest.mark.parametrize(
    "output",
    [
        stream("slow", name="stderr"),
        stream("10%\r20%\r"),
        shown(**{"application/vnd.jupyter.widget-view+json": {}}),
        shown(**{"image/svg+xml": "<svg/>", "image/png": PNG}),
        new_output("error", ename="ValueError", evalue="no"),
        *(
            kind for folder in (Path.home(), Path(tempfile.gettempdir()))
            for kind in (stream(f"{folder}/x.nc"), shown(**{"text/html": f"<b>{folder}</b>"}))
        ),
    ],
)
def test_outputs_that_must_not_be_committed(project, output):
    """Warnings, progress bars, widgets, other pictures than PNG, errors and paths are refused."""
    before = (project / "notebooks" / "01_first.ipynb").read_bytes()
    execute(project, [output])
    with pytest.raises(DataError, match="01_first, cell 3"):
        publish("runs/a")
    assert (project / "notebooks" / "01_first.ipynb").read_bytes() == before


def test_an_edited_source_is_refused(project):
    """Outputs of other cells are not published, and found when the edit comes later."""
    source, notebook = project / "notebooks" / "01_first.py", project / "notebooks/01_first.ipynb"
    published(project)
    notebook.write_text(notebook.read_text().replace("1 + 1", "1 + 2"))
    with pytest.raises(DataError, match="01_first"):
        check_outputs()
    source.write_text(SOURCE.replace("1 + 1", "1 + 2"))
    with pytest.raises(DataError, match="01_first"):
        publish("runs/a")


def test_every_notebook_and_a_run_are_needed(project):
    """What is missing is named; pairs that differ or lack a file as well."""
    (project / "notebooks" / "02_second.py").write_text(SOURCE)
    with pytest.raises(DataError, match="02_second.ipynb"):
        publish("runs/a")
    with pytest.raises(DataError, match="runs/c"):
        publish("runs/c")
    source = project / "notebooks" / "01_first.py"
    source.write_text(SOURCE.replace("# # First", "# # Primary"))
    with pytest.raises(DataError, match="(?s)01_first: .*02_second: 02_second.ipynb"):
        check_pairs()


@pytest.mark.parametrize("fault", ["large", "order", "kernel"])
def test_faults_of_committed_notebooks(project, monkeypatch, fault):
    """A large notebook, one executed out of order and one of another kernel are named."""
    notebook = published(project)
    if fault == "large":
        monkeypatch.setattr(module, "LARGEST_NOTEBOOK", 100)
    elif fault == "order":
        notebook.cells[2].execution_count = 7
    else:
        notebook.metadata.kernelspec["name"] = "other"
    nbformat.write(notebook, project / "notebooks" / "01_first.ipynb")
    with pytest.raises(DataError, match="01_first"):
        check_outputs()


def test_committed_notebooks_are_clean_and_current():
    """Pairs agree; outputs are clean, of field records, and of the cells beside them."""
    assert check_pairs() == check_outputs()
    record = json.loads((Path(__file__).parents[2] / "notebooks/published.json").read_text())
    assert record["settings"]["observations"] == "srdb"
    assert list(record["code_cells"]) == check_pairs()
