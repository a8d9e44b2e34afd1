"""Open the study in a notebook, show tables, and glue numbers for the text of the book."""

import hashlib
import html

import pandas as pd
from myst_nb import glue
from pandas.api.types import is_numeric_dtype
from pandas.io.formats.style import Styler

from soilresp.forest.ahead import compile_ahead
from soilresp.plot import style
from soilresp.study import settings as studies

__all__ = ["open_study", "show", "glue_values"]


def open_study(profile=None, run=None, corrections=None):
    """Open the study that a notebook belongs to, and print what its results are made from.

    Parameters
    ----------
    profile : {"quick", "standard", "paper"}, optional
        Default: ``SOILRESP_PROFILE``, else that of the run folder, else "quick".
    run : path-like, optional
        Default: ``SOILRESP_RUN``, else ``runs/interactive``.
    corrections : {"none", "sourced"} or path-like, optional
        Corrections of the field records; default: those of the run folder, else "none".

    Returns
    -------
    soilresp.study.settings.Study
        Figures made after this carry the label of a twin experiment where that is due.
    """
    compile_ahead()
    study = studies.resolve_settings(run=run, profile=profile, corrections=corrections)
    style.use_style(label=study.label)
    for sentence in study.choices:
        print(sentence)
    print(study.describe())
    glue_values(data_label=study.describe())
    return study


class _Table(Styler):
    """A table whose plain text has no address in memory, so that two runs show the same."""

    def __repr__(self):
        return self.caption or "table"


def show(table, caption, digits=1, **formats):
    """Format a table for reading. Its texts are shown as they are, never as HTML.

    Parameters
    ----------
    table : pandas.DataFrame
        Its index is shown if it has a name.
    caption : str
        What it shows, with units. The label of a twin experiment is put before it.
    digits : int
        Decimals of numbers.
    **formats : str
        Format of single columns, such as ``r2="{:.2f}"``.

    Returns
    -------
    pandas.io.formats.style.Styler
    """
    label = style.current_label()
    if label:
        caption = f"{label}. {caption}"
    caption = html.escape(caption, quote=False)
    styler = _Table(table, cell_ids=False)
    styler = styler.format(precision=digits, thousands=",", na_rep="–", escape="html")
    for column, form in formats.items():
        styler = styler.format(form, subset=[column], na_rep="–", escape="html")
    for axis in ("index", "columns"):
        styler = styler.format_index(axis=axis, escape="html")
    numbers = [i for i, kind in enumerate(table.dtypes) if is_numeric_dtype(kind)]
    styler = styler.set_table_styles(
        [{"selector": f".col{i}", "props": "text-align: right"} for i in numbers]
    )
    # The same id from run to run, and another for each table of a page.
    styler = styler.set_uuid(hashlib.sha256(caption.encode()).hexdigest()[:8]).set_caption(caption)
    return styler if table.index.name else styler.hide(axis="index")


def glue_values(**values):
    """Store numbers of the results for the text of the book, under their names.

    Parameters
    ----------
    **values : float, int or str
        Missing ones (None, NaN) become "not available".
    """
    for name, value in values.items():
        if hasattr(value, "item"):
            value = value.item()
        glue(name, "not available" if pd.isna(value) else value, display=False)
