"""The headless browser finds what it is there to find."""

import pytest

PAGE = """<!doctype html><html lang="en"><head><title>T</title></head><body>{}</body>"""


@pytest.fixture
def page(tmp_path):
    """Write a page into the folder and give its address."""

    def write(body, name="a.html"):
        (tmp_path / name).write_text(PAGE.format(body))
        return (tmp_path / name).as_uri()

    return write


def test_a_clean_page_has_nothing_to_tell(tab, page):
    """A page of its own asks for itself alone, complains of nothing, paints and fits."""
    tab.open(page("<main><h1>Title</h1><p>Words</p></main>"))
    assert tab.complaints == tab.foreign() == tab.accessibility() == []
    assert tab.hosts() == {"": 1}
    assert tab.overflow() == 0
    assert 0 < tab.first_paint() < 60


def test_foreign_requests_and_console_errors_are_seen(tab, page):
    """A script from elsewhere, an error on the console and an exception are all recorded."""
    tab.open(
        page('<script src="https://example.org/x.js"></script>'
             "<script>console.error('bad'); nowhere()</script>")
    )
    assert tab.foreign() == ["https://example.org/x.js"]
    found = "\n".join(tab.complaints)
    assert "error: bad" in found and "nowhere is not defined" in found
    assert "https://example.org/x.js" in found


def test_a_missing_image_is_seen(tab, tmp_path, page):
    """A status of 404 is a complaint, and the next page starts with a clean sheet."""
    from soilresp.book.browser import serve

    page('<img src="none.png" alt="none">')
    page("", "b.html")
    with serve(tmp_path) as address:
        tab.open(address + "a.html")
        assert f"status 404: {address}none.png" in tab.complaints
        assert tab.open(address + "b.html").complaints == []
        assert tab.hosts() == {"127.0.0.1": 1}


def test_a_wide_page_overflows_a_phone(phone, page):
    """A box of 500 pixels is 110 wider than a phone of 390."""
    phone.open(page('<div style="position:absolute;left:0;width:500px;height:9px"></div>'))
    assert phone.overflow() == 110


def test_an_image_without_words_is_found(tab, page):
    """The accessibility pass finds an image without alt text, and where it is."""
    tab.open(page('<main><img id="map" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></main>'))
    assert ("critical", "image-alt", "#map") in tab.accessibility()
