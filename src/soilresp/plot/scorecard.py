"""Draw the figures of a model's scorecard: maps, profiles, Taylor diagram, totals."""

import numpy as np
from matplotlib.lines import Line2D

from soilresp.plot import maps
from soilresp.plot._parts import flux_panels, latitude_axis, name_rows, need
from soilresp.plot.fluxes import FLUX_STYLE
from soilresp.plot.style import COLOURS, FLUX_UNITS, TOTAL_UNITS, figure, styled

__all__ = ["model_totals", "score_maps", "score_profiles", "scorecard_figures", "taylor_diagram"]

_BIAS_STEPS = (10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000)
_Z_LEVELS = (-4, -3, -2, -1, 1, 2, 3, 4)
_MARKERS = {"SR": "o", "HR": "s", "AR": "^"}
_BESIDE = ((-11, 9), (11, 9), (11, -9), (-11, -9))
_LAND = f"{FLUX_UNITS} of land"


@styled
def score_maps(fields, flux, name="model"):
    """Map a model, the benchmark, their difference, and that over the benchmark's SD.

    Parameters
    ----------
    fields : xarray.Dataset, dims (lat, lon)
        ``HR``, ``HR_benchmark``, ``HR_bias`` (g C m-2 yr-1 of land) and, if there,
        ``HR_z``; see `soilresp.scoring.maps.Scores`.
    flux : {"SR", "HR", "AR"}
    name : str
        Of the model.

    Returns
    -------
    matplotlib.figure.Figure
    """
    bias, z = fields[f"{flux}_bias"], fields.get(f"{flux}_z")
    flux_style = FLUX_STYLE | {"label": f"{flux} ({_LAND})", "extend": None}
    panels = [
        (fields[flux], f"{name}, {flux}", flux_style),
        (fields[f"{flux}_benchmark"], f"Benchmark, {flux}", flux_style),
        (bias, "Difference", {
            "levels": _bias_levels(bias), "cmap": "RdBu_r", "label": f"model − benchmark ({_LAND})",
        }),
    ]
    if z is not None:
        style = {"levels": _Z_LEVELS, "cmap": "RdBu_r", "label": "z (–)"}
        panels.append((z, "Difference over the benchmark's SD", style))
    fig = figure(8, 5.2)
    maps.map_grid(fig, panels)
    return fig


def _bias_levels(bias):
    """Return symmetric round steps that hold nine tenths of the differences."""
    size = float(np.nanpercentile(np.abs(bias), 90))
    step = next((s for s in _BIAS_STEPS if 4 * s >= size), _BIAS_STEPS[-1])
    return step * np.arange(-4, 5)


@styled
def score_profiles(profiles, name="model"):
    """Draw a model and the benchmark by latitude, with the mean SD of the benchmark's cells.

    Parameters
    ----------
    profiles : xarray.Dataset, dim (lat)
        ``HR``, ``HR_benchmark`` and, if there, ``HR_benchmark_sd`` for each flux, g C
        m-2 yr-1 of land.
    name : str
        Of the model.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fluxes = [v for v in ("SR", "HR", "AR") if v in profiles]
    fig = figure(8 if len(fluxes) > 1 else 5, 4.6)
    lat = profiles["lat"].values
    panels = flux_panels(fig, fluxes, sharey=True)
    for ax, flux in panels:
        ours = profiles[f"{flux}_benchmark"].values
        if f"{flux}_benchmark_sd" in profiles:
            half = profiles[f"{flux}_benchmark_sd"].values
            ax.fill_betweenx(lat, np.maximum(ours - half, 0), ours + half, color="#BDBDBD",
                             alpha=0.5, lw=0, label="benchmark ± SD of its cells")
        ax.plot(ours, lat, color=COLOURS["paper"], lw=2, label="benchmark")
        ax.plot(profiles[flux].values, lat, color=COLOURS[flux], label=name)
        ax.set(xlabel=f"{flux} ({_LAND})", xlim=(0, None))
        ax.grid()
        ax.locator_params(axis="x", nbins=5)
        ax.legend(loc="upper right", fontsize=7.5)
    latitude_axis(panels[0][0])
    return fig


@styled
def taylor_diagram(table, highlight=None):
    """Draw correlation and spread of models beside the benchmark (Taylor 2001).

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``model``, ``flux``, ``r``, ``sigma_ratio``; rows without numbers are
        left out.
    highlight : str, optional
        Model that is drawn in full colour.

    Returns
    -------
    matplotlib.figure.Figure

    Notes
    -----
    Distance from the star is the centred RMSE over the benchmark's SD (grey arcs).
    """
    need(table, ("model", "flux", "r", "sigma_ratio"), "taylor_diagram")
    table = table.dropna(subset=["r", "sigma_ratio"])
    low = min(0.0, float(table["r"].min()))
    outer = max(1.6, 1.1 * float(table["sigma_ratio"].max()))
    fig = figure(6.4, 4.6)
    ax = fig.add_subplot(projection="polar")
    _taylor_frame(ax, outer, full=low < 0)
    numbers = {m: k for k, m in enumerate(dict.fromkeys(table["model"]), 1)}
    for row in table.itertuples():
        mine = row.model == highlight
        point = (np.arccos(np.clip(row.r, -1, 1)), row.sigma_ratio)
        ax.plot(
            *point, _MARKERS[row.flux],
            ms=9 if mine else 6.5, color=COLOURS[row.flux], alpha=1 if mine else 0.55,
            mec="black" if mine else "none", zorder=4,
        )
        ax.annotate(
            str(numbers[row.model]), point, xytext=_BESIDE[numbers[row.model] % len(_BESIDE)],
            textcoords="offset points", ha="center", va="center", fontsize=8, zorder=5,
        )
    handles = [Line2D([], [], ls="", marker="*", ms=11, color=COLOURS["paper"], label="benchmark")]
    handles += [
        Line2D([], [], ls="", marker=_MARKERS[f], color=COLOURS[f], label=f)
        for f in _MARKERS if f in set(table["flux"])
    ]
    handles += [Line2D([], [], ls="", label=f"{k}  {m}") for m, k in numbers.items()]
    fig.legend(handles=handles, loc="outside center right", handletextpad=0.3)
    return fig


def _taylor_frame(ax, outer, full):
    ax.set(thetamin=0, thetamax=180 if full else 90, rmax=outer)
    ticks = np.array([0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99, 1])
    ticks = np.concatenate([-ticks[:0:-1], ticks]) if full else ticks
    ax.set_thetagrids(np.rad2deg(np.arccos(ticks)), [f"{t:g}".replace("-", "−") for t in ticks])
    ax.set_rgrids(np.arange(0.5, outer, 0.5), angle=0)
    ax.grid(color="#DDDDDD", lw=0.6)
    angle = np.linspace(0, np.pi, 200)
    for distance in np.arange(0.5, outer, 0.5):
        x, y = 1 + distance * np.cos(angle), distance * np.sin(angle)
        radius = np.hypot(x, y)
        inside = (radius <= outer) & (full | (x >= 0))
        ax.plot(np.arctan2(y, x)[inside], radius[inside], color="#A9A9A9", lw=0.7, ls=":")
    ax.plot(0, 1, "*", ms=13, color=COLOURS["paper"], clip_on=False, zorder=5)
    ax.set_xlabel("SD over that of the benchmark (–)", labelpad=16)
    at = np.deg2rad(90 if full else 45)
    ax.text(at, outer * (1.12 if full else 1.17), "Correlation r (–)", ha="center", va="center",
            rotation=0 if full else -45, fontsize=9)


@styled
def model_totals(table, benchmark, highlight):
    """Draw global totals of known models, with the benchmark's, and one model marked.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``flux``, ``model``, ``value`` (Pg C yr-1).
    benchmark : mapping of str to float
        The benchmark's totals by flux.
    highlight : str
        Model that is marked.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("flux", "model", "value"), "model_totals")
    fluxes = [f for f in ("SR", "HR", "AR") if f in set(table["flux"])]
    known = table[table["value"].notna()].sort_values("value", ascending=False)
    rows = {flux: known[known["flux"] == flux] for flux in fluxes}
    longest = max(len(r) for r in rows.values())
    fig = figure(8 if len(fluxes) > 1 else 5.5, 1.1 + 0.2 * longest)
    for ax, flux in flux_panels(fig, fluxes):
        own = rows[flux]
        mine = (own["model"] == highlight).to_numpy()
        at = np.arange(len(own))
        value = own["value"].to_numpy(float)
        ax.plot(value[~mine], at[~mine], "o", ms=5, color=COLOURS["muted"])
        ax.plot(value[mine], at[mine], "D", ms=7, color=COLOURS[flux])
        ax.axvline(benchmark[flux], color=COLOURS["paper"], ls="--", lw=1)
        name_rows(ax, own["model"], fontsize=7.5)
        for tick, this in zip(ax.get_yticklabels(), mine):
            tick.set_fontweight("bold" if this else "normal")
        ax.set_xlabel(f"{flux} ({TOTAL_UNITS})")
        ax.grid(axis="both")
    return fig


def scorecard_figures(card):
    """Draw the figures of a scorecard, by the names that its sections have for them.

    Parameters
    ----------
    card : soilresp.scoring.Scorecard

    Returns
    -------
    dict of str to (matplotlib.figure.Figure, str)
        Figure and caption.
    """
    facts = card.scores.facts
    drawn = {
        "totals": (model_totals(card.totals, facts["benchmark_totals"], card.name),
                   "Global totals of the models that are known; dashed: the benchmark."),
        "taylor": (taylor_diagram(card.maps, card.name),
                   "Taylor diagram of the maps; dotted: centred RMSE over the benchmark's SD."),
        "zonal": (score_profiles(card.scores.profiles, card.name),
                  "By latitude, per m² of the benchmark's land."),
    }
    for flux in facts["scores"]:
        words = f"{flux} of {card.name} and of the benchmark, per m² of land, and their difference."
        drawn[f"maps_{flux}"] = score_maps(card.scores.maps, flux, card.name), words
    return drawn
