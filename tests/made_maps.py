"""Made-up runs on two predictors, and cubes of smooth fields to map them on."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.grid.cells import cell_area, coordinates
from soilresp.upscaling.maps import FluxMaps
from soilresp.upscaling.runs import Runs

PREDICTORS = ("MAT", "Prec")
SHARES = pd.Series({1: 0.2, 2: 0.1, 3: 0.2, 4: 0.1, 5: 0.4})


def records(n=100, p=3):
    """Predictors, fluxes and bins of made-up records."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, p)).astype(np.float32)
    return x, np.round(np.exp(6 + x[:, 0] / 2 + rng.normal(0, 0.3, n)), 1), np.arange(n) % 5 + 1


def content(sums):
    """Bytes of all results of sums over runs."""
    spread = sums.spread((0.05, 0.5, 0.95))
    parts = (sums.flux(), sums.sd(), sums.run_totals, sums.scores().to_numpy(), *spread.values())
    return b"".join(p.tobytes() for p in parts)


def trained(n_runs=3, n_trees=6, target="SR"):
    """Runs on records of a flux that rises with MAT; they keep scikit-learn's forests."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 2))
    y = np.round(np.exp(6 + 0.6 * x[:, 0] + rng.normal(0, 0.2, 80)), 1)
    shares = pd.Series({1: 0.5, 2: 0.5})
    runs = Runs(
        x.astype(np.float32), y, np.arange(80) % 2 + 1, shares, target, n_runs, n_trees
    )
    runs.stored.update({run.index: run for run in runs.grow()})
    return runs


def mapped(runs, cube, mask):
    """Climatology, maps by year and totals by run."""
    maps = FluxMaps(runs, cube, mask, PREDICTORS)
    return maps.climatology, maps.annual, maps.totals


def fine_cube(resolution, years=None):
    """A global cube of any resolution with smooth fields; vegetation between 60 S and 60 N."""
    grid = coordinates(resolution)
    lat, lon = np.meshgrid(grid["lat"], grid["lon"], indexing="ij")
    dims = ("lat", "lon")
    cube = xr.Dataset(coords=grid)
    cube["MAT"] = (dims, (np.cos(np.deg2rad(lat)) * 2 - 1).astype(np.float32))
    cube["Prec"] = (dims, np.sin(np.deg2rad(lon)).astype(np.float32))
    cube["vegetated_fraction"] = (dims, 0.5 * (np.abs(lat) < 60))
    cube["stratum"] = (dims, (np.abs(lat) < 60) * (1 + (lon > 0)).astype(np.int8))
    cube["cell_area"] = cell_area(resolution=resolution)
    if years:
        cube["MAT"] = xr.concat([cube["MAT"] + 0.1 * k for k in range(len(years))], "year")
        cube = cube.assign_coords(year=list(years))
    return cube


def small_maps():
    """Two by two cells over land of Brazil and of Chad."""
    lat, lon = [14.25, -5.25], [18.25, -60.25]
    fields = {"SR": [[300.0, np.nan], [np.nan, 1200.0]], "HR": [[200.0, np.nan], [np.nan, 700.0]]}
    maps = xr.Dataset({k: (("lat", "lon"), v) for k, v in fields.items()}, {"lat": lat, "lon": lon})
    maps["AR"] = maps["SR"] - maps["HR"]
    maps["cell_area"] = ("lat", [3e12, 1e12])
    maps["vegetated_fraction"] = (("lat", "lon"), [[0.5, 0], [0, 1.0]])
    return maps
