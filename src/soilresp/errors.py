"""The errors that a user is meant to read.

Every message names the file, row or variable at fault, what was expected, and
what to do about it. The command line prints the message alone; anything else
that reaches the user is a bug.
"""

__all__ = ["SoilrespError", "DataError", "ParameterError"]


class SoilrespError(Exception):
    """Base of all errors that are raised on purpose."""


class DataError(SoilrespError):
    """An input file is missing, damaged, or does not hold what it should."""


class ParameterError(SoilrespError):
    """A parameter or option has an unknown name or an impossible value."""
