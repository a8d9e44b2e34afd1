"""Reports of flags: counts, sentences, and an HTML page for the maintainers of a database."""

import html

import pandas as pd

from soilresp.records.quality.evidence import THRESHOLD

__all__ = ["counts", "sentences", "suspects", "page"]


def sentences(flags):
    """Write each flag as a sentence that can be compared with the paper.

    Parameters
    ----------
    flags : pandas.DataFrame
        From `soilresp.records.quality.check_records`.

    Returns
    -------
    list of str
    """
    return [
        f"Record {f.record} of study {f.study}: {f.field} {'are' if ', ' in f.field else 'is'} "
        f"{f.value}. Expected: {f.expected}."
        + (f" Repair: {f.repair.replace('=', ' = ')}." if f.repair else "")
        for f in flags.itertuples()
    ]


def counts(flags, threshold=THRESHOLD):
    """Count flags by test.

    Returns
    -------
    pandas.DataFrame
        By ``test``: ``suspicions`` and ``remarks`` (records below `threshold`),
        ``studies``, and suspicions that come with a ``repair``.
    """
    rows = {}
    for test, own in flags.groupby("test"):
        serious = own[own["score"] >= threshold]
        rows[test] = {
            "suspicions": serious.index.nunique(),
            "remarks": own[own["score"] < threshold].index.nunique(),
            "studies": own["study"].nunique(),
            "repair": serious[serious["repair"] != ""].index.nunique(),
        }
    table = pd.DataFrame(rows, index=["suspicions", "remarks", "studies", "repair"]).T
    table.index.name = "test"
    return table.sort_values(["suspicions", "remarks"], ascending=False)


def suspects(flags, n=None):
    """Return the most suspicious flags, one for each study, test and field.

    Returns
    -------
    pandas.DataFrame
        As `flags`, with ``records``: those of the study that share the flag.
    """
    groups = flags.groupby(["study", "test", "field"], sort=False)
    out = flags.assign(records=groups["record"].transform("size"))
    return out[~flags.duplicated(["study", "test", "field"])].head(n)


_STYLE = """body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em}table{border-collapse:collapse}
td,th{padding:.15em .8em;text-align:left;border-bottom:1px solid #ddd}
td+td,th+th{text-align:right}li{margin:.4em 0}.s{color:#666;font-size:.85em}"""


def page(flags, table, source, reasons=(), threshold=THRESHOLD):
    """Write an HTML page: counts, every flag as a sentence, and the reasoning of the tests.

    Parameters
    ----------
    flags : pandas.DataFrame
        From `soilresp.records.quality.check_records`.
    table : pandas.DataFrame
        The records that were checked.
    source : str
        Name of the file that was checked.
    reasons : sequence of callable
        Tests whose documentation is shown.
    threshold : float

    Returns
    -------
    str
    """
    serious = flags[flags["score"] >= threshold]
    lines = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        f"<title>Check of {html.escape(source)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>Check of {html.escape(source)}</h1>",
        f"<p>{len(table):,} records of {table['Study_number'].nunique():,} studies. "
        f"{serious.index.nunique():,} records of {serious['study'].nunique():,} studies are under "
        f"suspicion (score {threshold:g} or more); what is below that is a remark. No record was "
        "changed. Each line can be compared with the paper; flags.csv has all of them.</p>",
        "<h2>Records by test</h2>", counts(flags, threshold).to_html(border=0),
        "<h2>Suspicions</h2>", *_lists(serious), "<h2>Remarks</h2>",
        *_lists(flags[flags["score"] < threshold]), "<h2>Reasoning of the tests</h2><dl>",
    ]
    for test in reasons:
        words = " ".join((test.__doc__ or "").replace("`", "").split())
        name = test.__name__.replace("_", " ")
        lines.append(f"<dt><b>{name}</b></dt><dd>{html.escape(words)}</dd>")
    return "\n".join([*lines, "</dl></body></html>", ""])


def _lists(flags):
    """List sentences by test; records of one study that share a flag are named once."""
    for test, own in flags.groupby("test", sort=False):
        first = suspects(own)
        yield f"<h3>{html.escape(test)}</h3><ul>"
        for words, flag in zip(sentences(first), first.itertuples()):
            more = flag.records - 1
            also = f" So {'is' if more == 1 else 'are'} {more} more of the study." if more else ""
            yield f"<li>{html.escape(words + also)} <span class='s'>{flag.score:.2f}</span></li>"
        yield "</ul>"
