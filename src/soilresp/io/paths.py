"""Find the project folder, the data that ship with the package, the cache and the mirror."""

import os
from pathlib import Path

from soilresp.errors import DataError

__all__ = ["root", "data_dir", "notebooks_dir", "runs_dir", "cache_dir", "mirror_dir"]

_MARKERS = ("data/registry.yaml", "notebooks")

_PACKAGED = Path(__file__).resolve().parents[1] / "data"
"""Data inside an installed wheel; a checkout has them in ``data/`` instead."""


def root():
    """Return the project folder, the one that holds ``notebooks/`` and ``data/``.

    It is looked for in ``SOILRESP_HOME``, then above this file (an editable install,
    as ``requirements.txt`` makes it), then above the working directory.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataError
        If no such folder is found.
    """
    given = os.environ.get("SOILRESP_HOME")
    starts = [Path(given)] if given else [Path(__file__).resolve(), Path.cwd().resolve()]
    for start in starts:
        for folder in (start, *start.parents):
            if all((folder / marker).exists() for marker in _MARKERS):
                return folder
    raise DataError(
        "This needs a clone of the project, and no folder with notebooks/ and data/registry.yaml "
        f"was found above {' or '.join(str(s) for s in starts)}: run inside a clone, or set "
        "SOILRESP_HOME to it."
    )


def data_dir():
    """Return the folder of the data that ship with the project.

    It is ``data/`` of the project folder or, in an installed wheel, the package's own copy
    unless ``SOILRESP_HOME`` is set.

    Returns
    -------
    pathlib.Path
    """
    if _PACKAGED.is_dir() and not os.environ.get("SOILRESP_HOME"):
        return _PACKAGED
    return root() / "data"


def notebooks_dir():
    """Return the folder of the notebooks (`pathlib.Path`)."""
    return root() / "notebooks"


def runs_dir():
    """Return the folder of the runs (`pathlib.Path`), which need not exist yet."""
    return root() / "runs"


def cache_dir():
    """Return the folder of downloaded inputs (`pathlib.Path`).

    It is ``SOILRESP_CACHE`` if that is set, else the folder for caches of the system.
    """
    import pooch  # slow to import, and rarely needed

    given = os.environ.get("SOILRESP_CACHE")
    return Path(given).expanduser() if given else Path(pooch.os_cache("soilresp"))


def mirror_dir():
    """Return the folder named by ``SOILRESP_MIRROR``, or None when it is not set.

    Raises
    ------
    DataError
        If the variable names something that is not a folder.
    """
    given = os.environ.get("SOILRESP_MIRROR")
    if not given:
        return None
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"SOILRESP_MIRROR is set to {given!r}, which is not a folder. "
            "Set it to a folder of input files, or unset it."
        )
    return folder.resolve()
