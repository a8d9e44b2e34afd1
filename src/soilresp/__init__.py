"""The Global Soil Respiration Benchmark.

Field records of soil respiration become half-degree maps of total (SR),
heterotrophic (HR) and autotrophic (AR) soil respiration by the quantile random
forests of Lu et al. (2021, doi:10.1088/1748-9326/abf526), and the maps become
a benchmark for terrestrial ecosystem models.

A whole study, with ``import soilresp as sr``:

>>> import soilresp as sr
>>> records, funnel = sr.select_records(sr.load_srdb())  # doctest: +SKIP
>>> cube = sr.load_covariates("embedded")  # doctest: +SKIP
>>> sites = sr.match_to_grid(records[records["target"] == "SR"], cube)  # doctest: +SKIP
>>> model = sr.Ensemble(n_runs=40, n_trees=100)  # doctest: +SKIP
>>> model.fit(sites[sr.PREDICTORS["SR"]], sites["flux"],
...           sites["stratum"], sr.area_shares(cube))  # doctest: +SKIP
>>> maps = model.predict_map(cube)  # doctest: +SKIP
>>> sr.global_total(maps["SR"], sr.vegetated_area(cube))  # doctest: +SKIP

Names are loaded when they are first used.
"""

import importlib
import warnings

__version__ = "0.1.0"

_MODULES = {
    "DataError": "errors",
    "Ensemble": "upscaling.ensemble",
    "PREDICTORS": "upscaling.runs.PAPER_PREDICTORS",
    "ParameterError": "errors",
    "Selection": "records.selection",
    "SoilrespError": "errors",
    "area_of_applicability": "evaluation.applicability",
    "area_shares": "covariates.strata",
    "carbon_budget": "scoring.budget",
    "cell_area": "grid.cells",
    "check_records": "records.quality",
    "cross_validate": "evaluation.validation",
    "fetch": "io.fetch",
    "global_total": "grid.cells",
    "joint_respiration": "upscaling.joint",
    "load_benchmark": "scoring.benchmark",
    "load_covariates": "covariates.load",
    "load_srdb": "records.srdb",
    "match_to_grid": "records.matching",
    "read_model": "models.read",
    "regional_totals": "upscaling.regions",
    "score": "scoring.scorecard",
    "select_records": "records.selection",
    "vegetated_area": "upscaling.maps",
}

__all__ = [*_MODULES, "__version__"]

# pooch imports tqdm's notebook bars, which complain where there are no widgets; ours need none.
warnings.filterwarnings("ignore", message="IProgress not found")


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module 'soilresp' has no attribute {name!r}")
    place = f"soilresp.{_MODULES[name]}"
    if name == "PREDICTORS":
        place, name = place.rsplit(".", 1)
    return getattr(importlib.import_module(place), name)


def __dir__():
    return sorted({*globals(), *__all__})
