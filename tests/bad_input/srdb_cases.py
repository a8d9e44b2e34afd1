"""Faulty tables of field records."""

import csv
import gzip
import io

from bad_input.case import Case

SOUND = {
    "Record_number": "1", "Entry_date": "2009-01-05", "Study_number": "10", "Author": "N.N.",
    "Duplicate_record": "NA", "Quality_flag": "NA", "Country": "Germany", "Site_name": "Tharandt",
    "Site_ID": "DE-THA", "Study_midyear": "2000.5", "Latitude": "50.95", "Longitude": "13.55",
    "Elevation": "380", "Manipulation": "None", "Biome": "Temperate", "Ecosystem_type": "Forest",
    "Leaf_habit": "Evergreen", "MAT": "8", "MAP": "800", "Study_temp": "8", "Study_precip": "800",
    "Meas_method": "IRGA", "Annual_coverage": "1", "Partition_method": "Exclusion",
    "Rs_annual": "600", "Ra_annual": "240", "Rh_annual": "360", "RC_annual": "0.4",
    "Rs_growingseason": "2.2",
}


def text(*changes, rows=3, drop=(), more=(), order=None, **dialect):
    """SRDB's table: `rows` sound records, then one for each dictionary of changes."""
    records = [SOUND | {"Record_number": str(i + 1)} for i in range(rows)]
    records += [
        SOUND | {"Record_number": str(rows + i + 1)} | c for i, c in enumerate(changes)
    ]
    names = [n for n in order or (*SOUND, *more) if n not in drop]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, restval="NA", extrasaction="ignore",
                            lineterminator="\n", **dialect)
    writer.writeheader()
    writer.writerows(records)
    return stream.getvalue()


def all_rows(**changes):
    """A table of thirty records with the same changes."""
    return text(*[changes] * 30, rows=0)


def put(content):
    """A maker that writes ``srdb.csv``."""

    def make(world):
        data = content.encode() if isinstance(content, str) else content
        (world.work / "srdb.csv").write_bytes(data)

    return make


def refused(name, wrong, content, says):
    """A table that is not read."""
    return Case(f"srdb-{name}", wrong, ("data", "check", "srdb.csv"), 1,
                f"srdb.csv.*{says}", put(content))


def read(name, wrong, content, says):
    """A table that is read, and of which is told what is odd about it."""
    return Case(f"srdb-{name}", wrong, ("data", "check", "srdb.csv"), 0, says, put(content))


_LINES = text().splitlines()

SRDB_CASES = (
    Case("srdb-nowhere", "no such file", ("data", "check", "nowhere.csv"), 1,
         "nowhere.csv does not exist. Expected SRDB"),
    Case("srdb-folder", "a folder in place of the file", ("data", "check", "."), 1,
         "cannot be read"),
    refused("empty", "an empty file", "", "is empty"),
    refused("blank", "blank lines alone", "\n\n\n", "is empty"),
    refused("header-only", "a header and no record", text(rows=0), "header and no record"),
    refused("latin-1", "letters in Latin-1", text({"Country": "Österreich"}).encode("latin-1"),
            "line 5: not a comma-separated table in UTF-8.*Latin-1"),
    refused("utf-16", "text in UTF-16", text().encode("utf-16"), "UTF-8"),
    refused("gzip", "a packed file", gzip.compress(text().encode(), mtime=0), "UTF-8"),
    refused("nul", "NUL bytes", text().replace("Tharandt", "Thar\0ndt", 1), "line 2: a NUL byte"),
    refused("semicolon", "separated by semicolons", text(delimiter=";"), "no column Record_number"),
    refused("tab", "separated by tabs", text(delimiter="\t"), "separated by commas"),
    refused("html", "a web page", "<!doctype html>\n<html><body>Moved</body></html>\n",
            "no column Record_number"),
    refused("no-flux", "no column Rs_annual", text(drop=["Rs_annual"]), "no column Rs_annual"),
    refused("no-latitude", "no column Latitude", text(drop=["Latitude"]), "no column Latitude"),
    refused("no-manipulation", "no column Manipulation", text(drop=["Manipulation"]),
            "no column Manipulation"),
    refused("renamed", "a column under another name", text().replace("Longitude", "Lon"),
            "no column Longitude"),
    refused("no-header", "the header is missing", "\n".join(_LINES[1:]), "no column Record_number"),
    refused("column-twice", "a column name twice",
            text().replace("Entry_date", "Rs_annual", 1), "'Rs_annual' stands in the header 2"),
    refused("words-in-flux", "words in a number", text({"Rs_annual": "ca. 500"}),
            "line 5, record 4: Rs_annual is 'ca. 500', expected a number or NA"),
    refused("decimal-comma", "a decimal comma", text({"Rs_annual": "512,5"}),
            "line 5, record 4: Rs_annual is '512,5'"),
    refused("degrees", "a letter in a latitude", text({"Latitude": "45.5N"}),
            "record 4: Latitude is '45.5N'"),
    refused("infinite", "an infinite flux", text({"Rh_annual": "inf"}),
            "record 4: Rh_annual is 'inf'"),
    refused("nan", "the word nan for a flux", text({"Rs_annual": "nan"}),
            "record 4: Rs_annual is 'nan'"),
    refused("date", "a date for the year", text({"Study_midyear": "2001-07-01"}),
            "record 4: Study_midyear is '2001-07-01'"),
    refused("no-record-number", "a record without a number", text({"Record_number": "NA"}),
            "line 5: Record_number is missing"),
    refused("huge-record-number", "a record number of thirty digits",
            text({"Record_number": "9" * 30}), "line 5: Record_number is 1e\\+30"),
    refused("no-study-number", "a record without a study", text({"Study_number": ""}),
            "line 5: Study_number is missing"),
    refused("short-line", "a line that lost its end",
            "\n".join([*_LINES, _LINES[1].rsplit(",", 4)[0]]), "line 5: 25 fields, expected 29"),
    refused("long-line", "a line with a comma too many",
            "\n".join([*_LINES, _LINES[1] + ",7"]), "line 5: 30 fields, expected 29"),
    refused("open-quote", "a quote that is not closed",
            text().replace("Tharandt", '"Tharandt', 1), "line 2: not a comma-separated table"),
    refused("kilograms", "all fluxes in kg", all_rows(Rs_annual="0.6", Rh_annual="0.36"),
            "median of Rs_annual is 0.6; expected 50 to 5000. Is it in kg"),
    refused("micromoles", "all HR in umol m-2 s-1", all_rows(Rh_annual="0.95"),
            "median of Rh_annual is 0.95"),
    refused("percent", "all shares in percent", all_rows(RC_annual="40"),
            "median of RC_annual is 40; expected 0 to 1. Is it in percent"),
    refused("short-years", "years of two digits", all_rows(Study_midyear="98.5"),
            "median of Study_midyear is 98.5"),
    refused("swapped", "latitude and longitude swapped in all records",
            all_rows(Latitude="116.4", Longitude="40.1"), "beyond 90 degrees.*swapped"),
    read("bom", "a byte order mark", b"\xef\xbb\xbf" + text().encode(), "0 of 3 records are"),
    read("crlf", "line ends of Windows", text().replace("\n", "\r\n"), "0 of 3 records are"),
    read("new-release", "new columns, in another order",
         text(order=["New_field", *reversed(SOUND), "Newer_field"]), "0 of 3 records are"),
    read("line-break", "a line break in a quoted text", text({"Site_name": "Tharandt\nsouth"}),
         "0 of 4 records are"),
    read("latitude-95", "a latitude of 95", text({"Latitude": "95"}),
         "latitude beyond 90 degrees: 1 \\(number 4\\)"),
    read("longitude-200", "a longitude of 200", text({"Longitude": "200"}),
         "longitude beyond 180 degrees: 1 \\(number 4\\)"),
    read("one-swapped", "one record with swapped coordinates",
         text({"Latitude": "13.55", "Longitude": "50.95"}), "outside the stated country"),
    read("sign", "a western site without its sign",
         text({"Country": "USA", "Latitude": "42.5", "Longitude": "72.2"}),
         "outside the stated country"),
    read("twice", "a line twice, word for word", text({"Record_number": "3"}),
         "stand there twice, word for word; each counts twice: 1 \\(number 3\\)"),
    read("number-twice", "two records of one number",
         text({"Record_number": "3", "Rs_annual": "650"}), "share their number with another: 2"),
    read("negative", "a negative flux", text({"Rs_annual": "-600"}),
         "negative flux: 1 \\(number 4\\)"),
    read("absurd", "a flux of 6e7", text({"Rs_annual": "6e7"}), "flux above 30,000.*number 4"),
    read("year-20005", "a year of 20005", text({"Study_midyear": "20005"}),
         "mid-year before 1900 or after 2100: 1 \\(number 4\\)"),
    read("parts", "HR larger than SR", text({"Rh_annual": "900"}), "HR above SR"),
    Case("srdb-benchmark-empty", "nothing sound to corrupt",
         ("data", "check", "srdb.csv", "--benchmark"), 1, "error: ",
         put(text({"Rs_annual": "NA", "Rh_annual": "NA", "Ra_annual": "NA"}, rows=0))),
    Case("srdb-apart", "words in a number, in a process of its own",
         ("data", "check", "srdb.csv"), 1, "line 5, record 4: Rs_annual is 'many'",
         put(text({"Rs_annual": "many"})), apart=True),
)
