"""Run every case of faulty input through the command line, and print the table.

    python robustness/faulty_input.py [--area srdb] [--json FILE]

Each case is set up in a project of its own, and must leave with its exit code and its one
message, without a traceback, and with nothing changed on disk.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]

from bad_input import CASES, run_case  # noqa: E402


def main():
    """Run the cases that are asked for; exit code 1 if one does not come out as it must."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--area", help="cases whose names begin so alone, such as srdb")
    parser.add_argument("--json", metavar="FILE", help="write the table as well")
    asked = parser.parse_args()
    rows = []
    chosen = [c for c in CASES if not asked.area or c.id.startswith(asked.area)]
    for case in chosen:
        with tempfile.TemporaryDirectory(prefix="soilresp-case-") as folder:
            home = Path(folder) / "project"
            outcome = run_case(case, home)
            message = outcome.message.replace(f"{home / 'work'}/", "").replace(f"{home}/", "")
        right = "ok" if not outcome.faults else "; ".join(outcome.faults)
        print(f"{case.id:28} {case.wrong[:48]:48} {outcome.code!s:>3}  {right}\n    {message}",
              flush=True)
        rows.append({
            "id": case.id, "wrong": case.wrong, "command": " ".join(case.command),
            "code": outcome.code, "message": message, "faults": list(outcome.faults),
        })
    good = sum(not row["faults"] for row in rows)
    print(f"\n{good} of {len(rows)} cases with their exit code and one message, nothing changed.")
    if asked.json:
        Path(asked.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if good == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
