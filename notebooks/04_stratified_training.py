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
# # 4. Forests that draw records by the land that they stand for
#
# **What does it change to draw the records by the area of the vegetation that they stand for?**
#
# Most records come from temperate forests and fields, most of the land is elsewhere.
# {cite:t}`lu2021` therefore draw records of five vegetation {term}`bins <stratum>` with
# probabilities that follow the bins' areas, set a fifth of the records apart, and repeat that many
# times: each repetition is a {term}`run`, and all of them the {term}`ensemble`. They report that
# the forests explain 89 % of the variation of SR and 86 % of that of HR.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
n_runs = None  # Monte-Carlo runs; None: the profile's
n_trees = None  # trees of each run's forest; None: the profile's
cv_folds = None  # folds of every cross-validation; None: the profile's
cv_trees = None  # trees of its forests; None: the profile's
sampling = "area"  # "area": bins by area; "area_without"; "record": every record alike; "bin": every bin

# %%
import numpy as np

import soilresp as sr
from soilresp import plot
from soilresp.study import chapters as workflow
from soilresp.study import notebook

study = notebook.open_study(profile, run)
training = workflow.training(study, n_runs=n_runs, n_trees=n_trees, sampling=sampling)

# %% [markdown]
# ## Records and land do not match
#
# {numref}`fig-strata` and the tables below it are figure S1 and table S1 of the paper, for our records.

# %% mystnb={"figure": {"caption": "Share of the records in each vegetation bin, and the bin's share of the vegetated land (figure S1 of Lu et al., 2021).", "name": "fig-strata"}, "image": {"alt": "Bars for five vegetation bins: share of the vegetated area, of the SR records and of the HR records. Evergreen broadleaf forest and shrubland have fewer records than land."}}
plot.strata_shares(training.shares)

# %%
bins = workflow.bin_table(training)
means = ["SR mean", "HR mean"]
notebook.show(
    bins.drop(columns=means),
    "Records of each bin, and its shares (%); weight: how often a record is drawn for once that it "
    "would be if all were drawn alike",
    digits=1, **{"SR records": "{:,.0f}", "HR records": "{:,.0f}"},
)

# %%
notebook.show(bins[["bin", *means]], "Mean flux of the records of each bin, g C m⁻² yr⁻¹", digits=0)

# %% [markdown]
# A record takes the bin of its half-degree cell, because the map that the forests make knows no other.
# SRDB also has a word of its own for what grew on the plot:

# %%
assembly = workflow.assembly.stored(study)
ecosystems, agree = workflow.ecosystem_table(assembly.matched)
notebook.glue_values(ecosystems_agree=f"{100 * agree:.0f} %" if len(ecosystems) else "no share")
notebook.show(
    ecosystems, "Records of SR and HR by what SRDB says (rows) and by the bin of their cell", digits=0
)

# %% [markdown]
# The two agree for {glue:text}`ecosystems_agree` of the records that name one of these: a forest
# plot in a cell that is mostly savanna or fields counts to the last bin. (A twin experiment's records
# name none.)

# %% [markdown]
# In each run, four fifths of a bin's records are set aside for training, and from these as many
# are drawn, with replacement, as there are: each with the probability of its bin's share of the
# land over the number of its bin's records. The last fifth is never drawn from: it is the held-out
# set. Where a bin has few records for its land, the same few are drawn over and over.
#
# The ensembles of both fluxes are kept in files, from which `soilresp.Ensemble.load` reads them, and
# which chapter 5 maps. (Those of the `paper` profile would be too large: their files hold the records
# and seeds alone, and the forests are grown again, run by run, to the same bits.) This is the first run
# of SR:

# %%
model = sr.Ensemble.from_arrays(training.ensemble_SR)
first_run = next(model.runs_.grow([0]))
parts = {"records": slice(None), "held out": first_run.held_out, "drawn": first_run.drawn}
one_run = bins[["bin"]].assign(**{
    name: [int((model.runs_.strata[part] == s).sum()) for s in training.shares["stratum"]]
    for name, part in parts.items()
}, different=[
    int((model.runs_.strata[np.unique(first_run.drawn)] == s).sum())
    for s in training.shares["stratum"]
])
notebook.show(one_run, "The first run of SR: records of each bin, those held out, those drawn with "
              "repeats, and how many different ones these are", digits=0)

# %% [markdown]
# ## Four ways to draw
#
# The text of the paper leaves room. It may mean a draw *without* replacement, four fifths of all
# records one after the other, the chances again by area: then a bin with few records is soon used
# up, and the shares fall back towards those of the records. Beside its own draw the paper has one
# with "equal probability", which may mean that every *record* or that every *bin* is drawn alike. We train
# a small ensemble under each ({numref}`fig-drawn-shares`), and map it at the mean climate of the years
# ({numref}`fig-draw-maps`).

# %% mystnb={"figure": {"caption": "Share of each bin in the draws of a run (mean and SD over runs), beside its shares of the records and of the land.", "name": "fig-drawn-shares"}, "image": {"alt": "For five bins, grey bars for the shares of area and records, and symbols for the shares that four ways of drawing give, SR left and HR right. Draws by area sit at the ends of the area bars."}}
draws = workflow.sampling_variants(study)
plot.sampling_shares(draws.drawn)

# %%
notebook.show(
    workflow.sampling_table(draws),
    "Small ensembles under each draw: totals and their SD between runs (Pg C yr⁻¹), to be compared "
    "with each other only; R² and RMSE (g C m⁻² yr⁻¹) of the records that each draw holds out, "
    "which are not the same records for the draw without replacement",
    digits=1, **{"R²": "{:.2f}", "RMSE": "{:.0f}"},
)

# %% mystnb={"figure": {"caption": "Change of SR and HR when every record, or every bin, is drawn alike instead of by area (compare figures S2 and S3 of Lu et al., 2021).", "name": "fig-draw-maps"}, "image": {"alt": "Four maps of differences: SR and HR with every record drawn alike (top) and with every bin alike (bottom), less the draw by area. Blue is lower, red is higher."}}
plot.sampling_maps(draws.maps)

# %% [markdown]
# ## Observed against predicted
#
# The same records twice. First predicted by the forests of those runs that held them out, mean over
# these runs ({numref}`fig-observed-held-out`). Then by the forests of all runs, most of which were trained on them: the
# paper's Figure 2 shows scores that only records seen in training reach, so that it must have been
# made in such a way ({numref}`fig-observed-in-sample`).

# %% mystnb={"figure": {"caption": "Observed and predicted fluxes, mean of the runs that held the record out (figure 2 of Lu et al., 2021); dashed: 1:1, full: fitted line.", "name": "fig-observed-held-out"}, "image": {"alt": "Predicted against observed flux of held-out records, SR left and HR right: a cloud along the one-to-one line at low fluxes, and far below it at high ones; scores are in the corner."}}
predictions = training.predictions.rename(columns={"flux": "observed"})
plot.observed_predicted(
    predictions.rename(columns={"ensemble_held_out": "predicted"}), "records held out"
)

# %% mystnb={"figure": {"caption": "Observed and predicted fluxes, mean of all runs: most runs were trained on these records.", "name": "fig-observed-in-sample"}, "image": {"alt": "Predicted against observed flux of records seen in training, SR left and HR right: a tighter cloud than for held-out records, with a fitted line that is still flatter than one to one."}}
plot.observed_predicted(
    predictions.rename(columns={"ensemble_all": "predicted"}), "records seen in training"
)

# %%
scores = training.ensemble_scores
notebook.glue_values(**{
    f"{target.lower()}_{name}_{score}": scores[target][name][score]
    for target in ("SR", "HR") for name in ("held_out", "all_runs") for score in ("r2", "rmse")
})

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

# %%
notebook.glue_values(**workflow.sampling_numbers(training, draws))

# %% [markdown]
# ## What we learned
#
# {glue:text}`draw_sentence` The records that a run holds out are predicted with an
# R² of {glue:text}`sr_held_out_r2:.2f` for SR and {glue:text}`hr_held_out_r2:.2f` for HR, those seen in
# training with {glue:text}`sr_all_runs_r2:.2f` and {glue:text}`hr_all_runs_r2:.2f`. Which other
# evaluations there are, and which of them a map needs, is the matter of [](09_validation.ipynb).
#
# ## What is uncertain
#
# {glue:text}`rare_sentence` Weights do not make records: where a bin
# stands on a handful of studies, drawing them more often gives their errors more land. And records that a
# run holds out still have neighbours of the same site and study among those that it draws from.
