"""Where the project, its committed data, the cache and the mirror are."""

import os
from pathlib import Path

import pooch

from soilresp.errors import DataError

__all__ = ["root", "data_dir", "notebooks_dir", "runs_dir", "cache_dir", "mirror_dir"]

_MARKERS = ("data/registry.yaml", "notebooks")


def root():
    """Folder of the project: the one that holds ``notebooks/`` and ``data/``.

    Looked for in ``SOILRESP_HOME``, then above this file (an editable install,
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
        "The project folder (with notebooks/ and data/registry.yaml) was not found above "
        f"{' or '.join(str(s) for s in starts)}. Run inside a clone of the project, "
        "or set SOILRESP_HOME to it."
    )


def data_dir():
    """Folder of the committed data (`pathlib.Path`)."""
    return root() / "data"


def notebooks_dir():
    """Folder of the notebooks (`pathlib.Path`)."""
    return root() / "notebooks"


def runs_dir():
    """Folder of the runs (`pathlib.Path`); it need not exist yet."""
    return root() / "runs"


def cache_dir():
    """Folder of downloaded inputs: ``SOILRESP_CACHE`` or the system's cache (`pathlib.Path`)."""
    given = os.environ.get("SOILRESP_CACHE")
    return Path(given).expanduser() if given else Path(pooch.os_cache("soilresp"))


def mirror_dir():
    """Folder named by ``SOILRESP_MIRROR``, or None when it is not set.

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
