"""Faulty input of every kind, through the command line: exit code, message, nothing changed."""

import pytest
from bad_input import CASES, run_case

from soilresp.errors import DataError
from soilresp.io.yaml_text import YamlError, expect, parse_yaml, read_yaml
from soilresp.readers.archive import read_gzip, read_member

OPTIONAL = {"glass": "pyhdf", "gimms": "rasterio", "glc2000": "rasterio", "use-workers": "dask"}
"""Packages without which a reader has another message."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case, tmp_path):
    """One exit code, one message, no traceback, nothing changed on disk."""
    for word, package in OPTIONAL.items():
        if word in case.id:
            pytest.importorskip(package)
    assert not run_case(case, tmp_path / "project").faults


def test_there_are_cases_enough():
    """The table has more than the 120 that are promised, each under a name of its own."""
    names = [case.id for case in CASES]
    assert len(names) == len(set(names)) >= 120
    assert {case.code for case in CASES} == {0, 1, 2}


def test_a_lie_is_found(tmp_path):
    """The judge itself: a case that expects the wrong code or message is told of."""
    from dataclasses import replace

    case = next(c for c in CASES if c.id == "srdb-empty")
    wrong = run_case(replace(case, code=0, says="all is well"), tmp_path / "project")
    assert len(wrong.faults) == 3 and "exit code 1, expected 0" in wrong.faults


@pytest.mark.parametrize(
    "text", ["[", "{a: b: c}", "2001-99-99", "!!python/name:os.system", "a: *b"]
)
def test_text_that_is_no_yaml(text):
    """Whatever the library makes of a text, one kind of error comes out, in one line."""
    with pytest.raises(YamlError) as error:
        parse_yaml(text)
    assert "\n" not in str(error.value)


def test_shapes_of_yaml(tmp_path):
    """The place at fault is named, down to the item of a list."""
    shape = {"a": [int], "b?": {str: str}, "c?": (int, float)}
    expect({"a": [1], "b": {"x": "y"}, "other": None}, shape, "F", "Mend it.")
    for content, words in (
        ({}, "F: 'a' is missing. Mend it."),
        ({"a": [1, "x"]}, "F, a, item 2 should be a whole number, it is 'x'. Mend it."),
        ({"a": [True]}, "F, a, item 1 should be a whole number, it is True. Mend it."),
        ({"a": [], "b": {"x": 1}}, "F, b, x should be a text, it is 1. Mend it."),
        ({"a": [], "c": "x"}, "F, c should be a whole number or a number, it is 'x'. Mend it."),
        ([], "F should be names with values, it is []. Mend it."),
    ):
        with pytest.raises(DataError) as error:
            expect(content, shape, "F", "Mend it.")
        assert str(error.value) == words
    with pytest.raises(DataError, match="cannot be read .Is a directory"):
        read_yaml(tmp_path, "Mend it.")


def test_bounds_of_archives(tmp_path):
    """What is exactly as large as it may be is read; a byte more is refused."""
    import gzip
    import zipfile

    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"12345"))
    assert read_gzip(path, 5) == b"12345"
    with pytest.raises(DataError, match="unpacks to more"):
        read_gzip(path, 4)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.dat", "12345")
    assert read_member(tmp_path / "a.zip", ".dat", 5) == b"12345"
    with pytest.raises(DataError, match="unpacks to more"):
        read_member(tmp_path / "a.zip", ".dat", 4)
