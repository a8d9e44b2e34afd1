"""The built book: whole, small, self-contained, readable on a phone and by everybody."""

import os
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import book_site
import pytest
import yaml
from browser import PHONE, Tab, serve

ROOT = Path(__file__).parents[2]
MADE_BY_SPHINX = {"genindex.html", "py-modindex.html", "search.html"}
LARGEST_SITE = 40e6
SLOWEST_PAINT = 10


@dataclass
class Content(HTMLParser):
    """Anchors, links and pictures of a page."""

    anchors: set = field(default_factory=set)
    links: list = field(default_factory=list)
    pictures: list = field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag, attributes):
        """Collect from one element."""
        given = dict(attributes)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        self.links += [given[key] for key in ("href", "src") if given.get(key) is not None]
        if tag == "img":
            self.pictures.append((given.get("src", ""), given.get("alt") or ""))
        if tag == "meta" and (given.get("http-equiv") or "").lower() == "refresh":
            self.links.append(given["content"].partition("url=")[2])


def read_pages(folder):
    """Return the content of all pages by path, that which leads to the first one included."""
    contents = {}
    for file in sorted(folder.rglob("*.html")):
        name = file.relative_to(folder).as_posix()
        if not name.startswith("_"):
            contents[name] = Content()
            contents[name].feed(file.read_text(encoding="utf-8"))
    return contents


def broken_links(folder):
    """Return ``PAGE: LINK`` for each link within a site that leads to no file or anchor."""
    contents, broken = read_pages(folder), []
    for name, content in contents.items():
        for link in content.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            place = (folder / name).parent / unquote(parts.path) if parts.path else folder / name
            target = Path(os.path.normpath(place))
            if target.is_dir():
                target /= "index.html"
            page = os.path.relpath(target, folder).replace(os.sep, "/")
            anchors = contents[page].anchors if page in contents and parts.fragment else None
            outside = page.startswith("..") or not target.is_file()
            if outside or (anchors is not None and unquote(parts.fragment) not in anchors):
                broken.append(f"{name}: {link}")
    return broken


def toc_pages():
    """Return the pages of the table of contents."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    return [f"{file}.html" for file in (toc["root"], *(c["file"] for c in chapters))]


def test_files_of_the_site(site):
    """The pages of `_toc.yml` and no other, small, with links that lead somewhere."""
    assert set(read_pages(site)) - {"index.html"} - MADE_BY_SPHINX == set(toc_pages())
    assert sum(file.stat().st_size for file in site.rglob("*") if file.is_file()) < LARGEST_SITE
    assert broken_links(site) == []


def test_pictures_are_described(site):
    """The alternative text of each picture of the book is a few words, no file name."""
    # The theme's own signs, in `_static`, are left to axe-core.
    pictures = [
        (page, *picture) for page, content in read_pages(site).items()
        for picture in content.pictures if "_static/" not in picture[0]
    ]
    assert len(pictures) > 20
    assert [p for p in pictures if len(p[2].split()) < 3 or ".png" in p[2]] == []


def test_pages_in_a_browser(site, browser, served):
    """No error, no foreign request, no serious finding of axe-core, soon painted, fit a phone."""
    tab, faults = Tab(browser), []
    # The colours of code are looked at once, below, and of entries of the reference the first of a
    # kind: thousands of alike words take minutes.
    without = [".cell_input .highlight", "dl.py ~ dl.py"]
    for name in (*toc_pages(), "search.html"):
        tab.open(served + name)
        assert len(tab.requests) > 5
        found = [*tab.complaints, *tab.foreign(), *tab.barriers(without)]
        if tab.first_paint() > SLOWEST_PAINT:
            found.append(f"first paint after {tab.first_paint():.1f} s")
        tab.resize(PHONE)
        if tab.overflow():
            found.append(f"{tab.overflow()} px wider than a phone")
        tab.resize((1300, 900))
        faults += [(name, fault) for fault in found]
    tab.close()
    assert faults == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_have_contrast(tab, served, theme):
    """Words stand out from the background: prose, tables, code, links."""
    tab.page.emulate_media(color_scheme=theme)
    tab.open(served + "notebooks/01_data_selection.html")
    assert tab.page.evaluate("document.documentElement.dataset.theme") == theme
    assert tab.barriers() == []


def test_formulas_and_search_work(tab, served):
    """MathJax finds its parts in the site, and the search needs no other server."""
    tab.open(served + "book/methods.html")
    assert tab.page.locator("mjx-container").count() > 3
    assert tab.page.locator("mjx-merror").count() == 0
    tab.open(served + "search.html?q=bootstrap")
    tab.page.wait_for_selector("#search-results li a")
    assert tab.foreign() == tab.complaints == []


# ---------------------------------------------------------------- the checks themselves


PAGE = '<!doctype html><html lang="en"><head><title>T</title></head><body>{}</body>'


def test_the_browser_sees_faults(tab, tmp_path):
    """Foreign requests, errors, missing files, pictures without words and width are recorded."""
    (tmp_path / "a.html").write_text(PAGE.format(
        '<main><script src="https://example.org/x.js"></script><script>nowhere()</script>'
        '<img id="map" src="none.png">'
        '<div style="position:absolute;left:0;width:500px;height:9px"></div></main>'
    ))
    (tmp_path / "b.html").write_text(PAGE.format("<main><h1>Title</h1><p>Words</p></main>"))
    with serve(tmp_path) as address:
        tab.open(address + "a.html")
        assert tab.foreign() == ["https://example.org/x.js"]
        assert f"status 404: {address}none.png" in tab.complaints
        assert any("nowhere" in complaint for complaint in tab.complaints)
        assert ("critical", "image-alt", "#map") in tab.barriers()
        tab.resize(PHONE)
        assert tab.overflow() == 110
        tab.open(address + "b.html")
        assert tab.complaints == tab.foreign() == tab.barriers() == []
        assert tab.overflow() == 0 and 0 < tab.first_paint() < 60


@pytest.mark.parametrize("link, sound", [
    ("b.html?x=1#there", True), ("#top", True), ("./", True), ("https://example.org/none", True),
    ("c.html", False), ("b.html#nowhere", False), ("#nowhere", False), ("../outside.html", False),
])
def test_broken_links_are_found(tmp_path, link, sound):
    """Queries, anchors of both kinds, folders and other machines are understood."""
    (tmp_path / "outside.html").write_text("")
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text('<meta http-equiv="Refresh" content="0; url=a.html">')
    (folder / "a.html").write_text(f'<h1 id="top">A</h1><a href="{link}">x</a>')
    (folder / "b.html").write_text('<a name="there"></a>')
    assert broken_links(folder) == ([] if sound else [f"a.html: {link}"])


# ---------------------------------------------------------------- tools/book_site.py


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://github.com/o/n.git", "https://github.com/o/n"),
        ("git@gitlab.com:group/sub/n.git", "https://gitlab.com/group/sub/n"),
        ("ssh://git@example.org:2222/o/n.git", "https://example.org/o/n"),
        ("https://user:secret@github.com/o/n.git", "https://github.com/o/n"),
        ("/srv/git/n.git", None),
        ("", None),
    ],
)
def test_address_of_the_repository(monkeypatch, given, expected):
    """Addresses as git has them become one of the web, without passwords; folders are none."""
    monkeypatch.setenv("SOILRESP_REPOSITORY", given)
    assert book_site.repository() == expected


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
    """A figure without alternative text gets its caption's words, not those of the next one."""
    other = '<figure><img alt="" src="b.png" /></figure>'
    html = other + FIGURE.format(alt=alt)
    assert book_site.described(html) == other + FIGURE.format(alt=expected)
