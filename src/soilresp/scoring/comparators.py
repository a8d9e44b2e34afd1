"""Models that a map is compared with: empirical models, open output and compiled series."""

import xarray as xr

from soilresp.covariates.climate_response import bond_lamberty_2004, raich_2002
from soilresp.covariates.embedded import load_embedded
from soilresp.grid.cells import cell_area
from soilresp.io import fetch as access
from soilresp.models import declared_models, read_cmip6_global, read_isimip_global, read_model
from soilresp.scoring.totals import series_totals

__all__ = [
    "EMPIRICAL", "EMPIRICAL_REFERENCE", "available_outputs", "available_series",
    "empirical_model",
]

EMPIRICAL = "Raich 2002, Bond-Lamberty 2004"
"""Name of the published climate-response models of SR and HR."""

EMPIRICAL_REFERENCE = "doi:10.1046/j.1365-2486.2002.00511.x, doi:10.1111/j.1365-2486.2004.00816.x"

_SERIES = {
    "isimip_global_rh": ("ISIMIP series", "HR"),
    "isimip_global_gpp": ("ISIMIP series", "GPP"),
    "cmip6_global_rh": ("CMIP6 series", "HR"),
    "cmip6_global_npp": ("CMIP6 series", "NPP"),
    "cmip6_global_gpp": ("CMIP6 series", "GPP"),
}
_SERIES_SOURCE = {"ISIMIP series": "doi:10.1038/s41586-018-0358-x",
                  "CMIP6 series": "CMIP6 historical runs"}


def empirical_model(world=None):
    """Compute SR, HR and AR by published climate-response models, as a model's output.

    Parameters
    ----------
    world : xarray.Dataset, optional
        Half-degree ``tas`` (degC) and ``pr`` (mm month-1), dims (month, lat, lon), and
        ``land_fraction``, dims (lat, lon). Default: the embedded fields.

    Returns
    -------
    xarray.Dataset
        Like that of `soilresp.models.read_model`: g C m-2 yr-1 of land.

    Notes
    -----
    Raich et al. (2002), doi:10.1046/j.1365-2486.2002.00511.x, for SR; Bond-Lamberty et
    al. (2004), doi:10.1111/j.1365-2486.2004.00816.x, for HR.
    """
    world = load_embedded() if world is None else world
    land = world["land_fraction"]
    sr = raich_2002(world["tas"], world["pr"]).where(land > 0)
    hr = bond_lamberty_2004(sr)
    out = xr.Dataset({"SR": sr, "HR": hr, "AR": sr - hr}).drop_vars("month", errors="ignore")
    for field in out.values():
        field.attrs = {"units": "g m-2 yr-1", "area_basis": "land"}
    share = land.where(sr.notnull(), 0).astype(float)
    return out.assign(land_fraction=share, cell_area=cell_area()).assign_attrs(
        model=EMPIRICAL, period="mean", how_ar="SR - HR", source_file="",
        reference=EMPIRICAL_REFERENCE,
        choices="Computed from monthly temperature and precipitation of the embedded fields.",
    )


def available_outputs(skip=()):
    """Read the models whose open output is in the cache or mirror.

    Parameters
    ----------
    skip : collection of str
        Models to leave out.

    Yields
    ------
    model : str
    output : xarray.Dataset or None
        As `soilresp.models.read_model` returns it.
    found : soilresp.io.fetch.Found or str
        The input that was read, or the reason why there is none.
    """
    for model, facts in declared_models()["testbed"].items():
        entry = facts["input"]
        if model not in skip and access.is_available([entry]):
            found = access.locate(entry)
            yield model, read_model(found.path, model), found
        elif model not in skip:
            yield model, None, f"input {entry} is not available"


def available_series(variable=None):
    """Read the compiled annual series that are in the cache or mirror.

    Parameters
    ----------
    variable : {"HR", "GPP", "NPP"}, optional
        Default: series of every variable.

    Yields
    ------
    entry : str
        Name in the registry.
    table : pandas.DataFrame or None
        As `soilresp.scoring.totals.series_totals` returns it.
    found : soilresp.io.fetch.Found or str
        The input that was read, or the reason why there is none.
    """
    for entry, (group, held) in _SERIES.items():
        if variable not in (None, held):
            continue
        if not access.is_available([entry]):
            yield entry, None, f"input {entry} is not available"
            continue
        found = access.locate(entry)
        isimip = group == "ISIMIP series"
        series = read_isimip_global(found.path, held) if isimip else read_cmip6_global(found.path)
        yield entry, series_totals(series, group, _SERIES_SOURCE[group]), found
