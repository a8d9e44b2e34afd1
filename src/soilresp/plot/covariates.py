"""Figure on the ten predictors."""

from soilresp.plot import maps
from soilresp.plot.style import figure, pretty_units, styled
from soilresp.prepare.recipes import PREDICTORS

__all__ = ["covariate_maps"]

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
    """The ten predictors as small maps; years are averaged.

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


def _shared_levels(names, fields):
    """Colour steps of a row of two panels; None where each panel has its own."""
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
