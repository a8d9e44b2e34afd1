"""Covariate cubes: saved, opened, checked, refined, described and compared."""

import hashlib

import numpy as np
import pytest
import xarray as xr

from soilresp.covariates import cube as cubes
from soilresp.covariates.recipes import MAIN_FIELD, PREDICTORS
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import cell_area, coordinates

POSSIBLE = {
    "MAT": (-60, 45), "Prec": (0, 30_000), "RH": (0, 100), "LAI": (0, 15), "PAR": (0, 6_000),
    "SOC": (0, 500), "Prec_GS": (0, 30_000), "RH_GS": (0, 100), "LAI_GS": (0, 15),
    "PAR_GS": (0, 6_000),
}
USUAL = {
    "MAT": (5, 25), "Prec": (400, 1_500), "RH": (40, 85), "PAR": (1_200, 3_500),
    "Prec_GS": (300, 1_500), "RH_GS": (40, 85), "PAR_GS": (1_000, 3_500),
}
USUAL_VALUE = {"LAI": 2, "LAI_GS": 2, "SOC": 8} | {p: sum(USUAL[p]) / 2 for p in USUAL}


def refused(function, *args, words=(), error=DataError):
    """Check that a call is refused with a message that holds these words."""
    with pytest.raises(error) as caught:
        function(*args)
    for word in words:
        assert str(word) in str(caught.value)


# Values of a year


def check_year(predictor, values, area):
    """Check the values of a year, given as lists."""
    cubes._check_year(predictor, np.array(values, float), np.array(area, float), "mine")


@pytest.mark.parametrize("predictor", POSSIBLE)
@pytest.mark.parametrize("end", [0, 1])
def test_range_of_values(predictor, end):
    """The lowest and highest value pass, with a thousandth for rounding; beyond is refused."""
    limit, sign = POSSIBLE[predictor][end], 1 if end else -1
    usual = USUAL_VALUE[predictor]
    area = [[1, 1], [0, 1]]
    for value in (limit, limit + sign * 1e-3):
        check_year(predictor, [[usual, usual], [value, usual]], area)
    wrong = [[usual, usual], [limit + sign * 2e-3, usual]]
    refused(check_year, predictor, wrong, area, words=("mine", predictor, PREDICTORS[predictor][1]))


@pytest.mark.parametrize("predictor", USUAL)
@pytest.mark.parametrize("end", [0, 1])
def test_range_of_the_mean(predictor, end):
    """A mean at the end of the usual range passes; a tenth beyond is refused."""
    limit, sign = USUAL[predictor][end], 1 if end else -1
    check_year(predictor, [[limit, limit]], [[1, 1]])
    refused(check_year, predictor, [[limit + sign * 0.1] * 2], [[1, 1]], words=(predictor,))


def test_mean_is_weighted_by_area_without_gaps():
    """0 and 30 degC: 22.5 passes, 27 does not; a gap neither counts as 0 nor hides the mean."""
    check_year("MAT", [[0, 30]], [[1, 3]])
    refused(check_year, "MAT", [[0, 30]], [[1, 9]], words=("27 degC",))
    check_year("MAT", [[5, np.nan]], [[99, 1]])
    refused(check_year, "MAT", [[4.9, np.nan]], [[99, 1]], words=("4.9 degC",))


def test_coverage():
    """Data on 98 of 100 units of the vegetated area pass, on 97 not; nor does nothing."""
    values = [[10, np.nan, 10, 10]]
    check_year("MAT", values, [[90, 2, 4, 4]])
    refused(check_year, "MAT", values, [[90, 3, 3, 4]], words=("97.0%",))
    refused(check_year, "MAT", [[np.nan] * 2], [[1, 1]], words=("0.0%",))


@pytest.mark.parametrize(("values", "word"), [
    ([np.inf, 10], "1 cell;"), ([-np.inf, 10], "1 cell;"), ([np.inf, -np.inf], "2 cells;"),
])
def test_infinite_values(values, word):
    """The number of infinite cells is told."""
    refused(check_year, "MAT", [values], [[1, 1]], words=("MAT", word))


@pytest.mark.parametrize(("area", "by_row", "word"), [
    # Known are all rows but the first; reversed, all but the last.
    ([20, 40, 38, 2], True, "latitudes"), ([20, 40, 37, 3], True, "gaps"),
    # Known are all columns but the first; half-way round the Earth, all but the third.
    ([20, 40, 2, 38], False, "0-360"), ([20, 40, 3, 37], False, "gaps"),
])
def test_remedies(area, by_row, word):
    """If 98 % of the area is covered with rows reversed or columns turned, the message says so."""
    known, areas = np.full((4, 4), True), np.zeros((4, 4))
    known[0], areas[:, 0] = False, area
    assert word in (cubes._remedy(known, areas) if by_row else cubes._remedy(known.T, areas.T))


# Grid, years and fields


def bare(lat, lon):
    """A dataset with these coordinates alone."""
    return xr.Dataset(coords={"lat": np.asarray(lat, float), "lon": np.asarray(lon, float)})


LAT, LON = (axis.values for axis in coordinates().values())


def test_grids_that_are_taken():
    """Half a degree and a quarter, coordinates as far off as single precision leaves them."""
    cubes._check_grid(bare(LAT, LON), "mine")
    cubes._check_grid(bare(LAT + 9e-5, LON - 9e-5), "mine")
    cubes._check_grid(xr.Dataset(coords=coordinates(0.25)), "mine")


@pytest.mark.parametrize(("lat", "lon", "words"), [
    (LAT[::-1], LON, ("lat", -89.75, 360)),
    (LAT - 0.003, LON, ("lat", 89.747)),
    (LAT, LON[::-1], ("lon", 179.75)),
    (LAT, LON + 0.25, ("lon", -179.5)),
    (LAT, LON + 180, ("lon", 0.25, "360")),
    (LAT, LON[:-1], ("lon", 719)),
    (np.linspace(80, -80, 400), LON, ("lat", 400)),
    (coordinates(1.0)["lat"].values, coordinates(1.0)["lon"].values, ("lat", 180, 360)),
    (coordinates(0.25)["lat"].values, LON, ("lon", 1440)),
])
def test_grids_that_are_refused(lat, lon, words):
    """The axis, what it has and what is expected are named."""
    refused(cubes._check_grid, bare(lat, lon), "mine", words=("mine", *words))


@pytest.mark.parametrize("years", [
    [1982.0, 1983.0], ["a"], [1982, 1983, 1983], [1982, 1984], [1983, 1982], [1982, 1984, 1983],
])
def test_years_that_are_refused(years):
    """Kinds, doubles, gaps and order."""
    refused(cubes._check_years, np.array(years), "mine", words=("mine", "year", years[0]))


def belts(n=180, tropics=10.0):
    """Rows of temperature from north to south: none but between 20 N and 20 S."""
    lat = coordinates(180 / n)["lat"].values
    return np.where(abs(lat) < 20, tropics, 0.0)[:, None] * np.ones((1, 2))


@pytest.mark.parametrize("n", [36, 180, 360])
def test_tropics_are_the_warmest(n):
    """On grids of five, one and half a degree; gaps are left out."""
    mat = belts(n)
    mat[[0, n // 2, 7 * n // 9], 0] = np.nan
    cubes._check_poles(mat, "mine")
    refused(cubes._check_poles, belts(n, -10), "mine", words=("MAT", "-10.0 degC"))


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
        refused(cubes._check_poles, mat, "mine", words=("MAT",))
    else:
        cubes._check_poles(mat, "mine")


def field(name="Prec", values=None, dims=("lat", "lon"), **attrs):
    """A field of five-degree cells, sound unless told otherwise."""
    values = np.full((36, 72), 800.0) if values is None else values
    coords = {"year": [2001, 2002, 2003][: len(values)]} if dims[0] == "year" else {}
    return xr.DataArray(values, dims=dims, coords=coords, name=name, attrs=attrs)


AREA = np.ones((36, 72))


def test_fields_that_are_taken():
    """Whole numbers, years, and warm poles in one of two years: the mean over years counts."""
    cubes._check_field(field(values=np.full((36, 72), 800, np.uint16)), AREA, "mine")
    poles = np.where(abs(coordinates(5)["lat"].values) < 20, 5.0, 20.0)[:, None] + np.zeros((1, 72))
    cubes._check_field(field("RH", 40 + poles), AREA, "mine")
    both = np.stack([poles, np.where(poles == 5, 25.0, 8.0)])
    cubes._check_field(field("MAT", both, ("year", "lat", "lon")), AREA, "mine")
    refused(cubes._check_field, field("MAT", poles), AREA, "mine", words=("MAT", "20.0"))


@pytest.mark.parametrize(("wrong", "words"), [
    (field(values=np.full((72, 36), 800.0), dims=("lon", "lat")), ("Prec", "('lon', 'lat')")),
    (field(values=np.full((36, 72, 3), 800.0), dims=("lat", "lon", "year")), ("Prec", "'year')")),
    (field(values=np.full((36, 72), "x")), ("Prec", "<U1")),
    (field(values=np.full((36, 72), True)), ("Prec", "bool")),
    (field(units="mm day-1"), ("Prec", "'mm day-1'", "'mm yr-1'")),
    (field("SOC", np.full((3, 36, 72), 8.0), ("year", "lat", "lon")), ("SOC", "year")),
])
def test_fields_that_are_refused(wrong, words):
    """Dimensions, kind, unit, and years where there should be none."""
    refused(cubes._check_field, wrong, AREA, "mine", words=("mine", *words))


@pytest.mark.parametrize("year", [0, 1, 2])
def test_every_year_is_checked(year):
    """The year at fault is named, the first and the last as well."""
    values = np.full((3, 36, 72), 800.0)
    values[year] = 100.0
    years = field(values=values, dims=("year", "lat", "lon"))
    refused(cubes._check_field, years, AREA, "mine", words=(2001 + year, "Prec", "100 mm yr-1"))


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


@pytest.mark.parametrize(
    "name", ["cell_area", "land_fraction", "vegetated_fraction", "igbp_fraction", "stratum", "Prec"]
)
def test_needed_fields(world, name):
    """Each field that the study needs, and each predictor asked for, is missed by name."""
    refused(cubes.check_cube, world.drop_vars(name), ["MAT", "Prec"], words=(f"'{name}'",))


def test_faulty_cubes(world):
    """No predictor at all, one in another unit, and years out of order are named."""
    refused(cubes.check_cube, world.rename(MAT="tas", Prec="pr"), words=("MAT", "tas"))
    daily = world.assign(Prec=world["Prec"] / 30.4)
    refused(cubes.check_cube, daily, ["MAT"], words=("Prec", "26.32", "mm day-1"))
    wrong = world.assign(MAT=world["MAT"].expand_dims(year=[2002, 2001]))
    refused(cubes.check_cube, wrong, words=("year", 2002))


def test_vegetation_that_is_missing_has_no_area(world):
    """Cells whose vegetated fraction is NaN count as bare; their gaps do no harm."""
    even = world.assign(cell_area=xr.ones_like(world["lat"]))
    some = even.assign(vegetated_fraction=world["vegetated_fraction"].where(world["lat"] > 0))
    cubes.check_cube(some.assign(Prec=world["Prec"].where(world["lat"] > 0)))
    # Of 180 rows with vegetation half have data; of all 360 three quarters.
    gaps = world["Prec"].where(world["lat"] < 45)
    for cube, share in ((some, "50.0%"), (even, "75.0%")):
        refused(cubes.check_cube, cube.assign(Prec=gaps), words=("Prec", share))


# Writing and opening


def small_cube():
    """A field by year, one without years and a single value, on two by four cells."""
    cube = xr.Dataset(coords=coordinates(90)).assign_coords(year=[2001, 2002, 2003])
    values = np.arange(24, dtype=np.float32).reshape(3, 2, 4)
    cube["MAT"] = (("year", "lat", "lon"), values)
    cube["SOC"] = (("lat", "lon"), values[0])
    cube["scale"] = ((), 2.5)
    return cube


def test_netcdf_is_packed(tmp_path):
    """Every field is compressed, quickly; single values are not."""
    cubes.save_cube(small_cube(), tmp_path / "cube.nc")
    with xr.open_dataset(tmp_path / "cube.nc") as again:
        for name in ("MAT", "SOC"):
            told = again[name].encoding
            assert (told["zlib"], told["complevel"], told["shuffle"]) == (True, 1, True)
        assert float(again["scale"]) == 2.5 and not again["scale"].encoding.get("zlib")


def test_zarr_has_a_chunk_a_year(tmp_path):
    """A field by year is kept year by year, one without years whole; no summary is kept."""
    cubes.save_cube(small_cube(), tmp_path / "cube.zarr")
    with xr.open_zarr(tmp_path / "cube.zarr", consolidated=False) as again:
        assert again["MAT"].encoding["chunks"] == (1, 2, 4)
        assert again["SOC"].encoding["chunks"] == (2, 4)
        assert float(again["scale"]) == 2.5


def test_faulty_files(world, tmp_path):
    """Another ending, a missing file, a text, an empty folder, a cut file, a missing predictor."""
    refused(cubes.save_cube, small_cube(), tmp_path / "cube.csv", error=ParameterError,
            words=("cube.csv",))
    (tmp_path / "text.nc").write_text("no")
    (tmp_path / "empty.zarr").mkdir()
    cubes.save_cube(world, tmp_path / "whole.nc")
    whole = (tmp_path / "whole.nc").read_bytes()
    (tmp_path / "cut.nc").write_bytes(whole[: len(whole) // 2])
    for name in ("nowhere.nc", "text.nc", "empty.zarr", "cut.nc"):
        refused(cubes.open_cube, tmp_path / name, words=(name,))
    refused(cubes.open_cube, tmp_path / "whole.nc", ["RH"], words=("whole.nc", "'RH'"))


@pytest.mark.parametrize("ending", ["nc", "zarr"])
def test_opened_as_it_was_saved(world, tmp_path, ending):
    """A cube is opened lazily and without loss, in the place of an older one."""
    path = tmp_path / f"cube.{ending}"
    cubes.save_cube(world.assign(RH=world["Prec"] / 10), path)
    cubes.save_cube(world, path)
    with cubes.open_cube(path, ["MAT"]) as found:
        assert "RH" not in found and not found["stratum"]._in_memory
        np.testing.assert_array_equal(found["MAT"].values, world["MAT"].values)
        # NetCDF is read each time anew, so that a year that was read is let go.
        assert ending == "zarr" or not found["MAT"]._in_memory
    assert [f.name for f in tmp_path.iterdir()] == [path.name]


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


@pytest.mark.parametrize("factor", [0, -1, True, 2.0, None])
def test_factor_that_is_refused(factor):
    """A factor is a whole number from 1, and 2 by default."""
    cube = xr.Dataset({"MAT": (("lat", "lon"), np.zeros((2, 4)))}, coordinates(90))
    assert cubes.refine(cube)["MAT"].shape == (4, 8)
    refused(cubes.refine, cube, factor, error=ParameterError, words=("factor", factor))


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
    cube["igbp_fraction"][1, 0, 1] = 0.25
    mat = np.array([[4.0, 8.0], [10.0, 40.0]], np.float32)
    cube["MAT"] = (("lat", "lon"), mat, {"units": "degC", "source": "A"})
    rain = np.array([[[1.0, 2.0], [3.0, np.nan]], [[3.0, np.nan], [5.0, 9.0]]], np.float32)
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
    # Land without ice: 1, 0.75 and 2; that of the last cell is all ice, and no less than none.
    assert found["mean_land"] == pytest.approx((4 + 8 * 0.75 + 10 * 2) / 3.75)
    assert found["mean_vegetated"] == pytest.approx((4 + 8 * 0.5 + 10 * 2) / 3.5)
    assert (found["missing"], found["filled"]) == (0, 0)
    assert found["hash"] == hashlib.sha256(mat.tobytes()).hexdigest()[:12]
    rained = table.loc["Prec"]
    assert (rained["units"], rained["source"], rained["by_year"]) == ("", "", True)
    assert (rained["min"], rained["median"], rained["max"]) == (1, 3, 9)
    # Means of the two years are 2 and 4; a gap in one year is one in the mean.
    assert rained["mean_vegetated"] == pytest.approx((2 * 1 + 4 * 2) / 3)
    assert rained["missing"] == pytest.approx(0.5 / 3.5)
    # Half of 1 and all of 0.5, of 3.5.
    assert rained["filled"] == pytest.approx(1 / 3.5)
    assert rained["hash"] == hashlib.sha256(rain.tobytes()).hexdigest()[:12]


@pytest.mark.parametrize("predictor", PREDICTORS)
def test_flag_of_each_predictor(predictor):
    """The share that is filled is that of the predictor's own field."""
    cube = four_cells()
    cube[predictor] = (("lat", "lon"), np.ones((2, 2), np.float32))
    flags = {"tas": 0.1, "pr": 0.2, "vap": 0.3, "lai": 0.4, "rsds": 0.5}
    for name, share in flags.items():
        cube[f"{name}_filled"] = (("lat", "lon"), np.full((2, 2), share))
    expected = flags.get(MAIN_FIELD[predictor], 0.0)
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
