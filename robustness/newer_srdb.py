"""The study on a later release of SRDB, made up from the one at hand.

``python robustness/newer_srdb.py`` writes, into a temporary folder, releases with 10 and 30 %
more records: records of the real one, drawn anew, with other numbers, later years, slightly
other places and fluxes; the fields in another order, two new ones, and some old records
corrected. They are synthetic and only for this: nothing is published from them. The small study
(`small_study.py`) runs on each as it is, and what changed is told. Needs SRDB at hand.
"""

import argparse
import contextlib
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import small_study

from soilresp.cli import main as command
from soilresp.errors import SoilrespError
from soilresp.io import fetch as access

__all__ = ["later_release", "main"]

COLUMN = "Made_up"
"""Column that says which records are synthetic."""


def later_release(path, out, share, seed=0):
    """Write a made-up later release of SRDB.

    Parameters
    ----------
    path, out : path-like
        ``srdb-data.csv``, and the file to write.
    share : float
        Records to add, as a share of those there are.
    seed : int

    Returns
    -------
    dict of str to int
        ``added`` and ``corrected`` records.
    """
    rng = np.random.default_rng([seed, round(1000 * share)])
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    more = table.iloc[rng.integers(len(table), size=round(share * len(table)))].copy()
    for column in ("Record_number", "Study_number"):
        last = pd.to_numeric(table[column]).max()
        codes = pd.factorize(more[column])[0] if column == "Study_number" else np.arange(len(more))
        more[column] = (last + 1 + codes).astype(int).astype(str)
    _moved(more, "Latitude", lambda v: np.clip(v + rng.normal(0, 0.05, len(v)), -90, 90), 4)
    _moved(more, "Longitude", lambda v: np.clip(v + rng.normal(0, 0.05, len(v)), -180, 180), 4)
    factor = rng.lognormal(0, 0.1, len(more))
    for column in ("Rs_annual", "Ra_annual", "Rh_annual"):
        _moved(more, column, lambda v: v * factor, 1)
    late = rng.random(len(more)) < 0.5
    years = np.floor(rng.uniform(2013, 2025, len(more))) + 0.5
    more["Study_midyear"] = np.where(late, years.astype(str), more["Study_midyear"])
    table, more = table.assign(**{COLUMN: "no"}), more.assign(**{COLUMN: "yes"})
    corrected = rng.choice(len(table), 25, replace=False)
    table.loc[table.index[corrected], "Site_name"] = "Corrected"
    both = pd.concat([table, more], ignore_index=True)
    both["Entry_version"] = "later"
    both[rng.permutation(both.columns)].to_csv(out, index=False)
    return {"added": len(more), "corrected": len(corrected)}


def _moved(table, column, change, digits):
    """Change the numbers of a column of text, and leave what is not one."""
    numbers = pd.to_numeric(table[column], errors="coerce")
    new = pd.Series(change(numbers.to_numpy()), table.index).round(digits)
    table[column] = new.astype(str).where(numbers.notna(), table[column])


def main(arguments=None):
    """Run and compare; exit code 1 if a study fails or reports another number of records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--share", type=float, action="append", help="default 0.1 and 0.3")
    parser.add_argument("--recipe", default="embedded")
    given = parser.parse_args(arguments)
    try:
        old = access.locate("srdb").path
    except SoilrespError as error:
        print(f"skipped: {error}")
        return 0
    with tempfile.TemporaryDirectory(prefix="soilresp-newer-") as name:
        scratch = Path(name)
        _study(scratch / "old", old, given.recipe)
        for share in given.share or (0.1, 0.3):
            new = scratch / f"srdb-data-made-up-{round(100 * share)}.csv"
            made = later_release(old, new, share)
            print(f"\n=== made-up release: {made['added']} records more ({share:.0%}), "
                  f"{made['corrected']} corrected, two fields more, fields in another order\n")
            _study(scratch / new.stem, new, given.recipe)
            with contextlib.suppress(SystemExit):
                command(["data", "compare", str(old), str(new), "--runs", str(scratch / "old"),
                         str(scratch / new.stem)])
    return 0


def _study(folder, file, recipe):
    os.environ[access.SRDB_VARIABLE] = str(file)
    try:
        small_study.main([
            str(folder), "--observations", "srdb", "--recipe", recipe, "--until", "mapping",
        ])
    finally:
        del os.environ[access.SRDB_VARIABLE]


if __name__ == "__main__":
    sys.exit(main())
