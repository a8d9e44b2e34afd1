"""The declared recipes, and faulty files of recipes."""

import pytest
import yaml

from soilresp.covariates import recipes, sources
from soilresp.covariates.build import Options
from soilresp.covariates.recipes import (
    PREDICTORS,
    read_recipes,
    recipe_of,
)
from soilresp.errors import DataError, ParameterError
from soilresp.io.registry import entries

NAMES = ("tas", "pr", "vap", "rsds", "lai", "vegetation")


def every_source(recipe):
    """All sources of a recipe, fallbacks and anomalies included."""
    for source in recipe.fields.values():
        for part in (source, source.fallback, source.anomalies):
            if part is not None:
                yield part


@pytest.mark.parametrize("name", recipes.recipes())
def test_recipe_is_whole(name):
    """Every field names a reader, registered inputs, a period, and known constants."""
    recipe = recipe_of(name)
    assert recipe.name == name and recipe.summary
    known = set(sources.READERS) | {"fapar_proxy", "embedded_igbp", "glc2000"}
    for source in every_source(recipe):
        assert source.reader in known
        assert source.period and source.product and source.conversion
        assert set(source.constants) <= set(Options.__dataclass_fields__)
        assert set(source.inputs) <= set(entries())
    assert set(NAMES) <= set(recipe.fields)
    assert set(recipe.predictors) == set(PREDICTORS) - ({"SOC"} if name == "embedded" else set())


def test_recipes_as_declared():
    """Order, years, inputs, fallbacks and anomalies; a year in YAML is read as text."""
    assert list(recipes.recipes()) == ["delta", "embedded", "cru_ts", "merra2"]
    assert [r.years for r in recipes.recipes().values()] == [
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
    with pytest.raises(ParameterError, match="detla.*delta, embedded, cru_ts, merra2"):
        recipe_of("detla")


def declared():
    """The content of a small file with one recipe."""
    source = {"reader": "r", "variable": "v", "conversion": "c", "period": 1, "product": "P"}
    fields = {name: dict(source) for name in NAMES}
    return {
        "units": {}, "predictors": {p: ["tas"] for p in PREDICTORS},
        "fields": {"one": dict(source)},
        "recipes": {"mine": {"summary": "s", "years": [1982, 1982], "fields": fields}},
    }


def read(tmp_path, content):
    """Read a file of recipes with this content."""
    path = tmp_path / "recipes.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return read_recipes(path)


def test_small_file(tmp_path):
    """A fallback is the declared field of that name; one year alone is a period."""
    content = declared()
    content["recipes"]["mine"]["fields"]["pr"]["fallback"] = "one"
    recipe = read(tmp_path, content).recipes["mine"]
    assert recipe.years == (1982, 1982) and recipe.name == "mine"
    assert recipe.fields["pr"].fallback == recipe.fields["tas"]
    assert recipe.fields["tas"].period == "1"


@pytest.mark.parametrize(
    "years",
    [[1983, 1982], [1982], [1982, 1983.0]],
)
def test_faulty_years(tmp_path, years):
    """The wrong order, another number of years, or what is no whole number."""
    content = declared()
    content["recipes"]["mine"]["years"] = years
    with pytest.raises(DataError, match="recipes.yaml.*mine.*years"):
        read(tmp_path, content)


@pytest.mark.parametrize(("place", "value", "word"), [
    (("predictors", "SOC"), None, "SOC"),
    (("recipes", "mine", "fields", "tas"), None, "tas"),
    (("recipes", "mine", "fields", "pr", "fallback"), "three", "'three'"),
    (("recipes", "mine", "fields", "pr", "reader"), None, "reader"),
    (("recipes", "mine", "fields", "pr", "colour"), "red", "colour"),
])
def test_faulty_entries(tmp_path, place, value, word):
    """An entry that is missing (None here), unknown or of another kind is named."""
    content = declared()
    parent = content
    for name in place[:-1]:
        parent = parent[name]
    if value is None:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    with pytest.raises(DataError, match=f"recipes.yaml.*{word}"):
        read(tmp_path, content)
