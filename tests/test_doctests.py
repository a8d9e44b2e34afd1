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
def test_examples_hold(name, tmp_path, monkeypatch):
    """Every example in the module's docstrings gives what it says."""
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_offered_names_exist(name):
    """Every name in ``__all__`` is there, once."""
    module = importlib.import_module(name)
    offered = getattr(module, "__all__", [])
    assert len(set(offered)) == len(offered)
    assert all(hasattr(module, n) for n in offered)
