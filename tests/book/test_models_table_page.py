"""The table of models on a page: complete without a script, sortable with one."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
from browser import serve
from models_table_page import as_html

from soilresp.io import paths
from soilresp.scoring.maps import FLUXES
from soilresp.study.chapters.models_table import SCORES, load


@pytest.fixture(scope="module")
def table():
    """The committed table."""
    return load()[0]


def test_page_is_complete_without_a_script(table):
    """Every model and number is in the HTML, units in the heads, what is missing as a dash."""
    words = as_html(table)
    assert words.count('<th scope="row"') == len(table)
    assert words.count("<tr") == len(table) + 2
    body = words.partition("<tbody>")[2]
    cells = [re.findall(r"<t[hd]", line) for line in body.splitlines() if line.startswith("<tr")]
    assert {len(line) for line in cells} == {2 + 3 + 3 * len(SCORES)}
    assert "Pg C yr⁻¹" in words and "g C m⁻² yr⁻¹" in words
    assert '<td data-value="89.9">88.1 to 91.7<sup>b</sup></td>' in words
    assert '<td data-value="61.4">61.4<sup>s</sup></td>' in words
    assert "<td>not stated</td>" in words and ">–</td>" in words
    assert 'class="of-SR" data-value="-141.083">−141</td>' in words


def test_words_are_escaped():
    """A model's name cannot break the page."""
    row = {"model": "A<b>", "source": 'x"y', "period": "&", "reference": ""}
    row |= {f"{f}{end}": np.nan for f in FLUXES for end in ("", "_low", "_high")}
    row |= {f"{f}_how": "" for f in FLUXES}
    row |= {f"{f}_{s}": np.nan for f in FLUXES for s in SCORES}
    words = as_html(pd.DataFrame([row]))
    assert "A<b>" not in words and "A&lt;b&gt;" in words and 'x"y' not in words
    assert "&amp;" in words


# ---------------------------------------------------------------- on the screen


@pytest.fixture(scope="module")
def address(table, tmp_path_factory):
    """Address of a page with nothing but the table."""
    folder = tmp_path_factory.mktemp("table")
    for end in ("js", "css"):
        shutil.copy(paths.root() / "book" / "_static" / f"models_table.{end}", folder)
    (folder / "index.html").write_text(
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Models</title>'
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="models_table.css">'
        '<script src="models_table.js" defer></script></head><body><main><h1>Models</h1>'
        f"{as_html(table)}</main></body></html>", encoding="utf-8",
    )
    with serve(folder) as root:
        yield root


def column(tab, place):
    """The values of a column from top to bottom; None where one is missing."""
    cells = tab.page.locator(f".models-table tbody tr > :nth-child({place})")
    return cells.evaluate_all("cells => cells.map(cell => cell.dataset.value ?? null)")


def test_click_sorts_both_ways(tab, address):
    """Up, then down, what is missing last both times; the heading says so."""
    tab.open(address)
    for head, place in (("SR", 3), ("HR", 4), ("RMSE", 12)):
        button = tab.page.locator("thead button:visible", has_text=head).first
        for down in (False, True):
            button.click()
            values = column(tab, place)
            known = [float(v) for v in values if v is not None]
            assert known == sorted(known, reverse=down)
            assert values[len(known) :] == [None] * (len(values) - len(known))
            marked = tab.page.locator("th[aria-sort]")
            assert marked.count() == 1
            assert marked.get_attribute("aria-sort") == ("descending" if down else "ascending")
            assert head in tab.page.get_by_role("status").inner_text()
    assert not tab.complaints and not tab.foreign()


def test_one_flux_at_a_time(tab, address):
    """The scores of HR at first, those of another flux on choice; axe has nothing serious."""
    tab.open(address)
    seen = "() => ['SR', 'HR', 'AR'].map(f => document.querySelector(`td.of-${f}`).offsetWidth > 0)"
    assert tab.page.evaluate(seen) == [False, True, False]
    tab.page.get_by_label("SR", exact=True).check()
    assert tab.page.evaluate(seen) == [True, False, False]
    assert tab.barriers() == []
