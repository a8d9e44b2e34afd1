"""What results were made from, and what an edit of the code makes anew."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soilresp.study.code import Code, own_code

import soilresp
from soilresp.io import fetch as access
from soilresp.io import paths
from soilresp.io.files import sha256
from soilresp.scoring.benchmark import load_benchmark
from soilresp.study import chapters as workflow
from soilresp.study import provenance
from soilresp.study import stage as stages
from soilresp.study.settings import resolve_settings


def test_differences_in_words():
    """What was, and what is; what is no more counts as well."""
    had = {"seed": 0, "settings": {"n_runs": 10, "gone": 1, "same": [1]}, "code": {"a.py": "1"},
           "data": {"recipes.yaml": "1"}, "needs": {"01_data_selection": "1"}, "version": "0.1"}
    have = {"seed": 1, "settings": {"n_runs": None, "same": [1]}, "code": {"b.py": "1"},
            "data": {"recipes.yaml": "2"}, "needs": {"01_data_selection": "2"}, "version": "0.2"}
    assert provenance.differences(had, have) == [
        'version "0.1" -> "0.2"', "seed 0 -> 1", "setting n_runs 10 -> default",
        "setting gone 1 -> default", "data/recipes.yaml changed", "the code of a.py changed",
        "the code of b.py changed", "results of 01_data_selection changed",
    ]
    assert provenance.differences(had, had) == []


@given(st.dictionaries(st.text(max_size=5), st.integers()),
       st.dictionaries(st.text(max_size=5), st.integers()))
def test_as_many_words_as_differences(had, have):
    """One for each setting that is another."""
    said = provenance.differences({"settings": had}, {"settings": have})
    assert len(said) == sum(had.get(k) != have.get(k) for k in {*had, *have})


@pytest.mark.parametrize(("function", "named"), [
    ("data.embedded.load_embedded", {"embedded.nc"}),
    ("compare.paper.literature", {"literature_totals.csv"}),
    ("workflow.searching._search", {"study/search.csv", "study/search.json"}),
    ("workflow.budgeting._budget", {"paper_values.yaml"}),
    ("prepare.quality.checks.check_records", {
        "natural_earth/shapefiles/natural_earth/cultural/ne_50m_admin_0_countries.dbf"
    }),
    ("grid.cell_area", set()),
])
def test_committed_data_that_code_names(function, named):
    """Found by their names in the code that is reached, each with its checksum."""
    module, _, name = function.rpartition(".")
    closure = own_code().of_function(f"soilresp.{module}", name)
    found = provenance.committed_data(closure)
    assert named <= set(found) and (named or not found)
    for file, digest in found.items():
        assert sha256(paths.data_dir() / file).startswith(digest)


def test_the_benchmark_counts_where_it_is_read():
    """It is made from a run: naming it is not reading it."""
    closure = own_code().of_function("soilresp.study.chapters.c01_selection", "_selection")
    assert "scoring/benchmark.py" in closure.modules
    assert not any("benchmark" in file for file in provenance.committed_data(closure))
    name = "data/benchmark/soilresp_benchmark_0p5deg.nc"
    with access.note_inputs() as noted:
        load_benchmark()
    assert list(noted) == [name] and provenance.changed_inputs(noted) == []
    other = {name: {**noted[name], "size": 1, "sha256": "0"}}
    assert provenance.changed_inputs(other) == [f"input {name} changed"]


def test_file_of_a_run(tmp_path):
    """Records of notebooks and stages by name; a damaged file counts as none."""
    assert provenance.read(tmp_path) == {"notebooks": {}, "stages": {}}
    provenance.note(tmp_path, "stages", "b", {"why": "never made"})
    provenance.note(tmp_path, "stages", "a", {"why": "x"})
    provenance.note(tmp_path, "notebooks", "b", {"status": "done"})
    assert list(provenance.read(tmp_path)["stages"]) == ["a", "b"]
    (tmp_path / "provenance.json").write_text("{")
    assert provenance.read(tmp_path) == {"notebooks": {}, "stages": {}}


def test_use_goes_to_the_runner_if_there_is_one(tmp_path, monkeypatch):
    """Lines of JSON; one that is cut short is left out."""
    monkeypatch.delenv(provenance.USE_VARIABLE, raising=False)
    assert not provenance.note_use(stage="a")
    file = tmp_path / "use"
    assert provenance.uses(file) == []
    monkeypatch.setenv(provenance.USE_VARIABLE, str(file))
    assert provenance.note_use(stage="a") and provenance.note_use(stage="b")
    with file.open("a") as stream:
        stream.write('{"stage": ')
    assert provenance.uses(file) == [{"stage": "a"}, {"stage": "b"}]


def test_commit_of_this_project():
    """A hash and whether files differ; nothing where there is no git."""
    told = provenance.commit()
    assert told["commit"] is None or (len(told["commit"]) == 40 and told["changed"] in (0, 1))


@pytest.fixture
def edit(tmp_path, monkeypatch):
    """Change a file of a copy of the package, and let stages be judged by the copy."""
    folder = tmp_path / "soilresp"
    shutil.copytree(Path(soilresp.__file__).parent, folder,
                    ignore=shutil.ignore_patterns("__pycache__"))

    def change(file, old, new):
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        code = Code(folder)
        monkeypatch.setattr(stages, "own_code", lambda: code)
        stages._closure_of.cache_clear()

    yield change
    stages._closure_of.cache_clear()


@pytest.mark.slow
def test_an_edit_makes_anew_what_depends_on_it_and_nothing_else(tmp_path, monkeypatch, edit):
    """Selection and covariates of a twin: words, figures, and code that one of them reaches."""
    use = tmp_path / "use"
    for name in ("SOILRESP_MIRROR", "SOILRESP_RUN", "SOILRESP_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(provenance.USE_VARIABLE, str(use))
    study = resolve_settings(tmp_path / "run", "quick", "embedded", "twin")

    def made():
        use.unlink(missing_ok=True)
        workflow.selection(study)
        workflow.assembly(study)
        return {u["stage"]: u["why"] for u in provenance.uses(use) if u["why"]}

    both = {"01_data_selection": "never made", "02_covariate_assembly": "never made"}
    assert made() == both
    assert made() == {}
    edit("records/selection.py", "def select_records(", "# Which records?\ndef select_records(")
    edit("plot/style.py", "import ", "LIGHT = 1\nimport ")
    edit("scoring/maps.py", "def score_model(", "def score_model(_more=1, *, ")
    edit("covariates/strata.py", "import ", "LEFT_OVER = 1\nimport ")
    assert made() == {}
    # The records come out the same: the covariates are not touched.
    edit("records/twin.py", "def sample(", "def sample(_more=1, *, ")
    assert made() == {"01_data_selection": "the code of records/twin.py changed"}
    edit("covariates/cube.py", "def describe(", "def describe(_more=1, *, ")
    assert made() == {"02_covariate_assembly": "the code of covariates/cube.py changed"}
    told = json.loads((study.run / "provenance.json").read_text())["stages"]
    assert told["01_data_selection"]["why"] == "the code of records/twin.py changed"
