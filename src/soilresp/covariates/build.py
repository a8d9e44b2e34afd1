"""Build the covariate cube: ten predictors on the half-degree grid, by year or as a climatology."""

from dataclasses import asdict, fields, replace
from typing import Annotated

import numpy as np
import pydantic
import xarray as xr
from pydantic.dataclasses import dataclass

from soilresp import __version__
from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.leaf_area import monthly_lai
from soilresp.covariates.recipes import MAIN_FIELD, PREDICTORS, recipe_of
from soilresp.covariates.sources import land_cover, precipitation_ratio, read_field
from soilresp.covariates.strata import dominant_stratum
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import coordinates
from soilresp.io import fetch as access
from soilresp.io.yaml_text import check_content
from soilresp.readers.cru_cl import DAYS_IN_MONTH

__all__ = [
    "Options", "relative_humidity", "growing_season", "annual_predictors", "locate_inputs",
    "build_cube",
]

SECONDS_PER_DAY = 86_400

LARGEST_FILLED = 0.25
"""Share of the vegetated area that a fallback may fill. A map upside down leaves three quarters
of it without data, one that is shifted by 180 degrees half of it."""


def _between(low, high):
    return Annotated[float, pydantic.Field(strict=True, ge=low, le=high)]


@dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))
class Options:
    """Hold the constants of the cube.

    Attributes
    ----------
    growing_threshold : float
        A month belongs to the growing season when its mean air temperature is
        above this, degC (Lu et al. 2021, section 2.2).
    par_fraction : float
        Share of shortwave radiation that is photosynthetically active.
    base_shift : float
        K added to GISTEMP anomalies to bring their base from 1951-1980 to the
        1961-1990 of CRU CL 1.0.
    ratio_bounds : (float, float)
        Bounds of a month's precipitation over its climatology.
    dry_month : float
        Climatologies below this count as this in the ratio, mm month-1, so
        that a shower in a desert does not multiply the month by a hundred.
    extinction : float
        Light extinction coefficient of Beer-Lambert's law.
    evergreen_lai : float
        Mean leaf area index that evergreen broadleaf forest is scaled to.
    """

    growing_threshold: _between(-60, 45) = 0.0
    par_fraction: _between(0.01, 1) = 0.45
    base_shift: _between(-5, 5) = -0.1
    ratio_bounds: tuple[_between(0, 100), _between(0, 100)] = (0.0, 3.0)
    dry_month: _between(0.01, 1_000) = 5.0
    extinction: _between(0.01, 2) = 0.5
    evergreen_lai: _between(0.1, 15) = 5.0

    @pydantic.field_validator("ratio_bounds")
    @classmethod
    def _in_order(cls, value):
        if value[0] > value[1]:
            raise ValueError("the lower bound comes first")
        return value

    @classmethod
    def from_dict(cls, options):
        """Make options from a dictionary.

        Parameters
        ----------
        options : dict
            Values by name; lists become tuples.

        Returns
        -------
        Options

        Raises
        ------
        ParameterError
            If a name is not an option, or its value is not a number within its bounds.
        """
        known = ", ".join(f.name for f in fields(cls))
        return check_content(
            options, cls, "Covariate option", f"Options are {known}.", error=ParameterError
        )


def relative_humidity(vapour_pressure, temperature):
    """Compute relative humidity from vapour pressure and air temperature.

    Saturation over water by Bolton (1980, equation 10,
    doi:10.1175/1520-0493(1980)108<1046:TCOEPT>2.0.CO;2); capped at 100 %.

    Parameters
    ----------
    vapour_pressure : array_like
        hPa.
    temperature : array_like
        degC.

    Returns
    -------
    Same type as the input
        Percent.

    Examples
    --------
    >>> round(float(relative_humidity(10.0, 20.0)), 1)
    42.8
    """
    saturation = 6.112 * np.exp(17.67 * temperature / (temperature + 243.5))
    return np.minimum(100 * vapour_pressure / saturation, 100)


def growing_season(temperature, threshold=0.0):
    """Return the months of the growing season.

    All months warmer than `threshold`; where there is none, the warmest month
    alone, so that no cell is without a season.

    Parameters
    ----------
    temperature : numpy.ndarray, shape (..., 12, n)
        Monthly mean air temperature, degC.
    threshold : float
        degC.

    Returns
    -------
    numpy.ndarray of bool, same shape
    """
    season = temperature > threshold
    warmest = temperature == np.max(temperature, axis=-2, keepdims=True)
    return np.where(season.any(axis=-2, keepdims=True), season, warmest)


def annual_predictors(tas, pr, rh, par, lai, threshold=0.0):
    """Compute annual and growing-season predictors from monthly fields.

    Means (MAT, RH, LAI) are over days, sums (Prec, PAR) over months.

    Parameters
    ----------
    tas : numpy.ndarray, shape (..., 12, n)
        Air temperature, degC; leading dimensions are years.
    pr, rh, par, lai : numpy.ndarray, shape (..., 12, n) or (12, n)
        Precipitation (mm month-1), relative humidity (%), photosynthetically
        active radiation (MJ m-2 month-1), leaf area index (m2 m-2).
    threshold : float
        Of the growing season, degC.

    Returns
    -------
    dict of numpy.ndarray
        The paper's predictors but SOC; without the year dimension where
        nothing that enters varies by year.
    """
    days = DAYS_IN_MONTH[:, None].astype(tas.dtype)
    season = growing_season(tas, threshold).astype(tas.dtype)
    season_days = season * days
    n_days = season_days.sum(axis=-2)
    year = days.sum()
    return {
        "MAT": (tas * days).sum(axis=-2) / year,
        "Prec": pr.sum(axis=-2),
        "RH": (rh * days).sum(axis=-2) / year,
        "LAI": (lai * days).sum(axis=-2) / year,
        "PAR": par.sum(axis=-2),
        "Prec_GS": (pr * season).sum(axis=-2),
        "RH_GS": (rh * season_days).sum(axis=-2) / n_days,
        "LAI_GS": (lai * season_days).sum(axis=-2) / n_days,
        "PAR_GS": (par * season).sum(axis=-2),
    }


def locate_inputs(recipe, given=None):
    """Find the inputs of a recipe.

    Parameters
    ----------
    recipe : str
    given : dict of str to path-like, optional
        Files or folders of the user's own, by registry name.

    Returns
    -------
    dict of str to soilresp.io.fetch.Found

    Raises
    ------
    ParameterError
        If something is given that the recipe does not take.
    DataError
        If an input cannot be found.
    """
    given, needs = given or {}, recipe_of(recipe).needs
    for name in given:
        if name not in needs:
            raise ParameterError(
                f"Recipe '{recipe}' takes no input {name!r}; it takes {', '.join(needs) or 'none'}."
            )
    return {name: access.locate(name, given.get(name)) for name in needs}


def build_cube(recipe, inputs=None, options=None, years=None):
    """Build the covariate cube of a recipe.

    Parameters
    ----------
    recipe : str
        Name of a recipe in ``data/recipes.yaml``.
    inputs : dict of str to path-like
        File or folder of each registry name that the recipe needs.
    options : Options, optional
    years : (int, int), optional
        First and last year, if not those of the recipe.

    Returns
    -------
    xarray.Dataset
        The predictors by the paper's names, ``(year, lat, lon)`` or ``(lat,
        lon)``, on land that is not all ice, NaN where an input has no data;
        with ``cell_area``, ``land_fraction``, ``vegetated_fraction``,
        ``igbp_fraction``, ``stratum``, and ``*_filled``: what share of a cell's
        months came from a fallback or had no anomaly near.

    Raises
    ------
    ParameterError
        If there is no such recipe, or it has no such years.
    DataError
        If an input is missing or not what it should be, or leaves more than
        `LARGEST_FILLED` of the vegetated area to its fallback.
    """
    recipe, inputs, options = recipe_of(recipe), inputs or {}, options or Options()
    if years is not None:
        recipe = _with_years(recipe, years)
    lacking = [name for name in recipe.needs if name not in inputs]
    if lacking:
        raise DataError(
            f"Recipe '{recipe.name}' needs input {lacking[0]}. Say where it is, or fetch it: "
            f"`soilresp data list` shows all inputs."
        )
    embedded = load_embedded()
    cover = land_cover(recipe.fields["vegetation"], inputs, embedded)
    land = (cover["land_fraction"] - cover["igbp_fraction"].sel(igbp=15) > 0).values
    land &= (cover["lat"] > _SOUTHERN_EDGE).values[:, None]
    fields = _read_fields(recipe, inputs, embedded, options)
    mean = _climatologies(recipe, fields, land)
    lai, note = _leaf_area(recipe, inputs, embedded, cover, land, mean, options)
    found, filled, count = _by_blocks(recipe, fields, land, lai.astype(np.float32), options)
    del fields
    capped, sensitivity = count["capped"] / count["known"], count["moved"] / count["months"]
    if "lai" in note:
        filled["lai"] = note.pop("lai")
    area = (cover["cell_area"] * cover["vegetated_fraction"]).transpose("lat", "lon").values[land]
    _check_filled(recipe, filled, area)
    if "soc" in recipe.fields:
        carbon = read_field(recipe.fields["soc"], inputs, recipe.years, embedded)
        found["SOC"] = carbon.values[land]
    coords = dict(coordinates())
    if recipe.years:
        coords["year"] = np.arange(recipe.years[0], recipe.years[1] + 1)
    cube = xr.Dataset(coords=coords)
    words = {name: recipe.fields[field].words for name, field in MAIN_FIELD.items()
             if field in recipe.fields}
    for name in recipe.predictors:
        long_name, units = PREDICTORS[name]
        values = np.asarray(found[name], np.float32)
        dims = ("year", "lat", "lon") if values.ndim == 2 else ("lat", "lon")
        cube[name] = (dims, _spread(values, land), {"long_name": long_name, "units": units})
        cube[name].attrs["source"] = words[name]
        if name in ("LAI", "LAI_GS"):
            cube[name].attrs["long_name"] += note.get("suffix", "")
    for name in ("cell_area", "land_fraction", "vegetated_fraction", "igbp_fraction"):
        cube[name] = cover[name]
    cube["stratum"] = dominant_stratum(cover["igbp_fraction"])
    for name, flag in filled.items():
        long_name = f"share of months of {name} without a value of its own source"
        share = _spread(flag.astype(np.float32), land)
        cube[f"{name}_filled"] = ("lat", "lon"), share, {"units": "1", "long_name": long_name}
    cube.attrs = {
        "title": f"Covariates of soil respiration, recipe '{recipe.name}'",
        "Conventions": "CF-1.8",
        "recipe": recipe.name,
        "source": recipe.summary,
        "rh_capped_share": capped,
        "season_sensitivity": sensitivity,
        "history": f"soilresp {__version__}",
        **{k: v for k, v in note.items() if k != "suffix"},
        **{f"option_{k}": v for k, v in asdict(options).items()},
    }
    return cube


def _with_years(recipe, years):
    if recipe.years is None:
        raise ParameterError(f"Recipe '{recipe.name}' is a climatology and has no years.")
    if len(years) != 2 or not years[0] <= years[1]:
        raise ParameterError(f"years must be (first, last), got {tuple(years)}.")
    return replace(recipe, years=(int(years[0]), int(years[1])))


_SOUTHERN_EDGE = -60
"""degrees; the few ice-free pixels of Antarctica are left out."""

_MOST_CELLS = 16_384
"""Cells to a block at most, which bounds the memory that the months of a block take."""


def _read_fields(recipe, inputs, embedded, options):
    """Read the monthly fields: main one, fallback and anomalies of each."""
    fields = {}
    for name in ("tas", "pr", "vap", "rsds"):
        source = recipe.fields[name]
        main, other, change = (
            read_field(part, inputs, recipe.years, embedded) if part else None
            for part in (source, source.fallback, source.anomalies)
        )
        if name == "pr" and change is not None:
            land = embedded["land_fraction"]
            change = precipitation_ratio(main, change, land, options.dry_month)
        fields[name] = main, other, change
    return fields


def _of_cells(fields, name, land):
    """Return a field at some cells, gaps filled, and the share of months filled (or None)."""
    main, other, _ = fields[name]
    values = main.values[..., land].astype(np.float32)
    if other is None:
        return values, None
    return _fill(values, other.values[..., land].astype(np.float32))


def _climatologies(recipe, fields, land):
    """Average temperature and precipitation by month, without anomalies; shape (12, cells)."""
    means = {}
    for name in ("tas", "pr"):
        values, _ = _of_cells(fields, name, land)
        means[name] = values.mean(axis=0) if values.ndim == 3 else values
    return means


def _by_blocks(recipe, fields, land, lai, options):
    """Compute annual predictors of the land cells, shares of months filled, and counts of months.

    Cells are worked on in blocks that fit into memory; each has its own months alone.
    """
    row, col = np.nonzero(land)
    # Never fewer than 64 cells of many: numpy adds the months of a few in another order.
    n_blocks = max(1, -(-row.size // _MOST_CELLS))
    found, filled = {}, {}
    count = {"known": 0, "capped": 0, "months": 0, "moved": 0}
    for cells in np.array_split(np.arange(row.size), n_blocks):
        block = np.zeros_like(land)
        block[row[cells], col[cells]] = True
        months, shares = _months(recipe, fields, block, options)
        # A climatology of vapour pressure must not be paired with the temperature of one year.
        by_year = months["vap"].ndim == months["tas"].ndim
        rh = relative_humidity(months["vap"], months["tas" if by_year else "tas_climatology"])
        known = np.isfinite(rh)
        count["known"] += int(known.sum())
        count["capped"] += int((rh[known] >= 100).sum())
        count["months"] += months["tas"].size
        count["moved"] += _moved_months(months["tas"], options.growing_threshold)
        par = months["rsds"] * (options.par_fraction * SECONDS_PER_DAY / 1e6)
        par = par * DAYS_IN_MONTH[:, None]
        made = annual_predictors(
            months["tas"], months["pr"], rh.astype(np.float32), par.astype(np.float32),
            lai[..., cells], options.growing_threshold,
        )
        for of, parts in ((found, made), (filled, shares)):
            for name, values in parts.items():
                if name not in of:
                    of[name] = np.empty((*values.shape[:-1], row.size), values.dtype)
                of[name][..., cells] = values
    return found, filled, count


def _months(recipe, fields, land, options):
    """Return monthly fields at some land cells, gaps filled, and the share of months filled."""
    months, filled = {}, {}
    for name in ("tas", "pr", "vap", "rsds"):
        values, share = _of_cells(fields, name, land)
        if share is not None:
            filled[name] = share
        if name == "tas":
            months["tas_climatology"] = values.mean(axis=0) if values.ndim == 3 else values
        if recipe.fields[name].anomalies:
            change, known = _to_cells(fields[name][2], land)
            filled[f"{name}_anomaly"] = 1 - known
            if name == "pr":
                values = values * np.clip(1 + change, *options.ratio_bounds)
            else:
                values = values + change + np.float32(options.base_shift)
        months[name] = values
    return months, filled


def _moved_months(tas, threshold, step=0.1):
    """Count the months that enter or leave the growing season if all is `step` K warmer.

    Where temperature is a climatology with anomalies of another base, it says how
    much the shift between the bases matters: forests split on the order of MAT,
    which a shift leaves alone, so that the season is the only way in.
    """
    return int(((tas > threshold) != (tas + step > threshold)).sum())


def _fill(values, other):
    """Fill gaps from another source; return also the share of each cell's months filled."""
    gap = np.isnan(values)
    values = np.where(gap, other, values)
    share = (gap & np.isfinite(values)).reshape(-1, values.shape[-1]).mean(axis=0)
    return values, share


def _check_filled(recipe, filled, area):
    """Refuse a source that leaves much to its fallback: it may be misplaced."""
    for name in (n for n in filled if n in recipe.fields):
        share = float(np.average(filled[name], weights=np.nan_to_num(area)))
        if share > LARGEST_FILLED:
            raise DataError(
                f"Recipe '{recipe.name}': {recipe.fields[name].product} has no {name} on "
                f"{share:.0%} of the vegetated area; expected {LARGEST_FILLED:.0%} at most. Its "
                "rows may run from south to north, or its longitudes from 0 to 360, other than "
                "its coordinates say; or it is not global."
            )


def _leaf_area(recipe, inputs, embedded, cover, land, mean, options):
    """Return monthly leaf area index at the land cells, and notes on its origin."""
    source = recipe.fields["lai"]

    def proxy():
        return monthly_lai(
            embedded["fapar_max"].values[land], embedded["ndvi_min"].values[land],
            embedded["ndvi_max"].values[land], mean["tas"],
            mean["pr"], cover["igbp_fraction"].values[:, land],
            (cover["cell_area"] * cover["vegetated_fraction"]).transpose("lat", "lon").values[land],
            options.extinction, options.evergreen_lai,
        )

    if source.reader == "fapar_proxy":
        lai, scale = proxy()
        return lai, {"suffix": " (proxy from fAPAR)", "lai_scale": scale}
    own = read_field(source, inputs, recipe.years, embedded).values[..., land].astype(np.float32)
    lai, share = _fill(own, proxy()[0].astype(np.float32))
    return lai, {"lai": share}


def _to_cells(anomaly, land):
    """Interpolate coarse anomalies to cells; zero, and counted, where none is near.

    Returns the values, shape (year, month, cell), and the share of months in
    which at least half of the interpolation weight has data, shape (cell,).
    """
    grid = coordinates()
    # One column more on either side, so that the date line is no edge.
    around = anomaly.pad(lon=1, mode="wrap")
    step = float(anomaly["lon"][1] - anomaly["lon"][0])
    lon = anomaly["lon"].values
    around = around.assign_coords(lon=np.concatenate([[lon[0] - step], lon, [lon[-1] + step]]))
    row, col = np.nonzero(land)
    target = {
        "lat": xr.DataArray(grid["lat"].values[row], dims="cell"),
        "lon": xr.DataArray(grid["lon"].values[col], dims="cell"),
    }
    n_year, n_month = anomaly.shape[:2]
    values = np.empty((n_year, n_month, row.size), np.float32)
    known = np.zeros(row.size)
    for i in range(n_year):
        block = around.isel(year=i).astype(np.float32)
        kwargs = {"fill_value": None}
        weight = block.notnull().astype(np.float32).interp(target, kwargs=kwargs).values
        total = block.fillna(0).interp(target, kwargs=kwargs).values
        enough = weight >= 0.5
        values[i] = np.where(enough, total / np.where(enough, weight, 1), 0)
        known += enough.mean(axis=0) / n_year
    return values, known


def _spread(values, land):
    out = np.full((*values.shape[:-1], *land.shape), np.nan, np.float32)
    out[..., land] = values
    return out
