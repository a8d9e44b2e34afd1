"""Made-up later releases of SRDB."""

import numpy as np
import pandas as pd


def later_release(path, out, share, seed=0):
    """Write a made-up later release of SRDB; return how many records are added and corrected.

    The share of records to add are real ones drawn anew, with other numbers, later years, slightly
    other places and fluxes; the fields are in another order, and two are new.
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
    table, more = table.assign(Made_up="no"), more.assign(Made_up="yes")
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
