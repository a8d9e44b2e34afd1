"""Show the progress of long work: a bar in a terminal, a line in a notebook or a file."""

import os
import sys
import time
from pathlib import Path

__all__ = ["FILE_VARIABLE", "track"]

FILE_VARIABLE = "SOILRESP_PROGRESS"
"""Environment variable that names the file to which a batch run writes its progress."""


def track(items, label, total=None):
    """Yield items, and show how many are done and how long the rest may take.

    In a batch run (when ``SOILRESP_PROGRESS`` names a file) the state goes to
    that file, so that the notebook's own output stays clean. In a notebook it is a line
    that is replaced, and empty at the end: a bar on the error stream would be saved
    with all its steps. Else a bar is shown that goes away at the end.

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
    if not file and _in_a_notebook():
        yield from _line(items, label, total)
        return
    if not file:
        from tqdm import tqdm

        yield from tqdm(items, desc=label, total=total, leave=False)
        return
    start = time.monotonic()
    for done, item in enumerate(items):
        Path(file).write_text(_state(label, done, total, start), encoding="utf-8")
        yield item
    Path(file).write_text(f"{label}: {total} of {total}", encoding="utf-8")


_SECONDS_BETWEEN = 0.5
"""Time for which a line in a notebook stands at least."""


def _state(label, done, total, start):
    spent = time.monotonic() - start
    left = f", about {spent / done * (total - done):.0f} s left" if done else ""
    return f"{label}: {done} of {total}{left}"


def _in_a_notebook():
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _line(items, label, total):
    """Pass items through, and keep one line of a notebook's output up to date."""
    from IPython.display import display

    start = last = time.monotonic()
    shown = display({"text/plain": f"{label}: 0 of {total}"}, raw=True, display_id=True)
    try:
        for done, item in enumerate(items):
            if time.monotonic() - last > _SECONDS_BETWEEN:
                last = time.monotonic()
                shown.update({"text/plain": _state(label, done, total, start)}, raw=True)
            yield item
    finally:
        shown.update({"text/plain": ""}, raw=True)
