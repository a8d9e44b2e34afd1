"""The covariate cube line by line: options, months, gaps, anomalies, blocks, what is written."""

from dataclasses import FrozenInstanceError
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from soilresp import __version__
from soilresp.covariates import build as covariates
from soilresp.covariates.build import (
    Options,
    annual_predictors,
    build_cube,
    growing_season,
    locate_inputs,
    relative_humidity,
)
from soilresp.covariates.leaf_area import monthly_lai, seasonal_shape
from soilresp.covariates.recipes import PREDICTORS, recipe_of
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import cell_area, coordinates

DAYS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
MONTHS = np.arange(12)


def message(function, *args, error=DataError, **kwargs):
    """What a call says when it refuses."""
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    return str(caught.value)


# Options

BOUNDS = {
    "growing_threshold": (-60, 45), "par_fraction": (0.01, 1), "base_shift": (-5, 5),
    "dry_month": (0.01, 1_000), "extinction": (0.01, 2), "evergreen_lai": (0.1, 15),
}
DEFAULTS = {
    "growing_threshold": 0.0, "par_fraction": 0.45, "base_shift": -0.1,
    "ratio_bounds": (0.0, 3.0), "dry_month": 5.0, "extinction": 0.5, "evergreen_lai": 5.0,
}


def test_default_options():
    """The constants that the documentation gives, also where none or some are named."""
    assert vars(Options()) == vars(Options.from_dict({})) == DEFAULTS
    assert vars(Options.from_dict({"dry_month": 7})) == DEFAULTS | {"dry_month": 7}


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("end", [0, 1])
def test_options_at_their_bounds(name, end):
    """The lowest and the highest value that an option can have are taken as they are."""
    assert getattr(Options.from_dict({name: BOUNDS[name][end]}), name) == BOUNDS[name][end]


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("end", [0, 1])
def test_options_beyond_their_bounds(name, end):
    """A little beyond is refused, with the bounds and what was given."""
    low, high = BOUNDS[name]
    value = high * 1.001 if end else low - 0.001 * abs(low)
    assert message(Options.from_dict, {name: value}, error=ParameterError) == (
        f"Covariate option {name} must lie between {low:g} and {high:g}, got {value!r}."
    )


@pytest.mark.parametrize("pair", [(0, 100), (0, 0), (2, 2), (1.5, 2), (100, 100)])
def test_pairs_that_are_taken(pair):
    """Both bounds of the ratio may be equal; lists become tuples."""
    assert Options.from_dict({"ratio_bounds": list(pair)}).ratio_bounds == pair
    assert Options.from_dict({"ratio_bounds": pair}).ratio_bounds == pair


@pytest.mark.parametrize("pair", [[-0.01, 3], [0, 100.1], [3, 1], [101, 102], [-2, -1]])
def test_pairs_beyond_their_bounds(pair):
    """Both numbers must lie within 0 and 100, the lower one first."""
    assert message(Options.from_dict, {"ratio_bounds": pair}, error=ParameterError) == (
        f"Covariate option ratio_bounds must lie between 0 and 100, got {pair!r}."
    )


@pytest.mark.parametrize("value", [3, [1], [1, 2, 3], [], ["0", "3"], [0, True], [None, 3], "03",
                                   {0: 1, 3: 1}])
def test_pairs_of_another_kind(value):
    """A pair is a list of two numbers, nothing else."""
    assert message(Options.from_dict, {"ratio_bounds": value}, error=ParameterError) == (
        f"Covariate option ratio_bounds must be like (0.0, 3.0), got {value!r}."
    )


@pytest.mark.parametrize(
    "value", ["1", None, True, False, [1], (1, 2), float("nan"), float("inf"), -float("inf"), 1e300]
)
def test_numbers_of_another_kind(value):
    """Texts, truths, lists and what is not finite are no number."""
    assert message(Options.from_dict, {"dry_month": value}, error=ParameterError) == (
        f"Covariate option dry_month must be like 5.0, got {value!r}."
    )


def test_large_numbers_are_numbers():
    """What is finite, if huge, is told the bounds."""
    assert "must lie between 0.01 and 1000, got 9e+299" in message(
        Options.from_dict, {"dry_month": 9e299}, error=ParameterError
    )


def test_options_stay_as_they_are():
    """An option is changed by making others, not by setting it."""
    with pytest.raises(FrozenInstanceError):
        Options().dry_month = 3.0


def test_unknown_option():
    """The known ones are listed, whatever else is right."""
    given = {"par_fraction": 0.5, "threshold": 1}
    assert message(Options.from_dict, given, error=ParameterError) == (
        "Unknown covariate option 'threshold': known are growing_threshold, par_fraction, "
        "base_shift, ratio_bounds, dry_month, extinction, evergreen_lai."
    )


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
    assert season.dtype == bool
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


def test_threshold_reaches_the_season():
    """At a threshold of 5 degC six months of 4 degC are outside; single precision stays so."""
    tas = np.where(MONTHS < 6, 4, 8).astype(np.float32)[:, None]
    other = np.ones((12, 1), np.float32)
    found = annual_predictors(tas, other, other, other, other, 5.0)
    assert found["Prec_GS"][0] == found["PAR_GS"][0] == 6
    assert annual_predictors(tas, other, other, other, other)["Prec_GS"][0] == 12
    assert {v.dtype for v in found.values()} == {np.dtype(np.float32)}


# Inputs and years of a recipe


def test_inputs_are_located(monkeypatch):
    """Each input of the recipe is looked for, those that are given at their place."""
    monkeypatch.setattr(covariates.access, "locate", lambda *given: given)
    assert locate_inputs("cru_ts", {"cru_ts": "here"}) == {
        "cru_ts": ("cru_ts", "here"), "gimms_lai4g": ("gimms_lai4g", None),
        "hwsd_oc": ("hwsd_oc", None), "hwsd_bulk_density": ("hwsd_bulk_density", None),
    }
    assert locate_inputs("embedded") == {}


@pytest.mark.parametrize(("recipe", "words"), [
    ("embedded", "none"), ("cru_ts", "cru_ts, gimms_lai4g, hwsd_oc, hwsd_bulk_density"),
    ("merra2", "merra2, glass_lai, gsde, glc2000"),
])
def test_inputs_that_a_recipe_does_not_take(recipe, words):
    """What it takes is told."""
    assert message(locate_inputs, recipe, {"srdb": "here"}, error=ParameterError) == (
        f"Recipe '{recipe}' takes no input 'srdb'; it takes {words}."
    )


def test_first_input_that_is_lacking():
    """The first one that was not given is named."""
    assert message(build_cube, "cru_ts", {"cru_ts": "here"}) == (
        "Recipe 'cru_ts' needs input gimms_lai4g. Say where it is, or fetch it: "
        "`soilresp data list` shows all inputs."
    )


def test_years_of_a_recipe():
    """Its own may be changed, to one year as well, and become whole numbers."""
    recipe = recipe_of("delta")
    assert recipe.years == (1982, 2012)
    for years in ([1990, 1995], (1990, 1990), (1900.0, 2100.0)):
        found = covariates._with_years(recipe, years)
        assert found.years == tuple(years) and all(type(y) is int for y in found.years)
        assert found.fields is recipe.fields
    assert recipe.years == (1982, 2012)


@pytest.mark.parametrize("years", [(1991, 1990), (1990,), (1990, 1991, 1992), ()])
def test_years_that_are_none(years):
    """One year alone, three, or the last before the first."""
    assert message(build_cube, "delta", years=years, error=ParameterError) == (
        f"years must be (first, last), got {years}."
    )


def test_years_of_a_climatology():
    """It has none, whatever is asked for."""
    assert message(build_cube, "embedded", years=(2001, 2002), error=ParameterError) == (
        "Recipe 'embedded' is a climatology and has no years."
    )


# Gaps and fallbacks


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


def test_gaps_of_years_filled_from_a_climatology():
    """Each year takes the months it lacks; the share is over all months of all years."""
    values = np.ones((2, 12, 2))
    values[1, :6, 1] = np.nan
    found, share = covariates._fill(values, 10.0 + np.broadcast_to(MONTHS[:, None], (12, 2)))
    assert found[1, :7, 1].tolist() == [10, 11, 12, 13, 14, 15, 1]
    assert (found[0] == 1).all() and share.tolist() == [0, 0.25]


def recipe_like(anomalies=(), years=None, **more):
    """What the functions look at in a recipe: name, years, and fields with their products."""
    fields = {
        name: SimpleNamespace(anomalies=name in anomalies, product=f"Product of {name}")
        for name in ("tas", "pr", "vap", "rsds", "lai")
    }
    return SimpleNamespace(name="mine", years=years, fields=fields, **more)


def test_a_quarter_may_be_filled():
    """A fallback on 25 % of the vegetated area passes; bare cells (NaN or 0) count for nothing."""
    area = np.array([1.0, 3.0, np.nan, 0.0])
    covariates._check_filled(recipe_like(), {"tas": np.array([1.0, 0.0, 1.0, 1.0])}, area)
    assert covariates.LARGEST_FILLED == 0.25


@pytest.mark.parametrize("name", ["tas", "pr", "vap", "rsds", "lai"])
def test_more_than_a_quarter_is_refused(name):
    """26 % is too much, in any field; the product and both shares are told."""
    shares = {"tas": np.zeros(2), name: np.array([0.52, 0.0])}
    assert message(covariates._check_filled, recipe_like(), shares, np.ones(2)) == (
        f"Recipe 'mine': Product of {name} has no {name} on 26% of the vegetated area; expected "
        "25% at most. Its rows may run from south to north, or its longitudes from 0 to 360, "
        "other than its coordinates say; or it is not global."
    )


def test_anomalies_may_be_lacking_anywhere():
    """Where no anomaly is known the climatology stands: that is no fault of a source."""
    covariates._check_filled(recipe_like(), {"pr_anomaly": np.ones(2)}, np.ones(2))


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


def test_cells_of_a_field():
    """Without a fallback there is no share; with one the gaps are filled, in single precision."""
    land = cells((3, 4), (5, 6))
    main = months(np.where(MONTHS < 6, np.nan, 7.0))
    values, share = covariates._of_cells({"pr": (main, None, None)}, "pr", land)
    assert share is None and values.shape == (12, 2) and values.dtype == np.float32
    assert np.isnan(values[:6]).all() and (values[6:] == 7).all()
    values, share = covariates._of_cells({"pr": (main, months(MONTHS), None)}, "pr", land)
    assert values[:, 1].tolist() == [0, 1, 2, 3, 4, 5] + [7] * 6 and share.tolist() == [0.5, 0.5]


def test_climatologies_are_means_over_years():
    """Of 4 and 8 degC in two years 6, month by month; a climatology stays what it is."""
    land = cells((3, 4))
    fields = {
        "tas": (months(np.stack([MONTHS + 4, MONTHS + 8]), 2), None, None),
        "pr": (months(MONTHS * 3.0), None, None),
    }
    found = covariates._climatologies(recipe_like(), fields, land)
    assert found["tas"][:, 0].tolist() == (MONTHS + 6).tolist()
    assert found["pr"][:, 0].tolist() == (MONTHS * 3).tolist()
    assert list(found) == ["tas", "pr"]


# Anomalies


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


def test_share_of_months_with_anomalies():
    """3 of 24 months unknown leave 21; each cell has its own, each year its own values."""
    boxes = anomalies(np.array([1.0, 2.0])[:, None, None, None], years=2)
    boxes[1, :3, :, :36] = np.nan
    places = cells(cell_of(10.25, -90.25), cell_of(10.25, 90.25))
    found, known = covariates._to_cells(boxes, places)
    assert known.tolist() == pytest.approx([21 / 24, 1])
    np.testing.assert_allclose(found[:, 5], [[1, 1], [2, 2]], rtol=1e-6)
    np.testing.assert_allclose(found[1, :3], [[0, 2]] * 3, rtol=1e-6)


def four_fields(**others):
    """Fields of a plain climate, without fallback or anomalies unless given."""
    plain = {"tas": 10.0, "pr": 60.0, "vap": 8.0, "rsds": 150.0}
    return {n: (months(v), None, None) for n, v in plain.items()} | others


def test_months_without_anomalies():
    """Each field as it is, no share of anything, and the mean temperature beside."""
    found, filled = covariates._months(recipe_like(), four_fields(), cells((9, 9)), Options())
    assert {n: v[0, 0] for n, v in found.items()} == {
        "tas_climatology": 10, "tas": 10, "pr": 60, "vap": 8, "rsds": 150
    }
    assert filled == {}


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


def test_bounds_of_the_ratio_are_options():
    """With bounds of 0.5 and 2, rain halves at least and doubles at most."""
    ratio = anomalies(np.where(MONTHS < 6, -1.0, 5.0)[None, :, None, None])
    fields = four_fields(pr=(months(60.0), None, ratio))
    recipe, options = recipe_like(("pr",), (2001, 2001)), Options(ratio_bounds=(0.5, 2.0))
    found, _ = covariates._months(recipe, fields, cells((9, 9)), options)
    assert found["pr"][0, :, 0].tolist() == [30] * 6 + [120] * 6


def test_fields_are_read_with_their_parts(monkeypatch):
    """The main field, its fallback and its anomalies; those of rain alone become a ratio."""
    monkeypatch.setattr(
        covariates, "read_field",
        lambda source, inputs, years, embedded: (source.product, source.reader, inputs, years),
    )
    monkeypatch.setattr(covariates, "precipitation_ratio", lambda *given: ("ratio", *given))
    found = covariates._read_fields(
        recipe_of("delta"), "inputs", {"land_fraction": "land"}, Options(dry_month=7)
    )

    def read(product, reader):
        return product, reader, "inputs", (1982, 2012)

    cru, pr = read("CRU CL 1.0", "cru_cl"), "GPCC rain (ITU-R P.837-7) with ERA5"
    assert found == {
        "tas": (cru, read("ERA5", "embedded"), read("GISTEMP v4", "gistemp")),
        "pr": (cru, read(pr, "embedded"),
               ("ratio", cru, read("GHCN v2", "ghcn"), "land", 7)),
        "vap": (cru, read("ITU-R P.836 with ERA5 temperature", "embedded"), None),
        "rsds": (cru, read("MERRA-2", "embedded"), None),
    }
    plain = covariates._read_fields(recipe_of("embedded"), {}, {}, Options())
    assert all(parts[1:] == (None, None) for parts in plain.values())


@pytest.mark.parametrize(("tas", "moved"), [
    (0.0, 1), (-0.05, 1), (-0.099, 1), (-0.11, 0), (0.001, 0), (5.0, 0), (-5.0, 0), (np.nan, 0),
])
def test_months_that_move(tas, moved):
    """Those within a tenth of a kelvin below the threshold, itself included."""
    assert covariates._moved_months(np.array([[tas], [9.0]]), 0.0) == moved
    assert covariates._moved_months(np.array([[tas + 4], [9.0]]), 4.0) == moved


def test_months_that_move_with_another_step():
    """Of -0.5, -1.5 and 1 degC one moves with a step of 1 K, two with 2 K."""
    tas = np.array([-0.5, -1.5, 1.0])
    assert [covariates._moved_months(tas, 0.0, step) for step in (0.1, 1, 2)] == [0, 1, 2]


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
    tas = fields["tas"][0].values[:, 0, 7]
    assert one[0]["MAT"][7] == pytest.approx((tas * DAYS).sum() / 365.25, rel=1e-5)


def test_predictors_of_a_block(monkeypatch):
    """0.45 of the radiation in MJ, humidity from vapour pressure, days of the months."""
    (found, filled, count), _ = by_blocks(monkeypatch, 2)
    assert filled == {}
    # 150 W m-2 x 0.45 x 0.0864 MJ x 365.25; 8 hPa of 12.271696 (Bolton at 10 degC).
    expected = {"MAT": 10, "Prec": 720, "RH": 65.190663, "LAI": 2, "PAR": 2130.138}
    expected |= {f"{n}_GS": expected[n] for n in ("Prec", "RH", "LAI", "PAR")}
    assert {n: float(v[1]) for n, v in found.items()} == pytest.approx(expected, rel=5e-7)
    assert count == {"known": 24, "capped": 0, "months": 24, "moved": 0}


def test_counts_of_months(monkeypatch):
    """Months of humidity that are known, and capped; months that nearly freeze."""
    tas = np.full(12, 10.0)
    tas[:3] = -0.05, 0.0, -3
    vap = np.full(12, 8.0)
    # 12.272 hPa saturate at 10 degC: 12.21 is 99.5 %.
    vap[3], vap[4], vap[5], vap[6] = np.nan, 50, 60, 12.21
    fields = four_fields(tas=(months(tas), None, None), vap=(months(vap), None, None))
    count = by_blocks(monkeypatch, 5, fields=fields)[0][2]
    # Months 0 to 2 are saturated below 8 hPa, too.
    assert count == {"known": 11 * 5, "capped": 5 * 5, "months": 60, "moved": 2 * 5}
    warmer = by_blocks(monkeypatch, 5, fields=fields, options=Options(growing_threshold=-3.0))
    assert warmer[0][2]["moved"] == 5


def test_options_of_a_block(monkeypatch):
    """Share of light and threshold of the season are those of the options."""
    fields = four_fields(tas=(months(np.where(MONTHS < 3, 4.0, 10.0)), None, None))
    options = Options(par_fraction=0.9, growing_threshold=5.0)
    found = by_blocks(monkeypatch, 1, fields=fields, options=options)[0][0]
    assert found["PAR"][0] == pytest.approx(2 * 2130.138, rel=1e-5)
    assert found["Prec_GS"][0] == 9 * 60


def test_climatology_of_vapour_meets_that_of_temperature(monkeypatch):
    """With temperature by year and vapour pressure not, humidity is that of the mean months."""
    tas = months(np.array([[5.0] * 12, [15.0] * 12]), 2)
    fields = four_fields(tas=(tas, None, None))
    found = by_blocks(monkeypatch, 1, years=(2001, 2002), fields=fields)[0][0]
    # The mean of 5 and 15 degC is 10.
    np.testing.assert_allclose(found["RH"], 65.19066, rtol=1e-5)
    assert found["RH"].shape == (1,) and found["MAT"][:, 0].tolist() == pytest.approx([5, 15])


def test_vapour_by_year_meets_its_own_temperature(monkeypatch):
    """With both by year, each year has its own humidity."""
    fields = four_fields(
        tas=(months(np.array([[10.0] * 12, [0.0] * 12]), 2), None, None),
        vap=(months(np.array([[8.0] * 12, [3.056] * 12]), 2), None, None),
    )
    found = by_blocks(monkeypatch, 1, years=(2001, 2002), fields=fields)[0][0]
    np.testing.assert_allclose(found["RH"][:, 0], [65.19066, 50], rtol=1e-5)


# Leaf area


def test_warmth_and_leaves():
    """Nothing to -2 degC, a twelfth for each degree from there, all from 10 degC."""
    tas = np.array([-3.0, -2, -1, 0, 1, 4, 9, 10, 11, 30, 10, 10])[:, None]
    shape = seasonal_shape(tas, np.full((12, 1), 60.0))[:, 0]
    np.testing.assert_allclose(shape, np.array([0, 0, 1, 2, 3, 6, 11, 12, 12, 12, 12, 12]) / 12)


def test_rain_and_leaves():
    """Half of this month's rain and half of the last's, December before January, full at 60 mm."""
    rain = np.zeros((12, 1))
    rain[[4, 5, 11], 0] = 30, 90, 24
    shape = seasonal_shape(np.full((12, 1), 20.0), rain)[:, 0]
    # May 15, June 60, July 45, December and January 12, of 60 mm.
    np.testing.assert_allclose(shape, [0.2, 0, 0, 0, 0.25, 1, 0.75, 0, 0, 0, 0, 0.2])


def test_more_rain_is_no_more():
    """61 mm are as good as 60, 59 are not; the best month of a dry place is full."""
    rain = np.where(MONTHS == 0, 200.0, 59.0)[:, None]
    shape = seasonal_shape(np.full((12, 1), 20.0), rain)[:, 0]
    np.testing.assert_allclose(shape, [1, 1] + [59 / 60] * 10)
    dry = np.where(MONTHS == 3, 20.0, 0.0)[:, None]
    assert seasonal_shape(np.full((12, 1), 20.0), dry)[:, 0].tolist() == [0] * 3 + [1, 1] + [0] * 7


def leaves(fapar, igbp, low=0.4, high=0.8, area=None, **more):
    """Leaf area in January (frozen) and in the other months of some cells, and the factor."""
    n = len(fapar)
    tas = np.full((12, n), 20.0)
    tas[0] = -20
    shares = np.zeros((17, n))
    for cell, classes in enumerate(igbp):
        for code, share in classes.items():
            shares[code, cell] = share
    lai, scale = monthly_lai(
        np.asarray(fapar, float), np.broadcast_to(np.asarray(low, float), n),
        np.broadcast_to(np.asarray(high, float), n), tas, np.full((12, n), 100.0), shares,
        np.ones(n) if area is None else np.asarray(area, float), **more,
    )
    assert (lai[1:] == lai[1]).all() or np.isnan(lai).any()
    return lai[0], lai[1], scale


ONE = 1 - np.exp(-0.5)
"""fAPAR of a leaf area of 1 at an extinction of 0.5."""


def test_largest_leaf_area():
    """fAPAR counts to 0.99 (a leaf area of 9.21) and from 0; a gap stays one."""
    _, peak, scale = leaves([ONE, 1.0, 0.99, -0.1, np.nan], [{2: 1}, {10: 1}, {10: 1}, {10: 1},
                                                             {2: 1}])
    assert scale == pytest.approx(5)
    full = -np.log(0.01) / 0.5 * 5
    np.testing.assert_allclose(peak, [5, full, full, 0, np.nan], rtol=1e-9)


def test_scale_by_evergreen_forest():
    """Cells with more than 0.6 of it count, by area; the level and extinction may be changed."""
    fapar = 1 - np.exp(-np.array([0.5, 1.0, 4.0]))
    igbp = [{2: 0.61}, {2: 0.7}, {2: 0.6}]
    # Leaf areas 1 and 2 with areas 1 and 3: 1.75 on average.
    assert leaves(fapar, igbp, area=[1, 3, 9])[2] == pytest.approx(5 / 1.75)
    changed = leaves(fapar, igbp, area=[1, 3, 9], evergreen_lai=7.0, extinction=0.25)
    assert changed[2] == pytest.approx(7 / 3.5)
    # Halving k doubles all leaf area, which the factor takes back but for the level.
    np.testing.assert_allclose(changed[1], leaves(fapar, igbp, area=[1, 3, 9])[1] * 7 / 5)


@pytest.mark.parametrize(("fapar", "share"), [(0.5, 0.6), (0.5, 0.0), (np.nan, 1.0)])
def test_no_evergreen_forest(fapar, share):
    """Without a cell that has more than 0.6 of it and fAPAR there is nothing to scale to."""
    assert message(leaves, [fapar, 0.5], [{2: share, 10: 1 - share}, {10: 1}]) == (
        "No cell is mostly evergreen broadleaf forest, to which the leaf area proxy is scaled. "
        "Check the vegetation map."
    )


@pytest.mark.parametrize(("classes", "low", "high", "kept"), [
    ({10: 1}, 0.2, 0.8, 0.25), ({10: 1}, 0.9, 0.8, 1), ({10: 1}, -0.1, 0.8, 0),
    ({10: 1}, -0.2, 0.0, 0), ({10: 1}, 0.0, 0.0, 0), ({10: 1}, -0.2, -0.1, 0),
    ({10: 1}, 0.0, 0.8, 0),
    # Evergreen share of the vegetation (urban, ice, barren and water are none): 0.4.
    ({1: 0.2, 10: 0.3, 13: 0.1, 15: 0.1, 16: 0.1, 0: 0.2}, 0.2, 0.8, 0.4 + 0.6 * 0.25),
    ({1: 0.1, 2: 0.1, 12: 0.2, 14: 0.1}, 0.2, 0.8, 0.4 + 0.6 * 0.25),
    ({1: 0.2, 5: 0.3}, -0.2, 0.0, 0.4), ({1: 1}, 0.2, 0.8, 1), ({2: 0.5}, 0.2, 0.8, 1),
    ({3: 1}, 0.2, 0.8, 0.25), ({}, 0.2, 0.8, 0.25), ({13: 1}, 0.2, 0.8, 0.25),
])
def test_leaves_that_outlast_the_frost(classes, low, high, kept):
    """The evergreen share of the vegetation, and of the rest the ratio of NDVI's extremes."""
    frozen, peak, _ = leaves([ONE, ONE], [{2: 1}, classes], [0.4, low], [0.8, high])
    assert peak[1] == pytest.approx(5)
    assert frozen[1] == pytest.approx(5 * kept)


# A whole cube of a few cells

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


@pytest.fixture
def two_years(monkeypatch):
    """The cube `cru_ts` of 2001 and 2002 in the plain world."""
    made_world(monkeypatch)
    return build_cube("cru_ts", CRU_TS, years=(2001, 2002))


def values_at(cube, name):
    """Values of the four cells, years first."""
    rows, cols = map(list, zip(*PLACES))
    return cube[name].values[..., rows, cols]


def test_cube_of_two_years(two_years):
    """Years, dimensions, single precision; values on land that is not all ice, north of 60 S."""
    assert two_years["year"].values.tolist() == [2001, 2002]
    land = cells(*PLACES)
    expected = {"MAT": 10, "Prec": 720, "RH": 65.19066, "LAI": 2, "PAR": 2130.138, "SOC": 9}
    expected |= {f"{n}_GS": expected[n] for n in ("Prec", "RH", "LAI", "PAR")}
    assert [v for v in two_years if v in PREDICTORS] == list(PREDICTORS)
    for name, value in expected.items():
        field = two_years[name]
        assert field.dims == (("lat", "lon") if name == "SOC" else ("year", "lat", "lon"))
        assert field.dtype == np.float32
        np.testing.assert_allclose(values_at(two_years, name), value, rtol=2e-5)
        known = np.isfinite(field.values)
        assert (known == land).all()


def test_what_is_written_of_a_cube(two_years):
    """Title, recipe, counts, version and every option; no note of a proxy."""
    assert two_years.attrs == {
        "title": "Covariates of soil respiration, recipe 'cru_ts'", "Conventions": "CF-1.8",
        "recipe": "cru_ts", "source": recipe_of("cru_ts").summary, "rh_capped_share": 0.0,
        "season_sensitivity": 0.0, "history": f"soilresp {__version__}",
    } | {f"option_{name}": value for name, value in DEFAULTS.items()}


def test_what_is_written_of_a_predictor(two_years):
    """Meaning, unit, and the product that it comes from."""
    products = {"LAI": "GIMMS LAI4g", "LAI_GS": "GIMMS LAI4g", "SOC": "HWSD v1.2"}
    for name, (long_name, units) in PREDICTORS.items():
        assert two_years[name].attrs == {
            "long_name": long_name, "units": units, "source": products.get(name, "CRU TS 4")
        }


def test_what_is_written_of_the_rest(two_years):
    """Cover and areas as they were, the bin of each cell, and a flag for each field filled."""
    assert [v for v in two_years if v not in PREDICTORS] == [
        "cell_area", "land_fraction", "vegetated_fraction", "igbp_fraction", "stratum",
        "tas_filled", "pr_filled", "vap_filled", "rsds_filled", "lai_filled",
    ]
    assert two_years["stratum"].values[100, 400] == 1 and two_years["stratum"].values[0, 0] == 0
    for name in ("tas", "pr", "vap", "rsds", "lai"):
        flag = two_years[f"{name}_filled"]
        assert flag.attrs == {
            "units": "1",
            "long_name": f"share of months of {name} without a value of its own source",
        }
        assert flag.dtype == np.float32 and flag.dims == ("lat", "lon")
        assert values_at(two_years, f"{name}_filled").tolist() == [0] * 4
        assert np.isfinite(flag.values).sum() == 4


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


def test_source_that_leaves_most_to_its_fallback(monkeypatch):
    """More than a quarter of the vegetated area without leaf area is refused."""
    def read(years):
        out = months(2.0, years).copy()
        out.values[..., 100, 400] = out.values[..., 200, 300] = np.nan
        return out

    made_world(monkeypatch, LAI=read)
    said = message(build_cube, "cru_ts", CRU_TS, years=(2001, 2001))
    assert said.startswith("Recipe 'cru_ts': GIMMS LAI4g has no lai on ")
    assert "of the vegetated area; expected 25% at most" in said


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
