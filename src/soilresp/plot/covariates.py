"""Draw the ten predictors: maps, correlations, profiles."""

from soilresp.covariates.recipes import PREDICTORS
from soilresp.grid.cells import zonal_mean
from soilresp.plot import maps
from soilresp.plot._parts import legend_below, write_cells
from soilresp.plot.style import COLOURS, figure, pretty_units, styled

__all__ = ["correlation_matrix", "covariate_maps", "covariate_profiles"]

# Annual and growing-season values stand side by side and share their colours.
_ROWS = (("MAT", "SOC"), ("Prec", "Prec_GS"), ("RH", "RH_GS"), ("LAI", "LAI_GS"), ("PAR", "PAR_GS"))

_COLOURS = {
    "MAT": "RdYlBu_r", "SOC": "cividis_r", "Prec": "YlGnBu", "RH": "PuBuGn", "LAI": "YlGn",
    "PAR": "plasma",
}

# Evenly spaced steps would leave all dry and cold land in one colour.
_LEVELS = {"Prec": (0, 100, 250, 500, 750, 1000, 1500, 2000, 2500, 3000)}


@styled
def covariate_maps(cube):
    """Map the ten predictors; years are averaged.

    Parameters
    ----------
    cube : xarray.Dataset
        Any of ``MAT Prec RH LAI PAR SOC Prec_GS RH_GS LAI_GS PAR_GS``, dims
        (lat, lon) or (year, lat, lon), with ``units``. A predictor that is not
        in it gets an empty panel that says so.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(8, 12.6)
    axes = maps.map_axes(fig, len(_ROWS), 2)
    for row, names in zip(axes, _ROWS):
        fields = {n: _climatology(cube[n]) for n in names if n in cube}
        levels = _shared_levels(names, fields)
        extend = None if levels is None else "both" if levels[0] > 0 else "max"
        for ax, name in zip(row, names):
            if name not in fields:
                _absent(ax, name)
                continue
            maps.map_panel(
                ax, fields[name], levels=levels, cmap=_COLOURS[name.removesuffix("_GS")],
                extend=extend, title=_title(name), no_data=name == "MAT",
                label=f"{name} ({pretty_units(fields[name].attrs.get('units', ''))})",
            )
    return fig


@styled
def correlation_matrix(table):
    """Draw the correlations between the predictors.

    Parameters
    ----------
    table : pandas.DataFrame
        Square, from `soilresp.covariates.cube.correlations`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig = figure(6.4, 5.0)
    ax = fig.subplots()
    image = ax.imshow(table.to_numpy(), cmap="RdBu_r", vmin=-1, vmax=1)
    at = range(len(table))
    ax.set_xticks(at, table.columns, rotation=45, ha="right")
    ax.set_yticks(at, table.index)
    write_cells(ax, table.to_numpy(), lambda r: f"{r:.2f}".replace("-", "−"), dark=0.65)
    fig.colorbar(image, ax=ax, label="Correlation r (–)", shrink=0.8, aspect=25)
    return fig


@styled
def covariate_profiles(cube, other):
    """Draw zonal means of the predictors of two cubes over the vegetated area.

    Parameters
    ----------
    cube, other : xarray.Dataset
        Years are averaged; predictors that only one of them has are left out.

    Returns
    -------
    matplotlib.figure.Figure
    """
    names = [n for row in _ROWS for n in row if n in cube and n in other]
    area = cube["cell_area"] * cube["vegetated_fraction"]
    n_row = -(-len(names) // 3)
    fig = figure(8, 2.2 * n_row + 0.4)
    axes = fig.subplots(n_row, 3, sharey=True, squeeze=False)
    for ax in axes.flat[len(names):]:
        ax.axis("off")
    looks = ((other, COLOURS["muted"], "embedded"), (cube, COLOURS["SR"], "this run"))
    for ax, name in zip(axes.flat, names):
        for source, colour, words in looks:
            line = zonal_mean(_climatology(source[name]), area)
            ax.plot(line, line["lat"], color=colour, label=words, lw=1.2)
        ax.set_xlabel(f"{name} ({pretty_units(cube[name].attrs.get('units', ''))})")
        ax.set_ylim(-56, 82)
        ax.grid(axis="x")
    for ax in axes[:, 0]:
        ax.set_ylabel("Latitude (°N)")
    legend_below(fig, axes[0, 0], ncols=2)
    return fig


def _shared_levels(names, fields):
    """Return the colour steps of a row of panels; None where each has its own."""
    if not fields or not names[1].endswith("_GS"):
        return None
    return _LEVELS.get(names[0], maps.nice_levels(*fields.values()))


def _climatology(field):
    return field.mean("year", keep_attrs=True) if "year" in field.dims else field


def _title(name):
    words = PREDICTORS[name][0].replace("0-30", "0–30")
    return words[0].upper() + words[1:]


def _absent(ax, name):
    maps.base_map(ax)
    maps.reserve_colour_bar(ax)
    ax.set_title(_title(name))
    ax.text(
        0.5, 0.5, "not in this recipe", transform=ax.transAxes, ha="center", va="center",
        fontsize=9, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85}, zorder=6,
    )
