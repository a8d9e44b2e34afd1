"""Files of a run folder, and the folders of the project."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import DataError
from soilresp.io import files as results

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def finite(value):
    """`value` with NaN and infinities as None, as JSON has them."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def gridded():
    """A small dataset with a year, a gap, a flag and a text."""
    return xr.Dataset(
        {
            "SR": (("year", "lat"), [[1.5, np.nan], [3.0, 4.0]], {"units": "g m-2 yr-1"}),
            "stratum": ("lat", np.array([1, 5], np.int8)),
            "forest": ("lat", [True, False]),
            "total": 85.7,
            "name": ("lat", ["north", "south"]),
        },
        {"year": [2000, 2001], "lat": [89.75, 89.25], "day": pd.to_datetime(["2001-07-01"])},
        {"recipe": "delta"},
    )


@settings(max_examples=50)
@given(st.dictionaries(st.text(), plain, max_size=4))
def test_json_round_trip(tmp_path_factory, content):
    """Any JSON content comes back; NaN and infinities as null."""
    path = tmp_path_factory.mktemp("json") / "content.json"
    results.write_json(path, content)
    assert results.read_json(path) == finite(content)


def test_json_takes_numpy(tmp_path):
    """Numpy numbers, arrays, keys and paths become JSON's own."""
    path = tmp_path / "content.json"
    content = {
        "r2": np.float32(0.5), "n": np.int64(3), "ok": np.bool_(True), "nan": np.float64("nan"),
        "list": np.array([[1.0, np.inf]]), "one": np.array(2.0), 2000: (1, 2),
        "at": Path("a") / "b",
    }
    results.write_json(path, content)
    assert json.loads(path.read_text()) == {
        "r2": 0.5, "n": 3, "ok": True, "nan": None,
        "list": [[1.0, None]], "one": 2.0, "2000": [1, 2], "at": "a/b",
    }


def test_table_round_trip(tmp_path):
    """A table keeps its types, gaps and index."""
    table = pd.DataFrame(
        {"record": [1, 2], "flux": [np.nan, 2.5], "target": ["SR", "HR"], "moved": [True, False]},
        index=pd.Index([4, 7], name="row"),
    )
    path = results.save(tmp_path, "table", table)
    assert path.name == "table.parquet"
    pd.testing.assert_frame_equal(results.load(path), table)


def test_dataset_round_trip(tmp_path):
    """A dataset keeps values, types and attributes; its file can be replaced while in use."""
    path = results.save(tmp_path, "maps", gridded())
    assert path.name == "maps.nc"
    back = results.load(path)
    xr.testing.assert_identical(back, gridded())
    assert back["stratum"].dtype == np.int8
    with xr.open_dataset(path, mask_and_scale=False) as stored:
        assert "_FillValue" not in stored["lat"].attrs and "_FillValue" in stored["SR"].attrs
    results.save(tmp_path, "maps", back.assign(SR=back["SR"] * 2))
    assert float(back["SR"][0, 0]) == 1.5


@pytest.mark.parametrize("name", ["table.parquet", "maps.nc", "report.json"])
@pytest.mark.parametrize("share", [None, 0.0, 0.3, 0.9])
def test_truncated_file_is_told(tmp_path, name, share):
    """A file that is not there, or was cut short, is named, not passed on."""
    content = {
        "table": pd.DataFrame({"a": np.arange(1000.0)}),
        "maps": gridded(),
        "report": {"a": [1, 2]},
    }[Path(name).stem]
    path = results.save(tmp_path, Path(name).stem, content)
    whole = path.read_bytes()
    path.unlink()
    if share is not None:
        path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=name):
        results.load(path)


def test_sha256_of_known_text(tmp_path):
    """The checksum of 'abc' is the one in FIPS 180."""
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert results.sha256(path) == known
