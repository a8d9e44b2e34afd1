"""The project folder and the data that ship with the package."""

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
    assert (paths.data_dir() / "registry.yaml").is_file()
