"""Figures of the model intercomparison: zonal profiles, global totals, site scores."""

import itertools

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from soilresp.errors import DataError
from soilresp.plot._parts import need, say_missing, write_value
from soilresp.plot.style import COLOURS, FLUX_UNITS, TOTAL_UNITS, figure, styled

__all__ = ["BENCHMARK", "PROVENANCE", "flux_bars", "site_scores", "zonal_profiles"]

BENCHMARK = "RF benchmark"
"""Name of the row that stands for the benchmark of this study."""

PROVENANCE = {
    "benchmark": ("benchmark of this study", "", 1.0),
    "stated": ("stated in the paper", "", 0.45),
    "derived": ("follows from the paper; floating: bounds only", "...", 0.25),
    "computed": ("computed here from model output", "////", 0.45),
    "empirical": ("empirical model, computed here", "xxxx", 0.45),
}
"""Words, hatch and opacity of the bars of each provenance."""

_QUANTITIES = {
    "SR": f"SR ({TOTAL_UNITS})",
    "HR": f"HR ({TOTAL_UNITS})",
    "AR": f"AR ({TOTAL_UNITS})",
    "AR_SR": "AR/SR (–)",
}

_LINE_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999933")
_LINE_STYLES = ("-", "--", ":")


@styled
def zonal_profiles(profiles, benchmark=BENCHMARK):
    """Zonal means of the benchmark and of models (Figure 6 of Lu et al. 2021).

    Parameters
    ----------
    profiles : xarray.Dataset
        ``SR``, ``HR``, ``AR`` (g C m-2 yr-1 of land), ``AR_SR``, dims (model,
        lat); NaN where a model does not give a flux. ``SR_mad``, ``HR_mad``,
        ``AR_mad``, dim (lat), if there: half-width of the benchmark's band.
    benchmark : str
        Which ``model`` is the benchmark.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(8, 5.6)
    axes = fig.subplots(1, 4, sharey=True)
    models = [str(m) for m in profiles["model"].values]
    others = [m for m in models if m != benchmark]
    looks = dict(zip(others, ((c, s) for s, c in itertools.product(_LINE_STYLES, _LINE_COLOURS))))
    handles = {benchmark: None}
    for ax, name, letter in zip(axes, _QUANTITIES, "abcd"):
        handles |= _profile_lines(ax, profiles, name, benchmark, looks)
        ax.set_title(f"({letter}) {name.replace('_', '/')}")
        ax.set_xlabel("AR/SR (–)" if name == "AR_SR" else f"{name} ({FLUX_UNITS})")
        ax.set_xlim(left=0)
        ax.grid()
        ax.locator_params(axis="x", nbins=4)
    axes[0].set(ylim=(-56, 82), yticks=range(-40, 81, 20), ylabel="Latitude (°N)")
    fig.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    return fig


def _profile_lines(ax, profiles, name, benchmark, looks):
    handles = {}
    lat = profiles["lat"].values
    if f"{name}_mad" in profiles:
        centre, half = profiles[name].sel(model=benchmark), profiles[f"{name}_mad"]
        handles["benchmark ± MAD"] = ax.fill_betweenx(
            lat, np.maximum(centre - half, 0), centre + half, color="#BDBDBD", alpha=0.5, lw=0
        )
    for model, (colour, style) in looks.items():
        values = profiles[name].sel(model=model)
        if values.notnull().any():
            handles[model] = ax.plot(values, lat, style, color=colour, lw=1.0)[0]
    handles[benchmark] = ax.plot(
        profiles[name].sel(model=benchmark), lat, color=COLOURS["paper"], lw=2
    )[0]
    return handles


@styled
def flux_bars(table, means=None):
    """Global totals of the benchmark and of models (Figure 5 of Lu et al. 2021).

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``model``, ``quantity`` ("SR", "HR", "AR" in Pg C yr-1,
        "AR_SR"; others are passed over), ``value`` (NaN: not given),
        ``provenance`` (a key of `PROVENANCE`); optionally ``low`` and ``high``,
        the range of a value, or the bounds of one that is not given; and
        ``group``, a heading for its models. Drawn in their order of appearance.
    means : dict, optional
        Mean of the models by quantity; drawn as a dashed line.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If a column is missing, or a model of a group has two values of a quantity.
    """
    need(table, ("model", "quantity", "value", "provenance"), "flux_bars")
    table = table[table["quantity"].isin(list(_QUANTITIES))]
    table = table.assign(**{c: table.get(c, np.nan) for c in ("low", "high")})
    table = table.assign(group=table.get("group", ""))
    _refuse_repeats(table)
    places, headings = _places(table)
    bottom = max([*places.values(), *headings.values()])
    fig = figure(8, 1.9 + 0.26 * (bottom + 1))
    axes = fig.subplots(1, 4, sharey=True)
    for ax, (quantity, label), letter in zip(axes, _QUANTITIES.items(), "abcd"):
        rows = table[table["quantity"] == quantity].set_index(["group", "model"])
        _bars(ax, rows.reindex(list(places)), list(places.values()), COLOURS[quantity])
        if means and quantity in means:
            ax.axvline(means[quantity], color=COLOURS["paper"], ls="--", lw=1)
        ax.set_title(f"({letter}) {quantity.replace('_', '/')}")
        ax.set_xlabel(label)
        ax.tick_params(axis="y", length=0)
    axes[0].set_yticks(
        [*places.values(), *headings.values()], [*(m for _, m in places), *headings]
    )
    for tick in axes[0].get_yticklabels()[len(places):]:
        tick.set(fontweight="bold", fontsize=8)
    axes[0].set_ylim(bottom + 0.6, -0.6)
    fig.legend(
        handles=_bar_legend(table, means), loc="outside lower center", ncols=2, handleheight=1.0
    )
    return fig


def _refuse_repeats(table):
    repeated = table[table.duplicated(["group", "model", "quantity"])]
    if len(repeated):
        first = repeated.iloc[0]
        raise DataError(
            f"flux_bars got two values of {first['quantity']} for {first['model']!r}. Give each "
            "source a 'group' of its own, or leave one out."
        )


def _places(table):
    """Height of each (group, model), and of each group's heading if there are several."""
    places, headings, at = {}, {}, 0
    several = table["group"].nunique() > 1
    for group, rows in table.groupby("group", sort=False):
        models = list(dict.fromkeys(rows["model"]))
        if several and len(models) > 1:
            headings[group[:1].upper() + group[1:]] = at
            at += 1
        for model in models:
            places[group, model] = at
            at += 1
        at += 0.3 if several else 0
    return places, headings


def _bars(ax, rows, places, colour):
    ends = rows[["value", "high"]].max(axis=1)
    top = ends.max()
    # Bounds take more room to write than a value.
    bounded = (rows["value"].isna() & rows["high"].notna()).any()
    ax.set_xlim(0, (1.55 if bounded else 1.24) * top if np.isfinite(top) else 1)
    form = ".2f" if top < 2 else ".1f"
    for at, end, row in zip(places, ends, rows.itertuples()):
        ranged = row.high > row.low
        if not np.isfinite(end):
            say_missing(ax, at)
            continue
        _, hatch, alpha = PROVENANCE[row.provenance]
        look = {"height": 0.7, "facecolor": (colour, alpha), "edgecolor": colour, "hatch": hatch}
        if np.isfinite(row.value):
            ax.barh(at, row.value, lw=0.8, **look)
            write_value(ax, at, end, format(row.value, form))
            if ranged:
                ax.plot([row.low, row.high], [at, at], color="#333333", lw=1.2)
        else:
            ax.barh(at, row.high - row.low, left=row.low, lw=0.8, **look)
            write_value(ax, at, end, f"{row.low:{form}}–{row.high:{form}}")


def _bar_legend(table, means):
    grey = COLOURS["muted"]
    given = table["value"].notna() | table["high"].notna()
    handles = [
        Patch(facecolor=(grey, alpha), edgecolor=grey, hatch=hatch, label=words)
        for key, (words, hatch, alpha) in PROVENANCE.items()
        if key in set(table.loc[given, "provenance"])
    ]
    if means:
        handles.append(
            Line2D([], [], color=COLOURS["paper"], ls="--", lw=1, label="mean of the models")
        )
    return handles


@styled
def site_scores(table, benchmark=BENCHMARK):
    """RMSE and correlation of each model at the sites (Figure 4 of Lu et al. 2021).

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``model``, ``target`` ("SR", "HR"), ``rmse`` (g C m-2 yr-1),
        ``r``; NaN where a model does not give the flux. Models are drawn in
        their order of appearance.
    benchmark : str
        How the names of the benchmark's rows begin; they are drawn in full colour.

    Returns
    -------
    matplotlib.figure.Figure
    """
    need(table, ("model", "target", "rmse", "r"), "site_scores")
    models = list(dict.fromkeys(table["model"]))
    fig = figure(8, 2.0 + 0.44 * len(models))
    axes = fig.subplots(2, 2, sharey=True, sharex="row")
    scores = (("rmse", f"RMSE ({FLUX_UNITS})", ".0f"), ("r", "Correlation r (–)", ".2f"))
    letters = iter("abcd")
    for row, (score, label, form) in zip(axes, scores):
        for ax, target in zip(row, ("SR", "HR")):
            values = table[table["target"] == target].set_index("model")[score].reindex(models)
            _score_dots(ax, values, COLOURS[target], benchmark, form)
            ax.set_title(f"({next(letters)}) {target}")
            ax.set_xlabel(label)
        worst = table[score].min()
        row[0].set_xlim(worst - 0.08 if worst < 0 else 0, 1.14 * table[score].max())
    axes[0, 0].set_yticks(np.arange(len(models)), models)
    axes[0, 0].set_ylim(len(models) - 0.5, -0.5)
    return fig


def _score_dots(ax, values, colour, benchmark, form):
    for at, (model, value) in enumerate(values.items()):
        if not np.isfinite(value):
            say_missing(ax, at)
            continue
        alpha = 1 if model.startswith(benchmark) else 0.5
        ax.plot([0, value], [at, at], color=colour, lw=2, alpha=alpha, solid_capstyle="butt")
        ax.plot(value, at, "o", ms=6, color=colour, alpha=alpha)
        write_value(ax, at, max(value, 0), format(value, form), gap=7)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
