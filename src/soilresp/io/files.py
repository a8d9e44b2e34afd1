"""Write files whole or not at all, and read and write the results in a run folder.

Tables are Parquet, gridded fields NetCDF, everything else JSON; unfinished work is arrays
with a checksum. Never a pickle.

Everything is written under a temporary name such as ``.maps.nc.1f3a-4711.tmp``, which has the
machine and the process, synchronised to disk, and renamed. A process that is killed leaves
such a name behind; the next one that writes into the folder removes it.
"""

import errno
import hashlib
import json
import math
import os
import platform
import re
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import psutil
import xarray as xr

from soilresp.errors import DataError, SoilrespError

__all__ = [
    "write_aside", "folder_aside", "together", "remove_leftovers", "cannot_write",
    "save", "load", "save_arrays", "load_arrays", "write_text", "write_json", "read_json",
    "sha256",
]

_ASIDE = re.compile(r"\.(?P<name>.*)\.(?P<machine>[0-9a-f]{4})-(?P<pid>\d+)\.(?P<kind>tmp|old)")

_MACHINE = hashlib.sha256(platform.node().encode()).hexdigest()[:4]
"""Processes of other machines are not known here, so what they have left stays."""

_REMEDIES = {
    errno.ENOSPC: "Free disk space", errno.EDQUOT: "Free some of your quota",
    errno.EROFS: "Make it writable", errno.EACCES: "Make it writable",
    errno.EPERM: "Make it writable", errno.EFBIG: "Raise the limit of file sizes",
    errno.EIO: "Check the disk", errno.ENAMETOOLONG: "Choose a shorter name",
    errno.ENOTDIR: "Remove the file in the place of its folder",
    errno.EEXIST: "Remove the file in the place of its folder",
    errno.EISDIR: "Remove the folder of that name",
    errno.ENOTEMPTY: "Remove the folder of that name",
}
"""Remedies by the cause that the system gives."""

_ALMOST_FULL = 16 << 20
"""Bytes: with less space left, a writer that gives no cause has run out of it."""

_tidied = set()


@contextmanager
def write_aside(path):
    """Yield a name to write to, which becomes `path` only if no error occurs.

    Parameters
    ----------
    path : path-like
        The file to make or replace. Its folder is made if need be.

    Yields
    ------
    pathlib.Path
        A name beside `path`, removed again if the block raises.

    Raises
    ------
    DataError
        If the file cannot be written: the disk is full, say, or read-only.
    """
    path = Path(path)
    aside = path.with_name(_aside_name(path.name))
    with _explained(path), _removed(aside):
        _make_ready(path.parent)
        yield aside
        _sync(aside)
        os.replace(aside, path)


@contextmanager
def folder_aside(path):
    """Yield a folder to write to, which becomes `path` as a whole if no error occurs.

    Parameters
    ----------
    path : path-like
        The folder to make or replace.

    Yields
    ------
    pathlib.Path
        A folder beside `path`, removed again if the block raises.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    path = Path(path)
    aside = path.with_name(_aside_name(path.name))
    with _explained(path), _removed(aside):
        _make_ready(path.parent)
        _remove(aside)
        aside.mkdir()
        yield aside
        _sync(aside)
        _replace(aside, path)


@contextmanager
def together(out, last=None):
    """Yield a folder whose content moves into `out` when all of it has been written.

    Parameters
    ----------
    out : path-like
        Folder that gets the files and folders, in place of those of the same names; others
        stay. It is made if need be, and removed again if the block raises then.
    last : str, optional
        Name of the file that tells whether the others are whole: it comes last.

    Yields
    ------
    pathlib.Path

    Raises
    ------
    DataError
        If something cannot be written; nothing has moved then.
    """
    out = Path(out).expanduser()
    existed, aside = out.exists(), out / _aside_name("")
    try:
        with _explained(out), _removed(aside):
            _make_ready(out)
            _remove(aside)
            aside.mkdir()
            yield aside
            _sync(aside)
            for made in sorted(aside.iterdir(), key=lambda made: (made.name == last, made.name)):
                _replace(made, out / made.name)
    except BaseException:
        if not existed:
            _remove(out)
        raise


def remove_leftovers(folder):
    """Remove files that processes which no longer run have left half written in a folder.

    A folder that was just being replaced when its writer was killed comes back.

    Parameters
    ----------
    folder : path-like
        Nothing is done if it does not exist. Folders in it are not searched.
    """
    with suppress(OSError):
        for entry in sorted(os.listdir(folder)):
            found = _ASIDE.fullmatch(entry)
            if not found or found["machine"] != _MACHINE or _is_running(int(found["pid"])):
                continue
            was = Path(folder, found["name"])
            if found["kind"] == "old" and not was.exists():
                os.replace(Path(folder, entry), was)
            else:
                _remove(Path(folder, entry))


def cannot_write(path, error):
    """Return the error for a user whose file could not be written.

    Parameters
    ----------
    path : path-like
        The file that was being written.
    error : Exception
        The error of the system or the library.

    Returns
    -------
    DataError or None
        None if the cause has nothing to do with writing.
    """
    told = re.search(r"\[Errno (\d+)\]", str(error))
    # Libraries have numbers of their own in other kinds of errors.
    number = error.errno if isinstance(error, OSError) else None
    if number not in _REMEDIES and told:
        number = int(told[1])
    if number not in _REMEDIES and _ran_out_of_space(Path(path), error):
        number = errno.ENOSPC
    if number not in _REMEDIES:
        return None
    shown = Path(*filter(None, (_without_aside(part) for part in Path(path).parts)))
    return DataError(
        f"{shown} could not be written: {os.strerror(number)}. {_REMEDIES[number]} or choose "
        "another folder with --out. Earlier files are unchanged."
    )


def _ran_out_of_space(path, error):
    """Return whether a writer that gives no cause has filled the disk."""
    if isinstance(error, ValueError | TypeError | LookupError):
        return False
    try:
        return shutil.disk_usage(path.parent).free < _ALMOST_FULL
    except OSError:
        return False


def _without_aside(part):
    found = _ASIDE.fullmatch(part)
    return found["name"] if found else part


@contextmanager
def _explained(path):
    """Turn an error of writing in `path`'s folder into one for a user."""
    try:
        yield
    except SoilrespError:
        raise
    except Exception as error:
        named, folder = getattr(error, "filename", None), Path(os.path.abspath(path.parent))
        if isinstance(named, str | Path):
            named = Path(os.path.abspath(named))
            if not (named.is_relative_to(folder) or folder.is_relative_to(named)):
                raise  # an input, not the file that is written
        else:
            named = path
        explained = cannot_write(named, error)
        if explained is None:
            raise
        raise explained from error


def _aside_name(name):
    return f".{name}.{_MACHINE}-{os.getpid()}.tmp"


def _make_ready(folder):
    folder.mkdir(parents=True, exist_ok=True)
    # Once is enough: only processes that ended before this one began have left something.
    if folder not in _tidied:
        _tidied.add(folder)
        remove_leftovers(folder)


def _replace(made, target):
    """Rename, also onto a folder, which the system allows for empty ones alone."""
    old = target.with_name(_aside_name(target.name)).with_suffix(".old")
    while True:
        try:
            os.replace(made, target)
            break
        except OSError as error:
            if not (target.is_dir() and made.is_dir()):
                if old.exists() and not target.exists():
                    os.replace(old, target)
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR):
                    raise
        _remove(old)
        with suppress(FileNotFoundError):  # another process has just moved it
            os.replace(target, old)
    _remove(old)


def _sync(path):
    """Wait until a file, or all files in a folder, would survive a loss of power."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file():
            with open(file, "rb+") as stream:
                os.fsync(stream.fileno())


@contextmanager
def _removed(path):
    try:
        yield
    finally:
        _remove(path)


def _remove(path):
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_running(pid):
    try:
        # A killed process whose parent does not ask for it is still in the list.
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def sha256(path):
    """Return the hexadecimal SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(value):
    """Turn numpy values into JSON's own; NaN and infinities become null."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple | set):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return value.as_posix()
    return value


def write_text(path, words):
    """Write a text in UTF-8."""
    with write_aside(path) as aside:
        aside.write_text(words, encoding="utf-8")


def write_json(path, content):
    """Write a dictionary as indented JSON, with null for NaN."""
    write_text(path, json.dumps(_plain(content), indent=1) + "\n")


def read_json(path):
    """Read a JSON file.

    Raises
    ------
    DataError
        If it is missing or not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist.") from None
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path} is not readable JSON ({error}). Delete it and run again."
        ) from None


def save(folder, name, content):
    """Write a table, a gridded dataset or a dictionary under its own format.

    Parameters
    ----------
    folder : path-like
    name : str
        File name without the ending.
    content : pandas.DataFrame, xarray.Dataset or dict

    Returns
    -------
    pathlib.Path
        The file, ``name.parquet``, ``name.nc`` or ``name.json``.
    """
    folder = Path(folder)
    if isinstance(content, pd.DataFrame):
        path = folder / f"{name}.parquet"
        with write_aside(path) as aside:
            content.to_parquet(aside)
    elif isinstance(content, xr.Dataset):
        path = folder / f"{name}.nc"
        encoding = {
            v: {"zlib": True, "complevel": 1, "shuffle": True}
            for v in content.variables
            if content[v].ndim and content[v].dtype.kind in "iuf"
        }
        for v in content.indexes:
            # CF: a coordinate variable has no missing values, so no fill value either.
            encoding.setdefault(v, {})["_FillValue"] = None
        with write_aside(path) as aside:
            content.to_netcdf(aside, encoding=encoding)
    elif isinstance(content, dict) and _all_arrays(content):
        path = folder / f"{name}.npz"
        save_arrays(path, **content)
    elif isinstance(content, dict):
        path = folder / f"{name}.json"
        write_json(path, content)
    else:
        kind = type(content).__name__
        raise TypeError(f"cannot save {name}: {kind} is not a table, dataset or dict")
    return path


def _all_arrays(content):
    return bool(content) and all(isinstance(value, np.ndarray) for value in content.values())


_MARK = b"soilresp arrays 1\n"


def save_arrays(path, **arrays):
    """Write arrays of unfinished work, with a checksum of all of them.

    Parameters
    ----------
    path : path-like
    **arrays : numpy.ndarray or str
    """
    with write_aside(path) as aside, open(aside, "wb+") as stream:
        stream.write(_MARK + bytes(32))
        np.savez(stream, **arrays)
        stream.seek(len(_MARK) + 32)
        digest = hashlib.file_digest(stream, "sha256").digest()
        stream.seek(len(_MARK))
        stream.write(digest)


def load_arrays(path):
    """Read what `save_arrays` wrote.

    Returns
    -------
    dict of numpy.ndarray

    Raises
    ------
    DataError
        If a single bit of it has changed, or it is cut short.
    """
    try:
        with open(path, "rb") as stream:
            mark, digest = stream.read(len(_MARK)), stream.read(32)
            if mark != _MARK or digest != hashlib.file_digest(stream, "sha256").digest():
                raise DataError(f"{path} is damaged: its checksum is not that of its content.")
            stream.seek(len(_MARK) + 32)
            with np.load(stream, allow_pickle=False) as stored:
                return dict(stored)
    except (OSError, ValueError, BadZipFile) as error:
        raise DataError(f"{path} is damaged ({error}).") from None


LAZY_ABOVE = 20_000_000
"""Bytes above which a dataset is opened only, and a field read where it is used."""


def load(path):
    """Read back what `save` wrote, by the ending of the file.

    A large dataset (`LAZY_ABOVE`) is opened without reading it.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path} does not exist. Run the notebook that makes it.")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        if path.suffix == ".npz":
            return load_arrays(path)
        if path.suffix == ".nc":
            if path.stat().st_size > LAZY_ABOVE:
                return xr.open_dataset(path, cache=False)
            with xr.open_dataset(path) as stored:
                return stored.load()
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}). Delete it and run again.") from None
    return read_json(path)
