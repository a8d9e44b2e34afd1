"""Tests of the units of annual fluxes: factors between units, and mean rates taken for a year."""

import numpy as np
import pandas as pd

from soilresp.records.quality.evidence import Flag, flux_text, number_text, score
from soilresp.records.quality.fluxes import ANNUAL, FLUXES, SEASONS, expected_fluxes

__all__ = ["UNITS", "round_rates", "unit_of_record", "unit_of_study"]

UNITS = {
    "g CO2 m-2 yr-1": (44 / 12, 0.0),
    "g C m-2 yr-1, multiplied by 12/44 as if it were CO2": (12 / 44, -0.8),
    "mg C m-2 d-1": (1 / 0.365, -2.5),
    "mg C m-2 h-1": (1 / 8.766, -2.5),
    "t C ha-1 yr-1": (1 / 100, -2.5),
    "umol CO2 m-2 s-1": (1 / ANNUAL, -2.5),
}
"""Units that a flux may be entered in: the factor by which it then differs from g C m-2 yr-1, and
the log of how common that slip is, next to CO2 taken for carbon."""

RECORD_LIMIT, STUDY_LIMIT = 4.2, 3.5
"""Log-likelihood ratios at which a record or a study becomes suspicious."""

WHOLE_YEAR = (378.0, 378.432, 379.0)
"""g C m-2 yr-1 of a year at 1 umol CO2 m-2 s-1, as authors round it."""

R10 = (0.89, 0.30)
"""Median of SR over a year at a study's own temperature response, and the spread of its log."""

SUMS = {
    # Median of SR and of HR over another annual flux, and the spread of the logarithm.
    "GPP": ((0.48, 0.44), (0.30, 0.48)),
    "ER": ((0.62, 0.32), (0.31, 0.47)),
    "NPP": ((1.16, 0.70), (0.65, 0.64)),
    "TBCA": ((1.28, 0.31), (0.73, 0.44)),
}

SPREAD = ((200, 450, 700, 1000, 1300), (0.85, 0.60, 0.47, 0.42, 0.38))
"""Expected fluxes (g C m-2 yr-1), and the spread of the logs of studies around them."""

SIBLING = 0.2
"""Spread of the logs of records of one study around each other, where they are alike."""

_CO2 = "g CO2 m-2 yr-1"
_NEAREST = 25
_TEST = "unit of the flux"


def unit_of_record(evidence):
    """Find records whose fluxes fit much better in another unit than their study's other records.

    Each unit is a hypothesis: SR and HR are too high or too low by its factor. Its likelihood is
    compared with that of no slip, given the other records of the study and comparable records of
    other studies, SR over a year at the study's own temperature response (R10, Q10) and at its
    seasonal rates, and the ratio to GPP, ER, NPP and TBCA. No evidence alone can decide against
    all others. The logarithm of the ratio, less for slips that are rarer than CO2 taken for carbon,
    is compared with 4.2.
    """
    ratios = {}
    for unit, (factor, common) in UNITS.items():
        log, parts = np.log(factor), []
        for field in FLUXES:
            table = _residuals(evidence, field)
            parts.append(_against_siblings(table, log).reindex(evidence.table.index))
        rates, sums = _support(evidence, log)
        ratios[unit] = pd.concat(parts, axis=1).mean(axis=1) + rates + sums + common
    yield from _flags(evidence, pd.DataFrame(ratios), RECORD_LIMIT, "record")


def unit_of_study(evidence):
    """Find studies whose fluxes, as a whole, are a mass of CO2 and not of carbon.

    The medians of a study's departures, SR and HR, from comparable records of other studies and
    of its rates are compared as in the test of records, without what its records say of each
    other; comparable records must favour CO2 themselves. GPP and other sums may be in the wrong
    unit too, so they can add to the suspicion and not lessen it. Only values too high by 44/12
    are looked for: sums of a part of the year, and dry or cold places, are often as much too low.
    The logarithm of the ratio is compared with 3.5.
    """
    log, parts = np.log(UNITS[_CO2][0]), []
    for field in FLUXES:
        table = _residuals(evidence, field)
        middle = table.groupby("study")["residual"].transform("median")
        parts.append(_ratio(middle, table["spread"], log).reindex(evidence.table.index))
    rates, sums = _support(evidence, log)
    other = (rates + sums.clip(lower=0)).groupby(evidence.study).transform("median")
    comparable = _pooled(pd.concat(parts, axis=1))
    ratio = comparable.where(comparable > 0) + other
    ratio = ratio.groupby(evidence.study).transform("median").where(ratio.notna())
    yield from _flags(evidence, ratio.to_frame(_CO2), STUDY_LIMIT, "study")


def round_rates(evidence):
    """Remark fluxes that are a round rate in umol CO2 m-2 s-1 kept up for a whole year.

    The rate has two decimals and agrees to the last digit of the flux, or one where the flux is
    a whole number. Few such fluxes arise by chance. Where the measurements cover a part of the
    year, the mean rate is likely that of the warm season, and the flux too high.
    """
    coverage = evidence.number("Annual_coverage")
    for field in FLUXES:
        flux = evidence.number(field)
        flux = flux[flux > 0]
        digits = np.where(flux == flux.round(), 10, 100)
        for year in WHOLE_YEAR:
            rate = (flux / year * digits).round() / digits
            hit = ((flux - rate * year).abs() <= 0.005) & (rate > 0)
            for r in flux.index[hit]:
                known = f"{coverage[r]:.0%} of the year" if coverage[r] > 0 else "an unknown part"
                yield Flag(
                    r, "a round rate for a whole year", field, flux_text(flux[r]),
                    f"a sum over the year; this is {number_text(rate[r])} umol m-2 s-1 x "
                    f"{year:.0f}, and the measurements cover {known}", 0.4,
                )
            flux, digits = flux[~hit], digits[~hit]


def _flags(evidence, ratios, limit, who):
    """Flag records by the unit of the largest ratio; repair them where no other is near it."""
    ratios = ratios.dropna(how="all")
    best = ratios.max(axis=1)
    suspicion = score(best.clip(lower=0), limit)
    for r in best.index[suspicion >= 0.47]:
        unit = ratios.loc[r].idxmax()
        known = {f: evidence.number(f)[r] for f in ("Rs_annual", "Rh_annual", "Ra_annual")}
        known = {f: v for f, v in known.items() if np.isfinite(v)}
        factor, rivals = UNITS[unit][0], ratios.loc[r].drop(unit)
        clear = suspicion[r] >= 0.5 and not (rivals > best[r] - 1).any()
        first = next(f for f in FLUXES if known.get(f, 0) > 0)
        yield Flag(
            r, _TEST, ", ".join(f for f in known if f in FLUXES),
            ", ".join(f"{FLUXES[f]} {flux_text(v)}" for f, v in known.items() if f in FLUXES),
            f"{FLUXES[first]} of about {known[first] / factor:,.0f} g C m-2 yr-1; the fluxes of "
            f"the {who} fit much better in {unit}", suspicion[r],
            "; ".join(f"{f}={number_text(v / factor)}" for f, v in known.items())
            if clear else "",
        )


def _residuals(evidence, field):
    """Return departures of log fluxes from comparable records of other studies, with their spread.

    What is expected is the mean of the forest of `expected_fluxes`, which weighs records alike,
    and of the median of the 25 nearest studies, which have one vote each.
    """
    key = f"{field} by study"
    if key not in evidence.memo:
        table = expected_fluxes(evidence, field)[["log", "residual"]].copy()
        table["study"] = evidence.study[table.index]
        if len(table):
            table["residual"] = (table["residual"] + table["log"] - _nearest(evidence, table)) / 2
        expected = np.log(SPREAD[0])
        table["spread"] = np.interp(table["log"] - table["residual"], expected, SPREAD[1])
        evidence.memo[key] = table
    return evidence.memo[key]


def _nearest(evidence, table):
    """Return the median log flux of the nearest studies in climate, vegetation and place."""
    cells = evidence.cells
    x = pd.DataFrame({
        "MAT": evidence.number("MAT").fillna(cells["MAT"]) / 6,
        "MAP": np.log(evidence.number("MAP").fillna(cells["MAP"]).clip(lower=50)) / 0.5,
        "range": (cells["warmest"] - cells["coldest"]) / 12, "ndvi": cells["ndvi"] * 5,
        "lat": evidence.number("Latitude") / 10, "lon": evidence.number("Longitude") / 15,
    }).loc[table.index]
    features = list(x)
    x = x.fillna(x.median())
    words = evidence.text("Ecosystem_type").fillna("") + evidence.text("Leaf_habit").fillna("")
    x["log"], x["study"], x["class"] = table["log"], table["study"], words[table.index]
    votes = x.groupby(["study", "class"], as_index=False).median()
    places, points = votes[features].to_numpy(), x[features].to_numpy()
    logs, out = votes["log"].to_numpy(), np.empty(len(x))
    for i, (own, word) in enumerate(zip(x["study"], x["class"])):
        away = (places - points[i]) ** 2
        # Beyond some 20 degrees, one place is as far as another.
        away = away[:, :4].sum(axis=1) + away[:, 4:].sum(axis=1).clip(max=3)
        away += 1.5 * (votes["class"] != word).to_numpy()
        away[(votes["study"] == own).to_numpy()] = np.inf
        out[i] = np.median(logs[np.argpartition(away, _NEAREST)[:_NEAREST]])
    return out


def _against_siblings(table, log):
    """Return ratios given comparable records, and three times each other record of the study."""
    out = pd.Series(np.nan, index=table.index)
    for rows in table.groupby("study").groups.values():
        own, spread = table.loc[rows, "residual"].to_numpy(), table.loc[rows, "spread"].to_numpy()
        away = own[:, None] - own
        odds = []
        for shift in (log, 0.0):
            others = _density(away - shift, SIBLING)
            np.fill_diagonal(others, 0)
            odds.append(_density(own - shift, spread) + 3 * others.sum(axis=1))
        out[rows] = np.log(odds[0] / odds[1])
    return out


def _support(evidence, log):
    """Return ratios given rates and annual sums of other fluxes of a record; 0 where none is."""
    sr, hr = (evidence.number(f).where(evidence.number(f) > 0) for f in FLUXES)
    rates = [_ratio(np.log(sr / _respired(evidence) / R10[0]), R10[1], log)]
    for field, (usual, width) in SEASONS.items():
        rate = evidence.number(field)
        departure = np.log(sr / (rate.where(rate > 0) * ANNUAL * usual))
        rates.append(_ratio(departure, np.log(width) / 4.5, log))
    sums = []
    for field, usual in SUMS.items():
        known = evidence.number(field)
        for flux, (share, spread) in zip((sr, hr), usual):
            sums.append(_ratio(np.log(flux / known.where(known > 0) / share), spread, log))
    return [
        _pooled(pd.concat(ratios, axis=1).clip(-cap, cap)).fillna(0)
        for ratios, cap in ((rates, 4), (sums, 2))
    ]


def _respired(evidence):
    """Return SR of a year at R10 and Q10 of the record's own temperature response, or NaN.

    The temperature is a sine around the reported mean, as wide as the year of the cell.
    """
    known, cells = evidence.responses, evidence.cells
    mat = evidence.number("Study_temp").fillna(evidence.number("MAT")).fillna(cells["MAT"])
    steep = np.log(known["Q10"]) / 10
    wave = np.i0((steep * (cells["warmest"] - cells["coldest"]) / 2).fillna(0).to_numpy())
    return ANNUAL * known["R10"] * np.exp(steep * (mat - 10)) * wave


def _density(departure, spread):
    """Return the density of a departure: normal, and one in twenty from a much wider normal.

    It is never zero, however far the departure.
    """
    narrow = np.exp(-0.5 * (departure / spread) ** 2) / spread
    return 0.95 * narrow + 0.05 * np.exp(-0.5 * (departure / 1.5) ** 2) / 1.5 + 1e-30


def _ratio(departure, spread, log):
    """Return the log-likelihood ratio of a departure with and without a shift by `log`."""
    return np.log(_density(departure - log, spread) / _density(departure, spread))


def _pooled(ratios):
    """Sum ratios that are not independent: n alike count as the square root of n."""
    return ratios.sum(axis=1, min_count=1) / ratios.notna().sum(axis=1).clip(lower=1) ** 0.5
