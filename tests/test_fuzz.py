"""No parser lets a foreign error through, whatever it is given; found ones are kept here."""

import pytest
from fuzzing import PARSERS, inputs_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_inputs import CRU_HEADER

from soilresp.errors import SoilrespError


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
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


FOUND = {
    "CRU CL, header": [CRU_HEADER.replace("    720", " -1e400").encode()],
    "parameters": [
        b"cube=/non" + b"[" * 2000, b"sr_predictors=[? T, Prec]", b"file=a\0b", b"models=~nobody/x",
        b"options={par_fraction: " + b"9" * 40 + b"}", b"rules={min_flux: " + b"9" * 400 + b"}",
    ],
    "notes in JSON": [b"[" * 100_000],
    "time axes": [
        b"years since 1701" + b"9" * 40 + b"-01-01;360_day|289 290", b";|1e300 2e300",
        b"years since 1701-0" + b"9" * 40 + b"29089 290",
        b"days since 1990-01-01;standard|1e17 2e17",
    ],
}
"""Inputs that once let a foreign error through."""


@pytest.mark.parametrize("parser", [p for p in PARSERS if p.name in FOUND], ids=lambda p: p.name)
def test_found(parser):
    """What fuzzing has found stays mended."""
    for content in FOUND[parser.name]:
        with pytest.raises(SoilrespError):
            parser.parse(content)

