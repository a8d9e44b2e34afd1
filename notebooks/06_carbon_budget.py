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
# # 6. Does the carbon budget close?
#
# Soil respiration is one line of the land's carbon budget. {cite:t}`lu2021` set theirs beside
# published gross and net primary production and the emissions of fire (their Table 1) and arrive
# at a sink that is close to the Global Carbon Project's. Do the lines add up, and how much does the agreement mean?

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
n_draws = 100_000  # Monte-Carlo draws
correlation = 0.0  # of the errors of SR and HR, between -1 and 1

# %%
from soilresp import notebook, plot, workflow
from soilresp.compare.paper import literature

study = notebook.open_study(profile, run)
budget = workflow.budget(study, n_draws=n_draws, correlation=correlation).budget

# %% [markdown]
# ## Table 1, line by line
#
# Every derived line is recomputed from its inputs, with our SR and HR. The uncertainties are drawn
# from normal distributions; for SR and HR their SD is the sum of the cells' SD, the widest
# reading there is.

# %%
columns = ["how", "value", "sd", "paper", "paper_recomputed", "note"]
notebook.show(
    budget[columns].rename(columns={"paper_recomputed": "paper, recomputed"}),
    "The land's carbon budget, Pg C yr⁻¹ (AR_TAR: a ratio)", digits=2,
)

# %% mystnb={"figure": {"caption": "The carbon budget with our fluxes, and as printed by Lu et al. (2021); lines: one SD.", "name": "fig-budget"}}
plot.budget_bars(budget)

# %% [markdown]
# The paper's net ecosystem production does not follow from its own inputs: 56 less 50.3 is 5.7, and
# 5.5 is printed; so the sink after fire should be 3.5 and not 3.3. More important is the width:
# the SD of the net primary production alone is 14.3, so that a sink anywhere between a large source and a
# large sink would agree with the Global Carbon Project.

# %% [markdown]
# ## Among other estimates

# %%
flux = workflow.mapping.stored(study).flux
ours = {name: (flux[name]["total"], flux[name]["between_run_sd"] or 0) for name in ("SR", "HR", "AR")}

# %% mystnb={"figure": {"caption": "Published global totals with the spread that each gives (definitions differ), and ours with its spread between runs.", "name": "fig-literature"}}
plot.literature_forest(literature(), ours)

# %%
notebook.hand_on(nep=budget.loc["NEP", "value"], nep_sd=budget.loc["NEP", "sd"],
                 ar_tar=budget.loc["AR_TAR", "value"])

# %% [markdown]
# **What we learned.** With our fluxes the net ecosystem production is {glue:text}`nep:.1f` ±
# {glue:text}`nep_sd:.0f` Pg C yr⁻¹, and roots would account for {glue:text}`ar_tar:.2f` of all
# autotrophic respiration, against 0.37 ± 0.12 in compilations of site studies.
#
# **What is uncertain.** Everything here stands on primary production, which is not measured by
# this study. That roots come out so high says that SR is too large, HR too small, or GPP too small;
# the budget cannot say which.
