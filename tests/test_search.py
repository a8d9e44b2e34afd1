"""The subsets that are tried, and how they are ranked."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilresp.errors import ParameterError
from soilresp.fit.ensemble import PAPER_PREDICTORS, new_forest
from soilresp.fit.search import neighbours, search
from soilresp.prepare.recipes import PREDICTORS

pytestmark = pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")


def table(n=150, seed=0):
    """All ten predictors at made-up records, and a flux that follows MAT and Prec."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(n, len(PREDICTORS))), columns=list(PREDICTORS))
    return x, 500 + 200 * x["MAT"] + 100 * x["Prec"] + rng.normal(0, 20, n)


def test_neighbours_by_hand():
    """The choice first; then one left out or added, all together, each alone."""
    got = neighbours(("b", "a"), ("a", "b", "c"))
    assert got == [("a", "b"), ("b",), ("a",), ("a", "b", "c"), ("c",)]


def test_neighbours_at_depth_two():
    """Two changes at once may also swap a predictor."""
    got = neighbours(("a", "b"), ("a", "b", "c", "d"), depth=2)
    assert ("b", "c") in got and ("a", "d") in got and ("a", "b", "c", "d") in got
    assert () not in got


def test_number_of_subsets():
    """Ten predictors: the choice, ten changes, all, and ten alone."""
    assert len(neighbours(PAPER_PREDICTORS["SR"], tuple(PREDICTORS))) == 1 + 10 + 1 + 10
    assert len(neighbours(PAPER_PREDICTORS["SR"], tuple(PREDICTORS), 0)) == 1 + 1 + 10


@given(
    chosen=st.sets(st.sampled_from("abcdef"), min_size=1), depth=st.integers(0, 3)
)
def test_neighbours_are_distinct_ordered_and_near(chosen, depth):
    """No subset twice or empty; each is the whole, a single one, or within `depth` changes."""
    available = tuple("abcdef")
    got = neighbours(chosen, available, depth)
    assert len(got) == len(set(got)) and all(got)
    assert set(got[0]) == chosen
    for subset in got:
        assert list(subset) == sorted(subset)
        assert len(subset) in (1, 6) or len(chosen ^ set(subset)) <= depth


def test_ranking():
    """Best first, the two real drivers in front, and the paper's choice marked once."""
    x, y = table()
    told = []
    got = search(x, y, "SR", n_trees=10, n_seeds=2, progress=lambda: told.append(1))
    assert len(got) == len(told) == 22
    assert got["rmse"].is_monotonic_increasing
    assert got.loc[got["is_paper"], "predictors"].tolist() == ["MAT Prec RH RH_GS LAI_GS"]
    assert (got["n_predictors"] == got["predictors"].str.split().str.len()).all()
    assert {"MAT", "Prec"} <= set(got["predictors"][0].split())
    alone = got[got["n_predictors"] == 1].set_index("predictors")["rmse"]
    assert alone.idxmin() == "MAT"


def test_ranking_repeats_and_follows_its_seed():
    """The same seed gives the same table, another one other errors."""
    x, y = table(60)
    first = search(x, y, "HR", n_trees=4, depth=0, n_seeds=2, seed=1)
    pd.testing.assert_frame_equal(first, search(x, y, "HR", n_trees=4, depth=0, n_seeds=2, seed=1))
    other = search(x, y, "HR", n_trees=4, depth=0, n_seeds=2, seed=2)
    assert not set(first["rmse"]) & set(other["rmse"])


def test_ties_by_hand():
    """A subset is tied within twice the SD of a difference of two means over the seeds."""
    x, y = table(80)
    got = search(x, y, "SR", n_trees=10, n_seeds=4)
    pooled = np.sqrt(np.mean(got["rmse_sd"] ** 2))
    limit = got["rmse"][0] + 2 * pooled * np.sqrt(2 / 4)
    assert got["tied"].tolist() == [r <= limit for r in got["rmse"]]
    assert got["tied"][0] and not got["tied"].iloc[-1]


def test_error_leaves_out_records_without_an_out_of_bag_prediction():
    """With three trees several records are in every bag: they have no error at all."""
    x, y = table(60)
    got = search(x[["MAT"]], y, "SR", n_trees=3, depth=0, n_seeds=2)
    expected = []
    for k in range(2):
        state = int(np.random.default_rng([0, 1, 20_000, k]).integers(2**31))
        forest = new_forest(3, 1, state, oob_score=True).fit(x[["MAT"]].to_numpy("f4"), y)
        known = forest.oob_prediction_ != 0
        assert 0 < (~known).sum() < 60
        error = (forest.oob_prediction_ - y.to_numpy())[known]
        expected.append(np.sqrt(np.mean(error**2)))
    assert got["rmse"].tolist() == pytest.approx([np.mean(expected)])
    assert got["rmse_sd"].tolist() == pytest.approx([np.std(expected, ddof=1)])


def test_recipe_without_one_of_the_papers_predictors():
    """The search goes on with what there is, and marks nothing as the paper's choice."""
    x, y = table(50)
    got = search(x[["MAT", "RH"]], y, "SR", n_trees=10, n_seeds=2)
    assert set(got["predictors"]) == {"MAT RH", "MAT", "RH"}
    assert not got["is_paper"].any()


def test_one_seed_is_refused():
    """One seed says nothing of the noise."""
    x, y = table(30)
    with pytest.raises(ParameterError, match="n_seeds must be at least 2"):
        search(x, y, "SR", n_trees=2, n_seeds=1)
