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
# # 5. How much carbon do soils breathe out, and where?
#
# **How much carbon do soils breathe out in a year, where, how much of it through roots, and does it
# change over the years?**
#
# The forests of all runs now predict {term}`SR` and {term}`HR` for every vegetated cell and year;
# {term}`AR` is their difference. {cite:t}`lu2021` find {glue:text}`paper_sr:.1f` Pg C yr⁻¹ of SR,
# {glue:text}`paper_hr:.1f` of HR and {glue:text}`paper_ar:.1f` of AR.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
n_runs = None  # Monte-Carlo runs; None: the profile's
n_trees = None  # trees of each run's forest; None: the profile's
sampling = "area"  # "area": by the bins' areas; "record": every record alike
n_bins = None  # bins for MAD and quantiles of every year; None: exact, at the mean covariates
joint = None  # "share", "paired" or "clipped"; None: the way to split SR that scores best

# %%
from soilresp import plot
from soilresp.io import tables as committed
from soilresp.scoring.paper import paper_values
from soilresp.study import chapters as workflow
from soilresp.study import notebook
from soilresp.upscaling import regions

study = notebook.open_study(profile, run)
mapping = workflow.mapping(
    study, n_runs=n_runs, n_trees=n_trees, sampling=sampling, n_bins=n_bins, joint=joint
)
maps = mapping.climatology
paper = paper_values()["totals"]
notebook.glue_values(
    **{f"paper_{t.lower()}": paper[t]["value"] for t in ("SR", "HR", "AR")},
    paper_sd_ratio=paper["SR"]["sd"] / paper["SR"]["value"],
    paper_sd_over_mad=paper["SR"]["sd"] / paper["SR"]["mad"],
)

# %% [markdown]
# ## The maps
#
# {numref}`fig-maps` is the paper's Figure 3 with our fluxes.

# %% mystnb={"figure": {"caption": "SR, HR and AR (g C m⁻² yr⁻¹ of vegetated area), the coefficient of variation of SR and HR in each cell, and the share of AR in SR; after Figure 3 of Lu et al. (2021).", "name": "fig-maps"}, "image": {"alt": "Six world maps: SR, HR and AR on the left, the coefficients of variation of SR and HR and the share of AR in SR on the right. Fluxes peak in the humid tropics, variation in deserts and tundra."}}
plot.climatology_maps(maps)

# %% [markdown]
# The three fluxes share one scale of colours. The coefficient of variation is that of a cell's
# conditional distribution: how widely records scatter under conditions like the cell's. It is not
# the error of the map's mean. The file of the maps has the SD, the MAD (as it is, and times
# 1.4826), the CV and the 5, 25, 50, 75 and 95 % quantiles of SR and HR as well, and the SD by year.

# %% [markdown]
# ## The totals
#
# {numref}`fig-totals` has the three fluxes on one scale, with what they add up to.

# %%
flux = mapping.flux
for name in ("SR", "HR", "AR"):
    notebook.glue_values(**{f"{name.lower()}_{k}": v for k, v in flux[name].items() if v is not None})
notebook.glue_values(ar_sr=flux["AR_SR"])
for name in ("SR", "HR"):
    for key in ("sd", "mad", "mad_scaled"):
        ratio = flux[name][f"{key}_sum"] / flux[name]["total"]
        notebook.glue_values(**{f"{name.lower()}_{key}_ratio": ratio})

# %% mystnb={"figure": {"caption": "{term}`SR`, {term}`HR` and {term}`AR` on one scale of colours, mean of the years, with their global totals.", "name": "fig-totals"}, "image": {"alt": "Three world maps side by side on one colour scale: soil respiration, its heterotrophic part and its autotrophic part, each titled with its global total. All are highest in the humid tropics."}}
plot.flux_maps(maps, {name: flux[name]["total"] for name in ("SR", "HR", "AR")})

# %% tags=["remove-cell"] mystnb={"figure": {"caption": "The same, one above the other.", "name": "fig-totals-narrow"}, "image": {"alt": "Three world maps one above the other on one colour scale: soil respiration, its heterotrophic part and its autotrophic part, each titled with its global total. All are highest in the humid tropics."}}
# For narrow screens: the first page of the book shows it there.
plot.flux_maps(maps, {name: flux[name]["total"] for name in ("SR", "HR", "AR")}, stacked=True)

# %%
totals = workflow.totals_beside_paper(study, mapping)
notebook.show(totals, "Global totals, Pg C yr⁻¹ (AR_SR: a ratio)", AR_SR="{:.2f}")

# %% [markdown]
# Added up over the cells, the sample SD of SR is {glue:text}`sr_sd_ratio:.2f` of the total and the
# scaled MAD {glue:text}`sr_mad_scaled_ratio:.2f`; the paper's SD is {glue:text}`paper_sd_ratio:.2f`
# of its total, and {glue:text}`paper_sd_over_mad:.2f` times its MAD, as a scaled MAD would be. The sample SD is larger than the scaled MAD because a
# few records are very high. How far the total itself may be off is another question, that of
# [chapter 12](12_uncertainty.ipynb).

# %% [markdown]
# ## AR that is possible
#
# SR and HR come from forests of their own, grown on different records, so that their difference
# can fall below zero. Records that report both fluxes of one plot never do that. How well does
# each way of splitting SR meet such records, when no forest has seen their studies?

# %%
scored = mapping.joint_scores
notebook.show(
    scored, "Ways to split SR, on records that report both (g C m⁻² yr⁻¹; AR_SR: a ratio)",
    r2="{:.2f}", rmse="{:.3g}", bias="{:.2g}", negative="{:.1%}",
) if len(scored) else "No record reports both SR and HR: HR is held below SR."

# %% mystnb={"figure": {"caption": "(a) AR as the difference of two maps, below zero in brown; (b) AR, jointly estimated; (c) what the joint estimate adds to HR; (d) share of AR in SR, jointly estimated.", "name": "fig-joint"}, "image": {"alt": "Four maps: AR as a difference with brown patches below zero south of the Sahara; AR by the joint estimate without any; what the joint estimate changes in HR; and the joint share of AR."}}
plot.joint_maps(maps)

# %%
both, below = flux["joint"], flux["negative"]
notebook.glue_values(joint_hr=both["HR"], joint_ar=both["AR"], joint_ar_sr=both["AR_SR"],
                 joint_method=both["method"], below_cells=100 * below["share_of_cells"],
                 below_area=100 * below["share_of_area"], below_flux=below["flux"])
by_region = regions.regional_totals(maps.assign(AR=maps["AR"].clip(max=0)))["AR"]
notebook.glue_values(below_region=by_region.idxmin(), below_there=by_region.min())

# %% [markdown]
# AR = SR − HR is below zero in {glue:text}`below_cells:.1f` % of the cells
# ({glue:text}`below_area:.1f` % of the vegetated area), {glue:text}`below_flux:.2f` Pg C yr⁻¹ in
# sum, the largest part of it in {glue:text}`below_region` ({glue:text}`below_there:.2f`).
# The joint estimate ({numref}`fig-joint`; {glue:text}`joint_method`) has 0 ≤ AR ≤ SR in every cell. It gives
# {glue:text}`joint_hr:.1f` Pg C yr⁻¹ of HR and {glue:text}`joint_ar:.1f` of AR, against
# {glue:text}`hr_total:.1f` and {glue:text}`ar_total:.1f` by difference. Its split is one for all
# years: that of the mean covariates. Where records report both, the spread and the quantiles of AR
# are theirs, under the weights that a cell gives them.

# %% [markdown]
# ## Where, and under which vegetation
#
# {numref}`fig-latitude` goes from the far north to the far south; the tables below sum up by vegetation
# and by country.

# %% mystnb={"figure": {"caption": "Means of SR, HR and AR by latitude (per m² of vegetated area), with the mean SD of a cell, and the vegetated area.", "name": "fig-latitude"}, "image": {"alt": "Profiles by latitude of SR, HR and AR, with a band for the spread of a cell, and the vegetated area. All three fluxes peak near the equator."}}
plot.latitude_profiles(regions.by_latitude(maps))

# %%
cube = workflow.assembly.stored(study).cube
formats = {"AR_SR": "{:.2f}", "area": "{:.2f}", "SR_mean": "{:,.0f}"}
bins = regions.by_bin(maps, cube["stratum"])
notebook.show(bins, "Area (Mkm²), totals (Pg C yr⁻¹) and mean SR (g C m⁻² yr⁻¹) by vegetation bin",
              **formats)

# %%
classes = regions.by_class(maps, cube["igbp_fraction"])
notebook.show(classes, "The same by IGBP class, shared out by their areas in a cell", **formats)

# %%
notebook.show(regions.regional_totals(maps).head(20),
              "The same by region of the United Nations, the twenty largest", **formats)

# %%
notebook.show(regions.regional_totals(maps, by="country").head(15),
              "The same, fifteen countries with the most SR", **formats)

# %% [markdown]
# Cells go to the country of their centre, a coastal one to that of the nearest such cell. Borders
# are Natural Earth's.

# %% [markdown]
# ## Year by year
#
# {numref}`fig-annual` has the totals of each year, {numref}`fig-trends` the lines through them.

# %% mystnb={"figure": {"caption": "Global totals by year, with the range that Lu et al. (2021) give for 1982–2012. A level line is a climatology.", "name": "fig-annual"}, "image": {"alt": "Three time series, the global SR, HR and AR of each year, over grey bands for the range that the paper gives."}}
paper_ranges = {t: (paper[t]["annual_min"], paper[t]["annual_max"]) for t in ("SR", "HR", "AR")}
plot.annual_series(workflow.annual_totals(mapping), paper_ranges)

# %%
trends = workflow.trends(study, mapping)

# %% mystnb={"figure": {"caption": "Trends over the years (Theil–Sen), with 90 % intervals from blocks of five years.", "name": "fig-trends"}, "image": {"alt": "Trend of SR, HR and AR for the globe and five bands of latitude, in per cent of the mean per decade, with bars for 90 % intervals around a line at zero."}}
plot.trend_bands(trends)

# %% [markdown]
# Only temperature and precipitation change from year to year in these covariates; humidity, leaf
# area, radiation and soil carbon stand still. A trend from greening, dimming, drying air or carbon
# dioxide cannot be seen here, and the interval says nothing of that: it is that of
# the wobble around the line. Where the anomaly of a year comes from stations far away, so
# does the trend.

# %% [markdown]
# ## How many runs, and how many trees?
#
# Ensembles of different sizes, grown on the field records with the covariates of `delta`, are held
# against others of the same size that share no run with them (`soilresp study convergence`): {numref}`fig-convergence`.

# %% mystnb={"figure": {"caption": "Error of ensembles of n runs of k trees: root mean square over the cells for the mean, the SD and the MAD of a cell, and of the global totals. Real records, whatever the run of this page.", "name": "fig-convergence"}, "image": {"alt": "Eight small plots: error against the number of runs, for means, spreads and totals of SR (top) and HR (bottom), one line for each number of trees. All lines fall; beyond fifty trees they lie close."}}
convergence, _ = committed.load_table("convergence")
plot.convergence_curves(convergence)

# %% [markdown]
# Means and totals get better with the root of the number of runs; more than some fifty trees a run
# add little. What is left at the size of this page's ensemble is far below the
# {term}`headline uncertainty` ({numref}`fig-uncertainty`): more runs would not make the map truer.

# %% [markdown]
# ## What stands behind a cell
#
# {numref}`fig-cells` opens ten cells; [](../book/uncertainties.md) reads one of them number by number.

# %% mystnb={"figure": {"caption": "Conditional distributions of SR and HR in ten cells: weights of the field records, with mean, SD and coefficient of variation; the last two are the cells with the highest CV.", "name": "fig-cells"}, "image": {"alt": "Ten histograms, one for each of ten cells from the Amazon to Siberia: how the forests weigh the SR and HR records there. Most have a long tail to the right and more than one peak."}}
plot.cell_distributions(mapping.cell_weights, mapping.cells)

# %%
for name, place in (("forest", "New England forest"), ("sahel", "Sahel")):
    at = mapping.cells.set_index("name").loc[place, ["lat", "lon"]].to_dict()
    here = maps.sel(at)
    kinds = ["SR", "HR", *(f"SR_{k}" for k in ("sd", "mad", "mad_scaled", "cv", "q05", "q50", "q95"))]
    notebook.glue_values(**{f"{name}_{k.lower()}": here[k].item() for k in kinds})

# %% [markdown]
# Distributions are skewed and often have several peaks: a cell draws on records of unlike places.
# Where the CV is highest, a few very high records have got some weight in a cell of low flux.

# %% [markdown]
# ## Known weaknesses, in our own figures

# %%
caveats = workflow.caveats(study, mapping)
notebook.show(caveats, "Percent; dead wood: Pg C yr⁻¹")

# %% [markdown]
# The paper reckons that respiration of dead wood, which chambers on soil miss, is less than 5 % of the
# ecosystem's. That is the most that HR could be too low by for this reason.

# %% [markdown]
# ## What we learned
#
# Soils of the vegetated land give off {glue:text}`sr_total:.1f` Pg C yr⁻¹, of
# which {glue:text}`hr_total:.1f` is heterotrophic and {glue:text}`ar_total:.1f` autotrophic; the
# share of AR is {glue:text}`ar_sr:.2f`. {numref}`fig-uncertainty` has what these totals may be off by.
#
# ## What is uncertain
#
# The dry and the cold lands have few sites and high coefficients of variation;
# {numref}`fig-applicability` shows where no record is like the cell.
# A map of HR made from few records can exceed that of SR; the joint estimate cannot, but it rests on
# fewer records still. MAD and quantiles are those at a cell's mean covariates over the years.
