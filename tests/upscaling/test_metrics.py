"""Error statistics, checked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilresp.errors import DataError
from soilresp.upscaling.metrics import scores


def test_scores_by_hand():
    """Four pairs worked on paper."""
    got = scores([100, 200, 300, 400], [150, 150, 350, 350])
    # Errors 50, -50, 50, -50; SSE 10,000; SST 50,000; the covariance sum is 40,000.
    assert got == pytest.approx({
        "n": 4, "r2": 1 - 10_000 / 50_000, "r": 40_000 / np.sqrt(50_000 * 40_000),
        "r2_fit": 0.8, "rmse": 50, "mae": 50, "bias": 0, "slope": 0.8, "intercept": 50,
    })


def test_scores_leave_missing_pairs_out_and_count_the_rest():
    """A missing observation or prediction takes its pair away."""
    got = scores([1.0, 2.0, np.nan, 4.0, 5.0], [1.0, np.nan, 3.0, 4.0, 6.0])
    assert got == scores([1.0, 4.0, 5.0], [1.0, 4.0, 6.0])
    assert got["n"] == 3


@pytest.mark.parametrize("predicted", [[np.nan, np.nan, np.nan], [1.0, np.nan, np.nan]])
def test_scores_need_two_pairs(predicted):
    """Fewer are an error with words, none of numpy's."""
    with pytest.raises(DataError, match="two records"):
        scores([1.0, 2.0, 3.0], predicted)


@given(
    st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 3000)), min_size=3, max_size=30)
    .filter(lambda p: len({a for a, _ in p}) > 1 and len({b for _, b in p}) > 1)
)
def test_scores_hang_together(pairs):
    """rmse2 = bias2 + variance of the errors; r2 never exceeds r squared; |bias| <= mae <= rmse."""
    observed, predicted = np.array(pairs, float).T
    got = scores(observed, predicted)
    variance = np.var(predicted - observed)
    assert got["rmse"] ** 2 == pytest.approx(got["bias"] ** 2 + variance, abs=1e-6)
    assert got["r2"] <= got["r2_fit"] + 1e-9 <= 1 + 2e-9
    assert abs(got["bias"]) <= got["mae"] + 1e-9 <= got["rmse"] + 2e-9
