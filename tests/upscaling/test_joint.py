"""HR and AR that are possible together."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from soilresp.upscaling import joint

SHARES = pd.Series({1: 0.5, 2: 0.5})


def records(n=60, seed=0):
    """Matched records of both targets; the first two thirds report both fluxes."""
    rng = np.random.default_rng(seed)
    sr = rng.uniform(200, 1500, n).round()
    hr = (sr * rng.uniform(0.2, 0.95, n)).round()
    base = pd.DataFrame({
        "record": np.arange(n), "study": np.arange(n) // 4, "stratum": np.arange(n) % 2 + 1,
    })
    both = [base.assign(flux=sr, target="SR"), base.assign(flux=hr, target="HR").head(2 * n // 3)]
    return pd.concat(both, ignore_index=True)


def predictors(table):
    """Two predictors of records, alike for SR and HR."""
    rng = np.random.default_rng(7)
    values = rng.normal(size=(60, 2))
    return pd.DataFrame(values[table["record"]], columns=["MAT", "Prec"])


def test_pairs_by_hand():
    """A record with both fluxes is one pair; one with SR alone is none; studies are kept apart."""
    table = pd.DataFrame({
        "record": [1, 2, 1, 3], "study": [5, 5, 5, 6], "flux": [800.0, 500.0, 600.0, 100.0],
        "target": ["SR", "SR", "HR", "HR"], "stratum": 1,
    })
    got = joint.pairs(table)
    assert got[["record", "SR", "HR", "AR", "share"]].to_numpy().tolist() == [
        [1, 800, 600, 200, 0.75]
    ]
    assert joint.pairs(table[table["target"] == "SR"]).empty


def test_every_method_but_the_difference_is_possible():
    """Scores for each method and quantity; only the difference may be below zero."""
    table = records()
    own = {t: table[table["target"] == t].reset_index(drop=True) for t in ("SR", "HR")}
    x = {t: predictors(of) for t, of in own.items()} | {"pairs": predictors(joint.pairs(table))}
    scored = joint.compare_methods(table, x, n_folds=3, n_trees=5)
    assert len(scored) == 4 * 3
    assert (scored.loc[scored["method"] != "difference", "negative"] == 0).all()
    again = joint.compare_methods(table, x, n_folds=3, n_trees=5)
    pd.testing.assert_frame_equal(scored, again)
    assert joint.best_method(scored) in ("clipped", "share", "paired")


def test_best_method_is_chosen_by_both_fluxes():
    """Squared errors of HR and AR count together, and the difference is no candidate."""
    rmse = {"difference": (1, 1), "clipped": (3, 4), "share": (1, 4.5), "paired": (4, 4)}
    table = pd.DataFrame([
        {"method": m, "quantity": q, "rmse": r}
        for m, of in rmse.items() for q, r in zip(("HR", "AR"), of)
    ] + [{"method": "paired", "quantity": "AR_SR", "rmse": 0.0}])
    assert joint.best_method(table) == "share"


def mapped(method, seed=0):
    """Joint fields of three cells, with the weights that they have."""
    table = joint.pairs(records(seed=seed))
    x = predictors(table)
    weights = joint.pair_weights(x, table, x.to_numpy()[:3], SHARES, 2, 4, n_threads=1)
    mask = np.array([[True, False], [True, True]])
    grid = {"lat": [0.25, -0.25], "lon": [0.25, 0.75]}
    flux = {"SR": [[900, np.nan], [300, 600]], "HR": [[500, np.nan], [450, 600]]}
    climatology = xr.Dataset({k: (("lat", "lon"), np.float32(v)) for k, v in flux.items()}, grid)
    return climatology, mask, weights, table, joint.joint_fields(
        climatology, mask, weights, table, method
    )


@pytest.mark.parametrize("method", ["clipped", "share", "paired"])
def test_parts_add_up(method):
    """0 <= AR and HR <= SR in every cell, and both add up to SR."""
    climatology, mask, weights, table, got = mapped(method)
    sr, hr, ar = climatology["SR"], got["HR_joint"], got["AR_joint"]
    assert float(ar.min()) >= 0 and bool((hr <= sr).values[mask].all())
    np.testing.assert_allclose((hr + ar).values[mask], sr.values[mask], rtol=1e-6)
    assert np.isnan(got["AR_q50"].values[~mask]).all()
    w = weights.mean()
    np.testing.assert_allclose(w.sum(axis=1), 1)
    share = {
        "clipped": np.array([500 / 900, 1.0, 1.0]), "share": w @ table["share"],
        "paired": (w @ table["HR"]) / (w @ table["SR"]),
    }[method]
    np.testing.assert_allclose((hr / sr).values[mask], share, rtol=1e-6)


def test_spread_of_ar_is_that_of_the_weighted_pairs():
    """SD, CV and median of AR against sums by hand."""
    _, mask, weights, table, got = mapped("share")
    ar, w = table["AR"].to_numpy(), weights.mean()
    mean = w @ ar
    sd = np.sqrt(w @ ar**2 - mean**2)
    np.testing.assert_allclose(got["AR_sd"].values[mask], sd, rtol=1e-5)
    np.testing.assert_allclose(got["AR_cv"].values[mask], 100 * sd / mean, rtol=1e-5)
    order = np.argsort(ar)
    for row, median in zip(w, got["AR_q50"].values[mask]):
        assert median == np.float32(ar[order][np.searchsorted(row[order].cumsum(), 0.5 - 1e-9)])
    assert got["AR_SR_q05"].attrs["units"] == "1" and got["AR_cv"].attrs["units"] == "%"
    assert (got["AR_q05"] <= got["AR_q95"]).values[mask].all()


def test_negative_cells_by_hand():
    """One of three cells is below zero: -100 g over 2 million km2."""
    fields = xr.Dataset({"AR": (("lat", "lon"), [[50.0, -100.0], [np.nan, 0.0]])})
    area = xr.DataArray([[1e12, 2e12], [9e12, 1e12]], dims=("lat", "lon"))
    assert joint.negative_cells(fields, area) == pytest.approx(
        {"cells": 1, "share_of_cells": 1 / 3, "share_of_area": 0.5, "flux": -0.2, "lowest": -100}
    )


@given(sr=st.floats(1, 5000, width=32), hr=st.floats(1, 5000, width=32))
def test_clipping_never_takes_more_than_there_is(sr, hr):
    """Whatever the two maps say, the parts of SR are possible."""
    fields = xr.Dataset({"SR": ("lat", np.float32([sr])), "HR": ("lat", np.float32([hr]))})
    got = joint.clipped_fields(fields)
    assert 0 <= float(got["AR_joint"][0]) <= sr and float(got["HR_joint"][0]) <= sr
