"""The registry of inputs: what each file is, where it comes from, its checksum and licence.

The entries live in ``data/registry.yaml`` at the top of the project, so that they can be read
and corrected without touching code.
"""

import difflib
import functools
import re
from dataclasses import dataclass, field, fields
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from soilresp.errors import DataError, ParameterError
from soilresp.io.paths import data_dir
from soilresp.io.yaml_text import expect, read_yaml

__all__ = ["Entry", "entries", "entry", "may_be_fetched", "read_registry"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """One input file.

    Parameters
    ----------
    name : str
        Short name, by which the file is asked for.
    what : str
        One line on its content.
    path : str
        Place of the file in the cache and in a mirror folder.
    url : str or None
        Where the publisher has it; None when it is not published as a file.
    sha256 : str or None
        Checksum of its bytes; None for a rolling product.
    version, date : str
        Of the file; for a rolling product, of the product.
    licence, citation : str
        What a user of the file owes to its makers.
    verified : bool
        Whether the URL has been tried.
    landing : bool
        Whether `url` is a page for people rather than the file.
    alternatives : dict of str to str
        Other accepted places, with the sha256 of each file.
    tested_sha256 : str or None
        For a rolling product, the copy that the committed results were made from.
    notes : str
        Units, missing values, traps.
    folder : bool
        Whether `path` is a folder of many files, of which the ones that are needed are read.
    """

    name: str
    what: str
    path: str
    url: str | None
    sha256: str | None
    version: str
    date: str
    licence: str
    citation: str
    verified: bool
    landing: bool = False
    alternatives: dict = field(default_factory=dict)
    tested_sha256: str | None = None
    notes: str = ""
    folder: bool = False

    @property
    def rolling(self):
        """Whether the publisher replaces the file, so that no checksum can be known."""
        return self.sha256 is None

    @property
    def status(self):
        """What is known of the URL: ``verified`` or ``unverified``, ``by hand`` for a page."""
        if self.url is None:
            return "no address"
        tried = "verified" if self.verified else "unverified"
        return f"by hand, {tried}" if self.landing else tried

    def places(self):
        """Accepted relative paths with the checksum of each (list of tuple)."""
        return [(self.path, self.sha256), *self.alternatives.items()]


_FIELDS = {f.name for f in fields(Entry)} - {"name"}


def entries():
    """All entries of the registry.

    Returns
    -------
    dict of str to Entry
        In the order of the file.

    Raises
    ------
    DataError
        If the registry cannot be read or an entry is not complete.

    Examples
    --------
    >>> entries()["srdb"].version
    '5.0, release tag v20200511a'
    """
    file = data_dir() / "registry.yaml"
    return dict(_read(file, file.stat().st_mtime_ns))


def entry(name):
    """One entry of the registry.

    Parameters
    ----------
    name : str

    Returns
    -------
    Entry

    Raises
    ------
    ParameterError
        If there is no such entry.
    """
    known = entries()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3) or list(known)
        raise ParameterError(
            f"There is no input named {name!r}; did you mean {', '.join(near)}? "
            "`soilresp data list` shows them all."
        )
    return known[name]


@functools.lru_cache(maxsize=4)
def _read(file, _stamp):
    return read_registry(file)


_WAY_OUT = "Correct it, or restore it with `git checkout data/registry.yaml`."
_TEXT = (str, type(None))
_SHAPE = {"entries": {str: {
    "what": str, "path": str, "url": _TEXT, "sha256": (str, int, type(None)),
    "version": (str, float, int),
    "date": str, "licence": str, "citation": str, "verified": bool, "landing?": bool,
    "alternatives?": {str: str}, "tested_sha256?": _TEXT, "notes?": str, "folder?": bool,
}}}


def read_registry(file):
    """Read a registry and check every entry.

    Parameters
    ----------
    file : pathlib.Path
        ``registry.yaml``.

    Returns
    -------
    dict of str to Entry

    Raises
    ------
    DataError
        If it is not YAML, or an entry is not complete or not safe: a path that leaves the
        folder of inputs, an address that is not https, a checksum that is none.
    """
    content = read_yaml(file, _WAY_OUT)
    if not isinstance(content.get("entries"), dict):
        raise DataError(f"{file} is not a registry of inputs: it has no `entries`. {_WAY_OUT}")
    for name, row in content["entries"].items():
        unknown = set(row) - _FIELDS if isinstance(row, dict) else set()
        if unknown:
            names = ", ".join(sorted(map(str, unknown)))
            raise DataError(f"{file}, {name}: unknown field {names}. {_WAY_OUT}")
    expect(content, _SHAPE, str(file), _WAY_OUT)
    return {name: _entry(file, name, row) for name, row in content["entries"].items()}


def _entry(file, name, row):
    made = Entry(name=name, **row)
    for path, digest in made.places():
        parts = PurePosixPath(path.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in path or "\0" in path:
            raise DataError(
                f"{file}, {name}: path {path!r} leaves the folder of inputs. {_WAY_OUT}"
            )
        if digest is not None and not _SHA256.fullmatch(str(digest)):
            raise DataError(
                f"{file}, {name}: {digest} is not a sha256 in hexadecimal. {_WAY_OUT}"
            )
    if not made.landing and not may_be_fetched(made.url):
        raise DataError(f"{file}, {name}: {made.url!r} is not an https address. {_WAY_OUT}")
    return made


def may_be_fetched(url):
    """Whether a URL is https, or http on this machine, where nobody can come between.

    Parameters
    ----------
    url : str or None

    Returns
    -------
    bool
    """
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and loopback)
    )
