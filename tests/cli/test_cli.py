"""The command line: exit codes, messages, and what reaches the user."""

import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
import yaml

from soilresp import __version__, cli

RAIN = b"rain in mm\n"
RAIN_SHA256 = hashlib.sha256(RAIN).hexdigest()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with two inputs, an empty cache, a mirror, and one notebook."""
    for folder in ("notebooks", "data", "mirror"):
        (tmp_path / folder).mkdir()
    row = {"url": "https://example.org/file", "version": "1", "date": "2020", "licence": "CC0",
           "citation": "Someone (2020)", "verified": False}
    rows = {
        "rain": {**row, "what": "Rain", "path": "rain.txt", "sha256": RAIN_SHA256},
        "snow": {**row, "what": "Snow", "path": "snow.txt", "sha256": None,
                 "tested_sha256": "f" * 64},
        "page": {**row, "what": "Page", "path": "page.txt", "sha256": "e" * 64, "landing": True},
    }
    (tmp_path / "data/registry.yaml").write_text(yaml.safe_dump({"entries": rows}))
    recipes = Path(__file__).parents[2] / "data/recipes.yaml"
    (tmp_path / "data/recipes.yaml").write_bytes(recipes.read_bytes())
    write_notebook(tmp_path, "print(n_runs)")
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SOILRESP_MIRROR", str(tmp_path / "mirror"))
    for name in ("SOILRESP_RUN", "SOILRESP_PROFILE", "SOILRESP_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write_notebook(project, *cells):
    """Write the notebook of the project."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {
        "name": "python3", "language": "python", "display_name": "Python 3",
    }
    parameters = nbformat.v4.new_code_cell(
        "profile = None\nrun = None\nn_runs = 3", metadata={"tags": ["parameters"]}
    )
    notebook.cells = [parameters, *map(nbformat.v4.new_code_cell, cells)]
    nbformat.write(notebook, project / "notebooks/01_first.ipynb")


def call(capsys, *arguments):
    """Exit code, output and errors of one call."""
    with pytest.raises(SystemExit) as leave:
        cli.main(list(arguments))
    return leave.value.code or 0, *capsys.readouterr()


def test_version(capsys):
    """The version is that of the package."""
    assert call(capsys, "--version") == (0, f"soilresp {__version__}\n", "")


def test_help_names_the_commands_and_loads_nothing_heavy():
    """The help comes at once: neither numpy nor papermill is imported for it."""
    code = (
        "import sys\n"
        "from soilresp import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('numpy', 'xarray', 'papermill', 'pooch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("run", "data", "book", "publish", "test"):
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--profile", "huge"),
        ("run", "--recipe", "mine"),
        ("run", "--seed", "-1"),
        ("run", "--seed", "x"),
        ("run", "-p", "n_runs"),
        ("run", "-p", "n_rums=3"),
        ("run", "-p", "profile=quick"),
        ("run", "--only", "09"),
        ("data", "fetch", "hail"),
        ("data", "verify", "hail"),
        ("data", "list", "hail"),
        ("test", "--only", "everything"),
        ("publish",),
        ("walk",),
    ],
)
def test_wrong_use_leaves_with_2(project, capsys, arguments):
    """A slip in the command is told on stderr in a line or two, without a traceback."""
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err and "Traceback" not in err
    assert not (project / "runs").exists()


def test_list(project, capsys):
    """Each input with its place and the state of its address."""
    (project / "mirror/rain.txt").write_bytes(RAIN)
    code, out, _ = call(capsys, "data", "list")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()
            if line and line[0] != " "}
    assert code == 0
    assert rows["rain"] == ["mirror", "unverified", "Rain"]
    assert rows["snow"] == ["missing", "unverified", "Snow"]
    assert rows["page"] == ["missing", "by", "hand,", "unverified", "Page"]


def test_verify(project, capsys):
    """What is at hand is compared; a rolling product may differ from the tested copy."""
    (project / "mirror/rain.txt").write_bytes(RAIN)
    (project / "mirror/snow.txt").write_bytes(b"snow\n")
    code, out, _ = call(capsys, "data", "verify")
    assert code == 0
    assert [line.split("  ")[0] for line in out.splitlines()] == ["rain", "snow"]
    assert " ok " in out.splitlines()[0]
    assert "rolling, not the tested copy" in out.splitlines()[1]


def test_verify_goes_on_after_a_damaged_file(project, capsys):
    """Every input is looked at; the exit code tells that one failed."""
    (project / "mirror/rain.txt").write_bytes(b"other")
    (project / "mirror/snow.txt").write_bytes(b"snow\n")
    code, out, err = call(capsys, "data", "verify")
    assert code == 1
    assert out.startswith("snow") and "wrong checksum" in err
    assert err.endswith("error: 1 of 2 inputs failed, see above.\n")


def test_verify_without_inputs(project, capsys):
    """Nothing at hand is no failure, and the way to inputs is told."""
    code, out, _ = call(capsys, "data", "verify")
    assert code == 0 and "soilresp data fetch" in out


def test_fetch_by_hand(project, capsys):
    """An input that no program can fetch: exit code 1, and where to get it."""
    code, _, err = call(capsys, "data", "fetch", "page")
    assert code == 1 and "by hand from https://example.org/file" in err


def test_fetch_leaves_what_is_at_hand(project, capsys):
    """With all inputs in the mirror nothing is downloaded; pages are listed as to do by hand."""
    (project / "mirror/rain.txt").write_bytes(RAIN)
    (project / "mirror/snow.txt").write_bytes(b"snow\n")
    code, out, _ = call(capsys, "data", "fetch")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["rain", "snow", "To"]
    assert not (project / "cache").exists()
    assert out.endswith("To be fetched by hand: page\n")


def test_failing_notebook(project, capsys):
    """One error, with notebook, reason and executed copy; exit code 1."""
    write_notebook(project, "1 / 0")
    code, out, err = call(
        capsys, "run", "--recipe", "embedded", "--observations", "twin", "--out", "runs/a"
    )
    assert code == 1
    assert (
        "error: Notebook 01_first stopped in cell 2 (`1 / 0`): ZeroDivisionError: division by zero"
        in err
    )
    assert str(project / "runs/a/notebooks/01_first.failed.ipynb") in err
    assert "Traceback" not in err
    assert "twin experiment" in out


def test_debug_shows_the_traceback(project, capsys, monkeypatch):
    """With SOILRESP_DEBUG=1 the exception itself comes through."""
    monkeypatch.setenv("SOILRESP_DEBUG", "1")
    with pytest.raises(cli.ParameterError):
        cli.main(["run", "--only", "09"])


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the kernel in /proc")
def test_interrupt(project):
    """Ctrl-C during a notebook: one word, exit code 130, and no kernel is left."""
    pid = project / "kernel"
    write_notebook(
        project,
        f"import os, time\nwith open({str(pid)!r}, 'w') as file:\n    file.write(str(os.getpid()))",
        "time.sleep(60)",
    )
    started = subprocess.Popen(
        [sys.executable, "-m", "soilresp.cli", "run", "--recipe", "embedded",
         "--observations", "twin", "--out", "runs/a"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A test run in the background may have been told to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        wait_for(lambda: started.poll() is not None or (pid.exists() and pid.read_text()))
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=30)
    finally:
        started.kill()
    assert started.returncode == cli.INTERRUPTED
    assert err.splitlines()[-1] == "interrupted" and "Traceback" not in err
    wait_for(lambda: not is_alive(int(pid.read_text())))


def is_alive(pid):
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, seconds=30):
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
