"""Locks of folders."""

import os
import signal
import subprocess
import sys

import pytest

from soilresp.errors import DataError
from soilresp.io import lock

HOLDER = (
    "import sys, time\nfrom soilresp.io import lock\n"
    "with lock.hold(sys.argv[1], 'soilresp run'):\n"
    "    print('locked', flush=True)\n    time.sleep(60)\n"
)


def test_the_second_is_refused_by_name(tmp_path):
    """The message names the folder, the process and what it does; another folder is free."""
    with lock.hold(tmp_path / "a", "soilresp run"):
        with pytest.raises(DataError) as error, lock.hold(tmp_path / "a", "soilresp sweep"):
            pass
        for word in (str(tmp_path / "a"), str(os.getpid()), "soilresp run"):
            assert word in str(error.value)
        with lock.hold(tmp_path / "b", "soilresp run"):
            pass
    with lock.hold(tmp_path / "a", "soilresp sweep"):
        pass


def test_a_killed_process_does_not_block(tmp_path):
    """Another process's lock is respected while it lives, and ends with it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "locked\n"
    with pytest.raises(DataError, match=str(process.pid)), lock.hold(tmp_path, "soilresp run"):
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with lock.hold(tmp_path, "soilresp run"):
        pass


def test_errors(tmp_path):
    """An error in the block ends the lock; a folder that is a file cannot be locked."""
    with pytest.raises(ValueError), lock.hold(tmp_path / "a/b", "soilresp run"):
        raise ValueError
    with lock.hold(tmp_path / "a/b", "soilresp run"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file"), lock.hold(tmp_path / "file/a", "soilresp run"):
        pass
