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
# # 7. How do ecosystem models compare?
#
# **How far apart are ecosystem models, and how far from the benchmark?**
#
# {cite:t}`lu2021` compare ten {term}`terrestrial ecosystem models <TEM>` with their maps. The
# output of the ten is given out on request only. This chapter reads it from a folder as soon as
# there is one; until then it takes what the paper states of the ten in words, and shows every
# comparison with models whose output is open and with empirical models run on our own climate.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
models = None  # folder with output of the ten models (TRENDY file names); None: none

# %%
from soilresp import plot
from soilresp.study import chapters as workflow
from soilresp.study import notebook

study = notebook.open_study(profile, run)
comparison = workflow.intercomparison(study, models=models)
notebook.glue_values(**{f"tem_data_{k}": v for k, v in comparison.data_notes.items()})
notebook.glue_values(**{f"tem_{k}": v for k, v in comparison.findings.items()})
for reason in dict.fromkeys(comparison.absent.values()):
    left_out = [model for model, why in comparison.absent.items() if why == reason]
    print(f"Left out: {', '.join(left_out)} ({reason})")

# %% [markdown]
# ## At the sites
#
# The paper scores the forests on records that they were trained on, and the models on records that
# they have never seen. The fair line of {numref}`fig-site-scores` is the one of unseen studies.

# %% mystnb={"figure": {"caption": "RMSE and correlation at the records of SR and HR (Figure 4 of Lu et al. 2021): the benchmark in-sample and on studies that its training left out, and models. Grey names: no output available.", "name": "fig-site-scores"}, "image": {"alt": "RMSE (top) and correlation (bottom) at the records for the benchmark in-sample and on unseen studies, an empirical model, and ecosystem models. Rows of models without output are empty."}}
plot.site_scores(comparison.sites)

# %% [markdown]
# *Data:* {glue:text}`tem_data_sites`
#
# RMSE in g C m⁻² yr⁻¹. SR: {glue:text}`tem_sites_SR`. HR: {glue:text}`tem_sites_HR`. Most of the
# benchmark's lead is the lead of having seen the records.

# %% [markdown]
# ## Global totals
#
# In {numref}`fig-models` plain bars are numbers that the paper states; floating bars are bounds that follow from them; hatched
# bars were computed here. Nothing was read off the paper's figures: what it does not state in words is
# not given.

# %% mystnb={"figure": {"caption": "Global SR, HR, AR and AR/SR (Figure 5 of Lu et al. 2021) of the benchmark, the ten models as far as stated there, an empirical model and available model output; dashed: the mean of the ten as stated. Grey names: no output available.", "name": "fig-models"}, "image": {"alt": "Bars of global SR, HR, AR and AR/SR for the benchmark, ten models as far as the paper states them, an empirical model and available models. Patterns tell stated from computed values."}}
bars = comparison.bars
shown = bars[~bars["group"].isin(["CMIP6 series", "ISIMIP series"])]
means = comparison.means.set_index(["group", "variable"])["mean"]["ten models of the paper"]
plot.flux_bars(shown, means=means.dropna().to_dict())

# %% [markdown]
# *Data:* {glue:text}`tem_data_bars`
#
# HR of available output, Pg C yr⁻¹: {glue:text}`tem_at_hand`. Land fraction is in these totals: a flux
# per m² of land times the whole cell would be up to a third larger in coarse models.

# %%
notebook.show(
    comparison.ten,
    "Provenance of the totals of the ten models: SR, HR and AR in Pg C yr⁻¹, and their output",
)

# %%
series = comparison.totals[comparison.totals["group"].isin(["CMIP6 series", "ISIMIP series"])]
columns = ["group", "model", "value", "low", "high", "period"]
notebook.show(
    series.loc[series["variable"] == "HR", columns],
    "Global HR of model series, Pg C yr⁻¹: mean, lowest and highest year",
)

# %% [markdown]
# ## By latitude
#
# {numref}`fig-zonal` goes from north to south.

# %% mystnb={"figure": {"caption": "Zonal means per m² of land (Figure 6 of Lu et al. 2021), the carbon of a band over the same land for all; band: the benchmark's mean ± the mean MAD of its cells.", "name": "fig-zonal"}, "image": {"alt": "Profiles by latitude of SR, HR, AR and AR/SR: the benchmark in black with a grey band, models in colour. Models with open output lie above the benchmark around 50 to 60 degrees north."}}
plot.zonal_profiles(comparison.profiles)

# %% [markdown]
# *Data:* {glue:text}`tem_data_profiles`
#
# The benchmark is per m² of vegetated area and a model per m² of land; in the figure both are the carbon
# of the band over its land.

# %% [markdown]
# ## Against pools and production
#
# Do models with more carbon in the soil respire more? Each line is a least-squares fit through models
# with the 95 % band of its mean; it is dashed where its slope may be zero (p ≥ 0.05).
# {numref}`fig-pools` has the pools, {numref}`fig-production` the production, {numref}`fig-pool-bars` both by
# model.

# %% mystnb={"figure": {"caption": "SR, HR and AR against carbon in soil, litter and roots across models (Figure 7 of Lu et al. 2021). The band is cut at the panel.", "name": "fig-pools"}, "image": {"alt": "Nine panels of SR, HR and AR against soil, litter and root carbon. Only HR has models with both, at most three, and its line is dashed."}}
plot.respiration_against(comparison.pools)

# %% mystnb={"figure": {"caption": "SR, HR and AR against GPP and NPP across models (Figure 9 of Lu et al. 2021).", "name": "fig-production"}, "image": {"alt": "Six panels of SR, HR and AR against GPP and NPP. HR rises with both, with fitted lines and bands; no available model gives SR or AR."}}
plot.respiration_against(comparison.pools, ("GPP", "NPP"))

# %% [markdown]
# *Data:* {glue:text}`tem_data_relations`
#
# HR against soil carbon: {glue:text}`tem_cSoil`. HR against GPP: {glue:text}`tem_GPP`; against NPP:
# {glue:text}`tem_NPP`. The paper, with ten models, finds no relation with pools and one of HR with NPP.
# The few models with open pools cannot decide the former. A slope below one says that models with a higher
# NPP give back a smaller share of it through HR. Models of one family count several times, so that the
# intervals are too narrow.

# %% mystnb={"figure": {"caption": "Carbon in soil, litter and roots, GPP and NPP by model (Figure 8 of Lu et al. 2021).", "name": "fig-pool-bars"}, "image": {"alt": "Bars by model of soil, litter and root carbon (top) and of GPP and NPP (bottom), coloured by the archive that they come from."}}
plot.pool_bars(comparison.pools)

# %% [markdown]
# *Data:* {glue:text}`tem_data_pools`

# %% [markdown]
# ## Where models differ
#
# {numref}`fig-spread` asks in which flux, and where.

# %% mystnb={"figure": {"caption": "(a) Range of global totals across models over their mean (compare Figure S10 of Lu et al. 2021); (b) coefficient of variation of HR across maps of models.", "name": "fig-spread"}, "image": {"alt": "Bars of the range of global totals across models by flux and archive, AR of the paper's ten being the widest; below, a map of the variation of HR across maps, highest in dry and cold lands."}}
plot.model_spread(comparison.spread, comparison.variation)

# %% [markdown]
# *Data:* {glue:text}`tem_data_spread`
#
# The testbed's three models share one NPP, and so nearly one global HR: their small range says nothing
# about how well it is known. Places where they differ are dry and cold.

# %%
notebook.show(workflow.biomes_of(comparison, "SR"), "SR by biome, g C m⁻² yr⁻¹ of land", digits=0)

# %%
notebook.show(workflow.biomes_of(comparison, "HR"), "HR by biome, g C m⁻² yr⁻¹ of land", digits=0)

# %%
notebook.show(workflow.biomes_of(comparison, "AR"), "AR by biome, g C m⁻² yr⁻¹ of land", digits=0)

# %%
notebook.show(workflow.biomes_of(comparison, "AR_SR"), "AR/SR by biome", digits=2)

# %% [markdown]
# *Data:* {glue:text}`tem_data_biomes`
#
# The four tables are those of S2 to S5 of the paper: carbon of a biome over the same land for all, and
# the CV across models where there are two or more.

# %% [markdown]
# ## What we learned
#
# The spread between models is wide in every flux, and widest in AR, which few
# models define alike. Across models HR follows NPP. On unseen studies the benchmark is
# better than the available models, by less than its score on its own training records suggests, and
# hardly better than an empirical response to climate.
#
# ## What is uncertain
#
# A model's cell is up to 250 km wide and its climate is not the site's. The
# models with open maps are means of 2000 to 2010 and give HR alone; they share their NPP. The
# ten models of the paper wait for their output: with it in a folder, `models` above fills their rows.
