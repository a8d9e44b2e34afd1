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
# # 8. How good is your model?
#
# **How is a model's soil respiration compared with the benchmark, and what does each score
# mean?**
#
# Whoever has the soil or heterotrophic respiration of a model in a file can do this. The chapter
# takes one model and reads every score; name your own file below, or score it without a notebook as
# [](../book/score_your_model.md) shows.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
file = None  # NetCDF file or folder of your model; None: an available model
model_name = None  # its name in the figures; None: what the file says

# %%
from soilresp import plot
from soilresp.study import chapters as workflow
from soilresp.study import notebook

study = notebook.open_study(profile, run)
scored = workflow.model_score(study, file=file, model_name=model_name)
card = scored.card
flux = "HR" if "HR" in card["scores"] else next(iter(card["scores"]))
print(f"{card['name']}: {', '.join(card['scores'])}")
for sentence in [*card["choices"], *card["missing"]]:
    print(sentence)

# %% [markdown]
# The reader finds variables, units, calendar and grid out by itself, and says what it decided.
# Nothing that it cannot know is guessed: a file without units is refused.
#
# ## The total
#
# A total alone says little: two maps with nothing in common may have the same. It is the first
# check of units, area and land fraction all the same ({numref}`fig-score-totals`).

# %% mystnb={"figure": {"caption": "Global total of the scored model (diamond) among all that are known here; dashed: the benchmark.", "name": "fig-score-totals"}, "image": {"alt": "Global totals of all known models in order, as dots, with the scored model as a diamond and the benchmark as a dashed line."}}
plot.model_totals(
    scored.totals[scored.totals["flux"] == flux], card["benchmark_totals"], card["name"]
)

# %%
notebook.glue_values(
    scored_name=card["name"], scored_flux=flux,
    scored_total=card["totals"][flux], scored_benchmark=card["benchmark_totals"][flux],
    scored_rank=card["rank"][flux]["total"]["rank"], scored_of=card["rank"][flux]["total"]["of"],
)

# %% [markdown]
# With {glue:text}`scored_total:.1f` Pg C yr⁻¹ of {glue:text}`scored_flux`,
# {glue:text}`scored_name` is number {glue:text}`scored_rank` of {glue:text}`scored_of` by its distance
# from the {glue:text}`scored_benchmark:.1f` of the benchmark.
#
# ## The map
#
# Both are converted to fluxes per m² of land before they are compared: the benchmark
# has its fluxes per m² of *vegetated* area, a model per m² of land. {numref}`fig-score-maps` shows both.

# %% mystnb={"figure": {"caption": "The model, the benchmark, their difference, and the difference over the benchmark's SD, per m² of land. Where nothing is vegetated the benchmark says nothing.", "name": "fig-score-maps"}, "image": {"alt": "Four maps: the scored model, the benchmark, their difference, and the difference over the benchmark's standard deviation."}}
plot.score_maps(scored.maps, flux, card["name"])

# %%
columns = {
    "flux": "flux", "model": "model", "bias": "bias", "rmse": "RMSE", "r": "r",
    "sigma_ratio": "SD ratio", "taylor_score": "Taylor score", "bias_score": "bias score",
    "rmse_score": "RMSE score",
}
notebook.show(
    scored.maps_table[list(columns)].rename(columns=columns),
    "Area-weighted scores of all available maps; bias and RMSE in g C m⁻² yr⁻¹ of land", digits=2,
    bias="{:.0f}", RMSE="{:.0f}",
)

# %%
own = card["scores"][flux]
z = card["z"][flux] if flux in card["z"] else {"within_1": None, "within_2": None}
notebook.glue_values(
    scored_bias=own["bias"], scored_rmse=own["rmse"], scored_r=own["r"],
    scored_sigma=own["sigma_ratio"], scored_taylor=own["taylor_score"],
    scored_within=f"{100 * z['within_1']:.0f} %" if z["within_1"] is not None else "an unknown share",
)

# %% [markdown]
# The bias of {glue:text}`scored_bias:.0f` g C m⁻² yr⁻¹ is small beside the RMSE of
# {glue:text}`scored_rmse:.0f` where errors of different regions cancel, and r is
# {glue:text}`scored_r:.2f`. Yet on {glue:text}`scored_within` of the area the model lies within one
# standard deviation of the benchmark: the benchmark itself is uncertain, and a score near 1 would
# ask more of a model than the field records can tell. {numref}`fig-score-taylor` has correlation and
# spread of all maps in one.

# %% mystnb={"figure": {"caption": "Taylor diagram: angle, correlation; radius, SD over that of the benchmark; dotted arcs, centred RMSE.", "name": "fig-score-taylor"}, "image": {"alt": "Taylor diagram: a quarter circle with the benchmark as a star on its base line, and models as numbered squares at an angle that stands for their correlation."}}
plot.taylor_diagram(scored.maps_table, card["name"])

# %% [markdown]
# ## Where it differs
#
# {numref}`fig-score-zonal` goes by latitude, the tables below by vegetation and by record.

# %% mystnb={"figure": {"caption": "The model and the benchmark by latitude, per m² of the benchmark's land; band: mean SD of the benchmark's cells.", "name": "fig-score-zonal"}, "image": {"alt": "Flux by latitude of the scored model in colour and of the benchmark in black, with a grey band for the spread of the benchmark's cells."}}
plot.score_profiles(scored.profiles, card["name"])

# %%
shown = ["flux", "biome", "area_mkm2", "model_pg", "benchmark_pg", "bias", "rmse", "r"]
notebook.show(
    scored.biomes[shown].rename(
        columns={"area_mkm2": "land, Mkm²", "model_pg": "model, Pg", "benchmark_pg": "benchmark, Pg"}
    ),
    "By vegetation: carbon in Pg C yr⁻¹, bias and RMSE in g C m⁻² yr⁻¹ of land",
    bias="{:.0f}", rmse="{:.0f}", r="{:.2f}",
)

# %%
notebook.show(
    scored.sites, "At the field records, g C m⁻² yr⁻¹; the benchmark was trained on such records",
    digits=0, r="{:.2f}",
)

# %% [markdown]
# ## What we learned
#
# One command scores a model. A good total can hide large errors that cancel
# between regions, and the maps, bands and bins show where they are.
#
# ## What is uncertain
#
# A difference is an error of the model only where it exceeds the uncertainty
# of the benchmark, and the benchmark is weakest where field records are few. It was trained on the
# records that the site scores use, so it is no fair rival there; [](../notebooks/07_tem_intercomparison.ipynb)
# has its score on studies that it has not seen.
