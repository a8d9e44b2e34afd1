"""The table of models as HTML for the book."""

import html
import math

from soilresp.plot.style import FLUX_UNITS, TOTAL_UNITS
from soilresp.scoring.maps import FLUXES
from soilresp.study.chapters.models_table import SCORES, SOURCES

__all__ = ["as_html"]

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
        From `soilresp.study.chapters.models_table.load`.

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
        f"<caption>{len(table)} models and maps: totals, and scores of the available maps."
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
