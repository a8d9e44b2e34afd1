"""Notebooks work in other people's tools, without the commands of this project."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

from soilresp.io import paths

SOURCE = """\
# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% tags=["parameters"]
profile = None
run = None

# %%
import pandas as pd
from soilresp.study import notebook
study = notebook.open_study(profile, run)

# %% tags=["nbval-check-output"]
notebook.show(pd.DataFrame({"a": [1.0]}), "A table")
"""


@pytest.fixture
def project(tmp_path):
    """A project with one pair of notebooks, whose run is a twin experiment, executed once."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "runs/interactive").mkdir(parents=True)
    (tmp_path / "runs/interactive/study.json").write_text(
        '{"profile": "quick", "recipe": "embedded", "observations": "twin", "seed": 0}'
    )
    (tmp_path / "data").symlink_to(paths.data_dir())
    shutil.copy(paths.root() / "pyproject.toml", tmp_path)
    (tmp_path / "notebooks/01_one.py").write_text(SOURCE)
    jupytext.write(jupytext.reads(SOURCE, "py:percent"), tmp_path / "notebooks/01_one.ipynb")
    return tmp_path


def call(project, *command, folder="."):
    """Call a tool as a user does, with the package in this checkout."""
    environment = {
        **os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src"),
        "SOILRESP_HOME": str(project), "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=project / folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.slow
def test_papermill_and_nbval(project):
    """A notebook is executed by one program, and again by another that compares the outputs."""
    call(project, "papermill", "notebooks/01_one.ipynb", "out.ipynb", "-p", "profile", "standard",
         "--cwd", "notebooks")
    assert "profile 'standard'" in (project / "out.ipynb").read_text()
    table = nbformat.read(project / "out.ipynb", as_version=4).cells[-1].outputs[0]
    assert "A table" in table.data["text/html"] and " at 0x" not in table.data["text/plain"]
    call(project, "pytest", "--nbval-lax", "-p", "no:cacheprovider", "out.ipynb")


def test_jupytext_synchronises_from_the_folder_of_notebooks(project):
    """A change of the text reaches the notebook, and the text stays as it is."""
    source, pair = project / "notebooks/01_one.py", project / "notebooks/01_one.ipynb"
    source.write_text(SOURCE.replace("A table", "Another table"))
    os.utime(pair, (0, 0))
    call(project, "jupytext", "--sync", "01_one.py", folder="notebooks")
    assert "Another table" in pair.read_text()
    assert "Another table" in source.read_text() and "filter" not in source.read_text()


def test_notebooks_are_paired_and_take_parameters():
    """Each is a pair in py:percent, as pyproject.toml says, with one cell tagged `parameters`."""
    assert 'formats = "ipynb,py:percent"' in (paths.root() / "pyproject.toml").read_text()
    sources = sorted(paths.notebooks_dir().glob("[0-9]*.py"))
    pairs = sorted(paths.notebooks_dir().glob("[0-9]*.ipynb"))
    assert [file.stem for file in sources] == [file.stem for file in pairs] != []
    for file in (*sources, *pairs):
        tags = [tag for cell in jupytext.read(file).cells for tag in cell.metadata.get("tags", ())]
        assert tags.count("parameters") == 1, file.name
    for file in sources:
        assert "#     formats: ipynb,py:percent\n" in file.read_text(encoding="utf-8"), file.name
