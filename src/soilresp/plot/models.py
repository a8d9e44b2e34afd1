"""Draw the model intercomparison: profiles, totals, site scores, pools, spread."""

import itertools

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from soilresp.errors import DataError
from soilresp.plot import _parts, maps
from soilresp.plot.style import COLOURS, FLUX_UNITS, TOTAL_UNITS, figure, styled
from soilresp.scoring.pools import fit_line, line_band

__all__ = [
    "BENCHMARK", "GROUP_LOOKS", "PROVENANCE", "flux_bars", "model_spread", "pool_bars",
    "respiration_against", "site_scores", "zonal_profiles",
]

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

_QUANTITIES = {f: f"{f} ({TOTAL_UNITS})" for f in ("SR", "HR", "AR")} | {"AR_SR": "AR/SR (–)"}

GROUP_LOOKS = {
    "output of the ten, computed here": ("#000000", "D"),
    "available output": ("#D55E00", "s"),
    "ISIMIP series": ("#0072B2", "o"),
    "CMIP6 series": ("#999933", "^"),
}
"""Colour and marker of each group of models."""

_DRIVERS = {
    "cSoil": "Soil carbon (Pg C)",
    "cLitter": "Litter carbon (Pg C)",
    "cRoot": "Root carbon (Pg C)",
    "GPP": f"GPP ({TOTAL_UNITS})",
    "NPP": f"NPP ({TOTAL_UNITS})",
}

_SIGNIFICANT = 0.05

_ABSENT = "#767676"

_LINE_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999933")
_LINE_STYLES = ("-", "--", ":")


@styled
def zonal_profiles(profiles, benchmark=BENCHMARK):
    """Draw zonal means of the benchmark and of models (Figure 6 of Lu et al. 2021).

    Parameters
    ----------
    profiles : xarray.Dataset
        ``SR``, ``HR``, ``AR`` (g C m-2 yr-1 of land), ``AR_SR``, dims (model,
        lat); NaN where a model does not give a flux. ``SR_mad``, ``HR_mad``,
        ``AR_mad``, dim (lat), if there: half-width of the benchmark's band.
    benchmark : str
        Name of the benchmark in ``model``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(8, 5.6)
    panels = _parts.flux_panels(fig, tuple(_QUANTITIES), sharey=True)
    models = [str(m) for m in profiles["model"].values]
    others = [m for m in models if m != benchmark]
    looks = dict(zip(others, ((c, s) for s, c in itertools.product(_LINE_STYLES, _LINE_COLOURS))))
    handles = {benchmark: None}
    for ax, name in panels:
        handles |= _profile_lines(ax, profiles, name, benchmark, looks)
        label = "AR/SR (–)" if name == "AR_SR" else f"{name} ({FLUX_UNITS})"
        ax.set(xlabel=label, xlim=(0, None))
        ax.grid()
        ax.locator_params(axis="x", nbins=4)
    _parts.latitude_axis(panels[0][0])
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
    """Draw global totals of the benchmark and of models (Figure 5 of Lu et al. 2021).

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``model``, ``quantity`` ("SR", "HR", "AR" in Pg C yr-1,
        "AR_SR"; others are passed over), ``value`` (NaN: not given),
        ``provenance`` (a key of `PROVENANCE`); optionally ``low`` and ``high``,
        the range of a value, or the bounds of one that is not given;
        ``group``, a heading for its models; and ``available``, false for models
        without output, whose names are grey. Drawn in their order of appearance.
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
    _parts.need(table, ("model", "quantity", "value", "provenance"), "flux_bars")
    table = table[table["quantity"].isin(list(_QUANTITIES))]
    table = table.assign(**{c: table.get(c, np.nan) for c in ("low", "high")})
    table = table.assign(group=table.get("group", ""), available=table.get("available", True))
    repeated = table[table.duplicated(["group", "model", "quantity"])]
    if len(repeated):
        first = repeated.iloc[0]
        raise DataError(
            f"flux_bars got two values of {first['quantity']} for {first['model']!r}. Give each "
            "source a 'group' of its own, or leave one out."
        )
    places, headings = _places(table)
    bottom = max([*places.values(), *headings.values()])
    fig = figure(8, 1.9 + 0.26 * (bottom + 1))
    panels = _parts.flux_panels(fig, tuple(_QUANTITIES), sharey=True)
    first = panels[0][0]
    for ax, quantity in panels:
        rows = table[table["quantity"] == quantity].set_index(["group", "model"])
        _bars(ax, rows.reindex(list(places)), list(places.values()), COLOURS[quantity])
        if means and quantity in means:
            ax.axvline(means[quantity], color=COLOURS["paper"], ls="--", lw=1)
        ax.set_xlabel(_QUANTITIES[quantity])
        ax.tick_params(axis="y", length=0)
    first.set_yticks([*places.values(), *headings.values()], [*(m for _, m in places), *headings])
    for tick in first.get_yticklabels()[len(places):]:
        tick.set(fontweight="bold", fontsize=8)
    here = table.groupby(["group", "model"])["available"].any()
    _grey_absent(first, [here[place] for place in places])
    first.set_ylim(bottom + 0.6, -0.6)
    fig.legend(
        handles=_bar_legend(table, means), loc="outside lower center", ncols=2, handleheight=1.0
    )
    return fig


def _grey_absent(ax, available):
    """Write the names of models without output in grey."""
    for tick, here in zip(ax.get_yticklabels(), available):
        if not here:
            tick.set_color(_ABSENT)


def _places(table):
    """Return the heights of each (group, model), and of the headings of several groups."""
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
            _parts.say_missing(ax, at)
            continue
        _, hatch, alpha = PROVENANCE[row.provenance]
        look = {"height": 0.7, "facecolor": (colour, alpha), "edgecolor": colour, "hatch": hatch}
        if np.isfinite(row.value):
            ax.barh(at, row.value, lw=0.8, **look)
            _parts.write_value(ax, at, end, format(row.value, form))
            if ranged:
                ax.plot([row.low, row.high], [at, at], color="#333333", lw=1.2)
        else:
            ax.barh(at, row.high - row.low, left=row.low, lw=0.8, **look)
            _parts.write_value(ax, at, end, f"{row.low:{form}}–{row.high:{form}}")


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
    """Draw RMSE and correlation of each model at the sites (Figure 4 of Lu et al. 2021).

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``model``, ``target`` ("SR", "HR"), ``rmse`` (g C m-2 yr-1),
        ``r``; NaN where a model does not give the flux; optionally ``available``,
        false for models without output, whose names are grey. Models are drawn
        in their order of appearance.
    benchmark : str
        How the names of the benchmark's rows begin; they are drawn in full colour.

    Returns
    -------
    matplotlib.figure.Figure
    """
    _parts.need(table, ("model", "target", "rmse", "r"), "site_scores")
    models = list(dict.fromkeys(table["model"]))
    fig = figure(8, 2.0 + 0.44 * len(models))
    axes = fig.subplots(2, 2, sharey=True, sharex="row")
    scores = (("rmse", f"RMSE ({FLUX_UNITS})", ".0f"), ("r", "Correlation r (–)", ".2f"))
    letters = iter("abcd")
    for row, (score, label, form) in zip(axes, scores):
        for ax, target in zip(row, ("SR", "HR")):
            values = table[table["target"] == target].set_index("model")[score].reindex(models)
            _score_dots(ax, values, COLOURS[target], benchmark, form)
            ax.set(title=f"({next(letters)}) {target}", xlabel=label)
        worst = table[score].min()
        row[0].set_xlim(worst - 0.08 if worst < 0 else 0, 1.14 * table[score].max())
    _parts.name_rows(axes[0, 0], models)
    if "available" in table:
        here = table.groupby("model")["available"].any()
        for row in axes:
            _grey_absent(row[0], [here[m] for m in models])
    return fig


def _score_dots(ax, values, colour, benchmark, form):
    for at, (model, value) in enumerate(values.items()):
        if not np.isfinite(value):
            _parts.say_missing(ax, at)
            continue
        alpha = 1 if model.startswith(benchmark) else 0.5
        ax.plot([0, value], [at, at], color=colour, lw=2, alpha=alpha, solid_capstyle="butt")
        ax.plot(value, at, "o", ms=6, color=colour, alpha=alpha)
        _parts.write_value(ax, at, max(value, 0), format(value, form), gap=7)
    ax.grid(axis="x")


@styled
def pool_bars(table):
    """Draw carbon pools, GPP and NPP of models (Figure 8 of Lu et al. 2021).

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``group`` (a key of `GROUP_LOOKS`), ``model``, ``cSoil``,
        ``cLitter``, ``cRoot`` (Pg C), ``GPP``, ``NPP`` (Pg C yr-1); NaN where a
        model does not give it. Without a row, panels say that there is no model.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if len(table):
        _parts.need(table, ("group", "model", *_DRIVERS), "pool_bars")
    table = table.reindex(columns=["group", "model", *_DRIVERS])
    table = table[table[list(_DRIVERS)].notna().any(axis=1)]
    fig = figure(8, 7.2)
    grid = fig.add_gridspec(2, 1, height_ratios=(1, 2.6))
    upper, lower = grid[0].subgridspec(1, 3), grid[1].subgridspec(1, 2)
    axes = [fig.add_subplot(upper[i]) for i in range(3)]
    axes += [fig.add_subplot(lower[i]) for i in range(2)]
    for ax, (name, label), letter in zip(axes, _DRIVERS.items(), "abcde"):
        rows = table[table[name].notna()].reset_index(drop=True)
        ax.set_title(f"({letter}) {name}")
        if rows.empty:
            _parts.empty_panel(ax, "no available model gives it")
            continue
        colours = [GROUP_LOOKS[g][0] for g in rows["group"]]
        ax.barh(rows.index, rows[name], height=0.7, color=colours, alpha=0.75)
        for at, value in rows[name].items():
            _parts.write_value(ax, at, value, f"{value:,.0f}")
        _parts.name_rows(ax, rows["model"], fontsize=7.5)
        ax.set(xlim=(0, 1.2 * rows[name].max()), xlabel=label)
    _group_legend(fig, table, bars=True)
    return fig


def _group_legend(fig, table, bars=False):
    handles = [
        Line2D([], [], ls="", marker="s" if bars else marker, color=colour, ms=5, label=group)
        for group, (colour, marker) in GROUP_LOOKS.items() if group in set(table["group"])
    ]
    if handles:
        fig.legend(handles=handles, loc="outside lower center", ncols=4)


@styled
def respiration_against(table, drivers=("cSoil", "cLitter", "cRoot")):
    """Draw fluxes of models against pools or production (Figures 7 and 9 of Lu et al. 2021).

    A line is drawn from three models up, with the 95 % band of its mean, dashed
    where the slope is not significant (p >= 0.05).

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``group`` (a key of `GROUP_LOOKS`), ``SR``, ``HR``, ``AR`` and the
        drivers: totals, Pg C yr-1, pools Pg C.
    drivers : sequence of str
        Any of ``cSoil cLitter cRoot GPP NPP``, a row of panels each.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if len(table):
        _parts.need(table, ("group", "SR", "HR", "AR", *drivers), "respiration_against")
    table = table.reindex(columns=["group", "SR", "HR", "AR", *drivers])
    fig = figure(8, 0.7 + 2.35 * len(drivers))
    axes = fig.subplots(len(drivers), 3, squeeze=False)
    letters = iter("abcdefghi")
    for row, driver in zip(axes, drivers):
        for ax, flux in zip(row, ("SR", "HR", "AR")):
            ax.set_title(f"({next(letters)}) {flux}, {driver}")
            pairs = table[table[[driver, flux]].notna().all(axis=1)]
            if pairs.empty:
                _parts.empty_panel(ax, "no available model\ngives both")
                continue
            _scatter_with_line(ax, pairs, driver, flux)
            ax.set(xlabel=_DRIVERS[driver], ylabel=f"{flux} ({TOTAL_UNITS})")
    _group_legend(fig, table)
    return fig


def _scatter_with_line(ax, pairs, driver, flux):
    """Draw points by group, the line and its band, and its slope in words."""
    for group, part in pairs.groupby("group"):
        colour, marker = GROUP_LOOKS[group]
        ax.plot(part[driver], part[flux], ls="", marker=marker, ms=5, color=colour, alpha=0.85)
    line = fit_line(pairs[driver], pairs[flux])
    if not np.isfinite(line["slope"]):
        ax.set_title(f"{ax.get_title(loc='left')}, n = {line['n']}: no line", loc="left")
        return
    at = np.linspace(pairs[driver].min(), pairs[driver].max(), 50)
    centre, low, high = line_band(pairs[driver], pairs[flux], at)
    dashed = "--" if line["p"] >= _SIGNIFICANT else "-"
    points = pairs[flux]
    reach = max(points.max() - points.min(), 1.0)
    bottom, top = points.min() - reach, points.max() + reach
    ax.fill_between(at, low, high, color="#8C8C8C", alpha=0.22, lw=0)
    ax.plot(at, centre, dashed, color="#333333", lw=1.3)
    # The band of very few models is far wider than the points: it is cut at the panel.
    ax.set_ylim(max(bottom, min(low.min(), points.min())) - 0.04 * reach,
                min(top, max(high.max(), points.max())) + 0.35 * reach)
    p = "p < 0.001" if line["p"] < 0.001 else f"p = {line['p']:.2g}"
    ax.text(
        0.03, 0.97,
        f"slope {line['slope']:.2g} [{line['slope_low']:.2g}, {line['slope_high']:.2g}]\n"
        f"{p}, n = {line['n']}",
        transform=ax.transAxes, va="top", fontsize=7.5, linespacing=1.3,
    )


@styled
def model_spread(spread, variation):
    """Draw the range of totals across models, and map the CV of HR across models.

    Parameters
    ----------
    spread : pandas.DataFrame
        Columns ``group``, ``quantity``, ``range_percent``, ``n``.
    variation : xarray.Dataset
        ``HR_cv`` (%), dims (lat, lon), and the attribute ``n_models``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    _parts.need(spread, ("group", "quantity", "range_percent", "n"), "model_spread")
    fig = figure(8, 5.6)
    upper, lower = fig.add_gridspec(2, 1, height_ratios=(1, 1.35))
    ax = fig.add_subplot(upper)
    rows = spread.reset_index(drop=True)
    colours = [COLOURS.get(quantity, COLOURS["muted"]) for quantity in rows["quantity"]]
    ax.barh(rows.index, rows["range_percent"], height=0.7, color=colours, alpha=0.75)
    for at, row in rows.iterrows():
        value = row["range_percent"]
        _parts.write_value(ax, at, value, f"{value:.0f} % (n = {row['n']})")
    _parts.name_rows(ax, rows["quantity"] + ", " + rows["group"], fontsize=7.5)
    ax.set(xlim=(0, 1.18 * rows["range_percent"].max()), title="(a) Range across models",
           xlabel="(highest − lowest) / mean of the global totals (%)")
    place = fig.add_subplot(lower, projection=maps.PROJECTION)
    if bool(variation["HR_cv"].notnull().any()):
        maps.map_panel(
            place, variation["HR_cv"], levels=(5, 10, 20, 30, 40, 50, 75, 100), cmap="magma_r",
            title=f"(b) CV of HR across {variation.attrs['n_models']} models", extend="both",
            label="CV of HR (%)",
        )
    else:
        place.remove()
        _parts.empty_panel(fig.add_subplot(lower), "(b) fewer than three maps of HR")
    return fig
