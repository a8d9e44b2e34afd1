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
    server.files["/rain.txt"] = RAIN
    assert access.locate("rain", download=True).source == "download"
    put(project, "mirror/climate/rain.txt", RAIN)
    assert access.locate("rain", download=True).source == "cache"
    (project / "cache/climate/rain.txt").unlink()
    assert access.locate("rain", download=True).source == "mirror"
    own = put(project, "own.txt", OTHER)
    found = access.locate("rain", path=own)
    assert (found.source, found.path, found.sha256) == ("path", own, sha256(OTHER))


def test_found_carries_name_path_and_checksum(project):
    """What is found says what it is and what its bytes are."""
    file = put(project, "mirror/climate/rain.txt", RAIN)
    assert access.locate("rain") == access.Found("rain", file, "mirror", sha256(RAIN))


def test_no_download_unless_asked(project, server):
    """A look-up alone never reaches the network, and says where it looked and what to do."""
    server.files["/rain.txt"] = RAIN
    with pytest.raises(DataError) as error:
        access.locate("rain")
    message = str(error.value)
    assert server.asked == []
    for part in ("climate/rain.txt", "the cache", "the mirror", "soilresp data fetch rain",
                 "SOILRESP_MIRROR", f"{server.url}/rain.txt"):
        assert part in message


def test_download_goes_to_the_cache_once(project, server):
    """The second look-up is answered from the cache; only the file itself stays there."""
    server.files["/rain.txt"] = RAIN
    first = access.locate("rain", download=True)
    assert first.path.read_bytes() == RAIN
    assert first == access.Found(
        "rain", project / "cache/climate/rain.txt", "download", sha256(RAIN)
    )
    assert access.locate("rain", download=True).source == "cache"
    assert server.asked == ["/rain.txt"]
    assert files_in(project / "cache") == ["climate/rain.txt"]


def test_download_with_wrong_checksum_leaves_nothing(project, server):
    """A download that is not what it should be is thrown away; both checksums are named."""
    server.files["/rain.txt"] = OTHER
    with pytest.raises(DataError) as error:
        access.fetch("rain")
    assert sha256(RAIN) in str(error.value) and sha256(OTHER) in str(error.value)
    assert f"{server.url}/rain.txt" in str(error.value)
    assert files_in(project / "cache") == []


@pytest.mark.parametrize("place", ["cache", "mirror"])
def test_damaged_file_is_refused(project, place):
    """A damaged file is an error, never passed over for the next place."""
    file = put(project, f"{place}/climate/rain.txt", OTHER)
    if place == "cache":
        put(project, "mirror/climate/rain.txt", RAIN)
    with pytest.raises(DataError, match="wrong checksum") as error:
        access.locate("rain")
    assert f"remove {file}" in str(error.value)
    assert "soilresp data fetch rain --force" in str(error.value)


def test_force_replaces_a_damaged_copy(project, server):
    """The way out that the message names does work, for the cache as for the mirror."""
    server.files["/rain.txt"] = RAIN
    put(project, "cache/climate/rain.txt", OTHER)
    put(project, "mirror/climate/rain.txt", OTHER)
    assert access.fetch("rain", force=True).source == "download"
    assert access.locate("rain").source == "cache"


def test_failed_replacement_keeps_the_old_copy(project, server):
    """A download that fails does not take away what was there."""
    kept = put(project, "cache/climate/rain.txt", RAIN)
    server.files["/rain.txt"] = OTHER
    with pytest.raises(DataError, match="wrong checksum"):
        access.fetch("rain", force=True)
    assert kept.read_bytes() == RAIN


def test_changed_file_is_checked_again(project):
    """The checksum is remembered for a file as it was, not for its name."""
    file = put(project, "mirror/climate/rain.txt", RAIN)
    access.locate("rain")
    file.write_bytes(OTHER[: len(RAIN)])
    os.utime(file, ns=(1, 1))
    with pytest.raises(DataError, match="wrong checksum"):
        access.locate("rain")


def test_no_network_is_one_clear_error(project):
    """A port where nobody listens: address, reason, ways out, and no second try there."""
    with pytest.raises(DataError, match="no connection to 127.0.0.1") as error:
        access.locate("far", download=True)
    assert "not been verified" in str(error.value) and "SOILRESP_MIRROR" in str(error.value)
    with pytest.raises(DataError, match="gave no answer a moment ago"):
        access.locate("far_too", download=True)


def test_silent_server_is_given_up(project, server, monkeypatch):
    """A server that accepts and then says nothing is left after the time-out."""
    monkeypatch.setattr(access, "READ_TIMEOUT", 0.2)
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/rain.txt"
    file = project / "data/registry.yaml"
    file.write_text(file.read_text().replace(f"{server.url}/rain.txt", address))
    with listener, pytest.raises(DataError, match="gave no answer in time"):
        access.fetch("rain")


def test_missing_on_the_server(project):
    """An answer of 404 is named as such."""
    with pytest.raises(DataError, match="the server answered 404"):
        access.fetch("rain")


def test_broken_transfer_is_refused(project, server):
    """Fewer bytes than the server promised are not a file, even without a checksum."""
    server.files["/snow.gz"] = (10_000, SNOW)
    with pytest.raises(DataError, match="could not be downloaded"):
        access.fetch("snow")
    assert files_in(project / "cache") == []


def test_redirect_away_from_https_is_refused(project, server):
    """A server must not send us on to an address that anybody can tamper with."""
    server.files["/rain.txt"] = "http://example.org/rain.txt"
    with pytest.raises(DataError, match="redirects to http://example.org"):
        access.fetch("rain")


def test_redirect_is_followed(project, server):
    """A redirect to an allowed address is followed."""
    server.files["/rain.txt"] = f"{server.url}/moved.txt"
    server.files["/moved.txt"] = RAIN
    assert access.fetch("rain").sha256 == sha256(RAIN)


def test_landing_page_is_not_fetched(project):
    """A page for people: the error says where to get the file and where to put it."""
    with pytest.raises(DataError, match="cannot be downloaded by a program") as error:
        access.locate("page", download=True)
    assert "by hand from https://example.org/page" in str(error.value)
    assert str(project / "cache/soil/page.nc") in str(error.value)
    with pytest.raises(DataError, match="ask its makers"):
        access.locate("private", download=True)


def test_rolling_product_returns_what_was_used(project, server):
    """Without a checksum to expect, the one that was met is handed on."""
    server.files["/snow.gz"] = SNOW
    assert access.fetch("snow").sha256 == sha256(SNOW)
    newer = gzip.compress(b"more snow\n", mtime=0)
    server.files["/snow.gz"] = newer
    assert access.fetch("snow").sha256 == sha256(SNOW)
    assert access.fetch("snow", force=True).sha256 == sha256(newer)


def test_web_page_in_place_of_a_rolling_product(project, server):
    """A login page is not taken for data, though no checksum tells it apart."""
    server.files["/snow.gz"] = b"<html>Please log in</html>"
    with pytest.raises(DataError, match="not a gzip file"):
        access.fetch("snow")
    assert files_in(project / "cache") == []


def test_alternative_is_found_and_checked(project):
    """Another accepted file stands in for a rolling product, under its own checksum."""
    file = put(project, "mirror/climate/snow_decoded.nc", DECODED)
    assert access.locate("snow").path == file
    file.write_bytes(OTHER)
    with pytest.raises(DataError, match=sha256(DECODED)):
        access.locate("snow")


def test_own_path_must_be_a_file(project):
    """A path that leads nowhere is named; no other place is tried in its stead."""
    put(project, "mirror/climate/rain.txt", RAIN)
    with pytest.raises(DataError, match="nowhere.txt is not a file"):
        access.locate("rain", path=project / "nowhere.txt")


def test_at_hand_needs_all(project, server):
    """Only files that are there count, and one name may be given alone."""
    put(project, "mirror/climate/rain.txt", RAIN)
    put(project, "cache/climate/snow_decoded.nc", DECODED)
    assert access.is_available("rain")
    assert access.is_available(["rain", "snow"])
    assert not access.is_available(["rain", "far"])
    assert server.asked == []


def test_unknown_name(project):
    """A name that the registry does not know is a mistake of the caller."""
    for look in (access.locate, access.fetch, access.is_available):
        with pytest.raises(ParameterError, match="no input named 'hail'"):
            look("hail")


def test_mirror_that_is_no_folder(project, monkeypatch):
    """A mistyped SOILRESP_MIRROR is an error, not an empty mirror."""
    monkeypatch.setenv("SOILRESP_MIRROR", str(project / "mirrror"))
    with pytest.raises(DataError, match="SOILRESP_MIRROR"):
        access.locate("rain")


def test_cache_that_cannot_be_written(project, server, monkeypatch):
    """A cache folder that is a file: the message names the variable that moves it."""
    server.files["/rain.txt"] = RAIN
    monkeypatch.setenv("SOILRESP_CACHE", str(put(project, "in_the_way", b"")))
    with pytest.raises(DataError, match="SOILRESP_CACHE"):
        access.fetch("rain")


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
