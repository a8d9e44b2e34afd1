"""Chapter 10: importance of the predictors, and alternatives to the paper's model."""

from dataclasses import asdict, replace
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.recipes import PREDICTORS
from soilresp.covariates.strata import area_shares, stratum_fractions
from soilresp.evaluation import alternatives as models
from soilresp.evaluation.importance import dependence, held_out_importance, rank_spread
from soilresp.evaluation.store import ResultStore
from soilresp.grid.cells import GRAMS_PER_PG
from soilresp.io import fetch as access
from soilresp.io import tables as committed
from soilresp.io.progress import track
from soilresp.records.matching import training_table, valid_cells
from soilresp.records.selection import TARGETS
from soilresp.records.srdb import load_srdb
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c03_search import predictor_search
from soilresp.study.chapters.common import clocks, records_of
from soilresp.study.chapters.long_table import save_long_table
from soilresp.study.stage import Stage
from soilresp.upscaling.maps import vegetated_area

__all__ = ["Alternatives", "compare_alternatives", "with_descriptions", "alternatives", "drivers"]

_SEARCH = {"schemes": ("study", "blocks2"), "seeds": (0, 1), "n_folds": 5, "n_trees": 40}
_CONFIRM = {"schemes": tuple(models.SCHEMES), "seeds": (100, 101, 102), "n_folds": 5,
            "n_trees": 100}

LEAST_GAIN = 0.5
"""Percent of the criterion that a further choice must gain; and twice its standard error."""

HOPELESS = -1.0
"""Percent below which a choice is not tried again in combination."""


class Alternatives:
    """Records and cells of a study, for `soilresp.evaluation.alternatives`.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    cube : xarray.Dataset
    matched : pandas.DataFrame

    Attributes
    ----------
    filters : bool
        True if the methods of the records are known.
    """

    def __init__(self, study, cube, matched):
        self.cube, self.shares = cube, area_shares(cube)
        self.available = [p for p in PREDICTORS if p in cube]
        self.filters = not study.is_twin
        if self.filters:
            table = load_srdb(access.locate("srdb").path)
            table = table.drop_duplicates(["Record_number", "Study_number"])
            methods = table[["Record_number", "Study_number", "Meas_method", "Annual_coverage"]]
            matched = matched.merge(
                methods, "left", left_on=["record", "study"],
                right_on=["Record_number", "Study_number"],
            )
        self.extra = self._extra_fields()
        self.records = {t: records_of(matched, t) for t in TARGETS}
        self.x = {t: self._at(r) for t, r in self.records.items()}

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
        """Predict each record; see `soilresp.evaluation.alternatives.cross_predict`."""
        return models.cross_predict(
            alternative, self.x[target], self.records[target], target, self.shares, scheme,
            n_folds, n_trees, seed,
        )

    def total(self, alternative, target, n_trees, seed=0):
        """Compute the global total of a model at the mean covariates of the years, Pg C yr-1."""
        model = models.Model(
            alternative, self.x[target], self.records[target], target, self.shares, n_trees, seed
        )
        cells, lat, lon, area = self._mean_cells
        return float((model.predict(cells, lat, lon) * area).sum() / GRAMS_PER_PG)

    @cached_property
    def _mean_cells(self):
        mask = valid_cells(self.cube, self.available)
        cells = {name: field.values[mask] for name, field in self.extra.items()}
        for name in self.available:
            varies = f"{name}_mean" in cells
            cells[name] = cells[f"{name}_mean"] if varies else self.cube[name].values[mask]
        row, col = np.nonzero(mask)
        lat, lon = self.cube["lat"].values[row], self.cube["lon"].values[col]
        return pd.DataFrame(cells), lat, lon, vegetated_area(self.cube).values[mask]


class _Comparison:
    """Alternatives for one flux, with their predictions in a store."""

    def __init__(self, data, store, target):
        self.data, self.store, self.target = data, store, target
        self.records = data.records[target]

    def predictions(self, alternatives, settings, label):
        """Return cross-validated predictions of each alternative, by scheme and seed (dict)."""
        jobs = {
            (a, scheme, seed): (a, self.target, scheme, seed, settings["n_folds"],
                                settings["n_trees"])
            for a in alternatives for scheme in settings["schemes"] for seed in settings["seeds"]
        }
        names = {key: _file_name(*job) for key, job in jobs.items()}
        self.store.complete(
            {names[key]: job for key, job in jobs.items()},
            lambda *job: {"predicted": self.data.cross_predict(*job)}, label,
        )
        found = {a: {} for a in alternatives}
        for (a, *key), name in names.items():
            found[a][tuple(key)] = self.store.results[name]["predicted"]
        return found

    def gain(self, alternative, other, settings):
        """Compute the gain of the criterion in percent, and its standard error over foldings."""
        flux, both = self.records["flux"].to_numpy(), [alternative, other]
        found = self.predictions(both, settings, alternative.name)
        ours, theirs = (
            {key: np.sqrt(np.mean((p - flux) ** 2)) for key, p in found[a].items()} for a in both
        )
        gains = [100 * (1 - ours[k] / theirs[k]) for k in ours if k[0] in ("study", "blocks2")]
        return np.mean(gains), np.std(gains, ddof=1) / np.sqrt(len(gains))

    def search(self, settings, most_choices):
        """Return the alternatives that were tried, and those on the way to the best."""
        tried, path, hopeless = [models.PAPER], [models.PAPER], set()
        for step in range(most_choices):
            options = [
                a for a in models.neighbours(path[-1], self.data.filters)
                if not any(getattr(a, c) == v for c, v in hopeless)
            ]
            tried += options
            self.predictions(options, settings, f"{self.target}, choice {step + 1}")
            gains = {o: self.gain(o, path[-1], settings) for o in options}
            if step == 0:
                hopeless = {_changed(o) for o, (gain, _) in gains.items() if gain < HOPELESS}
                # Not a choice of its own: it comes with another scale or learner.
                hopeless.discard(("weights", "record"))
            choice = max(gains, key=lambda o: gains[o][0], default=None)
            if choice is None or gains[choice][0] < max(LEAST_GAIN, 2 * gains[choice][1]):
                break
            path.append(choice)
        return list(dict.fromkeys(tried)), path

    def row(self, phase, alternative, settings, path):
        """Compute scores, gain over the paper's model and total of an alternative (dict)."""
        gain, error = self.gain(alternative, models.PAPER, settings)
        made = self.predictions([alternative], settings, alternative.name)[alternative]
        return {
            "target": self.target, "phase": phase, "alternative": alternative.name,
            "step": path.index(alternative) if alternative in path else np.nan,
            **models.skill(self.records, self.data.shares, made), "gain": gain, "gain_se": error,
            "total": self.data.total(alternative, self.target, settings["n_trees"]),
        }


def _file_name(alternative, *settings):
    target, *rest = settings
    return " ".join(map(str, (target, alternative.name, *rest))).replace(" ", "_")


def compare_alternatives(study, into=None, folder=None, search=None, confirm=None, most_choices=3):
    """Choose a model step by step, confirm it on other folds, and save the table.

    From the paper's model, every change of one choice is tried; the best is taken if it
    gains enough; and so on from there. Only left-out studies and left-out blocks decide.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    into : pathlib.Path, optional
        Folder of the table ``alternatives``; default ``data/study``.
    folder : pathlib.Path, optional
        Folder of unfinished work; default: in the run folder.
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
        ``best`` and ``optimism`` by target, and the numbers of ``predictions`` computed now
        and found in the folder.
    """
    search, confirm = {**_SEARCH, **(search or {})}, {**_CONFIRM, **(confirm or {})}
    start, assembled = clocks(), assembly(study)
    data = Alternatives(study, assembled.cube, assembled.matched)
    store = ResultStore(
        folder or study.run / "alternatives", recipe=study.recipe,
        observations=study.observations, seed=study.seed, inputs=assembled.inputs,
    )
    rows, best, optimisms = [], {}, {}
    for target in TARGETS:
        own = _Comparison(data, store, target)
        tried, path = own.search(search, most_choices)
        best[target] = path[-1].name
        rows += [own.row("search", a, search, path) for a in tried]
        confirmed = dict.fromkeys([*path, models.Alternative(weights="record")])
        rows += [own.row("confirm", a, confirm, path) for a in confirmed]
        by_study = own.predictions(tried, search | {"schemes": ("study",)}, "optimism")
        optimisms[target] = models.optimism(
            own.records["flux"], own.records["study"],
            {a.name: np.stack(list(made.values())) for a, made in by_study.items()},
            seed=study.seed,
        )
    table = pd.DataFrame(rows)
    facts = {
        "best": best, "optimism": optimisms,
        "predictions": {"computed": store.n_computed, "found": store.n_found},
    }
    save_long_table(
        "alternatives", table, study, (), into, start, **facts,
        records={t: len(r) for t, r in data.records.items()},
        settings={"search": search, "confirm": confirm, "least_gain": LEAST_GAIN,
                  "hopeless": HOPELESS},
    )
    return table, facts


def _changed(alternative):
    """Return the choice in which an alternative differs from the paper's, weights last."""
    changes = {k: v for k, v in asdict(alternative).items() if v != getattr(models.PAPER, k)}
    weights = changes.pop("weights", None)
    return next(iter(changes.items()), ("weights", weights))


def with_descriptions(table):
    """Add a column ``description`` of each alternative (`pandas.DataFrame`)."""
    found = map(models.Alternative.from_name, table["alternative"])
    return table.assign(description=[a.description for a in found])


def _alternatives(study, needs, *, driver_trees=None):
    """Compare the chosen model with the paper's on this study's own records and new folds.

    Results: ``committed`` (the table of `compare_alternatives`, empty unless it was made with
    this recipe and these observations), ``facts`` and ``again``: scores and totals of the
    paper's model and the best one with one seed of folds. Choices of the best that need
    information missing in this study (how records were measured) are left out. Setting: trees
    of each model.
    """
    assembled = needs["02_covariate_assembly"]
    data = Alternatives(study, assembled.cube, assembled.matched)
    table, facts = committed.load_table("alternatives")
    rows = []
    for target in track(TARGETS, "models", len(TARGETS)):
        for one in (models.PAPER, _without_filters(facts["best"][target], data)):
            made = {
                (scheme, 200): data.cross_predict(one, target, scheme, 200, 5, driver_trees)
                for scheme in ("study", "blocks2")
            }
            rows.append({
                "target": target, "alternative": one.name, "description": one.description,
                **models.skill(data.records[target], data.shares, made),
                "total": data.total(one, target, driver_trees),
            })
    same = (facts["recipe"], facts["observations"]) == (study.recipe, study.observations)
    return {
        "committed": table if same else table.iloc[:0], "facts": facts,
        "again": pd.DataFrame(rows),
    }


def _without_filters(name, data):
    """Return an alternative, without filters of records if these have no methods."""
    found = models.Alternative.from_name(name)
    filtered = found.records in ("no_alkali", "whole_year")
    return replace(found, records="all") if filtered and not data.filters else found


alternatives = Stage("10_alternatives", _alternatives, [assembly], data=("study/alternatives.*",))


_CASES = {
    "seed": "same studies, other trees", "studies": "other studies",
    "static": "other studies, mean MAT",
}


def _drivers(study, needs, *, driver_trees=None, rank_draws=None):
    """Compute importance, ranks and partial dependence of the predictors.

    Results: ``importance`` (permutation of each predictor of the recipe, alone and with
    those that it is correlated with, by random folds and left-out studies), ``ranks`` (of the
    chosen predictors, by ``case``), ``curves`` and ``single`` (partial dependence of the chosen
    predictors, and curves of single records) and ``values`` (the records' predictors), all
    with ``target``. Settings: trees of each forest (half of them for the ranks), and
    repetitions for the ranks.
    """
    assembled, chosen = needs["02_covariate_assembly"], needs["03_predictor_search"].chosen
    cube, made = assembled.cube, {}
    available = [p for p in PREDICTORS if p in cube]
    for target in track(TARGETS, "drivers", len(TARGETS)):
        records = records_of(assembled.matched, target)
        x = training_table(records, cube, available)
        own, half = x[list(chosen[target])], max(1, driver_trees // 2)
        ranks = rank_spread(own, records, target, rank_draws, half, seed=study.seed)
        ranks["case"] = ranks["kind"].map(_CASES)
        if "MAT" in own and "year" in cube["MAT"].dims:
            mean = xr.Dataset({"MAT": cube["MAT"].mean("year").load()})
            static = rank_spread(
                own.assign(MAT=training_table(records, mean, ["MAT"])["MAT"]), records, target,
                rank_draws, half, seed=study.seed, kinds=("studies",),
            )
            ranks = pd.concat([ranks, static.assign(case=_CASES["static"])], ignore_index=True)
        curves, single = dependence(own, records, target, driver_trees, seed=study.seed)
        found = {
            "importance": held_out_importance(x, records, target, driver_trees, seed=study.seed),
            "ranks": ranks, "curves": curves, "single": single, "values": own,
        }
        for name, part in found.items():
            made.setdefault(name, []).append(part.assign(target=target))
    return {name: pd.concat(tables, ignore_index=True) for name, tables in made.items()}


drivers = Stage("10_drivers_and_alternatives", _drivers, [assembly, predictor_search])
