"""The kernel that executes notebooks in batch: IPython's own, which says what it used up.

Started as ``python -m soilresp.study.kernel -f CONNECTION_FILE``.
"""

import json
import os
import resource
import signal
import sys
from pathlib import Path

__all__ = ["USAGE_VARIABLE", "main", "peak_memory"]

USAGE_VARIABLE = "SOILRESP_USAGE"
"""Environment variable that names the file to which a kernel writes what it used up."""


def peak_memory():
    """Largest memory that this process has had, MB (float).

    Linux counts in the maximum of `resource.getrusage` what the parent process had when it
    started this one, so that there the kernel's own figure is read.
    """
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    except OSError:
        pass
    # Bytes on macOS, kB elsewhere.
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)


def main():
    """Run a kernel until it is shut down, then write its CPU time and memory."""
    try:
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance()
    except KeyboardInterrupt:
        # Between two cells: whoever interrupts says so, and the kernel has nothing to add.
        sys.exit(128 + signal.SIGINT)
    finally:
        file = os.environ.get(USAGE_VARIABLE)
        if file:
            times = [resource.getrusage(w) for w in (resource.RUSAGE_SELF,
                                                     resource.RUSAGE_CHILDREN)]
            Path(file).write_text(json.dumps({
                "cpu_seconds": round(sum(t.ru_utime + t.ru_stime for t in times), 1),
                "peak_memory_mb": peak_memory(),
            }), encoding="utf-8")


if __name__ == "__main__":
    main()
