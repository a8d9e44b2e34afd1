"""The registry of inputs: the committed one holds together, a broken one is refused."""

import pytest

from soilresp.errors import DataError
from soilresp.io import registry

GOOD = """
entries:
  rain:
    what: Rain
    path: climate/rain.nc
    url: https://example.org/rain.nc
    sha256: {digest}
    version: "1"
    date: "2020"
    licence: CC0
    citation: Someone (2020)
    verified: false
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write a registry in a project of its own."""

    def write(text):
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / "registry.yaml").write_text(text)
        monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))

    return write


def test_committed_registry_is_complete():
    """Names fit their keys, paths and checksums differ, every field says something."""
    known = registry.entries()
    assert all(item.name == name for name, item in known.items())
    places = [place for item in known.values() for place, _ in item.places()]
    digests = [digest for item in known.values() for _, digest in item.places() if digest]
    assert len(set(places)) == len(places)
    assert len(set(digests)) == len(digests)
    for item in known.values():
        assert all((item.what, item.version, item.date, item.licence, item.citation)), item.name


def test_entry_is_read(written):
    """An entry carries the fields of the file, with defaults for the rest."""
    written(GOOD.format(digest="a" * 64))
    item = registry.entry("rain")
    assert item.path == "climate/rain.nc"
    assert item.places() == [("climate/rain.nc", "a" * 64)]
    assert not item.rolling and not item.landing and item.notes == ""
    assert item.status == "unverified"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    licence: CC0\n", "", "rain, licence"),
        ("licence:", "license:", "rain, license"),
        ("a" * 64, "123", "rain, sha256"),
        ("climate/rain.nc", "../rain.nc", "path"),
        ("climate/rain.nc", "/etc/rain.nc", "path"),
        ("https://example.org/rain.nc", "ftp://127.0.0.1/rain.nc", "url"),
    ],
)
def test_broken_entry_is_refused(written, old, new, message):
    """The message names the entry and what is wrong with it."""
    text = GOOD.format(digest="a" * 64)
    assert old in text
    written(text.replace(old, new))
    with pytest.raises(DataError, match=message):
        registry.entries()
