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
# # 3. Which predictors?
#
# **Do the paper's choices of predictors come out on top here as well, and is the top a place of its
# own, or a plateau?**
#
# {cite:t}`lu2021` tried every combination of the ten {term}`predictors <predictor>` and kept the
# one with the smallest error: {term}`MAT`, {term}`Prec`, {term}`RH`, RH_GS and LAI_GS for SR, and
# {term}`PAR` and PAR_GS besides for HR. All 1,023 subsets are tried again here, and their errors
# are held against the chance that is in them.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
search_trees = None  # trees of each forest; None: the profile's
search_depth = None  # largest number of predictors added or removed; None: the profile's
search_anew = False  # True: search around the paper's choice even where all subsets were tried
sr_predictors = None  # predictors to go on with for SR, such as ["MAT", "Prec"]; None: the paper's
hr_predictors = None  # the same for HR

# %%
from soilresp import plot
from soilresp.study import chapters as workflow
from soilresp.study import notebook

study = notebook.open_study(profile, run)
found = workflow.predictor_search(
    study, search_trees=search_trees, search_depth=search_depth, search_anew=search_anew,
    sr_predictors=sr_predictors, hr_predictors=hr_predictors,
)

# %% [markdown]
# ## What there is to choose from
#
# Columns that are identical at all records would be tried once; every other subset is a subset of its
# own.

# %%
notebook.show(workflow.search_extent(found), "Predictors at the records, and the subsets of them")

# %% [markdown]
# ## Every subset, once
#
# The error is {term}`out of bag <OOB>`: every record is predicted by the trees of a forest that did not see it.
# Scoring all subsets takes longer than a notebook should, so a command (`soilresp study search`) does it
# once, and its table comes with the project. Where there is none for the recipe and observations at hand,
# the subsets around the paper's choice are searched here: itself, one predictor more or less, all together,
# and each one alone.
#
# All subsets share the same bootstrap samples, so that two of them differ by less than each of their errors
# does. Two kinds of chance remain. One is the forest's own: another seed gives another error. The
# other is in the records: other studies would have given other errors, and that is by far the larger.
# {numref}`fig-search-rank` has all subsets, {numref}`fig-search` the best of them.

# %% mystnb={"figure": {"caption": "Out-of-bag RMSE of every subset by rank. Shaded: as far from the best as the chance of one forest allows. Filled: tied with the best when more forests are grown. Hollow: within twice the standard error, over other studies, of the difference from the best.", "name": "fig-search-rank"}, "image": {"alt": "Two curves of error against rank for all 1,023 subsets, SR and HR: flat over hundreds of subsets, then steep. A star marks the paper's choice, a band the chance of one forest."}}
plot.subset_errors(workflow.search_errors(found))

# %% mystnb={"figure": {"caption": "The best subsets with their out-of-bag RMSE, mean of several forests; bars: SD between seeds; the paper's choice is marked.", "name": "fig-search"}, "image": {"alt": "For SR and HR, a grid of dots says which predictors each of the twelve best subsets and the paper's have; beside it, their errors with bars."}}
plot.search_ranking(found.ranking)

# %%
columns = ["target", "rank", "predictors", "rmse", "delta", "noise", "tied", "is_paper"]
best = found.ranking.query("rank <= 6 or is_paper")[columns]
notebook.show(
    best,
    "The best subsets of each flux and the paper's; RMSE in g C m⁻² yr⁻¹, delta: how much worse "
    "than the best, noise: standard error of a delta",
    digits=2,
)

# %% [markdown]
# ## Are the leaders the same where they have to predict an unseen study?
#
# Finalists, those ahead out of bag and those ahead in a single round of study folds, are scored in
# repeated five-fold cross-validation: with folds at random within the vegetation bins, with folds
# of whole cells, and with folds of whole studies. {numref}`fig-search-frequency` counts which
# predictors the good subsets share.

# %%
finalists = workflow.search_finalists(found)
notebook.show(
    finalists,
    "Finalists: rank and RMSE out of bag, then RMSE (g C m⁻² yr⁻¹) in random, site and study "
    "folds; best first in study folds. Open: no further from the best than twice the standard error "
    "over other studies",
    digits=0,
)

# %% mystnb={"figure": {"caption": "How often each {term}`predictor` is in the subsets that may be the best. Dotted: half of all subsets have it, which is what sets that rule out nothing come to.", "name": "fig-search-frequency"}, "image": {"alt": "For each predictor, the share of the good subsets that have it, by four ways to be good, SR left and HR right; most symbols lie near the dotted line at one half."}}
plot.predictor_frequency(workflow.search_frequency(found))

# %% [markdown]
# ## Then and now
#
# The table's leaders and the paper's choice, with the same seed grown again here.

# %%
notebook.show(
    workflow.search_recheck(study).rechecked,
    "RMSE out of bag (g C m⁻² yr⁻¹) as in the table, and grown again", digits=3,
)

# %% [markdown]
# (Where the search was done here, there is nothing to check again.)

# %%
notebook.glue_values(**workflow.search_numbers(found))

# %% [markdown]
# ## What we learned
#
# For SR {glue:text}`search_sr_sentence`. For HR
# {glue:text}`search_hr_sentence`. Most predictors can stand in for each other: what one says of
# the climate of a place, two others say as well. We go on with the paper's choices, unless told
# otherwise, because the point is to repeat its study.
#
# ## What is uncertain
#
# Which subset is first is no finding about nature. The tie set shrinks with every forest
# grown and says how well the computer knows the order; the set over other studies says how
# well the records do, and it is large. And the out-of-bag error also rewards a predictor that
# merely lets the forest recognise a site it has seen: records of the same site are in the bag. What
# that is worth is the matter of [](09_validation.ipynb).
