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

import yaml

from soilresp.errors import DataError, ParameterError
from soilresp.paths import data_dir

__all__ = ["Entry", "entries", "entry", "may_be_fetched"]

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
    try:
        rows = yaml.safe_load(file.read_text(encoding="utf-8"))["entries"]
        return {name: _entry(file, name, row) for name, row in rows.items()}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{file.name} is not a registry of inputs ({error}). "
            "Restore it with `git checkout data/registry.yaml`."
        ) from error


def _entry(file, name, row):
    known = {f.name for f in fields(Entry)} - {"name"}
    unknown = set(row) - known
    if unknown:
        raise DataError(f"{file.name}, {name}: unknown field {', '.join(sorted(unknown))}.")
    try:
        made = Entry(name=name, **row)
    except TypeError as error:
        missing = str(error).partition(": ")[2]
        raise DataError(f"{file.name}, {name}: missing field {missing}.") from error
    for path, digest in made.places():
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise DataError(f"{file.name}, {name}: path {path!r} leaves the folder of inputs.")
        if digest is not None and not _SHA256.fullmatch(str(digest)):
            raise DataError(f"{file.name}, {name}: {digest} is not a sha256 in hexadecimal.")
    if not made.landing and not may_be_fetched(made.url):
        raise DataError(f"{file.name}, {name}: {made.url!r} is not an https address.")
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
    parts = urlsplit(url or "")
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and loopback)
    )
