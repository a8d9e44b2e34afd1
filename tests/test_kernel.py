"""The kernel of batch runs, which says what it used up."""

import subprocess
import sys

CODE = (
    "from soilresp.kernel import peak_memory\n"
    "before = peak_memory()\n"
    "block = b'x' * 200_000_000\n"
    "del block\n"
    "print(before, peak_memory())\n"
)


def test_peak_memory_is_that_of_the_process_itself():
    """A block of 200 MB is in it though it is gone; what the parent process has is not."""
    own = b"x" * 300_000_000
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    before, after = map(float, done.stdout.split())
    assert len(own) and 0 < before < 200
    assert 180 < after - before < 260
