"""Ways to set records aside, checked by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilresp.errors import ParameterError
from soilresp.evaluation.folds import (
    ELSEWHERE,
    block_groups,
    buffered,
    fold_numbers,
    folds,
    forward_splits,
    leave_one_out,
    nearest_distance,
    nearest_training,
    region_groups,
    site_groups,
)

DEGREE = 6371.0088 * np.pi / 180


def test_site_groups_are_cells():
    """Two records have one number exactly when they lie in one half-degree cell."""
    records = pd.DataFrame({"row": [0, 0, 1, 359], "col": [0, 719, 0, 719]})
    assert site_groups(records).tolist() == [0, 719, 720, 259_199]


def test_block_groups_by_hand():
    """Blocks of whole cells from the north-west; the numbers do not overlap."""
    records = pd.DataFrame({"row": [0, 3, 4, 359], "col": [0, 3, 0, 719]})
    assert block_groups(records).tolist() == [0, 0, 180, 89 * 180 + 179]
    assert block_groups(records, 10).tolist() == [0, 0, 0, 17 * 36 + 35]
    assert block_groups(records, 0.5).tolist() == site_groups(records).tolist()


@pytest.mark.parametrize("size", [0.25, 0.75, 7, 0])
def test_blocks_hold_whole_cells(size):
    """A size that cuts cells or does not fill the globe is refused."""
    with pytest.raises(ParameterError, match=str(size)):
        block_groups(pd.DataFrame({"row": [0], "col": [0]}), size)


def test_regions_of_known_places():
    """Towns lie where one expects them; islands of the Pacific are elsewhere."""
    places = pd.DataFrame(
        [(42.5, -72.2), (-3.1, -60.0), (50.1, 8.7), (-1.3, 36.8), (62.0, 129.7), (39.9, 116.4),
         (3.0, 101.7), (-35.3, 149.1), (-17.7, 178.0)], columns=["lat", "lon"],
    )
    assert region_groups(places).tolist() == [
        "North America", "South America", "Europe and the Mediterranean", "Africa and Arabia",
        "North Asia", "East and Central Asia", "South and Southeast Asia", ELSEWHERE, ELSEWHERE,
    ]


@given(
    st.lists(st.integers(0, 8), min_size=2, max_size=40), st.integers(2, 6), st.integers(0, 9)
)
def test_folds_keep_groups_apart_and_test_once(groups, n_folds, state):
    """No group is on both sides, and every record is tested once, or there is no fold at all."""
    groups = np.array(groups)
    splits = folds(len(groups), n_folds, state, groups)
    if np.unique(groups).size == 1:
        assert splits == [] == leave_one_out(groups)
        return
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])
        assert sorted([*train, *test]) == list(range(len(groups)))
    assert sorted(np.concatenate([t for _, t in splits])) == list(range(len(groups)))
    number = fold_numbers(len(groups), splits)
    assert all(set(number[test]) == {k} for k, (_, test) in enumerate(splits))
    assert len(leave_one_out(groups)) == np.unique(groups).size
    assert len(folds(len(groups), 99, state)) == len(groups)


def test_forward_is_forward():
    """Training studies end before the cut, tested ones begin after it; spanning ones rest."""
    records = pd.DataFrame({
        "study": [1, 2, 2, 3, 4, 5], "year": [1985.0, 1989.0, 1991.0, 1992.0, 1996.0, 2001.0],
    })
    got = [(a.tolist(), b.tolist()) for a, b in forward_splits(records, (1990, 1995, 2000))]
    assert got == [([0], [3]), ([0, 1, 2, 3], [4]), ([0, 1, 2, 3, 4], [5])]
    assert forward_splits(records, (1980,)) == []


def test_distances_on_the_sphere():
    """One degree along the equator, across the date line too."""
    records = pd.DataFrame({"lat": [0.0, 0.0, 0.0], "lon": [179.5, -179.5, -175.5]})
    splits = [(np.array([1, 2]), np.array([0])), (np.array([0]), np.array([2]))]
    assert nearest_distance([0.0], [179.5], [0.0], [-179.5]) == pytest.approx(DEGREE, rel=1e-4)
    got = nearest_training(records, splits)
    assert got[[0, 2]] == pytest.approx([DEGREE, 5 * DEGREE], rel=1e-4) and np.isnan(got[1])


def test_buffer_by_hand():
    """Records within the belt of any tested one leave training; the others stay."""
    records = pd.DataFrame({"lat": 0.0, "lon": [0.0, 1.0, 3.0, 8.0, 9.5]})
    split = [(np.array([1, 2, 3]), np.array([0, 4]))]
    for degrees, kept in ((0, [1, 2, 3]), (1.4, [2, 3]), (2, [2]), (4, [])):
        (train, test), = buffered(records, split, degrees * DEGREE)
        assert train.tolist() == kept and test.tolist() == [0, 4]
