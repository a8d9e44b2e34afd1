"""Whether an executed notebook still shows what executing it again would show."""

import nbformat
import pytest

from soilresp.io import paths
from soilresp.study import chapters as workflow
from soilresp.study import freshness


def notebook(*cells):
    """A notebook of code cells."""
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])


def test_every_stage_is_known():
    """Those that make the study, those that only look at it, and those that a module keeps."""
    known = freshness.stages()
    assert {s.name for s in workflow.STAGES} <= set(known)
    assert {"05_uncertainty", "05_applicability", "08_score_your_model"} <= set(known)
    assert known["05_global_mapping"] is workflow.mapping


def test_cells_and_tags_count_and_outputs_do_not():
    """The hash is of what is typed."""
    one, other = notebook("1 + 1"), notebook("1 + 1")
    other.cells[0].outputs = [nbformat.v4.new_output("stream", text="2")]
    other.cells[0].execution_count = 7
    assert freshness.source_of(one) == freshness.source_of(other)
    other.cells[0].metadata["tags"] = ["hide-cell"]
    assert freshness.source_of(one) != freshness.source_of(other)
    assert freshness.source_of(one) != freshness.source_of(notebook("1 + 2"))


def test_magics_and_other_languages_are_no_code():
    """A line for IPython is left out; what is not Python reaches nothing."""
    found = freshness.closure_of(notebook("%matplotlib inline\nfrom soilresp import grid",
                                          "!ls\ngrid.cell_area([0])"))
    assert "grid.py" in found.modules
    assert freshness.closure_of(notebook("select * from table")).modules == {}


@pytest.mark.parametrize(("name", "stage"), [
    ("01_data_selection", "01_data_selection"), ("05_global_mapping", "05_global_mapping"),
    ("12_uncertainty", "05_uncertainty"), ("12_uncertainty", "05_applicability"),
    ("08_score_your_model", "08_score_your_model"),
])
def test_notebooks_of_the_study_name_their_stages(name, stage):
    """Their own code is short of the stages', and has the figures that they draw."""
    found = nbformat.read(paths.notebooks_dir() / f"{name}.ipynb", as_version=4)
    own, whole = freshness.closure_of(found), freshness.closure_of(found, whole=True)
    assert stage in own.stages and not whole.stages
    assert set(own.modules) < set(whole.modules)
    assert any(module.startswith("plot/") for module in own.modules)
    assert "stages.py" in whole.modules
