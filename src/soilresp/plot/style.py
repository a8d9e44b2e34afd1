"""Define the look of all figures: colours, fonts, units in words, and the label they carry.

Figures are made without pyplot: a notebook shows the one that a cell returns,
exactly once, and a batch run keeps none of them in memory.
"""

import functools
import io
import re
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

__all__ = [
    "COLOURS", "FLUX_UNITS", "TOTAL_UNITS", "VEGETATION_GROUPS", "StampedFigure", "current_label",
    "figure", "pretty_units", "styled", "use_style",
]

COLOURS = {
    "SR": "#0072B2",
    "HR": "#D55E00",
    "AR": "#009E73",
    "AR_SR": "#CC79A7",
    "paper": "#000000",
    "muted": "#8C8C8C",
    "label": "#8A1C4A",
}
"""Colour of each flux (Okabe and Ito's set), of the paper's values, and of asides."""

VEGETATION_GROUPS = {
    "Evergreen broadleaf forest": ((2,), "#3F6E50"),
    "Deciduous broadleaf forest": ((4,), "#7CC242"),
    "Needleleaf and mixed forest": ((1, 3, 5), "#80B8E2"),
    "Shrubland": ((6, 7), "#B39A7C"),
    "Savanna": ((8, 9), "#EFCB7A"),
    "Grassland and wetland": ((10, 11), "#FFF3E0"),
    "Cropland": ((12, 14), "#C98DB4"),
    "Barren, urban, ice": ((13, 15, 16), "#CDCDCD"),
}
"""IGBP classes and colour of each group of the vegetation map: tints, for points to be seen."""

FLUX_UNITS = "g C m⁻² yr⁻¹"
TOTAL_UNITS = "Pg C yr⁻¹"

_RC = matplotlib.rc_params_from_file(
    Path(__file__).with_name("soilresp.mplstyle"), use_default_template=False
)

_state = {"label": ""}

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class StampedFigure(Figure):
    """A figure that writes its label into its text form and its files."""

    @property
    def _words(self):
        panels = sum(1 for ax in self.axes if ax.get_label() != "<colorbar>")
        words = f"Figure of {panels} panel{'s' if panels != 1 else ''}"
        return f"{words}. {self.get_suptitle()}" if self.get_suptitle() else words

    def __repr__(self):
        return f"<{self._words}>"

    def _repr_png_(self):
        """Return the picture that a notebook shows, at the figure's own size and resolution.

        With 256 colours it takes a third of the bytes, and looks the same.
        """
        full, small = io.BytesIO(), io.BytesIO()
        self.savefig(full, format="png", dpi=self.dpi)
        picture = Image.open(full)
        words = PngInfo()
        words.add_text("Description", picture.text["Description"])
        picture.convert("RGB").quantize(256, kmeans=1, dither=Image.Dither.NONE).save(
            small, format="png", optimize=True, dpi=(self.dpi, self.dpi), pnginfo=words
        )
        return small.getvalue()

    def savefig(self, fname, **kwargs):
        """Save as `matplotlib.figure.Figure.savefig` does; a PNG also gets the label as text."""
        if str(kwargs.get("format", fname)).lower().endswith("png"):
            kwargs["metadata"] = {"Description": self._words} | (kwargs.get("metadata") or {})
        super().savefig(fname, **kwargs)


def use_style(label=""):
    """Give all figures made from now on the study's look, and a label.

    Parameters
    ----------
    label : str
        Words that every figure carries above its top left corner, such as
        "Twin experiment: synthetic observations, known truth". Empty: none.

    Examples
    --------
    >>> use_style("Trial run")
    >>> figure().get_suptitle()
    'Trial run'
    >>> use_style()
    >>> figure().get_suptitle()
    ''
    """
    _state["label"] = str(label)
    matplotlib.rcParams.update(_RC)


def current_label():
    """Return the label that figures carry now; empty when there is none."""
    return _state["label"]


def styled(function):
    """Draw a figure in the study's look, whatever the settings of the session."""

    @functools.wraps(function)
    def drawn(*args, **kwargs):
        with matplotlib.rc_context(_RC):
            return function(*args, **kwargs)

    return drawn


@styled
def figure(width=8.0, height=4.0):
    """Make an empty figure that carries the label.

    Parameters
    ----------
    width, height : float
        Inches; a page of the book is 8 wide.

    Returns
    -------
    StampedFigure
        With constrained layout.
    """
    fig = StampedFigure(figsize=(width, height))
    FigureCanvasAgg(fig)
    if _state["label"]:
        fig.suptitle(
            _state["label"], x=0.008, ha="left", fontsize=9.5, fontweight="bold",
            color=COLOURS["label"],
        )
    return fig


def pretty_units(units):
    """Write CF units with superscripts.

    Parameters
    ----------
    units : str

    Returns
    -------
    str

    Examples
    --------
    >>> pretty_units("g C m-2 yr-1")
    'g C m⁻² yr⁻¹'
    >>> pretty_units("degC"), pretty_units("1")
    ('°C', '–')
    """
    words = {"degC": "°C", "1": "–", "": "–", "percent": "%"}
    if units in words:
        return words[units]
    return re.sub(
        r"(?<=[A-Za-z])-?\d+\b", lambda power: power.group().translate(_SUPERSCRIPT), units
    )
