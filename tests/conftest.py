"""What the tests share: where the real inputs are, and how long an example may take."""

import pytest
from browser import browser, phone, served, site, tab  # noqa: F401  (fixtures)
from hypothesis import settings

from soilresp.io import fetch as access

# A busy machine is no fault of the code: only the whole suite is held to a time.
settings.register_profile("soilresp", deadline=None)
settings.load_profile("soilresp")


def pytest_collection_modifyitems(items):
    """Mark the tests that look at the built book, which `make test` runs after building it."""
    for item in items:
        if "site" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.site)


@pytest.fixture(scope="session")
def real_input():
    """Give the file of an input by its registry name; skips the test where it is not at hand."""

    def find(name):
        if not access.is_available(name):
            pytest.skip(f"input {name} is neither in the cache nor in a mirror")
        return access.locate(name).path

    return find
