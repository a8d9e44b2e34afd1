"""Folders with the output of several models."""

from soilresp.errors import DataError
from soilresp.models.declared import adapters, declared_models
from soilresp.models.files import files_at, matches
from soilresp.models.read import read_model

__all__ = ["files_of", "read_folder"]


def files_of(folder, model):
    """List the files in a folder that belong to one model by their names.

    Parameters
    ----------
    folder : path-like
    model : str
        A key of `soilresp.models.adapters`.

    Returns
    -------
    list of pathlib.Path
    """
    return [f for f in files_at(folder) if matches(f, adapters()[model]["files"])]


def read_folder(folder, models=None, period=(1982, 2012)):
    """Read the output of the ten models of the paper that a folder holds.

    Parameters
    ----------
    folder : path-like
        With files of any of them, in folders of their own or not.
    models : sequence of str, optional
        Default: the ten.
    period : tuple of int

    Yields
    ------
    model : str
    output : xarray.Dataset or None
        As `read_model` returns it.
    why : str
        Why there is none; empty if there is.

    Raises
    ------
    DataError
        If the folder does not exist, or is empty.
    """
    for model in models or declared_models()["ten"]:
        files = files_of(folder, model)
        if not files:
            yield model, None, f"no file like {' or '.join(adapters()[model]['files'])}"
            continue
        try:
            yield model, read_model(files, model, period=period), ""
        except DataError as error:
            yield model, None, str(error)
