"""The structure of the package: rooms, imports that run one way, first lines of docstrings."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import soilresp

PACKAGE = Path(soilresp.__file__).parent
FILES = sorted(p for p in PACKAGE.rglob("*.py"))

LEVELS = (
    ("__init__", "errors", "forest"), ("io", "grid"), ("readers",), ("covariates",), ("models",),
    ("scoring",), ("records",), ("upscaling",), ("evaluation",), ("plot",), ("study",), ("book",),
    ("cli",),
)
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}


def module_of(path):
    """Return the dotted name of a file, without the package's own."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


MODULES = {module_of(path): path for path in FILES}


def imports(path):
    """Return the modules of the package that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{a.name}" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            while package == "soilresp" and rest and rest not in MODULES:
                rest = rest.rpartition(".")[0]
            if package == "soilresp" and rest:
                found.add(rest)
    return found - {module_of(path)}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_run_one_way(path):
    """No module imports from a room above its own, not even inside a function."""
    own = module_of(path).partition(".")[0]
    if own == "__init__":
        return
    for name in imports(path):
        room = name.partition(".")[0]
        assert LEVEL[room] <= LEVEL[own], f"{module_of(path)} imports {name}"
        if LEVEL[room] == LEVEL[own]:
            assert room == own or {room, own} <= {"errors", "io", "grid"}, f"{own} imports {name}"


def test_no_circles():
    """Imports form no circle, not even those inside functions."""
    waiting = {name: imports(path) for name, path in MODULES.items()}
    # Chapters import each other, which loads their package first.
    assert not {n for n in waiting["study.chapters"] if n.startswith("study.chapters.")}
    while waiting:
        free = {name for name, names in waiting.items() if not names & set(waiting)}
        assert free, f"imports in a circle among {sorted(waiting)}"
        waiting = {name: names for name, names in waiting.items() if name not in free}


def test_few_entries_at_the_top():
    """One room for each subject."""
    entries = {p.name for p in PACKAGE.iterdir() if p.name != "__pycache__"}
    assert len(entries) <= 18, sorted(entries)


def test_first_lines_are_sentences_with_a_verb():
    """No docstring of a function opens with What, Whether, Where or How."""
    found = []
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = (ast.get_docstring(node) or "").split(maxsplit=1)
                if first and first[0] in ("What", "Whether", "Where", "How"):
                    found.append(f"{name}.{node.name}")
    assert found == []


WITHOUT_POSIX = """
import builtins, importlib, pkgutil
own_import = builtins.__import__

def without_posix(name, globals=None, *more, **options):
    importer = (globals or {}).get("__name__", "")
    if name in ("fcntl", "resource", "termios", "pwd", "grp") and importer.startswith("soilresp"):
        raise ImportError(f"{importer} imports {name}")
    return own_import(name, globals, *more, **options)

builtins.__import__ = without_posix
import soilresp
for module in pkgutil.walk_packages(soilresp.__path__, "soilresp."):
    importlib.import_module(module.name)
"""


def test_every_module_can_be_imported_without_posix():
    """No module of this package needs a module of Python that only POSIX systems have."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_POSIX], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
