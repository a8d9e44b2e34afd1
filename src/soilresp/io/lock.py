"""One writer to a folder at a time."""

import fcntl
import json
import os
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from soilresp.errors import DataError

__all__ = ["FILE_NAME", "hold"]

FILE_NAME = ".lock"


@contextmanager
def hold(folder, what):
    """Keep a folder to oneself, or say who has it.

    The lock is the system's own, on a small file in the folder: it ends with the process,
    however that ends, so that nothing has to be cleaned up after a crash.

    Parameters
    ----------
    folder : path-like
        Made if need be.
    what : str
        What is done, as the other side is told: "soilresp run".

    Raises
    ------
    DataError
        If another process holds the folder, or the folder cannot be written.
    """
    folder = Path(folder)
    path = folder / FILE_NAME
    made = [part for part in (folder, *folder.parents) if not part.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = _taken(path)
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written ({error.strerror}). Take another folder, or make it "
            "writable."
        ) from error
    if file is None:
        raise DataError(
            f"{folder} is in use by {_holder(path)}. Wait until that is done, end it, or take "
            "another folder."
        )
    with file:
        own = {"process": os.getpid(), "started": f"{datetime.now():%Y-%m-%d %H:%M:%S}",
               "what": what}
        try:
            file.write(json.dumps(own).encode())
            file.flush()
        except OSError as error:
            path.unlink(missing_ok=True)
            raise DataError(f"{path} cannot be written ({error.strerror}).") from error
        try:
            yield
        finally:
            # While it is still locked, so that nobody waits on a name that is gone.
            path.unlink(missing_ok=True)
            _drop_empty(made)


def _drop_empty(folders):
    """Take away folders that were made for nothing, innermost first."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _taken(path):
    """The lock file, open and locked; None if another process has it."""
    while True:
        file = open(path, "ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        # Its last holder may have removed it between the opening and the locking.
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            file.truncate(0)
            return file
        file.close()


def _holder(path):
    try:
        had = json.loads(path.read_text(encoding="utf-8"))
        return f"process {had['process']} ({had['what']}, since {had['started']})"
    except (OSError, ValueError, KeyError):
        return "another process"
