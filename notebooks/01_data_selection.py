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
# # 1. Which field records?
#
# **Which records of soil respiration speak for soils as they are, in the years that we map, how
# many are they, and where do they lie?**
#
# {term}`SRDB`, the global soil respiration database {cite:p}`jian2021`, holds every annual soil
# respiration that two thousand publications report: from fertilised plots and clearcuts as well as
# from undisturbed ground, with and without coordinates, from 1961 to 2017. From these
# {term}`records <record>` {cite:t}`lu2021` kept 3,331 of total soil respiration ({term}`SR`) and
# 840 of its heterotrophic part ({term}`HR`). This chapter makes the choice again, rule by rule, and
# looks for records that cannot be right.

# %% tags=["parameters"]
profile = None  # "quick", "standard" or "paper"; None: that of the run, else "quick"
run = None  # folder of the run; None: SOILRESP_RUN, else runs/interactive
rules = None  # changed selection rules, such as {"years": [1990, 2013], "quality": "drop"}
corrections = None  # "none", "sourced" or a table of one's own; None: those of the run, else "none"
truth = "climate_response"  # world of a twin experiment: that, or "benchmark", our own maps

# %%
from soilresp import plot
from soilresp.covariates.embedded import load_embedded
from soilresp.records import quality
from soilresp.study import chapters as workflow
from soilresp.study import notebook

study = notebook.open_study(profile, run, corrections)
selection = workflow.selection(study, rules=rules, truth=truth)

# %% [markdown]
# ## One rule after the other
#
# Each rule is a parameter of {py:class}`soilresp.records.selection.Selection`, and each is a line
# of this table and a bar of {numref}`fig-funnel`. HR is what the study reports as such, or SR less AR where only those two are
# given. The paper does not state the last two rules as rules: the years are those that it maps, and
# the box is the extent that it gives for its sites.

# %% tags=["nbval-check-output"]
notebook.show(selection.funnel, "Records left after each rule", digits=0)

# %% mystnb={"figure": {"caption": "Records of SR and HR left after each rule; dashed lines: the records that Lu et al. (2021) used.", "name": "fig-funnel"}, "image": {"alt": "Two bar charts, SR and HR: the number of records left after each of eight rules, from all that give a flux down to those kept, with a dashed line at the number that Lu et al. used."}}
plot.funnel_bars(selection.funnel, paper={"SR": 3331, "HR": 840})

# %% [markdown]
# With SRDB v5.0 the rules lead to within a few records of the paper's number for SR. For HR they do
# not: no reading of the criteria that we tried gives 840 records. With HR from the ratio of AR to SR
# as well (`rules={"heterotrophic": "ratio"}`) there are a handful more. What the paper counted stays
# unknown. (A twin experiment makes its own records, and has no funnel.)

# %% [markdown]
# ## Where they lie
#
# {numref}`fig-sites` has the sites over the vegetation that each cell is counted to.

# %%
observations = selection.observations
sr_sites = observations[observations["target"] == "SR"]
hr_sites = observations[observations["target"] == "HR"]

# %% mystnb={"figure": {"caption": "Sites of the SR and HR records over the dominant vegetation (MODIS IGBP, 2019) of each half-degree cell; after Figure 1 of Lu et al. (2021), who show GLC2000.", "name": "fig-sites"}, "image": {"alt": "World map of vegetation groups with the sites of SR (circles) and HR (triangles). They crowd in Europe, North America and eastern Asia and are sparse in Africa, Australia and the north."}}
vegetation = load_embedded()["igbp_fraction"].idxmax("igbp")
plot.site_map(sr_sites, hr_sites, vegetation)

# %% tags=["nbval-check-output"]
notebook.glue_values(
    n_sr=len(sr_sites), n_hr=len(hr_sites), sr_studies=sr_sites["study"].nunique(),
    hr_studies=hr_sites["study"].nunique(),
)
per_target = observations.groupby("target").agg(
    records=("flux", "size"), studies=("study", "nunique"), median=("flux", "median"),
    mean=("flux", "mean"), sd=("flux", "std"), largest=("flux", "max"),
)
notebook.show(per_target, "Selected records; flux in g C m⁻² yr⁻¹", digits=0)

# %% [markdown]
# ## Records that cannot be right
#
# SRDB is typed in from papers, and some of it is typed wrongly: coordinates are swapped or lose a
# sign, fluxes per day stand for fluxes per year, parts exceed their whole. Every record is compared
# with its country's outline, the climate of its cell, its own parts, and comparable records
# (`soilresp data check` does the same for any copy of the table, and writes all of it to a file).
# A *suspicion* has a score of 0.5 or more; a *remark* is certain but harmless, or a matter of
# judgement. Nothing is changed: `rules={"quality": "drop"}` leaves out the records whose place, flux or
# year is under suspicion, `"repair"` corrects those that one change explains, and the last line of the
# table of rules says how many there are. The map below shows the places in question.

# %% tags=["nbval-check-output"]
flags = selection.flags
suspicions = flags[flags["score"] >= quality.THRESHOLD]
notebook.glue_values(n_suspicious=suspicions["record"].nunique())
notebook.show(
    quality.counts(flags).reset_index(),
    "Records by test, of all in SRDB; repair: suspicions that come with one", digits=0,
)

# %% mystnb={"figure": {"caption": "Sites under suspicion (crosses), each with a line to where it more likely belongs: where a swap or a change of sign would put it, else the nearest point of the country that the record states.", "name": "fig-suspicious-sites"}, "image": {"alt": "World map of sites whose coordinates are under suspicion, each joined by a line to the place where it more likely belongs; some lines cross the equator or an ocean."}}
if len(selection.suspicious_sites):
    figure = plot.suspicious_sites(selection.suspicious_sites)
else:
    figure = None
figure

# %% [markdown]
# The most suspicious, one for each study and test, as sentences that can be compared with the paper:

# %%
worst = quality.suspects(suspicions, 25)
notebook.show(
    worst[["score", "test", "records"]].assign(sentence=quality.sentences(worst)).reset_index(drop=True),
    "The 25 most suspicious; records: those of the study that share it", digits=0, score="{:.2f}",
)

# %% [markdown]
# ## What we learned
#
# {glue:text}`n_sr:,d` records of SR and {glue:text}`n_hr:,d` of HR go on to
# the next chapter, from {glue:text}`sr_studies:,d` and {glue:text}`hr_studies:,d` studies. They
# crowd in Europe, North America and eastern Asia.
#
# ## What is uncertain
#
# Records of one study share a method, and often a plot: the number of
# independent observations is nearer to that of the studies than to that of the records. The largest fluxes
# are several times what soils elsewhere give. Some of them are slips of the pen: the tests put
# {glue:text}`n_suspicious:,d` records under suspicion, and they see no slip that leaves a record
# plausible, such as a flux that is three times too large.
