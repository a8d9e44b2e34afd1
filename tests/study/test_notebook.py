"""Opening a study in a notebook, tables, and numbers for the text."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from soilresp import plot
from soilresp.plot import style
from soilresp.study import notebook
from soilresp.study.settings import TWIN_LABEL


@pytest.fixture(autouse=True)
def own_look():
    """Leave the session's settings and label as they were."""
    with matplotlib.rc_context():
        style.use_style()
        yield
        style.use_style()


@pytest.fixture
def glued():
    """Call a function in a session, and give what it keeps for the book, by name."""
    had = InteractiveShell.initialized()
    InteractiveShell.instance()

    def run(function, *args, **kwargs):
        with capture_output() as captured:
            function(*args, **kwargs)
        return {
            o.metadata["scrapbook"]["name"]: o.data[next(k for k in o.data if "text/plain" in k)]
            for o in captured.outputs
        }

    yield run
    if not had:
        InteractiveShell.clear_instance()


def test_cells_are_text_not_html():
    """Markup in a cell, a column, a row or the caption is shown as it stands."""
    evil = "<script>alert('x')</script>"
    table = pd.DataFrame({"site": [evil], "<b>bold</b>": [1.0]}, pd.Index(["<i>"], name="row"))
    page = notebook.show(table, "r < 0.5 & rising").to_html()
    for markup in ("<script", "<b>", "<i>"):
        assert markup not in page
    assert "&lt;script&gt;" in page and "&lt;b&gt;bold" in page and "&lt;i&gt;" in page
    assert "r &lt; 0.5 &amp; rising" in page
    assert "<u>" not in notebook.show(pd.DataFrame({"x": ["<u>"]}), "Formats", x="{}").to_html()


def test_twin_label_is_in_the_caption():
    """Every table of a twin experiment says that it is one; others say nothing."""
    table = pd.DataFrame({"SR": [72.9]})
    assert "Twin" not in notebook.show(table, "Totals").to_html()
    style.use_style(TWIN_LABEL)
    assert f"<caption>{TWIN_LABEL}. Totals</caption>" in notebook.show(table, "Totals").to_html()


def test_glue_values(glued):
    """Numbers and words keep their text; missing ones say so; numpy's are plain."""
    got = glued(
        notebook.glue_values, total=85.5, n=np.int64(3336), r2=np.float64(0.64), word="delta",
        none=None, nan=np.nan,
    )
    assert got == {
        "total": "85.5", "n": "3336", "r2": "0.64", "word": "'delta'",
        "none": "'not available'", "nan": "'not available'",
    }


def test_open_study(tmp_path, monkeypatch, glued, capsys):
    """It resolves the settings, prints them, and labels all later figures of a twin."""
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "cache"))
    for name in ("SOILRESP_MIRROR", "SOILRESP_RUN", "SOILRESP_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    run = tmp_path / "run"
    run.mkdir()
    (run / "study.json").write_text(
        '{"profile": "standard", "recipe": "embedded", "observations": "twin", "seed": 3}'
    )
    opened = []
    got = glued(lambda: opened.append(notebook.open_study("quick", run)))
    study = opened[0]
    assert (study.profile.name, study.recipe, study.seed) == ("quick", "embedded", 3)
    assert study.results == run / "results"
    assert plot.style.figure().get_suptitle() == TWIN_LABEL
    assert got == {"data_label": repr(study.describe())}
    assert "a twin experiment, no field data" in study.describe()


def test_numbers_of_a_table():
    """Digits for all, a format for one, a dash for what is missing; the same bytes again."""
    table = pd.DataFrame({"rmse": [1234.56, np.nan], "r2": [0.6543, None], "n": [3336, 666]})
    page = notebook.show(table, "Scores", digits=1, r2="{:.2f}").to_html()
    for text in (">1,234.6<", ">0.65<", ">3,336<", ">666<"):
        assert text in page
    assert page.count(">–<") == 2
    assert notebook.show(table, "Scores", digits=1, r2="{:.2f}").to_html() == page
