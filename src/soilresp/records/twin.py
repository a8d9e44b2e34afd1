"""Twin experiment: synthetic observations of a world whose fluxes are known.

A published climate response is taken as the truth, sampled by a network that
has the shape of SRDB's (records by vegetation class and latitude band, sites of
a study, records of a site) but none of its rows, and disturbed by a study
effect and record noise of the sizes found in SRDB. The results of the study
from such observations can be compared with the truth. The benchmark's own maps are a
second truth, a weaker test: a forest that recovers a forest proves less.
"""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.climate_response import bond_lamberty_2004, raich_2002
from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.strata import dominant_stratum
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import global_total
from soilresp.io import paths
from soilresp.io.files import read_json
from soilresp.records.selection import COLUMNS, TARGETS
from soilresp.scoring.benchmark import load_benchmark

__all__ = ["TRUTHS", "truth", "read_network", "sample"]

TRUTHS = ("climate_response", "benchmark")
"""Known truths, the first one for the headline."""

BAND = 10
"""Height of a latitude band, degrees."""

_NEARBY = 30
"""Cells around a study's first site among which its other sites lie."""


def truth(source="climate_response", path=None):
    """Compute the fluxes of the twin's world.

    Parameters
    ----------
    source : {"climate_response", "benchmark"}
        "climate_response": SR by Raich et al. (2002) from the embedded monthly climate, HR
        from SR by Bond-Lamberty et al. (2004); see `soilresp.covariates.climate_response`.
        "benchmark": SR and HR_joint of the benchmark file.
    path : path-like, optional
        Benchmark file; default the one that ships with the project.

    Returns
    -------
    fields : xarray.Dataset
        ``SR`` and ``HR``, g C m-2 yr-1, ``(lat, lon)``; NaN without vegetation.
    totals : dict
        ``SR`` and ``HR`` over the vegetated area, Pg C yr-1.

    Raises
    ------
    ParameterError
        If `source` is neither.
    DataError
        If the benchmark file cannot be read.
    """
    if source not in TRUTHS:
        raise ParameterError(f"Unknown truth {source!r}: choose one of {', '.join(TRUTHS)}.")
    if source == "benchmark":
        world = load_benchmark(path)
        fields = xr.Dataset({"SR": world["SR"], "HR": world["HR_joint"]})
    else:
        world = load_embedded()
        sr = raich_2002(world["tas"], world["pr"]).where(world["vegetated_fraction"] > 0)
        fields = xr.Dataset({"SR": sr, "HR": bond_lamberty_2004(sr)})
    area = world["cell_area"] * world["vegetated_fraction"]
    return fields, {name: float(global_total(fields[name], area)) for name in fields}


def read_network(path=None):
    """Read the network's shape.

    Parameters
    ----------
    path : path-like, optional
        Default: the committed ``data/twin_network.json``.

    Returns
    -------
    dict
        For ``SR`` and ``HR``: ``records`` (counts by "class,band"),
        ``records_per_site``, ``sites_per_study`` (means), ``years`` (counts by
        year), ``study_sd`` and ``record_sd`` (of the logarithm of the flux).

    Raises
    ------
    DataError
        If the file is missing or not JSON.
    """
    return read_json(path or paths.data_dir() / "twin_network.json")


def sample(seed=0, network=None, noise=True, source="climate_response", path=None):
    """Observe the twin's world.

    Parameters
    ----------
    seed : int
    network : dict, optional
        From `read_network`.
    noise : bool
        Whether to disturb the fluxes. The disturbance multiplies, and has
        mean one, so that means stay true.
    source, path
        Of the fluxes, as for `truth`.

    Returns
    -------
    pandas.DataFrame
        Columns as from `soilresp.records.selection.select_records`; ``quality`` is
        "synthetic" in every row.
    """
    network = network or read_network()
    fields, _ = truth(source, path)
    stratum = dominant_stratum(load_embedded()["igbp_fraction"])
    tables = []
    for target, shape in network.items():
        if target not in TARGETS:
            continue
        rng = np.random.default_rng([seed, TARGETS[target], 30_000])
        table = _place(shape, stratum, fields[target], rng)
        flux = fields[target].values[table.pop("row"), table.pop("col")]
        if noise:
            effect = rng.normal(0, shape["study_sd"], table["study"].max() + 1)
            scatter = rng.normal(0, shape["record_sd"], len(table))
            shift = (shape["study_sd"] ** 2 + shape["record_sd"] ** 2) / 2
            flux = flux * np.exp(effect[table["study"]] + scatter - shift)
        table["flux"], table["target"] = flux, target
        tables.append(table)
    out = pd.concat(tables, ignore_index=True)
    out["record"] = np.arange(1, len(out) + 1)
    out["ecosystem"], out["quality"] = "", "synthetic"
    out["reported_MAT"] = out["reported_MAP"] = np.nan
    return out[list(COLUMNS)]


def _place(shape, stratum, field, rng):
    """Place the records of one target: sites, studies and years."""
    lat, lon = stratum["lat"].values, stratum["lon"].values
    years = np.array([int(y) for y in shape["years"]])
    chance = np.array(list(shape["years"].values()), float)
    rows, study = [], 0
    for where, wanted in shape["records"].items():
        class_, band = map(int, where.split(","))
        inside = (lat >= band) & (lat < band + BAND)
        # Fluxes of zero cannot be disturbed or drawn; SRDB has none either.
        cells = np.argwhere((stratum.values == class_) & inside[:, None] & (field.values > 0))
        if not len(cells):
            raise DataError(
                f"The twin's network puts records in vegetation class {class_}, {band} N, which "
                "have no cell."
            )
        area = np.cos(np.deg2rad(lat[cells[:, 0]]))
        while wanted > 0:
            centre = cells[rng.choice(len(cells), p=area / area.sum())]
            near = np.argsort(np.abs(cells - centre).sum(axis=1), kind="stable")[:_NEARBY]
            year = rng.choice(years, p=chance / chance.sum())
            for _ in range(1 + rng.poisson(shape["sites_per_study"] - 1)):
                site = cells[rng.choice(near)]
                n = min(wanted, 1 + rng.poisson(shape["records_per_site"] - 1))
                rows += [(study, *site, year)] * n
                wanted -= n
                if wanted == 0:
                    break
            study += 1
    table = pd.DataFrame(rows, columns=["study", "row", "col", "year"])
    table["lat"], table["lon"] = lat[table["row"]], lon[table["col"]]
    table["year"] = table["year"].astype(float)
    return table
