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
# # 6. Does the carbon budget close?
#
# **Do soil respiration and the other lines of the land's carbon budget add up, and how much does
# the agreement mean?**
#
# {cite:t}`lu2021` set their soil respiration beside published gross and net primary production
# ({term}`GPP`, {term}`NPP`) and the emissions of fire (their Table 1), and arrive at a sink that is
# close to the Global Carbon Project's.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
n_draws = 100_000  # Monte-Carlo draws
correlation = None  # of the errors of SR and HR, -1 to 1; None: that between resampled studies
spread = "studies"  # SD of SR and HR: "studies", "all" (all sources), "cells" (sum of the cells' SD)

# %%
from soilresp import plot
from soilresp.scoring.paper import literature, paper_values
from soilresp.study import chapters as workflow
from soilresp.study import notebook

study = notebook.open_study(profile, run)
budget = workflow.budget(
    study, n_draws=n_draws, correlation=correlation, spread=spread
).budget
printed, derived = paper_values()["carbon_budget"], paper_values()["derived"]["budget"]
notebook.glue_values(
    **{f"printed_{line.lower()}": printed[line]["value"] for line in ("NPP", "HR", "NEP", "NBP")},
    right_nep=derived["NEP"], right_nbp=derived["NBP"], npp_sd=printed["NPP"]["sd"],
    sink=printed["NBP_reference"]["value"], sink_sd=printed["NBP_reference"]["sd"],
)

# %% [markdown]
# ## Table 1, line by line
#
# Every derived line is recomputed from its inputs, with our SR and HR. The uncertainties are drawn
# from normal distributions; for SR and HR their SD is that between resampled studies, with the
# correlation found there. The last SD is what the sum of the cells' SD would give instead, as if
# every cell on Earth erred together: the widest reading there is. {numref}`fig-budget` draws the table.

# %%
columns = ["how", "value", "sd", "q05", "q95", "paper", "paper_recomputed", "sd_cells"]
notebook.show(
    budget[columns].rename(columns={
        "q05": "5 %", "q95": "95 %", "paper_recomputed": "paper, recomputed",
        "sd_cells": "SD if all cells err together",
    }),
    "The land's carbon budget, Pg C yr⁻¹ (AR_TAR: a ratio)", digits=2,
)

# %% tags=["nbval-check-output"]
notes = budget.loc[budget["note"] != "", ["note"]]
notebook.show(notes, "Remarks on single lines")

# %% tags=["nbval-check-output", "remove-cell"]
# What the paper and the literature say, checked: it must be the same in every run.
print(budget[["paper", "paper_recomputed"]].round(2).to_string())
print(literature()[["flux", "reference", "value", "spread"]].to_string(index=False))

# %% mystnb={"figure": {"caption": "The carbon budget with our fluxes, and as printed by Lu et al. (2021); lines: one SD.", "name": "fig-budget"}, "image": {"alt": "Lines of the carbon budget from GPP to NBP, with our value and its bar and the value that is printed; numbers are on the right. The bars of NEP and NBP reach far below and above zero."}}
plot.budget_bars(budget)

# %% [markdown]
# The paper's net ecosystem production ({term}`NEP`) does not follow from its own inputs:
# {glue:text}`printed_npp:.0f` less {glue:text}`printed_hr:.1f` is {glue:text}`right_nep:.1f`, and
# {glue:text}`printed_nep:.1f` is printed; so the sink after fire should be {glue:text}`right_nbp:.1f`
# and not {glue:text}`printed_nbp:.1f`. All other printed lines follow.
# More important is the width: the SD of the net primary production alone is
# {glue:text}`npp_sd:.1f`, so that between {glue:text}`nbp_low:.0f` and {glue:text}`nbp_high:.0f` Pg C yr⁻¹ (90 %) anything would
# agree with the Global Carbon Project's sink of {glue:text}`sink:.1f` ± {glue:text}`sink_sd:.1f`.

# %% [markdown]
# ## Among other estimates
#
# {numref}`fig-literature` puts our totals into the row of published ones.

# %%
flux = workflow.mapping.stored(study).flux
headline = workflow.uncertainty.stored(study).headline["sd"]
ours = {name: (flux[name]["total"], headline[name]) for name in ("SR", "HR", "AR")}

# %% mystnb={"figure": {"caption": "Published global totals with the spread that each gives (definitions differ), and ours with its spread between resampled studies (1 SD).", "name": "fig-literature"}, "image": {"alt": "Published totals of SR, HR and AR, one row a study in order of year, with bars where a spread is given, and ours as a coloured band at the top."}}
plot.literature_totals(literature(), ours)

# %%
notebook.glue_values(nep=budget.loc["NEP", "value"], nep_sd=budget.loc["NEP", "sd"],
                 nep_low=budget.loc["NEP", "q05"], nep_high=budget.loc["NEP", "q95"],
                 nbp_low=budget.loc["NBP", "q05"], nbp_high=budget.loc["NBP", "q95"],
                 ar_tar=budget.loc["AR_TAR", "value"], ar_tar_low=budget.loc["AR_TAR", "q05"],
                 ar_tar_high=budget.loc["AR_TAR", "q95"])

# %% [markdown]
# ## What we learned
#
# With our fluxes the net ecosystem production is {glue:text}`nep:.1f` ±
# {glue:text}`nep_sd:.0f` Pg C yr⁻¹, and roots would account for {glue:text}`ar_tar:.2f`
# ({glue:text}`ar_tar_low:.2f` to {glue:text}`ar_tar_high:.2f`) of all autotrophic respiration,
# against 0.37 ± 0.12 in compilations of site studies.
#
# ## What is uncertain
#
# Everything here depends on primary production, which is not measured by
# this study. That roots come out so high says that SR is too large, HR too small, or GPP too small;
# the budget cannot say which.
