"""Measure the tests of field records: corrupt sound records in ten known ways, count what is found.

``python tools/quality.py [--seed 0] [--out FOLDER]`` takes SRDB from the cache or the mirror and
writes ``recall.csv`` and ``false_alarms.csv``.
"""

import argparse
from pathlib import Path

from soilresp.io import fetch
from soilresp.io.progress import track
from soilresp.records.quality import benchmark
from soilresp.records.srdb import load_srdb


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    table = load_srdb(fetch.locate("srdb").path, strip=False)
    found, alarms = benchmark.benchmark(
        table, seed=asked.seed, track=lambda rounds: track(rounds, "rounds")
    )
    print("Share of corruptions found and repaired, with studies that set no limit")
    print(found.to_string(float_format="{:.3f}".format, na_rep=""))
    print("\nShare of untouched records that are suspect")
    print(alarms.to_string(float_format="{:.4f}".format))
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        found.to_csv(asked.out / "recall.csv")
        alarms.to_csv(asked.out / "false_alarms.csv")


if __name__ == "__main__":
    main()
