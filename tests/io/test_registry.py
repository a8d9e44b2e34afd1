"""The committed registry of inputs."""

from soilresp.io import registry


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
