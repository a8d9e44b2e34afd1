"""Score files of a model against the benchmark; stage 8 of the study."""

import io
import re
from pathlib import Path

import pandas as pd
import xarray as xr

from soilresp.covariates.climate_response import bond_lamberty_2004, raich_2002
from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.strata import dominant_stratum
from soilresp.errors import DataError
from soilresp.io import fetch as access
from soilresp.io.files import sha256, together, write_json, write_text
from soilresp.models import (
    clean_name,
    declared_models,
    read_cmip6_global,
    read_isimip_global,
    read_model,
)
from soilresp.plot import score as figures
from soilresp.records.selection import select
from soilresp.records.srdb import read_srdb
from soilresp.scoring import scorecard, totals
from soilresp.scoring.benchmark import benchmark_path, load_benchmark
from soilresp.scoring.ilamb import write_ilamb
from soilresp.scoring.score import FLUXES, benchmark_on_land, field_scores, score_model
from soilresp.scoring.sites import site_table
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c05_maps import mapping
from soilresp.study.chapters.common import records_of
from soilresp.study.stage import Stage

__all__ = [
    "EMPIRICAL",
    "draw_figures",
    "empirical_model",
    "export_ilamb",
    "group_files",
    "make_card",
    "score_files",
    "model_score",
    "write_card",
]

EMPIRICAL = "Raich 2002, Bond-Lamberty 2004"
"""Name of the published climate-response models of SR and HR."""

_DATES = re.compile(r"\d{4,8}(-\d{4,8})?")
_VARIABLE_WORDS = {
    "rh", "ra", "arh", "raroot", "rhsoil", "rhlitter", "raleaf", "rastem", "raother", "rs", "sr",
    "hr", "ar", "npp", "gpp", "nbp", "croot", "csoil", "clitter", "cveg", "areacella", "sftlf",
    "monthly", "annual", "lmon", "emon", "fx", "soilr", "landfrac", "oceancoverfrac",
}
_SERIES = {
    "isimip_global_rh": ("ISIMIP series", read_isimip_global, "doi:10.1038/s41586-018-0358-x"),
    "cmip6_global_rh": ("CMIP6 series", read_cmip6_global, "CMIP6 historical runs"),
}


def group_files(files):
    """Sort files into models, by what their names have in common.

    Words for a variable and dates are left out of a name; files whose names are then
    the same belong to one model, be they parts in time or variables.

    Parameters
    ----------
    files : list of path-like
        NetCDF files and folders of them.

    Returns
    -------
    dict of str to list of pathlib.Path
        Name of the model to its files.

    Raises
    ------
    DataError
        If there is no NetCDF file.

    Examples
    --------
    >>> names = ["A_S2_rh.nc", "A_S2_raRoot.nc", "rh_Lmon_B_185912-188411.nc"]
    >>> list(group_files(names))
    ['A_S2', 'B']
    """
    found = []
    for path in map(Path, files):
        found += sorted(path.glob("*.nc*")) if path.is_dir() else [path]
    if not found:
        raise DataError(f"{', '.join(map(str, files))}: no NetCDF file. Give files or a folder.")
    models = {}
    for path in found:
        words = path.name.split(".nc")[0].split("_")
        kept = [w for w in words if w.lower() not in _VARIABLE_WORDS and not _DATES.fullmatch(w)]
        models.setdefault("_".join(kept) or "model", []).append(path)
    return models


def score_files(files, name=None, variables=None, benchmark=None, period=(1982, 2012)):
    """Score a model's files, or an ensemble of them, against the benchmark.

    Parameters
    ----------
    files : list of path-like
        NetCDF files of one model; or files of several, or folders of them, which are
        then the members of an ensemble (`group_files`).
    name : str, optional
        Of the model or ensemble. Default: what the files say.
    variables : mapping of str to str, optional
        Name in the files to SR, HR, AR or a name of CMIP, where it cannot be found out.
    benchmark : path-like, optional
        A file in the benchmark's layout. Default: the one that ships with the project.
    period : tuple of int
        First and last year that count.

    Returns
    -------
    soilresp.scoring.scorecard.Card

    Raises
    ------
    DataError
        If a file cannot be read or scored; see `soilresp.models.read_model` and
        `soilresp.scoring.score.score_model`.
    """
    name = clean_name(name or "") or None
    file = Path(benchmark or benchmark_path())
    ours = load_benchmark(file)
    facts = {"title": ours.attrs.get("title", ""), "source": ours.attrs.get("source", ""),
             "file": file.name, "sha256": sha256(file)}
    groups = group_files(files)
    single = len(groups) == 1
    models = {}
    for group, own in groups.items():
        called = name if single and name else None
        output = read_model(own, variables=variables, period=period, name=called)
        label = called or output.attrs["model"] or clean_name(group)
        # The years of an ensemble's members would not fit into memory.
        models[group if label in models else label] = output if single else _mean(output)
    return make_card(models, ours, facts, name)


def make_card(models, benchmark, benchmark_facts, name=None, records=None):
    """Score models that have been read, and set them beside those that are known.

    Parameters
    ----------
    models : mapping of str to xarray.Dataset
        One, or the members of an ensemble, whose mean is then scored.
    benchmark : xarray.Dataset
    benchmark_facts : dict
    name : str, optional
    records : pandas.DataFrame, optional
        ``target, lat, lon, flux``. Default: the selection of SRDB, if that is at hand.

    Returns
    -------
    soilresp.scoring.scorecard.Card
    """
    stratum = dominant_stratum(load_embedded()["igbp_fraction"])
    members, missing = None, []
    if len(models) > 1:
        name = name or f"mean of {len(models)} models"
        members = _members(models, benchmark, stratum)
        output = _ensemble_mean(models, name)
    else:
        (label, output), = models.items()
        name = name or label
    scores = score_model(output, benchmark, stratum, name)
    known, absent = _known_maps(output)
    missing += [f"{model} is not compared: {reason}." for model, reason in absent.items()]
    others = {**known, **(models if members is not None else {}), name: output}
    fluxes = list(scores.facts["scores"])
    sites = None
    if records is None:
        records, reason = _records()
        missing += [reason] if reason else []
    if records is not None and len(records):
        sites = _sites(name, output, benchmark, records, fluxes)
    return scorecard.Card(
        scores, benchmark_facts, _known_totals(others, scores, missing),
        _known_scores(others, benchmark, fluxes), sites, members, tuple(missing),
    )


def write_card(card, out):
    """Write a scorecard as JSON, Markdown and a web page with its figures.

    Parameters
    ----------
    card : soilresp.scoring.scorecard.Card
    out : path-like
        Folder; made if need be.

    Returns
    -------
    list of pathlib.Path
        ``score.json``, ``scorecard.md``, ``scorecard.html``.

    Raises
    ------
    DataError
        If they cannot be written; those of an earlier scoring are then as they were.
    """
    out = Path(out)
    pictures = {}
    for key, (figure, caption) in draw_figures(card).items():
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=130)
        pictures[key] = (stream.getvalue(), caption)
    with together(out) as aside:
        write_json(aside / "score.json", scorecard.as_dict(card))
        for file, words in (
            ("scorecard.md", scorecard.as_markdown(card)),
            ("scorecard.html", scorecard.as_page(card, pictures)),
        ):
            write_text(aside / file, words)
    return [out / file for file in ("score.json", "scorecard.md", "scorecard.html")]


def draw_figures(card):
    """Figures of a scorecard, by the names that its sections ask for.

    Returns
    -------
    dict of str to (matplotlib.figure.Figure, str)
        Figure and caption.
    """
    facts = card.scores.facts
    drawn = {
        "totals": (
            figures.known_totals(card.totals, facts["benchmark_totals"], card.name),
            "Global totals of the models that are known; dashed: the benchmark.",
        ),
        "taylor": (
            figures.taylor_diagram(card.maps, card.name),
            "Taylor diagram of the maps; dotted: centred RMSE over the benchmark's SD.",
        ),
        "zonal": (
            figures.score_profiles(card.scores.profiles, card.name),
            "By latitude, per m² of the benchmark's land.",
        ),
    }
    for flux in facts["scores"]:
        drawn[f"maps_{flux}"] = (
            figures.score_maps(card.scores.maps, flux, card.name),
            f"{flux} of {card.name} and of the benchmark, per m² of land, and their difference.",
        )
    return drawn


def empirical_model(world=None):
    """SR, HR and AR by published climate-response models, as a model's output.

    Parameters
    ----------
    world : xarray.Dataset, optional
        ``tas`` (degC), ``pr`` (mm month-1) and ``land_fraction``. Default: the fields
        that ship with the project.

    Returns
    -------
    xarray.Dataset
        Like that of `soilresp.models.read_model`.
    """
    world = load_embedded() if world is None else world
    land = world["land_fraction"]
    sr = raich_2002(world["tas"], world["pr"]).where(land > 0)
    hr = bond_lamberty_2004(sr)
    share = land.where(sr.notnull(), 0).astype(float)
    fields = {"SR": sr, "HR": hr, "AR": sr - hr}
    attrs = {"units": "g m-2 yr-1", "area_basis": "land"}
    out = xr.Dataset({v: f.drop_vars("month", errors="ignore") for v, f in fields.items()})
    for field in out.values():
        field.attrs = dict(attrs)
    out = out.assign(land_fraction=share, cell_area=world["cell_area"])
    return out.assign_attrs(
        model=EMPIRICAL, period="mean", how_ar="SR - HR", source_file="",
        reference="doi:10.1046/j.1365-2486.2002.00511.x, doi:10.1111/j.1365-2486.2004.00816.x",
        choices="Computed from monthly temperature and precipitation of the embedded fields.",
    )


def _members(models, benchmark, stratum):
    rows = []
    for name, output in models.items():
        facts = score_model(output, benchmark, stratum, name).facts
        for flux, s in facts["scores"].items():
            kept = {k: s[k] for k in ("bias", "rmse", "r", "sigma_ratio", "taylor_score")}
            rows.append({"flux": flux, "model": name, "total": facts["totals"][flux]} | kept)
    return pd.DataFrame(rows)


def export_ilamb(study, out):
    """Write the maps of a run in the layout of ILAMB, with its annual maps if it has years.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    out : path-like
        Folder.

    Returns
    -------
    list of pathlib.Path
        See `soilresp.scoring.ilamb.write_ilamb`.

    Raises
    ------
    DataError
        If the run has no maps that hold.
    """
    found = mapping.stored(study)
    if found is None:
        raise DataError(
            f"{study.run} has no maps, or they are out of date. Run `soilresp run --only 05`."
        )
    if "year" not in found.annual.dims:
        return write_ilamb(found.climatology, out)
    years = found.annual["year"].values
    return write_ilamb(found.climatology, out, (int(years[0]), int(years[-1])), found.annual)


def _mean(output):
    return output.mean("year", keep_attrs=True) if "year" in output.dims else output


def _climatology(field):
    return field.mean("year") if "year" in field.dims else field


def _ensemble_mean(models, name):
    """Mean of the members' carbon per m2 of cell, over their mean land fraction."""
    land = sum(m["land_fraction"] for m in models.values()) / len(models)
    out = xr.Dataset({"land_fraction": land}, attrs={
        "model": name, "period": "", "how_ar": "as each member has it", "reference": "",
        "source_file": f"{len(models)} members",
        "choices": "Members: " + ", ".join(
            f"{m} ({', '.join(v for v in FLUXES if v in d)})" for m, d in models.items()
        ) + ".",
    })
    for flux in FLUXES:
        amounts = [
            (_climatology(m[flux]) * m["land_fraction"]).fillna(0)
            for m in models.values() if flux in m
        ]
        if amounts:
            out[flux] = (sum(amounts) / len(amounts) / land).where(land > 0)
    return out


def _known_maps(scored):
    """Models whose maps are at hand, and why others are not; without the one scored."""
    own = {scored.attrs.get("model"), scored.attrs.get("adapter")}
    known = {} if EMPIRICAL in own else {EMPIRICAL: empirical_model()}
    absent = {}
    for model, facts in declared_models()["at_hand"].items():
        if not access.is_available([facts["input"]]):
            absent[model] = f"input {facts['input']} is not at hand"
        elif model not in own:
            known[model] = read_model(access.locate(facts["input"]).path, adapter=model)
    return known, absent


def _known_scores(models, benchmark, fluxes):
    """Scores of all maps, ranked by RMSE within each flux."""
    on_land = benchmark_on_land(benchmark)
    area = benchmark["cell_area"] * benchmark["land_fraction"]
    rows = []
    for name, output in models.items():
        for flux in fluxes:
            if flux in output:
                field = _climatology(output[flux]).transpose("lat", "lon")
                s = field_scores(field, on_land[flux].transpose("lat", "lon"), area)
                rows.append({"flux": flux, "model": name} | s)
    table = pd.DataFrame(rows)
    table.insert(1, "rank", table.groupby("flux")["rmse"].rank(method="min"))
    order = {flux: k for k, flux in enumerate(fluxes)}
    table = table.assign(order=table["flux"].map(order)).sort_values(["order", "rank"])
    return table.drop(columns=["order", "area"]).reset_index(drop=True)


def _known_totals(maps, scores, missing):
    """Totals of all models that are known, ranked by their distance from the benchmark's."""
    rows = [
        {"flux": flux, "model": name, "value": float(totals.global_total(output, flux).mean()),
         "group": "this model" if name == scores.name else "map at hand"}
        for name, output in maps.items() for flux in FLUXES if flux in output
    ]
    stated = totals.stated_totals().assign(group="stated in Lu et al. (2021)")
    tables = [stated.rename(columns={"variable": "flux"})]
    for entry, (group, read, source) in _SERIES.items():
        if not access.is_available([entry]):
            missing.append(f"{group} are not compared: input {entry} is not at hand.")
            continue
        table = totals.series_totals(read(access.locate(entry).path), group, source)
        tables.append(table.rename(columns={"variable": "flux"}).assign(
            model=table["model"] + f" ({group.split()[0]})", group=group
        ))
    columns = ["flux", "model", "group", "value"]
    table = pd.concat([pd.DataFrame(rows)[columns], *(t[columns] for t in tables)])
    ours = scores.facts["benchmark_totals"]
    table = table[table["flux"].isin([f for f in ours if f != "AR_SR"])].reset_index(drop=True)
    table["difference"] = table["value"] - table["flux"].map(ours)
    table["rank"] = table.groupby("flux")["difference"].transform(
        lambda d: d.abs().rank(method="min")
    )
    return table.dropna(subset=["value"]).reset_index(drop=True)


def _records():
    """The selection of SRDB, or the reason why there is none."""
    if not access.is_available(["srdb"]):
        return None, "There are no scores at the sites: SRDB is not at hand."
    return select(read_srdb(access.locate("srdb").path))[0], ""


def _sites(name, output, benchmark, records, fluxes):
    rows = []
    for flux in fluxes:
        own = records[records["target"] == flux]
        if own.empty:
            continue
        fields = {
            name: _climatology(output[flux]).assign_attrs(area_basis="land"),
            "benchmark": benchmark[flux].assign_attrs(area_basis="vegetated"),
        }
        table = site_table(fields, own).reset_index()
        rows.append(table[["model", "rmse", "r", "bias", "n"]].assign(flux=flux))
    return pd.concat(rows)[["flux", "model", "rmse", "r", "bias", "n"]] if rows else None


def _scoring(study, needs, *, file=None, model_name=None):
    """Score a model against this run's benchmark.

    Results: ``card`` (as `soilresp.scoring.scorecard.as_dict` has it), ``totals``,
    ``maps_table``, ``maps``, ``profiles``, ``zonal``, ``biomes``, ``sites``. Settings:
    the `file` of the model (None: CASA-CNP if it is at hand, else the empirical
    model) and its `model_name`.
    """
    benchmark = needs["05_global_mapping"].climatology
    matched = needs["02_covariate_assembly"].matched
    records = pd.concat([_at_cells(records_of(matched, t)) for t in ("SR", "HR")])
    if file is not None:
        groups = group_files([file])
        models = {}
        for group, own in groups.items():
            output = read_model(own)
            models[output.attrs["model"] or group] = output
    elif access.is_available([declared_models()["at_hand"]["CASA-CNP"]["input"]]):
        found = access.locate(declared_models()["at_hand"]["CASA-CNP"]["input"])
        models = {"CASA-CNP": read_model(found.path, adapter="CASA-CNP")}
    else:
        models = {EMPIRICAL: empirical_model()}
    facts = {"title": "the maps of this run", "source": study.describe()}
    card = make_card(models, benchmark, facts, model_name, records)
    return {
        "card": scorecard.as_dict(card), "totals": card.totals, "maps_table": card.maps,
        "maps": card.scores.maps, "profiles": card.scores.profiles, "zonal": card.scores.zonal,
        "biomes": card.scores.biomes,
        "sites": card.sites if card.sites is not None else pd.DataFrame(
            {"flux": [], "model": [], "rmse": [], "r": [], "bias": [], "n": []}
        ),
    }


def _at_cells(records):
    return records.assign(lat=89.75 - records["row"] / 2, lon=-179.75 + records["col"] / 2)


model_score = Stage("08_score_your_model", _scoring, [assembly, mapping])
