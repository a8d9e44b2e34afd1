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
# # 7. How do ecosystem models compare?
#
# {cite:t}`lu2021` hold ten terrestrial ecosystem models against their maps. The output of the ten is
# given out on request only, so this chapter takes what the paper states of them in words, and shows the
# comparison itself with models whose output is open. How far apart are they, and from the benchmark?

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive

# %%
from soilresp import notebook, plot, workflow

study = notebook.open_study(profile, run)
comparison = workflow.intercomparison(study)
for model, reason in comparison.absent.items():
    print(f"Left out: {model} ({reason})")

# %% [markdown]
# ## Global totals
#
# Plain bars are numbers that the paper states; floating bars are bounds that follow from them;
# hatched bars were computed here. Nothing was read off the paper's figures: what it does not state
# in words is not given.

# %% mystnb={"figure": {"caption": "Global SR, HR, AR and AR/SR of the benchmark, the ten models of Lu et al. (2021) as far as stated there, an empirical model and open model output; dashed: the mean of the ten models as stated.", "name": "fig-models"}}
bars = comparison.bars
shown = bars[~bars["group"].isin(["CMIP6 series", "ISIMIP series"])]
plot.flux_bars(shown, means={"SR": 76.9, "HR": 50.4, "AR": 26.5})

# %%
series = comparison.totals[comparison.totals["group"].isin(["CMIP6 series", "ISIMIP series"])]
columns = ["group", "model", "value", "low", "high", "period"]
notebook.show(series[columns], "Global HR of model series, Pg C yr⁻¹: mean, lowest and highest year")

# %% [markdown]
# ## By latitude

# %% mystnb={"figure": {"caption": "Zonal means per m² of land; band: the benchmark's mean ± the mean MAD of its cells.", "name": "fig-zonal"}}
plot.zonal_profiles(comparison.profiles)

# %% [markdown]
# ## At the sites
#
# The paper scores the forests on the records that they were trained on, and the models on records
# that they have never seen. The fair line is the one of unseen studies.

# %% mystnb={"figure": {"caption": "RMSE and correlation at the records of SR and HR; the benchmark in-sample and on studies that its training left out.", "name": "fig-site-scores"}}
plot.site_scores(comparison.sites)

# %%
notebook.show(
    comparison.sites, "Scores at the records; errors in g C m⁻² yr⁻¹", digits=0, r="{:.2f}"
)

# %% [markdown]
# **What we learned.** The spread between models is wide in every flux, and widest in AR, which few
# models define alike. On unseen studies the benchmark is better than the models at hand, by less
# than its score on its own training records suggests.
#
# **What is uncertain.** A model's cell is up to 250 km wide and its climate is not the site's. The
# models with open output are means of 2000 to 2010 and give HR alone. The ten models of the paper wait for
# their output.
