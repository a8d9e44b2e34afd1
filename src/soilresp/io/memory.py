"""How much memory the study may take, and how much it takes.

``soilresp run --max-memory 2GB`` sets a bound for each process of a run, the environment
variable ``SOILRESP_MAX_MEMORY`` the same for notebooks opened by hand. What is done in blocks
then takes smaller ones. The results have the same bytes whatever the bound.
"""

import ctypes
import os
import re
import resource
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from soilresp.errors import ParameterError

__all__ = [
    "VARIABLE", "parse", "limit", "bounded", "resident", "highest", "share_out", "require",
    "words",
]

VARIABLE = "SOILRESP_MAX_MEMORY"
"""Environment variable with the most memory that a process may take, such as ``2GB``."""

_UNITS = {"": 1, "B": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
          "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}

_RESERVE = 60 * 10**6
"""Bytes kept back for what is too small to be reckoned with."""


def parse(text):
    """Bytes in an amount such as ``2GB``, ``1.5 GiB`` or ``800M``.

    Parameters
    ----------
    text : str or int
        A number alone counts bytes.

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        If it is not an amount of memory above nothing.

    Examples
    --------
    >>> parse("2GB"), parse("1.5 GiB"), parse("800m")
    (2000000000, 1610612736, 800000000)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?I?)B?\s*", str(text).upper())
    if not found or found[2] not in _UNITS or not float(found[1]):
        raise ParameterError(f"Memory is given as 2GB, 1.5GiB or 800MB, got {text!r}.")
    return int(float(found[1]) * _UNITS[found[2]])


def limit():
    """The bound that is set, bytes, or None.

    Raises
    ------
    ParameterError
        If ``SOILRESP_MAX_MEMORY`` is not an amount of memory.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return None
    try:
        return parse(given)
    except ParameterError as error:
        raise ParameterError(f"{VARIABLE}: {error}") from None


@contextmanager
def bounded(amount):
    """Set the bound for a while, for this process and those that it starts.

    Parameters
    ----------
    amount : str or int
        As for `parse`.

    Raises
    ------
    ParameterError
        If it is not an amount of memory.
    """
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(parse(amount))
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before


def resident():
    """Memory that this process holds now, bytes; where that cannot be known, its highest."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return highest()
    return pages * os.sysconf("SC_PAGE_SIZE")


def highest():
    """Most memory that this process has held so far, bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux a new process starts from the highest mark of its parent.
        line = next(s for s in status.read_text().splitlines() if s.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def share_out(what, fixed, each, n, most=None):
    """How many of `n` things fit into the memory that is left, at a time.

    Parameters
    ----------
    what : str
        What is to be done, for the message.
    fixed : int
        Bytes that it takes whatever the size of a block.
    each : float
        Bytes that one thing takes.
    n : int
        Things there are; a block has one at least.
    most : int, optional
        Things to a block at most, whatever the bound. Default: all.

    Returns
    -------
    int
        1 to `n`; all, or `most`, without a bound.

    Raises
    ------
    ParameterError
        If the bound leaves no room for one; says the least that works.

    Examples
    --------
    >>> share_out("maps", 0, 8, 1000, most=100)
    100
    """
    most = n if most is None else min(n, most)
    bound = limit()
    if bound is None:
        return max(1, most)
    _give_back()
    held = resident() + _RESERVE + fixed
    if held + each > bound:
        raise ParameterError(
            f"{words(bound)} of memory are too few for {what}: at least "
            f"{words(_rounded_up(held + each))} are needed. Set --max-memory (or {VARIABLE}) to "
            "that or more, or leave it out."
        )
    return max(1, min(most, int((bound - held) // each)))


def require(what, needed):
    """Refuse to begin what the memory that is left will not hold.

    Parameters
    ----------
    what : str
        What is to be done, for the message.
    needed : int
        Bytes.

    Raises
    ------
    ParameterError
        If the bound is below that; says the least that works.
    """
    share_out(what, 0, max(needed, 1), 1)


def words(n):
    """An amount of memory in words that `parse` takes back.

    Examples
    --------
    >>> words(1_950_000_000)
    '1950 MB'
    """
    return f"{n / 1e6:.0f} MB"


def _give_back():
    """Let the allocator give freed memory back, where it can (glibc); else it counts as held."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _rounded_up(n, step=50 * 10**6):
    return -(-int(n) // step) * step
