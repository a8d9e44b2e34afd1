"""Save, open, check, refine, describe and compare covariate cubes."""

import hashlib
import reprlib
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.recipes import MAIN_FIELD, PREDICTORS
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import RESOLUTION, block_mean, cell_area, coordinates
from soilresp.io.files import folder_aside, write_aside

__all__ = [
    "RESOLUTIONS", "save_cube", "open_cube", "check_cube", "refine", "describe", "footnotes",
    "compare_cubes", "correlations",
]

RESOLUTIONS = (RESOLUTION, RESOLUTION / 2)
"""Sizes of a cell, degrees, that a cube may have: the study's own, and a quarter of a degree."""

_NEEDED = ("cell_area", "land_fraction", "vegetated_fraction", "igbp_fraction", "stratum")

_STATIC = ("SOC",)
"""Predictors that never vary by year."""

_POSSIBLE = {
    "MAT": (-60, 45, "Is it in kelvin?"),
    "Prec": (0, 30_000, "Is it in mm day-1, or in m?"),
    "RH": (0, 100, "Is it a fraction?"),
    "LAI": (0, 15, ""),
    "PAR": (0, 6_000, "Is it in W m-2?"),
    "SOC": (0, 500, "Is it in percent or t ha-1?"),
}
"""Lowest and highest value of a cell, its unit, and a hint on the usual mistake."""

_USUAL_MEAN = {
    "MAT": (5, 25), "Prec": (400, 1_500), "RH": (40, 85), "PAR": (1_200, 3_500),
    "Prec_GS": (300, 1_500), "RH_GS": (40, 85), "PAR_GS": (1_000, 3_500),
}
"""Bounds of the mean over the vegetated area, with a generous margin."""

COMPLETE = 0.98
"""Share of the vegetated area on which every predictor must have data."""

def save_cube(cube, path):
    """Write a cube as NetCDF (``.nc``) or Zarr (``.zarr``), whole or not at all.

    Parameters
    ----------
    cube : xarray.Dataset
    path : path-like

    Raises
    ------
    ParameterError
        If the ending is neither.
    DataError
        If it cannot be written: the disk is full, say.
    """
    path = Path(path)
    if path.suffix == ".nc":
        encoding = {
            v: {"zlib": True, "complevel": 1, "shuffle": True}
            for v in cube.data_vars if cube[v].dtype.kind in "iuf" and cube[v].ndim
        }
        with write_aside(path) as aside:
            cube.to_netcdf(aside, encoding=encoding)
    elif path.suffix == ".zarr":
        # A chunk a year, so that a reader who goes by year reads each byte once.
        chunks = {"year": 1} if "year" in cube.dims else {}
        encoding = {
            v: {"chunks": tuple(chunks.get(d, n) for d, n in cube[v].sizes.items())}
            for v in cube.data_vars if cube[v].ndim
        }
        with folder_aside(path) as aside:
            cube.to_zarr(aside, encoding=encoding, consolidated=False, mode="w")
    else:
        raise ParameterError(f"A cube is written as .nc or .zarr, not {path.name!r}.")


def open_cube(path, predictors=()):
    """Open a cube without reading its fields, and check it.

    Parameters
    ----------
    path : path-like
        ``.nc`` or ``.zarr``.
    predictors : sequence of str
        Predictors that it must have.

    Returns
    -------
    xarray.Dataset
        Lazy: a field is read where it is used.

    Raises
    ------
    DataError
        If it cannot be opened, or `check_cube` finds a fault.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path} does not exist. Make a cube with `soilresp covariates build`.")
    try:
        cube = (
            xr.open_zarr(path, chunks=None, consolidated=False) if path.suffix == ".zarr"
            else xr.open_dataset(path, cache=False)
        )
        check_cube(cube, predictors, name=path)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise DataError(
            f"{path} is not a readable cube ({error}). It may be cut short: build it again."
        ) from None
    return cube


def check_cube(cube, predictors=(), name="The cube"):
    """Check a cube for faults that would give a plausible but wrong map.

    Checked are the grid and its order, the years, the predictors asked for, the
    range and the mean of each, and that each covers the vegetated area.

    Parameters
    ----------
    cube : xarray.Dataset
    predictors : sequence of str
        Predictors that it must have.
    name : str or path-like
        Name of the cube in messages.

    Raises
    ------
    DataError
        At the first fault: variable, value found, value expected, and remedy.
    """
    _check_grid(cube, name)
    lacking = [v for v in (*_NEEDED, *predictors) if v not in cube]
    if lacking:
        raise DataError(
            f"{name} has no {lacking[0]!r}; it has {', '.join(map(str, cube.data_vars))}. "
            "Build it with a recipe that provides it, or leave the predictor out."
        )
    there = [p for p in PREDICTORS if p in cube]
    if not there:
        raise DataError(
            f"{name} has none of the predictors {', '.join(PREDICTORS)}; it has "
            f"{', '.join(map(str, cube.data_vars))}. Name its fields so."
        )
    if "year" in cube.dims:
        _check_years(cube["year"].values, name)
    area = _vegetated(cube)
    for predictor in there:
        _check_field(cube[predictor], area, name)


def refine(cube, factor=2):
    """Divide every cell of a cube into smaller ones with the same values.

    The result is a template for finer fields of the user's own.

    Parameters
    ----------
    cube : xarray.Dataset
    factor : int
        Cells that a cell becomes along each side.

    Returns
    -------
    xarray.Dataset
        Fractions and predictors as they were, areas of the new cells.

    Raises
    ------
    ParameterError
        If `factor` is not a whole number above 0.

    Examples
    --------
    >>> half = xr.Dataset({"MAT": (("lat", "lon"), np.ones((360, 720)))}, coordinates())
    >>> refine(half)["MAT"].shape
    (720, 1440)
    """
    if isinstance(factor, bool) or not isinstance(factor, int) or factor < 1:
        raise ParameterError(f"factor must be a whole number from 1 up, got {factor!r}.")
    resolution = 180 / cube.sizes["lat"] / factor
    row = np.arange(cube.sizes["lat"] * factor) // factor
    col = np.arange(cube.sizes["lon"] * factor) // factor
    # Read as a whole first: a file gives single rows and columns very slowly.
    out = cube.compute().isel(lat=row, lon=col).assign_coords(coordinates(resolution))
    if "cell_area" in out:
        out["cell_area"] = cell_area(resolution=resolution)
    return out


def _check_grid(cube, name):
    for axis in ("lat", "lon"):
        if axis not in cube.coords:
            raise DataError(f"{name} has no coordinate {axis!r}; a cube has lat and lon.")
    fits = [r for r in RESOLUTIONS if cube.sizes["lat"] == round(180 / r)]
    for axis, wanted in coordinates(fits[0] if fits else RESOLUTION).items():
        found = cube[axis].values
        if found.shape != wanted.shape or not np.allclose(found, wanted, atol=1e-4):
            raise DataError(
                f"{name}: {axis} runs from {found[0]:g} to {found[-1]:g} in {found.size} steps; "
                f"expected {wanted.values[0]:g} to {wanted.values[-1]:g} in {wanted.size}. Correct "
                "order and longitudes to 360 with soilresp.grid.cells.to_standard, or regrid it to "
                "half or a quarter of a degree."
            )


def _check_years(years, name):
    if years.dtype.kind not in "iu" or (np.diff(years.astype(int)) != 1).any():
        raise DataError(
            f"{name}: year holds {reprlib.repr(years.tolist())}; expected every year from the "
            "first to the last once and in order, as whole numbers."
        )


def _check_field(field, area, name):
    predictor = field.name
    if field.dims not in (("lat", "lon"), ("year", "lat", "lon")):
        raise DataError(
            f"{name}: {predictor} has the dimensions {field.dims}; expected (lat, lon), with year "
            "before them if it varies. Transpose it."
        )
    if field.dtype.kind not in "fiu":
        raise DataError(f"{name}: {predictor} holds {field.dtype}; expected numbers. Convert it.")
    if predictor in _STATIC and "year" in field.dims:
        raise DataError(f"{name}: {predictor} does not vary by year, but has a dimension 'year'.")
    units = field.attrs.get("units", PREDICTORS[predictor][1])
    if units != PREDICTORS[predictor][1]:
        raise DataError(
            f"{name}: {predictor} is in {units!r}; expected {PREDICTORS[predictor][1]!r}. Convert "
            "the values, or correct the attribute `units`."
        )
    # Year by year, because one year in another unit hardly moves the mean of many.
    years = field["year"].values if "year" in field.dims else [None]
    for year, values in zip(years, field.values.reshape(-1, *area.shape), strict=True):
        _check_year(predictor, values, area, name if year is None else f"{name}, year {year}")
    if predictor == "MAT":
        _check_poles(_climatology(field), name)


def _check_year(predictor, flat, area, name):
    low, high, hint = _POSSIBLE[predictor.removesuffix("_GS")]
    units = PREDICTORS[predictor][1]
    infinite = int(np.isinf(flat).sum())
    if infinite:
        raise DataError(
            f"{name}: {predictor} is infinite in {infinite} cell{'s' * (infinite > 1)}; expected "
            "numbers, or NaN where there is none. Correct them."
        )
    known = np.isfinite(flat)
    covered = area[known].sum() / area.sum()
    if known.any():
        found_low, found_high = float(flat[known].min()), float(flat[known].max())
        if found_low < low - 1e-3 or found_high > high + 1e-3:
            raise DataError(
                f"{name}: {predictor} runs from {found_low:.4g} to {found_high:.4g}; expected {low} "
                f"to {high} {units}. {hint}".rstrip()
            )
    if covered < COMPLETE:
        raise DataError(f"{name}: {predictor} has data on {covered:.1%} of the vegetated area; "
                        f"expected {COMPLETE:.0%} or more. {_remedy(known, area)}")
    if predictor in _USUAL_MEAN:
        low, high = _USUAL_MEAN[predictor]
        mean = float(np.average(flat[known], weights=area[known]))
        if not low <= mean <= high:
            raise DataError(
                f"{name}: {predictor} is {mean:.4g} {units} on average over the vegetated area; "
                f"expected {low} to {high}. {hint}".rstrip()
            )


def _remedy(known, area):
    """Return a sentence on the simple change, if any, that makes the data cover the land."""
    ways = {
        "Its rows seem to run from south to north: reverse the latitudes.": known[::-1],
        "Its columns seem to start at Greenwich: a 0-360 longitude was read as -180..180.":
            np.roll(known, known.shape[1] // 2, axis=1),
    }
    for words, turned in ways.items():
        if area[turned].sum() >= COMPLETE * area.sum():
            return words
    return "Fill the gaps from a named source, or extend the land mask of the source."


def _check_poles(mat, name):
    """Check that the tropics are the warmest belt, as in every sound source."""
    a_degree = len(mat) / 180
    tropics, arctic, southern = (
        float(np.nanmean(mat[round((90 - north) * a_degree) : round((90 - south) * a_degree)]))
        for north, south in ((20, -20), (90, 60), (-45, -60))
    )
    if not tropics > max(arctic, southern):
        raise DataError(
            f"{name}: MAT is {tropics:.1f} degC in the tropics, {arctic:.1f} at 60-90 N and "
            f"{southern:.1f} at 45-60 S. Its rows seem to be in the wrong order."
        )


def describe(cube):
    """Describe the predictors of a cube.

    Parameters
    ----------
    cube : xarray.Dataset

    Returns
    -------
    pandas.DataFrame
        One row per predictor: ``units``, ``by_year``, ``min``, ``median`` and
        ``max`` over cells (and years), ``mean_land`` over ice-free land and
        ``mean_vegetated`` over vegetation (both weighted by area), the share of the
        vegetated area without data (``missing``), the share of that area's
        months from a fallback (``filled``), ``source``, and the first twelve
        digits of the SHA-256 of its values (``hash``).
    """
    cell = cube["cell_area"]
    vegetated = _vegetated(cube)
    ice_free = cube["land_fraction"] - cube["igbp_fraction"].sel(igbp=15)
    ice_free = (cell * ice_free.clip(0)).transpose("lat", "lon").fillna(0).values
    rows = []
    for name in (p for p in PREDICTORS if p in cube):
        values = cube[name].values
        flat = values.mean(axis=0) if values.ndim == 3 else values
        known = np.isfinite(flat)
        rows.append({
            "predictor": name,
            "units": cube[name].attrs.get("units", ""),
            "by_year": values.ndim == 3,
            "min": float(np.nanmin(values)),
            "median": float(np.nanmedian(values)),
            "max": float(np.nanmax(values)),
            "mean_land": float(np.average(flat[known], weights=ice_free[known])),
            "mean_vegetated": float(np.average(flat[known], weights=vegetated[known])),
            "missing": float(1 - vegetated[known].sum() / vegetated.sum()),
            "filled": _filled(cube, name, vegetated),
            "source": cube[name].attrs.get("source", ""),
            "hash": hashlib.sha256(np.ascontiguousarray(values)).hexdigest()[:12],
        })
    return pd.DataFrame(rows).set_index("predictor")


def _filled(cube, name, area):
    flag = f"{MAIN_FIELD[name]}_filled"
    if flag not in cube:
        return 0.0
    return float(np.nansum(cube[flag].values * area) / area.sum())


def footnotes(cube):
    """List the shares of months that were capped, filled or without an anomaly.

    Parameters
    ----------
    cube : xarray.Dataset
        From `soilresp.covariates.build.build_cube`.

    Returns
    -------
    pandas.DataFrame
        Columns ``what`` and ``share``; shares of a flag are weighted by vegetated area.
    """
    rows = []
    if "rh_capped_share" in cube.attrs:
        rows.append(("relative humidity capped at 100 %", cube.attrs["rh_capped_share"]))
    area = _vegetated(cube)
    for flag in (v for v in cube.data_vars if str(v).endswith("_filled")):
        name = str(flag).removesuffix("_filled")
        anomaly = name.endswith("_anomaly")
        words = "{} without an anomaly near" if anomaly else "{} from the fallback"
        share = float(np.nansum(cube[flag].values * area) / area.sum())
        rows.append((words.format(name.removesuffix("_anomaly")), share))
    if "season_sensitivity" in cube.attrs:
        words = "growing season that begins or ends with 0.1 K more or less"
        rows.append((words, cube.attrs["season_sensitivity"]))
    return pd.DataFrame(rows, columns=["what", "share"])


def compare_cubes(cube, other):
    """Compare the predictors of two cubes over the vegetated area.

    Parameters
    ----------
    cube, other : xarray.Dataset
        Years are averaged. The finer one is brought to the grid of the coarser.

    Returns
    -------
    pandas.DataFrame
        One row per common predictor: ``units``, ``mean``, ``other_mean``, ``bias``
        (cube less other), ``rmse`` and ``r``, all weighted by area.
    """
    n_rows = min(cube.sizes["lat"], other.sizes["lat"])
    area = _on_rows(_vegetated(cube), n_rows) * (cube.sizes["lat"] // n_rows) ** 2
    rows = []
    for name in (p for p in PREDICTORS if p in cube and p in other):
        first, second = (_on_rows(_climatology(c[name]), n_rows, c) for c in (cube, other))
        known = np.isfinite(first) & np.isfinite(second) & (area > 0)
        first, second, weight = first[known], second[known], area[known]
        mean, other_mean = (np.average(v, weights=weight) for v in (first, second))
        cov = np.cov(first, second, aweights=weight)
        rows.append({
            "predictor": name, "units": cube[name].attrs.get("units", ""),
            "mean": mean, "other_mean": other_mean, "bias": mean - other_mean,
            "rmse": np.sqrt(np.average((first - second) ** 2, weights=weight)),
            "r": cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1]),
        })
    columns = ["predictor", "units", "mean", "other_mean", "bias", "rmse", "r"]
    return pd.DataFrame(rows, columns=columns).set_index("predictor")


def _vegetated(cube):
    area = cube["cell_area"] * cube["vegetated_fraction"]
    return area.transpose("lat", "lon").fillna(0).values


def _on_rows(field, n_rows, cube=None):
    """Average blocks of cells, weighted by vegetated area if a cube is given."""
    factor = len(field) // n_rows
    if factor == 1:
        return field
    return block_mean(field, factor, None if cube is None else _vegetated(cube))


def correlations(cube):
    """Compute the correlations between predictors over the vegetated area.

    Parameters
    ----------
    cube : xarray.Dataset
        Years are averaged.

    Returns
    -------
    pandas.DataFrame
        Square, Pearson's r weighted by area over cells that have every predictor.
    """
    names = [p for p in PREDICTORS if p in cube]
    area = _vegetated(cube)
    fields = np.array([_climatology(cube[n]) for n in names])
    known = np.isfinite(fields).all(axis=0) & (area > 0)
    cov = np.atleast_2d(np.cov(fields[:, known], aweights=area[known]))
    sd = np.sqrt(np.diag(cov))
    table = pd.DataFrame(cov / np.outer(sd, sd), index=names, columns=names)
    table.index.name = "predictor"
    return table


def _climatology(field):
    return field.values.mean(axis=0) if "year" in field.dims else field.values
