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
# # 2. What surrounds each record?
#
# **Which sources can stand in for the paper's climate, leaf and soil data, and do they agree with
# what the studies themselves report?**
#
# A forest can only learn from what it is told about a place. {cite:t}`lu2021` describe each
# half-degree cell by ten {term}`predictors <predictor>`: temperature, precipitation, humidity, leaf
# area, light and soil carbon, most of them for the year and for the {term}`growing season`. Their
# sources (MERRA, GLASS, GSDE) need an account or a large download. A {term}`recipe` says what each
# predictor is made from instead.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
cube = None  # file of a cube to use, .nc or .zarr; None: one is built by the run's recipe
inputs = None  # files of your own, such as {"cru_ts": "/data/cru_ts"}
years = None  # first and last year, such as [1990, 2012]; None: the recipe's
options = None  # changed constants, such as {"par_fraction": 0.5, "growing_threshold": 5.0}

# %%
from soilresp import plot
from soilresp.covariates.cube import correlations, footnotes
from soilresp.records.reported import agreement, outliers
from soilresp.study import chapters as workflow
from soilresp.study import notebook

study = notebook.open_study(profile, run)
assembly = workflow.assembly(study, cube=cube, inputs=inputs, options=options, years=years)
covariates = assembly.cube

# %% [markdown]
# ## The ten predictors
#
# The growing season is made of the months with a mean air temperature above 0 °C, cell by cell and,
# where temperature has years, year by year; a cell without such a month takes its warmest one. Means
# (humidity, leaf area) are over the days of the season, sums (rain, light) over its months. Relative
# humidity comes from vapour pressure and temperature, light (PAR) is 0.45 of shortwave radiation, and
# leaf area, unless the recipe has a product of it, is a proxy: the satellite's fAPAR by Beer-Lambert's law,
# scaled so that evergreen broadleaf forest has an index of 5, with a season after temperature and rain.
# {numref}`fig-covariates` maps all ten.

# %% mystnb={"figure": {"caption": "The predictors, averaged over the years. A panel without a map is a predictor that this recipe lacks.", "name": "fig-covariates"}, "image": {"alt": "Ten world maps in two columns, one for each predictor: temperature, soil carbon, and precipitation, humidity, leaf area and light of the year (left) and of the growing season (right)."}}
plot.covariate_maps(covariates)

# %%
columns = ["units", "by_year", "min", "median", "max", "mean_land", "mean_vegetated", "missing", "filled"]
notebook.show(
    assembly.description[columns],
    "Predictors; means weighted by area, over ice-free land and over its vegetation",
    missing="{:.2%}", filled="{:.2%}",
)

# %%
notebook.show(assembly.description[["source", "hash"]], "Where each predictor comes from")

# %% [markdown]
# *Missing* is the share of the vegetated area without a value, *filled* the share of months there that came
# from the recipe's fallback. A predictor that is not `by_year` is the same in every year: with the
# recipe `delta` humidity, leaf area, light and soil carbon are climatologies, and only temperature and
# precipitation carry the weather of a year. Trends and single years in the maps are therefore those of
# temperature and precipitation.

# %%
notebook.show(footnotes(covariates), "Shares of the months over the vegetated area", share="{:.2%}")

# %% [markdown]
# Rain gauges thin out in the tropics after 1990: where no anomaly is near, `delta` keeps the
# climatology. Its temperature anomalies count from 1951–1980 and the climatology is that of 1961–1990; the
# shift between the two is a constant (`base_shift`, −0.1 K). Forests split on the order of MAT,
# which a shift leaves alone, so that it can matter through the growing season only, in the share of
# months of the last line.

# %% [markdown]
# ## How much do they repeat each other?

# %% mystnb={"figure": {"caption": "Correlation between the predictors over the vegetated area.", "name": "fig-correlations"}, "image": {"alt": "Square matrix of the correlations between the ten predictors, red for positive and blue for negative. Annual and growing-season versions of one quantity are near 1."}}
plot.correlation_matrix(correlations(covariates))

# %% [markdown]
# Several predictors are near copies of each other ({numref}`fig-correlations`), above all the annual and the growing-season
# versions. A forest does not mind, but which of two copies it prefers is chance; see the next chapter.

# %% [markdown]
# ## Records meet cells

# %%
report = assembly.report
touched = [f"{what.replace('_', ' ')}: {count or 'none'}" for what, count in report.items()]
print("Records of SR and HR that were", *touched, sep="\n  ")

# %% [markdown]
# *Moved* are records outside the cells with data, on a coast, say, that take the nearest one within
# 100 km; *dropped* are those without such a cell. *Year clipped* are mid-years after the last year of
# the cube. {numref}`fig-reported` holds the climate of the cells against that of the reports.

# %% mystnb={"figure": {"caption": "Temperature and precipitation that the studies report, against those of the cells that their records fall in.", "name": "fig-reported"}, "image": {"alt": "Two density plots of cell against report: temperature lies close to the one-to-one line, precipitation scatters widely around it."}}
plot.reported_against_matched(assembly.reported)

# %%
notebook.show(
    agreement(assembly.reported), "Cube against report", r="{:.3f}", r_years="{:.2f}",
    n="{:,.0f}", n_years="{:,.0f}", impossible="{:,.0f}",
)

# %% [markdown]
# The last two columns ask a harder question: do the *years* of a place go up and down in the cube as
# they do in the report? Anomalies of temperature come from a grid of 2 degrees and those of rain from one of 5,
# so they should be right in sign more than in size.

# %%
notebook.show(outliers(assembly.reported, 8), "Furthest from their cell: a wrong number, a wrong place, or a mountain")

# %% [markdown]
# ## Would another source tell another story?
#
# The paper's supplement compares the two forcings of its models (its figures S7 and S8, CRU JRA and
# CRUNCEP). Neither can be had here. Instead we hold this run's predictors against those that ship with the project
# (ERA5, GPCC, MERRA-2, ITU-R P.836), which share only vegetation and leaf area with them
# ({numref}`fig-two-sources`).

# %% mystnb={"figure": {"caption": "Zonal means over the vegetated area of this run's predictors (colour) and of the embedded ones (grey).", "name": "fig-two-sources"}, "image": {"alt": "Nine profiles by latitude, one for each predictor that both sources have: this run's in blue, the embedded one in grey. Temperature and rain nearly coincide, light differs in the tropics."}}
plot.covariate_profiles(covariates, workflow.embedded_cube())

# %%
notebook.show(
    assembly.beside_embedded, "This run's predictors (mean) and the embedded ones (other_mean)", r="{:.3f}"
)

# %% [markdown]
# ## What we learned
#
# The cube knows the temperature of a site well and its precipitation
# less so: a cell of half a degree is some 50 km wide, and mountains are not.
#
# ## What is uncertain
#
# Points far from the line are wrong coordinates, wrong numbers, or steep
# terrain, and the figure cannot tell which. A twin experiment has no reported climate, and its panels
# are empty.
