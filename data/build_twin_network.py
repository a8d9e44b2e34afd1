"""Derive the shape of SRDB's network for the twin experiment: counts and spreads, no rows.

Run as ``python data/build_twin_network.py``; needs SRDB at hand (see
``soilresp data list``). Writes ``data/twin_network.json``.
"""

import json

import numpy as np
from sklearn.model_selection import GroupKFold

from soilresp import paths
from soilresp.data import access
from soilresp.fit.ensemble import PAPER_PREDICTORS, new_forest
from soilresp.load.srdb import read_srdb
from soilresp.prepare.covariates import build_cube
from soilresp.prepare.observations import TARGETS, select
from soilresp.prepare.sites import match, training_table
from soilresp.prepare.twin import BAND
from soilresp.results import write_aside


def shape_of(records, cube, target):
    """Counts and spreads of the records of one target."""
    band = (np.floor(records["lat"] / BAND) * BAND).astype(int)
    where = records["stratum"].astype(str) + "," + band.astype(str)
    site = records.groupby(["study", "row", "col"]).size()
    log_flux = np.log(records["flux"])
    x = training_table(records, cube, PAPER_PREDICTORS[target]).to_numpy(np.float32)
    predicted = np.empty(len(records))
    for train, test in GroupKFold(10, shuffle=True, random_state=0).split(x, groups=records["study"]):
        forest = new_forest(300, x.shape[1], 0).fit(x[train], log_flux.iloc[train])
        predicted[test] = forest.predict(x[test])
    residual = log_flux - predicted
    within = residual - residual.groupby([records["study"], records["row"], records["col"]]).transform("mean")
    record_var = (within**2).sum() / (len(records) - len(site))
    by_study = residual.groupby(records["study"])
    study_var = max(by_study.mean().var() - record_var * (1 / by_study.size()).mean(), 0)
    return {
        "records": {k: int(n) for k, n in where.value_counts().sort_index().items()},
        "records_per_site": round(float(site.mean()), 3),
        "sites_per_study": round(float(site.groupby("study").size().mean()), 3),
        "years": {int(y): int(n) for y, n in records["year"].value_counts().sort_index().items()},
        "study_sd": round(float(np.sqrt(study_var)), 3),
        "record_sd": round(float(np.sqrt(record_var)), 3),
    }


def main():
    """Write the network's shape."""
    found = access.locate("srdb")
    observations, _ = select(read_srdb(found.path))
    cube = build_cube("embedded")
    everything = sorted(set().union(*PAPER_PREDICTORS.values()))
    matched, _ = match(observations, cube, everything)
    network = {
        "source": f"SRDB v5.0 (sha256 {found.sha256}), selection as in soilresp.prepare.observations; "
                  "counts and spreads only",
        **{
            t: shape_of(matched[matched["target"] == t].reset_index(drop=True), cube, t)
            for t in TARGETS
        },
    }
    with write_aside(paths.data_dir() / "twin_network.json") as aside:
        aside.write_text(json.dumps(network, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
