"""Tests of SR, HR, AR and RC against each other."""

import numpy as np
import pandas as pd

from soilresp.records.quality.evidence import FACTORS, flag, merge, number_text, score

__all__ = ["share_bounds", "part_above_whole", "negative", "sum_of_parts", "root_share"]

SUM_TOLERANCE = 0.08
"""Share of SR by which HR + AR may miss it: rounding, and means of unequal years."""

RC_TOLERANCE = 0.08
"""By which RC may miss AR/SR."""

EXCHANGED = 0.02
"""By which the parts may miss the whole once SR and a part are exchanged back."""

WHOLE_TOLERANCE = 0.05
"""Share of SR by which HR or AR may exceed it."""

_SYMBOL = {"Rs_annual": "SR", "Ra_annual": "AR", "Rh_annual": "HR", "RC_annual": "RC"}


def share_bounds(evidence):
    """RC, the share of AR in SR, lies between 0 and 1; a percentage is its hundredfold."""
    rc = evidence.number("RC_annual")
    ratio = evidence.number("Ra_annual") / evidence.number("Rs_annual")
    rows = rc.index[(rc < -0.05) | (rc > 1.0)]
    repairs = [
        f"RC_annual={number_text(rc[r] / 100)}"
        if 2 <= rc[r] <= 100 and not abs(rc[r] / 100 - ratio[r]) > RC_TOLERANCE else ""
        for r in rows
    ]
    return flag(
        evidence, rows, "RC out of bounds", "RC_annual", [number_text(v) for v in rc[rows]],
        "a share between 0 and 1", score((rc[rows] - 0.5).abs() - 0.5, 0.05), repairs,
    )


def negative(evidence):
    """Annual fluxes from the soil are above zero; AR and HR as differences of two may miss it."""
    parts = []
    for field, symbol in list(_SYMBOL.items())[:3]:
        flux = evidence.number(field)
        rows = flux.index[flux < 0 if symbol != "SR" else flux <= 0]
        parts.append(
            flag(
                evidence, rows, "flux not above zero", field, _texts(flux[rows]),
                f"{symbol} above zero", np.where(flux[rows] < -20, 0.9, 0.6),
            )
        )
    return merge(parts)


def part_above_whole(evidence):
    """Neither HR nor AR exceeds the SR of its own record.

    If a part and SR are exchanged, the other part says so, or else RC.
    """
    sr, rc = evidence.number("Rs_annual"), evidence.number("RC_annual")
    parts = []
    for field in ("Rh_annual", "Ra_annual"):
        part = evidence.number(field)
        over = (part / sr - 1).where((sr > 0) & (part > sr))
        rows = over.index[over > 0.005]
        repairs = []
        for r in rows:
            share = rc[r] if field == "Ra_annual" else 1 - rc[r]
            other = evidence.number("Ra_annual" if field == "Rh_annual" else "Rh_annual")[r]
            if np.isfinite(other):
                exchanged = abs(sr[r] + other - part[r]) < EXCHANGED * part[r]
            else:
                exchanged = abs(sr[r] / part[r] - share) < EXCHANGED
            repairs.append(
                f"Rs_annual={number_text(part[r])}; {field}={number_text(sr[r])}"
                if exchanged else ""
            )
        parts.append(
            flag(
                evidence, rows, f"{_SYMBOL[field]} above SR", f"Rs_annual, {field}",
                [f"SR {number_text(sr[r])}, {_SYMBOL[field]} {number_text(part[r])}" for r in rows],
                f"{_SYMBOL[field]}, a part, not larger than SR, the whole",
                score(over[rows], WHOLE_TOLERANCE), repairs,
            )
        )
    return merge(parts)


def sum_of_parts(evidence):
    """SR = HR + AR. A factor between units, or RC, tells which of the three is wrong."""
    sr, ar, hr = (evidence.number(n) for n in ("Rs_annual", "Ra_annual", "Rh_annual"))
    rc = evidence.number("RC_annual")
    whole = pd.concat([sr.abs(), hr.abs() + ar.abs()], axis=1).max(axis=1)
    miss = ((hr + ar - sr).abs() / whole).where(sr.notna() & hr.notna() & ar.notna() & (whole > 0))
    suspicion = score(miss, SUM_TOLERANCE)
    rows = miss.index[suspicion >= 0.4]
    return flag(
        evidence, rows, "SR is not HR + AR", "Rs_annual, Rh_annual, Ra_annual",
        [_given(sr[r], hr[r], ar[r], np.nan) for r in rows],
        [f"SR = HR + AR; HR + AR is {hr[r] + ar[r]:.0f}" for r in rows], suspicion[rows],
        [_odd_one(sr[r], hr[r], ar[r], rc[r]) for r in rows],
    )


def root_share(evidence):
    """RC = AR/SR = 1 - HR/SR, from whichever two are given.

    Where RC is HR/SR instead, HR and AR are exchanged, or RC is the other share:
    the record alone cannot tell which, so both are named and none is repaired.
    """
    sr, ar, hr = (evidence.number(n) for n in ("Rs_annual", "Ra_annual", "Rh_annual"))
    rc = evidence.number("RC_annual")
    shares = pd.DataFrame({
        "AR/SR": (ar / sr).where(sr > 0),
        "1 - HR/SR": (1 - hr / sr).where(sr > 0),
        "AR/(AR + HR)": (ar / (ar + hr)).where((ar + hr) > 0),
    })
    misses = shares.sub(rc, axis=0).abs()
    miss = misses.max(axis=1)
    suspicion = score(miss, RC_TOLERANCE)
    rows = miss.index[suspicion >= 0.4]
    words = []
    for r in rows:
        how = misses.loc[r].idxmax()
        text = f"RC = {how}, which is {shares.loc[r, how]:.2f}"
        flipped = (1 - shares.loc[r] - rc[r]).abs().max() <= RC_TOLERANCE / 2
        if flipped:
            text += "; HR and AR are exchanged, or RC is the share of HR"
        words.append(text)
    return flag(
        evidence, rows, "RC is not AR/SR",
        [", ".join(n for n in ("RC_annual", "Rs_annual", "Rh_annual", "Ra_annual")
                   if np.isfinite(evidence.number(n)[r])) for r in rows],
        [_given(sr[r], hr[r], ar[r], rc[r]) for r in rows], words, suspicion[rows],
    )


def _odd_one(sr, hr, ar, rc):
    """Repair of the one flux that a factor brings in line with the others, and with RC."""
    fit = []
    for field, value, due, part, whole in (
        ("Rs_annual", sr, hr + ar, ar, hr + ar),
        ("Rh_annual", hr, sr - ar, ar, sr),
        ("Ra_annual", ar, sr - hr, sr - hr, sr),
    ):
        if value <= 0 or due <= 0 or abs(part - rc * whole) > RC_TOLERANCE * whole:
            continue
        for factor in FACTORS:
            for f in (factor, 1 / factor):
                if abs(value * f / due - 1) < 0.03:
                    fit.append(f"{field}={number_text(value * f)}")
    return fit[0] if len(fit) == 1 else ""


def _given(sr, hr, ar, rc):
    named = {"SR": sr, "HR": hr, "AR": ar, "RC": rc}
    return ", ".join(f"{k} {number_text(v)}" for k, v in named.items() if np.isfinite(v))


def _texts(values):
    return [f"{number_text(v)} g C m-2 yr-1" for v in values]
