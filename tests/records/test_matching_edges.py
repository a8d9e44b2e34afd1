"""From records to cells at the limits of each rule: selection, sites, draws, twin, climate."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from records.test_selection import FIRST, table

from soilresp.covariates import climate_response
from soilresp.covariates.climate_response import bond_lamberty_2004, raich_2002
from soilresp.covariates.strata import (
    DRAWS,
    STRATA,
    area_shares,
    dominant_stratum,
    draw_probabilities,
    draw_run,
    realised_shares,
    stratum_fractions,
)
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import EARTH_RADIUS, coordinates
from soilresp.records import selection as observations
from soilresp.records import twin
from soilresp.records.matching import match, training_table, valid_cells
from soilresp.records.selection import COLUMNS, TARGETS, Selection, select


def exactly(words):
    """The whole of an error text as a pattern."""
    return f"^{re.escape(words)}$"


# ---------------------------------------------------------------- rules of the selection

BOX = "box must be (south, north, west, east), got {}."
YEARS = "years must be (first, last), got {}."


@pytest.mark.parametrize("years", [
    (2000, 1999), (2000,), (1, 2, 3), 2000, "ab", (2000, "x"), (True, 2000), (np.nan, 2000),
    (1990, np.inf), (1990, None), {1990: 1, 2000: 2}, (-1e300, 2000), (1990, 1e300),
])
def test_impossible_years(years):
    """Two finite numbers that do not fall; anything else is told as it was given."""
    with pytest.raises(ParameterError, match=exactly(YEARS.format(years))):
        Selection(years=years)


@pytest.mark.parametrize("years", [
    (2000, 2000), [1990, 2000.5], (np.int64(1990), np.int32(2000)), (-9e299, 9e299), None,
])
def test_possible_years(years):
    """A single year is a range; whole and other numbers, of numpy as well."""
    assert Selection(years=years).years == years


@pytest.mark.parametrize("box", [
    (-90.1, 90, -180, 180), (-90, 90.1, -180, 180), (-90, 90, -180.1, 180), (-90, 90, -180, 180.1),
    (10, 10, 0, 5), (10, 5, 0, 5), (0, 5, 10, 10), (0, 5, 10, 5), (0, 5, 10), (0, 5, 10, 20, 30),
    7, "abcd", (0, 5, 10, "x"), (0, 5, 10, True), (0, 5, 10, np.nan), (0, None, 10, 20),
])
def test_impossible_boxes(box):
    """South below north and west below east, within the globe; else it is told as given."""
    with pytest.raises(ParameterError, match=exactly(BOX.format(box))):
        Selection(box=box)


@pytest.mark.parametrize("box", [(-90, 90, -180, 180), [0, 0.1, 5, 5.1], None])
def test_possible_boxes(box):
    """The whole globe is a box, and so is a narrow one."""
    assert Selection(box=box).box == box


@pytest.mark.parametrize(("rule", "words"), [
    ({"quality": "keep"}, "quality must be one of report, drop, repair, got 'keep'."),
    ({"quality": None}, "quality must be one of report, drop, repair, got None."),
    ({"quality": ["drop"]}, "quality must be one of report, drop, repair, got ['drop']."),
    ({"heterotrophic": "guess"},
     "heterotrophic must be one of reported, difference, ratio, got 'guess'."),
    ({"heterotrophic": 1}, "heterotrophic must be one of reported, difference, ratio, got 1."),
    ({"manipulation": "CO2"},
     "manipulation must be a list of values, got 'CO2': write ['CO2'], or null for any."),
    ({"manipulation": 3}, "manipulation must be a list of text, got 3."),
    ({"manipulation": ("None", 3)}, "manipulation must be a list of text, got ('None', 3)."),
    ({"manipulation": {"None"}}, "manipulation must be a list of text, got {'None'}."),
    ({"sr_above_hr": 1}, "sr_above_hr must be true or false, got 1."),
    ({"sr_above_hr": None}, "sr_above_hr must be true or false, got None."),
    ({"min_flux": "0"}, "min_flux must be a number in g C m-2 yr-1, got '0'."),
    ({"min_flux": np.inf}, "min_flux must be a number in g C m-2 yr-1, got inf."),
    ({"max_flux": False}, "max_flux must be a number in g C m-2 yr-1, got False."),
    ({"max_flux": [5]}, "max_flux must be a number in g C m-2 yr-1, got [5]."),
])
def test_impossible_rules_in_full(rule, words):
    """What each rule may be, and what it was."""
    with pytest.raises(ParameterError, match=exactly(words)):
        Selection(**rule)


@pytest.mark.parametrize("rule", [
    {"quality": "report"}, {"quality": "drop"}, {"quality": "repair"}, {"manipulation": []},
    {"manipulation": ["a", "b"]}, {"manipulation": None}, {"sr_above_hr": False},
    {"min_flux": None}, {"min_flux": -5}, {"max_flux": np.float64(5)}, {"max_flux": 2.5},
    {"heterotrophic": "ratio"}, {"heterotrophic": "reported"},
])
def test_possible_rules(rule):
    """Each of these is kept as it is."""
    (name, value), = rule.items()
    assert getattr(Selection(**rule), name) == value


def test_rules_of_the_paper():
    """What is selected when nothing is said."""
    rules = Selection()
    assert rules.manipulation == ("None",) and rules.years == (1982, 2013)
    assert rules.box == (-44.23, 69.42, -150.33, 175.77)
    assert rules.sr_above_hr is True and rules.heterotrophic == "difference"
    assert (rules.min_flux, rules.max_flux, rules.quality) == (0, None, "report")
    assert TARGETS == {"SR": 1, "HR": 2}


def test_unknown_rules_in_full():
    """The first unknown name by the alphabet, and all that are known."""
    words = (
        "Unknown selection rule 'boxes': known are manipulation, years, box, sr_above_hr, "
        "heterotrophic, min_flux, max_flux, quality."
    )
    with pytest.raises(ParameterError, match=exactly(words)):
        Selection.from_dict({"year": 1, "boxes": 2, "quality": "report"})


# ---------------------------------------------------------------- selecting


def kept(change, **rules):
    """For which targets a second record with a change is kept."""
    found, _ = select(table(change), Selection(**rules))
    return "".join(found.loc[found["record"] == 2, "target"].str[0])


@pytest.mark.parametrize(("change", "rules", "left"), [
    ({"Latitude": -44.23}, {}, "SH"), ({"Latitude": -44.24}, {}, ""),
    ({"Latitude": 69.42}, {}, "SH"), ({"Latitude": 69.43}, {}, ""),
    ({"Longitude": -150.33}, {}, "SH"), ({"Longitude": -150.34}, {}, ""),
    ({"Longitude": 175.77}, {}, "SH"), ({"Longitude": 175.78}, {}, ""),
    ({"Longitude": np.nan}, {}, ""), ({"Longitude": np.nan}, {"box": None}, ""),
    ({"Latitude": np.nan}, {"box": None}, ""),
    ({"Study_midyear": 1981.99}, {}, ""), ({"Study_midyear": 2013.01}, {"years": None}, "SH"),
    ({"Rs_annual": 100.0, "Rh_annual": 50.0}, {"min_flux": 50}, "S"),
    ({"Rs_annual": 100.0, "Rh_annual": 50.1}, {"min_flux": 50}, "SH"),
    ({"Rs_annual": 0.5, "Rh_annual": 0.25}, {}, "SH"),
    ({"Rs_annual": 900.0, "Rh_annual": 600.0}, {"max_flux": 600}, "H"),
    ({"Rs_annual": 600.1, "Rh_annual": 600.0}, {"max_flux": 600}, "H"),
    ({"Rs_annual": 300.0}, {"sr_above_hr": False}, "SH"), ({"Rs_annual": 300.0}, {}, ""),
    ({"Rs_annual": 299.0}, {}, ""), ({"Rs_annual": 301.0}, {}, "SH"),
    ({"Manipulation": "CO2"}, {"manipulation": ("None", "CO2")}, "SH"),
    ({"Manipulation": np.nan}, {"manipulation": None}, "SH"),
    ({"Rh_annual": np.nan, "Ra_annual": 250.0}, {}, "SH"),
    ({"Rh_annual": np.nan, "Ra_annual": 600.0}, {}, "S"),
    ({"Rh_annual": np.nan, "Ra_annual": 250.0}, {"heterotrophic": "reported"}, "S"),
    ({"Rh_annual": np.nan, "RC_annual": 0.2}, {}, "S"),
    ({"Rh_annual": np.nan, "RC_annual": 0.2}, {"heterotrophic": "ratio"}, "SH"),
])
def test_records_at_the_limits(change, rules, left):
    """Each bound from both sides, for SR and for HR."""
    assert kept(change, **rules) == left


@pytest.mark.parametrize(("change", "source", "hr"), [
    ({"Ra_annual": 250.0, "RC_annual": 0.9}, "difference", 350),
    ({"Ra_annual": 250.0, "RC_annual": 0.9}, "ratio", 350),
    ({"RC_annual": 0.3}, "ratio", 420), ({"RC_annual": 0.0}, "ratio", 600),
])
def test_heterotrophic_part_by_hand(change, source, hr):
    """600 - 250, or 600 x (1 - RC)."""
    made = table({**change, "Rh_annual": np.nan})
    assert observations._heterotrophic(made, source)[1] == pytest.approx(hr)
    assert observations._heterotrophic(made, source)[0] == 300


def test_a_record_in_full():
    """Every column of a record: the year rounded down, the study's climate before the site's."""
    made = table({"Study_temp": 9.5, "Study_precip": np.nan, "Quality_flag": "Q1",
                  "Study_midyear": 1999.0, "Study_number": 11, "Ecosystem_type": "Grass"})
    found, _ = select(made)
    assert tuple(found.columns) == COLUMNS and found.index.tolist() == [0, 1, 2, 3]
    assert found.iloc[1].to_dict() == {
        "record": 2, "study": 11, "lat": 50, "lon": 10, "year": 1999, "flux": 600, "target": "SR",
        "ecosystem": "Grass", "quality": "Q1", "reported_MAT": 9.5, "reported_MAP": 700,
    }
    assert found.iloc[2].to_dict() == {
        "record": 1, "study": 10, "lat": 50, "lon": 10, "year": 2000, "flux": 300, "target": "HR",
        "ecosystem": "Forest", "quality": "", "reported_MAT": 8, "reported_MAP": 650,
    }


def test_words_of_the_funnel():
    """Rules with their bounds: several manipulations, both fluxes, hemispheres."""
    _, funnel = select(table(), Selection(
        manipulation=("None", "CO2"), years=(1999.5, 2001), box=(0, 60.5, -0.5, 20), min_flux=12.5,
        max_flux=900, sr_above_hr=True,
    ))
    assert funnel["rule"].tolist() == [
        "All records", "A flux is given", "Manipulation is None or CO2", "Coordinates are given",
        "Flux above 12.5", "Flux at most 900", "SR larger than HR where both are given",
        "Mid-year in 1999.5 to 2001", "0 N to 60.5 N, 0.5 W to 20 E",
    ]
    assert funnel["SR"].tolist() == funnel["HR"].tolist() == [1] * 9


@pytest.mark.parametrize(("value", "letters", "words"), [
    (-44.23, "SN", "44.23 S"), (0, "SN", "0 N"), (0.5, "SN", "0.5 N"), (-0.5, "WE", "0.5 W"),
    (175.77, "WE", "175.77 E"), (-180, "WE", "180 W"),
])
def test_degrees_in_words(value, letters, words):
    """The equator counts as north and Greenwich as east."""
    assert observations._degrees(value, letters) == words


@pytest.mark.parametrize(("change", "words"), [
    ({"Rs_annual": np.nan, "Ra_annual": np.nan}, "No SR record is left after the rule 'A flux is "
     "given'. Relax the selection."),
    ({"Rh_annual": np.nan}, "No HR record is left after the rule 'A flux is given'. Relax the "
     "selection."),
    ({"Latitude": 80.0}, "No SR record is left after the rule '44.23 S to 69.42 N, 150.33 W to "
     "175.77 E'. Relax the selection."),
])
def test_an_empty_selection_in_full(change, words):
    """Target and rule, and what to do; SR is looked at first."""
    with pytest.raises(DataError, match=exactly(words)):
        select(pd.DataFrame([{**FIRST, **change}]))


def flagged(*flags):
    """Flags as (row, field, score, repair)."""
    rows = pd.DataFrame(flags, columns=["row", "field", "score", "repair"])
    return rows.set_index("row")


def test_suspicious_records_are_told_dropped_or_repaired():
    """The last line of the funnel counts what the rules before had left."""
    # Row 1 has no HR, row 2 is of a wrong year, row 3 is not suspicious enough.
    made = table({"Rh_annual": np.nan}, {"Study_midyear": 1950.0}, {})
    flags = flagged(
        (1, "Rs_annual", 0.9, "Rs_annual=700"), (2, "Latitude", 0.9, ""), (3, "Latitude", 0.1, "")
    )
    for quality, line, sr in (
        ("report", "Under suspicion, kept: 1 SR, 0 HR", [600, 600, 600]),
        ("drop", "Under suspicion, left out: 1 SR, 0 HR", [600, 600]),
        ("repair", "Suspicious value repaired: 1 SR, 0 HR", [600, 700, 600]),
    ):
        found, funnel = select(made, Selection(quality=quality), flags)
        assert funnel["rule"].iloc[-1] == line
        assert found.loc[found["target"] == "SR", "flux"].tolist() == sr
        assert funnel["SR"].iloc[-1] == len(sr) and funnel["HR"].iloc[-1] == 2
        assert funnel["SR"].iloc[-2] == 3


def test_flags_are_made_when_they_are_needed(monkeypatch):
    """Reporting without flags looks for none and has no line; dropping makes them."""
    asked = []

    def check(made):
        asked.append(len(made))
        return flagged((1, "Latitude", 0.5, ""))

    monkeypatch.setattr(observations.checks, "check", check)
    _, funnel = select(table({}))
    assert not asked and len(funnel) == 8 and funnel["SR"].iloc[-1] == 2
    _, funnel = select(table({}), Selection(quality="drop"))
    assert asked == [2] and len(funnel) == 9 and funnel["SR"].iloc[-1] == 1
    select(table({}), Selection(quality="drop"), flagged())
    assert asked == [2]


# ---------------------------------------------------------------- cells of sites


def made_cube(cells, size=0.5, years=(2000, 2001, 2002)):
    """A cube on which only some cells (lat, lon) have vegetation, a little, of bin 1."""
    axes = coordinates(size)
    lat, lon = axes["lat"], axes["lon"]
    land = xr.DataArray(np.zeros((lat.size, lon.size)), axes, ("lat", "lon"))
    lat, lon = land["lat"], land["lon"]
    for place in cells:
        land.loc[dict(zip(("lat", "lon"), place))] = 1
    mat = xr.DataArray(np.array(years, float), {"year": list(years)}, ("year",)) + 0 * lat * lon
    return xr.Dataset(
        {"MAT": mat, "SOC": lat + lon / 1000, "stratum": land.astype(np.int8),
         "vegetated_fraction": 0.01 * land},
        attrs={"recipe": "made"},
    )


@pytest.fixture(scope="module")
def one_cell():
    """The only valid cell is the one at 0.25 N, 0.25 E."""
    return made_cube([(0.25, 0.25)])


def observed(*places, year=2001.0, target="SR"):
    """Records at places (lat, lon)."""
    lat, lon = np.transpose(places).astype(float)
    return pd.DataFrame(
        {"record": range(1, len(places) + 1), "lat": lat, "lon": lon, "year": year,
         "target": target}
    )


def degrees(km):
    """Angle that a great circle of some length spans."""
    return np.rad2deg(km * 1e3 / EARTH_RADIUS)


@pytest.mark.parametrize(
    ("km", "near"), [(60.0, True), (99.9, True), (100.1, False), (150.0, False)]
)
@pytest.mark.parametrize("towards", ["north", "south", "east", "west"])
def test_a_site_moves_up_to_100_km(one_cell, km, near, towards):
    """From the site to the centre of the cell, in any direction."""
    away = degrees(km) * (1 if towards in ("north", "east") else -1)
    place = (0.25 + away, 0.25) if towards in ("north", "south") else (0.25, 0.25 + away)
    matched, report = match(observed(place), one_cell, ["MAT"])
    assert report == {
        "moved": {"SR": 1} if near else {}, "dropped": {} if near else {"SR": 1},
        "year_clipped": {},
    }
    if near:
        assert matched[["row", "col", "stratum"]].values.tolist() == [[179, 360, 1]]
        # The parallel of 0.25 degrees is by a hundred-thousandth shorter than the equator.
        assert matched["moved"].item() == pytest.approx(km, rel=2e-5)


def test_a_site_in_its_own_cell_does_not_move(one_cell):
    """Even where nothing may move, a record of a valid cell stays, wherever it lies in it."""
    places = [(0.01, 0.49), (0.25, 0.25), (0.51, 0.25)]
    matched, report = match(observed(*places), one_cell, ["MAT"], max_distance=0)
    assert matched["record"].tolist() == [1, 2] and matched["moved"].tolist() == [0, 0]
    assert report == {"moved": {}, "dropped": {"SR": 1}, "year_clipped": {}}


def test_the_antipodes_are_half_way_round(one_cell):
    """With any distance allowed, the other end of the Earth is pi R away."""
    matched, _ = match(observed((-0.25, -179.75)), one_cell, ["MAT"], max_distance=1e9)
    assert matched["moved"].item() == pytest.approx(np.pi * EARTH_RADIUS / 1e3, rel=1e-6)


def test_the_nearest_cell_goes_by_great_circles():
    """At 60 N one degree of longitude (56 km) is nearer than 0.75 of latitude (83 km)."""
    cube = made_cube([(60.25, 11.25), (61.0 + 0.25, 10.25)])
    matched, _ = match(observed((60.5 - 0.01, 10.25)), cube, ["MAT"])
    assert matched[["row", "col"]].values.tolist() == [[59, 382]]
    # At the equator it is the other way round: 1 degree is 111 km, 0.75 degrees are 83 km.
    cube = made_cube([(0.25, 11.25), (1.25, 10.25)])
    matched, _ = match(observed((0.5 - 0.01, 10.25)), cube, ["MAT"])
    assert matched[["row", "col"]].values.tolist() == [[177, 380]]


def test_only_sites_off_the_cells_move(one_cell):
    """Records in their own cell keep it, whatever moves around them; each has its distance."""
    places = [(1.0, 0.25), (0.3, 0.3), (0.25, -0.3), (40, 40)]
    target = ["SR", "HR", "HR", "HR"]
    matched, report = match(observed(*places, target=target), one_cell, ["MAT"])
    assert matched["record"].tolist() == [1, 2, 3] and matched.index.tolist() == [0, 1, 2]
    km = np.deg2rad([0.75, 0, 0.55]) * EARTH_RADIUS / 1e3
    np.testing.assert_allclose(matched["moved"], km, rtol=2e-5)
    assert report == {"moved": {"SR": 1, "HR": 1}, "dropped": {"HR": 1}, "year_clipped": {}}


def test_cells_of_a_coarser_cube():
    """Cells of 30 degrees: the size follows from the rows of the cube."""
    cube = made_cube([(45.0, 15.0), (-75.0, -165.0)], size=30)
    matched, _ = match(observed((31, 1), (59, 29), (-89, -179)), cube, ["MAT"])
    assert matched[["row", "col"]].values.tolist() == [[1, 6], [1, 6], [5, 0]]
    assert (matched["moved"] == 0).all()


@pytest.mark.parametrize(("year", "cube_year", "clipped"), [
    (1999, 2000, True), (2000, 2000, False), (2001, 2001, False), (2002, 2002, False),
    (2003, 2002, True), (1900, 2000, True),
])
def test_years_at_both_ends(one_cell, year, cube_year, clipped):
    """The first and the last year of the cube are its own; beyond, they stand in."""
    records = observed((0.2, 0.2), year=float(year), target="HR")
    matched, report = match(records, one_cell, ["MAT"])
    assert matched["cube_year"].tolist() == [cube_year]
    assert matched["year_clipped"].tolist() == [clipped]
    assert report["year_clipped"] == ({"HR": 1} if clipped else {})
    # MAT of the cube is the year itself.
    assert training_table(matched, one_cell, ["MAT", "SOC"]).values.tolist() == [
        [cube_year, pytest.approx(0.25025)]
    ]


def test_years_of_records_left_out_are_not_counted(one_cell):
    """A record that is too far off is dropped, not clipped."""
    records = observed((40, 40), (0.2, 0.2), year=[1950.0, 1950.0], target=["SR", "HR"])
    _, report = match(records, one_cell, ["MAT"])
    assert report == {"moved": {}, "dropped": {"SR": 1}, "year_clipped": {"HR": 1}}


def test_a_missing_year_in_full(one_cell):
    """The first record without a year, the recipe, and what to do."""
    records = observed((0.2, 0.2), (0.2, 0.2), (0.2, 0.2), year=[2000, np.nan, np.nan])
    words = (
        "Record 2 has no year, which recipe 'made' needs. Keep the rule on years in the "
        "selection, or use a climatological recipe."
    )
    with pytest.raises(DataError, match=exactly(words)):
        match(records, one_cell, ["MAT"])
    matched, _ = match(records, one_cell.mean("year"), ["MAT"])
    assert matched["year_clipped"].tolist() == [False] * 3


def test_no_valid_cell_in_full():
    """Recipe and predictors, and where to look; records are what brings it up."""
    words = (
        "No cell of the covariate cube (recipe 'made') has vegetation and all of MAT, SOC. "
        "Check the inputs of the recipe."
    )
    with pytest.raises(DataError, match=exactly(words)):
        match(observed((0, 0)), made_cube([]), ["MAT", "SOC"])


def test_an_unknown_predictor_in_full(one_cell):
    """What the cube has, and what to do."""
    words = (
        "The covariate cube (recipe 'made') has no predictor 'PAR'; it has MAT, SOC, stratum, "
        "vegetated_fraction. Choose another recipe or predictor."
    )
    with pytest.raises(DataError, match=exactly(words)):
        valid_cells(one_cell, ["MAT", "PAR"])


@pytest.mark.parametrize(("change", "valid"), [
    ({}, True), ({"stratum": 0}, False), ({"vegetated_fraction": 0.0}, False),
    ({"stratum": 5}, True), ({"vegetated_fraction": 1.0}, True), ({"SOC": np.nan}, False),
    ({"SOC": np.inf}, False), ({"SOC": 0.0}, True), ({"vegetated_fraction": np.nan}, False),
])
def test_what_makes_a_cell_valid(change, valid):
    """A bin, some vegetation and finite predictors, all of them."""
    cube = made_cube([(45.0, 15.0)], size=30)
    for name, value in change.items():
        cube[name].loc[{"lat": 45.0, "lon": 15.0}] = value
    mask = valid_cells(cube, ["MAT", "SOC"])
    assert mask.sum() == valid and mask[1, 6] == valid and mask.shape == (6, 12)


@pytest.mark.parametrize("year", [2000, 2001, 2002])
def test_a_predictor_must_be_there_in_every_year(year):
    """A gap in a single year makes the cell invalid, unless the predictor is not asked for."""
    cube = made_cube([(45.0, 15.0), (45.0, 45.0)], size=30)
    cube["MAT"].loc[{"lat": 45.0, "lon": 15.0, "year": year}] = np.nan
    assert np.argwhere(valid_cells(cube, ["MAT"])).tolist() == [[1, 7]]
    assert np.argwhere(valid_cells(cube, ["SOC"])).tolist() == [[1, 6], [1, 7]]
    assert np.argwhere(valid_cells(cube, [])).tolist() == [[1, 6], [1, 7]]


def test_training_table_keeps_order_and_index():
    """Columns as asked for, rows as matched, each with the value of its own year and cell."""
    cube = made_cube([(45.0, 15.0), (-15.0, -75.0)], size=30, years=(1990, 1991))
    matched = pd.DataFrame(
        {"row": [3, 1, 1], "col": [3, 6, 6], "cube_year": [1991, 1990, 1991]}, index=[7, 2, 5]
    )
    got = training_table(matched, cube, ["SOC", "MAT"])
    assert list(got) == ["SOC", "MAT"] and got.index.tolist() == [7, 2, 5]
    np.testing.assert_allclose(got["SOC"], [-15.075, 45.015, 45.015])
    assert got["MAT"].tolist() == [1991, 1990, 1991]


# ---------------------------------------------------------------- bins of vegetation


def igbp(shares):
    """A single cell with the shares of some IGBP classes."""
    field = xr.DataArray(np.zeros((17, 1, 1)), {"igbp": range(17)}, ("igbp", "lat", "lon"))
    for number, share in shares.items():
        field.loc[{"igbp": number}] = share
    return field


@pytest.mark.parametrize(("number", "bin_"), [
    (0, 0), (1, 3), (2, 1), (3, 3), (4, 2), (5, 3), (6, 4), (7, 4), (8, 5), (9, 5), (10, 5),
    (11, 5), (12, 5), (13, 0), (14, 5), (15, 0), (16, 0),
])
def test_bin_of_each_class(number, bin_):
    """Forests by leaf, shrubs, and all else that grows; water, towns, ice and bare land in none."""
    field = igbp({number: 0.001, 16: 0.9} if number != 16 else {16: 0.9})
    assert dominant_stratum(field).item() == bin_
    fractions = stratum_fractions(field)
    assert fractions["stratum"].values.tolist() == [1, 2, 3, 4, 5]
    expected = [0.001 * (k == bin_) for k in range(1, 6)]
    np.testing.assert_allclose(fractions.values.ravel(), expected)


def test_bins_in_words():
    """Attributes of the map of bins, one word to a bin."""
    best = dominant_stratum(igbp({2: 1}))
    assert best.name == "stratum" and best.dtype == np.int8
    assert best.attrs == {
        "long_name": "vegetation bin of the cell", "units": "1",
        "flag_values": [0, 1, 2, 3, 4, 5],
        "flag_meanings": (
            "none evergreen_broadleaf_forest deciduous_broadleaf_forest "
            "needleleaf_and_mixed_forest shrubland savanna_grassland_wetland_cropland"
        ),
    }
    assert len(STRATA) == 5 and list(DRAWS) == ["area", "area_without", "record", "bin"]


@pytest.mark.parametrize(("shares", "bin_"), [
    ({2: 0.3, 4: 0.3}, 1), ({4: 0.3, 6: 0.3}, 2), ({10: 0.3, 7: 0.3}, 4), ({2: 0.3, 4: 0.301}, 2),
    ({2: 0.4, 1: 0.2, 3: 0.21}, 3), ({8: 0.1, 9: 0.1, 2: 0.19}, 5),
])
def test_the_largest_bin_wins(shares, bin_):
    """Classes of a bin count together, ties go to the lower number."""
    assert dominant_stratum(igbp(shares)).item() == bin_


def test_area_shares_of_two_rows():
    """Cells of 1 and 3 m2: 0.5 x 1 of bin 2 and 0.25 x 3 of bin 4 are 2/5 and 3/5."""
    field = xr.concat([igbp({4: 0.5}), igbp({6: 0.25, 16: 0.75})], "lat")
    shares = area_shares(xr.Dataset({"igbp_fraction": field, "cell_area": ("lat", [1.0, 3.0])}))
    np.testing.assert_allclose(shares, [0, 0.4, 0, 0.6, 0])
    assert shares.index.tolist() == [1, 2, 3, 4, 5] and shares.index.name == "stratum"


# ---------------------------------------------------------------- draws

SHARES = pd.Series({1: 0.5, 2: 0.3, 3: 0.2, 4: 0.0})


@pytest.mark.parametrize(("draw", "chance"), [
    ("area", [1 / 4, 1 / 4, 3 / 10, 1 / 5]), ("area_without", [1 / 4, 1 / 4, 3 / 10, 1 / 5]),
    ("record", [1 / 4] * 4), ("bin", [1 / 6, 1 / 6, 1 / 3, 1 / 3]),
])
def test_chances_by_hand(draw, chance):
    """Two records of bin 1, one each of 2 and 3; bin 4 has neither area nor records."""
    got = draw_probabilities([1, 1, 2, 3], SHARES, draw)
    np.testing.assert_allclose(got, chance, rtol=1e-12)
    # Shares need not add up to one.
    np.testing.assert_allclose(draw_probabilities([1, 1, 2, 3], SHARES / 7, draw), chance)


@pytest.mark.parametrize(("draw", "chance"), [
    ("area", [0.5, 0.3, 0.2, 0]), ("bin", [1 / 3, 1 / 3, 1 / 3, 0]), ("record", [1 / 4] * 4),
])
def test_records_without_area(draw, chance):
    """A record whose bin has no area is drawn only where every record is drawn alike."""
    np.testing.assert_allclose(draw_probabilities([1, 2, 3, 4], SHARES, draw), chance)


def test_area_is_the_default():
    """Neither chances nor runs need be told to go by area."""
    strata = np.repeat([1, 2, 3], [3, 2, 9])
    np.testing.assert_array_equal(
        draw_probabilities(strata, SHARES), draw_probabilities(strata, SHARES, "area")
    )
    one = draw_run(strata, SHARES, np.random.default_rng(1))
    other = draw_run(strata, SHARES, np.random.default_rng(1), 0.8, "area")
    for got, wanted in zip(one, other, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize(("strata", "draw", "words"), [
    ([1, 2, 3, 9, 8], "area", "Records lie in bin 8, which has no area share."),
    ([0, 1, 2, 3], "record", "Records lie in bin 0, which has no area share."),
    ([1, 1, 3], "area", "No record in bin 2 (deciduous broadleaf forest). {}"),
    ([1, 1], "bin", "No record in bin 2 (deciduous broadleaf forest), 3 (needleleaf and mixed "
     "forest). {}"),
    ([2, 3], "area_without", "No record in bin 1 (evergreen broadleaf forest). {}"),
])
def test_bins_that_do_not_match_in_full(strata, draw, words):
    """Bins without area, and bins without records, by number and name."""
    words = words.format(
        "The draw by bins needs records in each of them: widen the selection, or draw every "
        "record alike (draw='record')."
    )
    for call in (
        lambda: draw_probabilities(strata, SHARES, draw),
        lambda: draw_run(strata, SHARES, np.random.default_rng(0), draw=draw),
    ):
        with pytest.raises(DataError, match=exactly(words)):
            call()


def test_bins_of_other_numbers_have_no_name():
    """A bin that is none of the five is told by its number."""
    with pytest.raises(DataError, match=r"^No record in bin 7, 2 \(deciduous broadleaf forest\)\."):
        draw_probabilities([1], pd.Series({1: 0.2, 7: 0.3, 2: 0.5}))


@pytest.mark.parametrize("fraction", [0, -0.1, 1.0001, 80, np.nan])
def test_fractions_out_of_range_in_full(fraction):
    """Above 0 and at most 1."""
    words = f"train_fraction must be above 0 and at most 1, got {fraction}."
    for draw in DRAWS:
        with pytest.raises(ParameterError, match=exactly(words)):
            draw_run([1, 2, 3], SHARES, np.random.default_rng(0), fraction, draw)


def test_unknown_draws_in_full():
    """What there is, and what was asked for."""
    words = "draw must be one of area, area_without, record, bin; got 'equal'."
    with pytest.raises(ParameterError, match=exactly(words)):
        draw_probabilities([1, 2, 3], SHARES, "equal")
    with pytest.raises(ParameterError, match=exactly(words)):
        draw_run([1, 2, 3], SHARES, np.random.default_rng(0), draw="equal")


@pytest.mark.parametrize("draw", ["area", "record", "bin"])
@pytest.mark.parametrize(("fraction", "trained"), [
    # bins of 1, 2 and 5 records: half of them is 0.5, 1 and 2.5, rounded to even, one at least
    (0.5, (1, 1, 2)), (1.0, (1, 2, 5)), (0.001, (1, 1, 1)), (0.8, (1, 2, 4)), (0.7, (1, 1, 4)),
])
def test_records_that_train(draw, fraction, trained):
    """So many of each bin train, as many are drawn, the others are held out."""
    strata = np.array([3, 2, 3, 1, 3, 2, 3, 3])
    for seed in range(5):
        drawn, held_out = draw_run(strata, SHARES, np.random.default_rng(seed), fraction, draw)
        assert len(drawn) == sum(trained) and len(held_out) == 8 - sum(trained)
        assert not set(drawn) & set(held_out) and (np.diff(held_out) > 0).all()
        left = [int((strata[held_out] == k).sum()) for k in (1, 2, 3)]
        assert left == [1 - trained[0], 2 - trained[1], 5 - trained[2]]


@pytest.mark.parametrize(("fraction", "n"), [(1.0, 8), (0.5, 4), (0.01, 1), (0.8, 6), (0.1, 1)])
def test_records_drawn_without_replacement(fraction, n):
    """A part of all records, one at least, none of them twice; the others are held out."""
    strata = np.array([3, 2, 3, 1, 3, 2, 3, 3])
    for seed in range(5):
        rng = np.random.default_rng(seed)
        drawn, held_out = draw_run(strata, SHARES, rng, fraction, "area_without")
        assert len(set(drawn)) == len(drawn) == n
        assert sorted([*drawn, *held_out]) == list(range(8)) and (np.diff(held_out) > 0).all()


def test_records_without_area_cannot_be_drawn():
    """Without replacement no more are drawn than have a chance."""
    strata = np.array([4, 1, 4, 2, 3, 4])
    for fraction, n in ((1.0, 3), (0.5, 3), (0.3, 2)):
        rng = np.random.default_rng(0)
        drawn, held_out = draw_run(strata, SHARES, rng, fraction, "area_without")
        assert len(drawn) == n and set(drawn) <= {1, 3, 4} and {0, 2, 5} <= set(held_out)


def test_shares_of_draws_by_hand():
    """Each run's draws by bin, in the order of the bins, 0 where there are none."""
    got = realised_shares([np.array([0, 1, 1, 3]), np.array([2])], np.array([1, 2, 2, 3]), SHARES)
    assert list(got) == [1, 2, 3, 4] and got.index.tolist() == [0, 1]
    assert got.values.tolist() == [[0.25, 0.5, 0.25, 0], [0, 1, 0, 0]]


# ---------------------------------------------------------------- the twin's world


def small_world(**more):
    """Four cells at 0 degC with the precipitation that halves the rate; one has no vegetation."""
    place = {"lat": [45.0, -45.0], "lon": [-90.0, 90.0]}
    year = xr.DataArray(np.zeros((12, 2, 2)), place, ("month", "lat", "lon"))
    return xr.Dataset({
        "tas": year, "pr": year + 42.59,
        "vegetated_fraction": (("lat", "lon"), [[0.5, 0.25], [0.0, 1.0]]),
        "cell_area": ("lat", [4e15, 1e15]), **more,
    })


def test_truth_by_hand(monkeypatch):
    """SR 0.625 x 365.25 where there is vegetation; totals go by the vegetated area."""
    monkeypatch.setattr(twin, "load_embedded", small_world)
    fields, totals = twin.truth()
    sr = 0.625 * 365.25
    hr = np.exp(1.22) * sr**0.73
    np.testing.assert_allclose(fields["SR"], [[sr, sr], [np.nan, sr]])
    np.testing.assert_allclose(fields["HR"], [[hr, hr], [np.nan, hr]])
    # 4 x 0.5 + 4 x 0.25 + 1 x 1 = 4 times 10^15 m2
    assert totals == pytest.approx({"SR": 4 * sr, "HR": 4 * hr})
    assert list(totals) == ["SR", "HR"]


def test_truth_of_a_benchmark(monkeypatch):
    """HR is the one that is possible together with SR; the path goes to the reader."""
    asked = []

    def load(path):
        asked.append(path)
        flux = xr.DataArray([[3.0, 5.0], [7.0, 11.0]], dims=("lat", "lon"))
        return small_world(SR=flux, HR=0 * flux, HR_joint=flux / 2)

    monkeypatch.setattr(twin, "load_benchmark", load)
    fields, totals = twin.truth("benchmark", "x.nc")
    assert asked == ["x.nc"] and list(fields) == ["SR", "HR"]
    # 3 x 2 + 5 x 1 + 11 x 1
    assert totals == pytest.approx({"SR": 22, "HR": 11})


def test_unknown_truths_in_full():
    """What there is, and what was asked for."""
    words = "Unknown truth 'model': choose one of climate_response, benchmark."
    with pytest.raises(ParameterError, match=exactly(words)):
        twin.truth("model")


def test_a_network_that_cannot_be_read_in_full(tmp_path):
    """Path, cause and remedy."""
    path = tmp_path / "none.json"
    with pytest.raises(DataError) as refusal:
        twin.read_network(path)
    words = str(refusal.value)
    assert words.startswith(f"{path} cannot be read ([Errno 2] No such file or directory")
    assert words.endswith("). It ships with the project; restore it from there.")


PLACE = {"lat": [60.0, 59.75, 50.0, 49.75], "lon": [0.0, 10.0, 20.0]}


def placed(records, seed=0, flux=None, bins=None, **shape):
    """Records of a made network on four rows and three columns, by the twin's rule."""
    stratum = xr.DataArray(np.full((4, 3), 3) if bins is None else bins, PLACE, ("lat", "lon"))
    field = xr.DataArray(np.full((4, 3), 0.5) if flux is None else flux, PLACE, ("lat", "lon"))
    network = {"records": records, "records_per_site": 1.0, "sites_per_study": 1.0,
               "years": {"2000": 1}, **shape}
    return twin._place(network, stratum, field, np.random.default_rng(seed))


def test_a_band_holds_its_southern_edge():
    """50 N belongs to the band from 50 to 60 N, 60 N does not; fluxes below 1 will do."""
    assert twin.BAND == 10
    got = placed({"3,50": 200})
    assert set(got["lat"]) == {59.75, 50.0} and set(got["lon"]) == {0, 10, 20}
    assert set(placed({"3,60": 50})["lat"]) == {60.0}
    assert set(placed({"3,40": 50})["lat"]) == {49.75}
    assert list(got) == ["study", "row", "col", "year", "lat", "lon"]
    assert set(got["row"]) == {1, 2} and got["year"].dtype == float


def test_only_cells_of_the_bin_with_a_flux():
    """Other bins, no flux and missing flux are passed over."""
    bins, flux = np.full((4, 3), 3), np.full((4, 3), 7.0)
    bins[1, 0] = 5
    flux[1, 1], flux[2, 0], flux[2, 1] = 0, np.nan, 0.001
    got = placed({"3,50": 100}, flux=flux, bins=bins)
    assert {(r, c) for r, c in zip(got["row"], got["col"])} == {(1, 2), (2, 1), (2, 2)}
    words = "The twin's network puts records in bin 4, 50 N, without a cell."
    with pytest.raises(DataError, match=exactly(words)):
        placed({"3,50": 1, "4,50": 1}, bins=bins)


def test_one_record_to_a_site_and_one_site_to_a_study():
    """With means of one every record is a study of its own, numbered through."""
    got = placed({"3,50": 30, "3,60": 12})
    assert got["study"].tolist() == list(range(42))
    assert (got["lat"][:30] < 60).all() and (got["lat"][30:] == 60).all()


@pytest.mark.parametrize(("per_site", "per_study"), [(3.0, 1.0), (1.0, 4.0), (2.5, 2.0)])
def test_sizes_of_studies(per_site, per_study):
    """On average a study has records per site times sites per study; the sum is as asked for."""
    got = placed({"3,50": 4000}, records_per_site=per_site, sites_per_study=per_study)
    assert len(got) == 4000
    size = got.groupby("study").size()
    # Five standard errors of a compound Poisson number.
    variance = per_study * (per_site - 1) + (per_study - 1) * per_site**2
    assert abs(size.mean() - per_site * per_study) < 5 * np.sqrt(variance / len(size)) + 0.01
    assert got["study"].is_monotonic_increasing and got["study"].max() == len(size) - 1
    assert (got.groupby("study")["year"].nunique() == 1).all()


def test_years_by_their_chance():
    """2001 three times as often as 2000, and none else."""
    got = placed({"3,50": 2000}, years={"2000": 1, "2001": 3, "2002": 0})
    part = got["year"].value_counts(normalize=True)
    assert set(part.index) == {2000, 2001}
    assert abs(part[2001] - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 2000)


def test_only_sites_near_the_first_belong_to_a_study():
    """Of 100 cells in a row the sites of a study span fewer than the 30 nearest to one of them."""
    place = {"lat": [55.0], "lon": np.arange(100.0)}
    one = xr.DataArray(np.ones((1, 100)), place, ("lat", "lon"))
    network = {"records": {"1,50": 2000}, "records_per_site": 1.0, "sites_per_study": 200.0,
               "years": {"2000": 1}}
    got = twin._place(network, one, one, np.random.default_rng(0))
    # About 200 sites of a study out of 30 cells: all of them are met.
    cells = got.groupby("study")["col"]
    full = cells.size() > 150
    assert full.sum() >= 5 and (cells.nunique()[full] >= 29).all()
    assert (cells.nunique() <= 30).all() and (cells.max() - cells.min() <= 29).all()


@pytest.fixture
def twins(monkeypatch):
    """A small world whose SR is 100 everywhere, all of it in bin 3, and a sampler of it."""
    stratum = xr.DataArray(np.full((4, 3), 3), PLACE, ("lat", "lon"))
    flux = xr.DataArray(np.full((4, 3), 100.0), PLACE, ("lat", "lon"))
    fields = xr.Dataset({"SR": flux, "HR": flux / 2})
    monkeypatch.setattr(twin, "truth", lambda source, path: (fields, {}))
    monkeypatch.setattr(twin, "load_embedded", lambda: {"igbp_fraction": None})
    monkeypatch.setattr(twin, "dominant_stratum", lambda fraction: stratum)

    def sample(seed=0, targets=("SR",), noise=True, **shape):
        network = {"records": {"3,50": 50}, "records_per_site": 1.0, "sites_per_study": 1.0,
                   "years": {"2000": 1}, "study_sd": 0.0, "record_sd": 0.0, **shape}
        return twin.sample(seed, {"source": "made"} | dict.fromkeys(targets, network), noise)

    return sample


def test_a_twin_without_spread_is_the_truth(twins):
    """Noise of no size changes nothing; what is no target is passed over."""
    got = twins(targets=("SR", "HR"))
    assert tuple(got.columns) == COLUMNS and len(got) == 100
    assert got["flux"].tolist() == [100] * 50 + [50] * 50
    assert got["target"].tolist() == ["SR"] * 50 + ["HR"] * 50
    assert got["record"].tolist() == list(range(1, 101))
    assert (got["ecosystem"] == "").all() and (got["quality"] == "synthetic").all()
    assert got[["reported_MAT", "reported_MAP"]].isna().all(axis=None)


@pytest.mark.parametrize(("study_sd", "record_sd"), [(0.5, 0.0), (0.0, 0.5), (0.3, 0.4)])
def test_noise_has_mean_one(twins, study_sd, record_sd):
    """The logarithm of the noise is 0.125 low on average, half its variance of 0.25."""
    got = twins(records={"3,50": 3000}, study_sd=study_sd, record_sd=record_sd)
    noise = np.log(got["flux"] / 100)
    assert abs(noise.mean() + 0.125) < 4 * 0.5 / np.sqrt(3000)
    assert abs(noise.std() - 0.5) < 4 * 0.5 / np.sqrt(6000)
    assert abs(got["flux"].mean() / 100 - 1) < 4 * np.sqrt(np.exp(0.25) - 1) / np.sqrt(3000)


def test_studies_share_their_effect_and_records_do_not(twins):
    """With a study effect alone, a study has one flux; with record noise alone, as many as rows."""
    shape = {"records": {"3,50": 300}, "records_per_site": 5.0, "sites_per_study": 2.0}
    got = twins(**shape, study_sd=0.5).groupby("study")["flux"]
    assert (got.nunique() == 1).all() and got.first().nunique() == got.ngroups > 10
    assert twins(**shape, record_sd=0.5)["flux"].nunique() == 300
    assert (twins(**shape, study_sd=0.5, record_sd=0.5, noise=False)["flux"] == 100).all()


# ---------------------------------------------------------------- climate response

DAYS = [31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


@pytest.mark.parametrize("month", range(12))
def test_each_month_has_its_days(month):
    """Rain in a single month at 0 degC, as much as halves the rate: 0.625 x its days."""
    pr = np.zeros(12)
    pr[month] = 42.59
    assert float(raich_2002(np.zeros(12), pr)) == pytest.approx(0.625 * DAYS[month], rel=1e-12)
    days = np.arange(1.0, 13)
    got = raich_2002(np.zeros(12), pr, days_in_month=days)
    assert float(got) == pytest.approx(0.625 * (month + 1), rel=1e-12)


@pytest.mark.parametrize("tas", [-13.4, -13.3, -13.2, 0.0, 10.0, 33.4, 33.5, 33.6, 59.0])
@pytest.mark.parametrize("pr", [0.0, 0.5, 42.59, 300.0])
def test_raich_formula_with_its_constants(tas, pr):
    """1.250 e^(0.05452 T) P / (4.259 + P), P in cm and T held within -13.3 to 33.5 degC."""
    held = min(max(tas, -13.3), 33.5)
    expected = 365.25 * 1.250 * np.exp(0.05452 * held) * (pr / 10) / (4.259 + pr / 10)
    got = raich_2002(np.full(12, tas), np.full(12, pr))
    assert float(got) == pytest.approx(expected, rel=1e-12)


def test_raich_with_other_constants():
    """Twice the base is twice the flux; every constant can be given."""
    got = raich_2002(
        np.full(12, 50.0), np.full(12, 10.0), base=3, q=0.1, k=1, coldest=-5, hottest=20,
        days_in_month=np.ones(12),
    )
    assert float(got) == pytest.approx(12 * 3 * np.exp(2) / 2, rel=1e-12)
    cold = raich_2002(
        np.full(12, -50.0), np.full(12, 10.0), base=3, q=0.1, k=1, coldest=-5, hottest=20,
        days_in_month=np.ones(12),
    )
    assert float(cold) == pytest.approx(12 * 3 * np.exp(-0.5) / 2, rel=1e-12)


def test_sixty_degrees_are_the_limit():
    """60 degC is taken, a little more is told as kelvin, even in a single month."""
    assert climate_response.HOTTEST_MONTH == 60
    tas = np.zeros(12)
    tas[6] = 60.0
    assert np.isfinite(raich_2002(tas, np.ones(12)))
    tas[6] = 60.06
    words = "tas reaches 60.1; expected monthly means in degC. Subtract 273.15 if it is in kelvin."
    with pytest.raises(DataError, match=exactly(words)):
        raich_2002(tas, np.ones(12))


def test_no_rain_is_the_limit():
    """0 mm is taken, a little less is refused with its value."""
    pr = np.full(12, 0.5)
    pr[3] = 0
    assert float(raich_2002(np.zeros(12), pr)) > 0
    pr[3] = -0.00123
    words = "pr falls to -0.00123; expected precipitation in mm month-1."
    with pytest.raises(DataError, match=exactly(words)):
        raich_2002(np.zeros(12), pr)


@pytest.mark.parametrize(("tas", "pr", "words"), [
    (np.zeros((11, 2)), np.zeros((12, 2)), "tas has dimensions {'month': 11, 'd1': 2}"),
    (np.zeros(12), np.zeros((13, 2, 3)), "pr has dimensions {'month': 13, 'd1': 2, 'd2': 3}"),
    (xr.DataArray(np.zeros(12), dims="time"), np.zeros(12), "tas has dimensions {'time': 12}"),
])
def test_months_must_be_twelve(tas, pr, words):
    """The dimensions are told, of either input."""
    words += "; expected 12 months along `month` (numpy arrays: along the first axis)."
    with pytest.raises(DataError, match=exactly(words)):
        raich_2002(tas, pr)


@pytest.mark.parametrize("days", [[30] * 11, [30] * 13, [[30]] * 12, 30])
def test_days_must_be_twelve(days):
    """The shape is told."""
    words = f"days_in_month needs 12 values, got {np.shape(days)}."
    with pytest.raises(ParameterError, match=exactly(words)):
        raich_2002(np.zeros(12), np.zeros(12), days_in_month=days)


def test_results_are_of_the_kind_that_was_given():
    """Arrays give arrays without the months, xarray gives units and names, whatever the months."""
    assert isinstance(raich_2002(np.zeros((12, 2, 3)), np.ones((12, 2, 3))), np.ndarray)
    assert raich_2002(np.zeros((12, 2, 3)), np.ones((12, 2, 3))).shape == (2, 3)
    field = xr.DataArray(np.zeros(12), {"month": np.arange(101, 113)}, ("month",))
    got = raich_2002(field, field + 42.59)
    assert float(got) == pytest.approx(0.625 * 365.25)
    assert got.attrs == {
        "units": "g m-2 yr-1", "long_name": "soil respiration, carbon (Raich et al. 2002)",
    }


@pytest.mark.parametrize("sr", [0.0, 0.5, 10.0, 91.6, 91.8, 1000.0])
def test_bond_lamberty_formula_with_its_constants(sr):
    """e^1.22 SR^0.73, at most SR, which it meets at e^(1.22 / 0.27) = 91.7."""
    line = np.exp(1.22) * sr**0.73
    assert float(bond_lamberty_2004(sr)) == pytest.approx(min(line, sr), rel=1e-12)
    assert float(bond_lamberty_2004(sr, cap=False)) == pytest.approx(line, rel=1e-12)
    assert (line > sr) == (0 < sr < np.exp(1.22 / 0.27))
    other = bond_lamberty_2004(sr, intercept=0, slope=0.5, cap=False)
    assert float(other) == pytest.approx(sr**0.5)


def test_bond_lamberty_in_words():
    """Attributes of a field, and a negative value told among gaps."""
    got = bond_lamberty_2004(xr.DataArray([100.0, np.nan], dims="lat"))
    assert got.attrs == {
        "units": "g m-2 yr-1",
        "long_name": "heterotrophic respiration, carbon (Bond-Lamberty et al. 2004)",
    }
    assert np.isnan(got[1])
    words = "SR falls to -0.001236; expected g C m-2 yr-1, not negative."
    with pytest.raises(DataError, match=exactly(words)):
        bond_lamberty_2004([5.0, np.nan, -0.0012358, -0.0001])


@settings(max_examples=25)
@given(st.floats(-40, 59), st.floats(0.1, 500), st.floats(0.1, 3))
def test_raich_is_linear_in_the_base(tas, pr, times):
    """So many times the base is so many times the flux."""
    one = raich_2002(np.full(12, tas), np.full(12, pr))
    other = raich_2002(np.full(12, tas), np.full(12, pr), base=1.25 * times)
    assert float(other) == pytest.approx(times * float(one), rel=1e-9)
