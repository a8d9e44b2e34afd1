"""Recall of injected faults."""

import numpy as np
import pytest
from made_records import made, table

from soilresp.errors import DataError, ParameterError
from soilresp.records.quality import benchmark, check_records, coordinates, fluxes, partition
from soilresp.records.quality.benchmark import HALVES, MARKS, WAYS
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
    """Numbers that are drawn as they are listed."""

    def __init__(self, random, integers):
        self._random, self._integers, self.asked = list(random), list(integers), []

    def random(self):
        """Return the next number."""
        return self._random.pop(0)

    def integers(self, n):
        """Return the next integer; keep what was asked for."""
        self.asked.append(n)
        return self._integers.pop(0)


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


@pytest.mark.parametrize(("repairs", "restored"), [
    ((), False), ([""], False), (["Rs_annual=605"], True), (["Rs_annual=607"], False),
    (["Rs_annual=595"], True), (["Rs_annual=593"], False), (["Rs_annual=606"], False),
    (["Rs_annual=600; Rh_annual=300"], False), (["Rs_annual=300", "Rs_annual=600"], True),
    (["Latitude=50.95; Longitude=-13.55"], False), (["Ra_annual=5"], False),
    # Faults are injected in neither RC nor a flux of zero.
    (["RC_annual=0.9; Rs_annual=600"], True), (["MAT=9; Rs_annual=60"], False),
])
def test_repairs_that_restore(repairs, restored):
    """Every field that one repair names is within a hundredth of what it was."""
    assert benchmark._restores(table({"Ra_annual": np.nan}), 1, repairs) is restored


@pytest.fixture
def recall(monkeypatch):
    """Return the benchmark of made records, by the tests that need no forest."""
    rng, rows = np.random.default_rng(0), []
    for study in range(40):
        lat, lon, sr = rng.uniform(47, 53), rng.uniform(8, 14), 600 + 5 * study
        rows += [{"Study_number": study, "Latitude": round(lat, 2), "Longitude": round(lon, 2),
                  "Rs_annual": sr, "Ra_annual": 0.4 * sr, "Rh_annual": 0.6 * sr}] * 3
    rows += [{"Study_number": 40 + k, "Rs_annual": -30.0 * (k % 2), "Rh_annual": np.nan,
              "Ra_annual": np.nan} for k in range(20)]
    tests = (coordinates.outside_country, coordinates.in_the_sea, partition.negative,
             partition.part_above_whole, partition.sum_of_parts, partition.root_share,
             fluxes.seasonal_rates)
    monkeypatch.setattr(
        benchmark, "check_records", lambda table, climate: check_records(table, climate, tests))
    return lambda **options: benchmark.benchmark(made(*rows).table, **options)


def test_recall_by_way(recall):
    """Faults are found or not, in the shares and with the repairs as when this was written."""
    found, alarms = recall(n=10, rounds=2)
    assert found["corrupted"].tolist() == [10] * 10 + [40, 30, 20]
    assert found["records"].tolist()[:10] == [74] * 4 + [66] * 6
    assert found["found"].tolist() == [1, 1, 1, 0.9, 0, *[1] * 5, 0.975, 1, 1]
    assert found["repaired"].tolist() == [0.7, 1, 0.9, *[0] * 6, 0.5, 0.65, 0, 0.25]
    assert found["mark"].tolist()[10:] == [0.9, 0.8, 0.95]
    factors = found.loc[list(WAYS[4:8]), ["times", "divided"]]
    assert factors.values.tolist() == [[0, 0], [1, 1], [1, 1], [1, 1]]
    # Of 74 clean records 8 are negative, and none of the 66 with a flux above zero.
    for name in ("all tests", "flux not above zero"):
        assert alarms.loc[name].tolist() == [8, pytest.approx(8 / 74), 0]
    tuned, _ = recall(n=2, rounds=1, half="tuning", seed=3)
    assert tuned["records"].tolist()[:10] == [68] * 4 + [57] * 6


@pytest.mark.parametrize(("options", "name"), [
    ({"half": "both"}, "half"), ({"n": 15}, "n must"), ({"n": 3, "rounds": 2}, "n must"),
    ({"n": 600, "rounds": 1}, WAYS[8]),
])
def test_what_the_benchmark_refuses(recall, options, name):
    """A half that is none, records that do not fit the rounds, and more than there are."""
    with pytest.raises((ParameterError, DataError), match=name):
        recall(**options)


@pytest.mark.real
@pytest.mark.slow
def test_known_slips_are_found(real_input):
    """A tenth of the benchmark on studies that no limit was set on meets the marks."""
    from soilresp.records.quality.benchmark import FALSE_ALARMS, benchmark

    records = load_srdb(real_input("srdb"), strip=False)
    found, alarms = benchmark(records, n=50, rounds=1)
    for name, (_, mark) in MARKS.items():
        assert found.loc[f"together: {name}", "found"] >= mark
    assert found.loc[WAYS[4], "times"] >= 0.5
    assert alarms.loc["all tests", "of clean"] <= FALSE_ALARMS
