"""Tests of the checks against climate."""

import math

import numpy as np
import pandas as pd
import pytest
from made_records import flagged, is_flagged, made
from sklearn.ensemble import ExtraTreesRegressor

from soilresp.records.quality import climate


@pytest.mark.parametrize("field", ["MAT", "Study_temp"])
@pytest.mark.parametrize("own, score, repair", [
    (8.0, None, ""), (15.99, None, ""), (16.01, 8.01 / 24.01, ""), (0.01, None, ""),
    (-0.01, 8.01 / 24.01, ""), (24.0, 0.5, ""), (56.0, 0.75, ""),
    (-8.0, 0.5, ""), (-8.5, 16.5 / 32.5, "8.5"), (-9.9, 17.9 / 33.9, "9.9"), (-10.0, 18 / 34, ""),
])
def test_reported_temperatures(field, own, score, repair):
    """Remarked from 8 K off, 0.5 at 16; the other sign must be within 2 K of the cell's 8 degC."""
    given = {"MAT": np.nan, "Study_temp": np.nan, field: own}
    found = flagged(climate.temperature, made(given, MAT=[8.0]))
    assert is_flagged(found, score, repair and f"{field}={repair}")
    assert score is None or found["value"].tolist() == [f"{own:g} degC"]


@pytest.mark.parametrize("field", ["MAP", "Study_precip"])
@pytest.mark.parametrize("own, cell, factor, repair", [
    # With 30 mm added the cell has 1000; 0.45 is at a factor of 8 ** (0.45 / 0.55) = 5.4814.
    (970.0, 970.0, None, ""), (153.0, 970.0, None, ""), (5451.0, 970.0, None, ""),
    (152.0, 970.0, 1000 / 182, ""), (5452.0, 970.0, 5.482, ""), (-5.0, 970.0, 1000 / 30, ""),
    # 97 mm is a factor of 7.9 off, 95 mm one of 8.
    (97.0, 970.0, 1000 / 127, ""), (95.0, 970.0, 8, "950"), (90.0, 970.0, 1000 / 120, "900"),
    (9.7, 970.0, 1000 / 39.7, "970"), (97000.0, 970.0, 97.03, "970"),
    # 120 mm with 30 are 1.5 times 100, which is too much; 119.9 mm are not.
    (1200.0, 70.0, 12.3, ""), (1199.0, 70.0, 12.29, "119.9"),
    # 29.5 and 2.95 mm are both near 10 mm.
    (295.0, 10.0, 8.125, ""),
])
def test_reported_precipitation(field, own, cell, factor, repair):
    """0.5 at a factor of 8, remarked from 0.45; a repair by 10 or 100 must be the only one."""
    given = {"MAP": np.nan, "Study_precip": np.nan, field: own}
    found = flagged(climate.precipitation, made(given, MAP=[cell]))
    score = factor and math.log(factor) / math.log(8 * factor)
    assert is_flagged(found, score, repair and f"{field}={repair}")


@pytest.mark.parametrize("metres, wrong", [
    (-430.0, False), (-430.5, True), (6500.0, False), (6500.5, True), (0.0, False),
])
def test_elevations_that_cannot_be(metres, wrong):
    """Below the Dead Sea or above the highest plants."""
    found = flagged(climate.elevation, made({"Elevation": metres}, MAT=[8.0]))
    assert is_flagged(found, 1.0 if wrong else None)


def test_elevation_against_the_climate(monkeypatch):
    """0.45 is 1963.6 m off, 0.5 is 2400 m; what cannot be is not flagged again."""
    calls = []

    def expected(x, y, groups, trees):
        calls.append((x, y, groups, trees))
        return pd.Series(1000.0, index=y.index)

    monkeypatch.setattr(climate, "left_out", expected)
    heights = [1000.0, 2963.0, 2964.0, 3400.0, 7000.0, np.nan, *[1000.0] * 46]
    rows = [{"Study_number": k, "Elevation": height} for k, height in enumerate(heights)]
    rows[6]["Latitude"], rows[7]["MAT"] = 95.0, np.nan
    found = flagged(climate.elevation, made(*rows, MAT=[5.0] * 52))
    assert found["score"].to_dict() == {4: 1.0, 2: pytest.approx(1964 / 4364), 3: 0.5}
    [(x, y, groups, trees)] = calls
    # The record without a height and that without a place teach nothing.
    assert y.index.tolist() == groups.index.tolist() == [k for k in range(52) if k not in (5, 6)]
    assert x.iloc[0].tolist() == [5.0, 770.0, 17.0, -1.0, 0.8, 50.95, 13.55, 8.0] and trees == 40
    assert x.loc[7, "reported"] == 5
    # With fewer than fifty studies, only what cannot be is flagged.
    assert len(flagged(climate.elevation, made(*rows[:49], MAT=[8.0] * 49))) == 1
    assert len(calls) == 1


BIOMES = {
    # As the documentation has it: degC of the cell, degrees from the equator.
    "Tropical": (14, 40, 0, 32), "Subtropical": (6, 35, 5, 45), "Mediterranean": (4, 28, 20, 52),
    "Temperate": (-8, 25, 15, 66), "Boreal": (-18, 10, 28, 75), "Arctic": (-40, 6, 30, 90),
}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", BIOMES)
def test_bounds_of_biomes(name, sign):
    """Remarked from two thirds of 8 K or 10 degrees beyond a bound: 5.33 K and 6.67 degrees."""
    cold, warm, low, high = BIOMES[name]
    mat, lat = (cold + warm) / 2, (low + high) / 2
    # Beyond by 6 K or 7.5 degrees is 0.75, which scores 0.75 / 1.75; by 8 K it is held at 0.49.
    due = [(mat, lat, None)]
    for bound, way in ((cold, -1), (warm, 1)):
        due += [(bound + way * k, lat, score) for k, score in
                ((5.3, None), (5.4, 5.4 / 13.4), (6, 3 / 7), (8, 0.49))]
    for bound, way in ((low, -1), (high, 1)):
        due += [(mat, bound + way * k, score) for k, score in
                ((6.6, None), (6.7, 6.7 / 16.7), (7.5, 3 / 7))]
    due = [one for one in due if 0 <= one[1] <= 90]
    rows = ({"Biome": name, "Latitude": sign * lat} for _, lat, _ in due)
    found = flagged(climate.biome, made(*rows, MAT=[mat for mat, *_ in due]))
    assert dict(found["score"]) == {
        k: pytest.approx(score) for k, (*_, score) in enumerate(due) if score is not None}


@pytest.mark.parametrize("name, field, value, score", [
    # MAP / (MAP + 1400) is 0.45 at 1145.45 mm, and over 0.49 from 1345.1 mm on.
    ("Desert", "MAP", 1145.0, None), ("Desert", "MAP", 1146.0, 1146 / 2546),
    ("Desert", "MAP", 1300.0, 1300 / 2700), ("Desert", "MAP", 2800.0, 0.49),
    # What is above 10 degC, over 10 K more, is 0.45 at 18.18 degC.
    ("Tundra", "warmest", 18.1, None), ("Tundra", "warmest", -30.0, None),
    ("Tundra", "warmest", 18.25, 8.25 / 18.25), ("Tundra", "warmest", 30.0, 0.49),
    ("Forest", "bare", 0.98, None), ("Forest", "bare", 0.99, 0.45), ("Forest", "MAP", 9e3, None),
])
def test_ecosystems_against_the_cell(name, field, value, score):
    """Wet deserts, warm tundra and forests on bare ground are remarked, no other."""
    own = made({"Ecosystem_type": name}, **{field: [value]})
    assert is_flagged(flagged(climate.ecosystem, own), score)


def test_the_forest_of_left_out_records():
    """Sixty trees of leaves of five, half of the features at a split, seeded by the fold."""
    rng = np.random.default_rng(1)
    x = pd.DataFrame(rng.normal(size=(60, 4)))
    groups = pd.Series(np.repeat(np.arange(20), 3))
    y = x[0] + pd.Series(rng.normal(size=60))
    found = climate.left_out(x, y, groups)
    order = np.random.default_rng([0, 5]).permutation(20)
    for k in range(5):
        own = groups.isin(order[k::5]).to_numpy()
        forest = ExtraTreesRegressor(60, min_samples_leaf=5, max_features=0.5, random_state=k)
        forest.fit(x[~own].to_numpy(np.float32), y[~own])
        assert found[own].to_numpy() == pytest.approx(
            forest.predict(x[own].to_numpy(np.float32)), abs=1e-12)
