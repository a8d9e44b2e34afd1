"""Which code a result stands on: what changes its hash, and what does not."""

import ast
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import soilresp
from soilresp.study import chapters as workflow
from soilresp.study import freshness
from soilresp.study.code import Code, _dump

PACKAGE = Path(soilresp.__file__).parent

FILES = {
    "__init__.py": "",
    "stages.py": "class Stage:\n    pass\n",
    "numbers.py": '''
"""Numbers."""
import math
from pkg import other

LIMIT = 3
TABLE = {"a": LIMIT}
UNUSED = 9

def half(x, limit=LIMIT):
    """Half of it."""
    return min(x / 2, limit)

def root(x):
    return math.sqrt(x)

def shadow(LIMIT):
    return [other for other in LIMIT]

def late(x):
    from pkg.other import far
    return far(x)

def by_module(x):
    return other.near(x)

def whole():
    return vars(other)
''',
    "other.py": "def near(x):\n    return x\n\ndef far(x):\n    return 'table.csv'\n",
    "sub/__init__.py": "from pkg.numbers import half\nfrom pkg.sub.deep import deep\n",
    "sub/deep.py": "from pkg.numbers import TABLE\n\ndef deep():\n    return TABLE\n",
    "work.py": '''
from pkg.numbers import half
from pkg.stages import Stage

def _first(study):
    return half(2)

first = Stage("01_first", _first)

def _second(study):
    return 1

second = Stage("02_second", _second, [first])

def look(study):
    return second.stored(study)
''',
}


@pytest.fixture
def package(tmp_path):
    """A small package, and a way to change a file of it."""
    folder = tmp_path / "pkg"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def modules(folder, function, **changes):
    """Hashes of the modules that a function reaches, after changes to files (old, new)."""
    for name, (old, new) in changes.items():
        file = folder / f"{name}.py"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
    module, _, name = function.rpartition(".")
    return Code(folder, "pkg").of_function(module, name).modules


@pytest.mark.parametrize(("function", "expected"), [
    ("pkg.numbers.half", ["numbers.py"]),
    ("pkg.numbers.shadow", ["numbers.py"]),
    ("pkg.numbers.late", ["numbers.py", "other.py"]),
    ("pkg.numbers.by_module", ["numbers.py", "other.py"]),
    ("pkg.sub.half", ["numbers.py"]),
    ("pkg.sub.deep.deep", ["numbers.py", "sub/deep.py"]),
    ("pkg.work._second", ["work.py"]),
    ("pkg.work._first", ["numbers.py", "work.py"]),
    ("numpy.mean", []),
])
def test_names_are_followed_to_their_definitions(package, function, expected):
    """Through imports at any place, modules and re-exports; not into what is not used."""
    assert list(modules(package, function)) == expected


@pytest.mark.parametrize(("change", "differs"), [
    (("LIMIT = 3", "LIMIT = 4"), True),
    (("x / 2", "x / 3"), True),
    (("UNUSED = 9", "UNUSED = 8"), False),
    (("    return math", "    # A root.\n    return math"), False),
    (('"""Half of it."""', '"""Half of x."""'), False),
    (("return math", "return 2 * math"), False),
    (("def half(x, limit=LIMIT)", "def half(x, limit=2)"), True),
    (("import math", "import cmath as math"), False),
])
def test_hash_of_half(package, change, differs):
    """Code and constants that are reached count; comments, docstrings and others do not."""
    before = modules(package, "pkg.numbers.half")
    assert (modules(package, "pkg.numbers.half", numbers=change) != before) is differs


def test_a_module_that_is_handed_on_counts_as_a_whole(package):
    """Nobody knows what is taken out of it."""
    before = modules(package, "pkg.numbers.whole")
    assert modules(package, "pkg.numbers.whole", other=("return x", "return -x")) != before


def test_scripts_stop_at_stages_or_go_through(package):
    """A notebook names the stages that it uses; their code is theirs, or followed."""
    source = "from pkg import work\nresult = work.second(None)\nwork.look(None)\n"
    code = Code(package, "pkg")
    named, whole = code.of_source(source, whole=False), code.of_source(source)
    assert named.stages == {"02_second"} and list(named.modules) == ["work.py"]
    assert list(whole.modules) == ["numbers.py", "stages.py", "work.py"] and not whole.stages
    # A name of the script hides none that it imports.
    again = code.of_source(source + "work = work.half\n", whole=False)
    assert again.stages == {"02_second"}


def test_strings_are_told(package):
    """They may name files."""
    assert "table.csv" in Code(package, "pkg").of_function("pkg.numbers", "late").strings


@given(st.text(max_size=30).filter(lambda t: "\\" not in t), st.integers())
def test_docstrings_never_count_and_constants_always_do(words, number):
    """Whatever the docstring says; and another number is another tree."""
    plain = ast.parse(f"def f(x):\n    return x + {number}\n")
    documented = ast.parse(f"def f(x):\n    {words!r}\n    return x + {number}\n")
    other = ast.parse(f"def f(x):\n    return x + {number + 1}\n")
    assert _dump(plain) == _dump(documented) != _dump(other)


def affected(tmp_path, file, old, new):
    """Stages and notebooks of the study whose code an edit changes."""
    folder = tmp_path / "soilresp"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    before, after = Code(PACKAGE), Code(folder)
    computes = {n: (s.compute.__module__, s.compute.__qualname__)
                for n, s in freshness.stages().items()}
    return {
        n for n, where in computes.items()
        if before.of_function(*where).modules != after.of_function(*where).modules
    }


def test_an_edit_of_the_looks_changes_no_stage(tmp_path):
    """Figures are made of results; only the scores draw some of their own, later."""
    assert affected(tmp_path, "plot/style.py", "def figure(", "WIDER = 1\n\n\ndef figure(") == set()
    shutil.rmtree(tmp_path / "soilresp")
    name = "def six_maps(climatology):"
    text = (PACKAGE / "plot/globe.py").read_text()
    name = next(line for line in text.splitlines() if line.startswith("def six_maps("))
    assert affected(tmp_path, "plot/globe.py", name, f"{name}\n    print()") == set()


def test_an_edit_of_the_scores_changes_their_stage_alone(tmp_path):
    """What scores models is not what makes the maps."""
    text = (PACKAGE / "scoring/maps.py").read_text()
    name = next(line for line in text.splitlines() if line.startswith("def score_model("))
    assert affected(tmp_path, "scoring/maps.py", name, name.replace("(", "(_more=1, *, ", 1)) == {
        "08_score_your_model"
    }


def test_an_edit_in_prepare_changes_what_depends_on_it(tmp_path):
    """The selection of records: stages that select, and no map, search or budget."""
    found = affected(tmp_path, "records/selection.py", "def select_records(",
                     "def select_records(_more=1, *, ")
    assert workflow.selection.name in found
    assert found.isdisjoint({
        "03_predictor_search", "04_stratified_training", "05_global_mapping", "06_carbon_budget",
        "09_validation",
    })


def test_comments_change_nothing(tmp_path):
    """Words above a function are no code."""
    assert affected(
        tmp_path, "records/selection.py", "def select_records(", "# Which?\ndef select_records("
    ) == set()
