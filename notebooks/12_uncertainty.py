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
# # 12. How sure is a total, and where does the map hold?
#
# **By how much may a global total of soil respiration be off, and in which places has nothing been
# measured that is like them?**
#
# The maps of [chapter 5](05_global_mapping.ipynb) give a value for each cell of half a degree, and
# global totals of soil respiration ({term}`SR`), of its heterotrophic part ({term}`HR`) and of its
# autotrophic part ({term}`AR`). Random forests made them, which have learned from a few thousand
# {term}`records <record>` of plots in the field; some parts of the world have many, others none.
# {cite:t}`lu2021` put ±{glue:text}`paper_sd:.1f` on an SR of {glue:text}`paper_sr:.1f` Pg C yr⁻¹. This chapter asks what such a number says,
# which one a total deserves, and where the map stands on records at all.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
n_replicates = None  # times that studies are resampled here; None: by profile

# %%
from soilresp import plot
from soilresp.scoring.paper import paper_values
from soilresp.study import chapters as workflow
from soilresp.study import notebook

study = notebook.open_study(profile, run)
uncertainty = workflow.uncertainty(study, n_replicates=n_replicates)
paper = paper_values()["totals"]["SR"]
notebook.glue_values(paper_sr=paper["value"], paper_sd=paper["sd"])

# %% [markdown]
# ## Uncertainties of a total
#
# Several different things are called the uncertainty of a total:
#
# - the **sum of the cells' SD** or MAD, which is what the paper gives: the error of the total if
#   every cell on Earth erred together;
# - the **spread between runs**: the error from the chance of drawing and growing alone, as if the
#   records were all that could have been measured;
# - the **spread between resampled studies**, each drawn with all of its records: the records of a
#   study share methods, years and a region, and err together. This one goes on the headline.
#
# Standardised residuals of records far from every other in the training set say over which
# distance cells err together; and choices that could have been made otherwise add their own part.
# {numref}`fig-uncertainty` has them all, and [](../book/uncertainties.md) says which answers what.

# %%
measures = uncertainty.measures
notebook.show(measures, "SD of the global totals, Pg C yr⁻¹", digits=2)

# %% mystnb={"figure": {"caption": "(a) Uncertainties of the global totals; (b) their sources one at a time, and added up as independent of each other (black).", "name": "fig-uncertainty"}, "image": {"alt": "Bars of the uncertainty of the three totals on a logarithmic scale: the sum of the cells' SD is more than ten times the spread between studies or runs. Below, the part of each source."}}
plot.total_uncertainty(measures, uncertainty.contributions)

# %%
headline = uncertainty.headline
for name in ("SR", "HR", "AR"):
    notebook.glue_values(**{f"headline_{name.lower()}": headline["sd"][name],
                        f"all_{name.lower()}": headline["all"][name]})
notebook.glue_values(
    headline_n=headline["n_replicates"], reach_sr=headline["correlogram"]["SR"]["length"],
    sill_sr=headline["correlogram"]["SR"]["sill"],
    cells_sr=measures.loc["sum of the cells' SD", "SR"],
    cells_hr=measures.loc["sum of the cells' SD", "HR"],
)
choices = uncertainty.totals.query("kind in ['model', 'covariates', 'land']")
notebook.show(choices[["kind", "name", "area", "SR", "HR", "AR"]],
              "Totals by choices that could have been made otherwise, Pg C yr⁻¹ (area: Mkm²)")

# %% [markdown]
# With studies resampled {glue:text}`headline_n` times SR varies by {glue:text}`headline_sr:.1f`,
# HR by {glue:text}`headline_hr:.1f` and AR by {glue:text}`headline_ar:.1f` Pg C yr⁻¹ (1 SD); with the other
# sources it is {glue:text}`all_sr:.1f`, {glue:text}`all_hr:.1f` and {glue:text}`all_ar:.1f`. The
# spread over models, covariates and readings of the land is that of the few alternatives in the
# table, each as good as the other: a different set would give a different figure. Residuals of SR
# are alike ({glue:text}`sill_sr:.2f`) within some {glue:text}`reach_sr:.0f` km and hardly
# beyond, so that errors of single cells cancel in the total. What stays is what all cells have in
# common; a correlation of 0.01 between all cells, too small to be seen in these
# residuals, would alone make a tenth of the sum of their SD.

# %% [markdown]
# The sum of the cells' SD depends on what is called an SD, and above all on a few records:

# %%
spread = uncertainty.spread.pivot(index="spread", columns="target", values=["ratio", "total"])
spread = spread.loc[list(dict.fromkeys(uncertainty.spread["spread"]))]
spread.columns = [f"{t}, {'SD / total' if k == 'ratio' else 'total'}" for k, t in spread.columns]
notebook.show(spread, "Sum of the cells' SD over the total, and the total (Pg C yr⁻¹); few runs",
              digits=2)

# %% [markdown]
# ## Where not to trust the map
#
# A forest answers everywhere. Whether the records have anything to say about a cell is another question.
# The {term}`dissimilarity index` of {cite:t}`meyer2021` is the distance of a cell's predictors to those of the
# nearest record, in units of the mean distance between records; each predictor counts by what
# shuffling it does to the prediction of studies left out. Beyond the distances that records keep from
# the other studies' records (the upper whisker), a cell is outside the {term}`area of applicability`
# ({numref}`fig-applicability`): there the errors of the cross-validation promise nothing.

# %% mystnb={"figure": {"caption": "Dissimilarity of each cell's covariates to the records over its threshold (above 1: outside the area of applicability), and distance to the nearest site, for SR and HR.", "name": "fig-applicability"}, "image": {"alt": "Four maps: dissimilarity of each cell to the records and distance to the nearest site, for SR (top) and HR (bottom). Red cells, outside the area of applicability, lie at the edge of deserts and in the far north."}}
applicability = workflow.applicability(study)
plot.applicability_maps(applicability.fields, applicability.thresholds)

# %%
shares = applicability.shares.set_index(["target", "where"]).mul(100).reset_index()
notebook.show(
    shares.rename(columns={
        "area_outside": "area outside, %", "flux_outside": "flux outside, %",
        "flux_beyond_500_km": "flux > 500 km from a site, %",
        "flux_beyond_1000_km": "flux > 1000 km, %",
    }),
    "Shares of the vegetated area and of the flux outside the area of applicability, and far from any site; AR needs both SR and HR",
)

# %%
notebook.show(
    applicability.sensitivity.assign(
        area_outside=100 * applicability.sensitivity["area_outside"],
        flux_outside=100 * applicability.sensitivity["flux_outside"],
    ),
    "The same with all predictors counting alike, %", threshold="{:.3f}",
)

# %%
outside = applicability.shares[applicability.shares["where"] == "all"].set_index("target")
for name, row in outside.iterrows():
    notebook.glue_values(**{
        f"{name.lower()}_flux_outside": 100 * row["flux_outside"],
        f"{name.lower()}_area_outside": 100 * row["area_outside"],
        f"{name.lower()}_flux_far": 100 * row["flux_beyond_1000_km"],
    })

# %% mystnb={"figure": {"caption": "RMSE of records whose study was left out, in groups of equal size, against how unlike the other studies' records they are.", "name": "fig-applicability-error"}, "image": {"alt": "Error of left-out studies against dissimilarity, SR left and HR right: few points, without a clear rise towards the threshold."}}
plot.error_by_dissimilarity(applicability.records, applicability.thresholds)

# %% [markdown]
# Outside lie {glue:text}`sr_flux_outside:.0f` % of the flux of SR, {glue:text}`hr_flux_outside:.0f` % of that of HR;
# {glue:text}`hr_flux_far:.0f` % of HR comes from farther than 1000 km from any site. Being inside is no promise:
# the index knows the predictors only, not what the forest was never told, and
# {numref}`fig-applicability-error` shows whether errors follow it at all.

# %% [markdown]
# Two of the cells of {numref}`fig-cells` show what that means for a single place:

# %%
cells = workflow.mapping.stored(study).cells.set_index("name")
fields = applicability.fields
for name, place in (("forest", "New England forest"), ("sahel", "Sahel")):
    at = cells.loc[place, ["lat", "lon"]].to_dict()
    notebook.glue_values(**{
        f"{name}_di": fields["SR_di"].sel(at).item() / applicability.thresholds["SR"],
        f"{name}_km": fields["SR_site_distance"].sel(at).item(),
    })

# %% [markdown]
# The New England forest is {glue:text}`forest_km:,.0f` km from the nearest site of SR, with a
# dissimilarity of {glue:text}`forest_di:.2f` times the threshold; the cell in the Sahel is
# {glue:text}`sahel_km:,.0f` km from the nearest, with {glue:text}`sahel_di:.2f` times the threshold.
# [](../book/uncertainties.md) reads both with their spreads.

# %% [markdown]
# ## What we learned
#
# Other studies would have given totals that differ by {glue:text}`headline_sr:.1f` Pg C yr⁻¹ for SR,
# {glue:text}`headline_hr:.1f` for HR and {glue:text}`headline_ar:.1f` for AR (1 SD); with all sources
# that we can count it is {glue:text}`all_sr:.1f`, {glue:text}`all_hr:.1f` and {glue:text}`all_ar:.1f`.
# The sum of the cells' SD, {glue:text}`cells_sr:.0f` for SR and {glue:text}`cells_hr:.0f` for HR, answers
# another question: how widely single plots scatter. Outside the area of applicability lie
# {glue:text}`sr_area_outside:.0f` % of the vegetated area for SR, and {glue:text}`hr_area_outside:.0f` %
# for HR.
#
# ## What is uncertain
#
# Resampling shows what the records of one study have in common, and nothing of what all studies
# have in common, such as a method that misses part of the flux. The other models, covariates and
# readings of the land are a few that were at hand. Correlations between distant cells that are too
# small to be seen here would still count in a total. And the area of applicability depends on how much
# each predictor is made to count, as the table with all of them alike shows.
