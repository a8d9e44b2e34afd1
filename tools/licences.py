"""Write ``LICENSES.md``: licences of the pinned packages and of the inputs.

``make licences`` reads them from the installed packages and the registry.
"""

import re
from importlib.metadata import files, metadata
from itertools import groupby
from pathlib import Path

from soilresp.io import registry

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 60
"""Characters of a licence's name; some packages put the whole text there."""

HEAD = """# Licences

The code is under the BSD 3-Clause licence, in `LICENSE`. The files in `data/` have their own \
licences, in `data/README.md`. This list is made by `make licences`.

## Packages of the tested set

None of them is in the project's own files; the built book carries styles and scripts of its theme \
and of MathJax. The licence is the one that the package itself states.
"""


def licence(name):
    """Return the licence that an installed package states."""
    told = metadata(name)
    stated = (told.get("License") or "").strip()
    if not told.get("License-Expression") and 0 < len(stated) <= LONGEST and stated != "UNKNOWN":
        return stated
    prefix = "License :: OSI Approved :: "
    classes = [c.removeprefix(prefix) for c in told.get_all("Classifier") or () if prefix in c]
    texts = [f for f in files(name) or () if f.name.upper().startswith("LICEN")]
    return (
        told.get("License-Expression")
        or "; ".join(classes)
        or (stated or texts[0].read_text(encoding="utf-8").strip()).partition("\n")[0][:LONGEST]
    )


def table(*rows):
    """Return rows as a Markdown table, the first as its head."""
    rows = [rows[0], ("---",) * len(rows[0]), *rows[1:]]
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def main():
    """Write the page."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.M)
    packages = [(name, version, licence(name)) for name, version in pins]
    groups = groupby(registry.entries().values(), lambda e: (e.licence, e.citation))
    inputs = [(", ".join(e.name for e in group), *terms) for terms, group in groups]
    page = "\n".join([
        HEAD,
        table(("Package", "Version", "Licence"), *packages),
        "## Inputs\n",
        "None of them is in the project; each is fetched from its publisher.\n",
        table(("Inputs", "Licence or terms", "Cite"), *inputs),
    ])
    (ROOT / "LICENSES.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
