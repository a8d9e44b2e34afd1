"""Directives of the book: a notebook's figure on another page, and the table of the registry.

A Sphinx extension, named in ``_config.yml``.
"""

import hashlib
import os
import re
from base64 import b64decode
from itertools import cycle, groupby
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from soilresp.io import registry

_LOG = logging.getLogger(__name__)


def figures(notebook):
    """Return the named figures of a notebook.

    Parameters
    ----------
    notebook : path-like
        An ``.ipynb``.

    Returns
    -------
    dict of str to dict
        By name: ``caption``, ``alt`` (alternative text, or None) and ``png`` (bytes; None if the
        cell shows no picture).
    """
    found = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        options = cell.metadata.get("mystnb", {})
        name = options.get("figure", {}).get("name")
        if name:
            outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
            shown = [data["image/png"] for data in outputs if "image/png" in data]
            found[name] = {
                "caption": options["figure"].get("caption"),
                "alt": options.get("image", {}).get("alt"),
                "png": b64decode(shown[-1]) if shown else None,
            }
    return found


class NotebookFigure(SphinxDirective):
    """Show the picture of a notebook's figure on another page: ``{notebook-figure} fig-maps``.

    It is not numbered again; ``{numref}`` leads to the figure itself.
    """

    required_arguments = 1
    option_spec = {"class": directives.class_option}

    def run(self):
        """Make the image."""
        name, found = self.arguments[0], {}
        for notebook in sorted(Path(self.env.srcdir, "notebooks").glob("*.ipynb")):
            self.env.note_dependency(str(notebook))
            found |= figures(notebook)
        if name not in found or found[name]["png"] is None:
            _LOG.warning("no notebook shows a figure %r", name, location=self.get_location())
            return []
        png = found[name]["png"]
        # Like the pictures of the notebook's own page, beside the pages' parsed form.
        folder = Path(self.env.doctreedir).parent / "jupyter_execute"
        picture = folder / f"{hashlib.sha256(png).hexdigest()}.png"
        folder.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(png)
        page = Path(self.env.doc2path(self.env.docname)).parent
        return [nodes.image(
            uri=Path(os.path.relpath(picture, page)).as_posix(), alt=found[name]["alt"] or name,
            classes=self.options.get("class", []),
        )]


class DataSources(SphinxDirective):
    """Show the registry's entries as a table; ``{data-sources} files``: paths and checksums."""

    optional_arguments = 1

    def run(self):
        """Make the table from the registry."""
        entries = registry.entries().values()
        if self.arguments == ["files"]:
            rows = [(_literal(e.path), _checksum(e)) for e in entries]
            return [_table(("File in the cache or a mirror", "SHA-256"), rows, widths=(1, 1))]
        # Entries of one data set are neighbours in the registry and share a row.
        rows = [
            (nodes.bullet_list("", *map(_item, group)), [_text(citation), _text(licence)])
            for (citation, licence), group in groupby(entries, lambda e: (e.citation, e.licence))
        ]
        return [_table(("Inputs", "Cite; licence"), rows, widths=(3, 2))]


def _text(words):
    """Return a paragraph in which each DOI is a link."""
    parts = [
        nodes.reference("", f"doi:{part}", refuri=f"https://doi.org/{part}")
        if is_doi
        else nodes.Text(part)
        for is_doi, part in zip(cycle((False, True)), re.split(r"\bdoi:(\S+)", words))
    ]
    return nodes.paragraph("", "", *parts)


def _literal(words):
    return nodes.paragraph("", "", nodes.literal("", words))


def _item(entry):
    """Return the list item of an input: its name, what it is, and its publisher."""
    parts = [nodes.literal("", entry.name), nodes.Text(f" {entry.what}; ")]
    if entry.url:
        status = ["by hand"] * entry.landing + ["unverified"] * (not entry.verified)
        parts.append(nodes.reference("", urlsplit(entry.url).hostname, refuri=entry.url))
        parts.append(nodes.emphasis("", f" {', '.join(status)}"))
    else:
        parts.append(nodes.emphasis("", "not published as a file"))
    return nodes.list_item("", nodes.paragraph("", "", *parts))


def _checksum(entry):
    if entry.sha256:
        return _literal(entry.sha256)
    return _text(f"rolling product ({entry.version}; {entry.date}): no checksum")


def _table(head, rows, widths):
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=width) for width in widths]
    group += nodes.thead("", _row(map(_text, head)))
    group += nodes.tbody("", *map(_row, rows))
    return nodes.table("", group)


def _row(cells):
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        entry += cell
        row += entry
    return row


def setup(app):
    """Give Sphinx the directives of this module."""
    app.add_directive("notebook-figure", NotebookFigure)
    app.add_directive("data-sources", DataSources)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
