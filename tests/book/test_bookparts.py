"""Pictures of notebooks on other pages of the book."""

import base64
import io

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image
from sphinx.application import Sphinx

from soilresp.book.bookparts import figures

WORDS = "A red square on nothing."


def png():
    """A picture of a few pixels."""
    stream = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(stream, "png")
    return stream.getvalue()


@pytest.fixture
def source(tmp_path):
    """A book of one page, and a notebook with a figure that has run and one that has not."""
    cells = []
    for name, outputs in (
        ("fig-red", [new_output("display_data", {"image/png": base64.b64encode(png()).decode()})]),
        ("fig-later", []),
    ):
        cell = new_code_cell("draw()", outputs=outputs)
        told = {"figure": {"name": name, "caption": "Red."}, "image": {"alt": WORDS}}
        cell.metadata["mystnb"] = told
        cells.append(cell)
    folder = tmp_path / "notebooks"
    folder.mkdir()
    nbformat.write(new_notebook(cells=[new_code_cell("1"), *cells]), folder / "01_a.ipynb")
    (tmp_path / "book").mkdir()
    return tmp_path


def build(source, directive):
    """Build the one page; gives it, its warnings, and the folder of the pictures."""
    (source / "book" / "page.rst").write_text(f"Page\n====\n\n{directive}\n")
    out, said = source / "out", io.StringIO()
    Sphinx(
        source, None, out, source / "out" / "doctrees", "html", warning=said, status=None,
        confoverrides={
            "extensions": ["soilresp.book.bookparts"], "root_doc": "book/page",
            "exclude_patterns": ["notebooks", "out"], "html_theme": "basic",
        },
    ).build()
    return (out / "book" / "page.html").read_text(), said.getvalue(), out / "_images"


def test_figures_of_a_notebook(source):
    """Named cells alone are figures; one that has not run has no picture."""
    found = figures(source / "notebooks" / "01_a.ipynb")
    assert found["fig-red"] == {"caption": "Red.", "alt": WORDS, "png": png()}
    assert found["fig-later"]["png"] is None
    assert len(found) == 2


def test_picture_on_another_page(source):
    """The page shows the notebook's picture with the words that describe it."""
    page, said, images = build(source, ".. notebook-figure:: fig-red\n   :class: wide")
    assert said == ""
    assert f'alt="{WORDS}"' in page and 'class="wide"' in page
    (picture,) = images.glob("*.png")
    assert picture.read_bytes() == png()
    assert f'src="../_images/{picture.name}"' in page


@pytest.mark.parametrize(
    "name, words", [("fig-none", "no notebook has a figure 'fig-none'"), ("fig-later", "run it")]
)
def test_missing_picture_is_a_warning(source, name, words):
    """A figure that is not there, or has not run, is told with the page's name."""
    _, said, _ = build(source, f".. notebook-figure:: {name}")
    assert words in said and "page.rst" in said
