"""Twin experiments: errors of the whole method in a world whose fluxes are known.

Each experiment samples the twin's world anew (`soilresp.records.twin`), trains the ensemble
on these records, maps the fluxes, and compares totals and stated uncertainties with the truth.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from soilresp.covariates.strata import area_shares
from soilresp.errors import ParameterError
from soilresp.forest import Rows, evaluate
from soilresp.grid.cells import GRAMS_PER_PG
from soilresp.records import twin
from soilresp.records.matching import find_cells, training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.upscaling.maps import stack, vegetated_area
from soilresp.upscaling.runs import PAPER_PREDICTORS, monte_carlo

__all__ = ["VARIANTS", "Variant", "World", "run_experiment", "summarise"]

BAND = 10
"""Height of a latitude band, degrees."""

NORMAL_90 = 1.6449
"""Half-width of a central 90 % interval, in SDs of a normal distribution."""


@dataclass(frozen=True)
class Variant:
    """One way to observe the twin's world and to train on it.

    Attributes
    ----------
    description : str
    network : {"srdb", "even"}
        Sites placed as SRDB's are (`soilresp.records.twin.sample`), or as many records spread
        at random over the vegetated land.
    noise : bool
        Add a study effect and scatter to the records.
    sampling : str
        See `soilresp.upscaling.sampling.draw_records`.
    by_study : bool
        Train each run on resampled studies: as many of every bin as it has, with
        replacement, so that runs differ as they would for another sample of studies.
    """

    description: str
    network: str
    noise: bool
    sampling: str
    by_study: bool = False


VARIANTS = {
    "scatter": Variant("SRDB-like network and scatter", "srdb", True, "area"),
    "exact": Variant("SRDB-like network, no scatter", "srdb", False, "area"),
    "scatter_equal": Variant("SRDB-like network and scatter, equal draws", "srdb", True, "record"),
    "exact_equal": Variant("SRDB-like network, no scatter, equal draws", "srdb", False, "record"),
    "scatter_studies": Variant(
        "SRDB-like network and scatter, studies drawn anew", "srdb", True, "area", by_study=True
    ),
    "even": Variant("even network, no scatter", "even", False, "area"),
}
"""Variants by name; in the last no region is without records."""


class World:
    """The twin's world, prepared for any number of experiments.

    Parameters
    ----------
    cube : xarray.Dataset
        Climatological covariates.

    Attributes
    ----------
    truth : dict of str to float
        Global totals, Pg C yr-1.
    """

    def __init__(self, cube):
        self.cube = cube
        self.predictors = sorted(set().union(*PAPER_PREDICTORS.values()))
        self.mask = valid_cells(cube, self.predictors)
        self.shares = area_shares(cube)
        self.area = vegetated_area(cube).values[self.mask]
        self.stratum = cube["stratum"].values[self.mask].astype(int)
        self.cells = {t: stack(cube, self.mask, PAPER_PREDICTORS[t])[0] for t in TARGETS}
        self.rows = {t: Rows(self.cells[t]) for t in TARGETS}
        fields, self.truth = twin.truth()
        self.flux = {t: fields[t].values[self.mask] for t in TARGETS}
        lat = np.broadcast_to(cube["lat"].values[:, np.newaxis], self.mask.shape)[self.mask]
        self.band = (np.floor(lat / BAND) * BAND).astype(int)

    def records(self, variant, seed):
        """Sample records: predictors, and a table of flux, bin and study, by target (dict)."""
        out = {}
        if variant.network == "srdb":
            matched, _ = find_cells(
                twin.sample(seed, noise=variant.noise), self.cube, self.predictors
            )
            for target in TARGETS:
                own = matched[matched["target"] == target].reset_index(drop=True)
                x = training_table(own, self.cube, PAPER_PREDICTORS[target]).to_numpy()
                out[target] = x, own[["flux", "stratum", "study"]]
            return out
        shape = twin.read_network()
        for target in TARGETS:
            rng = np.random.default_rng([seed, TARGETS[target], 31_000])
            # The other network has no fluxes of zero either.
            chance = np.where(self.flux[target] > 0, self.area, 0)
            n = sum(shape[target]["records"].values())
            at = rng.choice(chance.size, size=n, p=chance / chance.sum())
            out[target] = self.cells[target][at], pd.DataFrame(
                {"flux": self.flux[target][at], "stratum": self.stratum[at], "study": np.arange(n)}
            )
        return out


def _runs(x, records, shares, target, seed, variant, n_runs, n_trees):
    """Yield the Monte-Carlo runs of one experiment, of resampled studies if asked for."""
    for i in range(n_runs):
        at = np.arange(len(records))
        if variant.by_study:
            at = _redrawn(records, np.random.default_rng([seed, TARGETS[target], 32_000, i]))
        own = records.iloc[at]
        yield from monte_carlo(
            x[at], own["flux"], own["stratum"], shares, target, i + 1, n_trees, seed,
            variant.sampling, skip=range(i),
        )


def _redrawn(records, rng):
    """Resample studies with replacement within each bin; return positions of their records."""
    at = []
    for _, own in records.reset_index(drop=True).groupby("stratum"):
        members = [part.index.to_numpy() for _, part in own.groupby("study")]
        at += [members[k] for k in rng.integers(len(members), size=len(members))]
    return np.concatenate(at)


def _ensemble(world, target, runs, n_runs):
    """Compute mean and conditional SD of each cell, and the total of each run, Pg C."""
    mean, square, totals = 0.0, 0.0, np.empty(n_runs)
    for run in runs:
        first, second = evaluate(run.forest, world.rows[target], -1)
        totals[run.index] = (first * world.area).sum() / GRAMS_PER_PG
        mean, square = mean + first / n_runs, square + second / n_runs
    return mean, np.sqrt(np.maximum(square - mean**2, 0)), totals


def run_experiment(world, seed, variants=tuple(VARIANTS), n_runs=10, n_trees=40):
    """Sample the world anew, train on the records, and compare the maps with the truth.

    Parameters
    ----------
    world : World
    seed : int
        Of the records and of the runs.
    variants : sequence of str
        Keys of `VARIANTS`.
    n_runs, n_trees : int
        Of each ensemble.

    Returns
    -------
    totals : pandas.DataFrame
        One row per ``variant`` and ``target`` (SR, HR and AR = SR - HR): ``seed``,
        ``total``, ``truth`` (Pg C yr-1), ``error`` (percent of the truth), ``sd_sum``
        (sum over cells of their conditional SDs), ``between_run_sd`` (Pg C yr-1), and
        ``area_within`` (share of the vegetated area whose true flux lies within 1.645
        conditional SDs of the map); ``sd_sum`` and ``area_within`` are missing for AR.
    bands : pandas.DataFrame
        ``seed``, ``variant``, ``target``, ``band`` (southern edge, degrees north),
        ``total`` and ``truth`` of the band, Pg C yr-1.

    Raises
    ------
    ParameterError
        If a variant is unknown.
    """
    unknown = [v for v in variants if v not in VARIANTS]
    if unknown:
        raise ParameterError(f"Unknown variant {unknown[0]!r}: choose from {', '.join(VARIANTS)}.")
    rows, bands = [], []
    for name in variants:
        by_run, variant = {}, VARIANTS[name]
        for target, (x, records) in world.records(variant, seed).items():
            runs = _runs(x, records, world.shares, target, seed, variant, n_runs, n_trees)
            flux, sd, by_run[target] = _ensemble(world, target, runs, n_runs)
            truth = world.flux[target]
            within = np.abs(truth - flux) <= NORMAL_90 * sd
            rows.append(
                _row(seed, name, target, by_run[target], world.truth[target])
                | {"sd_sum": (sd * world.area).sum() / GRAMS_PER_PG,
                   "area_within": world.area[within].sum() / world.area.sum()}
            )
            sums = pd.DataFrame(
                {"band": world.band, "total": flux * world.area, "truth": truth * world.area}
            ).groupby("band", as_index=False).sum()
            sums[["total", "truth"]] /= GRAMS_PER_PG
            bands.append(sums.assign(seed=seed, variant=name, target=target))
        rows.append(_row(
            seed, name, "AR", by_run["SR"] - by_run["HR"], world.truth["SR"] - world.truth["HR"]
        ))
    return pd.DataFrame(rows), pd.concat(bands, ignore_index=True)


def _row(seed, variant, target, by_run, truth):
    total = by_run.mean()
    return {
        "seed": seed, "variant": variant, "target": target, "total": total, "truth": truth,
        "error": 100 * (total / truth - 1), "sd_sum": np.nan,
        "between_run_sd": by_run.std(ddof=1) if by_run.size > 1 else np.nan,
        "area_within": np.nan,
    }


def summarise(totals):
    """Summarise errors of the totals, and the coverage of the stated uncertainties.

    Parameters
    ----------
    totals : pandas.DataFrame
        As from `run_experiment`, of any number of seeds.

    Returns
    -------
    pandas.DataFrame
        One row per ``variant`` and ``target``: ``n`` experiments, ``mean`` error with its
        standard error ``mean_se``, ``sd``, ``lowest`` and ``highest`` error (percent of the
        truth); ``stated_sd_sum`` and ``stated_between_run`` (mean, percent of the truth), and
        the shares of experiments in which 1.645 times either covers the truth
        (``covered_sd_sum``, ``covered_between_run``; 0.90 if they were right);
        ``area_within`` (mean).

    Examples
    --------
    >>> table = pd.DataFrame({"variant": "scatter", "target": "SR", "truth": 100.0,
    ...     "error": [-2.0, 4.0], "sd_sum": 40.0, "between_run_sd": 1.5, "area_within": 0.9})
    >>> row = summarise(table).iloc[0]
    >>> float(row["mean"]), float(row["covered_sd_sum"]), float(row["covered_between_run"])
    (1.0, 1.0, 0.5)
    """
    rows = []
    for (variant, target), own in totals.groupby(["variant", "target"], sort=False):
        error, row = own["error"], {"variant": variant, "target": target, "n": len(own)}
        row |= {
            "mean": error.mean(), "mean_se": error.std(ddof=1) / np.sqrt(len(own)),
            "sd": error.std(ddof=1), "lowest": error.min(), "highest": error.max(),
        }
        for name, column in (("sd_sum", "sd_sum"), ("between_run", "between_run_sd")):
            stated = 100 * own[column] / own["truth"]
            known = stated.notna()
            row[f"stated_{name}"] = stated.mean()
            row[f"covered_{name}"] = (
                (error.abs() <= NORMAL_90 * stated)[known].mean() if known.any() else np.nan
            )
        rows.append(row | {"area_within": own["area_within"].mean()})
    return pd.DataFrame(rows)
