"""Draw the field records: sites, selection, shares of strata, reported climate."""

import cartopy.crs as ccrs
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from soilresp.covariates.strata import STRATA
from soilresp.plot import _parts, maps
from soilresp.plot.style import COLOURS, VEGETATION_GROUPS, figure, styled

__all__ = [
    "funnel_bars", "reported_against_matched", "site_map", "strata_shares", "suspicious_sites",
]


@styled
def site_map(sr_sites, hr_sites, igbp_dominant):
    """Map SR and HR sites over the vegetation classes (Figure 1 of Lu et al. 2021).

    Parameters
    ----------
    sr_sites, hr_sites : pandas.DataFrame
        Records, with columns ``lat`` and ``lon`` (degrees); records at the
        same point are drawn once and counted in the legend.
    igbp_dominant : xarray.DataArray, dims (lat, lon)
        Number of the dominant IGBP class of each cell (1 to 16); 0 or NaN over
        water. From class fractions: ``igbp_fraction.idxmax("igbp")``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    for sites in (sr_sites, hr_sites):
        _parts.need(sites, ("lat", "lon"), "site_map")
    fig = figure(8, 4.55)
    ax = maps.map_axes(fig)[0, 0]
    colours = {group: colour for group, (_, colour) in VEGETATION_GROUPS.items()}
    maps.draw_classes(ax, _groups(igbp_dominant), ListedColormap(list(colours.values())))
    handles = [
        _sites(ax, sr_sites, "SR", marker="o", size=15),
        _sites(ax, hr_sites, "HR", marker="^", size=26),
    ]
    ax.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.055, 0.02), fontsize=8,
        handletextpad=0.2, labelspacing=0.3,
    )
    fig.legend(
        handles=[Patch(facecolor=c, edgecolor="#777777", lw=0.4, label=g)
                 for g, c in colours.items()],
        loc="outside lower center", ncols=4, handlelength=1.1, handleheight=0.9,
        columnspacing=1.2, fontsize=8,
    )
    return fig


def _groups(igbp):
    """Return the position in `VEGETATION_GROUPS` of each cell's class; NaN over water."""
    groups = igbp.astype(float) * np.nan
    for number, (classes, _) in enumerate(VEGETATION_GROUPS.values()):
        groups = groups.where(~igbp.isin(classes), number)
    return groups


def _sites(ax, records, target, marker, size):
    sites = records[["lat", "lon"]].drop_duplicates()
    ax.scatter(
        sites["lon"], sites["lat"], s=size, marker=marker, color=COLOURS[target],
        edgecolor="white", linewidth=0.35, transform=ccrs.PlateCarree(), zorder=5,
    )
    return Line2D(
        [], [], ls="", marker=marker, ms=5.5, color=COLOURS[target], mec="white", mew=0.4,
        label=f"{target}: {len(records):,} records, {len(sites):,} sites",
    )


@styled
def funnel_bars(funnel, paper=None):
    """Draw the number of records that each selection rule leaves.

    Parameters
    ----------
    funnel : pandas.DataFrame
        Columns ``rule``, ``SR``, ``HR`` (records left), in the order in which
        the rules were applied; as `soilresp.records.selection.select_records` returns it.
    paper : dict, optional
        Records that the paper kept, by target ("SR", "HR"); drawn as a line.

    Returns
    -------
    matplotlib.figure.Figure
    """
    _parts.need(funnel, ("rule", "SR", "HR"), "funnel_bars")
    first = funnel.iloc[0]
    # Records of the whole data base say nothing on a flux, and would dwarf those of HR.
    start = f" of {first['SR']:,}" if first["SR"] == first["HR"] else ""
    shown = funnel.iloc[1:] if start and len(funnel) > 1 else funnel
    rows = np.arange(len(shown))
    fig = figure(8, 1.4 + 0.32 * len(shown))
    axes = fig.subplots(1, 2, sharey=True)
    for ax, target in zip(axes, ("SR", "HR")):
        bars = ax.barh(rows, shown[target], height=0.68, color=COLOURS[target], alpha=0.45)
        bars[-1].set_alpha(1)
        for at, number in zip(rows, shown[target]):
            _parts.write_value(ax, at, number, f"{number:,}")
        ax.set_xlim(0, 1.2 * shown[target].max())
        ax.locator_params(axis="x", nbins=5)
        ax.set_xlabel(f"{target} records left{start} (number)")
        if paper and target in paper:
            ax.axvline(paper[target], color=COLOURS["paper"], ls="--", lw=1,
                       label=f"paper: {paper[target]:,}")
            ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    _parts.name_rows(axes[0], shown["rule"])
    return fig


@styled
def strata_shares(table):
    """Draw the share of the records in each stratum and its share of the vegetated land.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``stratum`` (1 to 5), ``area``, ``SR``, ``HR``: shares between 0 and 1.

    Returns
    -------
    matplotlib.figure.Figure
    """
    _parts.need(table, ("stratum", "area", "SR", "HR"), "strata_shares")
    fig = figure(8, 3.6)
    ax = fig.subplots()
    rows = np.arange(len(table))
    series = {"area": "Vegetated area", "SR": "SR records", "HR": "HR records"}
    for number, (column, label) in enumerate(series.items()):
        colour = COLOURS.get(column, COLOURS["muted"])
        bars = ax.barh(
            rows + 0.26 * (number - 1), 100 * table[column], height=0.24, color=colour, label=label
        )
        ax.bar_label(bars, fmt="%.0f", padding=2, fontsize=7.5)
    _parts.name_rows(ax, [STRATA[s][0].capitalize() for s in table["stratum"]])
    ax.margins(x=0.08)
    ax.set_xlabel("Share of the total (%)")
    _parts.legend_below(fig, ax, ncols=3)
    return fig


@styled
def reported_against_matched(sites):
    """Draw reported climate of the sites against the climate of their cells.

    Parameters
    ----------
    sites : pandas.DataFrame
        Columns ``reported_MAT`` and ``MAT`` (degC), ``reported_MAP`` and
        ``Prec`` (mm yr-1). Rows without a value are left out, pair by pair;
        rows whose reported value no place on Earth has are counted in the box.

    Returns
    -------
    matplotlib.figure.Figure
    """
    panels = (
        ("reported_MAT", "MAT", "mean annual temperature", "°C", "+.1f", (-30, 40)),
        ("reported_MAP", "Prec", "annual precipitation", "mm yr⁻¹", "+.0f", (0, 13_000)),
    )
    _parts.need(sites, [name for panel in panels for name in panel[:2]], "reported_against_matched")
    fig = figure(8, 3.5)
    for ax, (reported, name, words, units, form, possible) in zip(fig.subplots(1, 2), panels):
        known = sites[[reported, name]].dropna()
        pairs = known[known[reported].between(*possible)].to_numpy(float)
        if not len(pairs):
            _parts.empty_panel(ax, f"No study reports its {words}")
            continue
        _parts.square_limits(ax, pairs)
        hexes = ax.hexbin(
            *pairs.T, gridsize=34, bins="log", mincnt=1, cmap="viridis_r", linewidths=0,
            extent=(*ax.get_xlim(), *ax.get_ylim()),
        )
        hexes.set_rasterized(True)
        ax.axline((0, 0), slope=1, color=COLOURS["paper"], ls="--", lw=0.9)
        ax.set(xlabel=f"Reported {words} ({units})", ylabel=f"In the cell ({units})")
        bias = format(np.mean(pairs[:, 1] - pairs[:, 0]), form).replace("-", "−")
        r = np.corrcoef(pairs.T)[0, 1]
        words = f"n = {len(pairs):,}\nr = {r:.2f}\nbias = {bias} {units}"
        if len(pairs) < len(known):
            words += f"\nimpossible: {len(known) - len(pairs)}"
        _parts.box(ax, words)
        fig.colorbar(
            hexes, ax=ax, label="Records (number)", shrink=0.8, aspect=22, pad=0.02, format="%g"
        )
    return fig


@styled
def suspicious_sites(sites):
    """Map suspicious sites, with lines to their more likely places.

    Parameters
    ----------
    sites : pandas.DataFrame
        From `soilresp.records.quality.suspicious_sites`: columns ``lat``,
        ``lon``, ``to_lat``, ``to_lon`` (degrees), ``how`` ("repair", "nearest"
        or empty) and ``records``.

    Returns
    -------
    matplotlib.figure.Figure
        Lines are great circles; they end where a repair puts the site, or at
        the nearest point of the stated country.
    """
    _parts.need(sites, ("lat", "lon", "to_lat", "to_lon", "how", "records"), "suspicious_sites")
    fig = figure(8, 4.55)
    ax = maps.map_axes(fig)[0, 0]
    maps.base_map(ax)
    # Half of what goes wrong with coordinates ends in the southern ocean.
    ax.set_global()
    kinds = (
        ("repair", "a swap or a sign explains it", COLOURS["HR"], "-"),
        ("nearest", "nearest point of its country", COLOURS["SR"], ":"),
        ("", "no place suggested", COLOURS["muted"], ""),
    )
    handles = []
    for how, words, colour, line in kinds:
        own = sites[sites["how"] == how]
        if own.empty:
            continue
        for site in own.itertuples() if how else ():
            ax.plot(
                [site.lon, site.to_lon], [site.lat, site.to_lat], color=colour, ls=line, lw=1,
                transform=ccrs.Geodetic(), zorder=4,
            )
        if how:
            ax.scatter(
                own["to_lon"], own["to_lat"], s=14, facecolor="white", edgecolor=colour,
                linewidth=0.9, transform=ccrs.PlateCarree(), zorder=5,
            )
        ax.scatter(
            own["lon"], own["lat"], s=22, marker="X", color=colour, edgecolor="white",
            linewidth=0.4, transform=ccrs.PlateCarree(), zorder=6,
        )
        handles.append(
            Line2D([], [], color=colour, ls=line or "none", marker="X", ms=6, mec="white",
                   label=f"{words}: {len(own)} sites, {own['records'].sum()} records")
        )
    fig.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8)
    return fig
