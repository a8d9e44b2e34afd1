"""Global totals of every model and map, with the provenance of each number."""

import numpy as np
import pandas as pd

from soilresp.errors import DataError
from soilresp.grid.cells import global_total, rectilinear_area
from soilresp.models import POOLS, declared_models
from soilresp.scoring.paper import paper_values

__all__ = [
    "BENCHMARK", "COLUMNS", "COMPUTED", "DERIVED", "EMPIRICAL", "STATED", "ensemble_means",
    "field_totals", "model_total", "output_totals", "series_totals", "stated_totals", "ten_table",
]

STATED = "stated in the paper"
DERIVED = "derived from the paper"
COMPUTED = "computed here from output"
EMPIRICAL = "empirical comparator"
BENCHMARK = "benchmark of this run"

COLUMNS = [
    "group", "model", "variable", "value", "low", "high",
    "period", "provenance", "reason", "source",
]
"""Columns of every table here, one row a model and variable. Pg C yr-1 (pools: Pg C;
AR_SR: a ratio of totals); `reason` says why a value is missing."""

_VARIABLES = ("SR", "HR", "AR", "AR_SR")
_KG_PER_PG = 1e12


def _table(rows):
    """Rows as a table with all columns, numbers as floats and texts never missing."""
    table = pd.DataFrame(rows, columns=COLUMNS)
    numbers = dict.fromkeys(["value", "low", "high"], float)
    texts = [c for c in COLUMNS if c not in numbers]
    return table.astype(numbers).assign(**table[texts].astype(object).fillna("").astype(str))


def _computed(totals, variables, reason, common, computed):
    """Rows of totals that were computed, and the reason for those that were not."""
    if {"SR", "AR"} <= totals.keys():
        totals["AR_SR"] = totals["AR"] / totals["SR"]
    return _table([
        common | {"variable": v}
        | ({"value": totals[v], **computed} if v in totals else {"reason": reason})
        for v in variables
    ])


def model_total(dataset, variable):
    """Compute the global total of one variable of a model's output, on its own grid.

    Parameters
    ----------
    dataset : xarray.Dataset
        Per m2 of land, with ``land_fraction``; see `soilresp.models`.
    variable : str
        A flux (g C m-2 yr-1) or a pool (kg C m-2).

    Returns
    -------
    xarray.DataArray
        Pg C yr-1 or Pg C, for each year if there are years.

    Raises
    ------
    DataError
        If there is no ``land_fraction``.
    """
    if "land_fraction" not in dataset:
        raise DataError("A total per m2 of land needs land_fraction, which the output lacks.")
    area = dataset["land_fraction"] * rectilinear_area(dataset["lat"], dataset["lon"])
    if variable not in POOLS:
        return global_total(dataset[variable], area)
    return ((dataset[variable] * area).sum(("lat", "lon")) / _KG_PER_PG).assign_attrs(units="Pg")


def stated_totals():
    """Return totals of the ten models of the paper: stated, derived from it, or unknown.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, four rows a model (SR, HR, AR, AR_SR). A value that is only
        bounded has `low` and `high`; one that the text does not give is NaN.
    """
    rows = []
    first, last = paper_values()["period"]
    for model, facts in declared_models()["ten"].items():
        for variable in _VARIABLES:
            row = {"group": "ten models of the paper", "model": model, "variable": variable,
                   "period": f"{first}-{last}", "source": "Lu et al. 2021"}
            stated = facts.get("stated", {}).get(variable)
            derived = facts.get("derived", {}).get(variable)
            if stated or derived:
                row |= {"provenance": STATED if stated else DERIVED} | (stated or derived)
                row["reason"] = "" if "value" in row else f"only bounded: {derived['how']}"
            else:
                row["reason"] = "not stated in the text; the output is given on request"
            rows.append(row)
    return _table(rows)


def output_totals(dataset):
    """Compute totals of a model from its output.

    Parameters
    ----------
    dataset : xarray.Dataset
        As `soilresp.models` returns it, with attributes ``model``,
        ``period``, ``how_ar`` and ``reference``; annual fields are averaged.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`: SR, HR, AR and AR_SR always, other variables where present.
    """
    others = [v for v in dataset.data_vars if v not in ("land_fraction", "cell_area", *_VARIABLES)]
    known = [v for v in ("SR", "HR", "AR", *others) if v in dataset]
    totals = {v: float(model_total(dataset, v).mean()) for v in known}
    attrs = dataset.attrs
    common = {"group": "available output", "model": attrs["model"], "period": attrs["period"],
              "source": attrs["reference"]}
    return _computed(totals, (*_VARIABLES, *others), f"AR: {attrs['how_ar']}", common,
                     {"provenance": COMPUTED})


def series_totals(series, group, source, period=(1982, 2012)):
    """Average annual global series over the years of a period that they have.

    Parameters
    ----------
    series : pandas.DataFrame
        ``model, year, variable, total`` (Pg C yr-1) and, if there are several
        members of a model, ``member``: members are averaged first.
    group, source : str
        Written in each row.
    period : tuple of int
        First and last year.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`; `period` has the years that were found. `low` and `high` are
        the smallest and largest annual value.

    Raises
    ------
    DataError
        If no year of the period is in the series.
    """
    chosen = series[series["year"].between(*period)]
    if chosen.empty:
        raise DataError(f"{source} has no year in {period[0]}-{period[1]}.")
    annual = chosen.groupby(["model", "variable", "year"], as_index=False)["total"].mean()
    return _table([
        {"group": group, "model": model, "variable": variable, "value": part["total"].mean(),
         "low": part["total"].min(), "high": part["total"].max(), "provenance": COMPUTED,
         "period": f"{part['year'].min()}-{part['year'].max()}", "source": source}
        for (model, variable), part in annual.groupby(["model", "variable"])
    ])


def field_totals(model, fields, area, provenance, period="", source=""):
    """Compute totals of maps made here: the benchmark, or an empirical comparator.

    Parameters
    ----------
    model : str
        Name for the row.
    fields : mapping of str to xarray.DataArray
        SR, HR and AR as far as they exist, g C m-2 yr-1 of the ground that
        `area` counts. AR_SR is the ratio of the totals.
    area : xarray.DataArray
        m2: cell area x vegetated fraction for the benchmark, x land fraction
        for a comparator.
    provenance : str
        `EMPIRICAL` or `BENCHMARK`.
    period, source : str

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, four rows.
    """
    totals = {v: float(global_total(field, area).mean()) for v, field in fields.items()}
    common = {"group": provenance, "model": model, "period": period,
              "provenance": provenance, "source": source}
    return _computed(totals, _VARIABLES, "no such field", common, {})


def ensemble_means(table):
    """Average over the models of each group, beside the paper's mean of ten.

    Parameters
    ----------
    table : pandas.DataFrame
        Any of the tables of this module, or several concatenated.

    Returns
    -------
    pandas.DataFrame
        ``group, variable, mean, sd, low, high, n, n_models, provenance``. `n`
        models have a value, of `n_models`. The mean of the paper's ten is the
        stated one: the text gives too few of their values to average.
    """
    rows = []
    for (group, variable), part in table.groupby(["group", "variable"], sort=False):
        row = {"group": group, "variable": variable, "n_models": len(part)}
        if group == "ten models of the paper":
            stated = paper_values()["models"][variable]
            row |= {"mean": stated.get("mean", np.nan), "low": stated["min"],
                    "high": stated["max"], "n": len(part), "provenance": STATED}
        else:
            values = part["value"].dropna()
            row |= {"mean": values.mean(), "sd": values.std(), "low": values.min(),
                    "high": values.max(), "n": len(values), "provenance": COMPUTED}
        rows.append(row)
    columns = ["group", "variable", "mean", "sd", "low", "high", "n", "n_models", "provenance"]
    return pd.DataFrame(rows, columns=columns)


def ten_table(computed=None):
    """Describe the totals of the ten models of the paper and their provenance.

    Parameters
    ----------
    computed : pandas.DataFrame, optional
        Rows of `output_totals` of those whose output is available.

    Returns
    -------
    pandas.DataFrame
        A row a model: ``model``, ``forcing``, ``SR``, ``HR``, ``AR`` (Pg C yr-1) and
        ``AR_SR`` in words, such as "91.7 stated", "30.0 derived", "66.7 to 75.2 bounds", or
        "54.3 computed"; ``output``, which files it would be read from; ``reference``.

    Examples
    --------
    >>> ten_table().set_index("model").loc["BEPS", ["SR", "HR"]].tolist()
    ['61.4 stated', '49.4 derived']
    """
    stated, rows = stated_totals(), []
    computed = stated.head(0) if computed is None else computed
    for model, facts in declared_models()["ten"].items():
        own = computed[computed["model"] == model]
        row = {"model": model, "forcing": facts["forcing"]}
        for variable in _VARIABLES:
            of = stated[(stated["model"] == model) & (stated["variable"] == variable)].iloc[0]
            digits = 2 if variable == "AR_SR" else 1
            row[variable] = _in_words(of, digits)
            mine = own[own["variable"] == variable]["value"].dropna()
            for value in mine.head(1):
                row[variable] = f"{value:.{digits}f} computed; {row[variable]}"
        files = " or ".join(facts["output"]["files"])
        row["output"] = f"{files} read" if len(own) else f"{files} not available"
        rows.append(row | {"reference": facts["reference"]})
    return pd.DataFrame(rows)


def _in_words(row, digits):
    """A stated or derived value, with what it is."""
    if np.isfinite(row["value"]):
        return f"{row['value']:.{digits}f} {'stated' if row['provenance'] == STATED else 'derived'}"
    if np.isfinite(row["high"]):
        return f"{row['low']:.{digits}f} to {row['high']:.{digits}f} bounds"
    return "not stated"
