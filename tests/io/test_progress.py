"""Progress of long work, in a file and as a bar."""

import pytest

from soilresp.io.progress import FILE_VARIABLE, track


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The file of a batch run."""
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "progress"))
    return tmp_path / "progress"


def test_file_says_how_far_the_work_is(file, capsys):
    """Before each item the number done, at the end all; the output of the notebook stays clean."""
    seen = []
    for item in track(["a", "b", "c"], "SR runs"):
        seen.append((item, file.read_text()))
    assert [item for item, _ in seen] == ["a", "b", "c"]
    assert seen[0][1] == "SR runs: 0 of 3"
    assert seen[1][1].startswith("SR runs: 1 of 3, about ") and seen[1][1].endswith(" s left")
    assert seen[2][1].startswith("SR runs: 2 of 3, about ")
    assert file.read_text() == "SR runs: 3 of 3"
    out = capsys.readouterr()
    assert out.out == out.err == ""


def test_generator_needs_its_total(file):
    """Items without a length are counted against the given total."""
    assert list(track((i for i in range(4)), "trees", 4)) == [0, 1, 2, 3]
    assert file.read_text() == "trees: 4 of 4"


def test_no_items(file):
    """Nothing to do is done."""
    assert list(track([], "nothing")) == []
    assert file.read_text() == "nothing: 0 of 0"


def test_bar_without_a_file(monkeypatch, capsys):
    """A person sees a bar on the error stream, and the items pass through untouched."""
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    assert list(track(range(3), "HR runs")) == [0, 1, 2]
    out = capsys.readouterr()
    assert out.out == "" and "HR runs" in out.err


def test_items_are_taken_one_by_one(file):
    """Work that makes its items as it goes is not started ahead."""
    made = []

    def items():
        for i in range(3):
            made.append(i)
            yield i

    for item in track(items(), "lazily", 3):
        assert made[-1] == item


@pytest.mark.slow
def test_line_in_a_notebook(tmp_path, monkeypatch):
    """A notebook that counts 200 items saves one output, empty, and nothing on the error stream."""
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    from soilresp.study.run import _own_kernel

    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    cell = new_code_cell(
        "import time\nfrom soilresp.io.progress import track\n"
        "for item in track(range(200), 'SR runs'):\n    time.sleep(0.006)\nprint(item)"
    )
    with _own_kernel():
        NotebookClient(
            new_notebook(cells=[cell]), timeout=120, kernel_name="python3",
            resources={"metadata": {"path": str(tmp_path)}},
        ).execute()
    kinds = [output.output_type for output in cell.outputs]
    assert kinds == ["display_data", "stream"]
    assert cell.outputs[0].data == {"text/plain": ""} and cell.outputs[1].text == "199\n"
