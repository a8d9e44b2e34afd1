"""Find an input: a path given by the user, the cache, a mirror folder, the download.

Nothing reaches the network unless it is asked to. What is found is checked against the
registry, and its checksum is handed on, so that a result can say what it was made from.
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
"""What names of committed files begin with, and names in the registry do not."""

_silent_hosts = set()
_watchers = []



@dataclass(frozen=True)
class Found:
    """An input that was found.

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
        Whether to download a file that is nowhere at hand.

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
        return _told(_own_file(item, Path(path).expanduser()))
    copy = next(_copies(item), None)
    if copy is not None:
        source, file, digest = copy
        return _told(_checked(item, file, source, digest))
    if download:
        return _told(fetch(name))
    raise DataError(
        f"Input {name} ({item.what}) is not at hand: looked for {item.path} in "
        f"{' and '.join(f'the {source} {folder}' for source, folder in _folders())}. {_ways(item)}"
    )


def fetch(name, force=False):
    """Download an input into the cache, unless it is at hand.

    Parameters
    ----------
    name : str
        Name in the registry.
    force : bool
        Download even if the file is at hand: a newer copy of a rolling product, say, or in
        place of a damaged one.

    Returns
    -------
    Found

    Raises
    ------
    DataError
        If the file cannot be downloaded or has the wrong checksum; nothing is left behind then.
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
            f"Input {name} could not be written to {target} ({error}). Free the place, or set "
            "SOILRESP_CACHE to a folder that can be written."
        ) from error
    return Found(name, target, "download", digest)


def is_available(names):
    """Whether inputs are in the cache or the mirror; nothing is opened or downloaded.

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
    """Which of the cache and the mirror would be taken; nothing is opened or downloaded.

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
    """Note which inputs are taken, or asked for and not at hand, in a block of code.

    Yields
    ------
    dict
        By name ``sha256``, ``size`` and ``modified`` of what was taken (and its ``path`` if
        that is the user's own), or None of what was not at hand.
    """
    noted = {}
    _watchers.append(noted)
    try:
        yield noted
    finally:
        _watchers.pop()


def _told(found):
    stat = found.path.stat()
    facts = {"sha256": found.sha256, "size": stat.st_size, "modified": stat.st_mtime_ns}
    if found.source == "path":
        facts["path"] = str(found.path)
    for noted in _watchers:
        noted[found.name] = facts
    return found


def note_committed(path):
    """Let `note_inputs` know of a file below ``data/`` that a run may make anew.

    Parameters
    ----------
    path : pathlib.Path
    """
    stat = path.stat()
    name = f"{_COMMITTED}{path.relative_to(data_dir()).as_posix()}"
    for noted in _watchers:
        noted[name] = {
            "sha256": _sha256(path), "size": stat.st_size, "modified": stat.st_mtime_ns,
        }


def input_change(name, noted):
    """What became of an input since `note_inputs` noted it; opened only if it looks changed.

    Parameters
    ----------
    name : str
        Name in the registry.
    noted : dict or None

    Returns
    -------
    str or None
        ``changed`` or ``is at hand now``; None if it is the same, or cannot be told because
        it is no longer there.
    """
    committed = name.startswith(_COMMITTED)
    if not committed and name not in entries():
        return None
    if noted is None:
        return "is at hand now" if source_of(name) else None
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
    """Copies of an input that exist, best first: source, file and expected checksum."""
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
    """Checksum of a file; of a folder, that of the names and sizes of its files."""
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
    """What a user can do about an input that is missing or damaged."""
    ways = []
    if damaged is not None:
        ways.append(f"remove {damaged}")
    if item.landing:
        ways.append(f"get it by hand from {item.url}" if item.url else "ask its makers for it")
    else:
        force = " --force" if damaged is not None else ""
        ways.append(f"run `soilresp data fetch {item.name}{force}` where {item.url} can be reached")
    ways.append(f"put it at {cache_dir() / item.path}")
    ways.append(f"set SOILRESP_MIRROR to a folder that holds {item.path}")
    return f"Ways out: {'; or '.join(ways)}."


def _download(item, folder):
    # Imported late: it takes a third of a second, and most look-ups need no network.
    import requests

    host = urlsplit(item.url).netloc
    if host in _silent_hosts:
        raise _unreachable(item, f"{host} gave no answer a moment ago")
    get = pooch.HTTPDownloader(
        timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
        headers={"Accept-Encoding": "identity"},
        hooks={"response": _refuse_plain_redirect},
    )
    pooch.get_logger().setLevel("WARNING")
    try:
        file = Path(pooch.retrieve(item.url, None, Path(item.path).name, folder, downloader=get))
    except requests.HTTPError as error:
        raise _unreachable(item, f"the server answered {error.response.status_code}") from error
    except requests.Timeout as error:
        _silent_hosts.add(host)
        raise _unreachable(item, f"{host} gave no answer in time") from error
    except requests.ConnectionError as error:
        _silent_hosts.add(host)
        reason = f"no connection to {host} ({type(error).__name__})"
        raise _unreachable(item, reason) from error
    except requests.RequestException as error:
        raise _unreachable(item, f"the transfer broke off: {error}") from error
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
