"""Write ``requirements.lock``: every package of the tested set, of its own needs too, with hashes.

``python robustness/lock.py`` (needs uv: ``pip install uv``). To install exactly that:
``pip install --require-hashes -r requirements.lock`` and ``pip install --no-deps -e .``
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["pins", "main"]

ROOT = Path(__file__).resolve().parents[1]

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.M)


def pins(path):
    """Versions that a file of requirements pins.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    dict of str to set of str
        Versions by normalised name; there are several where they differ by Python's version.
    """
    found = {}
    for name, version in _PIN.findall(Path(path).read_text(encoding="utf-8")):
        found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), set()).add(version)
    return found


def main():
    """Compile the lock file; exit code 1 if it cannot be done."""
    if not shutil.which("uv"):
        print("uv is not installed: pip install uv", file=sys.stderr)
        return 1
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        # The package itself is not on an index.
        wanted = Path(folder, "requirements.in")
        wanted.write_text(re.sub(r"^-e .*$", "", text, flags=re.M), encoding="utf-8")
        made = Path(folder, "requirements.lock")
        done = subprocess.run([
            "uv", "pip", "compile", str(wanted), "--universal", "--python-version", "3.11",
            "--generate-hashes", "--no-annotate", "--quiet", "--output-file", str(made),
            "--custom-compile-command", "python robustness/lock.py",
        ])
        if done.returncode:
            return 1
        shutil.copyfile(made, ROOT / "requirements.lock")
    print(f"requirements.lock: {len(pins(ROOT / 'requirements.lock'))} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
