"""Effect of removing or repairing suspicious records on scores and global totals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.model_selection import PredefinedSplit

from soilresp.covariates.strata import area_shares
from soilresp.evaluation.folds import derived_seed, predict_left_out
from soilresp.grid.cells import global_total
from soilresp.records import quality
from soilresp.records.matching import find_cells, training_table, valid_cells
from soilresp.records.selection import TARGETS, select_records
from soilresp.upscaling.maps import mean_covariates, vegetated_area
from soilresp.upscaling.metrics import scores
from soilresp.upscaling.runs import monte_carlo, predict

__all__ = ["quality_effect", "on_map"]


def quality_effect(table, flags, rules, cube, chosen, n_runs=5, n_trees=40, n_folds=5,
                   cv_trees=60, seed=0):
    """Compare training on suspicious records, without them, and with repaired ones.

    Scores are of study folds: of all records, which leaving out bad ones makes
    easier, and of the records under no suspicion, which are the same in all
    three cases, so that there only the training differs. Totals are means of a
    few small forests at the mean covariates of the years: they are for
    comparison with each other.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.records.srdb.load_srdb`.
    flags : pandas.DataFrame
        From `soilresp.records.quality.check_records` of the table.
    rules : soilresp.records.selection.Selection
    cube : xarray.Dataset
    chosen : dict of str to list of str
        Predictors of each target.
    n_runs, n_trees : int
        Of the totals.
    n_folds, cv_trees : int
        Of the scores.
    seed : int

    Returns
    -------
    pandas.DataFrame
        One row per ``quality`` and ``target``: ``n`` records, ``r2`` and
        ``rmse`` of all of them, ``sound_n``, ``sound_r2`` and ``sound_rmse`` of
        those under no suspicion (g C m-2 yr-1), and ``total`` (Pg C yr-1).
    """
    needed = sorted(set().union(*chosen.values()))
    matched = {}
    for way in quality.QUALITY:
        observations, _ = select_records(table, replace(rules, quality=way), flags)
        matched[way] = find_cells(observations, cube, needed)[0]
    mask = valid_cells(cube, needed)
    shares, area = area_shares(cube), vegetated_area(cube)
    # A study is in the same fold in all three cases.
    studies = np.random.default_rng([seed, 10_001]).permutation(np.unique(table["Study_number"]))
    fold = pd.Series(np.arange(len(studies)) % n_folds, index=studies)
    rows = []
    for target in TARGETS:
        sound = set(_keys(matched["drop"], target))
        cells = mean_covariates(cube, mask, chosen[target])
        for way, records in matched.items():
            records = records[records["target"] == target].reset_index(drop=True)
            x = training_table(records, cube, chosen[target]).to_numpy(np.float32)
            y = records["flux"].to_numpy()
            splits = PredefinedSplit(fold[records["study"]].to_numpy()).split()
            predicted = predict_left_out(x, y, splits, cv_trees, derived_seed(seed, target, 10_000))
            same = np.array([key in sound for key in _keys(records, target)])
            every, alike = scores(y, predicted), scores(y[same], predicted[same])
            runs = monte_carlo(x, y, records["stratum"], shares, target, n_runs, n_trees, seed)
            flux = np.mean([predict(run.forest, cells) for run in runs], axis=0)
            rows.append(
                {"quality": way, "target": target, "n": len(y), "r2": every["r2"],
                 "rmse": every["rmse"], "sound_n": int(same.sum()), "sound_r2": alike["r2"],
                 "sound_rmse": alike["rmse"],
                 "total": float(global_total(on_map(flux, mask, area), area))}
            )
    return pd.DataFrame(rows)


def on_map(flux, mask, area):
    """Put values of the masked cells on the grid of `area` (`xarray.DataArray`); else NaN."""
    out = np.full(mask.shape, np.nan)
    out[mask] = flux
    return xr.DataArray(out, dims=area.dims, coords=area.coords)


def _keys(records, target):
    own = records[records["target"] == target]
    return list(zip(own["record"], own["study"]))
