"""Make the site of the book small, self-contained and accessible; add launch buttons.

A Sphinx extension, named in ``_config.yml``.
"""

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from soilresp.io import paths

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
# A landmark, so that all of the page is in one; a name for what opens a chapter's pages.
_MENDED = {
    '<div class="bd-sidebar-primary':
        '<div role="navigation" aria-label="Book" class="bd-sidebar-primary',
    '<summary><span class="toctree-toggle"':
        '<summary aria-label="Pages of this chapter"><span class="toctree-toggle"',
}
_SCRIPT_OF_ICONS = re.compile(r'\s*<script src="[^"]*/vendor/fontawesome/[^"]*"></script>')
_FIGURE = re.compile(
    r'<img alt="(?P<alt>[^"]*)" (?P<rest>[^>]*src="(?P<src>[^"]*)"(?:(?!<img|</figure>).)*?'
    r'<span class="caption-text">(?P<caption>.*?)</span><a class="headerlink")',
    re.DOTALL,
)
_ADDRESS = re.compile(
    r"(?:(?:https|ssh)://(?:[^@/]*@)?|git@)(?P<host>[\w.-]+\.\w+)(?::\d+)?[/:]"
    r"(?P<path>[\w.~/-]+?)(?:\.git)?/?"
)


def repository():
    """Return the web address of the project's repository, which launch buttons lead to.

    Returns
    -------
    str or None
        From ``SOILRESP_REPOSITORY`` if it is set (empty: None), else from git's remote
        ``origin`` if that is on a web server; without a user name or password.
    """
    given = os.environ.get("SOILRESP_REPOSITORY")
    if given is None:
        command = ["git", "remote", "get-url", "origin"]
        asked = subprocess.run(
            command, cwd=paths.root(), capture_output=True, text=True, check=False
        )
        given = asked.stdout
    found = _ADDRESS.fullmatch(given.strip())
    return f"https://{found['host']}/{found['path']}" if found else None


def launch_options(options, address):
    """Return the options of the theme with the launch buttons that a repository can have.

    Parameters
    ----------
    options : dict
        Options of the theme, with ``launch_buttons``.
    address : str or None
        Address of the repository; without one there are no buttons.

    Returns
    -------
    dict
        Colab needs GitHub; a JupyterHub is named by ``SOILRESP_JUPYTERHUB``.
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
    return {
        **others, "repository_url": address, "launch_buttons": buttons,
        "repository_branch": os.environ.get("SOILRESP_BRANCH") or "main",
    }


def described(html):
    """Return a page in which captions stand in for missing alternative texts of figures."""
    return _FIGURE.sub(_with_caption, html)


def _with_caption(found):
    alt = found["alt"]
    if not alt or alt == found["src"]:
        alt = re.sub(r"<[^>]+>", "", found["caption"]).replace('"', "&quot;").strip()
    return f'<img alt="{alt}" {found["rest"]}'


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
        context["body"] = described(body)


def _is_thebe(file):
    given = getattr(file, "attributes", {}).get("body") or ""
    return "sphinx-thebe" in str(getattr(file, "filename", file)) or "THEBE_JS_URL" in given


def _finish(app, error):
    """Remove from the site what no page loads, and mend what the theme writes."""
    if error is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    kept = {file for pattern in _KEPT for file in static.glob(pattern)}
    kept -= {file for pattern in _NOT_KEPT for file in static.glob(pattern)}
    for file in {file for pattern in _UNUSED for file in static.glob(pattern)} - kept:
        file.unlink()
    for file in Path(app.outdir).rglob("*.html"):
        text = _SCRIPT_OF_ICONS.sub("", file.read_text(encoding="utf-8"))
        for found, better in _MENDED.items():
            text = text.replace(found, better)
        file.write_text(text, encoding="utf-8")


def setup(app):
    """Connect to the events of Sphinx."""
    app.connect("config-inited", _configure)
    app.connect("html-page-context", _prepare, priority=900)
    # After all that copies files into the site.
    app.connect("build-finished", _finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
