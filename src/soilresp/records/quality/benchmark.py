"""Measure the recall of the tests on injected faults, and their false alarms on clean records."""

import numpy as np
import pandas as pd

from soilresp.errors import DataError, ParameterError
from soilresp.records.quality.checks import check_records
from soilresp.records.quality.evidence import CLEAN_FLAGS, FACTORS, THRESHOLD, Evidence, number_text

__all__ = ["HALVES", "MARKS", "WAYS", "benchmark", "clean_records", "half_of"]

WAYS = (
    "latitude and longitude swapped",
    "sign of latitude changed",
    "sign of longitude changed",
    "digit of a coordinate mistyped",
    "fluxes x or / 3.67",
    "fluxes x or / 10",
    "fluxes x or / 100",
    "fluxes x or / 365",
    "HR and AR exchanged",
    "SR, HR or AR mistyped",
)
"""Ways in which a sound record is corrupted."""

MARKS = {
    "coordinates": (WAYS[:4], 0.9),
    "factors of 10, 100 and 365": (WAYS[5:8], 0.8),
    "SR, HR, AR and RC against each other": (WAYS[8:], 0.95),
}
"""Recall that each group of ways must reach."""

FALSE_ALARMS = 0.03
"""Largest share of untouched clean records that may be suspected."""

HALVES = ("tuning", "evaluation")
"""Halves of the studies: limits are set on the first, figures are given for the second."""

_FLUXES = ("Rs_annual", "Rh_annual", "Ra_annual")
_PLACE = ("Latitude", "Longitude")


def clean_records(table):
    """Select records without a known problem: ``Quality_flag`` empty, Q0 or Q01.

    Returns
    -------
    pandas.Series of bool
    """
    return table["Quality_flag"].fillna("").str.strip().isin(CLEAN_FLAGS)


def half_of(table, seed=0):
    """Draw the half that each record's study is in (`pandas.Series` of str)."""
    studies = np.unique(table["Study_number"])
    drawn = np.random.default_rng([seed, 4]).permutation(studies)
    first = set(drawn[: len(drawn) // 2].tolist())
    return table["Study_number"].map(lambda s: HALVES[0] if s in first else HALVES[1])


def benchmark(table, n=500, seed=0, half="evaluation", rounds=10, climate=None, track=iter):
    """Corrupt clean records in ten ways, and count how many of the faults the tests find.

    Clean records are taken before any test runs. In each round the same number
    of records is corrupted in every way, all in one otherwise untouched table,
    which is then checked as a whole. A corruption counts as found if its record
    has a suspicion that it did not have, with that value, before.

    Coordinates must move by more than 2 degrees, into another country, onto
    land or off it. HR and AR are exchanged where RC is given and they differ by
    a tenth of SR at least; a mistyped flux is off by as much. The factors
    multiply SR, HR and AR of a record alike, as a wrong unit does.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.records.srdb.load_srdb`.
    n : int
        Records corrupted in each way, a multiple of `rounds`.
    seed : int
    half : {"tuning", "evaluation"}
        Half of the studies that clean records are taken from.
    rounds : int
    climate : xarray.Dataset, optional
    track : callable
        Wraps the iteration over the rounds, to show progress.

    Returns
    -------
    table : pandas.DataFrame
        By way: ``records`` to choose from, ``corrupted``, ``found`` (share),
        ``times`` and ``divided`` (the same by direction of a factor) and
        ``repaired`` (share whose repair gives the original back).
    alarms : pandas.DataFrame
        Share of untouched clean records of the half under suspicion, by test,
        and for ``all tests``; among all clean records and among those with a flux.

    Raises
    ------
    ParameterError
        If `half` is none of the above, or `n` no multiple of `rounds`.
    DataError
        If there are too few records to corrupt.
    """
    if half not in HALVES:
        raise ParameterError(f"half must be one of {', '.join(HALVES)}, got {half!r}.")
    if n % rounds:
        raise ParameterError(f"n must be a multiple of rounds, {rounds}, got {n}.")
    clean = clean_records(table) & (half_of(table, seed) == half)
    evidence = Evidence(table, climate)
    pools = {way: _pool(evidence, clean, way) for way in WAYS}
    before = check_records(table, climate)
    seen = set(_keys(before))
    rng = np.random.default_rng([seed, 5])
    results = []
    for _ in track(range(rounds)):
        corrupted, labels = _corrupt(evidence, pools, n // rounds, rng)
        flags = check_records(corrupted, climate)
        flags = flags[flags["score"] >= THRESHOLD]
        new = flags[[key not in seen for key in _keys(flags)]]
        labels["found"] = labels.index.isin(new.index)
        labels["repaired"] = [
            _restores(table, row, new.loc[new.index == row, "repair"]) for row in labels.index
        ]
        results.append(labels)
    return _summary(pd.concat(results), pools), _alarms(evidence, before, clean)


def _pool(evidence, clean, way):
    """Return the rows that a way can corrupt."""
    sr, hr, ar, rc = (evidence.number(c) for c in (*_FLUXES, "RC_annual"))
    if way in WAYS[:4]:
        fits = evidence.located & (evidence.home.map(len) > 0)
        if way != WAYS[3]:
            lat, lon = evidence.number("Latitude"), evidence.number("Longitude")
            rows = lat.index[clean & fits]
            moved = _move(lat[rows].to_numpy(), lon[rows].to_numpy(), way)
            fits = pd.Series(False, index=lat.index)
            fits[rows] = _matters(evidence, lat[rows].to_numpy(), lon[rows].to_numpy(), *moved)
    elif way in WAYS[4:8]:
        fits = (sr > 0) | (hr > 0)
    elif way == WAYS[8]:
        fits = (hr > 0) & (ar > 0) & rc.notna() & ((hr - ar).abs() >= 0.1 * (hr + ar))
    else:
        fits = (sr > 0) & (hr > 0) & (ar > 0)
    rows = fits.index[clean & fits].to_numpy()
    if len(rows) == 0:
        raise DataError(f"The table has no clean record to corrupt in this way: {way}.")
    return rows


def _corrupt(evidence, pools, n, rng):
    """Corrupt `n` records in each way, no record twice; return the table and what was done."""
    table, used, labels = evidence.table.copy(), set(), []
    # The ways with the fewest records choose first.
    for way in sorted(WAYS, key=lambda w: (len(pools[w]), w)):
        done = 0
        for row in rng.permutation(pools[way]):
            if done == n:
                break
            change, direction = _change(evidence, row, way, rng) if row not in used else ({}, "")
            if change:
                table.loc[row, list(change)] = list(change.values())
                used.add(row)
                labels.append({"row": row, "way": way, "direction": direction})
                done += 1
        if done < n:
            raise DataError(f"Only {done} clean records can be corrupted in this way: {way}.")
    return table, pd.DataFrame(labels).set_index("row")


def _change(evidence, row, way, rng):
    """Return new values of a record's fields and a factor's direction; empty if none will do."""
    lat, lon = evidence.number("Latitude")[row], evidence.number("Longitude")[row]
    values = {f: evidence.number(f)[row] for f in _FLUXES}
    if way in WAYS[:3]:
        return dict(zip(_PLACE, _move(lat, lon, way))), ""
    if way == WAYS[3]:
        for _ in range(20):
            at = (_mistype(lat, rng), lon) if rng.random() < 0.5 else (lat, _mistype(lon, rng))
            if _matters(evidence, *(np.array([v]) for v in (lat, lon, *at)))[0]:
                return dict(zip(_PLACE, at)), ""
    elif way in WAYS[4:8]:
        factor = list(FACTORS)[WAYS.index(way) - 4]
        up = rng.random() < 0.5
        changed = {
            f: float(number_text(v * factor if up else v / factor))
            for f, v in values.items() if np.isfinite(v)
        }
        return changed, "times" if up else "divided"
    elif way == WAYS[8]:
        return {"Rh_annual": values["Ra_annual"], "Ra_annual": values["Rh_annual"]}, ""
    else:
        for _ in range(20):
            if rng.random() < 1 / 3:
                changed = {"Rs_annual": values["Rh_annual"], "Rh_annual": values["Rs_annual"]}
            else:
                field = _FLUXES[rng.integers(3)]
                changed = {field: _mistype(values[field], rng)}
            if any(abs(v - values[f]) >= 0.1 * values["Rs_annual"] for f, v in changed.items()):
                return changed, ""
    return {}, ""


def _move(lat, lon, way):
    """Swap coordinates, or change the sign of one."""
    return {WAYS[0]: (lon, lat), WAYS[1]: (-lat, lon), WAYS[2]: (lat, -lon)}[way]


def _matters(evidence, lat, lon, new_lat, new_lon):
    """Find points that move by more than 2 degrees into another country, onto land or off it."""
    earth = (np.abs(new_lat) <= 90) & (np.abs(new_lon) <= 180)
    far = np.maximum(np.abs(new_lat - lat), np.abs(new_lon - lon)) > 2
    there = np.full(len(lat), "-", dtype="U3")
    there[earth] = evidence.countries.containing(new_lat[earth], new_lon[earth])
    return far & (there != evidence.countries.containing(lat, lon))


def _mistype(value, rng):
    """Replace one digit before the point, or exchange two neighbours."""
    text = number_text(abs(value))
    whole, point, rest = text.partition(".")
    digits = list(whole)
    at = int(rng.integers(len(digits)))
    if len(digits) > 1 and rng.random() < 0.5:
        at = min(at, len(digits) - 2)
        digits[at], digits[at + 1] = digits[at + 1], digits[at]
    else:
        digits[at] = str(rng.integers(10))
    return float(np.sign(value)) * float("".join(digits) + point + rest)


def _keys(flags):
    """Return row, test, field and value of each suspicion."""
    flags = flags[flags["score"] >= THRESHOLD]
    return list(zip(flags.index, flags["test"], flags["field"], flags["value"]))


def _restores(table, row, repairs):
    """Tell whether a repair gives every field that it names the value of the untouched table."""
    for repair in set(repairs) - {""}:
        pairs = [part.partition("=")[::2] for part in repair.split("; ")]
        if all(
            pd.notna(table.loc[row, f]) and abs(float(v) / float(table.loc[row, f]) - 1) < 0.01
            for f, v in pairs if f in (*_FLUXES, *_PLACE) and table.loc[row, f]
        ):
            return True
    return False


def _summary(results, pools):
    """Tabulate the shares found and repaired, by way and by group of ways with a mark."""
    rows = []
    groups = {way: ((way,), {"records": len(pools[way])}) for way in WAYS} | {
        f"together: {name}": (ways, {"mark": mark}) for name, (ways, mark) in MARKS.items()
    }
    for name, (ways, facts) in groups.items():
        own = results[results["way"].isin(ways)]
        by = own.groupby("direction")["found"].mean() if len(ways) == 1 else {}
        rows.append(
            {"way": name, "corrupted": len(own), "found": own["found"].mean(),
             "times": by.get("times", np.nan), "divided": by.get("divided", np.nan),
             "repaired": own["repaired"].mean(), **facts}
        )
    columns = ["records", "corrupted", "found", "times", "divided", "repaired", "mark"]
    return pd.DataFrame(rows).set_index("way")[columns]


def _alarms(evidence, flags, clean):
    """Tabulate the share of untouched clean records that each test suspects."""
    flags = flags[flags["score"] >= THRESHOLD]
    with_flux = clean & ((evidence.number("Rs_annual") > 0) | (evidence.number("Rh_annual") > 0))
    rows = []
    for name, own in {"all tests": flags, **dict(tuple(flags.groupby("test")))}.items():
        hit = pd.Series(evidence.table.index.isin(own.index), index=evidence.table.index)
        rows.append(
            {"test": name, "suspected": int((hit & clean).sum()), "of clean": hit[clean].mean(),
             "of clean with a flux": hit[with_flux].mean()}
        )
    return pd.DataFrame(rows).set_index("test").sort_values("suspected", ascending=False)
