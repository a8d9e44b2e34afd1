"""Fixtures of tests that need the built book or a browser; `conftest.py` makes them known."""

import fcntl
import os
from pathlib import Path

import pytest

from soilresp.book import browser as headless
from soilresp.book import build as book


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Folder of the built book: that of SOILRESP_SITE, or else built once for all workers."""
    given = os.environ.get("SOILRESP_SITE")
    if given:
        return Path(given)
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent
    target = base / "site"
    with open(base / "site.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        index = target / "_build" / "html" / "index.html"
        if not index.exists():
            book.build(out=target)
    return index.parent


@pytest.fixture(scope="module")
def served(site):
    """Address at which the built book is served, with a slash at its end."""
    with headless.serve(site) as address:
        yield address


# Playwright keeps an event loop running, in which other tests could not start theirs:
# the browser closes with the module.
@pytest.fixture(scope="module")
def browser():
    """A headless browser; skips the test where there is none."""
    missing = headless.lacking()
    if missing:
        pytest.skip(missing)
    with headless.launch() as context:
        yield context


@pytest.fixture
def tab(browser):
    """A page of the browser that records requests and complaints (`soilresp.book.browser.Tab`)."""
    page = headless.Tab(browser)
    yield page
    page.close()


@pytest.fixture
def phone(browser):
    """The same at the width of a phone."""
    page = headless.Tab(browser, headless.PHONE)
    yield page
    page.close()
