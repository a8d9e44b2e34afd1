"""One table of all models: complete, with what each number is, and sortable."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
from browser import serve

from soilresp.errors import DataError
from soilresp.grid.cells import total_pg
from soilresp.io import paths
from soilresp.scoring import benchmark, totals
from soilresp.scoring.maps import FLUXES
from soilresp.study import chapters as workflow
from soilresp.study import settings as studies
from soilresp.study.chapters import models_table

STATED = models_table.SOURCES["ten models of the paper"]


@pytest.fixture(scope="module")
def table():
    """The committed table."""
    return models_table.load()[0]


def test_the_committed_table_is_whole(table):
    """Ten models of the paper, those at hand, the comparator, and the benchmark that ships."""
    counts = table["source"].value_counts()
    assert counts[STATED] == 10 and counts["real output"] == 3
    assert counts["empirical comparator"] == counts["this benchmark"] == 1
    assert not table.duplicated(["model", "source"]).any()
    own = table[table["source"] == "this benchmark"].iloc[0]
    dataset = benchmark.load_benchmark()
    area = dataset["cell_area"] * dataset["vegetated_fraction"]
    for flux in FLUXES:
        assert own[flux] == pytest.approx(float(total_pg(dataset[flux], area)), abs=0.02)
    at_hand = table[table["source"] == "real output"]
    scored = [f"HR_{s}" for s in models_table.SCORES]
    assert at_hand[scored].notna().all(axis=None)
    assert (at_hand["HR_rmse"] >= at_hand["HR_bias"].abs()).all()
    comparator = table[table["source"] == "empirical comparator"].iloc[0]
    assert np.isfinite([comparator[f"{f}_{s}"] for f in FLUXES for s in models_table.SCORES]).all()


def test_stated_values_are_those_of_the_paper(table):
    """Numbers, bounds and words of the ten agree with what the project keeps of the text."""
    known = totals.stated_totals().set_index(["model", "variable"])
    for row in table[table["source"] == STATED].to_dict("records"):
        for flux in FLUXES:
            one = known.loc[(row["model"], flux)]
            np.testing.assert_equal(row[flux], one["value"])
            np.testing.assert_equal(row[f"{flux}_low"], one["low"])
            how = {"stated in the paper": "stated", "derived from the paper": "derived", "": ""}
            wanted = "bounded" if np.isfinite(one["low"]) else how[one["provenance"]]
            assert row[f"{flux}_how"] == wanted
        assert np.isnan([row[f"HR_{s}"] for s in models_table.SCORES]).all()


def test_page_is_complete_without_a_script(table):
    """Every model and number is in the HTML, units in the heads, what is missing as a dash."""
    words = models_table.as_html(table)
    assert words.count('<th scope="row"') == len(table)
    assert words.count("<tr") == len(table) + 2
    body = words.partition("<tbody>")[2]
    cells = [re.findall(r"<t[hd]", line) for line in body.splitlines() if line.startswith("<tr")]
    assert {len(line) for line in cells} == {2 + 3 + 3 * len(models_table.SCORES)}
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
    row |= {f"{f}_{s}": np.nan for f in FLUXES for s in models_table.SCORES}
    words = models_table.as_html(pd.DataFrame([row]))
    assert "A<b>" not in words and "A&lt;b&gt;" in words and 'x"y' not in words
    assert "&amp;" in words


def test_a_damaged_table_is_told(tmp_path):
    """A missing file or column is named, with the command that makes it again."""
    with pytest.raises(DataError, match="does not exist"):
        models_table.load(tmp_path)
    folder = paths.data_dir() / "study"
    for end in ("csv", "json"):
        shutil.copy(folder / f"{models_table.NAME}.{end}", tmp_path)
    path = tmp_path / f"{models_table.NAME}.csv"
    pd.read_csv(path).drop(columns="HR_z").to_csv(path, index=False)
    with pytest.raises(DataError, match="no column 'HR_z'. Make it again: soilresp export"):
        models_table.load(tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
def test_table_of_a_run(tmp_path, monkeypatch):
    """Made from a run: none before models are held against its maps, then all, and saved."""
    for name in ("SOILRESP_MIRROR", "SOILRESP_RUN", "SOILRESP_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(studies.PROFILES, "quick", studies.Profile(
        "quick", n_runs=2, n_trees=5, cv_folds=2, cv_trees=5, search_trees=5, search_depth=0
    ))
    study = studies.resolve_settings(tmp_path / "run", "quick", "embedded", "twin", seed=1)
    workflow.mapping(study)
    assert models_table.make(study) is None
    workflow.intercomparison(study)
    made = models_table.make(study)
    assert made["source"].value_counts()[STATED] == 10
    assert "real output" not in set(made["source"])
    comparator = made[made["source"] == "empirical comparator"].iloc[0]
    stored = workflow.intercomparison.stored(study).totals.set_index(["group", "variable"])
    assert comparator["SR"] == stored.loc[("empirical comparator", "SR"), "value"]
    for flux in FLUXES:
        assert -1 <= comparator[f"{flux}_r"] <= 1
        assert comparator[f"{flux}_rmse"] >= abs(comparator[f"{flux}_bias"])
    path = models_table.save(study, made, "soilresp export --compact", tmp_path)
    again, facts = models_table.load(tmp_path)
    assert path == tmp_path / "models_table.csv" and facts["observations"] == "twin"
    pd.testing.assert_frame_equal(again[["model", *FLUXES]], made[["model", *FLUXES]], rtol=1e-5)


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
        f"{models_table.as_html(table)}</main></body></html>", encoding="utf-8",
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


def test_names_sort_by_keyboard(tab, address):
    """Enter on a heading sorts words without regard to case."""
    tab.open(address)
    tab.page.locator("thead button", has_text="Model").focus()
    tab.page.keyboard.press("Enter")
    names = [name.lower() for name in column(tab, 1)]
    assert names == sorted(names)
    tab.page.keyboard.press("Enter")
    assert [name.lower() for name in column(tab, 1)] == sorted(names, reverse=True)


def test_one_flux_at_a_time(tab, address):
    """The scores of HR at first, those of another flux on choice; axe has nothing serious."""
    tab.open(address)
    seen = "() => ['SR', 'HR', 'AR'].map(f => document.querySelector(`td.of-${f}`).offsetWidth > 0)"
    assert tab.page.evaluate(seen) == [False, True, False]
    tab.page.get_by_label("SR", exact=True).check()
    assert tab.page.evaluate(seen) == [True, False, False]
    assert tab.barriers() == []


def test_fits_a_phone(phone, address):
    """The table scrolls in its own box."""
    phone.open(address)
    assert phone.overflow() == 0
