"""Read and write the tables of long computations, which are committed with the project.

Hours of work (the whole predictor search, fifty twin experiments) are done once by a
command, which leaves a small CSV table in ``data/study/`` and beside it a JSON file that
says how it was made. A notebook shows the table and re-checks what it can in seconds.
"""

import pandas as pd

from soilresp.errors import DataError
from soilresp.io import paths
from soilresp.io.files import read_json, together, write_json
from soilresp.io.versions import versions

__all__ = ["folder", "save_table", "load_table", "is_there"]


def folder():
    """Folder of the tables (`pathlib.Path`)."""
    return paths.data_dir() / "study"


def save_table(name, table, command, into=None, **facts):
    """Write a table and how it was made.

    Parameters
    ----------
    name : str
        File name without ending.
    table : pandas.DataFrame
        Its index is not kept.
    command : str
        What anyone can type to make it again.
    into : path-like, optional
        Default: `folder`.
    **facts
        Anything else that the table stands on: recipe, observations, seed, checksums of
        the inputs, settings, seconds.
    """
    into = folder() if into is None else into
    with together(into) as aside:
        # Six digits are more than any of these figures is good for.
        table.to_csv(aside / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
        write_json(aside / f"{name}.json", {"command": command, **facts, "versions": versions()})


def is_there(name, where=None):
    """Return whether a table of this name has been made."""
    where = folder() if where is None else where
    return (where / f"{name}.csv").exists() and (where / f"{name}.json").exists()


def load_table(name, where=None):
    """Read a table and how it was made.

    Parameters
    ----------
    name : str
    where : pathlib.Path, optional
        Default: `folder`.

    Returns
    -------
    table : pandas.DataFrame
    facts : dict

    Raises
    ------
    DataError
        If one of the two files is missing or cannot be read.
    """
    where = folder() if where is None else where
    path = where / f"{name}.csv"
    facts = read_json(path.with_suffix(".json"))
    try:
        # "NA" and the like are names here, only an empty field is missing.
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Make it again: {facts.get('command')}") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a readable table ({error}).") from None
    return table, facts
