"""Choose a folder in which numba can keep compiled kernels."""

import os
import tempfile
from pathlib import Path

__all__ = ["writable_cache"]


def writable_cache(source):
    """Return a temporary folder of this user's own, if numba's usual ones cannot be written.

    Parameters
    ----------
    source : path-like
        The file with compiled functions.

    Returns
    -------
    str
        Empty if numba can write beside `source` or into the user's own cache folder, or if
        ``NUMBA_CACHE_DIR`` is set.
    """
    if os.environ.get("NUMBA_CACHE_DIR"):
        return os.environ["NUMBA_CACHE_DIR"]
    home = os.path.expanduser("~")  # "~" itself for a user without one
    for folder in (Path(source).with_name("__pycache__"), Path(home, ".cache", "numba")):
        try:
            if folder.is_absolute():
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder):
                    return ""
        except OSError:
            continue
    own = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir(), f"soilresp-numba-{own}")
    folder.mkdir(mode=0o700, exist_ok=True)
    # Compiled code is loaded from there: nobody else may have put it there.
    if folder.stat().st_uid != own:
        return tempfile.mkdtemp(prefix="soilresp-numba-")
    return str(folder)
