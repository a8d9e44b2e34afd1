"""Parts of the book's pages that come from elsewhere in the project.

A picture belongs to one notebook. A page that shows it too takes it from there, with the
words that describe it, so that the two never differ.
"""

import hashlib
import os
from base64 import b64decode
from pathlib import Path

import nbformat
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

__all__ = ["NotebookFigure", "figures", "setup"]

_LOG = logging.getLogger(__name__)


def figures(notebook):
    """Named figures of a notebook.

    Parameters
    ----------
    notebook : path-like
        An ``.ipynb``.

    Returns
    -------
    dict of str to dict
        By name: ``caption``, ``alt`` (words for those who do not see it; None if there are
        none) and ``png`` (bytes; None if the cell shows no picture).
    """
    found = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        told = cell.metadata.get("mystnb", {})
        name = told.get("figure", {}).get("name")
        if not name:
            continue
        outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
        shown = [data["image/png"] for data in outputs if "image/png" in data]
        found[name] = {
            "caption": told["figure"].get("caption"),
            "alt": told.get("image", {}).get("alt"),
            "png": b64decode(shown[-1]) if shown else None,
        }
    return found


class NotebookFigure(SphinxDirective):
    """The picture of a notebook's figure on another page, such as ``{notebook-figure} fig-maps``.

    It is not numbered again; ``{numref}`` leads to where it stands.
    """

    required_arguments = 1
    option_spec = {"class": directives.class_option}

    def run(self):
        """Make the image."""
        name = self.arguments[0]
        for notebook in sorted(Path(self.env.srcdir, "notebooks").glob("*.ipynb")):
            figure = figures(notebook).get(name)
            if figure is not None:
                break
        else:
            return self._warn(f"no notebook has a figure {name!r}")
        self.env.note_dependency(str(notebook))
        if figure["png"] is None:
            return self._warn(f"{notebook.name} shows no picture for {name!r}; run it")
        # Like the pictures of the notebook's own page, beside the pages' parsed form.
        digest = hashlib.sha256(figure["png"]).hexdigest()
        picture = Path(self.env.doctreedir).parent / "jupyter_execute" / f"{digest}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(figure["png"])
        page = Path(self.env.doc2path(self.env.docname)).parent
        image = nodes.image(
            uri=Path(os.path.relpath(picture, page)).as_posix(), alt=figure["alt"] or name,
            classes=self.options.get("class", []),
        )
        self.set_source_info(image)
        return [image]

    def _warn(self, words):
        _LOG.warning("%s", words, location=self.get_location(), type="soilresp", subtype="figure")
        return []


def setup(app):
    """Give Sphinx the directives of this module."""
    app.add_directive("notebook-figure", NotebookFigure)
    return {"version": "1", "parallel_read_safe": True}
