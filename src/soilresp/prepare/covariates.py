"""The covariate cube: ten predictors on the half-degree grid, by year or as a climatology."""

from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr

from soilresp import __version__
from soilresp.data.embedded import load_embedded
from soilresp.grid import block_mean, coordinates
from soilresp.load.cru_cl import DAYS_IN_MONTH, read_cru_cl
from soilresp.load.ghcn import read_ghcn
from soilresp.load.gistemp import read_gistemp
from soilresp.load.hwsd import read_soil_carbon
from soilresp.prepare.leaf_area import monthly_lai
from soilresp.prepare.recipes import PREDICTORS, RECIPES
from soilresp.prepare.strata import dominant_stratum

__all__ = [
    "Options",
    "relative_humidity",
    "growing_season",
    "annual_predictors",
    "build_cube",
    "describe",
]

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Options:
    """Constants of the cube; every one can be changed.

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

    growing_threshold: float = 0.0
    par_fraction: float = 0.45
    base_shift: float = -0.1
    ratio_bounds: tuple = (0.0, 3.0)
    dry_month: float = 5.0
    extinction: float = 0.5
    evergreen_lai: float = 5.0


def relative_humidity(vapour_pressure, temperature):
    """Relative humidity from vapour pressure and air temperature.

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
    """Months of the growing season.

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
    """Annual and growing-season predictors from monthly fields.

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


def build_cube(recipe, inputs=None, options=None):
    """Build the covariate cube of a recipe.

    Parameters
    ----------
    recipe : {"embedded", "delta"}
    inputs : dict of str to path-like
        File of each registry name that the recipe needs.
    options : Options, optional

    Returns
    -------
    xarray.Dataset
        The predictors by the paper's names, ``(year, lat, lon)`` or ``(lat,
        lon)``, NaN where the cell has no vegetation or an input lacks it; with
        ``cell_area``, ``land_fraction``, ``vegetated_fraction``,
        ``igbp_fraction``, ``stratum``, and flags of what was filled.
    """
    options = options or Options()
    embedded = load_embedded()
    vegetated = (embedded["vegetated_fraction"] > 0).values
    monthly, filled = (
        _delta_months(inputs, embedded, vegetated, options)
        if recipe == "delta"
        else _embedded_months(embedded, vegetated)
    )
    rh = relative_humidity(monthly["vap"], monthly["tas_climatology"])
    capped = float(np.mean(rh[np.isfinite(rh)] >= 100))
    par = monthly["rsds"] * options.par_fraction * SECONDS_PER_DAY / 1e6 * DAYS_IN_MONTH[:, None]
    lai, scale = monthly_lai(
        _cells(embedded, "fapar_max", vegetated),
        _cells(embedded, "ndvi_min", vegetated),
        _cells(embedded, "ndvi_max", vegetated),
        monthly["tas_climatology"],
        monthly["pr_climatology"],
        _cells(embedded, "igbp_fraction", vegetated),
        _cell_areas(embedded, vegetated),
        options.extinction,
        options.evergreen_lai,
    )
    found = annual_predictors(
        monthly["tas"], monthly["pr"], rh.astype(np.float32), par.astype(np.float32),
        lai.astype(np.float32), options.growing_threshold,
    )
    if recipe == "delta":
        carbon = read_soil_carbon(inputs["hwsd_oc"], inputs["hwsd_bulk_density"])
        found["SOC"] = carbon.values[vegetated]

    years = RECIPES[recipe].years
    grid = coordinates()
    coords = dict(grid)
    if years:
        coords["year"] = np.arange(years[0], years[1] + 1)
    cube = xr.Dataset(coords=coords)
    for name, (long_name, units) in PREDICTORS.items():
        if name not in found:
            continue
        values = np.asarray(found[name], np.float32)
        dims = ("year", "lat", "lon") if values.ndim == 2 else ("lat", "lon")
        cube[name] = (dims, _spread(values, vegetated), {"long_name": long_name, "units": units})
        cube[name].attrs["source"] = monthly["source"].get(name, "")
    for name in ("LAI", "LAI_GS"):
        cube[name].attrs["long_name"] += " (proxy from fAPAR)"
        cube[name].attrs["comment"] = f"Beer-Lambert law, times {scale:.3f}"
    for name in ("cell_area", "land_fraction", "vegetated_fraction", "igbp_fraction"):
        cube[name] = embedded[name]
    cube["stratum"] = dominant_stratum(embedded["igbp_fraction"])
    for name, flag in filled.items():
        cube[f"{name}_filled"] = (
            ("lat", "lon"),
            _spread(flag.astype(np.float32), vegetated),
            {"units": "1", "long_name": f"share of the months of {name} taken from another source"},
        )
    cube.attrs = {
        "title": f"Covariates of soil respiration, recipe '{recipe}'",
        "Conventions": "CF-1.8",
        "recipe": recipe,
        "source": RECIPES[recipe].summary,
        "rh_capped_share": capped,
        "history": f"soilresp {__version__}",
        **{f"option_{k}": v for k, v in asdict(options).items()},
    }
    return cube


def describe(cube):
    """What is in a cube.

    Parameters
    ----------
    cube : xarray.Dataset
        From `build_cube`.

    Returns
    -------
    pandas.DataFrame
        One row per predictor: unit, whether it varies by year, area-weighted
        minimum, mean and maximum over the vegetated area, and the share of
        that area where it is missing.
    """
    import pandas as pd

    area = (cube["cell_area"] * cube["vegetated_fraction"]).fillna(0)
    rows = []
    for name in (p for p in PREDICTORS if p in cube):
        field = cube[name]
        flat = field.mean("year") if "year" in field.dims else field
        missing = 1 - float(area.where(flat.notnull()).sum() / area.sum())
        rows.append(
            {
                "predictor": name,
                "units": field.attrs["units"],
                "by_year": "year" in field.dims,
                "min": float(field.min()),
                "mean": float(flat.weighted(area).mean(("lat", "lon"))),
                "max": float(field.max()),
                "missing_area": missing,
                "source": field.attrs.get("source", ""),
            }
        )
    return pd.DataFrame(rows).set_index("predictor")


def _embedded_months(embedded, vegetated):
    """Monthly fields at the vegetated cells, all from the committed file."""
    tas, pr = (_cells(embedded, v, vegetated) for v in ("tas", "pr"))
    climate = "ERA5 2000-2025 (embedded)"
    rain = "ITU-R P.837-7, GPCC climatology (embedded)"
    humidity = "ITU-R P.836 vapour density with ERA5 temperature (embedded)"
    light = "MERRA-2 2011-2015 (embedded)"
    leaf = "PT-JPL fAPAR (embedded)"
    return {
        "tas": tas, "pr": pr, "tas_climatology": tas, "pr_climatology": pr,
        "vap": _cells(embedded, "vap", vegetated),
        "rsds": _cells(embedded, "rsds", vegetated),
        "source": {
            "MAT": climate, "Prec": rain, "Prec_GS": rain, "RH": humidity,
            "RH_GS": humidity, "PAR": light, "PAR_GS": light, "LAI": leaf, "LAI_GS": leaf,
        },
    }, {}


def _delta_months(inputs, embedded, vegetated, options):
    """CRU CL 1.0 with anomalies added, at the vegetated cells; gaps from the embedded fields."""
    fields, filled = {}, {}
    names = {"tas": "cru_cl_tmp", "pr": "cru_cl_pre", "vap": "cru_cl_vap", "rsds": "cru_cl_rad"}
    for name, entry in names.items():
        own = read_cru_cl(inputs[entry], entry.rpartition("_")[2])
        values = own.values[:, vegetated].astype(np.float32)
        gap = np.isnan(values)
        values[gap] = _cells(embedded, name, vegetated)[gap]
        fields[name], filled[name] = values, (gap & np.isfinite(values)).mean(axis=0)
        if name == "pr":
            box_climatology = block_mean(own.values, 10, embedded["land_fraction"].values)
    years = RECIPES["delta"].years
    warming = read_gistemp(inputs["gistemp"], years)
    tas_anomaly, known = _to_cells(warming, vegetated)
    filled["tas_anomaly"] = 1 - known
    wetness = read_ghcn(inputs["ghcn_prcp"], years)
    ratio = wetness / np.maximum(box_climatology, options.dry_month)
    ratio_anomaly, known = _to_cells(ratio, vegetated)
    filled["pr_anomaly"] = 1 - known
    low, high = options.ratio_bounds
    climate = "CRU CL 1.0"
    return {
        "tas": fields["tas"] + tas_anomaly + np.float32(options.base_shift),
        "pr": fields["pr"] * np.clip(1 + ratio_anomaly, low, high),
        "tas_climatology": fields["tas"],
        "pr_climatology": fields["pr"],
        "vap": fields["vap"],
        "rsds": fields["rsds"],
        "source": {
            "MAT": f"{climate} + GISTEMP v4", "Prec": f"{climate} x GHCN v2",
            "Prec_GS": f"{climate} x GHCN v2", "RH": climate, "RH_GS": climate,
            "PAR": f"{climate}, gaps MERRA-2 (embedded)",
            "PAR_GS": f"{climate}, gaps MERRA-2 (embedded)",
            "LAI": "PT-JPL fAPAR (embedded)", "LAI_GS": "PT-JPL fAPAR (embedded)",
            "SOC": "HWSD v1.2",
        },
    }, filled


def _to_cells(anomaly, vegetated):
    """Interpolate coarse anomalies to cells; zero, and counted, where nothing is near.

    Returns the values, shape (year, month, cell), and the share of months in
    which at least half of the interpolation weight has data, shape (cell,).
    """
    grid = coordinates()
    # One column more on either side, so that the date line is no edge.
    around = anomaly.pad(lon=1, mode="wrap")
    step = float(anomaly["lon"][1] - anomaly["lon"][0])
    lon = anomaly["lon"].values
    around = around.assign_coords(lon=np.concatenate([[lon[0] - step], lon, [lon[-1] + step]]))
    row, col = np.nonzero(vegetated)
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


def _cells(embedded, name, vegetated):
    return embedded[name].values[..., vegetated].astype(np.float32)


def _cell_areas(embedded, vegetated):
    area = embedded["cell_area"] * embedded["vegetated_fraction"]
    return area.transpose("lat", "lon").values[vegetated]


def _spread(values, vegetated):
    out = np.full((*values.shape[:-1], *vegetated.shape), np.nan, np.float32)
    out[..., vegetated] = values
    return out
