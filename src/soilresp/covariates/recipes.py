"""The covariate recipes: where every field comes from, as declared in ``data/recipes.yaml``."""

import functools
from dataclasses import dataclass

from soilresp.errors import DataError, ParameterError
from soilresp.io.paths import data_dir
from soilresp.io.yaml_text import expect, read_yaml

__all__ = ["PREDICTORS", "Source", "Recipe", "read_recipes", "recipes", "recipe_of"]

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


@dataclass(frozen=True)
class Source:
    """Where one field comes from.

    Attributes
    ----------
    reader : str
        Name of the reader in `soilresp.covariates.sources`.
    variable, conversion, period, product : str
        What is read, how its unit is changed, which years it describes, and its name.
    inputs : tuple of str
        Registry names of the files.
    constants : tuple of str
        Fields of `soilresp.covariates.build.Options` that enter.
    fallback : Source or None
        What fills vegetated cells without data.
    anomalies : Source or None
        Departures that are put on top.
    """

    reader: str
    variable: str
    conversion: str
    period: str
    product: str
    inputs: tuple = ()
    constants: tuple = ()
    fallback: "Source | None" = None
    anomalies: "Source | None" = None

    @property
    def needs(self):
        """Registry names of all files, those of the anomalies included (tuple of str)."""
        return self.inputs + (self.anomalies.needs if self.anomalies else ())

    @property
    def words(self):
        """The product and what is put on it, such as "CRU CL 1.0 with GISTEMP v4" (str)."""
        return f"{self.product} with {self.anomalies.product}" if self.anomalies else self.product


@dataclass(frozen=True)
class Recipe:
    """A way to make the covariate cube.

    Attributes
    ----------
    name, summary : str
    years : tuple of int or None
        First and last year, or None for a climatology.
    fields : dict of str to Source
        ``tas``, ``pr``, ``vap``, ``rsds``, ``lai``, ``vegetation`` and, if it has it, ``soc``.
    """

    name: str
    summary: str
    years: tuple | None
    fields: dict

    @property
    def needs(self):
        """Registry names of the inputs beyond what ships with the project (tuple of str)."""
        return tuple(dict.fromkeys(n for source in self.fields.values() for n in source.needs))

    @property
    def predictors(self):
        """The predictors that it provides (tuple of str)."""
        made_of = _declared()["predictors"]
        return tuple(p for p in PREDICTORS if all(f in self.fields for f in made_of[p]))


@functools.cache
def _declared():
    return read_recipes(data_dir() / "recipes.yaml")


_WAY_OUT = "Correct it, or restore it with `git checkout data/recipes.yaml`."
_SOURCE = {
    "reader": str, "inputs?": [str], "variable": str, "conversion": str, "period": None,
    "product": str, "constants?": [str], "fallback?": str, "anomalies?": dict,
}
_FIELDS = ("tas", "pr", "vap", "rsds", "lai", "vegetation")
_SHAPE = {
    "predictors": {str: [str]},
    "fields": {str: _SOURCE},
    "recipes": {str: {"summary": str, "years": (list, type(None)), "fields": {str: _SOURCE}}},
}


def read_recipes(path):
    """Read a file of recipes and check its layout.

    Parameters
    ----------
    path : path-like
        ``recipes.yaml``.

    Returns
    -------
    dict

    Raises
    ------
    DataError
        If it is not YAML, lacks something, names what is not declared, or has another kind
        of value somewhere.
    """
    content = read_yaml(path, _WAY_OUT)
    expect(content, _SHAPE, str(path), _WAY_OUT)
    lacking = [p for p in PREDICTORS if p not in content["predictors"]]
    if lacking:
        raise DataError(f"{path}, predictors: {lacking[0]!r} is missing. {_WAY_OUT}")
    for name, facts in content["recipes"].items():
        years = facts["years"]
        if years is not None and not (
            len(years) == 2 and all(type(y) is int for y in years) and years[0] <= years[1]
        ):
            raise DataError(
                f"{path}, recipe {name}: years should be null, or the first and the last, "
                f"got {years}. {_WAY_OUT}"
            )
        lacking = [f for f in _FIELDS if f not in facts["fields"]]
        if lacking:
            raise DataError(f"{path}, recipe {name}: no field {lacking[0]!r}. {_WAY_OUT}")
        for field, told in facts["fields"].items():
            fallback = told.get("fallback")
            if fallback is not None and fallback not in content["fields"]:
                raise DataError(
                    f"{path}, recipe {name}, {field}: its fallback {fallback!r} is not among the "
                    f"fields that are declared, {', '.join(content['fields'])}. {_WAY_OUT}"
                )
    return content


@functools.cache
def recipes():
    """All declared recipes, the one to prefer first.

    Returns
    -------
    dict of str to Recipe
    """
    declared = _declared()
    return {
        name: Recipe(
            name,
            facts["summary"].strip(),
            tuple(facts["years"]) if facts["years"] else None,
            {field: _source(name, field, told) for field, told in facts["fields"].items()},
        )
        for name, facts in declared["recipes"].items()
    }


def recipe_of(name):
    """One recipe.

    Raises
    ------
    ParameterError
        If there is none of that name.
    """
    if name not in recipes():
        raise ParameterError(f"Unknown recipe {name!r}: choose one of {', '.join(recipes())}.")
    return recipes()[name]


def _source(recipe, field, told):
    """A `Source` from its declaration; a fallback is the name of a declared field."""
    told = dict(told)
    fallback = told.pop("fallback", None)
    anomalies = told.pop("anomalies", None)
    try:
        return Source(
            **{k: tuple(v) if isinstance(v, list) else str(v) for k, v in told.items()},
            fallback=_source(recipe, field, _declared()["fields"][fallback]) if fallback else None,
            anomalies=_source(recipe, field, anomalies) if anomalies else None,
        )
    except (TypeError, KeyError, ValueError) as error:
        raise DataError(
            f"data/recipes.yaml: field {field!r} of recipe {recipe!r} is not well declared "
            f"({error})."
        ) from None
