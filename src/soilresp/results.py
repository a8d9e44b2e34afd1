"""Small files in a run folder: written whole or not at all, never a pickle.

Tables are Parquet, gridded fields NetCDF, everything else JSON.
"""

import hashlib
import json
import math
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.errors import DataError

__all__ = ["write_aside", "save", "load", "write_json", "read_json", "sha256"]


@contextmanager
def write_aside(path):
    """Give a name to write to, which becomes `path` only when all went well.

    Parameters
    ----------
    path : path-like
        The file to make or replace. Its folder is made if need be.

    Yields
    ------
    pathlib.Path
        A name beside `path`, removed again if the block raises.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield aside
        with open(aside, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def sha256(path):
    """Hexadecimal SHA-256 of a file."""
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


def write_json(path, content):
    """Write a dictionary as indented JSON; NaN becomes null."""
    with write_aside(path) as aside:
        aside.write_text(json.dumps(_plain(content), indent=1) + "\n", encoding="utf-8")


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
        raise DataError(f"{path} is not readable JSON ({error}). Delete it and run again.") from None


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
    elif isinstance(content, dict):
        path = folder / f"{name}.json"
        write_json(path, content)
    else:
        raise TypeError(f"cannot save {name}: {type(content).__name__} is not a table, dataset or dict")
    return path


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
        if path.suffix == ".nc":
            if path.stat().st_size > LAZY_ABOVE:
                return xr.open_dataset(path, cache=False)
            with xr.open_dataset(path) as stored:
                return stored.load()
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}). Delete it and run again.") from None
    return read_json(path)
