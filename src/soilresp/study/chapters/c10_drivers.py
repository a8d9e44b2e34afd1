"""Stage 10: what drives the forests, and models that predict unseen studies better."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.recipes import PREDICTORS
from soilresp.covariates.strata import area_shares, stratum_fractions
from soilresp.errors import DataError
from soilresp.evaluation.alternatives import (
    CHOICES,
    PAPER,
    SCHEMES,
    Alternative,
    Model,
    cross_predict,
    neighbours,
    optimism,
    skill,
)
from soilresp.evaluation.importance import dependence, held_out_importance, rank_spread
from soilresp.grid.cells import GRAMS_PER_PG
from soilresp.io import fetch as access
from soilresp.io import tables as committed
from soilresp.io.files import load_arrays, save_arrays
from soilresp.io.progress import track
from soilresp.records.matching import training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.records.srdb import load_srdb
from soilresp.study.chapters.c01_selection import selection
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c03_search import predictor_search
from soilresp.study.chapters.common import records_of
from soilresp.study.stage import Stage
from soilresp.upscaling.maps import vegetated_area

__all__ = [
    "Alternatives", "compare_alternatives", "with_descriptions", "alternatives", "drivers",
]

_SEARCH = {"schemes": ("study", "blocks2"), "seeds": (0, 1), "n_folds": 5, "n_trees": 40}
_CONFIRM = {"schemes": tuple(SCHEMES), "seeds": (100, 101, 102), "n_folds": 5, "n_trees": 100}

LEAST_GAIN = 0.5
"""Percent of the criterion that a further choice must gain; and twice its standard error."""

HOPELESS = -1.0
"""Percent below which a choice is not tried again in combination."""


class Alternatives:
    """Records and cells of a study, as `soilresp.evaluation.alternatives` takes them.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    cube : xarray.Dataset
    matched : pandas.DataFrame

    Attributes
    ----------
    filters : bool
        Whether records say how they were measured.
    """

    def __init__(self, study, cube, matched):
        self.cube, self.shares = cube, area_shares(cube)
        self.available = [p for p in PREDICTORS if p in cube]
        self.filters = not study.is_twin
        if self.filters:
            table = load_srdb(access.locate("srdb").path)
            table = table.drop_duplicates(["Record_number", "Study_number"])
            told = table[["Record_number", "Study_number", "Meas_method", "Annual_coverage"]]
            matched = matched.merge(
                told, "left", left_on=["record", "study"],
                right_on=["Record_number", "Study_number"],
            )
        self.extra = self._extra_fields()
        self.records = {t: records_of(matched, t) for t in TARGETS}
        self.x = {t: self._at(r) for t, r in self.records.items()}
        self._cells = None

    def _extra_fields(self):
        extra = {
            f"{name}_mean": self.cube[name].mean("year").load()
            for name in self.available if "year" in self.cube[name].dims
        }
        parts = stratum_fractions(self.cube["igbp_fraction"])
        return xr.Dataset(
            extra | {f"bin_{s}": parts.sel(stratum=s, drop=True) for s in parts["stratum"].values}
        )

    def _at(self, records):
        own = training_table(records, self.cube, self.available)
        return own.join(training_table(records, self.extra, list(self.extra)))

    def cross_predict(self, alternative, target, scheme, seed, n_folds, n_trees):
        """See `soilresp.evaluation.alternatives.cross_predict`."""
        return cross_predict(
            alternative, self.x[target], self.records[target], target, self.shares, scheme,
            n_folds, n_trees, seed,
        )

    def total(self, alternative, target, n_trees, seed=0):
        """Global total of one model at the mean covariates of the years, Pg C yr-1."""
        model = Model(
            alternative, self.x[target], self.records[target], target, self.shares, n_trees, seed
        )
        cells, lat, lon, area = self._mean_cells()
        return float((model.predict(cells, lat, lon) * area).sum() / GRAMS_PER_PG)

    def _mean_cells(self):
        if self._cells is None:
            mask = valid_cells(self.cube, self.available)
            cells = {name: field.values[mask] for name, field in self.extra.items()}
            for name in self.available:
                varies = f"{name}_mean" in cells
                cells[name] = cells[f"{name}_mean"] if varies else self.cube[name].values[mask]
            row, col = np.nonzero(mask)
            self._cells = (
                pd.DataFrame(cells), self.cube["lat"].values[row], self.cube["lon"].values[col],
                vegetated_area(self.cube).values[mask],
            )
        return self._cells


class _Kept:
    """Cross-validated predictions that are kept in a folder as soon as they are made."""

    def __init__(self, data, folder):
        self.data, self.folder = data, folder
        self.made, self.taken_up = 0, len(list(folder.glob("*.npz")))

    def __call__(self, alternative, target, scheme, seed, n_folds, n_trees):
        name = f"{target} {alternative.name} {scheme} {seed} {n_folds} {n_trees}.npz"
        file = self.folder / name.replace(" ", "_")
        if file.exists():
            try:
                return load_arrays(file)["predicted"]
            except DataError as error:
                print(f"{error} It is made anew.")
        made = self.data.cross_predict(alternative, target, scheme, seed, n_folds, n_trees)
        save_arrays(file, predicted=made)
        self.made += 1
        return made

    def of(self, alternative, target, schemes, seeds, n_folds, n_trees):
        """Predictions by scheme and seed."""
        return {
            (scheme, seed): self(alternative, target, scheme, seed, n_folds, n_trees)
            for scheme in schemes for seed in seeds
        }


def compare_alternatives(study, into=None, folder=None, search=None, confirm=None,
                         most_choices=3):
    """Choose a model step by step, confirm it on other folds, and commit what was found.

    From the paper's model, every change of one choice is tried; the best is taken if it
    gains enough; and so on from there. Only left-out studies and left-out blocks decide.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    into : pathlib.Path, optional
        Where the table ``alternatives`` goes; default: the project's own.
    folder : pathlib.Path, optional
        Where unfinished work is kept; default: in the run folder.
    search, confirm : dict, optional
        ``schemes``, ``seeds``, ``n_folds`` and ``n_trees`` of either part.
    most_choices : int
        Choices that the way to the best may take.

    Returns
    -------
    table : pandas.DataFrame
        One row per ``target``, ``phase`` ("search", "confirm") and ``alternative``; see
        `soilresp.evaluation.alternatives.skill`, with ``gain`` of the criterion over the paper's
        model (percent) and its ``gain_se``, ``total`` (Pg C yr-1) and ``step``, its place on
        the way to the best (missing off the way).
    facts : dict
        ``best`` and ``optimism`` by target.
    """
    search, confirm = {**_SEARCH, **(search or {})}, {**_CONFIRM, **(confirm or {})}
    start = time.perf_counter(), time.process_time()
    folder = folder or study.run / "alternatives"
    folder.mkdir(parents=True, exist_ok=True)
    assembled = assembly(study)
    data = Alternatives(study, assembled.cube, assembled.matched)
    kept = _Kept(data, folder)
    rows, best, optimisms = [], {}, {}
    for target in TARGETS:
        tried, path = _search(data, kept, target, search, most_choices)
        best[target] = path[-1].name
        for name, alternative in tried.items():
            rows.append(_row(data, kept, target, "search", alternative, search, path))
        plain = Alternative(weights="record")
        for alternative in dict.fromkeys([*path, plain]):
            rows.append(_row(data, kept, target, "confirm", alternative, confirm, path))
        optimisms[target] = optimism(
            data.records[target]["flux"], data.records[target]["study"],
            {
                name: np.stack([
                    kept(a, target, "study", seed, search["n_folds"], search["n_trees"])
                    for seed in search["seeds"]
                ])
                for name, a in tried.items()
            },
            seed=study.seed,
        )
    table = pd.DataFrame(rows)
    facts = {
        "recipe": study.recipe, "observations": study.observations, "seed": study.seed,
        "records": {t: len(r) for t, r in data.records.items()},
        "inputs": {**assembled.inputs, **selection(study).inputs},
        "settings": {"search": search, "confirm": confirm, "least_gain": LEAST_GAIN,
                     "hopeless": HOPELESS},
        "best": best, "optimism": optimisms,
        "predictions": {"made": kept.made, "of_an_earlier_start": kept.taken_up},
        "wall_seconds": round(time.perf_counter() - start[0]),
        "cpu_seconds": round(time.process_time() - start[1]),
    }
    command = f"soilresp study alternatives --recipe {study.recipe} --observations {study.observations}"
    committed.save_table("alternatives", table, command, into, **facts)
    return table, facts


def _search(data, kept, target, search, most_choices):
    """Alternatives tried, by name, and those on the way to the best."""
    tried, path, hopeless = {PAPER.name: PAPER}, [PAPER], set()
    for step in range(most_choices):
        options = [
            a for a in neighbours(path[-1], data.filters)
            if not any(getattr(a, c) == v for c, v in hopeless)
        ]
        for option in track(options, f"{target}, choice {step + 1}", len(options)):
            tried[option.name] = option
            kept.of(option, target, **search)
        gains = {o: _gain(data, kept, target, o, path[-1], search) for o in options}
        if step == 0:
            hopeless = {_changed(o) for o, (gain, _) in gains.items() if gain < HOPELESS}
            # Not a choice of its own: what comes along with another scale or learner.
            hopeless.discard(("weights", "record"))
        if not gains:
            break
        choice = max(gains, key=lambda o: gains[o][0])
        gain, error = gains[choice]
        if gain < max(LEAST_GAIN, 2 * error):
            break
        path.append(choice)
    return tried, path


def _changed(alternative):
    """The choice in which an alternative differs from the paper's, weights last."""
    choices = [c for c in CHOICES if c != "weights"] + ["weights"]
    return next(
        (c, getattr(alternative, c)) for c in choices
        if getattr(alternative, c) != getattr(PAPER, c)
    )


def _rmse(data, kept, target, alternative, settings):
    flux = data.records[target]["flux"].to_numpy()
    made = kept.of(alternative, target, **settings)
    return {key: np.sqrt(np.mean((p - flux) ** 2)) for key, p in made.items()}


def _gain(data, kept, target, alternative, other, settings):
    """Gain of the criterion in percent, and its standard error over foldings."""
    ours = _rmse(data, kept, target, alternative, settings)
    theirs = _rmse(data, kept, target, other, settings)
    gains = [100 * (1 - ours[k] / theirs[k]) for k in ours if k[0] in ("study", "blocks2")]
    return np.mean(gains), np.std(gains, ddof=1) / np.sqrt(len(gains))


def _row(data, kept, target, phase, alternative, settings, path):
    gain, error = _gain(data, kept, target, alternative, PAPER, settings)
    made = kept.of(alternative, target, **settings)
    return {
        "target": target, "phase": phase, "alternative": alternative.name,
        "step": path.index(alternative) if alternative in path else np.nan,
        **skill(data.records[target], data.shares, made), "gain": gain, "gain_se": error,
        "total": data.total(alternative, target, settings["n_trees"]),
    }


def with_descriptions(table):
    """Add a column ``words`` that describes each alternative (`pandas.DataFrame`)."""
    words = [Alternative.from_name(name).words for name in table["alternative"]]
    return table.assign(words=words)


def _alternatives(study, needs, *, driver_trees=None):
    """Hold the chosen model against the paper's on this study's own records and new folds.

    Results: ``committed`` (the table of `compare_alternatives`, empty unless it was made with
    this recipe and these observations), ``facts`` and ``again``: scores and totals of the
    paper's model and the best one with one seed of folds. What the best takes and the
    study lacks (how records were measured) is left out. Setting: trees of each model.
    """
    assembled = needs["02_covariate_assembly"]
    data = Alternatives(study, assembled.cube, assembled.matched)
    table, facts = committed.load_table("alternatives")
    rows = []
    pairs = [(t, a) for t in TARGETS for a in (PAPER, _here(facts["best"][t], data.filters))]
    for target, alternative in track(pairs, "models", len(pairs)):
        made = {
            (scheme, 200): data.cross_predict(alternative, target, scheme, 200, 5, driver_trees)
            for scheme in ("study", "blocks2")
        }
        rows.append({
            "target": target, "alternative": alternative.name, "words": alternative.words,
            **skill(data.records[target], data.shares, made),
            "total": data.total(alternative, target, driver_trees),
        })
    same = (facts["recipe"], facts["observations"]) == (study.recipe, study.observations)
    return {
        "committed": table if same else table.iloc[:0], "facts": facts,
        "again": pd.DataFrame(rows),
    }


def _here(name, filters):
    """An alternative without filters that the records cannot tell."""
    found = Alternative.from_name(name)
    if not filters and found.records in ("no_alkali", "whole_year"):
        found = replace(found, records="all")
    return found


alternatives = Stage(
    "10_alternatives", _alternatives, [assembly], data=("study/alternatives.*",)
)


_CASES = {
    "seed": "same studies, other trees", "studies": "other studies",
    "static": "other studies, mean MAT",
}


def _drivers(study, needs, *, driver_trees=None, rank_draws=None):
    """Ask what the forests stand on.

    Results: ``importance`` (permutation of each predictor of the recipe, alone and with
    those that it goes with, by random folds and left-out studies), ``ranks`` (of the chosen
    predictors, by ``case``), ``curves`` and ``single`` (partial dependence of the chosen
    predictors, and curves of single records) and ``values`` (the records' predictors), all
    with ``target``. Settings: trees of each forest (half of them for the ranks), and
    repetitions for the ranks.
    """
    assembled, chosen = needs["02_covariate_assembly"], needs["03_predictor_search"].chosen
    cube = assembled.cube
    available = [p for p in PREDICTORS if p in cube]
    made = {name: [] for name in ("importance", "ranks", "curves", "single", "values")}

    def keep(name, table, target):
        made[name].append(table.assign(target=target))

    for target in track(TARGETS, "drivers", len(TARGETS)):
        records = records_of(assembled.matched, target)
        x = training_table(records, cube, available)
        keep("importance", held_out_importance(
            x, records, target, driver_trees, seed=study.seed
        ), target)
        own, half = x[list(chosen[target])], max(1, driver_trees // 2)
        ranks = [rank_spread(own, records, target, rank_draws, half, seed=study.seed)]
        ranks[0]["case"] = ranks[0]["kind"].map(_CASES)
        if "MAT" in own and "year" in cube["MAT"].dims:
            mean = xr.Dataset({"MAT": cube["MAT"].mean("year").load()})
            static = own.assign(MAT=training_table(records, mean, ["MAT"])["MAT"])
            again = rank_spread(
                static, records, target, rank_draws, half, seed=study.seed,
                kinds=("studies",),
            )
            ranks.append(again.assign(case=_CASES["static"]))
        keep("ranks", pd.concat(ranks, ignore_index=True), target)
        curves, single = dependence(own, records, target, driver_trees, seed=study.seed)
        keep("curves", curves, target)
        keep("single", single, target)
        keep("values", own, target)
    return {name: pd.concat(tables, ignore_index=True) for name, tables in made.items()}


drivers = Stage("10_drivers_and_alternatives", _drivers, [assembly, predictor_search])
