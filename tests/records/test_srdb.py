"""The reader of SRDB."""

import numpy as np
import pytest

from soilresp.errors import DataError
from soilresp.records.srdb import NUMERIC, TEXT, questionable, read_srdb

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
    table = read_srdb(
        written(row(), row(Manipulation=" None "), row(Manipulation="NA"), row(Manipulation=""))
    )
    assert table["Manipulation"].tolist()[:2] == ["None", "None"]
    assert table["Manipulation"].isna().tolist() == [False, False, True, True]


def test_types(written):
    """Numbers are float with gaps, record and study are whole, order and other columns stay."""
    first = row(Rs_annual="255", Latitude=" 56.63", Rh_annual="NA")
    table = read_srdb(written(first, row(Rs_annual=-3)))
    assert table["Record_number"].dtype == table["Study_number"].dtype == int
    assert all(table[c].dtype == float for c in NUMERIC if not c.endswith("_number"))
    assert table["Rs_annual"].tolist() == [255, -3] and table["Latitude"][0] == 56.63
    assert np.isnan(table["Rh_annual"][0])
    assert list(table.columns) == list(COLUMNS)
    assert set(NUMERIC) | set(TEXT) <= set(COLUMNS)


def test_byte_order_mark_and_quotes(written):
    """A mark before the header and a comma inside quotes do no harm."""
    path = written(row(Site_name='"Hyytiälä, plot 2"'), encoding="utf-8-sig")
    assert read_srdb(path)["Site_name"][0] == "Hyytiälä, plot 2"


@pytest.mark.parametrize("text", ["1,5", "n/a", "~300", "nan", "inf", "1e999"])
def test_text_in_a_number(written, text):
    """Text, and what is no finite number, is told with line, record and column."""
    path = written(row(), row(Record_number=77, Rs_annual=f'"{text}"'))
    message = f"line 3, record 77: Rs_annual is '{text}', expected a number"
    with pytest.raises(DataError, match=message):
        read_srdb(path)


def test_missing_column(written):
    """Every missing column is named."""
    header = ",".join(COLUMNS).replace("Rh_annual", "Rh").replace("Latitude", "lat")
    with pytest.raises(DataError, match="no column Latitude, Rh_annual; found 26 columns"):
        read_srdb(written(row(), header=header))


def test_other_separator(written):
    """A table with semicolons is told as one that lacks its columns."""
    with pytest.raises(DataError, match="separated by commas"):
        read_srdb(written(row().replace(",", ";"), header=";".join(COLUMNS)))


@pytest.mark.parametrize("column", ["Record_number", "Study_number"])
def test_record_without_a_number(written, column):
    """A record without its number or its study's is told with its line."""
    with pytest.raises(DataError, match=f"line 3: {column} is missing"):
        read_srdb(written(row(), row(**{column: "NA"})))


def test_not_a_table(tmp_path, written):
    """A missing, an empty, a binary and a ragged file are each told."""
    path = tmp_path / "srdb-data.csv"
    with pytest.raises(DataError, match="srdb-data.csv does not exist"):
        read_srdb(path)
    path.write_text("")
    with pytest.raises(DataError, match="srdb-data.csv is empty"):
        read_srdb(path)
    path.write_bytes(b"\x1f\x8b\x08\xff\xfe" * 50)
    with pytest.raises(DataError, match="not a comma-separated table in UTF-8"):
        read_srdb(path)
    with pytest.raises(DataError, match="line 3: 29 fields, expected 26"):
        read_srdb(written(row(), row() + ",1,2,3"))


def test_a_short_line_is_not_filled_up(written):
    """A line that lost its end is told, and not taken for one with missing values."""
    with pytest.raises(DataError, match="line 3: 25 fields, expected 26"):
        read_srdb(written(row(), row().removesuffix(","), row()))


def test_whole_columns_in_another_unit(written):
    """Fluxes in kg, shares in percent and swapped coordinates of all records are refused."""
    def lines(**values):
        return [row(Record_number=i, **values) for i in range(1, 31)]

    with pytest.raises(DataError, match="median of Rs_annual is 0.7; expected 50 to 5000"):
        read_srdb(written(*lines(Rs_annual=0.7)))
    with pytest.raises(DataError, match="median of RC_annual is 40.*percent"):
        read_srdb(written(*lines(RC_annual=40)))
    with pytest.raises(DataError, match="30 latitudes are beyond 90.*swapped"):
        read_srdb(written(*lines(Latitude=120.5, Longitude=45)))


def test_questionable_records_are_told(written):
    """Twins, shared numbers, impossible places and fluxes are read, and each is told of."""
    table = read_srdb(written(
        row(Record_number=1, Rs_annual=700), row(Record_number=1, Rs_annual=700),
        row(Record_number=2, Latitude=91), row(Record_number=2, Longitude=-181),
        row(Record_number=3, Rs_annual=-4), row(Record_number=4, Rh_annual=1e6),
        row(Record_number=5, Study_midyear=20055),
    ))
    told = questionable(table)
    assert len(table) == 7 and len(told) == 7
    assert told[0] == (
        "Records that stand there twice, word for word; each counts twice: 1 (number 1)."
    )
    assert told[1] == "Records that share their number with another: 2 (number 2)."
    assert questionable(table.iloc[[0]]) == []


@pytest.mark.real
def test_real_srdb(real_input):
    """SRDB v5.0 has 10,366 records; 5,741 give SR, 1,068 HR with SR - AR."""
    table = read_srdb(real_input("srdb"))
    assert len(table) == 10_366
    assert int(table["Rs_annual"].notna().sum()) == 5741
    hr = table["Rh_annual"].fillna(table["Rs_annual"] - table["Ra_annual"])
    assert int(hr.notna().sum()) == 1068
    assert (table["Manipulation"] == "None").sum() > 6000
    assert table["Latitude"].between(-90, 90).sum() == table["Latitude"].notna().sum()
