"""Influence of records and studies on the study's totals."""

import pandas as pd

from soilresp.evaluation import influence
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
        By target: ``total``, ``effective records`` and ``effective studies`` (by weight), and
        the numbers of ``records`` and ``studies`` that carry 10, 25 and 50 % of the total.
    """
    start, cube = clocks(), assembly(study).cube
    trained = training.stored(study) or training(study)
    models = {t: Ensemble.from_arrays(trained[f"ensemble_{t}"]) for t in TARGETS}
    names = {t: list(m.feature_names_in_) for t, m in models.items()}
    mask = valid_cells(cube, sorted(set().union(*names.values())))
    area = vegetated_area(cube).where(mask)
    store = ResultStore(folder or study.run / "influence", ensembles=trained.digest)
    by_study, by_record, facts = [], [], {}
    for target, model in models.items():
        records, n = records_of(trained.predictions, target), min(n_runs, model.n_runs)
        store.complete(
            {f"{target}_weights": (model,)}, lambda m: {"table": m.record_weights(cube, area)},
            f"{target} weights",
        )
        weights = store.results[f"{target}_weights"]["table"]
        studies, single = (
            influence.linear_changes(weights["weight"], weights["contribution"], group)
            for group in (records["study"], records.index)
        )
        rows = Rows(mean_covariates(cube, mask, names[target]), like=model.runs_.x)
        given = (rows, area.values[mask], n)
        jobs = {
            f"{target}_{s}_{n}": (model.runs_, (records["study"] == s).to_numpy(), *given)
            for s in studies.index[:n_studies]
        }
        store.complete(
            jobs, lambda *g: {"changes": influence.refitted_changes(*g)}, f"{target} studies"
        )
        changes = pd.DataFrame(
            {int(name.split("_")[1]): store.results[name]["changes"] for name in jobs}
        )
        studies = studies.assign(refitted=changes.mean(), refitted_se=changes.sem())
        facts[target] = {"total": float(studies["contribution"].sum())}
        for name, found in (("records", single), ("studies", studies)):
            facts[target][f"effective {name}"] = influence.effective_number(found["weight"])
            facts[target][name] = influence.carriers(found["contribution"])
        by_study.append(studies.rename_axis("study").reset_index().assign(target=target))
        by_record.append(single.join(records[["record", "study"]]).assign(target=target))
    columns = ["weight", "share", "change"]
    for name, parts, kept in (
        ("influence_records", by_record, ["record", "study", *columns]),
        ("influence", by_study, ["study", "records", *columns, "refitted", "refitted_se"]),
    ):
        table = pd.concat(parts, ignore_index=True)[["target", *kept]]
        table["weight"] /= 1e12
        save_long_table(
            name, table, study, (f"--studies {n_studies}", f"--runs {n_runs}"), into, start,
            predictors=names, found=facts, settings={**trained.settings, "refitted_runs": n_runs},
        )
    return table, facts
