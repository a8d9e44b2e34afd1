"""Building the book: of a run, and what fails it."""

from pathlib import Path

import pytest
import yaml
from made_project import execute, make_project, stream

from soilresp.book.build import build
from soilresp.errors import DataError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the real settings, one page, and Markdown that is not of the book."""
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    make_project(tmp_path)
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    del config["bibtex_bibfiles"], config["sphinx"]["config"]
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(config))
    (tmp_path / "tools").symlink_to(ROOT / "tools")
    for folder in (".pytest_cache", "runs/b", "src/x"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "README.md").write_text("# Not of the book\n")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters: [{file: notebooks/01_first}]\n"
    )
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "intro.md").write_text("# Intro\n\n```{data-sources}\n```\n")
    return tmp_path


@pytest.mark.slow
def test_book_of_a_run(project, monkeypatch):
    """It shows the run's outputs and parameters, inside the run's folder, with launch buttons."""
    monkeypatch.setenv("SOILRESP_REPOSITORY", "https://github.com/owner/name")
    execute(project, [stream("of the run")])
    (project / "CHANGELOG.md").write_text("Notes of this version\n")
    with open(project / "book" / "intro.md", "a") as file:
        file.write("\n```{include} ../CHANGELOG.md\n```\n")
    before = (project / "notebooks" / "01_first.ipynb").read_bytes()
    index = build(run="runs/a")
    assert index == project / "runs" / "a" / "book" / "_build" / "html" / "index.html"
    page = (index.parent / "notebooks" / "01_first.html").read_text()
    assert "of the run" in page and "Parameters of this run" in page
    assert "mybinder.org/v2/gh/owner/name/main?urlpath=lab/tree/notebooks/01_first.ipynb" in page
    assert "colab.research.google.com/github/owner/name" in page
    intro = (index.parent / "book" / "intro.html").read_text()
    assert "Notes of this version" in intro and "unverified" in intro
    assert (project / "notebooks" / "01_first.ipynb").read_bytes() == before
    assert not (project / "_build").exists()


@pytest.mark.slow
def test_a_warning_fails_the_build(project):
    """The message names what is missing."""
    page = project / "book" / "intro.md"
    page.write_text("# Intro\n\n```{notebook-figure} fig-none\n```\n")
    with pytest.raises(DataError, match="fig-none"):
        build()
