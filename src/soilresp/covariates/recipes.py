"""Read the covariate recipes, which declare the source of every field."""

import functools
from typing import Annotated

import pydantic
from pydantic.dataclasses import dataclass

from soilresp.errors import ParameterError
from soilresp.io.fetch import is_available
from soilresp.io.paths import data_dir
from soilresp.io.yaml_text import check_content, read_yaml

__all__ = [
    "AUTO", "PREDICTORS", "MAIN_FIELD", "Source", "Recipe", "Recipes", "read_recipes",
    "recipes", "recipe_of", "best_recipe",
]

PREDICTORS = {
    "MAT": ("mean annual air temperature", "degC"),
    "Prec": ("annual precipitation", "mm yr-1"),
    "RH": ("mean annual relative humidity", "%"),
    "LAI": ("mean annual leaf area index", "m2 m-2"),
    "PAR": ("annual photosynthetically active radiation", "MJ m-2 yr-1"),
    "SOC": ("soil organic carbon, 0-30 cm", "kg m-2"),
    "Prec_GS": ("precipitation of the growing season", "mm"),
    "RH_GS": ("mean relative humidity of the growing season", "%"),
    "LAI_GS": ("mean leaf area index of the growing season", "m2 m-2"),
    "PAR_GS": ("photosynthetically active radiation of the growing season", "MJ m-2"),
}
"""The paper's ten predictors: name, meaning and unit."""

MAIN_FIELD = {
    "MAT": "tas", "Prec": "pr", "RH": "vap", "LAI": "lai", "PAR": "rsds", "SOC": "soc",
    "Prec_GS": "pr", "RH_GS": "vap", "LAI_GS": "lai", "PAR_GS": "rsds",
}
"""Field that gives each predictor its source and its share of filled months."""


Text = Annotated[str, pydantic.BeforeValidator(str)]
"""A text that YAML may read as a number, such as a year."""

_STRICT = pydantic.ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class Source:
    """Describe the origin of one field.

    Attributes
    ----------
    reader : str
        Name of the reader in `soilresp.covariates.sources`.
    variable, conversion, period, product : str
        Variable that is read, change of its unit, years that it describes, name of the product.
    inputs : tuple of str
        Registry names of the files.
    constants : tuple of str
        Fields of `soilresp.covariates.build.Options` that enter.
    fallback : Source or None
        Source that fills vegetated cells without data; in the file, the name of a declared field.
    anomalies : Source or None
        Departures that are added.
    """

    reader: str
    variable: str
    conversion: str
    period: Text
    product: str
    inputs: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    fallback: "Source | None" = None
    anomalies: "Source | None" = None

    @pydantic.field_validator("fallback", mode="before")
    @classmethod
    def _find_fallback(cls, value, info):
        if not isinstance(value, str):
            return value
        if value not in info.context:
            raise ValueError(f"{value!r} is not a declared field ({', '.join(info.context)})")
        return info.context[value]

    @property
    def needs(self):
        """Registry names of all files, those of the anomalies included (tuple of str)."""
        return self.inputs + (self.anomalies.needs if self.anomalies else ())

    @property
    def words(self):
        """Product and anomalies, such as "CRU CL 1.0 with GISTEMP v4" (str)."""
        return f"{self.product} with {self.anomalies.product}" if self.anomalies else self.product


@dataclass(frozen=True, config=_STRICT)
class Recipe:
    """Declare how a covariate cube is built.

    Attributes
    ----------
    summary : str
    years : tuple of int or None
        First and last year, or None for a climatology.
    fields : dict of str to Source
        ``tas``, ``pr``, ``vap``, ``rsds``, ``lai``, ``vegetation`` and optionally ``soc``.
    name : str
        Key of the recipe in the file.
    """

    summary: str
    years: tuple[pydantic.StrictInt, pydantic.StrictInt] | None
    fields: dict[str, Source]
    name: str = ""

    @pydantic.model_validator(mode="after")
    def _check(self):
        if self.years and self.years[0] > self.years[1]:
            raise ValueError(f"years {self.years} are not in order")
        lacking = [f for f in _FIELDS if f not in self.fields]
        if lacking:
            raise ValueError(f"field {lacking[0]!r} is missing")
        return self

    @property
    def needs(self):
        """Registry names of the inputs beyond what ships with the project (tuple of str)."""
        return tuple(dict.fromkeys(n for source in self.fields.values() for n in source.needs))

    @property
    def predictors(self):
        """Predictors that it provides (tuple of str)."""
        made_of = _declared().predictors
        return tuple(p for p in PREDICTORS if all(f in self.fields for f in made_of[p]))


_FIELDS = ("tas", "pr", "vap", "rsds", "lai", "vegetation")


@dataclass(frozen=True, config=_STRICT)
class Recipes:
    """Hold the content of a file of recipes.

    Attributes
    ----------
    units : dict of str to str
        Unit of each field.
    predictors : dict of str to tuple of str
        Fields that each predictor is computed from.
    fields : dict of str to Source
        Fields that recipes share.
    recipes : dict of str to Recipe
    """

    units: dict[str, str]
    predictors: dict[str, tuple[str, ...]]
    fields: dict[str, Source]
    recipes: dict[str, Recipe]

    @pydantic.model_validator(mode="after")
    def _check(self):
        lacking = [p for p in PREDICTORS if p not in self.predictors]
        if lacking:
            raise ValueError(f"predictor {lacking[0]!r} is missing")
        for name, recipe in self.recipes.items():
            object.__setattr__(recipe, "name", name)
        return self


@functools.cache
def _declared():
    return read_recipes(data_dir() / "recipes.yaml")


def read_recipes(path):
    """Read a file of recipes and check its content.

    Parameters
    ----------
    path : path-like
        ``recipes.yaml``.

    Returns
    -------
    Recipes

    Raises
    ------
    DataError
        If it is not YAML, lacks an entry, names an undeclared field, or has a value of another
        kind.
    """
    way_out = "Correct it, or restore it with `git checkout data/recipes.yaml`."
    content = read_yaml(path, way_out)
    fields = check_content(content.get("fields"), dict[str, dict], f"{path}, fields", way_out)
    return check_content(content, Recipes, path, way_out, context=fields)


def recipes():
    """Return all declared recipes, the preferred one first.

    Returns
    -------
    dict of str to Recipe
    """
    return _declared().recipes


def recipe_of(name):
    """Return one recipe.

    Parameters
    ----------
    name : str

    Returns
    -------
    Recipe

    Raises
    ------
    ParameterError
        If there is no recipe of that name.
    """
    if name not in recipes():
        raise ParameterError(f"Unknown recipe {name!r}: choose one of {', '.join(recipes())}.")
    return recipes()[name]


AUTO = ("delta", "embedded")
"""Recipes that "auto" chooses from, best first; the others were tested on file layouts only."""


def best_recipe():
    """Return the name of the best recipe whose inputs are in the cache or the mirror (str)."""
    return next(name for name in AUTO if is_available(recipe_of(name).needs))
