"""Read the registry of inputs: content, address, checksum and licence of each file.

The entries are in ``data/registry.yaml`` at the top of the project.
"""

import difflib
import functools
import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pydantic
from pydantic.dataclasses import dataclass

from soilresp.errors import ParameterError
from soilresp.io.paths import data_dir
from soilresp.io.yaml_text import check_content, read_yaml

__all__ = ["Entry", "entries", "entry", "may_be_fetched", "read_registry"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))
class Entry:
    """Describe one input file.

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
        Terms of use, and the reference to cite.
    verified : bool
        True if the URL has been tried.
    landing : bool
        True if `url` is a page for people rather than the file.
    alternatives : dict of str to str
        Other accepted places, with the sha256 of each file.
    tested_sha256 : str or None
        For a rolling product, the copy that the committed results were made from.
    notes : str
        Units, missing values, traps.
    folder : bool
        True if `path` is a folder of many files, of which the needed ones are read.
    """

    name: str
    what: str
    path: str
    url: str | None
    sha256: str | None
    version: str | float | int
    date: str
    licence: str
    citation: str
    verified: pydantic.StrictBool
    landing: pydantic.StrictBool = False
    alternatives: dict[str, str] = pydantic.Field(default_factory=dict)
    tested_sha256: str | None = None
    notes: str = ""
    folder: pydantic.StrictBool = False

    @property
    def rolling(self):
        """True if the publisher replaces the file, so that no checksum can be known (bool)."""
        return self.sha256 is None

    @property
    def status(self):
        """State of the URL: ``verified`` or ``unverified``, ``by hand`` for a page (str)."""
        if self.url is None:
            return "no address"
        tried = "verified" if self.verified else "unverified"
        return f"by hand, {tried}" if self.landing else tried

    def places(self):
        """Return the accepted relative paths with the checksum of each (list of tuple)."""
        return [(self.path, self.sha256), *self.alternatives.items()]

    @pydantic.model_validator(mode="after")
    def _check_safety(self):
        for path, digest in self.places():
            parts = PurePosixPath(path.replace("\\", "/"))
            if parts.is_absolute() or ".." in parts.parts or ":" in path or "\0" in path:
                raise ValueError(f"path {path!r} leaves the folder of inputs")
            if digest is not None and not _SHA256.fullmatch(digest):
                raise ValueError(f"{digest!r} is not a sha256 in hexadecimal")
        if not self.landing and not may_be_fetched(self.url):
            raise ValueError(f"url {self.url!r} is not an https address")
        return self


def entries():
    """Return all entries of the registry.

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
    """Return one entry of the registry.

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
        If it is not YAML, or an entry is incomplete or unsafe: a path that leaves the folder of
        inputs, an address that is not https, a text that is not a checksum.
    """
    content = read_yaml(file, _WAY_OUT)
    rows = check_content(content.get("entries"), dict[str, dict], f"{file}, entries", _WAY_OUT)
    return {
        name: check_content({**row, "name": name}, Entry, f"{file}, {name}", _WAY_OUT)
        for name, row in rows.items()
    }


def may_be_fetched(url):
    """Return True for an https URL, or an http URL of this machine.

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
