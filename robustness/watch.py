"""Run a command, and watch the memory of its processes."""

import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Watched", "watch"]


@dataclass
class Watched:
    """What a command did.

    Attributes
    ----------
    code : int
        Its exit code.
    output : str
        What it printed, errors included.
    seconds : float
    process : float
        Most memory that any one of its processes held, MB.
    together : float
        Most that all of them held at one time, MB; what they share counts each time.
    parts : dict of str to float
        Most that a process which began under a heading ``[1/12] NAME`` of the output held, MB.
    """

    code: int = 0
    output: str = ""
    seconds: float = 0.0
    process: float = 0.0
    together: float = 0.0
    parts: dict = field(default_factory=dict)


def watch(command, every=0.2, **options):
    """Run a command to its end.

    Parameters
    ----------
    command : list of str
    every : float
        Seconds between two looks.
    **options
        Of `subprocess.Popen`, such as ``env`` and ``cwd``.

    Returns
    -------
    Watched

    Raises
    ------
    RuntimeError
        If this system has no /proc, in which processes are looked up.
    """
    if not Path("/proc/self/status").exists():
        raise RuntimeError("memory is measured where there is a /proc, as on Linux")
    found, start = Watched(), time.perf_counter()
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    headings, lines = [""], []

    def listen():
        for line in child.stdout:
            lines.append(line)
            heading = re.match(r"\[\d+/\d+\] (\S+) \.\.\.", line)
            if heading:
                headings[0] = heading[1]

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    began, highest = {}, {}
    while child.poll() is None:
        family, now = _family(child.pid), 0.0
        for pid in family:
            memory = _memory(pid)
            if memory is None:
                continue
            now += memory["VmRSS"]
            began.setdefault(pid, headings[0] if pid != child.pid else "")
            highest[pid] = max(highest.get(pid, 0), memory["VmHWM"])
        found.together = max(found.together, now)
        time.sleep(every)
    listener.join()
    found.code, found.output = child.returncode, "".join(lines)
    found.seconds = time.perf_counter() - start
    found.process = max(highest.values(), default=0.0)
    for pid, name in began.items():
        found.parts[name] = max(found.parts.get(name, 0.0), highest[pid])
    return found


def _family(pid):
    """A process and all that come from it."""
    children = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                stat = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found, rest = [], [pid]
    while rest:
        one = rest.pop()
        found.append(one)
        rest += children.get(one, [])
    return found


def _memory(pid):
    """Resident memory of a process now and at its highest, MB; None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    lines = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", text, re.M))
    return {k: int(v) * 1024 / 1e6 for k, v in lines.items()} if len(lines) == 2 else None


if __name__ == "__main__":
    seen = watch(sys.argv[1:])
    sys.stdout.write(seen.output)
    print(f"{seen.seconds:.0f} s, {seen.process:.0f} MB, together {seen.together:.0f} MB")
    for part, memory in seen.parts.items():
        print(f"  {part or 'the command':28}{memory:8.0f} MB")
    sys.exit(seen.code)
