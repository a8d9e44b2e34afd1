"""Maps of a flux on a cube of a few cells, against sums by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_maps import mapped, trained

from soilresp.upscaling.maps import (
    MAD_TO_SD,
    area_summed,
    autotrophic,
    blocks,
    mean_covariates,
    vegetated_area,
)
from soilresp.upscaling.runs import Runs

AREA = np.array([[1e12, 2e12, 3e12], [4e12, 5e12, 6e12]])
VEGETATED = np.array([[1.0, 0.5, 0.0], [0.25, 1.0, 1.0]])
MASK = np.array([[True, True, False], [True, True, False]])


def tiny_cube(years=None):
    """Two by three cells; Prec never varies by year, MAT does if there are years."""
    coords = {"lat": [10.25, 9.75], "lon": [0.25, 0.75, 1.25]}
    mat = np.array([[-1.0, 0.0, np.nan], [0.5, 1.0, 2.0]], np.float32)
    cube = xr.Dataset(
        {
            "Prec": (("lat", "lon"), np.array([[0.0, 1.0, 0.0], [-1.0, 0.5, 0.0]], np.float32)),
            "cell_area": (("lat", "lon"), AREA),
            "vegetated_fraction": (("lat", "lon"), VEGETATED),
        },
        coords,
    )
    if years is None:
        cube["MAT"] = (("lat", "lon"), mat)
        return cube
    by_year = np.stack([mat + 0.8 * k for k in range(len(years))])
    cube["MAT"] = (("year", "lat", "lon"), by_year)
    return cube.assign_coords(year=list(years))


def by_hand(runs, cube, year=None):
    """Prediction of each run in each masked cell."""
    mat = cube["MAT"].values if year is None else cube["MAT"].sel(year=year).values
    rows = np.stack([mat[MASK], cube["Prec"].values[MASK]], axis=1)
    return np.array([run.forest.predict(rows) for run in runs.grow()])


def test_climatology_against_hand_sums():
    """Without years: the mean over runs, NaN off the mask, totals by cell area."""
    runs = trained()
    cube = tiny_cube()
    climatology, annual, totals = mapped(runs, cube, MASK)
    predicted = by_hand(runs, cube)
    np.testing.assert_allclose(climatology["SR"].values[MASK], predicted.mean(axis=0), rtol=1e-6)
    assert np.isnan(climatology["SR"].values[~MASK]).all()
    assert not annual.data_vars
    assert totals.columns.tolist() == ["climatology"] and totals.index.tolist() == [0, 1, 2]
    # Vegetated areas of the four cells: 1, 1, 1 and 5 million km2.
    expected = [sum(p * [1e12, 1e12, 1e12, 5e12]) / 1e15 for p in predicted]
    np.testing.assert_allclose(totals["climatology"], expected, rtol=1e-6)
    sums = area_summed(climatology, "SR", vegetated_area(cube))
    assert sums["total"] == pytest.approx(np.mean(expected), rel=1e-6)


def test_years_against_hand_sums():
    """With years: each year's own map and totals, and their mean as the climatology."""
    runs = trained()
    years = (1982, 1983, 1984)
    cube = tiny_cube(years)
    climatology, annual, totals = mapped(runs, cube, MASK)
    assert annual["SR"].dims == ("year", "lat", "lon")
    assert totals.columns.tolist() == ["1982", "1983", "1984"] and totals.shape == (3, 3)
    area = (AREA * VEGETATED)[MASK]
    for year in years:
        predicted = by_hand(runs, cube, year)
        np.testing.assert_allclose(
            annual["SR"].sel(year=year).values[MASK], predicted.mean(axis=0), rtol=1e-6
        )
        np.testing.assert_allclose(totals[str(year)], predicted @ area / 1e15, rtol=1e-6)
    assert (totals["1984"] > totals["1982"]).all()  # the cube warms, and the flux follows MAT
    mean = annual["SR"].mean("year", skipna=False)
    xr.testing.assert_allclose(climatology["SR"], mean, rtol=1e-6)
    sums = area_summed(climatology, "SR", vegetated_area(cube))
    assert sums["total"] == pytest.approx(totals.to_numpy().mean(), rel=1e-6)


def test_spread_against_the_pooled_records():
    """SD, MAD and quantiles of forests with one leaf are those of the drawn records."""
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(40, 2)), np.round(rng.lognormal(6, 0.5, 40), 1)
    runs = Runs(x.astype(np.float32), y, np.ones(40, int), pd.Series({1: 1.0}), "SR", 1, 1)
    run = next(runs.grow())
    runs.stored[0] = run
    run.forest.set_params(min_samples_leaf=32, bootstrap=False).fit(
        x[run.drawn].astype(np.float32), y[run.drawn]
    )
    climatology, _, _ = mapped(runs, tiny_cube(), MASK)
    drawn = np.sort(y[run.drawn])
    assert drawn.size == 32
    cell = climatology.sel(lat=10.25, lon=0.25)
    assert float(cell["SR"]) == pytest.approx(drawn.mean(), rel=1e-6)
    assert float(cell["SR_sd"]) == pytest.approx(drawn.std(), rel=1e-5)
    assert float(cell["SR_cv"]) == pytest.approx(100 * drawn.std() / drawn.mean(), rel=1e-5)
    assert float(cell["SR_q50"]) == pytest.approx(drawn[15], rel=1e-6)
    assert float(cell["SR_q05"]) == pytest.approx(drawn[1], rel=1e-6)  # 2/32 is the first >= 0.05
    assert float(cell["SR_q95"]) == pytest.approx(drawn[30], rel=1e-6)  # 31/32 is
    mad = np.sort(np.abs(drawn - drawn[15]))[15]
    assert float(cell["SR_mad"]) == pytest.approx(mad, rel=1e-6)
    assert float(cell["SR_mad_scaled"]) == pytest.approx(1.4826 * mad, rel=1e-6)


def test_fields_have_units_and_words():
    """Every field says its unit, what it is, and of which area."""
    runs = trained(1, 3, "HR")
    climatology, annual, _ = mapped(runs, tiny_cube((1990,)), MASK)
    ends = ("", "_sd", "_mad", "_mad_scaled", "_cv", "_q05", "_q25", "_q50", "_q75", "_q95")
    assert set(climatology.data_vars) == {f"HR{end}" for end in ends}
    for name, field in climatology.items():
        assert field.attrs["units"] == ("%" if name == "HR_cv" else "g m-2 yr-1")
        assert "heterotrophic soil respiration, carbon" in field.attrs["long_name"]
        assert field.attrs["comment"] == "of vegetated area"
        assert field.dtype == np.float32
    assert climatology["HR_q05"].attrs["long_name"].startswith("5 % quantile")
    assert annual["HR"].attrs["units"] == "g m-2 yr-1"
    assert vegetated_area(tiny_cube()).attrs["units"] == "m2"


def test_autotrophic_is_the_difference():
    """AR = SR - HR, negative where HR is larger, and missing where one is."""
    fluxes = xr.Dataset({
        "SR": ("lat", [900.0, 400.0, np.nan]), "HR": ("lat", [500.0, 500.0, 300.0]),
    })
    got = autotrophic(fluxes)
    np.testing.assert_array_equal(got["AR"], [400.0, -100.0, np.nan])
    np.testing.assert_allclose(got["AR_SR"], [400 / 900, -0.25, np.nan])
    assert got["AR"].attrs["units"] == "g m-2 yr-1" and got["AR_SR"].attrs["units"] == "1"
    assert "AR" not in fluxes


def test_area_sums_by_hand():
    """Totals and sums of spreads over two cells of 1 and 3 million km2."""
    area = xr.DataArray([[1e12, 3e12]], dims=("lat", "lon"))
    values = {"HR": (100, 200), "HR_sd": (10, 20), "HR_mad": (1, np.nan), "HR_mad_scaled": (2, 3)}
    fields = xr.Dataset({k: (("lat", "lon"), [list(v)]) for k, v in values.items()})
    assert area_summed(fields, "HR", area) == pytest.approx(
        {"total": 0.7, "sd_sum": 0.07, "mad_sum": 0.001, "mad_scaled_sum": 0.011}
    )
    assert MAD_TO_SD == 1.4826


def test_blocks_make_the_whole():
    """Blocks share no cell, make the mask together, and hold what they may."""
    mask = np.random.default_rng(0).random((30, 40)) < 0.4
    cut = blocks(mask, 100)
    assert (sum(b.astype(int) for b in cut) == mask).all()
    assert len(cut) > 4 and all(0 < b.sum() <= 100 for b in cut)
    assert len(blocks(mask, 10_000)) == 1
    assert len(blocks(np.zeros((3, 4), bool), 5)) == 1


def test_mean_covariates_by_hand():
    """A field by year is averaged; a static one is taken as it is."""
    cube = tiny_cube((2000, 2001))
    got = mean_covariates(cube, MASK, ("Prec", "MAT"))
    np.testing.assert_allclose(got, [[0, -0.6], [1, 0.4], [-1, 0.9], [0.5, 1.4]], rtol=1e-5)
