"""Stage 2: the covariates, and the records matched to them."""

from pathlib import Path

from soilresp.covariates.build import locate_inputs
from soilresp.covariates.cube import compare_cubes, describe
from soilresp.covariates.load import load_covariates
from soilresp.covariates.recipes import PREDICTORS
from soilresp.records.matching import find_cells
from soilresp.records.reported import pairs
from soilresp.study.chapters.c01_selection import selection
from soilresp.study.chapters.common import PAPER_NEEDS, embedded_cube
from soilresp.study.stage import Stage

__all__ = ["assembly"]


def _assembly(study, needs, *, cube=None, inputs=None, options=None, years=None):
    """Build the covariate cube, or take one, and match the records to it.

    Results: ``cube``, ``description``, ``matched``, ``report`` (records moved,
    dropped, clipped), ``reported`` (the climate that studies report, beside the
    cube's), ``beside_embedded`` (the predictors against those of the embedded
    recipe), ``inputs``. Settings: ``cube``, file of a cube to use
    instead of building one; ``inputs``, paths of the user's own by registry
    name; ``options``, fields of `soilresp.covariates.build.Options`; ``years``,
    first and last year if not the recipe's.
    """
    observations = needs["01_data_selection"].observations
    if cube:
        made = load_covariates(cube, predictors=PAPER_NEEDS)
        checksums = {Path(cube).name: describe(made)["hash"].str.cat()}
    else:
        made = load_covariates(
            study.recipe, years, predictors=PAPER_NEEDS, inputs=inputs, options=options
        )
        found = locate_inputs(study.recipe, inputs).values()
        checksums = {f.path.name: f.sha256 for f in found}
    # All predictors, so that every subset of the search sees the same records.
    available = [p for p in PREDICTORS if p in made]
    matched, report = find_cells(observations, made, available)
    return {
        "cube": made,
        "description": describe(made),
        "matched": matched,
        "report": report,
        "reported": pairs(matched, made),
        "beside_embedded": compare_cubes(made, embedded_cube()),
        "inputs": checksums,
    }


assembly = Stage(
    "02_covariate_assembly", _assembly, [selection], data=("embedded.nc", "recipes.yaml")
)
