"""Other releases of SRDB: what they change, and a study that stands on one."""

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilresp import cli
from soilresp.io import fetch as access
from soilresp.io import paths
from soilresp.records.releases import compare_funnels, compare_releases, compare_totals
from soilresp.records.srdb import load_srdb
from soilresp.study import settings as study

sys.path.insert(0, str(paths.root() / "robustness"))


def table(**columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"Study_midyear": [2000.5] * n} | columns)


def test_changes_by_hand():
    """One record added, one removed, one filled and one altered, with an example of each field."""
    old = table(Record_number=[1, 2, 3, 4], Biome=["a", None, "c", "d"], MAT=[1.0, 2.0, 3.0, 4.0])
    new = table(Record_number=[4, 2, 3, 9], MAT=[4.0, 2.0, 3.5, 9.0], Biome=["d", "b", "c", "z"])
    found = compare_releases(old, new)
    assert found.records == {"old": 4, "new": 4, "added": 1, "removed": 1, "changed": 2, "same": 1}
    assert found.columns == {"added": [], "removed": [], "moved": True}
    assert found.fields.loc["Biome", ["filled", "emptied", "altered"]].tolist() == [1, 0, 0]
    assert found.fields.loc["MAT", ["filled", "emptied", "altered"]].tolist() == [0, 0, 1]
    assert found.fields.loc["MAT", "example"] == "record 3: 3.0 -> 3.5"
    text = found.to_text()
    assert "1 added, 1 removed, 2 changed, 1 the same" in text and "order: another" in text


def test_columns_by_name():
    """New and dropped columns are told; no field of theirs counts as changed."""
    old = table(Record_number=[1], Gone=["x"])
    new = table(Record_number=[1], Fresh=["y"])
    found = compare_releases(old, new)
    assert found.columns == {"added": ["Fresh"], "removed": ["Gone"], "moved": False}
    assert found.records["same"] == 1 and found.fields.empty


def test_records_that_share_a_number():
    """SRDB v5.0 has numbers twice: the first answers to the first, the second to the second."""
    old = table(Record_number=[7, 7], MAT=[1.0, 2.0])
    second = table(Record_number=[7, 7], MAT=[1.0, 5.0])
    assert compare_releases(old, second).records["changed"] == 1
    assert compare_releases(old, table(Record_number=[7], MAT=[1.0])).records["removed"] == 1


@given(st.lists(st.integers(1, 30)), st.lists(st.integers(1, 30)))
def test_counts_add_up(before, now):
    """Every record of both is the same, changed, added or removed."""
    old, new = (table(Record_number=n, MAT=np.arange(len(n)) % 3.0) for n in (before, now))
    n = compare_releases(old, new).records
    assert n["same"] + n["changed"] + n["removed"] == len(before)
    assert n["same"] + n["changed"] + n["added"] == len(now)


def test_totals_of_runs():
    """Side by side, with what a run does not have left out."""
    old = {"records": {"SR": 10, "HR": 2}, "AR_SR": 0.4,
           "flux": {"SR": {"total": 80.0, "between_run_sd": 1.0}, "HR": {"total": 48.0},
                    "AR": {"total": 32.0}}}
    found = compare_totals(old, old | {"AR_SR": 0.5, "flux": None})
    assert found.loc["AR/SR", "change"] == pytest.approx(0.1)
    assert found.loc["SR, Pg C yr-1", "before"] == 80 and found["now"].isna().sum() == 5


@pytest.mark.real
def test_a_made_up_later_release(tmp_path, monkeypatch, capsys):
    """30 % more records and fields in another order are read, selected, told, and stood upon."""
    from newer_srdb import later_release

    monkeypatch.delenv(access.SRDB_VARIABLE, raising=False)
    if not access.is_available("srdb"):
        pytest.skip("SRDB is not at hand")
    old, new = access.locate("srdb").path, tmp_path / "later.csv"
    made = later_release(old, new, 0.3)
    tables = load_srdb(old), load_srdb(new)
    found = compare_releases(*tables)
    assert found.records["added"] == made["added"] == round(0.3 * len(tables[0]))
    assert found.records["removed"] == 0 and found.records["changed"] <= made["corrected"]
    assert found.columns["moved"] and found.columns["added"] == ["Entry_version", "Made_up"] or (
        set(found.columns["added"]) == {"Entry_version", "Made_up"}
    )
    assert found.years["new"] > 2020
    funnel = compare_funnels(*tables)
    assert (funnel.xs("change", axis=1, level=1) > 0).all().all()
    monkeypatch.setenv(access.SRDB_VARIABLE, str(new))
    settled = study.resolve_settings(tmp_path / "run", recipe="embedded")
    assert settled.observations == "srdb" and "later.csv (SHA-256 " in settled.describe()
    monkeypatch.delenv(access.SRDB_VARIABLE)
    assert study.resolve_settings(tmp_path / "run").release == settled.release
    with pytest.raises(SystemExit) as left:
        cli.main(["data", "compare", str(old), str(new)])
    told = capsys.readouterr().out
    assert left.value.code in (0, None) and f"{made['added']} added" in told


def test_a_release_that_is_not_there(tmp_path, monkeypatch, capsys):
    """A wrong path is one message, before anything is run."""
    with pytest.raises(SystemExit) as left:
        cli.main(["run", "--srdb", str(tmp_path / "none.csv")])
    assert left.value.code == 2 and "none.csv" in capsys.readouterr().err
