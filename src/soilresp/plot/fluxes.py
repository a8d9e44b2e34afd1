"""Draw the maps of the fluxes and their annual totals."""

from soilresp.plot import maps
from soilresp.plot._parts import need
from soilresp.plot.style import COLOURS, FLUX_UNITS, TOTAL_UNITS, figure, styled

__all__ = [
    "CV_LEVELS", "CV_STYLE", "FLUX_LEVELS", "FLUX_STYLE", "RATIO_LEVELS", "RATIO_STYLE",
    "annual_series", "climatology_maps", "flux_map", "flux_maps",
]

FLUX_LEVELS = (0, 100, 200, 300, 400, 500, 600, 800, 1000, 1200, 1500)
"""Colour steps of SR, HR and AR alike, g C m-2 yr-1: one colour is one flux in all maps."""

CV_LEVELS = (20, 30, 40, 50, 60, 70, 80, 100)
"""Colour steps of the coefficients of variation, %."""

RATIO_LEVELS = (0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7)
"""Colour steps of AR/SR."""

FLUX_STYLE = {"levels": FLUX_LEVELS, "cmap": "viridis_r", "extend": "max"}
CV_STYLE = {"levels": CV_LEVELS, "cmap": "magma_r", "extend": "both"}
RATIO_STYLE = {"levels": RATIO_LEVELS, "cmap": "plasma", "extend": "both", "label": "AR/SR (–)"}

_MAPS = (
    ("SR", "Soil respiration, SR"),
    ("SR_cv", "Coefficient of variation of SR"),
    ("HR", "Heterotrophic respiration, HR"),
    ("HR_cv", "Coefficient of variation of HR"),
    ("AR", "Autotrophic respiration, AR = SR − HR"),
    ("AR_SR", "Share of AR in SR"),
)


@styled
def climatology_maps(climatology):
    """Map SR, HR, AR, the CV of SR and HR, and AR/SR (Figure 3 of Lu et al. 2021).

    Parameters
    ----------
    climatology : xarray.Dataset, dims (lat, lon)
        ``SR``, ``HR``, ``AR`` (g C m-2 yr-1 of vegetated area), ``SR_cv``,
        ``HR_cv`` (a fraction, or % if their ``units`` say so), ``AR_SR``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(8, 7.7)
    panels = []
    for name, words in _MAPS:
        field = climatology[name]
        if name.endswith("_cv") and field.attrs.get("units") != "%":
            field = 100 * field
        panels.append((field, words, _map_style(name)))
    maps.map_grid(fig, panels)
    return fig


@styled
def flux_map(flux, title=""):
    """Draw one map of a flux.

    Parameters
    ----------
    flux : xarray.DataArray, dims (lat, lon)
        SR, HR or AR (g C m-2 yr-1 of vegetated area); its name labels the colour bar.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(7, 3.9)
    ax = maps.map_axes(fig)[0, 0]
    maps.map_panel(ax, flux, title=title, **_map_style(flux.name))
    return fig


@styled
def flux_maps(climatology, totals, stacked=False):
    """Map SR, HR and AR side by side, each with its global total.

    Parameters
    ----------
    climatology : xarray.Dataset, dims (lat, lon)
        ``SR``, ``HR``, ``AR`` (g C m-2 yr-1 of vegetated area).
    totals : dict of float
        Global total of each flux, Pg C yr-1.
    stacked : bool
        One above the other, for narrow screens.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(4.2, 7.0) if stacked else figure(9.5, 2.35)
    axes = maps.map_axes(fig, 3, 1) if stacked else maps.map_axes(fig, 1, 3)
    for ax, name in zip(axes.flat, ("SR", "HR", "AR")):
        title = f"{name}: {totals[name]:.1f} {TOTAL_UNITS}"
        image = maps.map_panel(
            ax, climatology[name], no_data=name == "SR", colorbar=False, **_map_style(name)
        )
        ax.set_title(title, color=COLOURS[name], fontsize=12, fontweight="bold")
    bar = fig.colorbar(
        image, ax=axes, orientation="horizontal", shrink=0.95 if stacked else 0.5, aspect=45,
        pad=0.02, extend="max", ticks=FLUX_LEVELS[::2] if stacked else FLUX_LEVELS,
    )
    bar.set_label(f"Flux ({FLUX_UNITS} of vegetated area)")
    bar.outline.set_linewidth(0.5)
    return fig


def _map_style(name):
    if name == "AR_SR":
        return RATIO_STYLE
    if name.endswith("_cv"):
        return CV_STYLE | {"label": f"CV of {name.removesuffix('_cv')} (%)"}
    return FLUX_STYLE | {"label": f"{name} ({FLUX_UNITS})"}


@styled
def annual_series(table, paper_ranges=None):
    """Draw global totals by year, with the range of Lu et al. (2021).

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``year``, ``SR``, ``HR``, ``AR`` (Pg C yr-1), and optionally
        ``SR_sd``, ``HR_sd``, ``AR_sd``: half-widths of a band around the
        lines. A single row is a climatology and is drawn as a level line.
    paper_ranges : dict, optional
        Lowest and highest annual total of the paper by flux, Pg C yr-1, such
        as ``{"SR": (83.6, 87.8)}``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("year", "SR", "HR", "AR"), "annual_series")
    fig = figure(8, 5.4)
    axes = fig.subplots(3, 1, sharex=True)
    for ax, flux, letter in zip(axes, ("SR", "HR", "AR"), "abc"):
        if paper_ranges and flux in paper_ranges:
            ax.axhspan(
                *paper_ranges[flux], color="#BDBDBD", alpha=0.45, lw=0,
                label="range over the years in the paper",
            )
        _series(ax, table, flux)
        ax.set(ylabel=f"{flux} ({TOTAL_UNITS})", title=f"({letter}) {flux}")
        ax.margins(y=0.18)
        ax.grid(axis="y")
        ax.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 0.97), borderaxespad=0)
    axes[-1].set_xlabel("Year" if len(table) > 1 else "Any year (the covariates are a climatology)")
    return fig


def _series(ax, table, flux):
    colour = COLOURS[flux]
    if len(table) == 1:
        ax.axhline(table[flux].iloc[0], color=colour, label="this study, climatology")
        ax.tick_params(axis="x", bottom=False, labelbottom=False)
        return
    table = table.sort_values("year")
    year, total = table["year"].to_numpy(float), table[flux].to_numpy(float)
    if f"{flux}_sd" in table:
        half = table[f"{flux}_sd"].to_numpy(float)
        ax.fill_between(
            year, total - half, total + half, color=colour, alpha=0.2, lw=0,
            label="± SD of the runs",
        )
    ax.plot(year, total, "o-", ms=3.2, lw=1.3, color=colour, label="this study")
    ax.set_xlim(year.min() - 0.7, year.max() + 0.7)
    ax.xaxis.get_major_locator().set_params(integer=True)
