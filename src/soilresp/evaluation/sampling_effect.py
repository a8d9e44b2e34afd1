"""Effect of the sampling of training records on scores, maps and totals."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.strata import area_shares
from soilresp.evaluation.quality_effect import on_map
from soilresp.forest import Rows, evaluate
from soilresp.grid.cells import global_total
from soilresp.records.matching import training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.upscaling.maps import mean_covariates, vegetated_area
from soilresp.upscaling.metrics import scores
from soilresp.upscaling.runs import evaluate_runs, monte_carlo
from soilresp.upscaling.sampling import SAMPLINGS, realised_shares

__all__ = ["sampling_effect"]


def sampling_effect(cube, matched, chosen, draws=tuple(SAMPLINGS), n_runs=10, n_trees=40, seed=0,
                progress=None):
    """Train and map a small ensemble for each way of sampling the records.

    Maps are made at the mean covariates of the years: they are for comparison
    with each other (Lu et al. 2021, figures S2 and S3).

    Parameters
    ----------
    cube : xarray.Dataset
    matched : pandas.DataFrame
        From `soilresp.records.matching.find_cells`.
    chosen : dict of str to list of str
        Predictors of each target.
    draws : sequence of str
        Keys of `soilresp.upscaling.sampling.SAMPLINGS`.
    n_runs, n_trees, seed : int
    progress : callable, optional
        Called after each ensemble.

    Returns
    -------
    effect : pandas.DataFrame
        One row per ``sampling`` and ``target``: ``total`` and, over the runs, ``total_sd`` (Pg C
        yr-1), ``r2`` and ``rmse`` (g C m-2 yr-1) of the records held out.
    shares : pandas.DataFrame
        One row per draw, target and ``stratum``: ``records`` and ``area``, the bin's shares of
        both, ``drawn``, its share of the draws, mean over the runs, and ``drawn_sd``.
    maps : xarray.Dataset, dims (sampling, lat, lon)
        Each target, g C m-2 yr-1 of vegetated area.
    """
    mask = valid_cells(cube, sorted(set().union(*chosen.values())))
    area, bins = vegetated_area(cube), area_shares(cube)
    effect, shares, maps = [], [], xr.Dataset(coords={"sampling": list(draws)})
    for target in TARGETS:
        records = matched[matched["target"] == target].reset_index(drop=True)
        x = training_table(records, cube, chosen[target]).to_numpy(np.float32)
        y, strata = records["flux"].to_numpy(), records["stratum"].to_numpy()
        cells = Rows(mean_covariates(cube, mask, chosen[target]))
        fields = []
        for sampling in draws:
            runs = list(monte_carlo(x, y, strata, bins, target, n_runs, n_trees, seed, sampling))
            by_run = [on_map(evaluate(run.forest, cells, -1)[0], mask, area) for run in runs]
            totals = [float(global_total(flux, area)) for flux in by_run]
            own = scores(y, evaluate_runs(runs, x)["held_out"])
            effect.append({
                "sampling": sampling, "target": target, "total": float(np.mean(totals)),
                "total_sd": float(np.std(totals, ddof=1)), "r2": own["r2"], "rmse": own["rmse"],
            })
            drawn = realised_shares([run.drawn for run in runs], strata, bins)
            shares.append(pd.DataFrame({
                "sampling": sampling, "target": target, "stratum": bins.index,
                "records": [np.mean(strata == s) for s in bins.index], "area": bins.to_numpy(),
                "drawn": drawn.mean().to_numpy(), "drawn_sd": drawn.std().to_numpy(),
            }))
            fields.append(sum(by_run) / len(by_run))
            if progress is not None:
                progress()
        maps[target] = xr.concat(fields, maps["sampling"])
        maps[target].attrs = {"units": "g m-2 yr-1", "long_name": f"{target} of vegetated area"}
    return pd.DataFrame(effect), pd.concat(shares, ignore_index=True), maps
