"""Export of a run's maps: what the files of `soilresp.scoring.export` need from a study."""

import os
from datetime import datetime, timezone
from pathlib import Path

from soilresp.errors import DataError, ParameterError
from soilresp.io import paths, registry
from soilresp.io.files import read_json, sha256
from soilresp.io.versions import versions
from soilresp.scoring import benchmark, export
from soilresp.scoring.ilamb import write_ilamb
from soilresp.study import chapters
from soilresp.study.chapters import models_table
from soilresp.study.settings import PROFILES, Study

__all__ = ["export_compact", "export_ilamb", "export_run", "open_run", "provenance", "run_maps"]


def open_run(run):
    """Open the study of a run folder without changing anything in it.

    Parameters
    ----------
    run : path-like
        A relative one is looked for below the project folder.

    Returns
    -------
    soilresp.study.settings.Study

    Raises
    ------
    DataError
        If there is no run, or its note cannot be understood.
    """
    folder = Path(run).expanduser()
    folder = (folder if folder.is_absolute() else paths.root() / folder).resolve()
    if not (folder / "study.json").exists():
        raise DataError(f"There is no run in {run}. Make one with `soilresp run --out {run}`.")
    note = read_json(folder / "study.json")
    try:
        return Study(
            folder, PROFILES[note["profile"]], note["recipe"], note["observations"], note["seed"],
            corrections=note.get("corrections", "none"),
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"{folder / 'study.json'} is not the note of a run ({error}).") from None


def run_maps(study):
    """Collect the maps of a run for an export.

    Parameters
    ----------
    study : soilresp.study.settings.Study

    Returns
    -------
    soilresp.scoring.export.RunMaps
        Made at the time when the maps were, or at that of ``SOURCE_DATE_EPOCH``.

    Raises
    ------
    DataError
        If the run has no maps that hold.
    """
    maps = chapters.mapping.stored(study)
    if maps is None:
        raise DataError(
            f"The run in {study.run} has no maps that hold. Make them with "
            f"`soilresp run --out {study.run}`."
        )
    where = chapters.applicability.stored(study)
    note = study.results / chapters.mapping.name / "stage.json"
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or note.stat().st_mtime
    made_at = datetime.fromtimestamp(int(seconds), timezone.utc)
    return export.RunMaps(
        study.run, maps.climatology.load(), maps.annual.load(),
        None if where is None else where.fields.load(), study.recipe, study.label,
        study.describe(), made_at.strftime("%Y-%m-%dT%H:%M:%SZ"), provenance(study),
    )


def export_run(study, out, format="netcdf", what="all", command="soilresp export"):
    """Write the maps of a run; see `soilresp.scoring.export.export`.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    out, format, what, command
        As for `soilresp.scoring.export.export`.

    Returns
    -------
    list of pathlib.Path
    """
    return export.export(run_maps(study), out, format, what, command)


def export_compact(study, out=None, command="soilresp export --compact"):
    """Write the compact benchmark, its annual maps, and the table of models.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    out : path-like, optional
        Folder. Default: the project's own, ``data/benchmark`` (the table: ``data/study``).
    command : str

    Returns
    -------
    list of pathlib.Path
        As `soilresp.scoring.export.export_compact`, with the table
        (`soilresp.study.chapters.models_table`) if the run has compared models.

    Raises
    ------
    ParameterError
        If the project's own benchmark would come from a twin experiment.
    DataError
        If the run has no maps that hold, or lacks a variable of the benchmark.
    """
    if out is None and study.is_twin:
        raise ParameterError(
            f"The run in {study.run} is a twin experiment: the project's own benchmark is made of "
            "field records. Give a folder with --out."
        )
    maps = run_maps(study)
    table = models_table.make(study)
    folder = benchmark.benchmark_path().parent if out is None else out
    files = export.export_compact(maps, folder, command)
    if table is not None:
        files.append(models_table.save(study, table, command, out))
    return files


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
    maps = run_maps(study)
    if maps.years is None:
        return write_ilamb(maps.climatology, out)
    return write_ilamb(maps.climatology, out, (maps.years[0], maps.years[-1]), maps.annual)


def provenance(study):
    """Collect what the maps of a run were made from.

    Parameters
    ----------
    study : soilresp.study.settings.Study

    Returns
    -------
    dict
        Settings of the stages, predictors, versions, seed, and inputs by file name with
        ``sha256`` and, for those of the registry, ``version``, ``licence`` and ``citation``.
    """
    stages = {
        s.name: s.stored(study)
        for s in (chapters.selection, chapters.assembly, chapters.predictor_search,
                  chapters.mapping, chapters.applicability)
    }
    entries = {
        Path(path).name: entry
        for entry in registry.entries().values() for path, _ in entry.places()
    }
    # Leaf area and land cover of every recipe that runs offline come from it.
    own = paths.data_dir() / "embedded.nc"
    inputs = {own.name: {"sha256": sha256(own), "licence": "by field, in data/README.md"}}
    for results in stages.values():
        for name, digest in (results["inputs"] if results and "inputs" in results else {}).items():
            inputs[name] = {"sha256": digest}
            if name in entries:
                entry = entries[name]
                inputs[name] |= {
                    key: getattr(entry, key) for key in ("version", "licence", "citation")
                }
    return {
        "recipe": study.recipe,
        "observations": study.observations,
        "profile": study.profile.name,
        "seed": study.seed,
        "corrections": study.corrections,
        "predictors": stages["03_predictor_search"].chosen,
        "settings": {name: r.settings for name, r in stages.items() if r},
        "versions": versions(),
        "inputs": inputs,
    }
