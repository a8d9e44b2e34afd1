"""The book's words: each page's form, and that everything that they point to is there."""

import re
import shlex
from pathlib import Path

import jupytext
import pytest
from typer.main import get_command

from soilresp.cli import app
from soilresp.io import paths

ROOT = paths.root()
PAGES = {p.stem: p.read_text(encoding="utf-8") for p in sorted(ROOT.glob("book/*.md"))}
NOTEBOOKS = {p.stem: jupytext.read(p) for p in sorted(ROOT.glob("notebooks/[0-9]*.py"))}
PROSE = {
    name: "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    for name, nb in NOTEBOOKS.items()
}
WORDS = {**PAGES, **PROSE}


def figure_cells(name):
    """Cells of a notebook that are figures, with what they tell of themselves."""
    return [c for c in NOTEBOOKS[name].cells if "figure" in c.metadata.get("mystnb", {})]


@pytest.fixture(scope="module")
def names():
    """Names of all figures, each used once."""
    found = [c.metadata["mystnb"]["figure"]["name"] for n in NOTEBOOKS for c in figure_cells(n)]
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_figures_are_captioned_and_described(name):
    """Each figure has a name, a caption that ends as a sentence, and words for its picture."""
    for cell in figure_cells(name):
        told = cell.metadata["mystnb"]
        figure, alt = told["figure"], told["image"]["alt"]
        assert re.fullmatch(r"fig-[a-z0-9-]+", figure["name"])
        assert figure["caption"].endswith(".") and len(figure["caption"]) > 20
        assert 60 < len(alt) < 300 and alt.endswith("."), figure["name"]
        assert alt != figure["caption"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_plot_is_a_figure(name):
    """No cell ends in a plot without being numbered and captioned."""
    for cell in NOTEBOOKS[name].cells:
        draws = re.search(r"^plot\.(?!use_style)\w+\(", cell.source, re.M)
        if cell.cell_type == "code" and draws:
            assert cell in figure_cells(name), cell.source


# A twin experiment has no such figures, and a number that leads nowhere fails its book.
NOT_ALWAYS = {"fig-suspicious-sites", "fig-alternatives"}


def test_figures_are_referred_to(names):
    """Each figure is named in the text of its own chapter; each reference has its figure.

    One whose cell is not on the page of its chapter is shown on another.
    """
    shown = set(re.findall(r"\{notebook-figure\} *([\w-]+)", "\n".join(WORDS.values())))
    for notebook, text in PROSE.items():
        there, elsewhere = set(), set()
        for cell in figure_cells(notebook):
            hidden = "remove-cell" in cell.metadata.get("tags", ())
            (elsewhere if hidden else there).add(cell.metadata["mystnb"]["figure"]["name"])
        assert there - NOT_ALWAYS <= set(re.findall(r"\{numref\}`([\w-]+)`", text)), notebook
        assert elsewhere <= shown, notebook
    for page, text in WORDS.items():
        assert set(re.findall(r"\{numref\}`([\w-]+)`", text)) <= names - NOT_ALWAYS, page
        assert not set(re.findall(r"\{notebook-figure\} *([\w-]+)", text)) - names, page


def printed_commands():
    """Each command line of the pages and the README that calls ``soilresp``, as words."""
    texts = [*PAGES.values(), (ROOT / "README.md").read_text(encoding="utf-8")]
    for text in texts:
        for block in re.findall(r"```bash\n(.+?)```", text, re.DOTALL):
            for line in re.split(r"\n|&&", block.replace("\\\n", " ")):
                words = shlex.split(line, comments=True)
                at = [k for k, w in enumerate(words) if Path(w).name == "soilresp" and "=" not in w]
                if at:
                    yield tuple(words[at[0] + 1 :])


@pytest.mark.parametrize("words", sorted(set(printed_commands())), ids=" ".join)
def test_printed_commands_exist(words):
    """Each command that a page prints is one of the command line's, and so are its options."""
    command, rest = get_command(app), list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if re.match(r"--?[a-z]", word)} <= known


def test_reference_has_every_name_and_command():
    """Each public name of the package, and each group or command of the command line."""
    import soilresp

    page = PAGES["api"]
    documented = set(re.findall(r"^\.\. auto(?:class|exception|function):: (\w+)$", page, re.M))
    assert documented == set(soilresp.__all__) - {"PREDICTORS", "__version__"}
    listed = set(re.findall(r"^\| `soilresp ([\w ]+)`", page, re.M))
    commands = {name: c for name, c in get_command(app).commands.items() if not c.hidden}
    study = {f"study {name}" for name in commands.pop("study").commands}
    assert listed == {*commands, *study}
