"""The examples in the docstrings, and the names that the modules offer."""

import doctest
import importlib
import pkgutil

import pytest

import soilresp

MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(soilresp.__path__, "soilresp.")
    if m.name != "soilresp.cli"
)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_keeps_its_word(name, tmp_path, monkeypatch):
    """Every example gives what it says, and every name in ``__all__`` is there, once."""
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module)
    assert failed == 0
    offered = getattr(module, "__all__", [])
    assert len(set(offered)) == len(offered)
    assert all(hasattr(module, n) for n in offered)
