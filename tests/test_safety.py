"""What the code must not do with what it is given: run it, trust it, or show it as markup."""

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_benchmark import as_model, made_benchmark, write_model
from made_inputs import srdb_text

from soilresp import cli
from soilresp.io import registry
from soilresp.models import clean_name
from soilresp.records import quality
from soilresp.records.srdb import load_srdb
from soilresp.scoring.rendering import _plain

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    f for part in ("src", "tools", "notebooks", "data")
    for f in (ROOT / part).rglob("*.py")
)
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"

FOREIGN = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "tarfile"}
"""Modules that run or extract what a file holds."""

NETWORK = {"requests", "urllib.request", "urllib3", "http.client", "ftplib", "httpx", "aiohttp"}
"""Modules that reach out; `soilresp.io.fetch` alone may."""


def calls(tree):
    """Every call with its dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imported(tree):
    """Every module that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def flags(node):
    """Keywords of a call that are constants."""
    return {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}


@pytest.mark.parametrize("file", SOURCES, ids=lambda f: f.relative_to(ROOT).as_posix())
def test_no_source_runs_what_it_reads(file):
    """No pickle, eval, exec, shell or unsafe YAML; nothing is extracted by an archive's names."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert not {m for m in imported(tree) if m.partition(".")[0] in FOREIGN}
    for name, node in calls(tree):
        assert name not in ("eval", "exec", "compile", "os.system", "os.popen", "joblib.load",
                            "pd.read_pickle", "pandas.read_pickle"), name
        assert not name.endswith((".extractall", ".extract")) or name.startswith("re."), name
        assert not name.startswith("yaml.") or name in (
            "yaml.safe_load", "yaml.safe_dump", "yaml.YAMLError"), name
        assert flags(node).get("allow_pickle") is not True, name
        if name.startswith("subprocess.") or name.endswith("Popen"):
            assert flags(node).get("shell") is not True, name
            # One string would go through a shell on some systems; a list never does.
            assert not isinstance(node.args[0], ast.Constant | ast.JoinedStr), name


def test_one_module_reaches_the_network():
    """Downloads go through the one place that asks for https and compares checksums."""
    found = {
        f.relative_to(ROOT).as_posix() for f in SOURCES
        if set(imported(ast.parse(f.read_text(encoding="utf-8")))) & (NETWORK | {"pooch"})
    }
    # paths takes from pooch where caches are, and no more.
    assert found - {"src/soilresp/io/paths.py"} == {"src/soilresp/io/fetch.py"}


def test_user_yaml_goes_through_one_door():
    """Every file or text of a user is parsed where whatever is wrong becomes one error."""
    found = [f.name for f in (ROOT / "src").rglob("*.py")
             if any(n == "yaml.safe_load" for n, _ in calls(ast.parse(f.read_text())))]
    # The values of the paper are committed and tested.
    assert set(found) <= {"yaml_text.py", "paper.py"}


@pytest.mark.parametrize("url", [
    "http://example.org/a", "ftp://example.org/a", "file:///etc/passwd", "//example.org/a",
    "https://", "http://127.0.0.1.example.org/a", "javascript:alert(1)", "http://[::1", "", None,
])
def test_addresses_that_are_not_fetched(url):
    """Only https to a host, whatever an address looks like."""
    assert not registry.may_be_fetched(url)


@given(st.text(max_size=300))
def test_names_are_one_plain_line(words):
    """Whatever stands in a file, its name is short, in one line and without control characters."""
    name = clean_name(words)
    assert len(name) <= 80 and "$" not in name and name == name.strip()
    assert all(c.isprintable() for c in name)
    assert clean_name(name) == name


@given(st.text(alphabet="ab<>&[]()|*_`#\\\n\r!$~", max_size=40))
def test_markdown_shows_words_as_they_are(words):
    """A Markdown reader gives the words back, without any markup of their own."""
    import html
    import re

    from markdown_it import MarkdownIt

    shown = MarkdownIt("commonmark").enable("table").renderInline(f"x{_plain(words)}x")
    assert not re.search(r"<(?!br)", shown)
    assert html.unescape(shown) == f"x{' '.join(words.splitlines())}x"


def test_a_scorecard_shows_what_a_model_calls_itself(tmp_path, capsys):
    """Markup, formulas, escape codes and paths in a model's attributes stay words."""
    import xarray as xr

    made_benchmark().to_netcdf(tmp_path / "b.nc")
    write_model(tmp_path / "m.nc", as_model(made_benchmark(), ("HR",))["HR"], name="rh")
    with xr.open_dataset(tmp_path / "m.nc", decode_times=False) as data:
        model = data.load()
    model.attrs["source_id"] = f"../..{EVIL}\x1b[2J $\\frac$"
    model["rh"].attrs["long_name"] = EVIL
    model.to_netcdf(tmp_path / "m.nc")
    with pytest.raises(SystemExit) as leave:
        cli.main(["score", str(tmp_path / "m.nc"), "--benchmark", str(tmp_path / "b.nc"),
                  "--out", str(tmp_path / "out")])
    said = capsys.readouterr()
    assert not leave.value.code, said.err
    page = (tmp_path / "out/scorecard.html").read_text()
    assert "<script" not in page and "<img src=x" not in page and "\x1b" not in page + said.out
    assert "&lt;script&gt;" in page and "\\<script" in (tmp_path / "out/scorecard.md").read_text()
    name = json.loads((tmp_path / "out/score.json").read_text())["name"]
    assert name == f"../..{EVIL}[2J \\frac"


def test_the_check_of_srdb_shows_what_a_table_holds(tmp_path):
    """Texts of a table are words on its page."""
    path = tmp_path / "srdb.csv"
    path.write_text(srdb_text({"Country": EVIL, "Ecosystem_type": EVIL, "Latitude": "95"}))
    table = load_srdb(path, strip=False)
    page = quality.page(quality.check_records(table), table, EVIL, quality.TESTS)
    assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page
