"""Read packed files from untrusted sources: bounded, in memory, without extracting by name."""

import gzip
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from soilresp.errors import DataError

__all__ = ["FAULTS", "copy_bounded", "read_gzip", "read_member"]

FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError,
          ValueError)
"""Errors of the libraries for damaged, encrypted or unknown archives."""

_CHUNK = 1 << 20


def read_member(path, ending, most):
    """Read the one file of a zip archive whose name ends so.

    Parameters
    ----------
    path : path-like
    ending : str
    most : int
        Bytes that it may have unpacked.

    Returns
    -------
    bytes

    Raises
    ------
    DataError
        If the archive is damaged or encrypted, has none or several such files, or one that
        is a link, has a name that leaves the archive, or unpacks to more than `most`.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            found = [m for m in archive.infolist() if m.filename.endswith(ending)]
            if len(found) != 1:
                names = [m.filename for m in archive.infolist()]
                shown = f"{names[:6]}{' and more' if len(names) > 6 else ''}"
                raise DataError(
                    f"{path}: expected one {ending} file in the archive, found {shown}. "
                    "Fetch it again."
                )
            _refuse_member(path, found[0], most)
            with archive.open(found[0]) as stream:
                content = stream.read(most + 1)
    except FAULTS as error:
        raise DataError(f"{path} cannot be read ({error}). Fetch it again.") from None
    if len(content) > most:
        raise _too_large(f"{path}, member {found[0].filename}", most)
    return content


def _refuse_member(path, member, most):
    """Refuse links, names that leave the archive, and members that are too large."""
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts:
        raise DataError(
            f"{path}: member {member.filename!r} has a name that leaves the archive; expected a "
            "plain file name. Do not use this archive; fetch it again from its publisher."
        )
    if stat.S_ISLNK(member.external_attr >> 16):
        raise DataError(
            f"{path}: member {member.filename!r} is a link; expected a file. Do not use this "
            "archive; fetch it again from its publisher."
        )
    if member.file_size > most:
        raise _too_large(f"{path}, member {member.filename}", most)


def _too_large(what, most):
    return DataError(
        f"{what} unpacks to more than {most / 1e6:,.0f} MB, the most that this product has. It is "
        "another file, or made to fill the memory; fetch it again from its publisher."
    )


def read_gzip(path, most):
    """Read the content of a gzip file.

    Parameters
    ----------
    path : path-like
    most : int
        Bytes that it may have unpacked.

    Raises
    ------
    OSError, EOFError, zlib.error
        If the file is missing or damaged.
    DataError
        If it unpacks to more than `most`.
    """
    with gzip.open(path) as packed:
        content = packed.read(most + 1)
    if len(content) > most:
        raise _too_large(str(path), most)
    return content


def copy_bounded(source, target, what, most):
    """Copy from one stream to another, up to a number of bytes.

    Parameters
    ----------
    source, target : binary streams
    what : str
        For the message.
    most : int

    Raises
    ------
    DataError
        If there is more.
    """
    copied = 0
    while chunk := source.read(_CHUNK):
        copied += len(chunk)
        if copied > most:
            raise _too_large(what, most)
        target.write(chunk)
