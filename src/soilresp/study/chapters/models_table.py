"""One table of all models: totals, scores of the maps that are at hand, and where each is from."""

import html
import math
from pathlib import Path

import numpy as np
import pandas as pd

from soilresp.errors import DataError
from soilresp.io import tables as committed
from soilresp.plot.style import FLUX_UNITS, TOTAL_UNITS
from soilresp.scoring import totals
from soilresp.scoring.maps import FLUXES
from soilresp.study import chapters as workflow
from soilresp.study.chapters.c07_models import TEN_OUTPUT

__all__ = ["NAME", "SCORES", "SOURCES", "make", "save", "load", "as_html"]

NAME = "models_table"
"""Name of the committed table."""

SCORES = ("bias", "rmse", "r", "sigma_ratio", "z")
"""Scores of a map beside the benchmark, area-weighted and per m2 of land (mean difference and
RMSE in g C m-2 yr-1, correlation, SD of the map over that of the benchmark, and the mean size
of the difference in SD of the benchmark)."""

SOURCES = {
    "benchmark of this run": "this benchmark",
    "ten models of the paper": "paper's stated value",
    TEN_OUTPUT: "real output",
    "output at hand": "real output",
    "ISIMIP series": "real output, ISIMIP totals",
    "CMIP6 series": "real output, CMIP6 totals",
    "empirical comparator": "empirical comparator",
}
"""What the numbers of each group of models are."""

_HOW = {
    totals.STATED: "stated", totals.DERIVED: "derived", totals.COMPUTED: "computed",
    totals.EMPIRICAL: "computed", totals.BENCHMARK: "computed",
}


def make(study):
    """Put totals and scores of all models of a run into one table.

    Parameters
    ----------
    study : soilresp.study.settings.Study

    Returns
    -------
    pandas.DataFrame or None
        One row a model: ``model``, ``source`` (a value of `SOURCES`), ``period``,
        ``reference``; for SR, HR and AR the total (``SR``, Pg C yr-1), its bounds where the
        paper only bounds it (``SR_low``, ``SR_high``) and ``SR_how``: ``computed``,
        ``stated``, ``derived``, ``bounded`` or empty; and the `SCORES` of the maps at hand
        (``SR_bias`` and so on). None if the run has not compared models with its maps.

    Notes
    -----
    Totals and scores are those of chapter 7.
    """
    compared = workflow.intercomparison.stored(study)
    if compared is None:
        return None
    known = compared.totals[compared.totals["variable"].isin(FLUXES)]
    rows = [_totals(*key, own) for key, own in known.groupby(["group", "model"], sort=False)]
    table = pd.DataFrame(rows)
    scores = compared.map_scores.rename(columns={"mean_abs_z": "z"})
    scores["source"] = scores["group"].map(SOURCES)
    wide = scores.pivot(index=["model", "source"], columns="flux", values=list(SCORES))
    wide.columns = [f"{flux}_{score}" for score, flux in wide.columns]
    table = table.merge(wide.reset_index(), on=["model", "source"], how="left")
    # A series of GPP or NPP alone is left out; the paper's ten stay, known or not.
    told = table[list(FLUXES)].notna().any(axis=1)
    table = table[told | (table["source"] == SOURCES["ten models of the paper"])]
    columns = [
        "model", "source", "period", "reference",
        *(f"{f}{end}" for f in FLUXES for end in ("", "_low", "_high", "_how")),
        *(f"{f}_{s}" for f in FLUXES for s in SCORES),
    ]
    return table.reindex(columns=columns).reset_index(drop=True)


def save(study, table, command, into=None):
    """Write the table and what it was made from.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    table : pandas.DataFrame
        From `make`.
    command : str
    into : path-like, optional
        Default: with the other committed tables.

    Returns
    -------
    pathlib.Path
        The CSV file.
    """
    into = committed.folder() if into is None else Path(into)
    committed.save_table(
        NAME, table, command, into, recipe=study.recipe, observations=study.observations,
        profile=study.profile.name, seed=study.seed, source=study.describe(),
        inputs=workflow.intercomparison.stored(study).inputs,
    )
    return into / f"{NAME}.csv"


def load(where=None):
    """Read the table.

    Parameters
    ----------
    where : pathlib.Path, optional

    Returns
    -------
    table : pandas.DataFrame
    facts : dict

    Raises
    ------
    DataError
        If it is missing, cannot be read, or lacks a column.
    """
    table, facts = committed.load_table(NAME, where)
    wanted = ["model", "source", *FLUXES, *(f"{f}_{s}" for f in FLUXES for s in SCORES)]
    missing = [c for c in wanted if c not in table]
    if missing:
        raise DataError(
            f"{NAME}.csv has no column {missing[0]!r}. Make it again: {facts.get('command')}"
        )
    texts = ["model", "source", "period", "reference", *(f"{f}_how" for f in FLUXES)]
    return table.assign(**{c: table[c].fillna("").astype(str) for c in texts}), facts


def _totals(group, model, own):
    row = {
        "model": model, "source": SOURCES[group],
        "period": own["period"].iloc[0], "reference": own["source"].iloc[0],
    }
    for line in own.itertuples():
        bounded = np.isnan(line.value) and np.isfinite(line.low)
        row |= {
            line.variable: line.value,
            # Of a series, low and high are those of its years: another thing.
            f"{line.variable}_low": line.low if bounded else np.nan,
            f"{line.variable}_high": line.high if bounded else np.nan,
            f"{line.variable}_how": (
                "bounded" if bounded else _HOW[line.provenance] if np.isfinite(line.value) else ""
            ),
        }
    return row


# ---------------------------------------------------------------- as a web page shows it


_SCORE_HEADS = {
    "bias": ("bias", FLUX_UNITS, 0), "rmse": ("RMSE", FLUX_UNITS, 0), "r": ("r", "–", 2),
    "sigma_ratio": ("σ ratio", "–", 2), "z": ("mean |z|", "–", 2),
}
_MARKS = {"derived": "d", "stated": "s", "bounded": "b"}


def as_html(table):
    """Return the table as HTML: complete as it is, sortable where ``models_table.js`` runs.

    Parameters
    ----------
    table : pandas.DataFrame
        From `load`.

    Returns
    -------
    str
        An HTML table. Cells of numbers carry the number in ``data-value``; a bounded total
        sorts by the middle of its bounds.
    """
    heads = [_head("Model", rows=2), _head("What the numbers are", rows=2)]
    heads += [f'<th scope="colgroup" colspan="{len(FLUXES)}">Global total</th>']
    heads += [
        f'<th scope="colgroup" colspan="{len(SCORES)}" class="of-{f}">'
        f"Map of {f} against the benchmark</th>" for f in FLUXES
    ]
    second = [_head(f, TOTAL_UNITS) for f in FLUXES]
    second += [
        _head(words, unit, flux=f) for f in FLUXES for words, unit, _ in _SCORE_HEADS.values()
    ]
    body = "\n".join(_line(row) for row in table.to_dict("records"))
    return (
        '<div class="models-table" tabindex="0" role="region" '
        'aria-label="Table of models, scrolls sideways">\n<table>\n'
        f"<caption>{len(table)} models and maps: totals, and scores of the maps at hand."
        "</caption>\n"
        f"<thead>\n<tr>{''.join(heads)}</tr>\n<tr>{''.join(second)}</tr>\n</thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def _head(words, unit=None, flux=None, rows=1):
    kind = f' class="of-{flux}"' if flux else ""
    span = f' rowspan="{rows}"' if rows > 1 else ""
    number = ' data-kind="number"' if unit else ' data-kind="text"'
    below = f' <span class="unit">{unit}</span>' if unit else ""
    return f'<th scope="col"{kind}{span}{number}><span class="words">{words}</span>{below}</th>'


def _line(row):
    stated = row["source"] == SOURCES["ten models of the paper"]
    about = "; ".join(html.escape(w) for w in (row["period"], row["reference"]) if w)
    cells = [
        f'<th scope="row" data-value="{html.escape(row["model"])}">{html.escape(row["model"])}'
        + (f'<span class="about">{about}</span>' if about else "") + "</th>",
        f'<td data-value="{html.escape(row["source"])}">{html.escape(row["source"])}</td>',
    ]
    cells += [_total(row, f) for f in FLUXES]
    for flux in FLUXES:
        for score, (_, _, digits) in _SCORE_HEADS.items():
            cells.append(_number(row[f"{flux}_{score}"], digits, f' class="of-{flux}"'))
    kind = ' class="stated"' if stated else ""
    if row["source"] == SOURCES["benchmark of this run"]:
        kind = ' class="own"'
    return f"<tr{kind}>{''.join(cells)}</tr>"


def _total(row, flux):
    how, low, high = row[f"{flux}_how"], row[f"{flux}_low"], row[f"{flux}_high"]
    mark = f"<sup>{_MARKS[how]}</sup>" if how in _MARKS else ""
    if how == "bounded":
        return f'<td data-value="{(low + high) / 2:.6g}">{low:.1f} to {high:.1f}{mark}</td>'
    if math.isnan(row[flux]) and row["source"] == SOURCES["ten models of the paper"]:
        return "<td>not stated</td>"
    return _number(row[flux], 1, "", mark)


def _number(value, digits, attributes="", mark=""):
    if math.isnan(value):
        return f"<td{attributes}>–</td>"
    words = f"{value:.{digits}f}".replace("-", "−")
    return f'<td{attributes} data-value="{value:.6g}">{words}{mark}</td>'
