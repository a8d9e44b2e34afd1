"""A scorecard as text, Markdown and a web page."""

import base64
import html
import io
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Section", "as_markdown", "as_page", "as_text", "sections"]

_TOTALS = ("SR", "HR", "AR", "AR_SR")
_SCORE_WORDS = {
    "bias": "bias", "rmse": "RMSE", "r": "r", "sigma_ratio": "SD ratio",
    "taylor_score": "Taylor score", "bias_score": "bias score", "rmse_score": "RMSE score",
}
_NOTES = (
    "Compared are cells with vegetation where both have data, each by its area of land. Fluxes "
    "are carbon per m2 of land: the benchmark's, which are per m2 of vegetated area, are "
    "multiplied by vegetated over land fraction.",
    "Totals are over all land of the model. 'Over SD' divides the difference by the sum of the "
    "SD of all cells, the widest uncertainty of the benchmark's total.",
    "Taylor score: 4 (1 + r) / ((s + 1/s)^2 (1 + r0)), s the SD ratio, r0 = 1. Bias score: mean, "
    "weighted by the benchmark's flux, of exp(-|bias| / benchmark); RMSE score: exp(-centred RMSE "
    "/ SD of the benchmark's cells). Both follow Collier et al. (2018), "
    "doi:10.1029/2018MS001354, for a mean state. 1 is perfect.",
    "Within 1 SD and 2 SD: share of the area where the difference is that small beside the "
    "benchmark's own uncertainty. Covered: share of the benchmark's flux in the cells compared.",
)


@dataclass(frozen=True)
class Section:
    """A part of the scorecard.

    Attributes
    ----------
    title : str
    words : tuple of str
        Paragraphs.
    table : pandas.DataFrame or None
    figures : tuple of str
        Names of the figures that belong here.
    """

    title: str
    words: tuple = ()
    table: pd.DataFrame | None = None
    figures: tuple = ()


def sections(card):
    """Divide a scorecard into its parts, in order.

    Parameters
    ----------
    card : soilresp.scoring.scorecard.Scorecard

    Returns
    -------
    list of Section
        Tables hold texts, ready to be read.
    """
    facts = card.scores.facts
    parts = [Section("What was scored", _origin(card))]
    parts.append(Section("Global totals (Pg C yr-1)", (), _totals_table(card), ("totals",)))
    if card.members is not None:
        parts.append(Section("Members", (), _worded(card.members)))
    figures = ("taylor", *(f"maps_{flux}" for flux in facts["scores"]))
    whole = "; ".join(
        f"{flux}: bias {_number(s['bias'], 0)}, bias score {_number(s['bias_score'], 3)}"
        for flux, s in facts["whole_cells"].items()
    )
    words = (f"With whole cells as weights, as ILAMB has them: {whole}.",)
    parts.append(Section("Scores (g C m-2 yr-1 of land)", words, _scores_table(facts), figures))
    if len(card.maps):
        shown = card.maps[["flux", "rank", "model", *_SCORE_WORDS]].rename(columns=_SCORE_WORDS)
        parts.append(Section("Among models whose maps are available (ranked by RMSE)", (),
                             _worded(shown)))
    parts.append(Section("By latitude (g C m-2 yr-1 of land)", (), _worded(card.scores.zonal, 0),
                         ("zonal",)))
    biomes = card.scores.biomes.rename(columns={
        "area_mkm2": "land, Mkm2", "model_pg": "model, Pg", "benchmark_pg": "benchmark, Pg",
    })
    parts.append(Section("By vegetation (Pg C yr-1; g C m-2 yr-1 of land)", (), _worded(biomes)))
    if card.sites is not None:
        words = (
            "At field records of SRDB. The benchmark was trained on records like these, so its "
            "line is no fair rival. Fluxes of models are per m2 of land, as they are.",
        )
        parts.append(Section("At the sites (g C m-2 yr-1)", words, _worded(card.sites)))
    return [*parts, Section("How to read the scores", _NOTES)]


def as_text(card):
    """Return the scorecard for a terminal (str)."""
    lines = []
    for part in sections(card):
        lines += [part.title, "-" * len(part.title), *part.words]
        if part.table is not None:
            lines.append(part.table.to_string(index=False))
        lines.append("")
    return "\n".join([card.name, "=" * len(card.name), "", *lines])


def as_markdown(card):
    """Return the scorecard in Markdown (str)."""
    lines = [f"# Scorecard of {_plain(card.name)}", ""]
    for part in sections(card):
        lines += [f"## {part.title}", ""]
        for words in part.words:
            lines += [_plain(words), ""]
        if part.table is not None:
            rows = [list(part.table.columns), *part.table.to_numpy().tolist()]
            rows.insert(1, ["---"] * len(rows[0]))
            lines += ["| " + " | ".join(_plain(str(c)) for c in row) + " |" for row in rows]
            lines.append("")
    return "\n".join(lines)


_STYLE = """body{font:15px/1.5 sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.6em}h2{font-size:1.2em;margin-top:2em}img{max-width:100%;height:auto}
table{border-collapse:collapse;font-size:.92em;display:block;overflow-x:auto}
td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}
td.t,th.t{text-align:left}figure{margin:1.2em 0}figcaption{color:#555;font-size:.9em}"""


def as_page(card, figures=None):
    """Return the scorecard as one web page that needs no other file.

    Parameters
    ----------
    card : soilresp.scoring.scorecard.Scorecard
    figures : mapping of str to (matplotlib.figure.Figure, str), optional
        Figure and caption by the names that the sections ask for.

    Returns
    -------
    str
        HTML; names and texts of the model's files are shown, never interpreted.
    """
    figures = figures or {}
    title = f"Scorecard of {html.escape(card.name)}"
    lines = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>",
    ]
    for part in sections(card):
        lines.append(f"<h2>{_units(html.escape(part.title))}</h2>")
        lines += [f"<p>{_units(html.escape(words))}</p>" for words in part.words]
        if part.table is not None:
            lines += _html_table(part.table)
        for name in part.figures:
            if name in figures:
                lines += _html_figure(*figures[name])
    return "\n".join([*lines, "</body></html>", ""])


def _origin(card):
    facts = card.scores.facts
    period = facts.get("period", "")
    lines = [f"{card.name}: {', '.join(facts['scores'])}"
             + (f", {period}" if period else "")
             + (f", from {facts['source_file']}" if facts.get("source_file") else "") + "."]
    if facts.get("choices"):
        lines.append("Found out and decided on reading: " + " ".join(facts["choices"]))
    source = card.benchmark.get("source") or ""
    lines.append(f"Benchmark: {card.benchmark.get('title', 'not named')}. {source}".strip())
    return (*lines, *card.missing)


def _totals_table(card):
    facts, rows = card.scores.facts, []
    for flux in _TOTALS:
        if flux not in facts["totals"] or flux not in facts["benchmark_totals"]:
            continue
        mine, ours = facts["totals"][flux], facts["benchmark_totals"][flux]
        sd = facts["benchmark_sd_sum"].get(flux, np.nan)
        known = card.totals[card.totals["flux"] == flux] if len(card.totals) else card.totals
        rank = known[known["model"] == card.name]["rank"].dropna() if len(known) else []
        annual = facts["annual"].get(flux) or {}
        rows.append({
            "": flux.replace("_", "/"), "model": f"{mine:.2f}",
            "benchmark": f"{ours:.2f}", "difference": f"{mine - ours:+.2f}",
            "over SD": _number((mine - ours) / sd, 2),
            "years": f"{annual['min']:.1f} to {annual['max']:.1f}" if annual else "-",
            "trend per decade": _number(annual.get("trend_per_decade", np.nan), 2),
            "rank": f"{int(rank.iloc[0])} of {int(known['rank'].count())}" if len(rank) else "-",
        })
    return pd.DataFrame(rows)


def _scores_table(facts):
    rows = []
    for flux, s in facts["scores"].items():
        z = facts["z"].get(flux, {})
        rows.append({
            "": flux, **{words: s[key] for key, words in _SCORE_WORDS.items()},
            "within 1 SD": _percent(z.get("within_1", np.nan)),
            "within 2 SD": _percent(z.get("within_2", np.nan)),
            "covered": _percent(s["benchmark_covered"]),
        })
    return _worded(pd.DataFrame(rows))


_DIGITS = {"r": 2, "SD ratio": 2, "Taylor score": 3, "bias score": 3, "RMSE score": 3, "AR_SR": 2,
           "land, Mkm2": 1, "model, Pg": 1, "benchmark, Pg": 1, "SR": 1, "HR": 1, "AR": 1,
           "rank": 0, "n": 0}


def _worded(table, digits=0):
    """The table with its numbers as text; missing ones as a dash."""
    out = pd.DataFrame(index=table.index)
    for column in table:
        if pd.api.types.is_numeric_dtype(table[column]):
            form = _DIGITS.get(column, digits)
            out[column] = [_number(v, form) for v in table[column]]
        else:
            out[column] = ["-" if pd.isna(v) else str(v) for v in table[column]]
    return out


def _number(value, digits):
    # Adding 0 turns a rounded -0 into 0.
    return f"{round(float(value), digits) + 0:.{digits}f}" if np.isfinite(value) else "-"


def _percent(share):
    return f"{100 * share:.0f} %" if np.isfinite(share) else "-"


def _plain(words):
    """Words that Markdown takes as they are."""
    for sign in "\\`*_<>|[]#&$~":
        words = words.replace(sign, f"\\{sign}")
    return " ".join(words.splitlines())


_POWERS = {"m-2": "m<sup>-2</sup>", "yr-1": "yr<sup>-1</sup>", "m2": "m<sup>2</sup>",
           "^2": "<sup>2</sup>", "r0": "r<sub>0</sub>"}


def _units(words):
    for plain, raised in _POWERS.items():
        words = words.replace(f" {plain}", f" {raised}").replace(f"){plain}", f"){raised}")
    return words


def _html_table(table):
    texts = [all(not c[-1:].isdigit() or not _is_number(c) for c in table[name]) for name in table]

    def row(cells, tag):
        kinds = (" class='t'" if text else "" for text in texts)
        shown = (f"<{tag}{kind}>{html.escape(str(c))}</{tag}>" for kind, c in zip(kinds, cells))
        return f"<tr>{''.join(shown)}</tr>"

    yield "<table>"
    yield row(table.columns, "th")
    for cells in table.itertuples(index=False):
        yield row(cells, "td")
    yield "</table>"


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _html_figure(figure, caption):
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=130)
    data = base64.b64encode(stream.getvalue()).decode()
    words = html.escape(caption, quote=True)
    yield f"<figure><img alt='{words}' src='data:image/png;base64,{data}'>"
    yield f"<figcaption>{words}</figcaption></figure>"
