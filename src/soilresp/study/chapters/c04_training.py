"""Stage 4: the ensembles of both fluxes, and ways to draw their records."""

import pandas as pd

from soilresp.covariates.strata import STRATA, area_shares
from soilresp.evaluation.sampling_effect import sampling_effect
from soilresp.records.matching import training_table
from soilresp.records.selection import TARGETS
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c03_search import predictor_search
from soilresp.study.chapters.common import Ticker, records_of
from soilresp.study.stage import Stage
from soilresp.upscaling.ensemble import Ensemble
from soilresp.upscaling.metrics import scores
from soilresp.upscaling.sampling import SAMPLINGS

__all__ = [
    "MOST_TREES", "training", "sampling_variants", "bin_table", "ecosystem_table", "sampling_table",
    "sampling_numbers",
]


MOST_TREES = 20_000
"""Trees of an ensemble whose forests are kept in a file, of some 20 kB each."""


def _training(study, needs, *, n_runs=None, n_trees=None, sampling="area"):
    """Fit the ensembles of both fluxes, and predict the records by them.

    Results: ``shares`` (records and area by bin), ``predictions`` (of each
    record, by all runs and by those that held it out), ``ensemble_scores``,
    ``ensemble_SR`` and ``ensemble_HR`` (files for `soilresp.Ensemble.load`; chapter 5 maps
    these forests). With more than `MOST_TREES` trees to a flux the files have no forests,
    and chapter 5 grows them again, run by run.
    """
    cube, matched = needs["02_covariate_assembly"].cube, needs["02_covariate_assembly"].matched
    chosen = needs["03_predictor_search"].chosen
    shares = area_shares(cube)
    table = pd.DataFrame({"stratum": shares.index, "area": shares.to_numpy()})
    predictions, ensemble_scores, ensembles = [], {}, {}
    for target in TARGETS:
        records = records_of(matched, target)
        x = training_table(records, cube, chosen[target])
        strata = records["stratum"].to_numpy()
        table[target] = [float((strata == s).mean()) for s in shares.index]
        model = Ensemble(
            n_runs, n_trees, sampling, random_state=study.seed, target=target,
            keep_forests=n_runs * n_trees <= MOST_TREES, verbose=True,
        )
        model.fit(x, records["flux"], strata, shares)
        by_run = {"all_runs": model.all_runs_prediction_, "held_out": model.held_out_prediction_}
        ensembles[f"ensemble_{target}"] = model.to_arrays()
        kept = records[["record", "study", "lat", "lon", "year", "flux", "target", "stratum"]]
        predictions.append(
            kept.assign(ensemble_all=by_run["all_runs"], ensemble_held_out=by_run["held_out"])
        )
        ensemble_scores[target] = {
            name: scores(records["flux"], by_run[name]) for name in ("all_runs", "held_out")
        }
    return {
        "shares": table,
        "predictions": pd.concat(predictions, ignore_index=True),
        "ensemble_scores": ensemble_scores,
        **ensembles,
    }


training = Stage("04_stratified_training", _training, [assembly, predictor_search])


def _sampling_variants(study, needs, *, sampling_runs=None, sampling_trees=None):
    """Train small ensembles under every way of drawing the records.

    Results: ``effect``, ``drawn`` and ``maps``, as from
    `soilresp.evaluation.sampling_effect.sampling_effect`.
    """
    assembled = needs["02_covariate_assembly"]
    bar = Ticker(len(SAMPLINGS) * len(TARGETS), "ways to draw")
    effect, drawn, maps = sampling_effect(
        assembled.cube, assembled.matched, needs["03_predictor_search"].chosen,
        n_runs=sampling_runs, n_trees=sampling_trees, seed=study.seed, progress=bar.tick,
    )
    bar.close()
    return {"effect": effect, "drawn": drawn, "maps": maps}


sampling_variants = Stage("04_sampling_variants", _sampling_variants, [assembly, predictor_search])


def bin_table(trained):
    """Count records and land of each bin (table S1 of Lu et al. 2021).

    Parameters
    ----------
    trained : soilresp.study.stage.Results
        Of `training`.

    Returns
    -------
    pandas.DataFrame
        Number of records and the mean of their flux (g C m-2 yr-1; figure S1b), their share
        and that of the vegetated land (%), and the quotient of the land's share and the
        records'.
    """
    shares, records = trained.shares, trained.predictions
    table = pd.DataFrame({"bin": [STRATA[s][0] for s in shares["stratum"]]})
    for target in TARGETS:
        own = records[records["target"] == target].groupby("stratum")["flux"]
        table[f"{target} records"] = own.size().reindex(shares["stratum"], fill_value=0).to_numpy()
        table[f"{target} mean"] = own.mean().reindex(shares["stratum"]).to_numpy()
        table[f"{target} share"] = 100 * shares[target]
    table["land"] = 100 * shares["area"]
    for target in TARGETS:
        table[f"{target} weight"] = shares["area"] / shares[target]
    return table


# What SRDB calls an ecosystem, and the bins that such ground may fall into.
_LIKELY = {
    "Forest": (1, 2, 3), "Plantation": (1, 2, 3), "Shrubland": (4,), "Tundra": (4, 5),
    "Savanna": (5,), "Grassland": (5,), "Wetland": (5,), "Agriculture": (5,),
}


def ecosystem_table(matched):
    """Compare the ecosystem that SRDB names with the bin of the record's cell.

    Parameters
    ----------
    matched : pandas.DataFrame
        Records with ``target``, ``ecosystem`` (SRDB's word) and ``stratum``.

    Returns
    -------
    table : pandas.DataFrame
        Number of records by ecosystem (rows, the most frequent first; those that no bin is
        named after are *other*) and bin (columns), with their sum. Empty if no record
        names its ecosystem.
    agree : float
        Share of the records with a known ecosystem whose bin is one that it may fall into;
        NaN if there are none.
    """
    said = matched.loc[matched["ecosystem"].fillna("").str.strip() != "", ["ecosystem", "stratum"]]
    known = said["ecosystem"].isin(_LIKELY)
    table = pd.crosstab(said["ecosystem"].where(known, "other"), said["stratum"])
    table = table.reindex(columns=list(STRATA), fill_value=0)
    table.columns = [name for name, _ in STRATA.values()]
    table["all"] = table.sum(axis=1)
    table = table.sort_values("all", ascending=False).rename_axis("ecosystem in SRDB")
    alike = [s in _LIKELY[e] for e, s in said[known].itertuples(index=False)]
    return table, sum(alike) / len(alike) if alike else float("nan")


def sampling_table(draws):
    """Return totals and scores under each way to draw, a row each (`pandas.DataFrame`)."""
    table = draws.effect[["target", "sampling", "total", "total_sd", "r2", "rmse"]]
    table = table.assign(sampling=table["sampling"].map(SAMPLINGS))
    return table.set_axis(["flux", "sampling", "total", "SD", "R²", "RMSE"], axis=1)


def sampling_numbers(trained, draws):
    """Return sentences on the draws for the text (dict)."""
    totals = draws.effect.set_index(["target", "sampling"])["total"]
    parts = [
        f"{target} is {totals[target, 'area']:.1f} Pg C yr⁻¹ drawn by area, "
        f"{totals[target, 'record']:.1f} with every record alike and "
        f"{totals[target, 'bin']:.1f} with every bin alike"
        for target in TARGETS
    ]
    table = bin_table(trained)
    rare = [
        f"{row[f'{target} records']} {target} records of {row['bin']} stand for "
        f"{row['land']:.0f} % of the land"
        for target in TARGETS
        for _, row in table.nlargest(1, f"{target} weight").iterrows()
    ]
    return {"draw_sentence": "; ".join(parts) + ".", "rare_sentence": " and ".join(rare) + "."}
