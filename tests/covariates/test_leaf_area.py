"""The proxy of leaf area from fAPAR, NDVI and climate."""

import numpy as np
import pytest

from soilresp.covariates.leaf_area import monthly_lai, seasonal_shape
from soilresp.errors import DataError


def test_warmth_and_leaves():
    """Nothing to -2 degC, a twelfth for each degree from there, all from 10 degC."""
    tas = np.array([-3.0, -2, -1, 0, 1, 4, 9, 10, 11, 30, 10, 10])[:, None]
    shape = seasonal_shape(tas, np.full((12, 1), 60.0))[:, 0]
    np.testing.assert_allclose(shape, np.array([0, 0, 1, 2, 3, 6, 11, 12, 12, 12, 12, 12]) / 12)


def test_rain_and_leaves():
    """Half of this month's rain and half of the last's, December before January, full at 60 mm."""
    rain = np.zeros((12, 1))
    rain[[4, 5, 11], 0] = 30, 90, 24
    shape = seasonal_shape(np.full((12, 1), 20.0), rain)[:, 0]
    # May 15, June 60, July 45, December and January 12, of 60 mm.
    np.testing.assert_allclose(shape, [0.2, 0, 0, 0, 0.25, 1, 0.75, 0, 0, 0, 0, 0.2])


def test_more_rain_is_no_more():
    """61 mm are as good as 60, 59 are not; without warmth in any month the shape is full."""
    rain = np.where(np.arange(12) == 0, 200.0, 59.0)[:, None]
    shape = seasonal_shape(np.full((12, 1), 20.0), rain)[:, 0]
    np.testing.assert_allclose(shape, [1, 1] + [59 / 60] * 10)
    assert (seasonal_shape(np.full((12, 1), -20.0), rain) == 1).all()


def test_seasonal_shape_of_a_gap():
    """A missing month leaves the cell without a shape, not with a full one."""
    tas = np.full((12, 2), 20.0)
    tas[2, 0] = np.nan
    shape = seasonal_shape(tas, np.full((12, 2), 100.0))
    assert np.isnan(shape[:, 0]).all() and (shape[:, 1] == 1).all()


def leaves(fapar, igbp, low=0.4, high=0.8, area=None, **more):
    """Leaf area in January (frozen) and in the other months of some cells, and the factor."""
    n = len(fapar)
    tas = np.full((12, n), 20.0)
    tas[0] = -20
    shares = np.zeros((17, n))
    for cell, classes in enumerate(igbp):
        for code, share in classes.items():
            shares[code, cell] = share
    lai, scale = monthly_lai(
        np.asarray(fapar, float), np.broadcast_to(np.asarray(low, float), n),
        np.broadcast_to(np.asarray(high, float), n), tas, np.full((12, n), 100.0), shares,
        np.ones(n) if area is None else np.asarray(area, float), **more,
    )
    assert (lai[1:] == lai[1]).all() or np.isnan(lai).any()
    return lai[0], lai[1], scale


ONE = 1 - np.exp(-0.5)
"""fAPAR of a leaf area of 1 at an extinction of 0.5."""


def test_largest_leaf_area():
    """fAPAR counts to 0.99 (a leaf area of 9.21) and from 0; a gap stays one."""
    _, peak, scale = leaves([ONE, 1.0, 0.99, -0.1, np.nan], [{2: 1}, {10: 1}, {10: 1}, {10: 1},
                                                             {2: 1}])
    assert scale == pytest.approx(5)
    full = -np.log(0.01) / 0.5 * 5
    np.testing.assert_allclose(peak, [5, full, full, 0, np.nan], rtol=1e-9)


def test_scale_by_evergreen_forest():
    """Cells with more than 0.6 of it count, by area; the level and extinction may be changed."""
    fapar = 1 - np.exp(-np.array([0.5, 1.0, 4.0]))
    igbp = [{2: 0.61}, {2: 0.7}, {2: 0.6}]
    # Leaf areas 1 and 2 with areas 1 and 3: 1.75 on average.
    assert leaves(fapar, igbp, area=[1, 3, 9])[2] == pytest.approx(5 / 1.75)
    changed = leaves(fapar, igbp, area=[1, 3, 9], evergreen_lai=7.0, extinction=0.25)
    assert changed[2] == pytest.approx(7 / 3.5)
    # Halving k doubles all leaf area, which the factor takes back but for the level.
    np.testing.assert_allclose(changed[1], leaves(fapar, igbp, area=[1, 3, 9])[1] * 7 / 5)


@pytest.mark.parametrize(("fapar", "share"), [(0.5, 0.6), (0.5, 0.0), (np.nan, 1.0)])
def test_no_evergreen_forest(fapar, share):
    """Without a cell that has more than 0.6 of it and fAPAR there is nothing to scale to."""
    with pytest.raises(DataError, match="evergreen broadleaf forest"):
        leaves([fapar, 0.5], [{2: share, 10: 1 - share}, {10: 1}])


@pytest.mark.parametrize(("classes", "low", "high", "kept"), [
    ({10: 1}, 0.2, 0.8, 0.25), ({10: 1}, 0.9, 0.8, 1), ({10: 1}, -0.1, 0.8, 0),
    ({10: 1}, -0.2, 0.0, 0), ({10: 1}, 0.0, 0.0, 0), ({10: 1}, -0.2, -0.1, 0),
    ({10: 1}, 0.0, 0.8, 0),
    # Evergreen share of the vegetation (urban, ice, barren and water are none): 0.4.
    ({1: 0.2, 10: 0.3, 13: 0.1, 15: 0.1, 16: 0.1, 0: 0.2}, 0.2, 0.8, 0.4 + 0.6 * 0.25),
    ({1: 0.1, 2: 0.1, 12: 0.2, 14: 0.1}, 0.2, 0.8, 0.4 + 0.6 * 0.25),
    ({1: 0.2, 5: 0.3}, -0.2, 0.0, 0.4), ({1: 1}, 0.2, 0.8, 1), ({2: 0.5}, 0.2, 0.8, 1),
    ({3: 1}, 0.2, 0.8, 0.25), ({}, 0.2, 0.8, 0.25), ({13: 1}, 0.2, 0.8, 0.25),
])
def test_leaves_that_outlast_the_frost(classes, low, high, kept):
    """The evergreen share of the vegetation, and of the rest the ratio of NDVI's extremes."""
    frozen, peak, _ = leaves([ONE, ONE], [{2: 1}, classes], [0.4, low], [0.8, high])
    assert peak[1] == pytest.approx(5)
    assert frozen[1] == pytest.approx(5 * kept)
