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
# # 5. How much carbon do soils breathe out, and where?
#
# The forests of all runs now predict SR and HR for every vegetated cell and year; AR is their
# difference. {cite:t}`lu2021` find 85.5 Pg C yr⁻¹ of SR, 50.3 of HR and 35.2 of AR. What do we find,
# and how sure can one be of it?

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
n_runs = None  # Monte-Carlo runs; None: the profile's
n_trees = None  # trees of each run's forest; None: the profile's
draw = "area"  # "area": by the bins' areas; "record": every record alike

# %%
from soilresp import notebook, plot, workflow

study = notebook.open_study(profile, run)
mapping = workflow.mapping(study, n_runs=n_runs, n_trees=n_trees, draw=draw)

# %% [markdown]
# ## The maps

# %% mystnb={"figure": {"caption": "SR, HR and AR (g C m⁻² yr⁻¹ of vegetated area), the coefficient of variation of SR and HR in each cell, and the share of AR in SR; after Figure 3 of Lu et al. (2021).", "name": "fig-maps"}}
plot.six_maps(mapping.climatology)

# %% [markdown]
# The coefficient of variation is that of a cell's conditional distribution: how widely records
# scatter under conditions like the cell's. It is not the error of the map's mean.

# %% [markdown]
# ## The totals

# %%
totals = workflow.totals_beside_paper(study, mapping)
notebook.show(totals, "Global totals, Pg C yr⁻¹ (AR_SR: a ratio)", AR_SR="{:.2f}")

# %%
flux = mapping.flux
for name in ("SR", "HR", "AR"):
    notebook.hand_on(**{f"{name.lower()}_{k}": v for k, v in flux[name].items() if v is not None})
notebook.hand_on(ar_sr=flux["AR_SR"])

# %% [markdown]
# Three different things are called the uncertainty of a total:
#
# - the **sum of the cells' SD** ({glue:text}`sr_sd_sum:.1f` Pg C yr⁻¹ for SR) or of their MAD
#   ({glue:text}`sr_mad_sum:.1f`), which is what the paper gives, and which would be the error of the
#   total if every cell on Earth erred together;
# - the **spread between runs** ({glue:text}`sr_between_run_sd:.2f`), which is the error from the
#   chance of drawing and growing alone, as if the records were all that could have been measured;
# - the error that **correlates over some distance**, between the two. It is not computed yet.

# %% [markdown]
# ## Year by year

# %% mystnb={"figure": {"caption": "Global totals by year, with the range that Lu et al. (2021) give for 1982–2012. A level line is a climatology.", "name": "fig-annual"}}
paper_ranges = {"SR": (83.6, 87.8), "HR": (49.2, 51.1), "AR": (33.9, 36.9)}
plot.annual_series(workflow.annual_totals(mapping), paper_ranges)

# %% [markdown]
# **What we learned.** Soils of the vegetated land give off {glue:text}`sr_total:.1f` Pg C yr⁻¹, of
# which {glue:text}`hr_total:.1f` is heterotrophic and {glue:text}`ar_total:.1f` autotrophic; the
# share of AR is {glue:text}`ar_sr:.2f`.
#
# **What is uncertain.** The dry and the cold lands have few sites and high coefficients of variation.
# AR is a difference of two maps, made from different records, and can be negative in a
# cell. The spread is that of a cell's mean covariates over the years. Decay of dead wood is not in the records (less than 5 % of
# respiration, the paper reckons).
