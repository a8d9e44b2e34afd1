"""The corrections of field records."""

import numpy as np
import pandas as pd
import pytest

from soilresp.errors import DataError, ParameterError
from soilresp.io import paths
from soilresp.records.corrections import COLUMNS, apply_corrections, read_corrections
from soilresp.records.selection import Selection, select_records
from soilresp.records.srdb import load_srdb


def records():
    """Four records; two share a number, as in v5.0."""
    return pd.DataFrame({
        "Record_number": [7, 8, 9, 9], "Rs_annual": [3200.0, 700.0, 500.0, 510.0],
        "Rh_annual": [2200.0, np.nan, 300.0, 310.0],
        "Manipulation": [" None", "None", None, "None"],
    })


@pytest.fixture
def corrected(tmp_path):
    """Write lines of corrections, apply them to the records, and return what comes out."""

    def run(*lines):
        path = tmp_path / "mine.csv"
        path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
        return apply_corrections(records(), path)

    return run


def test_values_words_and_gaps(corrected):
    """Numbers and words are replaced, a gap is filled or made, and nothing else changes."""
    table, rows = corrected(
        "7,Rs_annual,3200.0,873,why,doi", "8,Rh_annual,,400.5,why,doi",
        "7,Manipulation,None,Burned,why,doi", "9,Rs_annual,510,,why,doi",
    )
    expected = records()
    expected.loc[0, ["Rs_annual", "Manipulation"]] = [873.0, "Burned"]
    expected.loc[1, "Rh_annual"], expected.loc[3, "Rs_annual"] = 400.5, np.nan
    pd.testing.assert_frame_equal(table, expected)
    assert rows.tolist() == [True, True, False, True]


@pytest.mark.parametrize("line, named", [
    ("7,Rs_annual,3201,873,why,doi", "Rs_annual of record 7"),
    ("8,Rs_annual,,873,why,doi", "Rs_annual of record 8"),
    ("8,Rh_annual,700,873,why,doi", "Rh_annual of record 8"),
    ("8,Manipulation,Burned,None,why,doi", "Manipulation of record 8"),
    ("77,Rs_annual,1,2,why,doi", "Rs_annual of record 77"),
    ("7,Leaf,1,2,why,doi", "Leaf of record 7"),
    ("7,Rs_annual,3200,much,why,doi", "Rs_annual of record 7"),
    ("7,Rs_annual,3200,873,why,", "line 2: source"),
    ("7,Rs_annual,3200,873,why,doi\n7,Rs_annual,3200,9,why,doi", "Rs_annual of record 7 twice"),
])
def test_refused(corrected, line, named):
    """What the table does not hold is refused, with record and field; so are lines with gaps."""
    with pytest.raises(DataError, match=named):
        corrected(line)


def test_tables_that_are_none(tmp_path):
    """A missing file, a missing column and a wrong name are refused."""
    (tmp_path / "short.csv").write_text("record,field\n1,Rs_annual\n")
    for name in ("absent.csv", "short.csv"):
        with pytest.raises(DataError, match=name):
            read_corrections(tmp_path / name)
    with pytest.raises(ParameterError, match="corrections"):
        apply_corrections(records(), None)


def test_none_and_records_that_are_not_there():
    """"none" changes nothing; "sourced" passes over records that a table does not hold."""
    for name in ("none", "sourced"):
        table, rows = apply_corrections(records(), name)
        assert table.equals(records()) and not rows.any()


def test_shipped_corrections():
    """Every correction has a source that can be opened, changes something, and is known once."""
    table = read_corrections("sourced")
    assert table["source"].str.match(r"https?://\S+$").all()
    assert (table["from"] != table["to"]).all()
    co2 = table[table["source"].str.endswith("s11104-015-2386-8")]
    missed = co2["to"].astype(float) - co2["from"].astype(float) * 12 / 44
    assert len(co2) == 15 and missed.abs().max() <= 0.5


def test_audit():
    """Verdicts are of the known kinds, short, in plain letters; all but one kind have a source."""
    table = pd.read_csv(paths.data_dir() / "audit.csv", dtype=str, keep_default_na=False)
    known = {"confirmed", "wrong unit", "wrong flux", "wrong place", "wrong entry",
             "treatment not marked", "duplicate", "not verifiable"}
    assert set(table["verdict"]) == known and table["note"].str.len().max() <= 200
    sure = table[table["verdict"] != "not verifiable"]
    assert sure["source"].str.match(r"https?://").all() and sure["study"].nunique() >= 30
    assert table["study"].nunique() >= 80
    place = table["verdict"] == "wrong place"
    assert set(table.loc[place, "field"]) == {"Latitude", "Longitude"}


@pytest.mark.real
def test_release(real_input):
    """The release holds every "from"; the funnel says how many records were corrected."""
    table = load_srdb(real_input("srdb"))
    changed, rows = apply_corrections(table, "sourced")
    assert len(changed) == len(table) and rows.sum() == read_corrections()["record"].nunique()
    assert changed.loc[changed["Record_number"] == 5997, "Rh_annual"].tolist() == [736.0]
    with pytest.raises(DataError, match="of record"):
        apply_corrections(changed, "sourced")
    records, funnel = select_records(table, Selection(corrections="sourced"))
    assert str(rows.sum()) in funnel["rule"][1] and "sourced" in funnel["rule"][1]
    assert records.loc[records["record"] == 5997, "flux"].tolist() == [1129.0, 736.0]


@pytest.mark.real
def test_audit_holds_the_values_of_the_release(real_input):
    """Each value that the audit quotes of one field of one record is that of the release."""
    release = pd.read_csv(real_input("srdb"), dtype=str, keep_default_na=False)
    release = release.drop_duplicates("Record_number").set_index("Record_number")
    table = pd.read_csv(paths.data_dir() / "audit.csv", dtype=str, keep_default_na=False)
    assert set(table["record"].str.split().explode()) <= set(release.index)
    single = table[~table["record"].str.contains(" ") & table["field"].isin(release.columns)]
    found = [release.loc[r.record, r.field].strip() for r in single.itertuples()]
    assert len(single) > 250
    for quoted, true in zip(single["value_release"], found):
        assert quoted == true or float(quoted) == pytest.approx(float(true), rel=1e-9)
