"""Stage 11: what the method gets right in worlds whose fluxes are known."""

import time

import pandas as pd

from soilresp.evaluation.twins import VARIANTS, World, experiments, summarise
from soilresp.io import paths
from soilresp.io import tables as committed
from soilresp.io.files import load, save, sha256
from soilresp.io.progress import track
from soilresp.study.chapters.common import embedded_cube
from soilresp.study.stage import Stage

__all__ = ["TWIN_VARIANTS", "run_twins", "twin_experiments"]

TWIN_VARIANTS = {name: variant.words for name, variant in VARIANTS.items()}
"""What each variant of the experiments is, for tables."""

_FILES = ("twins", "twins_bands")

N_RUNS, N_TREES = 10, 40
"""Of each experiment's ensembles."""


def run_twins(n, into=None, folder=None, n_runs=N_RUNS, n_trees=N_TREES):
    """Make many twin experiments, and leave their totals as a committed table.

    Each seed's results are kept in a folder as soon as they are there, so that
    interrupted work goes on where it stopped.

    Parameters
    ----------
    n : int
        Seeds 0 to n - 1, every variant of `soilresp.evaluation.twins.VARIANTS` for each.
    into : pathlib.Path, optional
        Where the tables ``twins`` and ``twins_bands`` go; default: the project's own.
    folder : pathlib.Path, optional
        Where unfinished work is kept; default ``runs/twins``.
    n_runs, n_trees : int

    Returns
    -------
    pandas.DataFrame
        `soilresp.evaluation.twins.summarise` of them all.
    """
    folder = folder or paths.root() / "runs" / "twins"
    settings = {"n_runs": n_runs, "n_trees": n_trees, "variants": list(VARIANTS)}
    noted = folder / "settings.json"
    if not noted.exists() or load(noted) != settings:
        for file in folder.glob("*.parquet"):
            file.unlink()
        save(folder, "settings", settings)
    left = [s for s in range(n) if not (folder / f"totals_{s:03d}.parquet").exists()]
    if left:
        made = experiments(World(embedded_cube()), left, n_runs=n_runs, n_trees=n_trees)
        clock = _clock()
        for seed, totals, bands in track(made, "twins", len(left)):
            now = _clock()
            spent = {"wall_seconds": now[0] - clock[0], "cpu_seconds": now[1] - clock[1]}
            clock = now
            save(folder, f"bands_{seed:03d}", bands)
            save(folder, f"seconds_{seed:03d}", pd.DataFrame([spent]))
            save(folder, f"totals_{seed:03d}", totals)
    totals, bands, seconds = (
        pd.concat([load(folder / f"{kind}_{s:03d}.parquet") for s in range(n)], ignore_index=True)
        for kind in ("totals", "bands", "seconds")
    )
    facts = {
        "recipe": "embedded", "observations": "twin", "seeds": [0, n - 1], "settings": settings,
        "inputs": {
            name: sha256(paths.data_dir() / name) for name in ("embedded.nc", "twin_network.json")
        },
        **{name: round(float(seconds[name].sum())) for name in seconds},
    }
    command = f"soilresp study twins --n {n}"
    by_band = bands.groupby(["variant", "target", "band"], sort=False)
    for name, table in zip(
        _FILES,
        (totals, by_band.agg(
            truth=("truth", "mean"), mean=("total", "mean"), sd=("total", "std")
        ).reset_index()),
    ):
        committed.save_table(name, table, command, into, **facts)
    return summarise(totals)


def _clock():
    return time.perf_counter(), time.process_time()


def _twin_experiments(study, needs, *, n_twins=None):
    """Show what many twin experiments found, and make a few of them again.

    Results: ``totals`` (by experiment), ``summary``, ``bands`` (mean and SD by latitude)
    and ``facts`` of the committed experiments; ``again`` (the first ones, made now, with
    the committed ``total`` beside). Twins have covariates and seeds of their own: these do not
    depend on the study. Setting ``n_twins``: how many seeds to make again.
    """
    totals, facts = committed.load_table("twins")
    bands, _ = committed.load_table("twins_bands")
    variants = ("scatter", "exact")
    made = experiments(
        World(embedded_cube()), range(n_twins), variants,
        facts["settings"]["n_runs"], facts["settings"]["n_trees"],
    )
    again = pd.concat(
        [now for _, now, _ in track(made, "twins", n_twins)], ignore_index=True
    )
    again = again.merge(
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
