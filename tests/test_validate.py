"""Scores, checked by hand, and folds that keep groups apart."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold

from soilresp.errors import DataError
from soilresp.fit import validate
from soilresp.fit.validate import SCHEMES, block_groups, ladder, scores, site_groups

pytestmark = pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")


def matched(n=120, seed=0):
    """Made-up matched records: forty cells, thirty studies, and a flux that the cell decides."""
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, 40, n)
    row, col = 100 + cell, 300 + 3 * cell
    return pd.DataFrame({
        "record": np.arange(n), "study": rng.integers(0, 30, n),
        "row": row, "col": col,
        "lat": 89.75 - row / 2 + rng.uniform(-0.2, 0.2, n),
        "lon": -179.75 + col / 2 + rng.uniform(-0.2, 0.2, n),
        "flux": 300 + 20.0 * (cell * 7 % 40) + rng.normal(0, 10, n),
        "target": "SR",
    })


def predictors(records):
    """A fingerprint of the cell."""
    return pd.DataFrame({"MAT": records["row"] * 1.0})


def test_scores_by_hand():
    """Four pairs worked on paper."""
    got = scores([100, 200, 300, 400], [150, 150, 350, 350])
    # Errors 50, -50, 50, -50; SSE 10,000; SST 50,000; the covariance sum is 40,000.
    assert got == pytest.approx({
        "n": 4, "r2": 1 - 10_000 / 50_000, "r": 40_000 / np.sqrt(50_000 * 40_000),
        "r2_fit": 0.8, "rmse": 50, "mae": 50, "bias": 0, "slope": 0.8, "intercept": 50,
    })


def test_a_biased_prediction_has_a_perfect_line_and_no_skill():
    """r2 and the R2 of a fitted line differ when predictions are shifted and stretched."""
    got = scores([1.0, 2.0, 3.0], [12.0, 14.0, 16.0])
    assert got["r2_fit"] == pytest.approx(1) and got["r"] == pytest.approx(1)
    assert (got["slope"], got["intercept"]) == pytest.approx((2, 10))
    assert got["bias"] == 12 and got["r2"] == pytest.approx(1 - (121 + 144 + 169) / 2)


def test_scores_leave_missing_pairs_out_and_count_the_rest():
    """A missing observation or prediction takes its pair away."""
    got = scores([1.0, 2.0, np.nan, 4.0, 5.0], [1.0, np.nan, 3.0, 4.0, 6.0])
    assert got == scores([1.0, 4.0, 5.0], [1.0, 4.0, 6.0])
    assert got["n"] == 3


@pytest.mark.parametrize("predicted", [[np.nan, np.nan, np.nan], [1.0, np.nan, np.nan]])
def test_scores_need_two_pairs(predicted):
    """Fewer are an error with words, none of numpy's."""
    with pytest.raises(DataError, match="at least two records with a prediction; there are"):
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


def test_site_groups_are_cells():
    """Two records have one number exactly when they lie in one half-degree cell."""
    records = pd.DataFrame({"row": [0, 0, 1, 359], "col": [0, 719, 0, 719]})
    assert site_groups(records).tolist() == [0, 719, 720, 259_199]


def test_block_groups_by_hand():
    """Blocks run from the north-west; 180 E is 180 W; the numbers do not overlap."""
    records = pd.DataFrame({
        "lat": [90.0, 88.1, 88.0, 0.5, 0.5, -89.9],
        "lon": [-180.0, -178.1, -180.0, 180.0, -180.0, 179.9],
    })
    assert block_groups(records).tolist() == [0, 0, 180, 44 * 180, 44 * 180, 89 * 180 + 179]
    assert block_groups(records, size=10.0).tolist() == [0, 0, 0, 8 * 36, 8 * 36, 17 * 36 + 35]


@pytest.mark.parametrize("groups", [site_groups, block_groups, lambda m: m["study"].to_numpy()],
                         ids=["site", "block", "study"])
def test_folds_keep_groups_apart(groups):
    """No cell, block or study is on both sides of a split, and every record is tested once."""
    records = matched()
    number = groups(records)
    tested = []
    for train, test in GroupKFold(5, shuffle=True, random_state=3).split(number, None, number):
        assert not set(number[train]) & set(number[test])
        tested += test.tolist()
    assert sorted(tested) == list(range(len(records)))


@pytest.fixture
def splits(monkeypatch):
    """The real splitters, which note what they did while the ladder runs."""
    seen = []

    def noting(splitter):
        class Noting(splitter):
            def split(self, x, y=None, groups=None):
                for train, test in super().split(x, y, groups):
                    seen.append((splitter.__name__, train, test))
                    yield train, test
        return Noting

    for name in ("KFold", "GroupKFold"):
        monkeypatch.setattr(validate, name, noting(getattr(validate, name)))
    return seen


def test_ladder_holds_out_what_its_schemes_say(splits):
    """In the ladder itself: sites, studies and blocks are each kept apart in their scheme."""
    records = matched()
    told = []
    ladder(records, predictors(records), "SR", n_trees=3, n_folds=4, progress=told.append)
    assert told == ["random_cv", "site_cv", "study_cv", "spatial_cv"]
    assert [name for name, _, _ in splits] == ["KFold"] * 4 + ["GroupKFold"] * 12
    labels = [
        np.arange(len(records)), site_groups(records), records["study"].to_numpy(),
        block_groups(records),
    ]
    for scheme, label in enumerate(labels):
        for _, train, test in splits[4 * scheme : 4 * scheme + 4]:
            assert not set(label[train]) & set(label[test])
    # Random folds do share sites: that is the leak their score is charged with.
    site = site_groups(records)
    assert set(site[splits[0][1]]) & set(site[splits[0][2]])


def test_ladder_scores_its_own_predictions():
    """The table is the scores of the predictions beside it, in the order of the schemes."""
    records = matched()
    records.index += 7
    table, predicted = ladder(records, predictors(records), "SR", n_trees=30, n_folds=4)
    assert table.index.tolist() == list(SCHEMES) == predicted.columns.tolist()
    assert predicted.index.equals(records.index)
    assert predicted.notna().all().all()
    for scheme in SCHEMES:
        assert table.loc[scheme].to_dict() == scores(records["flux"], predicted[scheme])
    # The flux is the cell's own: known cells are easy, new ones hopeless.
    assert table.loc["in_sample", "r2"] > table.loc["random_cv", "r2"] > 0.6
    assert table.loc["site_cv", "r2"] < 0.3 and table.loc["spatial_cv", "r2"] < 0.3


def test_ladder_repeats_to_the_byte():
    """The same seed gives the same predictions; another seed and the other flux do not."""
    records = matched(60)
    x = predictors(records)
    first = ladder(records, x, "SR", n_trees=8, n_folds=3)[1]
    assert first.to_numpy().tobytes() == (
        ladder(records, x, "SR", n_trees=8, n_folds=3)[1].to_numpy().tobytes()
    )
    for other in ({"target": "SR", "seed": 1}, {"target": "HR"}):
        again = ladder(records, x, n_trees=8, n_folds=3, **other)[1]
        assert (again["random_cv"] != first["random_cv"]).any()


def test_few_trees_leave_out_of_bag_predictions_missing():
    """A record in every bag has none, and the count of the score says so."""
    records = matched(60)
    table, predicted = ladder(records, predictors(records), "SR", n_trees=2, n_folds=2)
    missing = int(predicted["oob"].isna().sum())
    assert missing > 0 and table.loc["oob", "n"] == 60 - missing
    assert (predicted["oob"].dropna() > 0).all()
