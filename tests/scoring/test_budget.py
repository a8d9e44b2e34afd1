"""The carbon budget: arithmetic, propagated uncertainty, and what the print gets wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import ParameterError
from soilresp.scoring.budget import carbon_budget


def test_the_print_does_not_add_up():
    """NEP and NBP differ from the paper's own inputs by 0.2, and no other line does."""
    table = carbon_budget(85.5, 50.3, sr_sd=1.0, hr_sd=1.0, n_draws=1000)
    gap = (table["paper_recomputed"] - table["paper"]).dropna().round(2)
    assert gap[gap != 0].to_dict() == {"NEP": 0.2, "NBP": 0.2}
    assert table.loc["NEP", "note"] == "printed 5.5; the paper's own inputs give 5.7"
    assert table.loc["NBP", "note"].startswith("printed 3.3; the paper's own inputs give 3.5")
    np.testing.assert_allclose(table["value"], table["paper_recomputed"])
    assert table.loc[["AR", "TAR", "AAR"], "value"].tolist() == pytest.approx([35.2, 64, 28.8])


def test_uncertainty_adds_in_quadrature():
    """SD of AR is 5 from 3 and 4; of NBP with exact fire it is that of NEP."""
    table = carbon_budget(85.0, 50.0, sr_sd=3.0, hr_sd=4.0, npp_sd=3.0)
    assert table.loc["AR", "sd"] == pytest.approx(5.0, rel=0.01)
    assert table.loc["NEP", "sd"] == pytest.approx(5.0, rel=0.01)
    assert table.loc["NBP", "sd"] == pytest.approx(table.loc["NEP", "sd"])
    assert table.loc["AR", "q95"] - table.loc["AR", "q05"] == pytest.approx(2 * 1.645 * 5, rel=0.02)


def test_correlated_errors_cancel_in_ar():
    """Equal errors that go together leave AR certain; opposite ones double them."""
    together = carbon_budget(85.0, 50.0, sr_sd=4.0, hr_sd=4.0, correlation=1.0)
    against = carbon_budget(85.0, 50.0, sr_sd=4.0, hr_sd=4.0, correlation=-1.0)
    assert together.loc["AR", "sd"] == pytest.approx(0.0, abs=1e-9)
    assert against.loc["AR", "sd"] == pytest.approx(8.0, rel=0.01)


def test_seed_settles_the_draws():
    """The same seed gives the same table, another seed another."""
    options = {"sr_sd": 2.0, "hr_sd": 2.0, "n_draws": 1000}
    first = carbon_budget(85.0, 50.0, seed=3, **options)
    pd.testing.assert_frame_equal(first, carbon_budget(85.0, 50.0, seed=3, **options))
    assert carbon_budget(85.0, 50.0, seed=4, **options).loc["SR", "sd"] != first.loc["SR", "sd"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sr_sd": -1.0, "hr_sd": 1.0}, "sr_sd"),
        ({"sr_sd": np.nan, "hr_sd": 1.0}, "sr_sd"),
        ({"sr_sd": 1.0, "hr_sd": 1.0, "correlation": 1.5}, "correlation"),
        ({"sr_sd": 1.0, "hr_sd": 1.0, "n_draws": 10}, "n_draws"),
    ],
)
def test_refuses(options, words):
    """Impossible parameters are named."""
    with pytest.raises(ParameterError, match=words):
        carbon_budget(85.0, 50.0, **options)


@settings(max_examples=25, deadline=None)
@given(sr=st.floats(40, 120), share=st.floats(0.1, 0.9), npp=st.floats(30, 90))
def test_budget_closes(sr, share, npp):
    """GPP = NPP + AAR + AR, and NPP = HR + fire + NBP, whatever goes in."""
    value = carbon_budget(sr, share * sr, sr_sd=1, hr_sd=1, npp=npp, n_draws=100)["value"]
    assert value["GPP"] == pytest.approx(value["NPP"] + value["AAR"] + value["AR"])
    assert value["NPP"] == pytest.approx(value["HR"] + value["fire"] + value["NBP"])
