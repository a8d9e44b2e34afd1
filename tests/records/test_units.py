"""Tables of field records in other units."""

import numpy as np
import pandas as pd
import pytest

from soilresp.errors import DataError
from soilresp.records.units import STUDIES, UNITS, refuse_other_units, shift_of_fluxes


def made(n=40, field="Rs_annual", factor=1.0, **columns):
    """Return records of studies with usual fluxes and scatter, in another unit by a factor."""
    rng = np.random.default_rng(3)
    mat = rng.uniform(-5, 27, n)
    flux = np.exp(6.19 + 0.0335 * mat + rng.normal(0, 0.5, n)) * factor
    table = pd.DataFrame({
        "Study_number": np.arange(n), "MAT": mat, "Latitude": 45.0, "Biome": "Temperate",
        "Ecosystem_type": "Forest", "Rs_annual": np.nan, "Rh_annual": np.nan,
    })
    return table.assign(**{field: flux}).assign(**columns)


@pytest.mark.parametrize("unit, factor", UNITS.items())
def test_each_unit_is_refused_with_its_factor(unit, factor):
    """A whole table in any of the units is refused; the unit and its factor are named."""
    with pytest.raises(DataError) as caught:
        refuse_other_units("mine.csv", made(factor=factor))
    assert f"{unit} (factor {factor:.3g})" in str(caught.value) and "mine.csv" in str(caught.value)
    with pytest.raises(DataError, match="Rh_annual"):
        refuse_other_units("mine.csv", made(field="Rh_annual", factor=0.55 * factor))


def test_usual_fluxes_pass():
    """Usual fluxes pass, of deserts and the Arctic as well, and so do few studies of any kind."""
    refuse_other_units("mine.csv", made())
    sparse = np.exp(-1.2)
    refuse_other_units("mine.csv", made(factor=sparse, Biome="Arctic"))
    refuse_other_units("mine.csv", made(factor=sparse, Ecosystem_type="Desert"))
    with pytest.raises(DataError, match="Rs_annual"):
        refuse_other_units("mine.csv", made(factor=sparse))
    refuse_other_units("mine.csv", made(n=STUDIES - 1, factor=3.66))


def test_rates_of_the_season_acquit():
    """Large fluxes that agree with the rates of the growing season are not another unit."""
    table = made(factor=3.66)
    rate = table["Rs_annual"] / (0.73 * 379)
    refuse_other_units("mine.csv", table.assign(Rs_growingseason=rate))
    with pytest.raises(DataError, match="3.66"):
        refuse_other_units("mine.csv", table.assign(Rs_growingseason=rate / 3.66))


def test_shift_is_the_median_of_studies():
    """One study of many records does not tip the median; temperatures follow from latitude."""
    table = pd.concat([made(), made(n=500, factor=50).assign(Study_number=0)])
    assert abs(shift_of_fluxes(table, "Rs_annual")[0]) < 0.3
    # 27 - 0.5 (45 - 10) = 9.5 degC.
    plain = made(MAT=np.nan, Rs_annual=np.exp(6.19 + 0.0335 * 9.5))
    assert shift_of_fluxes(plain, "Rs_annual") == (pytest.approx(0, abs=1e-12), 40)
