"""The reader of SRDB."""

import re

import numpy as np
import pytest

from soilresp.errors import DataError
from soilresp.records.srdb import NUMERIC, TEXT, load_srdb, questionable_records

COLUMNS = (
    "Record_number", "Entry_date", "Study_number", "Quality_flag", "Country", "Site_name",
    "Site_ID", "Study_midyear", "Latitude", "Longitude", "Elevation", "Manipulation", "Biome",
    "Ecosystem_type", "Leaf_habit", "MAT", "MAP", "Study_temp", "Study_precip", "Meas_method",
    "Annual_coverage", "Partition_method", "Rs_annual", "Ra_annual", "Rh_annual", "RC_annual",
)
"""Some columns of SRDB, in its order."""


def row(**values):
    """One line of the table; what is not given is empty or a number that does not matter."""
    line = {"Record_number": 1, "Study_number": 10, "Manipulation": "None", **values}
    return ",".join(str(line.get(c, "")) for c in COLUMNS)


@pytest.fixture
def written(tmp_path):
    """Write lines under SRDB's header, and give the file."""

    def write(*rows, header=",".join(COLUMNS), encoding="utf-8"):
        path = tmp_path / "srdb-data.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
        return path

    return write


def test_none_is_a_value(written):
    """"None" in Manipulation is text, NA and nothing are missing, blanks around text go."""
    table = load_srdb(
        written(row(), row(Manipulation=" None "), row(Manipulation="NA"), row(Manipulation=""))
    )
    assert table["Manipulation"].tolist()[:2] == ["None", "None"]
    assert table["Manipulation"].isna().tolist() == [False, False, True, True]


def test_types(written):
    """Numbers are float with gaps, record and study are whole, order and other columns stay."""
    first = row(Rs_annual="255", Latitude=" 56.63", Rh_annual="NA")
    table = load_srdb(written(first, row(Rs_annual=-3)))
    assert table["Record_number"].dtype == table["Study_number"].dtype == int
    assert all(table[c].dtype == float for c in NUMERIC if not c.endswith("_number"))
    assert table["Rs_annual"].tolist() == [255, -3] and table["Latitude"][0] == 56.63
    assert np.isnan(table["Rh_annual"][0])
    assert list(table.columns) == list(COLUMNS)
    assert set(NUMERIC) | set(TEXT) <= set(COLUMNS)


@pytest.mark.parametrize("text", ["1,5", "n/a", "~300", "nan", "inf", "1e999"])
def test_text_in_a_number(written, text):
    """Text, and what is no finite number, is told with line, record and column."""
    path = written(row(), row(Record_number=77, Rs_annual=f'"{text}"'))
    message = f"line 3, record 77: Rs_annual is '{text}', expected a number"
    with pytest.raises(DataError, match=message):
        load_srdb(path)


def test_missing_column(written):
    """Every missing column is named."""
    header = ",".join(COLUMNS).replace("Rh_annual", "Rh").replace("Latitude", "lat")
    with pytest.raises(DataError, match="Latitude, Rh_annual;"):
        load_srdb(written(row(), header=header))


@pytest.mark.parametrize("column", ["Record_number", "Study_number"])
def test_record_without_a_number(written, column):
    """A record without its number or its study's is named with its line."""
    with pytest.raises(DataError, match=f"line 3: {column}"):
        load_srdb(written(row(), row(**{column: "NA"})))


@pytest.mark.parametrize(("encoding", "separator", "cause"), [
    ("utf-16", ",", "UTF-16"), ("utf-16-be", ",", "UTF-16"), ("utf-8", ";", "semicolons"),
    ("latin-1", ",", "Latin-1"),
])
def test_other_encodings_and_separators(written, encoding, separator, cause):
    """Tables in UTF-16, in Latin-1 or with semicolons are refused, and the cause is named."""
    line = row(Site_name="Höglwald", Rs_annual="700,5" if separator == ";" else 700)
    header = separator.join(COLUMNS)
    path = written(line.replace(",", separator), header=header, encoding=encoding)
    with pytest.raises(DataError, match=cause):
        load_srdb(path)


def test_blank_rows(written):
    """Rows of commas, as spreadsheets leave them, are skipped, counted and named."""
    blank = "," * (len(COLUMNS) - 1)
    with pytest.warns(UserWarning, match="2 blank rows"):
        table = load_srdb(written(row(), blank, row(Record_number=2), blank, ""))
    assert table["Record_number"].tolist() == [1, 2]


@pytest.mark.parametrize(("given", "read"), [
    ([0, 180, 180.5, 359.75, 360], [0, 180, -179.5, -0.25, 0]), ([-5, 200], None),
    ([20, 361], None), ([20, 180], None),
])
def test_longitudes_from_0_to_360(written, recwarn, given, read):
    """A table of such longitudes is wrapped, with a warning; others stay as they are."""
    table = load_srdb(written(*(row(Longitude=x) for x in given)))
    assert table["Longitude"].tolist() == (read or given)
    assert len(recwarn) == (read is not None)


@pytest.mark.parametrize(("words", "lost"), [
    (["NA", "CO2"], True), (["None", "NA"], False), (["CO2", "CO2"], False),
])
def test_manipulation_lost(written, words, lost):
    """A table whose "None" was lost is questioned, and the cause is named."""
    told = questionable_records(load_srdb(written(*(row(Manipulation=w) for w in words))))
    assert any("keep_default_na" in sentence for sentence in told) == lost


def test_not_a_table(tmp_path, written):
    """A missing, an empty, a binary and a ragged file are each told."""
    path = tmp_path / "srdb-data.csv"
    for content in (None, b"", b"\x1f\x8b\x08\xff\xfe" * 50):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(DataError, match=path.name):
            load_srdb(path)
    for line, n in ((row() + ",1,2,3", 29), (row().removesuffix(","), 25)):
        with pytest.raises(DataError, match=f"line 3: {n}"):
            load_srdb(written(row(), line, row()))


def test_whole_columns_in_another_unit(written):
    """Fluxes in kg, shares in percent and swapped coordinates of all records are refused."""
    for values, word in (({"Rs_annual": 0.7}, "Rs_annual is 0.7"),
                         ({"RC_annual": 40}, "RC_annual is 40"),
                         ({"Latitude": 120.5, "Longitude": 45}, "30 latitudes")):
        with pytest.raises(DataError, match=word):
            load_srdb(written(*(row(Record_number=i, **values) for i in range(1, 31))))


def test_questionable_records_are_told(written):
    """Twins, shared numbers, impossible places and fluxes are read, and each is told of."""
    table = load_srdb(written(
        row(Record_number=1, Rs_annual=700), row(Record_number=1, Rs_annual=700),
        row(Record_number=2, Latitude=91), row(Record_number=2, Longitude=-181),
        row(Record_number=3, Rs_annual=-4), row(Record_number=4, Rh_annual=1e6),
        row(Record_number=5, Study_midyear=20055),
    ))
    told = questionable_records(table)
    assert len(table) == 7
    # How many records, and the number of the first.
    assert [re.findall(r": (\d+) \(number (\d+)", t)[0] for t in told] == [
        ("1", "1"), ("2", "2"), ("1", "2"), ("1", "2"), ("1", "5"), ("1", "3"), ("1", "4")]
    assert questionable_records(table.iloc[[0]]) == []


@pytest.mark.real
def test_real_srdb(real_input):
    """SRDB v5.0 has 10,366 records; 5,741 give SR, 1,068 HR with SR - AR."""
    table = load_srdb(real_input("srdb"))
    assert len(table) == 10_366
    assert int(table["Rs_annual"].notna().sum()) == 5741
    hr = table["Rh_annual"].fillna(table["Rs_annual"] - table["Ra_annual"])
    assert int(hr.notna().sum()) == 1068
    assert (table["Manipulation"] == "None").sum() > 6000
    assert table["Latitude"].between(-90, 90).sum() == table["Latitude"].notna().sum()
