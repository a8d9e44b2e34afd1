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
# # 4. How well do the forests know places they have not seen?
#
# Most records come from temperate forests and fields, most of the land is elsewhere.
# {cite:t}`lu2021` therefore draw records of five vegetation bins with probabilities that follow the
# bins' areas, set a fifth of the records apart, and repeat that many times. They report that the
# forests explain 89 % of the variation of SR and 86 % of that of HR. Which evaluation gives such numbers, and what
# is left of them at a place without a site nearby?

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
n_runs = None  # Monte-Carlo runs; None: the profile's
n_trees = None  # trees of each run's forest; None: the profile's
cv_folds = None  # folds of every cross-validation; None: the profile's
cv_trees = None  # trees of its forests; None: the profile's
draw = "area"  # "area": by the bins' areas; "record": every record alike

# %%
from soilresp import notebook, plot, workflow

study = notebook.open_study(profile, run)
training = workflow.training(
    study, n_runs=n_runs, n_trees=n_trees, cv_folds=cv_folds, cv_trees=cv_trees, draw=draw
)

# %% [markdown]
# ## Records and land do not match

# %% mystnb={"figure": {"caption": "Share of the records in each vegetation bin, and the bin's share of the vegetated land.", "name": "fig-strata"}}
plot.strata_shares(training.shares)

# %% [markdown]
# In each run, four fifths of a bin's records are set aside for training, and from these as many
# are drawn, with replacement, as there are: each with the probability of its bin's share of the
# land over the number of its bin's records. The last fifth is never drawn from.

# %% [markdown]
# ## One forest, six evaluations
#
# The ladder scores a single forest, trained on all records alike, from the most flattering
# evaluation to the least. *In-sample* predicts records that it was trained on. *Out of bag* and
# *random folds* hide the record, but not its neighbours: other years and plots of the same study stay in
# training. *Site*, *study* and *block* folds hide those too.

# %% mystnb={"figure": {"caption": "R² (1 − SSE/SST) and RMSE by evaluation; dotted: as printed by Lu et al. (2021).", "name": "fig-ladder"}}
paper = {"SR": {"r2": 0.89, "rmse": 348}, "HR": {"r2": 0.86, "rmse": 240}}
plot.validation_ladder(training.ladder, paper=paper)

# %%
columns = ["target", "scheme", "n", "r2", "r2_fit", "rmse", "mae", "bias"]
notebook.show(
    training.ladder[columns],
    "Scores by evaluation; r2 is 1 − SSE/SST, r2_fit the squared correlation; errors in g C m⁻² yr⁻¹",
    digits=0, r2="{:.2f}", r2_fit="{:.2f}",
)

# %%
ladder = training.ladder.set_index(["target", "scheme"])
for (target, scheme), row in ladder.iterrows():
    name = f"{target.lower()}_{scheme}"
    notebook.hand_on(**{f"{name}_r2": row["r2"], f"{name}_rmse": row["rmse"]})

# %% [markdown]
# ## Observed against predicted
#
# The same records twice: predicted by the forests of all runs, most of which were trained on
# them, which is as near as we come to the paper's Figure 2; and predicted from studies other than their
# own.

# %% mystnb={"figure": {"caption": "Observed and predicted fluxes, mean of all runs: most runs were trained on these records.", "name": "fig-observed-in-sample"}}
predictions = training.predictions.rename(columns={"flux": "observed"})
plot.observed_predicted(
    predictions.rename(columns={"ensemble_all": "predicted"}), "ensemble, records seen in training"
)

# %% mystnb={"figure": {"caption": "Observed and predicted fluxes when no record of the same study was in training.", "name": "fig-observed-predicted"}}
plot.observed_predicted(
    predictions.rename(columns={"study_cv": "predicted"}), "left-out studies"
)

# %% [markdown]
# ## What suspicious records do
#
# The first chapter lists records that cannot be right. Here the forests are trained with them, without
# them, and with the repairs that one change explains. Leaving out bad records makes any score better,
# since they need not be predicted any more. The columns of *sound* records score the same
# records in all three rows: there, only the training differs.

# %%
effect = workflow.quality_effect(study, cv_folds=cv_folds, cv_trees=cv_trees).effect
notebook.show(
    effect,
    "Study folds; RMSE in g C m⁻² yr⁻¹; totals of five small forests in Pg C yr⁻¹, to be compared "
    "with each other only",
    digits=0, **({"r2": "{:.3f}", "sound_r2": "{:.3f}", "total": "{:.1f}"} if len(effect) else {}),
)

# %% [markdown]
# (A twin experiment has no such records, and no such table.)

# %% [markdown]
# **What we learned.** On records it has seen, a forest reaches an R² of
# {glue:text}`sr_in_sample_r2:.2f` for SR and {glue:text}`hr_in_sample_r2:.2f` for HR; on studies it
# has not seen {glue:text}`sr_study_cv_r2:.2f` and {glue:text}`hr_study_cv_r2:.2f`. A paper's 0.89
# is a number of the first kind. The second kind is what a map needs.
#
# **What is uncertain.** Between the two lies what records of one study share besides climate:
# method, soil, history, and slips. Some of it is knowledge of the place, some is not, and the
# ladder cannot part them.
