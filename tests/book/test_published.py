"""The committed notebooks show what their sources would give."""

import re

import nbformat
import pytest

from soilresp.book import published
from soilresp.io import paths
from soilresp.io.files import read_json

NOTEBOOKS = sorted(paths.notebooks_dir().glob("[0-9]*.ipynb"))


@pytest.fixture(scope="module")
def told():
    """The record of what was published."""
    if not published.file().exists():
        pytest.skip("nothing has been published with a record yet")
    return read_json(published.file())


def test_no_output_is_stale(told):
    """Cells, code, data and outputs are those of the record, or the cure is told."""
    found = published.stale([n.stem for n in NOTEBOOKS])
    run = f"runs/{told['settings']['profile']}"
    assert not found, (
        "".join(f"\n{name}: {'; '.join(why)}" for name, why in found.items())
        + f"\nMake them again: {published.command(run, told['settings'])} && "
        f"soilresp publish --run {run}"
    )


def test_outputs_are_of_field_records(told):
    """Not of a twin experiment; with the checksums of the inputs; and all of them."""
    assert told["settings"]["observations"] == "srdb"
    assert re.fullmatch("[0-9a-f]{64}", told["inputs"]["srdb"])
    assert list(told["notebooks"]) == [n.stem for n in NOTEBOOKS]
    assert "srdb" in told["notebooks"]["01_data_selection"]["inputs"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_notebook(path):
    """Under 2 MB, executed in order, without an error or a word on stderr."""
    assert path.stat().st_size < 2e6
    code = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for output in (o for cell in code for o in cell.outputs):
        assert output.output_type != "error"
        assert output.get("name") != "stderr"
