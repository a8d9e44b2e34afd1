"""Tables of long computations that are committed."""

import pandas as pd
import pytest

from soilresp.errors import DataError
from soilresp.io.tables import is_there, load_table, save_table


def test_a_table_comes_back_with_how_it_was_made(tmp_path):
    """Values, a gap, a word that looks missing, and the facts are as they were saved."""
    table = pd.DataFrame({"name": ["None", "MAT"], "rmse": [355.25, float("nan")], "n": [3, 4]})
    assert not is_there("search", tmp_path)
    save_table("search", table, "soilresp study search", tmp_path, seed=7)
    first = (tmp_path / "search.csv").read_bytes()
    save_table("search", table, "soilresp study search", tmp_path, seed=7)
    assert (tmp_path / "search.csv").read_bytes() == first
    again, facts = load_table("search", tmp_path)
    pd.testing.assert_frame_equal(again, table)
    assert facts["command"] == "soilresp study search" and facts["seed"] == 7
    assert facts["versions"]["scikit-learn"]
    assert is_there("search", tmp_path)


def test_a_missing_or_broken_table_is_one_clear_error(tmp_path):
    """The file is named, and the command that makes it again."""
    with pytest.raises(DataError, match="a.json"):
        load_table("a", tmp_path)
    save_table("a", pd.DataFrame({"x": [1]}), "soilresp study search", tmp_path)
    (tmp_path / "a.csv").unlink()
    with pytest.raises(DataError, match="a.csv"):
        load_table("a", tmp_path)
    (tmp_path / "a.csv").write_bytes(b"x\n\xff\xfe\n")
    with pytest.raises(DataError, match="a.csv"):
        load_table("a", tmp_path)
