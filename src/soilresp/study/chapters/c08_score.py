"""Stage 8: scores of one model against the maps of the run."""

import pandas as pd

from soilresp.io import fetch as access
from soilresp.models import declared_models, read_model
from soilresp.scoring import score
from soilresp.scoring.comparators import empirical_model
from soilresp.study.chapters.c02_covariates import assembly
from soilresp.study.chapters.c05_maps import mapping
from soilresp.study.chapters.common import records_at_cells
from soilresp.study.stage import Stage

__all__ = ["model_score"]


def _scoring(study, needs, *, file=None, model_name=None):
    """Score a model against this run's benchmark.

    Results: ``card`` (the facts of a `soilresp.scoring.Scorecard`), ``totals``,
    ``maps_table``, ``maps``, ``profiles``, ``zonal``, ``biomes``, ``sites``. Settings:
    the `file` of the model (None: CASA-CNP if its output is available, else the empirical
    model) and its `model_name`.
    """
    benchmark = needs["05_global_mapping"].climatology.assign_attrs(
        title="the maps of this run", source=study.describe()
    )
    matched = needs["02_covariate_assembly"].matched
    records = pd.concat([records_at_cells(matched, t) for t in ("SR", "HR")])
    default = declared_models()["testbed"]["CASA-CNP"]["input"]
    if file is not None:
        model = file
    elif access.is_available([default]):
        model = read_model(access.locate(default).path, "CASA-CNP")
    else:
        model = empirical_model()
    card = score(model, benchmark, model_name, records=records)
    no_sites = pd.DataFrame({"flux": [], "model": [], "rmse": [], "r": [], "bias": [], "n": []})
    return {
        "card": card.facts, "totals": card.totals, "maps_table": card.maps,
        "maps": card.scores.maps, "profiles": card.scores.profiles, "zonal": card.scores.zonal,
        "biomes": card.scores.biomes, "sites": no_sites if card.sites is None else card.sites,
    }


model_score = Stage(
    "08_score_your_model", _scoring, [assembly, mapping],
    data=("embedded.nc", "models.yaml", "paper_values.yaml", "literature_totals.csv"),
)
