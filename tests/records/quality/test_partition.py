"""Tests of the checks of the partition of respiration."""

import numpy as np
import pytest
from made_records import flagged, is_flagged, made

from soilresp.records.quality import partition


def given(sr=np.nan, hr=np.nan, ar=np.nan, rc=np.nan):
    """Evidence of one record with these fluxes alone."""
    return made({"Rs_annual": sr, "Rh_annual": hr, "Ra_annual": ar, "RC_annual": rc})


@pytest.mark.parametrize("rc, score", [
    (0.0, None), (0.5, None), (1.0, None), (-0.05, None), (-0.06, 6 / 11), (1.01, 1 / 6),
    (1.05, 0.5), (1.15, 0.75), (-0.45, 0.9),
])
def test_bounds_of_shares(rc, score):
    """Above 1, or below -0.05; 0.05 beyond scores 0.5."""
    found = flagged(partition.share_bounds, given(rc=rc))
    assert is_flagged(found, score)


@pytest.mark.parametrize("rc, ar, repair", [
    (1.99, np.nan, ""), (2.0, np.nan, "0.02"), (40.0, np.nan, "0.4"), (100.0, np.nan, "1"),
    (100.5, np.nan, ""), (40.0, 479.0, "0.4"), (40.0, 481.0, ""), (40.0, 321.0, "0.4"),
    (40.0, 319.0, ""), (-40.0, np.nan, ""),
])
def test_percentages(rc, ar, repair):
    """From 2 to 100 a share may be a percentage, unless AR over an SR of 1000 is 0.08 from it."""
    found = flagged(partition.share_bounds, given(sr=1000.0, ar=ar, rc=rc))
    assert found["repair"].tolist() == [repair and f"RC_annual={repair}"]


@pytest.mark.parametrize("field, value, score", [
    ("Rs_annual", 0.5, None), ("Rs_annual", 0.0, 0.6), ("Rs_annual", -20.0, 0.6),
    ("Rs_annual", -20.5, 0.9), ("Ra_annual", 0.0, None), ("Ra_annual", -0.5, 0.6),
    ("Rh_annual", 0.0, None), ("Rh_annual", -0.5, 0.6), ("RC_annual", -30.0, None),
])
def test_fluxes_below_zero(field, value, score):
    """SR of zero is flagged, a part of zero is not; below -20 g it is grave."""
    fluxes = {**dict.fromkeys(partition._SYMBOL, np.nan), field: value}
    assert is_flagged(flagged(partition.negative, made(fluxes)), score)


@pytest.mark.parametrize("sr, part, score", [
    (1000.0, 999.0, None), (1000.0, 1004.0, None), (1000.0, 1006.0, 0.006 / 0.056),
    (1000.0, 1050.0, 0.5), (1000.0, 1150.0, 0.75), (0.0, 5.0, None), (-5.0, -8.0, None),
    (-5.0, 5.0, None), (0.5, 0.75, 0.5 / 0.55), (np.nan, 5.0, None),
])
@pytest.mark.parametrize("name", ["hr", "ar"])
def test_parts_above_the_whole(name, sr, part, score):
    """By more than half a percent of an SR above zero; 5 % score 0.5."""
    found = flagged(partition.part_above_whole, given(sr=sr, **{name: part}))
    assert is_flagged(found, score)


@pytest.mark.parametrize("other, exchanged", [
    (400.0, True), (419.0, True), (420.0, False), (421.0, False), (381.0, True), (379.0, False),
    (-400.0, False),
])
@pytest.mark.parametrize("name, left, field", [("hr", "ar", "Rh_annual"),
                                               ("ar", "hr", "Ra_annual")])
def test_exchanged_with_the_whole(name, left, field, other, exchanged):
    """SR 600, a part of 1000: exchanged if the other part makes 400 of 1000, to 20."""
    own = given(sr=600.0, rc=0.77, **{name: 1000.0, left: other})
    found = flagged(partition.part_above_whole, own)
    assert found["repair"].tolist() == [
        f"Rs_annual=1000; {field}=600" if exchanged else ""]


@pytest.mark.parametrize("name, rc, exchanged", [
    ("hr", 0.4, True), ("hr", 0.415, True), ("hr", 0.425, False), ("hr", 0.385, True),
    ("hr", 0.375, False), ("hr", 0.6, False), ("hr", np.nan, False),
    ("ar", 0.6, True), ("ar", 0.615, True), ("ar", 0.625, False), ("ar", 0.585, True),
    ("ar", 0.575, False), ("ar", 0.4, False), ("ar", np.nan, False),
])
def test_exchanged_by_the_share(name, rc, exchanged):
    """Without the other part, SR 600 and 1000 are exchanged if RC says 0.6, or 0.4 of AR."""
    found = flagged(partition.part_above_whole, given(sr=600.0, rc=rc, **{name: 1000.0}))
    assert bool(found["repair"].iloc[0]) == exchanged


@pytest.mark.parametrize("sr, hr, ar, score", [
    # 0.4 is at 0.05333 of the larger of the two.
    (1000.0, 500.0, 447.0, None), (1000.0, 500.0, 446.0, 0.054 / 0.134),
    (1000.0, 600.0, 456.0, None), (1000.0, 600.0, 457.0, (57 / 1057) / (57 / 1057 + 0.08)),
    (1000.0, 500.0, 420.0, 0.5), (1000.0, 500.0, 260.0, 0.75), (0.0, 0.0, 0.0, None),
    (0.5, 0.125, 0.125, 0.5 / 0.58), (100.0, -100.0, 150.0, 0.2 / 0.28),
    (-100.0, 50.0, 20.0, 1.7 / 1.78), (100.0, 150.0, -100.0, 0.2 / 0.28),
    (np.nan, 500.0, 100.0, None), (1000.0, np.nan, 100.0, None), (1000.0, 500.0, np.nan, None),
])
def test_the_sum_of_parts(sr, hr, ar, score):
    """HR + AR misses SR by 5.3 % or more of the larger; 8 % score 0.5; all three are needed."""
    found = flagged(partition.sum_of_parts, given(sr=sr, hr=hr, ar=ar))
    assert is_flagged(found, score)


NONE = float("nan")


@pytest.mark.parametrize("sr, hr, ar, rc, repair", [
    (60.0, 360.0, 240.0, NONE, "Rs_annual=600"), (6000.0, 360.0, 240.0, 0.4, "Rs_annual=600"),
    (2202.0, 360.0, 240.0, NONE, "Rs_annual=600"), (219000.0, 360.0, 240.0, NONE, "Rs_annual=600"),
    (0.06, 0.36, 0.24, NONE, "Rs_annual=0.6"), (600.0, 36.0, 240.0, 0.4, "Rh_annual=360"),
    (600.0, 360.0, 2400.0, NONE, "Ra_annual=240"), (1.2, 0.9, 3.0, NONE, "Ra_annual=0.3"),
    # RC must fit what the repair makes of it, to 0.08.
    (60.0, 360.0, 240.0, 0.479, "Rs_annual=600"), (60.0, 360.0, 240.0, 0.481, ""),
    (60.0, 360.0, 240.0, 0.321, "Rs_annual=600"), (60.0, 360.0, 240.0, 0.319, ""),
    (600.0, 3600.0, 240.0, 0.479, "Rh_annual=360"), (600.0, 3600.0, 240.0, 0.481, ""),
    (600.0, 360.0, 24.0, 0.479, "Ra_annual=240"), (600.0, 360.0, 24.0, 0.481, ""),
    # The factor must fit to 3 %: 600 is 2.8 % below 617, 3.1 % below 619, 2.9 % above 583.
    (60.0, 377.0, 240.0, NONE, "Rs_annual=600"), (60.0, 379.0, 240.0, NONE, ""),
    (60.0, 343.0, 240.0, NONE, "Rs_annual=600"), (60.0, 342.0, 240.0, NONE, ""),
    # No factor, no part that leaves nothing, and either SR or HR.
    (300.0, 360.0, 240.0, NONE, ""), (0.0, 360.0, 240.0, NONE, ""), (36.0, 36.0, 240.0, NONE, ""),
    (600.0, 5990.0, 3.0, NONE, ""), (-60.0, -360.0, -240.0, NONE, ""),
])
def test_the_one_flux_that_is_off(sr, hr, ar, rc, repair):
    """A factor of 3.67, 10, 100 or 365, up or down, on one flux alone."""
    assert partition._odd_one(sr, hr, ar, rc) == repair


@pytest.mark.parametrize("sr, hr, ar, rc, score, words", [
    # 0.4 is a miss of 0.05333.
    (1000.0, NONE, 453.0, 0.4, None, ""), (1000.0, NONE, 454.0, 0.4, 0.054 / 0.134, "AR/SR"),
    (1000.0, NONE, 346.0, 0.4, 0.054 / 0.134, "AR/SR"), (1000.0, NONE, 480.0, 0.4, 0.5, "AR/SR"),
    (1000.0, 480.0, NONE, 0.4, 0.6, "1 - HR/SR"), (NONE, 150.0, 50.0, 0.4, 0.15 / 0.23, "AR/(AR"),
    # A share of nothing, or of less, is none.
    (0.0, NONE, 5.0, 0.4, None, ""), (0.0, 5.0, NONE, 0.4, None, ""),
    (NONE, -5.0, 5.0, 0.4, None, ""), (-9.0, NONE, 5.0, 0.4, None, ""),
    (0.5, NONE, 0.4, 0.1, 0.7 / 0.78, "0.80"), (NONE, 0.1, 0.4, 0.1, 0.7 / 0.78, "0.80"),
    # The larger miss of several counts: 0.3, 0.5 and 0.375 against 0.35.
    (1000.0, 500.0, 300.0, 0.35, 0.15 / 0.23, "1 - HR/SR, which is 0.50"),
    # One minus the share is 0.4: within 0.04 of RC it is the other share, if all shares are.
    (1000.0, NONE, 600.0, 0.437, 0.163 / 0.243, "exchanged"),
    (1000.0, NONE, 600.0, 0.443, 0.157 / 0.237, "0.60"),
    (1000.0, 500.0, 600.0, 0.4, 0.2 / 0.28, "0.60"),
])
def test_rc_against_the_fluxes(sr, hr, ar, rc, score, words):
    """RC against AR/SR, 1 - HR/SR and AR/(AR + HR), from what is given and above zero."""
    found = flagged(partition.root_share, given(sr, hr, ar, rc))
    assert is_flagged(found, score)
    for text in found["expected"]:
        assert words in text and ("exchanged" in text) == (words == "exchanged")
