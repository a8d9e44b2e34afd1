"""Read the fields that a recipe names onto the half-degree grid in the study's units."""

from pathlib import Path

import numpy as np
import xarray as xr

from soilresp.covariates.radiation import shortwave_from_cloud
from soilresp.errors import DataError
from soilresp.grid.cells import block_mean
from soilresp.grid.land_cover import VEGETATED_CLASSES
from soilresp.grid.regrid import carry, overlaps, to_half_degree
from soilresp.readers.cru_cl import read_cru_cl
from soilresp.readers.cru_ts import read_cru_ts
from soilresp.readers.ghcn import read_ghcn
from soilresp.readers.gimms_lai4g import read_gimms_lai4g
from soilresp.readers.gistemp import read_gistemp
from soilresp.readers.glass_lai import read_glass_lai
from soilresp.readers.gsde import read_gsde
from soilresp.readers.hwsd import read_soil_carbon
from soilresp.readers.landcover import read_glc2000
from soilresp.readers.merra2 import read_merra2

__all__ = ["READERS", "read_field", "land_cover", "precipitation_ratio"]


def read_field(source, files, years, embedded):
    """Read one monthly or static field.

    Parameters
    ----------
    source : soilresp.covariates.recipes.Source
    files : dict of str to path-like
        Files or folders by registry name.
    years : (int, int) or None
    embedded : xarray.Dataset
        From `soilresp.covariates.embedded.load_embedded`.

    Returns
    -------
    xarray.DataArray
        ``(month, lat, lon)``, ``(year, month, lat, lon)`` or ``(lat, lon)``.
        Temperature anomalies stay on their own grid.

    Raises
    ------
    DataError
        If the reader is unknown, or the file is not what it should be.
    """
    if source.reader not in READERS:
        raise DataError(
            f"data/recipes.yaml names a reader {source.reader!r}; known are {', '.join(READERS)}. "
            "Correct the recipe."
        )
    paths = [files[name] for name in source.inputs]
    return READERS[source.reader](source, paths, years, embedded)


def land_cover(source, files, embedded):
    """Return the shares of IGBP classes, of vegetation and of land in each cell.

    Parameters
    ----------
    source : soilresp.covariates.recipes.Source
    files : dict of str to path-like
    embedded : xarray.Dataset

    Returns
    -------
    xarray.Dataset
        ``igbp_fraction``, ``vegetated_fraction``, ``land_fraction``,
        ``cell_area``. Cells outside the product's map are those of the embedded one.
    """
    names = ["igbp_fraction", "vegetated_fraction", "land_fraction", "cell_area"]
    if source.reader == "embedded_igbp":
        return embedded[names]
    share = read_glc2000(files[source.inputs[0]])
    share = share.where(share.notnull().all("igbp"), embedded["igbp_fraction"])
    out = xr.Dataset({
        "igbp_fraction": share,
        "vegetated_fraction": share.sel(igbp=list(VEGETATED_CLASSES)).sum("igbp"),
        "land_fraction": 1 - share.sel(igbp=0, drop=True),
        "cell_area": embedded["cell_area"],
    })
    for name in names:
        out[name].attrs = embedded[name].attrs
    out["igbp_fraction"].attrs = {**embedded["igbp_fraction"].attrs, **share.attrs}
    return out


def precipitation_ratio(climatology, anomalies, land_fraction, dry_month):
    """Divide precipitation anomalies by the climatology of their 5-degree box.

    Parameters
    ----------
    climatology : xarray.DataArray, dims (month, lat, lon)
        Half a degree, mm month-1.
    anomalies : xarray.DataArray, dims (year, month, lat, lon)
        5 degrees, mm month-1.
    land_fraction : xarray.DataArray, dims (lat, lon)
        Weights of the box mean.
    dry_month : float
        Box climatologies below this count as this, mm month-1.

    Returns
    -------
    xarray.DataArray
        Like `anomalies`, without unit.
    """
    box = block_mean(climatology.values, 10, land_fraction.values)
    return anomalies / np.maximum(box, dry_month)


def _embedded(source, paths, years, embedded):
    if source.variable not in embedded:
        raise DataError(
            f"data/recipes.yaml asks the fields that ship for {source.variable!r}; they have "
            f"{', '.join(map(str, embedded.data_vars))}. Correct the recipe."
        )
    return embedded[source.variable]


def _gsde(source, paths, years, embedded):
    folder = Path(paths[0])
    layers = [_one_of(folder, start) for start in ("OC", "BD")]
    # Pairs of files hold the 30-second product, single ones that of 5 minutes.
    in_pairs = isinstance(layers[0], list)
    return read_gsde(*layers, resolution=1 / 120 if in_pairs else 1 / 12)


def _one_of(folder, start):
    """Return the NetCDF file (or pair of files) of a folder whose name begins so."""
    found = sorted(f for f in folder.glob("*.nc*") if f.name.upper().startswith(start))
    if not found:
        raise DataError(
            f"{folder}: no NetCDF file whose name begins with {start}; GSDE has OC.nc and BD.nc, "
            "or OC1.nc, OC2.nc, BD1.nc and BD2.nc."
        )
    return found[0] if len(found) == 1 else found


def _cru_ts_radiation(source, paths, years, embedded):
    cloud = read_cru_ts(paths[0], "cld", years)
    return shortwave_from_cloud(cloud, cloud["lat"])


def _merra2(source, paths, years, embedded):
    field = read_merra2(paths[0], _MERRA2[source.variable], years)
    if source.variable == "PRECTOTCORR":
        # The files have traces below zero, which would leave deserts less than none.
        field = field.clip(min=0, keep_attrs=True)
    return to_half_degree(field, _land_share(field, embedded))


def _land_share(field, embedded):
    """Compute the land share of a source's own cells, which keeps coasts free of sea climate."""
    rows, columns = overlaps(field["lat"].values, field["lon"].values)
    land = embedded["land_fraction"].transpose("lat", "lon").values
    area = np.broadcast_to(embedded["cell_area"].values[:, np.newaxis], land.shape)
    share = carry(area * land, rows.T, columns.T) / carry(area, rows.T, columns.T)
    return xr.DataArray(share, {"lat": field["lat"], "lon": field["lon"]}, ("lat", "lon"))


_MERRA2 = {"T2M": "tas", "PRECTOTCORR": "pr", "QV2M, PS": "vap", "SWGDN": "rsds"}

READERS = {
    "embedded": _embedded,
    "cru_cl": lambda source, paths, *_: read_cru_cl(paths[0], source.variable),
    "gistemp": lambda source, paths, years, _: read_gistemp(paths[0], years),
    "ghcn": lambda source, paths, years, _: read_ghcn(paths[0], years),
    "hwsd": lambda source, paths, *_: read_soil_carbon(*paths),
    "gsde": _gsde,
    "cru_ts": lambda source, paths, years, _: read_cru_ts(paths[0], source.variable, years),
    "cru_ts_radiation": _cru_ts_radiation,
    "merra2": _merra2,
    "glass_lai": lambda source, paths, years, _: read_glass_lai(paths[0], years),
    "gimms_lai4g": lambda source, paths, years, _: read_gimms_lai4g(paths[0], years),
}
"""Readers by the name that recipes use; leaf area from fAPAR is made in the cube itself."""
