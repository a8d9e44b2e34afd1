"""Names at the top of the package: documented, loaded when used, each with an example."""

import inspect
import re
import subprocess
import sys

import pytest

import soilresp as sr

NAMES = [name for name in sr.__all__ if name not in ("PREDICTORS", "__version__")]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_documented(name):
    """A sentence, and an example that uses it; `tests/test_doctests.py` runs them all."""
    text = inspect.getdoc(getattr(sr, name))
    first = text.split("\n")[0]
    assert first.endswith(".") and not re.match(r"(What|Where|How|Whether)\b", first)
    assert ">>> " in text.split("Examples\n--------\n")[1]


def test_all_names_are_listed():
    """Completion offers them, and nothing else is found."""
    assert set(sr.__all__) <= set(dir(sr)) and len(sr.__all__) >= 24
    assert sr.PREDICTORS["SR"] == ["MAT", "Prec", "RH", "RH_GS", "LAI_GS"]
    with pytest.raises(AttributeError, match="no_such_name"):
        sr.no_such_name  # noqa: B018


def test_the_import_is_light():
    """None of the heavy packages is loaded before a name is used."""
    code = "import sys, soilresp; print(*[m for m in sys.modules if '.' not in m])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    heavy = {"numpy", "pandas", "xarray", "sklearn", "numba", "matplotlib", "scipy"}
    assert not heavy & set(loaded.split())
