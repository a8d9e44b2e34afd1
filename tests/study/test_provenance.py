"""What results depend on, and which changes are noticed."""

import json
import shutil

import nbformat
import pytest

from soilresp.io import fetch as access
from soilresp.io import paths
from soilresp.io.files import sha256
from soilresp.scoring.benchmark import load_benchmark
from soilresp.study import chapters, provenance
from soilresp.study.chapters import known_stages
from soilresp.study.settings import resolve_settings


def test_code_of_a_module_follows_its_imports():
    """Modules that are imported at the top, in a function or through a package; no stages."""
    code = provenance.code_of_module("soilresp.study.chapters.c05_maps")
    assert {"study/chapters/c05_maps.py", "upscaling/maps.py", "grid/cells.py",
            "forest/trees.py", "study/chapters/common.py"} <= set(code)
    # Results of earlier stages count by their content, and how they are stored not at all.
    assert not {"study/chapters/c01_selection.py", "study/chapters/c03_search.py",
                "study/stage.py", "plot/style.py"} & set(code)
    assert provenance.code_of_module("json") == {}


def test_comments_and_docstrings_do_not_count(tmp_path, monkeypatch):
    """The hash is of what Python executes."""
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path)

    def code(text):
        (tmp_path / "one.py").write_text(text)
        provenance._module.cache_clear()
        return provenance.code_of_module("soilresp.one")

    plain = code("def f(x):\n    return x + 1\n")
    assert plain == code('"""Words."""\ndef f(x):\n    """Add."""\n    return x + 1  # more\n')
    assert plain != code("def f(x):\n    return x + 2\n")
    provenance._module.cache_clear()


@pytest.mark.slow
def test_an_edit_changes_what_imports_it_and_nothing_else(tmp_path, monkeypatch):
    """Selection and covariates of a twin, by a copy of the package that is edited."""
    package = tmp_path / "soilresp"
    shutil.copytree(paths.root() / "src/soilresp", package)
    monkeypatch.setattr(provenance, "_PACKAGE", package)
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path))
    monkeypatch.delenv("SOILRESP_MIRROR", raising=False)
    study = resolve_settings(tmp_path / "run", "quick", "embedded", "twin")

    def changes(file, line="LEFT = 1\n"):
        with open(package / file, "a") as stream:
            stream.write(line)
        provenance._module.cache_clear()
        return chapters.selection.changes(study), chapters.assembly.changes(study)

    provenance._module.cache_clear()
    chapters.assembly(study)
    assert changes("plot/style.py") == ([], [])
    assert changes("records/selection.py", "# A comment\n") == ([], [])
    why = "the code of records/twin.py changed"
    assert changes("records/twin.py") == ([why], [f"results of 01_data_selection: {why}"])
    # The records come out the same to the byte: the covariates hold.
    chapters.assembly(study)
    told = json.loads((tmp_path / "run/provenance.json").read_text())["stages"]
    assert told["01_data_selection"]["why"] == why
    assert told["02_covariate_assembly"]["why"] == "no stored result"
    provenance._module.cache_clear()


def test_data_files():
    """Files and patterns below ``data/`` with their checksums; a file that is missing counts."""
    found = provenance.data_files(("recipes.yaml", "study/search.*", "no.csv"))
    assert set(found) == {"recipes.yaml", "study/search.csv", "study/search.json", "no.csv"}
    assert sha256(paths.data_dir() / "recipes.yaml").startswith(found["recipes.yaml"])
    assert found["no.csv"] is None


def test_stages_name_data_files_that_exist():
    """Every stage of the study is known, and no name is misspelt."""
    known = known_stages()
    assert {s.name for s in chapters.STAGES} <= set(known)
    assert {"05_uncertainty", "05_applicability", "08_score_your_model"} <= set(known)
    for stage in known.values():
        assert None not in provenance.data_files(stage.data).values()


def test_differences():
    """What was, and what is, in the order of the facts."""
    had = {"seed": 0, "settings": {"n_runs": 10, "gone": 1, "same": [1]}, "code": {"a.py": "1"},
           "data": {"recipes.yaml": "1"}, "needs": {"01_data_selection": "1"}, "version": "0.1"}
    have = {"version": "0.2", "seed": 1, "settings": {"n_runs": None, "same": [1]},
            "data": {"recipes.yaml": "2"}, "code": {"b.py": "1"},
            "needs": {"01_data_selection": "2"}}
    assert provenance.differences(had, have) == [
        'version "0.1" -> "0.2"', "seed 0 -> 1", "setting n_runs 10 -> default",
        "setting gone 1 -> default", "data/recipes.yaml changed", "the code of a.py changed",
        "the code of b.py changed", "results of 01_data_selection changed",
    ]
    assert provenance.differences(had, had) == []


def test_the_benchmark_counts_where_it_is_read():
    """It is made from a run, and noted as an input by what reads it."""
    name = "data/benchmark/soilresp_benchmark_0p5deg.nc"
    with access.note_inputs() as noted:
        load_benchmark()
    assert list(noted) == [name] and provenance.changed_inputs(noted) == []
    other = {name: {**noted[name], "size": 1, "sha256": "0"}}
    assert provenance.changed_inputs(other) == [f"input {name} changed"]


def test_file_of_a_run(tmp_path):
    """Records of notebooks and stages by name; a damaged file counts as none."""
    assert provenance.read(tmp_path) == {"notebooks": {}, "stages": {}}
    for kind, name in (("stages", "b"), ("stages", "a"), ("notebooks", "b")):
        provenance.note(tmp_path, kind, name, {"why": "x"})
    found = provenance.read(tmp_path)
    assert list(found["stages"]) == ["a", "b"] and found["notebooks"] == {"b": {"why": "x"}}
    (tmp_path / "provenance.json").write_text("{")
    assert provenance.read(tmp_path) == {"notebooks": {}, "stages": {}}


def test_use_is_noted_in_a_batch_run(tmp_path, monkeypatch):
    """Lines of JSON; one that is cut short is left out."""
    monkeypatch.delenv(provenance.USE_VARIABLE, raising=False)
    provenance.note_use(stage="a")
    file = tmp_path / "use"
    assert not provenance.in_batch() and provenance.uses(file) == []
    monkeypatch.setenv(provenance.USE_VARIABLE, str(file))
    for stage in "ab":
        provenance.note_use(stage=stage)
    with file.open("a") as stream:
        stream.write('{"stage": ')
    assert provenance.uses(file) == [{"stage": "a"}, {"stage": "b"}]


def test_record_of_a_notebook(tmp_path):
    """It has the committed data that chapters show, but neither the registry nor the benchmark."""
    study = resolve_settings(tmp_path, "quick", "embedded", "twin")
    file = paths.notebooks_dir() / "01_data_selection.ipynb"
    record = provenance.notebook_record(file, {"run": "x", "rules": None}, study)
    assert record["parameters"] == {"rules": None}
    assert {"paper_values.yaml", "embedded.nc", "study/search.csv"} <= set(record["data"])
    assert not any("registry" in name or "benchmark" in name for name in record["data"])
    assert any(name.startswith("records/") for name in record["code"])


def test_source_of_a_notebook():
    """Cells and tags count, outputs do not; its code is what it names of a package."""
    def notebook(code, outputs=(), **metadata):
        cell = nbformat.v4.new_code_cell(code, metadata=metadata, outputs=list(outputs))
        return provenance.source_hash(nbformat.v4.new_notebook(cells=[cell]))

    output = nbformat.v4.new_output("stream", text="2")
    assert notebook("1 + 1") == notebook("1 + 1", [output])
    assert len({notebook("1 + 1"), notebook("1 + 2"), notebook("1 + 1", tags=["x"])}) == 3
    code = provenance.code_of_source(
        "from soilresp.study import chapters\nchapters.search_numbers(found)"
    )
    assert "study/chapters/c03_search.py" in code
    assert not {"study/chapters/c05_maps.py", "study/chapters/c01_selection.py"} & set(code)
