"""Output of ecosystem models, from the files of any model, in one form.

A gridded model becomes a dataset of any of ``SR HR AR GPP NPP cSoil cLitter
cRoot``: fluxes in g C m-2 yr-1 and pools in kg C m-2 of *land*, with
``land_fraction``, the share of the whole cell that is land, and attributes that
hold its source, the choices made while reading, and the way to AR.
How each model writes its files is declared in ``data/models.yaml``.
"""

from soilresp.models.below_ground import below_ground
from soilresp.models.declared import FLUXES, POOLS, adapters, declared_models
from soilresp.models.folder import files_of, read_folder
from soilresp.models.half_degree import conservative
from soilresp.models.land import check_position
from soilresp.models.read import clean_name, read_model
from soilresp.models.series import read_cmip6_global, read_isimip_global
from soilresp.models.testbed import read_testbed
from soilresp.models.times import read_steps
from soilresp.models.units import flux_factor, pool_factor

__all__ = [
    "FLUXES", "POOLS", "adapters", "below_ground", "check_position", "clean_name", "conservative",
    "declared_models", "files_of", "flux_factor", "pool_factor", "read_cmip6_global",
    "read_folder", "read_isimip_global", "read_model", "read_steps", "read_testbed",
]
