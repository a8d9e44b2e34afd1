"""Subsets of the predictors: enumeration, scores, ties."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_subsets import searched as table
from sklearn.model_selection import GroupKFold, StratifiedKFold

from soilresp.covariates.recipes import PREDICTORS
from soilresp.errors import DataError, ParameterError
from soilresp.evaluation.search import (
    Job,
    neighbours,
    sampling_error,
    score_subset,
    search_neighbours,
    subsets,
    ties,
)
from soilresp.upscaling.runs import new_forest, predict

pytestmark = pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")


def test_all_subsets_of_ten():
    """1,023 of them, each once, in the order of the predictors, small ones first."""
    got, names = subsets(tuple(PREDICTORS)), list(PREDICTORS)
    assert len(got) == len(set(got)) == 1023
    assert [len(s) for s in got] == sorted(len(s) for s in got)
    assert all(list(s) == sorted(s, key=names.index) for s in got)


@given(chosen=st.sets(st.sampled_from("abcdef"), min_size=1), depth=st.integers(0, 3))
def test_neighbours_are_distinct_ordered_and_near(chosen, depth):
    """No subset twice or empty; each is the whole, a single one, or within `depth` changes."""
    got = neighbours(chosen, tuple("abcdef"), depth)
    assert len(got) == len(set(got)) and all(got) and set(got[0]) == chosen
    for subset in got:
        assert list(subset) == sorted(subset)
        assert len(subset) in (1, 6) or len(chosen ^ set(subset)) <= depth


def test_out_of_bag_score_is_that_of_the_forest():
    """The RMSE is that of scikit-learn's own out-of-bag prediction of the same forest."""
    x, records = table(60)
    got, square = score_subset(Job("SR", ("MAT", "RH"), "oob", 2, 40), x, records, seed=5)
    state = int(np.random.default_rng([5, 1, 20_000, 2]).integers(2**31))
    forest = new_forest(40, 2, state, oob_score=True)
    forest.fit(x[["MAT", "RH"]].to_numpy("f4"), records["flux"])
    error = forest.oob_prediction_ - records["flux"].to_numpy()
    assert got["rmse"] == np.sqrt(np.mean(error**2)) and got["predictors"] == "MAT RH"
    np.testing.assert_allclose(square, error**2, rtol=1e-6)
    # With three trees some records are in every bag: they have no error.
    got, square = score_subset(Job("SR", ("MAT",), n_trees=3), x, records)
    assert 0 < np.isnan(square).sum() < 60
    assert got["rmse"] == pytest.approx(np.sqrt(np.nanmean(square)))


@pytest.mark.parametrize(("scheme", "column"), [
    ("stratified", "stratum"), ("site", "cell"), ("study", "study")
])
def test_fold_scores_by_hand(scheme, column):
    """Each record is predicted by the forest of the folds that its own is not in."""
    x, records = table(60)
    got, square = score_subset(Job("HR", ("MAT", "Prec"), scheme, 1, 5), x, records)
    trees, folds = (
        int(np.random.default_rng([0, 2, k, 1]).integers(2**31)) for k in (20_000, 21_000)
    )
    kind = StratifiedKFold if scheme == "stratified" else GroupKFold
    labels, expected = records[column].to_numpy(), np.full(60, np.nan)
    values, y = x[["MAT", "Prec"]].to_numpy("f4"), records["flux"].to_numpy()
    groups = None if scheme == "stratified" else labels
    for train, test in kind(5, shuffle=True, random_state=folds).split(labels, labels, groups):
        assert scheme == "stratified" or not set(labels[train]) & set(labels[test])
        expected[test] = predict(new_forest(5, 2, trees).fit(values[train], y[train]), values[test])
    assert got["rmse"] == pytest.approx(np.sqrt(np.mean((expected - y) ** 2)))
    np.testing.assert_allclose(square, (expected - y) ** 2, rtol=1e-5)


@pytest.mark.parametrize("scheme", ["oob", "study"])
def test_threads_and_names_do_not_change_a_score(scheme):
    """One thread and two give the same bytes, and so does a copy under another name."""
    x, records = table(80)
    x["RH"] = x["MAT"]
    one, two, copy = (
        score_subset(Job("SR", (name, "Prec"), scheme, n_trees=10), x, records, n_jobs=n)[1]
        for name, n in (("MAT", 1), ("MAT", 2), ("RH", 1))
    )
    assert one.tobytes() == two.tobytes() == copy.tobytes()


def test_unknown_scheme_and_too_few_groups():
    """The message names the scheme, or the column with too few groups."""
    x, records = table(20)
    with pytest.raises(ParameterError, match="loo"):
        score_subset(Job("SR", ("MAT",), "loo"), x, records)
    with pytest.raises(DataError, match="study"):
        score_subset(Job("SR", ("MAT",), "study", n_trees=2), x, records)


def test_ties_by_hand():
    """The noise is that of differences from the best; incomplete subsets are left out."""
    scores = pd.DataFrame({
        "predictors": list("aabbccd"), "repeat": [0, 1, 0, 1, 0, 1, 0],
        "rmse": [10.0, 20.0, 12.0, 21.0, 15.0, 26.0, 1.0],
    })
    got = ties(scores).set_index("predictors")
    assert got["delta"].to_dict() == {"a": 0, "b": 1.5, "c": 5.5}
    # Differences (2, 1) and (5, 6) have a variance of 0.5 each; two seeds halve it.
    assert got["noise"].tolist() == pytest.approx([0.5] * 3)
    assert got["tied"].tolist() == [True, False, False] and got["repeats"].tolist() == [2, 2, 2]
    with pytest.raises(ParameterError, match="repeats"):
        ties(scores[scores["repeat"] == 0])


def test_sampling_error():
    """Zero for the best and its copy; the delta method's where studies are records."""
    best, other = np.random.default_rng(0).uniform(1, 2, (2, 400))
    got = sampling_error([best, best, other], np.arange(400))
    assert got[0] == got[1] == 0
    expected = np.sqrt(sum(v.var() / (4 * v.mean() * 400) for v in (best, other)))
    assert got[2] == pytest.approx(expected, rel=0.1)
    # Four copies of each record in its study are no more information than one.
    again = sampling_error(np.tile([best, other], 4), np.tile(np.arange(400), 4))
    np.testing.assert_allclose(again, got[[0, 2]])


def test_ranking():
    """Best first, the two real drivers in front, and the paper's choice marked once."""
    x, records = table()
    told = []
    got = search_neighbours(x, records, "SR", 10, n_seeds=2, progress=lambda: told.append(1))
    assert len(got) == len(told) == 22
    assert got["rmse"].is_monotonic_increasing and got["rank"].tolist() == list(range(1, 23))
    assert got.loc[got["is_paper"], "predictors"].tolist() == ["MAT Prec RH RH_GS LAI_GS"]
    assert (got["n_predictors"] == got["predictors"].str.split().str.len()).all()
    assert {"MAT", "Prec"} <= set(got["predictors"][0].split())
    with pytest.raises(ParameterError, match="n_seeds"):
        search_neighbours(x, records, "SR", n_trees=2, n_seeds=1)
