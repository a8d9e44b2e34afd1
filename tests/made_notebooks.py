"""Small projects whose notebooks have a few lines."""

from pathlib import Path

import nbformat


def write_notebook(path, parameters, *cells):
    """Write a notebook: a cell tagged `parameters`, then others."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {
        "name": "python3", "language": "python", "display_name": "Python 3",
    }
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in (parameters, *cells)]
    notebook.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, path)


def make_notebook_project(folder, monkeypatch, notebooks):
    """Make a folder the current project: own notebooks, the data of the real one, no inputs."""
    (folder / "notebooks").mkdir()
    (folder / "data").symlink_to(Path(__file__).resolve().parents[1] / "data")
    for name, cells in notebooks.items():
        write_notebook(folder / "notebooks" / f"{name}.ipynb", *cells)
    monkeypatch.setenv("SOILRESP_HOME", str(folder))
    monkeypatch.setenv("SOILRESP_CACHE", str(folder / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[1] / "src"))
    for name in ("SOILRESP_MIRROR", "SOILRESP_RUN", "SOILRESP_PROFILE"):
        monkeypatch.delenv(name, raising=False)
