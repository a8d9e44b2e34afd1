"""Results of long computations that are kept one by one."""

import numpy as np
import pandas as pd
import pytest

from soilresp.errors import DataError
from soilresp.evaluation.store import ResultStore

JOBS = {"one": (1,), "two": (2,), "three": (3,)}


def squares(k):
    """An array, a number and a table."""
    table = pd.DataFrame({"name": ["a", "b"], "third": [k / 3, np.nan]})
    return {"array": np.full(3, k, np.float32), "square": k**2, "table": table}


@pytest.mark.slow
def test_results_come_back_to_the_bit(tmp_path):
    """Arrays, numbers and tables, from memory and from the folder, in any number of processes."""
    stores = [ResultStore(tmp_path / str(n), seed=0) for n in (1, 2)]
    for n, store in enumerate(stores, start=1):
        store.complete(JOBS, squares, "squares", n)
    for store in (*stores, ResultStore(tmp_path / "1", seed=0)):
        assert set(store.results) == set(JOBS)
        for name, (k,) in JOBS.items():
            found, expected = store.results[name], squares(k)
            assert found["array"].tobytes() == expected["array"].tobytes()
            assert found["square"] == k**2
            pd.testing.assert_frame_equal(found["table"], expected["table"], check_exact=True)


def test_only_missing_and_damaged_results_are_computed(tmp_path):
    """An interrupted computation continues; a file with a changed bit counts as missing."""
    ResultStore(tmp_path, seed=0).complete({"one": (1,), "two": (2,)}, squares, "squares")
    content = bytearray((tmp_path / "two.npz").read_bytes())
    content[-100] ^= 1
    (tmp_path / "two.npz").write_bytes(content)
    store, called = ResultStore(tmp_path, seed=0), []
    store.complete(JOBS, lambda k: called.append(k) or squares(k), "squares")
    assert called == [2, 3] and (store.n_found, store.n_computed) == (1, 2)


def test_results_of_other_facts_are_refused(tmp_path):
    """A folder belongs to its facts; the message names it."""
    ResultStore(tmp_path, seed=0)
    with pytest.raises(DataError, match=str(tmp_path)):
        ResultStore(tmp_path, seed=1)
