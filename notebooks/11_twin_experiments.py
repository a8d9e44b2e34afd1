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
# # 11. Would the method find a truth that we know?
#
# **In a world whose fluxes are known everywhere, do the records' network and the forests find the
# global total, and do the stated uncertainties hold it?**
#
# Nobody knows the global flux of soil respiration, so no map of it can be checked as a whole. The
# method can: take a world whose fluxes are given at every place, observe it with a network like
# that of the field records, and see what the forests make of these observations. That is a
# {term}`twin experiment`. Here the world's SR is the climate response of {cite:t}`raich2002` and
# its HR that of {cite:t}`bondlamberty2004`, computed from the climate that ships with the project.
# Every experiment in this chapter is such a twin: no field data enter but the shape of their
# network.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
n_twins = None  # experiments that are made again here; None: the profile's

# %%
from soilresp import plot
from soilresp.study import chapters as workflow
from soilresp.study import notebook

study = notebook.open_study(profile, run)
plot.use_style("Twin experiments: synthetic observations, known truth")
twins = workflow.twin_experiments(study, n_twins=n_twins)

# %% [markdown]
# ## Fifty networks
#
# The network has as many records in each vegetation bin and latitude band as SRDB, in studies
# of as many sites, but its sites are drawn anew each time. Records either carry the exact flux, or
# a study effect and scatter of the sizes found in SRDB. Each experiment trains ten runs of
# forty trees and maps all vegetated cells of the half-degree grid. With *equal draws* every
# record counts alike; otherwise each bin counts by its area. The *even network* has as many records,
# spread over the vegetated land by chance. {numref}`fig-twin-errors` has the error of each,
# {numref}`fig-twin-bands` where it lies.

# %% mystnb={"figure": {"caption": "Error of the global total in fifty experiments of each kind (dots) and their mean (diamonds); grey: 3 % without scatter, 5 % with scatter.", "name": "fig-twin-errors"}, "image": {"alt": "Error of the global total in fifty experiments for each of six set-ups, SR left and HR right, as dots with a diamond for the mean, over grey bands of 3 and 5 per cent. Means are below zero but for the even network."}}
plot.twin_errors(twins.totals)

# %%
columns = {
    "variant": "variant", "target": "target", "n": "n", "mean": "mean error", "mean_se": "± s.e.",
    "sd": "SD", "lowest": "lowest", "highest": "highest",
}
summary = twins.summary.copy()
summary["variant"] = summary["variant"].map(workflow.TWIN_VARIANTS)
notebook.show(
    summary[list(columns)].rename(columns=columns),
    "Error of the global total over the experiments, % of the truth",
    n="{:.0f}",
)

# %%
for row in twins.summary.to_dict("records"):
    name = f"twin_{row['variant']}_{row['target'].lower()}"
    notebook.glue_values(**{f"{name}_mean": row["mean"], f"{name}_sd": row["sd"]})
notebook.glue_values(twin_n=int(twins.summary["n"].max()))

# %% [markdown]
# Without scatter the total of SR is off by {glue:text}`twin_exact_sr_mean:+.1f` % on average
# and that of HR by {glue:text}`twin_exact_hr_mean:+.1f` %; with scatter by
# {glue:text}`twin_scatter_sr_mean:+.1f` % and {glue:text}`twin_scatter_hr_mean:+.1f` %. Equal draws of
# exact records do a little worse, {glue:text}`twin_exact_equal_sr_mean:+.1f` % and
# {glue:text}`twin_exact_equal_hr_mean:+.1f` %. The low totals are not the smoothing of
# forests: on an even network, with as many records, the same forests come within
# {glue:text}`twin_even_sr_mean:+.2f` % and {glue:text}`twin_even_hr_mean:+.2f` %: what smoothing
# takes from one latitude it gives to another. What is missing are sites, most of all in the
# tropics and around 25° S. Single experiments with scatter stray by
# {glue:text}`twin_scatter_sr_sd:.1f` % (SD) for SR and {glue:text}`twin_scatter_hr_sd:.1f` % for HR.

# %% mystnb={"figure": {"caption": "Error of each 10-degree band; bars: SD over fifty experiments.", "name": "fig-twin-bands"}, "image": {"alt": "Error of each ten-degree band of latitude for three set-ups, SR left and HR right: below the truth in the tropics and around 25 degrees south, slightly above it in the north."}}
plot.twin_bands(twins.bands)

# %% [markdown]
# ## Do the stated uncertainties hold the truth?
#
# Two figures are stated for a total. The *sum of SDs* adds up the spread of every cell as if
# all cells erred together. The *SD between runs* is how far the totals of single runs lie apart. If they
# were right, 1.645 times either would hold the truth in nine experiments of ten. The last
# row of each flux draws studies anew for every run, as if other studies had been made.

# %%
columns = {
    "variant": "variant", "target": "target", "sd": "SD of errors", "stated_sd_sum": "sum of SDs",
    "covered_sd_sum": "holds the truth", "stated_between_run": "SD between runs",
    "covered_between_run": "holds it", "area_within": "area within",
}
shown = summary[twins.summary["variant"].str.startswith("scatter")]
shown = shown.sort_values("target", kind="stable", ascending=False)
notebook.show(
    shown[list(columns)].rename(columns=columns),
    "Stated uncertainties of the total, % of the truth, and share of experiments in which 1.645 "
    "times it holds the truth; area within: share of the land whose true flux lies within 1.645 "
    "SDs of the cell",
    **{"holds the truth": "{:.2f}", "holds it": "{:.2f}", "area within": "{:.2f}"},
)

# %%
held = twins.summary.set_index(["variant", "target"])
for variant, target in (("scatter", "SR"), ("scatter", "HR"), ("scatter_studies", "SR"),
                        ("scatter_studies", "HR")):
    row, name = held.loc[(variant, target)], f"twin_{variant}_{target.lower()}"
    notebook.glue_values(**{
        f"{name}_sum": row["stated_sd_sum"], f"{name}_runs": row["stated_between_run"],
        f"{name}_sum_held": 100 * row["covered_sd_sum"],
        f"{name}_runs_held": 100 * row["covered_between_run"],
    })

# %% [markdown]
# The sum of SDs, {glue:text}`twin_scatter_sr_sum:.0f` % of SR, always holds the truth, since it is
# many times larger than any error: cells do not err together. The SD between runs,
# {glue:text}`twin_scatter_sr_runs:.1f` %, holds it in {glue:text}`twin_scatter_sr_runs_held:.0f` % of the
# experiments for SR and {glue:text}`twin_scatter_hr_runs_held:.0f` % for HR: runs share their records, and
# so their errors. With studies drawn anew it is {glue:text}`twin_scatter_studies_sr_runs:.1f` %
# and holds the truth in {glue:text}`twin_scatter_studies_sr_runs_held:.0f` % and
# {glue:text}`twin_scatter_studies_hr_runs_held:.0f` %, nearer to the 90 % that it should; what it cannot see
# is the error that all networks of this shape have in common.

# %% [markdown]
# ## Some of them again
#
# The table above was made once, by `soilresp study twins`. The first experiments are made again here:

# %%
notebook.show(
    twins.again[["seed", "variant", "target", "total_committed", "total", "truth", "error"]],
    "Totals as committed and as made again, and the truth (Pg C yr⁻¹); error in %",
    digits=2, seed="{:.0f}",
)

# %% [markdown]
# ## What we learned
#
# In a world where climate makes the flux, the method finds the total to within a
# few percent, mostly on the low side; with exact records on an even network it would find it almost
# exactly. The draw by area does better than equal draws, though not by much. Neither of the two stated
# uncertainties is one of the total: the first is far too wide, the second too narrow.
#
# ## What is uncertain
#
# The twin's world is kinder than ours: its flux follows from climate alone, its
# records' errors have no direction, and its forests are given the very climate that made the fluxes.
# Errors in the real world that come from soils, management and methods are not in these
# numbers, so they are a floor.
