"""One writer to a folder at a time."""

import os
import subprocess
import sys

import pytest

from soilresp.errors import DataError
from soilresp.io import lock

HOLD = (
    "import sys, time\n"
    "from soilresp import lock\n"
    "with lock.hold(sys.argv[1], 'soilresp run'):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(60)\n"
)


def test_second_is_refused_with_the_first_named(tmp_path):
    """Process, what it does and since when; the lock file goes with the lock."""
    with lock.hold(tmp_path / "a", "soilresp run"):
        with pytest.raises(DataError) as error, lock.hold(tmp_path / "a", "soilresp sweep"):
            pass
        assert f"in use by process {os.getpid()} (soilresp run, since 20" in str(error.value)
        with lock.hold(tmp_path / "b", "soilresp run"):
            pass
    assert list(tmp_path.iterdir()) == []
    with lock.hold(tmp_path, "soilresp run"):
        assert [f.name for f in tmp_path.iterdir()] == [lock.FILE_NAME]


def test_a_killed_process_leaves_no_lock(tmp_path):
    """Held by a living process, free once it is killed, though the file still stands."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(DataError, match=f"in use by process {process.pid} "):
        with lock.hold(tmp_path, "soilresp run"):
            pass
    process.kill()
    process.wait()
    process.stdout.close()
    assert (tmp_path / lock.FILE_NAME).exists()
    with lock.hold(tmp_path, "soilresp run"):
        pass
    assert not (tmp_path / lock.FILE_NAME).exists()


def test_a_folder_that_cannot_be_made(tmp_path):
    """A file stands in its place: one error with the folder's name."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file/a cannot be written"):
        with lock.hold(tmp_path / "file" / "a", "soilresp run"):
            pass


def test_an_error_within_goes_through(tmp_path):
    """And the folder is free again; what was written stays."""
    with pytest.raises(ValueError), lock.hold(tmp_path / "a/b", "soilresp run"):
        (tmp_path / "a/b/result").write_text("x")
        raise ValueError
    assert [f.name for f in (tmp_path / "a/b").iterdir()] == ["result"]
