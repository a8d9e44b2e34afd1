"""Run a small study on embedded fields and synthetic records into a folder, in this process."""

import sys
from pathlib import Path

from soilresp.study import chapters, summary
from soilresp.study.settings import resolve_settings

SETTINGS = {
    "selection": {},
    "assembly": {},
    "predictor_search": {"search_trees": 2},
    "training": {"n_runs": 2, "n_trees": 5},
    "mapping": {"n_runs": 2, "n_trees": 5},
}
"""Stages in order, with settings that make each take seconds."""

if __name__ == "__main__":
    study = resolve_settings(Path(sys.argv[1]).absolute(), "quick", "embedded", "twin", seed=0)
    for name, settings in SETTINGS.items():
        getattr(chapters, name)(study, **settings)
    summary.write(study)
