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
# # 9. How well do the forests know places they have not seen?
#
# **Which evaluation gives the paper's scores, what is left of them at a place without a site
# nearby, and how wide must an interval be to hold the record there?**
#
# {cite:t}`lu2021` report that their forests explain 89 % of the variation of SR and 86 % of that of
# HR, with {term}`RMSEs <RMSE>` of 348 and 240 g C m⁻² yr⁻¹. An evaluation is a way to leave records
# out; the twelve of this chapter make a {term}`ladder`, from records that the forest has seen to
# parts of the world that it has not.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
cv_folds = None  # folds of every cross-validation; None: the profile's
cv_trees = None  # trees of the ladder's forests; None: the profile's

# %%
from soilresp import plot
from soilresp.study import chapters as workflow
from soilresp.study import notebook

study = notebook.open_study(profile, run)
validation = workflow.validation(study, cv_folds=cv_folds, cv_trees=cv_trees)

# %%
ladder = validation.ladder.set_index(["target", "scheme"])
for (target, scheme), row in ladder.iterrows():
    name = f"{target.lower()}_{scheme}"
    notebook.glue_values(**{f"{name}_r2": row["r2"], f"{name}_rmse": row["rmse"]})

# %% [markdown]
# ## One forest, twelve evaluations
#
# The ladder scores a single forest, trained on all records alike. *In-sample* predicts records that
# it was trained on. *Out of bag* and *random folds* hide the record but not its neighbours: other
# years and plots of the same study stay in training. *Held out by runs* are the records that the
# runs of chapter 4 set apart before they draw. *Site folds* hide the whole half-degree cell, *study
# folds* the whole study, *blocks* all cells of a square, *regions* a part of the world. *Forward in
# time* trains on studies that ended before a year and tests those that began later.
#
# **Site and study folds are the scores to quote**: a map is asked about places where nobody has
# measured. {numref}`fig-ladder` shows them all, {numref}`fig-observed-predicted` the records behind one of
# them.

# %% mystnb={"figure": {"caption": "R² (1 − SSE/SST) and RMSE by evaluation; dotted: as printed by Lu et al. (2021).", "name": "fig-ladder"}, "image": {"alt": "R² (left) and RMSE (right) of twelve evaluations from in-sample to forward in time, for SR and HR. Both fall off sharply between held-out records and site folds; dotted lines mark the paper's values."}}
paper = {"SR": {"r2": 0.89, "rmse": 348}, "HR": {"r2": 0.86, "rmse": 240}}
plot.validation_ladder(validation.ladder, paper=paper)

# %%
columns = ["target", "scheme", "n", "r2", "r", "r2_fit", "rmse", "mae", "bias", "distance"]
notebook.show(
    validation.ladder[columns],
    "Scores by evaluation; r2 is 1 − SSE/SST, r2_fit the squared correlation; errors in "
    "g C m⁻² yr⁻¹; distance: median from a tested record to the nearest training record, km",
    digits=0, r2="{:.2f}", r="{:.2f}", r2_fit="{:.2f}",
)

# %% [markdown]
# Within the vegetation bins the same errors meet less variation, so that R² is lower still.

# %%
shown = validation.by_bin[validation.by_bin["scheme"].isin(["random_cv", "site_cv", "study_cv"])]
notebook.show(
    shown[["target", "scheme", "stratum", "n", "r2", "r", "rmse", "mae", "bias"]],
    "Scores within each vegetation bin; errors in g C m⁻² yr⁻¹",
    digits=0, r2="{:.2f}", r="{:.2f}",
)

# %% mystnb={"figure": {"caption": "Observed and predicted fluxes when no record of the same study was in training.", "name": "fig-observed-predicted"}, "image": {"alt": "Predicted against observed flux where the whole study was left out, SR left and HR right: a wide cloud whose fitted line is far flatter than one to one."}}
predictions = validation.predictions.rename(columns={"flux": "observed", "study_cv": "predicted"})
plot.observed_predicted(predictions, "left-out studies")

# %% [markdown]
# ## How far away is too far?
#
# In {numref}`fig-distance` coloured points are the folds of the ladder, at the median distance from a tested record to the
# nearest one in training. The grey line leaves single cells out, with an empty belt of 0 to 2,000 km
# around them; it tests the same records throughout. All errors are shares of the error of a map
# that has the mean of the training records everywhere.

# %% mystnb={"figure": {"caption": "Error against the distance to the nearest training record. Dashed: no skill. Bars: one standard error of the difference from the first point of the line.", "name": "fig-distance"}, "image": {"alt": "Error relative to that of predicting the mean, against the distance to the nearest training record, SR left and HR right: low for random folds, and close to the line of no skill from the first distance on."}}
plot.error_by_distance(validation.ladder, validation.buffered)

# %%
notebook.show(
    validation.buffered[
        ["target", "buffer", "distance", "training", "n", "rmse", "rmse_se", "rmse_of_mean", "bias"]
    ],
    "Cells left out with an empty belt (buffer and distance in km; errors in g C m⁻² yr⁻¹)",
    digits=0,
)

# %% [markdown]
# The step is taken at the first kilometres. Once the cell itself is unknown, the rest of the way
# changes little: what random folds gain is knowledge of the place, not of its climate.

# %% [markdown]
# ## What the weather of the year tells the forest
#
# Predictors by year lower the error of random folds. Do they bring in the climate of the year?
# Here MAT, and then all predictors, are replaced by the means of their cells; and then a random number is
# added, drawn once for each cell and year, which holds nothing of the climate ({numref}`fig-leak`).

# %% mystnb={"figure": {"caption": "RMSE of SR for five sets of predictors under three kinds of folds.", "name": "fig-leak"}, "image": {"alt": "RMSE of SR for five sets of predictors and three kinds of folds. In random folds, static predictors with a random number are as good as predictors by year; in site and study folds nothing changes much."}}
plot.leakage_dots(validation.leak)

# %%
notebook.show(
    validation.leak[["predictors", "scheme", "n", "r2", "rmse", "mae", "bias"]],
    "SR with predictors by year, static ones, and a random number by cell and year; errors in "
    "g C m⁻² yr⁻¹; empty if no predictor of the recipe has years",
    digits=0, **({"r2": "{:.2f}"} if len(validation.leak) else {}),
)

# %%
share = workflow.share_of_gain(validation.leak)
leaked = "no predictor of this recipe has years, so that there is nothing to compare"
if share is not None:
    rmse = validation.leak.set_index(["predictors", "scheme"])["rmse"].unstack("scheme")
    falls = (rmse.loc["all static"] - rmse.loc["MAT by year"]).round()
    leaked = (
        f"the years of the predictors lower the RMSE of random folds by {falls['random_cv']:.0f}, "
        f"a random number lowers it by {100 * share:.0f} % of that; with site folds the years "
        f"change it by {-falls['site_cv']:+.0f}, with study folds by {-falls['study_cv']:+.0f} "
        "g C m⁻² yr⁻¹"
    ).replace("-", "−")
notebook.glue_values(leak_sentence=leaked)

# %% [markdown]
# In words: {glue:text}`leak_sentence`. A gain that a meaningless number brings as well is **a leak**:
# the forest recognises records of the same place and year, and their study with them. It says nothing of
# how flux follows climate, and is gone where the place is new. MAT alone without its years costs
# little, since precipitation and leaf area still have theirs.

# %% [markdown]
# ## Which evaluation gives the paper's numbers?
#
# Draws with replacement open more doors. A run's training set holds many records several times. Scored
# out of bag, or on a part that is split off after the draw, the forest meets copies of what it has
# seen. The last column is the SD of the records that go with R² and RMSE; the paper's pairs would need
# 1,049 for SR and 641 for HR.

# %%
evaluations = validation.evaluations.assign(
    evaluation=validation.evaluations["evaluation"].map(workflow.EVALUATIONS)
)
notebook.show(
    evaluations[["target", "evaluation", "r2", "r2_fit", "rmse", "sd"]],
    "Printed by Lu et al. (2021): R² 0.89 and RMSE 348 (SR), 0.86 and 240 (HR); errors and SD in "
    "g C m⁻² yr⁻¹",
    digits=0, r2="{:.2f}", r2_fit="{:.2f}",
)

# %%
high = evaluations[evaluations["r2"] >= 0.85]
words = {
    t: "; ".join(high.loc[high["target"] == t, "evaluation"].str.split(":").str[0].unique())
    for t in ("SR", "HR")
}
notebook.glue_values(**{f"{t.lower()}_reaching": w or "none of these" for t, w in words.items()})
best = validation.evaluations.set_index(["target", "evaluation"])["r2"]
for target in ("SR", "HR"):
    notebook.glue_values(**{f"{target.lower()}_drawn_fit_r2": best[target, "drawn_fit"]})

# %% [markdown]
# Evaluations that give an R² of 0.85 or more: {glue:text}`sr_reaching` for SR, {glue:text}`hr_reaching`
# for HR.
# The records that a run's forest was trained on, copies and all, give {glue:text}`sr_drawn_fit_r2:.2f` and
# {glue:text}`hr_drawn_fit_r2:.2f`, against 0.89 and 0.86 in the paper. No evaluation gives
# the paper's R² and its RMSE together: the RMSE is of the size that records give which were left out
# but whose neighbours were not.

# %% [markdown]
# ## Intervals that hold what they promise
#
# A quantile forest gives every prediction a distribution. Of the records that were left out, its
# 90 % interval should hold 90 % ({numref}`fig-coverage`), and their places in it should be spread evenly
# ({numref}`fig-pit`). The *conformal* correction {cite:p}`bostrom2022` widens the intervals by what a
# third set of records needs, which neither trained the forest nor is tested. It is a promise for
# records like those: set apart by study for new studies, by block for new places.

# %% mystnb={"figure": {"caption": "Share of left-out records inside the intervals of the forest (hollow) and after the conformal correction (filled). Dashed: as promised.", "name": "fig-coverage"}, "image": {"alt": "Share of records that intervals hold against the share that they should hold, SR left and HR right. Raw intervals lie below the diagonal, corrected ones on it."}}
plot.interval_coverage(validation.coverage)

# %%
notebook.show(
    validation.coverage[
        ["target", "test", "calibrated", "level", "raw", "conformal", "raw_width",
         "conformal_width"]
    ],
    "Coverage, and median width in g C m⁻² yr⁻¹, by how records are left out for the test and for "
    "the calibration",
    digits=0, level="{:.2f}", raw="{:.3f}", conformal="{:.3f}",
)

# %% mystnb={"figure": {"caption": "Place of left-out records in their own predicted distributions (PIT). Dashed: a distribution that is right.", "name": "fig-pit"}, "image": {"alt": "Histograms of the place of left-out records in their predicted distributions, SR left and HR right: flat in the middle with high bars at both ends."}}
plot.pit_histogram(validation.pit)

# %%
held = validation.coverage.set_index(["target", "test", "calibrated", "level"])
for target in ("SR", "HR"):
    for test, calibrated in (("random", "random"), ("study", "study"), ("study", "random"),
                             ("spatial", "spatial")):
        row, name = held.loc[target, test, calibrated, 0.9], f"{target.lower()}_{test}"
        name += "" if test == calibrated else f"_by_{calibrated}"
        notebook.glue_values(**{
            f"{name}_raw90": 100 * row["raw"], f"{name}_conformal90": 100 * row["conformal"],
            f"{name}_widening": 100 * (row["conformal_width"] / row["raw_width"] - 1),
        })

# %% [markdown]
# The raw 90 % interval of SR holds {glue:text}`sr_random_raw90:.0f` % of records left out at random,
# {glue:text}`sr_study_raw90:.0f` % of those of new studies and {glue:text}`sr_spatial_raw90:.0f` % of those in
# new blocks; both ends of the histogram stand too high. Corrected, it holds
# {glue:text}`sr_random_conformal90:.0f`, {glue:text}`sr_study_conformal90:.0f` and
# {glue:text}`sr_spatial_conformal90:.0f` %, and is {glue:text}`sr_random_widening:.0f`,
# {glue:text}`sr_study_widening:.0f` and {glue:text}`sr_spatial_widening:.0f` % wider. For HR it goes
# from {glue:text}`hr_random_raw90:.0f`, {glue:text}`hr_study_raw90:.0f` and
# {glue:text}`hr_spatial_raw90:.0f` % to {glue:text}`hr_random_conformal90:.0f`,
# {glue:text}`hr_study_conformal90:.0f` and {glue:text}`hr_spatial_conformal90:.0f` %. Records that calibrate must be
# set apart as those that are asked about: calibrated at random, the interval of SR holds
# {glue:text}`sr_study_by_random_conformal90:.0f` % in new studies.

# %% [markdown]
# ## What we learned
#
# On sites and studies it has not seen, a forest reaches an R² of
# {glue:text}`sr_site_cv_r2:.2f` and {glue:text}`sr_study_cv_r2:.2f` for SR, and of
# {glue:text}`hr_site_cv_r2:.2f` and {glue:text}`hr_study_cv_r2:.2f` for HR; on records it has seen,
# {glue:text}`sr_in_sample_r2:.2f` and {glue:text}`hr_in_sample_r2:.2f`. A paper's 0.89 is a number
# of the last kind. The first kind is what a map needs.
#
# ## What is uncertain
#
# Between the two lies what records of one study share besides climate:
# method, soil, history, and slips. Some of it is knowledge of the place, some is not, and the ladder
# cannot part them. Blocks, regions and belts move the training records as well as the distance, and
# few records carry much of every RMSE. Conformal intervals are right on average over such records,
# not for each biome, and where there is no site of any kind they are a guess.
