"""The book's words: each page's form, and that everything that they point to is there."""

import re
import shlex
from pathlib import Path

import jupytext
import nbformat
import pytest
import yaml
from book_parts import figures
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
CHAPTERS = [name for name in NOTEBOOKS if name[:2] != "00"]

# The paper's own list: nine figures and a table, and the supplement's ten and five.
ITEMS = [
    *(f"Figure {n}" for n in range(1, 10)), "Table 1",
    *(f"Figure S{n}" for n in range(1, 11)), *(f"Table S{n}" for n in range(1, 6)),
]
VERDICTS = {"same", "different", "not possible"}


def figure_cells(name):
    """Cells of a notebook that are figures, with what they tell of themselves."""
    return [c for c in NOTEBOOKS[name].cells if "figure" in c.metadata.get("mystnb", {})]


def slug(heading):
    """Address of a heading within its page, as MyST makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.fixture(scope="module")
def names():
    """Names of all figures, each used once."""
    found = [c.metadata["mystnb"]["figure"]["name"] for n in NOTEBOOKS for c in figure_cells(n)]
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_opens_with_its_question(name):
    """Under the title stands one bold question, and nothing else comes before it."""
    first = NOTEBOOKS[name].cells[0]
    assert first.cell_type == "markdown"
    title, question, *_ = first.source.split("\n\n")
    assert title.startswith(f"# {int(name[:2])}. ")
    assert re.fullmatch(r"\*\*[^*]+\?\*\*", question), question


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_closes_with_what_was_learned(name):
    """The last two headings are what was learned and what is uncertain, each with words."""
    last = NOTEBOOKS[name].cells[-1].source
    learned, uncertain = re.fullmatch(
        r"## What we learned\n\n(.+)\n\n## What is uncertain\n\n(.+)", last, re.DOTALL
    ).groups()
    assert min(len(learned), len(uncertain)) > 100


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


def test_committed_figures_are_read_with_their_words(names):
    """The first page's picture comes out of a notebook with its description."""
    found = {}
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        found |= figures(path)
    assert set(found) == names
    assert all(figure["alt"] and figure["caption"] for figure in found.values())
    pictures = [figure["png"] for figure in found.values() if figure["png"]]
    assert pictures and all(png.startswith(b"\x89PNG") for png in pictures)


def rows():
    """Rows of the page that holds the paper against ours, as lists of cells."""
    form = r"^\* - (.+)\n  - (.+)\n  - (.+)\n  - (.+)$"
    return [row for row in re.findall(form, PAGES["paper_against_ours"], re.M) if row[0] != "Paper"]


def test_every_item_of_the_paper_has_its_row():
    """Each figure and table of the paper has one row, in order."""
    assert [row[0] for row in rows()] == ITEMS


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0].replace(" ", "-"))
def test_row_has_a_verdict_and_a_target(row, names):
    """A row leads to a figure or a chapter of ours, and opens with one of three verdicts."""
    _, shows, ours, verdict = row
    assert shows and re.search(r"\{numref\}`fig-|\]\(\.\./notebooks/", ours)
    assert re.match(r"\*\*(.+?)\*\*", verdict).group(1) in VERDICTS
    assert set(re.findall(r"\*\*(.+?)\*\*", verdict)) <= VERDICTS
    assert len(verdict) > 30 or " as for " in verdict


@pytest.mark.parametrize("page", WORDS)
def test_links_have_their_target(page):
    """Files and headings that a page links to exist."""
    folder = ROOT / ("notebooks" if page in NOTEBOOKS else "book")
    links = re.findall(r"\]\(([^)\s]+?\.(?:md|ipynb))(?:#([\w-]+))?\)", WORDS[page])
    for target, heading in links:
        path = (folder / target).resolve()
        assert path.is_file(), f"{page}: {target}"
        if heading:
            text = WORDS[path.stem]
            assert heading in {slug(h) for h in re.findall(r"^#+ (.+)$", text, re.M)}, heading
    downloads = re.findall(r"\{download\}`[^<`]*<?([^<>`]+?)>?`", WORDS[page])
    assert all((folder / target).is_file() for target in downloads)


def test_glued_numbers_exist():
    """Each number in the prose is handed on by the notebook that it is said to come from."""
    handed = {}
    for name, nb in NOTEBOOKS.items():
        code = "\n".join(c.source for c in nb.cells if c.cell_type == "code")
        committed = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
        told = [o.get("metadata", {}) for c in committed.cells for o in c.get("outputs", [])]
        handed[name] = (code, {data.get("scrapbook", {}).get("name") for data in told})
    for page, text in WORDS.items():
        for where, key in re.findall(r"\{glue:text\}`(?:([^`:]+)::)?(\w+)(?::[^`]*)?`", text):
            code, made = handed[Path(where).stem if where else page]
            # A name made from parts is only seen where the notebook has run.
            assert key in made or re.search(rf"\b{key}=", code) or "{" in code, f"{page}: {key}"


def test_terms_are_explained():
    """Each term that a page marks stands in the glossary; each entry of it has words."""
    body = re.search(r"```\{glossary\}\n(.+?)```", PAGES["glossary"], re.DOTALL).group(1)
    entries = [block.splitlines() for block in body.strip().split("\n\n")]
    known = [line for entry in entries for line in entry if not line.startswith(" ")]
    assert len(known) == len(set(known)) > 50
    assert all(entry[-1].startswith("  ") for entry in entries)
    for page, text in WORDS.items():
        for term in re.findall(r"\{term\}`(?:[^<`]*<)?([^<>`]+?)>?`", text):
            assert " ".join(term.split()) in known, f"{page}: {term}"
    assert {"SR", "HR", "AR", "OOB", "MAD", "CV", "growing season", "stratum"} <= set(known)


def test_bibliography_is_cited_and_citations_are_known():
    """No reference is idle, and none is missing."""
    text = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    known = re.findall(r"^@\w+\{(\w+),", text, re.M)
    cited = set()
    for words in WORDS.values():
        for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", words):
            cited |= {key.strip() for key in keys.split(",")}
    assert len(known) == len(set(known))
    assert cited == set(known)


def test_pages_are_in_the_table_of_contents():
    """Each page of the book is in the table of contents, and so is each chapter."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = {toc["root"], *(c["file"] for part in toc["parts"] for c in part["chapters"])}
    assert {f"book/{name}" for name in PAGES} <= listed
    assert {f"notebooks/{name}" for name in NOTEBOOKS} <= listed


def test_release_notes_begin_with_what_is_next():
    """The versions of the release notes fall from unreleased on, and have the package's."""
    import soilresp

    heads = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert heads[0] == "Unreleased"
    assert soilresp.__version__ in heads


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
