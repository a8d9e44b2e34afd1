"""The look-up of inputs: order, checksums, and what happens when nothing is right."""

import gzip
import hashlib
import http.server
import os
import socket
import threading
from pathlib import Path

import pytest
import yaml

from soilresp.errors import DataError, ParameterError
from soilresp.io import fetch as access
from soilresp.io import registry

RAIN = b"rain in mm\n"
OTHER = b"something else\n"
SNOW = gzip.compress(b"snow in mm\n", mtime=0)
DECODED = b"snow, decoded\n"


def sha256(content):
    """Checksum of bytes."""
    return hashlib.sha256(content).hexdigest()


def row(path, url, digest, **more):
    """One row of a registry."""
    return {
        "what": f"Test file {path}", "path": path, "url": url, "sha256": digest, "version": "1",
        "date": "2020", "licence": "CC0", "citation": "Someone (2020)", "verified": False, **more,
    }


class Handler(http.server.BaseHTTPRequestHandler):
    """Serve the bytes that the server holds; redirect where it says so."""

    def do_GET(self):
        """Answer one request."""
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
        elif isinstance(content, str):
            self.send_response(302)
            self.send_header("Location", content)
            self.end_headers()
        else:
            claimed, content = content if isinstance(content, tuple) else (len(content), content)
            self.send_response(200)
            self.send_header("Content-Length", str(claimed))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    """A server on this machine, whose `files` a test fills and whose `asked` it reads."""
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.files, made.asked = {}, []
    made.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def closed():
    """Address of a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def project(tmp_path, monkeypatch, server, closed):
    """A project with a registry, a cache and a mirror of its own."""
    rows = {
        "rain": row("climate/rain.txt", f"{server.url}/rain.txt", sha256(RAIN)),
        "far": row("climate/far.txt", f"{closed}/far.txt", sha256(RAIN)),
        "far_too": row("climate/far_too.txt", f"{closed}/far_too.txt", sha256(RAIN)),
        "page": row("soil/page.nc", "https://example.org/page", sha256(RAIN), landing=True),
        "private": row("soil/private.nc", None, sha256(RAIN), landing=True),
        "series": row(
            "climate/series", "https://example.org/page", None, landing=True, folder=True
        ),
        "snow": row(
            "climate/snow.gz", f"{server.url}/snow.gz", None,
            alternatives={"climate/snow_decoded.nc": sha256(DECODED)},
        ),
    }
    for folder in ("notebooks", "data", "mirror"):
        (tmp_path / folder).mkdir()
    (tmp_path / "data" / "registry.yaml").write_text(yaml.safe_dump({"entries": rows}))
    monkeypatch.setenv("SOILRESP_HOME", str(tmp_path))
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SOILRESP_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(access, "_silent_hosts", set())
    return tmp_path


def put(project, place, content):
    """Write a file below the project."""
    file = project / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def files_in(folder):
    """Every file below a folder, by relative path."""
    return sorted(str(f.relative_to(folder)) for f in Path(folder).rglob("*") if f.is_file())


def test_order_is_path_cache_mirror_download(project, server):
    """Each place is taken only when the ones before it have nothing."""
    server.files |= {"/rain.txt": f"{server.url}/moved.txt", "/moved.txt": RAIN}
    refused(lambda: access.locate("rain"), "climate/rain.txt", project / "cache",
            project / "mirror", f"{server.url}/rain.txt")
    assert server.asked == [] and not access.is_available(["rain"])
    assert access.locate("rain", download=True) == access.Found(
        "rain", project / "cache/climate/rain.txt", "download", sha256(RAIN)
    )
    assert access.locate("rain", download=True).source == "cache"
    assert server.asked == ["/rain.txt", "/moved.txt"]
    assert files_in(project / "cache") == ["climate/rain.txt"]
    put(project, "mirror/climate/rain.txt", RAIN)
    assert access.locate("rain", download=True).source == "cache"
    (project / "cache/climate/rain.txt").unlink()
    assert access.locate("rain", download=True).source == "mirror"
    own = put(project, "own.txt", OTHER)
    found = access.locate("rain", path=own)
    assert (found.source, found.path, found.sha256) == ("path", own, sha256(OTHER))
    for look in (access.locate, access.fetch, access.is_available):
        refused(lambda look=look: look("hail"), "hail", error=ParameterError)


def test_alternative_is_found_and_checked(project):
    """Another accepted file stands in for a rolling product, under its own checksum."""
    file = put(project, "mirror/climate/snow_decoded.nc", DECODED)
    assert access.locate("snow").path == file
    file.write_bytes(OTHER)
    with pytest.raises(DataError, match=sha256(DECODED)):
        access.locate("snow")


@pytest.mark.real
@pytest.mark.skipif(not os.environ.get("SOILRESP_MIRROR"), reason="needs SOILRESP_MIRROR")
def test_mirror_holds_what_the_registry_says(monkeypatch, tmp_path):
    """Every file of the real mirror has the checksum of its entry."""
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path))
    held = [name for name in registry.entries() if access.is_available(name)]
    assert "srdb" in held
    for name in held:
        assert access.locate(name).source == "mirror"
    ghcn = registry.entry("ghcn_prcp")
    assert access.locate("ghcn_prcp").sha256 == ghcn.tested_sha256


def test_folder_of_files(project):
    """A product of many files is a folder; empty it is none; its listing is its checksum."""
    (project / "mirror/climate/series").mkdir(parents=True)
    assert not access.is_available("series")
    put(project, "mirror/climate/series/1982.nc", RAIN)
    found = access.locate("series")
    assert found.source == "mirror" and found.path.is_dir()
    before = found.sha256
    put(project, "mirror/climate/series/1983.nc", RAIN)
    assert access.locate("series").sha256 != before
    with pytest.raises(DataError, match="is not a folder"):
        access.locate("series", project / "nowhere")


def refused(look, *words, error=DataError):
    """Check that a look-up is refused with a message that holds some names."""
    with pytest.raises(error) as caught:
        look()
    for word in words:
        assert str(word) in str(caught.value)


@pytest.mark.parametrize(("name", "served", "word"), [
    ("rain", OTHER, sha256(OTHER)),
    ("rain", None, "404"),
    ("rain", "http://example.org/rain.txt", "http://example.org"),
    ("snow", b"<html>Please log in</html>", "snow.gz"),
    ("snow", (10_000, SNOW), "snow.gz"),
])
def test_faulty_download_changes_nothing(project, server, name, served, word):
    """Wrong bytes, 404, a redirect away from https, a web page, a broken transfer."""
    file = "snow.gz" if name == "snow" else "rain.txt"
    if served is not None:
        server.files[f"/{file}"] = served
    kept = put(project, f"cache/climate/{file}", RAIN)
    refused(lambda: access.fetch(name, force=True), word)
    assert kept.read_bytes() == RAIN
    assert len(files_in(project / "cache")) == 1


@pytest.mark.parametrize("place", ["cache", "mirror"])
def test_damaged_file_is_refused_and_replaced(project, server, place):
    """A damaged file is an error, never passed over; a forced download replaces it."""
    file = put(project, f"{place}/climate/rain.txt", OTHER)
    if place == "cache":
        put(project, "mirror/climate/rain.txt", RAIN)
    refused(lambda: access.locate("rain"), file, sha256(RAIN), sha256(OTHER), "--force")
    server.files["/rain.txt"] = RAIN
    assert access.fetch("rain", force=True).source == "download"
    assert access.locate("rain").source == "cache"


def test_silent_host_is_asked_once(project):
    """A port where nobody listens is named; the same host is not tried again."""
    for name in ("far", "far_too"):
        refused(lambda name=name: access.locate(name, download=True), "127.0.0.1", f"{name}.txt")
    assert access._silent_hosts


@pytest.mark.parametrize(("name", "word"), [("page", "https://example.org/page"),
                                            ("private", "makers")])
def test_file_without_an_address_is_not_fetched(project, name, word):
    """The error names the page, or the makers, and the place for the file."""
    place = project / f"cache/soil/{name}.nc"
    refused(lambda: access.locate(name, download=True), word, place)


def test_places_that_cannot_be(project, server, monkeypatch):
    """A path to nowhere, a cache that is a file, and a mirror that is no folder are named."""
    put(project, "mirror/climate/rain.txt", RAIN)
    refused(lambda: access.locate("rain", path=project / "nowhere.txt"), "nowhere.txt")
    server.files["/rain.txt"] = RAIN
    monkeypatch.setenv("SOILRESP_CACHE", str(put(project, "in_the_way", b"")))
    refused(lambda: access.fetch("rain", force=True), "SOILRESP_CACHE")
    monkeypatch.setenv("SOILRESP_MIRROR", str(project / "mirrror"))
    refused(lambda: access.locate("rain"), "SOILRESP_MIRROR")


def test_inputs_are_noted_and_compared(project):
    """What is taken, or missed, in a block is noted; a changed file is told from a new one."""
    file = put(project, "mirror/climate/rain.txt", RAIN)
    own = put(project, "own.gz", SNOW)
    with access.note_inputs() as noted:
        access.locate("rain")
        access.locate("snow", own)
        access.is_available("far")
    assert noted["rain"]["sha256"] == sha256(RAIN) and noted["rain"]["size"] == len(RAIN)
    assert noted["snow"]["path"] == str(own) and noted["far"] is None
    assert [access.input_change(n, noted[n]) for n in noted] == [None, None, None]
    put(project, "mirror/climate/far.txt", RAIN)
    file.write_bytes(OTHER)
    assert access.input_change("rain", noted["rain"]) == "changed"
    assert access.input_change("far", None) == "is available now"
    assert access.input_change("unknown", None) is None
