"""The subsets that are tried, how each is scored, and which cannot be told apart."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, StratifiedKFold

from soilresp.covariates.recipes import PREDICTORS
from soilresp.errors import DataError, ParameterError
from soilresp.evaluation.search import (
    Job,
    describe_subsets,
    distinct_columns,
    neighbours,
    predictor_shares,
    sampling_error,
    score_subset,
    search,
    subsets,
    ties,
)
from soilresp.upscaling.runs import PAPER_PREDICTORS, new_forest, predict

pytestmark = pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")


def table(n=150, seed=0):
    """All ten predictors at made-up records, and a flux that follows MAT and Prec."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(n, len(PREDICTORS))), columns=list(PREDICTORS))
    flux = 500 + 200 * x["MAT"] + 100 * x["Prec"] + rng.normal(0, 20, n)
    study = np.arange(n) // 5
    return x, pd.DataFrame(
        {"flux": flux, "study": study, "cell": study // 2, "stratum": np.arange(n) % 3 + 1}
    )


def test_all_subsets_of_ten():
    """1,023 of them, each once, in the order of the predictors, small ones first."""
    got = subsets(tuple(PREDICTORS))
    assert len(got) == len(set(got)) == 1023
    assert got[0] == ("MAT",) and got[-1] == tuple(PREDICTORS)
    assert [len(s) for s in got] == sorted(len(s) for s in got)
    place = {name: i for i, name in enumerate(PREDICTORS)}
    assert all([place[p] for p in s] == sorted(place[p] for p in s) for s in got)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=6))
def test_columns_that_equal_an_earlier_one_go(kinds):
    """As many columns stay as differ, and each that goes names one that stays and equals it."""
    columns = {0: [1.0, 2.0, 3.0], 1: [1.0, 2.0, 4.0], 2: [3.0, 2.0, 1.0]}
    x = pd.DataFrame({f"c{i}": columns[k] for i, k in enumerate(kinds)})
    kept, same_as = distinct_columns(x)
    assert len(kept) == len(set(kinds)) and set(kept) | set(same_as) == set(x.columns)
    for name, twin in same_as.items():
        assert twin in kept and x[twin].equals(x[name].rename(twin))


def test_neighbours_by_hand():
    """The choice first; then one left out or added, all together, each alone."""
    got = neighbours(("b", "a"), ("a", "b", "c"))
    assert got == [("a", "b"), ("b",), ("a",), ("a", "b", "c"), ("c",)]


def test_neighbours_at_depth_two():
    """Two changes at once may also swap a predictor."""
    got = neighbours(("a", "b"), ("a", "b", "c", "d"), depth=2)
    assert ("b", "c") in got and ("a", "d") in got and ("a", "b", "c", "d") in got
    assert () not in got


def test_number_of_neighbours():
    """Ten predictors: the choice, ten changes, all, and ten alone."""
    assert len(neighbours(PAPER_PREDICTORS["SR"], tuple(PREDICTORS))) == 1 + 10 + 1 + 10
    assert len(neighbours(PAPER_PREDICTORS["SR"], tuple(PREDICTORS), 0)) == 1 + 1 + 10


@given(chosen=st.sets(st.sampled_from("abcdef"), min_size=1), depth=st.integers(0, 3))
def test_neighbours_are_distinct_ordered_and_near(chosen, depth):
    """No subset twice or empty; each is the whole, a single one, or within `depth` changes."""
    available = tuple("abcdef")
    got = neighbours(chosen, available, depth)
    assert len(got) == len(set(got)) and all(got)
    assert set(got[0]) == chosen
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
    assert got["rmse"] == np.sqrt(np.mean(error**2))
    np.testing.assert_allclose(square, error**2, rtol=1e-6)
    assert got["predictors"] == "MAT RH" and got["cpu"] > 0


def test_records_without_an_out_of_bag_prediction_are_left_out():
    """With three trees several records are in every bag: they have no error at all."""
    x, records = table(60)
    got, square = score_subset(Job("SR", ("MAT",), n_trees=3), x, records)
    assert 0 < np.isnan(square).sum() < 60
    assert got["rmse"] == pytest.approx(np.sqrt(np.nanmean(square)))


@pytest.mark.parametrize("scheme, column", [
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
    labels = records[column].to_numpy()
    values, y = x[["MAT", "Prec"]].to_numpy("f4"), records["flux"].to_numpy()
    expected = np.full(60, np.nan)
    groups = None if scheme == "stratified" else labels
    for train, test in kind(5, shuffle=True, random_state=folds).split(labels, labels, groups):
        assert scheme == "stratified" or not set(labels[train]) & set(labels[test])
        expected[test] = predict(new_forest(5, 2, trees).fit(values[train], y[train]), values[test])
    assert got["rmse"] == pytest.approx(np.sqrt(np.mean((expected - y) ** 2)))
    np.testing.assert_allclose(square, (expected - y) ** 2, rtol=1e-5)


def test_same_bootstrap_samples_for_all_subsets():
    """A copy of a predictor under another name scores the same: only the columns count."""
    x, records = table(60)
    x["RH"] = x["MAT"]
    one, other = (score_subset(Job("SR", (name,), n_trees=10), x, records)[0] for name in ("MAT", "RH"))
    assert one["rmse"] == other["rmse"]


def test_threads_do_not_change_a_score():
    """One thread and two give the same bytes."""
    x, records = table(80)
    for scheme in ("oob", "study"):
        job = Job("SR", ("MAT", "Prec", "RH"), scheme, n_trees=10)
        (one, first), (two, second) = (score_subset(job, x, records, n_jobs=n) for n in (1, 2))
        assert one["rmse"] == two["rmse"] and first.tobytes() == second.tobytes()


def test_unknown_scheme_and_too_few_groups():
    """A scheme is one of the list, and five folds need five groups."""
    x, records = table(20)
    with pytest.raises(ParameterError, match="scheme must be one of oob"):
        score_subset(Job("SR", ("MAT",), "loo"), x, records)
    with pytest.raises(DataError, match="different values of 'study'"):
        score_subset(Job("SR", ("MAT",), "study", n_trees=2), x, records)


def test_ties_by_hand():
    """The noise is that of differences from the best, which seeds shift together."""
    scores = pd.DataFrame({
        "predictors": ["a"] * 2 + ["b"] * 2 + ["c"] * 2, "repeat": [0, 1] * 3,
        "rmse": [10.0, 20.0, 12.0, 21.0, 15.0, 26.0],
    })
    got = ties(scores).set_index("predictors")
    assert got["delta"].tolist() == [0, 1.5, 5.5]
    # Differences (2, 1) and (5, 6) have a variance of 0.5 each; two seeds halve it.
    assert got["noise"].tolist() == pytest.approx([0.5] * 3)
    assert got["tied"].tolist() == [True, False, False]
    assert got["repeats"].tolist() == [2, 2, 2]


def test_ties_leave_out_what_was_not_scored_every_time():
    """A subset that dropped out of the race is not in the table; one seed is not enough."""
    scores = pd.DataFrame({
        "predictors": ["a", "a", "b", "b", "c"], "repeat": [0, 1, 0, 1, 0],
        "rmse": [3.0, 3.0, 2.0, 2.0, 1.0],
    })
    got = ties(scores)
    assert got["predictors"].tolist() == ["b", "a"]
    assert got["tied"].tolist() == [True, False]
    with pytest.raises(ParameterError, match="at least two repeats"):
        ties(scores[scores["repeat"] == 0])


def test_sampling_error():
    """None for the best and its copy; near the analytic value where studies are records."""
    rng = np.random.default_rng(0)
    best, other = rng.uniform(1, 2, (2, 400))
    got = sampling_error([best, best, other], np.arange(400))
    assert got[0] == got[1] == 0
    # Delta method: the difference of square roots of means, the two samples being independent.
    expected = np.sqrt(sum(v.var() / (4 * v.mean() * 400) for v in (best, other)))
    assert got[2] == pytest.approx(expected, rel=0.1)


def test_sampling_error_grows_with_records_of_one_study():
    """Four copies of each record are no more information than one."""
    rng = np.random.default_rng(1)
    squares = rng.uniform(1, 2, (2, 100))
    studies = np.arange(100)
    once = sampling_error(squares, studies)
    again = sampling_error(np.tile(squares, 4), np.tile(studies, 4))
    np.testing.assert_allclose(again, once)


@given(st.lists(st.sets(st.sampled_from("abcd"), min_size=1), min_size=1, max_size=8))
def test_predictor_shares(members):
    """Shares count subsets: times their number they add up to the sizes."""
    got = predictor_shares([" ".join(m) for m in members], tuple("abcd"))
    assert ((got >= 0) & (got <= 1)).all()
    assert got.sum() * len(members) == pytest.approx(sum(map(len, members)))


def test_ranking():
    """Best first, the two real drivers in front, and the paper's choice marked once."""
    x, records = table()
    told = []
    got = search(x, records, "SR", n_trees=10, n_seeds=2, progress=lambda: told.append(1))
    assert len(got) == len(told) == 22
    assert got["rmse"].is_monotonic_increasing and got["rank"].tolist() == list(range(1, 23))
    assert got.loc[got["is_paper"], "predictors"].tolist() == ["MAT Prec RH RH_GS LAI_GS"]
    assert (got["n_predictors"] == got["predictors"].str.split().str.len()).all()
    assert {"MAT", "Prec"} <= set(got["predictors"][0].split())
    alone = got[got["n_predictors"] == 1].set_index("predictors")["rmse"]
    assert alone.idxmin() == "MAT"


def test_ranking_repeats_and_follows_its_seed():
    """The same seed gives the same table, another one other errors."""
    x, records = table(60)
    first, again, other = (
        search(x, records, "HR", n_trees=4, depth=0, n_seeds=2, seed=s) for s in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not set(first["rmse"]) & set(other["rmse"])


def test_recipe_without_one_of_the_papers_predictors():
    """The search goes on with what there is, and marks nothing as the paper's choice."""
    x, records = table(50)
    got = search(x[["MAT", "RH"]], records, "SR", n_trees=10, n_seeds=2)
    assert set(got["predictors"]) == {"MAT RH", "MAT", "RH"}
    assert not got["is_paper"].any()


def test_one_seed_is_refused():
    """One seed says nothing of the noise."""
    x, records = table(30)
    with pytest.raises(ParameterError, match="n_seeds must be at least 2"):
        search(x, records, "SR", n_trees=2, n_seeds=1)


def test_described():
    """The order of the names within a subset does not matter for whose choice it is."""
    got = describe_subsets(pd.DataFrame({"predictors": ["LAI_GS RH_GS RH Prec MAT", "MAT"]}), "SR")
    assert got["is_paper"].tolist() == [True, False] and got["n_predictors"].tolist() == [5, 1]
