"""The health of an installation, told by looking."""

import json

import pandas as pd
import pytest
from bad_input import Case, World, run_case
from bad_input.case import PROJECT, _run_here

from soilresp.book import licences
from soilresp.study import doctor


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A project of its own, without inputs."""
    made = World(tmp_path / "project")
    monkeypatch.setenv("SOILRESP_HOME", str(made.root))
    monkeypatch.setenv("SOILRESP_CACHE", str(made.root / "cache"))
    monkeypatch.setenv("SOILRESP_MIRROR", str(made.mirror))
    for name in ("pyproject.toml", "requirements.txt"):
        (made.root / name).write_text((PROJECT / name).read_text())
    return made


def named(findings, name):
    """The finding of that name."""
    return next(f for f in findings if f.name == name)


def test_a_fresh_project_is_ready(world):
    """Without inputs and runs a quick run works, with what ships; so says the text."""
    found = doctor.examine()
    assert doctor.ready(found), [f for f in found if f.state == "fault"]
    assert named(found, "embedded").state == "ok" and named(found, "delta").state == "note"
    assert "cru_cl_tmp" in named(found, "delta").words
    assert named(found, "srdb").state == "note"
    text = doctor.as_text(found, everything=False)
    assert text.endswith("A quick run will work: soilresp run")
    assert all(section in text for section in doctor.SECTIONS)


def test_what_stops_a_run(world):
    """A damaged input, no notebooks, no embedded fields: each is a fault with its cure."""
    place = world.mirror / "observations/srdb-data-v20200511a.csv"
    place.parent.mkdir()
    place.write_text("damaged")
    (world.root / "data/embedded.nc").unlink()
    for notebook in (world.root / "notebooks").iterdir():
        notebook.unlink()
    quick, whole = list(doctor.inputs()), list(doctor.inputs(full=True))
    assert named(quick, "srdb").state == "ok" and "not compared" in named(quick, "srdb").words
    assert named(whole, "srdb").state == "fault" and "damaged" in named(whole, "srdb").words
    assert named(doctor.recipes_at_hand(), "embedded").state == "fault"
    assert named(doctor.project(), "notebooks").state == "fault"


def test_packages_against_ranges_and_pins():
    """Missing, out of range, untested and tested are told apart; only needed ones are faults."""
    def state(name, needed=None, extras=None, pinned=None):
        return doctor._package("Packages", name, needed or {}, extras or {}, pinned or {}).state

    assert state("no-such-package", {"no-such-package": ">=1"}) == "fault"
    assert state("no-such-package", extras={"no-such-package": ">=1"}) == "note"
    assert state("numpy", {"numpy": ">=2"}) == "ok"
    assert state("numpy", {"numpy": ">=999"}) == "fault"
    assert state("numpy", {"numpy": ">=2"}, pinned={"numpy": ("numpy", "2.0")}) == "note"
    told = doctor._package("Packages", "numpy", {"numpy": ">=999"}, {}, {})
    assert "the code needs >=999: pip install 'numpy>=999'" in told.words


def test_python_is_in_range():
    """This interpreter is one that the project is for."""
    assert named(doctor.packages(), "python").state == "ok"


def test_free_memory(tmp_path):
    """The smaller of what the machine has and what the container may still take."""
    proc = tmp_path / "meminfo"
    proc.write_text("MemTotal: 8000 kB\nMemAvailable:    4000 kB\n")
    assert doctor.free_memory(proc, tmp_path) == 4_096_000
    (tmp_path / "memory.current").write_text("1000000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert doctor.free_memory(proc, tmp_path) == 4_096_000
    (tmp_path / "memory.max").write_text("3000000\n")
    assert doctor.free_memory(proc, tmp_path) == 2_000_000
    assert doctor.free_memory(tmp_path / "none", tmp_path) == 2_000_000
    assert doctor.free_memory(tmp_path / "none", tmp_path / "none") is None


def test_profiles_go_by_what_was_measured(world):
    """The largest peak without a bound decides; a profile that was not measured is not judged."""
    study = world.root / "data/study"
    study.unlink()
    study.mkdir()
    rows = [("quick", "05", 500.0, 20, None), ("quick", "whole run", 900.0, 60, None),
            ("quick", "05", 9e9, 5, 300.0), ("standard", "whole run", 1e9, 600, None)]
    pd.DataFrame(rows, columns=["profile", "part", "peak_mb", "seconds", "bound_mb"]).to_csv(
        study / "memory.csv", index=False)
    (study / "memory.json").write_text('{"command": "x"}')
    found = list(doctor.profiles())
    assert "takes 0.9 GB, 60 s where it was measured, fits" in named(found, "quick").words
    assert named(found, "standard").state == "note"
    assert "does not fit" in named(found, "standard").words
    assert "has not been measured" in named(found, "paper").words


def test_runs_are_looked_into(world):
    """A whole run, one with a file missing, one with a damaged file and one with damaged notes."""
    def run(name, study='{"profile": "quick", "recipe": "delta", "observations": "srdb"}',
            content='{"a": 1}'):
        stage = world.root / "runs" / name / "results/01_x"
        stage.mkdir(parents=True)
        (stage.parents[1] / "study.json").write_text(study)
        (stage / "stage.json").write_text(json.dumps({"files": {"a": "a.json"}}))
        (stage.parent / "summary.json").write_text("{}")
        if content is not None:
            (stage / "a.json").write_text(content)

    run("whole")
    run("missing", content=None)
    run("damaged", content="{")
    run("notes", study="{")
    found = list(doctor.runs())
    assert [named(found, n).state for n in ("whole", "missing", "damaged", "notes")] == [
        "ok", "note", "ok", "note"]
    assert named(found, "whole").words.endswith("1 stages, whole")
    assert "01_x/a.json is missing" in named(found, "missing").words
    assert "01_x/a.json is damaged" in named(doctor.runs(full=True), "damaged").words


def test_the_command(world):
    """Exit code 0 and JSON that says the same; 1 with a fault, which is named."""
    environment = {"SOILRESP_HOME": str(world.root), "SOILRESP_CACHE": str(world.root / "cache"),
                   "SOILRESP_MIRROR": str(world.mirror)}
    code, out, err = _run_here(["doctor", "--json"], world.work, environment)
    told = json.loads(out)
    assert (code, err, told["ready"]) == (0, "", True)
    assert {f["state"] for f in told["findings"]} <= {"ok", "note"}
    (world.root / "data/registry.yaml").write_text("entries: [")
    code, out, err = _run_here(["doctor"], world.work, environment)
    assert code == 1 and err == ""
    assert "FAULT" in out and "registry.yaml is not YAML" in out
    assert "A quick run will not work" in out


def test_without_a_project(tmp_path):
    """Outside of a project there is one clear message, as from every command."""
    case = Case("doctor", "no project", ("doctor",), 1, "The project folder",
                env={"SOILRESP_HOME": "/nowhere"})
    outcome = run_case(case, tmp_path / "project")
    assert outcome.code == 1 and "The project folder" in outcome.out + outcome.err
    assert "Traceback" not in outcome.out + outcome.err


def test_licence_list_is_current():
    """The committed list has every pinned package and every input, with their licences."""
    page = (PROJECT / licences.FILE).read_text(encoding="utf-8")
    cure = f"make it again: soilresp doctor --licences > {licences.FILE}"
    for name, number, _ in licences.packages():
        assert f"| {name} | {number} |" in page, f"{name} {number} is not in it; {cure}"
    for names, licence, _ in licences.inputs():
        assert names in page and licence.replace("|", "\\|") in page, f"{names}: {cure}"


def test_every_licence_is_known():
    """No package that is installed leaves its licence unsaid."""
    assert not [row for row in licences.packages() if row[2] in ("", "not stated")]
