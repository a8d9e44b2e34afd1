"""The kernel of batch runs, which says what it used up."""

import json
import os
import subprocess
import sys

CODE = (
    "from soilresp.study.kernel import peak_memory\n"
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


INTERRUPTED = (
    "import os, signal\n"
    "from ipykernel import kernelapp\n"
    "from soilresp import kernel\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "kernelapp.launch_new_instance = lambda: os.kill(os.getpid(), signal.SIGINT)\n"
    "kernel.main()\n"
)


def test_an_interrupt_between_two_cells_is_no_fault_of_the_kernel(tmp_path):
    """It ends with 130 and without a word, and what it used up is written."""
    usage = tmp_path / "usage.json"
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True,
        env=os.environ | {"SOILRESP_USAGE": str(usage)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert json.loads(usage.read_text(encoding="utf-8"))["peak_memory_mb"] > 0
