"""A scorecard as text, Markdown and a web page."""

import base64
import html
import io
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Section", "as_markdown", "as_page", "as_text", "sections"]

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
    parts = [
        Section("What was scored", _origin(card)),
        Section("Global totals (Pg C yr-1)", (), _totals_table(card), ("totals",)),
    ]
    if card.members is not None:
        parts.append(Section("Members", (), _worded(card.members)))
    figures = ("taylor", *(f"maps_{flux}" for flux in facts["scores"]))
    parts.append(Section("Scores (g C m-2 yr-1 of land)", (), _scores_table(facts), figures))
    if len(card.maps):
        shown = card.maps[["flux", "rank", "model", *_SCORE_WORDS]].rename(columns=_SCORE_WORDS)
        title = "Among models whose maps are available (ranked by RMSE)"
        parts.append(Section(title, (), _worded(shown)))
    title = "By latitude (g C m-2 yr-1 of land)"
    parts.append(Section(title, (), _worded(card.scores.zonal), ("zonal",)))
    biomes = card.scores.biomes.rename(columns={
        "area_mkm2": "land, Mkm2", "model_pg": "model, Pg", "benchmark_pg": "benchmark, Pg",
    })
    parts.append(Section("By vegetation (Pg C yr-1; g C m-2 yr-1 of land)", (), _worded(biomes)))
    if card.sites is not None:
        words = ("The benchmark was trained on such records; models are per m2 of land.",)
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
img{max-width:100%}table{border-collapse:collapse;display:block;overflow-x:auto}
td,th{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}"""


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
        lines.append(f"<h2>{html.escape(part.title)}</h2>")
        lines += [f"<p>{html.escape(words)}</p>" for words in part.words]
        if part.table is not None:
            with pd.option_context("display.max_colwidth", None):
                lines.append(part.table.to_html(index=False, border=0))
        for figure, caption in (figures[name] for name in part.figures if name in figures):
            stream = io.BytesIO()
            figure.savefig(stream, format="png", dpi=130)
            data, words = base64.b64encode(stream.getvalue()).decode(), html.escape(caption)
            lines.append(f"<figure><img alt='{words}' src='data:image/png;base64,{data}'>")
            lines.append(f"<figcaption>{words}</figcaption></figure>")
    return "\n".join([*lines, "</body></html>", ""])


def _origin(card):
    facts = card.scores.facts
    about = [*facts["scores"], facts["period"]]
    about.append(f"from {facts['source_file']}" if facts["source_file"] else "")
    lines = [f"{card.name}: {', '.join(filter(None, about))}."]
    if facts["choices"]:
        lines.append("Found out and decided on reading: " + " ".join(facts["choices"]))
    lines.append("Benchmark: {title}. {source}".format_map(card.benchmark).strip())
    return (*lines, *card.missing)


def _totals_table(card):
    facts, rows = card.facts, []
    for flux in (v for v in facts["totals"] if v in facts["benchmark_totals"]):
        mine, ours = facts["totals"][flux], facts["benchmark_totals"][flux]
        sd = facts["benchmark_sd_sum"].get(flux, np.nan)
        place = facts["rank"].get(flux, {}).get("total")
        annual = facts["annual"].get(flux) or {}
        rows.append({
            "": flux.replace("_", "/"), "model": f"{mine:.2f}",
            "benchmark": f"{ours:.2f}", "difference": f"{mine - ours:+.2f}",
            "over SD": _number((mine - ours) / sd, 2),
            "years": f"{annual['min']:.1f} to {annual['max']:.1f}" if annual else "-",
            "trend per decade": _number(annual.get("trend_per_decade", np.nan), 2),
            "rank": f"{place['rank']} of {place['of']}" if place else "-",
        })
    return pd.DataFrame(rows)


def _scores_table(facts):
    rows = []
    for flux, s in facts["scores"].items():
        z = facts["z"].get(flux, {})
        rows.append({
            "": flux, **{words: s[key] for key, words in _SCORE_WORDS.items()},
            "within 1 SD, %": 100 * z.get("within_1", np.nan),
            "within 2 SD, %": 100 * z.get("within_2", np.nan),
            "covered, %": 100 * s["benchmark_covered"],
        })
    return _worded(pd.DataFrame(rows))


_DIGITS = {"r": 2, "SD ratio": 2, "Taylor score": 3, "bias score": 3, "RMSE score": 3, "AR_SR": 2,
           "land, Mkm2": 1, "model, Pg": 1, "benchmark, Pg": 1, "SR": 1, "HR": 1, "AR": 1,
           "rank": 0, "n": 0}


def _worded(table, digits=0):
    """The table with its numbers as text; missing ones as a dash."""
    out = table.astype(object)
    for column in table.select_dtypes("number"):
        out[column] = [_number(v, _DIGITS.get(column, digits)) for v in table[column]]
    return out.fillna("-").astype(str)


def _number(value, digits):
    # Adding 0 turns a rounded -0 into 0.
    return f"{round(float(value), digits) + 0:.{digits}f}" if np.isfinite(value) else "-"


def _plain(words):
    """Words that Markdown takes as they are."""
    for sign in "\\`*_<>|[]#&$~":
        words = words.replace(sign, f"\\{sign}")
    return " ".join(words.splitlines())
