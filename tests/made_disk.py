"""A small disk that can be full or read-only; needs root on Linux."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def disk(folder, kilobytes):
    """Mount a memory file system; yields a function that makes it read-only."""
    folder.mkdir()
    size = ["-o", f"size={kilobytes}k"]
    subprocess.run(["mount", "-t", "tmpfs", *size, "tmpfs", folder], check=True)
    try:
        yield lambda: subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    finally:
        # A writer that has failed may keep its file open.
        subprocess.run(["umount", "--lazy", folder], check=True)


def can_mount():
    """Return whether this user may mount a memory file system."""
    if not hasattr(os, "geteuid") or os.geteuid() or not shutil.which("mount"):
        return False
    with tempfile.TemporaryDirectory() as work:
        try:
            with disk(Path(work, "disk"), 64):
                return True
        except subprocess.CalledProcessError:
            return False


def contents(folder):
    """Return the bytes of each file below a folder, whole or half written."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }
