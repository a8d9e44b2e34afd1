"""Recipes, readers, radiation, reported climate and releases, line by line."""

import math
from dataclasses import FrozenInstanceError
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml

from soilresp.covariates import recipes, sources
from soilresp.covariates.radiation import (
    daily_extraterrestrial,
    extraterrestrial_radiation,
    shortwave_from_cloud,
)
from soilresp.covariates.recipes import PREDICTORS, Recipe, Source, read_recipes, recipe_of
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import cell_area, coordinates
from soilresp.records import releases, reported


def message(function, *args, error=DataError, **kwargs):
    """What a call says when it refuses."""
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    return str(caught.value)


# The file of recipes

WAY_OUT = "Correct it, or restore it with `git checkout data/recipes.yaml`."


def declared(**recipe):
    """The content of a small file with one recipe, whose parts may be changed."""
    source = {"reader": "r", "variable": "v", "conversion": "c", "period": "p", "product": "P"}
    names = ("tas", "pr", "vap", "rsds", "lai", "vegetation")
    plain = {
        "summary": "s", "years": [1982, 1983], "fields": {name: dict(source) for name in names}
    }
    return {
        "predictors": {p: ["tas"] for p in PREDICTORS},
        "fields": {"one": dict(source), "two": dict(source)}, "recipes": {"mine": plain | recipe},
    }


def read(tmp_path, content):
    """Read a file of recipes with this content."""
    path = tmp_path / "recipes.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return read_recipes(path)


@pytest.mark.parametrize("years", [None, [1982, 1983], [1982, 1982]])
def test_years_that_a_recipe_may_have(tmp_path, years):
    """None, or two, which may be the same."""
    assert read(tmp_path, declared(years=years)) == declared(years=years)


@pytest.mark.parametrize(
    "years", [[1983, 1982], [1982], [1982, 1983, 1984], [], [1982, 1983.0], [True, 1982],
              ["1982", "1983"]]
)
def test_years_that_a_recipe_may_not_have(tmp_path, years):
    """The last before the first, another number of them, or what is no whole number."""
    assert message(read, tmp_path, declared(years=years)) == (
        f"{tmp_path}/recipes.yaml, recipe mine: years should be null, or the first and the last, "
        f"got {years}. {WAY_OUT}"
    )


@pytest.mark.parametrize("name", PREDICTORS)
def test_predictor_that_is_not_declared(tmp_path, name):
    """Each of the ten must say what it is made of."""
    content = declared()
    del content["predictors"][name]
    assert message(read, tmp_path, content) == (
        f"{tmp_path}/recipes.yaml, predictors: {name!r} is missing. {WAY_OUT}"
    )


@pytest.mark.parametrize("name", ["tas", "pr", "vap", "rsds", "lai", "vegetation"])
def test_field_that_a_recipe_lacks(tmp_path, name):
    """Soil carbon may be left out, the other six may not."""
    content = declared()
    del content["recipes"]["mine"]["fields"][name]
    assert message(read, tmp_path, content) == (
        f"{tmp_path}/recipes.yaml, recipe mine: no field {name!r}. {WAY_OUT}"
    )


def test_fallback_that_is_not_declared(tmp_path):
    """A fallback is one of the declared fields; they are listed."""
    content = declared()
    content["recipes"]["mine"]["fields"]["pr"]["fallback"] = "two"
    assert read(tmp_path, content) == content
    content["recipes"]["mine"]["fields"]["pr"]["fallback"] = "three"
    assert message(read, tmp_path, content) == (
        f"{tmp_path}/recipes.yaml, recipe mine, pr: its fallback 'three' is not among the fields "
        f"that are declared, one, two. {WAY_OUT}"
    )


@pytest.mark.parametrize("part", ["reader", "variable", "conversion", "period", "product"])
def test_part_that_a_source_lacks(tmp_path, part):
    """A source says all five; inputs, constants, fallback and anomalies may be left out."""
    content = declared()
    del content["recipes"]["mine"]["fields"]["pr"][part]
    assert message(read, tmp_path, content) == (
        f"{tmp_path}/recipes.yaml, recipes, mine, fields, pr: {part!r} is missing. {WAY_OUT}"
    )


@pytest.mark.parametrize(("part", "value", "words"), [
    ("inputs", "x", "inputs should be a list, it is 'x'."),
    ("inputs", [1], "inputs, item 1 should be a text, it is 1."),
    ("constants", [None], "constants, item 1 should be a text, it is None."),
    ("fallback", 3, "fallback should be a text, it is 3."),
    ("anomalies", "x", "anomalies should be names with values, it is 'x'."),
    ("product", 3, "product should be a text, it is 3."),
])
def test_part_of_another_kind(tmp_path, part, value, words):
    """What a part should be is told, and where it stands."""
    content = declared()
    content["recipes"]["mine"]["fields"]["pr"][part] = value
    assert message(read, tmp_path, content) == (
        f"{tmp_path}/recipes.yaml, recipes, mine, fields, pr, {words} {WAY_OUT}"
    )


def source(*inputs, anomalies=None, product="P"):
    """A source with these inputs."""
    return Source("r", "v", "c", "p", product, inputs, anomalies=anomalies)


def test_needs_of_a_source_and_a_recipe():
    """Inputs, then those of the anomalies; a recipe's in order, each once."""
    both = source("a", "b", anomalies=source("c", product="Q"))
    assert both.needs == ("a", "b", "c") and source("a").needs == ("a",)
    assert both.words == "P with Q" and source().words == "P"
    recipe = Recipe("mine", "", None, {"tas": both, "pr": source("b", "d"), "lai": source()})
    assert recipe.needs == ("a", "b", "c", "d")


@pytest.mark.parametrize(("fields", "predictors"), [
    (["tas"], ["MAT"]), (["pr"], ["Prec"]), (["tas", "pr"], ["MAT", "Prec", "Prec_GS"]),
    (["vap"], []), (["vap", "tas"], ["MAT", "RH", "RH_GS"]), (["lai", "soc"], ["LAI", "SOC"]),
    (["rsds", "tas"], ["MAT", "PAR", "PAR_GS"]),
])
def test_predictors_of_some_fields(fields, predictors):
    """A predictor can be had where all that it is made of is there, in the paper's order."""
    recipe = Recipe("mine", "", None, {name: source() for name in fields})
    assert recipe.predictors == tuple(predictors)


def test_recipes_as_declared():
    """Years, the sources with their fallbacks and anomalies, and what is read as text."""
    assert list(recipes.recipes()) == ["delta", "embedded", "cru_ts", "merra2"]
    assert [recipe_of(n).years for n in recipes.recipes()] == [
        (1982, 2012), None, (1982, 2012), (1982, 2012)
    ]
    delta = recipe_of("delta")
    assert delta.needs == (
        "cru_cl_tmp", "gistemp", "cru_cl_pre", "ghcn_prcp", "cru_cl_vap", "cru_cl_rad", "hwsd_oc",
        "hwsd_bulk_density",
    )
    tas = delta.fields["tas"]
    assert tas.fallback == recipe_of("embedded").fields["tas"] and tas.fallback.fallback is None
    assert tas.anomalies.constants == ("base_shift",) and tas.anomalies.inputs == ("gistemp",)
    assert recipe_of("embedded").fields["vegetation"].period == "2019"
    assert not delta.summary.endswith("\n")


def test_recipes_are_read_once():
    """Who asks again gets the same ones, which nobody can change."""
    assert recipes.recipes() is recipes.recipes() and recipes._declared() is recipes._declared()
    delta = recipe_of("delta")
    for of, name in ((delta, "years"), (delta.fields["tas"], "inputs")):
        with pytest.raises(FrozenInstanceError):
            setattr(of, name, ())


def test_recipe_that_nobody_knows():
    """The known ones are listed, the one to prefer first."""
    assert message(recipe_of, "x", error=ParameterError) == (
        "Unknown recipe 'x': choose one of delta, embedded, cru_ts, merra2."
    )


class Unspeakable:
    """A value that has no text."""

    def __str__(self):
        raise ValueError("no words")


@pytest.mark.parametrize(("told", "words"), [
    ({"reader": "r", "colour": "red"}, "unexpected keyword argument 'colour'"),
    ({"reader": "r"}, "missing 4 required positional arguments"),
    ({"reader": "r", "fallback": "nowhere"}, "'nowhere'"),
    ({"reader": Unspeakable()}, "no words"),
])
def test_source_that_is_not_well_declared(told, words):
    """The recipe, the field and the fault are named."""
    said = message(recipes._source, "mine", "pr", told)
    start = "data/recipes.yaml: field 'pr' of recipe 'mine' is not well declared ("
    assert said.startswith(start) and words in said and said.endswith(").")


# Readers


def told(reader="r", variable="v", inputs=("a", "b")):
    """A source for a reader."""
    return SimpleNamespace(reader=reader, variable=variable, inputs=inputs)


def test_reader_gets_its_files(monkeypatch):
    """The paths of its inputs in their order, the years, and the fields that ship."""
    monkeypatch.setitem(sources.READERS, "hwsd", lambda *given: given)
    wanted = told("hwsd")
    files = {"b": 2, "c": 3, "a": 1}
    assert sources.read_field(wanted, files, (2001, 2002), "embedded") == (
        wanted, [1, 2], (2001, 2002), "embedded"
    )


def test_reader_that_nobody_knows():
    """All readers are listed."""
    assert message(sources.read_field, told("x"), {}, None, None) == (
        "data/recipes.yaml names a reader 'x'; known are embedded, cru_cl, gistemp, ghcn, hwsd, "
        "gsde, cru_ts, cru_ts_radiation, merra2, glass_lai, gimms_lai4g. Correct the recipe."
    )


@pytest.mark.parametrize(("reader", "function", "expected"), [
    ("cru_cl", "read_cru_cl", ("A", "v")), ("gistemp", "read_gistemp", ("A", (1, 2))),
    ("ghcn", "read_ghcn", ("A", (1, 2))), ("hwsd", "read_soil_carbon", ("A", "B")),
    ("cru_ts", "read_cru_ts", ("A", "v", (1, 2))),
])
def test_what_readers_are_given(monkeypatch, reader, function, expected):
    """Path, variable and years, as each function takes them."""
    monkeypatch.setattr(sources, function, lambda *given: given)
    assert sources.read_field(told(reader), {"a": "A", "b": "B"}, (1, 2), None) == expected


def test_fields_that_ship():
    """A field by its name; one that is not there is missed, and the others are listed."""
    embedded = xr.Dataset({"tas": ("x", [1.0]), "pr": ("x", [2.0])})
    found = sources.read_field(told("embedded", "pr", ()), {}, None, embedded)
    assert found.values.tolist() == [2]
    assert message(sources.read_field, told("embedded", "rh", ()), {}, None, embedded) == (
        "data/recipes.yaml asks the fields that ship for 'rh'; they have tas, pr. Correct the "
        "recipe."
    )


def test_radiation_from_the_cloud_of_cru_ts(monkeypatch):
    """Whatever the variable is called, cloud cover is read, and meets its latitudes."""
    cloud = {"lat": "latitudes"}
    monkeypatch.setattr(
        sources, "read_cru_ts", lambda path, name, years: cloud | {"of": (path, name, years)}
    )
    monkeypatch.setattr(sources, "shortwave_from_cloud", lambda cld, lat: (cld["of"], lat))
    wanted = told("cru_ts_radiation")
    found = sources.read_field(wanted, {"a": "A", "b": "B"}, (1, 2), None)
    assert found == (("A", "cld", (1, 2)), "latitudes")


@pytest.mark.parametrize(("variable", "name", "least"), [
    ("T2M", "tas", -1), ("PRECTOTCORR", "pr", 0), ("QV2M, PS", "vap", -1), ("SWGDN", "rsds", -1),
])
def test_fields_of_merra2(monkeypatch, variable, name, least):
    """The study's names, attributes kept; rain alone is no less than none; land weighs."""
    field = xr.DataArray([-1.0, 0.5], dims="x", attrs={"units": "u"})
    asked = []

    def read_merra2(*given):
        asked.append(given)
        return field

    monkeypatch.setattr(sources, "read_merra2", read_merra2)
    monkeypatch.setattr(sources, "_land_share", lambda field, embedded: embedded)
    monkeypatch.setattr(sources, "to_half_degree", lambda field, weights: (field, weights))
    found, weights = sources.read_field(told("merra2", variable), {"a": 1, "b": 2}, (1, 2), "land")
    assert asked == [(1, name, (1, 2))] and weights == "land"
    assert found.values.tolist() == [least, 0.5] and found.attrs == {"units": "u"}


def test_share_of_land_by_area():
    """Half-degree rows of land and sea by turns: land by the area of its rows, in every box."""
    area = cell_area()
    land = np.zeros((360, 720))
    land[::2] = 1
    land[:, 360:] *= 0.5
    embedded = xr.Dataset({"land_fraction": (("lat", "lon"), land)}, coordinates())
    embedded["cell_area"] = area
    box = {k: v.values for k, v in coordinates(10).items()}
    field = xr.DataArray(np.zeros((18, 36)), box, ("lat", "lon"))
    share = sources._land_share(field, embedded.transpose("lon", "lat"))
    rows = area.values.reshape(18, 10, 2)
    expected = rows[:, :, 0].sum(axis=1) / rows.sum(axis=(1, 2))
    assert share.dims == ("lat", "lon") and share.shape == (18, 36)
    np.testing.assert_allclose(share[:, :18], np.repeat(expected[:, None], 18, axis=1))
    np.testing.assert_allclose(share[:, 18:], np.repeat(expected[:, None] / 2, 18, axis=1))
    np.testing.assert_array_equal(share["lat"], box["lat"])


@pytest.mark.parametrize(("names", "layers", "resolution"), [
    (["OC.nc", "BD.nc"], ["OC.nc", "BD.nc"], 1 / 12),
    (["oc5min.nc", "bd5min.nc4", "pH.nc"], ["oc5min.nc", "bd5min.nc4"], 1 / 12),
    (["OC2.nc", "OC1.nc", "BD1.nc", "BD2.nc"], [["OC1.nc", "OC2.nc"], ["BD1.nc", "BD2.nc"]],
     1 / 120),
])
def test_files_of_gsde(monkeypatch, tmp_path, names, layers, resolution):
    """Single files have five arc-minutes, pairs thirty arc-seconds."""
    for name in names:
        (tmp_path / name).touch()
    monkeypatch.setattr(sources, "read_gsde", lambda *given, resolution: (given, resolution))
    found, size = sources.read_field(told("gsde"), {"a": str(tmp_path), "b": "x"}, None, None)
    plain = [[f.name for f in part] if isinstance(part, list) else part.name for part in found]
    assert plain == layers and size == resolution


@pytest.mark.parametrize(("names", "start"), [(["BD.nc"], "OC"), (["OC.nc", "BD.txt"], "BD")])
def test_files_of_gsde_that_are_not_there(tmp_path, names, start):
    """The layer that is missing is named."""
    for name in names:
        (tmp_path / name).touch()
    assert message(
        sources.read_field, told("gsde"), {"a": tmp_path, "b": "x"}, None, None
    ) == (
        f"{tmp_path}: no NetCDF file whose name begins with {start}; GSDE has OC.nc and BD.nc, or "
        "OC1.nc, OC2.nc, BD1.nc and BD2.nc."
    )


@pytest.mark.parametrize(("rows", "resolution"), [(None, 0.05), (3600, 0.05), (720, 0.25)])
def test_resolution_of_glass(monkeypatch, tmp_path, rows, resolution):
    """The first file has as many rows as there are cells from pole to pole."""
    monkeypatch.setattr(sources, "read_glass_lai", lambda *given, resolution: (given, resolution))
    asked = []

    def read_hdf4(path, name):
        asked.append((path.name, name))
        return np.zeros((rows, 3)), {}

    monkeypatch.setattr(sources, "read_hdf4", read_hdf4)
    if rows:
        (tmp_path / "2002").mkdir()
        for name in ("2002/GLASS01.B.hdf", "2002/GLASS01.A.hdf", "2002/A.hdf"):
            (tmp_path / name).touch()
    found = sources.read_field(told("glass_lai"), {"a": tmp_path, "b": "x"}, (1, 2), None)
    assert found == ((tmp_path, (1, 2)), resolution)
    assert asked == ([("GLASS01.A.hdf", "LAI")] if rows else [])


@pytest.mark.parametrize(("rows", "resolution"), [(None, 1 / 12), (2160, 1 / 12), (720, 0.25)])
def test_resolution_of_gimms(monkeypatch, tmp_path, rows, resolution):
    """The same for GeoTIFF."""
    monkeypatch.setattr(sources, "read_gimms_lai4g", lambda *given, resolution: (given, resolution))

    class Raster:
        height = rows

        def __init__(self, path):
            assert path.name == "GIMMS_LAI4g_A.tif"

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

    monkeypatch.setattr(sources, "open_geotiff", Raster)
    if rows:
        for name in ("GIMMS_LAI4g_B.tif", "GIMMS_LAI4g_A.tif", "A.tif"):
            (tmp_path / name).touch()
    found = sources.read_field(told("gimms_lai4g"), {"a": tmp_path, "b": "x"}, (1, 2), None)
    assert found == ((tmp_path, (1, 2)), pytest.approx(resolution))


def cover():
    """Embedded land cover of two cells: grass and half of it water."""
    igbp = np.zeros((17, 1, 2))
    igbp[10] = [[1, 0.5]]
    igbp[0, 0, 1] = 0.5
    return xr.Dataset(
        {
            "igbp_fraction": (("igbp", "lat", "lon"), igbp, {"units": "1", "source": "M"}),
            "vegetated_fraction": (("lat", "lon"), [[1, 0.5]], {"long_name": "veg"}),
            "land_fraction": (("lat", "lon"), [[1, 0.5]], {"long_name": "land"}),
            "cell_area": (("lat",), [3.0], {"units": "m2"}), "tas": (("lat", "lon"), [[1, 2]]),
        },
        {"igbp": np.arange(17), "lat": [10.0], "lon": [1.0, 2.0]},
    )


def test_cover_that_ships():
    """The four fields as they are, and no other."""
    found = sources.land_cover(told("embedded_igbp"), {}, cover())
    xr.testing.assert_identical(
        found, cover()[["igbp_fraction", "vegetated_fraction", "land_fraction", "cell_area"]]
    )


def test_cover_of_glc2000(monkeypatch):
    """What follows from the product's shares; the embedded map where it has none."""
    share = xr.zeros_like(cover()["igbp_fraction"])
    # Water, grass, urban, cropland mosaic, ice and barren in the first cell; none in the other.
    for code, value in {0: 0.25, 10: 0.25, 13: 0.1, 14: 0.2, 15: 0.1, 16: 0.1}.items():
        share[code, 0, 0] = value
    share[3, 0, 1] = np.nan
    share.attrs = {"source": "G", "note": "n"}
    monkeypatch.setattr(sources, "read_glc2000", {"file": share}.__getitem__)
    found = sources.land_cover(told("glc2000"), {"a": "file", "b": "x"}, cover())
    assert found["vegetated_fraction"].values[0].tolist() == pytest.approx([0.45, 0.5])
    assert found["land_fraction"].values[0].tolist() == [0.75, 0.5]
    assert found["cell_area"].values.tolist() == [3]
    np.testing.assert_array_equal(found["igbp_fraction"][..., 1], cover()["igbp_fraction"][..., 1])
    assert found["igbp_fraction"].attrs == {"units": "1", "source": "G", "note": "n"}
    assert found["vegetated_fraction"].attrs == {"long_name": "veg"}
    assert found["land_fraction"].attrs == {"long_name": "land"}
    assert "igbp" not in found["land_fraction"].coords


def test_ratio_of_rain():
    """The anomaly over the mean of its box by land, which counts as 5 mm at least."""
    rain = np.full((12, 10, 40), 4.0)
    rain[:, :, 10:20] = 10
    rain[:, :, 15:20] = 40
    rain[:, :, 20:30] = 5
    rain[:, :, 30:] = 6
    land = np.ones((10, 40))
    land[:, 15:20] = 0.5
    change = xr.DataArray(np.full((2, 12, 1, 4), 10.0), dims=("year", "month", "lat", "lon"))
    found = sources.precipitation_ratio(
        xr.DataArray(rain), change, xr.DataArray(land), dry_month=5.0
    )
    # 10 x 1 and 40 x 0.5 over 1.5: 20.
    assert found.dims == change.dims
    np.testing.assert_allclose(found, np.broadcast_to([2, 0.5, 2, 10 / 6], found.shape))


# Radiation

SOLAR = 0.0820e6 / 60


@pytest.mark.parametrize("day", [1, 81, 172, 246, 355, 365])
@pytest.mark.parametrize("lat", [-60, -20, 0, 20, 60])
def test_radiation_of_a_day(lat, day):
    """Equations 21 to 25 of FAO-56, one after the other."""
    distance = 1 + 0.033 * math.cos(2 * math.pi / 365 * day)
    declination = 0.409 * math.sin(2 * math.pi / 365 * day - 1.39)
    phi = math.pi / 180 * lat
    sunset = math.acos(-math.tan(phi) * math.tan(declination))
    expected = 24 * 60 / math.pi * 0.0820 * distance * (
        sunset * math.sin(phi) * math.sin(declination)
        + math.cos(phi) * math.cos(declination) * math.sin(sunset)
    )
    # From MJ m-2 per day to W m-2.
    assert float(daily_extraterrestrial(lat, day)) == pytest.approx(expected / 0.0864, rel=1e-9)


@pytest.mark.parametrize(("lat", "day", "sun"), [(90, 172, 1), (-90, 355, 1), (80, 172, 1),
                                                 (90, 355, 0), (-90, 172, 0), (80, 355, 0)])
def test_sun_that_does_not_set(lat, day, sun):
    """All day long its height is that of the latitude times declination; by night there is none."""
    angle = 2 * math.pi * day / 365
    height = math.sin(math.radians(lat)) * math.sin(0.409 * math.sin(angle - 1.39))
    expected = sun * SOLAR * (1 + 0.033 * math.cos(angle)) * height
    found = float(daily_extraterrestrial(lat, day))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("month", "first", "last"), [
    (0, 1, 31), (1, 32, 59), (2, 60, 90), (3, 91, 120), (4, 121, 151), (5, 152, 181),
    (6, 182, 212), (7, 213, 243), (8, 244, 273), (9, 274, 304), (10, 305, 334), (11, 335, 365),
])
def test_days_of_a_month_of_radiation(month, first, last):
    """The mean over the days from the first to the last of the month, in a year of 365."""
    lat = [50.0, -10.0]
    daily = [daily_extraterrestrial(lat, day) for day in range(first, last + 1)]
    found = extraterrestrial_radiation(lat)
    assert found.shape == (12, 2)
    np.testing.assert_allclose(found[month], np.mean(daily, axis=0), rtol=1e-12)


def test_latitudes_of_radiation():
    """Both poles are latitudes; a little beyond, or nothing, is none."""
    assert np.isfinite(extraterrestrial_radiation([90.0, -90.0])).all()
    for lat in (90.001, -90.001, np.nan):
        assert message(extraterrestrial_radiation, [0.0, lat]) == (
            "Latitudes should lie in -90..90. Check for swapped coordinates."
        )


def cloud(*values):
    """Cloud cover by turns, for twelve months of one cell."""
    return np.resize(np.array(values, float), (12, 1))


@pytest.mark.parametrize("values", [(0, 100), (0, 0), (0, 1.01), (100, 100), (50, np.nan)])
def test_cloud_that_is_taken(values):
    """None and all of the sky are a cover, so is a field without any cloud."""
    share = 0.25 + 0.5 * (1 - cloud(*values) / 100)
    np.testing.assert_allclose(
        shortwave_from_cloud(cloud(*values), [30.0]), share * extraterrestrial_radiation([30.0])
    )


@pytest.mark.parametrize(("values", "words"), [
    ((-0.5, 50), "-0.5 and 50"), ((0, 100.5), "0 and 100.5"), ((0, 1), "0 and 1"),
    ((0.2, 0.5), "0.2 and 0.5"), ((np.nan, 101), "101 and 101"),
])
def test_cloud_that_is_refused(values, words):
    """Less than none, more than all, and what has one at most; the range is told."""
    assert message(shortwave_from_cloud, cloud(*values), [30.0]) == (
        f"Cloud cover lies between {words}; expected percent, 0 to 100. Multiply fractions by 100."
    )


def test_no_cloud_cover_at_all():
    """A field of gaps stays one."""
    assert np.isnan(shortwave_from_cloud(cloud(np.nan), [30.0])).all()


def test_shares_of_angstrom():
    """Another share under cloud, and of full sunshine, with single precision kept."""
    found = shortwave_from_cloud(cloud(20).astype(np.float32), [30.0], overcast=0.2, sunshine=0.55)
    np.testing.assert_allclose(found, 0.64 * extraterrestrial_radiation([30.0]), rtol=1e-6)
    assert found.dtype == np.float32


@pytest.mark.parametrize(("attrs", "words"), [
    ({}, "cloud cover"), ({"source": "CRU TS4.07", "units": "%"}, "CRU TS4.07"),
])
def test_what_is_written_of_radiation(attrs, words):
    """Name, unit, meaning, and where the cloud cover came from."""
    cld = xr.DataArray(
        np.full((12, 2), 40.0), {"month": np.arange(1, 13), "lat": [10.0, -10.0]},
        ("month", "lat"), attrs=attrs,
    )
    found = shortwave_from_cloud(cld)
    assert found.name == "rsds" and found.attrs == {
        "units": "W m-2", "long_name": "downward shortwave radiation from cloud cover",
        "source": f"{words}; Angstrom's relation (FAO-56)",
    }
    np.testing.assert_allclose(found, 0.55 * extraterrestrial_radiation([10.0, -10.0]))


# Reported climate


def records(mat, reported_mat, study=None, lat=None, year=None, prec=None, reported_map=None):
    """Records with their cell's and the reported climate; one place and year each."""
    n = len(mat)
    return pd.DataFrame({
        "record": range(n), "study": range(n) if study is None else study,
        "lat": np.arange(n, dtype=float) if lat is None else lat, "lon": 0.0,
        "year": 2000.0 if year is None else year,
        "reported_MAT": np.asarray(reported_mat, float), "MAT": np.asarray(mat, float),
        "reported_MAP": np.nan if reported_map is None else np.asarray(reported_map, float),
        "Prec": 800.0 if prec is None else np.asarray(prec, float),
    })


def test_pairs_by_hand():
    """The cell's climate beside the reported one, a record with both fluxes once."""
    matched = pd.DataFrame({
        "record": [1, 1, 2, 1], "study": [7, 7, 7, 7], "lat": [45.0, 45.0, -45.0, 45.0],
        "lon": -90.0, "year": [2001.0, 2001.0, 2002.0, 2002.0], "target": ["SR", "HR", "SR", "SR"],
        "reported_MAT": [5.0, 5.0, 6.0, 7.0], "reported_MAP": [500.0, 500.0, 600.0, 700.0],
        "row": [0, 0, 1, 0], "col": [0, 0, 0, 0], "cube_year": [2001, 2001, 2002, 2002],
    })
    cube = xr.Dataset(
        {"MAT": (("year", "lat", "lon"), [[[1.0], [2.0]], [[3.0], [4.0]]]),
         "Prec": (("lat", "lon"), [[100.0], [200.0]])},
        {"year": [2001, 2002]},
    )
    found = reported.pairs(matched, cube)
    assert found.columns.tolist() == [
        "record", "study", "lat", "lon", "year", "reported_MAT", "reported_MAP", "MAT", "Prec"
    ]
    assert found.index.tolist() == [0, 1, 2] and found["record"].tolist() == [1, 2, 1]
    assert found["MAT"].tolist() == [1, 4, 3] and found["Prec"].tolist() == [100, 200, 100]


@pytest.mark.parametrize(("reports", "impossible"), [
    ([-30, 40, 0], 0), ([-30.1, 40, 0], 1), ([-30, 40.1, 0], 1), ([-99, 99, 1440], 3),
])
def test_temperatures_that_no_place_has(reports, impossible):
    """-30 and 40 degC can be, a tenth beyond is left out and counted."""
    found = reported.agreement(records([1, 2, 3], reports)).loc["MAT"]
    assert (found["n"], found["impossible"]) == (3 - impossible, impossible)
    assert found["units"] == "degC"


@pytest.mark.parametrize(("reports", "impossible"), [
    ([0, 13_000, 500], 0), ([-1, 13_000, 500], 1), ([0, 13_001, 500], 1),
])
def test_rain_that_no_place_has(reports, impossible):
    """From none to 13 m a year; temperature is not asked."""
    table = records([1, 2, 3], [np.nan] * 3, prec=[400, 600, 900], reported_map=reports)
    found = reported.agreement(table)
    assert found.loc["Prec", ["n", "impossible"]].tolist() == [3 - impossible, impossible]
    assert found.loc["Prec", "units"] == "mm yr-1" and found.loc["MAT", "n"] == 0


def test_agreement_by_hand():
    """Cube less report: errors of 1, 1 and -4; nothing is told of fewer than three records."""
    table = records([2, 3, 2], [1, 2, 6])
    found = reported.agreement(table)
    assert found.columns.tolist() == [
        "units", "n", "r", "bias", "rmse", "impossible", "n_years", "r_years"
    ]
    assert found.index.tolist() == ["MAT", "Prec"] and found.index.name == "predictor"
    mat = found.loc["MAT"]
    assert mat["bias"] == pytest.approx(-2 / 3) and mat["rmse"] == pytest.approx(np.sqrt(6))
    # Departures -1/3, 2/3, -1/3 and -2, -1, 3: -1 over the root of 2/3 times 14.
    assert mat["r"] == pytest.approx(-1 / np.sqrt(2 / 3 * 14))
    assert mat["n_years"] == 0 and np.isnan(mat["r_years"])
    two = reported.agreement(table[:2]).loc["MAT"]
    assert two["n"] == 2 and two[["r", "bias", "rmse"]].isna().all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mats, reports", [([2, 2, 2], [1, 2, 6]), ([1, 2, 6], [2, 2, 2])])
def test_agreement_without_variation(mats, reports):
    """What does not vary has a bias and no correlation, and nobody is warned."""
    found = reported.agreement(records(mats, reports)).loc["MAT"]
    assert np.isnan(found["r"]) and abs(found["bias"]) == 1


def test_gaps_of_reports():
    """A record without a report, or whose cell has no value, is none."""
    table = records([2, 3, 2, np.nan, 1], [1, 2, 6, 5, np.nan])
    assert reported.agreement(table).loc["MAT", ["n", "impossible"]].tolist() == [3, 0]


@pytest.mark.parametrize(("reports", "n_years"), [
    ([1, 2, 4], 3), ([1, 2], 0), ([3, 3, 3, 3], 0), ([1, 2, 4, 9], 4),
])
def test_years_of_a_place(reports, n_years):
    """Three years or more of one study and place, with reports that differ."""
    # A record of another place, which has but this one year, is never among them.
    n = len(reports)
    table = records([*np.arange(n) ** 2, 20], [*reports, 15], study=[1] * n + [2],
                    lat=[5.0] * (n + 1), year=[*(2000.0 + np.arange(n)), 2000.0])
    found = reported.agreement(table).loc["MAT"]
    assert found["n_years"] == n_years
    if n_years == 3:
        # Departures -5/3, -2/3, 7/3 in the cube and -4/3, -1/3, 5/3 in the report: products add
        # up to 57/9, squares to 78/9 and 42/9.
        assert found["r_years"] == pytest.approx(57 / np.sqrt(78 * 42))


def test_years_count_once_and_places_apart():
    """Records of one year are averaged; each place departs from its own mean."""
    table = records(
        [0, 2, 3, 5, 10, 11, 15], [1, 3, 3, 7, 20, 22, 21], study=[1, 1, 1, 1, 2, 2, 2],
        lat=[5.0] * 4 + [9.0] * 3, year=[2000.0, 2000, 2001, 2002, 2000, 2001, 2002],
    )
    found = reported.agreement(table).loc["MAT"]
    # Means of the first place by year: 1, 3, 5 in the cube and 2, 3, 7 in the report.
    cube = np.array([1 - 3, 0, 5 - 3, -2, -1, 3])
    report = np.array([-2, -1, 3, -1, 1, 0])
    assert found["n_years"] == 6
    assert found["r_years"] == pytest.approx(cube @ report / np.sqrt(cube @ cube * report @ report))


@pytest.mark.parametrize("apart", ["study", "lat"])
def test_years_of_two_places_are_not_one(apart):
    """Two years of one study or place and one of another make no three."""
    told = {"study": [1] * 3, "lat": [5.0] * 3} | {apart: [1, 1, 2]}
    table = records([1, 2, 4], [1, 2, 4], year=[2000.0, 2001, 2002], **told)
    assert reported.agreement(table).loc["MAT", "n_years"] == 0


def test_years_without_any_change_in_the_cube():
    """A climatology has the same in all years: no correlation, but the years are counted."""
    table = records([5, 5, 5, 9], [1, 2, 4, 9], study=[1, 1, 1, 2], lat=[5.0] * 4,
                    year=[2000.0, 2001, 2002, 2000])
    found = reported.agreement(table).loc["MAT"]
    assert found["n_years"] == 3 and np.isnan(found["r_years"])


def test_outliers_by_hand():
    """Furthest first, whatever the sign, one of each study and place, for both predictors."""
    table = records(
        [0, 0, 0, 0, 0], [3, -8, 5, np.nan, 5], study=[1, 2, 1, 4, 5], lat=[1.0, 2, 1, 4, 5],
        reported_map=[800, 900, 800, 300, np.nan],
    )
    found = reported.outliers(table)
    assert found.columns.tolist() == [
        "record", "study", "lat", "lon", "reported", "in_cell", "predictor"
    ]
    of = {name: found[found["predictor"] == name] for name in ("MAT", "Prec")}
    assert of["MAT"]["record"].tolist() == [1, 2, 4]
    assert of["MAT"]["reported"].tolist() == [-8, 5, 5] and set(of["MAT"]["in_cell"]) == {0}
    assert of["Prec"]["record"].tolist() == [3, 1, 0]
    assert found.index.tolist() == list(range(6))
    assert reported.outliers(table, 1)["record"].tolist() == [1, 3]


def test_ten_outliers_by_default():
    """Ten of each predictor that has as many."""
    found = reported.outliers(records(np.zeros(12), np.arange(12)))
    assert found["record"].tolist() == list(range(11, 1, -1))


def test_outliers_of_the_same_place():
    """Two studies at one place, and one study at two places, are told both."""
    table = records([0, 0, 0], [3, 2, 1], study=[1, 2, 2], lat=[1.0, 1, 2])
    assert reported.outliers(table)["record"].tolist() == [0, 1, 2]


# Releases


def release(**columns):
    """A release of SRDB with some columns."""
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"Study_midyear": np.arange(n) + 2000.5} | columns)


def test_words_of_two_releases():
    """Counts, columns, years and fields, in this order."""
    old = release(Record_number=[1, 2, 3], MAT=[1.0, 2.0, np.nan], Gone=1, Old=1)
    new = release(Record_number=[1, 2, 3, 4], MAT=[np.nan, 2.5, 3.0, 4.0], New=1)
    found = releases.compare_releases(old, new)
    assert found.words() == [
        "Records: 3 before, 4 now; 1 added, 0 removed, 3 changed, 0 the same.",
        "Columns added: New; removed: Gone, Old; order: the same.",
        "Last mid-year of a study: 2002.5 before, 2003.5 now.",
        "Fields that changed in records of both:",
        *found.fields.to_string().splitlines(),
    ]
    assert found.fields.loc["MAT"].tolist() == [1, 1, 1, "record 1: 1.0 -> nan"]
    assert found.years == {"old": 2002.5, "new": 2003.5}


def test_changes_stay_as_they_are():
    """What was found cannot be set anew."""
    table = release(Record_number=[1])
    found = releases.compare_releases(table, table)
    with pytest.raises(FrozenInstanceError):
        found.years = {}


def test_words_of_the_same_release():
    """Nothing is added or removed, no field is listed; a gap in both is no change."""
    table = release(Record_number=[1, 2], MAT=[1.0, np.nan], Biome=["a", None])
    found = releases.compare_releases(table, table.copy())
    assert found.records == {
        "old": 2, "new": 2, "added": 0, "removed": 0, "changed": 0, "same": 2
    }
    assert found.words() == [
        "Records: 2 before, 2 now; 0 added, 0 removed, 0 changed, 2 the same.",
        "Columns added: none; removed: none; order: the same.",
        "Last mid-year of a study: 2001.5 before, 2001.5 now.",
    ]
    assert found.fields.columns.tolist() == ["filled", "emptied", "altered", "example"]


def test_kinds_of_change():
    """Filled, emptied and altered are told apart; a record counts once, whatever changed."""
    old = release(Record_number=[1, 2, 3, 4, 5], A=["c", None, "b", "d", None],
                  B=[1.0, np.nan, 3.0, 4.0, 5.0])
    new = release(Record_number=[1, 2, 3, 4, 5], A=["x", "a", None, "y", None],
                  B=[2.0, 2.0, 3.0, 4.0, np.nan])
    found = releases.compare_releases(old, new)
    assert found.fields.loc["A"].tolist() == [1, 1, 2, "record 1: c -> x"]
    assert found.fields.loc["B"].tolist() == [1, 1, 1, "record 1: 1.0 -> 2.0"]
    assert found.fields.index.name == "field"
    assert found.records["changed"] == 5 and found.records["same"] == 0


def test_order_of_columns():
    """Only the order of those in both counts."""
    old, new = release(Record_number=[1], A=1, B=2, C=3), release(Record_number=[1], X=0, A=1, C=3)
    assert releases.compare_releases(old, new).columns == {
        "added": ["X"], "removed": ["B"], "moved": False
    }
    turned = release(Record_number=[1], C=3, A=1)
    assert releases.compare_releases(old, turned).columns["moved"]


def test_funnels_side_by_side(monkeypatch):
    """Records before and now, and their change, for both fluxes, by the same rules."""
    asked = []

    def select(table, selection):
        asked.append((table, selection))
        return None, pd.DataFrame({"rule": ["All", "Years"], "SR": table[0], "HR": table[1]})

    monkeypatch.setattr(releases, "select", select)
    old, new = ([10, 4], [5, 2]), ([15, 3], [5, 4])
    found = releases.compare_funnels(old, new, "rules")
    assert asked == [(old, "rules"), (new, "rules")]
    assert found.index.tolist() == ["All", "Years"]
    assert found.columns.tolist() == [
        (t, w) for t in ("SR", "HR") for w in ("before", "now", "change")
    ]
    assert found.to_numpy().tolist() == [[10, 15, 5, 5, 5, 0], [4, 3, -1, 2, 4, 2]]


def test_totals_side_by_side():
    """Records, totals and scatter of both fluxes, autotrophic respiration, and its share."""
    def run(k):
        return {
            "records": {"SR": 100 * k, "HR": 10 * k}, "AR_SR": 0.4 * k,
            "flux": {"SR": {"total": 90 * k, "between_run_sd": 3 * k},
                     "HR": {"total": 50 * k, "between_run_sd": 2 * k},
                     "AR": {"total": 40 * k, "between_run_sd": 9}},
        }

    found = releases.compare_totals(run(1), run(1.5))
    expected = {
        "records of SR": 100, "records of HR": 10, "SR, Pg C yr-1": 90, "SR, SD between runs": 3,
        "HR, Pg C yr-1": 50, "HR, SD between runs": 2, "AR, Pg C yr-1": 40, "AR/SR": 0.4,
    }
    assert found.index.name == "quantity" and found.columns.tolist() == ["before", "now", "change"]
    assert found["before"].to_dict() == expected
    np.testing.assert_allclose(found["now"], 1.5 * found["before"])
    np.testing.assert_allclose(found["change"], 0.5 * found["before"])


def test_totals_of_runs_without_maps():
    """What either run does not have is missing, and so is its change."""
    found = releases.compare_totals(
        {"records": {"SR": 5}, "flux": {"SR": None, "HR": {"total": 1}}}, {"records": {"SR": 7}}
    )
    assert found.loc["records of SR"].tolist() == [5, 7, 2]
    assert found.loc["HR, Pg C yr-1", "before"] == 1 and found["now"].notna().sum() == 1
    assert found["change"].notna().sum() == 1
