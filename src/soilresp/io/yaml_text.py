"""YAML that a user writes: read safely, and refused in one sentence when it is faulty."""

from pathlib import Path

import yaml

from soilresp.errors import DataError

__all__ = ["YamlError", "expect", "parse_yaml", "read_yaml"]


class YamlError(ValueError):
    """A text is not YAML, or stands for something that cannot be (``2001-99-99``)."""


def parse_yaml(text):
    """Read YAML as plain values: no object of Python is ever made.

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
        Whatever is wrong, in one line.

    Examples
    --------
    >>> parse_yaml("[MAT, 1.5, null]")
    ['MAT', 1.5, None]
    """
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        words = getattr(error, "problem", None) or " ".join(str(error).split())
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise YamlError(f"{words}{place}") from None
    except RecursionError:
        raise YamlError("it is nested too deeply") from None
    # An impossible date, an empty "0b": the library lets these through as they come.
    except (ValueError, OverflowError, TypeError, LookupError, AttributeError) as error:
        raise YamlError(f"a value cannot be ({error})") from None


def read_yaml(path, way_out):
    """Read a file of YAML whose content is a mapping.

    Parameters
    ----------
    path : path-like
    way_out : str
        What the user can do about a faulty file, a sentence.

    Returns
    -------
    dict

    Raises
    ------
    DataError
        If it cannot be read, is not YAML in UTF-8, or is no mapping.
    """
    path = Path(path)
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. {way_out}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). {way_out}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text in UTF-8 (byte {error.start}). {way_out}") from None
    except YamlError as error:
        raise DataError(f"{path} is not YAML: {error}. {way_out}") from None
    if not isinstance(content, dict):
        raise DataError(
            f"{path} should hold names with their values, it holds "
            f"{'nothing' if content is None else type(content).__name__}. {way_out}"
        )
    return content


def expect(content, shape, where, way_out):
    """Refuse content that has not the shape it should have.

    Parameters
    ----------
    content : object
        From `parse_yaml`.
    shape : type, tuple of types, list, dict or None
        A type, or several; ``[shape]``, a list of such; ``{"name": shape}``, a mapping with
        these names, ``"name?"`` for one that may be missing, other names being let through;
        ``{str: shape}``, a mapping whose values are all such; None lets anything through.
    where : str
        What to call the content in the message.
    way_out : str
        What the user can do, a sentence.

    Raises
    ------
    DataError
        Naming the first place at fault, and what was expected there.

    Examples
    --------
    >>> expect({"files": ["*.nc"]}, {"files": [str], "notes?": str}, "BEPS", "Correct it.")
    """
    if shape is None:
        return
    if isinstance(shape, list):
        _expect_type(content, list, where, way_out)
        for number, item in enumerate(content, 1):
            expect(item, shape[0], f"{where}, item {number}", way_out)
    elif isinstance(shape, dict):
        _expect_type(content, dict, where, way_out)
        if str in shape:
            for name, value in content.items():
                _expect_type(name, str, f"{where}, name {name!r}", way_out)
                expect(value, shape[str], f"{where}, {name}", way_out)
            return
        for name, inner in shape.items():
            key = name.removesuffix("?")
            if key in content:
                expect(content[key], inner, f"{where}, {key}", way_out)
            elif key == name:
                raise DataError(f"{where}: {key!r} is missing. {way_out}")
    else:
        _expect_type(content, shape, where, way_out)


_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false",
          list: "a list", dict: "names with values", type(None): "null"}


def _expect_type(content, kinds, where, way_out):
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    # True is an int to Python.
    if isinstance(content, bool) and bool not in kinds or not isinstance(content, kinds):
        wanted = " or ".join(_NAMES[k] for k in kinds)
        shown = repr(content)
        shown = shown if len(shown) <= 60 else f"{shown[:60]}..."
        raise DataError(f"{where} should be {wanted}, it is {shown}. {way_out}")
