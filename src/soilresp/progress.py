"""Progress of long work: a bar for a person, a line in a file for the batch runner."""

import os
import time
from pathlib import Path

__all__ = ["FILE_VARIABLE", "track"]

FILE_VARIABLE = "SOILRESP_PROGRESS"
"""Environment variable that names the file to which a batch run writes its progress."""


def track(items, label, total=None):
    """Pass items through, and show how far the work is and how long it may still take.

    In a batch run (when ``SOILRESP_PROGRESS`` names a file) the state goes to
    that file, so that the notebook's own output stays clean; else a bar is
    shown that goes away at the end.

    Parameters
    ----------
    items : iterable
    label : str
    total : int, optional
        Number of items; needed if `items` has no length.

    Yields
    ------
    object
        The items.
    """
    total = len(items) if total is None else total
    file = os.environ.get(FILE_VARIABLE)
    if not file:
        from tqdm import tqdm

        yield from tqdm(items, desc=label, total=total, leave=False)
        return
    start = time.monotonic()
    for done, item in enumerate(items):
        spent = time.monotonic() - start
        left = f", about {spent / done * (total - done):.0f} s left" if done else ""
        Path(file).write_text(f"{label}: {done} of {total}{left}", encoding="utf-8")
        yield item
    Path(file).write_text(f"{label}: {total} of {total}", encoding="utf-8")
