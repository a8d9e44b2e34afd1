# ---
# jupyter:
#   jupytext:
#     formats: notebooks///ipynb,notebooks///py:percent
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
# A forest can only learn from what it is told about a place. {cite:t}`lu2021` describe each half-degree
# cell by ten predictors: temperature, precipitation, humidity, leaf area, light and soil carbon,
# most of them for the year and for the growing season. Their sources (MERRA, GLASS, GSDE) need an
# account or a large download. Which sources can stand in for them, and do they agree with the climate
# that the studies themselves report?

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
options = None  # changed constants, such as {"par_fraction": 0.5, "growing_threshold": 5.0}

# %%
from soilresp import notebook, plot, workflow

study = notebook.open_study(profile, run)
assembly = workflow.assembly(study, options=options)
cube = assembly.cube

# %% [markdown]
# ## The ten predictors
#
# The growing season is made of the months with a mean air temperature above 0 °C; a cell without
# such a month takes its warmest one. Relative humidity comes from vapour pressure and temperature,
# light (PAR) is 0.45 of shortwave radiation, and leaf area is a proxy: the satellite's fAPAR by
# Beer-Lambert's law, scaled so that evergreen broadleaf forest has an index of 5.

# %% mystnb={"figure": {"caption": "The predictors, averaged over the years. A panel without a map is a predictor that this recipe lacks.", "name": "fig-covariates"}}
plot.covariate_maps(cube)

# %%
notebook.show(
    assembly.description, "Predictors over the vegetated area (mean weighted by area)",
    missing_area="{:.2%}",
)

# %% [markdown]
# A predictor that is not `by_year` is the same in every year: humidity, leaf area, light and soil
# carbon are climatologies here, and only temperature and precipitation carry the weather of a
# year. Trends and single years in the maps are therefore those of temperature and precipitation.

# %% [markdown]
# ## Records meet cells

# %%
report = assembly.report
touched = [f"{what.replace('_', ' ')}: {count or 'none'}" for what, count in report.items()]
print("Records of SR and HR that were", *touched, sep="\n  ")

# %% [markdown]
# *Moved* are records outside the vegetated cells, on a coast, say, that take the nearest one within 100 km;
# *dropped* are those without such a cell. *Year clipped* are mid-years after the last year of the
# cube.

# %%
matched = assembly.matched
at_sites = matched.assign(**workflow.predictors_at(matched, cube, ["MAT", "Prec"]))

# %% mystnb={"figure": {"caption": "Temperature and precipitation that the studies report, against those of the cells that their records fall in.", "name": "fig-reported"}}
plot.reported_against_matched(at_sites)

# %% [markdown]
# **What we learned.** The cube knows the temperature of a site well and its precipitation
# less so: a cell of half a degree is some 50 km wide, and mountains are not.
#
# **What is uncertain.** Points far from the line are wrong coordinates, wrong numbers, or steep
# terrain, and the figure cannot tell which. A twin experiment has no reported climate, and its panels
# are empty.
