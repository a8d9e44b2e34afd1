"""Return the versions that a result was made with."""

import platform
from importlib.metadata import version

from soilresp import __version__

__all__ = ["versions"]

_PACKAGES = (
    "numpy", "scipy", "pandas", "xarray", "scikit-learn", "quantile-forest", "numba", "netCDF4",
)


def versions():
    """Versions of the project, of Python, and of the packages that numbers come from.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> sorted(versions())[:3]
    ['netCDF4', 'numba', 'numpy']
    """
    own = {"soilresp": __version__, "python": platform.python_version()}
    return own | {name: version(name) for name in _PACKAGES}
