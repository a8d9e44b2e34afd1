"""The folder in which compiled kernels are kept."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import soilresp
from soilresp.forest.cache import writable_cache


@pytest.fixture
def unwritable(tmp_path, monkeypatch):
    """A module whose cache folder cannot be made, and a home that does not exist."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", "/proc/none")
    (tmp_path / "__pycache__").write_text("a file in the way")
    return tmp_path / "kernel.py"


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs a folder that root cannot write")
def test_temporary_folder_where_nothing_can_be_written(unwritable, tmp_path, monkeypatch):
    """It is one of this user alone; otherwise numba's own choice, or the user's, stands."""
    folder = Path(writable_cache(unwritable))
    assert folder.is_dir() and folder.stat().st_uid == os.getuid()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert writable_cache(unwritable) == ""
    assert writable_cache(tmp_path / "home" / "kernel.py") == ""
    monkeypatch.setenv("NUMBA_CACHE_DIR", "mine")
    assert writable_cache(unwritable) == "mine"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="needs a folder that root cannot write")
def test_kernels_without_a_writable_folder(unwritable, tmp_path):
    """A read-only installation without a home compiles and works."""
    shutil.copytree(Path(soilresp.__file__).parent, tmp_path / "soilresp",
                    ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "soilresp/forest/__pycache__").write_text("a file in the way")
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    subprocess.run(
        [sys.executable, "-c", "from soilresp.forest.ahead import main; main()"], check=True,
        env={**environment, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path,
    )
