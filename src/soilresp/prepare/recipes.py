"""The covariate recipes: which inputs each of them takes."""

from dataclasses import dataclass

__all__ = ["PREDICTORS", "RECIPES", "Recipe"]

PREDICTORS = {
    "MAT": ("mean annual air temperature", "degC"),
    "Prec": ("annual precipitation", "mm yr-1"),
    "RH": ("mean annual relative humidity", "%"),
    "LAI": ("mean annual leaf area index", "m2 m-2"),
    "PAR": ("annual photosynthetically active radiation", "MJ m-2 yr-1"),
    "SOC": ("soil organic carbon, 0-30 cm", "kg m-2"),
    "Prec_GS": ("precipitation of the growing season", "mm"),
    "RH_GS": ("mean relative humidity of the growing season", "%"),
    "LAI_GS": ("mean leaf area index of the growing season", "m2 m-2"),
    "PAR_GS": ("photosynthetically active radiation of the growing season", "MJ m-2"),
}
"""The paper's ten predictors: name, meaning and unit."""


@dataclass(frozen=True)
class Recipe:
    """A way to make the covariate cube.

    Attributes
    ----------
    name : str
    needs : tuple of str
        Registry names of the inputs beyond what ships with the project.
    years : tuple of int or None
        First and last year, or None for a climatology.
    predictors : tuple of str
        The predictors that it provides.
    summary : str
    """

    name: str
    needs: tuple
    years: tuple | None
    predictors: tuple
    summary: str


RECIPES = {
    r.name: r
    for r in (
        Recipe(
            "delta",
            needs=("cru_cl_tmp", "cru_cl_pre", "cru_cl_vap", "cru_cl_rad", "gistemp",
                   "ghcn_prcp", "hwsd_oc", "hwsd_bulk_density"),
            years=(1982, 2012),
            predictors=tuple(PREDICTORS),
            summary="CRU CL 1.0 climatology with GISTEMP and GHCN anomalies, HWSD soil carbon; "
                    "leaf area and vegetation from the embedded fields.",
        ),
        Recipe(
            "embedded",
            needs=(),
            years=None,
            predictors=tuple(p for p in PREDICTORS if p != "SOC"),
            summary="The fields that ship with the project: ERA5 temperature 2000-2025, "
                    "GPCC rain, MERRA-2 radiation, MODIS vegetation; no soil carbon.",
        ),
    )
}
"""All recipes, best first: `auto` takes the first whose inputs are at hand."""
