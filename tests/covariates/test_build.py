"""Building the covariate cube: options, humidity, growing season, gaps, anomalies, whole cubes."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from soilresp.covariates import build as covariates
from soilresp.covariates.build import (
    Options,
    annual_predictors,
    build_cube,
    growing_season,
    locate_inputs,
    relative_humidity,
)
from soilresp.covariates.cube import describe
from soilresp.covariates.recipes import PREDICTORS, recipe_of
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import cell_area, coordinates

DAYS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
MONTHS = np.arange(12)

# Options

BOUNDS = {
    "growing_threshold": (-60, 45), "par_fraction": (0.01, 1), "base_shift": (-5, 5),
    "dry_month": (0.01, 1_000), "extinction": (0.01, 2), "evergreen_lai": (0.1, 15),
}


def test_default_options():
    """The documented constants, also when none or some are given."""
    expected = {
        "growing_threshold": 0.0, "par_fraction": 0.45, "base_shift": -0.1,
        "ratio_bounds": (0.0, 3.0), "dry_month": 5.0, "extinction": 0.5, "evergreen_lai": 5.0,
    }
    assert vars(Options()) == vars(Options.from_dict({})) == expected
    assert vars(Options.from_dict({"dry_month": 7})) == expected | {"dry_month": 7}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_of_options(name):
    """Both bounds are taken; a little beyond either is refused by name."""
    low, high = BOUNDS[name]
    for value in (low, high):
        assert getattr(Options.from_dict({name: value}), name) == value
    for value in (high * 1.001, low - 0.001 * abs(low)):
        with pytest.raises(ParameterError, match=name):
            Options.from_dict({name: value})


@pytest.mark.parametrize("pair", [(0, 100), (0, 0)])
def test_bounds_of_the_ratio(pair):
    """Both may be equal; lists become tuples."""
    assert Options.from_dict({"ratio_bounds": list(pair)}).ratio_bounds == pair


@pytest.mark.parametrize(("name", "value"), [
    *(("ratio_bounds", v) for v in ([-0.01, 3], [0, 100.1], [3, 1], 3, [1, 2, 3], ["0", "3"])),
    *(("dry_month", v) for v in ("1", None, True, [1], float("nan"), float("inf"))),
    ("threshold", 1),
])
def test_faulty_options(name, value):
    """A value of another kind or order, and a name that is none, are refused by name."""
    with pytest.raises(ParameterError, match=f"{name}.*par_fraction"):
        Options.from_dict({name: value})


# Humidity, season, predictors


@pytest.mark.parametrize(("vapour", "temperature", "expected"), [
    # 6.112 hPa saturate at 0 degC; 17.67 x 20 / 263.5 = 1.3411765, 6.112 e^1.3411765 = 23.36947.
    (3.056, 0.0, 50.0), (6.112, 0.0, 100.0), (6.2, 0.0, 100.0), (11.684736, 20.0, 50.0),
    # 17.67 x -10 / 233.5 = -0.7567452, 6.112 e^-0.7567452 = 2.867696.
    (1.433848, -10.0, 50.0), (0.0, 10.0, 0.0), (6.1, 0.0, 100 * 6.1 / 6.112),
])
def test_humidity_to_six_digits(vapour, temperature, expected):
    """Bolton's equation as it is printed, capped at 100 %."""
    assert relative_humidity(vapour, temperature) == pytest.approx(expected, rel=2e-6)


def test_season_at_its_threshold():
    """A month at the threshold is outside, one a millionth above is inside; 0 degC by default."""
    tas = np.array([0.0, 1e-6, -1e-6] + [-5.0] * 9)[:, None]
    assert growing_season(tas)[:, 0].nonzero()[0].tolist() == [1]
    assert growing_season(tas, -1e-6)[:, 0].nonzero()[0].tolist() == [0, 1]


def test_warmest_months_of_a_tie():
    """Without a month above the threshold all that are the warmest count, in each year alone."""
    tas = np.full((2, 12, 1), -9.0)
    tas[0, [6, 7]] = -1
    tas[1, 3] = 0
    season = growing_season(tas)
    assert season.dtype == bool and growing_season(np.full((12, 3), -9.0)).all()
    assert [season[y, :, 0].nonzero()[0].tolist() for y in (0, 1)] == [[6, 7], [3]]


@pytest.mark.parametrize("month", range(12))
def test_days_of_each_month(month):
    """Means weigh by days (February 28.25 of 365.25), sums do not."""
    one = (month == MONTHS).astype(float)[:, None]
    found = annual_predictors(10 + one, one, one, one, one)
    share = DAYS[month] / 365.25
    assert found["MAT"][0] == pytest.approx(10 + share, rel=1e-12)
    for name in ("RH", "LAI", "RH_GS", "LAI_GS"):
        assert found[name][0] == pytest.approx(share, rel=1e-12)
    for name in ("Prec", "PAR", "Prec_GS", "PAR_GS"):
        assert found[name][0] == 1


def test_seasons_of_two_years():
    """The four kinds of cell side by side, in a normal year and in one that is colder by 4 K.

    Every month has 10 mm for each of its numbers, 1 to 12. The tropics grow in both years. The
    temperate cell has 2 degC in April and November, and loses them (40 and 110 mm) to the cold;
    the southern one has them in May and September (50 and 90 mm). The arctic one has 3 degC in
    July and 1 in August; in the cold year it has no month, and July alone counts as the warmest.
    """
    months = np.arange(1, 13)
    tropical = np.full(12, 26.0)
    temperate = np.select([np.isin(months, [12, 1, 2, 3]), np.isin(months, [4, 11])], [-5, 2], 12.0)
    arctic = np.select([months == 7, months == 8], [3, 1], -20.0)
    southern = np.select([np.isin(months, [6, 7, 8]), np.isin(months, [5, 9])], [-3, 2], 10.0)
    normal = np.stack([tropical, temperate, arctic, southern], axis=1)
    rain = np.broadcast_to(10.0 * months[:, None], (12, 4))
    found = annual_predictors(
        np.stack([normal, normal - 4]), rain, 5.0 * rain / 10, rain, rain / 100
    )
    np.testing.assert_allclose(found["Prec_GS"], [
        [780, 780 - 120 - 60, 150, 780 - 210],
        [780, 780 - 120 - 60 - 150, 70, 780 - 210 - 140],
    ])
    np.testing.assert_array_equal(found["PAR_GS"], found["Prec_GS"])
    # Humidity of 5 % for each number of the month: July and August have 31 days each.
    np.testing.assert_allclose(found["RH_GS"][:, 2], [37.5, 35])
    np.testing.assert_allclose(found["LAI_GS"][:, 2], [0.75, 0.7])
    np.testing.assert_allclose(found["MAT"][0] - found["MAT"][1], 4)
    # Six months of 184 days, April and November of 60, and the winter of 121.25.
    assert np.isclose(found["MAT"][0, 1], (12 * 184 + 2 * 60 - 5 * 121.25) / 365.25)


def test_what_does_not_vary_has_no_years():
    """With temperature by year, what depends on the season is by year, the rest is not."""
    tas = np.full((2, 12, 3), 10.0, np.float32)
    tas[1, :6] = -10
    one = np.ones((12, 3), np.float32)
    found = annual_predictors(tas, 50 * one, 80 * one, 200 * one, 2 * one)
    assert found["MAT"].shape == found["PAR_GS"].shape == (2, 3)
    assert found["PAR"].shape == found["RH"].shape == (3,)
    np.testing.assert_allclose(found["PAR_GS"], [[2400] * 3, [1200] * 3])
    assert {v.dtype for v in found.values()} == {np.dtype(np.float32)}
    assert annual_predictors(tas, one, one, one, one, 10.0)["Prec_GS"][1, 0] == 6


# Inputs and years of a recipe


def test_inputs_are_located(monkeypatch):
    """Each input is looked for, those that are given at their place; a missing one is named."""
    monkeypatch.setattr(covariates.access, "locate", lambda *given: given)
    assert locate_inputs("cru_ts", {"cru_ts": "here"}) == {
        "cru_ts": ("cru_ts", "here"), "gimms_lai4g": ("gimms_lai4g", None),
        "hwsd_oc": ("hwsd_oc", None), "hwsd_bulk_density": ("hwsd_bulk_density", None),
    }
    assert locate_inputs("embedded") == {}
    with pytest.raises(ParameterError, match="delta.*merra2"):
        locate_inputs("delta", {"merra2": "/somewhere"})
    with pytest.raises(DataError, match="cru_ts.*gimms_lai4g"):
        build_cube("cru_ts", {"cru_ts": "here"})


@pytest.mark.parametrize(("recipe", "years"), [
    ("delta", (1991, 1990)), ("delta", (1990,)), ("delta", (1990, 1991, 1992)), ("delta", ()),
    ("embedded", (2001, 2002)),
])
def test_faulty_years(recipe, years):
    """One year alone, three, the wrong order, and years of a climatology are refused."""
    with pytest.raises(ParameterError, match="years"):
        build_cube(recipe, years=years)


# Gaps and anomalies


def test_gaps_filled_and_counted():
    """Of 12 months, 3 are filled; what the other lacks as well stays a gap and is not counted."""
    values, other = np.ones((12, 3)), np.full((12, 3), 2.0)
    values[:3, 1] = values[:4, 2] = np.nan
    other[0, 2] = np.nan
    found, share = covariates._fill(values, other)
    np.testing.assert_array_equal(found[:, 0], 1)
    np.testing.assert_array_equal(found[:, 1], np.where(MONTHS < 3, 2, 1))
    assert np.isnan(found[0, 2]) and found[1:4, 2].tolist() == [2, 2, 2]
    assert share.tolist() == [0, 0.25, 0.25]


def recipe_like(anomalies=(), years=None):
    """Return what the functions use of a recipe: name, years, and fields with their products."""
    fields = {
        name: SimpleNamespace(anomalies=name in anomalies, product=f"Product of {name}")
        for name in ("tas", "pr", "vap", "rsds", "lai")
    }
    return SimpleNamespace(name="mine", years=years, fields=fields)


def test_share_that_may_be_filled():
    """25 % of the vegetated area passes, 26 % does not; bare cells and anomalies do not count."""
    area = np.array([1.0, 3.0, np.nan, 0.0])
    covariates._check_filled(recipe_like(), {"tas": np.array([1.0, 0.0, 1.0, 1.0])}, area)
    covariates._check_filled(recipe_like(), {"pr_anomaly": np.ones(2)}, np.ones(2))
    with pytest.raises(DataError, match="Product of vap.*vap.*26%"):
        covariates._check_filled(recipe_like(), {"vap": np.array([0.52, 0.0])}, np.ones(2))


GRID = coordinates()
SHAPE = (360, 720)


def months(value, years=None):
    """A field on the whole grid from a value for all or for each month (and year)."""
    value = np.asarray(value, float)
    lead = (12,) if years is None else (years, 12)
    value = np.broadcast_to(value, lead) if value.ndim < len(lead) else value
    dims = ("month", "lat", "lon") if years is None else ("year", "month", "lat", "lon")
    return xr.DataArray(np.broadcast_to(value[..., None, None], (*lead, *SHAPE)), dims=dims)


def cells(*places):
    """A mask of some cells."""
    mask = np.zeros(SHAPE, bool)
    for row, col in places:
        mask[row, col] = True
    return mask


def anomalies(values, years=1, step=5.0):
    """Anomalies on a coarse grid; values broadcast against (years, 12, lat, lon)."""
    coords = {k: v.values for k, v in coordinates(step).items()}
    n = round(180 / step)
    values = np.broadcast_to(np.asarray(values, float), (years, 12, n, 2 * n)).copy()
    return xr.DataArray(values, coords, ("year", "month", "lat", "lon"))


def cell_of(lat, lon):
    """Row and column of the cell with this centre."""
    return round((89.75 - lat) / 0.5), round((lon + 179.75) / 0.5)


@pytest.mark.parametrize(("lon", "expected"), [
    # Centres lie at 2.5, 7.5, ...: 0.05 of the way at 2.75, 0.95 at 7.25.
    (2.75, 0.05), (5.25, 0.55), (7.25, 0.95), (7.75, 1.05), (-177.25, -35.95),
])
def test_anomalies_between_columns(lon, expected):
    """Interpolated evenly between the centres of the boxes."""
    found, known = covariates._to_cells(anomalies(np.arange(72) - 36), cells(cell_of(0.25, lon)))
    assert found.shape == (1, 12, 1) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert known.tolist() == [1]


@pytest.mark.parametrize(("lon", "expected"), [
    # From 1 at 177.5 to 3 at 182.5: 0.45 and 0.55 of the way.
    (179.75, 1.9), (-179.75, 2.1), (177.75, 1.1), (-177.75, 2.9),
])
def test_anomalies_across_the_date_line(lon, expected):
    """The date line is no edge, from either side."""
    values = np.full(72, 7.0)
    values[[-1, 0]] = 1, 3
    found, known = covariates._to_cells(anomalies(values), cells(cell_of(0.25, lon)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert known.tolist() == [1]


@pytest.mark.parametrize(("lat", "expected"), [
    # Rows have 0 to 35 from 87.5 N: 0.45 rows before the first at 89.75 N.
    (89.75, -0.45), (87.25, 0.05), (0.25, 17.45), (-89.75, 35.45),
])
def test_anomalies_between_rows_and_to_the_poles(lat, expected):
    """Interpolated between rows, and carried on beyond the last one."""
    values = np.arange(36.0)[:, None]
    found, _ = covariates._to_cells(anomalies(values), cells(cell_of(lat, 0.25)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(("lon", "expected"), [
    # Nothing is known from 7.5 E on: 0.55 of the weight has data at 4.75 E, 0.45 at 5.25 E.
    (2.75, 4), (4.75, 4), (5.25, 0), (7.75, 0),
])
def test_anomalies_beside_the_unknown(lon, expected):
    """With half of the weight known the anomaly counts whole, with less there is none."""
    values = np.where(np.arange(72) < 37, 4.0, np.nan)
    found, known = covariates._to_cells(anomalies(values), cells(cell_of(0.25, lon)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert known.tolist() == [float(expected > 0)]


def test_half_of_the_weight_is_enough():
    """A cell just half-way between a box with 4 and one without takes the 4."""
    lat, lon = np.arange(89.75, -90, -1), np.arange(-179.75, 180, 1)
    values = np.full((1, 12, lat.size, lon.size), 4.0)
    values[..., 1::2] = np.nan
    boxes = xr.DataArray(values, {"lat": lat, "lon": lon}, ("year", "month", "lat", "lon"))
    found, known = covariates._to_cells(boxes, cells((100, 201)))
    np.testing.assert_array_equal(found, 4)
    assert known.tolist() == [1]


def four_fields(**others):
    """Fields of a plain climate, without fallback or anomalies unless given."""
    plain = {"tas": 10.0, "pr": 60.0, "vap": 8.0, "rsds": 150.0}
    return {n: (months(v), None, None) for n, v in plain.items()} | others


def test_months_with_anomalies():
    """Temperature gains anomaly and shift, rain is scaled within bounds, its climatology stays."""
    change = anomalies(np.array([1.0, 2.0])[:, None, None, None], years=2)
    ratio = anomalies(np.array([-0.5, 9.0])[:, None, None, None], years=2)
    ratio[:, 6] = -4
    ratio[1, 0] = np.nan
    fields = four_fields(
        tas=(months(np.where(MONTHS == 0, np.nan, 10.0)), months(30.0), change),
        pr=(months(60.0), None, ratio),
    )
    recipe = recipe_like(anomalies=("tas", "pr"), years=(2001, 2002))
    found, filled = covariates._months(recipe, fields, cells((9, 9)), Options(base_shift=0.25))
    assert found["tas_climatology"][:, 0].tolist() == [30] + [10] * 11
    np.testing.assert_allclose(found["tas"][0, :, 0], [31.25] + [11.25] * 11)
    np.testing.assert_allclose(found["tas"][1, :, 0], [32.25] + [12.25] * 11)
    # Half; threefold at most; nothing at least; as it was where no ratio is known.
    np.testing.assert_allclose(found["pr"][0, [0, 1, 6], 0], [30, 30, 0])
    np.testing.assert_allclose(found["pr"][1, [0, 1, 6], 0], [60, 180, 0])
    assert {n: v.tolist() for n, v in filled.items()} == {
        "tas": [1 / 12], "tas_anomaly": [0], "pr_anomaly": [pytest.approx(1 / 24)]
    }


@pytest.mark.parametrize(("tas", "moved"), [
    (0.0, 1), (-0.05, 1), (-0.099, 1), (-0.11, 0), (0.001, 0), (5.0, 0), (-5.0, 0), (np.nan, 0),
])
def test_months_that_move(tas, moved):
    """Those within a tenth of a kelvin below the threshold, itself included."""
    assert covariates._moved_months(np.array([[tas], [9.0]]), 0.0) == moved
    assert covariates._moved_months(np.array([[tas + 4], [9.0]]), 4.0) == moved


# Blocks of cells


def by_blocks(monkeypatch, n_cells, most=None, years=None, fields=None, options=None, lai=2.0):
    """Work on the first cells of the grid: results and sizes of blocks."""
    sizes = []
    own = covariates._months

    def spy(recipe, fields, block, options):
        sizes.append(int(block.sum()))
        return own(recipe, fields, block, options)

    monkeypatch.setattr(covariates, "_MOST_CELLS", most or covariates._MOST_CELLS)
    monkeypatch.setattr(covariates, "_months", spy)
    land = np.zeros(SHAPE, bool)
    land.ravel()[:n_cells] = True
    lai = np.broadcast_to(np.float32(lai), (12, n_cells)) if np.ndim(lai) == 0 else lai
    made = covariates._by_blocks(
        recipe_like(years=years), fields or four_fields(), land, lai, options or Options()
    )
    return made, sizes


@pytest.mark.parametrize(("most", "sizes"), [
    (200, [200]), (199, [100, 100]), (99, [67, 67, 66]), (16_384, [200]),
])
def test_blocks_of_bounded_size(monkeypatch, most, sizes):
    """As few blocks as the bound allows, of sizes that differ by one at most."""
    assert by_blocks(monkeypatch, 200, most)[1] == sizes


def test_blocks_do_not_change_results(monkeypatch):
    """Cells of their own values, in one block and in three: the same, in their places."""
    rng = np.random.default_rng(1)
    fields = {}
    for name, (low, high) in {"tas": (-20, 30), "pr": (0, 200), "vap": (1, 30),
                              "rsds": (20, 300)}.items():
        values = np.zeros((12, *SHAPE))
        values[:, 0, :200] = rng.uniform(low, high, (12, 200))
        other = months(5.0)
        values[2, 0, 50] = np.nan
        fields[name] = xr.DataArray(values, dims=("month", "lat", "lon")), other, None
    lai = rng.uniform(0, 6, (12, 200)).astype(np.float32)
    one, three = (
        by_blocks(monkeypatch, 200, most, fields=fields, lai=lai)[0] for most in (200, 99)
    )
    for first, second in zip(one[:2], three[:2]):
        assert first.keys() == second.keys()
        for name in first:
            np.testing.assert_array_equal(first[name], second[name])
    assert one[2] == three[2]
    assert one[1]["vap"][50] == 1 / 12 and one[1]["vap"].sum() == 1 / 12


@pytest.mark.parametrize(("tas", "vap", "rh"), [
    # Vapour pressure without years meets the mean of 5 and 15 degC.
    ([5.0, 15.0], None, [65.19066]), ([10.0, 0.0], [8.0, 3.056], [65.19066, 50]),
])
def test_humidity_of_years(monkeypatch, tas, vap, rh):
    """With vapour pressure by year each year has its own humidity, else the mean months."""
    fields = {n: (months(np.repeat(v, 12).reshape(2, 12), 2), None, None)
              for n, v in {"tas": tas, "vap": vap}.items() if v}
    found = by_blocks(monkeypatch, 1, years=(2001, 2002), fields=four_fields(**fields))[0][0]
    np.testing.assert_allclose(found["RH"].ravel(), rh, rtol=1e-5)
    assert found["MAT"][:, 0].tolist() == pytest.approx(tas)


# Whole cubes of a few cells

ONE = 1 - np.exp(-0.5)
"""fAPAR of a leaf area of 1 at an extinction of 0.5."""

PLACES = [(100, 400), (101, 401), (200, 300), (299, 10)]
"""Three cells with forest, and the last row north of 60 S."""


def made_world(monkeypatch, **other):
    """Put a plain climate under four cells of forest; readers by name may be replaced.

    There is land of ice alone, land without a share of it, and land south of 60 S as well.
    """
    igbp = np.zeros((17, *SHAPE), np.float32)
    igbp[0] = 1
    for row, col in [*PLACES, (300, 10), (340, 10)]:
        igbp[[0, 2], row, col] = 0, 1
    igbp[[0, 15], 50, 50] = 0.25, 0.75
    igbp[[0, 2, 15], 200, 300] = 0, 0.75, 0.25
    igbp[[0, 2, 16], 101, 401] = 0, 0.75, 0.25
    cover = xr.Dataset(coords=GRID).assign(
        igbp_fraction=(("igbp", "lat", "lon"), igbp),
        vegetated_fraction=(("lat", "lon"), igbp[2]),
        land_fraction=(("lat", "lon"), 1 - igbp[0]), cell_area=cell_area(),
    ).assign_coords(igbp=np.arange(17))
    bands = {"fapar_max": ONE, "ndvi_min": 0.4, "ndvi_max": 0.8}
    embedded = xr.Dataset(
        {n: (("lat", "lon"), np.full(SHAPE, v, np.float32)) for n, v in bands.items()}, GRID
    ).assign(land_fraction=(("lat", "lon"), np.ones(SHAPE)))
    plain = {
        "tas": lambda years: months(20.0), "pr": lambda years: months(90.0),
        "vap": lambda years: months(10.0), "rsds": lambda years: months(200.0),
        "tmp": lambda years: months(10.0, years), "pre": lambda years: months(60.0, years),
        "cru vap": lambda years: months(8.0, years), "cld": lambda years: months(150.0, years),
        "LAI": lambda years: months(2.0, years),
        "T_OC, T_BULK_DEN": lambda years: xr.DataArray(np.full(SHAPE, 9.0), GRID, ("lat", "lon")),
    } | other

    def read_field(source, inputs, years, embedded):
        n_years = None if years is None else years[1] - years[0] + 1
        name = source.variable
        return plain["cru vap" if (source.reader, name) == ("cru_ts", "vap") else name](n_years)

    monkeypatch.setattr(covariates, "read_field", read_field)
    monkeypatch.setattr(covariates, "land_cover", lambda *given: cover)
    monkeypatch.setattr(covariates, "load_embedded", lambda: embedded)


CRU_TS = dict.fromkeys(("cru_ts", "gimms_lai4g", "hwsd_oc", "hwsd_bulk_density"), "x")


def values_at(cube, name):
    """Values of the four cells, years first."""
    rows, cols = map(list, zip(*PLACES))
    return cube[name].values[..., rows, cols]


def test_cube_of_two_years(monkeypatch):
    """Years, dimensions, values on land that is not all ice, north of 60 S; units and sources."""
    made_world(monkeypatch)
    cube = build_cube("cru_ts", CRU_TS, years=(2001, 2002))
    assert cube["year"].values.tolist() == [2001, 2002]
    assert cube.attrs["recipe"] == "cru_ts" and cube.attrs["option_par_fraction"] == 0.45
    assert cube.attrs["rh_capped_share"] == cube.attrs["season_sensitivity"] == 0
    land = cells(*PLACES)
    expected = {"MAT": 10, "Prec": 720, "RH": 65.19066, "LAI": 2, "PAR": 2130.138, "SOC": 9}
    expected |= {f"{n}_GS": expected[n] for n in ("Prec", "RH", "LAI", "PAR")}
    products = {"LAI": "GIMMS LAI4g", "LAI_GS": "GIMMS LAI4g", "SOC": "HWSD v1.2"}
    for name, (long_name, units) in PREDICTORS.items():
        field = cube[name]
        assert field.dims == (("lat", "lon") if name == "SOC" else ("year", "lat", "lon"))
        assert field.dtype == np.float32
        np.testing.assert_allclose(values_at(cube, name), expected[name], rtol=2e-5)
        assert (np.isfinite(field.values) == land).all()
        assert field.attrs == {
            "long_name": long_name, "units": units, "source": products.get(name, "CRU TS 4")
        }
    assert cube["stratum"].values[100, 400] == 1 and cube["stratum"].values[0, 0] == 0
    for name in ("tas", "pr", "vap", "rsds", "lai"):
        assert values_at(cube, f"{name}_filled").tolist() == [0] * 4
        assert np.isfinite(cube[f"{name}_filled"].values).sum() == 4


def test_gaps_of_a_cube(monkeypatch):
    """Months that lack are the fallback's, counted over both years, leaf area the proxy's."""
    def with_gap(value, part):
        def read(years):
            out = months(value, years).copy()
            out.values[(*part, 100, 400)] = np.nan
            return out
        return read

    made_world(
        monkeypatch, tmp=with_gap(10.0, (0, slice(3))), pre=with_gap(60.0, (slice(None), 1)),
        LAI=with_gap(2.0, (1, slice(6))),
    )
    cube = build_cube("cru_ts", CRU_TS, years=(2001, 2002))
    # January to March 2001 have 20 degC: 90.25 days.
    assert values_at(cube, "MAT")[:, 0] == pytest.approx([10 + 10 * 90.25 / 365.25, 10])
    assert values_at(cube, "Prec")[:, 0] == pytest.approx([750, 750])
    shares = {"tas": 3 / 24, "pr": 2 / 24, "lai": 6 / 24, "vap": 0, "rsds": 0}
    for name, share in shares.items():
        assert values_at(cube, f"{name}_filled").tolist() == pytest.approx([share, 0, 0, 0])
    # The proxy is 5 wherever it is warm and wet; January to June have 181.25 days.
    lai = 2 + 3 * 181.25 / 365.25
    np.testing.assert_allclose(values_at(cube, "LAI"), [[2] * 4, [lai] + [2] * 3], rtol=1e-5)


def test_counts_of_a_cube(monkeypatch):
    """Shares of the months: humidity capped in 2 of 12, the season in doubt in 1 of 12."""
    made_world(
        monkeypatch, tmp=lambda years: months(np.where(MONTHS == 0, -0.05, 10.0), years),
        **{"cru vap": lambda years: months(np.where(MONTHS == 5, 40.0, 8.0), years)},
    )
    cube = build_cube("cru_ts", CRU_TS, years=(2001, 2001))
    assert cube.attrs["rh_capped_share"] == pytest.approx(2 / 12)
    assert cube.attrs["season_sensitivity"] == pytest.approx(1 / 12)
    assert values_at(cube, "Prec_GS")[0] == pytest.approx([660] * 4)


def test_cube_of_a_climatology(monkeypatch):
    """No years; leaf area is told to be a proxy, with its factor; options change and are told."""
    made_world(monkeypatch)
    options = Options(evergreen_lai=4.0, extinction=0.25, growing_threshold=20.0)
    cube = build_cube("embedded", options=options)
    assert "year" not in cube.coords and "SOC" not in cube
    assert not [v for v in cube if v.endswith("_filled")]
    for name in ("LAI", "LAI_GS"):
        assert cube[name].attrs["long_name"] == f"{PREDICTORS[name][0]} (proxy from fAPAR)"
        np.testing.assert_allclose(values_at(cube, name), 4, rtol=1e-6)
    assert cube["MAT"].attrs["long_name"] == "mean annual air temperature"
    # -ln(1 - fAPAR) is 0.5: a leaf area of 2 at an extinction of 0.25.
    assert cube.attrs["lai_scale"] == pytest.approx(2, rel=1e-6) and "suffix" not in cube.attrs
    assert cube.attrs["option_evergreen_lai"] == 4 and cube.attrs["option_extinction"] == 0.25
    # No month is above 20 degC: all are the warmest.
    np.testing.assert_allclose(values_at(cube, "Prec_GS"), 12 * 90, rtol=1e-6)


def test_cube_of_anomalies(monkeypatch):
    """A climatology with anomalies: what they touch is by year, and the sources say so."""
    made_world(
        monkeypatch, tmp=lambda years: months(10.0), pre=lambda years: months(60.0),
        vap=lambda years: months(8.0), rad=lambda years: months(150.0),
        tempanomaly=lambda years: anomalies(1.0, years, 2.0),
        anomaly=lambda years: anomalies(30.0, years),
    )
    inputs = dict.fromkeys(recipe_of("delta").needs, "x")
    cube = build_cube("delta", inputs, Options(base_shift=0.5), (2001, 2001))
    assert cube["MAT"].dims == ("year", "lat", "lon") and cube["PAR"].dims == ("lat", "lon")
    np.testing.assert_allclose(values_at(cube, "MAT"), 11.5, rtol=1e-6)
    # 30 mm on a box mean of 60: half as much again.
    np.testing.assert_allclose(values_at(cube, "Prec"), 1080, rtol=1e-6)
    assert cube["MAT"].attrs["source"] == "CRU CL 1.0 with GISTEMP v4"
    assert cube["Prec_GS"].attrs["source"] == "CRU CL 1.0 with GHCN v2"
    assert cube["RH"].attrs["source"] == cube["PAR"].attrs["source"] == "CRU CL 1.0"
    for name in ("tas_anomaly", "pr_anomaly"):
        assert values_at(cube, f"{name}_filled").tolist() == [0] * 4


# The recipe that ships with the project


@pytest.fixture(scope="module")
def cube():
    """The cube of the embedded recipe."""
    return build_cube("embedded")


def test_embedded_cube(cube):
    """Every vegetated cell has every predictor, sea and ice have none; values are physical."""
    vegetated = cube["vegetated_fraction"].values > 0
    bare = (cube["land_fraction"] - cube["igbp_fraction"].sel(igbp=15)).values <= 0
    names = recipe_of("embedded").predictors
    assert set(PREDICTORS) & set(cube) == set(names) == set(PREDICTORS) - {"SOC"}
    for name in names:
        known = np.isfinite(cube[name].values)
        assert known[vegetated].all() and not known[bare].any(), name
    np.testing.assert_array_equal(cube["stratum"].values > 0, vegetated)
    rh = cube[["RH", "RH_GS"]].to_array()
    assert float(rh.min()) > 0 and float(rh.max()) <= 100 + 1e-3
    for name in ("Prec", "PAR"):
        assert float(cube[f"{name}_GS"].min()) >= 0
        assert float((cube[f"{name}_GS"] - cube[name]).max()) <= 1e-2


@pytest.mark.real
@pytest.mark.slow
def test_real_delta(real_input):
    """CRU CL 1.0 with anomalies of 2001 and 2002: means of the vegetated area, and gaps."""
    inputs = {name: real_input(name) for name in recipe_of("delta").needs}
    cube = build_cube("delta", inputs, years=(2001, 2002))
    table = describe(cube)
    assert list(table.index) == list(PREDICTORS)
    mean = table["mean_vegetated"]
    assert 13 < mean["MAT"] < 14 and 850 < mean["Prec"] < 1000 and 64 < mean["RH"] < 70
    assert 2000 < mean["PAR"] < 2150 and 5 < mean["SOC"] < 6
    assert table["missing"].drop("SOC").abs().max() < 1e-9
    assert 0 < table.loc["SOC", "missing"] < 0.003
    area = cube["cell_area"] * cube["vegetated_fraction"]
    # Radiation is missing in 7.7 % of the vegetated cells, small and northern: 1.2 % of the area.
    filled = cube["rsds_filled"].where(cube["vegetated_fraction"] > 0)
    assert np.isclose(float((filled > 0).sum() / filled.notnull().sum()), 0.0767, atol=1e-4)
    assert np.isclose(float((filled * area).sum() / area.sum()), 0.0118, atol=1e-4)
