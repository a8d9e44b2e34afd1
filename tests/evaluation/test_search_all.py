"""The search through all subsets: kept as it goes, in three stages."""

import zlib

import pandas as pd
import pytest
from evaluation.test_search import table
from soilresp.evaluation.jobs import Scores

from soilresp.errors import DataError
from soilresp.evaluation.search import SCHEMES, Job, score_subset, subsets
from soilresp.evaluation.search_all import STAGES, Plan, finalists, run_stage, summarise

pytestmark = pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")

PLAN = Plan(n_trees=8, rounds=((4, 2), (2, 3)), scan_trees=3, finalists=2, cv_trees=4,
            cv_repeats=2)


def tables(names=("MAT", "Prec", "RH")):
    """A few predictors at made-up records of both fluxes."""
    x, records = table(60)
    return {t: (x[list(names)], records) for t in ("SR", "HR")}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A whole search of three predictors."""
    scores = Scores(tmp_path_factory.mktemp("search"), tables())
    for stage in STAGES:
        run_stage(stage, scores, PLAN)
    return scores


def test_scores_are_kept_and_not_made_again(tmp_path):
    """What is in the file is taken from there, whoever opens it, and a changed one shows."""
    jobs = [Job("SR", s, n_trees=8) for s in subsets(("MAT", "Prec"))]
    Scores(tmp_path, tables()).do(jobs[:2])
    file = tmp_path / "scores.csv"
    head, *lines = file.read_text().splitlines()
    marked = [line.rsplit(",", 2)[0] + ",99.0" for line in lines]
    file.write_text("\n".join([head, *(f"{m},{zlib.crc32(m.encode()):08x}" for m in marked), ""]))
    scores = Scores(tmp_path, tables())
    scores.do(jobs)
    got = scores.table().set_index("predictors")
    assert got.loc[["MAT", "Prec"], "cpu"].tolist() == [99, 99] and got.loc["MAT Prec", "cpu"] < 99
    row, square = score_subset(jobs[2], *tables()["SR"])
    assert got.loc["MAT Prec", "rmse"] == row["rmse"]
    assert scores.squares(jobs[2]).tobytes() == square.tobytes()


def test_half_a_line_is_dropped(tmp_path):
    """A search killed while it wrote loses that score alone."""
    jobs = [Job("SR", s, n_trees=8) for s in subsets(("MAT", "Prec"))]
    scores = Scores(tmp_path, tables())
    scores.do(jobs)
    whole = scores.table()
    file = tmp_path / "scores.csv"
    file.write_bytes(file.read_bytes()[:-9])
    scores = Scores(tmp_path, tables())
    assert len(scores.table()) == 2
    scores.do(jobs)
    pd.testing.assert_frame_equal(scores.table().drop(columns="cpu"), whole.drop(columns="cpu"))


def test_damaged_scores_are_made_anew(tmp_path, capsys):
    """A changed digit and a lost file cost that score; a changed file of errors is told."""
    jobs = [Job("SR", s, n_trees=8) for s in subsets(("MAT", "Prec"))]
    scores = Scores(tmp_path, tables())
    scores.do(jobs)
    whole = scores.table().drop(columns="cpu")
    file = tmp_path / "scores.csv"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[1].replace(b",8,", b",9,") + b"".join(lines[2:]))
    next((tmp_path / "squares").glob("*_01*.npz")).unlink()
    scores = Scores(tmp_path, tables())
    assert "damaged lines: 1 scores are made anew" in capsys.readouterr().out
    assert len(scores.table()) == 2
    scores.do(jobs)
    pd.testing.assert_frame_equal(scores.table().drop(columns="cpu"), whole)
    for square in (tmp_path / "squares").iterdir():
        content = bytearray(square.read_bytes())
        content[-100] ^= 1
        square.write_bytes(content)
    with pytest.raises(DataError, match="npz is damaged: its checksum .* Delete it and run again"):
        scores.squares(jobs[0])


def test_processes_do_not_change_a_score(tmp_path):
    """One process and two give the same table."""
    jobs = [Job(t, s, n_trees=8) for t in ("SR", "HR") for s in subsets(("MAT", "Prec"))]
    found = []
    for n in (1, 2):
        scores = Scores(tmp_path / str(n), tables())
        scores.do(jobs, n)
        found.append(scores.table().drop(columns="cpu"))
    pd.testing.assert_frame_equal(*found)


def test_scores_of_other_records_are_refused(tmp_path):
    """A folder belongs to its records, predictors and seed."""
    Scores(tmp_path, tables())
    changed = tables()
    changed["SR"] = (changed["SR"][0], changed["SR"][1].assign(flux=1.0))
    for others, seed in ((changed, 0), (tables(("MAT", "Prec")), 0), (tables(), 1)):
        with pytest.raises(DataError, match="holds scores of other records"):
            Scores(tmp_path, others, seed)


def test_every_subset_is_scored_once_and_leaders_more_often(done):
    """Seven subsets of three predictors; four leaders get two forests, two get three."""
    for target in ("SR", "HR"):
        got = done.table().query("target == @target and n_trees == 8")
        counts = got.groupby("predictors").size().sort_values().tolist()
        assert counts == [1, 1, 1, 2, 2, 3, 3]
        mean = got[got["repeat"] < 2].groupby("predictors")["rmse"].mean()
        last = got[got["repeat"] == 2]["predictors"]
        both = got[got["repeat"] == 1]["predictors"]
        assert mean[last].max() <= mean[both].drop(last).min()


def test_resumed_race_has_the_same_leaders(done, tmp_path):
    """Killed in the middle of the last round, the search goes on with those it was on."""
    scores = Scores(tmp_path, tables())
    run_stage(1, scores, PLAN)
    chosen = done.table().query("target == 'SR' and n_trees == 8 and repeat == 2")["predictors"]
    one = tuple(chosen.iloc[0].split())
    scores.do([Job("SR", one, "oob", k, 8) for k in (1, 2)])
    run_stage(2, scores, PLAN)
    expected = done.table().query("n_trees == 8").drop(columns="cpu").reset_index(drop=True)
    pd.testing.assert_frame_equal(scores.table().drop(columns="cpu"), expected)


def test_summary(done):
    """Every subset has its first score; finalists have all schemes; the deltas start at zero."""
    got = summarise(done, PLAN)
    assert len(got) == 14 and not got["is_paper"].any()
    for target, part in got.groupby("target"):
        assert part["rank"].tolist() == list(range(1, 8))
        assert part["oob_first"].is_monotonic_increasing
        assert part["oob_first_open"].iloc[0]
        assert part.loc[part["study_scan"].idxmin(), "study_scan_open"]
        assert part["study_scan"].notna().all() and (part["oob_repeats"] == 3).sum() == 2
        chosen = {" ".join(s) for s in finalists(done, target, PLAN)}
        assert set(part.dropna(subset=["study_rmse"])["predictors"]) == chosen
        for scheme in SCHEMES:
            best = part.loc[part[f"{scheme}_rmse"].idxmin()]
            assert best[f"{scheme}_delta"] == best[f"{scheme}_sampling"] == 0
            assert best[f"{scheme}_tied"] and best[f"{scheme}_open"]


def test_identical_predictors_are_not_tried_twice(tmp_path):
    """Of two equal columns the second makes no subsets."""
    x, records = table(40)
    pair = {"SR": (x[["MAT", "Prec"]].assign(RH=x["MAT"]), records)}
    scores = Scores(tmp_path, pair)
    run_stage(1, scores, PLAN)
    assert set(scores.table()["predictors"]) == {"MAT", "Prec", "MAT Prec"}


def test_times_add_up(done):
    """A stage that is done takes no more, and keeps what it took."""
    first = run_stage(1, done, PLAN)
    assert first == run_stage(1, done, PLAN) and first["scores"] == 14 and first["cpu"] > 0
