"""Find inputs: in a path given by the user, the cache, a mirror folder, or by download.

Nothing is downloaded unless asked for. Every file is checked against the registry, and its
checksum is returned, so that a result can record its inputs.
"""

import functools
import hashlib
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pooch

from soilresp.errors import DataError
from soilresp.io.paths import cache_dir, data_dir, mirror_dir
from soilresp.io.registry import entries, entry, may_be_fetched

__all__ = [
    "Found", "locate", "fetch", "is_available", "source_of", "note_inputs", "input_change",
    "note_committed",
]

SRDB_VARIABLE = "SOILRESP_SRDB"
"""Environment variable with the file of another release of SRDB, taken instead of the study's."""

CONNECT_TIMEOUT = 5
"""Seconds to wait for a server to answer."""

READ_TIMEOUT = 30
"""Seconds to wait for the next bytes."""

_COMMITTED = "data/"
"""Prefix of the names of committed files; names in the registry lack it."""

_silent_hosts = set()
_watchers = []



@dataclass(frozen=True)
class Found:
    """Describe an input that was found.

    Parameters
    ----------
    name : str
        Name in the registry.
    path : pathlib.Path
        The file.
    source : str
        ``path``, ``cache``, ``mirror`` or ``download``.
    sha256 : str
        Checksum of its bytes.
    """

    name: str
    path: Path
    source: str
    sha256: str


def locate(name, path=None, download=False):
    """Find an input and check it against the registry.

    Parameters
    ----------
    name : str
        Name in the registry.
    path : path_like, optional
        A file of the user's own. It is taken as it is, whatever its checksum: it may be a
        newer release.
    download : bool
        Download a file that is found nowhere.

    Returns
    -------
    Found

    Raises
    ------
    DataError
        If the file is not found, cannot be downloaded, or has the wrong checksum.
    ParameterError
        If the registry has no such entry.
    """
    item = entry(name)
    if path is None and name == "srdb":
        path = os.environ.get(SRDB_VARIABLE) or None
    if path is not None:
        return _noted(_own_file(item, Path(path).expanduser()))
    for source, file, digest in _copies(item):
        return _noted(_checked(item, file, source, digest))
    if download:
        return _noted(fetch(name))
    raise DataError(
        f"Input {name} ({item.what}) was not found: looked for {item.path} in "
        f"{' and '.join(f'the {source} {folder}' for source, folder in _folders())}. {_ways(item)}"
    )


def fetch(name, force=False):
    """Download an input into the cache, unless it is available.

    Parameters
    ----------
    name : str
        Name in the registry.
    force : bool
        Download even if the file is available, to renew a rolling product or replace a
        damaged file.

    Returns
    -------
    Found

    Raises
    ------
    DataError
        If the file cannot be downloaded or has the wrong checksum; nothing is left behind then.

    Examples
    --------
    >>> fetch("srdb").path.name  # doctest: +SKIP
    'srdb-data.csv'
    """
    item = entry(name)
    if not force and is_available(name):
        return locate(name)
    if item.landing:
        raise DataError(
            f"Input {name} ({item.what}) cannot be downloaded by a program. {_ways(item)}"
        )
    target = cache_dir() / item.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as aside:
            got = _download(item, Path(aside))
            digest = _checked(item, got, "download", item.sha256).sha256
            os.replace(got, target)
    except OSError as error:
        raise DataError(
            f"Input {name} could not be written to {target} ({error}). Set SOILRESP_CACHE to a "
            "folder that can be written."
        ) from error
    return Found(name, target, "download", digest)


def is_available(names):
    """Return True if all inputs are in the cache or the mirror, without opening any.

    Parameters
    ----------
    names : str or iterable of str
        Names in the registry.

    Returns
    -------
    bool
        True if every one is there.
    """
    names = [names] if isinstance(names, str) else names
    absent = [name for name in names if source_of(name) is None]
    for noted in _watchers:
        noted.update((name, None) for name in absent if name not in noted)
    return not absent


def source_of(name):
    """Return the place that holds an input, without opening it.

    Parameters
    ----------
    name : str
        Name in the registry.

    Returns
    -------
    str or None
        ``cache``, ``mirror``, or None if it is in neither.
    """
    return next((source for source, _, _ in _copies(entry(name))), None)


@contextmanager
def note_inputs():
    """Note the inputs that a block of code takes, or asks for in vain.

    Yields
    ------
    dict
        By name ``sha256``, ``size`` and ``modified`` of what was taken (and its ``path`` if
        that is the user's own), or None for what was not found.
    """
    noted = {}
    _watchers.append(noted)
    try:
        yield noted
    finally:
        _watchers.pop()


def _noted(found):
    own = {"path": str(found.path)} if found.source == "path" else {}
    _note(found.name, found.path, found.sha256, **own)
    return found


def _note(name, file, digest, **more):
    stat = file.stat()
    for noted in _watchers:
        noted[name] = {"sha256": digest, "size": stat.st_size, "modified": stat.st_mtime_ns, **more}


def note_committed(path):
    """Report a file below ``data/`` to `note_inputs`.

    Parameters
    ----------
    path : pathlib.Path
    """
    _note(f"{_COMMITTED}{path.relative_to(data_dir()).as_posix()}", path, _sha256(path))


def input_change(name, noted):
    """Compare an input with what `note_inputs` noted of it; open it only if it looks changed.

    Parameters
    ----------
    name : str
        Name in the registry.
    noted : dict or None

    Returns
    -------
    str or None
        ``changed`` or ``is available now``; None if it is the same, or cannot be told because
        it is no longer there.
    """
    committed = name.startswith(_COMMITTED)
    if not committed and name not in entries():
        return None
    if noted is None:
        return "is available now" if source_of(name) else None
    if committed:
        path = data_dir() / name.removeprefix(_COMMITTED)
    elif "path" in noted:
        path = Path(noted["path"])
    else:
        path = next((file for _, file, _ in _copies(entry(name))), None)
    if path is None or not path.exists():
        return None
    stat = path.stat()
    if path.is_file() and (stat.st_size, stat.st_mtime_ns) == (noted["size"], noted["modified"]):
        return None
    return None if _sha256(path) == noted["sha256"] else "changed"


def _copies(item):
    """Yield source, file and expected checksum of the existing copies, best first."""
    for source, folder in _folders():
        for place, digest in item.places():
            if _is_there(item, folder / place):
                yield source, folder / place, digest


def _folders():
    mirror = mirror_dir()
    return [("cache", cache_dir())] + ([("mirror", mirror)] if mirror else [])


def _is_there(item, path):
    if not item.folder:
        return path.is_file()
    return path.is_dir() and any(path.iterdir())


def _own_file(item, path):
    kind = "folder" if item.folder else "file"
    # A product of many files may also be given as the one file that has it all.
    if not (_is_there(item, path) or (item.folder and path.is_file())):
        raise DataError(
            f"Input {item.name}: {path} is not a {kind}. Give the path of a {kind} with "
            f"{item.what}, or none to use the cache or the mirror."
        )
    return Found(item.name, path, "path", _sha256(path))


def _checked(item, path, source, expected):
    actual = _sha256(path)
    if expected is not None and actual != expected:
        where = item.url if source == "download" else path
        raise DataError(
            f"Input {item.name} from {where} has the wrong checksum: expected sha256 {expected}, "
            f"got {actual}. {_ways(item, damaged=None if source == 'download' else path)}"
        )
    return Found(item.name, path, source, actual)


def _sha256(path):
    """Return the checksum of a file; of a folder, that of its files' names and sizes."""
    if path.is_dir():
        files = sorted(f for f in path.rglob("*") if f.is_file())
        listing = "".join(f"{f.relative_to(path).as_posix()} {f.stat().st_size}\n" for f in files)
        return hashlib.sha256(listing.encode()).hexdigest()
    stat = path.stat()
    return _hash(path, stat.st_mtime_ns, stat.st_size)


@functools.cache
def _hash(path, _modified, _size):
    return pooch.file_hash(str(path), alg="sha256")


def _ways(item, damaged=None):
    """Return a sentence on what to do about an input that is missing or damaged."""
    ways = [] if damaged is None else [f"remove {damaged}"]
    if item.landing:
        ways.append(f"get it by hand from {item.url}" if item.url else "ask its makers for it")
    else:
        force = "" if damaged is None else " --force"
        ways.append(f"run `soilresp data fetch {item.name}{force}` where {item.url} can be reached")
    ways.append(f"put it at {cache_dir() / item.path}")
    ways.append(f"set SOILRESP_MIRROR to a folder that holds {item.path}")
    return f"Possible remedies: {'; or '.join(ways)}."


def _download(item, folder):
    # Imported late: it takes a third of a second, and most look-ups need no network.
    import requests

    host = urlsplit(item.url).netloc
    if host in _silent_hosts:
        raise _unreachable(item, f"{host} gave no answer before")
    get = pooch.HTTPDownloader(
        timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
        headers={"Accept-Encoding": "identity"},
        hooks={"response": _refuse_plain_redirect},
    )
    pooch.get_logger().setLevel("WARNING")
    try:
        file = Path(pooch.retrieve(item.url, None, Path(item.path).name, folder, downloader=get))
    except requests.RequestException as error:
        if isinstance(error, requests.Timeout | requests.ConnectionError):
            _silent_hosts.add(host)
            raise _unreachable(item, f"no answer from {host} ({type(error).__name__})") from error
        raise _unreachable(item, str(error)) from error
    _refuse_web_page(item, file)
    return file


def _unreachable(item, reason):
    tried = "" if item.verified else " This address has not been verified."
    return DataError(
        f"Input {item.name} could not be downloaded from {item.url}: {reason}.{tried} {_ways(item)}"
    )


def _refuse_plain_redirect(response, **_):
    if response.is_redirect:
        target = urljoin(response.url, response.headers["location"])
        if not may_be_fetched(target):
            import requests

            raise requests.RequestException(f"the server redirects to {target}, not over https")


def _refuse_web_page(item, file):
    # A rolling product has no checksum to tell a login page from data.
    with file.open("rb") as stream:
        magic = stream.read(2)
    if item.path.endswith(".gz") and magic != b"\x1f\x8b":
        raise _unreachable(item, "what arrived is not a gzip file, perhaps a web page")
