"""Tests of the annual fluxes against seasonal rates and against comparable records."""

import numpy as np
import pandas as pd

from soilresp.records.quality.climate import left_out
from soilresp.records.quality.evidence import FACTORS, flag, merge, number_text, score

__all__ = ["seasonal_rates", "comparable_records", "whole_study", "expected_fluxes"]

ANNUAL = 12.011e-6 * 86_400 * 365.25
"""g C m-2 yr-1 of a year at 1 umol CO2 m-2 s-1."""

SEASONS = {
    # Median of SR over a year at the season's rate, and the factor around it that is usual.
    "Rs_growingseason": (0.73, 6.0),
    "Rs_summer": (0.65, 7.0),
    "Rs_spring": (1.2, 15.0),
    "Rs_autumn": (1.2, 15.0),
    "Rs_wet": (0.8, 6.0),
    "Rs_dry": (1.2, 7.0),
    "Rs_winter": (2.6, 27.0),
}

SPREAD = (0.52, 0.30, 0.27, 0.25)
"""Robust standard deviation of log fluxes around what is expected, with 0, 1-2, 3-9, 10 or more
other records of the same study."""

SHARED = 1.5
"""Most that the records of a study may share, on the log scale: a factor of 4.5."""

LIMITS = (4.0, 5.8, 6.0, 6.0)
"""Of these, at which a record becomes suspicious: factors of 8, 6, 5 and 4.5."""

STUDY_LIMIT = 4.4
"""Of the first, at which the middle record of a study is suspicious: a factor of 10."""

FLUXES = {"Rs_annual": "SR", "Rh_annual": "HR"}

_WORDS = ("Ecosystem_type", "Biome", "Leaf_habit", "Ecosystem_state", "Soil_drainage")


def seasonal_rates(evidence):
    """A year's SR is near that of a year at the rates of the same row.

    A growing-season rate, kept up for a year, gives somewhat more than SR, a
    winter rate less. Each season has its own range, from the records
    themselves; it is two to three times wider than nearly all of them need.
    """
    sr = evidence.number("Rs_annual")
    parts = []
    for field, (usual, width) in SEASONS.items():
        rate = evidence.number(field)
        due = (rate * ANNUAL * usual).where((rate > 0) & (sr > 0))
        log = np.log(sr / due)
        suspicion = score(log.abs(), np.log(width))
        rows = log.index[suspicion >= 0.45]
        parts.append(
            flag(
                evidence, rows, "SR against the season's rate", f"Rs_annual, {field}",
                [f"SR {number_text(sr[r])} g C m-2 yr-1, {field} {number_text(rate[r])} "
                 "umol m-2 s-1" for r in rows],
                [f"SR of about {due[r]:,.0f} g C m-2 yr-1 from that rate" for r in rows],
                suspicion[rows],
            )
        )
    return merge(parts)


def comparable_records(evidence):
    """A flux is of the size that comparable records of other studies, and its own study, have.

    A forest learns the logarithm of each flux from climate, vegetation and
    treatment, and predicts every record from other studies. What the other
    records of the study share of what is left over is taken off. The rest, in
    robust standard deviations, is held against `LIMITS`. AR is not
    looked at: with few records and no SR it is anything, with SR and HR it is
    a sum.
    """
    parts = []
    for field, symbol in FLUXES.items():
        table = expected_fluxes(evidence, field)
        suspicion = score(table["z"].abs(), table["limit"])
        rows = table.index[suspicion >= 0.45]
        flux, due = np.exp(table["log"]), np.exp(table["log"] - table["rest"])
        words = []
        for r in rows:
            n = int(table["others"][r])
            own = f", and {n} other{'s' * (n > 1)} of its study," if n else ""
            words.append(
                f"{symbol} of about {due[r]:,.0f} g C m-2 yr-1, as comparable records{own} have"
            )
        parts.append(
            flag(
                evidence, rows, "flux against comparable records", field, _texts(flux[rows]),
                words, suspicion[rows],
                [_factor(field, flux[r], table["rest"][r], table["spread"][r])
                 if suspicion[r] >= 0.5 else "" for r in rows],
            )
        )
    return merge(parts)


def whole_study(evidence):
    """A study of two records or more is not displaced, as a whole, by a constant factor.

    The median departure of its records from other studies is held against 4.4
    robust standard deviations.
    """
    parts = []
    for field, symbol in FLUXES.items():
        table = expected_fluxes(evidence, field)
        if table.empty:
            continue
        study = evidence.study[table.index]
        size = study.map(study.value_counts())
        middle = table["residual"].groupby(study).transform("median")
        suspicion = score(middle.abs() / SPREAD[0], STUDY_LIMIT)
        rows = table.index[(suspicion >= 0.45) & (size >= 2)]
        flux = np.exp(table["log"])
        parts.append(
            flag(
                evidence, rows, "study displaced by a factor", field, _texts(flux[rows]),
                [f"{symbol} of about {flux[r] / np.exp(middle[r]):,.0f} g C m-2 yr-1, "
                 f"as comparable records of other studies have; "
                 f"the {size[r]} records of this one are "
                 f"{_times(middle[r])}" for r in rows],
                suspicion[rows],
                [_factor(field, flux[r], middle[r], SPREAD[0] / 2)
                 if suspicion[r] >= 0.5 else "" for r in rows],
            )
        )
    return merge(parts)


def expected_fluxes(evidence, field):
    """What comparable records and the own study lead to expect of a flux.

    Parameters
    ----------
    evidence : Evidence
    field : {"Rs_annual", "Rh_annual"}

    Returns
    -------
    pandas.DataFrame
        For records with a flux above zero: ``log`` of the flux, ``residual``
        from other studies, ``others`` (records of the same
        study), ``rest`` (what the study does not share), ``spread``, ``z`` and its
        ``limit``.
        Empty with fewer than 50 studies.
    """
    if field in evidence.memo:
        return evidence.memo[field]
    flux = evidence.number(field)
    known = flux > 0
    log, study = np.log(flux[known]), evidence.study[known]
    table = pd.DataFrame({"log": log})
    if study.nunique() < 50:
        return pd.DataFrame(columns=["log", "residual", "others", "rest", "spread", "z", "limit"])
    table["residual"] = log - left_out(_features(evidence)[known], log, study)
    table["others"] = study.map(study.value_counts()) - 1
    table["rest"] = table["residual"] - _shared(table["residual"].to_numpy(), study.to_numpy())
    size = np.digitize(table["others"], [1, 3, 10])
    table["spread"], table["limit"] = np.array(SPREAD)[size], np.array(LIMITS)[size]
    table["z"] = table["rest"] / table["spread"]
    evidence.memo[field] = table
    return table


def _features(evidence):
    """Predictors of a flux: climate, greenness and what the record says of its plot."""
    x = evidence.cells.assign(latitude=evidence.number("Latitude").abs())
    for name in ("MAT", "MAP", "Elevation"):
        x[f"reported_{name}"] = evidence.number(name)
    for name in _WORDS:
        words = evidence.text(name)
        x[name] = pd.Categorical(words, categories=sorted(words.dropna().unique())).codes
    x["untreated"] = (evidence.text("Manipulation") == "None").astype(float)
    return x.fillna(-99)


def _shared(residual, study):
    """What the other records of a study have in common: the median of them and of nothing at all.

    That draws it towards zero, and keeps a slip in one record from falling on
    the others; the bound does so where there is but one other.
    """
    shared = np.zeros(len(residual))
    for rows in pd.Series(study).groupby(study).indices.values():
        for k, i in enumerate(rows):
            shared[i] = np.median(np.append(np.delete(residual[rows], k), 0))
    return shared.clip(-SHARED, SHARED)


def _factor(field, flux, log, spread):
    """Repair by the one factor that leaves less than 1.5 spreads, while no other leaves 2.5."""
    left = {
        sign * factor: abs(log - sign * np.log(factor)) / spread
        for factor in FACTORS for sign in (1, -1)
    }
    best = min(left, key=left.get)
    rivals = [v for k, v in left.items() if k != best]
    if left[best] > 1.5 or min(rivals) < 2.5:
        return ""
    return f"{field}={number_text(flux / best if best > 0 else -flux * best)}"


def _times(log):
    """In words, how far the middle record of a study is off."""
    times, than = np.exp(abs(log)), "above" if log > 0 else "below"
    return f"a factor of {times:,.1f} {than} that in the middle"


def _texts(values):
    return [f"{number_text(v)} g C m-2 yr-1" for v in values]
