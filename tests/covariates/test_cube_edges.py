"""Cubes at the edges of what is taken: limits, messages in full, and small ones by hand."""

import hashlib
import json

import numpy as np
import pytest
import xarray as xr

from soilresp.covariates import cube as cubes
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import cell_area, coordinates

POSSIBLE = {
    "MAT": (-60, 45, "degC", " Is it in kelvin?"),
    "Prec": (0, 30_000, "mm yr-1", " Is it in mm day-1, or in m?"),
    "RH": (0, 100, "%", " Is it a fraction?"),
    "LAI": (0, 15, "m2 m-2", ""),
    "PAR": (0, 6_000, "MJ m-2 yr-1", " Is it in W m-2?"),
    "SOC": (0, 500, "kg m-2", " Is it in percent or t ha-1?"),
    "Prec_GS": (0, 30_000, "mm", " Is it in mm day-1, or in m?"),
    "RH_GS": (0, 100, "%", " Is it a fraction?"),
    "LAI_GS": (0, 15, "m2 m-2", ""),
    "PAR_GS": (0, 6_000, "MJ m-2", " Is it in W m-2?"),
}
USUAL = {
    "MAT": (5, 25), "Prec": (400, 1_500), "RH": (40, 85), "PAR": (1_200, 3_500),
    "Prec_GS": (300, 1_500), "RH_GS": (40, 85), "PAR_GS": (1_000, 3_500),
}
USUAL_VALUE = {"LAI": 2, "LAI_GS": 2, "SOC": 8} | {p: sum(USUAL[p]) / 2 for p in USUAL}
FILL = "Fill the gaps from a named source, or widen the source's land mask."
ROWS = "Its rows seem to run from south to north: turn the latitudes round."
COLUMNS = "Its columns seem to start at Greenwich: a 0-360 longitude was read as -180..180."


def message(function, *args, error=DataError, **kwargs):
    """What a call says when it refuses."""
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    return str(caught.value)


# Values of a year


def beside(predictor, value):
    """Usual values on three cells, and `value` on one without vegetation; and the areas."""
    flat = np.full((2, 2), float(USUAL_VALUE[predictor]))
    flat[1, 0] = value
    return flat, np.array([[1.0, 1.0], [0.0, 1.0]])


@pytest.mark.parametrize("predictor", POSSIBLE)
@pytest.mark.parametrize("end", [0, 1])
def test_values_at_the_end_of_what_can_be(predictor, end):
    """The lowest and the highest value pass, with a thousandth to spare for rounding."""
    limit = POSSIBLE[predictor][end]
    for value in (limit, limit + (1e-3 if end else -1e-3)):
        cubes._check_year(predictor, *beside(predictor, value), "mine")


@pytest.mark.parametrize("predictor", POSSIBLE)
@pytest.mark.parametrize("end", [0, 1])
def test_values_beyond_what_can_be(predictor, end):
    """Two thousandths beyond are refused; found, expected, unit and the usual slip are told."""
    low, high, units, hint = POSSIBLE[predictor]
    usual = USUAL_VALUE[predictor]
    value = high + 2e-3 if end else low - 2e-3
    found = (f"{usual:.4g}", f"{value:.4g}") if end else (f"{value:.4g}", f"{usual:.4g}")
    assert message(cubes._check_year, predictor, *beside(predictor, value), "mine") == (
        f"mine: {predictor} runs from {found[0]} to {found[1]}; expected {low} to {high} "
        f"{units}.{hint}"
    )


@pytest.mark.parametrize("predictor", USUAL)
@pytest.mark.parametrize("end", [0, 1])
def test_mean_at_the_end_of_the_usual(predictor, end):
    """A mean that is just the lowest or the highest usual one passes."""
    flat = np.full((2, 2), float(USUAL[predictor][end]))
    cubes._check_year(predictor, flat, np.ones((2, 2)), "mine")


@pytest.mark.parametrize("predictor", USUAL)
@pytest.mark.parametrize("end", [0, 1])
def test_mean_beyond_the_usual(predictor, end):
    """A tenth beyond is refused, with the mean, what is expected, and the usual slip."""
    low, high = USUAL[predictor]
    mean = high + 0.1 if end else low - 0.1
    units, hint = POSSIBLE[predictor][2:]
    flat = np.full((2, 2), mean)
    assert message(cubes._check_year, predictor, flat, np.ones((2, 2)), "mine") == (
        f"mine: {predictor} is {mean:.4g} {units} on average over the vegetated area; "
        f"expected {low} to {high}.{hint}"
    )


@pytest.mark.parametrize("predictor", ["LAI", "SOC", "LAI_GS"])
def test_no_usual_mean(predictor):
    """Leaf area and soil carbon may have any mean that is possible."""
    for value in POSSIBLE[predictor][:2]:
        cubes._check_year(predictor, np.full((2, 2), float(value)), np.ones((2, 2)), "mine")


def test_mean_is_weighted_by_area():
    """0 and 30 degC: 22.5 where three quarters are warm, which passes; 27 with nine tenths not."""
    flat = np.array([[0.0, 30.0]])
    cubes._check_year("MAT", flat, np.array([[1.0, 3.0]]), "mine")
    said = message(cubes._check_year, "MAT", flat, np.array([[1.0, 9.0]]), "mine")
    assert said.startswith("mine: MAT is 27 degC on average")


def test_mean_leaves_gaps_out():
    """A gap on 1 of 100 units of area neither counts as 0 nor makes the mean missing."""
    flat = np.array([[5.0, np.nan]])
    cubes._check_year("MAT", flat, np.array([[99.0, 1.0]]), "mine")


@pytest.mark.parametrize(("values", "words"), [
    ([np.inf, 10], "1 cell"), ([-np.inf, 10], "1 cell"), ([np.inf, -np.inf], "2 cells"),
])
def test_infinite_values(values, words):
    """How many cells are infinite, above all else that may be wrong."""
    assert message(cubes._check_year, "MAT", np.array([values]), np.ones((1, 2)), "mine") == (
        f"mine: MAT is infinite in {words}; expected numbers, or NaN where there is none. "
        "Correct them."
    )


def test_coverage_just_enough():
    """Data on 98 of 100 units of the vegetated area pass, on 97 not."""
    flat = np.array([[10.0, np.nan, 10.0, 10.0]])
    cubes._check_year("MAT", flat, np.array([[90.0, 2.0, 4.0, 4.0]]), "mine")
    assert message(
        cubes._check_year, "MAT", flat, np.array([[90.0, 3.0, 3.0, 4.0]]), "mine"
    ) == f"mine: MAT has data on 97.0% of the vegetated area; expected 98% or more. {FILL}"


def test_no_data_at_all():
    """A field of gaps has no range to tell; it has data on nothing."""
    assert message(
        cubes._check_year, "MAT", np.full((2, 2), np.nan), np.ones((2, 2)), "mine"
    ) == f"mine: MAT has data on 0.0% of the vegetated area; expected 98% or more. {FILL}"


def lacking(rows=(), columns=(), shape=(4, 4)):
    """Where something is known: all but some rows and columns."""
    known = np.full(shape, True)
    known[list(rows)] = False
    known[:, list(columns)] = False
    return known


def by_row(*area):
    """Areas by row, in the first of four columns."""
    out = np.zeros((len(area), 4))
    out[:, 0] = area
    return out


@pytest.mark.parametrize(("area", "words"), [
    # Known are all rows but the first; turned round, all but the last.
    ((10, 40, 50, 0), FILL), ((11, 40, 49, 0), ROWS),
    ((20, 40, 38, 2), ROWS), ((20, 40, 37, 3), FILL),
])
def test_rows_that_would_fit_if_turned(area, words):
    """Below nine tenths of the area known, and 98 % with the rows turned round: so it is said."""
    area, known = by_row(*map(float, area)), lacking(rows=[0])
    assert cubes._why_shifted(known, area, area[known].sum() / area.sum()) == words


@pytest.mark.parametrize(("area", "words"), [
    # Known are all columns but the first; half-way round, all but the third.
    ((10, 40, 0, 50), FILL), ((11, 40, 0, 49), COLUMNS),
    ((20, 40, 2, 38), COLUMNS), ((20, 40, 3, 37), FILL),
])
def test_columns_that_would_fit_if_turned(area, words):
    """The same with columns that begin half-way round the Earth."""
    area, known = by_row(*map(float, area)).T, lacking(columns=[0])
    assert cubes._why_shifted(known, area, area[known].sum() / area.sum()) == words


# Grid and years


def bare(lat, lon):
    """A dataset with these coordinates alone."""
    return xr.Dataset(coords={"lat": np.asarray(lat, float), "lon": np.asarray(lon, float)})


LAT, LON = (axis.values for axis in coordinates().values())
EXPECTED_LAT = "expected 89.75 to -89.75 in 360."
EXPECTED_LON = "expected -179.75 to 179.75 in 720."
REGRID = "Regrid it to half a degree (a quarter of one is taken, too)."
ORDER = "The order is the wrong way round: soilresp.grid.cells.to_standard puts it right."
TO_360 = "Longitudes run to 360: soilresp.grid.cells.to_standard puts them right."


def test_grids_that_are_taken():
    """Half a degree and a quarter, coordinates as far off as single precision leaves them."""
    cubes._check_grid(bare(LAT, LON), "mine")
    cubes._check_grid(bare(LAT + 9e-5, LON - 9e-5), "mine")
    cubes._check_grid(xr.Dataset(coords=coordinates(0.25)), "mine")


@pytest.mark.parametrize("axis", ["lat", "lon"])
def test_grid_without_a_coordinate(axis):
    """The coordinate that is missing is named."""
    less = bare([1, 0], range(4)).assign(MAT=(("lat", "lon"), np.zeros((2, 4)))).drop_vars(axis)
    assert message(cubes._check_grid, less, "mine") == (
        f"mine has no coordinate {axis!r}; a cube has lat and lon."
    )


@pytest.mark.parametrize(("lat", "lon", "words"), [
    (LAT[::-1], LON, f"lat runs from -89.75 to 89.75 in 360 steps; {EXPECTED_LAT} {ORDER}"),
    (LAT, LON[::-1], f"lon runs from 179.75 to -179.75 in 720 steps; {EXPECTED_LON} {ORDER}"),
    (LAT, np.roll(LON, 360), f"lon runs from 0.25 to -0.25 in 720 steps; {EXPECTED_LON} {ORDER}"),
    (LAT - 0.2, LON, f"lat runs from 89.55 to -89.95 in 360 steps; {EXPECTED_LAT} {REGRID}"),
    (LAT - 0.003, LON, f"lat runs from 89.747 to -89.753 in 360 steps; {EXPECTED_LAT} {REGRID}"),
    (3 * LAT, LON, f"lat runs from 269.25 to -269.25 in 360 steps; {EXPECTED_LAT} {REGRID}"),
    (LAT, LON + 0.25, f"lon runs from -179.5 to 180 in 720 steps; {EXPECTED_LON} {REGRID}"),
    (LAT, LON + 0.5, f"lon runs from -179.25 to 180.25 in 720 steps; {EXPECTED_LON} {TO_360}"),
    (LAT, LON[:-1], f"lon runs from -179.75 to 179.25 in 719 steps; {EXPECTED_LON} {REGRID}"),
    ([80, 40, 0], LON, f"lat runs from 80 to 0 in 3 steps; {EXPECTED_LAT} {REGRID}"),
    (np.linspace(80, -80, 400), LON,
     f"lat runs from 80 to -80 in 400 steps; {EXPECTED_LAT} {REGRID}"),
    (coordinates(0.25)["lat"].values[::-1], LON,
     "lat runs from -89.875 to 89.875 in 720 steps; expected 89.875 to -89.875 in 720. " + ORDER),
    (coordinates(0.25)["lat"].values, LON,
     "lon runs from -179.75 to 179.75 in 720 steps; expected -179.875 to 179.875 in 1440. "
     + REGRID),
])
def test_grids_that_are_refused(lat, lon, words):
    """What is there, what is expected, and what to do about it."""
    assert message(cubes._check_grid, bare(lat, lon), "mine") == f"mine: {words}"


@pytest.mark.parametrize("years", [[1982], [1982, 1983], [0, 1, 2]])
def test_years_that_are_taken(years):
    """Every year from the first to the last, one alone included, signed or not."""
    for kind in (np.int64, np.int16, np.uint16):
        cubes._check_years(np.array(years, kind), "mine")


@pytest.mark.parametrize(("years", "words"), [
    ([1982.0, 1983.0], "year holds [1982.0]; expected whole numbers, such as 1982. Write the "
                       "years as integers."),
    (["a"], "year holds ['a']; expected whole numbers, such as 1982. Write the years as integers."),
    ([1982, 1983, 1983], "year 1983 stands there 2 times."),
    ([1982, 1982, 1982, 1983], "year 1982 stands there 3 times."),
    ([1982, 1982, 1983, 1983, 1983], "year 1982 stands there 2 times."),
    ([1982, 1984], "year 1983 is missing; a cube has every year from its first to its last."),
    ([1986, 1982], "year 1983 is missing; a cube has every year from its first to its last."),
    ([1983, 1982],
     "the years are not in order; a cube has every year from its first to its last."),
    ([1982, 1984, 1983],
     "the years are not in order; a cube has every year from its first to its last."),
])
def test_years_that_are_refused(years, words):
    """Kinds, doubles, gaps and order, each in its own words."""
    assert message(cubes._check_years, np.array(years), "mine") == f"mine: {words}"


# The order of the rows, by temperature


def belts(n=180, tropics=10.0):
    """Rows of temperature from north to south: none but between 20 N and 20 S."""
    lat = coordinates(180 / n)["lat"].values
    return np.where(abs(lat) < 20, tropics, 0.0)[:, None] * np.ones((1, 2))


@pytest.mark.parametrize("n", [36, 180, 360])
def test_tropics_are_the_warmest(n):
    """On grids of five, one and half a degree."""
    cubes._check_poles(belts(n), "mine")
    assert message(cubes._check_poles, belts(n, -10), "mine") == (
        "mine: MAT is -10.0 degC in the tropics and 0.0 at 60-90 N. Its rows seem to be in the "
        "wrong order."
    )


@pytest.mark.parametrize(("row", "value", "belongs"), [
    # Rows of one degree: 60-90 N is rows 0 to 29, 20 N to 20 S 70 to 109, 45-60 S 135 to 149.
    (0, 1e6, True), (29, 1e6, True), (30, 1e6, False), (69, -1e6, False), (70, -1e6, True),
    (109, -1e6, True), (110, -1e6, False), (134, 1e6, False), (135, 1e6, True),
    (149, 1e6, True), (150, 1e6, False), (179, 1e6, False),
])
def test_rows_of_the_belts(row, value, belongs):
    """A monstrous row counts if it belongs to a belt, and is not looked at beside it."""
    mat = belts()
    mat[row] = value
    if belongs:
        assert "wrong order" in message(cubes._check_poles, mat, "mine")
    else:
        cubes._check_poles(mat, "mine")


def test_belts_leave_gaps_out():
    """A gap in each belt changes nothing; the means that are told are without it."""
    mat = belts()
    mat[[0, 80, 140], 0] = np.nan
    cubes._check_poles(mat, "mine")
    mat[:30] = np.where(np.isnan(mat[:30]), np.nan, 12.34)
    assert "10.0 degC in the tropics and 12.3 at 60-90 N" in message(
        cubes._check_poles, mat, "mine"
    )


# One field


def field(name="Prec", values=None, dims=("lat", "lon"), **attrs):
    """A field of five-degree cells, sound unless told otherwise."""
    values = np.full((36, 72), 800.0) if values is None else values
    coords = {"year": [2001, 2002, 2003][: len(values)]} if dims[0] == "year" else {}
    return xr.DataArray(values, dims=dims, coords=coords, name=name, attrs=attrs)


AREA = np.ones((36, 72))


def test_fields_that_are_taken():
    """With and without years, floats and whole numbers, the unit said or not."""
    cubes._check_field(field(), AREA, "mine")
    cubes._check_field(field(units="mm yr-1"), AREA, "mine")
    cubes._check_field(field(values=np.full((36, 72), 800)), AREA, "mine")
    cubes._check_field(field(values=np.full((36, 72), 800, np.uint16)), AREA, "mine")
    years = field(values=np.full((3, 36, 72), 800.0), dims=("year", "lat", "lon"))
    cubes._check_field(years, AREA, "mine")


@pytest.mark.parametrize(("wrong", "words"), [
    (field(values=np.full((72, 36), 800.0), dims=("lon", "lat")),
     "Prec has the dimensions ('lon', 'lat'); expected (lat, lon), with year before them if it "
     "varies. Transpose it."),
    (field(values=np.full((36, 72, 3), 800.0), dims=("lat", "lon", "year")),
     "Prec has the dimensions ('lat', 'lon', 'year'); expected (lat, lon), with year before them "
     "if it varies. Transpose it."),
    (field(values=np.full((36, 72), "x")), "Prec holds <U1; expected numbers. Convert it."),
    (field(values=np.full((36, 72), True)), "Prec holds bool; expected numbers. Convert it."),
    (field(units="mm day-1"),
     "Prec is in 'mm day-1'; expected 'mm yr-1'. Convert the values, or correct the attribute "
     "`units`."),
    (field("SOC", np.full((3, 36, 72), 8.0), ("year", "lat", "lon")),
     "SOC does not vary by year, but has a dimension 'year'."),
])
def test_fields_that_are_refused(wrong, words):
    """Dimensions, kind, unit, and years where there should be none."""
    assert message(cubes._check_field, wrong, AREA, "mine") == f"mine: {words}"


@pytest.mark.parametrize("year", [0, 1, 2])
def test_every_year_is_looked_at(year):
    """The year at fault is named, the first and the last as well."""
    values = np.full((3, 36, 72), 800.0)
    values[year] = 100.0
    years = field(values=values, dims=("year", "lat", "lon"))
    assert message(cubes._check_field, years, AREA, "mine") == (
        f"mine, year {2001 + year}: Prec is 100 mm yr-1 on average over the vegetated area; "
        "expected 400 to 1500. Is it in mm day-1, or in m?"
    )


def test_poles_are_looked_at_in_temperature_alone():
    """Rows upside down give themselves away in MAT by their mean over years, rain has no rule."""
    warm_poles = np.where(abs(coordinates(5)["lat"].values) < 20, 5.0, 20.0)[:, None]
    wrong = np.broadcast_to(warm_poles, (36, 72))
    assert message(cubes._check_field, field("MAT", wrong), AREA, "mine") == (
        "mine: MAT is 5.0 degC in the tropics and 20.0 at 60-90 N. Its rows seem to be in the "
        "wrong order."
    )
    cubes._check_field(field("RH", 40 + wrong), AREA, "mine")
    cubes._check_field(field("LAI", wrong / 2), AREA, "mine")
    # 5 and 20 degC in one year, 25 and 8 in the other: 15 and 14 in the mean.
    warm_tropics = np.broadcast_to(np.where(warm_poles == 5, 25.0, 8.0), (36, 72))
    both = np.stack([wrong, warm_tropics])
    cubes._check_field(field("MAT", both, ("year", "lat", "lon")), AREA, "mine")


# A whole cube


@pytest.fixture(scope="module")
def world():
    """A cube of plain fields: 27 degC less a quarter of the latitude, 800 mm, all vegetated."""
    coords = coordinates()
    lat = coords["lat"].values
    cube = xr.Dataset(coords=coords)
    mat = np.broadcast_to((27 - abs(lat) / 4)[:, None], (360, 720)).astype(np.float32)
    cube["MAT"] = (("lat", "lon"), mat, {"units": "degC"})
    cube["Prec"] = (("lat", "lon"), np.full((360, 720), 800, np.float32))
    for name in ("land_fraction", "vegetated_fraction"):
        cube[name] = (("lat", "lon"), np.ones((360, 720)))
    cube["igbp_fraction"] = (("igbp", "lat", "lon"), np.zeros((1, 360, 720)))
    cube["stratum"] = (("lat", "lon"), np.ones((360, 720), np.int8))
    cube["cell_area"] = cell_area()
    return cube


def test_plain_world_is_taken(world):
    """It passes as it is, with the predictors that it has, and with longitude first in an area."""
    cubes.check_cube(world, ["MAT", "Prec"])
    cubes.check_cube(world.assign(vegetated_fraction=world["vegetated_fraction"].T))


@pytest.mark.parametrize(
    "name",
    ["cell_area", "land_fraction", "vegetated_fraction", "igbp_fraction", "stratum", "Prec"],
)
def test_what_a_cube_must_have(world, name):
    """Each field that the study needs, and each predictor asked for, is missed by name."""
    less = world.drop_vars(name)
    there = ", ".join(map(str, less.data_vars))
    assert message(cubes.check_cube, less, ["MAT", "Prec"]) == (
        f"The cube has no {name!r}; it has {there}. Build it with a recipe that provides it, or "
        "leave the predictor out."
    )


def test_cube_without_any_predictor(world):
    """A cube whose fields have other names."""
    other = world.rename(MAT="tas", Prec="pr")
    assert message(cubes.check_cube, other, name="mine") == (
        "mine has none of the predictors MAT, Prec, RH, LAI, PAR, SOC, Prec_GS, RH_GS, LAI_GS, "
        "PAR_GS; it has tas, pr, land_fraction, vegetated_fraction, igbp_fraction, stratum, "
        "cell_area. Name its fields so."
    )


def test_predictors_that_nobody_asked_for_are_checked(world):
    """Rain in mm per day is refused, even where MAT alone is asked for."""
    assert message(
        cubes.check_cube, world.assign(Prec=world["Prec"] / 30.4), ["MAT"]
    ).startswith("The cube: Prec is 26.32 mm yr-1 on average")


def test_vegetation_that_is_missing_has_no_area(world):
    """Cells whose vegetated fraction is NaN count as bare; their gaps do no harm."""
    even = world.assign(cell_area=xr.ones_like(world["lat"]))
    some = even.assign(vegetated_fraction=world["vegetated_fraction"].where(world["lat"] > 0))
    cubes.check_cube(some.assign(Prec=world["Prec"].where(world["lat"] > 0)))
    # Of 180 rows with vegetation half have data; of all 360 three quarters.
    gaps = world["Prec"].where(world["lat"] < 45)
    for cube, share in ((some, "50.0%"), (even, "75.0%")):
        assert f"Prec has data on {share} of the vegetated area" in message(
            cubes.check_cube, cube.assign(Prec=gaps)
        )


def test_years_of_a_cube_are_checked(world):
    """A cube by year must have its years in order."""
    wrong = world.assign(MAT=world["MAT"].expand_dims(year=[2002, 2001]))
    assert "the years are not in order" in message(cubes.check_cube, wrong)


def test_grid_comes_before_all_else(world):
    """On a wrong grid nothing else is said."""
    assert "lat runs from" in message(
        cubes.check_cube, world.drop_vars("stratum").isel(lat=slice(2, None))
    )


# Writing and opening


def small_cube(years=True):
    """Something of every kind that a cube may have, on two by four cells."""
    coords = coordinates(90)
    cube = xr.Dataset(coords=coords)
    values = np.arange(24, dtype=np.float32).reshape(3, 2, 4)
    if years:
        cube = cube.assign_coords(year=[2001, 2002, 2003])
        cube["MAT"] = (("year", "lat", "lon"), values)
    cube["SOC"] = (("lat", "lon"), values[0])
    cube["stratum"] = (("lat", "lon"), np.ones((2, 4), np.int8))
    cube["count"] = (("lat", "lon"), np.ones((2, 4), np.uint8))
    cube["scale"] = ((), 2.5)
    cube["words"] = (("lat",), np.array(["a", "b"]))
    return cube


def test_netcdf_is_packed(tmp_path):
    """Every field of numbers is compressed, quickly; single values and texts are not."""
    cubes.save_cube(small_cube(), tmp_path / "cube.nc")
    with xr.open_dataset(tmp_path / "cube.nc") as again:
        for name in ("MAT", "SOC", "stratum", "count"):
            told = again[name].encoding
            assert (told["zlib"], told["complevel"], told["shuffle"]) == (True, 1, True)
        assert float(again["scale"]) == 2.5 and not again["scale"].encoding.get("zlib")
        assert again["words"].values.tolist() == ["a", "b"]
        np.testing.assert_array_equal(again["MAT"], small_cube()["MAT"])


@pytest.mark.parametrize("years", [True, False])
def test_zarr_has_a_chunk_a_year(tmp_path, years):
    """A field by year is kept year by year, one without years whole; no summary is kept."""
    cubes.save_cube(small_cube(years).drop_vars("words"), tmp_path / "cube.zarr")
    with xr.open_zarr(tmp_path / "cube.zarr", consolidated=False) as again:
        if years:
            assert again["MAT"].encoding["chunks"] == (1, 2, 4)
        assert again["SOC"].encoding["chunks"] == (2, 4)
        assert float(again["scale"]) == 2.5
    whole = json.loads((tmp_path / "cube.zarr" / "zarr.json").read_text())
    assert not whole.get("consolidated_metadata")


def test_zarr_takes_the_place_of_an_older_one(tmp_path):
    """A field of the older cube is not left in the newer one."""
    cubes.save_cube(small_cube().drop_vars("words"), tmp_path / "cube.zarr")
    cubes.save_cube(small_cube(False).drop_vars("words"), tmp_path / "cube.zarr")
    with xr.open_zarr(tmp_path / "cube.zarr", consolidated=False) as again:
        assert "MAT" not in again and "SOC" in again


@pytest.mark.parametrize("name", ["cube.csv", "cube.nc4", "cube.zip", "cube"])
def test_other_endings(tmp_path, name):
    """The two endings are told, and the name that was given."""
    assert message(cubes.save_cube, small_cube(), tmp_path / name, error=ParameterError) == (
        f"A cube is written as .nc or .zarr, not {name!r}."
    )


def test_cube_that_is_not_there(tmp_path):
    """How to make one is told."""
    path = tmp_path / "cube.nc"
    assert message(cubes.open_cube, path) == (
        f"{path} does not exist. Make a cube with `soilresp covariates build`."
    )


@pytest.mark.parametrize("ending", ["nc", "zarr"])
def test_opening_checks(world, tmp_path, ending):
    """A sound cube is opened lazily; a predictor that it lacks is missed by the file's name."""
    path = tmp_path / f"cube.{ending}"
    cubes.save_cube(world, path)
    with cubes.open_cube(path) as found:
        assert found["MAT"].values[0, 0] == np.float32(27 - 89.75 / 4)
        assert not found["stratum"]._in_memory
        # NetCDF is read each time anew, so that a year that was read is let go.
        assert ending == "zarr" or not found["MAT"]._in_memory
    assert message(cubes.open_cube, str(path), ["RH"]).startswith(f"{path} has no 'RH'; it has ")


@pytest.mark.parametrize("ending", ["nc", "zarr"])
def test_opening_what_is_none(tmp_path, ending):
    """A text, or a folder without anything, is no cube."""
    path = tmp_path / f"cube.{ending}"
    path.write_text("no") if ending == "nc" else path.mkdir()
    said = message(cubes.open_cube, path)
    assert said.startswith(f"{path} is not a readable cube (")
    assert said.endswith("). It may be cut short: build it again.")


@pytest.mark.parametrize("kind", [OSError, ValueError, KeyError, RuntimeError])
@pytest.mark.parametrize("ending", ["nc", "zarr"])
def test_whatever_the_libraries_say(tmp_path, monkeypatch, kind, ending):
    """An error of theirs while a cube is opened or checked becomes one message."""
    path = tmp_path / f"cube.{ending}"
    path.touch()

    def fail(*given, **more):
        raise kind("so")

    monkeypatch.setattr(xr, "open_zarr" if ending == "zarr" else "open_dataset", fail)
    assert message(cubes.open_cube, path) == (
        f"{path} is not a readable cube ({kind('so')}). It may be cut short: build it again."
    )


# Finer cubes


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_refined_by_hand(factor):
    """Each cell becomes factor by factor of them, at the centres and of the area they have."""
    cube = xr.Dataset(
        {"MAT": (("lat", "lon"), np.arange(8.0).reshape(2, 4))}, coordinates(90)
    ).assign(cell_area=cell_area(resolution=90))
    fine = cubes.refine(cube, factor)
    expected = np.kron(np.arange(8.0).reshape(2, 4), np.ones((factor, factor)))
    np.testing.assert_array_equal(fine["MAT"], expected)
    size = 90 / factor
    np.testing.assert_allclose(fine["lat"], 90 - size * (np.arange(2 * factor) + 0.5))
    np.testing.assert_allclose(fine["lon"], -180 + size * (np.arange(4 * factor) + 0.5))
    np.testing.assert_allclose(
        fine["cell_area"].values.reshape(2, factor).sum(axis=1) * factor, cube["cell_area"]
    )


def test_refined_in_two_by_default():
    """Two cells along each side, unless told otherwise."""
    cube = xr.Dataset({"MAT": (("lat", "lon"), np.zeros((2, 4)))}, coordinates(90))
    assert cubes.refine(cube)["MAT"].shape == (4, 8)


@pytest.mark.parametrize("factor", [0, -1, True, 2.0, None])
def test_factor_that_is_refused(factor):
    """What was given stands in the message."""
    cube = xr.Dataset({"MAT": (("lat", "lon"), np.zeros((2, 4)))}, coordinates(90))
    assert message(cubes.refine, cube, factor, error=ParameterError) == (
        f"factor must be a whole number from 1 up, got {factor!r}."
    )


# Tables on a cube of four cells: areas 1 and 2, vegetation as below


def four_cells():
    """Two rows of areas 1 and 2; vegetated areas 1, 0.5, 2 and 0; ice on half of a cell."""
    cube = xr.Dataset(coords={"lat": [45.0, -45.0], "lon": [-90.0, 90.0], "igbp": [1, 15]})
    cube["cell_area"] = ("lat", [1.0, 2.0])
    cube["vegetated_fraction"] = (("lat", "lon"), [[1.0, 0.5], [1.0, np.nan]])
    cube["land_fraction"] = (("lat", "lon"), [[1.0, 1.0], [1.0, 0.25]])
    ice = [[0.0, 0.5], [0.0, 0.5]]
    cube["igbp_fraction"] = (("igbp", "lat", "lon"), [np.zeros((2, 2)), ice])
    return cube


def test_description_by_hand():
    """Range and median over all values; means over land without ice, and over vegetation."""
    cube = four_cells()
    mat = np.array([[4.0, 8.0], [10.0, 40.0]], np.float32)
    cube["MAT"] = (("lat", "lon"), mat, {"units": "degC", "source": "A"})
    rain = np.array([[[1.0, 2.0], [3.0, np.nan]], [[3.0, 6.0], [5.0, np.nan]]], np.float32)
    cube["Prec"] = (("year", "lat", "lon"), rain)
    cube["pr_filled"] = (("lat", "lon"), [[0.5, 1.0], [np.nan, 1.0]])
    table = cubes.describe(cube)
    assert table.index.tolist() == ["MAT", "Prec"] and table.index.name == "predictor"
    assert table.columns.tolist() == [
        "units", "by_year", "min", "median", "max", "mean_land", "mean_vegetated", "missing",
        "filled", "source", "hash",
    ]
    found = table.loc["MAT"]
    assert (found["units"], found["source"], found["by_year"]) == ("degC", "A", False)
    assert (found["min"], found["median"], found["max"]) == (4, 9, 40)
    # Land without ice: 1, 0.5 and 2; that of the last cell is all ice, and no less than none.
    assert found["mean_land"] == pytest.approx((4 + 8 * 0.5 + 10 * 2) / 3.5)
    assert found["mean_vegetated"] == pytest.approx((4 + 8 * 0.5 + 10 * 2) / 3.5)
    assert (found["missing"], found["filled"]) == (0, 0)
    assert found["hash"] == hashlib.sha256(mat.tobytes()).hexdigest()[:12]
    rained = table.loc["Prec"]
    assert (rained["units"], rained["source"], rained["by_year"]) == ("", "", True)
    assert (rained["min"], rained["median"], rained["max"]) == (1, 3, 6)
    # Means of the two years are 2, 4 and 4.
    assert rained["mean_vegetated"] == pytest.approx((2 + 4 * 0.5 + 4 * 2) / 3.5)
    # Half of 1 and all of 0.5, of 3.5.
    assert rained["filled"] == pytest.approx(1 / 3.5)
    assert rained["hash"] == hashlib.sha256(rain.tobytes()).hexdigest()[:12]


def test_description_tells_land_from_vegetation():
    """A cell that is bare counts for the land alone; a gap in one year is one in the mean."""
    cube = four_cells()
    cube["land_fraction"][1, 1] = 1.0
    rain = np.array([[[1.0, 2.0], [3.0, 9.0]], [[3.0, np.nan], [5.0, 9.0]]], np.float32)
    cube["Prec"] = (("year", "lat", "lon"), rain)
    found = cubes.describe(cube).loc["Prec"]
    # Land 1, 2 and 1 (half of 2); the second cell is left out.
    assert found["mean_land"] == pytest.approx((2 * 1 + 4 * 2 + 9 * 1) / 4)
    assert found["mean_vegetated"] == pytest.approx((2 * 1 + 4 * 2) / 3)
    assert found["missing"] == pytest.approx(0.5 / 3.5)


@pytest.mark.parametrize(("predictor", "flag"), [
    ("MAT", "tas"), ("Prec", "pr"), ("RH", "vap"), ("LAI", "lai"), ("PAR", "rsds"),
    ("Prec_GS", "pr"), ("RH_GS", "vap"), ("LAI_GS", "lai"), ("PAR_GS", "rsds"), ("SOC", None),
])
def test_flag_of_each_predictor(predictor, flag):
    """The share that is filled is that of the predictor's own field."""
    cube = four_cells()
    cube[predictor] = (("lat", "lon"), np.ones((2, 2), np.float32))
    for k, name in enumerate(("tas", "pr", "vap", "lai", "rsds"), 1):
        cube[f"{name}_filled"] = (("lat", "lon"), np.full((2, 2), k / 10))
    expected = {"tas": 0.1, "pr": 0.2, "vap": 0.3, "lai": 0.4, "rsds": 0.5, None: 0.0}[flag]
    assert cubes.describe(cube).loc[predictor, "filled"] == pytest.approx(expected)


def test_footnotes_by_hand():
    """Shares of the vegetated area, in the order of the cube, between the two attributes."""
    cube = four_cells().assign_attrs(rh_capped_share=0.01, season_sensitivity=0.02)
    cube["pr_filled"] = (("lat", "lon"), [[0.5, 1.0], [np.nan, 1.0]])
    cube["tas_anomaly_filled"] = (("lat", "lon"), [[0.0, 0.0], [1.0, 1.0]])
    table = cubes.footnotes(cube)
    assert table["what"].tolist() == [
        "relative humidity capped at 100 %", "pr from the fallback",
        "tas without an anomaly near",
        "growing season that begins or ends with 0.1 K more or less",
    ]
    assert table["share"].tolist() == pytest.approx([0.01, 1 / 3.5, 2 / 3.5, 0.02])


def test_no_footnotes():
    """A cube that nothing is known of has none, under the same columns."""
    table = cubes.footnotes(four_cells())
    assert table.columns.tolist() == ["what", "share"] and table.empty


def test_cubes_compared_by_hand():
    """Weights 1, 0.5 and 2: means, bias, error and r, the bare cell and a gap left out."""
    cube, other = four_cells(), four_cells()
    first, second = np.array([1.0, 3.0, 5.0]), np.array([2.0, 3.0, 7.0])
    weight = np.array([1, 0.5, 2])
    cube["MAT"] = (("lat", "lon"), [[1.0, 3.0], [5.0, 100.0]], {"units": "degC"})
    # Years of the other are averaged.
    other["MAT"] = (("year", "lat", "lon"), [[[1.0, 3.0], [6.0, 0.0]], [[3.0, 3.0], [8.0, 0.0]]])
    cube["RH"] = other["LAI"] = cube["MAT"]
    table = cubes.compare_cubes(cube, other)
    assert table.index.tolist() == ["MAT"] and table.index.name == "predictor"
    found = table.loc["MAT"]
    mean, other_mean = (weight @ v / 3.5 for v in (first, second))
    # 12.5 / 3.5 and 17.5 / 3.5.
    assert (mean, other_mean) == pytest.approx((12.5 / 3.5, 5))
    assert found["units"] == "degC"
    assert found["mean"] == pytest.approx(mean) and found["other_mean"] == pytest.approx(5)
    assert found["bias"] == pytest.approx(12.5 / 3.5 - 5)
    # Differences are -1, 0 and -2.
    assert found["rmse"] == pytest.approx(np.sqrt((1 * 1 + 2 * 4) / 3.5))
    parts = [weight @ (a * b) for a, b in (
        (first - mean, second - 5), (first - mean, first - mean), (second - 5, second - 5))]
    assert found["r"] == pytest.approx(parts[0] / np.sqrt(parts[1] * parts[2]))


@pytest.mark.parametrize("gap", ["cube", "other"])
def test_gap_in_either_cube(gap):
    """A cell without data in one of the two is left out of both."""
    both = {"cube": four_cells(), "other": four_cells()}
    for of in both.values():
        of["MAT"] = (("lat", "lon"), [[1.0, 3.0], [5.0, 0.0]])
    both[gap]["MAT"][0, 1] = np.nan
    found = cubes.compare_cubes(**both).loc["MAT"]
    assert found["mean"] == found["other_mean"] == pytest.approx((1 + 5 * 2) / 3)


def finer(values, vegetated):
    """A cube of 4 by 8 cells of area 1 with these values, of which some have vegetation."""
    cube = xr.Dataset(coords=coordinates(45))
    cube["cell_area"] = ("lat", np.ones(4))
    cube["vegetated_fraction"] = (("lat", "lon"), np.asarray(vegetated, float))
    cube["MAT"] = (("lat", "lon"), np.asarray(values, float))
    return cube


def test_finer_cube_against_a_coarse_one():
    """Blocks of two by two cells, by vegetated area, whichever comes first."""
    vegetated = np.ones((4, 8))
    vegetated[:2, :2] = [[1, 0.5], [0.5, 0]]
    values = np.zeros((4, 8))
    values[:2, :2] = [[2, 4], [8, 100]]
    values[2:] = 10
    fine = finer(values, vegetated)
    coarse = xr.Dataset(coords=coordinates(90))
    coarse["cell_area"] = ("lat", [4.0, 4.0])
    coarse["vegetated_fraction"] = (("lat", "lon"), [[0.5, 1, 1, 1], [1, 1, 1, 1]])
    coarse["MAT"] = (("lat", "lon"), [[4.0, 0, 0, 1], [10.0, 10, 10, 10]])
    # The block has 2 x 1, 4 x 0.5 and 8 x 0.5 over 2: 4. One cell of 4 differs, by 1, of 30.
    for table, sign in ((cubes.compare_cubes(fine, coarse), -1),
                        (cubes.compare_cubes(coarse, fine), 1)):
        assert table.loc["MAT", "bias"] == pytest.approx(sign * 4 / 30)
        assert table.loc["MAT", "rmse"] == pytest.approx(np.sqrt(4 / 30))
    assert cubes.compare_cubes(fine, coarse).loc["MAT", "mean"] == pytest.approx(168 / 30)


def test_fields_on_fewer_rows():
    """Means over blocks of two by two cells; a field that has the rows already stays itself."""
    field = np.arange(8.0).reshape(2, 4)
    np.testing.assert_array_equal(cubes._on_rows(field, 1), [[2.5, 4.5]])
    assert cubes._on_rows(field, 2) is field


def test_correlations_by_hand():
    """Weighted by area, over vegetated cells that have all predictors, years averaged."""
    cube = xr.Dataset(coords=coordinates(90))
    cube["cell_area"] = ("lat", [1.0, 2.0])
    cube["vegetated_fraction"] = (("lat", "lon"), [[1.0, 1, 1, 1], [1, 0.5, 0, np.nan]])
    cube["MAT"] = (("lat", "lon"), [[1.0, 2, 3, 50], [4, 7, -90, 80]])
    rain = np.array([[5.0, 1, 4, np.nan], [2, 9, 900, -90]])
    cube["Prec"] = (("year", "lat", "lon"), np.stack([rain - 3, rain + 3]))
    table = cubes.correlations(cube)
    assert table.index.tolist() == table.columns.tolist() == ["MAT", "Prec"]
    assert table.index.name == "predictor"
    x, y, w = np.array([1.0, 2, 3, 4, 7]), np.array([5.0, 1, 4, 2, 9]), np.array([1, 1, 1, 2, 1])
    x, y = x - w @ x / 6, y - w @ y / 6
    expected = w @ (x * y) / np.sqrt((w @ x**2) * (w @ y**2))
    assert table.loc["MAT", "Prec"] == pytest.approx(expected)
    assert table.loc["Prec", "MAT"] == pytest.approx(expected)
    np.testing.assert_allclose(np.diag(table), 1)


def test_a_single_predictor_goes_with_itself(world):
    """A cube with one predictor has a table of one correlation, 1."""
    table = cubes.correlations(world[["Prec", "cell_area", "vegetated_fraction"]].assign(
        Prec=world["MAT"]))
    assert table.index.tolist() == table.columns.tolist() == ["Prec"]
    assert table.loc["Prec", "Prec"] == pytest.approx(1)


def test_cubes_without_a_common_predictor(world):
    """There is nothing to compare: a table without rows, with its columns."""
    table = cubes.compare_cubes(world.drop_vars("MAT"), world.drop_vars("Prec"))
    assert table.empty and table.index.name == "predictor"
    assert table.columns.tolist() == ["units", "mean", "other_mean", "bias", "rmse", "r"]
