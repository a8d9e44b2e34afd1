"""The book: pairs of notebooks, committed outputs, the build."""

import base64
import json
import shutil
import tempfile
from pathlib import Path

import jupytext
import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_output

from soilresp.book import build as book
from soilresp.book.published import stale
from soilresp.errors import DataError
from soilresp.io import lock
from soilresp.study import freshness, provenance
from soilresp.study.settings import PROFILES, Study

TWIN = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # First

# %% tags=["parameters"]
run = None

# %%
1 + 1
"""

PNG = base64.b64encode(bytes(range(60))).decode()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one pair of notebooks and a run that executed it."""
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    (tmp_path / "data").mkdir()
    for name in ("registry.yaml", "paper_values.yaml"):
        shutil.copy(Path(__file__).parents[2] / "data" / name, tmp_path / "data")
    (tmp_path / "README.md").write_text("# Title\n<!-- results -->\nold\n<!-- /results -->\nEnd\n")
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    (notebooks / "01_first.py").write_text(TWIN)
    pair = jupytext.reads(TWIN, fmt="py:percent")
    jupytext.write(pair, notebooks / "01_first.ipynb", fmt="ipynb")
    execute(tmp_path)
    return tmp_path


def execute(project, outputs=None):
    """Leave in runs/a what a run leaves: outputs, records of the run, injected parameters."""
    notebook = nbformat.read(project / "notebooks" / "01_first.ipynb", as_version=4)
    outputs = [new_output("execute_result", {"text/plain": "2"})] if outputs is None else outputs
    notebook.cells[-1].outputs = outputs
    notebook.cells[-1].execution_count = 17
    for cell in notebook.cells:
        cell.metadata["papermill"] = {"duration": 0.1}
        cell.metadata.setdefault("tags", [])
    injected = new_code_cell("# Parameters\nrun = 'runs/a'\n")
    injected.metadata["tags"] = ["injected-parameters"]
    notebook.cells.insert(2, injected)
    notebook.metadata["papermill"] = {"output_path": "somewhere"}
    notebook.metadata["widgets"] = {"state": {}}
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
    executed = project / "runs" / "a" / "notebooks"
    executed.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, executed / "01_first.ipynb")
    flux = {"total": 80.0, "annual_min": None, "annual_max": None}
    summary = {
        "profile": "quick", "n_runs": 2, "n_trees": 3, "recipe": "embedded", "observations": "srdb",
        "truth": None, "flux": {"SR": flux, "HR": flux, "AR": flux}, "AR_SR": 0.5,
        "records": {"SR": 3336, "HR": 666},
    }
    run = project / "runs" / "a"
    (run / "results").mkdir(exist_ok=True)
    (run / "results" / "summary.json").write_text(json.dumps(summary))
    settings = {"profile": "quick", "recipe": "embedded", "observations": "srdb", "seed": 0}
    (run / "study.json").write_text(json.dumps(settings))
    note(project)


def note(project):
    """Leave the record of an execution that went well."""
    study = Study(project / "runs" / "a", PROFILES["quick"], "embedded", "srdb")
    file = project / "notebooks" / "01_first.ipynb"
    executed = study.run / "notebooks" / "01_first.ipynb"
    made = {"status": "done", "executed": provenance.checksum(executed)}
    made |= freshness.used([], study)
    took = dict.fromkeys(("wall_seconds", "cpu_seconds", "peak_memory_mb"), 1.0)
    record = freshness.record(file, {}, study) | made | took
    provenance.note(study.run, "notebooks", "01_first", record)


def stream(text, name="stdout"):
    """A printed output."""
    return new_output("stream", name=name, text=text)


def shown(**data):
    """A displayed output; ``image_png`` stands for ``image/png``."""
    return new_output("display_data", {kind.replace("_", "/"): data[kind] for kind in data})


def published(project):
    """Publish the run and read the committed notebook."""
    book.publish("runs/a")
    return nbformat.read(project / "notebooks" / "01_first.ipynb", as_version=4)


def test_publish_takes_outputs_and_leaves_the_run_behind(project):
    """The committed notebook has the twin's cells, the outputs, and nothing of papermill."""
    notebook = published(project)
    assert [cell.source for cell in notebook.cells] == ["# First", "run = None", "1 + 1"]
    assert notebook.cells[2].outputs[0].data == {"text/plain": "2"}
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2]
    assert notebook.cells[2].outputs[0].execution_count == 2
    assert notebook.cells[1].metadata == {"tags": ["parameters"]}
    assert notebook.cells[0].metadata == notebook.cells[2].metadata == {}
    assert set(notebook.metadata) <= {"kernelspec", "jupytext", "language_info"}
    assert notebook.metadata.language_info == {"name": "python"}
    assert book.check_pairs() == ["01_first"]


def test_publish_twice_changes_nothing(project):
    """Publishing is idempotent, to the byte."""
    published(project)
    first = (project / "notebooks" / "01_first.ipynb").read_bytes()
    published(project)
    assert (project / "notebooks" / "01_first.ipynb").read_bytes() == first


def test_publish_notes_what_the_notebooks_are_from(project):
    """Hashes of cells, code and outputs, and the settings; nothing is stale right after it."""
    published(project)
    told = json.loads((project / "notebooks" / "published.json").read_text())
    assert told["settings"]["observations"] == "srdb"
    assert set(told["notebooks"]) == {"01_first"}
    assert stale(["01_first"]) == {}
    file = project / "notebooks" / "01_first.ipynb"
    file.write_text(file.read_text().replace('"2"', '"3"'))
    assert stale(["01_first"]) == {"01_first": ["its outputs are not those that were published"]}
    twin = project / "notebooks" / "01_first.py"
    twin.write_text(TWIN.replace("1 + 1", "from soilresp.grid.cells import cell_area\ncell_area([0])"))
    assert stale(["01_first", "02_next"])["01_first"][0] == "its cells changed"


def test_publish_refuses_a_run_that_is_out_of_date(project):
    """Code that changed since: the notebook, the reason and the command are named."""
    before = (project / "notebooks" / "01_first.ipynb").read_bytes()
    provenance.note(project / "runs" / "a", "notebooks", "01_first", {
        **provenance.read(project / "runs" / "a")["notebooks"]["01_first"],
        "code": {"plot/maps.py": "0"},
    })
    with pytest.raises(DataError) as error:
        book.publish("runs/a")
    assert str(error.value) == (
        "The run in runs/a is out of date:\n  01_first: the code of plot/maps.py changed\n"
        "Make it anew with `soilresp run --changed --out runs/a --profile quick "
        "--recipe embedded --observations srdb --seed 0`."
    )
    (project / "runs" / "a" / "provenance.json").unlink()
    with pytest.raises(DataError, match="01_first: never executed"):
        book.publish("runs/a")
    assert (project / "notebooks" / "01_first.ipynb").read_bytes() == before


@pytest.mark.parametrize("folder", ["runs/a", "notebooks"])
def test_publish_waits_for_nobody(project, folder):
    """While the run is at work, or another publishes: refused, and nothing is changed."""
    with lock.hold(project / folder, "soilresp run"):
        with pytest.raises(DataError, match=f"{folder} is in use by process"):
            book.publish("runs/a")
    assert not (project / "notebooks" / "published.json").exists()


def test_publish_tells_the_readme_the_totals(project):
    """The totals of the run stand between the markers, and nothing else has changed."""
    published(project)
    text = (project / "README.md").read_text()
    assert text.startswith("# Title\n<!-- results -->\nProfile `quick` (2 runs of 3 trees)")
    assert "SR                80.0" in text and "old" not in text
    assert text.endswith("```\n<!-- /results -->\nEnd\n")


def test_publish_joins_what_is_printed_in_pieces(project):
    """Pieces of one stream become one output, so that a rerun gives the same notebook."""
    execute(project, [stream("a\n"), stream("b\n"), shown(image_png=PNG), stream("c\n")])
    outputs = published(project).cells[2].outputs
    assert [output.get("text") for output in outputs] == ["a\nb\n", None, "c\n"]


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (stream("slow", name="stderr"), "stderr"),
        (stream("10%\r20%\r"), "progress bar"),
        (shown(**{"application/vnd.jupyter.widget-view+json": {}}), "widget"),
        (shown(**{"image/svg+xml": "<svg/>", "image/png": PNG}), r"image/svg\+xml"),
        (new_output("error", ename="ValueError", evalue="no"), "ValueError: no"),
    ],
)
def test_publish_refuses_unfit_outputs(project, output, words):
    """Errors, warnings, progress bars, widgets and pictures other than PNG are refused."""
    before = (project / "notebooks" / "01_first.ipynb").read_bytes()
    execute(project, [output])
    with pytest.raises(DataError, match=f"01_first, cell 3.*{words}"):
        book.publish("runs/a")
    assert (project / "notebooks" / "01_first.ipynb").read_bytes() == before


@pytest.mark.parametrize("place", ["home", "project", "run", "temporary"])
def test_publish_refuses_paths_of_this_machine(project, place):
    """Neither print nor table may name the home, project, run or temporary folder."""
    folder = {
        "home": Path.home(),
        "project": project,
        "run": project / "runs" / "a",
        "temporary": Path(tempfile.gettempdir()),
    }[place]
    for output in (stream(f"read {folder}/x.nc"), shown(**{"text/html": f"<b>{folder}</b>"})):
        execute(project, [output])
        with pytest.raises(DataError, match="a path of this machine"):
            book.publish("runs/a")


def test_publish_is_not_fooled_by_pictures_and_relative_paths(project):
    """Base64 of a PNG may spell a path by chance, and a relative path is nobody's own."""
    temporary = tempfile.gettempdir()
    execute(project, [shown(image_png=f"{temporary}/{PNG}"), stream(f"runs{temporary}/x.nc\n")])
    assert len(published(project).cells[2].outputs) == 2


def test_publish_refuses_an_edited_twin(project):
    """Outputs of other cells than the twin's are not published."""
    twin = project / "notebooks" / "01_first.py"
    twin.write_text(TWIN.replace("1 + 1", "1 + 2"))
    with pytest.raises(DataError, match="edited after the run"):
        book.publish("runs/a")


def test_publish_needs_every_notebook(project):
    """A run that lacks a notebook is not published at all."""
    (project / "notebooks" / "02_second.py").write_text(TWIN)
    with pytest.raises(DataError, match="no executed 02_second.ipynb"):
        book.publish("runs/a")
    with pytest.raises(DataError, match="There is no run in runs/c"):
        book.publish("runs/c")


def test_check_pairs_names_what_differs(project):
    """A changed twin and a missing one are both named."""
    twin = project / "notebooks" / "01_first.py"
    (project / "notebooks" / "02_second.py").write_text(TWIN)
    twin.write_text(TWIN.replace("# # First", "# # Primary"))
    with pytest.raises(DataError, match="(?s)01_first: .*02_second: 02_second.ipynb is missing"):
        book.check_pairs()


@pytest.fixture
def small_book(project):
    """The project with the pages of a small book, and Markdown that is not of the book."""
    config = yaml.safe_load((Path(__file__).parents[2] / "_config.yml").read_text())
    del config["bibtex_bibfiles"], config["sphinx"]["config"]
    (project / "_config.yml").write_text(yaml.safe_dump(config))
    for folder in (".pytest_cache", ".venv", "runs/b", "src/x"):
        (project / folder).mkdir(parents=True)
        (project / folder / "README.md").write_text("# Not of the book\n")
    (project / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters: [{file: notebooks/01_first}]\n"
    )
    (project / "book").mkdir()
    (project / "book" / "intro.md").write_text("# Intro\n\n```{data-sources}\n```\n")
    return project


def test_build_shows_outputs_and_registry(small_book):
    """The pages hold the committed outputs and the inputs with their unverified links."""
    published(small_book)
    index = book.build()
    assert index == small_book / "_build" / "html" / "index.html"
    assert ">2<" in (index.parent / "notebooks" / "01_first.html").read_text().replace("\n", "")
    page = (index.parent / "book" / "intro.html").read_text()
    assert "srdb" in page
    assert "unverified" in page


def test_build_from_a_run_leaves_the_project_alone(small_book):
    """A run's book shows the run's outputs and parameters, inside the run's folder."""
    execute(small_book, [stream("of the run")])
    (small_book / "CHANGELOG.md").write_text("Notes of this version\n")
    with open(small_book / "book" / "intro.md", "a") as file:
        file.write("\n```{include} ../CHANGELOG.md\n```\n")
    before = (small_book / "notebooks" / "01_first.ipynb").read_bytes()
    index = book.build(run="runs/a")
    assert index == small_book / "runs" / "a" / "book" / "_build" / "html" / "index.html"
    page = (index.parent / "notebooks" / "01_first.html").read_text()
    assert "of the run" in page
    assert "Parameters of this run" in page
    assert "Notes of this version" in (index.parent / "book" / "intro.html").read_text()
    assert (small_book / "notebooks" / "01_first.ipynb").read_bytes() == before
    assert not (small_book / "_build").exists()


def test_build_fails_on_a_warning(small_book):
    """A reference to nowhere fails the build in one message, and passes when not strict."""
    (small_book / "book" / "intro.md").write_text("# Intro\n\n{numref}`nowhere`\n")
    with pytest.raises(DataError, match="(?s)could not be built.*WARNING.*nowhere.*log is"):
        book.build()
    assert book.build(strict=False).exists()


def test_committed_notebook_is_plain_json(project):
    """The file ends in a newline and holds no version of the interpreter."""
    published(project)
    text = (project / "notebooks" / "01_first.ipynb").read_text()
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    assert "3.11.7" not in json.dumps(json.loads(text))
