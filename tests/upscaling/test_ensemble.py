"""The estimator: scikit-learn's habits, three engines that agree, files, and bad input."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_maps import fine_cube
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

import soilresp as sr
from soilresp.covariates.recipes import recipe_of
from soilresp.io.fetch import is_available
from soilresp.io.files import save_arrays
from soilresp.upscaling.ensemble import ENGINES, Ensemble, UnfittedError
from soilresp.upscaling.maps import QUANTILES, FluxMaps
from soilresp.upscaling.metrics import scores
from soilresp.upscaling.runs import evaluate_runs, monte_carlo

SHARES = pd.Series({1: 0.3, 2: 0.7})


def plots(n=90):
    """Predictors, fluxes and vegetation classes of made-up plots."""
    rng = np.random.default_rng(0)
    x = pd.DataFrame({"MAT": rng.normal(size=n), "Prec": rng.normal(size=n)}).astype("float32")
    y = np.round(np.exp(6 + 0.6 * x["MAT"] + rng.normal(0, 0.2, n)), 1)
    return x, y.to_numpy(float), np.arange(n) % 2 + 1


def fitted(**options):
    """A small ensemble of the plots."""
    x, y, strata = plots()
    return Ensemble(**{"n_runs": 3, "n_trees": 8, **options}).fit(x, y, strata, SHARES)


@pytest.fixture(scope="module")
def model():
    return fitted()


def test_it_keeps_scikit_learns_habits(model):
    """Parameters, clone, fitted attributes, names and the score of a regressor."""
    x, y, strata = plots()
    fresh = clone(model.set_params(random_state=0))
    assert fresh.get_params() == model.get_params() and fresh.get_params()["n_runs"] == 3
    with pytest.raises(NotFittedError):
        check_is_fitted(fresh)
    assert fresh.fit(x, y, strata, SHARES) is fresh
    check_is_fitted(fresh)
    assert (fresh.n_features_in_, list(fresh.feature_names_in_)) == (2, ["MAT", "Prec"])
    assert len(fresh.estimators_) == 3 and len(fresh.estimators_[0]) == 8
    assert (fresh.predict(x) == model.predict(x)).all()
    assert fresh.score(x, y) > fresh.held_out_score_["r2"] > 0.5
    assert "n_runs=3" in repr(model)
    assert not hasattr(fresh.fit(x.to_numpy(), y, strata, SHARES), "feature_names_in_")


def test_fit_is_that_of_the_monte_carlo_runs(model):
    """Held-out predictions and scores are those of the runs themselves, to the byte."""
    x, y, strata = plots()
    found = evaluate_runs(monte_carlo(x, y, strata, SHARES, "SR", 3, 8), x)
    np.testing.assert_array_equal(model.held_out_prediction_, found["held_out"])
    np.testing.assert_array_equal(model.all_runs_prediction_, found["all_runs"])
    assert model.held_out_score_ == scores(y, found["held_out"])


def test_random_state():
    """The same number, the same forests; another number or flux, others; None is drawn once."""
    x = plots()[0]
    first = fitted(random_state=5).predict(x)
    assert (fitted(random_state=5).predict(x) == first).all()
    for other in ({"random_state": 6}, {"random_state": 5, "target": "HR"}, {"random_state": None}):
        again = fitted(**other)
        assert (again.predict(x) != first).any()
        assert (again.predict(x) == again.predict(x)).all()


def assert_engines_agree(models, rows):
    """Means to 1e-6, and the same quantiles; quantile-forest's levels lie on no step."""
    expected = models["sklearn"].predict(rows)
    for engine in ("fast", "quantile-forest"):
        np.testing.assert_allclose(models[engine].predict(rows), expected, rtol=1e-6)
    ours, theirs = (models[e].predict(rows, QUANTILES) for e in ("fast", "quantile-forest"))
    assert ours.shape == (len(rows), len(QUANTILES))
    np.testing.assert_array_equal(ours, theirs)
    assert (np.diff(ours, axis=1) >= 0).all() and np.isin(ours, models["fast"].runs_.y).all()


def test_engines_agree():
    """The evaluator, the published package and scikit-learn, on rows and on a map."""
    models = {engine: fitted(engine=engine) for engine in ENGINES}
    assert_engines_agree(models, plots()[0])
    cube = fine_cube(10.0, (2000, 2001))
    ours = models["fast"].predict_map(cube, [0.1, 0.5])
    theirs = models["quantile-forest"].predict_map(cube, [0.1, 0.5])
    mean = models["sklearn"].predict_map(cube, [])
    xr.testing.assert_allclose(theirs, ours[["SR", "SR_q10", "SR_q50"]], rtol=1e-6)
    xr.testing.assert_allclose(mean, ours[["SR"]], rtol=1e-6)
    with pytest.raises(sr.ParameterError, match="sklearn"):
        models["sklearn"].predict(plots()[0], [0.5])


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("target", ["SR", "HR"])
def test_engines_agree_on_real_records_and_cells(target):
    """Field records and real climate: the same means and quantiles; weights add up to the total."""
    if not is_available(["srdb", *recipe_of("delta").needs]):
        pytest.skip("the inputs of recipe 'delta' are neither in the cache nor in a mirror")
    cube = sr.load_covariates("delta", (2000, 2001))
    records, _ = sr.select_records(sr.load_srdb())
    sites = sr.match_to_grid(records[records["target"] == target], cube)
    names = list(sr.PREDICTORS[target])
    models = {
        engine: Ensemble(2, 20, engine=engine, target=target).fit(
            sites[names], sites["flux"], sites["stratum"], sr.area_shares(cube)
        )
        for engine in ENGINES
    }
    cells = cube[names].isel(year=0).to_dataframe()[names].dropna().sample(400, random_state=0)
    assert_engines_agree(models, pd.concat([cells, sites[names].head(100)]))
    area = sr.vegetated_area(cube).values
    yearly = models["fast"].record_weights(cube, by="year").groupby("year")["contribution"].sum()
    for year, total in yearly.items():
        rows = cube[names].sel(year=year).to_dataframe().assign(area=area.ravel()).dropna()
        exact = models["sklearn"].predict(rows) @ rows["area"].to_numpy() / 1e15
        assert total == pytest.approx(exact, rel=1e-11)


def test_map_is_that_of_the_study(model):
    """Fields, bytes and CF attributes of the maps of chapter 5; other levels by their name."""
    cube = fine_cube(10.0, (2000, 2001))
    found = model.predict_map(cube, QUANTILES)
    mask = cube["vegetated_fraction"].values > 0
    expected = FluxMaps(model.runs_, cube, mask, ["MAT", "Prec"]).climatology
    assert list(found) == ["SR", "SR_sd", "SR_q05", "SR_q25", "SR_q50", "SR_q75", "SR_q95"]
    xr.testing.assert_identical(found, expected[list(found)])
    other = model.predict_map(cube, [0.025])
    assert list(other) == ["SR", "SR_sd", "SR_q025"]
    assert other["SR_q025"].attrs["long_name"].startswith("2.5 % quantile of total soil")
    assert other["SR_q025"].attrs["units"] == "g m-2 yr-1"


def test_record_weights_sum_to_the_total(model):
    """Over the globe, by year, by continent and in a cell: predictions in double precision."""
    cube, y = fine_cube(10.0, (2000, 2001, 2002)), plots()[1]
    area, exact = sr.vegetated_area(cube), fitted(engine="sklearn")
    mask = area.values > 0
    by_year = np.array([
        exact.predict(np.column_stack([
            cube["MAT"].isel(year=k).values[mask], cube["Prec"].values[mask]
        ])) for k in range(3)
    ]) * area.values[mask] / 1e15
    found = model.record_weights(cube)
    assert found["row"].tolist() == list(range(90)) and found["weight"].min() >= 0
    assert found["contribution"].sum() == pytest.approx(by_year.sum() / 3, rel=1e-12)
    assert found["weight"].sum() == pytest.approx(float(area.sum()), rel=1e-12)
    np.testing.assert_allclose(found["contribution"], found["weight"] * y / 1e15, rtol=1e-14)
    np.testing.assert_allclose(found["share"] * by_year.sum() / 3, found["contribution"], 1e-12)
    total = sr.global_total(model.predict_map(cube, [])["SR"].astype(float), area)
    assert found["contribution"].sum() == pytest.approx(float(total), rel=1e-7)
    yearly = model.record_weights(cube, by="year")
    sums = yearly.groupby("year")["contribution"].sum()
    assert sums.index.tolist() == [2000, 2001, 2002]
    np.testing.assert_allclose(sums, by_year.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(yearly.groupby("row")["weight"].mean(), found["weight"], rtol=1e-9)
    assert yearly.groupby("year")["share"].sum().tolist() == pytest.approx([1, 1, 1])
    exact_map = xr.zeros_like(area).rename("SR")
    exact_map.values[mask] = by_year.mean(axis=0) / area.values[mask] * 1e15
    parts = model.record_weights(cube, by="continent").groupby("continent")["contribution"].sum()
    expected = sr.regional_totals(exact_map.where(mask), area, "continent")["SR"]
    np.testing.assert_allclose(parts, expected.sort_index(), rtol=1e-12)
    alone = model.record_weights(cube, cell=(7.0, 21.0))
    where = (area["lat"] == 5) & (area["lon"] == 25)
    flux = float((exact_map * area).where(where).sum()) / 1e15
    assert alone["contribution"].sum() == pytest.approx(flux, rel=1e-12)
    half = model.record_weights(cube, area.where(area["lat"] > 0) / 2)["weight"].sum()
    assert half == pytest.approx(float(area.sum()) / 4, rel=1e-12)
    with pytest.raises(sr.DataError, match="85"):
        model.record_weights(cube, cell=(85.0, 0.0))
    with pytest.raises(sr.DataError, match="area"):
        model.record_weights(cube, 0 * area)
    with pytest.raises(sr.ParameterError, match="biome"):
        model.record_weights(cube, by="biome")


def test_record_weights_are_the_same_on_any_number_of_threads():
    """Bytes of the table with one, three and all; with forests that are kept or grown again."""
    cube = fine_cube(2.0)
    tables = [
        fitted(n_jobs=n, keep_forests=k).record_weights(cube, by="region").to_csv()
        for n, k in ((1, True), (3, True), (-1, False))
    ]
    assert len(set(tables)) == 1


def test_any_table_of_rows(model):
    """Columns in any order and more of them, in parts as memory allows: the same predictions."""
    x = plots()[0]
    expected = model.predict(x)
    np.testing.assert_array_equal(model.predict(x[["Prec", "MAT"]].assign(site="a")), expected)
    np.testing.assert_array_equal(model.predict(x.to_numpy()), expected)
    with pytest.MonkeyPatch.context() as patch:
        levels = model.predict(x, [0.3])
        patch.setattr("soilresp.upscaling.ensemble.MOST_BYTES", 4 * 90 * 7)
        np.testing.assert_array_equal(model.predict(x, [0.3]), levels)


@pytest.mark.parametrize("keep_forests", [True, False])
def test_a_file_holds_the_same_ensemble(tmp_path, keep_forests):
    """Predictions, quantiles, maps and scores are the same bytes; without forests they regrow."""
    one = fitted(keep_forests=keep_forests, random_state=3)
    one.save(tmp_path / "sr.npz")
    two = Ensemble.load(tmp_path / "sr.npz")
    assert two.get_params() == one.get_params() and two.runs_.key == one.runs_.key
    assert len(two.estimators_) == (3 if keep_forests else 0)
    x = plots()[0]
    assert two.predict(x).tobytes() == one.predict(x).tobytes()
    assert two.predict(x, [0.1, 0.9]).tobytes() == one.predict(x, [0.1, 0.9]).tobytes()
    xr.testing.assert_identical(two.predict_map(fine_cube(10.0)), one.predict_map(fine_cube(10.0)))
    assert two.held_out_score_ == one.held_out_score_
    two.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "sr.npz").read_bytes()


def test_files_that_hold_none_are_refused(tmp_path, model):
    """Of another version, damaged, missing: the file is named."""
    path = tmp_path / "sr.npz"
    save_arrays(path, **{**model.to_arrays(), "format": np.array("soilresp ensemble 0")})
    with pytest.raises(sr.DataError, match=r"sr\.npz.*soilresp ensemble 0"):
        Ensemble.load(path)
    path.write_bytes(path.read_bytes()[:-1])
    for bad in (path, tmp_path / "none.npz"):
        with pytest.raises(sr.DataError, match=bad.name):
            Ensemble.load(bad)
    with pytest.raises(sr.ParameterError, match="sklearn"):
        fitted(engine="sklearn").save(path)


def test_an_unfitted_ensemble_says_so():
    """The error is the project's and scikit-learn's, whatever is asked of it."""
    assert issubclass(UnfittedError, sr.ParameterError)
    assert issubclass(UnfittedError, NotFittedError)
    fresh = Ensemble()
    calls = (lambda: fresh.predict([[1.0]]), lambda: fresh.predict_map(None), fresh.to_arrays,
             lambda: fresh.held_out_score_)
    for call in calls:
        with pytest.raises(UnfittedError, match="fit"):
            call()


@pytest.mark.parametrize(("options", "named"), [
    ({"n_runs": 0}, "n_runs"), ({"n_trees": 2.5}, "n_trees"), ({"sampling": "even"}, "even"),
    ({"engine": "R"}, "R"), ({"target": "NPP"}, "NPP"),
])
def test_impossible_parameters_are_named(options, named):
    """Each is refused when the ensemble is fitted."""
    with pytest.raises(sr.ParameterError, match=named):
        fitted(**options)


def test_bad_tables_are_named(model):
    """Missing columns, values that are none, lengths that differ, what is not given."""
    x, y, strata = plots()
    holed = x.copy()
    holed.loc[7, "Prec"] = np.nan
    one = Ensemble(1, 1)
    for call, error, word in (
        (lambda: model.predict(holed), sr.DataError, "row 7, column 'Prec'"),
        (lambda: one.fit(holed, y, strata, SHARES), sr.DataError, "row 7, column 'Prec'"),
        (lambda: model.predict(x[["MAT"]]), sr.DataError, "'Prec'"),
        (lambda: model.predict(np.zeros((2, 3))), sr.DataError, "3 columns"),
        (lambda: model.predict(x.assign(Prec="wet")), sr.DataError, "numbers"),
        (lambda: one.fit(x, y[:-1], strata, SHARES), sr.DataError, "y has 89"),
        (lambda: one.fit(x, y, strata[:4], SHARES), sr.DataError, "strata has 4"),
        (lambda: one.fit(x, y), sr.ParameterError, "strata"),
        (lambda: model.predict(x, [0.5, 1.5]), sr.ParameterError, "1.5"),
        (lambda: model.predict_map(fine_cube(10.0).drop_vars("MAT")), sr.DataError, "MAT"),
    ):
        with pytest.raises(error, match=word):
            call()
