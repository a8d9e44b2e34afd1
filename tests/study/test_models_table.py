"""One table of all models: complete, with what each number is."""

import shutil

import numpy as np
import pandas as pd
import pytest

from soilresp.errors import DataError
from soilresp.grid.cells import global_total
from soilresp.io import paths
from soilresp.scoring import benchmark, totals
from soilresp.scoring.maps import FLUXES
from soilresp.study.chapters import models_table

STATED = models_table.SOURCES["ten models of the paper"]


@pytest.fixture(scope="module")
def table():
    """The committed table."""
    return models_table.load()[0]


def test_the_committed_table_is_whole(table):
    """Ten models of the paper, those at hand, the comparator, and the benchmark that ships."""
    counts = table["source"].value_counts()
    assert counts[STATED] == 10 and counts["real output"] == 3
    assert counts["empirical comparator"] == counts["this benchmark"] == 1
    assert not table.duplicated(["model", "source"]).any()
    own = table[table["source"] == "this benchmark"].iloc[0]
    dataset = benchmark.load_benchmark()
    area = dataset["cell_area"] * dataset["vegetated_fraction"]
    for flux in FLUXES:
        assert own[flux] == pytest.approx(float(global_total(dataset[flux], area)), abs=0.02)
    at_hand = table[table["source"] == "real output"]
    scored = [f"HR_{s}" for s in models_table.SCORES]
    assert at_hand[scored].notna().all(axis=None)
    assert (at_hand["HR_rmse"] >= at_hand["HR_bias"].abs()).all()
    comparator = table[table["source"] == "empirical comparator"].iloc[0]
    assert np.isfinite([comparator[f"{f}_{s}"] for f in FLUXES for s in models_table.SCORES]).all()


def test_stated_values_are_those_of_the_paper(table):
    """Numbers, bounds and words of the ten agree with what the project keeps of the text."""
    known = totals.stated_totals().set_index(["model", "variable"])
    for row in table[table["source"] == STATED].to_dict("records"):
        for flux in FLUXES:
            one = known.loc[(row["model"], flux)]
            np.testing.assert_equal(row[flux], one["value"])
            np.testing.assert_equal(row[f"{flux}_low"], one["low"])
            how = {"stated in the paper": "stated", "derived from the paper": "derived", "": ""}
            wanted = "bounded" if np.isfinite(one["low"]) else how[one["provenance"]]
            assert row[f"{flux}_how"] == wanted
        assert np.isnan([row[f"HR_{s}"] for s in models_table.SCORES]).all()


def test_a_damaged_table_is_told(tmp_path):
    """A missing file or column is named, with the command that makes it again."""
    folder = paths.data_dir() / "study"
    for end in ("csv", "json"):
        shutil.copy(folder / f"{models_table.NAME}.{end}", tmp_path)
    path = tmp_path / f"{models_table.NAME}.csv"
    pd.read_csv(path).drop(columns="HR_z").to_csv(path, index=False)
    with pytest.raises(DataError, match="HR_z"):
        models_table.load(tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
def test_table_of_a_run(study, results, tmp_path):
    """Made from a run without model output: ten models of the paper, and the comparator."""
    made = models_table.make(study)
    assert made["source"].value_counts()[STATED] == 10
    assert "real output" not in set(made["source"])
    comparator = made[made["source"] == "empirical comparator"].iloc[0]
    stored = results["07_tem_intercomparison"].totals.set_index(["group", "variable"])
    assert comparator["SR"] == stored.loc[("empirical comparator", "SR"), "value"]
    for flux in FLUXES:
        assert -1 <= comparator[f"{flux}_r"] <= 1
        assert comparator[f"{flux}_rmse"] >= abs(comparator[f"{flux}_bias"])
    models_table.save(study, made, "soilresp export --compact", tmp_path)
    again, facts = models_table.load(tmp_path)
    assert facts["observations"] == "twin"
    pd.testing.assert_frame_equal(again[["model", *FLUXES]], made[["model", *FLUXES]], rtol=1e-5)
