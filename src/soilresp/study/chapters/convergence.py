"""How far the study's maps and totals still change with runs and trees."""

import pandas as pd

from soilresp.covariates.strata import area_shares
from soilresp.evaluation.convergence import convergence
from soilresp.records.matching import training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.study.chapters.c01_selection import selection
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.common import Ticker, records_of
from soilresp.upscaling.ensemble import PAPER_PREDICTORS, Ensemble
from soilresp.upscaling.maps import stack, vegetated_area

__all__ = ["CONVERGENCE", "TREES", "RUNS", "paper_ensemble", "inputs", "converge"]

CONVERGENCE = "convergence"
"""Name of the table among those that are committed (`soilresp.io.tables`)."""

TREES = (10, 50, 100, 500)
RUNS = (1, 2, 4, 10, 20)


def paper_ensemble(study, target, n_runs, n_trees):
    """An ensemble of a study's flux by the paper's predictors, and the cells to map.

    Parameters
    ----------
    study : soilresp.study.settings.Study
        Its records and covariates are used, and made if they are missing.
    target : {"SR", "HR"}
    n_runs, n_trees : int

    Returns
    -------
    ensemble : soilresp.upscaling.ensemble.Ensemble
    by_year : numpy.ndarray of float32, shape (n_years, n_cells, p)
    area : numpy.ndarray, shape (n_cells,)
        Vegetated, m2.
    """
    made = assembly(study)
    cube, predictors = made.cube, list(PAPER_PREDICTORS[target])
    mask = valid_cells(cube, predictors)
    records = records_of(made.matched, target)
    x = training_table(records, cube, predictors).to_numpy("float32")
    ensemble = Ensemble(
        x, records["flux"].to_numpy(float), records["stratum"].to_numpy(), area_shares(cube),
        target, n_runs, n_trees, study.seed,
    )
    return ensemble, stack(cube, mask, predictors), vegetated_area(cube).values[mask]


def inputs(study):
    """SHA-256 of each input file of the records and covariates (dict)."""
    return selection(study)["inputs"] | assembly(study)["inputs"]


def converge(study, n_runs=40, trees=TREES, sizes=RUNS):
    """Monte-Carlo errors of both fluxes at the cells' mean predictors.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    n_runs : int
        Runs that are made; ensembles of up to half as many are compared.
    trees, sizes : sequence of int
        Numbers of trees, and of runs of an ensemble.

    Returns
    -------
    pandas.DataFrame
        As from `soilresp.evaluation.convergence.convergence`.
    """
    tables = []
    for target in TARGETS:
        ensemble, by_year, area = paper_ensemble(study, target, n_runs, max(trees))
        bar = Ticker(n_runs, f"{target} runs")
        tables.append(convergence(
            ensemble, by_year.mean(axis=0), area, trees, [n for n in sizes if 2 * n <= n_runs],
            progress=bar.tick,
        ))
        bar.close()
    return pd.concat(tables, ignore_index=True)
