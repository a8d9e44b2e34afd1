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
# # 9. How well do the forests know places they have not seen?
#
# {cite:t}`lu2021` report that their forests explain 89 % of the variation of SR and 86 % of that of
# HR. Which evaluation gives such numbers, and what is left of them at a place without a site nearby?

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
cv_folds = None  # folds of every cross-validation; None: the profile's
cv_trees = None  # trees of its forests; None: the profile's

# %%
from soilresp import notebook, plot, workflow

study = notebook.open_study(profile, run)
validation = workflow.validation(study, cv_folds=cv_folds, cv_trees=cv_trees)

# %% [markdown]
# ## One forest, six evaluations
#
# The ladder scores a single forest, trained on all records alike, from the most flattering
# evaluation to the least. *In-sample* predicts records that it was trained on. *Out of bag* and
# *random folds* hide the record, but not its neighbours: other years and plots of the same study stay in
# training. *Site*, *study* and *block* folds hide those too.

# %% mystnb={"figure": {"caption": "R² (1 − SSE/SST) and RMSE by evaluation; dotted: as printed by Lu et al. (2021).", "name": "fig-ladder"}}
paper = {"SR": {"r2": 0.89, "rmse": 348}, "HR": {"r2": 0.86, "rmse": 240}}
plot.validation_ladder(validation.ladder, paper=paper)

# %%
columns = ["target", "scheme", "n", "r2", "r2_fit", "rmse", "mae", "bias"]
notebook.show(
    validation.ladder[columns],
    "Scores by evaluation; r2 is 1 − SSE/SST, r2_fit the squared correlation; errors in g C m⁻² yr⁻¹",
    digits=0, r2="{:.2f}", r2_fit="{:.2f}",
)

# %%
ladder = validation.ladder.set_index(["target", "scheme"])
for (target, scheme), row in ladder.iterrows():
    name = f"{target.lower()}_{scheme}"
    notebook.hand_on(**{f"{name}_r2": row["r2"], f"{name}_rmse": row["rmse"]})

# %% mystnb={"figure": {"caption": "Observed and predicted fluxes when no record of the same study was in training.", "name": "fig-observed-predicted"}}
predictions = validation.predictions.rename(columns={"flux": "observed", "study_cv": "predicted"})
plot.observed_predicted(predictions, "left-out studies")

# %% [markdown]
# **What we learned.** On records it has seen, a forest reaches an R² of
# {glue:text}`sr_in_sample_r2:.2f` for SR and {glue:text}`hr_in_sample_r2:.2f` for HR; on studies it
# has not seen {glue:text}`sr_study_cv_r2:.2f` and {glue:text}`hr_study_cv_r2:.2f`. A paper's 0.89
# is a number of the first kind. The second kind is what a map needs.
#
# **What is uncertain.** Between the two lies what records of one study share besides climate:
# method, soil, history, and slips. Some of it is knowledge of the place, some is not, and the
# ladder cannot part them.
