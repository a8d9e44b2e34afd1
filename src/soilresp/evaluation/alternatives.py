"""Alternatives to the paper's model, compared on studies that they have not seen.

The paper's model (`PAPER`) stays what it is. An `Alternative` changes one or several of
its choices: which predictors, on which scale the flux is fitted, which records count how much,
which learner, and whether residuals are kriged. All are scored on the same records, including
those that a filter excludes from training.
"""

import warnings
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from threadpoolctl import threadpool_limits

from soilresp.covariates.recipes import PREDICTORS
from soilresp.errors import ParameterError
from soilresp.evaluation.folds import block_groups, derived_seed, folds, site_groups
from soilresp.grid.cells import unit_vectors
from soilresp.upscaling.metrics import scores
from soilresp.upscaling.runs import PAPER_PREDICTORS, monte_carlo, new_forest, oob_prediction
from soilresp.upscaling.runs import predict as forest_prediction

__all__ = [
    "CHOICES", "PAPER", "SCHEMES", "Alternative", "Model", "neighbours", "columns_of",
    "splits_of", "cross_predict", "skill", "optimism",
]

CHOICES = {
    "predictors": {
        "paper": "the paper's predictors",
        "paper_means": "the paper's predictors, means of all years",
        "all": "all of the cube's predictors",
        "all_means": "all of the cube's predictors, means of all years",
        "all_bins": "all of the cube's predictors, and shares of the vegetation bins",
    },
    "scale": {
        "flux": "the flux itself",
        "sqrt": "square root of the flux",
        "log": "logarithm of the flux",
        "rank": "rank of the flux",
    },
    "weights": {
        "area": "draws by the bins' areas",
        "record": "every record alike",
        "cell": "every half-degree cell alike",
        "study": "every study alike",
        "study_cell": "between studies alike and cells alike (geometric mean)",
    },
    "records": {
        "all": "all records",
        "no_alkali": "without alkali absorption",
        "whole_year": "without records known to cover less than 90 % of the year",
        "site_year": "records of one study, cell and year averaged",
    },
    "learner": {
        "forest": "the paper's random forest",
        "broad_forest": "random forest, leaves of ten records or more",
        "broader_forest": "random forest, leaves of thirty records or more",
        "boosting": "gradient boosting, gamma deviance",
        "quantile_boosting": "quantile gradient boosting, mean of five quantiles",
    },
    "residuals": {"none": "none", "kriged": "residuals of left-out studies kriged"},
}
"""Choices of an alternative and their descriptions; the paper's comes first."""

SCHEMES = {"study": "left-out studies", "blocks2": "left-out 2-degree blocks",
           "blocks10": "left-out 10-degree blocks"}
"""Evaluations; `skill` and the choice of a model go by the first two."""

QUANTILE_LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Middles of five equal parts: the mean of these quantiles is near the mean."""

_LEAF = {"broad_forest": 10, "broader_forest": 30}

_BOOSTING = {
    "learning_rate": 0.1, "max_iter": 80, "max_leaf_nodes": 8, "min_samples_leaf": 20,
    "l2_regularization": 1.0, "early_stopping": False,
}

_KRIGING_SITES = 300
"""Sites that the kernel is fitted to; the kriging itself uses all sites."""

_PAPER_RUNS = 5
"""Monte-Carlo runs of a forest drawn by area."""


@dataclass(frozen=True)
class Alternative:
    """A model: one of each of `CHOICES`."""

    predictors: str = "paper"
    scale: str = "flux"
    weights: str = "area"
    records: str = "all"
    learner: str = "forest"
    residuals: str = "none"

    def __post_init__(self):
        for choice, value in asdict(self).items():
            if value not in CHOICES[choice]:
                raise ParameterError(
                    f"{choice} must be one of {', '.join(CHOICES[choice])}, got {value!r}."
                )
        if "boosting" in self.learner and (self.scale != "flux" or self.weights == "area"):
            raise ParameterError(
                f"learner {self.learner!r} needs scale 'flux' and weights of the records, got "
                f"scale {self.scale!r} and weights {self.weights!r}."
            )
        if self.weights == "area" and (self.scale != "flux" or self.learner != "forest"):
            raise ParameterError("weights 'area' need learner 'forest' and scale 'flux'.")

    @property
    def name(self):
        """Differences from the paper's model, such as "predictors=all weights=study" (str)."""
        return " ".join(f"{k}={v}" for k, v in self._changes()) or "paper"

    @classmethod
    def from_name(cls, name):
        """Return the alternative of a `name`."""
        return cls(**dict(part.split("=") for part in name.split() if part != "paper"))

    @property
    def description(self):
        """Differences from the paper's model in plain words (str)."""
        return "; ".join(CHOICES[k][v] for k, v in self._changes()) or "the paper's model"

    def _changes(self):
        return [(k, v) for k, v in asdict(self).items() if v != getattr(PAPER, k)]


PAPER = Alternative()


def neighbours(alternative, filters=True):
    """Return the alternatives that differ in one choice.

    A choice that does not go with draws by area comes with equal weights of the records.

    Parameters
    ----------
    alternative : Alternative
    filters : bool
        Include filters that need to know how records were measured.

    Returns
    -------
    list of Alternative
    """
    found, barred = [], () if filters else ("no_alkali", "whole_year")
    for choice, values in CHOICES.items():
        for value in values:
            if value in (getattr(alternative, choice), *barred):
                continue
            for also in ({}, {"weights": "record"}):
                try:
                    found.append(replace(alternative, **{choice: value, **also}))
                    break
                except ParameterError:
                    continue
    return list(dict.fromkeys(found))


def columns_of(alternative, target, available):
    """Return the columns of the predictor table that an alternative uses.

    Parameters
    ----------
    alternative : Alternative
    target : {"SR", "HR"}
    available : sequence of str
        Columns of the table: predictors, their means over the years as ``NAME_mean`` where
        they vary, and shares of the bins as ``bin_1`` to ``bin_5``.

    Returns
    -------
    list of str
    """
    kind = alternative.predictors
    names = PAPER_PREDICTORS[target] if kind.startswith("paper") else PREDICTORS
    names = [n for n in names if n in available]
    if kind.endswith("_means"):
        names = [f"{n}_mean" if f"{n}_mean" in available else n for n in names]
    if kind.endswith("_bins"):
        names += [n for n in available if n.startswith("bin_")]
    return names


class Model:
    """An alternative fitted to records.

    Parameters
    ----------
    alternative : Alternative
    x : pandas.DataFrame, shape (n, p)
        See `columns_of`.
    records : pandas.DataFrame, shape (n, ...)
        ``flux`` (g C m-2 yr-1), ``study``, ``lat``, ``lon``, ``row``, ``col``, ``year``,
        ``stratum``; for the filters ``Meas_method`` and ``Annual_coverage``.
    target : {"SR", "HR"}
    shares : pandas.Series
        Area share of each bin.
    n_trees, seed : int
    """

    def __init__(self, alternative, x, records, target, shares, n_trees=100, seed=0):
        self.alternative, self.target = alternative, target
        self.n_trees, self.seed, self.shares = n_trees, seed, shares
        self.columns = columns_of(alternative, target, list(x.columns))
        x, records = _chosen_records(alternative.records, x[self.columns], records)
        self._fit(np.array(x, np.float32), records)
        self._field = None
        if alternative.residuals == "kriged":
            self._field = _krige(records, self._left_out_residuals(x, records), self._state(1))

    def predict(self, x, lat, lon):
        """Predict the flux at points, g C m-2 yr-1, shape (n,)."""
        out = self._trend(np.array(x[self.columns], np.float32))
        if self._field is not None:
            out = np.maximum(out + _residuals_at(self._field, lat, lon), 0)
        return out

    def _state(self, k=0):
        return derived_seed(self.seed, self.target, 50_000, k)

    def _fit(self, x, records):
        way, y = self.alternative, records["flux"].to_numpy(float)
        self._factor, self._parts, self._known = 1.0, [], np.sort(y)
        if way.weights == "area":
            # If a fold has no record of a rare bin, the others share its area.
            shares = self.shares[self.shares.index.isin(records["stratum"])]
            runs = monte_carlo(
                x, y, records["stratum"], shares / shares.sum(), self.target, _PAPER_RUNS,
                max(1, self.n_trees // _PAPER_RUNS), self._state(),
            )
            self._parts = [run.forest for run in runs]
            return
        weight = _weights(way.weights, records)
        if way.learner == "boosting":
            self._parts = [_boosted(x, y, weight, self._state(), "gamma")]
        elif way.learner == "quantile_boosting":
            self._parts = [
                _boosted(x, y, weight, self._state(), "quantile", quantile=q)
                for q in QUANTILE_LEVELS
            ]
        else:
            leaf = {"min_samples_leaf": _LEAF[way.learner]} if way.learner in _LEAF else {}
            scaled = way.scale != "flux"
            forest = new_forest(self.n_trees, x.shape[1], self._state(), oob_score=scaled, **leaf)
            with warnings.catch_warnings():
                # With few trees some records are in every bag; they are left out below.
                warnings.filterwarnings("ignore", "Some inputs do not have OOB scores")
                forest.fit(x, self._to_scale(y), sample_weight=weight)
            self._parts = [forest]
            if scaled:
                # Means on another scale are not means of the flux: correct the level.
                back = self._from_scale(oob_prediction(forest))
                known = np.isfinite(back)
                y, back, weight = y[known], back[known], weight[known]
                self._factor = np.average(y, weights=weight) / np.average(back, weights=weight)

    def _trend(self, x):
        with threadpool_limits(1, "openmp"):
            predicted = [
                forest_prediction(p, x) if hasattr(p, "estimators_") else p.predict(x)
                for p in self._parts
            ]
        return self._factor * self._from_scale(np.mean(predicted, axis=0))

    def _to_scale(self, y):
        scale = self.alternative.scale
        if scale == "rank":
            return np.searchsorted(self._known, y, side="right") / self._known.size
        return {"sqrt": np.sqrt, "log": np.log}.get(scale, np.asarray)(y)

    def _from_scale(self, z):
        scale = self.alternative.scale
        if scale == "rank":
            return np.interp(z, np.arange(1, self._known.size + 1) / self._known.size, self._known)
        return {"sqrt": np.square, "log": np.exp}.get(scale, np.asarray)(z)

    def _left_out_residuals(self, x, records):
        """Return the residual of each record from a model that has not seen its study."""
        plain, out = replace(self.alternative, residuals="none"), np.empty(len(records))
        for train, test in folds(len(x), 3, self._state(2), records["study"].to_numpy()):
            part = Model(
                replace(plain, records="all"), x.iloc[train], records.iloc[train], self.target,
                self.shares, self.n_trees, self.seed,
            )
            out[test] = part._trend(np.array(x.iloc[test], np.float32))
        return records["flux"].to_numpy() - out


def _boosted(x, y, weight, state, loss, **options):
    model = HistGradientBoostingRegressor(loss=loss, random_state=state, **_BOOSTING, **options)
    # On so few records threads wait for each other longer than they work.
    with threadpool_limits(1, "openmp"):
        return model.fit(x, y, weight)


def _chosen_records(kind, x, records):
    """Return the records that are trained on, and their predictors."""
    if kind == "site_year":
        group = records.assign(year=records["year"] // 1).groupby(
            ["study", "row", "col", "year"], sort=False, dropna=False
        ).ngroup()
        mean = records["flux"].groupby(group).mean()
        return x.groupby(group).mean(), records.groupby(group).first().assign(flux=mean)
    keep = np.ones(len(records), bool)
    if kind == "no_alkali":
        keep = (records["Meas_method"] != "Alkali absorption").to_numpy()
    elif kind == "whole_year":
        keep = ~(records["Annual_coverage"] < 0.9).to_numpy()
    return x[keep].reset_index(drop=True), records[keep].reset_index(drop=True)


def _weights(kind, records):
    """Return the weight of each record, of mean one."""
    groups = {"study": records["study"].to_numpy(), "cell": site_groups(records)}
    each = {k: 1 / pd.Series(g).groupby(g).transform("size").to_numpy() for k, g in groups.items()}
    each["record"] = np.ones(len(records))
    each["study_cell"] = np.sqrt(each["study"] * each["cell"])
    return each[kind] / each[kind].mean()


def _krige(records, residuals, state):
    """Fit a Gaussian process to the mean residuals of the cells."""
    table = records[["lat", "lon"]].assign(residual=residuals, cell=site_groups(records))
    by_cell = table.groupby("cell")
    sites, n = by_cell.mean(), by_cell.size().to_numpy()
    within = table["residual"] - by_cell["residual"].transform("mean")
    scatter = max((within**2).sum() / max(1, len(table) - len(sites)), 1.0)
    place, value = unit_vectors(sites["lat"], sites["lon"]), sites["residual"].to_numpy()
    noise = scatter / n
    some = np.random.default_rng(state).permutation(len(sites))[:_KRIGING_SITES]
    variance = max(value.var(), 1.0)
    bounds = (variance / 1e3, variance * 10)
    kernel = ConstantKernel(variance / 2, bounds) * Matern(
        0.05, (0.005, 1.0), nu=0.5
    ) + WhiteKernel(variance / 2, bounds)
    with threadpool_limits(1), warnings.catch_warnings():
        # A range at its bound is a valid result: no correlation, or one over the globe.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = GaussianProcessRegressor(kernel, alpha=noise[some]).fit(place[some], value[some])
        whole = GaussianProcessRegressor(found.kernel_, alpha=noise, optimizer=None)
        return whole.fit(place, value)


def _residuals_at(field, lat, lon):
    place = unit_vectors(lat, lon)
    with threadpool_limits(1):
        return np.concatenate(
            [field.predict(place[i : i + 8192]) for i in range(0, len(place), 8192)]
        )


def splits_of(scheme, records, n_folds, seed):
    """Split records into folds of whole studies or blocks.

    Parameters
    ----------
    scheme : str
        Key of `SCHEMES`.
    records : pandas.DataFrame
    n_folds, seed : int

    Returns
    -------
    list of (train, test)
    """
    size = {"blocks2": 2.0, "blocks10": 10.0}.get(scheme)
    groups = records["study"].to_numpy() if size is None else block_groups(records, size)
    return folds(len(records), n_folds, derived_seed(seed, 51_000), groups)


def cross_predict(alternative, x, records, target, shares, scheme, n_folds=5, n_trees=60, seed=0):
    """Predict each record with a model that has not seen its study or block.

    Parameters
    ----------
    alternative, x, records, target, shares, n_trees
        As for `Model`.
    scheme : str
        Key of `SCHEMES`.
    n_folds : int
    seed : int
        Of the folds and of the models.

    Returns
    -------
    numpy.ndarray, shape (n,)
        g C m-2 yr-1.
    """
    out = np.full(len(records), np.nan)
    for train, test in splits_of(scheme, records, n_folds, seed):
        model = Model(
            alternative, x.iloc[train].reset_index(drop=True),
            records.iloc[train].reset_index(drop=True), target, shares, n_trees, seed,
        )
        own = records.iloc[test]
        out[test] = model.predict(x.iloc[test], own["lat"], own["lon"])
    return out


def skill(records, shares, predictions):
    """Compute scores by scheme, and the criterion by which a model is chosen.

    Parameters
    ----------
    records : pandas.DataFrame, shape (n, ...)
        ``flux`` and ``stratum``.
    shares : pandas.Series
        Area share of each bin.
    predictions : dict of (str, int) to numpy.ndarray
        By scheme and seed, from `cross_predict`.

    Returns
    -------
    dict
        ``rmse_SCHEME``, ``r2_SCHEME``, ``bias_SCHEME`` (means over seeds; g C m-2 yr-1);
        ``area_rmse``, of left-out studies with each bin counted by its area; and
        ``criterion``, mean RMSE of left-out studies and left-out 2-degree blocks.
    """
    observed, strata = records["flux"].to_numpy(float), records["stratum"].to_numpy()
    out = {}
    for scheme in SCHEMES:
        own = [scores(observed, p) for (s, _), p in predictions.items() if s == scheme]
        if own:
            means = pd.DataFrame(own).mean()
            out |= {f"{name}_{scheme}": means[name] for name in ("rmse", "r2", "bias")}
    square = np.mean(
        [(p - observed) ** 2 for (s, _), p in predictions.items() if s == "study"], axis=0
    )
    by_bin = pd.Series(square).groupby(strata).mean()
    out["area_rmse"] = np.sqrt(np.average(by_bin, weights=shares[by_bin.index]))
    return out | {"criterion": np.mean([out["rmse_study"], out["rmse_blocks2"]])}


def optimism(observed, studies, candidates, n_draws=200, seed=0):
    """Estimate the optimism of the score of the best of many candidates.

    Studies are resampled with replacement; the best candidate on those drawn is scored on
    the others (Tsamardinos et al. 2018, doi:10.1007/s10994-018-5714-4).

    Parameters
    ----------
    observed : array_like, shape (n,)
    studies : array_like, shape (n,)
    candidates : dict of str to numpy.ndarray
        Cross-validated predictions of each, shape (n,) or (k, n) of several foldings; the
        first is the model that gains are counted from.
    n_draws, seed : int

    Returns
    -------
    dict
        ``apparent``: RMSE gain of the best over the first on all studies, in percent;
        ``honest``: mean gain on studies that it was not chosen on, ``honest_sd`` its SD
        between draws; ``chosen``: name of the candidate chosen most often, ``chosen_share``.
    """
    observed = np.asarray(observed, float)
    names = list(candidates)
    errors = np.stack(
        [((np.atleast_2d(p) - observed) ** 2).mean(axis=0) for p in candidates.values()]
    )
    _, number = np.unique(np.asarray(studies), return_inverse=True)
    n = number.max() + 1
    sums = np.stack([np.bincount(number, e, n) for e in errors])
    size = np.bincount(number, minlength=n)
    whole = np.sqrt(sums.sum(axis=1) / size.sum())
    rng = np.random.default_rng([seed, 52_000])
    gains, chosen = [], []
    for _ in range(n_draws):
        count = np.bincount(rng.integers(n, size=n), minlength=n)
        best = int((sums @ count).argmin())
        outside = count == 0
        rmse = np.sqrt(sums[:, outside].sum(axis=1) / size[outside].sum())
        gains.append(100 * (1 - rmse[best] / rmse[0]))
        chosen.append(best)
    often = np.bincount(chosen, minlength=len(names))
    return {
        "apparent": 100 * (1 - whole.min() / whole[0]),
        "honest": float(np.mean(gains)), "honest_sd": float(np.std(gains, ddof=1)),
        "chosen": names[often.argmax()], "chosen_share": float(often.max() / n_draws),
    }
