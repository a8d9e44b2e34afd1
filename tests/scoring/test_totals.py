"""Global totals of models and maps, with their provenance."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_benchmark import on_grid

from soilresp.errors import DataError
from soilresp.grid.cells import cell_area, coordinates
from soilresp.scoring import totals
from soilresp.scoring.totals import field_totals, model_total, series_totals, stated_totals

EARTH = 4 * np.pi * 6371007.181**2


def test_stated_totals():
    """Forty rows; a value, a range or a reason in each; nothing invented."""
    table = stated_totals()
    assert list(table.columns) == totals.COLUMNS and len(table) == 40
    at = table.set_index(["model", "variable"])
    assert at.loc[("BEPS", "SR"), ["value", "provenance"]].tolist() == [61.4, totals.STATED]
    assert at.loc[("BEPS", "HR"), ["value", "provenance"]].tolist() == [49.4, totals.DERIVED]
    assert at.loc[("LPX-Bern", "SR"), ["low", "high"]].tolist() == [66.7, 75.2]
    unknown = at.loc["CABLE"]
    assert unknown["value"].isna().all() and (unknown["provenance"] == "").all()
    assert unknown["reason"].str.contains("not stated").all()
    assert (table["reason"] != "").eq(table["value"].isna()).all()


def test_output_totals():
    """HR is summed over land; SR and AR stay missing with the model's own reason."""
    axes = coordinates(45)
    flux = np.full((4, 8), np.nan)
    flux[1, 2] = 500.0
    output = xr.Dataset(
        {"HR": (("lat", "lon"), flux), "cSoil": (("lat", "lon"), flux / 100),
         "land_fraction": (("lat", "lon"), np.full((4, 8), 0.25))}, axes,
        {"model": "M", "period": "2000-2010", "how_ar": "no roots", "reference": "R"},
    )
    table = totals.output_totals(output).set_index("variable")
    area = float(cell_area(resolution=45)[1]) * 0.25
    assert table.loc["HR", "value"] == pytest.approx(500 * area / 1e15)
    assert table.loc["cSoil", "value"] == pytest.approx(5 * area / 1e12)
    assert table.loc[["SR", "AR", "AR_SR"], "value"].isna().all()
    assert table.loc["AR", "reason"] == "AR: no roots"
    with pytest.raises(DataError, match="land_fraction"):
        model_total(output.drop_vars("land_fraction"), "HR")


def test_series_totals():
    """Members are averaged within a year, years within the period only."""
    series = pd.DataFrame(
        [("A", "r1", 1981, 10.0), ("A", "r1", 1982, 40.0), ("A", "r2", 1982, 50.0),
         ("A", "r1", 1983, 51.0)],
        columns=["model", "member", "year", "total"],
    ).assign(variable="HR")
    row = series_totals(series, "CMIP6", "a file").iloc[0]
    assert row[["value", "low", "high"]].tolist() == [48.0, 45.0, 51.0]
    assert row["period"] == "1982-1983"
    with pytest.raises(DataError, match="no year"):
        series_totals(series, "CMIP6", "a file", period=(2000, 2001))


def test_field_totals():
    """100 and 60 g C m-2 yr-1 everywhere: totals over the given area, AR/SR 0.4."""
    area = on_grid(1.0) * cell_area() * 0.2
    fields = {"SR": on_grid(100.0), "HR": on_grid(60.0), "AR": on_grid(40.0)}
    table = field_totals("map", fields, area, totals.BENCHMARK).set_index("variable")
    assert table.loc["SR", "value"] == pytest.approx(100 * 0.2 * EARTH / 1e15)
    assert table.loc["AR_SR", "value"] == pytest.approx(0.4)
    only_hr = field_totals("map", {"HR": fields["HR"]}, area, totals.BENCHMARK)
    assert only_hr["value"].notna().tolist() == [False, True, False, False]


def test_ensemble_means():
    """The paper's mean is the stated one; others average what there is and say how many."""
    area = on_grid(1.0) * cell_area()
    one = field_totals("a", {"HR": on_grid(1.0)}, area, "g")
    two = field_totals("b", {"HR": on_grid(3.0)}, area, "g")
    means = totals.ensemble_means(pd.concat([stated_totals(), one, two]))
    means = means.set_index(["group", "variable"])
    assert means.loc[("ten models of the paper", "SR"), "mean"] == 76.9
    assert np.isnan(means.loc[("ten models of the paper", "AR_SR"), "mean"])
    ours = means.loc[("g", "HR")]
    assert ours["mean"] == pytest.approx(2 * EARTH / 1e15)
    assert ours[["n", "n_models"]].tolist() == [2, 2]
    assert means.loc[("g", "SR"), "n"] == 0


def test_the_ten_models_in_words():
    """Each total with its provenance; computed ones come first; files are named."""
    computed = pd.DataFrame({"model": "BEPS", "variable": ["SR", "AR_SR"], "value": [60.0, 0.25]})
    table = totals.ten_table(computed).set_index("model")
    assert len(table) == 10
    assert table.loc["BEPS", "SR"] == "60.0 computed; 61.4 stated"
    assert table.loc["BEPS", "AR_SR"].startswith("0.25 computed; ")
    assert table.loc["BEPS", "HR"] == "49.4 derived" and "read" in table.loc["BEPS", "output"]
    assert table.loc["LPX-Bern", "SR"] == "66.7 to 75.2 bounds"
    assert table.loc["CABLE", "HR"] == "not stated"
    assert table.loc["CABLE", "output"].endswith("not available")
