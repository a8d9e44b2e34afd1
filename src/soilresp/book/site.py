"""The book as a web site: made small and self-contained when it is built, and looked over."""

import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from soilresp.book import browser
from soilresp.errors import DataError
from soilresp.io import paths

__all__ = [
    "GRAVE", "Seen", "broken_links", "check", "launch_options", "look", "pages", "pictures",
    "report", "repository", "setup", "size", "survey",
]

GRAVE = ("serious", "critical")
"""Impacts of findings of axe-core that no page may have."""

_UNUSED = (
    # Pages load MathJax as tex-chtml.js, its fonts, and TeX extensions on demand.
    "mathjax/**/*.js", "mathjax/**/*.json",
    # Icons are drawn by style sheet and WOFF2; the script would draw them a second time.
    "vendor/fontawesome/*/js/*", "vendor/fontawesome/*/webfonts/*.ttf",
    # The theme's own sources.
    "locales/**/*.*o", "*webpack-macros.html", "sphinx-thebe.*",
)
_KEPT = ("mathjax/tex-chtml.js", "mathjax/input/tex/extensions/*.js")
_NOT_KEPT = ("mathjax/input/tex/extensions/all-packages.js",)
_SIDEBAR = '<div class="bd-sidebar-primary'
_LANDMARK = '<div role="navigation" aria-label="Book" class="bd-sidebar-primary'
_TOGGLE = '<summary><span class="toctree-toggle"'
_NAMED_TOGGLE = '<summary aria-label="Pages of this chapter"><span class="toctree-toggle"'
_FIGURE = re.compile(
    r'<img alt="(?P<alt>[^"]*)" (?P<rest>[^>]*src="(?P<src>[^"]*)"(?:(?!<img|</figure>).)*?'
    r'<span class="caption-text">(?P<caption>.*?)</span><a class="headerlink")',
    re.DOTALL,
)
_SCRIPT_OF_ICONS = re.compile(r'\s*<script src="[^"]*/vendor/fontawesome/[^"]*"></script>')


def pages(folder):
    """List the pages of a built site.

    Parameters
    ----------
    folder : path-like
        Folder with ``index.html``.

    Returns
    -------
    list of str
        Paths in the folder, with forward slashes; the first page, which only leads to another, is
        left out.

    Raises
    ------
    DataError
        If there is no site.
    """
    folder = Path(folder)
    if not (folder / "index.html").is_file():
        raise DataError(f"There is no site in {folder}. Make it with `soilresp book`.")
    found = (file.relative_to(folder) for file in folder.rglob("*.html"))
    return sorted(p.as_posix() for p in found if p.parts[0][0] != "_" and str(p) != "index.html")


def size(folder):
    """Size of a built site.

    Returns
    -------
    int
        Bytes of all files.
    """
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())


# ---------------------------------------------------------------- what the pages hold


@dataclass
class _Content(HTMLParser):
    """Anchors, links and pictures of a page."""

    anchors: set = field(default_factory=set)
    links: list = field(default_factory=list)
    pictures: list = field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        for key in ("href", "src", "poster", "data-src"):
            if given.get(key) is not None:
                self.links.append(given[key])
        if tag == "img":
            self.pictures.append((given.get("src", ""), given.get("alt")))
        if tag == "meta" and (given.get("http-equiv") or "").lower() == "refresh":
            self.links.append(given["content"].partition("url=")[2])


def _contents(folder):
    """Read all pages, that which leads to the first one included."""
    contents = {}
    for name in ("index.html", *pages(folder)):
        contents[name] = _Content()
        contents[name].feed((Path(folder) / name).read_text(encoding="utf-8"))
    return contents


def broken_links(folder):
    """Find links within a site, to pages, anchors, pictures, scripts or files, that lead nowhere.

    Parameters
    ----------
    folder : path-like
        Folder with ``index.html``.

    Returns
    -------
    list of str
        ``PAGE: LINK``, sorted.
    """
    folder = Path(folder).resolve()
    contents = _contents(folder)
    broken = set()
    for name, content in contents.items():
        for link in content.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (folder / name).parent / unquote(parts.path) if parts.path else folder / name
            target = Path(os.path.normpath(target))
            if target.is_dir():
                target /= "index.html"
            inside = target.is_relative_to(folder) and target.is_file()
            page = target.relative_to(folder).as_posix() if inside else None
            anchor = unquote(parts.fragment)
            if not inside or (
                anchor and page in contents and anchor not in contents[page].anchors
            ):
                broken.add(f"{name}: {link}")
    return sorted(broken)


def pictures(folder):
    """List the pictures that a site's pages show.

    Parameters
    ----------
    folder : path-like
        Folder with ``index.html``.

    Returns
    -------
    list of tuple of str
        Page, address, and alternative text (None where there is none).
    """
    contents = _contents(folder)
    return [(name, *picture) for name, held in contents.items() for picture in held.pictures]


# ---------------------------------------------------------------- what a reader meets


@dataclass
class Seen:
    """What was seen of one page.

    Attributes
    ----------
    page : str
        Its path in the site.
    first_paint : float
        Seconds from the request to the first contentful paint, with an empty cache.
    hosts : collections.Counter
        Requests by host name.
    foreign : list of str
        Addresses on other machines.
    complaints : list of str
        Errors and warnings on the console, and failed requests.
    barriers : list of tuple of str
        Findings of axe-core: impact, rule, places.
    overflow : int
        CSS pixels by which the page is wider than a phone.
    """

    page: str
    first_paint: float
    hosts: Counter
    foreign: list
    complaints: list
    barriers: list
    overflow: int


def survey(folder, names=None):
    """Serve a built site on this machine and look at its pages in a headless browser.

    Parameters
    ----------
    folder : path-like
        Folder with ``index.html``.
    names : sequence of str, optional
        Pages, as `pages` names them; default all.

    Yields
    ------
    Seen
        One page after the other.

    Raises
    ------
    SoilrespError
        If there is no browser, see `soilresp.book.browser.lacking`.
    """
    chosen = pages(folder) if names is None else list(names)
    with browser.serve(folder) as address, browser.launch() as context:
        for name in chosen:
            yield look(context, address, name)


def look(context, address, name, without=()):
    """Look at one page of a site, in a wide window and then in that of a phone.

    Parameters
    ----------
    context : playwright.sync_api.BrowserContext
        As `soilresp.book.browser.launch` gives it.
    address : str
        Of the site, with a slash at its end.
    name : str
        Path of the page in the site.
    without : sequence of str
        CSS selectors that axe-core passes over.

    Returns
    -------
    Seen
    """
    tab = browser.Tab(context)
    try:
        tab.forget_cache()
        tab.open(address + name)
        first_paint, barriers = tab.first_paint(), tab.accessibility(without)
        tab.resize(browser.PHONE)
        return Seen(
            name, first_paint, tab.hosts(), tab.foreign(), list(tab.complaints), barriers,
            tab.overflow(),
        )
    finally:
        tab.close()


def report(seen, n_bytes):
    """Tell what was seen of a site.

    Parameters
    ----------
    seen : sequence of Seen
        All pages.
    n_bytes : int
        Size of the site.

    Returns
    -------
    str
        Lines of text.
    """
    hosts = sum((page.hosts for page in seen), Counter())
    barriers = Counter(impact for page in seen for impact, _, _ in page.barriers)
    slowest = max(seen, key=lambda page: page.first_paint)
    lines = [
        f"{'page':44} {'first paint':>11} requests complaints {'wider':>6}  axe-core",
        *(
            f"{page.page:44} {page.first_paint:9.2f} s {page.hosts.total():8} "
            f"{len(page.complaints):10} {page.overflow:3} px  {_impacts(page.barriers)}"
            for page in seen
        ),
        "",
        f"pages                {len(seen)}, {n_bytes / 1e6:.1f} MB in all",
        f"requests by host     {', '.join(f'{host} {n}' for host, n in hosts.most_common())}",
        f"to other machines    {sum(len(page.foreign) for page in seen)}",
        f"console, failures    {sum(len(page.complaints) for page in seen)}",
        f"wider than a phone   {sum(page.overflow > 0 for page in seen)} pages",
        "axe-core findings    "
        + ", ".join(f"{i} {barriers[i]}" for i in ("critical", "serious", "moderate", "minor")),
        f"slowest first paint  {slowest.first_paint:.2f} s ({slowest.page})",
    ]
    faults = [
        f"{page.page}: {fault}"
        for page in seen
        for fault in (
            *(f"asks for {address}" for address in page.foreign),
            *page.complaints,
            *(f"{impact} {rule} {places[:200]}" for impact, rule, places in page.barriers),
        )
    ]
    return "\n".join([*lines, *([""] if faults else []), *faults])


def _impacts(barriers):
    return ", ".join(f"{rule} ({impact})" for impact, rule, _ in barriers) or "-"


def check(folder):
    """Look over a built site, print the `report`, and complain of what keeps readers out.

    Parameters
    ----------
    folder : path-like
        Folder with ``index.html``.

    Raises
    ------
    DataError
        If a link is broken, a page asks another machine for something, has an error or a serious
        finding of axe-core, or is wider than a phone.
    """
    broken = broken_links(folder)
    seen = list(survey(folder))
    print(report(seen, size(folder)))
    print("\n".join(f"broken link  {link}" for link in broken))
    faulty = [
        page.page
        for page in seen
        if page.foreign or page.complaints or page.overflow
        or any(impact in GRAVE for impact, _, _ in page.barriers)
    ]
    if broken or faulty:
        raise DataError(
            f"The site has {len(broken)} broken links and {len(faulty)} pages with faults"
            f"{': ' if faulty else ''}{', '.join(faulty)}. They are listed above."
        )


# ---------------------------------------------------------------- where the project lives


def repository():
    """Address of the project's repository, for the buttons that launch notebooks elsewhere.

    ``SOILRESP_REPOSITORY`` if it is set (empty: none), or else git's remote ``origin``, if that is
    on a web server.

    Returns
    -------
    str or None
        Such as ``https://github.com/OWNER/NAME``; without a user name or password.
    """
    given = os.environ.get("SOILRESP_REPOSITORY")
    if given is None:
        asked = subprocess.run(
            ["git", "remote", "get-url", "origin"],
            cwd=paths.root(), capture_output=True, text=True, check=False,
        )
        given = asked.stdout if asked.returncode == 0 else ""
    found = re.fullmatch(
        r"(?:(?:https|ssh)://(?:[^@/]*@)?|git@)(?P<host>[\w.-]+\.\w+)(?::\d+)?[/:]"
        r"(?P<path>[\w.~/-]+?)(?:\.git)?/?",
        given.strip(),
    )
    return f"https://{found['host']}/{found['path']}" if found else None


def launch_options(options, address):
    """Options of the theme that make the launch buttons.

    Parameters
    ----------
    options : dict
        The theme's, with ``launch_buttons``.
    address : str or None
        Of the repository.

    Returns
    -------
    dict
        The options with the repository and the buttons that it can have: Colab reads GitHub
        alone, JupyterHub is named by ``SOILRESP_JUPYTERHUB``, and without a repository there
        are none.
    """
    others = {k: v for k, v in options.items() if k not in ("repository_url", "launch_buttons")}
    if address is None:
        return others
    buttons = dict(options.get("launch_buttons", {}))
    hub = os.environ.get("SOILRESP_JUPYTERHUB")
    if hub:
        buttons["jupyterhub_url"] = hub
    if urlsplit(address).hostname != "github.com":
        buttons.pop("colab_url", None)
    branch = os.environ.get("SOILRESP_BRANCH") or "main"
    return {
        **others,
        "repository_url": address, "repository_branch": branch, "launch_buttons": buttons,
    }


# ---------------------------------------------------------------- when the book is built


def setup(app):
    """Have Sphinx make the site small and self-contained; called by `soilresp.book.build.setup`."""
    app.connect("config-inited", _configure)
    app.connect("html-page-context", _prepare, priority=900)
    # After all that copies files into the site.
    app.connect("build-finished", _finish, priority=900)


def _configure(app, config):
    config.html_theme_options = launch_options(config.html_theme_options, repository())


def _prepare(app, pagename, templatename, context, doctree):
    """Mend one page before it is written."""
    # Without it the theme's script complains at the first visit.
    context["default_mode"] = "auto"
    # Its library comes from another machine, and its settings are declared twice.
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not _is_thebe(file)]
    if "body" in context:
        # The role of entries of a bibliography is deprecated, and no item of a list.
        body = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')
        context["body"] = _FIGURE.sub(_described, body)


def _described(found):
    """Let the caption stand in where a figure's alternative text is missing or a file's name."""
    alt = found["alt"]
    if not alt or alt == found["src"]:
        alt = re.sub(r"<[^>]+>", "", found["caption"]).replace('"', "&quot;").strip()
    return f'<img alt="{alt}" {found["rest"]}'


def _is_thebe(file):
    given = getattr(file, "attributes", {}).get("body") or ""
    return "sphinx-thebe" in str(getattr(file, "filename", file)) or "THEBE_JS_URL" in given


def _finish(app, error):
    """Leave out of the site what none of its pages loads."""
    if error is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    kept = {file for pattern in _KEPT for file in static.glob(pattern)}
    kept -= {file for pattern in _NOT_KEPT for file in static.glob(pattern)}
    for pattern in _UNUSED:
        for file in static.glob(pattern):
            if file not in kept:
                file.unlink()
    for folder in (static / "mathjax", static / "locales", static / "vendor"):
        _remove_empty(folder)
    for file in Path(app.outdir).rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        mended = _SCRIPT_OF_ICONS.sub("", text)
        # A landmark, so that all of the page is in one; a name for what opens a chapter's pages.
        mended = mended.replace(_SIDEBAR, _LANDMARK).replace(_TOGGLE, _NAMED_TOGGLE)
        if mended != text:
            file.write_text(mended, encoding="utf-8")


def _remove_empty(folder):
    for inner in sorted(folder.rglob("*"), reverse=True):
        if inner.is_dir() and not any(inner.iterdir()):
            inner.rmdir()
    if folder.is_dir() and not any(folder.iterdir()):
        shutil.rmtree(folder)
