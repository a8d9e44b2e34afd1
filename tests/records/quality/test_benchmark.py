"""Tests of benchmark."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from made_records import made, table

from soilresp.errors import ParameterError
from soilresp.records.quality import (
    benchmark,
)
from soilresp.records.quality.benchmark import HALVES, MARKS, WAYS
from soilresp.records.quality.evidence import FIELDS
from soilresp.records.srdb import load_srdb


def test_clean_records():
    """No flag, Q0 or Q01, with blanks or without; anything else is doubt."""
    own = table(*({"Quality_flag": q} for q in ("", " ", "Q0", "Q01 ", "Q1", "Q01,Q2", np.nan)))
    assert benchmark.clean_records(own).tolist() == [True] * 5 + [False] * 2 + [True]


@pytest.mark.parametrize("seed, tuning", [(0, {6, 1, 3}), (1, {1, 3, 5})])
def test_members_of_the_halves(seed, tuning):
    """Seven studies give three for tuning, the same for a seed ever again."""
    own = table(*({"Study_number": s} for s in (7, 6, 5, 4, 3, 2, 1, 1, 2)), {"Study_number": 7})
    own = own.iloc[1:]
    half = benchmark.half_of(own, seed)
    assert set(own["Study_number"][half == "tuning"]) == tuning
    assert set(half) == set(HALVES)
    assert half.index.tolist() == own.index.tolist()


class Draws:
    """Numbers that are drawn as they are listed; permutations leave everything in its order."""

    def __init__(self, random=(), integers=()):
        self._random, self._integers, self.asked = list(random), list(integers), []

    def random(self):
        """The next number."""
        return self._random.pop(0)

    def integers(self, n):
        """The next integer; what was asked for is kept."""
        self.asked.append(n)
        return self._integers.pop(0)

    def permutation(self, rows):
        """The rows as they are."""
        return rows


@pytest.mark.parametrize("value, random, integers, found, asked", [
    (612.5, [0.4], [0], 162.5, [3]), (612.5, [0.4], [1], 621.5, [3]),
    (612.5, [0.4], [2], 621.5, [3]), (-612.5, [0.4], [0], -162.5, [3]),
    (612.5, [0.5], [1, 9], 692.5, [3, 10]), (612.5, [0.6], [2, 0], 610.5, [3, 10]),
    (7.25, [], [0, 3], 3.25, [1, 10]), (45.0, [0.4], [1], 54.0, [2]),
    (45.0, [0.4], [0], 54.0, [2]), (-45.0, [0.6], [0, 9], -95.0, [2, 10]),
    (0.4, [], [0, 2], 2.4, [1, 10]),
])
def test_mistyped_numbers(value, random, integers, found, asked):
    """Two neighbours before the point exchanged, or one digit replaced; the sign stays."""
    rng = Draws(random, integers)
    assert benchmark._mistype(value, rng) == found
    assert rng.asked == asked


def change(way, rng, **changes):
    """The change of one record in a way."""
    return benchmark._change(made(changes), 0, WAYS[way], rng)


@pytest.mark.parametrize("way, factor", [(4, 3.67), (5, 10), (6, 100), (7, 365)])
def test_fluxes_by_a_factor(way, factor):
    """All fluxes that are given, up below one half, down from there on."""
    up, direction = change(way, Draws([0.49]), Ra_annual=np.nan)
    assert direction == "times"
    assert up == {
        "Rs_annual": pytest.approx(600 * factor), "Rh_annual": pytest.approx(360 * factor)}
    down, direction = change(way, Draws([0.5]), Ra_annual=np.nan)
    assert direction == "divided"
    assert down == {
        "Rs_annual": pytest.approx(600 / factor), "Rh_annual": pytest.approx(360 / factor)}
    assert set(change(way, Draws([0.5]))[0]) == {"Rs_annual", "Rh_annual", "Ra_annual"}


def suspicion(row, score, value="v", test="t", field="f", repair=""):
    """One flag, as a row of a table."""
    return pd.DataFrame(
        [[row + 1, 10, test, field, value, "e", score, repair]], columns=list(FIELDS), index=[row])


@pytest.mark.parametrize("repairs, restored", [
    ((), False), ([""], False), (["Rs_annual=600"], True), (["Rs_annual=605"], True),
    (["Rs_annual=607"], False), (["Rs_annual=595"], True), (["Rs_annual=593"], False),
    (["Rs_annual=606"], False), (["Rs_annual=600; Rh_annual=360"], True),
    (["Rs_annual=600; Rh_annual=300"], False), (["Rs_annual=300; Rh_annual=360"], False),
    (["Rs_annual=300", "Rs_annual=600"], True), (["", "Rs_annual=600"], True),
    (["Latitude=50.95; Longitude=13.55"], True), (["Latitude=-50.95; Longitude=13.55"], False),
    (["Latitude=50.95; Longitude=-13.55"], False), (["Ra_annual=5"], False),
    # A field that slips are not made in does not matter, nor does one that was zero.
    (["RC_annual=0.9; Rs_annual=600"], True), (["RC_annual=0.9; Rs_annual=60"], False),
    (["Latitude=50.95; Longitude=13.55; Rs_annual=60"], False),
])
def test_repairs_that_restore(repairs, restored):
    """Every field that one repair names is within a hundredth of what it was."""
    own = table({"Ra_annual": np.nan})
    assert benchmark._restores(own, 1, repairs) is restored


def test_alarms_on_clean_records():
    """Shares of clean records and of those with a flux, by test; remarks are no alarms."""
    none = {"Rs_annual": np.nan, "Rh_annual": np.nan}
    own = made({}, {}, {**none, "Rh_annual": 0.5}, {**none, "Rs_annual": 0.5},
               {"Rs_annual": 0.0, "Rh_annual": 0.0}, none, {}, {})
    clean = pd.Series([True] * 6 + [False] * 2)
    flags = pd.concat([
        suspicion(0, 0.5, test="a"), suspicion(0, 0.9, test="b"), suspicion(1, 0.49, test="b"),
        suspicion(4, 0.8, test="b"), suspicion(6, 0.9, test="b"), suspicion(5, 0.9, test="b"),
        suspicion(2, 0.1, test="c")])
    found = benchmark._alarms(own, flags, clean)
    assert found.index.tolist() == ["all tests", "b", "a"] or \
        found.index.tolist() == ["b", "all tests", "a"]
    assert found.index.name == "test"
    # Of six clean records, 0, 4 and 5 are suspected; of 0 to 3, which have a flux, only 0 is.
    for name in ("all tests", "b"):
        assert found.loc[name].tolist() == [3, 0.5, 0.25]
    assert found.loc["a"].tolist() == [1, pytest.approx(1 / 6), 0.25]
    assert found["suspected"].dtype == int


@pytest.mark.parametrize("options, message", [
    ({"half": "both"}, "half must be one of tuning, evaluation, got 'both'."),
    ({"n": 15}, "n must be a multiple of rounds, 10, got 15."),
    ({"n": 3, "rounds": 2}, "n must be a multiple of rounds, 2, got 3."),
])
def test_what_the_benchmark_refuses(options, message):
    """A half that is none, and records that do not fit the rounds."""
    with pytest.raises(ParameterError) as refused:
        benchmark.benchmark(table(), **options)
    assert message in str(refused.value)


def run(monkeypatch, **options):
    """A benchmark whose tests say what is written here, and what it asked for."""
    asked = SimpleNamespace(clean=[], corrupt=[], check=[])
    records = table(*({"Study_number": k} for k in range(1, 8)))

    def pool_of(own, clean, way):
        asked.clean.append(clean)
        return np.arange(5)

    def corrupt_some(own, pools, n, rng):
        asked.corrupt.append((n, rng.random()))
        labels = pd.DataFrame(
            {"way": [WAYS[0], WAYS[0], WAYS[5], WAYS[5]],
             "direction": ["", "", "times", "divided"]},
            index=pd.Index([1, 2, 3, 4], name="row"))
        return own.table.assign(Country="France"), labels

    def say(given, climate):
        asked.check.append((given["Country"].iloc[0], climate))
        known = suspicion(3, 0.9)
        if len(asked.check) == 1:
            return pd.concat([known, suspicion(5, 0.9)])
        return pd.concat([
            suspicion(1, 0.5, repair="Rs_annual=600"), suspicion(2, 0.49), known,
            suspicion(4, 0.9, value=f"new {len(asked.check)}", repair="Rs_annual=5")])

    monkeypatch.setattr(benchmark, "_pool", pool_of)
    monkeypatch.setattr(benchmark, "_corrupt", corrupt_some)
    monkeypatch.setattr(benchmark, "check_records", say)
    found, alarms = benchmark.benchmark(records, **options)
    return records, asked, found, alarms


def test_what_counts_as_found(monkeypatch):
    """A suspicion that was not there before, on the record that was corrupted."""
    records, asked, found, alarms = run(monkeypatch, n=8, rounds=4)
    # Of rows 1 and 2 the first; of 3 and 4 the second, as what is said of 3 was known.
    assert found.loc[[WAYS[0], WAYS[5]], "found"].tolist() == [0.5, 0.5]
    assert found.loc[WAYS[5], ["times", "divided"]].tolist() == [0.0, 1.0]
    assert found.loc[[WAYS[0], WAYS[5]], "repaired"].tolist() == [0.5, 0.0]
    assert found.loc[[WAYS[0], WAYS[5]], "corrupted"].tolist() == [8, 8]
    assert asked.check == [("Germany", None)] + [("France", None)] * 4
    rng = np.random.default_rng([0, 5])
    assert asked.corrupt == [(2, rng.random()) for _ in range(4)]
    assert len(asked.clean) == 10
    due = benchmark.half_of(records) == "evaluation"
    assert asked.clean[0].tolist() == due.tolist()
    # What was said before, of rows 3 and 5, is the false alarm.
    assert alarms.loc["all tests", "suspected"] == due[[3, 5]].sum()


@pytest.mark.real
@pytest.mark.slow
def test_known_slips_are_found(real_input):
    """A tenth of the benchmark on studies that no limit was set on meets the marks."""
    from soilresp.records.quality.benchmark import FALSE_ALARMS, benchmark

    records = load_srdb(real_input("srdb"), strip=False)
    found, alarms = benchmark(records, n=50, rounds=1)
    for name, (_, mark) in MARKS.items():
        assert found.loc[f"together: {name}", "found"] >= mark
    assert alarms.loc["all tests", "of clean"] <= FALSE_ALARMS
