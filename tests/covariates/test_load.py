"""The one way to a covariate cube: a recipe or a file."""

import pytest
import xarray as xr

from soilresp.covariates import load, load_covariates
from soilresp.covariates.cube import save_cube
from soilresp.errors import DataError, ParameterError


@pytest.fixture(scope="module")
def cube():
    """The cube of the embedded recipe."""
    return load_covariates("embedded")


@pytest.mark.parametrize("ending", ["nc", "zarr"])
def test_file_equals_its_recipe(cube, tmp_path, ending):
    """A cube that was saved comes back as it was."""
    save_cube(cube, tmp_path / f"cube.{ending}")
    xr.testing.assert_equal(load_covariates(tmp_path / f"cube.{ending}"), cube)


def test_auto_takes_the_best_recipe(monkeypatch, cube):
    """With "auto" the best available recipe is built, with the options and years given."""
    monkeypatch.setattr(load, "best_recipe", lambda: "embedded")
    found = load_covariates("auto", options={"par_fraction": 0.5})
    xr.testing.assert_allclose(found["PAR"], cube["PAR"] * 0.5 / 0.45)
    assert found.attrs["recipe"] == "embedded"
    with pytest.raises(ParameterError, match="years"):
        load_covariates("auto", (2001, 2002))


def test_years_of_a_file(cube, tmp_path):
    """Years are taken from a cube that has them, and are missed in one that has not."""
    rain = cube["Prec"].expand_dims(year=[2001, 2002, 2003])
    save_cube(cube.assign(Prec=rain), tmp_path / "years.nc")
    save_cube(cube, tmp_path / "none.nc")
    found = load_covariates(tmp_path / "years.nc", (2002, 2003))
    assert found["year"].values.tolist() == [2002, 2003] and found["MAT"].dims == ("lat", "lon")
    for name, years in (("years.nc", (2000, 2002)), ("none.nc", (2002, 2003))):
        with pytest.raises(DataError, match=name):
            load_covariates(tmp_path / name, years)


@pytest.mark.parametrize(("change", "word"), [
    (lambda c: c.drop_vars("RH"), "'RH'"),
    (lambda c: c.rename(RH="rh"), "'RH'"),
    (lambda c: c.assign(MAT=c["MAT"].assign_attrs(units="K")), "MAT"),
    (lambda c: c.assign(MAT=c["MAT"] + 273.15), "MAT"),
    (lambda c: c.isel(lat=slice(0, None, 2), lon=slice(0, None, 2)), "lat"),
])
def test_faulty_cubes(cube, tmp_path, change, word):
    """A missing or misnamed predictor, another unit and another resolution are named."""
    change(cube).to_netcdf(tmp_path / "cube.nc")
    with pytest.raises(DataError, match=f"cube.nc.*{word}"):
        load_covariates(tmp_path / "cube.nc", predictors=["MAT", "RH"])


def test_faulty_requests(tmp_path):
    """An unknown recipe, a file that is not there, and options for a file."""
    with pytest.raises(ParameterError, match="'embeded'.*embedded"):
        load_covariates("embeded")
    with pytest.raises(DataError, match="nowhere.nc"):
        load_covariates(tmp_path / "nowhere.nc")
    with pytest.raises(ParameterError, match="cube.nc"):
        load_covariates(tmp_path / "cube.nc", options={"par_fraction": 0.5})
