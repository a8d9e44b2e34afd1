"""A headless browser that looks at built pages and writes down what they ask for and complain of.

Needs Playwright (named in ``requirements.txt``) and a Chromium or Chrome on the machine.
"""

import importlib.util
import shutil
from collections import Counter
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.parse import urlsplit

from soilresp.errors import SoilrespError

__all__ = ["lacking", "serve", "launch", "Tab", "DESKTOP", "PHONE"]

DESKTOP = (1300, 900)
"""Width and height of a window in CSS pixels."""

PHONE = (390, 844)
"""The same of a phone held upright."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that asks for another machine is found out, not served.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_SETTLED = """async () => {
    await document.fonts.ready;
    if (window.MathJax && MathJax.startup && MathJax.startup.promise) {
        await MathJax.startup.promise;
    }
}"""


def lacking():
    """Say in a sentence what is missing to open a browser; None if nothing is.

    Returns
    -------
    str or None
    """
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed: `pip install -r requirements.txt`."
    if _program() is None:
        return f"No browser was found: install one of {', '.join(_NAMES)}."
    return None


def _program():
    return next(filter(None, map(shutil.which, _NAMES)), None)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Keep the requests to ourselves."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A browser hangs up when it has seen enough: nothing to tell."""


@contextmanager
def serve(folder):
    """Serve a folder on this machine's loopback, at a free port.

    Parameters
    ----------
    folder : path-like

    Yields
    ------
    str
        Address of the folder, with a slash at its end.
    """
    with _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def launch():
    """Start a headless browser that reaches nothing but this machine.

    Yields
    ------
    playwright.sync_api.BrowserContext
        Open pages in it with `Tab`.

    Raises
    ------
    SoilrespError
        If Playwright or the browser is missing; see `lacking`.
    """
    missing = lacking()
    if missing:
        raise SoilrespError(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, TemporaryDirectory(prefix="soilresp-browser-") as home:
        context = playwright.chromium.launch_persistent_context(
            home, executable_path=_program(), headless=True, args=list(_FLAGS)
        )
        try:
            yield context
        finally:
            context.close()


class Tab:
    """One page of a browser, with a record of what went on in it.

    Parameters
    ----------
    context : playwright.sync_api.BrowserContext
        As `launch` gives it.
    size : tuple of int
        Width and height of the window in CSS pixels.

    Attributes
    ----------
    page : playwright.sync_api.Page
    requests : list of str
        Addresses asked for since the last `open`, other than ``data:`` and ``blob:``.
    complaints : list of str
        Errors and warnings on the console, uncaught exceptions, and requests that failed or were
        answered with a status of 400 or more.
    """

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
        """Go to an address and wait until scripts, fonts and formulas are there.

        Returns
        -------
        Tab
            Itself.
        """
        self.requests.clear()
        self.complaints.clear()
        self.page.goto(address, wait_until="load")
        self.page.evaluate(_SETTLED)
        return self

    def resize(self, size):
        """Make the window another size, width and height in CSS pixels."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def forget_cache(self):
        """Ask for everything anew from here on, as at a first visit."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def close(self):
        """Close the page."""
        self.page.close()

    def hosts(self):
        """Count the requests by host.

        Returns
        -------
        collections.Counter
            Keys are host names, the empty one for files.
        """
        return Counter(urlsplit(address).hostname or "" for address in self.requests)

    def foreign(self):
        """List the addresses that are neither this machine's nor files.

        Returns
        -------
        list of str
        """
        return [a for a in self.requests if urlsplit(a).hostname not in ("127.0.0.1", None)]

    def overflow(self):
        """How far the page is wider than the window, in CSS pixels (int; 0 is right)."""
        return self.page.evaluate(
            "() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth"
        )

    def first_paint(self):
        """Time from the request to the first contentful paint, in seconds (float)."""
        return 1e-3 * self.page.evaluate(
            """() => new Promise(done => new PerformanceObserver(list => {
                const paint = list.getEntriesByName('first-contentful-paint')[0];
                if (paint) done(paint.startTime);
            }).observe({type: 'paint', buffered: true}))"""
        )

    def accessibility(self, without=()):
        """Look for what keeps readers with a disability out, by axe-core.

        Parameters
        ----------
        without : sequence of str
            CSS selectors of what is passed over.

        Returns
        -------
        list of tuple of str
            Impact (``minor``, ``moderate``, ``serious``, ``critical``), rule, and the places.
        """
        from axe_playwright_python.sync_playwright import Axe

        # With preload, axe-core makes requests of its own, which would be taken for the page's.
        options = {"resultTypes": ["violations"], "preload": False}
        context = {"exclude": [[selector] for selector in without]} if without else None
        found = Axe().run(self.page, context, options).response["violations"]
        return [
            (rule["impact"], rule["id"], "; ".join(str(n["target"][0]) for n in rule["nodes"]))
            for rule in found
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
