"""A headless browser that records what pages request and report; fixtures of the built book.

Needs Playwright and axe-playwright-python (in ``requirements.txt``), and Chromium or Chrome.
"""

import os
import shutil
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from filelock import FileLock

from soilresp.book.build import build

DESKTOP, PHONE = (1300, 900), (390, 844)
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # A page that asks for another machine is found out, not served.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
SETTLED = """async () => {
    await document.fonts.ready;
    if (window.MathJax && MathJax.startup && MathJax.startup.promise) {
        await MathJax.startup.promise;
    }
    await Promise.allSettled(document.getAnimations().map(animation => animation.finished));
}"""
FIRST_PAINT = """() => new Promise(done => new PerformanceObserver(list => {
    const paint = list.getEntriesByName('first-contentful-paint')[0];
    if (paint) done(paint.startTime);
}).observe({type: 'paint', buffered: true}))"""
WIDTH = "() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth"


class Handler(SimpleHTTPRequestHandler):
    """Serve files without a log."""

    def log_message(self, *_):
        """Write nothing."""


class Server(ThreadingHTTPServer):
    """Serve without complaints of a browser that hangs up early."""

    daemon_threads = True

    def handle_error(self, *_):
        """Write nothing."""


@contextmanager
def serve(folder):
    """Serve a folder on this machine at a free port; give its address, with a slash at its end."""
    with Server(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


class Tab:
    """One page of a browser, with its requests and its complaints since it was opened."""

    def __init__(self, context, size=DESKTOP):
        self.page = context.new_page()
        self.resize(size)
        self.requests, self.complaints = [], []
        self.page.on("request", self._request)
        self.page.on("response", self._response)
        self.page.on("requestfailed", self._failure)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))

    def open(self, address):
        """Go to an address and wait until scripts, fonts and formulas are there."""
        self.requests.clear()
        self.complaints.clear()
        self.page.goto(address, wait_until="load")
        self.page.evaluate(SETTLED)
        return self

    def resize(self, size):
        """Give the window a width and height in CSS pixels."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def close(self):
        """Close the page."""
        self.page.close()

    def foreign(self):
        """Return the requests to other machines."""
        return [a for a in self.requests if urlsplit(a).hostname not in ("127.0.0.1", None)]

    def overflow(self):
        """Return by how many CSS pixels the page is wider than the window."""
        return self.page.evaluate(WIDTH)

    def first_paint(self):
        """Return the seconds from the request to the first contentful paint."""
        return 1e-3 * self.page.evaluate(FIRST_PAINT)

    def barriers(self, without=()):
        """Return the serious and critical findings of axe-core: impact, rule, first place."""
        from axe_playwright_python.sync_playwright import Axe

        # With preload, axe-core makes requests of its own, which would be taken for the page's.
        options = {"resultTypes": ["violations"], "preload": False}
        context = {"exclude": [[selector] for selector in without]} if without else None
        found = Axe().run(self.page, context, options).response["violations"]
        return [
            (rule["impact"], rule["id"], rule["nodes"][0]["target"][0])
            for rule in found if rule["impact"] in ("serious", "critical")
        ]

    def _request(self, request):
        if not request.url.startswith(("data:", "blob:")):
            self.requests.append(request.url)

    def _response(self, response):
        if response.status >= 400:
            self.complaints.append(f"status {response.status}: {response.url}")

    def _failure(self, request):
        # What is under way when a page is left is aborted: no fault of the page.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.failure}: {request.url}")

    def _console(self, message):
        # A failed request is noted where it fails; its echo here may come on the next page.
        if message.text.startswith("Failed to load resource"):
            return
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")


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
    with FileLock(base / "site.lock"):
        index = target / "_build" / "html" / "index.html"
        if not index.exists():
            build(out=target)
    return index.parent


@pytest.fixture(scope="module")
def served(site):
    """Address at which the built book is served, with a slash at its end."""
    with serve(site) as address:
        yield address


# Playwright keeps an event loop running, in which other tests could not start theirs:
# the browser closes with the module.
@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A headless browser that reaches nothing but this machine; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium or Chrome was found")
    with playwright.sync_playwright() as started:
        context = started.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("browser"), executable_path=program, headless=True,
            args=list(FLAGS),
        )
        yield context
        context.close()


@pytest.fixture
def tab(browser):
    """A page of the browser (`Tab`)."""
    page = Tab(browser)
    yield page
    page.close()


@pytest.fixture
def phone(browser):
    """The same at the width of a phone."""
    page = Tab(browser, PHONE)
    yield page
    page.close()
