"""Derive the shape of SRDB's network for the twin experiment: counts and spreads, no rows.

Run as ``python data/build_twin_network.py``; needs SRDB at hand (see
``soilresp data list``). Writes ``data/twin_network.json``.
"""

import json

import numpy as np

from soilresp.covariates.build import build_cube
from soilresp.io import fetch as access
from soilresp.io import paths
from soilresp.io.files import write_aside
from soilresp.records.matching import find_cells
from soilresp.records.selection import TARGETS, select_records
from soilresp.records.srdb import load_srdb
from soilresp.records.twin import BAND
from soilresp.upscaling.runs import PAPER_PREDICTORS


def spreads(records):
    """SD of the logarithm of the flux: of records of a study in a cell, and between such studies.

    Only studies that share a cell are compared, so that climate and vegetation do
    not count as their effect. What record noise adds to the spread of the studies'
    means is taken off.
    """
    log_flux = np.log(records["flux"])
    places = log_flux.groupby([records["row"], records["col"], records["study"]])
    means = places.agg(["mean", "size", "var"])
    free = (means["size"] - 1).clip(lower=0)
    record_var = (means["var"].fillna(0) * free).sum() / free.sum()
    cell = means["mean"].groupby(["row", "col"])
    shared = cell.transform("size") > 1
    departure = (means["mean"] - cell.transform("mean"))[shared]
    freedom = shared.sum() - departure.groupby(["row", "col"]).ngroups
    noise = record_var * (1 / means["size"][shared]).mean()
    study_var = max((departure**2).sum() / freedom - noise, 0)
    return float(np.sqrt(record_var)), float(np.sqrt(study_var))


def shape_of(records):
    """Counts and spreads of the records of one target."""
    band = (np.floor(records["lat"] / BAND) * BAND).astype(int)
    where = records["stratum"].astype(str) + "," + band.astype(str)
    site = records.groupby(["study", "row", "col"]).size()
    record_sd, study_sd = spreads(records)
    return {
        "records": {k: int(n) for k, n in where.value_counts().sort_index().items()},
        "records_per_site": round(float(site.mean()), 3),
        "sites_per_study": round(float(site.groupby("study").size().mean()), 3),
        "years": {int(y): int(n) for y, n in records["year"].value_counts().sort_index().items()},
        "study_sd": round(study_sd, 3),
        "record_sd": round(record_sd, 3),
    }


def main():
    """Write the network's shape."""
    found = access.locate("srdb")
    observations, _ = select_records(load_srdb(found.path))
    cube = build_cube("embedded")
    everything = sorted(set().union(*PAPER_PREDICTORS.values()))
    matched, _ = find_cells(observations, cube, everything)
    network = {
        "source": f"SRDB v5.0 (sha256 {found.sha256}), selection as in "
                  "soilresp.records.selection; counts and spreads only",
        **{
            t: shape_of(matched[matched["target"] == t].reset_index(drop=True))
            for t in TARGETS
        },
    }
    with write_aside(paths.data_dir() / "twin_network.json") as aside:
        aside.write_text(json.dumps(network, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
