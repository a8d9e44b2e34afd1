"""What is committed: pinned, paired, small, and free of this machine and of borrowed files."""

import hashlib
import re
import subprocess

import pytest
import yaml

from soilresp.io import paths, registry

ROOT = paths.root()
NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))


@pytest.fixture(scope="module")
def tracked():
    """Files under version control that exist."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


def texts(files):
    """Files that are text with their content, base64 pictures left out."""
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        yield file.relative_to(ROOT), re.sub(r'"image/png": "[^"]*"', "", text)


def test_no_paths_of_a_machine(tracked):
    """No tracked text names a folder of the machine that it was written on."""
    folder = re.compile(r"(?<![\w.~-])/" + "(root|home|tmp|work|Users)" + "/")
    found = {
        str(name): match.group(0) for name, text in texts(tracked) if (match := folder.search(text))
    }
    assert not found


def test_files_are_small(tracked):
    """No tracked file is larger than 8 MB."""
    large = {file.name: file.stat().st_size for file in tracked if file.stat().st_size > 8e6}
    assert not large


def test_no_input_is_committed(tracked):
    """No tracked file is a copy of an input of the registry."""
    hashes = {digest for entry in registry.entries().values() for _, digest in entry.places()}
    copies = [f for f in tracked if hashlib.sha256(f.read_bytes()).hexdigest() in hashes]
    assert not copies


def test_toc_entries_exist():
    """Every page of the table of contents is there."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    sections = [section for chapter in chapters for section in chapter.get("sections", ())]
    pages = [toc["root"], *(entry["file"] for entry in chapters + sections)]
    endings = (".md", ".rst", ".ipynb")
    there = {p for p in pages for end in endings if (ROOT / f"{p}{end}").exists()}
    assert not set(pages) - there
    assert {f"notebooks/{n.stem}" for n in NOTEBOOKS} <= set(pages)
