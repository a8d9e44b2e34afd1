"""The declared recipes, and the cubes that can be built from them."""

import pytest

from soilresp.covariates import build as covariates
from soilresp.covariates import cube, sources
from soilresp.covariates.recipes import PREDICTORS, recipe_of, recipes
from soilresp.errors import DataError, ParameterError
from soilresp.io.registry import entries


def every_source(recipe):
    """All sources of a recipe, fallbacks and anomalies included."""
    for source in recipe.fields.values():
        for part in (source, source.fallback, source.anomalies):
            if part is not None:
                yield part


@pytest.mark.parametrize("name", recipes())
def test_recipe_is_whole(name):
    """Every field names a reader, registered inputs, a period, and known constants."""
    recipe = recipe_of(name)
    constants = set(covariates.Options.__dataclass_fields__)
    known = set(sources.READERS) | {"fapar_proxy", "embedded_igbp", "glc2000"}
    for source in every_source(recipe):
        assert source.reader in known
        assert source.period and source.product and source.conversion
        assert set(source.constants) <= constants
        assert set(source.inputs) <= set(entries())
    assert {"tas", "pr", "vap", "rsds", "lai", "vegetation"} <= set(recipe.fields)


def test_predictors_of_recipes():
    """All recipes have the ten predictors, but the embedded one has no soil carbon."""
    for name, recipe in recipes().items():
        expected = set(PREDICTORS) - ({"SOC"} if name == "embedded" else set())
        assert set(recipe.predictors) == expected


def test_unknown_recipe_names_the_known():
    """A slip in the name of a recipe."""
    with pytest.raises(ParameterError, match="delta, embedded, cru_ts, merra2"):
        recipe_of("detla")


def test_missing_input_is_named():
    """A recipe without one of its inputs."""
    with pytest.raises(DataError, match="needs input cru_cl_tmp"):
        covariates.build_cube("delta", {})


def test_foreign_input_is_refused():
    """An input that the recipe does not take."""
    with pytest.raises(ParameterError, match="takes no input 'merra2'"):
        covariates.locate_inputs("delta", {"merra2": "/somewhere"})


@pytest.mark.parametrize("options", [{"par": 1}, {"par_fraction": "half"}, {"ratio_bounds": 3}])
def test_wrong_options_are_refused(options):
    """An unknown constant, or one of the wrong kind."""
    with pytest.raises(ParameterError, match="ovariate option"):
        covariates.Options.from_dict(options)


def test_option_reaches_the_cube():
    """Twice the share of light is twice the light."""
    base = covariates.build_cube("embedded")
    twice = covariates.build_cube("embedded", options=covariates.Options(par_fraction=0.9))
    ratio = (twice["PAR"] / base["PAR"]).values
    assert float(ratio[100, 400]) == pytest.approx(2, rel=1e-6)
    assert twice.attrs["option_par_fraction"] == 0.9


@pytest.mark.real
@pytest.mark.slow
def test_delta_cube_is_plausible(real_input):
    """Means over ice-free land, coverage, and which predictors vary by year."""
    inputs = {name: real_input(name) for name in recipe_of("delta").needs}
    made = covariates.build_cube("delta", inputs)
    cube.check_cube(made, list(PREDICTORS))
    table = cube.describe(made)
    bounds = {"MAT": (12, 15), "Prec": (700, 850), "RH": (58, 70), "PAR": (2000, 3000)}
    for name, (low, high) in bounds.items():
        assert low < table.loc[name, "mean_land"] < high
    assert (table["missing"] <= 0.02).all()
    assert table.index[table["by_year"]].tolist() == [
        "MAT", "Prec", "Prec_GS", "RH_GS", "LAI_GS", "PAR_GS"
    ]
    area = float((made["cell_area"] * made["vegetated_fraction"]).sum()) / 1e12
    assert 105 < area < 115
