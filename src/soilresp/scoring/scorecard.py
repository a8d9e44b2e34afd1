"""Score a model's output against the benchmark: the scorecard and what is on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.strata import dominant_stratum
from soilresp.io.files import sha256, together, write_json, write_text
from soilresp.models import clean_name
from soilresp.scoring import comparators, maps, rendering
from soilresp.scoring.benchmark import benchmark_path, load_benchmark
from soilresp.scoring.members import ensemble_mean, read_members
from soilresp.scoring.sites import check_grid, site_table
from soilresp.scoring.totals import model_total, stated_totals

__all__ = ["Scorecard", "score"]


@dataclass(frozen=True)
class Scorecard:
    """Scores of a model, and its rank among the models that are known.

    Attributes
    ----------
    scores : soilresp.scoring.maps.Scores
    benchmark : dict
        ``title``, ``source`` and, if it is a file, ``file`` and ``sha256``.
    totals : pandas.DataFrame
        Models that are known, this one among them: ``flux, model, group, value, rank``;
        ``difference`` from the benchmark. Pg C yr-1.
    maps : pandas.DataFrame
        Scores by flux of the models whose maps are available, and of this one.
    sites : pandas.DataFrame or None
        ``flux, model, rmse, r, bias, n``; g C m-2 yr-1.
    members : pandas.DataFrame or None
        Of an ensemble: totals and scores of each member.
    missing : tuple of str
        What could not be compared, and why.

    Examples
    --------
    >>> from soilresp.scoring.comparators import empirical_model
    >>> card = score(empirical_model())
    >>> card.facts["rank"]["SR"]["map"]["rank"]
    1
    """

    scores: maps.Scores
    benchmark: dict
    totals: pd.DataFrame
    maps: pd.DataFrame
    sites: pd.DataFrame | None = None
    members: pd.DataFrame | None = None
    missing: tuple = ()

    @property
    def name(self):
        """Name of the model (str)."""
        return self.scores.name

    @property
    def facts(self):
        """The scorecard as plain values, as ``score.json`` has it.

        Returns
        -------
        dict
            ``name``, ``totals`` (Pg C yr-1; AR_SR a ratio), ``benchmark_totals``,
            ``benchmark_sd_sum``, ``scores``, ``z``, ``annual``, ``rank``, ``zonal``,
            ``biomes``, ``sites``, ``members``, ``benchmark``, ``missing`` and what is
            known of the model.
        """
        own = {}
        for kind, table in (("total", self.totals), ("map", self.maps)):
            for flux, rows in table.groupby("flux", sort=False):
                mine = rows[rows["model"] == self.name]["rank"].dropna()
                if len(mine):
                    own.setdefault(flux, {})[kind] = {
                        "rank": int(mine.iloc[0]), "of": int(rows["rank"].count())
                    }
        tables = {"zonal": self.scores.zonal, "biomes": self.scores.biomes, "sites": self.sites,
                  "members": self.members}
        rows = {k: None if t is None else t.to_dict("records") for k, t in tables.items()}
        return {
            "name": self.name, **self.scores.facts, "rank": own, **rows,
            "benchmark": self.benchmark, "missing": list(self.missing),
        }

    def to_text(self):
        """Return the scorecard for a terminal (str)."""
        return rendering.as_text(self)

    def to_markdown(self):
        """Return the scorecard in Markdown (str)."""
        return rendering.as_markdown(self)

    def to_html(self, path=None, figures=None):
        """Return the scorecard as one web page that needs no other file.

        Parameters
        ----------
        path : path-like, optional
            File to write the page to.
        figures : mapping of str to (matplotlib.figure.Figure, str), optional
            Figure and caption by name, as from `soilresp.plot.scorecard_figures`.

        Returns
        -------
        str
        """
        page = rendering.as_page(self, figures)
        if path is not None:
            write_text(path, page)
        return page

    def save(self, folder, figures=None):
        """Write the scorecard as JSON, Markdown and a web page.

        Parameters
        ----------
        folder : path-like
            Made if it does not exist.
        figures : mapping, optional
            As for `to_html`.

        Returns
        -------
        list of pathlib.Path
            ``score.json``, ``scorecard.md``, ``scorecard.html``.

        Raises
        ------
        DataError
            If they cannot be written; files of an earlier scoring then stay as they were.
        """
        names = ("score.json", "scorecard.md", "scorecard.html")
        with together(folder) as aside:
            write_json(aside / names[0], self.facts)
            write_text(aside / names[1], self.to_markdown())
            self.to_html(aside / names[2], figures)
        return [Path(folder) / name for name in names]


def score(model, benchmark=None, name=None, variables=None, period=(1982, 2012), records=None):
    """Score a model's SR, HR and AR, or those of an ensemble, against the benchmark.

    Parameters
    ----------
    model : path-like, list of path-like, xarray.Dataset or mapping of str to xarray.Dataset
        NetCDF files of one model; files of several models, or folders of them, which are
        then the members of an ensemble; or output that `soilresp.models.read_model` has
        read, by name if there are several.
    benchmark : path-like or xarray.Dataset, optional
        A file in the layout of the benchmark, or maps on the half-degree grid, g C m-2
        yr-1 of vegetated area; fractions and cell area that they lack are those of the
        embedded land cover. Default: the benchmark that ships with the project.
    name : str, optional
        Of the model or ensemble. Default: what the files say.
    variables : mapping of str to str, optional
        Name in the files to SR, HR, AR or a name of CMIP, where it cannot be found out.
    period : tuple of int
        First and last year that count.
    records : pandas.DataFrame, optional
        Field records to compare with: ``target, lat, lon, flux``, g C m-2 yr-1.

    Returns
    -------
    Scorecard

    Raises
    ------
    DataError
        If a file is missing, cannot be read or cannot be scored; see
        `soilresp.models.read_model` and `soilresp.scoring.maps.score_model`.

    Examples
    --------
    >>> from soilresp.scoring.comparators import empirical_model
    >>> card = score(empirical_model(), name="climate alone")
    >>> card.name, list(card.facts["scores"])
    ('climate alone', ['SR', 'HR', 'AR'])
    """
    name = clean_name(name or "")
    if isinstance(model, xr.Dataset):
        models = {name or model.attrs.get("model", "model"): model}
    elif isinstance(model, Mapping):
        models = dict(model)
    else:
        models = read_members(model, name, variables, period)
    ours, about = _benchmark(benchmark)
    stratum = dominant_stratum(load_embedded()["igbp_fraction"])
    (label, output), *more = models.items()
    members, sites, missing = None, None, []
    name = name or (f"mean of {len(models)} models" if more else label)
    if more:
        members = _member_scores(models, ours, stratum)
        output = ensemble_mean(models, name)
    scores = maps.score_model(output, ours, stratum, name)
    others = _other_maps(output, missing) | (models if more else {}) | {name: output}
    fluxes = list(scores.facts["scores"])
    if records is None:
        missing.append("There are no scores at the sites: no field records were given.")
    else:
        sites = _site_scores(name, output, ours, records, fluxes)
    ranked = _ranked_maps(others, ours, fluxes)
    totals = _ranked_totals(others, scores, missing)
    return Scorecard(scores, about, totals, ranked, sites, members, tuple(missing))


def _benchmark(given):
    """Maps of the benchmark, and what they are."""
    about = {}
    if isinstance(given, xr.Dataset):
        check_grid(given, "The benchmark")
        lacking = [v for v in maps.GROUND if v not in given]
        ours = given.assign(load_embedded()[lacking]) if lacking else given
    else:
        file = Path(given or benchmark_path())
        ours = load_benchmark(file)
        about = {"file": file.name, "sha256": sha256(file)}
    return ours, {key: ours.attrs.get(key, "") for key in ("title", "source")} | about


def _member_scores(models, benchmark, stratum):
    rows = []
    for name, output in models.items():
        facts = maps.score_model(output, benchmark, stratum, name).facts
        for flux, s in facts["scores"].items():
            kept = {k: s[k] for k in ("bias", "rmse", "r", "sigma_ratio", "taylor_score")}
            rows.append({"flux": flux, "model": name, "total": facts["totals"][flux]} | kept)
    return pd.DataFrame(rows)


def _other_maps(scored, missing):
    """Models whose maps are available, without the one that is scored."""
    own = {scored.attrs.get("model"), scored.attrs.get("adapter")}
    empirical = comparators.EMPIRICAL
    others = {} if empirical in own else {empirical: comparators.empirical_model()}
    for model, output, found in comparators.available_outputs(skip=own):
        if output is None:
            missing.append(f"{model} is not compared: {found}.")
        else:
            others[model] = output
    return others


def _ranked_maps(models, benchmark, fluxes):
    """Scores of all maps, ranked by RMSE within each flux."""
    table = maps.compare_maps(models, benchmark, fluxes).drop(columns="area")
    table.insert(1, "rank", table.groupby("flux")["rmse"].rank(method="min"))
    parts = [table[table["flux"] == f].sort_values("rank", kind="stable") for f in fluxes]
    return pd.concat(parts, ignore_index=True)


def _ranked_totals(models, scores, missing):
    """Totals of all models that are known, ranked by their distance from the benchmark's."""
    rows = [
        {"flux": flux, "model": name, "value": float(model_total(output, flux).mean()),
         "group": "this model" if name == scores.name else "available map"}
        for name, output in models.items() for flux in maps.FLUXES if flux in output
    ]
    tables = [stated_totals().assign(group="stated in Lu et al. (2021)")]
    for entry, table, found in comparators.available_series("HR"):
        if table is None:
            missing.append(f"The series {entry} is not compared: {found}.")
        else:
            short = table["group"].str.split().str[0]
            tables.append(table.assign(model=table["model"] + " (" + short + ")"))
    columns = ["flux", "model", "group", "value"]
    tables = [t.rename(columns={"variable": "flux"})[columns] for t in tables]
    table = pd.concat([pd.DataFrame(rows)[columns], *tables])
    ours = scores.facts["benchmark_totals"]
    table = table[table["flux"].isin([f for f in ours if f != "AR_SR"])].reset_index(drop=True)
    table["difference"] = table["value"] - table["flux"].map(ours)
    table["rank"] = table.groupby("flux")["difference"].transform(
        lambda d: d.abs().rank(method="min")
    )
    return table.dropna(subset=["value"]).reset_index(drop=True)


def _site_scores(name, output, benchmark, records, fluxes):
    tables = []
    for flux in (v for v in fluxes if v in set(records["target"])):
        fields = {name: maps.climatological_mean(output[flux]), "benchmark": benchmark[flux]}
        own = records[records["target"] == flux]
        tables.append(site_table(fields, own).reset_index().assign(flux=flux))
    return pd.concat(tables)[["flux", "model", "rmse", "r", "bias", "n"]] if tables else None
