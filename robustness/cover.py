"""Which lines of ``src/soilresp`` the unit tests pass over.

    pip install pytest-cov
    python robustness/cover.py [--workers 2] [--json FILE] [--keep FILE]

Prints the share of each part and of the whole, and the files with most lines left out; exit
code 1 if a test fails or the whole is below 92 %. Processes that tests start are counted.
Compiled kernels are left out by the patterns of ``[tool.coverage.report]`` in ``pyproject.toml``
(machine code has no lines to pass over); `tests/test_forest.py` and `tests/test_distribution.py`
hold them against their NumPy twins.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

__all__ = ["LEAST", "measure", "main"]

ROOT = Path(__file__).resolve().parents[1]

LEAST = 92.0
"""Lines that must be passed over, %."""


def main():
    """Run the tests under coverage, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="write coverage's report as well")
    parser.add_argument("--keep", type=Path, help="data of an earlier call, or where to keep them")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = (asked.keep or Path(folder, "coverage")).absolute()
        if not data.exists() and measure(data, asked.workers):
            print("A test fails: mend it first.")
            return 1
        report = asked.json or Path(folder, "coverage.json")
        subprocess.run(
            [sys.executable, "-m", "coverage", "json", "-q", f"--data-file={data}", "-o",
             str(report)],
            cwd=ROOT, check=True,
        )
        found = json.loads(report.read_text(encoding="utf-8"))
    print(table(found["files"]))
    whole = found["totals"]["percent_covered"]
    return 0 if whole >= LEAST else 1


def measure(data, workers):
    """Run the unit tests, and keep which of them passes over which line.

    Parameters
    ----------
    data : pathlib.Path
        Where coverage's data go; a JUnit report with the time of each test lies beside it, under
        the same name and ``-times.xml``.
    workers : int

    Returns
    -------
    int
        pytest's exit code.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests", "-m", "not site", "-n", str(workers),
         "--cov", "--cov-context=test", "--cov-report=", f"--junitxml={data}-times.xml"],
        cwd=ROOT, env=os.environ | {"COVERAGE_FILE": str(data)}, check=False,
    ).returncode


def table(files):
    """Lines, and those passed over, by part of the package, as Markdown."""
    parts = defaultdict(lambda: [0, 0])
    for name, file in files.items():
        inside = name.replace(os.sep, "/").partition("src/soilresp/")[2]
        part = inside.rpartition("/")[0] or "(top)"
        for key in (part.partition("/")[0], "all"):
            parts[key][0] += file["summary"]["num_statements"]
            parts[key][1] += file["summary"]["covered_lines"]
    lines = ["| part | lines | passed over | share |", "|---|---|---|---|"]
    for part in sorted(parts, key=lambda p: (p == "all", p)):
        n, covered = parts[part]
        lines.append(f"| {part} | {n} | {covered} | {covered / max(n, 1):.1%} |")
    worst = sorted(files, key=lambda f: -files[f]["summary"]["missing_lines"])[:10]
    lines += ["", "| most left out | lines | share passed over |", "|---|---|---|"]
    for name in worst:
        summary = files[name]["summary"]
        lines.append(
            f"| {name.replace(os.sep, '/').partition('src/soilresp/')[2]} "
            f"| {summary['missing_lines']} | {summary['percent_covered']:.1f} % |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
