"""Tests of the partition of soil respiration: SR, HR, AR and RC against each other."""

import numpy as np
import pandas as pd

from soilresp.records.quality.evidence import FACTORS, Flag, flux_text, number_text, score

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
    """Bound RC, the share of AR in SR, by 0 and 1; a percentage is its hundredfold."""
    rc = evidence.number("RC_annual")
    ratio = evidence.number("Ra_annual") / evidence.number("Rs_annual")
    for r in rc.index[(rc < -0.05) | (rc > 1.0)]:
        percent = 2 <= rc[r] <= 100 and not abs(rc[r] / 100 - ratio[r]) > RC_TOLERANCE
        yield Flag(
            r, "RC out of bounds", "RC_annual", number_text(rc[r]), "a share between 0 and 1",
            score(abs(rc[r] - 0.5) - 0.5, 0.05),
            f"RC_annual={number_text(rc[r] / 100)}" if percent else "",
        )


def negative(evidence):
    """Find annual fluxes below zero; AR and HR as differences of two may fall slightly below."""
    for field, symbol in list(_SYMBOL.items())[:3]:
        flux = evidence.number(field)
        for r in flux.index[flux < 0 if symbol != "SR" else flux <= 0]:
            yield Flag(
                r, "flux not above zero", field, flux_text(flux[r]), f"{symbol} above zero",
                0.9 if flux[r] < -20 else 0.6,
            )


def part_above_whole(evidence):
    """Find HR or AR that exceeds the SR of its own record.

    If a part and SR are exchanged, the other part says so, or else RC.
    """
    sr, rc = evidence.number("Rs_annual"), evidence.number("RC_annual")
    for field, other in (("Rh_annual", "Ra_annual"), ("Ra_annual", "Rh_annual")):
        part, rest, symbol = evidence.number(field), evidence.number(other), _SYMBOL[field]
        over = (part / sr - 1).where((sr > 0) & (part > sr))
        for r in over.index[over > 0.005]:
            if np.isfinite(rest[r]):
                exchanged = abs(sr[r] + rest[r] - part[r]) < EXCHANGED * part[r]
            else:
                share = rc[r] if field == "Ra_annual" else 1 - rc[r]
                exchanged = abs(sr[r] / part[r] - share) < EXCHANGED
            yield Flag(
                r, f"{symbol} above SR", f"Rs_annual, {field}",
                f"SR {number_text(sr[r])}, {symbol} {number_text(part[r])}",
                f"{symbol}, a part, not larger than SR, the whole", score(over[r], WHOLE_TOLERANCE),
                f"Rs_annual={number_text(part[r])}; {field}={number_text(sr[r])}"
                if exchanged else "",
            )


def sum_of_parts(evidence):
    """Compare SR with HR + AR. A factor between units, or RC, tells which of the three is wrong."""
    sr, ar, hr = (evidence.number(n) for n in ("Rs_annual", "Ra_annual", "Rh_annual"))
    rc = evidence.number("RC_annual")
    whole = pd.concat([sr.abs(), hr.abs() + ar.abs()], axis=1).max(axis=1)
    miss = ((hr + ar - sr).abs() / whole).where(sr.notna() & hr.notna() & ar.notna() & (whole > 0))
    suspicion = score(miss, SUM_TOLERANCE)
    for r in miss.index[suspicion >= 0.4]:
        yield Flag(
            r, "SR is not HR + AR", "Rs_annual, Rh_annual, Ra_annual",
            _given(sr[r], hr[r], ar[r], np.nan), f"SR = HR + AR; HR + AR is {hr[r] + ar[r]:.0f}",
            suspicion[r], _odd_one(sr[r], hr[r], ar[r], rc[r]),
        )


def root_share(evidence):
    """Compare RC with AR/SR and 1 - HR/SR, from whichever are given.

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
    suspicion = score(misses.max(axis=1), RC_TOLERANCE)
    for r in suspicion.index[suspicion >= 0.4]:
        how = misses.loc[r].idxmax()
        text = f"RC = {how}, which is {shares.loc[r, how]:.2f}"
        if (1 - shares.loc[r] - rc[r]).abs().max() <= RC_TOLERANCE / 2:
            text += "; HR and AR are exchanged, or RC is the share of HR"
        given = {"RC_annual": rc, "Rs_annual": sr, "Rh_annual": hr, "Ra_annual": ar}
        yield Flag(
            r, "RC is not AR/SR", ", ".join(n for n, v in given.items() if np.isfinite(v[r])),
            _given(sr[r], hr[r], ar[r], rc[r]), text, suspicion[r],
        )


def _odd_one(sr, hr, ar, rc):
    """Return the repair of the one flux that a factor brings in line with the others and RC."""
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
    """Write those of the values that are known."""
    named = {"SR": sr, "HR": hr, "AR": ar, "RC": rc}
    return ", ".join(f"{k} {number_text(v)}" for k, v in named.items() if np.isfinite(v))
