"""Evaluations of one forest on records that it has not seen, from the easiest to the hardest."""

import numpy as np
import pandas as pd

from soilresp.errors import DataError, ParameterError
from soilresp.evaluation import folds as cv
from soilresp.records.selection import TARGETS
from soilresp.upscaling.metrics import SCORES, scores
from soilresp.upscaling.runs import fit, new_forest, oob_prediction, predict
from soilresp.upscaling.sampling import draw_records

__all__ = [
    "SCHEMES", "BUFFERS", "cross_validate", "check_predictors", "splits_of", "scores_by_bin",
    "buffered_curve", "covariate_sets", "compare_sets", "drawn_scores",
]

SCHEMES = {
    "in_sample": "in-sample: every record was in the training set",
    "oob": "out of bag: other records of the same site may have been in the tree",
    "random_cv": "random folds: other records of the same site and study are in the training set",
    "held_out": "held out by runs: as random folds, from training sets drawn by area",
    "site_cv": "site folds: no record of the same half-degree cell in the training set",
    "study_cv": "study folds: no record of the same study in the training set",
    "spatial_1deg": "1-degree blocks: nothing from the same block in the training set",
    "spatial_cv": "2-degree blocks: nothing from the same block in the training set",
    "spatial_5deg": "5-degree blocks: nothing from the same block in the training set",
    "spatial_10deg": "10-degree blocks: nothing from the same block in the training set",
    "region_cv": "regions: nothing from the same part of the world in the training set",
    "forward": "forward in time: only studies that ended before are in the training set",
}
"""Evaluations, roughly from the most to the least flattering, and what leaks in each."""

BUFFERS = (0, 100, 250, 500, 1000, 2000)
"""Widths of the empty belt around a left-out group of sites, km."""

_FEWEST = 10
"""Records below which a bin has no scores of its own."""


def scores_by_bin(observed, predictions, strata):
    """Compute scores within each vegetation bin.

    Parameters
    ----------
    observed : array_like, shape (n,)
    predictions : pandas.DataFrame, n rows
        A column a scheme.
    strata : array_like of int, shape (n,)

    Returns
    -------
    pandas.DataFrame
        Columns ``scheme``, ``stratum`` and those of `scores`; without the bins of which a
        scheme predicts fewer than ten records. A bin's R2 compares the errors with the
        spread within the bin, which is less than that of all records.
    """
    observed, strata, rows = np.asarray(observed), np.asarray(strata), []
    for scheme, predicted in predictions.items():
        for stratum in np.unique(strata):
            own = (strata == stratum) & np.isfinite(predicted.to_numpy())
            if own.sum() >= _FEWEST:
                found = scores(observed[own], predicted[own])
                rows.append({"scheme": scheme, "stratum": int(stratum), **found})
    return pd.DataFrame(rows)


_BLOCKS = {"spatial_1deg": 1, "spatial_cv": 2, "spatial_5deg": 5, "spatial_10deg": 10}
_POINT = ("lat", "lon")
_COLUMNS = {
    "random_cv": _POINT, "site_cv": (*_POINT, "row", "col"), "study_cv": (*_POINT, "study"),
    **dict.fromkeys(_BLOCKS, (*_POINT, "row", "col")),
    "region_cv": _POINT, "forward": (*_POINT, "study", "year"),
}
"""Columns of the records that each scheme with left-out records needs."""

_ALL_COLUMNS = tuple(dict.fromkeys(c for columns in _COLUMNS.values() for c in columns))


def splits_of(scheme, records, n_folds, seed):
    """Return the training and test records of a scheme that leaves records out.

    Parameters
    ----------
    scheme : str
        A key of `SCHEMES` from ``random_cv`` on.
    records : pandas.DataFrame
        Records of one target.
    n_folds : int
    seed : int
        Of the splitters.

    Returns
    -------
    list of (train, test)
        Empty if the records do not allow the scheme.
    """
    if scheme == "region_cv":
        return cv.leave_one_out(cv.region_groups(records))
    if scheme == "forward":
        return cv.forward_splits(records)
    groups = None
    if scheme in _BLOCKS:
        groups = cv.block_groups(records, _BLOCKS[scheme])
    elif scheme != "random_cv":
        groups = cv.site_groups(records) if scheme == "site_cv" else records["study"].to_numpy()
    return cv.folds(len(records), n_folds, seed, groups)


def cross_validate(records, x, target="SR", scheme=None, n_trees=300, n_folds=10, random_state=0,
                   held_out=None, progress=None):
    """Score one unweighted forest by one or all evaluations of `SCHEMES`.

    Parameters
    ----------
    records : pandas.DataFrame, shape (n, ...)
        Records of one flux, from `soilresp.records.matching`: ``flux`` (g C m-2 yr-1), and
        where a scheme needs them ``row`` and ``col`` of the half-degree cell, ``study``,
        ``lat``, ``lon`` and ``year``.
    x : pandas.DataFrame, shape (n, p)
        Predictors of the records, without missing values.
    target : {"SR", "HR"}
        Enters the seed.
    scheme : str, optional
        A key of `SCHEMES`. Default: all of them.
    n_trees, n_folds, random_state : int
    held_out : array_like, shape (n,), optional
        Predictions of each record by Monte-Carlo runs that held it out, for the scheme
        ``held_out``, which is left out without them.
    progress : callable, optional
        Called with the name of each scheme that leaves records out once it is done.

    Returns
    -------
    table : pandas.DataFrame
        Scores by scheme (`soilresp.upscaling.metrics.scores`), and ``distance``: median
        distance from a tested record to the nearest training record (km; missing where there
        are no folds). Schemes that predict fewer than two records are missing.
    predictions : pandas.DataFrame
        Prediction of each record by each scheme, g C m-2 yr-1.

    Raises
    ------
    ParameterError
        If the scheme is unknown.
    DataError
        If a column is missing, or a predictor has missing values.

    Examples
    --------
    Ten cells with five records of one study each; the flux depends on the cell alone:

    >>> cell = np.repeat(np.arange(10), 5)
    >>> records = pd.DataFrame({"flux": 300.0 + 50 * (cell * 7 % 10), "study": cell, "row": cell,
    ...     "col": 2 * cell, "lat": 89.75 - cell / 2, "lon": cell - 179.75, "year": 2000.5})
    >>> x = pd.DataFrame({"MAT": 1.0 * cell})
    >>> known, _ = cross_validate(records, x, scheme="random_cv", n_trees=20, n_folds=5)
    >>> new, _ = cross_validate(records, x, scheme="study_cv", n_trees=20, n_folds=5)
    >>> bool(known.loc["random_cv", "r2"] > 0.9), bool(new.loc["study_cv", "r2"] < 0.5)
    (True, True)
    """
    if scheme is not None and scheme not in SCHEMES:
        raise ParameterError(f"scheme must be one of {', '.join(SCHEMES)}, got {scheme!r}.")
    check_predictors(records, x, ("flux", *_COLUMNS.get(scheme, () if scheme else _ALL_COLUMNS)))
    values, y = np.array(x, np.float32), np.array(records["flux"])
    state = cv.derived_seed(random_state, target, 10_000)
    predictions, distance = {}, {}
    if scheme in (None, "in_sample", "oob"):
        whole = fit(new_forest(n_trees, values.shape[1], state, oob_score=True), values, y)
        predictions = {"in_sample": predict(whole, values), "oob": oob_prediction(whole)}
    if held_out is not None:
        predictions["held_out"] = np.asarray(held_out, float)
    for name in _COLUMNS if scheme is None else _COLUMNS.keys() & {scheme}:
        splits = splits_of(name, records, n_folds, state)
        predictions[name] = cv.predict_left_out(values, y, splits, n_trees, state)
        distance[name] = cv.nearest_training(records, splits)
        if progress is not None:
            progress(name)
    wanted = SCHEMES if scheme is None else (scheme,)
    kept = [s for s in wanted if np.isfinite(predictions.get(s, [])).sum() > 1]
    if not kept:
        raise DataError(f"The records do not allow scheme {scheme!r}: fewer than two predictions.")
    predictions = pd.DataFrame({s: predictions[s] for s in kept}, index=records.index)
    table = pd.DataFrame({s: scores(y, predictions[s]) for s in kept}).T
    table["distance"] = {s: np.nanmedian(d) for s, d in distance.items() if s in kept}
    table.index.name = "scheme"
    return table, predictions


def check_predictors(records, x, columns):
    """Check that records and predictors can be used together.

    Parameters
    ----------
    records : pandas.DataFrame
    x : pandas.DataFrame
    columns : sequence of str
        Columns that the records need.

    Raises
    ------
    DataError
        If a column is missing, the numbers of rows differ, or a value is missing.
    """
    for column in columns:
        if column not in records:
            raise DataError(f"The records have no column '{column}'; they need {sorted(columns)}.")
    if len(x) != len(records):
        raise DataError(f"There are {len(records)} records and {len(x)} rows of predictors.")
    for table, names in ((x, x.columns), (records, ["flux"])):
        for name in names:
            if not np.isfinite(np.asarray(table[name], float)).all():
                raise DataError(f"'{name}' has missing values; leave these records out.")


def buffered_curve(
    matched, x, target, n_trees=15, n_sites=100, seed=0, buffers=BUFFERS, progress=None
):
    """Score the same records while the sites around them are removed from the training set.

    Half-degree cells are left out one by one, together with all records nearer than a
    buffer to any of the cell. The tested records are the same for every buffer, so that
    nothing changes but the distance to what is known.

    Parameters
    ----------
    matched, x, target
        As for `cross_validate`, of all columns.
    n_trees : int
    n_sites : int
        Cells that are left out, drawn at random; at most as many as there are.
    seed : int
    buffers : sequence of float
        km.
    progress : callable, optional
        Called after each buffer.

    Returns
    -------
    pandas.DataFrame
        By ``buffer``: ``distance`` (median from a tested record to the nearest training
        record, km), ``training`` (mean number of training records), the scores,
        ``rmse_se``, the standard error of the difference from the first buffer's RMSE by
        resampling the cells, and ``rmse_of_mean``, the RMSE of predicting the mean of the
        training records.
    """
    values, y, rows, first = np.array(x, np.float32), np.array(matched["flux"]), [], None
    site, state = cv.site_groups(matched), cv.derived_seed(seed, target, 11_000)
    known = np.unique(site)
    chosen = np.random.default_rng(state).permutation(known)[:n_sites]
    left_out = [(np.flatnonzero(site != c), np.flatnonzero(site == c)) for c in chosen]
    for buffer in buffers:
        splits = [s for s in cv.buffered(matched, left_out, buffer) if s[0].size]
        if splits:
            mean = np.full(len(y), np.nan)
            for train, test in splits:
                mean[test] = y[train].mean()
            predicted = cv.predict_left_out(values, y, splits, n_trees, state)
            resampled = _resampled_rmse((predicted - y) ** 2, splits, state)
            first = resampled if first is None else first
            rows.append({
                "buffer": buffer,
                "distance": float(np.nanmedian(cv.nearest_training(matched, splits))),
                "training": float(np.mean([train.size for train, _ in splits])),
                **scores(y, predicted),
                "rmse_se": float((resampled - first).std(ddof=1)),
                "rmse_of_mean": scores(y, mean)["rmse"],
            })
        if progress is not None:
            progress(buffer)
    return pd.DataFrame(rows)


def covariate_sets(matched, x, cube, seed=0):
    """Return the predictors by year, as means of the years, and with a random number instead.

    A number that is drawn once for every cell and year holds nothing of the climate, but
    tells records of one cell and year from all others, as the weather of the year does.

    Parameters
    ----------
    matched : pandas.DataFrame
        Records of one target.
    x : pandas.DataFrame
        Their predictors, with ``MAT``.
    cube : xarray.Dataset
    seed : int

    Returns
    -------
    dict of str to pandas.DataFrame
        Empty if there is no MAT among the predictors or it has no years.
    """
    if "MAT" not in x or "year" not in cube["MAT"].dims:
        return {}
    by_year = [name for name in x if "year" in cube[name].dims]
    means = {
        name: cube[name].mean("year").to_numpy()[matched["row"], matched["col"]]
        for name in by_year
    }
    _, of_record = np.unique(
        matched[["row", "col", "cube_year"]].to_numpy(int), axis=0, return_inverse=True
    )
    rng = np.random.default_rng([seed, 13_000])
    number = rng.normal(size=of_record.max() + 1)[of_record]
    static, all_static = x.assign(MAT=means["MAT"]), x.assign(**means)
    return {
        "MAT by year": x,
        "static MAT": static,
        "static MAT + random number": static.assign(random=number),
        "all static": all_static,
        "all static + random number": all_static.assign(random=number),
    }


def compare_sets(matched, sets, target, n_trees=100, n_folds=10, seed=0, progress=None):
    """Score an unweighted forest for several sets of predictors.

    Parameters
    ----------
    matched : pandas.DataFrame
        Records of one target.
    sets : dict of str to pandas.DataFrame
        Predictors of the records, as from `covariate_sets`.
    target : {"SR", "HR"}
    n_trees, n_folds, seed : int
    progress : callable, optional
        Called after each set.

    Returns
    -------
    pandas.DataFrame
        Columns ``predictors``, ``scheme`` (random, site and study folds, the same folds for
        every set) and those of `scores`.
    """
    y, rows = np.array(matched["flux"]), []
    state = cv.derived_seed(seed, target, 13_000)
    study, site = matched["study"].to_numpy(), cv.site_groups(matched)
    groups = {"random_cv": None, "site_cv": site, "study_cv": study}
    for name, x in sets.items():
        values = np.array(x, np.float32)
        for scheme, group in groups.items():
            splits = cv.folds(len(y), n_folds, state, group)
            found = scores(y, cv.predict_left_out(values, y, splits, n_trees, state))
            rows.append({"predictors": name, "scheme": scheme, **found})
        if progress is not None:
            progress(name)
    return pd.DataFrame(rows, columns=["predictors", "scheme", *SCORES])


def drawn_scores(matched, x, target, shares, n_runs=5, n_trees=100, seed=0):
    """Score drawn training sets on themselves, as if copies of a record were other records.

    A run draws with replacement, so that its training set holds many records several
    times. Scored as if its members were different records, the forest meets copies of what
    it has seen: out of bag, and in a test set that is split off after the draw.

    Parameters
    ----------
    matched, x, target
        As for `cross_validate`, of all columns.
    shares : pandas.Series
        Area share of each vegetation bin.
    n_runs, n_trees, seed : int

    Returns
    -------
    pandas.DataFrame
        Means over the runs of `scores`, by ``evaluation``: ``grown`` (in-sample, all
        records, trees grown until leaves are single records), ``drawn_fit`` (the drawn
        records that the forest was fitted on), ``drawn_oob`` (out of bag of the drawn set),
        ``drawn_split`` (a fifth of the drawn set, split off after the draw).
    """
    values, y = np.array(x, np.float32), np.array(matched["flux"])
    strata, rows = matched["stratum"].to_numpy(), []
    for i in range(n_runs):
        rng = np.random.default_rng([seed, TARGETS[target], 14_000, i])
        drawn, _ = draw_records(strata, shares, rng)
        state = int(rng.integers(2**31))

        def forest_of(records, **options):
            forest = new_forest(n_trees, values.shape[1], state, **options)
            return fit(forest, values[records], y[records])

        grown = new_forest(n_trees, values.shape[1], state).set_params(min_samples_split=2)
        rows.append(("grown", scores(y, predict(fit(grown, values, y), values))))
        forest = forest_of(drawn, oob_score=True)
        rows.append(("drawn_fit", scores(y[drawn], predict(forest, values[drawn]))))
        rows.append(("drawn_oob", scores(y[drawn], oob_prediction(forest))))
        everyone, _ = draw_records(strata, shares, rng, train_fraction=1.0)
        first, last = np.split(everyone[rng.permutation(len(y))], [round(0.8 * len(y))])
        rows.append(("drawn_split", scores(y[last], predict(forest_of(first), values[last]))))
    names, found = zip(*rows)
    table = pd.DataFrame(found).groupby(list(names), sort=False).mean()
    table.index.name = "evaluation"
    return table.reset_index()


def _resampled_rmse(square, splits, state, n=500):
    """Compute the RMSE of n resamples of the test sets; shape (n,)."""
    total = np.array([square[test].sum() for _, test in splits])
    count = np.array([test.size for _, test in splits])
    again = np.random.default_rng(state).integers(len(splits), size=(n, len(splits)))
    return np.sqrt(total[again].sum(axis=1) / count[again].sum(axis=1))
