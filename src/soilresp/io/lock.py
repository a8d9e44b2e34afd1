"""Lock a folder, so that one process at a time writes into it."""

import json
import os
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from soilresp.errors import DataError
from soilresp.io.files import cannot_write

__all__ = ["FILE_NAME", "hold"]

FILE_NAME = ".lock"


@contextmanager
def hold(folder, what):
    """Lock a folder for a block of code.

    The lock belongs to the process and ends with it, however that ends. A file ``.lock.json``
    beside it names the process.

    Parameters
    ----------
    folder : path-like
        Made if need be.
    what : str
        What is done, for the message to other processes: "soilresp run".

    Raises
    ------
    DataError
        If another process has locked the folder, or the folder cannot be written.
    """
    folder = Path(folder)
    note = folder / f"{FILE_NAME}.json"
    lock = FileLock(folder / FILE_NAME, timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        note.write_text(json.dumps({
            "process": os.getpid(), "started": f"{datetime.now():%Y-%m-%d %H:%M:%S}", "what": what,
        }), encoding="utf-8")
    except Timeout:
        raise DataError(
            f"{folder} is in use by {_holder(note)}. Wait until it ends, end it, or choose another "
            "folder with --out."
        ) from None
    except OSError as error:
        lock.release()
        raise cannot_write(folder, error) or error from error
    try:
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _holder(note):
    """Return the process that has a lock, in words."""
    try:
        had = json.loads(note.read_text(encoding="utf-8"))
        return f"process {had['process']} ({had['what']}, since {had['started']})"
    except (OSError, ValueError, KeyError):
        return "another process"
