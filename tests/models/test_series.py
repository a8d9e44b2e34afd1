"""Compiled annual totals."""

import pandas as pd
import pytest

from soilresp.errors import DataError
from soilresp.models import read_cmip6_global, read_isimip_global


def test_isimip_series_by_hand(tmp_path):
    """4.5E+16 g C yr-1 is 45 Pg C yr-1, and names are the models' own."""
    names = ["caraib", "dlem", "jules", "lpjguess", "lpjml", "orchidee", "vegas", "visit"]
    path = tmp_path / "rh.csv"
    pd.DataFrame({"year": [1990]} | dict.fromkeys(names, 4.5e16)).to_csv(path, index=False)
    series = read_isimip_global(path)
    assert series["total"].tolist() == [45.0] * 8 and set(series["variable"]) == {"HR"}
    assert {"LPJ-GUESS", "LPJmL", "VISIT"} < set(series["model"])
    for columns, told in ((dict.fromkeys(names, 45), "CARAIB.*1990"), ({"caraib": 4e16}, "dlem")):
        pd.DataFrame({"year": [1990]} | columns).to_csv(path, index=False)
        with pytest.raises(DataError, match=f"rh.csv.*{told}"):
            read_isimip_global(path)


def test_cmip6_series_by_hand(tmp_path):
    """rh in g yr-1 becomes HR in Pg C yr-1; other units and variables are refused."""
    path = tmp_path / "rh.csv"
    row = {"year": 1990, "variable": "rh", "ensemble": "r1i1p1f1", "model": "A",
           "units": "g yr-1", "value": 4e16}
    pd.DataFrame([row]).to_csv(path, index=False)
    series = read_cmip6_global(path)
    assert series.iloc[0].to_dict() == {"model": "A", "member": "r1i1p1f1", "year": 1990,
                                        "variable": "HR", "total": 40.0}
    for change in ({"units": "kg yr-1"}, {"variable": "nbp"}):
        pd.DataFrame([row | change]).to_csv(path, index=False)
        with pytest.raises(DataError, match=f"rh.csv.*{next(iter(change.values()))}"):
            read_cmip6_global(path)
    with pytest.raises(DataError, match="none.csv"):
        read_cmip6_global(tmp_path / "none.csv")


@pytest.mark.real
def test_real_isimip_means(real_input):
    """1982-2010 means of the four models that the paper also has."""
    series = read_isimip_global(real_input("isimip_global_rh"))
    means = series[series["year"].between(1982, 2010)].groupby("model")["total"].mean()
    expected = {"LPJ-GUESS": 45.9, "ORCHIDEE": 39.1, "VEGAS": 53.0, "VISIT": 55.2}
    assert means[list(expected)].to_dict() == pytest.approx(expected, rel=0.005)
