"""The same bytes in another time zone and locale, with other hashes, and on one processor."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[1] / "small_study.py"


def run(folder, **environment):
    """Run the small study in a process of its own; return the digests of its results."""
    command = [sys.executable, PROGRAM, folder]
    if environment and shutil.which("taskset"):
        command = ["taskset", "-c", "0", *command]
    subprocess.run(command, cwd=folder.parent, env=os.environ | environment, check=True)
    found = {}
    for file in (path for path in (folder / "results").rglob("*") if path.is_file()):
        content = file.read_bytes()
        if file.name == "stage.json":
            note = json.loads(content)
            note.pop("seconds", None)
            content = json.dumps(note, sort_keys=True).encode()
        found[file.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found


@pytest.mark.slow
def test_elsewhere_with_other_hashes(tmp_path):
    """Records, covariates, search, forests and maps of a small study are the same bytes."""
    plain = run(tmp_path / "plain")
    assert len(plain) > 20
    other = {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8"}
    assert run(tmp_path / "other", **other) == plain
