"""Comparison of two releases of SRDB: records, fields, the selection, and totals."""

from dataclasses import dataclass

import pandas as pd

from soilresp.records.selection import TARGETS, select_records

__all__ = ["Changes", "compare_releases", "compare_funnels", "compare_totals"]


@dataclass(frozen=True)
class Changes:
    """Differences between two releases.

    Attributes
    ----------
    records : dict of str to int
        ``old`` and ``new``: how many there are; ``added``, ``removed`` and ``changed`` (in a
        field that both releases have), ``same``.
    columns : dict
        ``added`` and ``removed`` (names), and ``moved``: whether the common ones are in
        another order.
    fields : pandas.DataFrame
        Index ``field``, one row for each that changed in a record of both releases:
        ``filled`` (was empty), ``emptied``, ``altered``, and ``example``.
    years : dict of str to float
        Last ``Study_midyear`` of ``old`` and ``new``.
    """

    records: dict
    columns: dict
    fields: pd.DataFrame
    years: dict

    def to_text(self):
        """Write the differences as a few lines (str)."""
        n, columns = self.records, self.columns
        lines = [
            f"Records: {n['old']} before, {n['new']} now; {n['added']} added, {n['removed']} "
            f"removed, {n['changed']} changed, {n['same']} the same.",
            f"Columns added: {', '.join(columns['added']) or 'none'}; removed: "
            f"{', '.join(columns['removed']) or 'none'}; order: "
            f"{'another' if columns['moved'] else 'the same'}.",
            f"Last mid-year of a study: {self.years['old']:g} before, {self.years['new']:g} now.",
        ]
        if len(self.fields):
            lines.append("Fields that changed in records of both:")
            lines += self.fields.to_string().splitlines()
        return "\n".join(lines)


def compare_releases(old, new):
    """Compare two releases record by record.

    Parameters
    ----------
    old, new : pandas.DataFrame
        From `soilresp.records.srdb.load_srdb`. Records are identified by ``Record_number``,
        those that share one by their order.

    Returns
    -------
    Changes

    Examples
    --------
    >>> old = pd.DataFrame({"Record_number": [1, 2], "Study_midyear": 2000.0, "Biome": ["a", "b"]})
    >>> new = pd.DataFrame({"Record_number": [2, 3], "Study_midyear": 2010.0, "Biome": ["c", "d"]})
    >>> found = compare_releases(old, new)
    >>> found.records["added"], found.records["removed"], found.records["changed"]
    (1, 1, 1)
    """
    first, second = _by_record(old), _by_record(new)
    common = first.index.intersection(second.index)
    shared = [c for c in old.columns if c in new.columns]
    before, now = first.loc[common, shared], second.loc[common, shared]
    other = (before != now) & (before.notna() | now.notna())
    fields = pd.DataFrame(
        {"filled": (other & before.isna()).sum(), "emptied": (other & now.isna()).sum()}
    ).rename_axis("field")
    fields["altered"] = other.sum() - fields.sum(axis=1)
    fields = fields[other.any()]
    examples = {c: other[c].idxmax() for c in fields.index}
    fields = fields.assign(
        example=[f"record {r[0]}: {before[c][r]} -> {now[c][r]}" for c, r in examples.items()]
    )
    changed = int(other.any(axis=1).sum())
    return Changes(
        {
            "old": len(old), "new": len(new), "added": len(second) - len(common),
            "removed": len(first) - len(common), "changed": changed,
            "same": len(common) - changed,
        },
        {
            "added": [c for c in new.columns if c not in old.columns],
            "removed": [c for c in old.columns if c not in new.columns],
            "moved": shared != [c for c in new.columns if c in old.columns],
        },
        fields,
        {"old": float(old["Study_midyear"].max()), "new": float(new["Study_midyear"].max())},
    )


def compare_funnels(old, new, selection=None):
    """Compare the records that each rule of the selection leaves.

    Parameters
    ----------
    old, new : pandas.DataFrame
        From `soilresp.records.srdb.load_srdb`.
    selection : soilresp.records.selection.Selection, optional

    Returns
    -------
    pandas.DataFrame
        Index ``rule``; for SR and HR the records ``before``, ``now`` and their ``change``.

    Raises
    ------
    DataError
        If no record is left of one of them.
    """
    parts = [select_records(table, selection)[1].set_index("rule") for table in (old, new)]
    out = {}
    for target in TARGETS:
        before, now = (part[target] for part in parts)
        out |= {(target, "before"): before, (target, "now"): now, (target, "change"): now - before}
    return pd.DataFrame(out)


def compare_totals(old, new):
    """Compare the records and totals of two runs.

    Parameters
    ----------
    old, new : dict
        From ``results/summary.json`` of the runs.

    Returns
    -------
    pandas.DataFrame
        Index ``quantity``; ``before``, ``now``, ``change``. What a run does not have is missing.
    """
    rows = {}
    for target in TARGETS:
        rows[f"records of {target}"] = [s["records"].get(target) for s in (old, new)]
    for name in (*TARGETS, "AR"):
        flux = [(s.get("flux") or {}).get(name) or {} for s in (old, new)]
        rows[f"{name}, Pg C yr-1"] = [f.get("total") for f in flux]
        if name != "AR":
            rows[f"{name}, SD between runs"] = [f.get("between_run_sd") for f in flux]
    rows["AR/SR"] = [s.get("AR_SR") for s in (old, new)]
    table = pd.DataFrame(rows, index=["before", "now"]).T.astype(float)
    table.index.name = "quantity"
    return table.assign(change=table["now"] - table["before"])


def _by_record(table):
    """Index a table by the number of the record and, among those that share it, by order."""
    nth = table.groupby("Record_number").cumcount()
    index = pd.MultiIndex.from_arrays([table["Record_number"], nth])
    return table.set_axis(index, axis=0)
