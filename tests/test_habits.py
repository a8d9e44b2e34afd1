"""Files that developers rely on: targets of make, hooks, workflows, launch files, versions."""

import os
import re
import shutil
import subprocess
import tomllib

import nbformat
import pytest
import yaml

import soilresp
from soilresp.io import paths

ROOT = paths.root()


def text_of(name):
    """Return a file of the project as text."""
    return (ROOT / name).read_text(encoding="utf-8")


def yaml_of(name):
    """Return a YAML file of the project. (YAML 1.1 reads the key ``on`` of a workflow as true.)"""
    return yaml.safe_load(text_of(name))


def commands(job):
    """Return the shell lines of a job."""
    return "\n".join(step.get("run", "") for step in job["steps"])


def pins(name):
    """Return versions by normalised name; several where they differ by Python's version."""
    found = {}
    for package, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text_of(name), re.M):
        found.setdefault(re.sub(r"[-_.]+", "-", package).lower(), set()).add(version)
    return found


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_targets():
    """Each target has its help and leads to commands, and make alone runs the study."""
    def make(*arguments):
        return subprocess.run(
            ["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout

    targets = re.findall(r"^([a-z]+):.*?## .+$", text_of("Makefile"), re.M)
    phony = re.search(r"^\.PHONY: (.+)$", text_of("Makefile"), re.M).group(1).split()
    shown = re.findall(r"^ {2}make ([a-z]+) +\S", make("help"), re.M)
    assert sorted(shown) == sorted(targets) == sorted(phony)
    assert all(make("-n", target).strip() for target in targets)
    assert ".venv/bin/soilresp run --book" in make("-n")
    pages = ["README.md", "CONTRIBUTING.md", *(f"book/{p.name}" for p in ROOT.glob("book/*.md"))]
    named = {
        target for page in pages
        for target in re.findall(r"(?:`|^)make ([a-z]+)(?=[ `\n])", text_of(page), re.M)
    }
    assert {"help", "lint", "hooks", "sync", "publish"} <= named <= set(targets)


def test_hooks_need_no_network():
    """Every hook is local and runs what requirements-dev.txt pins, or a tool of the project."""
    repos = yaml_of(".pre-commit-config.yaml")["repos"]
    hooks = [hook for repo in repos for hook in repo["hooks"]]
    assert {repo["repo"] for repo in repos} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    assert {"ruff", "pre-commit", "pre-commit-hooks"} <= set(pins("requirements-dev.txt"))


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is not installed")
def test_code_keeps_the_rules():
    """Ruff, with the rules of pyproject.toml, reports nothing."""
    done = subprocess.run(
        ["ruff", "check", "--no-cache", "--output-format", "concise", "."], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout


def test_workflows():
    """Old and new Python are tested on three systems; the book is published from main alone."""
    book = yaml_of(".github/workflows/book.yml")
    assert book[True]["push"]["branches"] == ["main"]
    assert "soilresp book" in commands(book["jobs"]["build"]).splitlines()
    workflow = yaml_of(".github/workflows/ci.yml")
    assert {"push", "pull_request"} <= set(workflow[True])
    jobs = workflow["jobs"]
    assert commands(jobs["tests"]).splitlines()[-1] == ".ci/run"
    oldest = tomllib.loads(text_of("pyproject.toml"))["project"]["requires-python"]
    matrix = jobs["systems"]["strategy"]["matrix"]
    assert oldest == f">={matrix['python'][0]}" and len(matrix["python"]) > 1
    assert {name.partition("-")[0] for name in matrix["system"]} == {"ubuntu", "macos", "windows"}
    assert "pre-commit run --all-files" in commands(jobs["checks"])
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_readme_says_what_ci_does():
    """The README's two commands: the environment that CI makes, and the tests that it runs."""
    section = text_of("README.md").split("## Run it")[1].split("\n## ")[0]
    run, test = re.findall(r"```bash\n(.+?)\n```", section, re.S)
    script = text_of(".ci/run")
    made, installed, first = run.split(" && ")
    assert made == "python3 -m venv .venv" and 'python3 -m venv "$scratch/venv"' in script
    requirements = installed.removeprefix(".venv/bin/pip install ")
    assert re.search(rf'venv/bin/pip" install .*{re.escape(requirements)}$', script, re.M)
    assert test == ".venv/bin/soilresp test" and first == ".venv/bin/soilresp run --book"
    assert len(re.findall(r'"\$soilresp" test( |$)', script, re.M)) == 2


def test_binder_takes_the_pins():
    """Binder has a Python that the package allows, and installs requirements.txt."""
    version = text_of(".binder/runtime.txt").strip().removeprefix("python-")
    oldest = tomllib.loads(text_of("pyproject.toml"))["project"]["requires-python"]
    assert oldest == f">={version}"
    assert "pip install --no-cache-dir -r requirements.txt" in text_of(".binder/postBuild")
    assert os.access(ROOT / ".binder/postBuild", os.X_OK)


def test_packages_are_pinned_and_locked():
    """Every dependency is pinned, every pin is locked with its hash, and its licence is listed."""
    pinned, locked = pins("requirements.txt"), pins("requirements.lock")
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    needed = [re.match(r"[A-Za-z0-9_-]+", line)[0] for line in project["dependencies"] + extras]
    assert {name.lower().replace("_", "-") for name in needed} - {"soilresp"} <= set(pinned)
    assert not {n: v for n, v in pinned.items() if locked.get(n) != v}, "run `make lock`"
    hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}", text_of("requirements.lock"))
    assert len(hashes) > len(locked)
    page = text_of("LICENSES.md")
    listed = {line.split(" | ")[0][2:].lower().replace("_", "-") for line in page.splitlines()}
    assert set(pinned) <= listed, "run `make licences`"


@pytest.mark.slow
def test_notebook_runs_alone(tmp_path, monkeypatch):
    """From an empty run folder and another working folder, without warnings or progress bars."""
    from nbclient import NotebookClient

    for variable in ("SOILRESP_PROFILE", "SOILRESP_PROGRESS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("SOILRESP_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("SOILRESP_HOME", str(ROOT))
    notebook = nbformat.read(ROOT / "notebooks/01_data_selection.ipynb", as_version=4)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
    streams = [o for o in outputs if o.output_type == "stream"]
    assert outputs and not [o.text for o in streams if o.name == "stderr"]
    assert sum(o.text.count("\n") + o.text.count("\r") for o in streams) < 20


def test_version_is_one():
    """Package, pyproject.toml, CITATION.cff, release notes and tag name one version."""
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert soilresp.__version__ == yaml_of("CITATION.cff")["version"] == version
    tag = os.environ.get("RELEASE_TAG")
    assert not tag or tag == f"v{version}"
    headings = re.findall(r"^## \[?v?([\w.]+)", text_of("CHANGELOG.md"), re.M)
    assert tag is None or headings[0] != "Unreleased"
    assert [h for h in headings if h != "Unreleased"][0] == version
