"""Evaluations of a forest on records that it has not seen."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilresp.errors import DataError, ParameterError
from soilresp.evaluation.folds import block_groups, region_groups, site_groups
from soilresp.evaluation.validation import (
    SCHEMES,
    buffered_curve,
    compare_sets,
    covariate_sets,
    cross_validate,
    scores_by_bin,
    splits_of,
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


@pytest.mark.parametrize(("scheme", "label"), [
    ("random_cv", lambda r: np.arange(len(r))), ("site_cv", site_groups),
    ("study_cv", lambda r: r["study"].to_numpy()), ("region_cv", region_groups),
    *((name, partial(block_groups, size=size)) for name, size in (
        ("spatial_1deg", 1), ("spatial_cv", 2), ("spatial_5deg", 5), ("spatial_10deg", 10))),
])
def test_schemes_keep_their_groups_apart(scheme, label):
    """Each record is tested once, and no group of the scheme is on both sides."""
    records = matched()
    records.loc[60:, ["row", "col", "lat", "lon"]] += [100, 300, -50, 150]
    groups, splits = label(records), splits_of(scheme, records, 4, 0)
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(120))
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])


def test_cross_validation_scores_its_own_predictions():
    """The table is the scores of the predictions beside it, in the order of the schemes."""
    records = matched()
    records.index += 7
    held_out = np.where(np.arange(120) % 5, records["flux"] + 10, np.nan)
    told = []
    table, predicted = cross_validate(
        records, predictors(records), "SR", None, 30, 4, held_out=held_out, progress=told.append
    )
    expected = list(SCHEMES)
    assert table.index.tolist() == expected == predicted.columns.tolist()
    assert told == expected[2:3] + expected[4:]
    assert predicted.index.equals(records.index)
    assert predicted.drop(columns=["held_out", "forward"]).notna().all().all()
    for scheme in expected:
        found = scores(records["flux"], predicted[scheme])
        assert table.loc[scheme, list(SCORES)].to_dict() == found
    assert table.loc["held_out", ["n", "bias"]].tolist() == pytest.approx([96, 10])
    assert table["distance"].isna().sum() == 3
    assert table.loc["random_cv", "distance"] < table.loc["spatial_10deg", "distance"]
    # The flux is the cell's own: known cells are easy, new ones are not predicted.
    assert table.loc["in_sample", "r2"] > table.loc["random_cv", "r2"] > 0.6
    assert table.loc["site_cv", "r2"] < 0.3 and table.loc["spatial_cv", "r2"] < 0.3
    # One scheme alone is the same; another seed and the other flux have other folds.
    for scheme in ("oob", "random_cv"):
        _, alone = cross_validate(records, predictors(records), "SR", scheme, 30, 4)
        np.testing.assert_array_equal(alone[scheme], predicted[scheme])
    for target, seed in (("SR", 1), ("HR", 0)):
        _, again = cross_validate(records, predictors(records), target, "random_cv", 30, 4, seed)
        assert (again["random_cv"] != predicted["random_cv"]).any()


@pytest.mark.parametrize(("change", "scheme", "error", "named"), [
    ({}, "loo", ParameterError, "loo"), ({"row": None}, None, DataError, "row"),
    ({"flux": np.nan}, "oob", DataError, "flux"), ({"study": 1}, "study_cv", DataError, "study_cv"),
])
def test_bad_input_is_refused(change, scheme, error, named):
    """The message names the column or the scheme."""
    records = matched().assign(**change)
    records = records.loc[:, [c for c in records if change.get(c, 0) is not None]]
    with pytest.raises(error, match=named):
        cross_validate(records, predictors(matched()), "SR", scheme, 2, 2)


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


def test_covariate_sets_by_hand():
    """Static is the mean over years; the number is one a cell and year, whoever measured."""
    mat = np.arange(2 * 4 * 3.0).reshape(2, 4, 3)
    cube = xr.Dataset({"MAT": (("year", "lat", "lon"), mat), "RH": (("lat", "lon"), mat[0])})
    records = pd.DataFrame({
        "row": [0, 0, 0, 2], "col": [1, 1, 1, 2], "cube_year": [2000, 2001, 2000, 2000],
    })
    x = pd.DataFrame({"MAT": [1.0, 13.0, 1.0, 8.0], "RH": 50.0})
    sets = covariate_sets(records, x, cube)
    assert sets["MAT by year"].equals(x) and sets["all static"].equals(sets["static MAT"])
    assert sets["static MAT"]["MAT"].tolist() == [7.0, 7.0, 7.0, 14.0]
    number = sets["static MAT + random number"]["random"]
    assert number[0] == number[2] and number.nunique() == 3
    assert covariate_sets(records, x, cube.mean("year")) == {}


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
