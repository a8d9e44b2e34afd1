"""Ensemble of random forests after Lu et al. (2021): fit, predict, map, save."""

import json

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state

from soilresp.errors import DataError, ParameterError
from soilresp.forest import Rows, Trees, Weights, evaluate, total_weights
from soilresp.forest.distribution import quantiles as weighted_quantiles
from soilresp.forest.trees import flatten
from soilresp.grid.cells import GRAMS_PER_PG
from soilresp.io.files import load_arrays, save_arrays
from soilresp.io.progress import track
from soilresp.records.matching import valid_cells
from soilresp.records.selection import TARGETS
from soilresp.upscaling.maps import (
    MOST_BYTES,
    FluxMaps,
    flux_fields,
    quantile_fields,
    stack,
    vegetated_area,
)
from soilresp.upscaling.metrics import scores
from soilresp.upscaling.regions import region_of_cells
from soilresp.upscaling.runs import Run, Runs, evaluate_runs, predict
from soilresp.upscaling.sampling import SAMPLINGS

__all__ = ["ENGINES", "Ensemble", "UnfittedError"]

ENGINES = ("fast", "quantile-forest", "sklearn")

_FORMAT = "soilresp ensemble 1"

_ROWS_AT_ONCE = 2048
"""Rows whose weights are taken from quantile-forest at a time."""


class UnfittedError(ParameterError, NotFittedError):
    """The ensemble was not fitted yet."""


class Ensemble(RegressorMixin, BaseEstimator):
    """Ensemble of random forests, each grown on its own draw of the records.

    Each run sets a fifth of the records of each vegetation class aside, draws training
    records from the others, and grows a forest on them (Lu et al. 2021, section 2.2). The
    prediction is the mean over the runs. Quantiles are those of the training values under
    the mean of the forests' weights (Meinshausen 2006).

    Parameters
    ----------
    n_runs : int
        Monte-Carlo runs; one forest each.
    n_trees : int
        Trees of a forest.
    sampling : {"area", "area_without", "record", "bin"}
        Chance of a record to be drawn: by the area of its vegetation class (with or without
        replacement), the same for every record, or the same for every class.
    engine : {"fast", "quantile-forest", "sklearn"}
        Evaluator of the forests: that of `soilresp.forest`; the package quantile-forest, its
        leaf weights pooled over the runs; scikit-learn, for means only. The forests and
        results are the same.
    random_state : int, RandomState or None
        Seed of all draws and forests.
    target : {"SR", "HR"}
        Flux that is predicted. It names the maps, and the two fluxes have draws of their own.
    keep_forests : bool
        Keep the forests, some 20 kB a tree. Without, predictions grow them again, run by
        run, to the same bits: for ensembles that are larger than the memory.
    n_jobs : int
        Threads, -1 for one on each processor; results do not depend on it.
    verbose : bool
        Show the progress of `fit`.

    Attributes
    ----------
    estimators_ : list
        Forests of the runs, `soilresp.forest.Trees` with ``engine="fast"``.
    n_features_in_ : int
    feature_names_in_ : numpy.ndarray of str
        Columns of `X`, if it was a table.
    runs_ : soilresp.upscaling.runs.Runs
        Records and settings that determine the runs.
    held_out_prediction_ : numpy.ndarray, shape (n,)
        Mean prediction of each record by the runs that held it out; NaN without one.
    all_runs_prediction_ : numpy.ndarray, shape (n,)
        Mean prediction of each record by all runs, most of which were trained on it.
    held_out_score_ : dict
        Error statistics of the held-out predictions (`soilresp.upscaling.metrics.scores`).

    Examples
    --------
    >>> import numpy as np, pandas as pd, soilresp as sr
    >>> rng = np.random.default_rng(0)
    >>> plots = pd.DataFrame({"MAT": rng.uniform(-10, 28, 300), "Prec": rng.uniform(0, 3, 300)})
    >>> flux = 300 + 20 * plots["MAT"] + 100 * plots["Prec"]
    >>> model = sr.Ensemble(n_runs=5, n_trees=20, sampling="record").fit(plots, flux)
    >>> model.held_out_score_["r2"] > 0.9
    True
    >>> model.predict(plots.head(2)).shape, model.predict(plots, quantiles=[0.05, 0.95]).shape
    ((2,), (300, 2))
    """

    def __init__(
        self, n_runs=40, n_trees=100, sampling="area", engine="fast", random_state=0, target="SR",
        keep_forests=True, n_jobs=-1, verbose=False,
    ):
        self.n_runs = n_runs
        self.n_trees = n_trees
        self.sampling = sampling
        self.engine = engine
        self.random_state = random_state
        self.target = target
        self.keep_forests = keep_forests
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X, y, strata=None, shares=None):
        """Grow the forests, and predict each record by the runs that held it out.

        Parameters
        ----------
        X : pandas.DataFrame or array_like, shape (n, p)
            Predictors of the records.
        y : array_like, shape (n,)
            Fluxes, g C m-2 yr-1.
        strata : array_like of int, shape (n,), optional
            Vegetation class of each record. Not needed with ``sampling="record"``.
        shares : pandas.Series, optional
            Share of the area of each class, from `soilresp.area_shares`. Needed with `strata`.

        Returns
        -------
        Ensemble

        Raises
        ------
        ParameterError
            If a parameter has an impossible value, or `strata` or `shares` are missing.
        DataError
            If a value is missing or infinite, or lengths differ.
        """
        self._check_parameters()
        names = np.array(X.columns, dtype=object) if isinstance(X, pd.DataFrame) else None
        x = _finite(X, "X", names)
        y = _finite(np.asarray(y, float).reshape(-1, 1), "y", ["y"]).ravel()
        if len(y) != len(x):
            raise DataError(f"X has {len(x)} rows and y has {len(y)}: expected the same number.")
        if strata is None and self.sampling == "record":
            strata, shares = np.ones(len(y), int), {1: 1.0}
        if strata is None or shares is None:
            raise ParameterError(
                f"sampling={self.sampling!r} needs the arguments strata and shares "
                "(soilresp.area_shares); without them choose sampling='record'."
            )
        strata = np.asarray(strata)
        if len(strata) != len(y):
            raise DataError(f"strata has {len(strata)} values, expected one for each of {len(y)}.")
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(2**31)
        self.n_features_in_ = x.shape[1]
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.runs_ = Runs(
            x.astype(np.float32), y, strata, pd.Series(shares), self.target, self.n_runs,
            self.n_trees, int(seed), self.sampling, self.engine,
        )
        found = evaluate_runs(self._grown(), self.runs_.x)
        self.held_out_prediction_ = found["held_out"]
        self.all_runs_prediction_ = found["all_runs"]
        return self

    def _grown(self):
        """Grow the runs, and store them if they are to be kept."""
        runs = self.runs_.grow(n_jobs=self.n_jobs)
        if self.verbose:
            runs = track(runs, f"{self.target} runs", self.n_runs)
        for run in runs:
            yield run
            if self.keep_forests:
                forest = run.forest
                if self.engine == "fast":
                    forest = flatten(forest, run.drawn.size)
                self.runs_.stored[run.index] = Run(run.index, forest, run.drawn, run.held_out)

    @property
    def estimators_(self):
        """Forests of the runs (list); empty with ``keep_forests=False``."""
        self._check_fitted()
        return [run.forest for run in self.runs_.stored.values()]

    @property
    def held_out_score_(self):
        """Error statistics of the held-out predictions (dict)."""
        self._check_fitted()
        return scores(self.runs_.y, self.held_out_prediction_)

    def predict(self, X, quantiles=None):
        """Predict the flux of any rows.

        Parameters
        ----------
        X : pandas.DataFrame or array_like, shape (n, p)
            A table needs the columns of the training table, in any order.
        quantiles : sequence of float, optional
            Levels between 0 and 1. Default: the mean.

        Returns
        -------
        numpy.ndarray, shape (n,) or (n, n_quantiles)
            g C m-2 yr-1.

        Raises
        ------
        UnfittedError
            Before `fit`.
        DataError
            If a column is missing, or a value is missing or infinite.
        ParameterError
            If a level is not between 0 and 1, or the engine has no quantiles.
        """
        self._check_fitted()
        names = getattr(self, "feature_names_in_", None)
        if names is not None and isinstance(X, pd.DataFrame):
            missing = [name for name in names if name not in X]
            if missing:
                raise DataError(
                    f"X has no column {missing[0]!r}; the ensemble was fitted with "
                    f"{', '.join(map(str, names))}."
                )
            X = X[list(names)]
        x = _finite(X, "X", names).astype(np.float32)
        if x.shape[1] != self.n_features_in_:
            raise DataError(
                f"X has {x.shape[1]} columns; the ensemble was fitted with {self.n_features_in_}."
            )
        return self._mean(x) if quantiles is None else self._quantiles(x, self._levels(quantiles)).T

    def predict_map(self, cube, quantiles=(0.05, 0.5, 0.95)):
        """Predict the flux in every vegetated cell of a covariate cube.

        Parameters
        ----------
        cube : xarray.Dataset
            From `soilresp.load_covariates`, with the columns of the training table.
        quantiles : sequence of float
            Levels between 0 and 1; empty for means alone.

        Returns
        -------
        xarray.Dataset, dims (lat, lon)
            Mean over the years of the flux, such as ``SR``; with ``engine="fast"`` its SD,
            ``SR_sd``; and the quantiles at the mean covariates, such as ``SR_q05``. g m-2
            yr-1 of vegetated area; NaN where there is no vegetation or a covariate is missing.

        Raises
        ------
        UnfittedError
            Before `fit`.
        DataError
            If the cube lacks a predictor, or no cell has all of them.
        ParameterError
            If the ensemble was fitted without names of columns, or as for `predict`.
        """
        names, mask = self._valid_cells(cube)
        levels = self._levels(quantiles)
        if self.engine == "fast":
            maps = FluxMaps(self.runs_, cube, mask, names, levels).climatology
            kept = [self.target + end for end in ("", "_sd", *quantile_fields(levels, levels))]
            return maps[kept]
        by_year = stack(cube, mask, names)
        fields = {"": np.mean([self._mean(x) for x in by_year], axis=0)}
        if levels:
            fields |= quantile_fields(levels, self._quantiles(by_year.mean(axis=0), levels))
        return flux_fields(fields, cube, mask, self.target)

    def record_weights(self, cube, area=None, by=None, cell=None):
        """Compute the area that each training record stands for in the mapped total.

        In every tree, the area of the cells in a leaf is divided among the records in it
        (the weights of Meinshausen 2006). The sum of weights times fluxes is therefore the total
        of the map: to 1e-12 of scikit-learn's predictions in double precision, and to some
        1e-8 of those of ``engine="fast"``, which adds up leaves in single precision.

        Parameters
        ----------
        cube : xarray.Dataset
            As for `predict_map`.
        area : xarray.DataArray, dims (lat, lon), optional
            m2 of the cells; those with 0 or NaN are left out. Default: the vegetated area.
        by : {"year", "region", "country", "continent"}, optional
            Compute the weights in each year or region (see `soilresp.regional_totals`).
        cell : tuple of float, optional
            Latitude and longitude in degrees: compute the weights in the cell there alone.

        Returns
        -------
        pandas.DataFrame
            One row for each record of the training table (and each year or region, in a column
            named as `by`): ``row``, its position in that table; ``weight`` (m2, mean over the
            years), ``contribution`` (weight times flux, Pg yr-1) and ``share`` of the total of
            the contributions (in the year or region).

        Raises
        ------
        UnfittedError
            Before `fit`.
        DataError
            As from `predict_map`, or if no cell (or not the one asked for) is left.
        ParameterError
            As from `predict_map`, or if `by` is none of these.

        Examples
        --------
        >>> import numpy as np, soilresp as sr
        >>> cube = sr.load_covariates("embedded")
        >>> x = cube[["MAT", "Prec"]].to_dataframe()[["MAT", "Prec"]].dropna().sample(50)
        >>> model = sr.Ensemble(3, 5, sampling="record").fit(x, 500 + 20 * x["MAT"])
        >>> weights = model.record_weights(cube)
        >>> total = sr.global_total(model.predict_map(cube, [])["SR"], sr.vegetated_area(cube))
        >>> bool(np.isclose(weights["contribution"].sum(), total)), len(weights)
        (True, 50)
        """
        names, mask = self._valid_cells(cube)
        area = np.asarray((vegetated_area(cube) if area is None else area).transpose("lat", "lon"))
        mask &= area > 0
        if cell is not None:
            row, col = (abs(cube[n].values - at).argmin() for n, at in zip(("lat", "lon"), cell))
            mask[np.arange(mask.size).reshape(mask.shape) != row * mask.shape[1] + col] = False
        if not mask.any():
            raise DataError(f"No mapped cell has an area above 0 (cell: {cell or 'all'}).")
        by_year, runs = stack(cube, mask, names), self.runs_
        n_years, n_cells, p = by_year.shape
        if by == "year":
            n_years = 1
            group = np.repeat(cube["year"].values if "year" in cube.dims else [0], n_cells)
        else:
            group = np.zeros(n_cells) if by is None else region_of_cells(cube, mask, by)[mask]
        labels, group = np.unique(group, return_inverse=True)
        rows = Rows(by_year.reshape(-1, p), like=runs.x)
        group, amount = (np.resize(v, len(rows)) for v in (group, area[mask] / n_years))
        weight = np.zeros((labels.size, runs.y.size))
        for run in runs.grow(n_jobs=self.n_jobs):
            own = total_weights(
                run.forest, runs.x[run.drawn], rows, amount, group, labels.size, self.n_jobs
            )
            np.add.at(weight.T, run.drawn, own)
        weight /= runs.n_runs
        contribution = weight * runs.y / GRAMS_PER_PG
        table = pd.DataFrame({
            "row": np.tile(np.arange(runs.y.size), labels.size), "weight": weight.ravel(),
            "contribution": contribution.ravel(),
            "share": (contribution / contribution.sum(axis=1, keepdims=True)).ravel(),
        })
        if by is not None:
            table.insert(0, by, np.repeat(labels, runs.y.size))
        return table

    def save(self, path):
        """Write the fitted ensemble to a file: arrays with a checksum, no pickle.

        With ``keep_forests=False`` the file has the records and settings alone; a loaded
        ensemble grows the forests again.

        Parameters
        ----------
        path : path-like

        Raises
        ------
        UnfittedError
            Before `fit`.
        ParameterError
            If the engine is not "fast".
        DataError
            If the file cannot be written.
        """
        save_arrays(path, **self.to_arrays())

    @classmethod
    def load(cls, path):
        """Read an ensemble that `save` wrote.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        Ensemble

        Raises
        ------
        DataError
            If the file is missing, damaged, or of another version.

        Examples
        --------
        >>> import numpy as np, soilresp as sr
        >>> x = np.random.default_rng(0).normal(size=(50, 2))
        >>> model = sr.Ensemble(3, 5, sampling="record").fit(x, x[:, 0])
        >>> model.save("model.npz")
        >>> bool((sr.Ensemble.load("model.npz").predict(x) == model.predict(x)).all())
        True
        """
        return cls.from_arrays(load_arrays(path), path)

    def to_arrays(self):
        """Return the content of the file of `save` (dict of numpy.ndarray)."""
        self._check_fitted()
        if self.engine != "fast":
            raise ParameterError(f"Only engine='fast' can be saved, this is {self.engine!r}.")
        runs = self.runs_
        parameters = {**self.get_params(), "random_state": runs.seed}
        names = getattr(self, "feature_names_in_", [])
        arrays = {
            "format": np.array(_FORMAT), "parameters": np.array(json.dumps(parameters)),
            "names": np.array([str(name) for name in names], dtype=str), "x": runs.x, "y": runs.y,
            "strata": runs.strata, "classes": runs.shares.index.to_numpy(),
            "shares": runs.shares.to_numpy(), "held_out": self.held_out_prediction_,
            "all_runs": self.all_runs_prediction_,
        }
        for i, run in runs.stored.items():
            own = {"drawn": run.drawn, "held_out": run.held_out, **run.forest.to_arrays()}
            arrays |= {f"{i}/{name}": values for name, values in own.items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays, source="the file"):
        """Restore an ensemble from `to_arrays`.

        Parameters
        ----------
        arrays : dict of numpy.ndarray
        source : path-like
            Named in the error if they are none of this version.

        Returns
        -------
        Ensemble
        """
        found = str(arrays.get("format"))
        if found != _FORMAT:
            raise DataError(
                f"{source} holds no ensemble of this version (expected {_FORMAT!r}, found "
                f"{found!r}). Fit and save it again with this version of soilresp."
            )
        self = cls(**json.loads(arrays["parameters"].item()))
        x, shares = arrays["x"], pd.Series(arrays["shares"], arrays["classes"])
        self.n_features_in_ = x.shape[1]
        if arrays["names"].size:
            self.feature_names_in_ = arrays["names"].astype(object)
        self.runs_ = Runs(
            x, arrays["y"], arrays["strata"], shares, self.target, self.n_runs, self.n_trees,
            self.random_state, self.sampling, self.engine,
        )
        self.held_out_prediction_ = arrays["held_out"]
        self.all_runs_prediction_ = arrays["all_runs"]
        for i in range(self.n_runs if self.keep_forests else 0):
            start = f"{i}/"
            own = {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}
            trees = Trees.from_arrays(own, self.n_features_in_)
            self.runs_.stored[i] = Run(i, trees, own["drawn"], own["held_out"])
        return self

    def _valid_cells(self, cube):
        """Return the names of the predictors, and the cells of a cube that have all of them."""
        self._check_fitted()
        if not hasattr(self, "feature_names_in_"):
            raise ParameterError("Maps need an ensemble that was fitted with a DataFrame.")
        names = list(self.feature_names_in_)
        mask = valid_cells(cube, names)
        if not mask.any():
            raise DataError(f"No cell of the cube has vegetation and all of {', '.join(names)}.")
        return names, mask

    def _mean(self, x):
        rows = Rows(x, like=self.runs_.x) if self.engine == "fast" else None
        total = np.zeros(len(x))
        for run in self.runs_.grow(n_jobs=self.n_jobs):
            if self.engine == "fast":
                total += evaluate(run.forest, rows, self.n_jobs)[0]
            else:
                total += predict(run.forest, x)
        return total / self.n_runs

    def _quantiles(self, x, levels):
        """Return quantiles, (len(levels), n), with as many rows at a time as memory allows."""
        values = np.unique(self.runs_.y)
        size = MOST_BYTES // (4 * values.size) if self.engine == "fast" else _ROWS_AT_ONCE
        parts = []
        for start in range(0, len(x), size):
            part = x[start : start + size]
            if self.engine == "fast":
                parts.append(self._weights(part).summary(levels, self.n_jobs)["quantiles"])
            else:
                runs = self.runs_.grow(n_jobs=self.n_jobs)
                weights = sum(_leaf_weights(run.forest, part, values) for run in runs)
                parts.append(weighted_quantiles(values, weights / self.n_runs, levels))
        return np.concatenate(parts, axis=1)

    def _weights(self, x):
        """Return the weights of rows on the training values, mean over the runs (`Weights`)."""
        runs, rows = self.runs_, Rows(x, like=self.runs_.x)
        weights = Weights(runs.y, len(x), runs.n_runs)
        for run in runs.grow(n_jobs=self.n_jobs):
            weights.add(run.forest, runs.x[run.drawn], runs.y[run.drawn], rows, self.n_jobs)
        return weights

    def _check_fitted(self):
        if not hasattr(self, "runs_"):
            raise UnfittedError("This Ensemble is not fitted yet. Call fit with records first.")

    def _check_parameters(self):
        for name in ("n_runs", "n_trees"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < 1:
                raise ParameterError(f"{name} must be a whole number of at least 1, got {value!r}.")
        known = {"sampling": SAMPLINGS, "engine": ENGINES, "target": TARGETS}
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise ParameterError(
                    f"{name} must be one of {', '.join(values)}; got {getattr(self, name)!r}."
                )

    def _levels(self, quantiles):
        levels = [float(level) for level in np.atleast_1d(quantiles)]
        wrong = [level for level in levels if not 0 < level < 1]
        if wrong:
            raise ParameterError(f"quantiles must lie between 0 and 1, got {wrong[0]}.")
        if levels and self.engine == "sklearn":
            raise ParameterError(
                "engine='sklearn' has no quantiles; take 'fast' or 'quantile-forest', or "
                "quantiles=[] for maps of the mean."
            )
        return levels


def _finite(table, what, names):
    """Return a table as floats; raise `DataError` at a value that is none or not finite."""
    try:
        values = np.asarray(table, float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} must hold numbers alone ({error}).") from None
    if values.ndim != 2 or not values.size:
        raise DataError(f"{what} must be a table with rows and columns, got shape {values.shape}.")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        name = column if names is None else names[column]
        raise DataError(
            f"{what} has the value {values[row, column]} in row {row}, column {name!r}. Leave out "
            "the rows with missing or infinite values."
        )
    return values


def _leaf_weights(forest, x, values):
    """Return Meinshausen's weights on the training values from the leaves of quantile-forest.

    Its own pooling of leaves counts all members alike; here each tree's leaf has weight 1.
    """
    stored = forest.forest_
    training = np.asarray(stored.y_train)[0]
    position = np.searchsorted(values, training)
    leaf, row = forest.apply(x), np.arange(len(x))[:, np.newaxis]
    weights = np.zeros((len(x), values.size))
    for tree, leaves in enumerate(np.asarray(stored.y_train_leaves)):
        member = leaves[leaf[:, tree], 0]  # counted from 1; 0 fills up
        share = (member > 0) / (member > 0).sum(axis=1, keepdims=True)
        np.add.at(weights, (row, position[member - 1]), share)
    return weights / len(forest.estimators_)
