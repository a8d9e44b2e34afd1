"""Bounded reading of packed files."""

import gzip
import zipfile

import pytest

from soilresp.errors import DataError
from soilresp.readers.archive import read_gzip, read_member


def test_bounds(tmp_path):
    """A content of exactly the bound is read; one byte more is refused."""
    packed, archive = tmp_path / "a.gz", tmp_path / "a.zip"
    packed.write_bytes(gzip.compress(b"12345"))
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.dat", "12345")
    assert read_gzip(packed, 5) == read_member(archive, ".dat", 5) == b"12345"
    for read in (lambda: read_gzip(packed, 4), lambda: read_member(archive, ".dat", 4)):
        with pytest.raises(DataError, match="a[.]"):
            read()


@pytest.mark.parametrize("name", ["../a.dat", "/a.dat", "..\\a.dat"])
def test_names_that_leave_the_archive(tmp_path, name):
    """A member whose name leads out of the archive is refused by name."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr(zipfile.ZipInfo(name), "1")
    with pytest.raises(DataError, match="a.zip.*a.dat"):
        read_member(tmp_path / "a.zip", ".dat", 5)


def test_links(tmp_path):
    """A member that is a link is refused."""
    link = zipfile.ZipInfo("a.dat")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="a.dat"):
        read_member(tmp_path / "a.zip", ".dat", 50)
