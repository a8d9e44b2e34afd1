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
# # 3. Which predictors?
#
# {cite:t}`lu2021` tried every combination of the ten predictors and kept the one with the smallest
# error: MAT, Prec, RH, RH_GS and LAI_GS for SR, and PAR and PAR_GS besides for HR. Do their choices come out
# on top here as well, and is the top a place of its own, or a plateau?

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
search_trees = None  # trees of each forest; None: the profile's
search_depth = None  # largest number of predictors added or removed; None: the profile's
sr_predictors = None  # predictors to go on with for SR, such as ["MAT", "Prec"]; None: the paper's
hr_predictors = None  # the same for HR

# %%
from soilresp import notebook, plot, workflow

study = notebook.open_study(profile, run)
found = workflow.predictor_search(
    study, search_trees=search_trees, search_depth=search_depth,
    sr_predictors=sr_predictors, hr_predictors=hr_predictors,
)

# %% [markdown]
# ## Subsets around the paper's choice
#
# We look at the paper's subset, at those with one predictor more or less, at all predictors
# together and at each one alone. The error is out of bag: every record is predicted by the trees that did not
# see it. Three forests with different seeds are grown for each subset, because a forest's own
# chance moves its error, and a difference smaller than that is none.

# %% mystnb={"figure": {"caption": "Out-of-bag RMSE of the best subsets; bars: SD between seeds; the paper's choice is marked.", "name": "fig-search"}}
plot.search_ranking(found.ranking)

# %%
columns = ["target", "predictors", "rmse", "rmse_sd", "is_paper", "tied"]
best = found.ranking[columns].groupby("target", sort=False).head(6)
notebook.show(best, "The six best subsets of each flux; RMSE in g C m⁻² yr⁻¹", digits=2)

# %%
tied = found.ranking.groupby("target", sort=False)["tied"].sum()
rank = {t: 1 + int(g["is_paper"].to_numpy().argmax()) for t, g in found.ranking.groupby("target")}
tried = found.ranking.groupby("target").size()
notebook.hand_on(
    sr_rank=rank["SR"], hr_rank=rank["HR"], sr_tried=tried["SR"], hr_tried=tried["HR"],
    sr_tied=tied["SR"], hr_tied=tied["HR"],
)

# %% [markdown]
# **What we learned.** Of {glue:text}`sr_tried` subsets for SR the paper's is number
# {glue:text}`sr_rank`, and {glue:text}`sr_tied` cannot be told from the best; for HR it is number
# {glue:text}`hr_rank` of {glue:text}`hr_tried`, with {glue:text}`hr_tied` tied. We go on with the
# paper's choices, unless told otherwise, because the point is to repeat its study.
#
# **What is uncertain.** Only a neighbourhood of the paper's choice was searched, not all 1,023
# combinations. The out-of-bag error also rewards a predictor that merely lets the forest recognise
# a site it has seen: records of the same site are in the bag. The next chapter shows how much that
# matters.
