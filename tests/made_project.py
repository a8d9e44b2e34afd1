"""A small project with one pair of notebooks and a run that executed it."""

import json
import shutil
from pathlib import Path

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_output

SOURCE = """\
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
SETTINGS = {"profile": "quick", "recipe": "embedded", "observations": "srdb", "seed": 0}
FLUX = {"total": 80.0, "annual_min": None, "annual_max": None}
SUMMARY = {
    "profile": "quick", "n_runs": 2, "n_trees": 3, "recipe": "embedded", "observations": "srdb",
    "truth": None, "flux": {"SR": FLUX, "HR": FLUX, "AR": FLUX}, "AR_SR": 0.5,
    "records": {"SR": 3336, "HR": 666},
}


def make_project(folder):
    """Write the project, and the run in ``runs/a``."""
    (folder / "data").mkdir()
    for name in ("registry.yaml", "paper_values.yaml"):
        shutil.copy(Path(__file__).parents[1] / "data" / name, folder / "data")
    (folder / "README.md").write_text("# Title\n<!-- results -->\nold\n<!-- /results -->\nEnd\n")
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "01_first.py").write_text(SOURCE)
    pair = jupytext.reads(SOURCE, fmt="py:percent")
    jupytext.write(pair, folder / "notebooks" / "01_first.ipynb", fmt="ipynb")
    (folder / "runs" / "a" / "results").mkdir(parents=True)
    (folder / "runs" / "a" / "notebooks").mkdir()
    (folder / "runs" / "a" / "results" / "summary.json").write_text(json.dumps(SUMMARY))
    (folder / "runs" / "a" / "study.json").write_text(json.dumps(SETTINGS))
    execute(folder, [new_output("execute_result", {"text/plain": "2"})])
    return folder


def execute(project, outputs):
    """Write the executed notebook as a run leaves it: outputs, injected parameters, records."""
    notebook = nbformat.read(project / "notebooks" / "01_first.ipynb", as_version=4)
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
    nbformat.write(notebook, project / "runs" / "a" / "notebooks" / "01_first.ipynb")


def stream(text, name="stdout"):
    """Return a printed output."""
    return new_output("stream", name=name, text=text)


def shown(**data):
    """Return a displayed output; ``image_png`` stands for ``image/png``."""
    return new_output("display_data", {kind.replace("_", "/"): data[kind] for kind in data})
