"""Tests of the annual fluxes against seasonal rates and against comparable records."""

import numpy as np
import pandas as pd

from soilresp.records.quality.climate import left_out
from soilresp.records.quality.evidence import FACTORS, Flag, flux_text, number_text, score

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
    """Compare a year's SR with that of a year at the seasonal rates of the same row.

    A growing-season rate, kept up for a year, gives somewhat more than SR, a
    winter rate less. Each season has its own range, from the records
    themselves; it is two to three times wider than nearly all of them need.
    """
    sr = evidence.number("Rs_annual")
    for field, (usual, width) in SEASONS.items():
        rate = evidence.number(field)
        due = (rate * ANNUAL * usual).where((rate > 0) & (sr > 0))
        suspicion = score(np.log(sr / due).abs(), np.log(width))
        for r in suspicion.index[suspicion >= 0.45]:
            yield Flag(
                r, "SR against the season's rate", f"Rs_annual, {field}",
                f"SR {flux_text(sr[r])}, {field} {number_text(rate[r])} umol m-2 s-1",
                f"SR of about {due[r]:,.0f} g C m-2 yr-1 from that rate", suspicion[r],
            )


def comparable_records(evidence):
    """Compare a flux with those of comparable records of other studies and of its own study.

    A forest learns the logarithm of each flux from climate, vegetation and
    treatment, and predicts every record from other studies. What the other
    records of the study share of the residual is taken off. The rest, in
    robust standard deviations, is compared with `LIMITS`. AR is not
    looked at: with few records and no SR it is anything, with SR and HR it is
    a sum.
    """
    for field, symbol in FLUXES.items():
        table = expected_fluxes(evidence, field)
        suspicion = score(table["z"].abs(), table["limit"])
        for r in table.index[suspicion >= 0.45]:
            log, rest, n = table["log"][r], table["rest"][r], int(table["others"][r])
            own = f", and {n} other{'s' * (n > 1)} of its study," if n else ""
            yield Flag(
                r, "flux against comparable records", field, flux_text(np.exp(log)),
                f"{symbol} of about {np.exp(log - rest):,.0f} g C m-2 yr-1, "
                f"as comparable records{own} have", suspicion[r],
                _factor(field, np.exp(log), rest, table["spread"][r])
                if suspicion[r] >= 0.5 else "",
            )


def whole_study(evidence):
    """Find studies of two records or more that are displaced, as a whole, by a constant factor.

    The median departure of a study's records from other studies is compared with 4.4
    robust standard deviations.
    """
    for field, symbol in FLUXES.items():
        table = expected_fluxes(evidence, field)
        study = evidence.study[table.index]
        size = study.map(study.value_counts())
        middle = table["residual"].groupby(study).transform("median")
        suspicion = score(middle.abs() / SPREAD[0], STUDY_LIMIT)
        for r in table.index[(suspicion >= 0.45) & (size >= 2)]:
            flux, than = np.exp(table["log"][r]), "above" if middle[r] > 0 else "below"
            yield Flag(
                r, "study displaced by a factor", field, flux_text(flux),
                f"{symbol} of about {flux / np.exp(middle[r]):,.0f} g C m-2 yr-1, as comparable "
                f"records of other studies have; the {size[r]} records of this one are a factor "
                f"of {np.exp(abs(middle[r])):,.1f} {than} that in the middle", suspicion[r],
                _factor(field, flux, middle[r], SPREAD[0] / 2) if suspicion[r] >= 0.5 else "",
            )


def expected_fluxes(evidence, field):
    """Estimate a flux from comparable records and the other records of its study.

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
        columns = ["log", "residual", "others", "rest", "spread", "z", "limit"]
        return pd.DataFrame(columns=columns, dtype=float)
    table["residual"] = log - left_out(_features(evidence)[known], log, study)
    table["others"] = study.map(study.value_counts()) - 1
    table["rest"] = table["residual"] - _shared(table["residual"].to_numpy(), study.to_numpy())
    size = np.digitize(table["others"], [1, 3, 10])
    table["spread"], table["limit"] = np.array(SPREAD)[size], np.array(LIMITS)[size]
    table["z"] = table["rest"] / table["spread"]
    evidence.memo[field] = table
    return table


def _features(evidence):
    """Return predictors of a flux: climate, greenness and the record's own description."""
    x = evidence.cells.assign(latitude=evidence.number("Latitude").abs())
    for name in ("MAT", "MAP", "Elevation"):
        x[f"reported_{name}"] = evidence.number(name)
    for name in _WORDS:
        words = evidence.text(name)
        x[name] = pd.Categorical(words, categories=sorted(words.dropna().unique())).codes
    x["untreated"] = (evidence.text("Manipulation") == "None").astype(float)
    return x.fillna(-99)


def _shared(residual, study):
    """Return the residual that a study's other records share: the median of them and of zero.

    Zero draws it towards none, and keeps an error in one record from falling on
    the others; the bound does so where there is only one other.
    """
    shared = np.zeros(len(residual))
    for rows in pd.Series(study).groupby(study).indices.values():
        for k, i in enumerate(rows):
            shared[i] = np.median(np.append(np.delete(residual[rows], k), 0))
    return shared.clip(-SHARED, SHARED)


def _factor(field, flux, log, spread):
    """Return the repair by the one factor that leaves 1.5 spreads or less; no other leaves 2.5."""
    left = {
        sign * factor: abs(log - sign * np.log(factor)) / spread
        for factor in FACTORS for sign in (1, -1)
    }
    best = min(left, key=left.get)
    rivals = [v for k, v in left.items() if k != best]
    if left[best] > 1.5 or min(rivals) < 2.5:
        return ""
    return f"{field}={number_text(flux / best if best > 0 else -flux * best)}"
