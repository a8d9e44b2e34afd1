"""Read YAML files safely and check their content against declared types."""

import functools
import reprlib
from pathlib import Path

import pydantic
import yaml

from soilresp.errors import DataError

__all__ = ["YamlError", "check_content", "parse_yaml", "read_yaml"]

# An impossible date or an empty "0b" reaches the caller as the library's own conversion error.
_FAULTS = (yaml.YAMLError, RecursionError, ValueError, OverflowError, TypeError, LookupError,
           AttributeError)


class YamlError(ValueError):
    """Report that a text is not YAML, or holds a value that cannot exist (``2001-99-99``)."""


def parse_yaml(text):
    """Read YAML as plain values; no Python object is ever constructed.

    Parameters
    ----------
    text : str

    Returns
    -------
    object
        Dictionaries, lists, texts, numbers, dates, booleans and None.

    Raises
    ------
    YamlError
        With the fault in one line.

    Examples
    --------
    >>> parse_yaml("[MAT, 1.5, null]")
    ['MAT', 1.5, None]
    """
    try:
        return yaml.safe_load(text)
    except _FAULTS as error:
        raise YamlError(" ".join(str(error).split())) from None


def read_yaml(path, way_out):
    """Read a YAML file whose content is a mapping.

    Parameters
    ----------
    path : path-like
    way_out : str
        Sentence that tells the user what to do about a faulty file.

    Returns
    -------
    dict

    Raises
    ------
    DataError
        If the file cannot be read, is not YAML in UTF-8, or is no mapping.
    """
    try:
        content = parse_yaml(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YamlError) as error:
        raise DataError(f"{path} cannot be read as YAML ({error}). {way_out}") from None
    return check_content(content, dict, path, way_out)


@functools.cache
def _adapter(shape):
    return pydantic.TypeAdapter(shape)


def check_content(content, shape, where, way_out, context=None, error=DataError):
    """Check content against a type that pydantic understands.

    Parameters
    ----------
    content : object
        From `parse_yaml`.
    shape : type
        A pydantic model or dataclass, a ``TypedDict``, or a type such as ``dict[str, list[str]]``.
    where : str or path-like
        Name of the content in the message.
    way_out : str
        Sentence that tells the user what to do.
    context : object, optional
        Passed to the validators of `shape`.
    error : type
        Class of the error: `DataError`, or `ParameterError` for what a user typed.

    Returns
    -------
    object
        The content as an instance of `shape`.

    Raises
    ------
    DataError, ParameterError
        Naming the first entry at fault and what was expected there.

    Examples
    --------
    >>> check_content({"files": ["*.nc"]}, dict[str, list[str]], "BEPS", "Correct it.")
    {'files': ['*.nc']}
    """
    try:
        return _adapter(shape).validate_python(content, context=context)
    except pydantic.ValidationError as found:
        faults = found.errors(include_url=False, include_context=False)
        # A misspelt name is both unknown and missing; the unknown one says more.
        fault = min(faults, key=lambda f: f["type"] not in ("extra_forbidden",
                                                            "unexpected_keyword_argument"))
        place = ", ".join(map(str, (where, *fault["loc"])))
        given = "" if fault["type"] == "missing" else f", got {reprlib.repr(fault['input'])}"
        raise error(f"{place}: {fault['msg']}{given}. {way_out}") from None
