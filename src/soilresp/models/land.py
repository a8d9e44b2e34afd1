"""Land in the cells of a model, and the position of a field on it."""

import functools

import numpy as np
import xarray as xr

from soilresp.covariates.embedded import load_embedded
from soilresp.errors import DataError
from soilresp.grid.cells import RESOLUTION, rectilinear_area
from soilresp.grid.regrid import carry, overlaps

__all__ = ["check_position", "land_fraction_in", "other_orientations", "study_land"]

_FRACTIONS = ("sftlf", "landfrac", "land_fraction", "land_frac", "landfraction", "lsm")
_AREAS = ("landarea", "land_area")
_OCEAN = ("oceancoverfrac", "sftof")
_CELL_AREAS = ("areacella", "cell_area", "area")
_SQUARE_METRES = {"m2": 1, "m^2": 1, "m**2": 1, "km2": 1e6, "km^2": 1e6, "km**2": 1e6}
_TOLERANCE = 0.02
_EDGE = 0.1


@functools.cache
def _study_land():
    world = load_embedded()
    return world["land_fraction"].astype(float).load()


def study_land(lat, lon):
    """Regrid the land fraction of the study to any grid.

    Parameters
    ----------
    lat, lon : xarray.DataArray
        Centres, degrees.

    Returns
    -------
    xarray.DataArray
        Share of each cell, dims ``(lat, lon)``.
    """
    land = _study_land()
    to_fine = overlaps(lat.values, lon.values)
    area = land * rectilinear_area(land["lat"], land["lon"])
    # Overlaps give the share of each fine cell; the transpose adds its land to the coarse.
    rows, columns = (m.T for m in to_fine)
    amount = (columns @ (rows @ area.values).T).T
    coarse = xr.DataArray(amount, {"lat": lat, "lon": lon}, ("lat", "lon"))
    fraction = (coarse / rectilinear_area(lat, lon)).clip(0, 1)
    return fraction.assign_attrs(units="1", long_name="share of the cell that is land")


def is_half_degree(lat, lon):
    """Return True if centres are those of cells of the study's grid (bool)."""
    def fits(x):
        steps = (np.asarray(x, float) - RESOLUTION / 2) / RESOLUTION
        return len(x) > 1 and np.allclose(np.abs(np.diff(x)), RESOLUTION, atol=1e-3) and (
            np.allclose(steps, np.round(steps), atol=1e-2)
        )

    return fits(lat.values) and fits(lon.values)


def has_gaps(data):
    """Return True if bounds of cells leave gaps, as in a sample of a grid (bool)."""
    for kind in ("lat", "lon"):
        bounds = data.get(data[kind].attrs.get("bounds", f"{kind}_bnds"))
        if bounds is not None and bounds.ndim == 2 and len(bounds) > 1:
            edges = np.sort(bounds.values.astype(float), axis=1)
            edges = edges[np.argsort(edges[:, 0])]
            width = np.diff(edges, axis=1)[:, 0]
            if np.any(np.diff(edges[:, 0]) > 1.5 * width[:-1] + 1e-6):
                return True
    return False


def land_fraction_in(data, what):
    """Find the land fraction in an open file.

    Parameters
    ----------
    data : xarray.Dataset
        With dimensions ``lat`` and ``lon``.
    what : str
        For messages.

    Returns
    -------
    xarray.DataArray or None
        Share of each cell.
    how : str
        Which variable it was made from.

    Raises
    ------
    DataError
        If it is not a share of the cell in the units that it says.
    """
    for name, called, field, units in _fields(data, (*_FRACTIONS, *_OCEAN)):
        percent = units in ("%", "percent") or float(field.max()) > 1.5
        share = (field / 100 if percent else field).fillna(0)
        share = 1 - share if name in _OCEAN else share
        _check_share(share, f"{what}: {called}")
        return share, called
    for _, called, field, units in _fields(data, _AREAS):
        if units not in _SQUARE_METRES:
            raise DataError(f"{what}: {called} has units {units!r}; expected m2 or km2.")
        area = rectilinear_area(data["lat"], data["lon"])
        share = field.fillna(0) * _SQUARE_METRES[units] / area
        _check_share(share, f"{what}: {called} over the area of its cell")
        return share.clip(max=1), called
    return None, ""


def cell_area_ratio(data, what):
    """Divide the cell area that a file states by that between its cell edges on the sphere.

    Parameters
    ----------
    data : xarray.Dataset
    what : str

    Returns
    -------
    xarray.DataArray or None

    Raises
    ------
    DataError
        If they differ by more than 2 %: then the coordinates or the area are wrong.
    """
    for _, called, field, units in _fields(data, _CELL_AREAS):
        if units not in _SQUARE_METRES or not {"lat", "lon"} <= set(field.dims):
            continue
        area = rectilinear_area(data["lat"], data["lon"])
        ratio = field * _SQUARE_METRES[units] / area
        total = float((ratio * area).sum() / area.sum())
        if abs(total - 1) > _TOLERANCE:
            raise DataError(
                f"{what}: {called} adds up to {total:.3g} times the area between the edges "
                "of its cells. Its units, or the coordinates, are wrong."
            )
        return ratio
    return None


def _fields(data, known):
    """Yield the variables of known names, at the first time of several, and their units."""
    names = {str(n).lower(): n for n in data.data_vars}
    for name in (n for n in known if n in names):
        field = data[names[name]]
        field = field.isel({d: 0 for d in field.dims if d not in ("lat", "lon")}, drop=True)
        yield name, names[name], field.astype(float), str(field.attrs.get("units", ""))


def _check_share(share, what):
    low, high = float(share.min()), float(share.max())
    if not (low > -1e-6 and high < 1 + _TOLERANCE):
        raise DataError(f"{what} is between {low:.3g} and {high:.3g}; expected 0 to 1 (or %).")
    if high == 0:
        raise DataError(f"{what} is zero throughout. The file may be cut off.")


def other_orientations(values):
    """Turn a global field upside down and by half a circle.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_lat, n_lon)

    Returns
    -------
    dict of str to numpy.ndarray
        The three other orientations, by what was done in words.
    """
    shifted = np.roll(values, values.shape[1] // 2, axis=1)
    return {
        "shifted by 180 degrees of longitude": shifted,
        "flipped from north to south": values[::-1],
        "flipped from north to south and shifted by 180 degrees": shifted[::-1],
    }


def check_position(field, what):
    """Refuse a field of the globe that lies upside down or is shifted by 180 degrees.

    The cells with values other than zero are compared with the land of the study, as
    they are and in the other orientations.

    Parameters
    ----------
    field : xarray.DataArray
        Dimensions ``lat``, ``lon`` and any others, on any grid; missing or zero off land.
    what : str
        For the message.

    Raises
    ------
    DataError
        If another orientation fits the continents better.

    Notes
    -----
    A field with values over most of the ocean, or on less than a third of the land,
    cannot be judged and passes.
    """
    there = field.notnull() & (field != 0)
    there = there.any([d for d in there.dims if d not in ("lat", "lon")])
    there = there.transpose("lat", "lon")
    rows, columns = overlaps(there["lat"].values, there["lon"].values)
    found = carry(there.values.astype(float), rows, columns) > 0.5
    land = _study_land()
    is_land = land.values > 0.5
    area = np.cos(np.deg2rad(land["lat"].values))[:, None] * np.ones_like(land.values)
    covered, at_sea = area[found & is_land].sum(), area[found & ~is_land].sum()
    if covered + at_sea < area[is_land].sum() / 3 or at_sea > 0.9 * area[~is_land].sum():
        return
    fit = {
        words: area[mask & is_land].sum() / area[mask | is_land].sum()
        for words, mask in ({"as it is": found} | other_orientations(found)).items()
    }
    best = max(fit, key=fit.get)
    if fit[best] > fit["as it is"] + _EDGE:
        raise DataError(
            f"{what} does not lie on the land: {fit['as it is']:.0%} overlap with it, and "
            f"{fit[best]:.0%} when {best}. Correct the latitudes or longitudes of the file."
        )
