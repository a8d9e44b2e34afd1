"""No parser lets a foreign error through, whatever it is given; found ones are kept here."""

import pytest
from fuzzing import PARSERS, at_random, edit, fuzz, inputs_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soilresp.errors import SoilrespError

FAST = [p for p in PARSERS if p.share > 60]


@pytest.mark.parametrize("parser", FAST, ids=lambda parser: parser.name)
def test_mutations(parser):
    """Whatever hypothesis makes of a sound input, no other error than the project's comes out."""
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def holds(data):
        content = data.draw(inputs)
        try:
            parser.parse(content)
        except SoilrespError as error:
            assert str(error)

    inputs = inputs_of(parser)
    holds()


@pytest.mark.parametrize("parser", FAST, ids=lambda parser: parser.name)
def test_random_inputs(parser):
    """As `robustness/fuzz.py` makes them, the same from run to run."""
    contents = list(at_random(parser, 20))
    assert contents == list(at_random(parser, 20))
    found = fuzz(parser, contents)
    assert found["findings"] == [] and found["read"] + found["refused"] == 20


@pytest.mark.parametrize("parser", FAST, ids=lambda parser: parser.name)
def test_seeds(parser):
    """What the mutations start from is sound, or a fault of its own that is refused."""
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
