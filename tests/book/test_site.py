"""The built book: whole, small, self-contained, readable on a phone and by everybody."""

import re
import shutil
from collections import Counter

import nbformat
import pytest
import yaml
from nbformat.v4 import new_markdown_cell, new_notebook

from soilresp.book import build as book
from soilresp.book import site as web
from soilresp.errors import DataError
from soilresp.io import paths

ROOT = paths.root()
MADE_BY_SPHINX = {"genindex.html", "py-modindex.html", "search.html"}


def toc_pages():
    """Pages of the table of contents, in its order."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    files = [toc["root"]]
    for chapter in chapters:
        files += [chapter["file"], *(section["file"] for section in chapter.get("sections", ()))]
    return [f"{file}.html" for file in files]


def test_every_page_of_the_contents_is_there_and_no_other(site):
    """The site has the pages of `_toc.yml`, the index and the search."""
    assert set(web.pages(site)) == {*toc_pages(), *MADE_BY_SPHINX}


def test_the_site_is_below_40_mb(site):
    """All files of the site, downloads included."""
    assert web.size(site) < 40e6


def test_links_within_the_site_lead_somewhere(site):
    """Pages, anchors, pictures, scripts and downloads are all there."""
    assert web.broken_links(site) == []


def test_pictures_are_described(site):
    """The alternative text of each picture of the book is a few words, no file name."""
    # The theme's own signs, in `_static`, are left to axe-core.
    bare = [
        (page, source)
        for page, source, words in web.pictures(site)
        if "_static/" not in source
        and (words is None or len(re.findall(r"[^\W\d_]{2,}", words)) < 3 or ".png" in words)
    ]
    assert bare == []
    assert len(web.pictures(site)) > 20


@pytest.mark.parametrize("page", [*toc_pages(), *sorted(MADE_BY_SPHINX)])
def test_a_page_keeps_to_itself_and_to_the_window(page, browser, served):
    """No foreign request, nothing missing, no error; fits a phone; no serious axe-core finding."""
    # The colours of code are looked at once, below, and of entries of the reference the first of a
    # kind: thousands of alike words take minutes.
    seen = web.look(browser, served, page, without=[".cell_input .highlight", "dl.py ~ dl.py"])
    assert seen.foreign == []
    assert seen.complaints == []
    assert seen.hosts.total() > 5
    assert seen.overflow == 0
    assert [found for found in seen.barriers if found[0] in ("serious", "critical")] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_have_contrast(tab, served, theme):
    """Words stand out from the background: prose, tables, code, links."""
    tab.page.emulate_media(color_scheme=theme)
    for page in ("book/data_sources.html", "notebooks/01_data_selection.html"):
        tab.open(served + page)
        assert tab.page.evaluate("document.documentElement.dataset.theme") == theme
        assert [f for f in tab.accessibility() if f[0] in ("serious", "critical")] == []


def test_formulas_are_drawn(tab, served):
    """MathJax finds its fonts and its extensions in the site."""
    tab.open(served + "book/methods.html")
    assert tab.page.locator("mjx-container").count() > 3
    assert tab.page.locator("mjx-merror").count() == 0


def test_search_finds_a_page(tab, served):
    """The search works without any server but this one."""
    tab.open(served + "search.html?q=bootstrap")
    tab.page.wait_for_selector("#search-results li a")
    assert tab.foreign() == tab.complaints == []


@pytest.fixture
def small_site(tmp_path):
    """A site of two pages with sound links, to be broken."""
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.png").write_bytes(b"")
    (tmp_path / "index.html").write_text('<meta http-equiv="Refresh" content="0; url=a.html">')
    (tmp_path / "a.html").write_text(
        '<h1 id="top">A</h1><a href="b.html?x=1#there">b</a><a href="#top">up</a>'
        '<img src="_images/a.png" alt="a"><a href="https://example.org/none">out</a>'
    )
    (tmp_path / "b.html").write_text('<a name="there"></a><a href="./">first</a>')
    return tmp_path


def test_sound_links_are_not_broken(small_site):
    """Queries, anchors of both kinds, folders and other machines are understood."""
    assert web.pages(small_site) == ["a.html", "b.html"]
    assert web.broken_links(small_site) == []
    assert web.pictures(small_site) == [("a.html", "_images/a.png", "a")]


@pytest.mark.parametrize(
    "link", ["c.html", "b.html#nowhere", "#nowhere", "_images/b.png", "../outside.html"]
)
def test_a_broken_link_is_found(small_site, link):
    """A missing page, anchor or file, and a way out of the site, are told with their page."""
    (small_site.parent / "outside.html").write_text("")
    with open(small_site / "b.html", "a") as page:
        page.write(f'<a href="{link}">x</a>')
    assert web.broken_links(small_site) == [f"b.html: {link}"]


def test_no_site_is_an_error(tmp_path):
    """A folder without a book is told so, with the remedy."""
    with pytest.raises(DataError, match="soilresp book"):
        web.pages(tmp_path)


def test_the_report_counts(small_site):
    """Hosts, complaints and findings are summed over pages, and faults are named."""
    seen = [
        web.Seen("a.html", 0.5, Counter({"127.0.0.1": 3}), [], [], [], 0),
        web.Seen(
            "b.html", 1.25, Counter({"127.0.0.1": 1, "example.org": 2}),
            ["https://example.org/x.js"] * 2, ["status 404: y"], [("serious", "rule", "#p")], 7,
        ),
    ]
    told = web.report(seen, 2_500_000)
    assert "pages                2, 2.5 MB in all" in told
    assert "requests by host     127.0.0.1 4, example.org 2" in told
    assert "to other machines    2" in told
    assert "critical 0, serious 1, moderate 0, minor 0" in told
    assert "slowest first paint  1.25 s (b.html)" in told
    assert "b.html: serious rule #p" in told


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://github.com/o/n", "https://github.com/o/n"),
        ("https://github.com/o/n.git", "https://github.com/o/n"),
        ("git@gitlab.com:group/sub/n.git", "https://gitlab.com/group/sub/n"),
        ("ssh://git@example.org:2222/o/n.git", "https://example.org/o/n"),
        ("https://user:secret@github.com/o/n.git", "https://github.com/o/n"),
        ("/srv/git/n.git", None),
        ("file:///srv/git/n.git", None),
        ("", None),
    ],
)
def test_repository_is_told_without_secrets(monkeypatch, given, expected):
    """Addresses as git has them become one of the web; folders and passwords are not told."""
    monkeypatch.setenv("SOILRESP_REPOSITORY", given)
    assert web.repository() == expected


def test_launch_buttons_follow_the_repository(monkeypatch):
    """None without a repository; Colab on GitHub alone; JupyterHub where one is named."""
    monkeypatch.delenv("SOILRESP_JUPYTERHUB", raising=False)
    monkeypatch.delenv("SOILRESP_BRANCH", raising=False)
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    options = {"launch_buttons": config["launch_buttons"], "show_toc_level": 2}
    assert web.launch_options(options, None) == {"show_toc_level": 2}
    github = web.launch_options(options, "https://github.com/o/n")
    assert github["launch_buttons"] == config["launch_buttons"]
    assert github["repository_branch"] == "main"
    monkeypatch.setenv("SOILRESP_JUPYTERHUB", "https://hub.example.org")
    gitlab = web.launch_options(options, "https://gitlab.com/o/n")["launch_buttons"]
    assert "colab_url" not in gitlab
    assert gitlab["jupyterhub_url"] == "https://hub.example.org"


@pytest.fixture
def small_project(tmp_path, monkeypatch):
    """A project with the real settings and a book of one page and one notebook."""
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    for name in ("SOILRESP_JUPYTERHUB", "SOILRESP_BRANCH"):
        monkeypatch.delenv(name, raising=False)
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    del config["bibtex_bibfiles"], config["sphinx"]["config"]
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(config))
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nchapters: [{file: notebooks/01_first}]\n"
    )
    (tmp_path / "intro.md").write_text("# Intro\n")
    (tmp_path / "data").mkdir()
    shutil.copy(ROOT / "data" / "registry.yaml", tmp_path / "data")
    (tmp_path / "notebooks").mkdir()
    cell = new_markdown_cell("# First")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(
        new_notebook(cells=[cell], metadata=kernel), tmp_path / "notebooks" / "01_first.ipynb"
    )
    return tmp_path


@pytest.mark.parametrize("address", ["", "https://github.com/owner/name"])
def test_a_notebook_has_launch_buttons(small_project, monkeypatch, address):
    """They lead to the notebook's file in the repository; without one there are none."""
    monkeypatch.setenv("SOILRESP_REPOSITORY", address)
    page = book.build().parent / "notebooks" / "01_first.html"
    found = re.findall(r'href="(https://(?:mybinder|colab)[^"]*)"', page.read_text())
    assert found == [
        "https://mybinder.org/v2/gh/owner/name/main?urlpath=lab/tree/notebooks/01_first.ipynb",
        "https://colab.research.google.com/github/owner/name/blob/main/notebooks/01_first.ipynb",
    ][: 2 * bool(address)]
    assert "executablebooks/jupyter-book" not in page.read_text()


FIGURE = (
    '<figure><img alt="{alt}" src="a.png" /><figcaption><p><span class="caption-number">Fig. 1'
    '</span><span class="caption-text">A <em>map</em> of "SR"</span><a class="headerlink" href="#">'
    "#</a></p></figcaption></figure>"
)


@pytest.mark.parametrize(
    ("alt", "expected"),
    [("", "A map of &quot;SR&quot;"), ("a.png", "A map of &quot;SR&quot;"), ("Own", "Own")],
)
def test_a_caption_stands_in_for_missing_words(alt, expected):
    """A figure without alternative text, or with its file's name, gets its caption's words."""
    mended = web._FIGURE.sub(web._described, FIGURE.format(alt=alt))
    assert mended == FIGURE.format(alt=expected)


def test_a_caption_is_no_other_figures(tmp_path):
    """A picture without a caption does not take that of the next figure."""
    text = '<figure><img alt="" src="b.png" /></figure>' + FIGURE.format(alt="Own")
    assert web._FIGURE.sub(web._described, text) == text
