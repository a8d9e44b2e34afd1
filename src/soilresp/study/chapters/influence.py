"""Influence of records and studies on the study's totals."""

from functools import partial

import numpy as np
import pandas as pd

from soilresp.evaluation.influence import (
    PARTS,
    carriers,
    effective_number,
    linear_changes,
    refitted_changes,
)
from soilresp.evaluation.store import ResultStore
from soilresp.forest import Rows
from soilresp.records.matching import valid_cells
from soilresp.records.selection import TARGETS
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c04_training import training
from soilresp.study.chapters.common import clocks, records_of
from soilresp.study.chapters.long_table import save_long_table
from soilresp.upscaling.ensemble import Ensemble
from soilresp.upscaling.maps import mean_covariates, vegetated_area

__all__ = ["run_influence"]


def run_influence(study, n_studies=20, n_runs=40, into=None, folder=None):
    """Weigh the records of both fluxes, leave studies out, and save the tables.

    The table ``influence`` has one row a study: ``target``, ``study``, ``records``, ``weight``
    (million km2), ``share`` (of the total), ``change`` (of the total without the study, linear;
    Pg C yr-1), and for the studies with the largest, ``refitted`` (at the mean predictors)
    with its standard error ``refitted_se``. The table ``influence_records`` has the same of
    single records, without refits.

    Parameters
    ----------
    study : soilresp.study.settings.Study
        Its ensembles of chapter 4 are used, and made if they are missing.
    n_studies : int
        Studies of each flux whose change is also found by refitting.
    n_runs : int
        Runs that are refitted without each of them, at most.
    into : path-like, optional
        Folder of the tables; default ``data/study``.
    folder : path-like, optional
        Folder of unfinished work; default: in the run folder.

    Returns
    -------
    table : pandas.DataFrame
        As ``influence``.
    facts : dict
        By target: ``total``, ``effective_records`` and ``effective_studies`` (by weight),
        ``records_with`` and ``studies_with`` 10, 25 and 50 % of the total.
    """
    start, cube = clocks(), assembly(study).cube
    trained = training.stored(study) or training(study)
    models = {t: Ensemble.from_arrays(trained[f"ensemble_{t}"]) for t in TARGETS}
    names = {t: list(m.feature_names_in_) for t, m in models.items()}
    mask = valid_cells(cube, sorted(set().union(*names.values())))
    area = vegetated_area(cube).where(mask)
    store = ResultStore(
        folder or study.run / "influence", ensembles=trained.digest, n_runs=n_runs
    )
    tables, single, facts = [], [], {}
    for target, model in models.items():
        records = records_of(trained.predictions, target)
        weigh = partial(_weigh, model, cube, area)
        store.complete({f"{target}_weights": ()}, weigh, f"{target} weights")
        given = store.results[f"{target}_weights"]
        by_study, by_record = (
            linear_changes(given["weight"], given["contribution"], group)
            for group in (records["study"], records.index)
        )
        rows = Rows(mean_covariates(cube, mask, names[target]), like=model.runs_.x)
        refit = partial(
            _refit, model.runs_, records["study"], rows, area.values[mask],
            min(n_runs, model.n_runs),
        )
        jobs = {f"{target}_{s}": (s,) for s in by_study.index[:n_studies]}
        store.complete(jobs, refit, f"{target} studies")
        for name, (number,) in jobs.items():
            changes = store.results[name]["changes"]
            by_study.loc[number, "refitted"] = changes.mean()
            error = changes.std(ddof=1) / np.sqrt(changes.size) if changes.size > 1 else np.nan
            by_study.loc[number, "refitted_se"] = error
        facts[target] = {"total": float(by_study["contribution"].sum())}
        for name, found in (("records", by_record), ("studies", by_study)):
            facts[target][f"effective_{name}"] = effective_number(found["weight"])
            counts = carriers(found["contribution"])
            facts[target][f"{name}_with"] = {f"{p:.0%}": n for p, n in zip(PARTS, counts)}
        by_record = by_record.join(records[["record", "study"]])
        tables.append(by_study.rename_axis("study").reset_index().assign(target=target))
        single.append(by_record.assign(target=target))
    columns = ["weight", "share", "change"]
    saved = {
        "influence": (tables, ["study", "records", *columns, "refitted", "refitted_se"]),
        "influence_records": (single, ["record", "study", *columns]),
    }
    options = (f"--studies {n_studies}", f"--runs {n_runs}")
    for name, (parts, kept) in saved.items():
        table = pd.concat(parts, ignore_index=True)[["target", *kept]]
        saved[name] = table.assign(weight=table["weight"] / 1e12)
        save_long_table(
            name, saved[name], study, options, into, start, predictors=names, found=facts,
            settings={**trained.settings, "refitted_runs": n_runs},
        )
    return saved["influence"], facts


def _weigh(model, cube, area):
    table = model.record_weights(cube, area)
    return {name: table[name].to_numpy() for name in ("weight", "contribution")}


def _refit(runs, studies, rows, area, n_runs, study):
    left_out = (studies == study).to_numpy()
    return {"changes": refitted_changes(runs, left_out, rows, area, n_runs)}
