"""Settings of a run."""

import json
from dataclasses import replace

import pytest

from soilresp.covariates.recipes import recipe_of
from soilresp.errors import DataError, ParameterError
from soilresp.io import fetch as access
from soilresp.study.settings import PROFILES, Study, resolve_settings


@pytest.fixture(autouse=True)
def no_inputs(monkeypatch, tmp_path):
    """An empty cache, no mirror, no settings in the environment, and no way to download."""
    for name in ("SOILRESP_MIRROR", "SOILRESP_PROFILE", "SOILRESP_RUN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "empty"))

    def refuse(name, force=False):
        raise DataError(f"Input {name} could not be downloaded.")

    monkeypatch.setattr(access, "fetch", refuse)


def test_defaults(tmp_path):
    """Without inputs: quick, the embedded recipe and the twin, each choice told."""
    study = resolve_settings(tmp_path / "run")
    assert study.profile is PROFILES["quick"]
    assert (study.recipe, study.observations, study.seed) == ("embedded", "twin", 0)
    assert len(study.choices) == 2
    assert study.is_twin and study.label == "Twin experiment: synthetic observations, known truth"
    assert study.results == tmp_path / "run" / "results"
    field = Study(tmp_path, PROFILES["paper"], "delta", "srdb")
    assert field.label == "" and not field.is_twin


def test_folder_remembers(tmp_path):
    """Settings are noted in the folder and hold until one is given anew."""
    resolve_settings(tmp_path, profile="standard", recipe="embedded", observations="twin", seed=3)
    again = resolve_settings(tmp_path)
    assert (again.profile.name, again.seed, again.choices) == ("standard", 3, ())
    changed = resolve_settings(tmp_path, seed=0)
    assert (changed.profile.name, changed.seed) == ("standard", 0)
    noted = json.loads((tmp_path / "study.json").read_text())
    assert noted == {
        "profile": "standard", "recipe": "embedded", "observations": "twin", "seed": 0
    }


def test_corrections_are_noted_and_told(tmp_path):
    """The run folder keeps the corrections, the description names them, an argument outranks it."""
    twin = {"recipe": "embedded", "observations": "twin"}
    assert resolve_settings(tmp_path, **twin).corrections == "none"
    plain = replace(resolve_settings(tmp_path), observations="srdb")
    assert resolve_settings(tmp_path, corrections="sourced").corrections == "sourced"
    study = replace(resolve_settings(tmp_path), observations="srdb")
    assert study.corrections == "sourced" and "sourced corrections" in study.describe()
    assert study.describe().replace(" with sourced corrections", "") == plain.describe()
    assert resolve_settings(tmp_path, corrections="none").corrections == "none"
    mine = tmp_path / "mine.csv"
    mine.write_text("record,field,from,to,reason,source\n")
    study = replace(resolve_settings(tmp_path, corrections=mine), observations="srdb")
    assert study.corrections == str(mine) and "corrections of mine.csv" in study.describe()
    with pytest.raises(DataError, match="absent.csv"):
        resolve_settings(tmp_path, corrections="absent.csv")


def test_environment(monkeypatch, tmp_path):
    """The environment names folder and profile; it outranks the note, an argument outranks it."""
    monkeypatch.setenv("SOILRESP_RUN", str(tmp_path / "there"))
    monkeypatch.setenv("SOILRESP_PROFILE", "standard")
    study = resolve_settings(profile="paper", recipe="embedded", observations="twin")
    assert study.run == tmp_path / "there" and study.profile.name == "paper"
    assert resolve_settings().profile.name == "standard"
    monkeypatch.delenv("SOILRESP_PROFILE")
    assert resolve_settings().profile.name == "standard"


@pytest.mark.parametrize("setting", [
    {"profile": "fast"}, {"recipe": "era5"}, {"observations": "fluxnet"}, {"seed": -1},
    {"seed": 1.5}, {"seed": True},
])
def test_unknown_settings(tmp_path, setting):
    """A setting with an unknown value is refused by name and value, and nothing is noted."""
    (name, value), = setting.items()
    with pytest.raises(ParameterError) as error:
        resolve_settings(tmp_path, **{"recipe": "embedded", "observations": "twin", **setting})
    assert name in str(error.value) and repr(value) in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "error", "word"), [
    ("{", DataError, "study.json"),
    ('{"profile": "old", "recipe": "embedded", "observations": "twin", "seed": 0}',
     ParameterError, "'old'"),
])
def test_damaged_note(tmp_path, text, error, word):
    """A note that is not JSON, or that names what is not known, is refused by name."""
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(error, match=word):
        resolve_settings(tmp_path)


@pytest.mark.parametrize("asked", [{"recipe": "delta"}, {"observations": "srdb"}])
def test_asked_by_name_means_it(tmp_path, asked):
    """Inputs that were asked for by name and cannot be had stop the study: no quiet stand-in."""
    with pytest.raises(DataError, match="could not be downloaded"):
        resolve_settings(tmp_path, **{"recipe": "embedded", "observations": "twin", **asked})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
def test_real_inputs_are_preferred(monkeypatch, tmp_path, real_input):
    """With all inputs, "auto" takes delta and SRDB and says so."""
    monkeypatch.undo()
    for name in ("srdb", *recipe_of("delta").needs):
        real_input(name)
    monkeypatch.delenv("SOILRESP_PROFILE", raising=False)
    study = resolve_settings(tmp_path)
    assert (study.recipe, study.observations, study.label) == ("delta", "srdb", "")
    assert len(study.choices) == 2


def test_another_release_of_the_records(tmp_path, monkeypatch):
    """A file of records in the environment is taken for field data, and named with its hash."""
    file = tmp_path / "later.csv"
    file.write_text("Record_number\n")
    monkeypatch.setenv(access.SRDB_VARIABLE, str(file))
    settings = resolve_settings(tmp_path / "run", recipe="embedded")
    assert settings.observations == "srdb" and "later.csv (SHA-256 " in settings.describe()
