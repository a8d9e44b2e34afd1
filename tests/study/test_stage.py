"""When the results of a stage are used again, and when they are computed."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilresp.errors import DataError, ParameterError
from soilresp.io import fetch as access
from soilresp.io import registry
from soilresp.study import stage as stages
from soilresp.study.settings import PROFILES, Study
from soilresp.study.stage import Stage


@pytest.fixture
def study(tmp_path):
    """A study in an empty folder."""
    return Study(tmp_path, replace(PROFILES["quick"], n_runs=10), "embedded", "twin", 0)


def altered(study, **changes):
    """The same study with other choices."""
    return Study(**{**{f: getattr(study, f) for f in study.__dataclass_fields__}, **changes})


class Chain:
    """Two stages, numbers and their sum, and a log of which of them computed."""

    def __init__(self):
        self.log = []
        self.first = Stage("first", self._first)
        self.second = Stage("second", self._second, [self.first])

    def _first(self, study, needs, *, n_runs=None, add=0):
        """Numbers up to the number of runs."""
        self.log.append("first")
        rng = np.random.default_rng(study.seed)
        return {
            "table": pd.DataFrame({"x": np.arange(n_runs) + add, "noise": rng.normal(size=n_runs)}),
            "field": xr.Dataset({"x": ("i", np.arange(3.0) + add)}),
            "facts": {"n": n_runs, "inputs": {"file": "sha"}},
        }

    def _second(self, study, needs, *, factor=2):
        self.log.append("second")
        return {"total": {"sum": factor * int(needs["first"].table["x"].sum())}}


@pytest.fixture
def chain():
    return Chain()


def test_results_are_read_back_as_they_were_made(study, chain):
    """Tables, datasets and dictionaries, by attribute and by name; None is the profile's value."""
    made = chain.first(study)
    assert made.table["x"].tolist() == list(range(10))
    xr.testing.assert_identical(made["field"], xr.Dataset({"x": ("i", [0.0, 1.0, 2.0])}))
    assert made.facts == {"n": 10, "inputs": {"file": "sha"}}
    assert made.settings == {"n_runs": 10, "add": 0}
    assert "table" in made and "tables" not in made
    with pytest.raises(AttributeError, match="tables"):
        made.tables  # noqa: B018


def test_results_are_used_again(study, chain):
    """Nothing changed: nothing is computed, not even with a setting that says the same."""
    first = chain.second(study)
    again = chain.second(study)
    same = chain.first(study, n_runs=10, add=None)
    assert chain.log == ["first", "second"]
    assert again.key == first.key and same.settings["add"] == 0
    assert again.total == {"sum": 90}


@pytest.mark.parametrize("change", [
    {"seed": 1}, {"recipe": "delta"}, {"observations": "srdb"}, {"profile": PROFILES["standard"]},
    {"release": "SRDB as in newer.csv"},
], ids=lambda c: next(iter(c)))
def test_another_study_has_its_own_results(study, chain, change):
    """Another seed, recipe, kind of observations, or the profile's value of a setting."""
    chain.first(study)
    chain.first(altered(study, **change))
    assert chain.log == ["first", "first"]


def test_changed_earlier_results_change_the_later_ones(study, chain):
    """The later stage follows the earlier one, and keeps its own settings."""
    assert chain.second(study, factor=3).total["sum"] == 3 * 45
    chain.first(study, n_runs=3, add=10)
    assert chain.second(study, factor=3).total["sum"] == 3 * 33
    assert chain.log == ["first", "second", "first", "second"]


def test_outdated_earlier_results_are_computed_with_their_own_settings(study, chain):
    """Another seed: the numbers are drawn again, with the settings they had."""
    old = chain.first(study, n_runs=4, add=1).table
    note = study.results / "first/stage.json"
    note.write_text(note.read_text().replace('"add"', '"gone": 1, "add"'))
    other = altered(study, seed=7)
    assert chain.second(other).total["sum"] == 2 * (1 + 2 + 3 + 4)
    assert chain.log == ["first", "first", "second"]
    assert (chain.first.stored(other).table["noise"] != old["noise"]).all()
    reasons = json.loads((study.run / "provenance.json").read_text())["stages"]["first"]["why"]
    assert "seed 0 -> 7" in reasons


def test_failed_computation_leaves_the_old_results(study, chain):
    """An error while computing touches no file: the old results still answer for their settings."""
    chain.first(study)
    with pytest.raises(ParameterError, match="n_run"):
        chain.first(study, n_run=3)
    with pytest.raises(TypeError):
        chain.first(study, add="five")
    assert chain.first(study).table["x"][0] == 0
    assert chain.log == ["first", "first"]


@pytest.mark.parametrize("damage", ["gone", "cut", "flipped", "note", "old"])
def test_damaged_results_are_computed(study, chain, damage):
    """Missing, cut, a byte flipped, or a note that is none: never taken for whole results."""
    chain.first(study)
    table, note = study.results / "first/table.parquet", study.results / "first/stage.json"
    if damage == "gone":
        table.unlink()
    elif damage == "cut":
        table.write_bytes(b"PAR1")
    elif damage == "flipped":
        content = bytearray(table.read_bytes())
        content[40] ^= 1
        table.write_bytes(content)
    elif damage == "note":
        note.write_text("{")
    else:
        note.write_text('{"stage": "first", "key": "x", "settings": {}, "files": {}}')
    assert chain.first.stored(study) is None
    assert chain.first(study).table["x"].tolist() == list(range(10))
    assert chain.log == ["first", "first"]


def test_other_corrections_are_computed(study, chain, tmp_path):
    """The corrections of the records count, and so does the content of one's own."""
    mine = tmp_path / "mine.csv"
    mine.write_text("record\n")
    chain.first(study)
    own = altered(study, corrections=str(mine))
    assert any("corrections" in change for change in chain.first.changes(own))
    chain.first(own)
    assert chain.first.changes(own) == []
    mine.write_text("record,field\n")
    assert chain.first.changes(own) == ["the files of setting corrections changed"]


def test_same_results_leave_later_stages_as_they_are(study, chain):
    """A stage that is made anew and comes out the same to the byte stops the chain there."""
    chain.second(study)
    before = chain.first.stored(study).digest
    note = json.loads((study.results / "first/stage.json").read_text())
    code = note["code"]
    note["code"] = code | {"covariates/strata.py": "0"}
    (study.results / "first/stage.json").write_text(json.dumps(note))
    assert chain.first.changes(study) == ["the code of covariates/strata.py changed"]
    assert chain.second.changes(study) == [
        "results of first: the code of covariates/strata.py changed"
    ]
    chain.second(study)
    assert chain.log == ["first", "second", "first"]
    assert chain.first.stored(study).digest == before


def test_notes_of_the_same_results_are_the_same_bytes(study, chain):
    """No time, and no reason, is in the folder of the results."""
    chain.first(study)
    first = (study.results / "first/stage.json").read_bytes()
    chain.first(study, add=3)
    chain.first(study)
    assert (study.results / "first/stage.json").read_bytes() == first


def test_a_changed_input(study, tmp_path, monkeypatch):
    """Inputs that a stage takes on its way are noted; one that comes to hand counts as well."""
    monkeypatch.setenv("SOILRESP_MIRROR", str(tmp_path))
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "cache"))
    log = []

    def compute(study, needs, *, inputs=None):
        log.append(access.is_available("casa_cnp"))
        return {"facts": {"sha": access.locate("srdb", (inputs or {}).get("srdb")).sha256}}

    own = tmp_path / "own.csv"
    stage, given = Stage("one", compute), {"srdb": str(own)}
    for text in ("a", "a", "b"):
        own.write_text(text)
        stage(study, inputs=given)
    assert log == [False, False]
    own.write_text("cc")
    assert len(stage.changes(study)) == 1
    own.write_text("b")
    assert stage.changes(study) == []
    own.unlink()
    assert stage.changes(study) == []
    place = tmp_path / registry.entry("casa_cnp").path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("now it is there")
    assert stage.changes(study) == ["input casa_cnp is available now"]


def test_stored_takes_any_settings_but_no_other_study(study, chain):
    """What stands in the folder counts for the study it was made for, while it holds."""
    assert chain.second.stored(study) is None
    chain.first(study, n_runs=2)
    chain.second(study, factor=5)
    assert chain.second.stored(study).total["sum"] == 5
    assert chain.second.stored(study).settings == {"factor": 5}
    assert chain.second.stored(altered(study, seed=1)) is None
    chain.first(study, n_runs=3)
    assert chain.first.stored(study).settings["n_runs"] == 3
    assert chain.second.stored(study) is None
    assert chain.log == ["first", "second", "first"]


def test_results_keep_their_own_data(study, chain):
    """What is read late is what was made, however often the stage has been computed since."""
    made = [chain.first(study, add=add) for add in range(5)]
    again = chain.first(study, add=0)
    for add, results in enumerate(made):
        assert results.table["x"][0] == add and float(results["field"]["x"][0]) == add
        assert results.facts["n"] == 10
    assert again.digest == made[0].digest


def test_superseded_results_do_not_pile_up(study, chain):
    """The last two stay for other processes; older ones, once nobody here refers to them, go."""
    folder, digests = study.results / "first", []
    for add in range(5):
        digests.append(chain.first(study, add=add).digest)
    assert {f.name for f in (folder / "previous").iterdir()} == set(digests[2:4])
    note = json.loads((folder / "stage.json").read_text())
    gone = stages.Results(folder, note | {"digest": digests[0]})
    with pytest.raises(DataError, match="first"):
        gone.table  # noqa: B018
    assert stages.Results(folder, note | {"digest": digests[3]}).table["x"][0] == 3


@pytest.mark.parametrize("name", ["save", "write_json"])
def test_killed_while_saving(study, chain, monkeypatch, name):
    """Killed after the first file, or before the note: neither old nor new results count."""
    chain.first(study, add=0)
    original, written = getattr(stages, name), []

    def killed(*arguments):
        if written or name == "write_json":
            raise KeyboardInterrupt
        written.append(1)
        return original(*arguments)

    monkeypatch.setattr(stages, name, killed)
    with pytest.raises(KeyboardInterrupt):
        chain.first(study, add=5)
    monkeypatch.undo()
    assert chain.first.stored(study) is None
    again = chain.first(study, add=0)
    assert chain.log == ["first"] * 3
    assert again.table["x"][0] == 0 and float(again.field["x"][0]) == 0
