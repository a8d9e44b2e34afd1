"""The folders of the project and the data that ship with the package."""

import pytest

from soilresp.errors import DataError
from soilresp.io import paths


def test_data_of_a_checkout_and_of_a_wheel(tmp_path, monkeypatch):
    """A wheel has its own data, unless SOILRESP_HOME names a project."""
    monkeypatch.setattr(paths, "_PACKAGED", tmp_path)
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    with pytest.raises(DataError, match="SOILRESP_HOME"):
        paths.data_dir()
    monkeypatch.delenv("SOILRESP_HOME")
    assert paths.data_dir() == tmp_path
    monkeypatch.setattr(paths, "_PACKAGED", tmp_path / "none")
    assert paths.data_dir() == paths.root() / "data"
    monkeypatch.setenv("SOILRESP_HOME", str(paths.notebooks_dir()))
    assert paths.root() == paths.data_dir().parent


def test_cache_and_mirror(monkeypatch, tmp_path):
    """The environment names the cache and the mirror; a mirror that is no folder is refused."""
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "cache"))
    assert paths.cache_dir() == tmp_path / "cache"
    for given, expected in ((str(tmp_path), tmp_path.resolve()), ("", None)):
        monkeypatch.setenv("SOILRESP_MIRROR", given)
        assert paths.mirror_dir() == expected
    monkeypatch.setenv("SOILRESP_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="nowhere"):
        paths.mirror_dir()
