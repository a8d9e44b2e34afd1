"""Draw uncertainties of the maps: joint AR, totals, trends, and single cells."""

import numpy as np

from soilresp.plot import _parts, maps
from soilresp.plot.fluxes import FLUX_STYLE, RATIO_STYLE
from soilresp.plot.style import COLOURS, FLUX_UNITS, TOTAL_UNITS, figure, styled

__all__ = [
    "cell_distributions", "joint_maps", "latitude_profiles", "total_uncertainty", "trend_bands",
]

_FLUXES = ("SR", "HR", "AR")

_AR_LEVELS = (-400, -200, -100, -50, 0, 50, 100, 200, 400, 800)

_CHANGE_LEVELS = (-400, -200, -100, -50, -25, 25, 50, 100, 200, 400)


@styled
def joint_maps(climatology):
    """Map AR as a difference of two maps and jointly estimated, and the change of HR.

    Parameters
    ----------
    climatology : xarray.Dataset, dims (lat, lon)
        ``AR``, ``HR``, ``AR_joint``, ``HR_joint`` (g C m-2 yr-1), ``AR_SR_joint``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(8, 5.4)
    shift = climatology["HR_joint"] - climatology["HR"]
    maps.map_grid(fig, [
        (climatology["AR"], "AR = SR − HR", {
            "levels": _AR_LEVELS, "cmap": "BrBG", "extend": "both", "label": f"AR ({FLUX_UNITS})",
        }),
        (climatology["AR_joint"], "AR, jointly estimated",
         FLUX_STYLE | {"label": f"AR ({FLUX_UNITS})"}),
        (shift, "HR, jointly estimated less HR", {
            "levels": _CHANGE_LEVELS, "cmap": "PuOr", "extend": "both",
            "label": f"Difference ({FLUX_UNITS})",
        }),
        (climatology["AR_SR_joint"], "Share of AR in SR, jointly estimated", RATIO_STYLE),
    ])
    return fig


@styled
def latitude_profiles(profiles):
    """Draw mean SR, HR and AR by latitude, with the spread of the cells.

    Parameters
    ----------
    profiles : pandas.DataFrame
        Index ``lat`` (degrees north); ``SR``, ``HR``, ``AR``, ``AR_joint``, ``SR_sd``,
        ``HR_sd`` (g C m-2 yr-1 of vegetated area) and ``area`` (Mkm2 per degree).

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = ("SR", "HR", "AR", "AR_joint", "SR_sd", "HR_sd", "area")
    _parts.need(profiles, columns, "latitude_profiles")
    fig = figure(8, 4.4)
    axes = fig.subplots(1, 4, sharey=True, width_ratios=[1, 1, 1, 0.7])
    lat = profiles.index.to_numpy(float)
    for ax, flux, letter in zip(axes, _FLUXES, "abc"):
        mean = profiles[flux].to_numpy()
        if f"{flux}_sd" in profiles:
            half = profiles[f"{flux}_sd"].to_numpy()
            ax.fill_betweenx(
                lat, np.maximum(mean - half, 0), mean + half, color=COLOURS[flux], alpha=0.2,
                lw=0, label="± SD of a cell",
            )
        ax.plot(mean, lat, color=COLOURS[flux], label="SR − HR" if flux == "AR" else "mean")
        if flux == "AR":
            ax.plot(profiles["AR_joint"], lat, "--", color=COLOURS["paper"], lw=1.1, label="joint")
        ax.set(title=f"({letter}) {flux}", xlabel=f"{flux} ({FLUX_UNITS})")
        ax.legend(loc="lower right", fontsize=7.5)
        ax.set_xlim(left=min(0, float(np.nanmin(mean))))
        ax.locator_params(axis="x", nbins=4)
        ax.grid()
    axes[3].fill_betweenx(lat, 0, profiles["area"], color=COLOURS["muted"], alpha=0.5, lw=0)
    axes[3].set(title="(d) Area", xlabel="Vegetated area\n(Mkm² per degree)")
    axes[3].grid()
    _parts.latitude_axis(axes[0])
    return fig


@styled
def total_uncertainty(three, contributions):
    """Draw uncertainties of the global totals side by side, and their sources one at a time.

    Parameters
    ----------
    three : pandas.DataFrame
        Index: the measure; ``SR``, ``HR``, ``AR`` (SD, Pg C yr-1; NaN where there is none).
    contributions : pandas.DataFrame
        ``source``, ``flux``, ``sd``, ``together`` (Pg C yr-1), in order.

    Returns
    -------
    matplotlib.figure.Figure
    """
    _parts.need(contributions, ("source", "flux", "sd", "together"), "total_uncertainty")
    n_sources = contributions["source"].nunique()
    fig = figure(8, 1.8 + 0.48 * (len(three) + n_sources))
    upper, lower = fig.subplots(2, 1, height_ratios=[len(three), n_sources])
    _grouped(upper, {f: three[f].to_numpy(float) for f in _FLUXES}, list(three.index))
    upper.set_xscale("log")
    upper.set(title="(a) Three measures of the uncertainty of a total",
              xlabel=f"SD of the global total ({TOTAL_UNITS}; logarithmic)")
    sources = list(dict.fromkeys(contributions["source"]))
    wide = {f: contributions[contributions["flux"] == f].set_index("source") for f in _FLUXES}
    _grouped(lower, {f: wide[f].loc[sources, "sd"].to_numpy(float) for f in _FLUXES}, sources)
    for k, flux in enumerate(_FLUXES):
        together = wide[flux].loc[sources, "together"].to_numpy(float)
        lower.plot(
            together, np.arange(len(sources)) + (k - 1) * 0.26, "|", ms=9, mew=1.8,
            color=COLOURS["paper"], label="with all sources above" if k == 0 else None,
        )
    lower.set(title="(b) Sources, one at a time", xlim=(0, None),
              xlabel=f"SD of the global total ({TOTAL_UNITS})")
    _parts.legend_below(fig, lower, ncols=4)
    return fig


def _grouped(ax, values, names):
    rows = np.arange(len(names))
    for k, (flux, widths) in enumerate(values.items()):
        ax.barh(rows + (k - 1) * 0.26, np.nan_to_num(widths), 0.24, color=COLOURS[flux], label=flux)
        for at, width in zip(rows + (k - 1) * 0.26, widths):
            if np.isfinite(width):
                text = f"{width:.1f}" if width >= 0.095 else f"{width:.2f}"
                _parts.write_value(ax, at, width, text, gap=8)
    for at in rows[~np.isfinite(np.array(list(values.values()))).any(axis=0)]:
        _parts.say_missing(ax, at)
    _parts.name_rows(ax, names)
    ax.margins(x=0.12)
    ax.grid(axis="x")


@styled
def trend_bands(table):
    """Draw trends of SR, HR and AR by band of latitude, with their intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        ``band``, ``flux``, ``percent``, ``percent_low``, ``percent_high`` (% per decade).

    Returns
    -------
    matplotlib.figure.Figure
        With a sentence instead of the panel if the table is empty.
    """
    fig = figure(8, 3.4)
    ax = fig.subplots()
    if not len(table):
        _parts.empty_panel(ax, "The covariates are a climatology: there is no trend.")
        return fig
    _parts.need(table, ("band", "flux", "percent", "percent_low", "percent_high"), "trend_bands")
    bands = list(dict.fromkeys(table["band"]))
    for k, flux in enumerate(_FLUXES):
        own = table[table["flux"] == flux].set_index("band").loc[bands]
        middle = own["percent"].to_numpy()
        ax.errorbar(
            middle, np.arange(len(bands)) + (k - 1) * 0.22,
            xerr=np.abs([own["percent_low"] - middle, own["percent_high"] - middle]),
            fmt="o", ms=4.5, capsize=2.5, color=COLOURS[flux], label=flux,
        )
    ax.axvline(0, color=COLOURS["muted"], lw=0.8)
    _parts.name_rows(ax, bands)
    ax.grid(axis="x")
    ax.set_xlabel("Trend (% of the mean per decade); line: 90 % interval")
    ax.legend(ncols=3, loc="lower right")
    return fig


@styled
def cell_distributions(weights, cells):
    """Draw conditional distributions of SR and HR at single cells.

    Parameters
    ----------
    weights : pandas.DataFrame
        ``name``, ``target``, ``value`` (g C m-2 yr-1), ``weight``.
    cells : pandas.DataFrame
        ``name``, ``lat``, ``lon``; drawn in order.

    Returns
    -------
    matplotlib.figure.Figure
    """
    _parts.need(weights, ("name", "target", "value", "weight"), "cell_distributions")
    fig = figure(8, 8.2)
    axes = fig.subplots(-(-len(cells) // 2), 2, sharex=True, squeeze=False)
    edges = np.arange(0, 3001, 100)
    for ax, (_, cell), letter in zip(axes.flat, cells.iterrows(), "abcdefghijklmnop"):
        for flux in ("SR", "HR"):
            own = weights[(weights["name"] == cell["name"]) & (weights["target"] == flux)]
            value, weight = own["value"].to_numpy(), own["weight"].to_numpy()
            share, _ = np.histogram(np.minimum(value, edges[-1] - 1), edges, weights=100 * weight)
            ax.stairs(share, edges, fill=True, color=COLOURS[flux], alpha=0.3)
            mean = (value * weight).sum()
            sd = np.sqrt((weight * (value - mean) ** 2).sum())
            ax.stairs(share, edges, color=COLOURS[flux], lw=1,
                      label=f"{flux}: {mean:,.0f} ± {sd:,.0f}, CV {100 * sd / mean:.0f} %")
            ax.axvline(mean, color=COLOURS[flux], lw=1, ls="--")
        ax.set_ylim(top=1.4 * ax.get_ylim()[1])  # the words stand above the steps
        ax.legend(loc="upper right", fontsize=7.5, handlelength=1, frameon=True, framealpha=0.85,
                  edgecolor="none")
        ax.set_title(f"({letter}) {cell['name']} ({_degrees(cell['lat'], 'NS')}, "
                     f"{_degrees(cell['lon'], 'EW')})", fontsize=8.5)
        ax.set_xlim(edges[0], edges[-1])
    for ax in axes[-1]:
        ax.set_xlabel(f"Flux ({FLUX_UNITS}; last step: all above)")
    for ax in axes[:, 0]:
        ax.set_ylabel("Weight (%)")
    for ax in axes.flat[len(cells):]:
        ax.axis("off")
    return fig


def _degrees(value, letters):
    return f"{abs(value):.2f}° {letters[0] if value >= 0 else letters[1]}"
