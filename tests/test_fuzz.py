"""No parser lets a foreign error through, whatever it is given; found ones are kept here."""

import netCDF4
import numpy as np
import pytest
from fuzzing import PARSERS, at_random, edit, fuzz, inputs_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_inputs import CRU_HEADER, write_gistemp

from soilresp.errors import SoilrespError
from soilresp.readers.gistemp import read_gistemp

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


def test_times_of_gistemp_that_are_no_dates(tmp_path):
    """Found by fuzzing: a time axis whose units are lost cannot be decoded into dates."""
    path = tmp_path / "g.nc"
    write_gistemp(path, np.zeros((1, 90, 180), np.int16), [(2000, 1)])
    with netCDF4.Dataset(path, "a") as data:
        data["time"].delncattr("units")
    with pytest.raises(SoilrespError, match="latitudes, longitudes and dates"):
        read_gistemp(path, (2000, 2000))
    with netCDF4.Dataset(path, "a") as data:
        data["time"].units = "days since 800000-01-01"
    with pytest.raises(SoilrespError, match="2000-01 is missing"):
        read_gistemp(path, (2000, 2000))
