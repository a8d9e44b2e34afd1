"""Scores, checked by hand, and folds that keep groups apart."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilresp.evaluation import folds
from soilresp.evaluation.folds import block_groups, site_groups
from soilresp.evaluation.validation import (
    SCHEMES,
    buffered_curve,
    compare_sets,
    covariate_sets,
    drawn_scores,
    ladder,
    scores_by_bin,
)
from soilresp.upscaling.metrics import SCORES, scores

pytestmark = pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")


def matched(n=120, seed=0):
    """Made-up matched records: forty cells, thirty studies, and a flux that the cell decides."""
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, 40, n)
    row, col = 100 + cell, 300 + 3 * cell
    return pd.DataFrame({
        "record": np.arange(n), "study": rng.integers(0, 30, n), "stratum": 1 + cell % 2,
        "year": rng.integers(1985, 2012, n).astype(float),
        "row": row, "col": col,
        "lat": 89.75 - row / 2 + rng.uniform(-0.2, 0.2, n),
        "lon": -179.75 + col / 2 + rng.uniform(-0.2, 0.2, n),
        "flux": 300 + 20.0 * (cell * 7 % 40) + rng.normal(0, 10, n),
        "target": "SR",
    })


def predictors(records):
    """A fingerprint of the cell."""
    return pd.DataFrame({"MAT": records["row"] * 1.0})


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
        monkeypatch.setattr(folds, name, noting(getattr(folds, name)))
    return seen


def test_ladder_holds_out_what_its_schemes_say(splits):
    """In the ladder itself: sites, studies and blocks are each kept apart in their scheme."""
    records = matched()
    told = []
    ladder(records, predictors(records), "SR", n_trees=3, n_folds=4, progress=told.append)
    left_out = [s for s in SCHEMES if s not in ("in_sample", "oob", "held_out")]
    assert told == left_out
    assert [name for name, _, _ in splits] == ["KFold"] * 4 + ["GroupKFold"] * 24
    labels = [
        np.arange(len(records)), site_groups(records), records["study"].to_numpy(),
        *(block_groups(records, size) for size in (1, 2, 5, 10)),
    ]
    for scheme, label in enumerate(labels):
        assert len(np.unique(label)) >= 4
        for _, train, test in splits[4 * scheme : 4 * scheme + 4]:
            assert not set(label[train]) & set(label[test])
    # Random folds do share sites: that is the leak their score is charged with.
    site = site_groups(records)
    assert set(site[splits[0][1]]) & set(site[splits[0][2]])


def test_ladder_scores_its_own_predictions():
    """The table is the scores of the predictions beside it, in the order of the schemes."""
    records = matched()
    records.index += 7
    held_out = np.where(np.arange(120) % 5, records["flux"] + 10, np.nan)
    table, predicted = ladder(
        records, predictors(records), "SR", n_trees=30, n_folds=4, held_out=held_out
    )
    expected = list(SCHEMES)
    assert table.index.tolist() == expected == predicted.columns.tolist()
    assert predicted.index.equals(records.index)
    assert predicted.drop(columns=["held_out", "forward"]).notna().all().all()
    for scheme in expected:
        found = scores(records["flux"], predicted[scheme])
        assert table.loc[scheme, list(SCORES)].to_dict() == found
    assert table.loc["held_out", ["n", "bias"]].tolist() == pytest.approx([96, 10])
    assert table["distance"].isna().sum() == 3
    assert table.loc["random_cv", "distance"] < table.loc["spatial_10deg", "distance"]
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


def test_scores_by_bin_leave_out_small_bins():
    """Each bin is scored by its own records; nine records are no bin."""
    observed = np.arange(30.0)
    predicted = pd.DataFrame({"a": observed + 1, "b": np.where(observed < 21, observed, np.nan)})
    strata = np.repeat([1, 2, 3], [12, 9, 9])
    got = scores_by_bin(observed, predicted, strata).set_index(["scheme", "stratum"])
    assert got.index.tolist() == [("a", 1), ("b", 1)]
    assert got.loc[("a", 1), "n"] == 12 and got["bias"].tolist() == [1, 0]
    # SSE 12, SST of 0..11 is 143.
    assert got.loc[("a", 1), "r2"] == pytest.approx(1 - 12 / 143)


def test_buffers_take_near_records_away_and_keep_the_test():
    """The same records are tested from farther and farther away."""
    records = matched()
    curve = buffered_curve(
        records, predictors(records), "SR", n_trees=5, n_sites=12, buffers=(0, 300, 1000)
    )
    assert curve["n"].nunique() == 1 and curve["n"][0] < 60
    assert (curve["distance"][1:] >= [300, 1000]).all()
    assert (np.diff(curve["training"]) < 0).all()
    assert curve["rmse_se"][0] == 0 and (curve["rmse_se"][1:] > 0).all()


def year_cube():
    """MAT that varies from year to year, RH that does not."""
    mat = np.arange(2 * 4 * 3.0).reshape(2, 4, 3)
    return xr.Dataset(
        {"MAT": (("year", "lat", "lon"), mat), "RH": (("lat", "lon"), mat[0])},
        coords={"year": [2000, 2001]},
    )


def test_covariate_sets_by_hand():
    """Static is the mean over years; the number is one a cell and year, whoever measured."""
    records = pd.DataFrame({
        "row": [0, 0, 0, 2], "col": [1, 1, 1, 2], "cube_year": [2000, 2001, 2000, 2000],
    })
    x = pd.DataFrame({"MAT": [1.0, 13.0, 1.0, 8.0], "RH": 50.0})
    sets = covariate_sets(records, x, year_cube())
    assert list(sets) == [
        "MAT by year", "static MAT", "static MAT + random number", "all static",
        "all static + random number",
    ]
    assert sets["static MAT"]["MAT"].tolist() == [7.0, 7.0, 7.0, 14.0]
    assert sets["all static"].equals(sets["static MAT"])
    number = sets["static MAT + random number"]["random"]
    assert number[0] == number[2] and number.nunique() == 3
    assert covariate_sets(records, x, year_cube().mean("year")) == {}


def test_a_random_number_of_the_record_group_leaks():
    """Where flux belongs to the cell, a number of the cell is as good as any predictor."""
    records = matched()
    number = np.random.default_rng(0).normal(size=40)[records["row"] - 100]
    nothing = pd.DataFrame({"MAT": np.zeros(len(records))})
    got = compare_sets(
        records, {"plain": nothing, "number": nothing.assign(random=number)}, "SR",
        n_trees=20, n_folds=4,
    ).set_index(["predictors", "scheme"])["r2"]
    assert got["number", "random_cv"] > 0.5 > 0.1 > got["plain", "random_cv"]
    assert got["number", "site_cv"] < 0.3
    assert list(compare_sets(records, {}, "SR").columns) == ["predictors", "scheme", *SCORES]


def test_copies_in_the_bag_flatter():
    """Scored within its own draw, a forest of noise looks as if it knew something."""
    records = matched(400)
    rng = np.random.default_rng(1)
    records["flux"] = rng.normal(800, 300, len(records))
    noise = pd.DataFrame({"MAT": rng.normal(size=len(records))})
    shares = pd.Series({1: 0.5, 2: 0.5})
    got = drawn_scores(records, noise, "SR", shares, 3, 60).set_index("evaluation")["r2"]
    assert got["drawn_fit"] > 0.5 and got["grown"] > 0.5
    honest = ladder(records, noise, "SR", n_trees=60, n_folds=4)[0].loc["random_cv", "r2"]
    assert min(got["drawn_oob"], got["drawn_split"]) > honest + 0.05 and honest < 0
