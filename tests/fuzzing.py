"""Parsers that take what users and institutions write, with sound inputs and their mutations.

Every parser is a function of bytes. It may return, or raise the project's own error;
anything else is a finding.
"""

import contextlib
import gzip
import io
import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from made_inputs import (
    CRU_HEADER,
    all_months,
    ghcn_month,
    srdb_text,
    write_gistemp,
)

from soilresp.covariates.recipes import read_recipes
from soilresp.errors import SoilrespError
from soilresp.io import tables as committed
from soilresp.io.files import read_json
from soilresp.io.registry import read_registry
from soilresp.models import flux_factor, pool_factor, read_steps
from soilresp.models.declared import read_declared
from soilresp.readers.cru_cl import read_cru_cl
from soilresp.readers.ghcn import read_ghcn
from soilresp.readers.gistemp import read_gistemp
from soilresp.records.selection import select_records
from soilresp.records.srdb import load_srdb, questionable_records
from soilresp.study.parameters import check_values
from soilresp.study.run import parse_parameters

DATA = Path(__file__).parents[1] / "data"
YEAR = 2000


@dataclass(frozen=True)
class Parser:
    """One parser.

    Attributes
    ----------
    name : str
    parse : callable
        Of bytes.
    seeds : callable
        Gives sound inputs, a list of bytes.
    """

    name: str
    parse: object
    seeds: object


_FOLDER = tempfile.TemporaryDirectory(
    prefix="soilresp-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None
)


def _file(name, content):
    path = Path(_FOLDER.name) / name
    path.write_bytes(content)
    return path


def _of_file(name, parse, *arguments):
    return lambda content: parse(_file(name, content), *arguments)


def _srdb(content):
    table = load_srdb(_file("srdb.csv", content), strip=False)
    questionable_records(table)
    select_records(table)


def _parameters(content):
    check_values(parse_parameters(content.decode("utf-8", "replace").split("\x1e")))


def _units(content):
    words = content.decode("utf-8", "replace")
    for factor in (flux_factor, pool_factor):
        with contextlib.suppress(SoilrespError):
            factor(words)


def _steps(content):
    words, _, numbers = content.decode("utf-8", "replace").partition("|")
    units, _, calendar = words.partition(";")
    values = []
    for word in numbers.split()[:50]:
        try:
            values.append(float(word))
        except ValueError:
            continue
    read_steps(values or [0.0], units, calendar)


def _table(content):
    facts, _, table = content.partition(b"\x1e")
    _file("t.json", facts)
    _file("t.csv", table)
    committed.load_table("t", Path(_FOLDER.name))


def _small(file, keep):
    """The YAML of a file with some of its entries only, so that it is read fast."""
    import yaml

    content = yaml.safe_load((DATA / file).read_text(encoding="utf-8"))
    for part, names in keep.items():
        content[part] = {n: content[part][n] for n in names}
    return [yaml.safe_dump(content, sort_keys=False).encode()]


def _ghcn_text():
    return "".join(ghcn_month(y, m, np.zeros((36, 72))) for y, m in all_months(YEAR, YEAR)).encode()


def _zip(name, content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def _gistemp_file():
    path = Path(_FOLDER.name) / "sound.nc"
    write_gistemp(path, np.zeros((12, 90, 180), np.int16), all_months(YEAR, YEAR))
    return path.read_bytes()


def _parameter_texts():
    return [
        b"n_runs=20", b"rules={years: [1990, 2013], quality: drop, box: null}",
        b"options={par_fraction: 0.5, ratio_bounds: [0.0, 3.0]}", b"sr_predictors=[MAT, Prec]",
        b"correlation=-0.5\x1en_draws=1000\x1edraw=area", b"years=[1990, 2012]\x1ecube=/none.nc",
        b"inputs={gistemp: /none.nc}\x1emodel_name=A\x1esearch_anew=true",
    ]


PARSERS = (
    Parser("SRDB", _srdb, lambda: [srdb_text().encode(), srdb_text(
        {"Site_name": 'a "b",\nc', "Rs_annual": "1e3"}, {"Rh_annual": "NA"}).encode()]),
    Parser("CRU CL, header", _of_file("c.dat", read_cru_cl, "tmp"), lambda: [
        CRU_HEADER.encode() + b"    0\n" * 3]),
    Parser("CRU CL, zip", _of_file("c.zip", read_cru_cl, "tmp"), lambda: [
        _zip("c.dat", CRU_HEADER), _zip("../c.dat", "x" * 5000)]),
    Parser("GHCN", _of_file("p.dat", read_ghcn, (YEAR, YEAR)), lambda: [
        _ghcn_text(), _ghcn_text()[:4000]]),
    Parser("GHCN, gzip", _of_file("p.dat.gz", read_ghcn, (YEAR, YEAR)), lambda: [
        gzip.compress(_ghcn_text()[:4000], 1)]),
    Parser("GISTEMP", _of_file("g.nc", read_gistemp, (YEAR, YEAR)), lambda: [
        _gistemp_file(), b"CDF\x01" + bytes(200)]),
    Parser("model catalogue", _of_file("models.yaml", read_declared), lambda: _small(
        "models.yaml", {"ten": ["BEPS"], "testbed": ["MIMICS"]})),
    Parser("recipes", _of_file("recipes.yaml", read_recipes), lambda: _small(
        "recipes.yaml", {"recipes": ["embedded"]})),
    Parser("registry", _of_file("registry.yaml", read_registry), lambda: _small(
        "registry.yaml", {"entries": ["srdb", "gistemp"], "templates": []})),
    Parser("parameters", _parameters, _parameter_texts),
    Parser("units", _units, lambda: [
        b"kg m-2 s-1", b"gC/m2/day", b"umol CO2 m-2 s-1", b"kg C m**-2"]),
    Parser("time axes", _steps, lambda: [
        b"days since 1700-01-01;noleap|15 45 75", b"months since 1700-01-01;|0 1 2",
        b"day as %Y%m%d.%f;proleptic_gregorian|19900115.5", b";|1990.0 1991.0",
        b"years since 1701-01-01;360_day|289 290"]),
    Parser("notes in JSON", _of_file("stage.json", read_json), lambda: [json.dumps(
        {"stage": "01", "key": "ab", "settings": {"n": None}, "files": {"a": "a.nc"}}).encode()]),
    Parser("committed tables", _table, lambda: [
        b'{"command": "soilresp x", "recipe": "delta"}\x1ea,b,c\n1,NA,x\n2,3.5,\n']),
)
"""Parsers, and sound inputs of each."""

TOKENS = (
    b"nan", b"inf", b"-1e400", b'"', b"'", b",", b";", b"\0", b"\xff", b"9" * 40, b"NA", b"None",
    b"2001-99-99", b"!!python/object/apply:os.getcwd []", b"!!binary x", b"&a [*a]", b"*b", b"- ",
    b"{", b"}", b"[", b"]", b"\n", b"\r", b"\t", b": ", b"? ", b"0x", b"0b", b"1_0", b"=", b"|",
    b"\xef\xbb\xbf", "½٣".encode(), "\u2028\x85".encode(), b"-", b".", b"1e5", b"~", b"<<: 1\n",
    b"..", b"[" * 2000, b"\x1e", b"%", b"#", b"since", b"0", b"-9999",
)
"""Pieces that parsers stumble over."""

KINDS = ("put", "over", "cut", "twice", "end", "flip")
"""Kinds of edits."""

_EDITS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.floats(0, 1, exclude_max=True),
        st.one_of(st.sampled_from(TOKENS), st.binary(max_size=6)),
        st.integers(1, 40),
    ),
    min_size=1, max_size=5,
)


def edit(content, edits):
    """Apply edits to bytes: put in, write over, cut out, double, cut off, flip a bit.

    Parameters
    ----------
    content : bytes
    edits : list of (str, float, bytes, int)
        Kind, place as a share of the length, piece, and number of bytes.

    Returns
    -------
    bytes
    """
    for kind, share, piece, size in edits:
        at = int(share * len(content))
        if kind == "put":
            content = content[:at] + piece + content[at:]
        elif kind == "over":
            content = content[:at] + piece + content[at + len(piece):]
        elif kind == "cut":
            content = content[:at] + content[at + size:]
        elif kind == "twice":
            content = content[: at + size] + content[at:]
        elif kind == "end":
            content = content[:at]
        elif content:
            content = content[:at] + bytes([content[at] ^ 1 << size % 8]) + content[at + 1:]
    return content


def inputs_of(parser):
    """Strategy of inputs of a parser: mutations of sound ones, and now and then garbage."""
    sound = st.builds(edit, st.sampled_from(parser.seeds()), _EDITS)
    return st.one_of(*[sound] * 19, st.binary(max_size=200))

