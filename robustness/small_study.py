"""A small study of all that makes numbers, in one process: what other scripts here run again.

``python robustness/small_study.py FOLDER [--recipe R] [--observations O] [--workers N]``
"""

import argparse
import os
from contextlib import ExitStack
from pathlib import Path

from soilresp.study import chapters as workflow
from soilresp.study import summary
from soilresp.study.settings import resolve_settings
from soilresp.upscaling import scale

SETTINGS = {
    "selection": {},
    "assembly": {},
    "predictor_search": {"search_trees": 5},
    "training": {"n_runs": 3, "n_trees": 10},
    "draw_variants": {"draw_runs": 2, "draw_trees": 5},
    "mapping": {"n_runs": 4, "n_trees": 10},
    "uncertainty": {"n_replicates": 3},
    "budget": {"n_draws": 1000},
}
"""Stages in order, and what is set so that each takes seconds."""


def main(arguments=None):
    """Run the stages into a folder, and write the summary."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipe", default="embedded")
    parser.add_argument("--observations", default="twin")
    parser.add_argument("--workers", type=int, help="local Dask workers that make the runs")
    parser.add_argument("--cube", type=Path, help="covariate cube to use, such as a finer one")
    parser.add_argument("--until", default="budget", choices=SETTINGS, help="the last stage")
    given = parser.parse_args(arguments)
    study = resolve_settings(
        given.folder.absolute(), "quick", given.recipe, given.observations, seed=0
    )
    with ExitStack() as stack:
        if given.workers:
            address = stack.enter_context(scale.cluster(given.workers))
            os.environ[scale.SCHEDULER_VARIABLE] = address
        for name, settings in SETTINGS.items():
            if name == "assembly" and given.cube:
                settings = settings | {"cube": str(given.cube.absolute())}
            getattr(workflow, name)(study, **settings)
            if name == given.until:
                break
    summary.write(study)


if __name__ == "__main__":
    main()
