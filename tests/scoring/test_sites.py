"""RMSE, r and bias of fields at the sites of records."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_benchmark import on_grid

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.scoring.sites import check_grid, sample_at, site_scores, site_table


def one_cell(value, row=0, col=0):
    """A field that is `value` in one cell and missing elsewhere."""
    field = on_grid(np.nan)
    field[row, col] = value
    return field


def records(*rows):
    """Observations from (lat, lon, year, flux)."""
    return pd.DataFrame(rows, columns=["lat", "lon", "year", "flux"])


@pytest.mark.parametrize("dim", ["lat", "lon"])
def test_other_grids_are_named(dim):
    """The study's own coordinates pass; other values, or a missing dimension, do not."""
    axes = coordinates()
    good = xr.Dataset(coords=axes)
    check_grid(good, "m")
    for bad in (
        good.assign_coords({dim: axes[dim].values + 0.25}), good.isel({dim: slice(1, None)}),
        good.isel({dim: slice(None, None, -1)}), good.drop_dims(dim),
    ):
        with pytest.raises(DataError, match=f"m .*{dim}"):
            check_grid(bad, "m")


def test_sample_at():
    """The cell that holds the site, the record's own year, and nothing instead of a gap."""
    field = xr.concat([one_cell(1.0), one_cell(2.0)], pd.Index([1999, 2000], name="year"))
    sites = records((89.9, -179.9, 2000.5, 0), (89.9, -179.9, 1999.0, 0),
                    (89.9, -179.9, 2001.0, 0), (0, 0, 2000.0, 0))
    np.testing.assert_array_equal(sample_at(field, sites), [2.0, 1.0, np.nan, np.nan])
    np.testing.assert_array_equal(sample_at(one_cell(5.0), sites), [5.0, 5.0, 5.0, np.nan])
    with pytest.raises(DataError, match="lat"):
        sample_at(field.isel(lat=slice(None, None, -1)), sites)


def test_site_scores_by_hand():
    """Errors of 0, 0, 3 and 4: RMSE 2.5, bias 1.75; one record has no cell."""
    field = on_grid(np.nan, area_basis="land")
    field[0, :4] = [10.0, 20.0, 33.0, 44.0]
    lons = -179.75 + 0.5 * np.arange(4)
    sites = records(*[(89.75, lon, 2000.0, flux) for lon, flux in zip(lons, (10, 20, 30, 40),
                                                                     strict=True)],
                    (0.0, 0.0, 2000.0, 5.0))
    scores = site_scores(field, sites)
    assert scores["rmse"] == pytest.approx(2.5)
    assert scores["bias"] == pytest.approx(1.75)
    assert scores["r"] == pytest.approx(np.corrcoef([10, 20, 33, 44], [10, 20, 30, 40])[0, 1])
    assert (scores["n"], scores["n_missing"], scores["area_basis"]) == (4, 1, "land")


def test_site_scores_without_spread():
    """A constant field has an RMSE and no correlation; no record has neither."""
    sites = records((89.9, -179.9, 2000, 1.0), (89.9, -179.4, 2000, 3.0))
    flat = site_scores(on_grid(2.0), sites)
    assert flat["rmse"] == 1.0 and np.isnan(flat["r"])
    none = site_scores(on_grid(np.nan), sites)
    assert np.isnan(none["rmse"]) and none["n"] == 0


def test_site_table_common_records():
    """With gaps in one field, all are scored where each has data."""
    sites = records((89.9, -179.9, 2000, 1.0), (89.9, -179.4, 2000, 3.0), (0, 0, 2000, 9.0))
    partial = on_grid(np.nan)
    partial[0, :2] = [1.0, 3.0]
    fields = {"whole": on_grid(1.0), "partial": partial}
    table = site_table(fields, sites)
    assert table["n"].tolist() == [2, 2]
    assert table["n_missing"].tolist() == [0, 1]
    assert table.loc["partial", "rmse"] == 0 and table.loc["partial", "r"] == pytest.approx(1)
    with pytest.raises(DataError, match="No record"):
        site_table({"a": one_cell(1.0), "b": one_cell(1.0, 5, 5)}, sites)
