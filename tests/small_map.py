"""Map both fluxes of a small made-up world into a folder: a process that can be killed."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.strata import dominant_stratum
from soilresp.io.files import save
from soilresp.records.selection import TARGETS
from soilresp.study.chapters.c05_maps import mapping

YEARS, N_LAT, N_LON = (2001, 2002), 12, 24
N_BOTH = 40


def world():
    """A cube of three predictors, its strata, and records of both fluxes."""
    rng = np.random.default_rng(0)
    lat, lon = np.linspace(60, -60, N_LAT), np.linspace(-170, 170, N_LON)
    shape = (N_LAT, N_LON)
    cube = xr.Dataset(
        {n: (("year", "lat", "lon"), rng.normal(size=(2, *shape)).astype(np.float32))
         for n in ("MAT", "Prec", "RH")},
        {"year": list(YEARS), "lat": lat, "lon": lon},
    )
    for name, value in (("cell_area", 2.5e9), ("vegetated_fraction", 0.7), ("land_fraction", 0.9)):
        cube[name] = (("lat", "lon"), np.full(shape, value))
    igbp = np.zeros((17, *shape))
    for k, code in enumerate((2, 4, 5, 7, 10)):
        igbp[code - 1, :, k::5] = 0.7
    cube["igbp_fraction"] = (("igbp", "lat", "lon"), igbp)
    cube = cube.assign_coords(igbp=np.arange(1, 18))
    cube["stratum"] = dominant_stratum(cube["igbp_fraction"])
    n = 160
    matched = pd.DataFrame({
        "target": np.repeat(list(TARGETS), n), "stratum": np.arange(2 * n) % 5 + 1,
        "row": rng.integers(0, N_LAT, 2 * n), "col": rng.integers(0, N_LON, 2 * n),
        "cube_year": rng.choice(YEARS, 2 * n),
        "flux": np.round(rng.lognormal(6, 0.5, 2 * n), 1),
        "record": np.concatenate([np.arange(n), np.arange(n) + n - N_BOTH]),
    })
    matched["study"] = matched["record"] // 4
    # The last records of SR are the first ones of HR, which is a part of SR there.
    share = rng.uniform(0.3, 0.8, N_BOTH)
    matched.loc[n : n + N_BOTH - 1, "flux"] = share * matched["flux"][n - N_BOTH : n].to_numpy()
    return cube, matched


def main(folder):
    """Run the stage of the maps, and write what it makes."""
    cube, matched = world()
    needs = {
        "02_covariate_assembly": SimpleNamespace(cube=cube, matched=matched),
        "03_predictor_search": SimpleNamespace(chosen={t: ["MAT", "Prec", "RH"] for t in TARGETS}),
    }
    study = SimpleNamespace(
        run=folder, results=folder / "results", seed=0, profile=SimpleNamespace(cv_folds=3),
        describe=lambda: "A made-up world."
    )
    made = mapping.compute(study, needs, n_runs=8, n_trees=10)
    for name, content in made.items():
        save(folder / "results", name, content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
