"""Give the parsers a hundred thousand faulty inputs, and count what comes out.

    python robustness/fuzz.py [--inputs 100000] [--seed 0] [--parser NAME] [--json FILE]
    python robustness/fuzz.py --guided 20000     # guided by coverage; needs atheris

Only the project's own error may escape. A parser is run in a process of its own, so that a
crash of a library is counted as a finding and ends nothing else.
"""

import argparse
import json
import multiprocessing
import os
import queue
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]

from fuzzing import PARSERS, at_random, fuzz, tally  # noqa: E402

TEXT = ("SRDB", "CRU CL, header", "GHCN, start", "model catalogue", "recipes", "registry",
        "parameters", "units", "time axes")
"""Parsers of text, which coverage can guide."""


def main():
    """Fuzz, print the table, and leave with 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="inputs of all parsers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parser", help="this one alone")
    parser.add_argument("--guided", type=int, metavar="N", help="N executions a parser of text")
    parser.add_argument("--json", metavar="FILE", help="write the table as well")
    asked = parser.parse_args()
    chosen = [p for p in PARSERS if asked.parser in (None, p.name)]
    if asked.guided:
        chosen = [p for p in chosen if p.name in TEXT]
        return _end([_apart(_guided, p, asked.guided, asked.seed) for p in _told(chosen)], asked)
    whole = sum(p.share for p in PARSERS)
    rows = []
    for one in _told(chosen):
        # Rounded up: never fewer than was asked for.
        rows.append(_apart(_mutated, one, -(-asked.inputs * one.share // whole), asked.seed))
    return _end(rows, asked)


def _told(parsers):
    print(f"{'parser':20} {'inputs':>8} {'read':>8} {'refused':>8} {'foreign':>8} {'seconds':>8}")
    yield from parsers


def _mutated(parser, n, seed, results):
    results.put(fuzz(parser, at_random(parser, n, seed)))


def _guided(parser, n, seed, results):
    """Let atheris look for inputs that reach new branches of the package."""
    import tempfile

    try:
        import atheris
    except ImportError:
        results.put(None)
        return

    count = {"inputs": 0, "read": 0, "refused": 0, "findings": []}
    for name in [n for n in sys.modules if n.startswith("soilresp.load") or n in (
            "soilresp.io.yaml_text", "soilresp.study.run", "soilresp.study.parameters", "soilresp.io.registry",
            "soilresp.covariates.recipes", "soilresp.records.selection")]:
        module = sys.modules[name]
        for key, value in list(vars(module).items()):
            if callable(value) and getattr(value, "__module__", "") == name and hasattr(
                    value, "__code__"):
                value.__code__ = atheris.instrument_func(value).__code__

    def one(content):
        tally(parser, content, count)
        del count["findings"][20:]
        if count["inputs"] >= n:
            # libFuzzer ends the process itself, so the result goes out before.
            results.put(count)
            results.close()
            results.join_thread()
            os._exit(0)

    with tempfile.TemporaryDirectory() as corpus:
        for number, content in enumerate(parser.seeds()):
            Path(corpus, str(number)).write_bytes(content)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 2)
        atheris.Setup(
            ["fuzz", corpus, f"-seed={seed + 1}", f"-runs={10 * n}", "-max_len=4096",
             "-timeout=60", "-verbosity=0"], one,
        )
        atheris.Fuzz()


def _apart(work, parser, n, seed):
    """Run in another process; its death is a finding."""
    start = time.perf_counter()
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    process = context.Process(target=work, args=(parser, n, seed, results))
    process.start()
    row = {}
    while True:
        try:
            row = results.get(timeout=1)
            break
        except queue.Empty:
            if not process.is_alive():
                row = {"inputs": 0, "read": 0, "refused": 0,
                       "findings": [(f"the process died, exit code {process.exitcode}", b"")]}
                break
    process.join()
    if row is None:
        print(f"{parser.name:20} atheris is not installed: pip install atheris")
        return {"parser": parser.name, "inputs": 0, "read": 0, "refused": 0, "findings": []}
    seconds = time.perf_counter() - start
    print(f"{parser.name:20} {row['inputs']:8} {row['read']:8} {row['refused']:8} "
          f"{len(row['findings']):8} {seconds:8.0f}", flush=True)
    for error, content in row["findings"][:3]:
        print(f"    {error}\n    {content[:200]!r}", flush=True)
    findings = [[error, content.hex()] for error, content in row["findings"]]
    return {"parser": parser.name, **row, "findings": findings}


def _end(rows, asked):
    inputs, foreign = (sum(r["inputs"] for r in rows), sum(len(r["findings"]) for r in rows))
    print(f"\n{inputs:,} inputs, {foreign} foreign errors.")
    if asked.json:
        Path(asked.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 1 if foreign or not inputs else 0


if __name__ == "__main__":
    sys.exit(main())
