"""What is shipped and what it stands on, with the licence of each."""

import re
from importlib.metadata import PackageNotFoundError, files, metadata
from itertools import groupby

from soilresp.errors import DataError
from soilresp.io import paths, registry

__all__ = ["FILE", "as_page", "inputs", "packages", "pins"]

FILE = "LICENSES.md"
"""The committed list, in the project folder."""

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;#]+)")
_CLASSIFIER = "License :: OSI Approved :: "
_LONGEST = 60


def pins():
    """The packages that the project is tested with.

    Returns
    -------
    dict of str to str
        Version by name, in the order of ``requirements.txt``.

    Raises
    ------
    DataError
        If that file is missing.
    """
    path = paths.root() / "requirements.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise DataError(
            f"{path} does not exist. Restore it with `git checkout requirements.txt`."
        ) from None
    found = (_PIN.match(line.strip()) for line in lines)
    return {match[1]: match[2] for match in found if match}


def packages():
    """Every pinned package with its licence, as the package itself states it.

    Returns
    -------
    list of (str, str, str)
        Name, pinned version, licence; "not installed" where nothing can be known.
    """
    return [(name, version, _licence(name)) for name, version in pins().items()]


def _licence(name):
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return "not installed"
    if told.get("License-Expression"):
        return told["License-Expression"]
    stated = (told.get("License") or "").strip()
    # Some packages put the whole text there.
    if stated and stated.upper() != "UNKNOWN" and len(stated) <= _LONGEST and "\n" not in stated:
        return stated
    classes = [c.removeprefix(_CLASSIFIER) for c in told.get_all("Classifier") or ()
               if c.startswith(_CLASSIFIER)]
    return "; ".join(classes) or stated.partition("\n")[0][:_LONGEST] or _heading(name)


def _heading(name):
    """First line of the licence that a package ships."""
    for file in files(name) or ():
        if file.name.upper().startswith("LICEN"):
            return file.read_text(encoding="utf-8").strip().partition("\n")[0][:_LONGEST]
    return "not stated"


def inputs():
    """Inputs of the study with what their makers ask for.

    Returns
    -------
    list of (str, str, str)
        Names, licence and citation; inputs of one data set stand together.
    """
    entries = registry.entries().values()
    return [
        (", ".join(e.name for e in group), licence, citation)
        for (licence, citation), group in groupby(entries, lambda e: (e.licence, e.citation))
    ]


def as_page():
    """The list in Markdown, as `FILE` holds it (str)."""
    return "\n".join([
        "# Licences",
        "",
        "The code is under the BSD 3-Clause licence, in `LICENSE`. The files in `data/` have "
        "their own licences, in `data/README.md`. This list is made by "
        "`soilresp doctor --licences`.",
        "",
        "## Packages that it is tested with",
        "",
        "None of them is in the project's own files; the built book carries styles and scripts of "
        "its theme and of MathJax. The licence is the one that the package itself states.",
        "",
        *_table(("Package", "Version", "Licence"), packages()),
        "",
        "## Inputs",
        "",
        "None of them is in the project; each is fetched from its publisher.",
        "",
        *_table(("Inputs", "Licence or terms", "Cite"), inputs()),
        "",
    ])


def _table(head, rows):
    for row in (head, ("---",) * len(head), *rows):
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"
