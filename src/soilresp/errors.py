"""Errors with messages for users.

Every message names the file, row or variable at fault, what was expected, and
what to do about it. The command line prints the message alone; anything else
that reaches the user is a bug.
"""

__all__ = ["SoilrespError", "DataError", "ParameterError"]


class SoilrespError(Exception):
    """Base of all errors that are raised on purpose.

    Examples
    --------
    >>> import soilresp as sr
    >>> try:
    ...     sr.load_covariates("no such recipe")
    ... except sr.SoilrespError as error:
    ...     print(type(error).__name__)
    ParameterError
    """


class DataError(SoilrespError):
    """An input file is missing, damaged, or does not hold what it should.

    Examples
    --------
    >>> import soilresp as sr
    >>> try:
    ...     sr.load_benchmark("no_such_file.nc")
    ... except sr.DataError as error:
    ...     print("no_such_file.nc" in str(error))
    True
    """


class ParameterError(SoilrespError):
    """A parameter or option has an unknown name or an impossible value.

    Examples
    --------
    >>> import soilresp as sr
    >>> try:
    ...     sr.Ensemble(n_runs=0).fit([[1.0]], [2.0])
    ... except sr.ParameterError as error:
    ...     print(error)
    n_runs must be a whole number of at least 1, got 0.
    """
