"""Effect of the sampling of records in a small world."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilresp.evaluation.sampling_effect import sampling_effect
from soilresp.upscaling.sampling import SAMPLINGS


@pytest.fixture(scope="module")
def small():
    """Five cells, a bin each, and records of each whose flux is 100 times the bin's number."""
    lat, lon = [0.25], np.arange(5) + 0.25
    grid = {"lat": lat, "lon": lon}
    field = lambda values: xr.DataArray(np.array([values], float), grid, ("lat", "lon"))  # noqa: E731
    igbp = xr.DataArray(np.zeros((17, 1, 5)), {"igbp": range(17), **grid}, ("igbp", "lat", "lon"))
    for cell, code in enumerate((2, 4, 1, 6, 10)):
        igbp[code, 0, cell] = 1
    cube = xr.Dataset({
        "MAT": field([1, 2, 3, 4, 5]), "stratum": field([1, 2, 3, 4, 5]).astype(int),
        "vegetated_fraction": field([1] * 5), "cell_area": field([1e12, 1e12, 1e12, 1e12, 4e12]),
        "igbp_fraction": igbp,
    })
    bins = np.repeat([1, 2, 3, 4, 5], [40, 10, 10, 10, 10])
    matched = pd.DataFrame({
        "target": np.repeat(["SR", "HR"], 80), "flux": 100.0 * np.tile(bins, 2),
        "stratum": np.tile(bins, 2), "row": 0, "col": np.tile(bins, 2) - 1,
    })
    chosen = {"SR": ["MAT"], "HR": ["MAT"]}
    return sampling_effect(cube, matched, chosen, n_runs=6, n_trees=20)


def test_totals(small):
    """The forests know every cell: 100 to 400 on 1e12 m2 each and 500 on 4e12 make 3 Pg."""
    effect, _, maps = small
    assert list(effect["sampling"]) == list(SAMPLINGS) * 2
    assert effect["total"].to_numpy() == pytest.approx([3.0] * 8, rel=0.02)
    assert (effect["r2"] > 0.95).all()
    by_area = maps["SR"].sel(sampling="area")[0]
    np.testing.assert_allclose(by_area, [100, 200, 300, 400, 500], rtol=0.1)
    assert maps["HR"].attrs["units"] == "g m-2 yr-1"
    assert maps["HR"].dims == ("sampling", "lat", "lon")


def test_shares(small):
    """Half the records are of bin 1; by area it is an eighth, by bins a fifth of the draws."""
    _, shares, _ = small
    first = shares.query("target == 'SR' and stratum == 1").set_index("sampling")
    assert (first["records"] == 0.5).all()
    assert first["area"].to_numpy() == pytest.approx([1 / 8] * 4)
    # 64 draws in each of six runs: five standard errors of a share p are 5 sqrt(p (1 - p) / 384).
    for draw, p in (("area", 1 / 8), ("record", 0.5), ("bin", 0.2)):
        assert abs(first.loc[draw, "drawn"] - p) < 5 * np.sqrt(p * (1 - p) / 384)
    # Without replacement the other bins' 40 records leave at least 24 of 64 draws to it.
    assert 24 / 64 <= first.loc["area_without", "drawn"] < 0.5
    sums = shares.groupby(["target", "sampling"])["drawn"].sum()
    assert sums.to_numpy() == pytest.approx(np.ones(8))
