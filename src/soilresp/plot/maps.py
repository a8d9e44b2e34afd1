"""Draw maps of half-degree fields, without a network."""

import functools

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from soilresp.errors import DataError
from soilresp.io import paths

try:
    import cartopy
    import cartopy.crs as ccrs
    from cartopy.feature import NaturalEarthFeature
except ModuleNotFoundError:  # an extra: without it maps are in degrees and have no coastlines
    cartopy = None

__all__ = [
    "COASTLINE_RESOLUTION", "EXTENT", "PROJECTION", "base_map", "draw_classes", "map_axes",
    "map_grid", "map_panel", "nice_levels", "reserve_colour_bar",
]

PROJECTION = ccrs.Robinson() if cartopy else None

COASTLINE_RESOLUTION = "110m"
"""Scale of the Natural Earth coastlines."""

EXTENT = (-180, 180, -58, 84)
"""Part of the globe that is shown: all vegetated land (degrees west, east, south, north)."""

_DEGREES = (-180, 180, -90, 90)
_OCEAN = "#F4F7F9"
_NO_DATA = "#CFCFCF"
_PIXELS = 1600


def map_axes(fig, nrows=1, ncols=1):
    """Add a grid of map panels to a figure.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    nrows, ncols : int

    Returns
    -------
    numpy.ndarray of cartopy.mpl.geoaxes.GeoAxes, shape (nrows, ncols)
    """
    options = {"projection": PROJECTION} if cartopy else {}
    return fig.subplots(nrows, ncols, squeeze=False, subplot_kw=options)


def map_grid(fig, panels, ncols=2):
    """Draw several fields as panels (a), (b), ... in rows of `ncols`.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    panels : sequence of tuple
        Field, title, and a dict of further arguments of `map_panel`.
    ncols : int

    Returns
    -------
    list of matplotlib.image.AxesImage
    """
    axes = map_axes(fig, -(-len(panels) // ncols), ncols).ravel()
    for ax in axes[len(panels):]:
        ax.set_visible(False)
    return [
        map_panel(ax, field, **{"title": f"({letter}) {title}", "no_data": letter == "a"} | style)
        for ax, letter, (field, title, style) in zip(axes, "abcdefghij", panels)
    ]


def base_map(ax):
    """Draw ocean, land without data, and coastlines.

    Parameters
    ----------
    ax : cartopy.mpl.geoaxes.GeoAxes

    Raises
    ------
    DataError
        If the coastlines are not in the project's data folder.
    """
    ax.set_facecolor(_OCEAN if cartopy else _NO_DATA)
    if not cartopy:
        ax.set(xlim=EXTENT[:2], ylim=EXTENT[2:], xticks=[], yticks=[], aspect="equal")
        return
    _use_own_coastlines()
    ax.set_extent(EXTENT, crs=ccrs.PlateCarree())
    ax.spines["geo"].set(linewidth=0.5, edgecolor="#777777")
    for name, style in (
        ("land", {"facecolor": _NO_DATA, "edgecolor": "none", "zorder": 0.5}),
        ("coastline", {"facecolor": "none", "edgecolor": "#333333", "lw": 0.35, "zorder": 3}),
    ):
        feature = NaturalEarthFeature("physical", name, COASTLINE_RESOLUTION)
        artist = ax.add_feature(feature, **style)
        # The outline bounds them already; measuring them again makes the layout slow.
        artist.set_in_layout(False)


def map_panel(
    ax, field, *, levels=None, cmap="viridis", title="", label="", extend=None, colorbar=True,
    no_data=True,
):
    """Draw a global field in steps of colour, with a horizontal colour bar.

    Parameters
    ----------
    ax : cartopy.mpl.geoaxes.GeoAxes
        One of `map_axes`.
    field : xarray.DataArray, dims (lat, lon)
        On a regular global grid; NaN where there are no data.
    levels : array_like, optional
        Limits of the steps, in the units of `field`. Default: `nice_levels`.
    cmap : str
        Name of a colour map.
    title : str
    label : str
        Of the colour bar.
    extend : {"neither", "min", "max", "both"}, optional
        Default: as the values need it.
    colorbar : bool
    no_data : bool
        Whether to explain the grey of land without data.

    Returns
    -------
    matplotlib.image.AxesImage

    Raises
    ------
    DataError
        If `field` is not on a regular global grid, or holds no data.
    """
    values = _on_map(field)
    levels = nice_levels(field) if levels is None else np.asarray(levels, float)
    extend = extend or _extend(field.values, levels)
    colours = matplotlib.colormaps[cmap].with_extremes(bad=(0, 0, 0, 0))
    base_map(ax)
    image = ax.imshow(
        values, cmap=colours, norm=BoundaryNorm(levels, colours.N, extend=extend), **_frame()
    )
    if title:
        ax.set_title(title)
    if no_data:
        _explain_grey(ax)
    if colorbar:
        _colour_bar(image, ax, levels, label)
    return image


def draw_classes(ax, field, cmap):
    """Draw a field of whole numbers from 0 on, one colour each, without a colour bar.

    Parameters
    ----------
    ax : cartopy.mpl.geoaxes.GeoAxes
        One of `map_axes`.
    field : xarray.DataArray, dims (lat, lon)
        On a regular global grid; NaN where there is no class.
    cmap : matplotlib.colors.ListedColormap
        With as many colours as there are classes.

    Returns
    -------
    matplotlib.image.AxesImage
    """
    base_map(ax)
    return ax.imshow(_on_map(field), cmap=cmap, vmin=-0.5, vmax=cmap.N - 0.5, **_frame())


def reserve_colour_bar(ax):
    """Keep the room of a colour bar free below a panel without data.

    Parameters
    ----------
    ax : cartopy.mpl.geoaxes.GeoAxes
        One of `map_axes`.
    """
    bar = _colour_bar(ScalarMappable(), ax, None, " ")
    bar.outline.set_visible(False)
    bar.solids.set_visible(False)
    bar.ax.tick_params(color="none", labelcolor="none")


def nice_levels(*fields, n=9):
    """Return round limits of colour steps that hold the middle 96 % of the values.

    Parameters
    ----------
    *fields : array_like
        Fields that share the steps; NaN is left out.
    n : int
        Steps, at most about.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    DataError
        If no field holds a value.

    Examples
    --------
    >>> nice_levels([0.0, 1.0, 2.0, 3.0], n=3)
    array([0., 1., 2., 3.])
    """
    values = np.concatenate([np.ravel(f) for f in fields]).astype(float)
    values = values[np.isfinite(values)]
    if not values.size:
        raise DataError("A map was asked for a field without a single value: check its mask.")
    low, high = np.percentile(values, (2, 98))
    if low == high:
        low, high = low - 0.5, high + 0.5
    return MaxNLocator(nbins=n, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)


def _frame():
    """Return the options that put an image of `_on_map` on the axes."""
    frame = {"origin": "upper", "zorder": 1, "interpolation": "nearest", "in_layout": False}
    if not cartopy:
        return frame | {"extent": _DEGREES}
    return frame | {"extent": (*PROJECTION.x_limits, *PROJECTION.y_limits), "transform": PROJECTION}


def _on_map(field):
    """Return the value of the cell under each pixel of the map; masked off the globe."""
    inside, row, col = _pixels(*_grid(field))
    image = np.full(inside.shape, np.nan)
    image[inside] = np.asarray(field.transpose("lat", "lon"), float)[row, col]
    return np.ma.masked_invalid(image)


def _grid(field):
    """Return first, step and number of the latitudes, then of the longitudes; check them."""
    for name, whole in (("lat", 180), ("lon", 360)):
        points = np.asarray(field[name], float)
        steps = np.diff(points)
        if not np.allclose(steps, steps[0]) or not np.isclose(abs(steps[0]) * points.size, whole):
            raise DataError(
                f"Coordinate '{name}' of {field.name or 'a field to map'} is not a regular global "
                "grid; bring the field to the half-degree grid first."
            )
    lat, lon = np.asarray(field["lat"], float), np.asarray(field["lon"], float)
    return lat[0], lat[1] - lat[0], lat.size, lon[0], lon[1] - lon[0], lon.size


# Sampling the cell under each pixel is ten times faster than projecting every
# cell, and the sampling is the same for all fields of a grid.
@functools.lru_cache(maxsize=4)
def _pixels(lat0, dlat, n_lat, lon0, dlon, n_lon):
    west, east, south, north = (
        (*PROJECTION.x_limits, *PROJECTION.y_limits) if cartopy else _DEGREES
    )
    height = round(_PIXELS * (north - south) / (east - west))
    x = west + (east - west) * (np.arange(_PIXELS) + 0.5) / _PIXELS
    y = north - (north - south) * (np.arange(height) + 0.5) / height
    points = np.dstack(np.meshgrid(x, y))
    if cartopy:
        points = ccrs.PlateCarree().transform_points(PROJECTION, points[..., 0], points[..., 1])
    inside = np.isfinite(points[..., 0]) & np.isfinite(points[..., 1])
    lon, lat = points[inside, 0], points[inside, 1]
    row = np.clip(np.round((lat - lat0) / dlat).astype(int), 0, n_lat - 1)
    col = np.round((lon - lon0) / dlon).astype(int) % n_lon
    return inside, row, col


def _extend(values, levels):
    below, above = np.nanmin(values) < levels[0], np.nanmax(values) > levels[-1]
    return ("neither", "min", "max", "both")[int(below) + 2 * int(above)]


def _colour_bar(mappable, ax, levels, label):
    bar = ax.figure.colorbar(
        mappable, ax=ax, orientation="horizontal", shrink=0.82, aspect=32, pad=0.03,
        ticks=levels, format="%g",
    )
    bar.set_label(label, fontsize=8.5, labelpad=2)
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(labelsize=7.5, length=2, pad=1.5)
    return bar


def _explain_grey(ax):
    ax.legend(
        handles=[Patch(facecolor=_NO_DATA, edgecolor="none", label="no data")],
        loc="lower left", bbox_to_anchor=(0.0, 0.02), fontsize=7, handlelength=1.0,
        handleheight=0.8, borderpad=0.1,
    )


def _use_own_coastlines():
    folder = paths.data_dir() / "natural_earth"
    for name in ("land", "coastline"):
        part = f"shapefiles/natural_earth/physical/ne_{COASTLINE_RESOLUTION}_{name}.shp"
        # Checked here, because cartopy would turn to the network for a missing file.
        if not (folder / part).is_file():
            raise DataError(
                f"{folder / part} is missing, so no map can be drawn. It is part of the project: "
                "restore it with 'git checkout -- data/natural_earth'."
            )
    cartopy.config["pre_existing_data_dir"] = str(folder)
