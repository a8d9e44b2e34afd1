"""The search through all subsets in three stages."""

import pandas as pd
import pytest
from made_subsets import searched

from soilresp.evaluation.search import SCHEMES, Job
from soilresp.evaluation.search_all import STAGES, Plan, Scores, finalists, run_stage, summarise

pytestmark = pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")

PLAN = Plan(n_trees=8, rounds=((4, 2), (2, 3)), scan_trees=3, finalists=2, cv_trees=4,
            cv_repeats=2)


def tables(names=("MAT", "Prec", "RH")):
    """A few predictors at made-up records of both fluxes; SOC equals MAT."""
    x, records = searched(60)
    return {t: (x[list(names)].assign(SOC=x["MAT"]), records) for t in ("SR", "HR")}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A whole search of three distinct predictors."""
    scores = Scores(tmp_path_factory.mktemp("search"), tables())
    for stage in STAGES:
        run_stage(stage, scores, PLAN)
    return scores


def test_leaders_are_scored_more_often(done):
    """Seven distinct subsets of three predictors; four leaders get two forests, two get three."""
    for target in ("SR", "HR"):
        got = done.table().query("target == @target and n_trees == 8")
        counts = got.groupby("predictors").size().sort_values().tolist()
        assert counts == [1, 1, 1, 2, 2, 3, 3]
        mean = got[got["repeat"] < 2].groupby("predictors")["rmse"].mean()
        last = got[got["repeat"] == 2]["predictors"]
        both = got[got["repeat"] == 1]["predictors"]
        assert mean[last].max() <= mean[both].drop(last).min()


def test_a_resumed_search_has_the_same_leaders(done, tmp_path):
    """Interrupted in the last round, the search continues with the same subsets."""
    scores = Scores(tmp_path, tables())
    first = run_stage(1, scores, PLAN)
    assert first == run_stage(1, scores, PLAN) and first["scores"] == 14 and first["cpu"] > 0
    chosen = done.table().query("target == 'SR' and n_trees == 8 and repeat == 2")["predictors"]
    scores.complete([Job("SR", tuple(chosen.iloc[0].split()), "oob", k, 8) for k in (1, 2)])
    run_stage(2, scores, PLAN)
    expected = done.table().query("n_trees == 8").drop(columns="cpu").reset_index(drop=True)
    pd.testing.assert_frame_equal(scores.table().drop(columns="cpu"), expected)


def test_summary(done):
    """Every subset has its first score; finalists have all schemes; the deltas start at zero."""
    got = summarise(done, PLAN)
    assert len(got) == 14 and not got["is_paper"].any()
    for target, part in got.groupby("target"):
        assert part["rank"].tolist() == list(range(1, 8))
        assert part["oob_first"].is_monotonic_increasing and part["oob_first_open"].iloc[0]
        assert part.loc[part["study_scan"].idxmin(), "study_scan_open"]
        assert part["study_scan"].notna().all() and (part["oob_repeats"] == 3).sum() == 2
        chosen = {" ".join(s) for s in finalists(done, target, PLAN)}
        assert set(part.dropna(subset=["study_rmse"])["predictors"]) == chosen
        for scheme in SCHEMES:
            best = part.loc[part[f"{scheme}_rmse"].idxmin()]
            assert best[f"{scheme}_delta"] == best[f"{scheme}_sampling"] == 0
            assert best[f"{scheme}_tied"] and best[f"{scheme}_open"]
