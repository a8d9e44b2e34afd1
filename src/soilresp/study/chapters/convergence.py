"""Convergence of the study's maps and totals with runs and trees."""

import pandas as pd

from soilresp.covariates.strata import area_shares
from soilresp.evaluation.convergence import convergence
from soilresp.records.matching import training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.common import Ticker, clocks, records_of
from soilresp.study.chapters.long_table import save_long_table
from soilresp.upscaling.maps import stack, vegetated_area
from soilresp.upscaling.runs import PAPER_PREDICTORS, Runs

__all__ = ["TREES", "RUNS", "paper_ensemble", "run_convergence"]

TREES = (10, 50, 100, 500)
RUNS = (1, 2, 4, 10, 20)


def paper_ensemble(study, target, n_runs, n_trees):
    """Return the runs of a study's flux by the paper's predictors, and the cells to map.

    Parameters
    ----------
    study : soilresp.study.settings.Study
        Its records and covariates are used, and made if they are missing.
    target : {"SR", "HR"}
    n_runs, n_trees : int

    Returns
    -------
    ensemble : soilresp.upscaling.runs.Runs
    by_year : numpy.ndarray of float32, shape (n_years, n_cells, p)
    area : numpy.ndarray, shape (n_cells,)
        Vegetated, m2.
    """
    made = assembly(study)
    cube, predictors = made.cube, list(PAPER_PREDICTORS[target])
    mask = valid_cells(cube, predictors)
    records = records_of(made.matched, target)
    x = training_table(records, cube, predictors).to_numpy("float32")
    ensemble = Runs(
        x, records["flux"].to_numpy(float), records["stratum"].to_numpy(), area_shares(cube),
        target, n_runs, n_trees, study.seed,
    )
    return ensemble, stack(cube, mask, predictors), vegetated_area(cube).values[mask]


def run_convergence(study, n_runs=40, trees=TREES, into=None):
    """Compute Monte-Carlo errors of both fluxes at the cells' mean predictors, and save the table.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    n_runs : int
        Runs that are made; ensembles of up to half as many are compared.
    trees : sequence of int
        Numbers of trees.
    into : path-like, optional
        Folder of the table ``convergence``; default ``data/study``.

    Returns
    -------
    pandas.DataFrame
        As from `soilresp.evaluation.convergence.convergence`.
    """
    start, trees, tables = clocks(), sorted(trees), []
    for target in TARGETS:
        ensemble, by_year, area = paper_ensemble(study, target, n_runs, max(trees))
        bar = Ticker(n_runs, f"{target} runs")
        tables.append(convergence(
            ensemble, by_year.mean(axis=0), area, trees, [n for n in RUNS if 2 * n <= n_runs],
            progress=bar.tick,
        ))
        bar.close()
    table = pd.concat(tables, ignore_index=True)
    options = [f"--runs {n_runs}", *(f"--trees {n}" for n in trees)]
    save_long_table("convergence", table, study, options, into, start, n_runs=n_runs, trees=trees)
    return table
