# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The library
#
# **How does a map of soil respiration come about, in fifteen lines, and how with records of one's own?**
#
# The package behind this book is a library: `import soilresp as sr`. This page goes through a small
# version of the study with it: field records, covariates, an {term}`ensemble` of forests, a map, its
# total, and the score of a model. The chapters do the same with more runs, every check and every
# figure. The page needs no network: its covariates ship with the package.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive

# %%
import tempfile
import warnings
from pathlib import Path

import pandas as pd

import soilresp as sr
from soilresp import plot
from soilresp.records import twin
from soilresp.scoring.comparators import empirical_model
from soilresp.study import notebook

study = notebook.open_study(profile, run)
folder = Path(tempfile.mkdtemp())
warnings.simplefilter("ignore", UserWarning)  # a record far from any cell is dropped

# %% [markdown]
# ## Records and covariates
#
# `load_srdb` reads the Soil Respiration Database, `select_records` applies the rules of
# {cite:t}`lu2021` and counts the records that each leaves. Where SRDB cannot be had, the records of a
# twin experiment take its place, and every table and figure says so.

# %%
if study.is_twin:
    records = twin.sample(study.seed)
    funnel = pd.DataFrame({"rule": ["records of the twin experiment"]} | {
        flux: [int((records["target"] == flux).sum())] for flux in ("SR", "HR")
    })
else:
    records, funnel = sr.select_records(sr.load_srdb())
notebook.show(funnel, "Records that each rule leaves", digits=0)

# %% [markdown]
# `load_covariates` gives an `xarray.Dataset` at half a degree, by the name of a recipe or from a file;
# `match_to_grid` gives each record its cell, the vegetation class of the cell (`stratum`) and its
# predictors.

# %%
cube = sr.load_covariates("embedded")
sites = sr.match_to_grid(records[records["target"] == "SR"], cube)
predictors = sr.PREDICTORS["SR"]
notebook.show(
    sites[["lat", "lon", "flux", "stratum", *predictors]].head(),
    "The first records with their predictors (embedded climatology); flux in g C m⁻² yr⁻¹",
)

# %% [markdown]
# ## An ensemble
#
# `Ensemble` follows scikit-learn: parameters in the constructor, `fit` returns the ensemble itself, what it
# has learned ends on an underscore. Each run draws records by the area of their vegetation
# class and grows a forest; the records that it holds out give the score.

# %%
model = sr.Ensemble(n_runs=8, n_trees=40, sampling="area", random_state=study.seed)
model.fit(sites[predictors], sites["flux"], strata=sites["stratum"], shares=sr.area_shares(cube))
score = model.held_out_score_
notebook.glue_values(library_r2=score["r2"], library_rmse=score["rmse"])
print(model)

# %% [markdown]
# Records that a run holds out are predicted with an R² of {glue:text}`library_r2:.2f` and an RMSE of
# {glue:text}`library_rmse:.0f` g C m⁻² yr⁻¹.
#
# ## A map and its total
#
# `predict_map` predicts every vegetated cell: the mean, the SD of the cell's conditional distribution and any
# quantile of it ({numref}`fig-library-map`). `global_total` sums up a map, `regional_totals` the
# regions of the world.

# %% mystnb={"figure": {"caption": "Soil respiration by eight runs of forty trees, g C m⁻² yr⁻¹ of vegetated area.", "name": "fig-library-map"}, "image": {"alt": "World map of soil respiration from the small ensemble of this page: highest in the humid tropics, lowest in deserts and tundra."}}
maps = model.predict_map(cube, quantiles=[0.05, 0.5, 0.95])
area = sr.vegetated_area(cube)
total = float(sr.global_total(maps["SR"], area))
plot.flux_map(maps["SR"], f"SR: {total:.1f} Pg C yr⁻¹")

# %%
notebook.glue_values(library_total=total)
notebook.show(
    sr.regional_totals(maps["SR"], area, by="continent"),
    "Vegetated area (Mkm²), SR (Pg C yr⁻¹) and mean SR (g C m⁻² yr⁻¹) of the continents",
    SR_mean="{:,.0f}",
)

# %% [markdown]
# The total of this small ensemble is {glue:text}`library_total:.1f` Pg C yr⁻¹.
#
# ## Any table of rows, and a file
#
# `predict` takes a table with the columns of the training table. A saved ensemble is a file of arrays
# with a checksum, without pickled code; every run of the study keeps the ensembles of chapter 4
# in such files.

# %%
plots = pd.DataFrame({
    "MAT": [26.0, 9.0, -2.0], "Prec": [6.5, 2.2, 1.2], "RH": [85.0, 78.0, 75.0],
    "RH_GS": [85.0, 76.0, 72.0], "LAI_GS": [5.0, 3.5, 2.0],
}, index=pd.Index(["rain forest", "temperate forest", "boreal forest"], name="plot"))
model.save(folder / "sr.npz")
again = sr.Ensemble.load(folder / "sr.npz")
low, middle, high = again.predict(plots, quantiles=[0.05, 0.5, 0.95]).T
notebook.show(
    plots.assign(SR=again.predict(plots), q05=low, q50=middle, q95=high),
    "Made-up plots, and SR with its 5, 50 and 95 % quantiles (g C m⁻² yr⁻¹)",
)

# %% [markdown]
# ## The score of a model
#
# `score` compares a model with the benchmark that ships with the package, or with maps of one's own. It
# takes NetCDF files or datasets; here the model is the climate response of Raich et al. (2002).

# %%
card = sr.score(empirical_model(), name="climate alone")
card.to_html(folder / "card.html")
print(card.to_text().partition("\n\nScores")[0])

# %% [markdown]
# ## Records of one's own
#
# A table of records needs three columns: `lon`, `lat` (degrees) and `flux` (g C m⁻² yr⁻¹). Optional are
# `target` ("SR" or "HR"), `year` (which a cube by year needs), `record` and `study` (numbers or names),
# `ecosystem`, `quality` and further ones that the selection and the checks use; all other columns are
# kept as they are. Here are a hundred plots, made up from the map above with some noise.

# %%
known = maps["SR"].to_series().dropna().sample(100, random_state=study.seed)
own = pd.DataFrame({
    "lon": known.index.get_level_values("lon"), "lat": known.index.get_level_values("lat"),
    "flux": (known * pd.Series(range(100), index=known.index).mod(5).add(8).div(10)).round(),
})
own_sites = sr.match_to_grid(own, cube)
own_model = sr.Ensemble(n_runs=5, n_trees=40, sampling="record", random_state=study.seed)
own_model.fit(own_sites[predictors], own_sites["flux"])
own_map = own_model.predict_map(cube, quantiles=[])
notebook.glue_values(own_r2=own_model.held_out_score_["r2"],
                     own_total=float(sr.global_total(own_map["SR"], area)))

# %% [markdown]
# A hundred such plots predict those held out with an R² of {glue:text}`own_r2:.2f`, and give a
# total of {glue:text}`own_total:.1f` Pg C yr⁻¹. With `sampling="record"` every record has the same chance
# to be drawn: a small table rarely has records in every vegetation class.
#
# ## Other engines
#
# The evaluator of this package gives the numbers of the published ones, some sixty times faster:
# `engine="sklearn"` has scikit-learn's means, `engine="quantile-forest"` the quantiles of the package of
# that name, its leaf weights pooled over the runs.

# %%
engines = {
    engine: sr.Ensemble(
        n_runs=2, n_trees=20, engine=engine, sampling="record", random_state=study.seed
    ).fit(own_sites[predictors], own_sites["flux"])
    for engine in ("fast", "quantile-forest", "sklearn")
}
comparison = pd.DataFrame({
    engine: fitted.predict(plots) for engine, fitted in engines.items()
}, index=plots.index)
for engine in ("fast", "quantile-forest"):
    comparison[f"{engine}, 95 %"] = engines[engine].predict(plots, quantiles=[0.95])[:, 0]
notebook.show(comparison, "Mean SR and its 95 % quantile by each engine, g C m⁻² yr⁻¹")
