"""Load a covariate cube: by the name of a recipe, or from a file."""

from pathlib import Path

from soilresp.covariates.build import Options, build_cube, locate_inputs
from soilresp.covariates.cube import check_cube, open_cube
from soilresp.covariates.recipes import best_recipe, recipes
from soilresp.errors import DataError, ParameterError

__all__ = ["load_covariates"]


def load_covariates(source="embedded", years=None, *, predictors=(), inputs=None, options=None):
    """Return a checked covariate cube, built by a recipe or opened from a file.

    Parameters
    ----------
    source : str or path-like
        A recipe: ``"embedded"`` (ships with the package, a climatology without soil carbon),
        ``"delta"``, ``"cru_ts"`` or ``"merra2"`` (their inputs must be in the cache or the
        mirror), or ``"auto"``, the best recipe whose inputs are available. Else the path of a
        cube: a file ``.nc`` or a folder ``.zarr``.
    years : (int, int), optional
        First and last year. Default: all years of the recipe or of the file.
    predictors : sequence of str
        Predictors that the cube must have.
    inputs : dict of str to path-like, optional
        For a recipe, files or folders of the user's own by registry name.
    options : Options or dict, optional
        For a recipe, constants of `soilresp.covariates.build.Options`.

    Returns
    -------
    xarray.Dataset
        On the half-degree grid (a file may have a quarter of a degree): predictors by the
        names of `soilresp.covariates.recipes.PREDICTORS`, ``(lat, lon)`` or ``(year, lat, lon)``,
        ``cell_area`` (m2), ``land_fraction``, ``vegetated_fraction``, ``igbp_fraction`` and
        ``stratum``. Fields of a file are read when they are used.

    Raises
    ------
    ParameterError
        If `source` is neither a recipe nor a path, or the recipe has no years.
    DataError
        If an input or the file is missing, or the cube lacks a predictor or a year, has another
        unit, another grid, or implausible values.

    Examples
    --------
    >>> cube = load_covariates("embedded")
    >>> cube["MAT"].dims, cube["MAT"].shape, cube["MAT"].attrs["units"]
    (('lat', 'lon'), (360, 720), 'degC')
    """
    if source in ("auto", *recipes()):
        name = best_recipe() if source == "auto" else source
        files = {n: found.path for n, found in locate_inputs(name, inputs).items()}
        if not isinstance(options, Options):
            options = Options.from_dict(options or {})
        cube = build_cube(name, files, options, years)
        check_cube(cube, predictors, f"The cube of recipe {name!r}")
        return cube
    if Path(source).suffix not in (".nc", ".zarr"):
        raise ParameterError(
            f"Unknown covariates {str(source)!r}: choose one of auto, {', '.join(recipes())}, or "
            "give the path of a cube (.nc or .zarr)."
        )
    if inputs or options:
        raise ParameterError(f"{source} is a cube; inputs and options belong to recipes.")
    cube = open_cube(source, predictors)
    if years is None:
        return cube
    if "year" not in cube.dims or not set(years) <= set(cube["year"].values.tolist()):
        raise DataError(f"{source} does not have the years {years[0]} to {years[1]}.")
    return cube.sel(year=slice(*years))
