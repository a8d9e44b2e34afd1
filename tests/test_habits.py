"""What who carries on relies on: targets of make, hooks, workflows, launch files, versions."""

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
from soilresp.study import testing

ROOT = paths.root()


def text_of(name):
    """A file of the project as text."""
    return (ROOT / name).read_text(encoding="utf-8")


def yaml_of(name):
    """A YAML file of the project. (YAML 1.1 reads the key ``on`` of a workflow as true.)"""
    return yaml.safe_load(text_of(name))


def commands(job):
    """Shell lines of a job."""
    return "\n".join(step.get("run", "") for step in job["steps"])


# ---------------------------------------------------------------- make


def targets():
    """Targets of the Makefile with their words."""
    return dict(re.findall(r"^([a-z]+):.*?## (.+)$", text_of("Makefile"), re.M))


def test_make_help_names_every_target():
    """`make help` has a line for each target, and each target that is no file has its words."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    told = re.findall(r"^ {2}make ([a-z]+) +\S", done.stdout, re.M)
    phony = re.search(r"^\.PHONY: (.+)$", text_of("Makefile"), re.M).group(1).split()
    assert sorted(told) == sorted(targets()) == sorted(phony)


def test_make_alone_runs_the_study():
    """Without a target the study is run, with the book; each target leads to commands."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    for target in ("", *targets()):
        done = subprocess.run(
            ["make", "-n", *target.split()], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip(), target
        if target in ("", "run"):
            assert ".venv/bin/soilresp run --book" in done.stdout


def test_targets_that_are_written_of_exist():
    """Each `make TARGET` in the pages, the README and CONTRIBUTING is one of the Makefile."""
    pages = ["README.md", "CONTRIBUTING.md", *(f"book/{p.name}" for p in ROOT.glob("book/*.md"))]
    told = {
        target for page in pages
        for target in re.findall(r"(?:`|^)make ([a-z]+)(?=[ `\n])", text_of(page), re.M)
    }
    assert {"help", "lint", "hooks", "sync", "publish", "lab"} <= told
    assert told <= set(targets())


# ---------------------------------------------------------------- hooks and workflows


def test_hooks_need_no_network():
    """Every hook is local, runs what requirements-dev.txt pins, and the package's own check."""
    hooks = [h for repo in yaml_of(".pre-commit-config.yaml")["repos"] for h in repo["hooks"]]
    assert {repo["repo"] for repo in yaml_of(".pre-commit-config.yaml")["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    entries = {hook["id"]: hook["entry"].split()[0] for hook in hooks}
    assert {"ruff", "soilresp"} <= set(entries.values())
    pinned = text_of("requirements-dev.txt")
    assert all(f"\n{name}==" in pinned for name in ("ruff", "pre-commit", "pre-commit-hooks"))


def test_development_requirements_are_pinned():
    """requirements-dev.txt takes requirements.txt as it is and pins the rest."""
    lines = [li for li in text_of("requirements-dev.txt").splitlines() if li and li[0] != "#"]
    assert lines[0] == "-r requirements.txt"
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.]*", line) for line in lines[1:])


def test_code_keeps_the_rules():
    """Ruff, with the rules of pyproject.toml, has nothing to say."""
    if shutil.which("ruff") is None:
        pytest.skip("ruff is not installed")
    done = subprocess.run(
        ["ruff", "check", "--no-cache", "--output-format", "concise", "."], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout


def test_workflow_of_tests_runs_the_script():
    """Pushes and pull requests pass `.ci/run`, on the oldest Python allowed and a newer one."""
    workflow = yaml_of(".github/workflows/ci.yml")
    assert {"push", "pull_request"} <= set(workflow[True])
    jobs = workflow["jobs"]
    assert commands(jobs["tests"]).splitlines()[-1] == ".ci/run"
    oldest = tomllib.loads(text_of("pyproject.toml"))["project"]["requires-python"]
    versions = jobs["tests"]["strategy"]["matrix"]["python"]
    assert oldest == f">={versions[0]}" and len(versions) > 1
    assert "pre-commit run --all-files" in commands(jobs["checks"])
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_workflow_publishes_the_book():
    """The book that is published is built by the command of the README, and from main alone."""
    workflow = yaml_of(".github/workflows/book.yml")
    assert workflow[True]["push"]["branches"] == ["main"]
    build = workflow["jobs"]["build"]
    assert "soilresp book" in commands(build).splitlines()
    given = [step.get("env", {}) for step in build["steps"]]
    assert any("SOILRESP_REPOSITORY" in env for env in given)
    assert build["steps"][-1]["with"]["path"] == "_build/html"


def test_readme_says_what_ci_does():
    """The README's two commands: the environment that CI makes, and the tests that it passes."""
    section = text_of("README.md").split("## Run it")[1].split("\n## ")[0]
    run, test = re.findall(r"```bash\n(.+?)\n```", section, re.S)
    script = text_of(".ci/run")
    made, installed, first = run.split(" && ")
    assert made == "python3 -m venv .venv" and 'python3 -m venv "$scratch/venv"' in script
    requirements = installed.removeprefix(".venv/bin/pip install ")
    assert re.search(rf'venv/bin/pip" install .*{re.escape(requirements)}$', script, re.M)
    assert test == ".venv/bin/soilresp test"
    assert len(re.findall(r'"\$soilresp" test( |$)', script, re.M)) == 2
    # The study itself is run by a step of the tests, notebook by notebook.
    assert first.startswith(".venv/bin/soilresp run") and "notebooks" in testing.STEPS
    assert "`make` and `make test` are the same two commands." in section
    makefile = text_of("Makefile")
    assert "OPTIONS ?= --book" in makefile and "$(SOILRESP) test\n" in makefile


# ---------------------------------------------------------------- launching


def test_binder_takes_the_pins():
    """Binder has a Python that the package allows, and installs requirements.txt."""
    version = text_of(".binder/runtime.txt").strip().removeprefix("python-")
    oldest = tomllib.loads(text_of("pyproject.toml"))["project"]["requires-python"]
    assert oldest == f">={version}"
    assert "pip install --no-cache-dir -r requirements.txt" in text_of(".binder/postBuild")
    assert os.access(ROOT / ".binder/postBuild", os.X_OK)


# ---------------------------------------------------------------- notebooks


@pytest.mark.slow
@pytest.mark.parametrize("name", ["01_data_selection", "11_twin_experiments"])
def test_notebook_runs_alone(name, tmp_path, monkeypatch):
    """From an empty run folder and another working folder, with nothing but its kernel.

    Its outputs hold no bar of progress and no warning: nothing is printed over and over.
    """
    from nbclient import NotebookClient

    from soilresp.study.run import _own_kernel

    for variable in ("SOILRESP_PROFILE", "SOILRESP_PROGRESS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("SOILRESP_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("SOILRESP_HOME", str(ROOT))
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    assert notebook.metadata.kernelspec.name == "python3"
    with _own_kernel():
        NotebookClient(
            notebook, timeout=600, kernel_name="python3",
            resources={"metadata": {"path": str(tmp_path)}},
        ).execute()
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
    streams = [o for o in outputs if o.output_type == "stream"]
    assert outputs and not [o.text for o in streams if o.name == "stderr"]
    assert sum(o.text.count("\n") + o.text.count("\r") for o in streams) < 20


# ---------------------------------------------------------------- versions


def test_version_is_one():
    """pyproject.toml, the package, CITATION.cff and the tag of a release name one version."""
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert soilresp.__version__ == yaml_of("CITATION.cff")["version"] == version
    tag = os.environ.get("RELEASE_TAG")
    assert not tag or tag == f"v{version}"


def test_version_has_its_release_notes():
    """The topmost heading of the notes is the version; before a release, what is not out yet."""
    if not (ROOT / "CHANGELOG.md").exists():
        pytest.skip("no release notes")
    headings = re.findall(r"^## \[?v?([\w.]+)", text_of("CHANGELOG.md"), re.M)
    if headings[0] == "Unreleased":
        assert not os.environ.get("RELEASE_TAG")
        headings = headings[1:]
    assert headings[0] == soilresp.__version__
