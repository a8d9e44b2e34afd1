"""No parser lets a foreign error through, whatever it is given; found ones are kept here."""

import pytest
from fuzzing import PARSERS, edit, fuzz

FAST = [p for p in PARSERS if p.share > 300]


@pytest.mark.parametrize("parser", FAST, ids=lambda parser: parser.name)
def test_mutations(parser):
    """Some dozens of mutations a parser; `robustness/fuzz.py` gives a hundred thousand."""
    found = fuzz(parser, 40)
    assert found["findings"] == [] and found["read"] + found["refused"] == 40


@pytest.mark.parametrize("parser", FAST, ids=lambda parser: parser.name)
def test_seeds(parser):
    """What the mutations start from is sound, or a fault of its own that is refused."""
    from soilresp.errors import SoilrespError

    for content in parser.seeds():
        try:
            parser.parse(content)
        except SoilrespError as error:
            assert str(error)


def test_edits():
    """Each kind of edit does what its name says."""
    assert edit(b"abcd", [("put", 0.5, b"XY", 1)]) == b"abXYcd"
    assert edit(b"abcd", [("over", 0.5, b"X", 1)]) == b"abXd"
    assert edit(b"abcd", [("cut", 0.25, b"", 2)]) == b"ad"
    assert edit(b"abcd", [("twice", 0.5, b"", 1)]) == b"abccd"
    assert edit(b"abcd", [("end", 0.75, b"", 1)]) == b"abc"
    assert edit(b"\x00", [("flip", 0.0, b"", 3)]) == b"\x08"
