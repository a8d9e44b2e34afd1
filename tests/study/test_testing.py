"""The steps of `soilresp test`."""

from pathlib import Path

import jupytext
import nbformat
import pytest

from soilresp.errors import ParameterError
from soilresp.study import testing

TWIN = "# ---\n# jupyter:\n#   kernelspec:\n#     display_name: Python 3\n"
TWIN += "#     language: python\n#     name: python3\n# ---\n\n"
TWIN += "# %% [markdown]\n# # First\n\n# %%\n1 + 1\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one pair of notebooks, no tests, and no real data in reach."""
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SOILRESP_MIRROR", raising=False)
    (tmp_path / "data").mkdir()
    for name in ("registry.yaml", "recipes.yaml"):
        file = Path(__file__).parents[2] / "data" / name
        (tmp_path / "data" / name).write_bytes(file.read_bytes())
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    (notebooks / "01_first.py").write_text(TWIN)
    pair = jupytext.reads(TWIN, fmt="py:percent")
    pair.cells[1].execution_count = 1
    jupytext.write(pair, notebooks / "01_first.ipynb", fmt="ipynb")
    return tmp_path


def test_one_step_passes(project, capsys):
    """A step that passes gives 0, its heading, its time, and what data there is."""
    assert testing.run(only="pairs") == 0
    said = capsys.readouterr().out
    assert said.startswith("real data: no\n")
    assert "=== pairs: passed in 0 s" in said


def test_one_step_fails(project, capsys):
    """A step that fails gives 1 and one error message."""
    (project / "notebooks" / "01_first.py").write_text(TWIN.replace("1 + 1", "1 + 2"))
    assert testing.run(only="pairs") == 1
    said = capsys.readouterr().out
    assert said.count("error: ") == 1
    assert "01_first" in said
    assert "=== pairs: FAILED" in said


def test_stops_at_the_first_failure(project, capfd):
    """Without unit tests the first step fails, and the later ones are not begun."""
    assert testing.run() == 1
    said = capfd.readouterr().out
    assert "=== unit: FAILED" in said
    assert "=== pairs" not in said


def test_unknown_step():
    """An unknown step is refused with the known ones."""
    with pytest.raises(ParameterError, match="unit, pairs, notebooks, book"):
        testing.run(only="everything")


def checked(project, text, real):
    """Run the notebook step on a checked cell that was committed with this output."""
    cell = nbformat.v4.new_code_cell(
        "print(1 + 1)\nobject()", metadata={"tags": ["nbval-check-output"]}, execution_count=1,
        outputs=[
            nbformat.v4.new_output("stream", text=text),
            nbformat.v4.new_output(
                "execute_result", {"text/plain": "<object at 0x7f1234567890>"},
                execution_count=1,
            ),
        ],
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(notebook, project / "notebooks" / "01_first.ipynb")
    return testing._notebooks(real)


@pytest.mark.parametrize(("text", "real", "passes"), [("2\n", True, True), ("3\n", True, False),
                                                      ("3\n", False, True)])
def test_checked_cells_are_compared_where_the_data_are(project, text, real, passes):
    """With real data their output must be the committed one; without, it need not."""
    assert checked(project, text, real) is passes
