"""The reference pages: every public name, every command, nothing by hand."""

import importlib
import inspect
import re

import pytest
import sphinx.util.inventory
import typer

from soilresp import cli
from soilresp.book import reference
from soilresp.io import paths
from soilresp.study import chapters as workflow
from soilresp.study import stage as stages

PAGES = paths.root() / "book" / "api"


def packages():
    """What the pages ask for, by page."""
    asked = {}
    for page in PAGES.glob("*.rst"):
        found = re.search(r"\.\. soilresp-modules:: ((?:[\w. ]|\n {3})+)", page.read_text())
        asked[page.stem] = found.group(1).split() if found else []
    return asked


def told():
    """Modules that some page tells of."""
    names = [name for given in packages().values() for name in given]
    return [module for name in names for module in reference.modules(name)]


def test_every_module_has_one_place():
    """No public module is left out, and none is told of twice."""
    modules = told()
    assert len(modules) == len(set(modules))
    assert set(reference.modules("soilresp")) - {"soilresp"} == set(modules)


def test_every_public_name_has_one_module():
    """A name that packages hand on is told of where it is defined."""
    for module in told():
        loaded = importlib.import_module(module)
        own = reference.own_names(module)
        assert set(own) <= set(loaded.__all__)
        for name in own:
            value = getattr(loaded, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                assert value.__module__ == module
    assert "mapping" not in reference.own_names("soilresp.study.chapters")
    assert "mapping" in reference.own_names("soilresp.study.chapters.c05_maps")


def test_underscored_modules_are_private():
    """Helpers of a package are not for its users, and empty packages say nothing."""
    modules = reference.modules("soilresp.plot")
    assert modules[0] == "soilresp.plot"
    assert "soilresp.plot._parts" not in modules
    assert "soilresp.predict" not in reference.modules("soilresp.predict")


def test_every_public_name_is_in_the_book(site):
    """The inventory of the built book holds each name of each `__all__`, by its own module."""
    with open(site / "objects.inv", "rb") as file:
        held = sphinx.util.inventory.InventoryFile.load(file, "", lambda _, path: path)
    names = {name for kind, found in held.items() if kind.startswith("py:") for name in found}
    public = {f"{m}.{name}" for m in told() for name in reference.own_names(m)}
    assert len(public) > 500
    assert public - names == set()
    assert set(told()) - names == set()


def test_sections_and_units_of_docstrings_are_shown(site):
    """Parameters, results and errors of a docstring become lists with their units."""
    page = (site / "book" / "api" / "export.html").read_text(encoding="utf-8")
    start = page.index('id="soilresp.grid.cells.total_pg"')
    words = re.sub(r"<[^>]+>", "", page[start : start + 6000])
    assert "g m-2 yr-1 of the area" in words.partition("Parameters")[2]
    assert "Pg yr-1." in words.partition("Returns")[2]


def test_modules_stand_in_the_order_of_the_page(site):
    """Sections follow the order in which the page names its modules."""
    page = (site / "book" / "api" / "export.html").read_text(encoding="utf-8")
    places = [page.index(f'id="module-{name}"') for name in packages()["export"]]
    assert places == sorted(places)


def test_a_stage_shows_its_settings(site):
    """The signature of a stage has its settings and their defaults, not its machinery."""
    page = (site / "book" / "api" / "run.html").read_text(encoding="utf-8")
    start = page.index('id="soilresp.study.chapters.c05_maps.mapping"')
    words = re.sub(r"<[^>]+>", "", page[start : start + 4000])
    assert isinstance(workflow.mapping, stages.Stage)
    assert all(setting in words for setting in workflow.mapping.settings)


def commands(command, path="soilresp"):
    """Names of all commands, by the tree of typer."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")
    if not hasattr(command, "commands"):
        yield path, command


def test_every_command_and_option_is_in_the_book(site):
    """The page of commands has each command and each name of its options."""
    page = (site / "book" / "api" / "commands.html").read_text(encoding="utf-8")
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    found = dict(commands(typer.main.get_command(cli.app)))
    assert len(found) > 15
    for path, command in found.items():
        assert f'id="{path.replace(" ", "-")}"' in page
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                assert option in words, (path, option)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("plain", "plain"), ("run `soilresp book` now", "run soilresp book now"), (None, "")],
)
def test_backticks_of_help_become_code(words, expected):
    """Words in backticks are literals; nothing is lost."""
    paragraph = reference._paragraph(words)
    assert paragraph.astext() == expected
    assert len(list(paragraph.findall(reference.nodes.literal))) == (expected != "plain" and 1) * (
        words is not None
    )
