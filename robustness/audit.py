"""Hold the pinned packages against published advisories.

    pip install pip-audit
    python robustness/audit.py

Needs the network. Exit code 0: nothing known; 1: an advisory is known, and named; 2: not all
packages could be looked up, so that nothing can be said of those.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from soilresp.book.licences import pins


def main():
    """Run pip-audit over the pins, and tell what it knows."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "pins.txt")
        listed.write_text("".join(f"{n}=={v}\n" for n, v in pins().items()), encoding="utf-8")
        try:
            done = subprocess.run(
                ["pip-audit", "-r", str(listed), "--no-deps", "--disable-pip", "-f", "json"],
                capture_output=True, text=True, check=False,
            )
        except FileNotFoundError:
            print("pip-audit is not installed: pip install pip-audit")
            return 2
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"pip-audit could not look anything up:\n{done.stderr.strip()[-500:]}")
        return 2
    skipped = [p["name"] for p in packages if "skip_reason" in p]
    known = [(p["name"], p["version"], v) for p in packages for v in p.get("vulns", ())]
    for name, number, advisory in known:
        better = ", ".join(advisory["fix_versions"]) or "none yet"
        print(f"{name} {number}: {advisory['id']}, mended in {better}")
    print(f"{len(packages) - len(skipped)} of {len(packages)} packages looked up, "
          f"{len(known)} advisories.")
    return 1 if known else 2 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
