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
    made = []
    for item in track((made.append(i) or i for i in range(4)), "trees", 4):
        assert made[-1] == item
    assert file.read_text() == "trees: 4 of 4"


def test_bar_without_a_file(monkeypatch, capsys):
    """A person sees a bar on the error stream, and the items pass through untouched."""
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    assert list(track(range(3), "HR runs")) == [0, 1, 2]
    out = capsys.readouterr()
    assert out.out == "" and "HR runs" in out.err
