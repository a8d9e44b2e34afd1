"""A small example of each figure of `soilresp.plot`, from made tables and fields."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp import plot
from soilresp.covariates.recipes import PREDICTORS
from soilresp.evaluation.twins import VARIANTS
from soilresp.grid.cells import coordinates
from soilresp.plot.models import BENCHMARK
from soilresp.scoring.budget import carbon_budget
from soilresp.scoring.paper import literature
from soilresp.upscaling.sampling import SAMPLINGS

TWO, THREE = ["SR", "HR"], ["SR", "HR", "AR"]


def cross(**columns):
    """Return a table with a row for each combination of the values of its columns."""
    return pd.MultiIndex.from_product(columns.values(), names=columns).to_frame(index=False)


def world(seed=0):
    """Return a positive field on a five-degree grid, without data in the west."""
    values = np.random.default_rng(seed).lognormal(6, 0.5, (36, 72))
    values[:, :20] = np.nan
    return xr.DataArray(
        values, coordinates(5), ("lat", "lon"), name="SR", attrs={"units": "g C m-2 yr-1"}
    )


def fluxes():
    """Return maps of all that the figures of fluxes show."""
    sr, hr = world(0), world(1) / 2
    maps = {"SR": sr, "HR": hr, "AR": sr - hr, "AR_SR": (sr - hr) / sr, "SR_cv": 0 * sr + 0.4}
    maps |= {"HR_cv": (0 * sr + 50).assign_attrs(units="%"), "AR_joint": hr, "HR_joint": hr + 9}
    return xr.Dataset(maps | {"AR_SR_joint": hr / sr, "HR_benchmark": sr, "HR_bias": hr - sr})


def records(n=60):
    """Return observed and predicted fluxes at random points, for both targets."""
    rng = np.random.default_rng(0)
    observed = rng.lognormal(6, 0.5, n)
    return pd.DataFrame({
        "target": np.repeat(TWO, n // 2), "lat": rng.uniform(-40, 60, n),
        "lon": rng.uniform(-120, 150, n), "observed": observed, "flux": observed,
        "predicted": 0.8 * observed + rng.normal(0, 50, n), "di": rng.uniform(0, 1.5, n),
        "reported_MAT": rng.normal(10, 8, n), "reported_MAP": rng.lognormal(6.5, 0.4, n),
    }).assign(MAT=lambda t: t["reported_MAT"] + 0.5, Prec=lambda t: t["reported_MAP"] * 0.9)


def cube():
    """Return all predictors but SOC; one has years."""
    fields = {n: world(k).assign_attrs(units=PREDICTORS[n][1]) for k, n in enumerate(PREDICTORS)}
    fields["MAT"] = xr.concat([fields["MAT"], fields["MAT"] + 1], "year")
    fields["cell_area"] = fields["vegetated_fraction"] = xr.ones_like(world())
    return xr.Dataset(fields).drop_vars("SOC")


def profiles():
    """Return zonal means of a benchmark and a model of one hemisphere."""
    lat = coordinates(5)["lat"]
    line = xr.DataArray(np.cos(np.deg2rad(lat)), dims="lat", coords={"lat": lat})
    both = xr.concat([line, line.where(lat < 0)], pd.Index([BENCHMARK, "A"], name="model"))
    names = {"SR": 1000 * both, "HR": 500 * both, "AR": 500 * both, "AR_SR": both / 2}
    return xr.Dataset({**names, "SR_mad": 300 * line})


def score_profiles():
    """Return a benchmark of 400 ± 600 and a model that agrees."""
    line = xr.DataArray(np.full(36, 400.0), {"lat": coordinates(5)["lat"]}, dims="lat")
    return xr.Dataset({"HR": line, "HR_benchmark": line, "HR_benchmark_sd": line + 200})


def totals():
    """Return totals of a benchmark, a model with bounds only, and one with a single value."""
    rows = [
        (BENCHMARK, "benchmark", {"SR": 85.0, "HR": 50.0, "AR": 35.0, "AR_SR": 0.41}),
        ("A", "derived", {"SR": np.nan}),
        ("B", "computed", {"SR": np.nan, "HR": 54.0, "cSoil": 1500.0}),
    ]
    table = pd.DataFrame([
        {"model": m, "provenance": p, "quantity": q, "value": v} for m, p, by in rows
        for q, v in by.items()
    ])
    bounds = table["model"] == "A"
    return table.assign(low=np.where(bounds, 66.7, np.nan), high=np.where(bounds, 75.2, np.nan))


def pools():
    """Return pools and production of four models of two groups."""
    return pd.DataFrame({
        "group": ["CMIP6 series"] * 3 + ["available output"], "model": list("ABCD"),
        "SR": np.nan, "HR": [40.0, 50.0, 65.0, 54.0], "AR": np.nan,
        "cSoil": [np.nan] * 3 + [1200.0], "cLitter": np.nan, "cRoot": np.nan,
        "GPP": [110.0, 120.0, 150.0, 136.0], "NPP": [45.0, 60.0, 70.0, 55.0],
    })


def ranking():
    """Return four subsets for each flux; the third is the paper's."""
    subsets = pd.DataFrame({
        "predictors": ["MAT Prec", "MAT", "MAT Prec RH", "RH"], "rmse": [350.0, 360, 380, 400],
        "rmse_sd": 2.0, "is_paper": [False, False, True, False], "tied": [True] + [False] * 3,
    })
    subsets["rank"] = [1, 2, 3, 4]
    return pd.concat([subsets.assign(target=target) for target in TWO])


def subsets():
    """Return 63 subsets for each flux, two of them tied, the seventh the paper's."""
    return cross(target=TWO, rank=range(1, 64)).assign(
        predictors=lambda t: "subset " + t["rank"].astype(str),
        oob_first=lambda t: 300.0 + t["rank"],
        oob_noise=1.0, oob_repeats=4, is_paper=lambda t: t["rank"] == 7,
        oob_tied=lambda t: np.where(t["rank"] < 3, 1.0, np.nan),
        oob_first_open=lambda t: t["rank"] < 20,
    )


def importance():
    """Return increases of 3 and 13 (MAT) and 4 and 14 (Prec) over two folds."""
    single = cross(target=TWO, scheme=["random_cv", "study_cv"], feature=["MAT", "Prec"],
                   fold=[0, 1]).assign(kind="single")
    group = single.assign(kind="group", feature="MAT + Prec + LAI")
    table = pd.concat([single, group], ignore_index=True)
    return table.assign(increase=10.0 * table["fold"] + table["feature"].str.len())


def ranks():
    """Return ranks of two predictors in three draws, two with MAT first."""
    return pd.DataFrame({
        "target": "SR", "case": "other studies", "draw": [0, 0, 1, 1, 2, 2],
        "feature": ["MAT", "Prec", "MAT", "Prec", "Prec", "MAT"], "rank": [1, 2] * 3,
    })


def dependence():
    """Return the arguments of `dependence_curves` for one predictor."""
    grid = np.linspace(0, 20, 5)
    curve = pd.DataFrame({"feature": "MAT", "value": grid, "flux": grid})
    single = pd.concat([curve.assign(curve=0), curve.assign(curve=1)])
    values = pd.DataFrame({"MAT": [1.0, 5.0, 12.0]})
    return curve.assign(q10=grid - 1, q90=grid + 1), single, values, "SR"


def gains():
    """Return single changes, and one step of the way to the best, confirmed."""
    steps = pd.DataFrame(
        [("search", "paper", 0), ("search", "records=site_year", np.nan),
         ("search", "weights=record", 1), ("search", "scale=log weights=record", np.nan),
         ("confirm", "paper", 0), ("confirm", "weights=record", 1)],
        columns=["phase", "alternative", "step"],
    ).assign(gain=1.0, gain_se=0.1)
    return pd.concat([steps.assign(target=target) for target in TWO])


def sources():
    """Return the arguments of `total_uncertainty`; one source has no value."""
    parts = cross(source=["records", "covariates"], flux=THREE).assign(together=2.0)
    three = pd.DataFrame({"SR": [50.0, 2.0], "HR": [30.0, 1.0], "AR": [np.nan, 2.0]},
                         index=["cells", "studies"])
    return three, parts.assign(sd=np.where(parts["source"] == "records", 2.0, np.nan))


CELLS = pd.DataFrame({
    "name": [f"Place {k}" for k in range(10)], "lat": np.linspace(-40, 60, 10), "lon": 12.25,
})


def weights():
    """Return two values for each cell and flux: 400 by 0.75, 4000 by 0.25."""
    table = cross(name=CELLS["name"], target=TWO, value=[400.0, 4000.0])
    return table.assign(weight=np.where(table["value"] > 1000, 0.25, 0.75))


def trends():
    """Return the trend of each flux over the globe."""
    return pd.DataFrame({
        "band": "globe", "flux": THREE, "percent": [1.0, 2, -1],
        "percent_low": [0.5, 1, -3], "percent_high": [2.0, 3, 1],
    })


def site_map():
    """Draw both kinds of sites."""
    igbp = world().fillna(0) * 0 + np.arange(72) % 17
    return plot.site_map(*(part for _, part in records().groupby("target")), igbp)


SUSPICIOUS = pd.DataFrame({
    "lat": [-50.0, 31.0, -2.0], "lon": [13.0, 13.0, -2.0], "records": [2, 1, 3],
    "to_lat": [50.0, 47.5, np.nan], "to_lon": [13.0, 12.0, np.nan],
    "how": ["repair", "nearest", ""],
})
FUNNEL = pd.DataFrame(
    {"rule": ["All records", "Field", "Years"], "SR": [100, 80, 60], "HR": [100, 30, 20]}
)
LADDER = pd.DataFrame({
    "scheme": ["in_sample", "random_cv", "region_cv"] * 2, "target": np.repeat(TWO, 3),
    "r2": [0.8, 0.2, -0.1, 0.7, 0.1, 0.0], "rmse": [220.0, 520, 560, 110, 280, 290],
    "distance": [np.nan, 0.0, 2700.0] * 2,
})
BUFFERED = cross(target=TWO, distance=[60.0, 2000.0]).assign(
    rmse=[550.0, 590.0, 300.0, 310.0], rmse_se=40.0, rmse_of_mean=[580.0, 585.0, 305.0, 306.0]
)
TESTS = ["random", "study", "spatial"]
SCORES = pd.DataFrame({
    "model": ["A", "B"], "flux": "HR", "r": [0.5, np.nan], "sigma_ratio": [1.5, np.nan],
})
KNOWN = pd.DataFrame({"flux": "HR", "model": ["A", "B", "C"], "value": [60.0, 40.0, np.nan]})
SITES = cross(target=TWO, model=[BENCHMARK, "A"]).assign(
    rmse=[400.0, 560.0, 230.0, np.nan], r=[0.7, -0.05, 0.6, np.nan]
)
THRESHOLDS = {"SR": 0.5, "HR": 0.7}
BY_LATITUDE = pd.DataFrame(
    {n: [1.0, 2.0] for n in ("SR", "HR", "AR", "AR_joint", "SR_sd", "HR_sd", "area")},
    index=pd.Index([30.0, 10.0], name="lat"),
)


def by_draw():
    """Return SR and HR by three ways to draw records."""
    draws = pd.Index(["area", "record", "bin"], name="sampling")
    field = xr.concat([world(k) for k in range(3)], draws)
    return xr.Dataset({"SR": field, "HR": field})


def applicability():
    """Return dissimilarities and distances."""
    names = ("SR_di", "HR_di", "SR_site_distance", "HR_site_distance")
    return xr.Dataset({name: world(k) for k, name in enumerate(names)})


def model_spread():
    """Draw ranges of two quantities and a map."""
    table = pd.DataFrame({"group": "g", "quantity": ["HR", "NPP"], "range_percent": [40.0, 60.0],
                          "n": [3, 4]})
    return plot.model_spread(table, xr.Dataset({"HR_cv": world() / 10}, attrs={"n_models": 4}))


TOTALS = {"SR": 80.0, "HR": 50.0, "AR": 30.0}

FIGURES = {
    "alternative_gains": (lambda: plot.alternative_gains(gains()), 2),
    "annual_series": (lambda: plot.annual_series(
        pd.DataFrame({"year": [2000, 2001], "SR": [85.0, 86.0], "HR": 50.0, "AR": 35.0,
                      "SR_sd": 0.5}), {"SR": (83.6, 87.8), "HR": (49.2, 51.1)}), 3),
    "applicability_maps": (lambda: plot.applicability_maps(applicability(), THRESHOLDS), 4),
    "budget_bars": (lambda: plot.budget_bars(carbon_budget(85, 50, sr_sd=1, hr_sd=1)), 2),
    "cell_distributions": (lambda: plot.cell_distributions(weights(), CELLS), 10),
    "climatology_maps": (lambda: plot.climatology_maps(fluxes()), 6),
    "convergence_curves": (lambda: plot.convergence_curves(
        cross(target=TWO, n_trees=[10, 500], n_runs=[1, 4],
              quantity=["mean", "sd", "mad", "total"]).assign(error=40.0)), 8),
    "correlation_matrix": (lambda: plot.correlation_matrix(
        pd.DataFrame([[1, -0.4], [-0.4, 1]], ["MAT", "RH"], ["MAT", "RH"])), 1),
    "covariate_maps": (lambda: plot.covariate_maps(cube()), 10),
    "covariate_profiles": (lambda: plot.covariate_profiles(cube(), cube()), 9),
    "dependence_curves": (lambda: plot.dependence_curves(*dependence()), 4),
    "error_by_dissimilarity": (lambda: plot.error_by_dissimilarity(records(), THRESHOLDS), 2),
    "error_by_distance": (lambda: plot.error_by_distance(LADDER, BUFFERED), 2),
    "flux_bars": (lambda: plot.flux_bars(totals(), {"SR": 76.9, "HR": 50.4}), 4),
    "flux_map": (lambda: plot.flux_map(world(), "(a) title"), 1),
    "flux_maps": (lambda: plot.flux_maps(fluxes(), TOTALS), 3),
    "funnel_bars": (lambda: plot.funnel_bars(FUNNEL, {"SR": 62, "HR": 25}), 2),
    "importance_dots": (lambda: plot.importance_dots(importance()), 4),
    "interval_coverage": (lambda: plot.interval_coverage(
        cross(target=TWO, test=TESTS, level=[0.5, 0.9]).assign(
            calibrated=lambda t: t["test"], raw=0.4, conformal=0.5)), 2),
    "joint_maps": (lambda: plot.joint_maps(fluxes()), 4),
    "latitude_profiles": (lambda: plot.latitude_profiles(BY_LATITUDE), 4),
    "leakage_dots": (lambda: plot.leakage_dots(
        cross(predictors=["MAT by year", "all static"],
              scheme=["random_cv", "site_cv", "study_cv"]).assign(rmse=360.0)), 1),
    "literature_totals": (lambda: plot.literature_totals(literature(), {"SR": (85.0, 1.0)}), 3),
    "model_spread": (model_spread, 2),
    "model_totals": (lambda: plot.model_totals(KNOWN, {"HR": 52.0}, "A"), 1),
    "observed_predicted": (lambda: plot.observed_predicted(records(), "random folds"), 2),
    "pit_histogram": (lambda: plot.pit_histogram(
        cross(target=TWO, test=TESTS, bin=range(20)).assign(share=0.05)), 2),
    "pool_bars": (lambda: plot.pool_bars(pools()), 5),
    "predictor_frequency": (lambda: plot.predictor_frequency(
        cross(target=TWO, among=["tied", "open"], predictor=list(PREDICTORS)).assign(share=0.3)),
        2),
    "rank_shares": (lambda: plot.rank_shares(ranks()), 1),
    "reported_against_matched": (lambda: plot.reported_against_matched(records()), 2),
    "respiration_against": (lambda: plot.respiration_against(pools(), ("GPP", "NPP")), 6),
    "sampling_maps": (lambda: plot.sampling_maps(by_draw()), 4),
    "sampling_shares": (lambda: plot.sampling_shares(
        cross(target=TWO, sampling=list(SAMPLINGS), stratum=range(1, 6)).assign(
            records=0.2, area=0.2, drawn=0.1, drawn_sd=0.01)), 2),
    "score_maps": (lambda: plot.score_maps(fluxes(), "HR", "Model A"), 4),
    "score_profiles": (lambda: plot.score_profiles(score_profiles(), "Model A"), 1),
    "search_ranking": (lambda: plot.search_ranking(ranking(), n=2), 4),
    "site_map": (site_map, 1),
    "site_scores": (lambda: plot.site_scores(SITES), 4),
    "strata_shares": (lambda: plot.strata_shares(
        pd.DataFrame({"stratum": range(1, 6), "area": 0.2, "SR": 0.1, "HR": 0.2})), 1),
    "subset_errors": (lambda: plot.subset_errors(subsets()), 2),
    "suspicious_sites": (lambda: plot.suspicious_sites(SUSPICIOUS), 1),
    "taylor_diagram": (lambda: plot.taylor_diagram(SCORES, "A"), 1),
    "total_uncertainty": (lambda: plot.total_uncertainty(*sources()), 2),
    "trend_bands": (lambda: plot.trend_bands(trends()), 1),
    "twin_bands": (lambda: plot.twin_bands(
        cross(variant=["exact", "scatter", "even"], target=TWO).assign(
            band=0, truth=3.0, mean=2.0, sd=0.1)), 2),
    "twin_errors": (lambda: plot.twin_errors(
        cross(variant=list(VARIANTS), target=TWO, seed=range(3)).assign(
            error=lambda t: t["seed"].astype(float))), 2),
    "validation_ladder": (lambda: plot.validation_ladder(LADDER, {"SR": {"r2": 0.9, "rmse": 348}}),
                          2),
    "zonal_profiles": (lambda: plot.zonal_profiles(profiles()), 4),
}
"""For each public function a small figure and the number of its panels."""
