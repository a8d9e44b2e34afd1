"""Chapter 11: errors of the method in worlds whose fluxes are known."""

from functools import partial

import pandas as pd

from soilresp.evaluation.store import ResultStore
from soilresp.evaluation.twins import VARIANTS, World, run_experiment, summarise
from soilresp.io import paths
from soilresp.io import tables as committed
from soilresp.io.files import sha256
from soilresp.io.progress import track
from soilresp.study.chapters.common import clocks, embedded_cube
from soilresp.study.stage import Stage

__all__ = ["TWIN_VARIANTS", "run_twins", "twin_experiments"]

TWIN_VARIANTS = {name: variant.description for name, variant in VARIANTS.items()}
"""Description of each variant of the experiments, for tables."""

N_RUNS, N_TREES = 10, 40
"""Of each experiment's ensembles."""


def run_twins(n, into=None, folder=None, n_runs=N_RUNS, n_trees=N_TREES):
    """Make twin experiments, or continue them, and save the tables ``twins`` and ``twins_bands``.

    Parameters
    ----------
    n : int
        Seeds 0 to n - 1, every variant of `soilresp.evaluation.twins.VARIANTS` for each.
    into : pathlib.Path, optional
        Folder of the tables; default ``data/study``.
    folder : pathlib.Path, optional
        Folder of unfinished work; default ``runs/twins``.
    n_runs, n_trees : int

    Returns
    -------
    pandas.DataFrame
        `soilresp.evaluation.twins.summarise` of them all.
    """
    inputs = {
        name: sha256(paths.data_dir() / name) for name in ("embedded.nc", "twin_network.json")
    }
    settings = {"n_runs": n_runs, "n_trees": n_trees, "variants": list(VARIANTS)}
    store = ResultStore(folder or paths.root() / "runs" / "twins", settings=settings, inputs=inputs)
    names = {f"seed_{seed:03d}": (seed,) for seed in range(n)}
    if not set(names) <= set(store.results):
        experiment = partial(_experiment, World(embedded_cube()), n_runs, n_trees)
        store.complete(names, experiment, "twins")
    totals, bands, seconds = (
        pd.concat([store.results[name][kind] for name in names], ignore_index=True)
        for kind in ("totals", "bands", "seconds")
    )
    facts = {
        "recipe": "embedded", "observations": "twin", "seeds": [0, n - 1], "settings": settings,
        "inputs": inputs, **seconds.sum().round().astype(int).to_dict(),
    }
    by_band = bands.groupby(["variant", "target", "band"], sort=False).agg(
        truth=("truth", "mean"), mean=("total", "mean"), sd=("total", "std")
    )
    for name, table in (("twins", totals), ("twins_bands", by_band.reset_index())):
        committed.save_table(name, table, f"soilresp study twins --n {n}", into, **facts)
    return summarise(totals)


def _experiment(world, n_runs, n_trees, seed):
    start = clocks()
    totals, bands = run_experiment(world, seed, n_runs=n_runs, n_trees=n_trees)
    wall, cpu = (now - then for now, then in zip(clocks(), start))
    seconds = pd.DataFrame({"wall_seconds": [wall], "cpu_seconds": [cpu]})
    return {"totals": totals, "bands": bands, "seconds": seconds}


def _twin_experiments(study, needs, *, n_twins=None):
    """Read the committed twin experiments, and make a few of them again.

    Results: ``totals`` (by experiment), ``summary``, ``bands`` (mean and SD by latitude)
    and ``facts`` of the committed experiments; ``again`` (the first ones, made now, with
    the committed ``total`` beside). Twins have covariates and seeds of their own: these do not
    depend on the study. Setting ``n_twins``: number of seeds to make again.
    """
    totals, facts = committed.load_table("twins")
    bands, _ = committed.load_table("twins_bands")
    world, of = World(embedded_cube()), facts["settings"]
    again = pd.concat([
        run_experiment(world, seed, ("scatter", "exact"), of["n_runs"], of["n_trees"])[0]
        for seed in track(range(n_twins), "twins", n_twins)
    ], ignore_index=True).merge(
        totals[["seed", "variant", "target", "total"]], how="left",
        on=["seed", "variant", "target"], suffixes=("", "_committed"),
    )
    return {
        "totals": totals, "summary": summarise(totals), "bands": bands, "facts": facts,
        "again": again,
    }


twin_experiments = Stage(
    "11_twin_experiments", _twin_experiments,
    data=("embedded.nc", "twin_network.json", "study/twins*"),
)
