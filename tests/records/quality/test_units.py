"""Tests of the checks of units."""

import math

import numpy as np
import pandas as pd
import pytest
from made_records import flagged, made

from soilresp.records.quality import evidence, units
from soilresp.records.srdb import load_srdb

CO2 = math.log(44 / 12)
YEAR = 12.011e-6 * 31_557_600
"""g C m-2 in a year of 365.25 days at 1 umol CO2 m-2 s-1."""


def departing(sr, hr=None, studies=None, **fields):
    """Evidence of records whose SR, and HR, depart so far from comparable ones of 700 and 350."""
    rows = [{"Study_number": s, "Rs_growingseason": None, "Rs_annual": 700 * math.exp(d),
             "Ra_annual": np.nan, "Rh_annual": np.nan, **fields}
            for d, s in zip(sr, studies or [7] * len(sr))]
    for row, d in zip(rows, hr or ()):
        row["Rh_annual"] = 350 * math.exp(d)
    own = made(*rows, MAT=[8.0] * len(rows))
    for field, values in {"Rs_annual": sr, "Rh_annual": hr or []}.items():
        known = pd.DataFrame({"residual": values}, own.table.index[: len(values)], dtype=float)
        own.memo[f"{field} by study"] = known.assign(
            study=own.study[known.index], spread=0.45 if field == "Rs_annual" else 0.6)
    return own


def suspects(test, own):
    """Rows that a test suspects."""
    found = flagged(test, own)
    return found[found["score"] >= 0.5]


@pytest.mark.parametrize("unit", units.UNITS)
def test_a_record_in_another_unit(unit):
    """One of twelve records of a study differs by the factor; its fluxes are all repaired."""
    log = math.log(units.UNITS[unit][0])
    own = departing([0, 0, log, *[0] * 9], [0, 0, log, *[0] * 9])
    found = suspects(units.unit_of_record, own)
    if not unit.startswith("mg"):  # rare slips of moderate factors need more evidence
        assert found.index.tolist() == [2] and unit in found["expected"].iloc[0]
    assert found["repair"].isin(["Rs_annual=700; Rh_annual=350", ""]).all()
    assert suspects(units.unit_of_study, own).empty


@pytest.mark.parametrize("departures", [[0, 0.6, 1.3, 1.2, -0.3], [1.3] * 5, [0, 0.2, 0.5]])
def test_records_that_another_of_the_study_resembles(departures):
    """A treated pair, or a study that is high throughout, is no slip of one record."""
    assert suspects(units.unit_of_record, departing(departures)).empty


def test_a_study_in_co2():
    """SR and HR are both high by the factor; low values and SR alone are not enough."""
    both = suspects(units.unit_of_study, departing([1.3, 1.1, 1.35], [1.4, 1.2, 1.3]))
    assert both.index.tolist() == [0, 1, 2]
    assert f"Rs_annual={700 * math.exp(1.3) * 12 / 44:.8g}; Rh_annual=" in both["repair"].iloc[0]
    for sr, hr in (([1.3, 1.1], None), ([-CO2] * 3, [-CO2] * 3), ([0.2] * 3, [0.1] * 3)):
        assert suspects(units.unit_of_study, departing(sr, hr)).empty


@pytest.mark.parametrize("rate, decides", [(0.73, True), (0.73 * 44 / 12, False)])
def test_rates_and_sums_decide(rate, decides):
    """A seasonal rate that fits SR in carbon adds to a doubt; one that fits the entry ends it."""
    # A year at the rate times 0.73 is the carbon of a mass of CO2, or the entry itself.
    fields = {"Rs_growingseason": 700 / YEAR / 0.73 * rate / 0.73}
    high = departing([CO2] * 2, [CO2] * 2, **fields)
    assert (len(suspects(units.unit_of_study, high)) == 2) == decides
    one = departing([CO2], **fields)
    assert (len(suspects(units.unit_of_study, one)) == 1) == decides
    # GPP that fits CO2 says nothing for a study: it may be in the same unit.
    doubtful = departing([CO2] * 2, [CO2] * 2, GPP=700 * 44 / 12 / 0.48)
    assert len(suspects(units.unit_of_study, doubtful)) == 2


@pytest.mark.parametrize("departure", [200.0, -200.0])
def test_impossible_fluxes(departure):
    """A ratio of likelihoods is a number even where both underflow."""
    for spread in (0.2, 0.6):
        assert np.isfinite(units._ratio(np.array([departure]), spread, CO2)).all()


def test_comparable_records_must_agree():
    """Rates alone do not make a whole study a mass of CO2."""
    fields = {"Rs_growingseason": 0.2, "Rs_wet": 0.2, "Rs_dry": 0.1}
    assert suspects(units.unit_of_study, departing([0.1] * 3, **fields)).empty


@pytest.mark.parametrize("mean, warmest, coldest, q10", [
    (10, 10, 10, 3.0), (8, 17, -1, 2.0), (25, 28, 22, 4.5),
])
def test_a_year_at_a_temperature_response(mean, warmest, coldest, q10):
    """Equals the mean of R10 Q10^((T - 10) / 10) over a sine of temperature."""
    own = made({"MAT": mean}, MAT=[99.0], warmest=[warmest], coldest=[coldest])
    own.responses = pd.DataFrame({"R10": [1.5], "Q10": [q10]})
    angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    t = mean + (warmest - coldest) / 2 * np.sin(angle)
    expected = YEAR * 1.5 * np.mean(q10 ** ((t - 10) / 10))
    assert units._respired(own)[0] == pytest.approx(expected, rel=1e-9)


def test_responses_of_records(tmp_path, monkeypatch):
    """Medians by record; Q10 of the widest range given, in bounds; none in a table of one's own."""
    path = tmp_path / "fits.csv"
    pd.DataFrame(
        [[1, 2.0, 3.0, None], [1, 4.0, 3.4, None], [3, -1.0, None, 9.0], [4, 1.0, None, None]],
        columns=["Record_number", "R10", "Q10_0_20", "Q10_other1"],
    ).reindex(columns=["Record_number", "R10", *evidence._Q10]).to_csv(path, index=False)
    monkeypatch.setattr(evidence.fetch, "is_available", lambda name: name == "srdb_equations")
    monkeypatch.setattr(evidence.fetch, "locate", lambda name: type("Found", (), {"path": path}))
    own = made(*[{"Author": "Made"}] * 4).responses
    np.testing.assert_allclose(own, [[3.0, 3.2], [np.nan] * 2, [np.nan, 5.0], [1.0, 2.4]])
    assert made({}).responses.isna().all(axis=None)


def test_one_vote_a_study():
    """The nearest studies of the same vegetation count once each, and the own study not."""
    kinds = [*["Forest"] * 40, *["Grassland"] * 40, *["Forest"] * 100]
    studies = [*range(80), *[80] * 100]
    own = made(*({"Study_number": s, "Ecosystem_type": k} for s, k in zip(studies, kinds)),
               MAT=[8.0] * 180)
    log = np.log([900.0] * 40 + [100.0] * 40 + [9000.0] * 100)
    found = units._nearest(own, pd.DataFrame({"log": log, "study": own.study}))
    assert np.exp(found) == pytest.approx([900.0] * 40 + [100.0] * 40 + [900.0] * 100)


@pytest.mark.parametrize("flux, rate", [
    (3364.2, "8.9"), (204.35, "0.54"), (756.0, "2"), (568.5, "1.5"), (2172.2, "5.74"),
    (600.0, None), (-756.0, None), (0.001, None), (759.78, "2.01"), (760.0, None),
])
def test_round_rates(flux, rate):
    """A rate of two decimals (one, if the flux is whole) times 378, 378.4 or 379 is remarked."""
    found = flagged(units.round_rates, made({"Rs_annual": flux, "Annual_coverage": 0.42}))
    assert found.empty == (rate is None)
    if rate:
        assert len(found) == 1 and found["score"].iloc[0] < 0.5
        assert f"{rate} umol" in found["expected"].iloc[0] and "42%" in found["expected"].iloc[0]


@pytest.mark.real
@pytest.mark.slow
def test_confirmed_slips_are_found(real_input):
    """Records that publications show to be in CO2 are suspected, with carbon as the repair."""
    real_input("srdb_equations")
    own = evidence.Evidence(load_srdb(real_input("srdb"), strip=False))
    found = suspects(units.unit_of_study, own).set_index("record")
    slips = {5994: 873, 5995: 1061, 5996: 960, 5997: 1129, 8605: 889, 8606: 1053, 8285: 587,
             8286: 1154}
    for record, carbon in slips.items():
        value = float(found.loc[record, "repair"].partition(";")[0].removeprefix("Rs_annual="))
        assert value == pytest.approx(carbon, abs=0.6)
    assert flagged(units.round_rates, own)["field"].value_counts().to_dict() == {
        "Rs_annual": 281, "Rh_annual": 46}
