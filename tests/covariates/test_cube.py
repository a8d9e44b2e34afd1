"""Covariate cubes: kept, opened, checked and described."""

import numpy as np
import pytest
import xarray as xr

from soilresp.covariates import cube as cubes
from soilresp.covariates.build import build_cube
from soilresp.covariates.recipes import recipe_of
from soilresp.errors import DataError, ParameterError


@pytest.fixture(scope="module")
def embedded():
    """The cube of the fields that ship."""
    return build_cube("embedded")


def refused(cube, *words, predictors=()):
    """Check that a cube is refused with one message that holds these words."""
    with pytest.raises(DataError) as error:
        cubes.check_cube(cube, predictors, name="mine.nc")
    message = str(error.value)
    assert message.startswith("mine.nc")
    for word in words:
        assert word in message


def test_sound_cube_passes(embedded):
    """The cube that ships passes its own checks, with every predictor that its recipe promises."""
    cubes.check_cube(embedded, recipe_of("embedded").predictors)


def test_latitudes_from_south_are_refused(embedded):
    """Rows from south to north, said so by the coordinate."""
    refused(embedded.isel(lat=slice(None, None, -1)), "lat runs from -89.75", "wrong way round")


def test_swapped_latitudes_are_seen_in_the_data(embedded):
    """Rows from south to north under the right coordinate: the data miss the land."""
    swapped = embedded.copy()
    swapped["MAT"] = embedded["MAT"].copy(data=embedded["MAT"].values[::-1])
    refused(swapped, "MAT", "south to north")


def test_swapped_latitudes_without_gaps_are_seen_in_the_temperature(embedded):
    """A field without gaps gives itself away by warm poles."""
    swapped = embedded.copy()
    warm_poles = np.abs(np.linspace(90, -90, 360))[:, None] / 2 - 5 + np.zeros((1, 720))
    swapped["MAT"] = embedded["MAT"].copy(data=warm_poles)
    refused(swapped, "MAT", "wrong order")


def test_longitudes_to_360_are_refused(embedded):
    """A 0-360 coordinate."""
    refused(embedded.assign_coords(lon=embedded["lon"] + 180), "lon runs from 0.25", "run to 360")


def test_longitudes_read_as_180_are_seen_in_the_data(embedded):
    """0-360 data under a -180..180 coordinate: the data miss the land."""
    rolled = embedded.copy()
    rolled["Prec"] = embedded["Prec"].copy(data=np.roll(embedded["Prec"].values, 360, axis=1))
    refused(rolled, "Prec", "0-360")


def test_kelvin_is_refused(embedded):
    """Temperature in kelvin."""
    warm = embedded.assign(MAT=embedded["MAT"] + 273.15)
    refused(warm, "MAT", "kelvin")


def test_rain_per_day_is_refused(embedded):
    """Precipitation in mm per day, summed as if per month."""
    dry = embedded.assign(Prec=embedded["Prec"] / 30.4)
    refused(dry, "Prec", "mm day-1")


@pytest.mark.parametrize(
    ("predictor", "slip", "words"),
    [("MAT", lambda v: v + 273.15, "kelvin"), ("Prec", lambda v: v / 30.4, "mm day-1")],
)
def test_slip_in_one_year_of_many_is_refused(embedded, predictor, slip, words):
    """One year in another unit hardly moves the mean of thirty, and is named."""
    field = xr.concat([embedded[predictor]] * 30, "year").assign_coords(year=range(1982, 2012))
    field = field.copy(deep=True)
    field.values[11] = slip(field.values[11])
    refused(embedded.assign({predictor: field}), "year 1993", predictor, words)


def test_humidity_as_fraction_is_refused(embedded):
    """Relative humidity between 0 and 1."""
    refused(embedded.assign(RH=embedded["RH"] / 100), "RH", "fraction")


def test_missing_predictor_is_named(embedded):
    """A cube without one of the predictors asked for."""
    refused(embedded.drop_vars("RH_GS"), "'RH_GS'", predictors=["MAT", "RH_GS"])


def test_islands_without_data_are_refused(embedded):
    """Holes in a predictor on more than 2 % of the vegetated area."""
    holes = embedded.copy(deep=True)
    holes["PAR"].values[150:180, 200:260] = np.nan
    refused(holes, "PAR", "of the vegetated area", "Fill the gaps")


@pytest.mark.parametrize(
    ("years", "words"),
    [([1982, 1983, 1983], "1983 stands there 2 times"), ([1982, 1984, 1985], "1983 is missing"),
     ([1983, 1982, 1984], "not in order")],
)
def test_faulty_years_are_refused(embedded, years, words):
    """Years that are repeated, missing or out of order."""
    refused(embedded.assign(MAT=embedded["MAT"].expand_dims(year=years)), words)


def test_static_predictor_must_not_have_years(embedded):
    """Soil carbon by year is a mistake."""
    carbon = xr.ones_like(embedded["MAT"]).expand_dims(year=[1982, 1983])
    refused(embedded.assign(SOC=carbon), "SOC", "does not vary by year")


@pytest.mark.parametrize("ending", ["nc", "zarr"])
def test_cube_comes_back_as_it_was(embedded, tmp_path, ending):
    """What is written is read again, lazily and without loss, and nothing else is left."""
    file = tmp_path / f"cube.{ending}"
    cubes.save_cube(embedded, file)
    again = cubes.open_cube(file, ["MAT"])
    np.testing.assert_array_equal(again["PAR_GS"].values, embedded["PAR_GS"].values)
    assert again["MAT"].attrs["units"] == "degC"
    assert [f.name for f in tmp_path.iterdir()] == [file.name]


def test_truncated_cube_is_one_clear_error(embedded, tmp_path):
    """A NetCDF file that was cut short."""
    file = tmp_path / "cube.nc"
    cubes.save_cube(embedded, file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(DataError, match="cube.nc is not a readable cube"):
        cubes.open_cube(file)


def test_unknown_ending_is_refused(embedded, tmp_path):
    """A cube is NetCDF or Zarr."""
    with pytest.raises(ParameterError, match="cube.csv"):
        cubes.save_cube(embedded, tmp_path / "cube.csv")
    assert not list(tmp_path.iterdir())


def test_description(embedded):
    """Units, ranges and a hash of each predictor; means in the places where the world has them."""
    table = cubes.describe(embedded)
    assert list(table.index) == list(recipe_of("embedded").predictors)
    assert 12 < table.loc["MAT", "mean_land"] < 15
    assert 58 < table.loc["RH", "mean_land"] < 70
    assert 2000 < table.loc["PAR", "mean_land"] < 3000
    assert (table["missing"] < 0.02).all()
    other = cubes.describe(embedded.assign(MAT=embedded["MAT"] + 0.01))
    assert (table["hash"] != other["hash"]).tolist() == [True] + [False] * (len(table) - 1)


def test_cubes_compared(embedded):
    """A cube agrees with itself, and a shift is its bias."""
    table = cubes.compare_cubes(embedded.assign(MAT=embedded["MAT"] + 2), embedded)
    assert table.loc["MAT", "bias"] == pytest.approx(2, abs=1e-4)
    assert table.loc["MAT", "r"] == pytest.approx(1)
    assert table.loc["Prec", ["bias", "rmse"]].tolist() == [0, 0]


def test_correlations(embedded):
    """Ones on the diagonal, symmetric, temperature against itself cooled."""
    table = cubes.correlations(embedded.assign(RH=-embedded["MAT"]))
    np.testing.assert_allclose(np.diag(table), 1)
    np.testing.assert_allclose(table, table.T)
    assert table.loc["MAT", "RH"] == pytest.approx(-1)


def test_footnotes(embedded):
    """A flag on half of the vegetated area reads one half; attributes stand as they are."""
    half = embedded["vegetated_fraction"] > 0
    area = (embedded["cell_area"] * embedded["vegetated_fraction"]).fillna(0)
    area = area.transpose("lat", "lon")
    north = area.values.sum(axis=1).cumsum() / float(area.sum())
    flag = half & (xr.DataArray(north, dims="lat", coords={"lat": embedded["lat"]}) <= 0.5)
    table = cubes.footnotes(embedded.assign(pr_anomaly_filled=flag.astype(float)))
    shares = table.set_index("what")["share"]
    assert shares["pr without an anomaly near"] == pytest.approx(0.5, abs=0.01)
    assert shares["relative humidity capped at 100 %"] == embedded.attrs["rh_capped_share"]
